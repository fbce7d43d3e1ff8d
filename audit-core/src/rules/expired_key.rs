//! KEY004 `expired-key`.

use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a key of backups that has ended, judged at the time of the audit.
    ///
    /// # Why this matters
    ///
    /// A key that has ended still decrypts old backups, but encrypts no new one: `ipa-backup
    /// --gpg` fails from that day on, and often nobody notices.
    ///
    /// # What it reads
    ///
    /// Keys in answers.toml: `expires`.
    ///
    /// # Verdicts
    ///
    /// * pass: it ends later;
    /// * fail: it has ended;
    /// * not applicable: no key is in use, or it never ends (no `expires` is stated for any);
    /// * unknown: which keys there are.
    ///
    /// # Fix
    ///
    /// Extend it: `gpg2 --quick-set-expire FINGERPRINT 2y`.
    ///
    /// # Source
    ///
    /// The guide, section 5.5.1, makes a key that never ends.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}], "keys":
    ///   [{"id": "k", "expires": "2026-01-01"}]}"#;
    /// assert_eq!(status_on_model("KEY004", model), Some(Status::Fail));
    /// ```
    ExpiredKey {
        code: "KEY004",
        name: "expired-key",
        rule: "backup-key-revoked-expired",
        fails: "A key that encrypts backups has expired",
        holds: "Keys that encrypt backups are valid",
        severity: Medium,
        category: Proof,
        citation: "guide 5.5.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let copies = &deployment.copies;
    let mut judgements = Vec::new();
    for (id, key) in &copies.keys {
        let Some(end) = key.expires.value() else { continue };
        let state = if *end > views.as_of {
            State::Pass
        } else {
            let why = format!("Key {id} has ended on {end}: no new backup can be encrypted to it.");
            failure(Severity::Medium, vec![id.clone()], why, key.expires.sources())
        };
        judgements.push(on(Some(id.clone()), state));
    }
    if !judgements.is_empty() {
        return judgements;
    }
    let plain = copies.knows_all(CopyTable::Backups)
        && copies.backups.values().all(|copy| copy.encrypted.value() == Some(&false));
    as_a_whole(if plain || copies.knows_all(CopyTable::Keys) {
        State::NotApplicable("no key has an end")
    } else {
        State::Unknown(vec![Need::Declared(CopyTable::Keys)])
    })
}
