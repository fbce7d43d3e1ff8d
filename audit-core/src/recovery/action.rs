//! What an administrator can do.

use std::collections::BTreeSet;

use crate::advise::{quote, segment_add};
use crate::model::{Fqdn, IdRange, Role, Suffix};

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
    /// Start a server again that was stopped on purpose or was away; its disk is whole.
    StartServer {
        /// The server.
        server: Fqdn,
    },
    /// Remove IdM from a host: its data is gone, and where another server can be reached, its
    /// entry is removed as by `ipa server-del`.
    Uninstall {
        /// The server.
        server: Fqdn,
        /// Go on although it is the last that holds a role or the others are then disconnected.
        force: bool,
    },
    /// Add a role to a server that is installed.
    AddRole {
        /// The server.
        server: Fqdn,
        /// The role.
        role: Role,
    },
    /// Switch off the agreements that a server has with others: it sends nothing any more.
    DisableAgreements {
        /// The supplier, on which they are stored.
        of: Fqdn,
    },
    /// Switch them on again.
    EnableAgreements {
        /// The supplier, on which they are stored.
        of: Fqdn,
    },
    /// Bring back the network between servers that do not reach each other.
    RestoreNetwork,
    /// Set a server's clock right.
    SetClock {
        /// The server.
        server: Fqdn,
    },
    /// Renew expired certificates of a CA replica while nothing else works. Makes it the CA
    /// renewal server.
    FixCertificates {
        /// The CA replica.
        on: Fqdn,
    },
    /// Replace the expired certificates of another server.
    RenewCertificates {
        /// The server.
        server: Fqdn,
        /// The CA replica that issues them; `None` in CA-less deployments: they come from outside.
        from: Option<Fqdn>,
    },
    /// Give a server ids to hand out. Those of a removed server are lost unless somebody does.
    SetDnaRange {
        /// The server.
        on: Fqdn,
        /// The ids; `None` if no export says which are free.
        range: Option<IdRange>,
    },
    /// Remove the replica id of a server from all RUVs. With the id of a server that lives, that
    /// server has to be re-initialized.
    CleanRuv {
        /// The server whose id is removed.
        server: Fqdn,
        /// Where it runs.
        on: Fqdn,
    },
    /// Remove the replica ids of all servers that are no members from all RUVs.
    CleanDanglingRuv {
        /// Where it runs.
        on: Fqdn,
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
            Self::AddEntries { .. } => {
                vec!["kinit admin && ldapadd -Y GSSAPI -f lost-entries.ldif".to_owned()]
            }
            Self::UpdateClients => vec!["ipa dns-update-system-records".to_owned()],
            Self::FlushSssd { .. } => {
                vec!["systemctl stop sssd && sss_cache -E && systemctl start sssd".to_owned()]
            }
            Self::Verify { .. } => {
                vec!["kinit admin && ipa user-show admin".to_owned()]
            }
            Self::StartServer { .. } => vec!["ipactl start".to_owned()],
            Self::Uninstall { force, .. } => {
                let mut command = "ipa-server-install --uninstall --unattended".to_owned();
                if *force {
                    command.push_str(" --ignore-topology-disconnect --ignore-last-of-role");
                }
                vec![command]
            }
            Self::AddRole { role, .. } => vec![
                match role {
                    Role::Ca => "ipa-ca-install",
                    Role::Kra => "ipa-kra-install",
                    Role::Dns => "ipa-dns-install --auto-forwarders",
                    Role::AdTrustController => "ipa-adtrust-install",
                    Role::AdTrustAgent => "ipa-adtrust-install --add-agents",
                    Role::IpaMaster => "ipa-replica-install",
                }
                .to_owned(),
            ],
            Self::DisableAgreements { .. } => agreements("disable"),
            Self::EnableAgreements { .. } => agreements("enable"),
            Self::RestoreNetwork => {
                vec!["ping, then ldapsearch -x -H ldap://SERVER -s base, both ways".to_owned()]
            }
            Self::SetClock { .. } => {
                vec!["chronyc makestep".to_owned(), "ipactl restart".to_owned()]
            }
            Self::FixCertificates { .. } => {
                vec!["ipactl start --ignore-service-failures".to_owned(), "ipa-cert-fix".to_owned()]
            }
            Self::RenewCertificates { from: Some(_), .. } => vec![
                "ipactl start --ignore-service-failures".to_owned(),
                "ipa-certupdate".to_owned(),
                "getcert list | grep -B5 -e CA_UNREACHABLE -e expired".to_owned(),
                "getcert resubmit -i REQUEST-ID".to_owned(),
                "ipactl restart".to_owned(),
            ],
            Self::RenewCertificates { from: None, .. } => vec![
                "ipa-server-certinstall --dirsrv --http --kdc CERTIFICATE.p12".to_owned(),
                "ipactl restart".to_owned(),
            ],
            Self::SetDnaRange { on, range } => vec![
                "ipa-replica-manage dnarange-show".to_owned(),
                match range {
                    Some(range) => {
                        format!(
                            "ipa-replica-manage dnarange-set {on} {}-{}",
                            range.first, range.last
                        )
                    }
                    None => format!("ipa-replica-manage dnarange-set {on} FIRST-LAST"),
                },
            ],
            Self::CleanRuv { server, .. } => vec![
                format!("ipa-replica-manage list-ruv | grep {server}"),
                "ipa-replica-manage clean-ruv ID-SHOWN-THERE".to_owned(),
            ],
            Self::CleanDanglingRuv { .. } => vec![
                "ipa-replica-manage list-ruv".to_owned(),
                "ipa-replica-manage clean-dangling-ruv".to_owned(),
            ],
        }
    }

    /// Host on which it runs; `None` = any living server, or elsewhere.
    pub fn runs_on(&self) -> Option<&Fqdn> {
        match self {
            Self::EnableCrl { on } | Self::DisableCrl { on } | Self::AddEntries { on, .. } => {
                Some(on)
            }
            Self::DeleteServer { from, .. } => Some(from),
            Self::DisableAgreements { of } | Self::EnableAgreements { of } => Some(of),
            Self::FixCertificates { on }
            | Self::CleanRuv { on, .. }
            | Self::CleanDanglingRuv { on } => Some(on),
            Self::InstallReplica { server, .. }
            | Self::RestoreFull { server, .. }
            | Self::RestoreData { server, .. }
            | Self::Reinitialize { server, .. }
            | Self::Isolate { server }
            | Self::FlushSssd { server }
            | Self::StartServer { server }
            | Self::Uninstall { server, .. }
            | Self::AddRole { server, .. }
            | Self::SetClock { server }
            | Self::RenewCertificates { server, .. }
            | Self::Verify { server } => Some(server),
            Self::EnableServer { .. }
            | Self::PromoteRenewal { .. }
            | Self::AddSegment { .. }
            | Self::DeleteSegment { .. }
            | Self::BootSnapshot { .. }
            | Self::RestoreNetwork
            | Self::SetDnaRange { .. }
            | Self::UpdateClients => None,
        }
    }

    /// True if it is a command of the deployment as a whole, that any living server takes.
    pub(crate) fn is_ipa_command(&self) -> bool {
        matches!(
            self,
            Self::EnableServer { .. }
                | Self::PromoteRenewal { .. }
                | Self::AddSegment { .. }
                | Self::DeleteSegment { .. }
                | Self::SetDnaRange { .. }
                | Self::UpdateClients
        )
    }

    /// The copy that it uses.
    pub fn copy(&self) -> Option<&str> {
        match self {
            Self::BootSnapshot { copy, .. }
            | Self::RestoreFull { copy, .. }
            | Self::RestoreData { copy, .. }
            | Self::AddEntries { copy, .. } => Some(copy),
            _ => None,
        }
    }

    /// Document and section that describes it.
    pub fn citation(&self) -> &'static str {
        match self {
            Self::EnableServer { .. } => "FreeIPA doc/designs/hidden-replicas.md",
            Self::PromoteRenewal { .. } => "Performing disaster recovery with IdM (RHEL 10) 2.1",
            Self::EnableCrl { .. } | Self::DisableCrl { .. } => {
                "manual page of ipa-crlgen-manage; Managing replication in IdM (RHEL 10) 1.17"
            }
            Self::DeleteServer { .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 2.2; Managing replication in IdM \
                 (RHEL 10) 1.13"
            }
            Self::AddSegment { .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 4.2; Managing replication in IdM \
                 (RHEL 10) 1"
            }
            Self::DeleteSegment { .. } => {
                "FreeIPA wiki, HowTo/Remove replica in a managed topology; Managing replication \
                 in IdM (RHEL 10) 1"
            }
            Self::InstallReplica { .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 2.2; manual page of \
                 ipa-replica-install"
            }
            Self::BootSnapshot { .. } => "Performing disaster recovery with IdM (RHEL 10) 4.1",
            Self::RestoreFull { .. } | Self::RestoreData { .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 5.1; manual page of ipa-restore"
            }
            Self::Reinitialize { suffix: Suffix::Domain, .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 4.2, 5.1; manual page of \
                 ipa-replica-manage"
            }
            Self::Reinitialize { suffix: Suffix::Ca, .. } => {
                "Performing disaster recovery with IdM (RHEL 10) 4.2, 5.1; manual page of \
                 ipa-csreplica-manage"
            }
            Self::Isolate { .. } => "Performing disaster recovery with IdM (RHEL 10) 7.1",
            Self::AddEntries { .. } => "Performing disaster recovery with IdM (RHEL 10) 7.2",
            Self::UpdateClients => "Performing disaster recovery with IdM (RHEL 10) 8",
            Self::FlushSssd { .. } => "Performing disaster recovery with IdM (RHEL 10) 5.1",
            Self::Verify { .. } => "Performing disaster recovery with IdM (RHEL 10) 2.2, 4.1",
            Self::StartServer { .. } => "manual page of ipactl",
            Self::Uninstall { .. } => "manual page of ipa-server-install",
            Self::AddRole { role, .. } => match role {
                Role::Ca => "manual page of ipa-ca-install",
                Role::Kra => "manual page of ipa-kra-install",
                Role::Dns => "manual page of ipa-dns-install",
                Role::AdTrustController | Role::AdTrustAgent => {
                    "manual page of ipa-adtrust-install"
                }
                Role::IpaMaster => "manual page of ipa-replica-install",
            },
            Self::DisableAgreements { .. } | Self::EnableAgreements { .. } => {
                "FreeIPA ipaserver/install/ipa_restore.py; manual page of dsconf"
            }
            Self::RestoreNetwork => "guide 3.1",
            Self::SetClock { .. } => "Installing IdM (RHEL 10), time service requirements",
            Self::FixCertificates { .. } => "manual page of ipa-cert-fix",
            Self::RenewCertificates { from: Some(_), .. } => {
                "Managing certificates in IdM (RHEL 10) 32.3; manual page of getcert"
            }
            Self::RenewCertificates { from: None, .. } => "manual page of ipa-server-certinstall",
            Self::SetDnaRange { .. } => {
                "Adjusting ID ranges manually (RHEL 10); Recover DNA Ranges (freeipa.org); manual \
                 page of ipa-replica-manage, RANGES"
            }
            Self::CleanRuv { .. } | Self::CleanDanglingRuv { .. } => {
                "Managing replication in IdM (RHEL 10) 1.14; manual page of ipa-replica-manage"
            }
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
                | Self::Uninstall { .. }
                | Self::CleanRuv { .. }
        )
    }
}

/// Switches agreements of both suffixes, as `ipa-restore` does on all other servers.
fn agreements(verb: &str) -> Vec<String> {
    let each = |suffix: &str| {
        format!(
            "for a in $(dsconf $i repl-agmt list --suffix {suffix} | sed -n 's/^cn: //p'); do \
             dsconf $i repl-agmt {verb} --suffix {suffix} $a; done"
        )
    };
    vec![
        "i=$(basename /etc/dirsrv/slapd-*); s=$(sed -n 's/^basedn *= *//p' /etc/ipa/default.conf)"
            .to_owned(),
        each("$s"),
        each("o=ipaca"),
    ]
}
