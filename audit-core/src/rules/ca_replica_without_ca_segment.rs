//! CA004 `ca-replica-without-ca-segment`.

use crate::advise::{AGREEMENTS_MIN, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Role, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_server, per_carrier};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags a CA replica that no segment of suffix `ca` joins to another one.
    ///
    /// # Why this matters
    ///
    /// Its certificate data is not replicated: certificates issued elsewhere are unknown to it, and
    /// those it issued are lost with it. It looks like one CA replica more, but protects nothing.
    ///
    /// # What it reads
    ///
    /// The CA role of each server, and the segments of suffix `ca` (`ipa topologysegment-find ca`,
    /// LDIF of `cn=topology`).
    ///
    /// # Verdicts
    ///
    /// * pass: at least one enabled segment of suffix `ca` joins it to another CA replica;
    /// * fail: none does, other CA replicas exist, and the list of segments is complete;
    /// * not applicable: CA-less, or the only CA replica;
    /// * unknown: the CA roles or the segments of suffix `ca` are not known. Zero segments among
    ///   several CA replicas count as unknown: an account without permission sees none.
    ///
    /// # Fix
    ///
    /// `ipa topologysegment-add ca --leftnode=A --rightnode=B A-to-B`
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.3: CA replicas
    /// need CA replication agreements among them.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "c.example.test", "roles": {"ca": "enabled"}}],
    ///   "suffixes": {"ca": {"known": true, "segments": [{"left": "a.example.test",
    ///     "right": "b.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("CA004", model), Some(Status::Fail));
    /// ```
    CaReplicaWithoutCaSegment {
        code: "CA004",
        name: "ca-replica-without-ca-segment",
        rule: "ca-replication-connected",
        fails: "A CA replica has no replication agreement in suffix ca",
        holds: "Every CA replica has a replication agreement in suffix ca",
        severity: Critical,
        category: CaAndKra,
        citation: "guide 3.3",
        origin: Guide,
        supersedes: ["TOP001", "TOP003"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_carrier(deployment, views, &[Suffix::Ca], |view, holders| {
        holders.iter().map(|server| state(deployment, view, server, holders)).collect()
    })
}

fn state(deployment: &Deployment, view: &SuffixView, server: &Fqdn, holders: &[&Fqdn]) -> State {
    let suffix = Suffix::Ca;
    if !view.certain.partners(server).all().is_empty() {
        return State::Pass;
    }
    if holders.len() == 1 {
        return if view.carrier_needs.is_empty() {
            State::NotApplicable("the only CA replica")
        } else {
            State::Unknown(view.carrier_needs.clone())
        };
    }
    if !view.segments_complete || !view.possible.partners(server).all().is_empty() {
        return State::Unknown(view.needs(deployment));
    }
    let count = AGREEMENTS_MIN.min(holders.len() - 1);
    let status = deployment.servers.get(server).map(|s| s.role(Role::Ca));
    let mut evidence = deployment.topology(suffix).sources.clone();
    evidence.extend(status.map(crate::evidence::Fact::sources).unwrap_or_default());
    evidence.extend(evidence_of_server(deployment, suffix, server));
    let word = status.and_then(|status| status.value()).map_or("", |status| status.name());
    State::Fail(Box::new(Failure {
        severity: Severity::Critical,
        subjects: vec![server.to_string()],
        why: format!(
            "{server} holds the CA role ({word}), but no segment of suffix ca joins it to another \
             CA replica: its certificate data is not replicated, so it protects nothing."
        ),
        evidence,
        repair: Some(Repair::Partners { suffix, server: server.clone(), count }),
    }))
}
