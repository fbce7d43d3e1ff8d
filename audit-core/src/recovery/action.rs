//! What an administrator can do, and why it can be refused.

use std::collections::BTreeSet;
use std::fmt;

use crate::advise::{quote, segment_add};
use crate::model::{Fqdn, Role, Suffix};

/// One step of a recovery. Closed: the atomic steps of the documented procedures.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Action {
    /// Make a hidden or configured server visible. `ipa server-del` and the renewal role count
    /// visible servers only, so procedures enable first (contract, X21).
    EnableServer {
        /// The server.
        server: Fqdn,
    },
    /// Make another CA replica the CA renewal server. Does not move the CRL.
    PromoteRenewal {
        /// The CA replica.
        ca: Fqdn,
    },
    /// Generate the CRL on a CA replica; restarts its CA.
    EnableCrl {
        /// The CA replica.
        on: Fqdn,
    },
    /// Stop generating the CRL on a CA replica.
    DisableCrl {
        /// The CA replica.
        on: Fqdn,
    },
    /// Remove a server from the deployment, with its segments and principals. Cannot be undone.
    DeleteServer {
        /// The server.
        server: Fqdn,
        /// A living server on which the command runs.
        from: Fqdn,
        /// Remove it although it is the last that holds a role.
        ignore_last_of_role: bool,
        /// Remove it although the others are then disconnected.
        ignore_disconnect: bool,
    },
    /// Join two servers in a suffix.
    AddSegment {
        /// The suffix.
        suffix: Suffix,
        /// One end.
        left: Fqdn,
        /// The other end.
        right: Fqdn,
    },
    /// Remove what joins two servers in a suffix.
    DeleteSegment {
        /// The suffix.
        suffix: Suffix,
        /// One end.
        left: Fqdn,
        /// The other end.
        right: Fqdn,
    },
    /// Install a replica on a fresh host, with its data from a living server.
    InstallReplica {
        /// The new server.
        server: Fqdn,
        /// The server it is installed from.
        source: Fqdn,
        /// Roles it gets beside IPA master.
        roles: BTreeSet<Role>,
        /// Install it as a hidden replica.
        hidden: bool,
    },
    /// Start the VM of a snapshot: the same database generation, old data.
    BootSnapshot {
        /// The snapshot.
        copy: String,
        /// The server in it.
        server: Fqdn,
    },
    /// Restore a full-server backup on a reinstalled host: a new database generation.
    RestoreFull {
        /// The backup.
        copy: String,
        /// Its host.
        server: Fqdn,
    },
    /// Restore the data of a backup on an installed server: a new database generation.
    RestoreData {
        /// The backup.
        copy: String,
        /// Its host.
        server: Fqdn,
    },
    /// Replace all data of a server's suffix by another server's.
    Reinitialize {
        /// The server whose data is replaced.
        server: Fqdn,
        /// The server it comes from.
        from: Fqdn,
        /// The suffix.
        suffix: Suffix,
    },
    /// Stop a server's services so that nothing spreads from it.
    Isolate {
        /// The server.
        server: Fqdn,
    },
    /// Add lost entries again, read from a copy.
    AddEntries {
        /// The server they are added on.
        on: Fqdn,
        /// The copy.
        copy: String,
    },
    /// Point clients and DNS records to the servers that are left.
    UpdateClients,
    /// Empty a server's SSSD caches after a restore.
    FlushSssd {
        /// The server.
        server: Fqdn,
    },
    /// Check that a server works.
    Verify {
        /// The server.
        server: Fqdn,
    },
}

