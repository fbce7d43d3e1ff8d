//! DNS001 `single-dns-server`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::model::{Deployment, Role};
use crate::role_parts::Holders;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, evidence_of_role, names};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose IdM DNS is offered to clients by fewer than two servers.
    ///
    /// # Why this matters
    ///
    /// Clients find servers by DNS. When the only DNS server is lost, every name of the zones in
    /// IdM stops resolving, and clients reach no other server although all of them run. The zones
    /// themselves survive: they are data of suffix `domain`.
    ///
    /// # What it reads
    ///
    /// The list of servers, and the DNS role of each (`ipa server-role-find`, LDIF of
    /// `cn=masters`). Hidden replicas do not count: clients are not sent there. Whether clients
    /// know two DNS servers is a question that no export answers.
    ///
    /// # Verdicts
    ///
    /// * pass: two or more servers have DNS enabled;
    /// * fail: at most one has, and some server has IdM's DNS;
    /// * not applicable: no server has IdM's DNS;
    /// * unknown: the list of servers, or a DNS role that decides, is not known.
    ///
    /// # Fix
    ///
    /// `ipa-dns-install` on another visible server; then add it to the clients' `resolv.conf` or to
    /// DHCP.
    ///
    /// # Source
    ///
    /// freeipa.org, Deployment Recommendations; Managing replication in IdM (RHEL 10), section
    /// 1.13; FreeIPA `ipaserver/plugins/server.py` (refusal to remove the last DNS server).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"dns": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"dns": "hidden"}}]}"#;
    /// assert_eq!(status_on_model("DNS001", model), Some(Status::Fail));
    /// ```
    SingleDnsServer {
        code: "DNS001",
        name: "single-dns-server",
        rule: "dns-min-two",
        fails: "Fewer than two visible servers offer IdM's DNS",
        holds: "Two or more visible servers offer IdM's DNS",
        severity: High,
        category: ServerLoss,
        citation: "Deployment Recommendations (freeipa.org); Managing replication (RHEL 10) 1.13",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Visible DNS servers needed.
const DNS_SERVERS_MIN: usize = 2;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let all = Holders::of_data(deployment, Role::Dns);
    let enabled = Holders::in_service(deployment, Role::Dns);
    if all.are_none() {
        State::NotApplicable("IdM's DNS is not used")
    } else if enabled.certain.len() >= DNS_SERVERS_MIN {
        State::Pass
    } else if !enabled.are_known() {
        State::Unknown(enabled.needs)
    } else if all.certain.is_empty() {
        State::Unknown(all.needs)
    } else {
        let list = names(&enabled.certain);
        let why = match list.as_slice() {
            [] => format!(
                "No visible server offers IdM's DNS; it is on {} only, where no client is sent.",
                names(&all.certain).join(", ")
            ),
            several => format!(
                "{} is the only visible server with IdM's DNS. Without it no name of IdM's zones \
                 resolves, and clients find no other server.",
                several.join(", ")
            ),
        };
        State::Fail(Box::new(Failure {
            severity: Severity::High,
            subjects: list,
            why,
            evidence: evidence_of_role(deployment, Role::Dns),
            repair: Some(Repair::Holders { role: Role::Dns, count: DNS_SERVERS_MIN }),
        }))
    }
}
