//! TOP013 `version-skew`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, some_names};
use crate::version::numbers;
use crate::views::Views;

declare_rule! {
    /// Flags servers whose IPA version is older than that of the newest server.
    ///
    /// # Why this matters
    ///
    /// A replica is not installed from a server of a higher version than its own packages have. A
    /// lost server that is rebuilt with the packages of an old one cannot be installed from the
    /// newest server; if only newest servers survive, not at all.
    ///
    /// # What it reads
    ///
    /// The IPA version of every server (export of each server).
    ///
    /// # Verdicts
    ///
    /// * pass: the versions of all servers are known and equal;
    /// * fail: two known versions differ;
    /// * not applicable: the deployment has one server;
    /// * unknown: the version of a server, or the list of servers, is not known.
    ///
    /// Only the numbers of the version count (`4.9.8`), not the build. Which version the standby
    /// image or repository has is a question of its own.
    ///
    /// # Fix
    ///
    /// `dnf update` on the older servers, one after the other.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/install/server/replicainstall.py`, `check_remote_version`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "version": "4.9.8"},
    ///     {"fqdn": "b.example.test", "version": "4.12.2"}]}"#;
    /// assert_eq!(status_on_model("TOP013", model), Some(Status::Fail));
    /// ```
    VersionSkew {
        code: "TOP013",
        name: "version-skew",
        rule: "topo-version-skew",
        fails: "Servers run an older IPA version than others",
        holds: "All servers run the same IPA version",
        severity: Medium,
        category: Proof,
        citation: "FreeIPA ipaserver/install/server/replicainstall.py",
        origin: Code,
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
    let mut known: Vec<(&Fqdn, &str, Vec<u64>)> = Vec::new();
    let mut needs = Vec::new();
    for (name, server) in &deployment.servers {
        match server.version.value().and_then(|version| Some((version, numbers(version)?))) {
            Some((version, numbers)) => known.push((name, version, numbers)),
            None => needs.push(Need::Version(name.clone())),
        }
    }
    // The first by name among equals.
    let newest = known.iter().rev().max_by(|a, b| a.2.cmp(&b.2));
    let older: Vec<_> = newest
        .iter()
        .flat_map(|(_, _, newest)| known.iter().filter(move |(_, _, own)| own < newest))
        .collect();
    match newest {
        Some((leader, version, _)) if !older.is_empty() => {
            let names = older.iter().map(|(name, version, _)| format!("{name} ({version})"));
            let mut evidence: Sources =
                deployment.servers.get(*leader).map(|s| s.version.sources()).unwrap_or_default();
            evidence.extend(
                older
                    .iter()
                    .filter_map(|(name, _, _)| deployment.servers.get(*name))
                    .flat_map(|server| server.version.sources()),
            );
            State::Fail(Box::new(Failure {
                severity: Severity::Medium,
                subjects: older.iter().map(|(name, _, _)| name.to_string()).collect(),
                why: format!(
                    "{leader} has IPA {version}, and these are older: {}. With their packages no \
                     replica can be installed from {leader}.",
                    some_names(names)
                ),
                evidence,
                repair: Some(Repair::Edits(
                    older
                        .iter()
                        .map(|(name, _, _)| Edit::Update {
                            server: (*name).clone(),
                            version: (*version).to_owned(),
                        })
                        .collect(),
                )),
            }))
        }
        _ => {
            if !deployment.knows_all_servers() {
                needs.insert(0, Need::ServerList);
            }
            if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
        }
    }
}
