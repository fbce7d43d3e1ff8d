//! TOP003 `suffix-disconnected`.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{CaMode, Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::evidence_of_server;
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a suffix whose servers fall into groups that do not replicate to each other.
    ///
    /// # Why this matters
    ///
    /// The deployment is split now: changes made in one group never reach the other, passwords and
    /// certificates differ, and even the removal of a lost server is known in one group only.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix with their directions, the list of servers, and for suffix `ca` the
    /// CA role of each. Servers belong together if changes can travel both ways.
    ///
    /// # Verdicts
    ///
    /// * pass: all servers are one group;
    /// * fail: two servers are in different groups, and the list of segments is complete;
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: the segments, the servers, or (suffix `ca`) a CA role are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add` between the groups. While they are split, the command must be run
    /// in each group: a segment is itself replicated data.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/topology.py` (`ipa topologysuffix-verify`); Managing replication in IdM
    /// (RHEL 10), section 1.13.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "c.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "d.example.test", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}, {"left": "c.example.test", "right": "d.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP003", model), Some(Status::Fail));
    /// ```
    SuffixDisconnected {
        code: "TOP003",
        name: "suffix-disconnected",
        rule: "topo-connected",
        fails: "Servers cannot replicate to each other",
        holds: "All servers can replicate to each other",
        severity: Critical,
        category: ServerLoss,
        citation: "FreeIPA ipa topologysuffix-verify; Managing replication in IdM (RHEL 10) 1.13",
        origin: Code,
        supersedes: ["TOP001", "TOP007"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    Suffix::ALL.into_iter().map(|suffix| judge(deployment, views.of(suffix))).collect()
}

fn judge(deployment: &Deployment, view: &SuffixView) -> Judgement {
    Judgement { subject: None, suffix: Some(view.suffix), state: state(deployment, view) }
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    let suffix = view.suffix;
    let carriers_known = view.carrier_needs.is_empty();
    if suffix == Suffix::Ca && deployment.ca.certainly(|mode| *mode == CaMode::None) {
        return State::NotApplicable("CA-less: there is no suffix ca");
    }
    if carriers_known && view.certain.servers().len() < 2 {
        return State::NotApplicable("fewer than two servers carry the suffix");
    }
    if carriers_known && view.certain.is_connected() {
        return State::Pass;
    }
    let carriers: BTreeSet<&Fqdn> = deployment.carriers(suffix).into_iter().collect();
    let mut islands: Vec<Vec<Fqdn>> = view
        .possible
        .islands()
        .into_iter()
        .map(|island| island.into_iter().filter(|name| carriers.contains(name)).collect())
        .filter(|island: &Vec<Fqdn>| !island.is_empty())
        .collect();
    if !view.segments_complete || islands.len() < 2 {
        return State::Unknown(view.needs(deployment));
    }
    islands.sort_by_key(|island| (Reverse(island.len()), island.first().cloned()));
    let apart: Vec<String> = islands.iter().skip(1).flatten().map(ToString::to_string).collect();
    let groups: Vec<String> = islands.iter().map(|island| group(island)).collect();
    let mut evidence = deployment.topology(suffix).sources.clone();
    for server in islands.iter().skip(1).flatten() {
        evidence.extend(evidence_of_server(deployment, suffix, server));
    }
    State::Fail(Box::new(Failure {
        severity: Severity::Critical,
        subjects: apart,
        why: format!(
            "Suffix {suffix} is split into {} groups that do not replicate to each other: {}.",
            islands.len(),
            groups.join(" | ")
        ),
        evidence,
        repair: Some(Repair::Join { suffix, groups: islands, avoid: Vec::new() }),
    }))
}

/// Up to four names of a group.
fn group(island: &[Fqdn]) -> String {
    let mut names: Vec<&str> = island.iter().take(4).map(Fqdn::as_str).collect();
    let more = format!("{} more", island.len().saturating_sub(4));
    if island.len() > 4 {
        names.push(&more);
    }
    names.join(", ")
}
