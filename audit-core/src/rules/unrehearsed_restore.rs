//! PRF001 `unrehearsed-restore`.

use crate::copy_parts::days_between;
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a deployment in which no restore succeeded in the last 180 days.
    ///
    /// # Why this matters
    ///
    /// A backup that was never restored is a hope. What stops a restore shows only when
    /// somebody tries: a missing package, a key, a name, an hour more than the target allows.
    ///
    /// # What it reads
    ///
    /// Rehearsals with date and result in answers.toml.
    ///
    /// # Verdicts
    ///
    /// * pass: one succeeded at most 180 days ago;
    /// * fail: none did;
    /// * not applicable: there is no copy that could be restored;
    /// * unknown: nothing says which rehearsals there were.
    ///
    /// # Fix
    ///
    /// Restore the newest backup on a host of the same name in an isolated network:
    /// `ipa-restore NAME`; note date and result in answers.toml.
    ///
    /// # Source
    ///
    /// FreeIPA wiki, `V3/Backup_and_Restore`: "backing up is easy, restoring is hard". 180 days are
    /// this project's.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full", "roles": ["CA"],
    ///   "version": "4.12.2", "encrypted": false, "complete": true, "taken_at":
    ///   "2026-11-21T00:00:00Z"}], "rehearsals": []}"#;
    /// assert_eq!(status_on_model("PRF001", model), Some(Status::Fail));
    /// ```
    UnrehearsedRestore {
        code: "PRF001",
        name: "unrehearsed-restore",
        rule: "backup-restore-tested",
        fails: "No restore was rehearsed in the last 180 days",
        holds: "A restore was rehearsed in the last 180 days",
        severity: Medium,
        category: Proof,
        citation: "FreeIPA V3/Backup_and_Restore; conclusion",
        origin: Derived,
        supersedes: [],
        grouping: Together,
    }
    check
}

/// Days for which a rehearsal counts.
const VALID_DAYS: i64 = 180;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment, views.as_of))
}

fn state(deployment: &Deployment, as_of: Timestamp) -> State {
    let copies = &deployment.copies;
    let recent = copies
        .rehearsals
        .iter()
        .filter(|(at, _)| **at <= as_of && days_between(**at, as_of) <= VALID_DAYS);
    let mut open = false;
    for (_, rehearsal) in recent {
        match rehearsal.succeeded.value() {
            Some(true) => return State::Pass,
            Some(false) => {}
            None => open = true,
        }
    }
    if copies.are_known() && copies.backups.is_empty() && copies.snapshots.is_empty() {
        return State::NotApplicable("there is no copy");
    }
    if open || !copies.knows_all(CopyTable::Rehearsals) {
        return State::Unknown(vec![Need::Declared(CopyTable::Rehearsals)]);
    }
    let mut evidence: Sources =
        copies.rehearsals.values().flat_map(|rehearsal| rehearsal.sources.clone()).collect();
    evidence.extend(copies.whole.get(&CopyTable::Rehearsals).into_iter().flatten().cloned());
    let why = match copies.rehearsals.last_key_value() {
        Some((at, _)) => {
            format!("No restore succeeded in the last 180 days; the last was tried on {at}.")
        }
        None => "No restore was ever rehearsed.".to_owned(),
    };
    failure(Severity::Medium, Vec::new(), why, evidence)
}
