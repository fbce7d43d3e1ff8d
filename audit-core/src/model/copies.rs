//! Copies of the data outside the running servers, and what their use needs: backups, VM snapshots,
//! the stores that hold them, keys, rehearsals, schedules and targets.
//!
//! Like [`Observed`](super::Observed), the same structure collects facts and is part of the model.
//! Every cell only grows, by union.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Fqdn, Ruv, Suffix};
use crate::backup_name::bounds;
use crate::evidence::{Fact, Sources};
use crate::recovery::Span;
use crate::time::Timestamp;

/// Kind of an `ipa-backup` (guide 5.1). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum BackupKind {
    /// Full-server backup: configuration and data; a server can be rebuilt from it.
    Full,
    /// Data-only backup: LDAP data; needs an installed server.
    Data,
}

impl BackupKind {
    /// Name in JSON, and in the name of a backup's folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Data => "data",
        }
    }

    /// Reads the name in any letter case: headers write `FULL` and `DATA`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Full, Self::Data].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for BackupKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a store is made of. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Medium {
    /// A disk of a host.
    Disk,
    /// A file system on the network.
    Network,
    /// Object storage.
    Object,
    /// Tape.
    Tape,
    /// Optical discs.
    Optical,
}

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 5] = [Self::Disk, Self::Network, Self::Object, Self::Tape, Self::Optical];

    /// Name in JSON and in `answers.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Object => "object",
            Self::Tape => "tape",
            Self::Optical => "optical",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|medium| medium.name() == text)
    }

    /// True for a medium that is laid aside once it is written (guide 5.3: tape, optical discs).
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Tape | Self::Optical)
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Takes every cell of a record with its key in JSON.
pub(crate) trait EachCell {
    /// One cell.
    fn cell<T: Cell>(&mut self, key: &'static str, fact: &mut Fact<T>);
}

/// A value that a cell of a record may have, as JSON and `answers.toml` write it.
pub(crate) trait Cell: Ord + Clone {
    /// What is expected where something else was found.
    const EXPECTED: &'static str;

    /// As JSON.
    fn to_json(&self) -> serde_json::Value;

    /// Reads JSON.
    fn of_json(value: &serde_json::Value) -> Option<Self>;
}

/// A record of facts: its cells are listed once, for union, writing and reading.
pub(crate) trait Record: Default {
    /// Keys of its cells in JSON.
    const KEYS: &'static [&'static str];

    /// Places that state the record itself.
    fn sources(&mut self) -> &mut Sources;

    /// Visits every cell, in the order of the keys.
    fn each(&mut self, visitor: &mut impl EachCell);
}

