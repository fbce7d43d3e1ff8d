//! DC002 `data-center-with-few-neighbors`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, on_data_centers};
use crate::views::{NamedGraph, SuffixView, Views};

declare_rule! {
    /// Flags a data center whose servers have segments to fewer than two other data centers.
    ///
    /// # Why this matters
    ///
    /// Losing the one neighbor, or the line to it, cuts the data center off from all others.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location in LDIF, or model JSON), and the segments of
    /// suffix `domain`.
    ///
    /// # Verdicts
    ///
    /// * pass: segments to two or more other data centers;
    /// * fail: to fewer, and the list of segments is complete;
    /// * not applicable: fewer than three data centers;
    /// * unknown: a server's data center, the list of servers, or the segments are not known.
    ///
    /// The published example topology of four data centers in a chain fails it for both ends
    /// (contradiction X3 of the rules catalog); the text decides over the figure.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add domain`, twice, to another data center, between different servers.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: connect each
    /// data center to at least two others.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "data_center": "a", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b.example.test", "data_center": "b", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("DC002", model), Some(Status::NotApplicable));
    /// ```
    DataCenterWithFewNeighbors {
        code: "DC002",
        name: "data-center-with-few-neighbors",
        rule: "dc-two-peers",
        fails: "A data center is linked to fewer than two others",
        holds: "Every data center is linked to at least two others",
        severity: High,
        category: SiteLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Neighbors that a data center needs.
const NEIGHBORS_MIN: usize = 2;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    on_data_centers(deployment, views, |view, centers| states(deployment, view, centers))
}

fn states(
    deployment: &Deployment,
    view: &SuffixView,
    centers: &Centers<'_>,
) -> Vec<(Option<String>, State)> {
    if centers.len() <= NEIGHBORS_MIN {
        return vec![(None, State::NotApplicable("fewer than three data centers"))];
    }
    let neighbors = |graph: &NamedGraph, servers: &[&Fqdn]| -> Vec<String> {
        centers
            .iter()
            .filter(|(_, others)| others.as_slice() != servers)
            .filter(|(_, others)| !graph.matching(servers, others).is_empty())
            .map(|(other, _)| (*other).to_owned())
            .collect()
    };
    centers
        .iter()
        .map(|(center, servers)| {
            let listed = neighbors(&view.possible, servers);
            let state = if neighbors(&view.certain, servers).len() >= NEIGHBORS_MIN {
                State::Pass
            } else if !view.segments_complete || listed.len() >= NEIGHBORS_MIN {
                State::Unknown(view.needs(deployment))
            } else {
                fail(deployment, view, centers, center, &listed)
            };
            (Some((*center).to_owned()), state)
        })
        .collect()
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    centers: &Centers<'_>,
    center: &str,
    neighbors: &[String],
) -> State {
    let suffix = view.suffix;
    let servers = |name: &str| -> Vec<&Fqdn> {
        centers.iter().find(|(other, _)| *other == name).map(|(_, s)| s.clone()).unwrap_or_default()
    };
    let own = servers(center);
    let load = |name: &&Fqdn| (view.possible.partners(name).all().len(), (*name).clone());
    // The other data centers whose servers have the most room.
    let mut targets: Vec<_> = centers
        .iter()
        .filter(|(other, _)| *other != center && !neighbors.iter().any(|n| n == other))
        .collect();
    targets.sort_by_key(|(other, servers)| (servers.iter().map(load).min(), *other));
    let mut edits = Vec::new();
    for (_, others) in targets.into_iter().take(NEIGHBORS_MIN - neighbors.len()) {
        let (mut left, mut right) = (own.clone(), others.clone());
        left.sort_by_key(load);
        right.sort_by_key(load);
        for (left, right) in left.into_iter().zip(right).take(2) {
            edits.push(Edit::AddSegment { suffix, left: left.clone(), right: right.clone() });
        }
    }
    let outward =
        deployment.topology(suffix).segments.iter().filter(|segment| {
            own.contains(&&segment.key.left) != own.contains(&&segment.key.right)
        });
    let mut evidence: Sources =
        outward.flat_map(|segment| segment.sources.iter().cloned()).collect();
    if evidence.is_empty() {
        evidence.extend(deployment.topology(suffix).sources.iter().cloned());
    }
    let why = match neighbors {
        [] => format!("Data center {center} has no segment to any other data center."),
        names => format!(
            "Data center {center} is linked to {} only; the guide asks for at least \
             {NEIGHBORS_MIN} others. Losing it cuts {center} off.",
            names.join(", ")
        ),
    };
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![center.to_owned()],
        why,
        evidence,
        repair: Some(Repair::Edits(edits)),
    }))
}
