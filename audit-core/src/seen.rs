//! Copies as single exports show them, and how they become the copies of a deployment.
//!
//! One backup is often seen several times: its header, the list of its folder, its archive. What is
//! of the same host and folder is one backup; what two exports place differently is two copies of
//! it. That is decided once, when all inputs are here.

use std::collections::{BTreeMap, BTreeSet};

use crate::backup_name::{BackupName, bounds, folder_of};
use crate::evidence::{Fact, Source, Sources};
use crate::model::{Backup, Copies, Fqdn, Snapshot};
use crate::note::{Note, NoteCode};

/// Where an export shows a backup.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Machine that it was seen on, often without its domain.
    pub machine: Option<String>,
    /// The backup's folder with what is before it: the path on the machine, or that of the input.
    pub path: String,
    /// The folder's own name; `None` for an archive or header that stands alone.
    pub folder: Option<String>,
}

impl Place {
    /// The place of the backup's folder in a path, on a machine if the export says which.
    pub fn of(path: &str, machine: Option<impl ToString>) -> Self {
        let (path, folder) = match folder_of(path) {
            Some((path, folder)) => (path, Some(folder.to_owned())),
            None => (path, None),
        };
        Self { machine: machine.map(|name| name.to_string()), path: path.to_owned(), folder }
    }
}

/// Copies as single exports show them. Only grows, by union.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    backups: BTreeMap<Place, Backup>,
    /// By VM and name of the snapshot.
    snapshots: BTreeMap<(String, String), Snapshot>,
}

/// The one server of a name with or without domain.
fn server_called<'a>(servers: &[&'a Fqdn], machine: &str) -> Option<&'a Fqdn> {
    let mut named = servers.iter().filter(|name| {
        name.as_str() == machine || (!machine.contains('.') && name.short() == machine)
    });
    match (named.next(), named.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// One backup on its way into the model.
struct Found {
    folder: Option<String>,
    host: Option<Fqdn>,
    path: String,
    is_located: bool,
    backup: Backup,
}

impl Seen {
    /// The backup at a place, to state facts of.
    pub fn backup(
        &mut self,
        place: Place,
        sources: impl IntoIterator<Item = Source>,
    ) -> &mut Backup {
        let backup = self.backups.entry(place).or_default();
        backup.sources.extend(sources);
        backup
    }

    /// The snapshot of a VM, to state facts of.
    pub fn snapshot(
        &mut self,
        vm: &str,
        name: &str,
        sources: impl IntoIterator<Item = Source>,
    ) -> &mut Snapshot {
        let snapshot = self.snapshots.entry((vm.to_owned(), name.to_owned())).or_default();
        snapshot.sources.extend(sources);
        snapshot
    }

    /// Takes over everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        for (place, from) in other.backups {
            self.backups.entry(place).or_default().merge(from);
        }
        for (key, from) in other.snapshots {
            self.snapshots.entry(key).or_default().merge(from);
        }
    }

    /// States the copies: which are the same, of which server, in which store.
    pub(crate) fn settle<'a>(
        self,
        copies: &mut Copies,
        servers: impl Iterator<Item = &'a Fqdn>,
        notes: &mut BTreeSet<Note>,
    ) {
        let servers: Vec<&Fqdn> = servers.collect();
        settle_backups(self.backups, copies, &servers, notes);
        settle_snapshots(self.snapshots, copies, notes);
    }
}