macro_rules! record {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $of:literal])+ $field:ident: $ty:ty,)+ }
     $($(#[doc = $more_of:literal])+ + $more:ident: $more_ty:ty,)*) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, Eq, PartialEq)]
        pub struct $name {
            /// Where it was read.
            pub sources: Sources,
            $($(#[doc = $of])+ pub $field: Fact<$ty>,)+
            $($(#[doc = $more_of])+ pub $more: $more_ty,)*
        }

        impl Record for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn sources(&mut self) -> &mut Sources {
                &mut self.sources
            }

            fn each(&mut self, visitor: &mut impl EachCell) {
                $(visitor.cell(stringify!($field), &mut self.$field);)+
            }
        }

        impl $name {
            fn merge_cells(&mut self, other: &mut Self) {
                self.sources.append(&mut other.sources);
                $(self.$field.merge(std::mem::take(&mut other.$field));)+
            }
        }
    };
}

record! {
    /// One `ipa-backup`: a folder with a header and an archive, at one place.
    ///
    /// The same backup in two stores is two of these.
    Backup {
        /// Host it was taken on; it can only be restored there (X8).
        host: Fqdn,
        /// Full or data-only.
        kind: BackupKind,
        /// When it was taken: the header's time is GMT (X20).
        taken_at: Timestamp,
        /// Names of the services of its host, as the header has them: `CA`, `KRA`, `DNS` and the
        /// like, installed in any state.
        roles: BTreeSet<String>,
        /// The time in its folder's name: its host's local time, read as if it were GMT.
        named: Timestamp,
        /// IPA version that wrote it.
        version: String,
        /// Whether it is encrypted.
        encrypted: bool,
        /// Whether archive and header are there and whole.
        complete: bool,
        /// Store that holds it.
        store: String,
        /// Key that decrypts it.
        key: String,
        /// Its folder, as the export or the store names it.
        path: String,
        /// Machine whose file system `path` is of, often without its domain.
        machine: String,
        /// Size of its archive in bytes.
        bytes: u64,
        /// Whether its archive holds the CA's database.
        holds_ca_data: bool,
        /// Whether its archive holds the KRA's database.
        holds_kra_data: bool,
        /// Entries of suffix `domain` in its archive.
        entries: u64,
    }
    /// How far the data in its archive is, by suffix.
    + ruvs: BTreeMap<Suffix, Ruv>,
}

impl Backup {
    /// Takes over everything that `other` states.
    pub fn merge(&mut self, mut other: Self) {
        self.merge_cells(&mut other);
        for (suffix, ruv) in other.ruvs {
            self.ruvs.entry(suffix).or_default().merge(ruv);
        }
    }

    /// Earliest and latest time at which it was taken: the header's, else what the time in its
    /// folder's name can be anywhere on earth (X20).
    pub fn taken_between(&self) -> Option<(Timestamp, Timestamp)> {
        match self.taken_at.value() {
            Some(at) => Some((*at, *at)),
            None => self.named.value().map(|local| bounds(*local)),
        }
    }

    /// True if its header names a service, false if it does not; `None` if the header is not
    /// known. Names compare without letter case.
    pub fn has_service(&self, name: &str) -> Option<bool> {
        self.roles.value().map(|all| all.iter().any(|service| service.eq_ignore_ascii_case(name)))
    }

    /// Whether it can bring back a CA as far as its kind and content go: it is a full backup, and
    /// header or archive have a CA. `None` if that is not known.
    pub fn rebuilds_ca(&self) -> Option<bool> {
        let full = self.kind.value().map(|kind| *kind == BackupKind::Full);
        // The archive itself goes before the header, which names what is installed.
        let has = self.holds_ca_data.value().copied().or_else(|| self.has_service("CA"));
        and(full, has)
    }

    /// False only if the backup certainly cannot rebuild a CA: it is data-only or incomplete, or
    /// it has no CA.
    pub fn may_rebuild_ca(&self) -> bool {
        self.rebuilds_ca() != Some(false) && self.complete.value() != Some(&false)
    }
}

/// Both hold; `None` if that is not known.
fn and(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

record! {
    /// One VM snapshot.
    Snapshot {
        /// IdM server in the VM.
        host: Fqdn,
        /// Name of the VM.
        vm: String,
        /// Identifier of the VM, as the hypervisor gives it.
        uuid: String,
        /// When it was taken.
        taken_at: Timestamp,
        /// Whether the VM was off.
        powered_off: bool,
        /// Whether it holds every disk.
        full: bool,
        /// Store that holds it, if not the VM's own.
        store: String,
    }
}

impl Snapshot {
    /// Takes over everything that `other` states.
    pub fn merge(&mut self, mut other: Self) {
        self.merge_cells(&mut other);
    }
}

record! {
    /// A place that holds copies.
    Store {
        /// Host on whose disk it is.
        host: Fqdn,
        /// Data center it is in.
        data_center: String,
        /// What it is made of.
        medium: Medium,
        /// Whether it is another file system than that of the directory server's data.
        separate_filesystem: bool,
        /// Folders by which inputs and listings name it.
        paths: BTreeSet<String>,
        /// Whether it still exists and can be read.
        readable: bool,
    }
}

record! {
    /// A key that decrypts copies.
    Key {
        /// Where its secret part is kept: host names, or words such as `safe`.
        locations: BTreeSet<String>,
        /// Whether its passphrase is known to a second person or laid down.
        escrowed: bool,
        /// When it ends; a copy can be decrypted later, but no new one encrypted.
        expires: Timestamp,
    }
}

record! {
    /// How often copies are made.
    Schedule {
        /// Host it runs on.
        host: Fqdn,
        /// What it makes: `full`, `data` or `snapshot`.
        makes: String,
        /// Time from one to the next.
        every: Span,
        /// How many are kept.
        keeps: u64,
    }
}

record! {
    /// One rehearsed restore.
    Rehearsal {
        /// Whether it succeeded.
        succeeded: bool,
        /// The copy that was restored.
        copy: String,
        /// How long it took.
        took: Span,
    }
}

record! {
    /// What the operators are held to. Targets, not measurements.
    Targets {
        /// Most data, as time, that a disaster may cost.
        rpo: Span,
        /// Longest time until service is back.
        rto: Span,
        /// Longest time until damage to data is noticed.
        noticed_within: Span,
    }
}

macro_rules! merge_of {
    ($($name:ident)+) => {
        $(impl $name {
            /// Takes over everything that `other` states.
            pub fn merge(&mut self, mut other: Self) {
                self.merge_cells(&mut other);
            }
        })+
    };
}

merge_of! { Store Key Schedule Rehearsal Targets }

/// Lists of copies and of what belongs to them. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CopyTable {
    /// Backups.
    Backups,
    /// VM snapshots.
    Snapshots,
    /// Stores.
    Stores,
    /// Keys.
    Keys,
    /// Schedules.
    Schedules,
    /// Rehearsals.
    Rehearsals,
}

impl CopyTable {
    /// Every list.
    pub const ALL: [Self; 6] = [
        Self::Backups,
        Self::Snapshots,
        Self::Stores,
        Self::Keys,
        Self::Schedules,
        Self::Rehearsals,
    ];

    /// Its key in JSON and in `answers.toml`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Snapshots => "snapshots",
            Self::Stores => "stores",
            Self::Keys => "keys",
            Self::Schedules => "schedules",
            Self::Rehearsals => "rehearsals",
        }
    }
}

/// Copies, and what their use needs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Copies {
    /// Backups by identifier.
    pub backups: BTreeMap<String, Backup>,
    /// VM snapshots by identifier.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Stores by identifier.
    pub stores: BTreeMap<String, Store>,
    /// Keys by identifier.
    pub keys: BTreeMap<String, Key>,
    /// Schedules by identifier.
    pub schedules: BTreeMap<String, Schedule>,
    /// Rehearsals by their time.
    pub rehearsals: BTreeMap<Timestamp, Rehearsal>,
    /// Targets.
    pub targets: Targets,
    /// IdM servers in VMs, by the VM's name or identifier.
    pub vms: BTreeMap<String, Fact<Fqdn>>,
    /// Lists that are known to be whole, with the places that say so.
    pub whole: BTreeMap<CopyTable, Sources>,
}

