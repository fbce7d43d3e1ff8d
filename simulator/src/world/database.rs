//! The data of one suffix on one server.

use std::collections::BTreeMap;

use crate::kernel::time::Time;

use super::changelog::{Changelog, Record};
use super::csn::{Csn, ReplicaId};
use super::load::{Load, Range, Ranges};
use super::ruv::Ruv;
use super::tree::Tree;

/// Identity of the data (`replicageneration`). Servers replicate only with servers of the same
/// generation. A restore that removes the vector, as `ipa-restore` does, begins a new one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Generation(pub u32);

/// The data of one suffix on one server.
#[derive(Clone, Debug)]
pub struct Database {
    /// Identity of the data.
    pub generation: Generation,
    /// What the server says it knows.
    pub ruv: Ruv,
    /// What it can still send.
    pub changelog: Changelog,
    /// Tracked entries.
    pub tree: Tree,
    /// Which load writes of each origin it holds.
    pub held: BTreeMap<ReplicaId, Ranges>,
}

impl Database {
    /// Empty data of a generation, with a changelog.
    pub fn new(generation: Generation) -> Self {
        Self {
            generation,
            ruv: Ruv::default(),
            changelog: Changelog::default(),
            tree: Tree::default(),
            held: BTreeMap::new(),
        }
    }

    /// What another server makes of this data in a total update, or in an import with the vector:
    /// the changelog holds only markers.
    #[must_use]
    pub fn without_changelog(&self) -> Self {
        Self { changelog: Changelog::starting_at(&self.ruv), ..self.clone() }
    }

    /// What an import makes of this data when the vector is missing: a new generation, and nothing
    /// known of any origin.
    #[must_use]
    pub fn with_generation(&self, generation: Generation) -> Self {
        Self {
            generation,
            ruv: Ruv::default(),
            changelog: Changelog::default(),
            tree: self.tree.clone(),
            held: self.held.clone(),
        }
    }

    /// Takes a change into vector and changelog.
    pub(super) fn log(&mut self, csn: Csn, record: Record) {
        self.ruv.raise(csn);
        self.changelog.insert(csn, record);
    }

    /// Takes load writes into data, vector and changelog.
    pub(super) fn take_load(&mut self, origin: ReplicaId, range: Range, load: &Load) {
        self.held.entry(origin).or_default().insert(range, load);
        self.changelog.insert_load(origin, range, load);
        self.ruv.raise(Csn::of_load(range.from, origin));
        self.ruv.raise(Csn::of_load(range.upto, origin));
    }

    /// Time of the newest change it knows.
    pub(super) fn newest(&self) -> Time {
        self.ruv.iter().map(|(_, known)| known.max.time).max().unwrap_or(Time::ZERO)
    }
}
