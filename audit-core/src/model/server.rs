//! Servers and their roles.

use std::collections::BTreeMap;
use std::fmt;

use super::Suffix;
use crate::evidence::{Fact, Sources};

/// A server role as FreeIPA reports it (`ipaserver/servroles.py`). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// The server itself: directory, KDC and web service.
    IpaMaster,
    /// The integrated certificate authority.
    Ca,
    /// The key recovery authority, which holds vaults.
    Kra,
    /// IdM's DNS.
    Dns,
    /// Manages trusts with Active Directory.
    AdTrustController,
    /// Resolves users of a trusted Active Directory.
    AdTrustAgent,
}

impl Role {
    /// Every role, in the order of the JSON contract.
    pub const ALL: [Self; 6] = [
        Self::IpaMaster,
        Self::Ca,
        Self::Kra,
        Self::Dns,
        Self::AdTrustController,
        Self::AdTrustAgent,
    ];

    /// Key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::IpaMaster => "ipa_master",
            Self::Ca => "ca",
            Self::Kra => "kra",
            Self::Dns => "dns",
            Self::AdTrustController => "ad_trust_controller",
            Self::AdTrustAgent => "ad_trust_agent",
        }
    }

    /// Name that `ipa server-role-find` prints. Never translated.
    pub fn title(self) -> &'static str {
        match self {
            Self::IpaMaster => "IPA master",
            Self::Ca => "CA server",
            Self::Kra => "KRA server",
            Self::Dns => "DNS server",
            Self::AdTrustController => "AD trust controller",
            Self::AdTrustAgent => "AD trust agent",
        }
    }

    /// Reads the name that `ipa` prints, in any letter case.
    pub fn from_title(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.title().eq_ignore_ascii_case(text.trim()))
    }

    /// Reads the JSON key.
    pub fn from_key(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// State of a role on one server (`ipaserver/servroles.py`). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RoleStatus {
    /// Runs and is advertised to clients.
    Enabled,
    /// Runs, but is not advertised: a hidden replica.
    Hidden,
    /// Installed, but neither enabled nor hidden; also the state a broken installation leaves.
    Configured,
    /// Not installed, or its services are incomplete.
    Absent,
}

impl RoleStatus {
    /// Every status, in the order of the JSON contract.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Hidden, Self::Configured, Self::Absent];

    /// The word that `ipa` prints and JSON uses. Never translated.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Hidden => "hidden",
            Self::Configured => "configured",
            Self::Absent => "absent",
        }
    }

    /// Reads the word in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text.trim()))
    }

    /// True if the server holds the role's data, so that it can be recovered from there. A hidden
    /// or configured provider holds it too (contract, decisions of section 8).
    pub fn holds_data(self) -> bool {
        !matches!(self, Self::Absent)
    }
}

impl fmt::Display for RoleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A function that exactly one server has, as a value of `ipaConfigString` on one of its services
/// (FreeIPA `ipaserver/servroles.py`, `SingleValuedServerAttribute`). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ServerAttribute {
    /// `caRenewalMaster` on the service `CA`.
    CaRenewalServer,
    /// `dnssecKeyMaster` on the service `DNSSEC`.
    DnssecKeyMaster,
}

impl ServerAttribute {
    /// Both.
    pub const ALL: [Self; 2] = [Self::CaRenewalServer, Self::DnssecKeyMaster];

    /// Key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::CaRenewalServer => "ca_renewal_server",
            Self::DnssecKeyMaster => "dnssec_key_master",
        }
    }

    /// Reads the JSON key.
    pub fn from_key(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.key() == text)
    }

    /// The value of `ipaConfigString`.
    pub fn config_string(self) -> &'static str {
        match self {
            Self::CaRenewalServer => "caRenewalMaster",
            Self::DnssecKeyMaster => "dnssecKeyMaster",
        }
    }

    /// The service whose entry has it.
    pub fn service(self) -> &'static str {
        match self {
            Self::CaRenewalServer => "CA",
            Self::DnssecKeyMaster => "DNSSEC",
        }
    }
}

/// Whether clients are sent to a server. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Visibility {
    /// Advertised in DNS.
    Visible,
    /// A hidden replica.
    Hidden,
    /// The IPA master role is missing, mixed, or incomplete in the export.
    Unknown,
}

impl Visibility {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of one server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Server {
    /// Where the server is stated to exist.
    pub sources: Sources,
    /// Status of each role; a role without an entry is unknown.
    pub roles: BTreeMap<Role, Fact<RoleStatus>>,
    /// Failure domain; from an IdM location or an own model.
    pub data_center: Fact<String>,
    /// IPA version as the software prints it.
    pub version: Fact<String>,
    /// Whether this server generates the CRL.
    pub crl_publisher: Fact<bool>,
    /// Whether an export of the server's own entries marks it with an attribute; one without an
    /// entry is unknown. That one export marks no server, or two, is only seen here.
    pub attributes: BTreeMap<ServerAttribute, Fact<bool>>,
}

/// What an absent map entry means.
static UNKNOWN_ROLE: Fact<RoleStatus> = Fact::Unknown;
static UNKNOWN_ATTRIBUTE: Fact<bool> = Fact::Unknown;

impl Server {
    /// Status of a role.
    pub fn role(&self, role: Role) -> &Fact<RoleStatus> {
        self.roles.get(&role).unwrap_or(&UNKNOWN_ROLE)
    }

    /// Whether the server's own entries mark it with an attribute.
    pub fn attribute(&self, attribute: ServerAttribute) -> &Fact<bool> {
        self.attributes.get(&attribute).unwrap_or(&UNKNOWN_ATTRIBUTE)
    }

    /// True if any role is known to be hidden: a hidden replica hides all of them, so this shows
    /// one even where the IPA master role is not in the export.
    pub fn has_hidden_role(&self) -> bool {
        self.roles.values().any(|status| status.value() == Some(&RoleStatus::Hidden))
    }

    /// True if the server is known to hold the role's data in any state.
    pub fn holds(&self, role: Role) -> bool {
        self.role(role).certainly(|status| status.holds_data())
    }

    /// True if the server may hold the role's data.
    pub fn may_hold(&self, role: Role) -> bool {
        self.role(role).possibly(|status| status.holds_data())
    }

    /// True if the server is known to carry a suffix: every server carries `domain`, CA replicas
    /// carry `ca`.
    pub fn carries(&self, suffix: Suffix) -> bool {
        match suffix {
            Suffix::Domain => true,
            Suffix::Ca => self.holds(Role::Ca),
        }
    }

    /// True if the server may carry a suffix.
    pub fn may_carry(&self, suffix: Suffix) -> bool {
        match suffix {
            Suffix::Domain => true,
            Suffix::Ca => self.may_hold(Role::Ca),
        }
    }

    /// Whether clients are sent here: follows the IPA master role.
    pub fn visibility(&self) -> Visibility {
        match self.role(Role::IpaMaster).value() {
            Some(RoleStatus::Enabled) => Visibility::Visible,
            Some(RoleStatus::Hidden) => Visibility::Hidden,
            _ => Visibility::Unknown,
        }
    }
}
