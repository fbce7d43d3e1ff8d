//! CA003 `more-than-four-cas`.

use crate::advise::CA_REPLICAS_MAX;
use crate::declare_rule;
use crate::model::{Deployment, Role};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{CaCount, evidence_of_role, on_ca_count};
use crate::views::Views;

declare_rule! {
    /// Notes a deployment with more than four CA replicas.
    ///
    /// # Why this matters
    ///
    /// Every certificate is replicated to every CA replica, which costs processor time on all of
    /// them. It is no risk: the finding weighs nothing.
    ///
    /// # What it reads
    ///
    /// Whether there is an integrated CA, the list of servers, and the CA role of each.
    ///
    /// # Verdicts
    ///
    /// * pass: at most four servers hold or may hold the CA;
    /// * fail: more than four do;
    /// * not applicable: the deployment is CA-less;
    /// * unknown: at most four are known to hold it, but more may.
    ///
    /// # Fix
    ///
    /// There is no command that removes the CA role: a server is removed with `ipa server-del` and
    /// installed again without `--setup-ca`. Worth it only where certificates are issued in great
    /// numbers.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 5.2.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}}]}"#;
    /// assert_eq!(status_on_model("CA003", model), Some(Status::Pass));
    /// ```
    MoreThanFourCas {
        code: "CA003",
        name: "more-than-four-cas",
        rule: "ca-max-four",
        fails: "More than four servers run the integrated CA",
        holds: "At most four servers run the integrated CA",
        severity: Info,
        category: CaAndKra,
        citation: "Planning Identity Management (RHEL 10) 5.2",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    on_ca_count(deployment, |count| state(deployment, count))
}

fn state(deployment: &Deployment, count: CaCount) -> State {
    if count.certain.len() > CA_REPLICAS_MAX {
        return State::Fail(Box::new(Failure {
            severity: Severity::Info,
            subjects: Vec::new(),
            why: format!(
                "{} servers run the CA; more than {CA_REPLICAS_MAX} cost processor time for \
                 replicating every certificate to all of them.",
                count.certain.len()
            ),
            evidence: evidence_of_role(deployment, Role::Ca),
            repair: None,
        }));
    }
    match count.possible_max {
        Some(max) if max <= CA_REPLICAS_MAX => State::Pass,
        _ => State::Unknown(count.needs),
    }
}
