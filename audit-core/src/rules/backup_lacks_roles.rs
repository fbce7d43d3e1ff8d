//! BAK002 `backup-lacks-roles`.

use crate::copy_parts::{newest_full, roles_in_use, with_list};
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need, Role};
use crate::recovery::RestorePoint;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags the newest full backup of a server that lacks a role in use.
    ///
    /// # Why this matters
    ///
    /// A backup holds the roles of its own server and no others: restored, the deployment lacks
    /// the KRA with its vaults, or DNS, or the trust. ipa-backup refuses to run on such a
    /// server since RHEL 8.3, but `--disable-role-check` overrides that and leaves no trace in
    /// the backup. So it is worked out again here.
    ///
    /// # What it reads
    ///
    /// Services in the headers of backups, databases in their archives, and the roles of all
    /// servers.
    ///
    /// # Verdicts
    ///
    /// * pass: the backup has every role that some server has;
    /// * fail: it lacks one: high, low if the newest full backup of another server has them
    ///   all;
    /// * not applicable: there is no full backup;
    /// * unknown: its services, the roles of servers, or which backups there are.
    ///
    /// # Fix
    ///
    /// Run it on a hidden replica with every role: `ipa-kra-install`, `ipa-dns-install` or
    /// `ipa-adtrust-install` there first, then `ipa-backup` without `--disable-role-check`.
    ///
    /// # Source
    ///
    /// The guide, sections 5 and 5.3; FreeIPA `ipaserver/install/ipa_backup.py`
    /// (`check_roles`).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca":
    ///   "enabled", "kra": "enabled"}}], "ca": "integrated", "backups": [{"id": "b1", "host":
    ///   "a.example.test", "kind": "full", "roles": ["CA"], "version": "4.12.2", "encrypted":
    ///   false, "complete": true, "taken_at": "2026-11-21T00:00:00Z"}], "snapshots": []}"#;
    /// assert_eq!(status_on_model("BAK002", model), Some(Status::Fail));
    /// ```
    BackupLacksRoles {
        code: "BAK002",
        name: "backup-lacks-roles",
        rule: "backup-all-roles",
        fails: "A full backup is of a server without all roles in use",
        holds: "Full backups are of servers with all roles in use",
        severity: High,
        category: DataLoss,
        citation: "guide 5, 5.3",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let points = RestorePoint::all(deployment);
    let (used, needs) = roles_in_use(deployment);
    let newest = newest_full(deployment);
    let of = |id: &str| points.iter().find(|point| point.id == id);
    let covers = |id: &str| {
        of(id).is_some_and(|point| used.iter().all(|role| point.holds(*role) == Some(true)))
    };
    let one_covers = newest.iter().any(|(id, _)| covers(id));
    let judgements = newest
        .iter()
        .map(|(id, copy)| {
            let lacks = |role: &&Role| of(id).and_then(|point| point.holds(**role)) == Some(false);
            let missing: Vec<&str> = used.iter().filter(lacks).map(|role| role.key()).collect();
            let state = if !missing.is_empty() {
                let severity = if one_covers { Severity::Low } else { Severity::High };
                let why = format!(
                    "{id} has no {}, which other servers have: restored from it, the deployment \
                     lacks that.",
                    missing.join(", ")
                );
                let mut evidence = copy.roles.sources();
                evidence.extend(copy.holds_ca_data.sources());
                evidence.extend(copy.holds_kra_data.sources());
                failure(severity, vec![(*id).clone()], why, evidence)
            } else if !needs.is_empty() {
                State::Unknown(needs.clone())
            } else if covers(id) {
                State::Pass
            } else {
                State::Unknown(vec![Need::CopyUse((*id).clone())])
            };
            on(Some((*id).clone()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Backups], "there is no full backup", judgements)
}