fn settle_backups(
    seen: BTreeMap<Place, Backup>,
    copies: &mut Copies,
    servers: &[&Fqdn],
    notes: &mut BTreeSet<Note>,
) {
    let mut found: Vec<Found> = Vec::new();
    for (place, mut backup) in seen {
        let name = place.folder.as_deref().and_then(BackupName::parse);
        let sources = backup.sources.clone();
        // The header's host, else the one in the name of a controller's copy, else the machine
        // whose default folder it is in.
        let machine = place.machine.as_deref().map(str::to_lowercase);
        let local = place.path.starts_with(DEFAULT_FOLDER);
        let of_machine = machine
            .as_deref()
            .filter(|_| local)
            .and_then(|machine| server_called(servers, machine).cloned().or_else(|| full(machine)));
        let named = name.as_ref().and_then(|name| name.host.clone());
        if backup.host == Fact::Unknown
            && let Some(host) = named.or(of_machine)
        {
            backup.host.claim(host, sources.clone());
        }
        if let Some(name) = &name {
            if backup.kind == Fact::Unknown {
                backup.kind.claim(name.kind, sources.clone());
            }
            note_times(&place, name, &backup, notes);
            backup.named.claim(name.local, sources.clone());
        }
        if let Some(machine) = &machine {
            let machine = server_called(servers, machine).map_or(machine.clone(), Fqdn::to_string);
            backup.machine.claim(machine, sources.clone());
        }
        let store = store_of(copies, &place);
        let is_located = place.machine.is_some() || store.is_some();
        if let Some((id, of_store)) = store {
            backup.store.claim(id, of_store);
        }
        let host = backup.host.value().cloned();
        let folder =
            place.folder.map(|folder| folder.rsplit('_').next().unwrap_or(&folder).to_owned());
        let path = place.path;
        found.push(Found { folder, host, path, is_located, backup });
    }
    found = join_hostless(found);
    // What says where it is first, so that the rest can join it.
    found.sort_by(|a, b| {
        (&a.folder, &a.host, !a.is_located, &a.path).cmp(&(
            &b.folder,
            &b.host,
            !b.is_located,
            &b.path,
        ))
    });
    let mut whole: Vec<Found> = Vec::new();
    for next in found {
        let mut same = whole.iter_mut().filter(|known| {
            next.folder.is_some()
                && known.folder == next.folder
                && known.host == next.host
                && (!next.is_located || known.path == next.path)
        });
        match same.next() {
            Some(first) => {
                for other in same {
                    other.backup.merge(next.backup.clone());
                }
                first.backup.merge(next.backup);
            }
            None => whole.push(next),
        }
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for found in whole {
        let Found { folder, host, path, is_located, mut backup } = found;
        backup.path.claim(path.clone(), backup.sources.clone());
        let name = folder.unwrap_or_else(|| path.clone());
        let id = host.map_or(name.clone(), |host| format!("{host}/{name}"));
        let place = backup.store.value().cloned().unwrap_or(path);
        // The first is what is declared under that name, if anything is.
        let again = !taken.insert(id.clone()) && is_located;
        let id = if again { format!("{id}@{place}") } else { id };
        copies.backups.entry(id).or_default().merge(backup);
    }
}

/// Where `ipa-backup` puts its backups, on the host itself (FreeIPA `ipaplatform/base/paths.py`,
/// `IPA_BACKUP_DIR`).
pub(crate) const DEFAULT_FOLDER: &str = "/var/lib/ipa/backup/";

/// A machine's name if it has a domain.
fn full(machine: &str) -> Option<Fqdn> {
    machine.contains('.').then(|| Fqdn::parse(machine)).flatten()
}

/// What nothing places on a host is that of the one host with the same folder.
fn join_hostless(found: Vec<Found>) -> Vec<Found> {
    let mut hosts: BTreeMap<String, BTreeSet<Fqdn>> = BTreeMap::new();
    for one in &found {
        if let (Some(folder), Some(host)) = (&one.folder, &one.host) {
            hosts.entry(folder.clone()).or_default().insert(host.clone());
        }
    }
    found
        .into_iter()
        .map(|mut one| {
            let of = one.folder.as_ref().and_then(|folder| hosts.get(folder));
            if let (None, Some(of)) = (&one.host, of)
                && of.len() == 1
            {
                one.host = of.first().cloned();
            }
            one
        })
        .collect()
}

/// The declared store that a place is in, with the places that declare it: one whose folder is a
/// part of the path, the longest if there are several; a store of a host holds only what is on it.
fn store_of(copies: &Copies, place: &Place) -> Option<(String, Sources)> {
    let parts = |path: &str| -> Vec<String> {
        path.split(['/', '\\']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let of_place = parts(&place.path);
    let mut best: Option<(usize, &String, Sources)> = None;
    for (id, store) in &copies.stores {
        let on_other = match (store.host.value(), place.machine.as_deref()) {
            (Some(host), Some(machine)) => {
                !host.as_str().eq_ignore_ascii_case(machine)
                    && !host.short().eq_ignore_ascii_case(machine)
            }
            _ => false,
        };
        if on_other {
            continue;
        }
        for path in store.paths.value().into_iter().flatten() {
            let wanted = parts(path);
            let absolute = path.starts_with('/');
            let holds = !wanted.is_empty()
                && if absolute {
                    place.path.starts_with('/') && of_place.starts_with(&wanted)
                } else {
                    of_place.windows(wanted.len()).any(|window| window == wanted)
                };
            if holds && best.as_ref().is_none_or(|(length, _, _)| wanted.len() > *length) {
                best = Some((wanted.len(), id, store.paths.sources()));
            }
        }
    }
    best.map(|(_, id, sources)| (id.clone(), sources))
}

/// Says where a header's time cannot be that of its folder's name, whatever the time zone.
fn note_times(place: &Place, name: &BackupName, backup: &Backup, notes: &mut BTreeSet<Note>) {
    let Some(taken_at) = backup.taken_at.value() else { return };
    let (earliest, latest) = bounds(name.local);
    if (earliest..=latest).contains(taken_at) {
        return;
    }
    let Some(source) = backup.taken_at.sources().into_iter().next() else { return };
    let mut note = Note::on_file(
        &source.file,
        NoteCode::BackupTime,
        format!(
            "the header says {taken_at} (GMT), which is not the time in the folder's name {} in \
             any time zone; the header was believed",
            place.folder.as_deref().unwrap_or_default()
        ),
    )
    .help("Header and archive may be of different backups: check the folder on its host.");
    note.line = source.line;
    notes.insert(note);
}

fn settle_snapshots(
    seen: BTreeMap<(String, String), Snapshot>,
    copies: &mut Copies,
    notes: &mut BTreeSet<Note>,
) {
    for ((vm, name), mut snapshot) in seen {
        let sources = snapshot.sources.clone();
        let host = copies.vms.get(&vm).or_else(|| {
            snapshot.uuid.value().and_then(|uuid| copies.vms.get(&uuid.to_lowercase()))
        });
        if let Some(host) = host {
            snapshot.host.merge(host.clone());
        }
        if let (Fact::Unknown, Some(source)) = (&snapshot.host, sources.first()) {
            let mut note = Note::on_file(
                &source.file,
                NoteCode::UnknownVm,
                format!("nothing says which server VM {vm} is; its name alone is not believed"),
            )
            .help(format!("In answers.toml: [vms] \"{vm}\" = \"HOST\"."));
            note.line = source.line;
            notes.insert(note);
        }
        snapshot.vm.claim(vm.clone(), sources);
        copies.snapshots.entry(format!("{vm}/{name}")).or_default().merge(snapshot);
    }
}
