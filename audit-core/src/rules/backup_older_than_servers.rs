//! BAK010 `backup-older-than-servers`.

use std::collections::BTreeSet;

use crate::copy_parts::{newest_full, with_list};
use crate::declare_rule;
use crate::model::{Backup, BackupKind, CopyTable, Deployment, Fqdn, Need, Suffix};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on, some_names};
use crate::views::Views;

declare_rule! {
    /// Flags a newest full backup that does not know a server of today.
    ///
    /// # Why this matters
    ///
    /// What is restored knows the servers of its time. One that was added since is no part of the
    /// restored deployment: its agreements are gone, and it has to be reinstalled, while the plan
    /// counted on it.
    ///
    /// # What it reads
    ///
    /// The servers in the RUV of the newest full backup of each host, which is in its archive, and
    /// the list of servers.
    ///
    /// # Verdicts
    ///
    /// * pass: the backup's RUV names every server;
    /// * fail: it lacks one;
    /// * not applicable: there is no full backup;
    /// * unknown: what the archive holds (it is encrypted, or was not audited), or the list of
    ///   servers.
    ///
    /// # Fix
    ///
    /// Take a full backup after each change of the servers: `ipa-backup`.
    ///
    /// # Source
    ///
    /// Manual page of ipa-restore, REPLICATION: a master whose agreement the backup does not know
    /// must be reinstalled.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full",
    ///   "taken_at": "2026-11-21T00:00:00Z", "ruv": [{"suffix": "domain", "replicas":
    ///     [{"id": 4, "host": "a.example.test"}]}]}]}"#;
    /// assert_eq!(status_on_model("BAK010", model), Some(Status::Fail));
    /// ```
    BackupOlderThanServers {
        code: "BAK010",
        name: "backup-older-than-servers",
        rule: "backup-precedes-topology-change",
        fails: "The newest full backup does not know a server of today",
        holds: "The newest full backups know all servers of today",
        severity: Medium,
        category: DataLoss,
        citation: "manual page of ipa-restore",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = newest_full(deployment)
        .into_iter()
        .map(|(id, copy)| on(Some(id.clone()), state(deployment, id, copy)))
        .collect();
    with_list(deployment, &[CopyTable::Backups], "no full backup", judgements)
}

fn state(deployment: &Deployment, id: &str, copy: &Backup) -> State {
    let unknown = |need: Need| State::Unknown(vec![need]);
    if copy.kind.value() != Some(&BackupKind::Full) {
        return unknown(Need::CopyUse(id.to_owned()));
    }
    let Some(ruv) = copy.ruvs.get(&Suffix::Domain).filter(|ruv| !ruv.replicas.is_empty()) else {
        return unknown(Need::CopyUse(id.to_owned()));
    };
    let hosts: Option<BTreeSet<&Fqdn>> =
        ruv.replicas.values().map(|element| element.host.value()).collect();
    // An element without a host may be any server's.
    let Some(mut hosts) = hosts else { return unknown(Need::CopyUse(id.to_owned())) };
    hosts.extend(copy.host.value());
    let missing: Vec<&Fqdn> =
        deployment.servers.keys().filter(|server| !hosts.contains(server)).collect();
    if !missing.is_empty() {
        let names = some_names(&missing);
        let why = format!("{id} does not know {names}: after a restore these are reinstalled.");
        return failure(Severity::Medium, vec![id.to_owned()], why, ruv.sources.clone());
    }
    if deployment.knows_all_servers() { State::Pass } else { unknown(Need::ServerList) }
}
