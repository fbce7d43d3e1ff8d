//! Writes of clients, of the server itself, and of the background load.

use std::fmt;
use std::sync::Arc;

use crate::kernel::time::Span;

use super::World;
use super::agreement::ReplicaIndex;
use super::changelog::Record;
use super::csn::{Csn, ReplicaId};
use super::load::{Load, Range};
use super::tree::{EntryId, Modification, NewEntry, Operation, ROOT};

/// Why a server did not take a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The server does not run, or its suffix is being restored.
    NotInService,
    /// The suffix is empty: `NO_SUCH_OBJECT`.
    NoSuchObject,
}

impl Refused {
    /// The name of the error as a client sees it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotInService => "SERVER_DOWN",
            Self::NoSuchObject => "NO_SUCH_OBJECT",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for Refused {}

impl World {
    /// A client writes on a server. Acknowledged with the change's number.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the server is not in service or its suffix is empty.
    pub fn write(&mut self, replica: ReplicaIndex, operation: Operation) -> Result<Csn, Refused> {
        if !self.is_running(replica) || self.replica(replica).is_loading {
            return Err(Refused::NotInService);
        }
        self.write_load(replica);
        self.write_own(replica, operation).ok_or(Refused::NoSuchObject)
    }

    /// Adds an entry to a group, directly below the suffix.
    ///
    /// # Errors
    ///
    /// As [`World::write`].
    pub fn write_entry(&mut self, replica: ReplicaIndex, group: &str) -> Result<Csn, Refused> {
        let serial = self.events + self.replica(replica).outgoing.len() as u64;
        let entry = NewEntry {
            parent: ROOT,
            name: format!("uid={group}-{}-{serial}-{}", self.now().millis(), replica.0),
            group: Some(Arc::from(group)),
            attributes: Vec::new(),
        };
        self.write(replica, Operation::Add(entry))
    }

    /// Deletes the oldest entry of a group that the server has; false if it has none.
    ///
    /// # Errors
    ///
    /// As [`World::write`].
    pub fn delete_entry(&mut self, replica: ReplicaIndex, group: &str) -> Result<bool, Refused> {
        let first = self.entry_ids(replica, group).first().copied();
        let Some(entry) = first else { return Ok(false) };
        self.write(replica, Operation::Delete(entry)).map(|_| true)
    }

    /// Replaces the values of one attribute of an entry by one value.
    ///
    /// # Errors
    ///
    /// As [`World::write`].
    pub fn replace(
        &mut self,
        replica: ReplicaIndex,
        entry: EntryId,
        attribute: &str,
        value: &str,
    ) -> Result<Csn, Refused> {
        let modification = Modification::Replace(value.to_owned());
        let attribute = attribute.to_owned();
        self.write(replica, Operation::Modify { entry, attribute, modification })
    }

    /// Makes a change of the server's own; `None` without data.
    pub(super) fn write_own(&mut self, index: ReplicaIndex, operation: Operation) -> Option<Csn> {
        self.replica(index).database.as_ref()?;
        let csn = self.next_csn(index);
        let rules = self.rules();
        let operation = Arc::new(operation);
        let database = self.replica_mut(index).database.as_mut()?;
        database.tree.apply(csn, &operation, rules);
        database.log(csn, Record::Change(operation));
        self.trigger(index);
        Some(csn)
    }

    /// Gives a server a background load from now on: one write every `period`. What it has written
    /// before, in whatever rhythm, stays.
    pub fn set_load(&mut self, replica: ReplicaIndex, period: Span) {
        let now = self.now();
        self.write_load(replica);
        let period = period.max(Span::from_millis(1));
        // Servers write one after the other, not all in one moment.
        let phase = Span::from_millis(self.latency.next_u64() % period.millis());
        let before = self.replica(replica).load.clone();
        let load = match before {
            None => Load::new(now + phase, period),
            Some(load) if load.period() == period => load,
            Some(load) => load.changed(now, phase, period),
        };
        self.replica_mut(replica).load = Some(load);
        self.replica_mut(replica).writes_load = true;
        if self.is_running(replica) {
            self.begin_load(replica);
        }
        for index in self.replica(replica).outgoing.clone() {
            if matches!(self.agreement(index).phase, super::agreement::Phase::Idle) {
                self.idle(index);
            }
        }
    }

    /// Ends a server's background load.
    pub fn stop_load(&mut self, replica: ReplicaIndex) {
        self.end_load(replica);
        self.replica_mut(replica).writes_load = false;
        // Its last writes are on their way like those of any client.
        self.trigger(replica);
    }

    /// The server takes load writes from now on.
    pub(super) fn begin_load(&mut self, index: ReplicaIndex) {
        let now = self.now();
        let replica = self.replica_mut(index);
        replica.load_until = replica.load_until.or(replica.writes_load.then_some(now));
    }

    /// The server takes no more load writes.
    pub(super) fn end_load(&mut self, index: ReplicaIndex) {
        self.write_load(index);
        self.replica_mut(index).load_until = None;
    }

    /// Brings the load writes that happened since the last look into the server's own data.
    pub(super) fn write_load(&mut self, index: ReplicaIndex) {
        let now = self.now();
        let replica = self.replica_mut(index);
        let (Some(load), Some(until)) = (replica.load.as_ref(), replica.load_until) else { return };
        replica.load_until = Some(now);
        let from = load.next(until);
        let (Some(newest), Some(database)) = (load.newest(now, replica.id), &mut replica.database)
        else {
            return;
        };
        if from <= newest.time {
            let range = Range { from, upto: newest.time };
            database.take_load(replica.id, range, load);
            replica.acknowledged.insert(range, load);
            replica.generator.see(newest);
        }
    }

    /// The load whose writes an origin's numbers belong to.
    pub(super) fn load_of(&self, any: ReplicaIndex, origin: ReplicaId) -> Option<&Load> {
        let suffix = self.replica(any).suffix;
        self.replicas
            .iter()
            .find(|replica| replica.suffix == suffix && replica.id == origin)
            .and_then(|replica| replica.load.as_ref())
    }
}
