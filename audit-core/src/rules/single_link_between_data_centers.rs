//! DC001 `single-link-between-data-centers`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Segment};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, on_data_centers};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags two data centers whose direct segments all share a server on one side.
    ///
    /// # Why this matters
    ///
    /// Losing that one server cuts the link between the data centers: their changes then take a
    /// detour through a third one, or none at all.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location in LDIF, or model JSON), and the segments of
    /// suffix `domain`. Between two data centers the largest set of segments of which no two share
    /// a server counts (A1-B1 and A2-B2 are two, A1-B1 and A1-B2 are one).
    ///
    /// # Verdicts
    ///
    /// * pass: two or more such links;
    /// * fail: one, and the list of segments is complete;
    /// * not applicable: one data center, no direct link, or a single server on one side;
    /// * unknown: a server's data center, the list of servers, or the segments are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add domain` between servers that carry no link yet.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: at least a
    /// pair of agreements between data centers.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a1.example.test", "data_center": "a", "roles": {"ca": "absent"}},
    ///     {"fqdn": "a2.example.test", "data_center": "a", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b1.example.test", "data_center": "b", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b2.example.test", "data_center": "b", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a1.example.test",
    ///     "right": "a2.example.test"}, {"left": "b1.example.test", "right": "b2.example.test"},
    ///     {"left": "a1.example.test", "right": "b1.example.test"}, {"left": "a1.example.test",
    ///     "right": "b2.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("DC001", model), Some(Status::Fail));
    /// ```
    SingleLinkBetweenDataCenters {
        code: "DC001",
        name: "single-link-between-data-centers",
        rule: "dc-link-pair",
        fails: "Two data centers are joined by one link only",
        holds: "Linked data centers are joined by at least two links between different servers",
        severity: High,
        category: SiteLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Links that two data centers need.
const LINKS_MIN: usize = 2;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    on_data_centers(deployment, views, |view, centers| states(deployment, view, centers))
}

fn states(
    deployment: &Deployment,
    view: &SuffixView,
    centers: &Centers<'_>,
) -> Vec<(Option<String>, State)> {
    let mut states = Vec::new();
    for (index, (left, left_servers)) in centers.iter().enumerate() {
        for (right, right_servers) in centers.iter().skip(index + 1) {
            let links = view.possible.matching(left_servers, right_servers);
            if links.is_empty() && view.segments_complete {
                continue;
            }
            let single = left_servers.len() == 1 || right_servers.len() == 1;
            let state = if single {
                State::NotApplicable("a single server on one side")
            } else if view.certain.matching(left_servers, right_servers).len() >= LINKS_MIN {
                State::Pass
            } else if !view.segments_complete || links.len() >= LINKS_MIN {
                State::Unknown(view.needs(deployment))
            } else {
                fail(deployment, view, (left, left_servers), (right, right_servers), &links)
            };
            states.push((Some(format!("{left} - {right}")), state));
        }
    }
    if states.is_empty() {
        let why = match centers.len() {
            0 | 1 => "a single data center",
            _ => "no two data centers are linked directly",
        };
        states.push((None, State::NotApplicable(why)));
    }
    states
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    (left, left_servers): (&str, &[&Fqdn]),
    (right, right_servers): (&str, &[&Fqdn]),
    links: &[usize],
) -> State {
    let suffix = view.suffix;
    let between: Vec<&Segment> = deployment
        .topology(suffix)
        .segments
        .iter()
        .filter(|segment| {
            let (a, b) = (&segment.key.left, &segment.key.right);
            (left_servers.contains(&a) && right_servers.contains(&b))
                || (left_servers.contains(&b) && right_servers.contains(&a))
        })
        .collect();
    let used: Vec<&Fqdn> = links
        .iter()
        .filter_map(|&index| deployment.topology(suffix).segments.get(index))
        .flat_map(|segment| [&segment.key.left, &segment.key.right])
        .collect();
    let load = |name: &Fqdn| view.possible.partners(name).all().len();
    let free = |servers: &[&Fqdn]| {
        servers
            .iter()
            .filter(|name| !used.contains(*name))
            .min_by_key(|name| (load(name), (**name).clone()))
            .map(|name| (*name).clone())
    };
    let edits = match (free(left_servers), free(right_servers)) {
        (Some(left), Some(right)) => vec![Edit::AddSegment { suffix, left, right }],
        _ => Vec::new(),
    };
    let names: Vec<String> = between.iter().map(|segment| segment.title()).collect();
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![left.to_owned(), right.to_owned()],
        why: format!(
            "Data centers {left} and {right} are joined by {} segment(s) that all share a server \
             ({}): losing it cuts the link. The guide asks for a pair between different servers.",
            between.len(),
            names.join(", ")
        ),
        evidence: between.iter().flat_map(|segment| segment.sources.iter().cloned()).collect(),
        repair: Some(Repair::Edits(edits)),
    }))
}
