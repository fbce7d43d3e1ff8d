//! CA001 `single-ca`.

use crate::advise::{CA_REPLICAS_MIN, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Role};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{CaCount, evidence_of_role, on_ca_count};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose integrated CA has a single replica, or none left.
    ///
    /// # Why this matters
    ///
    /// The CA's keys exist on CA replicas only. When the last one is damaged, no replica can be
    /// installed any more and no certificate renewed: without a usable VM snapshot or backup of it
    /// the entire environment is lost.
    ///
    /// # What it reads
    ///
    /// Whether there is an integrated CA, the list of servers, and the CA role of each (`ipa
    /// server-role-find`, LDIF of `cn=masters`). `hidden` and `configured` CA replicas hold the
    /// keys too.
    ///
    /// # Verdicts
    ///
    /// * pass: two or more servers hold the CA;
    /// * fail: at most one does, and every server's CA role is known;
    /// * not applicable: the deployment is CA-less;
    /// * unknown: the CA, the list of servers, or a server's CA role is not known.
    ///
    /// # Fix
    ///
    /// `ipa-ca-install` on existing servers, or `ipa-replica-install --setup-ca` for a new one.
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
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}}]}"#;
    /// assert_eq!(status_on_model("CA001", model), Some(Status::Fail));
    /// ```
    SingleCa {
        code: "CA001",
        name: "single-ca",
        rule: "ca-single",
        fails: "The integrated CA runs on at most one server",
        holds: "The integrated CA runs on more than one server",
        severity: Critical,
        category: CaAndKra,
        citation: "guide 3.3",
        origin: Guide,
        supersedes: ["CA002", "CA006"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    on_ca_count(deployment, |count| state(deployment, count))
}

fn state(deployment: &Deployment, count: CaCount) -> State {
    if count.certain.len() >= 2 {
        return State::Pass;
    }
    if count.possible_max.is_none_or(|max| max >= 2) {
        return State::Unknown(count.needs);
    }
    let why = match count.certain.as_slice() {
        [only] => format!(
            "{only} is the only server with the integrated CA. If it is damaged, the entire \
             environment is lost unless a copy of it can be restored."
        ),
        _ => "There is an integrated CA, but no server holds it any more: no replica can be \
              installed and no certificate renewed."
            .to_owned(),
    };
    State::Fail(Box::new(Failure {
        severity: Severity::Critical,
        subjects: count.certain.iter().map(ToString::to_string).collect(),
        why,
        evidence: evidence_of_role(deployment, Role::Ca),
        repair: Some(Repair::Cas { count: CA_REPLICAS_MIN }),
    }))
}
