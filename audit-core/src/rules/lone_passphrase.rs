//! KEY003 `lone-passphrase`.

use crate::declare_rule;
use crate::model::{CopyTable, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a key whose passphrase is not laid down and not known to a second person.
    ///
    /// # Why this matters
    ///
    /// The key decrypts nothing without its passphrase, and the one who knows it is on holiday
    /// when it is needed.
    ///
    /// # What it reads
    ///
    /// Keys in answers.toml: `escrowed`.
    ///
    /// # Verdicts
    ///
    /// * pass: the passphrase is escrowed;
    /// * fail: it is not;
    /// * not applicable: no key is in use;
    /// * unknown: nothing says it, or which keys there are.
    ///
    /// # Fix
    ///
    /// Lay the passphrase down where two people can reach it, and say so in answers.toml:
    /// `idm-drill answers`.
    ///
    /// # Source
    ///
    /// The guide, section 5.5.1, asks for a passphrase; Performing disaster recovery with IdM
    /// (RHEL 10) 5.2 needs it.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}}], "keys":
    ///   [{"id": "k", "escrowed": false}]}"#;
    /// assert_eq!(status_on_model("KEY003", model), Some(Status::Fail));
    /// ```
    LonePassphrase {
        code: "KEY003",
        name: "lone-passphrase",
        rule: "backup-key-passphrase",
        fails: "The passphrase of a backup key is known to one person at most",
        holds: "Passphrases of backup keys are laid down",
        severity: High,
        category: Proof,
        citation: "guide 5.5.1; Performing disaster recovery with IdM (RHEL 10) 5.2",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let copies = &deployment.copies;
    let judgements: Vec<Judgement> = copies
        .keys
        .iter()
        .map(|(id, key)| {
            let state = match key.escrowed.value() {
                Some(true) => State::Pass,
                None => State::Unknown(vec![Need::KeyPlace(id.clone())]),
                Some(false) => {
                    let why = format!("One person at most knows the passphrase of key {id}.");
                    failure(Severity::High, vec![id.clone()], why, key.escrowed.sources())
                }
            };
            on(Some(id.clone()), state)
        })
        .collect();
    if !judgements.is_empty() {
        return judgements;
    }
    let none = copies.knows_all(CopyTable::Keys);
    let plain = copies.knows_all(CopyTable::Backups)
        && copies.backups.values().all(|copy| copy.encrypted.value() == Some(&false));
    as_a_whole(if none || plain {
        State::NotApplicable("no key is in use")
    } else {
        State::Unknown(vec![Need::Declared(CopyTable::Keys)])
    })
}
