//! TOP010 `errors-beyond-four-agreements`.

use crate::advise::{AGREEMENTS_MAX, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{AgreementKey, Deployment, Fqdn, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{per_carrier, some_names};
use crate::views::agreements::{Condition, evidence};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a server with more than four agreements of which one fails.
    ///
    /// # Why this matters
    ///
    /// More than four agreements are fine as long as they work. Where incoming and outgoing updates
    /// stand in each other's way, the newest changes stay on one server, and are lost with it.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix, and the state of the agreements of the server and of those that lead
    /// to it (export of each server). Lag is not part of it: no export shows it for an idle
    /// agreement.
    ///
    /// # Verdicts
    ///
    /// * pass: all agreements from and to the server work;
    /// * fail: one of them reports an error that does not mend itself;
    /// * not applicable: the server has four agreements or fewer;
    /// * unknown: the segments, the servers, or the state of an agreement is not known.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-del` for what is more than four; `dsconf INSTANCE repl-agmt status`.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1: with more
    /// agreements, make sure that there are no replication issues and no latency.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "suffixes": {"domain": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP010", model), Some(Status::NotApplicable));
    /// ```
    ErrorsBeyondFourAgreements {
        code: "TOP010",
        name: "errors-beyond-four-agreements",
        rule: "topo-over-four-healthy",
        fails: "A server with more than four agreements has errors",
        holds: "Servers with more than four agreements replicate without errors",
        severity: Medium,
        category: ServerLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let states = |view: &SuffixView, carriers: &[&Fqdn]| {
        carriers.iter().map(|server| state(deployment, view, server)).collect()
    };
    per_carrier(deployment, views, &crate::model::Suffix::ALL, states)
}

fn state(deployment: &Deployment, view: &SuffixView, server: &Fqdn) -> State {
    let partners = view.certain.partners(server);
    if partners.all().len() <= AGREEMENTS_MAX {
        let most = view.possible.partners(server).all().len();
        return if view.segments_complete && most <= AGREEMENTS_MAX {
            State::NotApplicable("four agreements or fewer")
        } else {
            State::Unknown(view.needs(deployment))
        };
    }
    let suffix = view.suffix;
    let key = |on: &Fqdn, peer: &Fqdn| AgreementKey { on: on.clone(), suffix, peer: peer.clone() };
    let outgoing = partners.consumers.iter().map(|peer| key(server, peer));
    let incoming = partners.suppliers.iter().map(|peer| key(peer, server));
    let mut failing = Vec::new();
    let mut sources = Sources::new();
    let mut needs = Vec::new();
    for key in outgoing.chain(incoming) {
        match Condition::of(&deployment.observed, &key) {
            condition @ Condition::Failing(_) => {
                failing.push(format!("{} to {} ({condition})", key.on, key.peer));
                sources.extend(evidence(&deployment.observed, &key));
            }
            // Off or not there: other rules say so, and nothing is waiting.
            Condition::Works | Condition::Disabled | Condition::Missing => {}
            Condition::Unknown => needs.push(Need::Agreements(key.on, suffix)),
        }
    }
    if !failing.is_empty() {
        return State::Fail(Box::new(Failure {
            severity: Severity::Medium,
            subjects: vec![server.to_string()],
            why: format!(
                "{server} has {} agreements in suffix {suffix}, and these fail: {}.",
                partners.all().len(),
                some_names(failing)
            ),
            evidence: sources,
            repair: Some(Repair::Fewer { suffix, servers: vec![server.clone()] }),
        }));
    }
    needs.sort();
    needs.dedup();
    if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
}
