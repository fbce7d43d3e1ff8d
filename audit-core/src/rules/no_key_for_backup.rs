//! KEY001 `no-key-for-backup`.

use crate::copy_parts::{has_usable_ca, with_list};
use crate::declare_rule;
use crate::model::{Backup, CopyTable, Deployment, Need};
use crate::recovery::{RestorePoint, key_called};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags an encrypted backup whose key is not among the keys that are known.
    ///
    /// # Why this matters
    ///
    /// Without its secret key an encrypted backup is noise. The key lies in the keyring of root
    /// on the server that is lost, unless somebody kept it elsewhere.
    ///
    /// # What it reads
    ///
    /// The identifiers of keys in encrypted archives, and the keys declared in answers.toml.
    ///
    /// # Verdicts
    ///
    /// * pass: its key is declared;
    /// * fail: it is not among the declared keys: high, critical if no other copy of a CA can
    ///   be used;
    /// * not applicable: no backup is encrypted;
    /// * unknown: whether it is encrypted, to which key, or which keys there are.
    ///
    /// # Fix
    ///
    /// On the server: `gpg2 --list-secret-keys --keyid-format long`, and lay down what `gpg2
    /// --export-secret-keys ID` prints.
    ///
    /// # Source
    ///
    /// The guide, section 5.5.1.
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
    ///   "2026-11-21T00:00:00Z", "key": "0123456789abcdef"}], "snapshots": [], "keys": []}"#;
    /// assert_eq!(status_on_model("KEY001", model), Some(Status::Fail));
    /// ```
    NoKeyForBackup {
        code: "KEY001",
        name: "no-key-for-backup",
        rule: "backup-key-known",
        fails: "Nobody has the key of an encrypted backup",
        holds: "The keys of encrypted backups are known",
        severity: High,
        category: Proof,
        citation: "guide 5.5.1",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let other = has_usable_ca(&RestorePoint::all(deployment));
    let severity = if other { Severity::High } else { Severity::Critical };
    let backups = deployment.copies.backups.iter();
    let judgements = backups
        .filter(|(_, copy)| copy.encrypted.possibly(|encrypted| *encrypted))
        .map(|(id, copy)| on(Some(id.clone()), state(deployment, id, copy, severity)))
        .collect();
    with_list(deployment, &[CopyTable::Backups], "no backup is encrypted", judgements)
}

fn state(deployment: &Deployment, id: &str, copy: &Backup, severity: Severity) -> State {
    let copies = &deployment.copies;
    if copy.encrypted.value() != Some(&true) {
        return State::Unknown(vec![Need::CopyUse(id.to_owned())]);
    }
    let all_known = copies.knows_all(CopyTable::Keys);
    let (words, is_known) = match copy.key.value() {
        Some(key) => (format!("to key {key}"), key_called(deployment, key).is_some()),
        None => ("to a key that nothing names".to_owned(), false),
    };
    if is_known {
        return State::Pass;
    }
    if !all_known || (copy.key.value().is_none() && !copies.keys.is_empty()) {
        return State::Unknown(vec![Need::CopyKey(id.to_owned())]);
    }
    let why = format!("{id} is encrypted {words}, and nobody is known to have that key.");
    failure(severity, vec![id.to_owned()], why, copy.encrypted.sources())
}
