//! BAK009 `readable-backup`.

use crate::copy_parts::{center_of, center_of_host, with_list};
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::recovery::{CopyForm, RestorePoint};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a backup that is not encrypted.
    ///
    /// # Why this matters
    ///
    /// A backup holds every key of its server and the hashes of every password. Who can read
    /// the store owns the deployment.
    ///
    /// # What it reads
    ///
    /// Archives and lists: an archive that can be read is not encrypted.
    ///
    /// # Verdicts
    ///
    /// * pass: it is encrypted;
    /// * fail: it is not: low, medium outside the data center of its server;
    /// * not applicable: there is no backup;
    /// * unknown: nothing shows it, or which backups there are.
    ///
    /// # Fix
    ///
    /// Make a key that is kept elsewhere, too, and from then on: `ipa-backup --gpg`.
    ///
    /// # Source
    ///
    /// The guide, section 5.5, says that backups can be encrypted; that they should follows
    /// from what they hold.
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
    ///   "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK009", model), Some(Status::Fail));
    /// ```
    ReadableBackup {
        code: "BAK009",
        name: "readable-backup",
        rule: "backup-encrypted",
        fails: "Backups are not encrypted",
        holds: "Backups are encrypted",
        severity: Low,
        category: Proof,
        citation: "guide 5.5",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let points = RestorePoint::all(deployment);
    let backups = points.iter().filter(|point| point.form != CopyForm::Snapshot);
    let judgements = backups
        .filter_map(|point| {
            let copy = deployment.copies.backups.get(&point.id)?;
            let state = match copy.encrypted.value() {
                Some(true) => State::Pass,
                None => State::Unknown(vec![Need::CopyUse(point.id.clone())]),
                Some(false) => {
                    let own = point.host.as_ref().map(|host| center_of_host(deployment, host));
                    let away = match (own, center_of(deployment, point)) {
                        (Some(Ok(own)), Ok(center)) => own != center,
                        _ => false,
                    };
                    let severity = if away { Severity::Medium } else { Severity::Low };
                    let why = format!(
                        "{} is not encrypted, and holds the keys of its server and the hashes of \
                         all passwords.",
                        point.id
                    );
                    failure(severity, vec![point.id.clone()], why, copy.encrypted.sources())
                }
            };
            Some(on(Some(point.id.clone()), state))
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no backup", judgements)
}
