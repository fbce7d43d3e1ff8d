//! CA007 `hidden-ca-renewal-server`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, ServerAttribute};
use crate::role_parts::{Single, evidence_of_attribute, is_hidden, renewal_edits};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, unless_integrated_ca};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a CA renewal server that is a hidden replica.
    ///
    /// # Why this matters
    ///
    /// A hidden replica is taken offline for backups and snapshots, and may lag behind. The CA
    /// renewal server must be online when certificates come due. `ipa server-state` refuses to hide
    /// it, so the state comes from a direct change or from a restored copy, and the tools disagree
    /// on it.
    ///
    /// # What it reads
    ///
    /// The CA renewal server (`ipa config-show`, LDIF of `cn=masters`), and its roles (`ipa
    /// server-role-find --include-master`).
    ///
    /// # Verdicts
    ///
    /// * pass: the CA renewal server is visible;
    /// * fail: it is hidden;
    /// * not applicable: the deployment is CA-less, or not one existing server is marked (CA005);
    /// * unknown: who renews, or whether that server is hidden, is not known.
    ///
    /// # Fix
    ///
    /// `ipa config-mod --ca-renewal-master-server=HOST` with a visible CA replica; without one,
    /// `ipa server-state HOST --state=enabled`.
    ///
    /// # Source
    ///
    /// FreeIPA `doc/designs/hidden-replicas.md` and `ipaserver/plugins/server.py`
    /// (`_check_hide_server`); Managing replication in IdM (RHEL 10), section 1.18.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "ca_renewal_server": "a.example.test",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "hidden"}}]}"#;
    /// assert_eq!(status_on_model("CA007", model), Some(Status::Fail));
    /// ```
    HiddenCaRenewalServer {
        code: "CA007",
        name: "hidden-ca-renewal-server",
        rule: "ca-renewal-not-hidden",
        fails: "The CA renewal server is a hidden replica",
        holds: "The CA renewal server is visible",
        severity: Medium,
        category: CaAndKra,
        citation: "FreeIPA doc/designs/hidden-replicas.md",
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
    let name = match Single::of(deployment, ServerAttribute::CaRenewalServer) {
        Single::One(name) => name,
        Single::Several(_) => return State::NotApplicable("several CA renewal servers"),
        Single::Nobody => return State::NotApplicable("no CA renewal server"),
        Single::Unknown => return State::Unknown(vec![Need::CaRenewalServer]),
    };
    if !deployment.servers.contains_key(name) {
        return if deployment.knows_all_servers() {
            State::NotApplicable("the CA renewal server is gone")
        } else {
            State::Unknown(vec![Need::ServerList])
        };
    }
    match is_hidden(deployment, name, Role::Ca) {
        Some(false) => State::Pass,
        Some(true) => fail(deployment, name),
        None => State::Unknown(vec![Need::Role(name.clone(), Role::IpaMaster)]),
    }
}

fn fail(deployment: &Deployment, name: &Fqdn) -> State {
    let other = renewal_edits(deployment, false, Some(name));
    // Showing another hidden replica is no better than showing this one.
    let edits = if other.len() == 1 {
        other
    } else {
        vec![Edit::Service(ServiceEdit::ShowServer { server: name.clone() })]
    };
    let mut evidence = evidence_of_attribute(deployment, ServerAttribute::CaRenewalServer);
    if let Some(server) = deployment.servers.get(name) {
        evidence.extend(server.role(Role::Ca).sources());
        evidence.extend(server.role(Role::IpaMaster).sources());
    }
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: vec![name.to_string()],
        why: format!(
            "{name} renews the CA's certificates and is a hidden replica: it must be online when \
             they come due, and hidden replicas are taken offline for copies."
        ),
        evidence,
        repair: Some(Repair::Edits(edits)),
    }))
}
