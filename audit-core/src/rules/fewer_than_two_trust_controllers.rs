//! AD001 `fewer-than-two-trust-controllers`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, Role};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, known_data_centers, names, on};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags fewer than two AD trust controllers in the deployment, or in a data center.
    ///
    /// # Why this matters
    ///
    /// Trust controllers hold the trust with Active Directory; agents only resolve its users. When
    /// the only controller is lost, the trust cannot be managed or renewed, and domain controllers
    /// of Active Directory find no partner. Where a data center has one, its loss sends that
    /// traffic over the long lines.
    ///
    /// # What it reads
    ///
    /// The list of servers, the role "AD trust controller" of each (`ipa server-role-find`, LDIF of
    /// `cn=masters`), and data centers. Hidden controllers do not count.
    ///
    /// # Verdicts
    ///
    /// For the deployment (medium) and, where it has two and there are several data centers, for
    /// each data center (low):
    ///
    /// * pass: two or more visible controllers;
    /// * fail: fewer than two;
    /// * not applicable: no server is a controller; or a data center with fewer than two visible
    ///   servers;
    /// * unknown: the list of servers, a role that decides, or a data center is not known.
    ///
    /// # Fix
    ///
    /// `ipa-adtrust-install` on another server; it promotes an agent as well.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 7.2.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ad_trust_controller": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ad_trust_controller": "absent"}}]}"#;
    /// assert_eq!(status_on_model("AD001", model), Some(Status::Fail));
    /// ```
    FewerThanTwoTrustControllers {
        code: "AD001",
        name: "fewer-than-two-trust-controllers",
        rule: "adtrust-controllers-min-two",
        fails: "Fewer than two AD trust controllers",
        holds: "Two or more AD trust controllers, also in each data center",
        severity: Medium,
        category: ServerLoss,
        citation: "Planning Identity Management (RHEL 10) 7.2",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Controllers that the deployment and each data center need.
const CONTROLLERS_MIN: usize = 2;

const ROLE: Role = Role::AdTrustController;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let all = Holders::of_data(deployment, ROLE);
    if all.are_none() {
        return as_a_whole(State::NotApplicable("no AD trust controller"));
    }
    let enabled = Holders::in_service(deployment, ROLE);
    if enabled.certain.len() >= CONTROLLERS_MIN {
        let mut judgements = as_a_whole(State::Pass);
        judgements.extend(in_data_centers(deployment, &enabled));
        return judgements;
    }
    as_a_whole(if !enabled.are_known() {
        State::Unknown(enabled.needs)
    } else if all.certain.is_empty() {
        State::Unknown(all.needs)
    } else {
        let list = names(&enabled.certain);
        let why = match list.as_slice() {
            [] => format!(
                "No visible server is an AD trust controller; {} is, where no client is sent.",
                names(&all.certain).join(", ")
            ),
            several => format!(
                "{} is the only AD trust controller. Without it the trust with Active Directory \
                 cannot be managed.",
                several.join(", ")
            ),
        };
        State::Fail(Box::new(Failure {
            severity: Severity::Medium,
            subjects: list,
            why,
            evidence: evidence_of_role(deployment, ROLE),
            repair: Some(Repair::Holders { role: ROLE, count: CONTROLLERS_MIN }),
        }))
    })
}

fn in_data_centers(deployment: &Deployment, enabled: &Holders<'_>) -> Vec<Judgement> {
    let centers = match known_data_centers(deployment) {
        Ok(centers) => centers,
        Err(needs) => return as_a_whole(State::Unknown(needs)),
    };
    if centers.len() < 2 {
        return Vec::new();
    }
    let judge = |(center, servers): &(&str, Vec<&Fqdn>)| {
        on(Some((*center).to_owned()), state_of(deployment, center, servers, enabled))
    };
    centers.iter().map(judge).collect()
}

fn state_of(
    deployment: &Deployment,
    center: &str,
    servers: &[&Fqdn],
    enabled: &Holders<'_>,
) -> State {
    let of = |names: &[&Fqdn]| servers.iter().filter(|name| names.contains(name)).count();
    let here = of(&enabled.certain);
    if here >= CONTROLLERS_MIN {
        return State::Pass;
    }
    let visible = |name: &&&Fqdn| {
        let server = deployment.servers.get(**name);
        server.is_some_and(|server| !server.has_hidden_role())
    };
    if servers.iter().filter(visible).count() < CONTROLLERS_MIN {
        return State::NotApplicable("fewer than two visible servers");
    }
    if of(&enabled.uncertain) > 0 {
        return State::Unknown(enabled.needs.clone());
    }
    let add =
        |name: &&Fqdn| Edit::Service(ServiceEdit::AddRole { server: (*name).clone(), role: ROLE });
    let free = servers.iter().filter(visible).filter(|name| !enabled.certain.contains(name));
    let evidence: Sources = servers
        .iter()
        .filter_map(|name| deployment.servers.get(*name))
        .flat_map(|server| {
            server.role(ROLE).sources().into_iter().chain(server.data_center.sources())
        })
        .collect();
    State::Fail(Box::new(Failure {
        severity: Severity::Low,
        subjects: vec![center.to_owned()],
        why: format!(
            "Data center {center} has {here} of at least {CONTROLLERS_MIN} AD trust controllers."
        ),
        evidence,
        repair: Some(Repair::Edits(free.take(CONTROLLERS_MIN - here).map(add).collect())),
    }))
}
