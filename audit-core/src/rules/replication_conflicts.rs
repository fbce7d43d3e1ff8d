//! REP006 `replication-conflicts`.

use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Fqdn, Need, Suffix, UpkeepKey};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, per_replica};
use crate::views::Views;

declare_rule! {
    /// Flags a server that holds entries which replication could not merge.
    ///
    /// # Why this matters
    ///
    /// Two servers added the same entry, or one deleted what another changed. Both versions stay,
    /// one under a name that nothing finds. A recovery copies them to every server, and which of
    /// the two users see is decided by nobody. Conflicts that nobody resolves also hide new ones.
    ///
    /// # What it reads
    ///
    /// How many there are on each server in each suffix (`ipa-healthcheck`, `ReplicationCheck`).
    ///
    /// # Verdicts
    ///
    /// * pass: there are none;
    /// * fail: there are some;
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: nobody looked.
    ///
    /// # Fix
    ///
    /// `dsconf INSTANCE repl-conflict list SUFFIX`, compare each with its counterpart, and delete
    /// or swap it: `dsconf INSTANCE repl-conflict delete DN`.
    ///
    /// # Source
    ///
    /// 389-ds `lib389/lint.py`, DSREPLLE0002; freeipa-healthcheck `ds/replication.py`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "upkeep": [{"on": "a.example.test", "suffix": "domain", "conflicts": 2}]}"#;
    /// assert_eq!(status_on_model("REP006", model), Some(Status::Fail));
    /// ```
    ReplicationConflicts {
        code: "REP006",
        name: "replication-conflicts",
        rule: "repl-conflicts",
        fails: "Replication left conflicting entries",
        holds: "Replication left no conflicting entries",
        severity: Low,
        category: Proof,
        citation: "389-ds lib389/lint.py (DSREPLLE0002)",
        origin: Code,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_replica(deployment, views, |suffix, server| state(deployment, suffix, server))
}

fn state(deployment: &Deployment, suffix: Suffix, server: &Fqdn) -> State {
    let key = UpkeepKey { on: server.clone(), suffix };
    match deployment.observed.upkeep.get(&key).map(|upkeep| &upkeep.conflicts) {
        Some(Fact::Known { value: 0, .. }) => State::Pass,
        Some(Fact::Known { value, sources }) => {
            let why = format!(
                "{server} holds {value} conflicting entries in suffix {suffix}; a recovery copies \
                 them to every server."
            );
            failure(Severity::Low, vec![server.to_string()], why, sources.clone())
        }
        Some(Fact::Unknown | Fact::Conflict(_)) | None => {
            State::Unknown(vec![Need::Upkeep(server.clone(), suffix)])
        }
    }
}
