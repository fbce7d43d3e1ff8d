//! Copies as a recovery sees them: what each brings back, and why it may not.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::Fact;
use crate::model::{
    Answer, Backup, BackupKind, CopyTable, Deployment, Fqdn, Medium, Need, Role, Snapshot, Suffix,
};
use crate::questions;
use crate::seen::DEFAULT_FOLDER;
use crate::time::Timestamp;
use crate::version::numbers;

/// Key of the answer that says whether packages of older versions are kept.
pub(crate) const OLD_PACKAGES: &str = "old-packages-kept";

/// What a copy is. Closed; the order is that of preference (X15).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CopyForm {
    /// A VM snapshot.
    Snapshot,
    /// A full-server backup.
    Full,
    /// A data-only backup.
    Data,
    /// A backup of which it is not known whether it is full.
    Unknown,
}

impl CopyForm {
    /// Words for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Full => "full backup",
            Self::Data => "data-only backup",
            Self::Unknown => "backup",
        }
    }
}

/// Where a copy is. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whereabouts {
    /// Nothing says it.
    Unknown,
    /// On the disk of this host.
    OnHost(Fqdn),
    /// In a store.
    Store {
        /// Its identifier.
        id: String,
        /// Host on whose disk it is; `None` if it is on none.
        host: Option<Fqdn>,
        /// Data center it is in, if known.
        data_center: Option<String>,
        /// True if nothing says on which host or in which data center it is.
        is_vague: bool,
    },
}

/// A copy, with everything that stands between it and a running server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestorePoint {
    /// Identifier of the copy.
    pub id: String,
    /// What it is.
    pub form: CopyForm,
    /// The server it brings back.
    pub host: Option<Fqdn>,
    /// When it was taken; if only bounds are known, the earliest.
    pub taken_at: Option<Timestamp>,
    /// Roles that it brings back or does not; what is not here is not known.
    pub roles: BTreeMap<Role, bool>,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// Key that decrypts it; `None` if it needs none.
    pub key: Option<String>,
    /// Where that key is kept; `None` if nothing says it.
    pub key_locations: Option<BTreeSet<String>>,
    /// Newest change of each origin in it, by replica id, for suffix `domain`.
    pub reach: BTreeMap<u16, Timestamp>,
    /// Its folder, where an export names it.
    pub path: Option<String>,
    /// Why it certainly cannot be used.
    pub obstacles: Vec<String>,
    /// Which documented scenario the first of these is, if any.
    pub variant: Option<Variant>,
    /// What must be known to be sure that it can be used.
    pub doubts: Vec<Need>,
}

/// Whether something can be used. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Usability {
    /// For sure.
    Usable,
    /// Not for sure: what is missing.
    Doubtful(Vec<Need>),
    /// Certainly not: why.
    Unusable(String),
}

/// Which documented scenario it is that a copy is of no use. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Variant {
    /// B19: it is encrypted, and its key or passphrase is lost.
    WithoutKey,
    /// B20: it was on the lost server, or its store is lost.
    LostWithItsPlace,
}

/// What a disaster takes beside the servers themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<'a> {
    /// Lost servers.
    pub(crate) servers: &'a BTreeSet<Fqdn>,
    /// Lost data centers.
    pub(crate) data_centers: &'a BTreeSet<String>,
}

/// Nothing is taken.
static NO_SERVERS: BTreeSet<Fqdn> = BTreeSet::new();
static NO_CENTERS: BTreeSet<String> = BTreeSet::new();

impl Taken<'static> {
    /// No disaster.
    pub(crate) fn nothing() -> Self {
        Self { servers: &NO_SERVERS, data_centers: &NO_CENTERS }
    }
}

impl RestorePoint {
    /// Every copy of a deployment: snapshots, then backups, each in order.
    pub fn all(deployment: &Deployment) -> Vec<Self> {
        let copies = &deployment.copies;
        let snapshots = copies.snapshots.iter().map(|(id, copy)| of_snapshot(deployment, id, copy));
        let backups = copies.backups.iter().map(|(id, copy)| of_backup(deployment, id, copy));
        snapshots.chain(backups).collect()
    }

    /// Something makes it useless.
    pub(crate) fn spoil(&mut self, variant: Variant, why: String) {
        if self.obstacles.is_empty() {
            self.variant = Some(variant);
        }
        self.obstacles.push(why);
    }

