//! AD002 `server-without-trust-agent`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, Server, Visibility};
use crate::role_parts::Holders;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on, repair_once};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags visible servers that cannot resolve users of a trusted Active Directory.
    ///
    /// # Why this matters
    ///
    /// Only trust controllers and agents resolve users of Active Directory. A client that fails
    /// over to another server after a loss does not know these users any more: they cannot log in,
    /// although a server answers.
    ///
    /// # What it reads
    ///
    /// The roles "AD trust controller" and "AD trust agent" of every server, and which are hidden
    /// (`ipa server-role-find --include-master`). LDIF of `cn=masters` does not show agents.
    ///
    /// # Verdicts
    ///
    /// * pass: the visible server is a controller or an agent;
    /// * fail: it is neither;
    /// * not applicable: no server is a controller, or the server is hidden;
    /// * unknown: the list of servers, one of the two roles, or whether the server is hidden, is
    ///   not known.
    ///
    /// # Fix
    ///
    /// `ipa-adtrust-install --add-agents` on a trust controller, then `ipactl restart` on the new
    /// agents. A deployment whose clients of that server never need users of Active Directory may
    /// leave it so: a waiver says which.
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
    /// let model = r#"{"schema": "idm-drill/deployment/1", "servers": [
    ///   {"fqdn": "a.example.test", "roles": {"ad_trust_controller": "enabled"}},
    ///   {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled",
    ///     "ad_trust_controller": "absent", "ad_trust_agent": "absent"}}]}"#;
    /// assert_eq!(status_on_model("AD002", model), Some(Status::Fail));
    /// ```
    ServerWithoutTrustAgent {
        code: "AD002",
        name: "server-without-trust-agent",
        rule: "adtrust-all-visible-agents",
        fails: "Visible servers do not resolve users of Active Directory",
        holds: "Every visible server resolves users of Active Directory",
        severity: Low,
        category: Continuity,
        citation: "Planning Identity Management (RHEL 10) 7.2",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

const ROLES: [Role; 2] = [Role::AdTrustController, Role::AdTrustAgent];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let controllers = Holders::of_data(deployment, Role::AdTrustController);
    if controllers.are_none() {
        return as_a_whole(State::NotApplicable("no AD trust controller"));
    }
    let Some(controller) = controllers.certain.first() else {
        return as_a_whole(State::Unknown(controllers.needs));
    };
    let lacks = |server: &Server| !ROLES.iter().any(|role| server.may_hold(*role));
    let lacking: Vec<Fqdn> = deployment
        .servers
        .iter()
        .filter(|(_, server)| lacks(server) && server.visibility() == Visibility::Visible)
        .map(|(name, _)| name.clone())
        .collect();
    let mut judgements: Vec<Judgement> = deployment
        .servers
        .iter()
        .map(|(name, server)| on(Some(name.to_string()), state(name, server)))
        .collect();
    let add = ServiceEdit::AddTrustAgents { controller: (*controller).clone(), servers: lacking };
    repair_once(&mut judgements, Repair::Edits(vec![Edit::Service(add)]));
    judgements
}

fn state(name: &Fqdn, server: &Server) -> State {
    if server.has_hidden_role() {
        return State::NotApplicable("a hidden replica");
    }
    if ROLES.iter().any(|role| server.holds(*role)) {
        return State::Pass;
    }
    let mut needs: Vec<Need> = ROLES
        .into_iter()
        .filter(|role| server.may_hold(*role))
        .map(|role| Need::Role(name.clone(), role))
        .collect();
    if server.visibility() == Visibility::Unknown {
        needs.push(Need::Role(name.clone(), Role::IpaMaster));
    }
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    let why = format!("{name} is neither AD trust controller nor agent.");
    let evidence = ROLES.iter().flat_map(|role| server.role(*role).sources()).collect();
    failure(Severity::Low, vec![name.to_string()], why, evidence)
}
