//! TOP009 `long-replication-path`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_group, known_data_centers, no_carriers, parts_of};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a suffix in which a change passes more than three lines between data centers to reach
    /// every server.
    ///
    /// # Why this matters
    ///
    /// Every data center on the way adds its waiting time, and holds changes that are lost with it
    /// when it is lost before it sent them on. On a long path a password change arrives late, and
    /// more of the newest changes are at stake.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), the segments of the
    /// suffix with their directions, and for suffix `ca` the CA role of each server. The shortest
    /// path counts, and on it the segments that lead from one data center to another.
    ///
    /// # Verdicts
    ///
    /// * pass: three such segments or fewer between any two servers;
    /// * fail: more between some two that replicate to each other, and servers and segments are
    ///   known;
    /// * not applicable: fewer than five data centers: no path is that long; or the suffix is
    ///   split;
    /// * unknown: a server's data center, the list of servers, the segments, or (suffix `ca`) a CA
    ///   role is not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add` between the data centers that are farthest apart.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: distances
    /// and intermediate servers add latency. The number is from the description of figure 3.1 in
    /// the edition for RHEL 10, four data centers in a chain with "at most 3 hops"; the text names
    /// none.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "data_center": "a"},
    ///     {"fqdn": "b.example.test", "data_center": "b"}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP009", model), Some(Status::NotApplicable));
    /// ```
    LongReplicationPath {
        code: "TOP009",
        name: "long-replication-path",
        rule: "topo-hop-count",
        fails: "Changes pass more than three lines between data centers",
        holds: "Changes pass three lines between data centers or fewer",
        severity: Low,
        category: SiteLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Segments between data centers on a path beyond which it is long (RHEL 10 edition of the guide,
/// figure 3.1).
const HOPS_MAX: usize = 3;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let centers = known_data_centers(deployment);
    let judge = |suffix| {
        let view = views.of(suffix);
        let state = match &centers {
            _ if view.certain.servers().is_empty() => no_carriers(deployment, view),
            Err(needs) => State::Unknown(needs.clone()),
            Ok(centers) if centers.len() <= HOPS_MAX + 1 => {
                State::NotApplicable("fewer than five data centers")
            }
            Ok(_) => state(deployment, view),
        };
        Judgement { subject: None, suffix: Some(suffix), state }
    };
    Suffix::ALL.into_iter().map(judge).collect()
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    if !view.carrier_needs.is_empty() {
        return State::Unknown(view.needs(deployment));
    }
    let certain = parts_of(deployment, view, &view.certain);
    // Further segments make paths shorter.
    if view.certain.is_connected() && certain.longest_path_beyond(HOPS_MAX).is_none() {
        return State::Pass;
    }
    if !view.segments_complete {
        return State::Unknown(view.needs(deployment));
    }
    let possible = parts_of(deployment, view, &view.possible);
    match possible.longest_path_beyond(HOPS_MAX) {
        Some((from, to, hops)) => fail(deployment, view, (from, to), hops),
        None if view.possible.is_connected() => State::Unknown(view.needs(deployment)),
        None => State::NotApplicable("the suffix is split already"),
    }
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    (from, to): (&[Fqdn], &[Fqdn]),
    hops: usize,
) -> State {
    let center = |servers: &[Fqdn]| {
        let server = servers.first().and_then(|name| deployment.servers.get(name));
        server.and_then(|server| server.data_center.value()).cloned().unwrap_or_default()
    };
    let (first, last) = (center(from), center(to));
    State::Fail(Box::new(Failure {
        severity: Severity::Low,
        why: format!(
            "A change in suffix {} passes {hops} lines between data centers from {first} to \
             {last}; {HOPS_MAX} or fewer keep it timely.",
            view.suffix
        ),
        subjects: vec![first, last],
        evidence: evidence_of_group(deployment, view.suffix, from.iter().chain(to)),
        repair: Some(Repair::Shorten { suffix: view.suffix, hops_max: HOPS_MAX }),
    }))
}
