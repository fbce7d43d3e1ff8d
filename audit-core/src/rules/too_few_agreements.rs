//! TOP001 `too-few-agreements`.

use crate::advise::{AGREEMENTS_MIN, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_server, per_carrier};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a server that replicates with fewer than two others, in each suffix it carries.
    ///
    /// # Why this matters
    ///
    /// A server with one partner is isolated when that partner is lost: its changes go nowhere, and
    /// the changes of others no longer reach it. With none it is isolated already (critical).
    ///
    /// # What it reads
    ///
    /// Segments of the suffix (`ipa topologysegment-find`, LDIF of `cn=topology`), the list of
    /// servers, and for suffix `ca` the CA role of each. An agreement is one direction: a server
    /// that receives from two but sends to one has one agreement that carries its changes on, so
    /// the smaller side counts. Segments to hosts that are no servers, and disabled ones, do not
    /// count. Parallel segments count once.
    ///
    /// # Verdicts
    ///
    /// * pass: two or more partners in both directions; one if only two servers carry the suffix;
    /// * fail: fewer, and the list of segments is complete;
    /// * not applicable: the server is the only one that carries the suffix;
    /// * unknown: the segments, the servers, or (suffix `ca`) a CA role are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add domain --leftnode=A --rightnode=B A-to-B`; a one-way segment is
    /// deleted and added again, because `ipa` cannot change a direction.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: connect each
    /// replica to at least two others; the note extends it to both suffixes.
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
    /// assert_eq!(status_on_model("TOP001", model), Some(Status::Fail));
    /// ```
    TooFewAgreements {
        code: "TOP001",
        name: "too-few-agreements",
        rule: "topo-min-two-agreements",
        fails: "A server has fewer than two replication agreements",
        holds: "Every server has at least two replication agreements",
        severity: High,
        category: ServerLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: ["TOP007"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_carrier(deployment, views, &Suffix::ALL, |view, carriers| {
        carriers.iter().map(|server| state(deployment, view, server)).collect()
    })
}

/// Partners that a server needs; `None` while the number of servers is not known.
fn needed(view: &SuffixView) -> Option<usize> {
    match view.certain.servers().len() {
        count if count > AGREEMENTS_MIN => Some(AGREEMENTS_MIN),
        count if view.carrier_needs.is_empty() => Some(count.saturating_sub(1)),
        _ => None,
    }
}

fn state(deployment: &Deployment, view: &SuffixView, server: &Fqdn) -> State {
    let Some(needed) = needed(view) else { return State::Unknown(view.needs(deployment)) };
    if needed == 0 {
        return State::NotApplicable("the only server that carries the suffix");
    }
    if view.certain.partners(server).weaker_side() >= needed {
        return State::Pass;
    }
    let partners = view.possible.partners(server);
    let found = partners.weaker_side();
    if found >= needed || !view.segments_complete {
        return State::Unknown(view.needs(deployment));
    }
    let suffix = view.suffix;
    let others: Vec<&str> = partners.all().into_iter().map(Fqdn::as_str).collect();
    let one_way = partners.suppliers.len() != partners.consumers.len();
    let why = match (others.as_slice(), one_way) {
        ([], _) => format!(
            "{server} has no replication agreement in suffix {suffix}: it is isolated, and its \
             data already differs from the others'."
        ),
        (others, true) => format!(
            "{server} receives suffix {suffix} from {} server(s) and sends it to {}; a one-way \
             segment joins it to one of {}. Losing the partner on the weaker side cuts it off.",
            partners.suppliers.len(),
            partners.consumers.len(),
            others.join(", ")
        ),
        (others, false) => format!(
            "{server} replicates suffix {suffix} with {} only; the guide asks for at least \
             {needed}. Losing that one server isolates {server}.",
            others.join(", ")
        ),
    };
    State::Fail(Box::new(Failure {
        severity: if found == 0 { Severity::Critical } else { Severity::High },
        subjects: vec![server.to_string()],
        why,
        evidence: evidence_of_server(deployment, suffix, server),
        repair: Some(Repair::Partners { suffix, server: server.clone(), count: needed }),
    }))
}
