//! TOP011 `more-than-sixty-servers`.

use crate::declare_rule;
use crate::model::{Deployment, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::as_a_whole;
use crate::views::Views;

declare_rule! {
    /// Flags a deployment of more than sixty servers.
    ///
    /// # Why this matters
    ///
    /// Beyond sixty replicas nobody has tested replication, and the vendor does not help: after a
    /// disaster that is the worst time to find a limit.
    ///
    /// # What it reads
    ///
    /// The list of servers, hidden ones included.
    ///
    /// # Verdicts
    ///
    /// * pass: sixty servers or fewer, and the list of servers is known to be complete;
    /// * fail: more than sixty servers were seen;
    /// * not applicable: never;
    /// * unknown: sixty or fewer were seen, and there may be others.
    ///
    /// # Fix
    ///
    /// `ipa server-del` for servers that nobody needs; a larger deployment is split into several
    /// domains.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), sections 2.2 and 3.3.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}]}"#;
    /// assert_eq!(status_on_model("TOP011", model), Some(Status::Pass));
    /// ```
    MoreThanSixtyServers {
        code: "TOP011",
        name: "more-than-sixty-servers",
        rule: "topo-max-replicas",
        fails: "There are more than sixty servers",
        holds: "There are sixty servers or fewer",
        severity: Medium,
        category: ServerLoss,
        citation: "Planning Identity Management (RHEL 10) 3.3",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Servers that one domain may have ("Planning Identity Management" 3.3).
const SERVERS_MAX: usize = 60;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let count = deployment.servers.len();
    if count > SERVERS_MAX {
        // One server too many shows it.
        let beyond = deployment.servers.values().skip(SERVERS_MAX).take(1);
        return State::Fail(Box::new(Failure {
            severity: Severity::Medium,
            subjects: Vec::new(),
            why: format!("{count} servers are in one domain; at most {SERVERS_MAX} are supported."),
            evidence: beyond.flat_map(|server| server.sources.iter().cloned()).collect(),
            repair: None,
        }));
    }
    if deployment.knows_all_servers() {
        State::Pass
    } else {
        State::Unknown(vec![Need::ServerList])
    }
}
