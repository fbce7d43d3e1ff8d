//! DC004 `single-server-data-center`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus, Server};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, per_data_center};
use crate::views::Views;

declare_rule! {
    /// Flags a data center with fewer than two visible servers.
    ///
    /// # Why this matters
    ///
    /// Losing the one server sends every client of the data center over the line to another one,
    /// and leaves nobody near to install its successor from.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), and the IPA master role,
    /// which says who is hidden: clients do not find hidden replicas.
    ///
    /// # Verdicts
    ///
    /// * pass: two or more visible servers;
    /// * fail: fewer;
    /// * not applicable: the deployment has one server;
    /// * unknown: a server's data center or the list of servers is not known, or whether a server
    ///   is hidden decides.
    ///
    /// # Fix
    ///
    /// `ipa-replica-install` on another machine in the data center.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 3.3. The editions for RHEL 8 and 9 add that
    /// it is no hard requirement: a reason for a waiver where a site is small.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [
    ///     {"fqdn": "a1.example.test", "data_center": "a", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "a2.example.test", "data_center": "a", "roles": {"ipa_master": "hidden"}}]}"#;
    /// assert_eq!(status_on_model("DC004", model), Some(Status::Fail));
    /// ```
    SingleServerDataCenter {
        code: "DC004",
        name: "single-server-data-center",
        rule: "dc-min-replicas",
        fails: "A data center has fewer than two visible servers",
        holds: "Every data center has at least two visible servers",
        severity: Medium,
        category: SiteLoss,
        citation: "Planning Identity Management (RHEL 10) 3.3",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Visible servers that a data center needs.
const SERVERS_MIN: usize = 2;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_data_center(deployment, |centers| states(deployment, centers))
}

fn states(deployment: &Deployment, centers: &Centers<'_>) -> Vec<(Option<String>, State)> {
    if deployment.servers.len() < 2 {
        return vec![(None, State::NotApplicable("a single server"))];
    }
    let judge = |(center, servers): &(&str, Vec<&Fqdn>)| {
        (Some((*center).to_owned()), state(deployment, center, servers))
    };
    centers.iter().map(judge).collect()
}

fn state(deployment: &Deployment, center: &str, names: &[&Fqdn]) -> State {
    let servers: Vec<&Server> =
        names.iter().filter_map(|name| deployment.servers.get(*name)).collect();
    let is_enabled = |status: &RoleStatus| *status == RoleStatus::Enabled;
    let masters = || servers.iter().map(|server| server.role(Role::IpaMaster));
    let visible = masters().filter(|role| role.certainly(is_enabled)).count();
    let possible = masters().filter(|role| role.possibly(is_enabled)).count();
    if visible >= SERVERS_MIN {
        return State::Pass;
    }
    if possible >= SERVERS_MIN {
        let open = names.iter().zip(&servers).filter(|(_, server)| {
            let role = server.role(Role::IpaMaster);
            role.possibly(is_enabled) && !role.certainly(is_enabled)
        });
        return State::Unknown(
            open.map(|(name, _)| Need::Role((*name).clone(), Role::IpaMaster)).collect(),
        );
    }
    let hidden = names.len() - possible;
    let also = if hidden > 0 {
        format!(" beside {hidden} that clients do not find")
    } else {
        String::new()
    };
    let evidence: Sources = servers
        .iter()
        .flat_map(|server| {
            let mut places = server.data_center.sources();
            places.extend(server.role(Role::IpaMaster).sources());
            places
        })
        .collect();
    State::Fail(Box::new(Failure {
        severity: Severity::Medium,
        subjects: vec![center.to_owned()],
        why: format!(
            "Data center {center} has {possible} visible server(s){also}; its clients need \
             {SERVERS_MIN} to stay served near by."
        ),
        evidence,
        repair: Some(Repair::Servers { center: Some(center.to_owned()), count: SERVERS_MIN }),
    }))
}
