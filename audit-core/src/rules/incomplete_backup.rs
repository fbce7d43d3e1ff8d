//! BAK003 `incomplete-backup`.

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::model::{Backup, CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a backup whose header or archive is missing, cut, damaged or without a part that
    /// belongs there.
    ///
    /// # Why this matters
    ///
    /// Nobody looks at a backup until it is needed. A full disk, a copy that was interrupted or
    /// a flipped bit leave a folder that looks like all others and cannot be restored.
    ///
    /// # What it reads
    ///
    /// The archive itself, read to its last byte with every checksum in it; lists of the
    /// folder.
    ///
    /// # Verdicts
    ///
    /// * pass: the archive was read to its end and has every part that belongs there;
    /// * fail: it does not, or header or archive are not in the folder: high, low if a newer
    ///   backup of the same host is whole;
    /// * not applicable: there is no backup;
    /// * unknown: the archive was not given, or it is encrypted.
    ///
    /// # Fix
    ///
    /// Compare sizes with those on the host, and copy the folder again; else `ipa-backup`.
    ///
    /// # Source
    ///
    /// The guide, section 5.4; FreeIPA `ipaserver/install/ipa_backup.py`.
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
    ///   "version": "4.12.2", "encrypted": false, "complete": false, "taken_at":
    ///   "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK003", model), Some(Status::Fail));
    /// ```
    IncompleteBackup {
        code: "BAK003",
        name: "incomplete-backup",
        rule: "backup-archive-complete",
        fails: "A backup is incomplete",
        holds: "Backups are complete",
        severity: High,
        category: DataLoss,
        citation: "guide 5.4",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let all = &deployment.copies.backups;
    let judgements = all
        .iter()
        .map(|(id, copy)| {
            let state = match copy.complete.value() {
                Some(true) => State::Pass,
                None => State::Unknown(vec![Need::CopyUse(id.clone())]),
                Some(false) => {
                    let whole = |other: &Backup| {
                        other.complete.value() == Some(&true)
                            && other.host.value() == copy.host.value()
                            && other.taken_between() > copy.taken_between()
                    };
                    let newer = all.values().any(whole);
                    let severity = if newer { Severity::Low } else { Severity::High };
                    let said = copy.complete.sources();
                    let what = said.first().map(|source| source.observed.clone());
                    let what = what.unwrap_or_default();
                    let why = format!("{id} cannot be restored: {what}.");
                    failure(severity, vec![id.clone()], why, said)
                }
            };
            on(Some(id.clone()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no backup", judgements)
}