impl Copies {
    /// True if these are all of a kind there are.
    pub fn knows_all(&self, table: CopyTable) -> bool {
        self.whole.contains_key(&table)
    }

    /// True if all backups and all snapshots are known.
    pub fn are_known(&self) -> bool {
        self.knows_all(CopyTable::Backups) && self.knows_all(CopyTable::Snapshots)
    }

    /// States that a list is whole.
    pub fn state_whole(&mut self, table: CopyTable, sources: Sources) {
        self.whole.entry(table).or_default().extend(sources);
    }

    /// True if nothing at all is stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        for (id, from) in other.backups {
            self.backups.entry(id).or_default().merge(from);
        }
        for (id, from) in other.snapshots {
            self.snapshots.entry(id).or_default().merge(from);
        }
        for (id, from) in other.stores {
            self.stores.entry(id).or_default().merge(from);
        }
        for (id, from) in other.keys {
            self.keys.entry(id).or_default().merge(from);
        }
        for (id, from) in other.schedules {
            self.schedules.entry(id).or_default().merge(from);
        }
        for (at, from) in other.rehearsals {
            self.rehearsals.entry(at).or_default().merge(from);
        }
        self.targets.merge(other.targets);
        for (vm, host) in other.vms {
            self.vms.entry(vm).or_default().merge(host);
        }
        for (table, sources) in other.whole {
            self.state_whole(table, sources);
        }
    }
}
