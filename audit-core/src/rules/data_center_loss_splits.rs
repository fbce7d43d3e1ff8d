//! DC007 `data-center-loss-splits`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{
    Centers, evidence_of_group, known_data_centers, no_carriers, parts_of, some_names,
};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a data center whose loss splits the servers of the others, in each suffix.
    ///
    /// # Why this matters
    ///
    /// Losing a data center is bad enough without the rest falling apart: no change passes between
    /// the groups, and the removal of the lost servers is known in one of them only.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), the segments of the
    /// suffix with their directions, and for suffix `ca` the CA role of each server.
    ///
    /// # Verdicts
    ///
    /// * pass: without the data center, servers that replicated to each other before still do;
    /// * fail: they do not, and the list of segments is complete;
    /// * not applicable: fewer than three data centers, or no server of this one carries the
    ///   suffix, or it splits off nothing but data centers that have no other neighbor, which is
    ///   the finding of DC002;
    /// * unknown: a server's data center, the list of servers, the segments, or (suffix `ca`) a CA
    ///   role is not known.
    ///
    /// Whether the rest can carry all clients is a question of their number, and not part of it.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add` between the groups that would remain.
    ///
    /// # Source
    ///
    /// Our conclusion from Preparing for disaster recovery with Identity Management (RHEL 8),
    /// section 3.1: each data center is to be linked to two others so that losing one does not cut
    /// it off.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "data_center": "a"},
    ///     {"fqdn": "b.example.test", "data_center": "b"},
    ///     {"fqdn": "c.example.test", "data_center": "c"},
    ///     {"fqdn": "d.example.test", "data_center": "d"},
    ///     {"fqdn": "e.example.test", "data_center": "e"}],
    ///   "suffixes": {"domain": {"known": true, "segments": [
    ///     {"left": "a.example.test", "right": "b.example.test"},
    ///     {"left": "b.example.test", "right": "c.example.test"},
    ///     {"left": "c.example.test", "right": "d.example.test"},
    ///     {"left": "d.example.test", "right": "e.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("DC007", model), Some(Status::Fail));
    /// ```
    DataCenterLossSplits {
        code: "DC007",
        name: "data-center-loss-splits",
        rule: "dc-loss-capacity",
        fails: "Losing one data center splits the others",
        holds: "The rest stays connected after the loss of any one data center",
        severity: High,
        category: SiteLoss,
        citation: "derived from guide 3.1",
        origin: Derived,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let centers = known_data_centers(deployment);
    Suffix::ALL
        .into_iter()
        .flat_map(|suffix| {
            let view = views.of(suffix);
            let states = match &centers {
                _ if view.certain.servers().is_empty() => {
                    vec![(None, no_carriers(deployment, view))]
                }
                Ok(centers) => states(deployment, view, centers),
                Err(needs) => vec![(None, State::Unknown(needs.clone()))],
            };
            let judge = move |(subject, state)| Judgement { subject, suffix: Some(suffix), state };
            states.into_iter().map(judge)
        })
        .collect()
}

fn states(
    deployment: &Deployment,
    view: &SuffixView,
    centers: &Centers<'_>,
) -> Vec<(Option<String>, State)> {
    if centers.len() < 3 {
        return vec![(None, State::NotApplicable("fewer than three data centers"))];
    }
    let carriers_known = view.carrier_needs.is_empty();
    let settled = deployment.topology(view.suffix).is_known() || view.certain.is_connected();
    let certain = parts_of(deployment, view, &view.certain);
    let possible = parts_of(deployment, view, &view.possible);
    centers
        .iter()
        .map(|(center, servers)| {
            let state = if carriers_known && certain.of(center).is_empty() {
                State::NotApplicable("no server of it carries the suffix")
            } else if carriers_known && settled && certain.split_by_loss(center).is_empty() {
                State::Pass
            } else {
                let pieces = possible.split_by_loss(center);
                let others = pieces.iter().filter(|piece| !is_one_center(centers, piece));
                if !pieces.is_empty() && others.count() < 2 {
                    State::NotApplicable("what it would split off has no other neighbor: DC002")
                } else if pieces.is_empty() || !carriers_known || !view.segments_complete {
                    State::Unknown(view.needs(deployment))
                } else {
                    fail(deployment, view, (center, servers), pieces)
                }
            };
            (Some((*center).to_owned()), state)
        })
        .collect()
}

/// True if these servers are of one data center: its only neighbor is the lost one, which the
/// guide's rule on neighbors (DC002) says already.
fn is_one_center(centers: &Centers<'_>, piece: &[Fqdn]) -> bool {
    centers.iter().any(|(_, servers)| piece.iter().all(|server| servers.contains(&server)))
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    (center, servers): (&str, &[&Fqdn]),
    pieces: Vec<Vec<Fqdn>>,
) -> State {
    let suffix = view.suffix;
    let groups: Vec<String> = pieces.iter().map(some_names).collect();
    let evidence = evidence_of_group(deployment, suffix, servers.iter().copied());
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![center.to_owned()],
        why: format!(
            "Losing data center {center} splits suffix {suffix} of the others into {} groups: {}.",
            pieces.len(),
            groups.join(" | ")
        ),
        evidence,
        repair: Some(Repair::Join {
            suffix,
            groups: pieces,
            avoid: servers.iter().map(|name| (*name).clone()).collect(),
        }),
    }))
}
