//! TOP004 `cut-server`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_server, per_carrier};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a server whose loss alone leaves others that can no longer replicate to each other.
    ///
    /// # Why this matters
    ///
    /// While the rest is split, no change crosses the gap, also not the removal of the lost server
    /// or the new CA renewal server: recovery first has to join the groups again. A star and a line
    /// are full of such servers.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix with their directions, the list of servers, and for suffix `ca` the
    /// CA role of each.
    ///
    /// # Verdicts
    ///
    /// * pass: the others still replicate to each other without this server;
    /// * fail: some that replicated to each other no longer do, and the list of segments is
    ///   complete;
    /// * not applicable: fewer than three servers carry the suffix;
    /// * unknown: the segments, the servers, or (suffix `ca`) a CA role are not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add` between the groups that would remain.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1 (replicas
    /// connected not only through the first server); Managing replication in IdM (RHEL 10), section
    /// 1.5; suffix `ca` by the note of 3.1.
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
    /// assert_eq!(status_on_model("TOP004", model), Some(Status::Fail));
    /// ```
    CutServer {
        code: "TOP004",
        name: "cut-server",
        rule: "topo-no-cut-server",
        fails: "Losing one server splits the others",
        holds: "No single server is the only connection between others",
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
        states(deployment, view, carriers)
    })
}

fn states(deployment: &Deployment, view: &SuffixView, carriers: &[&Fqdn]) -> Vec<State> {
    let carriers_known = view.carrier_needs.is_empty();
    let known = carriers_known && deployment.topology(view.suffix).is_known();
    // More segments and servers can only help, if the certain ones already hold together.
    let holds_together = carriers_known && view.certain.is_connected();
    let certain_cuts = view.certain.cut_servers();
    let possible_cuts = view.possible.cut_servers();
    let few = carriers.len() < 3;
    carriers
        .iter()
        .map(|server| {
            if few && carriers_known {
                State::NotApplicable("fewer than three servers carry the suffix")
            } else if (known || holds_together) && certain_cuts.binary_search(server).is_err() {
                State::Pass
            } else if view.segments_complete && possible_cuts.binary_search(server).is_ok() {
                fail(deployment, view, server, carriers)
                    .unwrap_or_else(|| State::Unknown(view.needs(deployment)))
            } else {
                State::Unknown(view.needs(deployment))
            }
        })
        .collect()
}

fn fail(
    deployment: &Deployment,
    view: &SuffixView,
    server: &Fqdn,
    carriers: &[&Fqdn],
) -> Option<State> {
    let suffix = view.suffix;
    let islands: Vec<Vec<Fqdn>> = view
        .possible
        .separated_by(server)
        .into_iter()
        .map(|island| island.into_iter().filter(|name| carriers.contains(&name)).collect())
        .filter(|island: &Vec<Fqdn>| !island.is_empty())
        .collect();
    if islands.len() < 2 {
        return None;
    }
    let groups: Vec<String> = islands
        .iter()
        .map(|island| match island.as_slice() {
            [one] => one.to_string(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            [] => String::new(),
        })
        .collect();
    Some(State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects: vec![server.to_string()],
        why: format!(
            "Losing {server} alone splits suffix {suffix} into {} groups: {}.",
            islands.len(),
            groups.join(" | ")
        ),
        evidence: evidence_of_server(deployment, suffix, server),
        repair: Some(Repair::Join { suffix, groups: islands, avoid: vec![server.clone()] }),
    })))
}
