//! Questions that rules ask about copies of the data.

use std::collections::BTreeMap;

use crate::evidence::Sources;
use crate::model::{Backup, BackupKind, CopyTable, Deployment, Fqdn, Need, Role};
use crate::recovery::{CopyForm, RestorePoint, Usability, Whereabouts};
use crate::rule::{Judgement, State};
use crate::rule_parts::{as_a_whole, on};
use crate::time::Timestamp;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Roles whose keys and settings only a copy of a server that has them brings back.
pub(crate) const ROLES: [Role; 4] = [Role::Ca, Role::Kra, Role::Dns, Role::AdTrustController];

/// Judgements that end with what is not known of a list: unknown while the list may be longer, not
/// applicable if it is empty.
pub(crate) fn with_list(
    deployment: &Deployment,
    tables: &[CopyTable],
    none: &'static str,
    mut judgements: Vec<Judgement>,
) -> Vec<Judgement> {
    let known = tables.iter().all(|table| deployment.copies.knows_all(*table));
    if !known && !judgements.iter().any(|judgement| matches!(judgement.state, State::Pass)) {
        judgements.push(on(None, State::Unknown(vec![Need::Copies])));
    }
    if judgements.is_empty() { as_a_whole(State::NotApplicable(none)) } else { judgements }
}

/// The newest full backup of each host; all of a host while their order is not known.
pub(crate) fn newest_full(deployment: &Deployment) -> Vec<(&String, &Backup)> {
    let full = |copy: &&Backup| copy.kind.possibly(|kind| *kind == BackupKind::Full);
    let newer = |one: &Backup, other: &Backup| match (one.taken_between(), other.taken_between()) {
        (Some((earliest, _)), Some((_, latest))) => earliest > latest,
        _ => false,
    };
    let all = &deployment.copies.backups;
    all.iter()
        .filter(|(_, copy)| full(copy))
        .filter(|(_, copy)| {
            let same = all.values().filter(full).filter(|other| {
                other.host.value().is_some() && other.host.value() == copy.host.value()
            });
            !same.into_iter().any(|other| newer(other, copy))
        })
        .collect()
}

/// Servers of which there are full backups, with the places that say so.
pub(crate) fn full_backup_hosts(deployment: &Deployment) -> BTreeMap<&Fqdn, Sources> {
    let mut hosts: BTreeMap<&Fqdn, Sources> = BTreeMap::new();
    for copy in deployment.copies.backups.values() {
        let host = copy.host.value().filter(|host| deployment.servers.contains_key(*host));
        if let (Some(host), Some(BackupKind::Full)) = (host, copy.kind.value()) {
            hosts.entry(host).or_default().extend(copy.host.sources());
        }
    }
    hosts
}

/// Roles that some server has, and what is missing to know them.
pub(crate) fn roles_in_use(deployment: &Deployment) -> (Vec<Role>, Vec<Need>) {
    let mut used = Vec::new();
    let mut needs = Vec::new();
    for role in ROLES {
        if !deployment.holders(role).is_empty() {
            used.push(role);
        } else if !deployment.knows_all_servers() {
            needs.push(Need::ServerList);
        } else {
            let may = deployment.servers.iter().filter(|(_, server)| server.may_hold(role));
            needs.extend(may.map(|(name, _)| Need::Role(name.clone(), role)));
        }
    }
    needs.sort();
    needs.dedup();
    (used, needs)
}

/// Copies by the server that they bring back.
pub(crate) fn by_host(points: &[RestorePoint]) -> BTreeMap<&Fqdn, Vec<&RestorePoint>> {
    let mut hosts: BTreeMap<&Fqdn, Vec<&RestorePoint>> = BTreeMap::new();
    for point in points {
        if let Some(host) = &point.host {
            hosts.entry(host).or_default().push(point);
        }
    }
    hosts
}

/// Whether a copy that is known to be usable and to hold the CA is among these.
pub(crate) fn has_usable_ca(points: &[RestorePoint]) -> bool {
    points
        .iter()
        .any(|point| point.holds(Role::Ca) == Some(true) && point.usability() == Usability::Usable)
}

/// The data center of a copy; what is missing to know it.
pub(crate) fn center_of(deployment: &Deployment, point: &RestorePoint) -> Result<String, Need> {
    match &point.whereabouts {
        Whereabouts::Unknown => Err(Need::CopyPlace(point.id.clone())),
        Whereabouts::OnHost(host) => center_of_host(deployment, host),
        Whereabouts::Store { id, data_center, .. } => {
            data_center.clone().ok_or_else(|| Need::StorePlace(id.clone()))
        }
    }
}

/// The data center of a host; what is missing to know it.
pub(crate) fn center_of_host(deployment: &Deployment, host: &Fqdn) -> Result<String, Need> {
    let server = deployment.servers.get(host);
    let center = server.and_then(|server| server.data_center.value()).cloned();
    center.ok_or_else(|| Need::DataCenter(host.clone()))
}

/// Where a copy was read.
pub(crate) fn evidence_of(deployment: &Deployment, id: &str) -> Sources {
    let copies = &deployment.copies;
    let backup = copies.backups.get(id).map(|copy| copy.sources.clone());
    let snapshot = || copies.snapshots.get(id).map(|copy| copy.sources.clone());
    backup.or_else(snapshot).unwrap_or_default()
}

/// Where it is stated which copies there are.
pub(crate) fn evidence_of_lists(deployment: &Deployment) -> Sources {
    let copies = &deployment.copies;
    let lists = [CopyTable::Backups, CopyTable::Snapshots];
    lists.iter().filter_map(|table| copies.whole.get(table)).flatten().cloned().collect()
}

/// Whole days from one time to another.
pub(crate) fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.unix_seconds() - from.unix_seconds()).div_euclid(DAY)
}

/// Whether some copy of these forms with the CA can be used: usable, or what is missing, or why
/// none can.
pub(crate) fn usable_ca(points: &[RestorePoint], forms: &[CopyForm]) -> Result<(), Vec<Need>> {
    let mut needs = Vec::new();
    for point in points.iter().filter(|point| forms.contains(&point.form)) {
        match (point.usability(), point.holds(Role::Ca)) {
            (_, Some(false)) | (Usability::Unusable(_), _) => {}
            (Usability::Usable, Some(true)) => return Ok(()),
            (Usability::Usable, None) => needs.push(Need::CopyUse(point.id.clone())),
            (Usability::Doubtful(of), _) => needs.extend(of),
        }
    }
    needs.sort();
    needs.dedup();
    Err(needs)
}

/// Why each copy of these forms brings back no CA.
pub(crate) fn why_no_ca(points: &[RestorePoint], forms: &[CopyForm]) -> Vec<String> {
    let of_form = points.iter().filter(|point| forms.contains(&point.form));
    of_form
        .map(|point| {
            let why = match point.usability() {
                Usability::Unusable(why) => why,
                Usability::Usable | Usability::Doubtful(_) => "has no CA".to_owned(),
            };
            format!("{} {}: {why}", point.form.words(), point.id)
        })
        .collect()
}
