//! BAK013 `backup-under-tmp`.

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::model::{Backup, CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a backup that lies below `/tmp` or `/var/tmp`.
    ///
    /// # Why this matters
    ///
    /// The directory server has a /tmp of its own: it does not see a backup there, and the restore
    /// ends. These folders are also emptied, at the next start or after some days.
    ///
    /// # What it reads
    ///
    /// The folder of each backup, and the folders of stores.
    ///
    /// # Verdicts
    ///
    /// * pass: it lies elsewhere, or in a store that is;
    /// * fail: it lies below one of the two;
    /// * not applicable: there is no backup;
    /// * unknown: where it lies, or which backups there are.
    ///
    /// # Fix
    ///
    /// `mv FOLDER /var/lib/ipa/backup/`.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 10), section 6.5: not from
    /// `/tmp` or `/var/tmp`, as systemd gives the directory server private ones (`PrivateTmp`).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full",
    ///     "path": "/var/tmp/ipa-full-2026-11-21-22-00-41"}]}"#;
    /// assert_eq!(status_on_model("BAK013", model), Some(Status::Fail));
    /// ```
    BackupUnderTmp {
        code: "BAK013",
        name: "backup-under-tmp",
        rule: "backup-not-in-tmp",
        fails: "A backup lies where it cannot be restored from",
        holds: "No backup lies below /tmp or /var/tmp",
        severity: Medium,
        category: DataLoss,
        citation: "Preparing for disaster recovery with IdM (RHEL 10) 6.5",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Folders that the directory server has of its own, or that are emptied.
const PRIVATE: [&str; 2] = ["/tmp", "/var/tmp"];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = deployment
        .copies
        .backups
        .iter()
        .map(|(id, copy)| {
            let state = match is_private(deployment, copy) {
                Some(false) => State::Pass,
                None => State::Unknown(vec![Need::CopyPlace(id.clone())]),
                Some(true) => {
                    let why = format!(
                        "{id} lies below /tmp or /var/tmp, which the directory server does not see."
                    );
                    failure(Severity::Medium, vec![id.clone()], why, copy.path.sources())
                }
            };
            on(Some(id.clone()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no backup", judgements)
}

/// Whether a backup lies in one of these folders. A path without a root says nothing of itself:
/// there the store decides.
fn is_private(deployment: &Deployment, copy: &Backup) -> Option<bool> {
    let below = |path: &str| {
        let rest = PRIVATE.iter().find_map(|folder| path.strip_prefix(folder));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let store = copy.store.value().and_then(|id| deployment.copies.stores.get(id));
    match (copy.path.value().filter(|path| path.starts_with('/')), store) {
        (Some(path), _) => Some(below(path)),
        (None, Some(store)) => {
            Some(store.paths.value().is_some_and(|paths| paths.iter().any(|path| below(path))))
        }
        (None, None) => None,
    }
}
