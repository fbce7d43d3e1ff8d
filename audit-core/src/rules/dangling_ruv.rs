//! REP003 `dangling-ruv`.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need, RuvKey, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::per_suffix;
use crate::views::agreements::closed;
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
    /// * fail: an id belongs to a host that is no server, and the list of servers is complete, or
    ///   the known servers certainly replicate with nobody else; an id without a host that none of
    ///   the servers has, with all of that known; or two ids belong to one host;
    /// * not applicable: nobody carries the suffix;
    /// * unknown: the RUV of a server, the host of an id, or the list of servers is not known.
    ///
    /// # Fix
    ///
    /// `ipa-replica-manage clean-dangling-ruv`; `ipa-replica-manage clean-ruv ID` for the old id of
    /// a server that was installed again. Never clean an id that a living server uses: no command
    /// is shown before the list of servers is complete.
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

/// Replica ids with the places that show each.
type Ids = BTreeMap<u16, Sources>;

/// What the RUVs of a suffix show.
#[derive(Default)]
struct Shown<'a> {
    /// Ids by the host that they name.
    of_hosts: BTreeMap<&'a Fqdn, Ids>,
    /// Ids for which no RUV names a host.
    of_nobody: Ids,
    /// Servers whose RUV is known, with the owner of every id in it.
    servers: BTreeSet<&'a Fqdn>,
}

impl<'a> Shown<'a> {
    /// Reads the RUVs. `owned` are the ids that servers say are theirs.
    fn new(deployment: &'a Deployment, suffix: Suffix, owned: &BTreeSet<u16>) -> Self {
        let mut shown = Self::default();
        for (key, ruv) in deployment.observed.ruvs.iter().filter(|(key, _)| key.suffix == suffix) {
            let mut whole = !ruv.replicas.is_empty();
            for (id, replica) in &ruv.replicas {
                let ids = if let Some(host) = replica.host.value() {
                    shown.of_hosts.entry(host).or_default()
                } else {
                    whole &= owned.contains(id);
                    &mut shown.of_nobody
                };
                ids.entry(*id).or_default().extend(replica.sources.iter().cloned());
            }
            shown.servers.extend(key.on.iter().filter(|_| whole));
        }
        let of_hosts = &shown.of_hosts;
        shown.of_nobody.retain(|id, _| !of_hosts.values().any(|ids| ids.contains_key(id)));
        shown
    }
}

/// How much is known of who replicates.
enum Members {
    /// The list of servers is complete.
    All,
    /// Those that are known replicate with nobody else.
    Closed(Sources),
    /// There may be others.
    Open,
}

impl Members {
    fn new(deployment: &Deployment, suffix: Suffix) -> Self {
        if deployment.knows_all_servers() {
            return Self::All;
        }
        closed(deployment, suffix).map_or(Self::Open, Self::Closed)
    }
}

/// The replica id that a server says is its own.
fn own_id(deployment: &Deployment, server: &Fqdn, suffix: Suffix) -> Option<u16> {
    let key = RuvKey { on: Some(server.clone()), suffix };
    deployment.observed.ruvs.get(&key)?.own_id.value().copied()
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    let suffix = view.suffix;
    let carriers = view.certain.servers();
    let own: Vec<Option<u16>> =
        carriers.iter().map(|server| own_id(deployment, server, suffix)).collect();
    let owned: BTreeSet<u16> = own.iter().copied().flatten().collect();
    let mut found = Shown::new(deployment, suffix, &owned);
    let seen = std::mem::take(&mut found.servers);
    let members = Members::new(deployment, suffix);
    let open = matches!(members, Members::Open);
    found
        .of_hosts
        .retain(|host, ids| ids.len() > 1 || (!open && !deployment.servers.contains_key(*host)));
    // Whose an id without a host is can only be told where every server has said which is its own.
    let all_own = own.iter().all(Option::is_some)
        && view.carrier_needs.iter().all(|need| *need == Need::ServerList);
    found.of_nobody.retain(|id, _| !open && all_own && !owned.contains(id));
    if !found.of_hosts.is_empty() || !found.of_nobody.is_empty() {
        return fail(deployment, suffix, &members, &found);
    }
    let mut needs = view.carrier_needs.clone();
    if !matches!(members, Members::All) && !needs.contains(&Need::ServerList) {
        needs.push(Need::ServerList);
    }
    let missing = carriers.iter().filter(|server| !seen.contains(server));
    needs.extend(missing.map(|server| Need::Ruv(server.clone(), suffix)));
    if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
}

fn fail(deployment: &Deployment, suffix: Suffix, members: &Members, found: &Shown<'_>) -> State {
    let mut parts = Vec::new();
    let mut edits = BTreeSet::new();
    let mut whole = true;
    for (host, ids) in &found.of_hosts {
        let list: Vec<String> = ids.keys().map(u16::to_string).collect();
        let list = list.join(", ");
        let own = own_id(deployment, host, suffix).filter(|own| ids.contains_key(own));
        match (deployment.servers.contains_key(*host), members, own) {
            (false, Members::All, _) => {
                parts.push(format!("{list} of {host}, which is no server"));
                edits.insert(Edit::CleanDanglingRuv);
            }
            // It may be a server that lost its agreements: nothing is cleaned before that is known.
            (false, Members::Closed(_), _) => {
                parts.push(format!("{list} of {host}, with which no server replicates"));
                whole = false;
            }
            (false, Members::Open, _) => {
                parts.push(format!("{list} of {host}"));
                whole = false;
            }
            (true, _, Some(own)) => {
                parts.push(format!("{list} of {host}, which has {own} now"));
                let old = ids.keys().filter(|id| **id != own);
                edits.extend(old.map(|id| Edit::CleanRuv { suffix, id: *id }));
            }
            (true, _, None) => {
                parts.push(format!("{list} of {host}, of which it can have one"));
                whole = false;
            }
        }
    }
    for id in found.of_nobody.keys() {
        if let Members::All = members {
            parts.push(format!("{id} without a host, which no server has"));
            edits.insert(Edit::CleanRuv { suffix, id: *id });
        } else {
            parts.push(format!("{id} without a host, which no server that replicates has"));
            whole = false;
        }
    }
    let ids = found.of_hosts.values().chain([&found.of_nobody]);
    let mut evidence: Sources = ids.flat_map(BTreeMap::values).flatten().cloned().collect();
    match members {
        Members::Closed(lists) => evidence.extend(lists.iter().cloned()),
        Members::All | Members::Open => evidence.extend(deployment.server_list.iter().cloned()),
    }
    let hosts = found.of_hosts.keys().map(ToString::to_string);
    let ids = found.of_nobody.keys().map(|id| format!("replica {id}"));
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: hosts.chain(ids).collect(),
        why: format!("Replica ids in the RUV of suffix {suffix}: {}.", parts.join("; ")),
        evidence,
        repair: whole.then(|| Repair::Edits(edits.into_iter().collect())),
    }))
}
