//! TOP012 `differing-server-lists`.

use std::collections::{BTreeMap, BTreeSet};

use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, some_names};
use crate::views::Views;

declare_rule! {
    /// Flags servers that show another list of servers than the others.
    ///
    /// # Why this matters
    ///
    /// The list of servers is replicated data. Where it differs, replication has failed, or a
    /// server was removed on one side only: it then lives on as a ghost, and the next recovery
    /// starts from two stories.
    ///
    /// # What it reads
    ///
    /// The list of servers as each server shows it (export of each server; exports of the same
    /// hour, as a change needs minutes to arrive).
    ///
    /// # Verdicts
    ///
    /// * pass: every server's own list is known, and all are equal;
    /// * fail: two servers show different lists;
    /// * not applicable: the deployment has one server;
    /// * unknown: the list of some server is not known, or two inputs disagree on what it shows.
    ///
    /// # Fix
    ///
    /// Repair the replication of the servers named; `ipa server-del GHOST --force` for one that is
    /// gone.
    ///
    /// # Source
    ///
    /// Field: checkipaconsistency, issue 51 (a server missing in the list of another).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "server_views": [
    ///     {"on": "a.example.test", "servers": ["a.example.test", "b.example.test"]},
    ///     {"on": "b.example.test", "servers": ["b.example.test"]}]}"#;
    /// assert_eq!(status_on_model("TOP012", model), Some(Status::Fail));
    /// ```
    DifferingServerLists {
        code: "TOP012",
        name: "differing-server-lists",
        rule: "topo-masters-consistent",
        fails: "Servers show different lists of servers",
        holds: "Every server shows the same list of servers",
        severity: High,
        category: Proof,
        citation: "peterpakos/checkipaconsistency issue 51",
        origin: Field,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    if deployment.knows_all_servers() && deployment.servers.len() < 2 {
        return State::NotApplicable("a single server");
    }
    let views = &deployment.observed.server_views;
    let mut stories: BTreeMap<&BTreeSet<Fqdn>, Vec<&Fqdn>> = BTreeMap::new();
    let mut missing: BTreeSet<&Fqdn> = deployment.servers.keys().collect();
    for (server, view) in views {
        if let Some(view) = view.value() {
            stories.entry(view).or_default().push(server);
            missing.remove(server);
        }
    }
    if stories.len() > 1 {
        return fail(deployment, &stories);
    }
    // A host that all of them know, and no other input, is a server whose own list is missing.
    let shown: BTreeSet<&Fqdn> = stories.keys().copied().flatten().collect();
    missing.extend(shown.into_iter().filter(|host| !views.contains_key(*host)));
    let mut needs: Vec<Need> =
        missing.into_iter().map(|server| Need::ServerView(server.clone())).collect();
    if !deployment.knows_all_servers() {
        needs.insert(0, Need::ServerList);
    }
    if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
}

fn fail(deployment: &Deployment, stories: &BTreeMap<&BTreeSet<Fqdn>, Vec<&Fqdn>>) -> State {
    // The list that most servers show; the longest, then the first, among equals.
    let common = stories
        .iter()
        .rev()
        .max_by_key(|(list, servers)| (servers.len(), list.len()))
        .map(|(list, _)| *list);
    let mut subjects = Vec::new();
    let mut reasons = Vec::new();
    let mut evidence = Sources::new();
    for (list, servers) in stories.iter().filter(|(list, _)| Some(**list) != common) {
        let lacks: Vec<&Fqdn> = common.iter().flat_map(|common| common.difference(list)).collect();
        let has: Vec<&Fqdn> = common.iter().flat_map(|common| list.difference(common)).collect();
        let parts = [("lacks", lacks), ("also shows", has)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(verb, names)| format!("{verb} {}", some_names(names)))
            .collect::<Vec<_>>();
        reasons.push(format!("{} {}", some_names(servers), parts.join(" and ")));
        subjects.extend(servers.iter().map(ToString::to_string));
    }
    for view in deployment.observed.server_views.values() {
        evidence.extend(view.sources());
    }
    subjects.sort();
    State::Fail(Box::new(Failure {
        severity: Severity::High,
        subjects,
        why: format!(
            "Servers show {} different lists of servers; against the most common one: {}. \
             Replication between them has failed, or a removal did not arrive.",
            stories.len(),
            reasons.join("; ")
        ),
        evidence,
        repair: None,
    }))
}
