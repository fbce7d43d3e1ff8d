//! BAK011 `backup-stops-last-server`.

use crate::copy_parts::{full_backup_hosts, with_list};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{CopyTable, Deployment, Fqdn, Need, Role};
use crate::role_parts::{Holders, is_hidden};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags a visible server whose full backups stop the only server of a data center or of a
    /// role.
    ///
    /// # Why this matters
    ///
    /// A full backup is always offline: until it is done, nobody in that data center is served
    /// near by, or nobody at all gets a certificate, a vault or a name. A scheduled outage each
    /// night is still one, and if the server is lost meanwhile nothing takes over.
    ///
    /// # What it reads
    ///
    /// Hosts of full backups, whether servers are hidden, their roles and data centers.
    ///
    /// # Verdicts
    ///
    /// * pass: the host is hidden, or another visible server is in its data center and for each of
    ///   its roles;
    /// * fail: it is visible, and the only visible one of its data center or of one of its roles;
    /// * not applicable: there is no full backup of a server;
    /// * unknown: whether servers are hidden, their roles or data centers, the list of servers, or
    ///   which backups there are.
    ///
    /// # Fix
    ///
    /// Take full backups of a hidden replica with every role, on the visible server only
    /// `ipa-backup --data --online`; or install a second server there.
    ///
    /// # Source
    ///
    /// The guide, sections 5.1 and 5.3.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [
    ///     {"fqdn": "a.example.test", "roles": {"ipa_master": "enabled", "kra": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled", "kra": "absent"}}],
    ///   "backups": [{"id": "b1", "host": "a.example.test", "kind": "full"}]}"#;
    /// assert_eq!(status_on_model("BAK011", model), Some(Status::Fail));
    /// ```
    BackupStopsLastServer {
        code: "BAK011",
        name: "backup-stops-last-server",
        rule: "backup-offline-outage",
        fails: "Full backups stop the only server of a data center or role",
        holds: "While a full backup runs, other servers serve",
        severity: High,
        category: Continuity,
        citation: "guide 5.1, 5.3",
        origin: Guide,
        supersedes: ["BAK008"],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let judgements = full_backup_hosts(deployment)
        .into_iter()
        .map(|(host, evidence)| on(Some(host.to_string()), state(deployment, host, evidence)))
        .collect();
    with_list(deployment, &[CopyTable::Backups], "no full backup of a server", judgements)
}

fn state(deployment: &Deployment, host: &Fqdn, evidence: Sources) -> State {
    match is_hidden(deployment, host, Role::IpaMaster) {
        Some(true) => return State::Pass,
        None => return State::Unknown(vec![Need::Role(host.clone(), Role::IpaMaster)]),
        Some(false) => {}
    }
    let mut needs = Vec::new();
    if !deployment.knows_all_servers() {
        needs.push(Need::ServerList);
    }
    let mut only = Vec::new();
    for role in [Role::IpaMaster, Role::Ca, Role::Kra, Role::Dns, Role::AdTrustController] {
        let serving = Holders::in_service(deployment, role);
        let others = |names: &[&Fqdn]| names.iter().any(|name| *name != host);
        if others(&serving.certain) {
            continue;
        }
        let is_own = serving.certain.contains(&host);
        let unsure =
            if is_own { others(&serving.uncertain) } else { serving.uncertain.contains(&host) };
        if unsure {
            let uncertain = serving.uncertain.iter();
            needs.extend(uncertain.map(|name| Need::Role((*name).clone(), role)));
        } else if is_own && serving.whole {
            only.push(role.title().to_owned());
        }
    }
    match alone_in(deployment, host) {
        Ok(Some(center)) => only.push(format!("data center {center}")),
        Ok(None) => {}
        Err(need) => needs.push(need),
    }
    if !only.is_empty() {
        let what = only.join(", ");
        let why = format!("A full backup of {host} stops the only visible server of: {what}.");
        return failure(Severity::High, vec![host.to_string()], why, evidence);
    }
    if needs.is_empty() { State::Pass } else { State::Unknown(needs) }
}

/// The data center in which a server is the only visible one; `None` if it is not.
fn alone_in<'a>(deployment: &'a Deployment, host: &Fqdn) -> Result<Option<&'a str>, Need> {
    let center = |name: &Fqdn| deployment.servers.get(name)?.data_center.value();
    let own = center(host).ok_or_else(|| Need::DataCenter(host.clone()))?;
    let mut need = None;
    for name in deployment.servers.keys().filter(|name| *name != host) {
        match (center(name), is_hidden(deployment, name, Role::IpaMaster)) {
            (_, Some(true)) => {}
            (Some(of), Some(false)) if of == own => return Ok(None),
            (Some(of), _) if of != own => {}
            (None, _) => need = Some(Need::DataCenter(name.clone())),
            (Some(_), _) => need = Some(Need::Role(name.clone(), Role::IpaMaster)),
        }
    }
    match need {
        Some(need) => Err(need),
        None if deployment.knows_all_servers() => Ok(Some(own)),
        None => Err(Need::ServerList),
    }
}
