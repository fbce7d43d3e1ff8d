//! DC006 `role-in-one-data-center`.

use std::collections::BTreeSet;

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{CaMode, Deployment, Fqdn, Need, Role, Visibility};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, evidence_of_role, per_data_center, some_names};
use crate::views::Views;

declare_rule! {
    /// Flags a role whose servers are all in one data center.
    ///
    /// # Why this matters
    ///
    /// Losing that data center loses the role: the CA with all its keys, the vaults of the KRA, the
    /// DNS servers. The loss of the CA cannot be mended without a copy.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), and the roles CA, KRA,
    /// DNS and AD trust controller, hidden servers included.
    ///
    /// # Verdicts
    ///
    /// * pass: servers of two or more data centers hold the role;
    /// * fail: several servers hold it, all in one data center;
    /// * not applicable: one data center in all, nobody holds the role, or a single server holds
    ///   it, whose loss is worse than that of its data center and has rules of its own;
    /// * unknown: a server's data center, the list of servers, or a role is not known.
    ///
    /// High for CA and KRA, medium for the others. Where copies are kept is not part of it.
    ///
    /// # Fix
    ///
    /// `ipa-ca-install`, `ipa-kra-install`, `ipa-dns-install` or `ipa-adtrust-install` on a server
    /// of another data center.
    ///
    /// # Source
    ///
    /// Performing disaster recovery with Identity Management (RHEL 10), chapter 1: CA replicas in
    /// several places.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a1.example.test", "data_center": "a", "roles": {"dns": "enabled"}},
    ///     {"fqdn": "a2.example.test", "data_center": "a", "roles": {"dns": "enabled"}},
    ///     {"fqdn": "b.example.test", "data_center": "b", "roles": {"dns": "absent"}}]}"#;
    /// let status = status_on_model("DC006", model);
    /// assert_eq!(status, Some(Status::Fail));
    /// ```
    RoleInOneDataCenter {
        code: "DC006",
        name: "role-in-one-data-center",
        rule: "dc-not-single-holder",
        fails: "All servers of a role are in one data center",
        holds: "Every role is held in at least two data centers",
        severity: High,
        category: SiteLoss,
        citation: "Performing disaster recovery with IdM (RHEL 10) 1",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Roles, and how bad it is to lose all of their servers.
const ROLES: [(Role, Severity); 4] = [
    (Role::Ca, Severity::High),
    (Role::Kra, Severity::High),
    (Role::Dns, Severity::Medium),
    (Role::AdTrustController, Severity::Medium),
];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_data_center(deployment, |centers| states(deployment, centers))
}

fn states(deployment: &Deployment, centers: &Centers<'_>) -> Vec<(Option<String>, State)> {
    if centers.len() < 2 {
        return vec![(None, State::NotApplicable("a single data center"))];
    }
    ROLES
        .into_iter()
        .map(|(role, severity)| (Some(role.to_string()), state(deployment, role, severity)))
        .collect()
}

fn state(deployment: &Deployment, role: Role, severity: Severity) -> State {
    let ca_less = deployment.ca.certainly(|mode| *mode == CaMode::None);
    if ca_less && matches!(role, Role::Ca | Role::Kra) {
        return State::NotApplicable("CA-less");
    }
    let certain = deployment.holders(role);
    let possible: Vec<&Fqdn> = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.may_hold(role))
        .map(|(name, _)| name)
        .collect();
    let centers = |names: &[&Fqdn]| -> BTreeSet<&str> {
        let servers = names.iter().filter_map(|name| deployment.servers.get(*name));
        servers.filter_map(|server| server.data_center.value()).map(String::as_str).collect()
    };
    if possible.is_empty() {
        return State::NotApplicable("nobody holds the role");
    }
    if centers(&certain).len() > 1 {
        return State::Pass;
    }
    let one_center = centers(&possible).into_iter().collect::<Vec<_>>();
    match one_center.as_slice() {
        [_] if possible.len() == 1 && certain.len() == 1 => {
            State::NotApplicable("a single server holds the role")
        }
        [center] if certain.len() > 1 => fail(deployment, (role, severity), center, &certain),
        _ => State::Unknown(
            deployment
                .servers
                .iter()
                .filter(|(_, server)| server.may_hold(role) && !server.holds(role))
                .map(|(name, _)| Need::Role(name.clone(), role))
                .collect(),
        ),
    }
}

fn fail(
    deployment: &Deployment,
    (role, severity): (Role, Severity),
    center: &str,
    holders: &[&Fqdn],
) -> State {
    // The KRA needs a CA, so a server that has one comes first.
    let elsewhere = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.data_center.value().is_some_and(|of| of != center))
        .min_by_key(|(name, server)| {
            let no_ca = role == Role::Kra && !server.holds(Role::Ca);
            (server.visibility() != Visibility::Visible, no_ca, (*name).clone())
        });
    State::Fail(Box::new(Failure {
        severity,
        subjects: vec![center.to_owned()],
        why: format!(
            "All {} servers with role {role} are in data center {center}: {}. Losing it loses the \
             role.",
            holders.len(),
            some_names(holders)
        ),
        evidence: evidence_of_role(deployment, role),
        repair: elsewhere.map(|(name, _)| Repair::Role { server: name.clone(), role }),
    }))
}
