//! TOP007 `cut-segment`.

use crate::declare_rule;
use crate::model::{Deployment, Segment};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{per_suffix, some_names};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags segments whose single loss splits the servers of a suffix.
    ///
    /// # Why this matters
    ///
    /// A line, a firewall rule or a deleted segment is lost more easily than a server. Where one
    /// segment is all that joins two groups, changes stop at it, and neither side can repair the
    /// other.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix with their directions, the list of servers, and for suffix `ca` the
    /// CA role of each. Both directions of a segment are lost together; parallel segments protect
    /// each other.
    ///
    /// # Verdicts
    ///
    /// * pass: the servers stay connected without any one segment;
    /// * fail: a segment is needed, both its ends carry the suffix, and the list of segments is
    ///   complete;
    /// * not applicable: fewer than three servers carry the suffix: the only segment of two servers
    ///   is all there can be; or the suffix is split already, in parts that no one segment splits
    ///   further;
    /// * unknown: the segments, the servers, or (suffix `ca`) a CA role are not known.
    ///
    /// One end of such a segment is always a cut server, or has one agreement only: those findings
    /// are the worse ones, and their remedies repair this one too.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add` on a second path past the segment.
    ///
    /// # Source
    ///
    /// FreeIPA wiki, HowTo/Remove replica in a managed topology: a deployment should stay connected
    /// without any one server or one connection.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "c.example.test", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}, {"left": "b.example.test", "right": "c.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP007", model), Some(Status::Fail));
    /// ```
    CutSegment {
        code: "TOP007",
        name: "cut-segment",
        rule: "topo-no-cut-link",
        fails: "Losing one segment splits the servers",
        holds: "The servers stay connected without any one segment",
        severity: Medium,
        category: ServerLoss,
        citation: "FreeIPA wiki, HowTo/Remove replica in a managed topology",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let few = (3, "fewer than three servers carry the suffix");
    per_suffix(deployment, views, few, |view| state(deployment, view))
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    let topology = deployment.topology(view.suffix);
    let carriers_known = view.carrier_needs.is_empty();
    // Further segments can only help what holds together already.
    let holds_together = carriers_known && view.certain.is_connected();
    if holds_together && view.certain.cut_segments().is_empty() {
        return State::Pass;
    }
    // What lies between two servers that carry the suffix for sure is needed whatever else exists.
    let carries = |name| deployment.servers.get(name).is_some_and(|s| s.carries(view.suffix));
    let cut: Vec<&Segment> = view
        .possible
        .cut_segments()
        .into_iter()
        .filter_map(|index| topology.segments.get(index))
        .filter(|segment| !segment.disputed)
        .filter(|segment| carries(&segment.key.left) && carries(&segment.key.right))
        .collect();
    if cut.is_empty() && carriers_known && view.segments_complete && !view.possible.is_connected() {
        return State::NotApplicable("the suffix is split already");
    }
    if cut.is_empty() || !view.segments_complete {
        return State::Unknown(view.needs(deployment));
    }
    let mut subjects: Vec<String> = cut
        .iter()
        .flat_map(|segment| [segment.key.left.to_string(), segment.key.right.to_string()])
        .collect();
    subjects.sort();
    subjects.dedup();
    let titles = cut.iter().map(|s| format!("{} ({} - {})", s.title(), s.key.left, s.key.right));
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects,
        why: match cut.len() {
            1 => format!("Losing this segment alone splits suffix {}: ", view.suffix),
            count => format!("Losing any one of {count} segments splits suffix {}: ", view.suffix),
        } + &some_names(titles)
            + ".",
        evidence: cut.iter().flat_map(|segment| segment.sources.iter().cloned()).collect(),
        repair: None,
    }))
}