    /// Whether it brings a role back; `None` if that is not known.
    pub fn holds(&self, role: Role) -> Option<bool> {
        self.roles.get(&role).copied()
    }

    /// Whether a server can be rebuilt from it where nothing else is lost.
    pub fn usability(&self) -> Usability {
        self.usability_after(Taken::nothing())
    }

    /// Whether a server can be rebuilt from it after a loss.
    pub(crate) fn usability_after(&self, taken: Taken<'_>) -> Usability {
        match self.restores_data(taken) {
            Usability::Usable | Usability::Doubtful(_) if self.form == CopyForm::Data => {
                Usability::Unusable("data-only, cannot rebuild a server".to_owned())
            }
            usability => usability,
        }
    }

    /// Whether data can be brought back from it, on a server that is installed, after a loss.
    pub(crate) fn restores_data(&self, taken: Taken<'_>) -> Usability {
        let mut doubts = self.doubts.clone();
        if let Some(obstacle) = self.obstacles.first() {
            return Usability::Unusable(obstacle.clone());
        }
        if let Some((_, obstacle)) = self.lost_with(taken, &mut doubts) {
            return Usability::Unusable(obstacle);
        }
        doubts.sort();
        doubts.dedup();
        if doubts.is_empty() { Usability::Usable } else { Usability::Doubtful(doubts) }
    }

    /// Which documented scenario it is that it is of no use after a loss, if it is one.
    pub(crate) fn variant(&self, taken: Taken<'_>) -> Option<Variant> {
        self.variant.or_else(|| Some(self.lost_with(taken, &mut Vec::new())?.0))
    }

    /// Why a loss takes it, too.
    fn lost_with(&self, taken: Taken<'_>, doubts: &mut Vec<Need>) -> Option<(Variant, String)> {
        let with_place = |why: String| Some((Variant::LostWithItsPlace, why));
        let Taken { servers, data_centers } = taken;
        if servers.is_empty() && data_centers.is_empty() {
            return None;
        }
        match &self.whereabouts {
            Whereabouts::Unknown => doubts.push(Need::CopyPlace(self.id.clone())),
            Whereabouts::OnHost(host) if servers.contains(host) => {
                return with_place(format!("lost with the disk of {host}"));
            }
            Whereabouts::OnHost(_) => {}
            Whereabouts::Store { id, host, data_center, is_vague } => {
                if let Some(host) = host.as_ref().filter(|host| servers.contains(*host)) {
                    return with_place(format!("its store {id} is lost with {host}"));
                }
                match data_center {
                    Some(center) if data_centers.contains(center) => {
                        return with_place(format!(
                            "its store {id} is lost with data center {center}"
                        ));
                    }
                    None if !data_centers.is_empty() && host.is_none() => {
                        doubts.push(Need::StorePlace(id.clone()));
                    }
                    _ if *is_vague => doubts.push(Need::StorePlace(id.clone())),
                    _ => {}
                }
            }
        }
        let key = self.key.as_ref()?;
        match &self.key_locations {
            None => doubts.push(Need::KeyPlace(key.clone())),
            Some(places) => {
                let is_lost = |place: &String| {
                    Fqdn::parse(place).is_some_and(|host| servers.contains(&host))
                        || data_centers.contains(place)
                };
                if !places.is_empty() && places.iter().all(is_lost) {
                    return Some((
                        Variant::WithoutKey,
                        format!("its key {key} is lost with the server that has it"),
                    ));
                }
            }
        }
        None
    }
}

/// The name of a role's service in a backup's header.
pub(crate) fn service_of(role: Role) -> Option<&'static str> {
    match role {
        Role::Ca => Some("CA"),
        Role::Kra => Some("KRA"),
        Role::Dns => Some("DNS"),
        Role::AdTrustController => Some("ADTRUST"),
        Role::IpaMaster | Role::AdTrustAgent => None,
    }
}

fn is_rehearsed(deployment: &Deployment, id: &str) -> bool {
    deployment.copies.rehearsals.values().any(|rehearsal| {
        rehearsal.succeeded.value() == Some(&true)
            && rehearsal.copy.value().is_some_and(|copy| copy == id)
    })
}

