//! An online export of a server: the LDIF with replication data that `ipa-backup --data --online`
//! writes and `ipa-restore` reads.
//!
//! It is no point in time. The server walks through its entries in the order in which they came
//! while clients go on writing, and each entry is in the file as it was when the walk passed it. So
//! a later change of an entry near the end is in while an earlier one near the begin is missing.
//!
//! # How exact
//!
//! The walk is cut into [`SLICES`] slices of equally many entries, each of which is read in one
//! moment: the first when the export begins, the last when it ends, the others evenly between. No
//! entry is read further than one part in [`SLICES`] of the duration from where a walk of even pace
//! passes it. An entry that came meanwhile has the highest number and is read at the end.
//!
//! Writes of the background load are no entries. Each counts as a change of an entry of its own,
//! which may lie anywhere in the file: its place follows from its origin and its time. It is in the
//! file if the server had it when its slice was read.
//!
//! The suffixes of a server are walked through side by side; `ipa-backup` takes `ipaca` first and
//! then `userRoot`. The vector is one of the first entries in the file, so an import with it goes
//! on from the begin: what the data has beyond is sent again, which changes nothing.
//!
//! # Source
//!
//! `fidelity.md`, table k, and "What a simulator must model", 7: measured with Berkeley DB. 389-ds
//! `ldif2db.c`, `ldbm_back_ldbm2ldif`: a cursor without a transaction follows `id2entry` from its
//! first to its last record. With LMDB (`mdb_ldif2db.c`, `dbmdb_open_cursor`) the cursor reads
//! within one transaction: there, an export is of the moment when it begins, which this module does
//! not say. FreeIPA `ipa_backup.py`: the header has the time before the export.

use std::collections::BTreeMap;

use crate::kernel::streams::mix;
use crate::kernel::time::{Span, Time};

use super::World;
use super::agreement::{ReplicaIndex, ServerIndex};
use super::copies::Copy;
use super::csn::ReplicaId;
use super::database::Database;
use super::load::{Load, Range, Ranges};
use super::planted::Mutation;
use super::tree::EntryId;

/// Number of moments in which an export reads.
pub const SLICES: u64 = 32;

/// An export under way.
#[derive(Clone, Debug)]
pub struct Export {
    server: ServerIndex,
    /// How often the server had been started when it began.
    starts: u64,
    begun: Time,
    duration: Span,
    /// Number of slices that are read.
    read: u64,
    parts: Vec<(ReplicaIndex, Option<Part>)>,
}

/// The part of one suffix.
#[derive(Clone, Debug)]
struct Part {
    /// The entries of the begin, in the order of the walk.
    order: Vec<EntryId>,
    /// The file, if nothing changes any more in what the walk has yet to pass.
    written: Database,
    /// What the data was at the last look.
    content: u64,
    held: BTreeMap<ReplicaId, Ranges>,
}

impl Export {
    /// The server that is exported.
    pub const fn server(&self) -> ServerIndex {
        self.server
    }

    /// When the next slice is to be read; `None` if all are.
    pub fn due(&self) -> Option<Time> {
        let passed = self.duration.times(self.read).millis() / (SLICES - 1);
        (self.read < SLICES).then(|| self.begun + Span::from_millis(passed))
    }

    /// The copy that it has made; `None` while slices are to be read.
    pub fn finish(self) -> Option<Copy> {
        if self.due().is_some() {
            return None;
        }
        let replicas =
            self.parts.into_iter().map(|(index, part)| (index, part.map(|part| part.written)));
        let read = (self.begun, self.begun + self.duration);
        Some(Copy::of_export(self.server, read, replicas.collect()))
    }
}

impl Part {
    fn new(data: &Database) -> Self {
        Self {
            order: data.tree.ids().collect(),
            // The vector of the begin; an import makes the changelog anew.
            written: data.without_changelog(),
            content: data.tree.content(),
            held: data.held.clone(),
        }
    }

