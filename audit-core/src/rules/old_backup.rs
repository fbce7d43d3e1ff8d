//! BAK007 `old-backup`.

use crate::copy_parts::{DAY, days_between};
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose newest backup is older than the recovery point objective.
    ///
    /// # Why this matters
    ///
    /// What was changed after the newest backup is lost when it is restored. The guide asks for
    /// backups as often as necessary; how often that is says the target.
    ///
    /// # What it reads
    ///
    /// Times of backups: the header is GMT, the name of a folder carries local time and only
    /// bounds it; the target `rpo` in answers.toml.
    ///
    /// # Verdicts
    ///
    /// * pass: the newest backup that may be whole is not older than the target; without a
    ///   target, one day;
    /// * fail: it is older;
    /// * not applicable: there is no backup, which is another finding;
    /// * unknown: when backups were taken, or which there are.
    ///
    /// # Fix
    ///
    /// A timer that runs `ipa-backup --data --online` as often as the target asks, and
    /// `ipa-backup` weekly.
    ///
    /// # Source
    ///
    /// The guide, section 5, names no number. That one day is the default without a target is
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
    ///   "2026-10-01T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK007", model), Some(Status::Fail));
    /// ```
    OldBackup {
        code: "BAK007",
        name: "old-backup",
        rule: "backup-frequency",
        fails: "The newest backup is older than the target allows",
        holds: "The newest backup is as new as the target asks",
        severity: High,
        category: DataLoss,
        citation: "guide 5; Preparing for disaster recovery with IdM (RHEL 10) 6.5",
        origin: Guide,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment, views.as_of))
}

fn state(deployment: &Deployment, as_of: Timestamp) -> State {
    let copies = &deployment.copies;
    let target = copies.targets.rpo.value().map_or(DAY, |rpo| i64::from(rpo.seconds()));
    let age = |at: Timestamp| as_of.unix_seconds() - at.unix_seconds();
    let usable = copies.backups.iter().filter(|(_, copy)| copy.complete.value() != Some(&false));
    let mut unknown = Vec::new();
    let mut newest: Option<(&String, Timestamp)> = None;
    for (id, copy) in usable {
        match copy.taken_between() {
            Some((earliest, _)) if age(earliest) <= target => return State::Pass,
            Some((_, latest)) if age(latest) <= target => unknown.push(Need::CopyTime(id.clone())),
            Some((_, latest)) => {
                if newest.is_none_or(|(_, at)| latest > at) {
                    newest = Some((id, latest));
                }
            }
            None => unknown.push(Need::CopyTime(id.clone())),
        }
    }
    if !copies.knows_all(CopyTable::Backups) {
        unknown.push(Need::Copies);
    }
    let Some((id, at)) = newest.filter(|_| unknown.is_empty()) else {
        return if unknown.is_empty() {
            State::NotApplicable("there is no backup")
        } else {
            State::Unknown(unknown)
        };
    };
    let days = days_between(at, as_of);
    let evidence = copies.backups.get(id).map(|copy| copy.sources.clone()).unwrap_or_default();
    let why = format!(
        "The newest backup that may be whole, {id}, is {days} days old; the target allows {} \
         hours. What was changed since is lost when it is restored.",
        target / 3600
    );
    failure(Severity::High, Vec::new(), why, evidence)
}
