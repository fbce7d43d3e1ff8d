//! What would settle an unknown fact.

use std::fmt;

use super::{CopyTable, Fqdn, Role, Suffix};

/// How what one server shows of itself is exported.
const EXPORT: &str = "idm-drill collect > export.sh; as root on these servers: bash export.sh";

/// How questions are answered.
const ANSWERS: &str = "idm-drill answers PATH.. > answers.toml; fill it in; audit it with the rest";

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
    /// Of which server a copy is.
    CopyHost(String),
    /// When a copy was taken.
    CopyTime(String),
    /// Where a copy is kept.
    CopyPlace(String),
    /// Which key decrypts a copy.
    CopyKey(String),
    /// On which host or in which data center a store is.
    StorePlace(String),
    /// Where a key is kept.
    KeyPlace(String),
    /// Which stores, keys, schedules or rehearsals there are.
    Declared(CopyTable),
    /// The targets that the operators are held to.
    Targets,
    /// The DNSSEC key master.
    DnssecKeyMaster,
    /// The IPA version of a server.
    Version(Fqdn),
    /// Whether a server generates the CRL.
    CrlPublisher(Fqdn),
    /// The replication agreements of a server, with their state.
    Agreements(Fqdn, Suffix),
    /// The RUV of a server.
    Ruv(Fqdn, Suffix),
    /// The ids that a server may hand out.
    DnaRange(Fqdn),
    /// The ID ranges of the deployment.
    IdRanges,
    /// The IdM locations.
    Locations,
    /// The certificates of a server, with the ends of their validity.
    Certificates(Fqdn),
    /// Who signed the integrated CA's certificate.
    CaSigning,
    /// How long a server keeps changes of a suffix, and what replication left in it.
    Upkeep(Fqdn, Suffix),
    /// Clock, file systems and services of a server.
    Health(Fqdn),
    /// The list of servers as a server shows it.
    ServerView(Fqdn),
    /// How long servers keep changes that others miss.
    ChangelogAge,
    /// The answer to a question that no export can answer: its identifier and its text.
    Answer(String, String),
}

impl Need {
    /// True if [`command`](Self::command) is a command, not an instruction in words.
    pub fn is_command(&self) -> bool {
        match self {
            Self::ServerList
            | Self::CaMode
            | Self::Segments(_)
            | Self::Role(..)
            | Self::CaRenewalServer
            | Self::Locations
            | Self::DnssecKeyMaster => true,
            Self::DataCenter(_)
            | Self::Copies
            | Self::CopyUse(_)
            | Self::CopyHost(_)
            | Self::CopyTime(_)
            | Self::CopyPlace(_)
            | Self::CopyKey(_)
            | Self::StorePlace(_)
            | Self::KeyPlace(_)
            | Self::Declared(_)
            | Self::Targets
            | Self::Version(_)
            | Self::CrlPublisher(_)
            | Self::Agreements(..)
            | Self::Ruv(..)
            | Self::DnaRange(_)
            | Self::IdRanges
            | Self::Certificates(_)
            | Self::CaSigning
            | Self::Upkeep(..)
            | Self::Health(_)
            | Self::ServerView(_)
            | Self::ChangelogAge
            | Self::Answer(..) => false,
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
            Self::CaRenewalServer | Self::DnssecKeyMaster => "ipa config-show".to_owned(),
            Self::Locations => "ipa location-find --sizelimit=0".to_owned(),
            Self::DataCenter(_) => {
                "an IdM location per server (ipa server-mod --location), or its data center in \
                 answers.toml"
                    .to_owned()
            }
            Self::Copies => {
                "audit the stores with the rest (idm-drill audit PATH.. STORE), or declare what \
                 they hold in answers.toml: backups, snapshots ([] = none)"
                    .to_owned()
            }
            Self::CopyUse(_) => {
                "audit the copy itself, header and archive (idm-drill audit STORE), or rehearse it"
                    .to_owned()
            }
            // The same for every server, so that reports can ask once for all of them.
            Self::Version(_)
            | Self::CrlPublisher(_)
            | Self::Agreements(..)
            | Self::Ruv(..)
            | Self::DnaRange(_)
            | Self::Certificates(_)
            | Self::ServerView(_)
            | Self::Upkeep(..)
            | Self::Health(_)
            | Self::IdRanges
            | Self::ChangelogAge
            | Self::CaSigning => EXPORT.to_owned(),
            Self::CopyHost(_)
            | Self::CopyTime(_)
            | Self::CopyPlace(_)
            | Self::CopyKey(_)
            | Self::StorePlace(_)
            | Self::KeyPlace(_)
            | Self::Declared(_)
            | Self::Targets
            | Self::Answer(..) => ANSWERS.to_owned(),
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
            Self::CopyHost(copy) => write!(f, "of which server copy {copy} is"),
            Self::CopyTime(copy) => write!(f, "when copy {copy} was taken"),
            Self::CopyPlace(copy) => write!(f, "where copy {copy} is kept"),
            Self::CopyKey(copy) => write!(f, "which key decrypts copy {copy}, and who has it"),
            Self::StorePlace(store) => write!(f, "where store {store} is"),
            Self::KeyPlace(key) => write!(f, "where key {key} is kept"),
            Self::Declared(table) => write!(f, "which {} there are", table.key()),
            Self::Targets => f.write_str("the targets: rpo, rto"),
            Self::DnssecKeyMaster => f.write_str("which server is the DNSSEC key master"),
            Self::Version(server) => write!(f, "the IPA version of {server}"),
            Self::CrlPublisher(server) => write!(f, "whether {server} generates the CRL"),
            Self::Agreements(server, suffix) => {
                write!(f, "state of the {suffix} agreements of {server}")
            }
            Self::Ruv(server, suffix) => write!(f, "RUV of suffix {suffix} on {server}"),
            Self::DnaRange(server) => write!(f, "ids that {server} may hand out"),
            Self::IdRanges => f.write_str("the ID ranges of the deployment"),
            Self::Locations => f.write_str("the IdM locations"),
            Self::Certificates(server) => write!(f, "certificates of {server}"),
            Self::CaSigning => f.write_str("who signed the CA's certificate"),
            Self::Upkeep(server, suffix) => {
                write!(f, "how long {server} keeps changes of suffix {suffix}, and conflicts in it")
            }
            Self::Health(server) => {
                write!(f, "clock, free disk space and running services of {server}")
            }
            Self::ServerView(server) => write!(f, "which servers {server} knows"),
            Self::ChangelogAge => {
                f.write_str("how long every server keeps changes (nsslapd-changelogmaxage)")
            }
            Self::Answer(_, text) => f.write_str(text),
        }
    }
}
