//! KRA001 `single-kra`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Role};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, names};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose KRA, and with it the key to all vaults, is on one server.
    ///
    /// # Why this matters
    ///
    /// Vaults are replicated, but only a KRA can open them: its keys exist on KRA servers only.
    /// When the last one is damaged, everything archived in vaults is lost unless a copy of that
    /// server can be restored. `ipa server-del` refuses to remove the last KRA.
    ///
    /// # What it reads
    ///
    /// The list of servers, and the KRA role of each (`ipa server-role-find`, LDIF of
    /// `cn=masters`). `hidden` and `configured` KRA servers hold the keys, too.
    ///
    /// # Verdicts
    ///
    /// * pass: two or more servers hold the KRA;
    /// * fail: one does, and the KRA role of every server is known;
    /// * not applicable: no server holds the KRA; a CA-less deployment has none;
    /// * unknown: the list of servers, or a KRA role that decides, is not known.
    ///
    /// # Fix
    ///
    /// `ipa-kra-install` on another CA replica.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/plugins/internal.py` (advice to keep services on more than one server),
    /// `ipaserver/plugins/server.py` (refusal to remove the last KRA) and
    /// `doc/designs/hidden-replicas.md`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled", "kra": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "enabled", "kra": "absent"}}]}"#;
    /// assert_eq!(status_on_model("KRA001", model), Some(Status::Fail));
    /// ```
    SingleKra {
        code: "KRA001",
        name: "single-kra",
        rule: "kra-min-two",
        fails: "The KRA runs on one server only",
        holds: "The KRA runs on more than one server",
        severity: High,
        category: CaAndKra,
        citation: "FreeIPA ipaserver/plugins/internal.py, server.py",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Servers that must hold the KRA.
const KRAS_MIN: usize = 2;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let kras = Holders::of_data(deployment, Role::Kra);
    if kras.are_none() {
        State::NotApplicable("no KRA")
    } else if kras.certain.len() >= KRAS_MIN {
        State::Pass
    } else if !kras.are_known() {
        State::Unknown(kras.needs)
    } else {
        let list = names(&kras.certain);
        State::Fail(Box::new(Failure {
            severity: Severity::High,
            why: format!(
                "{} is the only server with the KRA. If it is damaged, nobody can open the vaults \
                 any more, unless a copy of it can be restored.",
                list.join(", ")
            ),
            subjects: list,
            evidence: evidence_of_role(deployment, Role::Kra),
            repair: Some(Repair::Holders { role: Role::Kra, count: KRAS_MIN }),
        }))
    }
}