fn of_backup(deployment: &Deployment, id: &str, copy: &Backup) -> RestorePoint {
    let mut obstacles = Vec::new();
    let mut doubts = Vec::new();
    let form = match copy.kind.value() {
        Some(BackupKind::Full) => CopyForm::Full,
        Some(BackupKind::Data) => CopyForm::Data,
        None => CopyForm::Unknown,
    };
    match form {
        CopyForm::Unknown => doubts.push(Need::CopyUse(id.to_owned())),
        CopyForm::Full | CopyForm::Data | CopyForm::Snapshot => {}
    }
    match copy.complete.value() {
        Some(true) => {}
        Some(false) => obstacles.push("incomplete".to_owned()),
        None if is_rehearsed(deployment, id) => {}
        None => doubts.push(Need::CopyUse(id.to_owned())),
    }
    let host = copy.host.value().cloned();
    match &host {
        None => doubts.push(Need::CopyHost(id.to_owned())),
        Some(host) => match deployment.servers.get(host) {
            Some(server) => {
                let known = server.version.value().and_then(|text| numbers(text));
                match (copy.version.value().and_then(|text| numbers(text)), known) {
                    (Some(one), Some(other)) if one == other => {}
                    (None, _) => doubts.push(Need::CopyUse(id.to_owned())),
                    (_, None) => doubts.push(Need::Version(host.clone())),
                    (Some(_), Some(_)) => match kept_packages(deployment) {
                        Some(true) => {}
                        Some(false) => obstacles.push(format!(
                            "of version {}, and the packages of that version are not kept",
                            copy.version.value().map(String::as_str).unwrap_or_default()
                        )),
                        None => doubts.extend(packages_need()),
                    },
                }
            }
            // A host of this name can be set up again: only a rehearsal shows whether it works.
            None if is_rehearsed(deployment, id) => {}
            None => doubts.push(Need::CopyUse(id.to_owned())),
        },
    }
    let mut point = RestorePoint {
        id: id.to_owned(),
        form,
        host,
        taken_at: copy.taken_between().map(|(earliest, _)| earliest),
        roles: BTreeMap::new(),
        whereabouts: Whereabouts::Unknown,
        key: None,
        key_locations: None,
        reach: reach(copy),
        path: copy.path.value().cloned(),
        obstacles,
        variant: None,
        doubts,
    };
    for role in Role::ALL {
        let Some(service) = service_of(role) else { continue };
        let inside = match role {
            Role::Ca => copy.holds_ca_data.value().copied(),
            Role::Kra => copy.holds_kra_data.value().copied(),
            _ => None,
        };
        let holds = inside.or_else(|| copy.has_service(service)).or_else(|| {
            // Without a header: a server that never had the role.
            let server = deployment.servers.get(point.host.as_ref()?)?;
            (!server.may_hold(role)).then_some(false)
        });
        point.roles.extend(holds.map(|holds| (role, holds)));
    }
    find_key(deployment, copy, &mut point);
    point.whereabouts = match copy.store.value() {
        Some(store) => place(deployment, store, &mut point),
        None => {
            match (copy.path.value(), copy.machine.value().and_then(|name| Fqdn::parse(name))) {
                (Some(path), Some(machine)) if path.starts_with('/') => {
                    Whereabouts::OnHost(machine)
                }
                (Some(path), None) if path.starts_with(DEFAULT_FOLDER) => {
                    point.host.clone().map_or(Whereabouts::Unknown, Whereabouts::OnHost)
                }
                _ => Whereabouts::Unknown,
            }
        }
    };
    point
}

/// The newest change of each origin in a backup, for suffix `domain`: the first eight digits of a
/// CSN are its time.
fn reach(copy: &Backup) -> BTreeMap<u16, Timestamp> {
    let ruv = copy.ruvs.get(&Suffix::Domain);
    let elements = ruv.into_iter().flat_map(|ruv| &ruv.replicas);
    elements
        .filter_map(|(id, element)| Some((*id, csn_time(element.max_csn.as_deref()?)?)))
        .collect()
}

/// The time in a CSN.
pub(crate) fn csn_time(csn: &str) -> Option<Timestamp> {
    let seconds = i64::from_str_radix(csn.get(..8)?, 16).ok()?;
    Timestamp::from_unix_seconds(seconds)
}

fn kept_packages(deployment: &Deployment) -> Option<bool> {
    match deployment.observed.answers.get(OLD_PACKAGES).and_then(Fact::value) {
        Some(Answer::Bool(kept)) => Some(*kept),
        _ => None,
    }
}

fn packages_need() -> Option<Need> {
    let question = questions::find(OLD_PACKAGES)?;
    Some(Need::Answer(OLD_PACKAGES.to_owned(), question.asks.to_owned()))
}

