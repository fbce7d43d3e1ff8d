//! What would settle an unknown fact.

use std::fmt;

use super::{Fqdn, Role, Suffix};

/// A missing fact, with the command or question that would supply it.
///
/// Closed; ordered so that the widest gaps come first.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Need {
    /// The list of all servers.
    ServerList,
    /// Whether the deployment has an integrated CA.
    CaMode,
    /// The complete list of segments of a suffix.
    Segments(Suffix),
    /// The status of a role on a server.
    Role(Fqdn, Role),
    /// Which server renews the CA's certificates.
    CaRenewalServer,
    /// The data center of a server.
    DataCenter(Fqdn),
    /// Which backups and VM snapshots exist.
    Copies,
    /// Whether a copy that exists can be used.
    CopyUse(String),
}

impl Need {
    /// True if [`command`](Self::command) is a command, not an instruction in words.
    pub fn is_command(&self) -> bool {
        match self {
            Self::ServerList | Self::CaMode | Self::Segments(_) | Self::Role(..) => true,
            Self::CaRenewalServer | Self::DataCenter(_) | Self::Copies | Self::CopyUse(_) => false,
        }
    }

    /// The command or action that supplies the fact.
    pub fn command(&self) -> String {
        match self {
            Self::ServerList | Self::Role(..) => {
                "ipa server-role-find --include-master --sizelimit=0".to_owned()
            }
            Self::CaMode => "ipa topologysegment-find ca --sizelimit=0".to_owned(),
            Self::Segments(suffix) => format!("ipa topologysegment-find {suffix} --sizelimit=0"),
            Self::CaRenewalServer => {
                "ldapsearch -b cn=masters,cn=ipa,cn=etc,SUFFIX (as root over ldapi)".to_owned()
            }
            Self::DataCenter(_) => {
                "an IdM location per server (ipa server-mod --location), or \"data_center\" in \
                 model JSON"
                    .to_owned()
            }
            Self::Copies => {
                "idm-drill import --format json PATH.. > model.json; fill in \"backups\" and \
                 \"snapshots\" ([] = none); idm-drill audit model.json"
                    .to_owned()
            }
            Self::CopyUse(_) => "a rehearsed restore".to_owned(),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerList => f.write_str("the list of all servers"),
            Self::CaMode => f.write_str("whether there is an integrated CA"),
            Self::Segments(suffix) => write!(f, "all segments of suffix {suffix}"),
            Self::Role(server, role) => write!(f, "status of role {role} on {server}"),
            Self::CaRenewalServer => f.write_str("which server is the CA renewal server"),
            Self::DataCenter(server) => write!(f, "the data center of {server}"),
            Self::Copies => f.write_str("which backups and VM snapshots exist"),
            Self::CopyUse(copy) => write!(f, "whether copy {copy} can be restored"),
        }
    }
}
