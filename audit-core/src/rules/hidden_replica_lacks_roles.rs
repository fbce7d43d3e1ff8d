//! HID003 `hidden-replica-lacks-roles`.

use crate::copy_parts::{has_usable_ca, roles_in_use};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus, Server};
use crate::recovery::RestorePoint;
use crate::role_parts::Holders;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose hidden replicas all lack a role in use.
    ///
    /// # Why this matters
    ///
    /// The hidden replica is there to be copied: backups and snapshots of it hold what it has
    /// installed and nothing else. Without the CA on it no copy that it gives brings the CA back;
    /// without the KRA none brings the vaults back.
    ///
    /// # What it reads
    ///
    /// Which servers are hidden, and the roles of all servers.
    ///
    /// # Verdicts
    ///
    /// * pass: one hidden replica has every role in use;
    /// * fail: none has them all: critical if the best of them lacks the CA and, as all copies are
    ///   known, none brings it back; high if it lacks the CA or the KRA, else medium;
    /// * not applicable: there is no hidden replica, which is another finding, or no role is in
    ///   use;
    /// * unknown: whether servers are hidden, or their roles.
    ///
    /// # Fix
    ///
    /// On the hidden replica: `ipa-ca-install`, `ipa-kra-install`, `ipa-dns-install` or
    /// `ipa-adtrust-install`.
    ///
    /// # Source
    ///
    /// The guide, sections 4, 5 and 5.3: a hidden replica with all roles, the CA first.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [
    ///     {"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "ca": "enabled",
    ///      "kra": "absent", "dns": "absent", "ad_trust_controller": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "hidden", "ca": "absent",
    ///      "kra": "absent", "dns": "absent", "ad_trust_controller": "absent"}}]}"#;
    /// assert_eq!(status_on_model("HID003", model), Some(Status::Fail));
    /// ```
    HiddenReplicaLacksRoles {
        code: "HID003",
        name: "hidden-replica-lacks-roles",
        rule: "hidden-all-roles",
        fails: "Hidden replicas lack a role in use",
        holds: "A hidden replica has every role in use",
        severity: Critical,
        category: DataLoss,
        citation: "guide 4, 5, 5.3",
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
    let hidden = Holders::of(deployment, Role::IpaMaster, |status| *status == RoleStatus::Hidden);
    if hidden.are_none() {
        return State::NotApplicable("no hidden replica");
    }
    let (used, mut needs) = roles_in_use(deployment);
    if needs.is_empty() && used.is_empty() {
        return State::NotApplicable("no role is in use");
    }
    let lacks = |name: &Fqdn, test: &dyn Fn(&Server, Role) -> bool| -> Vec<Role> {
        let server = deployment.servers.get(name);
        used.iter().filter(|role| !server.is_some_and(|s| test(s, **role))).copied().collect()
    };
    let holds = |server: &Server, role: Role| server.holds(role);
    let may_hold = |server: &Server, role: Role| server.may_hold(role);
    if needs.is_empty() && hidden.certain.iter().any(|name| lacks(name, &holds).is_empty()) {
        return State::Pass;
    }
    if !hidden.are_known() {
        needs.extend(hidden.needs.iter().cloned());
    }
    for name in &hidden.certain {
        let surely = lacks(name, &may_hold);
        needs.extend(
            lacks(name, &holds)
                .into_iter()
                .filter(|role| !surely.contains(role))
                .map(|role| Need::Role((*name).clone(), role)),
        );
    }
    // The roles are ordered by what their loss costs.
    let best = hidden
        .certain
        .iter()
        .map(|name| (lacks(name, &holds), *name))
        .min_by_key(|(l, _)| (l.contains(&Role::Ca), l.contains(&Role::Kra), l.len()));
    let Some((missing, best)) = best.filter(|_| needs.is_empty()) else {
        return State::Unknown(needs);
    };
    let severity = match () {
        () if missing.contains(&Role::Ca) => {
            let other = has_usable_ca(&RestorePoint::all(deployment));
            let none = !other && deployment.copies.are_known();
            if none { Severity::Critical } else { Severity::High }
        }
        () if missing.contains(&Role::Kra) => Severity::High,
        () => Severity::Medium,
    };
    let names: Vec<&str> = missing.iter().map(|role| role.key()).collect();
    let why = format!("{best}, from which copies are taken, lacks: {}.", names.join(", "));
    let server = deployment.servers.get(best);
    let evidence =
        missing.iter().filter_map(|role| Some(server?.role(*role).sources())).flatten().collect();
    failure(severity, vec![best.to_string()], why, evidence)
}