fn find_key(deployment: &Deployment, copy: &Backup, point: &mut RestorePoint) {
    match copy.encrypted.value() {
        Some(false) => return,
        Some(true) => {}
        None => {
            point.doubts.push(Need::CopyUse(point.id.clone()));
            return;
        }
    }
    let copies = &deployment.copies;
    let Some(id) = copy.key.value() else {
        if copies.knows_all(CopyTable::Keys) && copies.keys.is_empty() {
            point.spoil(Variant::WithoutKey, "encrypted, and no key is known".to_owned());
        } else {
            point.doubts.push(Need::CopyKey(point.id.clone()));
        }
        return;
    };
    point.key = Some(id.clone());
    match key_called(deployment, id) {
        Some(key) => point.key_locations = key.locations.value().cloned(),
        None if copies.knows_all(CopyTable::Keys) => {
            let why = format!("encrypted with key {id}, which nobody has");
            point.spoil(Variant::WithoutKey, why);
        }
        None => point.doubts.push(Need::CopyKey(point.id.clone())),
    }
}

/// The declared key with an identifier: its own, or the end of its fingerprint.
pub(crate) fn key_called<'a>(
    deployment: &'a Deployment,
    id: &str,
) -> Option<&'a crate::model::Key> {
    let keys = &deployment.copies.keys;
    keys.get(id).or_else(|| {
        let wanted = id.to_ascii_lowercase();
        let alike = |name: &str| {
            let name: String =
                name.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
            wanted.len() >= 8
                && (name.ends_with(&wanted) || wanted.ends_with(name.as_str()))
                && name.len() >= 8
        };
        keys.iter().find(|(name, _)| alike(name)).map(|(_, key)| key)
    })
}

fn place(deployment: &Deployment, id: &str, point: &mut RestorePoint) -> Whereabouts {
    let Some(store) = deployment.copies.stores.get(id) else {
        return Whereabouts::Store {
            id: id.to_owned(),
            host: None,
            data_center: None,
            is_vague: true,
        };
    };
    if store.readable.value() == Some(&false) {
        let why = format!("its store {id} cannot be read any more");
        point.spoil(Variant::LostWithItsPlace, why);
    }
    let host = store.host.value().cloned();
    let of_host = host.as_ref().and_then(|host| deployment.servers.get(host));
    let data_center = store
        .data_center
        .value()
        .or_else(|| of_host.and_then(|server| server.data_center.value()))
        .cloned();
    let elsewhere = store.medium.value().is_some_and(|medium| *medium != Medium::Disk);
    let is_vague = host.is_none() && data_center.is_none() && !elsewhere;
    Whereabouts::Store { id: id.to_owned(), host, data_center, is_vague }
}

fn of_snapshot(deployment: &Deployment, id: &str, copy: &Snapshot) -> RestorePoint {
    let mut obstacles = Vec::new();
    let mut doubts = Vec::new();
    match copy.full.value() {
        Some(true) => {}
        Some(false) => obstacles.push("it does not hold every disk".to_owned()),
        None if is_rehearsed(deployment, id) => {}
        None => doubts.push(Need::CopyUse(id.to_owned())),
    }
    let host = copy.host.value().cloned();
    let server = host.as_ref().and_then(|host| deployment.servers.get(host));
    match (&host, server) {
        (None, _) => doubts.push(Need::CopyHost(id.to_owned())),
        (Some(_), None) if !is_rehearsed(deployment, id) => {
            doubts.push(Need::CopyUse(id.to_owned()));
        }
        _ => {}
    }
    let mut point = RestorePoint {
        id: id.to_owned(),
        form: CopyForm::Snapshot,
        host,
        taken_at: copy.taken_at.value().copied(),
        roles: BTreeMap::new(),
        whereabouts: Whereabouts::Unknown,
        key: None,
        key_locations: None,
        reach: BTreeMap::new(),
        path: None,
        obstacles,
        variant: None,
        doubts,
    };
    if let Some(server) = server {
        for role in Role::ALL {
            let holds = match (server.holds(role), server.may_hold(role)) {
                (true, _) => Some(true),
                (false, false) => Some(false),
                (false, true) => None,
            };
            point.roles.extend(holds.map(|holds| (role, holds)));
        }
    }
    if let Some(store) = copy.store.value() {
        point.whereabouts = place(deployment, store, &mut point);
    }
    point
}
