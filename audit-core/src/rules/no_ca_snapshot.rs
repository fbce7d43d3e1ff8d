//! SNA001 `no-ca-snapshot`.

use crate::copy_parts::{usable_ca, why_no_ca};
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::recovery::{CopyForm, RestorePoint};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, unless_integrated_ca};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment with an integrated CA and no usable VM snapshot of a CA replica.
    ///
    /// # Why this matters
    ///
    /// From the snapshot of a CA replica all servers can be installed again. Snapshots of other
    /// servers bring no certificate data back, however many there are. A snapshot needs no
    /// packages of the old version, which is why Red Hat prefers it to a backup.
    ///
    /// # What it reads
    ///
    /// Snapshots, which server each VM is, and the roles of that server.
    ///
    /// # Verdicts
    ///
    /// * pass: a snapshot of a CA replica holds every disk;
    /// * fail: there is none, or each lacks a disk, the CA or its store;
    /// * not applicable: the deployment is CA-less;
    /// * unknown: it is not known which snapshots there are, of which server one is, or whether
    ///   it holds every disk.
    ///
    /// # Fix
    ///
    /// Shut the VM of a hidden CA replica down, take a snapshot of all its disks, start it: for
    /// example `virsh shutdown VM; virsh snapshot-create-as VM NAME; virsh start VM`.
    ///
    /// # Source
    ///
    /// The guide, section 4.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca":
    ///   "enabled"}, "version": "4.12.2"}], "ca": "integrated", "snapshots": []}"#;
    /// assert_eq!(status_on_model("SNA001", model), Some(Status::Fail));
    /// ```
    NoCaSnapshot {
        code: "SNA001",
        name: "no-ca-snapshot",
        rule: "snap-exists-ca",
        fails: "No VM snapshot of a CA replica can be used",
        holds: "A VM snapshot of a CA replica can be used",
        severity: High,
        category: DataLoss,
        citation: "guide 4",
        origin: Guide,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

fn state(deployment: &Deployment) -> State {
    let points = RestorePoint::all(deployment);
    let mut needs = match usable_ca(&points, &[CopyForm::Snapshot]) {
        Ok(()) => return State::Pass,
        Err(needs) => needs,
    };
    if !deployment.copies.knows_all(CopyTable::Snapshots) {
        needs.push(Need::Copies);
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let reasons = why_no_ca(&points, &[CopyForm::Snapshot]);
    let why = if reasons.is_empty() {
        "There is no VM snapshot of a CA replica.".to_owned()
    } else {
        format!("No VM snapshot brings the CA back: {}.", reasons.join("; "))
    };
    let evidence = deployment.copies.whole.get(&CopyTable::Snapshots).cloned().unwrap_or_default();
    failure(Severity::High, Vec::new(), why, evidence)
}
