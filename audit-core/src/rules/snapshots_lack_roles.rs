//! SNA004 `snapshots-lack-roles`.

use crate::copy_parts::{evidence_of, roles_in_use};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Need, Role};
use crate::recovery::{CopyForm, RestorePoint};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose VM snapshots are of servers that lack a role in use.
    ///
    /// # Why this matters
    ///
    /// A snapshot brings back its own server and no other. Without the KRA in it the storage
    /// key of all vaults may be lost; without DNS or the trust, those are built by hand.
    ///
    /// # What it reads
    ///
    /// Which server each snapshot is of, and the roles of all servers.
    ///
    /// # Verdicts
    ///
    /// * pass: one server of which there is a snapshot has every role in use;
    /// * fail: none has them all: high, medium if all snapshots together do;
    /// * not applicable: there is no snapshot, which is another finding, or no role is in use;
    /// * unknown: of which server a snapshot is, the roles of servers, or which snapshots there
    ///   are.
    ///
    /// # Fix
    ///
    /// Add what is missing to the server in the VM: `ipa-kra-install`, `ipa-dns-install` or
    /// `ipa-adtrust-install`, then take the snapshot.
    ///
    /// # Source
    ///
    /// The guide, section 4.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [
    ///     {"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca": "enabled",
    ///      "kra": "enabled", "dns": "absent", "ad_trust_controller": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled", "ca": "enabled",
    ///      "kra": "absent", "dns": "absent", "ad_trust_controller": "absent"}}],
    ///   "ca": "integrated",
    ///   "snapshots": [{"id": "s1", "vm": "b", "host": "b.example.test"}]}"#;
    /// assert_eq!(status_on_model("SNA004", model), Some(Status::Fail));
    /// ```
    SnapshotsLackRoles {
        code: "SNA004",
        name: "snapshots-lack-roles",
        rule: "snap-all-roles",
        fails: "VM snapshots are of servers without all roles in use",
        holds: "One server of which there are VM snapshots has all roles in use",
        severity: High,
        category: DataLoss,
        citation: "guide 4",
        origin: Guide,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let (used, mut needs) = roles_in_use(deployment);
    let mut points = RestorePoint::all(deployment);
    points.retain(|point| point.form == CopyForm::Snapshot);
    let covers = |point: &RestorePoint| used.iter().all(|role| point.holds(*role) == Some(true));
    let known = deployment.copies.knows_all(CopyTable::Snapshots);
    if needs.is_empty() && known && (points.is_empty() || used.is_empty()) {
        return State::NotApplicable("no snapshot, or no role in use");
    }
    if needs.is_empty() && !points.is_empty() && points.iter().any(covers) {
        return State::Pass;
    }
    for point in &points {
        if point.host.is_none() {
            needs.push(Need::CopyHost(point.id.clone()));
        } else if used.iter().any(|role| point.holds(*role).is_none()) {
            needs.push(Need::CopyUse(point.id.clone()));
        }
    }
    if !known {
        needs.push(Need::Copies);
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let held = |role: &&Role| points.iter().any(|point| point.holds(**role) == Some(true));
    let missing: Vec<&str> =
        used.iter().filter(|role| !held(role)).map(|role| role.key()).collect();
    let (severity, why) = if missing.is_empty() {
        let why = "No single server in a snapshot has all roles in use; together they do.";
        (Severity::Medium, why.to_owned())
    } else {
        let missing = missing.join(", ");
        (Severity::High, format!("No server of which there is a snapshot has {missing}."))
    };
    let evidence: Sources =
        points.iter().flat_map(|point| evidence_of(deployment, &point.id)).collect();
    failure(severity, Vec::new(), why, evidence)
}
