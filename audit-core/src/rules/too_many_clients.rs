//! TOP022 `too-many-clients`.

use std::collections::BTreeMap;

use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Answer, Deployment, Fqdn, Need, Role, RoleStatus};
use crate::questions::CLIENTS;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose servers are too few for its clients, now or after a loss.
    ///
    /// # Why this matters
    ///
    /// One server serves 2,000 to 3,000 clients. Where the servers that remain after a loss are too
    /// few, the loss of some becomes the loss of all: those that remain answer too late.
    ///
    /// # What it reads
    ///
    /// The answer `clients` in answers.toml; the list of servers, which of them are visible, and
    /// their data centers. Hidden replicas serve no clients.
    ///
    /// # Verdicts
    ///
    /// * pass: after losing any one server, and any one data center, each visible server that
    ///   remains has at most 3,000 clients;
    /// * fail: now, or after losing one server (medium), or one data center (high), it has more;
    /// * not applicable: there are no clients;
    /// * unknown: the number of clients is not declared, or the servers that are visible, or their
    ///   data centers, are not known well enough to tell.
    ///
    /// # Fix
    ///
    /// Install further replicas: `ipa-replica-install`.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 3.3: 2,000 to 3,000 clients per server. That
    /// the loss of a server and of a data center must be borne is this project's conclusion.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "data_center": "x", "visibility": "visible"},
    ///     {"fqdn": "b.example.test", "data_center": "y", "visibility": "visible"}],
    ///   "answers": [{"question": "clients", "answer": 3001}]}"#;
    /// assert_eq!(status_on_model("TOP022", model), Some(Status::Fail));
    /// ```
    TooManyClients {
        code: "TOP022",
        name: "too-many-clients",
        rule: "topo-clients-per-server",
        fails: "The servers are too few for the clients, now or after one loss",
        holds: "The servers are enough for the clients, also after one loss",
        severity: Medium,
        category: Continuity,
        citation: "Planning Identity Management (RHEL 10) 3.3",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Clients that one server serves at most.
const CLIENTS_MAX: u64 = 3000;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    vec![Judgement { subject: None, suffix: None, state: state(deployment) }]
}

/// How many servers of a group are visible: at least, at most.
#[derive(Clone, Copy, Default)]
struct Count {
    certain: u64,
    possible: u64,
}

fn state(deployment: &Deployment) -> State {
    let Some(Fact::Known { value: Answer::Number(clients), sources }) =
        deployment.observed.answers.get(CLIENTS)
    else {
        let asks = "How many clients does the deployment have?".to_owned();
        return State::Unknown(vec![Need::Answer(CLIENTS.to_owned(), asks)]);
    };
    let clients = *clients;
    if clients == 0 {
        return State::NotApplicable("there are no clients");
    }
    let mut all = Count::default();
    let mut centers: BTreeMap<&str, Count> = BTreeMap::new();
    let mut needs = Vec::new();
    for (name, server) in &deployment.servers {
        let role = server.role(Role::IpaMaster);
        let is_visible = |status: &RoleStatus| *status == RoleStatus::Enabled;
        let certain = u64::from(role.certainly(is_visible));
        let possible = u64::from(role.possibly(is_visible));
        all.certain += certain;
        all.possible += possible;
        if certain != possible {
            needs.push(Need::Role(name.clone(), Role::IpaMaster));
        }
        match server.data_center.value() {
            Some(center) => {
                let count = centers.entry(center).or_default();
                count.certain += certain;
                count.possible += possible;
            }
            None if possible > 0 => needs.push(Need::DataCenter(name.clone())),
            None => {}
        }
    }
    if !deployment.knows_all_servers() {
        // More servers may carry the clients; fewer may not.
        return State::Unknown(vec![Need::ServerList]);
    }
    let fits = |servers: u64| clients <= CLIENTS_MAX.saturating_mul(servers);
    let failure = |severity, subjects: Vec<String>, left: u64, when: &str| {
        State::Fail(Box::new(Failure {
            severity,
            subjects,
            why: format!(
                "{clients} clients for {left} visible server(s){when}; one server serves at most \
                 {CLIENTS_MAX}."
            ),
            evidence: sources.clone(),
            repair: None,
        }))
    };
    let largest = centers
        .iter()
        .filter(|(_, count)| !fits(all.possible.saturating_sub(count.certain)))
        .max_by_key(|(name, count)| (count.certain, std::cmp::Reverse(**name)));
    if let Some((center, count)) = largest.filter(|_| centers.len() > 1) {
        let left = all.possible - count.certain;
        let when = format!(" after losing data center {center}");
        return failure(Severity::High, vec![(*center).to_owned()], left, &when);
    }
    if !fits(all.possible) {
        return failure(Severity::Medium, Vec::new(), all.possible, "");
    }
    if !fits(all.possible.saturating_sub(1)) {
        let left = all.possible.saturating_sub(1);
        return failure(Severity::Medium, Vec::new(), left, " after losing one of them");
    }
    let worst_center = centers.values().map(|count| count.possible).max().unwrap_or(0);
    let without_center = |name: &Fqdn| {
        deployment.servers.get(name).is_some_and(|server| server.data_center.value().is_none())
    };
    let places_known = !deployment.servers.keys().any(without_center);
    let after_center = match centers.len() {
        0 | 1 => all.certain.saturating_sub(1),
        _ => all.certain.saturating_sub(worst_center),
    };
    if fits(all.certain.saturating_sub(1)) && fits(after_center) && places_known {
        State::Pass
    } else {
        needs.sort();
        needs.dedup();
        State::Unknown(needs)
    }
}
