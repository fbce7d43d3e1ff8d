//! CA009 `no-single-crl-publisher`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, names, unless_integrated_ca};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags an integrated CA whose CRL not exactly one CA replica generates.
    ///
    /// # Why this matters
    ///
    /// Without a generator the list of revoked certificates grows stale, and clients that insist on
    /// a valid one refuse every certificate. Two generators publish lists that contradict each
    /// other. The setting is in a local file, not in the directory: when its server is lost or
    /// removed with `ipa server-del`, nothing moves it.
    ///
    /// # What it reads
    ///
    /// CRL generation of every CA replica (`ipa-crlgen-manage status` there, or healthcheck's
    /// `IPACRLManagerCheck`), the list of servers and their CA roles.
    ///
    /// # Verdicts
    ///
    /// * pass: one CA replica generates the CRL, and all others do not;
    /// * fail: two do, or a server without the CA does, or no CA replica does;
    /// * not applicable: the deployment is CA-less, or no server holds the CA;
    /// * unknown: at most one is known to do it, and of some CA replica it is not known.
    ///
    /// # Fix
    ///
    /// `ipa-crlgen-manage disable` on the server that shall not, then `ipa-crlgen-manage enable` on
    /// the one that shall, normally the CA renewal server.
    ///
    /// # Source
    ///
    /// Manual page of `ipa-crlgen-manage`; Managing replication in IdM (RHEL 10), section 1.17;
    /// `ipa-clustercheck` (freeipa-healthcheck).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated", "servers": [
    ///   {"fqdn": "a.example.test", "roles": {"ca": "enabled"}, "crl_publisher": true},
    ///   {"fqdn": "b.example.test", "roles": {"ca": "enabled"}, "crl_publisher": true}]}"#;
    /// assert_eq!(status_on_model("CA009", model), Some(Status::Fail));
    /// ```
    NoSingleCrlPublisher {
        code: "CA009",
        name: "no-single-crl-publisher",
        rule: "ca-crl-exactly-one",
        fails: "Not exactly one CA replica generates the CRL",
        holds: "Exactly one CA replica generates the CRL",
        severity: Medium,
        category: CaAndKra,
        citation: "man ipa-crlgen-manage; Managing replication in IdM (RHEL 10) 1.17",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

fn state(deployment: &Deployment) -> State {
    let cas = Holders::of_data(deployment, Role::Ca);
    if cas.are_none() {
        return State::NotApplicable("no server holds the CA");
    }
    let mut publishers = Vec::new();
    let mut stray = Vec::new();
    let mut needs = Vec::new();
    if !cas.whole {
        needs.push(Need::ServerList);
    }
    for (name, server) in &deployment.servers {
        let generates = &server.crl_publisher;
        if generates.certainly(|generates| *generates) {
            publishers.push(name);
            if !server.may_hold(Role::Ca) {
                stray.push(name);
            }
        } else if server.may_hold(Role::Ca) && generates.possibly(|generates| *generates) {
            needs.push(Need::CrlPublisher(name.clone()));
        }
    }
    match (publishers.as_slice(), stray.as_slice()) {
        ([_, _, ..], _) | (_, [_, ..]) => fail(deployment, &publishers, &stray),
        _ if !needs.is_empty() => State::Unknown(needs),
        ([_], []) => State::Pass,
        ([], []) => fail(deployment, &[], &[]),
    }
}

fn fail(deployment: &Deployment, publishers: &[&Fqdn], stray: &[&Fqdn]) -> State {
    let list = names(publishers).join(", ");
    let why = match (publishers, stray) {
        ([], _) => "No CA replica generates the CRL: the list of revoked certificates grows \
                    stale."
            .to_owned(),
        ([only], [_, ..]) => format!(
            "{only} generates the CRL but does not hold the CA: the list of revoked certificates \
             grows stale."
        ),
        (several, []) => format!(
            "{} servers generate the CRL: {list}. Their lists contradict each other.",
            several.len()
        ),
        (several, stray) => format!(
            "{} servers generate the CRL: {list}; of these, {} without the CA.",
            several.len(),
            names(stray).join(", ")
        ),
    };
    let evidence: Sources = deployment
        .servers
        .iter()
        .filter(|(name, server)| {
            publishers.contains(name) || publishers.is_empty() && server.may_hold(Role::Ca)
        })
        .flat_map(|(_, server)| server.crl_publisher.sources())
        .collect();
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: names(publishers),
        why,
        evidence,
        repair: Some(Repair::Edits(edits(deployment, publishers))),
    }))
}

/// One generator: the CA renewal server if it can, else one that generates already, else the first
/// CA replica.
fn edits(deployment: &Deployment, publishers: &[&Fqdn]) -> Vec<Edit> {
    let renewal = deployment.ca_renewal_server.value();
    let enabled = |status: &RoleStatus| *status == RoleStatus::Enabled;
    let chosen = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.holds(Role::Ca))
        .map(|(name, server)| {
            let ready = server.role(Role::Ca).certainly(enabled);
            (!ready, !publishers.contains(&name), Some(name) != renewal, name)
        })
        .min()
        .map(|(.., name)| name);
    let set = |server: &Fqdn, on| {
        Edit::Service(ServiceEdit::SetCrlGeneration { server: server.clone(), on })
    };
    let off = publishers.iter().filter(|name| Some(**name) != chosen).map(|name| set(name, false));
    let on = chosen.filter(|name| !publishers.contains(name)).map(|name| set(name, true));
    off.chain(on).collect()
}