    /// Slices from this one on are as the data is now.
    fn look(&mut self, from: u64, data: &Database, load: impl Fn(ReplicaId) -> Option<Load>) {
        if self.content != data.tree.content() {
            let order = &self.order;
            self.written.tree.take(&data.tree, |id| slice_of_entry(order, id) >= from);
            self.content = data.tree.content();
        }
        for (origin, held) in &data.held {
            let (Some(load), known) = (load(*origin), self.held.entry(*origin).or_default()) else {
                continue;
            };
            if known == held {
                continue;
            }
            let written = self.written.held.entry(*origin).or_default();
            for time in held.without(known).iter().flat_map(|range| load.times(range)) {
                if slice_of_write(*origin, time) >= from {
                    written.insert(Range { from: time, upto: time }, &load);
                }
            }
            known.clone_from(held);
        }
    }
}

/// The slice in which an entry is read; what came since the begin is at the end.
fn slice_of_entry(order: &[EntryId], id: EntryId) -> u64 {
    match order.binary_search(&id) {
        Ok(rank) => rank as u64 * SLICES / order.len() as u64,
        Err(_) => SLICES - 1,
    }
}

/// The slice in which a write of the background load is read.
pub fn slice_of_write(origin: ReplicaId, time: Time) -> u64 {
    mix(time.millis() ^ mix(u64::from(origin.0))) % SLICES
}

impl World {
    /// Begins an online export that takes this long, and reads its first slice. `None` if the
    /// server does not run or one of its suffixes is being loaded.
    ///
    /// Whoever lets time pass calls [`World::read_export`] at every [`Export::due`]; nobody may
    /// replace the server's data meanwhile, as a real server refuses a second task.
    pub fn begin_export(&mut self, server: ServerIndex, duration: Span) -> Option<Export> {
        let replicas = self.server(server).replicas.clone();
        let is_loading = replicas.iter().any(|index| self.replica(*index).is_loading);
        if !self.server(server).is_running || is_loading {
            return None;
        }
        let parts = replicas.into_iter().map(|index| {
            self.write_load(index);
            self.trim(index);
            (index, self.replica(index).database.as_ref().map(Part::new))
        });
        let parts = parts.collect();
        let starts = self.server(server).starts;
        let begun = self.now();
        Some(Export { server, starts, begun, duration, read: 1, parts })
    }

    /// Reads the slices that are due, as the data is now: who comes late reads what is later. False
    /// if the export has died with its server.
    ///
    /// Who knows that nothing is done to the world until a time, except that it goes on, says so:
    /// later slices that must be the same as now are read at once. Otherwise it is the present.
    pub fn read_export(&mut self, export: &mut Export, until: Time) -> bool {
        let server = self.server(export.server);
        if !server.is_running || server.starts != export.starts {
            return false;
        }
        let from = export.read;
        let quiet = if until > self.now() { self.quiet_until().min(until) } else { until };
        while export.due().is_some_and(|due| due <= self.now() || due < quiet) {
            export.read += 1;
        }
        if from == export.read || self.planted.has(Mutation::ExportIsAPoint) {
            return true;
        }
        for (index, part) in &mut export.parts {
            self.write_load(*index);
            match (part, &self.replica(*index).database) {
                (Some(part), Some(data)) if part.written.generation == data.generation => {
                    part.look(from, data, |origin| self.load_of(*index, origin).cloned());
                }
                (None, None) => {}
                _ => return false,
            }
        }
        true
    }

    /// Until when no server's entries or load writes can change by themselves; the present, if they
    /// may at any time. Keep-alive writes are neither.
    fn quiet_until(&self) -> Time {
        let now = self.now();
        if !self.is_steady() {
            return now;
        }
        let way = self.longest_way().millis();
        let writing = self.replicas.iter().filter(|replica| replica.writes_load);
        writing.filter_map(|replica| replica.load.as_ref()).fold(Time::MAX, |until, load| {
            let before = Time::from_millis(now.millis().saturating_sub(way));
            let is_on_its_way = load.count_until(now) > load.count_until(before);
            until.min(if is_on_its_way { now } else { load.next(now) })
        })
    }
}
