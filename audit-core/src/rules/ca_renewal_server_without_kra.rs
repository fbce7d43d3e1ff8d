//! CA008 `ca-renewal-server-without-kra`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, ServerAttribute};
use crate::role_parts::{Holders, Single, evidence_of_attribute};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, names, unless_integrated_ca};
use crate::views::Views;

declare_rule! {
    /// Flags a CA renewal server without the KRA where other servers have one.
    ///
    /// # Why this matters
    ///
    /// Only the CA renewal server renews the KRA's certificates, and only if it runs the KRA. Else
    /// they end on every KRA server at once: vaults cannot be read any more, and no KRA can be
    /// added to a replacement.
    ///
    /// # What it reads
    ///
    /// The CA renewal server (`ipa config-show`, LDIF of `cn=masters`), and the KRA role of every
    /// server (`ipa server-role-find`).
    ///
    /// # Verdicts
    ///
    /// * pass: the CA renewal server holds the KRA;
    /// * fail: it does not, and another server does;
    /// * not applicable: the deployment is CA-less, no server holds the KRA, or not one existing
    ///   server is marked as CA renewal server (CA005);
    /// * unknown: who renews, or a KRA role that decides, is not known.
    ///
    /// # Fix
    ///
    /// `ipa-kra-install` on the CA renewal server, or `ipa config-mod
    /// --ca-renewal-master-server=HOST` with a server that runs both.
    ///
    /// # Source
    ///
    /// freeipa-healthcheck `src/ipahealthcheck/ipa/roles.py` (`IPARenewalMasterHasKRACheck`, there
    /// critical).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "ca_renewal_server": "a.example.test",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled", "kra": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "enabled", "kra": "enabled"}}]}"#;
    /// assert_eq!(status_on_model("CA008", model), Some(Status::Fail));
    /// ```
    CaRenewalServerWithoutKra {
        code: "CA008",
        name: "ca-renewal-server-without-kra",
        rule: "ca-renewal-has-kra",
        fails: "The CA renewal server does not run the KRA, but other servers do",
        holds: "The CA renewal server runs the KRA, too",
        severity: High,
        category: CaAndKra,
        citation: "freeipa-healthcheck IPARenewalMasterHasKRACheck",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

fn state(deployment: &Deployment) -> State {
    let kras = Holders::of_data(deployment, Role::Kra);
    if kras.are_none() {
        return State::NotApplicable("no KRA");
    }
    let name = match Single::of(deployment, ServerAttribute::CaRenewalServer) {
        Single::One(name) => name,
        Single::Several(_) => return State::NotApplicable("several CA renewal servers"),
        Single::Nobody => return State::NotApplicable("no CA renewal server"),
        Single::Unknown => return State::Unknown(vec![Need::CaRenewalServer]),
    };
    match deployment.servers.get(name) {
        None if kras.whole => State::NotApplicable("the CA renewal server is gone"),
        None => State::Unknown(vec![Need::ServerList]),
        Some(server) if server.holds(Role::Kra) => State::Pass,
        Some(server) if server.may_hold(Role::Kra) || kras.certain.is_empty() => {
            State::Unknown(kras.needs)
        }
        Some(_) => fail(deployment, name, &kras.certain),
    }
}

fn fail(deployment: &Deployment, name: &Fqdn, kras: &[&Fqdn]) -> State {
    let mut evidence = evidence_of_role(deployment, Role::Kra);
    evidence.extend(evidence_of_attribute(deployment, ServerAttribute::CaRenewalServer));
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![name.to_string()],
        why: format!(
            "{name} renews the shared certificates but does not run the KRA, which runs on {}: \
             nobody renews the KRA's certificates.",
            names(kras).join(", ")
        ),
        evidence,
        repair: Some(Repair::Role { server: name.clone(), role: Role::Kra }),
    }))
}
