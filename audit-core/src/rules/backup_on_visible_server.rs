//! BAK008 `backup-on-visible-server`.

use crate::copy_parts::{full_backup_hosts, with_list};
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need, Role};
use crate::role_parts::is_hidden;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a visible server of which full backups are taken.
    ///
    /// # Why this matters
    ///
    /// A full backup is always offline: it stops every service of its server until it is done.
    /// On a hidden replica no client notices.
    ///
    /// # What it reads
    ///
    /// Hosts of full backups, and whether they are hidden.
    ///
    /// # Verdicts
    ///
    /// * pass: the host is a hidden replica;
    /// * fail: it is visible;
    /// * not applicable: there is no full backup of a server;
    /// * unknown: whether the host is hidden, or which backups there are.
    ///
    /// # Fix
    ///
    /// `ipa-replica-install --hidden-replica` with every role on another host, and `ipa-backup`
    /// there.
    ///
    /// # Source
    ///
    /// The guide, sections 5 and 5.3.
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
    /// assert_eq!(status_on_model("BAK008", model), Some(Status::Fail));
    /// ```
    BackupOnVisibleServer {
        code: "BAK008",
        name: "backup-on-visible-server",
        rule: "backup-on-hidden",
        fails: "Full backups run on a visible server",
        holds: "Full backups run on hidden replicas",
        severity: Medium,
        category: Continuity,
        citation: "guide 5, 5.3",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = full_backup_hosts(deployment)
        .into_iter()
        .map(|(host, evidence)| {
            let state = match is_hidden(deployment, host, Role::IpaMaster) {
                Some(true) => State::Pass,
                None => State::Unknown(vec![Need::Role(host.clone(), Role::IpaMaster)]),
                Some(false) => {
                    let why = format!(
                        "{host} is visible, and each full backup stops all its services until it \
                         is done."
                    );
                    failure(Severity::Medium, vec![host.to_string()], why, evidence)
                }
            };
            on(Some(host.to_string()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "no full backup of a server", judgements)
}
