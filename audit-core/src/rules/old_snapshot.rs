//! SNA003 `old-snapshot`.

use std::collections::BTreeMap;

use crate::copy_parts::{DAY, days_between, with_list};
use crate::declare_rule;
use crate::evidence::{Fact, Sources};
use crate::model::{CopyTable, Deployment, Fqdn, Need, Suffix};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, max_age, on};
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
    /// Times of snapshots and the server that each is of, and how long its peers keep changes for
    /// it (`nsslapd-changelogmaxage`, export of each server).
    ///
    /// # Verdicts
    ///
    /// * pass: it is at most 7 days old, and its peers still keep what it lacks;
    /// * fail: it is older than one of the two: medium; high beyond the age at which all of its
    ///   peers trim changelogs, or beyond 30 days where that is not known;
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
    /// sets `nsslapd-changelogmaxage: 30d` since 4.9. What is trimmed: 389-ds `cl5_api.c`.
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

/// Days after which peers have trimmed what the snapshot lacks, where they do not say.
const TRIMMED_DAYS: i64 = 30;

/// Seconds after which every peer has trimmed what a snapshot of a server lacks, and whether the
/// peers say so. One that keeps it longer can still send it.
fn trimmed_after(deployment: &Deployment, host: &Fqdn) -> (i64, bool) {
    let peers = deployment.carriers(Suffix::Domain).into_iter().filter(|peer| *peer != host);
    let mut longest = None;
    for peer in peers {
        let age = max_age(deployment, peer, Suffix::Domain).and_then(Fact::value);
        match age.map(|age| i64::from(age.seconds())) {
            None => return (TRIMMED_DAYS * DAY, false),
            // Without end.
            Some(0) => longest = Some(i64::MAX),
            Some(age) => longest = longest.max(Some(age)),
        }
    }
    longest.map_or((TRIMMED_DAYS * DAY, false), |age| (age, true))
}

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
            Some(days)
                if days <= DUE_DAYS
                    && days.saturating_mul(DAY) <= trimmed_after(deployment, host).0 =>
            {
                State::Pass
            }
            Some(days) if needs.is_empty() => {
                let (trimmed, known) = trimmed_after(deployment, host);
                let is_beyond = days.saturating_mul(DAY) > trimmed;
                let severity = if is_beyond { Severity::High } else { Severity::Medium };
                let consequence = if known && is_beyond {
                    let kept = trimmed / DAY;
                    format!(
                        " Its peers keep changes for {kept} days: it cannot catch up any more, and \
                         must be re-initialized."
                    )
                } else {
                    String::new()
                };
                let why = format!("The newest snapshot of {host} is {days} days old.{consequence}");
                failure(severity, vec![host.to_string()], why, evidence)
            }
            _ => State::Unknown(needs),
        };
        judgements.push(on(Some(host.to_string()), state));
    }
    with_list(deployment, &[CopyTable::Snapshots], "no snapshot of a server", judgements)
}
