//! KEY002 `key-beside-its-data`.

use std::collections::BTreeMap;

use crate::copy_parts::with_list;
use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Fqdn, Need};
use crate::recovery::key_called;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a key that is kept only on the server whose backups it decrypts.
    ///
    /// # Why this matters
    ///
    /// The server that is lost takes the key along, and with it every backup of that server,
    /// wherever it is kept.
    ///
    /// # What it reads
    ///
    /// Keys with their places (answers.toml), and the hosts of the backups encrypted to them.
    ///
    /// # Verdicts
    ///
    /// * pass: the key is kept in another place, too;
    /// * fail: it is kept on the host of the backup alone;
    /// * not applicable: no encrypted backup has a declared key;
    /// * unknown: where the key is kept, or which backups there are.
    ///
    /// # Fix
    ///
    /// Lay it down elsewhere: `gpg2 --export-secret-keys ID`, into a safe or a vault that does
    /// not depend on IdM.
    ///
    /// # Source
    ///
    /// The guide, section 5.5.1, makes the key on the server; that it must not stay there alone
    /// follows.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full", "roles": ["CA"],
    ///   "version": "4.12.2", "encrypted": true, "complete": true, "taken_at":
    ///   "2026-11-21T00:00:00Z", "key": "0123456789abcdef"}], "snapshots": [], "keys": [{"id":
    ///   "0123456789abcdef", "locations": ["a.example.test"]}]}"#;
    /// assert_eq!(status_on_model("KEY002", model), Some(Status::Fail));
    /// ```
    KeyBesideItsData {
        code: "KEY002",
        name: "key-beside-its-data",
        rule: "backup-key-elsewhere",
        fails: "The key of encrypted backups is only on the server that they protect",
        holds: "Keys of encrypted backups are kept elsewhere, too",
        severity: High,
        category: Proof,
        citation: "guide 5.5.1; conclusion",
        origin: Derived,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let mut keys: BTreeMap<&String, Vec<&Fqdn>> = BTreeMap::new();
    for copy in deployment.copies.backups.values() {
        let encrypted = copy.encrypted.value() == Some(&true);
        if let (true, Some(key), Some(host)) = (encrypted, copy.key.value(), copy.host.value()) {
            keys.entry(key).or_default().push(host);
        }
    }
    let mut judgements = Vec::new();
    for (id, hosts) in keys {
        let Some(key) = key_called(deployment, id) else { continue };
        let state = match key.locations.value() {
            None => State::Unknown(vec![Need::KeyPlace(id.clone())]),
            Some(places) => {
                let beside = |place: &String| {
                    hosts.iter().any(|host| host.as_str().eq_ignore_ascii_case(place))
                };
                if !places.is_empty() && places.iter().all(beside) {
                    let places: Vec<&str> = places.iter().map(String::as_str).collect();
                    let why = format!(
                        "Key {id} is kept on {} alone, whose backups it decrypts: both are lost \
                         together.",
                        places.join(", ")
                    );
                    failure(Severity::High, vec![id.clone()], why, key.locations.sources())
                } else {
                    State::Pass
                }
            }
        };
        judgements.push(on(Some(id.clone()), state));
    }
    let none = "no encrypted backup has a declared key";
    with_list(deployment, &[CopyTable::Backups], none, judgements)
}
