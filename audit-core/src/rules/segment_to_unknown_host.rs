//! TOP005 `segment-to-unknown-host`.

use std::collections::BTreeMap;

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CaMode, Deployment, Fqdn, Need, Segment, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a host that segments name although it is not (or no longer) a server of the
    /// deployment.
    ///
    /// # Why this matters
    ///
    /// The segment carries nothing, but it looks like a replication path: a server that seems to
    /// have two agreements has one. Its replica ID stays in the replica update vectors, and
    /// changelogs keep changes for it.
    ///
    /// # What it reads
    ///
    /// Ends of all segments, and the list of servers (`ipa server-role-find`, LDIF of
    /// `cn=masters`).
    ///
    /// # Verdicts
    ///
    /// * pass: every listed segment joins two servers;
    /// * fail: a segment names a host that is not in the list of all servers;
    /// * not applicable: no segment is listed, and there can be none;
    /// * unknown: segments or the list of all servers are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-del domain NAME`, then `ipa-replica-manage clean-dangling-ruv`.
    ///
    /// # Source
    ///
    /// Managing replication in IdM (RHEL 10), section 1.14; freeipa-healthcheck issue 30.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}, {"left": "b.example.test",
    ///     "right": "gone.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP005", model), Some(Status::Fail));
    /// ```
    SegmentToUnknownHost {
        code: "TOP005",
        name: "segment-to-unknown-host",
        rule: "topo-segment-endpoints-exist",
        fails: "A segment leads to a host that is no server",
        holds: "Segments lead to existing servers only",
        severity: Medium,
        category: ServerLoss,
        citation: "Managing replication in IdM (RHEL 10) 1.14",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    Suffix::ALL.into_iter().flat_map(|suffix| check_suffix(deployment, views.of(suffix))).collect()
}

fn check_suffix(deployment: &Deployment, view: &SuffixView) -> Vec<Judgement> {
    let suffix = view.suffix;
    let topology = deployment.topology(suffix);
    let judge = |subject, state| Judgement { subject, suffix: Some(suffix), state };
    let mut strangers: BTreeMap<&Fqdn, Vec<&Segment>> = BTreeMap::new();
    for segment in &topology.segments {
        for end in [&segment.key.left, &segment.key.right] {
            if !deployment.servers.contains_key(end) {
                strangers.entry(end).or_default().push(segment);
            }
        }
    }
    if strangers.is_empty() {
        let state = if topology.segments.is_empty() {
            if suffix == Suffix::Ca && deployment.ca.certainly(|mode| *mode == CaMode::None) {
                State::NotApplicable("CA-less: there is no suffix ca")
            } else if view.carrier_needs.is_empty() && view.certain.servers().len() < 2 {
                State::NotApplicable("fewer than two servers carry the suffix")
            } else {
                State::Unknown(view.needs(deployment))
            }
        } else if topology.complete {
            State::Pass
        } else {
            State::Unknown(vec![Need::Segments(suffix)])
        };
        return vec![judge(None, state)];
    }
    strangers
        .into_iter()
        .map(|(host, segments)| {
            let state = if deployment.knows_all_servers() {
                fail(deployment, suffix, host, &segments)
            } else {
                State::Unknown(vec![Need::ServerList])
            };
            judge(Some(host.to_string()), state)
        })
        .collect()
}

fn fail(deployment: &Deployment, suffix: Suffix, host: &Fqdn, segments: &[&Segment]) -> State {
    let names: Vec<String> = segments.iter().map(|segment| segment.title()).collect();
    let mut evidence: Sources =
        segments.iter().flat_map(|segment| segment.sources.iter().cloned()).collect();
    evidence.extend(deployment.server_list.iter().cloned());
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: vec![host.to_string()],
        why: format!(
            "{host} is not a server of this deployment, but {} segment(s) of suffix {suffix} lead \
             there: {}. They carry nothing and hide missing agreements.",
            segments.len(),
            names.join(", ")
        ),
        evidence,
        repair: Some(Repair::Edits(
            segments
                .iter()
                .map(|segment| Edit::RemoveSegment { suffix, key: segment.key.clone() })
                .chain([Edit::CleanDanglingRuv])
                .collect(),
        )),
    }))
}
