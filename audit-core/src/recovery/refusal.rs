//! Why an action can be refused.

use std::fmt;

use crate::model::{Fqdn, Role, Suffix};

/// Why an action is refused. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Refusal {
    /// No living server is there to run the command.
    NoLivingServer,
    /// The server that the action needs does not run.
    ServerDown(Fqdn),
    /// The deployment does not know the server, or not any more.
    NotAMember(Fqdn),
    /// A server of this name is still a member; it must be deleted first.
    StillAMember(Fqdn),
    /// The server does not hold a role that the action needs.
    LacksRole(Fqdn, Role),
    /// The server is not visible; it must be enabled first.
    NotVisible(Fqdn),
    /// The server is the last one that holds a role.
    LastOfRole(Fqdn, Role),
    /// The server is the DNSSEC key master.
    DnssecKeyMaster(Fqdn),
    /// The rest of the suffix would be disconnected.
    WouldDisconnect(Suffix),
    /// The two servers are joined already.
    AlreadyJoined(Fqdn, Fqdn),
    /// The two servers are not joined.
    NotJoined(Fqdn, Fqdn),
    /// No living CA replica can be reached from the source, so no replica can be installed.
    NoCaReachable(Fqdn),
    /// The copy does not exist or its store is lost.
    NoSuchCopy(String),
    /// A backup is restored only on the host it was taken on.
    OtherHost(String, Fqdn),
    /// Data of a backup is restored only on an installed server.
    NotInstalled(Fqdn),
    /// A data-only backup cannot rebuild a server.
    DataOnly(String),
    /// The server runs already.
    AlreadyRunning(Fqdn),
    /// The server holds the role already.
    AlreadyHolds(Fqdn, Role),
    /// The data of the server is spoiled: its services do not start.
    DataSpoiled(Fqdn),
    /// The certificates of the server have expired.
    CertificatesExpired(Fqdn),
    /// Another server hands out some of these ids.
    RangeTaken(Fqdn),
    /// No RUV has a replica id of the server.
    NoReplicaId(Fqdn),
    /// The network between the two servers is interrupted.
    Unreachable(Fqdn, Fqdn),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLivingServer => f.write_str("no living server"),
            Self::ServerDown(server) => write!(f, "{server} does not run"),
            Self::NotAMember(server) => write!(f, "{server} is not a member of the deployment"),
            Self::StillAMember(server) => {
                write!(f, "{server} is still a member; delete it first")
            }
            Self::LacksRole(server, role) => write!(f, "{server} does not hold role {role}"),
            Self::NotVisible(server) => write!(f, "{server} is not visible; enable it first"),
            Self::LastOfRole(server, role) => write!(f, "{server} is the last {role}"),
            Self::DnssecKeyMaster(server) => write!(f, "{server} is the DNSSEC key master"),
            Self::WouldDisconnect(suffix) => {
                write!(f, "the rest of suffix {suffix} would be disconnected")
            }
            Self::AlreadyJoined(a, b) => write!(f, "{a} and {b} are joined already"),
            Self::NotJoined(a, b) => write!(f, "{a} and {b} are not joined"),
            Self::NoCaReachable(server) => {
                write!(f, "no living CA replica can be reached from {server}")
            }
            Self::NoSuchCopy(copy) => write!(f, "copy {copy} does not exist any more"),
            Self::OtherHost(copy, host) => write!(f, "{copy} can only be restored on {host}"),
            Self::NotInstalled(server) => write!(f, "{server} is not installed"),
            Self::DataOnly(copy) => write!(f, "{copy} is a data-only backup"),
            Self::AlreadyRunning(server) => write!(f, "{server} runs already"),
            Self::AlreadyHolds(server, role) => write!(f, "{server} holds role {role} already"),
            Self::DataSpoiled(server) => {
                write!(f, "the data of {server} is spoiled; it does not start")
            }
            Self::CertificatesExpired(server) => {
                write!(f, "the certificates of {server} have expired")
            }
            Self::RangeTaken(server) => write!(f, "{server} hands out some of these ids"),
            Self::NoReplicaId(server) => write!(f, "no RUV has a replica id of {server}"),
            Self::Unreachable(from, to) => write!(f, "{from} does not reach {to}"),
        }
    }
}
