//! HID001 `no-hidden-replica`.

use crate::declare_rule;
use crate::model::{Deployment, Need, Role, RoleStatus};
use crate::role_parts::Holders;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment that takes copies of its servers and has no hidden replica.
    ///
    /// # Why this matters
    ///
    /// Backups and snapshots stop the server that they are taken of. A hidden replica
    /// replicates like all others, but no client is sent to it, so that nobody notices.
    ///
    /// # What it reads
    ///
    /// The visibility of all servers, and whether there are backups or snapshots.
    ///
    /// # Verdicts
    ///
    /// * pass: a server is a hidden replica;
    /// * fail: none is;
    /// * not applicable: there is one server only, or no copy is taken of any;
    /// * unknown: whether a server is hidden, which servers or which copies there are.
    ///
    /// # Fix
    ///
    /// `ipa-replica-install --hidden-replica --setup-ca` on a new host, with every role in use.
    ///
    /// # Source
    ///
    /// The guide, sections 4 and 5.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///   {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full"}]}"#;
    /// assert_eq!(status_on_model("HID001", model), Some(Status::Fail));
    /// ```
    NoHiddenReplica {
        code: "HID001",
        name: "no-hidden-replica",
        rule: "hidden-exists",
        fails: "There is no hidden replica for backups and snapshots",
        holds: "There is a hidden replica",
        severity: Low,
        category: Continuity,
        citation: "guide 4, 5",
        origin: Guide,
        supersedes: [],
        grouping: Together,
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
    let copies = &deployment.copies;
    if copies.backups.is_empty() && copies.snapshots.is_empty() {
        return if copies.are_known() {
            State::NotApplicable("no copy is taken of a server")
        } else {
            State::Unknown(vec![Need::Copies])
        };
    }
    let hidden = Holders::of(deployment, Role::IpaMaster, |status| *status == RoleStatus::Hidden);
    if !hidden.certain.is_empty() {
        return State::Pass;
    }
    if !hidden.are_known() {
        let needs: Vec<Need> = hidden.needs;
        return State::Unknown(needs);
    }
    let why = "No server is hidden: each full backup and each snapshot takes a server from its \
               clients.";
    let evidence = evidence_of_role(deployment, Role::IpaMaster);
    failure(Severity::Low, Vec::new(), why.to_owned(), evidence)
}
