//! BAK005 `backup-of-other-version`.

use crate::copy_parts::{newest_full, with_list};
use crate::declare_rule;
use crate::model::{Answer, CopyTable, Deployment, Need};
use crate::recovery::OLD_PACKAGES;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::version::numbers;
use crate::views::Views;

declare_rule! {
    /// Flags a server whose newest full backup was written by another version of IPA.
    ///
    /// # Why this matters
    ///
    /// A backup is restored on the version that wrote it. After an update, the packages of the
    /// old version are often gone from the repository by the time they are needed.
    /// `ipa-restore` asks before it goes on; with `--unattended`, as the Ansible role calls it,
    /// it goes on.
    ///
    /// # What it reads
    ///
    /// Versions in headers, and the versions of servers.
    ///
    /// # Verdicts
    ///
    /// * pass: both are the same;
    /// * fail: they differ: high, low if the packages of old versions are kept (answers.toml);
    /// * not applicable: there is no full backup of a server;
    /// * unknown: one of the two, or which backups there are.
    ///
    /// # Fix
    ///
    /// After each update of a server: `ipa-backup`.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with IdM (RHEL 10) 6.5; manual page of ipa-restore;
    /// FreeIPA `ipaserver/install/ipa_restore.py`. They contradict each other: documents forbid
    /// it, the program asks.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}, "version":
    ///   "4.12.2"}], "backups": [{"id": "b1", "host": "a.example.test", "kind": "full",
    ///   "roles": ["CA"], "version": "4.9.0", "encrypted": false, "complete": true, "taken_at":
    ///   "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK005", model), Some(Status::Fail));
    /// ```
    BackupOfOtherVersion {
        code: "BAK005",
        name: "backup-of-other-version",
        rule: "backup-version-restorable",
        fails: "The newest full backup of a server was written by another version",
        holds: "The newest full backups were written by the versions of today",
        severity: High,
        category: Proof,
        citation: "Preparing for disaster recovery with IdM (RHEL 10) 6.5",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let answer = deployment.observed.answers.get(OLD_PACKAGES).and_then(|answer| answer.value());
    let kept = answer == Some(&Answer::Bool(true));
    let mut judgements = Vec::new();
    for (id, copy) in newest_full(deployment) {
        let Some(host) = copy.host.value() else {
            judgements.push(on(Some(id.clone()), State::Unknown(vec![Need::CopyHost(id.clone())])));
            continue;
        };
        // What is of a removed server is another finding.
        let Some(server) = deployment.servers.get(host) else { continue };
        let state = match (copy.version.value(), server.version.value()) {
            (None, _) => State::Unknown(vec![Need::CopyUse(id.clone())]),
            (_, None) => State::Unknown(vec![Need::Version(host.clone())]),
            // Two versions without a number are not one version.
            (Some(then), Some(now)) if numbers(then).is_some() && numbers(then) == numbers(now) => {
                State::Pass
            }
            (Some(then), Some(now)) => {
                let severity = if kept { Severity::Low } else { Severity::High };
                let why = format!(
                    "{id} was written by IPA {then}; {host} has {now} now, and a backup is to be \
                     restored on the version that wrote it."
                );
                let mut evidence = copy.version.sources();
                evidence.extend(server.version.sources());
                failure(severity, vec![id.clone()], why, evidence)
            }
        };
        judgements.push(on(Some(id.clone()), state));
    }
    with_list(deployment, &[CopyTable::Backups], "no full backup of a server", judgements)
}
