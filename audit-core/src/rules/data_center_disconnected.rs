//! DC003 `data-center-disconnected`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, evidence_of_group, on_data_centers, parts_of, some_names};
use crate::views::parts::Parts;
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a data center whose servers replicate to each other only through other data centers.
    ///
    /// # Why this matters
    ///
    /// When the lines to the other data centers fail, the servers of this one drift apart: a
    /// password that is changed on one of them does not work on its neighbor.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), and the segments of
    /// suffix `domain` between servers of the same one.
    ///
    /// # Verdicts
    ///
    /// * pass: the segments within the data center connect its servers, both ways;
    /// * fail: they do not, and the list of segments is complete;
    /// * not applicable: one data center in all (then this is about the whole suffix), or a single
    ///   server in it;
    /// * unknown: a server's data center, the list of servers, or the segments are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add domain` between servers of the data center.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: connect the
    /// replicas of a data center with each other. Its figures show every one joined to every other;
    /// with more than five servers that breaks the limit of four agreements, so a connection is
    /// what counts here.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a1.example.test", "data_center": "a"},
    ///     {"fqdn": "a2.example.test", "data_center": "a"},
    ///     {"fqdn": "b1.example.test", "data_center": "b"}],
    ///   "suffixes": {"domain": {"known": true, "segments": [
    ///     {"left": "a1.example.test", "right": "b1.example.test"},
    ///     {"left": "a2.example.test", "right": "b1.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("DC003", model), Some(Status::Fail));
    /// ```
    DataCenterDisconnected {
        code: "DC003",
        name: "data-center-disconnected",
        rule: "dc-intra-connected",
        fails: "Servers of a data center are connected only through others",
        holds: "The servers of every data center are connected with each other",
        severity: High,
        category: SiteLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    on_data_centers(deployment, views, |view, centers| states(deployment, view, centers))
}

fn states(
    deployment: &Deployment,
    view: &SuffixView,
    centers: &Centers<'_>,
) -> Vec<(Option<String>, State)> {
    if centers.len() < 2 {
        return vec![(None, State::NotApplicable("a single data center"))];
    }
    let certain = parts_of(deployment, view, &view.certain);
    let possible = parts_of(deployment, view, &view.possible);
    centers
        .iter()
        .map(|(center, servers)| {
            let state = if servers.len() < 2 {
                State::NotApplicable("a single server in the data center")
            } else if certain.of(center).len() == 1 {
                State::Pass
            } else if !view.segments_complete || possible.of(center).len() == 1 {
                State::Unknown(view.needs(deployment))
            } else {
                fail(deployment, view, &possible, center, servers)
            };
            (Some((*center).to_owned()), state)
        })
        .collect()
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    possible: &Parts,
    center: &str,
    servers: &[&Fqdn],
) -> State {
    let groups: Vec<String> = possible.of(center).iter().map(|g| some_names(*g)).collect();
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![center.to_owned()],
        why: format!(
            "The {} servers of data center {center} are {} groups that no segment within it \
             connects both ways: {}. Their changes to each other depend on lines to other data \
             centers.",
            servers.len(),
            groups.len(),
            groups.join(" | ")
        ),
        evidence: evidence_of_group(deployment, view.suffix, servers.iter().copied()),
        repair: Some(Repair::JoinWithin {
            suffix: view.suffix,
            members: servers.iter().map(|name| (*name).clone()).collect(),
        }),
    }))
}
