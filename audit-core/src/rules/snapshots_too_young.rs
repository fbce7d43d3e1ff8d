//! SNA005 `snapshots-too-young`.

use std::collections::{BTreeMap, BTreeSet};

use crate::copy_parts::{DAY, days_between, with_list};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Fqdn, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a server of which there is no VM snapshot from before damage is noticed.
    ///
    /// # Why this matters
    ///
    /// Damage to data is replicated at once, and noticed days later. If each new snapshot replaces
    /// the one before, then when somebody notices, the only one there is holds the damage, too.
    ///
    /// # What it reads
    ///
    /// Times of the snapshots of each server, and the target `noticed_within`.
    ///
    /// # Verdicts
    ///
    /// * pass: there are two or more, and the oldest is older than damage takes to be noticed;
    /// * fail: there is one, or the oldest is younger than that;
    /// * not applicable: there is no snapshot of a server;
    /// * unknown: when one was taken, of which server, or which there are.
    ///
    /// Where no target says it, 7 days count.
    ///
    /// # Fix
    ///
    /// Keep several: take the new one before an old one is deleted, and keep one for longer than
    /// damage takes to be noticed.
    ///
    /// # Source
    ///
    /// Conclusion from Performing disaster recovery with Identity Management (RHEL 10), section
    /// 7.3: go back to a state that is known to be good. 7 days are this project's.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "snapshots": [{"id": "s1", "vm": "a", "host": "a.example.test", "taken_at":
    ///   "2026-11-21T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("SNA005", model), Some(Status::Fail));
    /// ```
    SnapshotsTooYoung {
        code: "SNA005",
        name: "snapshots-too-young",
        rule: "snap-retention",
        fails: "There is no VM snapshot from before damage is noticed",
        holds: "VM snapshots reach back beyond the time in which damage is noticed",
        severity: Medium,
        category: DataLoss,
        citation: "Performing disaster recovery with IdM (RHEL 10) 7.3; conclusion",
        origin: Derived,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Days in which damage is noticed, where no target says it.
const NOTICED_DAYS: i64 = 7;

/// Snapshots of one server.
#[derive(Default)]
struct Kept {
    times: BTreeSet<Timestamp>,
    needs: Vec<Need>,
    evidence: Sources,
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let target = deployment.copies.targets.noticed_within.value();
    let noticed = target.map_or(NOTICED_DAYS * DAY, |span| i64::from(span.seconds()));
    let mut hosts: BTreeMap<&Fqdn, Kept> = BTreeMap::new();
    let mut judgements = Vec::new();
    for (id, copy) in &deployment.copies.snapshots {
        let Some(host) = copy.host.value() else {
            judgements.push(on(Some(id.clone()), State::Unknown(vec![Need::CopyHost(id.clone())])));
            continue;
        };
        let kept = hosts.entry(host).or_default();
        match copy.taken_at.value() {
            Some(at) => kept.times.extend([*at]),
            None => kept.needs.push(Need::CopyTime(id.clone())),
        }
        kept.evidence.extend(copy.taken_at.sources());
    }
    let known = deployment.copies.knows_all(CopyTable::Snapshots);
    for (host, mut kept) in hosts {
        let oldest = kept.times.first().copied();
        let reaches =
            oldest.is_some_and(|at| views.as_of.unix_seconds() - at.unix_seconds() >= noticed);
        let state = if kept.times.len() >= 2 && reaches {
            State::Pass
        } else if !known || !kept.needs.is_empty() {
            if !known {
                kept.needs.push(Need::Copies);
            }
            State::Unknown(kept.needs)
        } else {
            let days = oldest.map_or(0, |at| days_between(at, views.as_of));
            let why = format!(
                "{} snapshot(s) of {host}, the oldest {days} days old: damage that is noticed \
                 after {} days may be in all of them.",
                kept.times.len(),
                noticed / DAY
            );
            failure(Severity::Medium, vec![host.to_string()], why, kept.evidence)
        };
        judgements.push(on(Some(host.to_string()), state));
    }
    with_list(deployment, &[CopyTable::Snapshots], "no snapshot of a server", judgements)
}
