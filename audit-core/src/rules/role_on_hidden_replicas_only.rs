//! HID004 `role-on-hidden-replicas-only`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Need, Role, RoleStatus};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, on, some_names};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a role that hidden replicas have, and no visible server offers.
    ///
    /// # Why this matters
    ///
    /// Clients find no hidden replica. Certificates are not issued, vaults do not open, names do
    /// not resolve, though every server runs: the outage is there before any disaster, or comes
    /// with the loss of the last visible server of the role.
    ///
    /// # What it reads
    ///
    /// The status of each role on each server.
    ///
    /// # Verdicts
    ///
    /// * pass: a visible server offers each role that a hidden replica has;
    /// * fail: none does;
    /// * not applicable: no server has a hidden role;
    /// * unknown: the status of a role on a server, or the list of servers.
    ///
    /// # Fix
    ///
    /// `ipa server-state HOST --state=enabled` on a hidden replica of the role, or install the
    /// role on a visible server.
    ///
    /// # Source
    ///
    /// FreeIPA `doc/designs/hidden-replicas.md`: at least one visible server for each service.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [
    ///     {"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca": "enabled",
    ///      "kra": "absent", "dns": "absent", "ad_trust_controller": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "hidden", "ca": "hidden",
    ///      "kra": "hidden", "dns": "absent", "ad_trust_controller": "absent"}}]}"#;
    /// assert_eq!(status_on_model("HID004", model), Some(Status::Fail));
    /// ```
    RoleOnHiddenReplicasOnly {
        code: "HID004",
        name: "role-on-hidden-replicas-only",
        rule: "hidden-visible-per-service",
        fails: "Only hidden replicas have a role",
        holds: "Visible servers offer every role that hidden replicas have",
        severity: High,
        category: Continuity,
        citation: "FreeIPA doc/designs/hidden-replicas.md",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Roles that can be hidden: an AD trust agent cannot.
const HIDEABLE: [Role; 5] =
    [Role::IpaMaster, Role::Ca, Role::Kra, Role::Dns, Role::AdTrustController];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for role in HIDEABLE {
        let hidden = Holders::of(deployment, role, |status| *status == RoleStatus::Hidden);
        if hidden.are_none() {
            continue;
        }
        let visible = Holders::in_service(deployment, role);
        let state = if !visible.certain.is_empty() {
            State::Pass
        } else if !visible.are_known() || hidden.certain.is_empty() {
            let mut needs: Vec<Need> = visible.needs;
            needs.extend(hidden.needs);
            needs.sort();
            needs.dedup();
            State::Unknown(needs)
        } else {
            let names = some_names(&hidden.certain);
            let edits: Vec<Edit> = hidden
                .certain
                .first()
                .map(|server| Edit::Service(ServiceEdit::ShowServer { server: (*server).clone() }))
                .into_iter()
                .collect();
            State::Fail(Box::new(Failure {
                severity: Severity::High,
                subjects: hidden.certain.iter().map(ToString::to_string).collect(),
                why: format!("Only hidden replicas have {}: {names}.", role.title()),
                evidence: evidence_of_role(deployment, role),
                repair: Some(Repair::Edits(edits)),
            }))
        };
        judgements.push(on(Some(role.title().to_owned()), state));
    }
    if judgements.is_empty() {
        as_a_whole(State::NotApplicable("no server has a hidden role"))
    } else {
        judgements
    }
}
