//! CA005 `no-ca-renewal-server`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus, ServerAttribute};
use crate::role_parts::{Holders, Single, evidence_of_attribute, renewal_edits};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, names, unless_integrated_ca};
use crate::views::Views;

declare_rule! {
    /// Flags an integrated CA whose own certificates no server renews, or more than one.
    ///
    /// # Why this matters
    ///
    /// One CA replica renews the certificates that all CA replicas share, 28 days before they end;
    /// the others fetch the result. Without it they end, weeks or months after the server that
    /// renewed them was lost, on all servers at once: the CA stops, then IdM does not start any
    /// more. Where two servers are marked, `ipa config-show` and `ipa config-mod` fail.
    ///
    /// # What it reads
    ///
    /// The CA renewal server (`ipa config-show`), the values `caRenewalMaster` of all CA services
    /// (LDIF of `cn=masters`), the list of servers and their CA roles.
    ///
    /// # Verdicts
    ///
    /// * pass: one server is named, exists, and its CA is enabled or hidden;
    /// * fail: the entries of all CA replicas are known and none is marked, or one export marks
    ///   two (then high); or the server named is not on the list of all servers, or its CA is
    ///   neither enabled nor hidden;
    /// * not applicable: the deployment is CA-less, or no server holds the CA (CA001);
    /// * unknown: no export says who renews, or exports name different servers.
    ///
    /// # Fix
    ///
    /// `ipa config-mod --ca-renewal-master-server=HOST`; where it is refused because two servers or
    /// one without a CA are marked: `ipa-csreplica-manage set-renewal-master HOST`. `ipa
    /// server-del` of the renewal server moves the function to some other CA replica by itself:
    /// look which.
    ///
    /// # Source
    ///
    /// Managing replication in IdM (RHEL 10), section 1.17; Performing disaster recovery with IdM
    /// (RHEL 10), section 2.1; Managing certificates in IdM (RHEL 10), section 32.3; FreeIPA
    /// `ipaserver/servroles.py` (`SingleValuedServerAttribute`).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"},
    ///     "attributes": {"ca_renewal_server": false}}]}"#;
    /// assert_eq!(status_on_model("CA005", model), Some(Status::Fail));
    /// ```
    NoCaRenewalServer {
        code: "CA005",
        name: "no-ca-renewal-server",
        rule: "ca-renewal-set",
        fails: "Not exactly one server renews the CA's certificates",
        holds: "One CA replica renews the CA's certificates",
        severity: Critical,
        category: CaAndKra,
        citation: "Managing replication in IdM (RHEL 10) 1.17; Performing disaster recovery 2.1",
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
    if Holders::of_data(deployment, Role::Ca).are_none() {
        return State::NotApplicable("no server holds the CA");
    }
    match Single::of(deployment, ServerAttribute::CaRenewalServer) {
        Single::One(name) => state_of(deployment, name),
        Single::Several(servers) => {
            let why = format!(
                "{} servers are marked as CA renewal server: {}. Each renews on its own, and \
                 FreeIPA refuses to show or change the setting.",
                servers.len(),
                names(&servers).join(", ")
            );
            fail(deployment, Severity::High, &servers, why, true)
        }
        Single::Nobody => {
            let why = "No server is marked as CA renewal server: nobody renews the certificates \
                       that all CA replicas share."
                .to_owned();
            fail(deployment, Severity::Critical, &[], why, false)
        }
        Single::Unknown => State::Unknown(vec![Need::CaRenewalServer]),
    }
}

fn state_of(deployment: &Deployment, name: &Fqdn) -> State {
    let critical = |why| fail(deployment, Severity::Critical, &[name], why, true);
    let Some(server) = deployment.servers.get(name) else {
        return if deployment.knows_all_servers() {
            critical(format!("The CA renewal server {name} is no server of this deployment."))
        } else {
            State::Unknown(vec![Need::ServerList])
        };
    };
    let runs = |status: &RoleStatus| matches!(status, RoleStatus::Enabled | RoleStatus::Hidden);
    let ca = server.role(Role::Ca);
    if ca.certainly(runs) {
        State::Pass
    } else if ca.possibly(runs) {
        State::Unknown(vec![Need::Role(name.clone(), Role::Ca)])
    } else {
        let status = ca.value().map_or("not enabled", |status| status.name());
        critical(format!("The CA renewal server {name} does not run the CA (role: {status})."))
    }
}

fn fail(
    deployment: &Deployment,
    severity: Severity,
    subjects: &[&Fqdn],
    why: String,
    invalid: bool,
) -> State {
    let edits = renewal_edits(deployment, invalid, None);
    State::Fail(Box::new(Failure {
        severity,
        subjects: names(subjects),
        why,
        evidence: evidence_of_attribute(deployment, ServerAttribute::CaRenewalServer),
        repair: Some(Repair::Edits(edits)),
    }))
}
