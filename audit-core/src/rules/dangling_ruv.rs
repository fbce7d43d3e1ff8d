//! REP003 `dangling-ruv`.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need, RuvKey};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{per_suffix, some_names};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags replica ids in the RUV of servers that no longer exist, and second ids of servers that
    /// do.
    ///
    /// # Why this matters
    ///
    /// Every server keeps changes and compares states for a replica that is gone. Recoveries that
    /// remove servers leave more of them; with many, replication slows down, and a changelog that
    /// cannot be trimmed grows until the disk is full.
    ///
    /// # What it reads
    ///
    /// The RUV of each server (export of each server), and the list of servers, hidden ones
    /// included.
    ///
    /// # Verdicts
    ///
    /// * pass: the RUV of every server of the suffix is known, and has one id for each of them and
    ///   no other;
    /// * fail: an id belongs to a host that is no server, and the list of servers is complete; or
    ///   two ids belong to one host;
    /// * not applicable: nobody carries the suffix;
    /// * unknown: the RUV of a server, the host of an id, or the list of servers is not known.
    ///
    /// # Fix
    ///
    /// `ipa-replica-manage clean-dangling-ruv`; `ipa-replica-manage clean-ruv ID` for the old id of
    /// a server that was installed again. Never clean an id that a living server uses.
    ///
    /// # Source
    ///
    /// Managing replication in IdM (RHEL 10), section 1.14; 389-ds-base issue 7191.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "ruv": [{"on": "a.example.test", "suffix": "domain", "replicas": [
    ///     {"id": 4, "host": "a.example.test"}, {"id": 9, "host": "gone.example.test"}]}]}"#;
    /// assert_eq!(status_on_model("REP003", model), Some(Status::Fail));
    /// ```
    DanglingRuv {
        code: "REP003",
        name: "dangling-ruv",
        rule: "repl-ruv-dangling",
        fails: "Replica ids of servers that are gone are left in the RUV",
        holds: "The RUV holds one id for every server and no other",
        severity: Medium,
        category: Proof,
        citation: "Managing replication in IdM (RHEL 10) 1.14",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_suffix(deployment, views, (1, "nobody carries the suffix"), |view| state(deployment, view))
}

/// The ids of a suffix in all RUVs, by host, with the places that show each.
type Ids<'a> = BTreeMap<&'a Fqdn, BTreeMap<u16, Sources>>;

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    let suffix = view.suffix;
    let mut ids: Ids<'_> = BTreeMap::new();
    let mut seen: BTreeSet<&Fqdn> = BTreeSet::new();
    for (key, ruv) in deployment.observed.ruvs.iter().filter(|(key, _)| key.suffix == suffix) {
        let mut whole = !ruv.replicas.is_empty();
        for (id, replica) in &ruv.replicas {
            match replica.host.value() {
                Some(host) => {
                    let places = ids.entry(host).or_default().entry(*id).or_default();
                    places.extend(replica.sources.iter().cloned());
                }
                None => whole = false,
            }
        }
        seen.extend(key.on.iter().filter(|_| whole));
    }
    let all_known = deployment.knows_all_servers();
    let is_gone = |host: &Fqdn| all_known && !deployment.servers.contains_key(host);
    let found: Ids<'_> = ids
        .iter()
        .filter(|(host, of)| is_gone(host) || of.len() > 1)
        .map(|(h, i)| (*h, i.clone()))
        .collect();
    if !found.is_empty() {
        return fail(deployment, view, &found);
    }
    let mut needs = view.carrier_needs.clone();
    if !all_known && !needs.contains(&Need::ServerList) {
        needs.push(Need::ServerList);
    }
    let missing = view.certain.servers().iter().filter(|server| !seen.contains(server));
    needs.extend(missing.map(|server| Need::Ruv(server.clone(), suffix)));
    if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
}

fn fail(deployment: &Deployment, view: &SuffixView, found: &Ids<'_>) -> State {
    let suffix = view.suffix;
    let mut parts = Vec::new();
    let mut edits = Vec::new();
    let mut whole = true;
    for (host, ids) in found {
        let list: Vec<String> = ids.keys().map(u16::to_string).collect();
        let list = list.join(", ");
        if !deployment.servers.contains_key(*host) {
            let gone = if deployment.knows_all_servers() { ", which is no server" } else { "" };
            parts.push(format!("{list} of {host}{gone}"));
            if gone.is_empty() {
                whole = false;
            } else if !edits.contains(&Edit::CleanDanglingRuv) {
                edits.push(Edit::CleanDanglingRuv);
            }
            continue;
        }
        let key = RuvKey { on: Some((*host).clone()), suffix };
        let own = deployment.observed.ruvs.get(&key).and_then(|ruv| ruv.own_id.value());
        if let Some(own) = own.filter(|own| ids.contains_key(own)) {
            parts.push(format!("{list} of {host}, which has {own} now"));
            let old = ids.keys().filter(|id| *id != own);
            edits.extend(old.map(|id| Edit::CleanRuv { suffix, id: *id }));
        } else {
            parts.push(format!("{list} of {host}, of which it can have one"));
            whole = false;
        }
    }
    let mut evidence: Sources =
        found.values().flat_map(BTreeMap::values).flatten().cloned().collect();
    evidence.extend(deployment.server_list.iter().cloned());
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: found.keys().map(ToString::to_string).collect(),
        why: format!("Replica ids in the RUV of suffix {suffix}: {}.", some_names(parts)),
        evidence,
        repair: whole.then_some(Repair::Edits(edits)),
    }))
}
