//! SNA003 `old-snapshot`.

use std::collections::BTreeMap;

use crate::copy_parts::{days_between, with_list};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Fqdn, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a server whose newest VM snapshot is more than a week old.
    ///
    /// # Why this matters
    ///
    /// A VM that is set back lacks what its peers have trimmed from their changelogs meanwhile:
    /// it cannot catch up and must be re-initialized. And everything since is lost where no
    /// peer is left.
    ///
    /// # What it reads
    ///
    /// Times of snapshots and the server that each is of.
    ///
    /// # Verdicts
    ///
    /// * pass: it is at most 7 days old;
    /// * fail: it is older: medium, high beyond 30 days, the age at which current servers trim
    ///   changelogs;
    /// * not applicable: there is no snapshot of a server;
    /// * unknown: when one was taken, of which server, or which there are.
    ///
    /// # Fix
    ///
    /// Take snapshots by schedule, each time with the VM off: `virsh snapshot-create-as VM
    /// NAME`.
    ///
    /// # Source
    ///
    /// The guide, section 4, says "periodically". 7 days are this project's; 30 days: FreeIPA
    /// sets `nsslapd-changelogmaxage: 30d` since 4.9.
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
    ///   "2026-01-01T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("SNA003", model), Some(Status::Fail));
    /// ```
    OldSnapshot {
        code: "SNA003",
        name: "old-snapshot",
        rule: "snap-periodic",
        fails: "The newest VM snapshot of a server is old",
        holds: "The newest VM snapshots are new enough",
        severity: High,
        category: DataLoss,
        citation: "guide 4",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Days after which the next one is due.
const DUE_DAYS: i64 = 7;

/// Days after which peers have trimmed what the snapshot lacks.
const TRIMMED_DAYS: i64 = 30;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let mut newest: BTreeMap<&Fqdn, (Option<Timestamp>, Vec<Need>, Sources)> = BTreeMap::new();
    let mut judgements = Vec::new();
    for (id, copy) in &deployment.copies.snapshots {
        let Some(host) = copy.host.value() else {
            judgements.push(on(Some(id.clone()), State::Unknown(vec![Need::CopyHost(id.clone())])));
            continue;
        };
        let (at, needs, sources) = newest.entry(host).or_default();
        match copy.taken_at.value() {
            Some(time) => *at = (*at).max(Some(*time)),
            None => needs.push(Need::CopyTime(id.clone())),
        }
        sources.extend(copy.taken_at.sources());
    }
    for (host, (at, needs, evidence)) in newest {
        let days = at.map(|at| days_between(at, views.as_of));
        let state = match days {
            Some(days) if days <= DUE_DAYS => State::Pass,
            Some(days) if needs.is_empty() => {
                let severity = if days > TRIMMED_DAYS { Severity::High } else { Severity::Medium };
                let why = format!("The newest snapshot of {host} is {days} days old.");
                failure(severity, vec![host.to_string()], why, evidence)
            }
            _ => State::Unknown(needs),
        };
        judgements.push(on(Some(host.to_string()), state));
    }
    with_list(deployment, &[CopyTable::Snapshots], "no snapshot of a server", judgements)
}
