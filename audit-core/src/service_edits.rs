//! Repairs of what servers do: roles, functions that one server has, certificates, ids.
//!
//! The counterpart of the changes to the topology in [`advise`](crate::advise).

use crate::evidence::Fact;
use crate::model::{
    CertificateKey, Deployment, Fqdn, IdRange, Role, RoleStatus, ServerAttribute, Suffix,
};
use crate::recovery::Span;
use crate::time::Timestamp;

/// How certificates are replaced. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Renewal {
    /// certmonger asks the CA again.
    Resubmit,
    /// `ipa-cert-fix`: they have ended, so that the CA does not answer any more.
    Fix,
    /// Somebody orders them elsewhere and installs them: CA-less.
    Install,
}

/// One change to what servers do. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ServiceEdit {
    /// Install a role on a server.
    AddRole {
        /// The server.
        server: Fqdn,
        /// The KRA, DNS or AD trust controller.
        role: Role,
    },
    /// Make servers AD trust agents.
    AddTrustAgents {
        /// The trust controller on which the command runs.
        controller: Fqdn,
        /// The servers.
        servers: Vec<Fqdn>,
    },
    /// Send clients to a hidden replica again.
    ShowServer {
        /// The server.
        server: Fqdn,
    },
    /// Make a server the CA renewal server.
    SetCaRenewalServer {
        /// The server.
        server: Fqdn,
        /// True if the present state is one that `ipa config-mod` refuses to change.
        invalid: bool,
    },
    /// Make a server the DNSSEC key master.
    MoveDnssecKeyMaster {
        /// The one so far, if it is there to hand over its keys.
        from: Option<Fqdn>,
        /// The server.
        to: Fqdn,
    },
    /// Switch CRL generation of a server on or off.
    SetCrlGeneration {
        /// The server.
        server: Fqdn,
        /// On or off.
        on: bool,
    },
    /// Replace certificates of a server.
    RenewCertificates {
        /// The server.
        server: Fqdn,
        /// Their names.
        names: Vec<String>,
        /// How.
        how: Renewal,
        /// End of their new validity, as far as it can be foreseen.
        until: Timestamp,
    },
    /// Give part of a server's ids to one that has none.
    SplitDnaRange {
        /// Who gives.
        from: Fqdn,
        /// What it keeps.
        keep: IdRange,
        /// Who gets.
        to: Fqdn,
        /// What it gets.
        give: IdRange,
    },
    /// Keep changes of a suffix for others for this long.
    SetChangelogAge {
        /// The server.
        server: Fqdn,
        /// The suffix.
        suffix: Suffix,
        /// The age beyond which changes are dropped.
        age: Span,
    },
    /// Start every service that is stopped.
    StartServices {
        /// The server.
        server: Fqdn,
    },
}

