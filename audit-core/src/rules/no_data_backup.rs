//! BAK012 `no-data-backup`.

use crate::declare_rule;
use crate::model::{Backup, BackupKind, CopyTable, Deployment, Need, Schedule};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment that takes full backups only.
    ///
    /// # Why this matters
    ///
    /// A user, a group or a sudo rule that was deleted by mistake comes back from a data-only
    /// backup without a word on configuration, certificates and keys. It can be taken while
    /// everything serves, so that it can be taken more often than a full one, and less is lost.
    ///
    /// # What it reads
    ///
    /// The kinds of backups, and declared schedules.
    ///
    /// # Verdicts
    ///
    /// * pass: there is a data-only backup, or a schedule that makes them;
    /// * fail: all backups are full ones;
    /// * not applicable: there is no backup, which is another finding;
    /// * unknown: the kind of a backup, or which there are.
    ///
    /// # Fix
    ///
    /// `ipa-backup --data --online` by a timer.
    ///
    /// # Source
    ///
    /// The guide, section 5.1. Low, as `ipa-restore --data` also takes the data out of a full
    /// backup (manual page of ipa-restore).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full"}]}"#;
    /// assert_eq!(status_on_model("BAK012", model), Some(Status::Fail));
    /// ```
    NoDataBackup {
        code: "BAK012",
        name: "no-data-backup",
        rule: "backup-data-exists",
        fails: "There is no data-only backup",
        holds: "There are data-only backups",
        severity: Low,
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
    let is_data = |copy: &Backup| copy.kind.certainly(|kind| *kind == BackupKind::Data);
    let makes_data = |schedule: &Schedule| schedule.makes.certainly(|makes| makes == "data");
    if copies.backups.values().any(is_data) || copies.schedules.values().any(makes_data) {
        return State::Pass;
    }
    let mut needs: Vec<Need> = copies
        .backups
        .iter()
        .filter(|(_, copy)| copy.kind.value().is_none())
        .map(|(id, _)| Need::CopyUse(id.clone()))
        .collect();
    if !copies.knows_all(CopyTable::Backups) {
        needs.push(Need::Copies);
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    if copies.backups.is_empty() {
        return State::NotApplicable("there is no backup");
    }
    let why = "All backups are full ones: to bring back one deleted entry a server is stopped, or \
               the data is taken out of a full backup.";
    let evidence = copies.backups.values().flat_map(|copy| copy.kind.sources()).collect();
    failure(Severity::Low, Vec::new(), why.to_owned(), evidence)
}
