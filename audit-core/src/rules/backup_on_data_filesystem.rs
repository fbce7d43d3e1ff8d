//! BAK006 `backup-on-data-filesystem`.

use crate::copy_parts::{by_host, with_list};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Fqdn, Need};
use crate::recovery::{CopyForm, RestorePoint, Whereabouts};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a host whose backups all lie on the file system of its directory server.
    ///
    /// # Why this matters
    ///
    /// By default ipa-backup writes to /var/lib/ipa/backup, on the disk that holds the data.
    /// The fault that destroys one destroys the other, and a backup that fills the file system
    /// stops the server.
    ///
    /// # What it reads
    ///
    /// Where backups are (lists, stores in answers.toml), and whether that is another file
    /// system (`df` in the export bundle, `separate_filesystem` of a store).
    ///
    /// # Verdicts
    ///
    /// * pass: a backup of the host lies on another file system, host or store;
    /// * fail: all lie on the file system of the data;
    /// * not applicable: there is no backup;
    /// * unknown: where a backup is, or whether that is another file system.
    ///
    /// # Fix
    ///
    /// Mount another file system at /var/lib/ipa/backup, or copy each backup away: `rsync -a
    /// /var/lib/ipa/backup/ HOST:STORE`.
    ///
    /// # Source
    ///
    /// The guide, section 5.3.
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
    ///   "2026-11-21T00:00:00Z", "store": "s"}], "snapshots": [], "stores": [{"id": "s",
    ///   "host": "a.example.test", "separate_filesystem": false}]}"#;
    /// assert_eq!(status_on_model("BAK006", model), Some(Status::Fail));
    /// ```
    BackupOnDataFilesystem {
        code: "BAK006",
        name: "backup-on-data-filesystem",
        rule: "backup-separate-fs",
        fails: "Backups lie on the file system of the data they protect",
        holds: "Backups lie on another file system than the data",
        severity: High,
        category: DataLoss,
        citation: "guide 5.3",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let mut points = RestorePoint::all(deployment);
    points.retain(|point| point.form != CopyForm::Snapshot);
    let hosts = by_host(&points);
    let judgements = hosts
        .into_iter()
        .map(|(host, points)| on(Some(host.to_string()), state(deployment, host, &points)))
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no backup", judgements)
}

fn state(deployment: &Deployment, host: &Fqdn, points: &[&RestorePoint]) -> State {
    let mut needs = Vec::new();
    let mut evidence = Sources::new();
    for point in points {
        match &point.whereabouts {
            Whereabouts::Unknown => needs.push(Need::CopyPlace(point.id.clone())),
            Whereabouts::OnHost(on) if on != host => return State::Pass,
            Whereabouts::OnHost(_) => needs.push(Need::Declared(CopyTable::Stores)),
            Whereabouts::Store { host: Some(on), .. } if on != host => return State::Pass,
            Whereabouts::Store { id, .. } => {
                let store = deployment.copies.stores.get(id);
                match store.and_then(|store| store.separate_filesystem.value()) {
                    Some(true) => return State::Pass,
                    Some(false) => {
                        evidence.extend(store.into_iter().flat_map(|s| s.sources.iter().cloned()));
                    }
                    None => needs.push(Need::StorePlace(id.clone())),
                }
            }
        }
    }
    needs.sort();
    needs.dedup();
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let why = format!(
        "All backups of {host} lie on the file system of its data: the fault that destroys the \
         one destroys the other."
    );
    failure(Severity::High, vec![host.to_string()], why, evidence)
}
