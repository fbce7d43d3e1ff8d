//! CA002 `fewer-than-three-cas`.

use crate::advise::{CA_REPLICAS_MIN, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Role};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{CaCount, evidence_of_role, on_ca_count};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment with fewer than three CA replicas.
    ///
    /// # Why this matters
    ///
    /// With two, the loss of one leaves a single CA until another is installed: a second failure in
    /// that time loses the environment. The guide strongly recommends three.
    ///
    /// # What it reads
    ///
    /// Whether there is an integrated CA, the list of servers, and the CA role of each (`ipa
    /// server-role-find`, LDIF of `cn=masters`). `hidden` and `configured` CA replicas count.
    ///
    /// # Verdicts
    ///
    /// * pass: three or more servers hold the CA;
    /// * fail: fewer do, and every server's CA role is known;
    /// * not applicable: the deployment is CA-less;
    /// * unknown: the CA, the list of servers, or a server's CA role is not known.
    ///
    /// "Planning Identity Management" 5.2 accepts two for most deployments; the guide decides.
    ///
    /// # Fix
    ///
    /// `ipa-ca-install` on existing servers, or `ipa-replica-install --setup-ca` for a new one,
    /// then a second segment: `ipa topologysegment-add ca`.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), section 3.3.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "c.example.test", "roles": {"ca": "absent"}}]}"#;
    /// assert_eq!(status_on_model("CA002", model), Some(Status::Fail));
    /// ```
    FewerThanThreeCas {
        code: "CA002",
        name: "fewer-than-three-cas",
        rule: "ca-min-three",
        fails: "Fewer than three servers run the integrated CA",
        holds: "Three or more servers run the integrated CA",
        severity: High,
        category: CaAndKra,
        citation: "guide 3.3",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    on_ca_count(deployment, |count| state(deployment, count))
}

fn state(deployment: &Deployment, count: CaCount) -> State {
    if count.certain.len() >= CA_REPLICAS_MIN {
        return State::Pass;
    }
    if count.possible_max.is_none_or(|max| max >= CA_REPLICAS_MIN) {
        return State::Unknown(count.needs);
    }
    let names: Vec<String> = count.certain.iter().map(ToString::to_string).collect();
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        why: match names.as_slice() {
            [] => format!("No CA replica is left; the guide asks for at least {CA_REPLICAS_MIN}."),
            [only] => format!(
                "1 of at least {CA_REPLICAS_MIN} CA replicas: {only}. Losing it loses the CA."
            ),
            several => format!(
                "{} of at least {CA_REPLICAS_MIN} CA replicas: {}. After losing one, a second \
                 failure loses the CA.",
                several.len(),
                several.join(", ")
            ),
        },
        subjects: names,
        evidence: evidence_of_role(deployment, Role::Ca),
        repair: Some(Repair::Cas { count: CA_REPLICAS_MIN }),
    }))
}