impl ServiceEdit {
    /// The commands that make the change, and on which host if not on any server.
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::AddRole { server, role } => installer(*role)
                .map(|program| format!("[on {server}] {program}"))
                .into_iter()
                .collect(),
            Self::AddTrustAgents { controller, servers } => {
                let add = format!("[on {controller}] ipa-adtrust-install --add-agents");
                let restart = servers.iter().map(|server| format!("[on {server}] ipactl restart"));
                std::iter::once(add).chain(restart).collect()
            }
            Self::ShowServer { server } => {
                vec![format!("ipa server-state {server} --state=enabled")]
            }
            Self::SetCaRenewalServer { server, invalid: false } => {
                vec![format!("ipa config-mod --ca-renewal-master-server={server}")]
            }
            Self::SetCaRenewalServer { server, invalid: true } => {
                vec![format!("ipa-csreplica-manage set-renewal-master {server}")]
            }
            Self::MoveDnssecKeyMaster { from: Some(from), to } => vec![
                format!("[on {from}] ipa-dns-install --disable-dnssec-master"),
                format!("[on {from}] scp {KASP_DB} {to}:{KASP_DB}"),
                format!("[on {to}] ipa-dns-install --dnssec-master --kasp-db={KASP_DB}"),
            ],
            Self::MoveDnssecKeyMaster { from: None, to } => {
                vec![format!("[on {to}] ipa-dns-install --dnssec-master")]
            }
            Self::SetCrlGeneration { server, on } => {
                let word = if *on { "enable" } else { "disable" };
                vec![format!("[on {server}] ipa-crlgen-manage {word}")]
            }
            Self::RenewCertificates { server, how: Renewal::Resubmit, .. } => vec![
                format!("[on {server}] getcert list"),
                format!("[on {server}] getcert resubmit -i REQUEST-ID-SHOWN-THERE"),
            ],
            Self::RenewCertificates { server, how: Renewal::Fix, .. } => {
                vec![format!("[on {server}] ipa-cert-fix")]
            }
            Self::RenewCertificates { server, how: Renewal::Install, .. } => vec![
                format!(
                    "[on {server}] ipa-server-certinstall --http --dirsrv CERTIFICATE.pem KEY.pem"
                ),
                format!("[on {server}] ipactl restart"),
            ],
            Self::SplitDnaRange { from, keep, to, give } => vec![
                format!("ipa-replica-manage dnarange-set {from} {keep}"),
                format!("ipa-replica-manage dnarange-set {to} {give}"),
            ],
            Self::SetChangelogAge { server, suffix, age } => {
                let root = match suffix {
                    Suffix::Domain => "SUFFIX",
                    Suffix::Ca => "o=ipaca",
                };
                vec![format!(
                    "[on {server}] dsconf INSTANCE replication set-changelog --suffix {root} \
                     --max-age {age}"
                )]
            }
            Self::StartServices { server } => vec![format!("[on {server}] ipactl start")],
        }
    }

    /// What can go wrong.
    pub fn risk(&self) -> &'static str {
        match self {
            Self::AddRole { .. } => "CAUTION: the role's services start on this server",
            Self::AddTrustAgents { .. } => "CAUTION: the services of the new agents restart",
            Self::ShowServer { .. } => "CAUTION: clients are sent to this server from now on",
            Self::SetCaRenewalServer { .. } => "SAFE: another server renews from now on",
            Self::MoveDnssecKeyMaster { from: Some(_), .. } => {
                "CAUTION: zones are not signed again until the new key master runs"
            }
            Self::MoveDnssecKeyMaster { from: None, .. } => {
                "CAUTION: keys that only the old key master had are replaced; DS records change"
            }
            Self::SetCrlGeneration { .. } => "CAUTION: the CA and the web server restart",
            Self::RenewCertificates { how: Renewal::Fix, .. } => {
                "CAUTION: back up first; not for certificates of an external CA"
            }
            Self::RenewCertificates { .. } => "CAUTION: services restart with the new certificate",
            Self::SplitDnaRange { .. } => {
                "CAUTION: shorten first, then give away; in the other order ids are given twice"
            }
            Self::SetChangelogAge { .. } => "SAFE: the changelog grows as far as the age asks for",
            Self::StartServices { .. } => {
                "CAUTION: if it was stopped for a restore, the restore goes first"
            }
        }
    }

    /// How to see that it worked.
    pub fn verify(&self) -> String {
        match self {
            Self::AddRole { role, .. } => find_role(*role),
            Self::AddTrustAgents { .. } => find_role(Role::AdTrustAgent),
            Self::ShowServer { server } => format!("ipa server-role-find --server={server}"),
            Self::SetCaRenewalServer { .. } | Self::MoveDnssecKeyMaster { .. } => {
                "ipa config-show".to_owned()
            }
            Self::SetCrlGeneration { .. } => {
                "ipa-crlgen-manage status on every CA replica".to_owned()
            }
            Self::RenewCertificates { .. } => "getcert list".to_owned(),
            Self::SplitDnaRange { .. } => "ipa-replica-manage dnarange-show".to_owned(),
            Self::SetChangelogAge { server, .. } => {
                format!("[on {server}] dsconf INSTANCE replication get-changelog --suffix SUFFIX")
            }
            Self::StartServices { server } => format!("[on {server}] ipactl status"),
        }
    }

    /// Makes the change. Facts that it makes are known, without evidence.
    pub(crate) fn apply(&self, deployment: &mut Deployment) {
        match self {
            Self::AddRole { server, role } => set_role(deployment, server, *role),
            Self::AddTrustAgents { servers, .. } => {
                for server in servers {
                    set_role(deployment, server, Role::AdTrustAgent);
                }
            }
            Self::ShowServer { server } => {
                if let Some(server) = deployment.servers.get_mut(server) {
                    // FreeIPA `ipaserver/install/service.py`, `_set_services_state`: hidden and
                    // configured services become enabled.
                    for status in server.roles.values_mut() {
                        if matches!(
                            status.value(),
                            Some(RoleStatus::Hidden | RoleStatus::Configured)
                        ) {
                            *status = Fact::made(RoleStatus::Enabled);
                        }
                    }
                }
            }
            Self::SetCaRenewalServer { server, .. } => {
                deployment.ca_renewal_server = Fact::made(server.clone());
                mark_only(deployment, server, ServerAttribute::CaRenewalServer);
            }
            Self::MoveDnssecKeyMaster { to, .. } => {
                deployment.dnssec_key_master = Fact::made(to.clone());
                mark_only(deployment, to, ServerAttribute::DnssecKeyMaster);
            }
            Self::SetCrlGeneration { server, on } => {
                if let Some(server) = deployment.servers.get_mut(server) {
                    server.crl_publisher = Fact::made(*on);
                }
            }
            Self::RenewCertificates { server, names, until, .. } => {
                for name in names {
                    let key = CertificateKey { on: server.clone(), name: name.clone() };
                    if let Some(certificate) = deployment.observed.certificates.get_mut(&key) {
                        certificate.expires = Fact::made(*until);
                        certificate.issued = Fact::Unknown;
                    }
                }
            }
            Self::SplitDnaRange { from, keep, to, give } => {
                for (server, range) in [(from, keep), (to, give)] {
                    let dna = deployment.observed.dna.entry(server.clone()).or_default();
                    dna.range = Fact::made(Some(*range));
                    dna.remaining = Fact::made(range.size());
                }
            }
            Self::SetChangelogAge { server, suffix, age } => {
                deployment.observed.upkeep(server, *suffix).changelog_max_age = Fact::made(*age);
            }
            Self::StartServices { server } => {
                let services = deployment.observed.services.iter_mut();
                for (_, runs) in services.filter(|((on, _), _)| on == server) {
                    *runs = Fact::made(true);
                }
            }
        }
    }
}

