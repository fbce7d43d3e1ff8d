//! DNA001 `single-dna-range`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::dna_parts::{evidence, holds_ids, may_hold_ids, of_servers};
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, IdRange, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::as_a_whole;
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a deployment in which fewer than two servers have ids to hand out.
    ///
    /// # Why this matters
    ///
    /// New users and groups get their ids from a range of the server on which they are created; a
    /// server without one asks another server for half of its range. When the only server with a
    /// range is lost, nobody can create a user or group any more, until somebody finds out by hand
    /// which ids are free and sets a range. The range of a lost server is not taken over.
    ///
    /// # What it reads
    ///
    /// The list of servers, and range, next range and remaining ids of every server
    /// (`ipa-replica-manage dnarange-show` and `dnanextrange-show`, LDIF of the plug-in's entry and
    /// of `cn=dna,cn=ipa,cn=etc`, healthcheck's `IPADNARangeCheck`).
    ///
    /// # Verdicts
    ///
    /// * pass: two or more servers have ids left, or a next range;
    /// * fail: exactly one has (high), or none at all (critical);
    /// * not applicable: the deployment has one server;
    /// * unknown: fewer than two are known to have ids, and of others, or which others there are,
    ///   it is not known.
    ///
    /// # Fix
    ///
    /// Create a user on a second server: it then asks for half a range. Or by hand, in this order:
    /// `ipa-replica-manage dnarange-set FIRST A-M`, `ipa-replica-manage dnarange-set SECOND N-B`.
    /// Where no server has any: find the highest id in use, and set a range above it.
    ///
    /// # Source
    ///
    /// Adjusting ID ranges manually (RHEL 10); freeipa.org, Recover DNA Ranges; freeipa-healthcheck
    /// `src/ipahealthcheck/ipa/dna.py`; manual page of `ipa-replica-manage`, "RANGES".
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "dna_ranges": [{"fqdn": "a.example.test", "range": {"first": 1000, "last": 200999}},
    ///     {"fqdn": "b.example.test", "range": "none", "next_range": "none"}]}"#;
    /// assert_eq!(status_on_model("DNA001", model), Some(Status::Fail));
    /// ```
    SingleDnaRange {
        code: "DNA001",
        name: "single-dna-range",
        rule: "dna-range-somewhere",
        fails: "Fewer than two servers have ids for new users and groups",
        holds: "Two or more servers have ids for new users and groups",
        severity: High,
        category: ServerLoss,
        citation: "Adjusting ID ranges manually (RHEL 10); Recover DNA Ranges (freeipa.org)",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Servers that must have ids.
const HOLDERS_MIN: usize = 2;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let mut needs = Vec::new();
    if !deployment.knows_all_servers() {
        needs.push(Need::ServerList);
    } else if deployment.servers.len() < HOLDERS_MIN {
        return State::NotApplicable("one server");
    }
    let mut holders = Vec::new();
    for (name, dna) in of_servers(deployment) {
        if dna.is_some_and(holds_ids) {
            holders.push(name);
        } else if dna.is_none_or(may_hold_ids) {
            needs.push(Need::DnaRange(name.clone()));
        }
    }
    match holders.as_slice() {
        [_, _, ..] => State::Pass,
        _ if !needs.is_empty() => State::Unknown(needs),
        [only] => fail(
            deployment,
            Severity::High,
            Some(only),
            format!(
                "{only} is the only server with ids for new users and groups. Once it is lost, \
                 none can be created before somebody sets a range by hand."
            ),
        ),
        [] => {
            let why = "No server has ids left: no user or group can be created.".to_owned();
            fail(deployment, Severity::Critical, None, why)
        }
    }
}

fn fail(deployment: &Deployment, severity: Severity, only: Option<&Fqdn>, why: String) -> State {
    let sources: Sources = of_servers(deployment)
        .filter(|(name, _)| only.is_none_or(|only| only == *name))
        .filter_map(|(_, dna)| dna)
        .flat_map(evidence)
        .collect();
    State::Fail(Box::new(Failure {
        severity,
        subjects: only.iter().map(ToString::to_string).collect(),
        why,
        evidence: sources,
        repair: only.and_then(|only| split(deployment, only)),
    }))
}

/// The upper half of a server's range for a visible server, of another data center if there is one.
fn split(deployment: &Deployment, from: &Fqdn) -> Option<Repair> {
    let range = deployment.observed.dna.get(from)?.range.value().copied().flatten()?;
    let middle = range.first + (range.last - range.first) / 2;
    let keep = IdRange::new(range.first, middle)?;
    let give = IdRange::new(middle.checked_add(1)?, range.last)?;
    let center = |name: &Fqdn| deployment.servers.get(name).and_then(|s| s.data_center.value());
    let to = deployment
        .servers
        .iter()
        .filter(|(name, server)| *name != from && !server.has_hidden_role())
        .map(|(name, _)| (center(name) == center(from), name))
        .min()?;
    let edit = ServiceEdit::SplitDnaRange { from: from.clone(), keep, to: to.1.clone(), give };
    Some(Repair::Edits(vec![Edit::Service(edit)]))
}
