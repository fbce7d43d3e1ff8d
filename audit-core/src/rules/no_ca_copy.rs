//! COP002 `no-ca-copy`.

use crate::copy_parts::{evidence_of_lists, usable_ca, why_no_ca};
use crate::declare_rule;
use crate::model::{Deployment, Need};
use crate::recovery::{CopyForm, RestorePoint};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, unless_integrated_ca};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment with an integrated CA of which no copy can be restored.
    ///
    /// # Why this matters
    ///
    /// When the last CA replica is lost, everything that IdM issued is lost with it: the entire
    /// environment must be built again. Only a full backup or a snapshot of a CA replica brings
    /// it back, and only if it can be used.
    ///
    /// # What it reads
    ///
    /// Backups and snapshots with host, version, content, completeness, key and store; servers
    /// with their roles and versions.
    ///
    /// # Verdicts
    ///
    /// * pass: a full backup or a snapshot of a CA replica can be used for sure;
    /// * fail: there is none, or each has an obstacle: it is data-only, cut, without the CA, of
    ///   a version whose packages are gone, or its key or store is lost;
    /// * not applicable: the deployment is CA-less;
    /// * unknown: it is not known which copies there are, or what one is worth.
    ///
    /// # Fix
    ///
    /// On a CA replica with every role in use: `ipa-backup`, and keep the result elsewhere.
    ///
    /// # Source
    ///
    /// The guide, sections 3.3, 4 and 5.3.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca":
    ///   "enabled"}, "version": "4.12.2"}], "ca": "integrated", "backups": [{"id": "b1",
    ///   "host": "a.example.test", "kind": "full", "roles": ["DNS"], "version": "4.12.2",
    ///   "encrypted": false, "complete": true, "taken_at": "2026-11-21T00:00:00Z"}],
    ///   "snapshots": []}"#;
    /// assert_eq!(status_on_model("COP002", model), Some(Status::Fail));
    /// ```
    NoCaCopy {
        code: "COP002",
        name: "no-ca-copy",
        rule: "backup-has-ca",
        fails: "No copy can bring the CA back",
        holds: "A copy can bring the CA back",
        severity: Critical,
        category: DataLoss,
        citation: "guide 3.3, 4, 5.3",
        origin: Guide,
        supersedes: ["SNA001", "BAK001"],
        grouping: Together,
    }
    check
}

/// Copies from which a server can be rebuilt, and what is no such copy but must be said.
const FORMS: [CopyForm; 4] =
    [CopyForm::Snapshot, CopyForm::Full, CopyForm::Data, CopyForm::Unknown];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

fn state(deployment: &Deployment) -> State {
    let points = RestorePoint::all(deployment);
    let mut needs = match usable_ca(&points, &FORMS) {
        Ok(()) => return State::Pass,
        Err(needs) => needs,
    };
    if !deployment.copies.are_known() {
        needs.push(Need::Copies);
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let reasons = why_no_ca(&points, &FORMS);
    let why = if reasons.is_empty() {
        "There is no copy at all: with the last CA replica the entire environment is lost.".into()
    } else {
        format!(
            "With the last CA replica the entire environment is lost, because no copy brings it \
             back: {}.",
            reasons.join("; ")
        )
    };
    failure(Severity::Critical, Vec::new(), why, evidence_of_lists(deployment))
}