impl Action {
    /// The commands, one a line.
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::EnableServer { server } => {
                vec![format!("ipa server-state {server} --state=enabled")]
            }
            Self::PromoteRenewal { ca } => {
                vec![format!("ipa config-mod --ca-renewal-master-server {ca}")]
            }
            Self::EnableCrl { .. } => vec!["ipa-crlgen-manage enable".to_owned()],
            Self::DisableCrl { .. } => vec!["ipa-crlgen-manage disable".to_owned()],
            Self::DeleteServer { server, ignore_last_of_role, ignore_disconnect, .. } => {
                let mut command = format!("ipa server-del {server}");
                if *ignore_last_of_role {
                    command.push_str(" --ignore-last-of-role");
                }
                if *ignore_disconnect {
                    command.push_str(" --ignore-topology-disconnect");
                }
                vec![command]
            }
            Self::AddSegment { suffix, left, right } => vec![segment_add(*suffix, left, right)],
            Self::DeleteSegment { suffix, left, right } => {
                vec![format!("ipa topologysegment-del {suffix} {left}-to-{right}")]
            }
            Self::InstallReplica { source, roles, hidden, .. } => {
                let mut command = "ipa-replica-install".to_owned();
                for (role, option) in [
                    (Role::Ca, " --setup-ca"),
                    (Role::Kra, " --setup-kra"),
                    (Role::Dns, " --setup-dns --auto-forwarders"),
                    (Role::AdTrustController, " --setup-adtrust"),
                ] {
                    if roles.contains(&role) {
                        command.push_str(option);
                    }
                }
                if *hidden {
                    command.push_str(" --hidden-replica");
                }
                // Enrolled as a client of the source first, it becomes a replica of the same.
                vec![format!("ipa-client-install --server={source} --domain=DOMAIN"), command]
            }
            Self::BootSnapshot { copy, .. } => {
                vec![format!("start the VM from snapshot {}", quote(copy))]
            }
            Self::RestoreFull { copy, .. } => vec![format!("ipa-restore {}", quote(copy))],
            Self::RestoreData { copy, .. } => vec![format!("ipa-restore --data {}", quote(copy))],
            Self::Reinitialize { from, suffix, .. } => vec![match suffix {
                Suffix::Domain => format!("ipa-replica-manage re-initialize --from={from}"),
                Suffix::Ca => format!("ipa-csreplica-manage re-initialize --from={from}"),
            }],
            Self::Isolate { .. } => vec!["ipactl stop".to_owned()],
            Self::AddEntries { copy, .. } => {
                vec![format!("ldapadd the lost entries, read from {}", quote(copy))]
            }
            Self::UpdateClients => vec!["ipa dns-update-system-records".to_owned()],
            Self::FlushSssd { .. } => {
                vec!["systemctl stop sssd && sss_cache -E && systemctl start sssd".to_owned()]
            }
            Self::Verify { .. } => {
                vec!["kinit admin && ipa user-show admin".to_owned()]
            }
        }
    }

    /// Host on which it runs; `None` = any living server, or elsewhere.
    pub fn runs_on(&self) -> Option<&Fqdn> {
        match self {
            Self::EnableCrl { on } | Self::DisableCrl { on } | Self::AddEntries { on, .. } => {
                Some(on)
            }
            Self::DeleteServer { from, .. } => Some(from),
            Self::InstallReplica { server, .. }
            | Self::RestoreFull { server, .. }
            | Self::RestoreData { server, .. }
            | Self::Reinitialize { server, .. }
            | Self::Isolate { server }
            | Self::FlushSssd { server }
            | Self::Verify { server } => Some(server),
            Self::EnableServer { .. }
            | Self::PromoteRenewal { .. }
            | Self::AddSegment { .. }
            | Self::DeleteSegment { .. }
            | Self::BootSnapshot { .. }
            | Self::UpdateClients => None,
        }
    }

    /// True if it cannot be taken back.
    pub fn is_irreversible(&self) -> bool {
        matches!(
            self,
            Self::DeleteServer { .. }
                | Self::RestoreFull { .. }
                | Self::RestoreData { .. }
                | Self::Reinitialize { .. }
                | Self::BootSnapshot { .. }
        )
    }
}

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
        }
    }
}
