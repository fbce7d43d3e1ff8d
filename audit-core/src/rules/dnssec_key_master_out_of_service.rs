//! DNS002 `dnssec-key-master-out-of-service`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus, ServerAttribute};
use crate::role_parts::{Holders, Single, evidence_of_attribute, is_hidden};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, names};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a DNSSEC key master that is lost, hidden, without DNS, or not the only one.
    ///
    /// # Why this matters
    ///
    /// Exactly one server makes the keys that sign the DNS zones, and the database of these keys is
    /// a local file on it. While it is gone, keys are not rolled; signatures end, and resolvers
    /// that validate then refuse the zones. A successor without that file starts with new keys, and
    /// the DS records in the parent zones must change with them. `ipa server-del` refuses to remove
    /// the key master: the function must be moved first.
    ///
    /// # What it reads
    ///
    /// The DNSSEC key master (`ipa config-show`, `ipa dnsconfig-show`, `dnssecKeyMaster` in LDIF of
    /// `cn=masters`), the list of servers, and their DNS roles.
    ///
    /// # Verdicts
    ///
    /// * pass: one server is named, exists, is visible, and has DNS;
    /// * fail: the server named is not on the list of all servers, has no DNS, or is a hidden
    ///   replica; or one export marks two;
    /// * not applicable: no server has IdM's DNS, or the entries of all servers show that none is
    ///   key master: DNSSEC is not used;
    /// * unknown: who is key master, or a role of that server, is not known.
    ///
    /// # Fix
    ///
    /// `ipa-dns-install --disable-dnssec-master` on the old key master, then `ipa-dns-install
    /// --dnssec-master --kasp-db=FILE` on the new one, with the key database of the old one. Where
    /// it is lost, without that file.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/plugins/server.py` (refusal to remove or hide it) and
    /// `doc/designs/hidden-replicas.md`; manual page of `ipa-dns-install`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "dnssec_key_master": "gone.example.test",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"dns": "enabled"}}]}"#;
    /// assert_eq!(status_on_model("DNS002", model), Some(Status::Fail));
    /// ```
    DnssecKeyMasterOutOfService {
        code: "DNS002",
        name: "dnssec-key-master-out-of-service",
        rule: "dnssec-key-master",
        fails: "The DNSSEC key master is lost, hidden, without DNS, or not the only one",
        holds: "One visible DNS server is the DNSSEC key master",
        severity: Medium,
        category: Continuity,
        citation: "FreeIPA ipaserver/plugins/server.py, doc/designs/hidden-replicas.md",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    if Holders::of_data(deployment, Role::Dns).are_none() {
        return State::NotApplicable("IdM's DNS is not used");
    }
    match Single::of(deployment, ServerAttribute::DnssecKeyMaster) {
        Single::One(name) => state_of(deployment, name),
        Single::Nobody => State::NotApplicable("no DNSSEC key master: DNSSEC is not used"),
        Single::Unknown => State::Unknown(vec![Need::DnssecKeyMaster]),
        Single::Several(servers) => {
            let list = names(&servers);
            let why = format!(
                "{} servers are marked as DNSSEC key master: {}.",
                list.len(),
                list.join(", ")
            );
            fail(deployment, &servers, why, Vec::new())
        }
    }
}

fn state_of(deployment: &Deployment, name: &Fqdn) -> State {
    let Some(server) = deployment.servers.get(name) else {
        return if deployment.knows_all_servers() {
            let why = format!(
                "The DNSSEC key master {name} is no server of this deployment: nobody makes new \
                 keys for signed zones."
            );
            fail(deployment, &[name], why, edits(deployment, name, false))
        } else {
            State::Unknown(vec![Need::ServerList])
        };
    };
    let runs = |status: &RoleStatus| matches!(status, RoleStatus::Enabled | RoleStatus::Hidden);
    let dns = server.role(Role::Dns);
    match is_hidden(deployment, name, Role::Dns) {
        _ if !dns.possibly(runs) => {
            let why = format!("The DNSSEC key master {name} does not run IdM's DNS.");
            fail(deployment, &[name], why, edits(deployment, name, true))
        }
        Some(true) => {
            let why = format!(
                "The DNSSEC key master {name} is a hidden replica, which is taken offline for \
                 copies; FreeIPA refuses to hide it."
            );
            fail(deployment, &[name], why, edits(deployment, name, true))
        }
        Some(false) if dns.certainly(runs) => State::Pass,
        _ => State::Unknown(vec![
            Need::Role(name.clone(), Role::Dns),
            Need::Role(name.clone(), Role::IpaMaster),
        ]),
    }
}

/// Another visible DNS server becomes key master; without one a hidden key master is shown.
fn edits(deployment: &Deployment, name: &Fqdn, alive: bool) -> Vec<Edit> {
    let enabled = Holders::in_service(deployment, Role::Dns);
    let to = enabled.certain.into_iter().find(|other| *other != name);
    let edit = match to {
        Some(to) => {
            ServiceEdit::MoveDnssecKeyMaster { from: alive.then(|| name.clone()), to: to.clone() }
        }
        None if alive => ServiceEdit::ShowServer { server: name.clone() },
        None => return Vec::new(),
    };
    vec![Edit::Service(edit)]
}

fn fail(deployment: &Deployment, servers: &[&Fqdn], why: String, edits: Vec<Edit>) -> State {
    let mut evidence = evidence_of_attribute(deployment, ServerAttribute::DnssecKeyMaster);
    for server in servers.iter().filter_map(|name| deployment.servers.get(*name)) {
        evidence.extend(server.role(Role::Dns).sources());
        evidence.extend(server.role(Role::IpaMaster).sources());
    }
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: names(servers),
        why,
        evidence,
        repair: Some(Repair::Edits(edits)),
    }))
}
