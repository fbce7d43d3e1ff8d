//! SNA002 `snapshot-of-running-vm`.

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a VM snapshot that was taken while the VM ran, or that does not hold every disk.
    ///
    /// # Why this matters
    ///
    /// The documented procedure shuts the VM down first. What a snapshot of a running server
    /// holds depends on what was in memory and on its way to which disk; a snapshot without a
    /// disk holds half a server.
    ///
    /// # What it reads
    ///
    /// Snapshots with their state, from exports of hypervisors or answers.toml.
    ///
    /// # Verdicts
    ///
    /// * pass: the VM was off, and every disk is in it;
    /// * fail: the VM ran, or a disk is missing;
    /// * not applicable: there is no snapshot;
    /// * unknown: one of the two, or which snapshots there are.
    ///
    /// # Fix
    ///
    /// Shut the VM down, take the snapshot of all its disks, start it: `virsh shutdown VM;
    /// virsh snapshot-create-as VM NAME; virsh start VM`.
    ///
    /// # Source
    ///
    /// The guide, section 4; "any or all available disks" in section 1.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "snapshots": [{"id": "s1", "vm": "a", "powered_off": false, "full": true}]}"#;
    /// assert_eq!(status_on_model("SNA002", model), Some(Status::Fail));
    /// ```
    SnapshotOfRunningVm {
        code: "SNA002",
        name: "snapshot-of-running-vm",
        rule: "snap-cold-full",
        fails: "A VM snapshot was taken of a running VM, or lacks a disk",
        holds: "VM snapshots are of VMs that were off, with every disk",
        severity: Medium,
        category: DataLoss,
        citation: "guide 4",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = deployment
        .copies
        .snapshots
        .iter()
        .map(|(id, copy)| {
            let what = match (copy.powered_off.value(), copy.full.value()) {
                (Some(false), Some(false)) => Some("its VM ran, and a disk is missing"),
                (Some(false), _) => Some("its VM ran"),
                (_, Some(false)) => Some("a disk is missing"),
                _ => None,
            };
            let state = match (what, copy.powered_off.value(), copy.full.value()) {
                (Some(what), _, _) => {
                    let mut evidence = copy.powered_off.sources();
                    evidence.extend(copy.full.sources());
                    let why =
                        format!("Snapshot {id}: {what}; the guide asks for a VM that is off.");
                    failure(Severity::Medium, vec![id.clone()], why, evidence)
                }
                (None, Some(true), Some(true)) => State::Pass,
                _ => State::Unknown(vec![Need::CopyUse(id.clone())]),
            };
            on(Some(id.clone()), state)
        })
        .collect();
    with_list(deployment, &[CopyTable::Snapshots], "there is no snapshot", judgements)
}
