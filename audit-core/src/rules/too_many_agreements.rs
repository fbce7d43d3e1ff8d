//! TOP002 `too-many-agreements`.

use crate::advise::{AGREEMENTS_MAX, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_server, per_carrier};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags servers that replicate with more than four others, in each suffix they carry.
    ///
    /// # Why this matters
    ///
    /// A consumer takes updates from one supplier at a time while the others wait, so more than
    /// four agreements are mostly idle; on busy servers incoming and outgoing updates compete for
    /// the changelog.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix and the list of servers. Partners are counted once, whatever the
    /// number and direction of segments; segments to hosts that are no servers do not count, as in
    /// `ipa topologysuffix-verify`.
    ///
    /// # Verdicts
    ///
    /// * pass: at most four partners, and the list of segments is complete;
    /// * fail: more than four;
    /// * not applicable: no server carries the suffix (suffix `ca` without a CA);
    /// * unknown: at most four are listed, but the list is not known to be complete.
    ///
    /// Advice, not a requirement: the guide allows more for failover paths and for direct links in
    /// large deployments. `ipa topologysuffix-verify` reports it as an error all the same.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-del domain NAME`, only where no server falls below two agreements and
    /// nothing becomes a cut server.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.1; FreeIPA
    /// `ipalib/constants.py`, `recommended_max_agmts`.
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
    ///     "right": "b.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP002", model), Some(Status::Pass));
    /// ```
    TooManyAgreements {
        code: "TOP002",
        name: "too-many-agreements",
        rule: "topo-max-four-agreements",
        fails: "Servers have more than four replication agreements",
        holds: "No server has more than four replication agreements",
        severity: Low,
        category: ServerLoss,
        citation: "guide 3.1",
        origin: Guide,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_carrier(deployment, views, &Suffix::ALL, |view, carriers| {
        let crowded: Vec<Fqdn> = carriers
            .iter()
            .filter(|server| partners(view, server) > AGREEMENTS_MAX)
            .map(|server| (*server).clone())
            .collect();
        carriers.iter().map(|server| state(deployment, view, server, &crowded)).collect()
    })
}

/// Partners for sure, in either direction.
fn partners(view: &SuffixView, server: &Fqdn) -> usize {
    view.certain.partners(server).all().len()
}

fn state(deployment: &Deployment, view: &SuffixView, server: &Fqdn, crowded: &[Fqdn]) -> State {
    let suffix = view.suffix;
    let listed = partners(view, server);
    if listed > AGREEMENTS_MAX {
        State::Fail(Box::new(Failure {
            severity: Severity::Low,
            subjects: vec![server.to_string()],
            why: format!(
                "{server} has {listed} agreements in suffix {suffix}; more than {AGREEMENTS_MAX} \
                 wait for each other. Keep them only as failover paths or direct links."
            ),
            evidence: evidence_of_server(deployment, suffix, server),
            repair: Some(Repair::Fewer { suffix, servers: crowded.to_vec() }),
        }))
    } else if view.segments_complete && view.possible.partners(server).all().len() <= AGREEMENTS_MAX
    {
        State::Pass
    } else {
        State::Unknown(view.needs(deployment))
    }
}
