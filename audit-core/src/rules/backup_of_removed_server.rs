//! BAK004 `backup-of-removed-server`.

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a backup of a host that is not among the servers.
    ///
    /// # Why this matters
    ///
    /// A backup is restored on a host of the same name only. Uninstalling a server leaves its
    /// backups, with every key in them, and nobody counts on them any more: either they hold
    /// secrets for nothing, or they are the last copy of something and need their host again.
    ///
    /// # What it reads
    ///
    /// The hosts of backups and the list of all servers.
    ///
    /// # Verdicts
    ///
    /// * pass: its host is a server;
    /// * fail: its host is none;
    /// * not applicable: there is no backup;
    /// * unknown: its host, the list of all servers, or which backups there are.
    ///
    /// # Fix
    ///
    /// Remove it if newer copies hold what it holds: `rm -r /var/lib/ipa/backup/NAME`; else set
    /// up a host of its name and rehearse it.
    ///
    /// # Source
    ///
    /// The guide, section 5.2; manual page of ipa-restore; FreeIPA
    /// `ipaserver/install/ipa_restore.py`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "gone.example.test", "kind": "full", "roles": ["CA"],
    ///   "version": "4.12.2", "encrypted": false, "complete": true, "taken_at":
    ///   "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK004", model), Some(Status::Fail));
    /// ```
    BackupOfRemovedServer {
        code: "BAK004",
        name: "backup-of-removed-server",
        rule: "backup-host-restorable",
        fails: "A backup is of a host that is no server",
        holds: "Backups are of servers that exist",
        severity: Low,
        category: Proof,
        citation: "guide 5.2; manual page of ipa-restore",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = deployment
        .copies
        .backups
        .iter()
        .map(|(id, copy)| {
            let state = match copy.host.value() {
                None => State::Unknown(vec![Need::CopyHost(id.clone())]),
                Some(host) if deployment.servers.contains_key(host) => State::Pass,
                Some(_) if !deployment.knows_all_servers() => {
                    State::Unknown(vec![Need::ServerList])
                }
                Some(host) => {
                    let why = format!(
                        "{id} is of {host}, which is no server: it can only be restored on a host \
                         of that name."
                    );
                    failure(Severity::Low, vec![id.clone()], why, copy.host.sources())
                }
            };
            on(Some(id.clone()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no backup", judgements)
}