/// Where `ipa-dns-install --disable-dnssec-master` leaves the keys' database (FreeIPA
/// `ipaplatform/base/paths.py`, `IPA_KASP_DB_BACKUP`).
const KASP_DB: &str = "/var/lib/ipa/ipa-kasp.db.backup";

fn set_role(deployment: &mut Deployment, server: &Fqdn, role: Role) {
    if let Some(server) = deployment.servers.get_mut(server) {
        server.roles.insert(role, Fact::made(RoleStatus::Enabled));
    }
}

fn mark_only(deployment: &mut Deployment, only: &Fqdn, attribute: ServerAttribute) {
    for (name, server) in &mut deployment.servers {
        server.attributes.insert(attribute, Fact::made(name == only));
    }
}

fn find_role(role: Role) -> String {
    format!("ipa server-role-find --role \"{}\"", role.title())
}

/// The program that installs a role on a server that exists.
fn installer(role: Role) -> Option<&'static str> {
    match role {
        Role::Kra => Some("ipa-kra-install"),
        Role::Dns => Some("ipa-dns-install"),
        Role::AdTrustController => Some("ipa-adtrust-install"),
        Role::Ca => Some("ipa-ca-install"),
        Role::IpaMaster | Role::AdTrustAgent => None,
    }
}

/// Servers that count for a role: for the KRA those that hold its data, for others those that offer
/// it to clients.
fn counts(role: Role, status: RoleStatus) -> bool {
    if role == Role::Kra { status.holds_data() } else { status == RoleStatus::Enabled }
}

/// Servers that count as holders of a role.
pub(crate) fn role_holders(deployment: &Deployment, role: Role) -> Vec<&Fqdn> {
    deployment
        .servers
        .iter()
        .filter(|(_, server)| server.role(role).certainly(|status| counts(role, *status)))
        .map(|(name, _)| name)
        .collect()
}

/// The server that gets a role next; `None` if a new one must be installed for it.
pub(crate) fn next_holder(deployment: &Deployment, role: Role) -> Option<Fqdn> {
    let servers = &deployment.servers;
    let holders = role_holders(deployment, role);
    let center = |name: &Fqdn| servers.get(name).and_then(|server| server.data_center.value());
    servers
        .iter()
        .filter(|(_, server)| !server.may_hold(role) && !server.has_hidden_role())
        .map(|(name, server)| {
            // Another data center protects most; a KRA needs a CA beside it; an agent is promoted.
            let far = !holders.iter().any(|holder| center(holder) == center(name));
            let ready = match role {
                Role::Kra => server.holds(Role::Ca),
                Role::AdTrustController => server.holds(Role::AdTrustAgent),
                _ => true,
            };
            (!ready, !far, name)
        })
        .min()
        .map(|(_, _, name)| name.clone())
}
