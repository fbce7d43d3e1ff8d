//! Total updates (re-initialization): all data of one server becomes another's.
//!
//! The target loses what it had, its own changes included. It gets the source's entries, vector
//! and generation as they were at the start, and a changelog with markers only: what it received
//! this way it can never send on (`fidelity.md` R5).
//!
//! # Source
//!
//! 389-ds `repl5_tot_protocol.c`, `repl_extop.c`; R8 for what an interruption leaves.

use super::agreement::{AgreementIndex, Phase, ReplicaIndex, Status};
use super::changelog::Changelog;
use super::database::Database;
use super::planted::Mutation;
use super::{Event, World};
use crate::kernel::time::Span;

/// How far a total update is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TotalState {
    /// It was ordered and has not ended; perhaps it waits for its source or for the receiver.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed and is not tried again.
    Failed,
    /// None was ordered.
    None,
}

impl World {
    /// Orders a total update through an agreement; enables the agreement. False if there is no
    /// such agreement, or its server does not run or has no data.
    pub fn reinitialize(&mut self, index: AgreementIndex) -> bool {
        let supplier = self.agreement(index).supplier;
        let can = self.agreement(index).exists
            && self.is_running(supplier)
            && self.replica(supplier).database.is_some();
        if !can {
            return false;
        }
        self.stop_agreement(index);
        let agreement = self.agreement_mut(index);
        agreement.is_enabled = true;
        agreement.total_is_due = true;
        agreement.total_succeeded = None;
        let latency = self.attempt_latency();
        self.schedule_attempt(index, latency, Phase::Starting);
        true
    }

    /// How far the total update of an agreement is.
    pub fn total_state(&self, index: AgreementIndex) -> TotalState {
        let agreement = self.agreement(index);
        match agreement.total_succeeded {
            _ if agreement.total_is_due => TotalState::Running,
            Some(true) => TotalState::Succeeded,
            Some(false) => TotalState::Failed,
            None => TotalState::None,
        }
    }

    /// The supplier tries to begin.
    pub(super) fn total_begins(&mut self, index: AgreementIndex) {
        let (supplier, consumer) = {
            let agreement = self.agreement(index);
            (agreement.supplier, agreement.consumer)
        };
        if !self.reach(supplier, consumer) {
            let goes_on = self.planted.has(Mutation::TargetResumes);
            let agreement = self.agreement_mut(index);
            agreement.total_is_due = goes_on;
            agreement.total_succeeded = Some(false);
            return self.back_off(index, Status::Unreachable);
        }
        if self.replica(consumer).holder.is_some() || self.replica(consumer).is_loading {
            self.agreement_mut(index).busy += 1;
            return self.back_off(index, Status::Busy);
        }
        self.write_load(supplier);
        let Some(image) = self.replica(supplier).database.clone() else {
            self.agreement_mut(index).phase = Phase::Stopped;
            return;
        };
        self.take_offline(consumer);
        let entries = image.tree.len() as u64;
        let micros = self.timing.total_update_micros.saturating_mul(entries);
        let span = self.timing.total_update + Span::from_millis(micros.div_ceil(1000));
        self.replica_mut(consumer).holder = Some(index);
        if !self.planted.has(Mutation::TotalKeepsOwnWrites) {
            self.replica_mut(consumer).database = None;
        }
        let agreement = self.agreement_mut(index);
        agreement.status = Status::Ok;
        agreement.phase = Phase::Total(Box::new(image));
        let key = self.queue.schedule_after(span, Event::TotalDone(index));
        self.agreement_mut(index).timer = Some(key);
    }

    /// A replica leaves service while its data is replaced: no agreement of its own runs, no
    /// session goes on.
    pub(super) fn take_offline(&mut self, replica: ReplicaIndex) {
        self.end_load(replica);
        self.stop_agreements(replica);
        for index in self.replica(replica).incoming.clone() {
            if matches!(self.agreement(index).phase, Phase::Session(_)) {
                self.abort_session(index);
                self.back_off(index, Status::Busy);
            }
        }
    }

    /// All data has arrived.
    pub(super) fn total_done(&mut self, index: AgreementIndex) {
        let (supplier, consumer) = {
            let agreement = self.agreement(index);
            (agreement.supplier, agreement.consumer)
        };
        self.agreement_mut(index).timer = None;
        let phase = std::mem::replace(&mut self.agreement_mut(index).phase, Phase::Stopped);
        let Phase::Total(image) = phase else { return };
        let mut database = if self.planted.has(Mutation::TotalCopiesChangelog) {
            *image
        } else {
            image.without_changelog()
        };
        if self.planted.has(Mutation::TotalKeepsOwnWrites) {
            self.keep_own_writes(consumer, &mut database);
        }
        self.replica_mut(consumer).holder = None;
        self.install(consumer, Some(database));
        self.bring_online(consumer);
        let seen = self.replica(consumer).database.as_ref().map(|data| data.ruv.clone());
        let agreement = self.agreement_mut(index);
        agreement.total_is_due = false;
        agreement.total_succeeded = Some(true);
        agreement.consumer_ruv = seen;
        agreement.needs_total = false;
        agreement.status = Status::Ok;
        if self.is_running(supplier) {
            self.start_agreement(index);
        }
    }

    /// Planted mistake: entries that the target had added itself survive.
    fn keep_own_writes(&self, consumer: ReplicaIndex, database: &mut Database) {
        let replica = self.replica(consumer);
        let Some(old) = &replica.database else { return };
        let Some(max) = old.ruv.max(replica.id) else { return };
        for (csn, record) in old.changelog.records(replica.id, database.ruv.max(replica.id), max) {
            if let super::changelog::Record::Change(operation) = record {
                database.tree.apply(csn, operation, self.rules());
                database.ruv.raise(csn);
            }
        }
        database.changelog = Changelog::starting_at(&database.ruv);
    }

    /// Gives a replica data, and tells its clock and its vector.
    pub(super) fn install(&mut self, index: ReplicaIndex, database: Option<Database>) {
        let replica = self.replica_mut(index);
        replica.database = database;
        if let Some(database) = &mut replica.database {
            database.ruv.list(replica.id);
            for (_, known) in database.ruv.iter() {
                replica.generator.see(known.max);
            }
        }
    }

    /// A replica comes back after its data was replaced while its server ran.
    pub(super) fn bring_online(&mut self, index: ReplicaIndex) {
        self.replica_mut(index).is_loading = false;
        self.begin_load(index);
        if !self.planted.has(Mutation::NoKeepAliveAfterLoad) {
            let due = self.now() + self.timing.keep_alive_after_load;
            self.schedule_keep_alive(index, due, true);
        }
        self.start_agreements(index);
    }

    /// A total update whose target or source is gone. The target's suffix stays empty. If the
    /// source went, it begins again when the source is back; if the target went, it does not.
    pub(super) fn abort_total(&mut self, index: AgreementIndex, planted: Mutation, resumes: bool) {
        if let Some(key) = self.agreement_mut(index).timer.take() {
            self.queue.cancel(key);
        }
        let consumer = self.agreement(index).consumer;
        if self.replica(consumer).holder == Some(index) {
            self.replica_mut(consumer).holder = None;
        }
        let resumes = resumes != self.planted.has(planted);
        let agreement = self.agreement_mut(index);
        agreement.phase = Phase::Stopped;
        agreement.total_is_due = resumes;
        if !resumes {
            agreement.total_succeeded = Some(false);
        }
    }
}
