//! COP003 `copies-on-their-host`.

use crate::copy_parts::{by_host, evidence_of, has_usable_ca, with_list};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Fqdn, Need, Role};
use crate::recovery::{RestorePoint, Whereabouts};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a server whose copies are all on its own disk.
    ///
    /// # Why this matters
    ///
    /// The disk that is lost with the server takes its backups along: the copy exists until it
    /// is needed.
    ///
    /// # What it reads
    ///
    /// Where copies are: lists with their machine, stores in answers.toml.
    ///
    /// # Verdicts
    ///
    /// * pass: a copy of the server is in a store or on a host other than itself;
    /// * fail: all are on its own disk: high, critical if no usable copy of a CA is elsewhere
    ///   and the server has the CA;
    /// * not applicable: there is no copy;
    /// * unknown: where a copy is, or which there are.
    ///
    /// # Fix
    ///
    /// Copy each backup to another host: with Ansible `ipabackup_to_controller: true`, else
    /// `rsync -a /var/lib/ipa/backup/ HOST:STORE`.
    ///
    /// # Source
    ///
    /// The guide, section 5.3, asks for another file system and a fixed medium; Performing
    /// disaster recovery with IdM (RHEL 10) 6.3 copies to the controller. That it must be
    /// another host follows.
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
    ///   "2026-11-21T00:00:00Z", "path": "/var/lib/ipa/backup/ipa-full-2026-11-21-00-00-00"}],
    ///   "snapshots": []}"#;
    /// assert_eq!(status_on_model("COP003", model), Some(Status::Fail));
    /// ```
    CopiesOnTheirHost {
        code: "COP003",
        name: "copies-on-their-host",
        rule: "backup-off-host",
        fails: "All copies of a server are on its own disk",
        holds: "Copies of servers are kept elsewhere",
        severity: High,
        category: DataLoss,
        citation: "guide 5.3; conclusion",
        origin: Derived,
        supersedes: ["BAK006"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let points = RestorePoint::all(deployment);
    let elsewhere: Vec<RestorePoint> =
        points.iter().filter(|point| is_elsewhere(point) == Ok(true)).cloned().collect();
    let ca_elsewhere = has_usable_ca(&elsewhere);
    let judgements = by_host(&points)
        .into_iter()
        .map(|(host, points)| {
            let critical = !ca_elsewhere && points.iter().any(|p| p.holds(Role::Ca) == Some(true));
            let severity = if critical { Severity::Critical } else { Severity::High };
            on(Some(host.to_string()), state(deployment, host, &points, severity))
        })
        .collect();
    let tables = [CopyTable::Backups, CopyTable::Snapshots];
    with_list(deployment, &tables, "there is no copy", judgements)
}

/// Whether a copy is not on the disk of its own server; what is missing to know it.
fn is_elsewhere(point: &RestorePoint) -> Result<bool, Need> {
    match &point.whereabouts {
        Whereabouts::Unknown => Err(Need::CopyPlace(point.id.clone())),
        Whereabouts::OnHost(host) => Ok(point.host.as_ref() != Some(host)),
        Whereabouts::Store { id, is_vague: true, .. } => Err(Need::StorePlace(id.clone())),
        Whereabouts::Store { host, .. } => {
            Ok(host.is_none() || host.as_ref() != point.host.as_ref())
        }
    }
}

fn state(
    deployment: &Deployment,
    host: &Fqdn,
    points: &[&RestorePoint],
    severity: Severity,
) -> State {
    let mut needs = Vec::new();
    for point in points {
        match is_elsewhere(point) {
            Ok(true) => return State::Pass,
            Ok(false) => {}
            Err(need) => needs.push(need),
        }
    }
    needs.sort();
    needs.dedup();
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let evidence: Sources =
        points.iter().flat_map(|point| evidence_of(deployment, &point.id)).collect();
    let why =
        format!("All {} copies of {host} are on its own disk, and are lost with it.", points.len());
    failure(severity, vec![host.to_string()], why, evidence)
}
