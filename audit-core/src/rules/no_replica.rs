//! TOP006 `no-replica`.

use crate::advise::Repair;
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::as_a_whole;
use crate::views::Views;

declare_rule! {
    /// Flags a deployment of one server: nothing replicates its data.
    ///
    /// # Why this matters
    ///
    /// Losing a server is mended by installing a replica of another one. With a single server there
    /// is no other: whatever takes it takes all accounts, keys and certificates, unless a usable
    /// copy exists.
    ///
    /// # What it reads
    ///
    /// The list of servers, hidden ones included (`ipa server-role-find --include-master`, LDIF of
    /// `cn=masters`).
    ///
    /// # Verdicts
    ///
    /// * pass: two or more servers;
    /// * fail: one, and the list of servers is known to be complete;
    /// * not applicable: never;
    /// * unknown: one server or none was seen, and there may be others.
    ///
    /// # Fix
    ///
    /// `ipa-replica-install --setup-ca` on another machine.
    ///
    /// # Source
    ///
    /// Preparing for disaster recovery with Identity Management (RHEL 8), sections 1 and 3:
    /// replication is what protects against the loss of a server.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}]}"#;
    /// assert_eq!(status_on_model("TOP006", model), Some(Status::Pass));
    /// ```
    NoReplica {
        code: "TOP006",
        name: "no-replica",
        rule: "topo-replica-exists",
        fails: "There is one server and no replica of it",
        holds: "The data are on two servers or more",
        severity: Critical,
        category: ServerLoss,
        citation: "guide 3",
        origin: Guide,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Servers that hold all data, at least.
const SERVERS_MIN: usize = 2;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    if deployment.servers.len() >= SERVERS_MIN {
        return State::Pass;
    }
    let only = deployment.servers.iter().next().filter(|_| deployment.knows_all_servers());
    let Some((name, server)) = only else { return State::Unknown(vec![Need::ServerList]) };
    let evidence: Sources = server.sources.union(&deployment.server_list).cloned().collect();
    State::Fail(Box::new(Failure {
        severity: Severity::Critical,
        subjects: vec![name.to_string()],
        why: format!(
            "{name} is the only server: no replica has its data, so losing it loses everything \
             that no copy holds."
        ),
        evidence,
        repair: Some(Repair::Servers { center: None, count: SERVERS_MIN }),
    }))
}
