//! DC005 `data-center-without-service`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{CaMode, Deployment, Fqdn, Need, Role, RoleStatus, Server, Visibility};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{Centers, per_data_center};
use crate::views::Views;

declare_rule! {
    /// Flags a data center without a visible server for the CA or DNS, where the deployment uses
    /// them.
    ///
    /// # Why this matters
    ///
    /// When the lines to the other data centers fail, its clients resolve no names, or get no
    /// certificates, although their servers run.
    ///
    /// # What it reads
    ///
    /// The data center of every server (IdM location, or `answers.toml`), and the roles CA and DNS.
    ///
    /// # Verdicts
    ///
    /// * pass: a server of the data center has the role enabled;
    /// * fail: none has, and some server elsewhere holds the role;
    /// * not applicable: one data center, or nobody holds the role;
    /// * unknown: a server's data center, the list of servers, or a role is not known.
    ///
    /// It is advice where the lines between data centers are good. Planning Identity Management
    /// asks for a CA in every region only where they are not.
    ///
    /// # Fix
    ///
    /// `ipa-dns-install` or `ipa-ca-install` on a server there.
    ///
    /// # Source
    ///
    /// FreeIPA wiki, Deployment Recommendations; Planning Identity Management (RHEL 10), section
    /// 5.2.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "data_center": "a", "roles": {"dns": "enabled"}},
    ///     {"fqdn": "b.example.test", "data_center": "b", "roles": {"dns": "absent"}}]}"#;
    /// assert_eq!(status_on_model("DC005", model), Some(Status::Fail));
    /// ```
    DataCenterWithoutService {
        code: "DC005",
        name: "data-center-without-service",
        rule: "dc-role-coverage",
        fails: "A data center has no server for a service in use",
        holds: "Every data center has a server for CA and DNS",
        severity: Low,
        category: SiteLoss,
        citation: "FreeIPA wiki, Deployment Recommendations",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// The additional services that clients of a data center use all the time.
const SERVICES: [Role; 2] = [Role::Ca, Role::Dns];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_data_center(deployment, |centers| states(deployment, centers))
}

fn states(deployment: &Deployment, centers: &Centers<'_>) -> Vec<(Option<String>, State)> {
    if centers.len() < 2 {
        return vec![(None, State::NotApplicable("a single data center"))];
    }
    let mut states = Vec::new();
    for role in SERVICES {
        let use_of = Use::of(deployment, role);
        states.extend(centers.iter().map(|(center, servers)| {
            let subject = format!("{center}: {role}");
            (Some(subject), state(deployment, (role, &use_of), center, servers))
        }));
    }
    states
}

/// Whether the deployment uses a service.
enum Use {
    Yes,
    No,
    Unknown(Vec<Need>),
}

impl Use {
    fn of(deployment: &Deployment, role: Role) -> Self {
        if role == Role::Ca && deployment.ca.certainly(|mode| *mode == CaMode::None) {
            return Self::No;
        }
        let servers = &deployment.servers;
        if servers.values().any(|server| server.holds(role)) {
            return Self::Yes;
        }
        let open = servers.iter().filter(|(_, server)| server.may_hold(role));
        let needs: Vec<Need> = open.map(|(name, _)| Need::Role(name.clone(), role)).collect();
        if needs.is_empty() { Self::No } else { Self::Unknown(needs) }
    }
}

fn state(
    deployment: &Deployment,
    (role, use_of): (Role, &Use),
    center: &str,
    names: &[&Fqdn],
) -> State {
    let servers: Vec<(&Fqdn, &Server)> =
        names.iter().filter_map(|name| Some((*name, deployment.servers.get(*name)?))).collect();
    let enabled = |status: &RoleStatus| *status == RoleStatus::Enabled;
    match use_of {
        Use::No => return State::NotApplicable("nobody holds the role"),
        _ if servers.iter().any(|(_, server)| server.role(role).certainly(enabled)) => {
            return State::Pass;
        }
        Use::Unknown(needs) => return State::Unknown(needs.clone()),
        Use::Yes => {}
    }
    let open = servers.iter().filter(|(_, server)| server.role(role).possibly(enabled));
    let needs: Vec<Need> = open.map(|(name, _)| Need::Role((*name).clone(), role)).collect();
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let visible = servers.iter().find(|(_, server)| server.visibility() == Visibility::Visible);
    State::Fail(Box::new(Failure {
        severity: Severity::Low,
        subjects: vec![center.to_owned()],
        why: format!(
            "No server in data center {center} serves clients as {role}; without its lines to the \
             others they have none."
        ),
        evidence: servers.iter().flat_map(|(_, server)| server.role(role).sources()).collect(),
        repair: visible.map(|(name, _)| Repair::Role { server: (*name).clone(), role }),
    }))
}
