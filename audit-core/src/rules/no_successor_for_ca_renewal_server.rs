//! CA006 `no-successor-for-ca-renewal-server`.

use crate::advise::{CA_REPLICAS_MIN, Edit, Repair};
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, ServerAttribute};
use crate::role_parts::{Holders, Single, is_hidden};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, names, unless_integrated_ca};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a CA renewal server that no other CA replica could replace.
    ///
    /// # Why this matters
    ///
    /// When the CA renewal server is lost, the documented recovery makes another CA replica the
    /// renewal server. Without another one the CA is lost; where the others are hidden or not
    /// enabled, they must be enabled first, and `ipa server-del` refuses to remove the lost server
    /// until then.
    ///
    /// # What it reads
    ///
    /// The CA renewal server (`ipa config-show`, LDIF of `cn=masters`), the list of servers, and
    /// the CA role of each (`ipa server-role-find`).
    ///
    /// # Verdicts
    ///
    /// * pass: a server other than the CA renewal server has the CA enabled; or, not knowing who
    ///   renews, two have;
    /// * fail: none has: critical if no other holds the CA at all, high if others are hidden or
    ///   only configured;
    /// * not applicable: the deployment is CA-less, or no server holds the CA;
    /// * unknown: the CA, the list of servers, or a server's CA role is not known; or one server
    ///   has the CA enabled, others hold it, and nothing says who renews.
    ///
    /// # Fix
    ///
    /// `ipa-ca-install` on a visible server, or `ipa server-state HOST --state=enabled` for a
    /// hidden replica.
    ///
    /// # Source
    ///
    /// Performing disaster recovery with IdM (RHEL 10), section 2.1 (prerequisite); FreeIPA
    /// `ipaserver/plugins/server.py`: only enabled CAs count as remaining.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "ca_renewal_server": "a.example.test",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "hidden"}}]}"#;
    /// assert_eq!(status_on_model("CA006", model), Some(Status::Fail));
    /// ```
    NoSuccessorForCaRenewalServer {
        code: "CA006",
        name: "no-successor-for-ca-renewal-server",
        rule: "ca-renewal-successor",
        fails: "No other server could take over from the CA renewal server",
        holds: "Another CA replica could become the CA renewal server",
        severity: Critical,
        category: CaAndKra,
        citation: "Performing disaster recovery with IdM (RHEL 10) 2.1",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

fn state(deployment: &Deployment) -> State {
    let cas = Holders::of_data(deployment, Role::Ca);
    if cas.are_none() {
        return State::NotApplicable("no server holds the CA");
    }
    let enabled = Holders::in_service(deployment, Role::Ca);
    let renewal = Single::of(deployment, ServerAttribute::CaRenewalServer);
    let named = match &renewal {
        Single::One(name) if cas.certain.contains(name) => Some(*name),
        _ => None,
    };
    let doubtful = match &renewal {
        Single::One(name) => cas.uncertain.contains(name) || !cas.whole,
        Single::Unknown => true,
        Single::Several(_) | Single::Nobody => false,
    };
    let others = |servers: &[&Fqdn]| servers.iter().filter(|name| Some(**name) != named).count();
    // One of them is the renewal server, or will be.
    let own = usize::from(named.is_none());
    if others(&enabled.certain) > own {
        return State::Pass;
    }
    if !enabled.are_known() || !cas.are_known() {
        return State::Unknown(cas.needs.into_iter().chain(enabled.needs).collect());
    }
    // Not knowing who renews, a hidden CA replica may, and the enabled one would take over.
    if named.is_none() && doubtful && others(&enabled.certain) == 1 && cas.certain.len() > 1 {
        return State::Unknown(vec![Need::CaRenewalServer]);
    }
    fail(deployment, &cas.certain, named)
}

fn fail(deployment: &Deployment, cas: &[&Fqdn], named: Option<&Fqdn>) -> State {
    let rest: Vec<&Fqdn> = cas.iter().filter(|name| Some(**name) != named).copied().collect();
    let own = usize::from(named.is_none());
    let spare = rest.len() > own;
    let (severity, why) = if spare {
        let why = "the other CA replicas are hidden or not enabled, and must be enabled before \
                   one of them can take over";
        (Severity::High, format!("{why}: {}.", names(&rest).join(", ")))
    } else {
        (Severity::Critical, "no other server holds the CA.".to_owned())
    };
    let is_hidden = |name: &&&Fqdn| is_hidden(deployment, name, Role::Ca) == Some(true);
    let hidden = rest.iter().filter(|_| spare && named.is_some()).find(is_hidden).copied();
    let subject = named.map_or_else(
        || "Whichever server renews the CA's certificates".to_owned(),
        |name| format!("{name} renews the CA's certificates"),
    );
    State::Fail(Box::new(Failure {
        severity,
        subjects: named.map_or_else(|| names(cas), |name| vec![name.to_string()]),
        why: format!("{subject}: {why}"),
        evidence: evidence_of_role(deployment, Role::Ca),
        repair: Some(repair(hidden, cas.len() + own)),
    }))
}

/// The hidden CA replica is shown; without one more CA replicas are installed.
fn repair(hidden: Option<&Fqdn>, cas: usize) -> Repair {
    match hidden {
        Some(name) => {
            let show = ServiceEdit::ShowServer { server: name.clone() };
            Repair::Edits(vec![Edit::Service(show)])
        }
        None => Repair::Cas { count: CA_REPLICAS_MIN.max(cas + 1) },
    }
}
