//! COP001 `replication-only`.

use crate::copy_parts::evidence_of_lists;
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment that has no backup, no VM snapshot, or neither.
    ///
    /// # Why this matters
    ///
    /// Replication carries a deletion to every server within seconds. What it has destroyed
    /// only a copy brings back: a backup, which holds configuration and data, or a snapshot,
    /// which holds a whole server. Each helps where the other does not.
    ///
    /// # What it reads
    ///
    /// Backups and VM snapshots of all inputs, and whether they are all there are
    /// (answers.toml).
    ///
    /// # Verdicts
    ///
    /// * pass: there is a backup and a snapshot, whatever each is worth;
    /// * fail: there is neither (high), or one of the two (medium);
    /// * not applicable: never, every deployment needs them;
    /// * unknown: nothing says which backups or snapshots there are.
    ///
    /// # Fix
    ///
    /// Take both, of a hidden CA replica: `ipa-backup`, and a snapshot of its VM while it is
    /// off.
    ///
    /// # Source
    ///
    /// The guide, sections 1 and 2.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [], "snapshots": []}"#;
    /// assert_eq!(status_on_model("COP001", model), Some(Status::Fail));
    /// ```
    ReplicationOnly {
        code: "COP001",
        name: "replication-only",
        rule: "strategy-three-tools",
        fails: "Replication, backups and VM snapshots are not all in use",
        holds: "Replication, backups and VM snapshots are in use",
        severity: High,
        category: DataLoss,
        citation: "guide 1, 2",
        origin: Guide,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let copies = &deployment.copies;
    let in_use = |exists: bool, table: CopyTable| {
        if exists { Some(true) } else { copies.knows_all(table).then_some(false) }
    };
    let backups = in_use(!copies.backups.is_empty(), CopyTable::Backups);
    let snapshots = in_use(!copies.snapshots.is_empty(), CopyTable::Snapshots);
    let fail = |severity, why: &str| {
        failure(severity, Vec::new(), why.to_owned(), evidence_of_lists(deployment))
    };
    as_a_whole(match (backups, snapshots) {
        (Some(true), Some(true)) => State::Pass,
        (Some(false), Some(false)) => fail(
            Severity::High,
            "There is no backup and no VM snapshot: what replication has deleted is gone on every \
             server, for good.",
        ),
        (Some(true), Some(false)) => fail(
            Severity::Medium,
            "There are backups, but no VM snapshot: a backup needs a host of the same name and \
             version to be restored on.",
        ),
        (Some(false), Some(true)) => fail(
            Severity::Medium,
            "There are VM snapshots, but no backup: a snapshot that is started beside living \
             servers takes over their deletions.",
        ),
        (None, _) | (_, None) => State::Unknown(vec![Need::Copies]),
    })
}
