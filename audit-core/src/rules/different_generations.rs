//! REP002 `different-generations`.

use std::collections::{BTreeMap, BTreeSet};

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{AgreementState, Deployment, Fqdn, Need, RuvKey, Suffix};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{per_suffix, some_names};
use crate::views::agreements::generation;
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Flags servers whose databases are of different generations: they refuse each other's
    /// changes.
    ///
    /// # Why this matters
    ///
    /// `ipa-restore` gives the restored server a new generation. Until the others are
    /// re-initialized from it, or it from them, nothing passes between them in either direction,
    /// although topology and agreements look whole: the deployment is split, and each side goes on
    /// alone.
    ///
    /// # What it reads
    ///
    /// The database generation in the RUV of each server (export of each server), and agreements
    /// with error 19, which says the same of the other end.
    ///
    /// # Verdicts
    ///
    /// * pass: the generations of all servers of the suffix are known and equal;
    /// * fail: two known generations differ, or an agreement between two servers reports error 19;
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: the RUV of a server, the servers, or (suffix `ca`) a CA role is not known.
    ///
    /// # Fix
    ///
    /// `ipa-replica-manage re-initialize --from=SERVER` (`ipa-csreplica-manage` for suffix `ca`) on
    /// every server of the side that gives way. Which side that is, nobody but its owner knows:
    /// after a restore that was meant for all, it is everybody else. The command shown takes the
    /// smaller side, because its data are still in the backup; with sides of equal size none is
    /// shown.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/install/ipa_restore.py` (`RemoveRUVParser`) and
    /// `ipatests/test_integration/test_backup_and_restore.py`; measured with real directory servers
    /// (error 19 in both directions, also when the agreements are enabled again).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "ruv": [
    ///     {"on": "a.example.test", "suffix": "domain", "generation": "5f1a2b3c000000040000"},
    ///     {"on": "b.example.test", "suffix": "domain", "generation": "6555a0b0000000060000"}]}"#;
    /// assert_eq!(status_on_model("REP002", model), Some(Status::Fail));
    /// ```
    DifferentGenerations {
        code: "REP002",
        name: "different-generations",
        rule: "repl-generation-mismatch",
        fails: "Servers have databases of different generations",
        holds: "All databases of a suffix are of one generation",
        severity: Critical,
        category: Proof,
        citation: "FreeIPA ipaserver/install/ipa_restore.py",
        origin: Code,
        supersedes: ["REP001", "TOP010"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let few = (2, "fewer than two servers carry the suffix");
    per_suffix(deployment, views, few, |view| state(deployment, view))
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    let suffix = view.suffix;
    let mut groups: BTreeMap<&str, Vec<&Fqdn>> = BTreeMap::new();
    let mut needs = view.carrier_needs.clone();
    for server in view.certain.servers() {
        match generation(&deployment.observed, server, suffix) {
            Some(generation) => groups.entry(generation).or_default().push(server),
            None => needs.push(Need::Ruv(server.clone(), suffix)),
        }
    }
    let refused = refused(deployment, suffix);
    if groups.len() < 2 && refused.is_empty() {
        return if needs.is_empty() { State::Pass } else { State::Unknown(needs) };
    }
    let mut sides: Vec<Vec<&Fqdn>> = groups.into_values().collect();
    sides.sort_by_key(|side| (std::cmp::Reverse(side.len()), side.first().copied()));
    let smaller: Vec<&Fqdn> = sides.iter().skip(1).flatten().copied().collect();
    let otherwise = otherwise_broken(deployment, suffix);
    let mut subjects: BTreeSet<&Fqdn> = smaller.iter().copied().collect();
    subjects.extend(
        refused
            .iter()
            .flat_map(|(on, peer)| [*on, *peer])
            .filter(|name| smaller.is_empty() || !otherwise.contains(name)),
    );
    let why = if sides.len() > 1 {
        let groups: Vec<String> = sides.iter().map(some_names).collect();
        format!(
            "Suffix {suffix} has databases of {} generations, which refuse each other: {}.",
            sides.len(),
            groups.join(" | ")
        )
    } else {
        let pairs = refused.iter().map(|(on, peer)| format!("{on} to {peer}"));
        format!(
            "Agreements of suffix {suffix} report error 19, another generation at the other end: \
             {}.",
            some_names(pairs)
        )
    };
    let mut evidence = Sources::new();
    for server in view.certain.servers() {
        let key = RuvKey { on: Some(server.clone()), suffix };
        if let Some(ruv) = deployment.observed.ruvs.get(&key) {
            evidence.extend(ruv.generation.sources());
        }
    }
    for (key, agreement) in &deployment.observed.agreements {
        if key.suffix == suffix && refused.contains(&(&key.on, &key.peer)) {
            evidence.extend(agreement.state.sources());
        }
    }
    State::Fail(Box::new(Failure {
        severity: Severity::Critical,
        subjects: subjects.into_iter().map(ToString::to_string).collect(),
        why,
        evidence,
        repair: repair(suffix, &sides),
    }))
}

/// Supplier and consumer of every agreement between two servers that was refused for its
/// generation.
fn refused(deployment: &Deployment, suffix: Suffix) -> BTreeSet<(&Fqdn, &Fqdn)> {
    let is_server = |name: &Fqdn| deployment.servers.contains_key(name);
    deployment
        .observed
        .agreements
        .iter()
        .filter(|(key, _)| key.suffix == suffix && is_server(&key.on) && is_server(&key.peer))
        .filter(|(_, agreement)| {
            agreement.enabled.possibly(|enabled| *enabled)
                && agreement.state.certainly(|state| *state == AgreementState::OtherGeneration)
        })
        .map(|(key, _)| (&key.on, &key.peer))
        .collect()
}

/// Servers with an agreement that is, or may be, broken for another reason than the generation.
fn otherwise_broken(deployment: &Deployment, suffix: Suffix) -> BTreeSet<&Fqdn> {
    let other =
        |state: &AgreementState| state.is_fault() && *state != AgreementState::OtherGeneration;
    deployment
        .observed
        .agreements
        .iter()
        .filter(|(key, _)| key.suffix == suffix)
        .filter(|(_, agreement)| {
            agreement.enabled.certainly(|enabled| !enabled) || agreement.state.possibly(other)
        })
        .map(|(key, _)| &key.on)
        .collect()
}

/// Re-initializes the smaller sides from the first server of the largest.
fn repair(suffix: Suffix, sides: &[Vec<&Fqdn>]) -> Option<Repair> {
    let [largest, second, ..] = sides else { return None };
    let from = largest.first().filter(|_| largest.len() > second.len())?;
    let smaller = sides.iter().skip(1).flatten();
    let edits = smaller.map(|server| Edit::Reinitialize {
        suffix,
        server: (*server).clone(),
        from: (*from).clone(),
    });
    Some(Repair::Edits(edits.collect()))
}
