//! HID002 `restore-shows-hidden-replica`.

use std::collections::BTreeMap;

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{BackupKind, CopyTable, Deployment, Fqdn, Need, Role};
use crate::role_parts::is_hidden;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::version::numbers;
use crate::views::Views;

declare_rule! {
    /// Notes a hidden replica of which full backups are taken: restored, it is no hidden one
    /// any more.
    ///
    /// # Why this matters
    ///
    /// After `ipa-restore` of a full backup the server is enabled, so that clients are sent to
    /// it at once, with the data of the backup. Before IPA 4.10 it stayed hidden instead, so
    /// that clients found nobody where it was the only one.
    ///
    /// # What it reads
    ///
    /// Hosts of full backups, whether they are hidden, and their versions.
    ///
    /// # Verdicts
    ///
    /// * pass: the host is not hidden;
    /// * fail: it is: worth knowing, with what its version does;
    /// * not applicable: there is no full backup of a server;
    /// * unknown: whether the host is hidden, its version, or which backups there are.
    ///
    /// # Fix
    ///
    /// After the restore, once others serve again: `ipa server-state HOST --state=hidden`.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/install/ipa_restore.py` (`enable_server`), since 4.10.0; Planning
    /// Identity Management (RHEL 10) 3.6 says it of all versions.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "hidden"}, "version":
    ///   "4.12.2"}], "backups": [{"id": "b1", "host": "a.example.test", "kind": "full",
    ///   "roles": ["CA"], "version": "4.12.2", "encrypted": false, "complete": true,
    ///   "taken_at": "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("HID002", model), Some(Status::Fail));
    /// ```
    RestoreShowsHiddenReplica {
        code: "HID002",
        name: "restore-shows-hidden-replica",
        rule: "hidden-restored-visible",
        fails: "Restoring a backup makes a hidden replica visible",
        holds: "No backup of a hidden replica changes its state",
        severity: Info,
        category: Continuity,
        citation: "FreeIPA ipaserver/install/ipa_restore.py",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// The first version whose ipa-restore enables the server.
const ENABLES_SINCE: [u64; 2] = [4, 10];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let mut hosts: BTreeMap<&Fqdn, Sources> = BTreeMap::new();
    for copy in deployment.copies.backups.values() {
        if let (Some(host), Some(BackupKind::Full)) = (copy.host.value(), copy.kind.value()) {
            hosts.entry(host).or_default().extend(copy.host.sources());
        }
    }
    let mut judgements = Vec::new();
    for (host, mut evidence) in hosts {
        let Some(server) = deployment.servers.get(host) else { continue };
        let state = match (is_hidden(deployment, host, Role::IpaMaster), server.version.value()) {
            (Some(false), _) => State::Pass,
            (None, _) => State::Unknown(vec![Need::Role(host.clone(), Role::IpaMaster)]),
            (_, None) => State::Unknown(vec![Need::Version(host.clone())]),
            (Some(true), Some(version)) => {
                let then = if numbers(version) >= Some(ENABLES_SINCE.to_vec()) {
                    "it is visible afterwards, and clients are sent to it at once"
                } else {
                    "it stays hidden: enable it where no other server is visible"
                };
                evidence.extend(server.version.sources());
                let why = format!(
                    "{host} is hidden and has IPA {version}: restored from a full backup, {then}."
                );
                failure(Severity::Info, vec![host.to_string()], why, evidence)
            }
        };
        judgements.push(on(Some(host.to_string()), state));
    }
    with_list(deployment, &[CopyTable::Backups], "no full backup of a server", judgements)
}
