//! BAK001 `no-full-backup`.

use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{BackupKind, CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment without a full backup.
    ///
    /// # Why this matters
    ///
    /// Only a full backup rebuilds a server from nothing: it holds the configuration beside the
    /// data. A data-only backup returns data to an earlier state on a server that is installed;
    /// into an empty system `ipa-restore` refuses it.
    ///
    /// # What it reads
    ///
    /// Backups with their kind, from headers, archives or names.
    ///
    /// # Verdicts
    ///
    /// * pass: there is a full backup, whole or not;
    /// * fail: all backups are data-only, or there is none: high, critical if there is no VM
    ///   snapshot either;
    /// * not applicable: never, every deployment needs one;
    /// * unknown: it is not known which backups there are.
    ///
    /// # Fix
    ///
    /// On a hidden replica with every role in use: `ipa-backup`.
    ///
    /// # Source
    ///
    /// The guide, section 5.1; FreeIPA `ipaserver/install/ipa_restore.py`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "data", "roles": ["CA"],
    ///   "version": "4.12.2", "encrypted": false, "complete": true, "taken_at":
    ///   "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK001", model), Some(Status::Fail));
    /// ```
    NoFullBackup {
        code: "BAK001",
        name: "no-full-backup",
        rule: "backup-full-exists",
        fails: "There is no full backup",
        holds: "There is a full backup",
        severity: High,
        category: DataLoss,
        citation: "guide 5.1",
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
    let copies = &deployment.copies;
    let all = copies.backups.values();
    if all.clone().any(|copy| copy.kind.certainly(|kind| *kind == BackupKind::Full)) {
        return State::Pass;
    }
    let mut needs: Vec<Need> = copies
        .backups
        .iter()
        .filter(|(_, copy)| copy.kind.possibly(|kind| *kind == BackupKind::Full))
        .map(|(id, _)| Need::CopyUse(id.clone()))
        .collect();
    if !copies.knows_all(CopyTable::Backups) {
        needs.push(Need::Copies);
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let without_snapshot = copies.snapshots.is_empty() && copies.knows_all(CopyTable::Snapshots);
    let severity = if without_snapshot { Severity::Critical } else { Severity::High };
    let mut evidence: Sources = all.flat_map(|copy| copy.kind.sources()).collect();
    let why = if evidence.is_empty() {
        evidence.extend(copies.whole.get(&CopyTable::Backups).into_iter().flatten().cloned());
        "There is no backup: no server can be rebuilt from one."
    } else {
        "All backups are data-only: into an empty system ipa-restore refuses them, so that no \
         server can be rebuilt from one."
    };
    failure(severity, Vec::new(), why.to_owned(), evidence)
}
