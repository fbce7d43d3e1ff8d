//! Incremental sessions: who may send, what, from where.
//!
//! A supplier that has a change takes the receiver for itself, reads the receiver's vector, finds
//! its place in the changelog, sends, and lets go. The send rule, per origin: everything above the
//! receiver's maximum and up to the supplier's own at the session's start: what is written
//! meanwhile is for the next session. The place to start from (the *anchor*) is the
//! smallest maximum of the receiver among the origins of which the supplier has more. An anchor
//! that is not in the changelog stops the whole agreement, also for the other origins.
//!
//! # Source
//!
//! 389-ds `repl5_inc_protocol.c` and `cl5_clcache.c`; `fidelity.md` laws 1 and 3, R2, R3.

use std::sync::Arc;

use crate::kernel::time::{Span, Time};

use super::agreement::{AgreementIndex, Phase, ReplicaIndex, Status};
use super::changelog::Record;
use super::chunk::Chunk;
use super::csn::Csn;
use super::load::Range;
use super::planted::Mutation;
use super::ruv::Ruv;
use super::view::Delivery;
use super::{Event, World};

/// A session that holds the receiver.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The supplier's vector at the start: what comes later is for the next session.
    pub(super) upto: Ruv,
    /// The receiver's vector, raised by what was sent.
    pub(super) sent: Ruv,
    chunk: Chunk,
    since: Time,
    began: Time,
    /// Another supplier has asked for the receiver.
    is_wanted: bool,
}

impl Session {
    fn new(upto: Ruv, sent: Ruv, now: Time) -> Self {
        let chunk = Chunk::default();
        Self { upto, sent, chunk, since: now, began: now, is_wanted: false }
    }
}

/// Where a session begins.
pub(super) enum Start {
    Nothing,
    Missing(Csn),
    Found,
}

impl World {
    /// Something changed on a server: its agreements look, unless they wait after a failure.
    pub(super) fn trigger(&mut self, replica: ReplicaIndex) {
        for index in 0..self.replica(replica).outgoing.len() {
            let agreement = self.replica(replica).outgoing[index];
            if matches!(self.agreement(agreement).phase, Phase::Idle) {
                let latency = self.attempt_latency();
                self.schedule_attempt(agreement, latency, Phase::Starting);
            }
        }
    }

    /// Schedules the next attempt in place of what was scheduled.
    pub(super) fn schedule_attempt(&mut self, index: AgreementIndex, span: Span, phase: Phase) {
        if let Some(key) = self.agreement_mut(index).timer.take() {
            self.queue.cancel(key);
        }
        let key = self.queue.schedule_after(span, Event::Attempt(index));
        let agreement = self.agreement_mut(index);
        agreement.timer = Some(key);
        agreement.phase = phase;
    }

    /// Ends an attempt with a failure: waits, then tries again.
    pub(super) fn back_off(&mut self, index: AgreementIndex, status: Status) {
        let timing = self.timing;
        // Measured: 3.00 s in the median, 3.04 at most.
        let jitter = Span::from_millis(self.latency.next_u64() % 10);
        let doubles = self.planted.has(Mutation::BusyRetryDoubles);
        let impatient = self.planted.has(Mutation::NoBackoff);
        let agreement = self.agreement_mut(index);
        agreement.status = status;
        let mut span = match status {
            Status::Busy => timing.busy_retry + jitter,
            // Found inside a session: every one of them begins a new row of waits.
            Status::Stuck | Status::Generation | Status::Ok => timing.backoff_min,
            Status::Unreachable => agreement.backoff,
        };
        if status == Status::Busy && doubles {
            span = agreement.backoff;
        }
        if status == Status::Unreachable && impatient {
            span = Span::from_millis(50);
        }
        agreement.backoff = if status == Status::Unreachable || (doubles && status == Status::Busy)
        {
            agreement.backoff.times(2).min(timing.backoff_max)
        } else {
            timing.backoff_min
        };
        self.schedule_attempt(index, span, Phase::BackingOff);
    }

    /// Becomes idle: waits for a change. Wakes for background load; never for nothing.
    pub(super) fn idle(&mut self, index: AgreementIndex) {
        let now = self.now();
        let backoff_min = self.timing.backoff_min;
        let agreement = self.agreement_mut(index);
        agreement.phase = Phase::Idle;
        agreement.idle_since = now;
        agreement.backoff = backoff_min;
        let supplier = self.agreement(index).supplier;
        let replica = self.replica(supplier);
        if let Some(load) = replica.load.as_ref().filter(|_| replica.writes_load) {
            let wait = load.next(now).since(now) + self.timing.poll;
            self.schedule_attempt(index, wait, Phase::Idle);
        }
    }

    /// Tries to begin a session.
    pub(super) fn attempt(&mut self, index: AgreementIndex) {
        let agreement = self.agreement_mut(index);
        agreement.timer = None;
        let (supplier, consumer) = (agreement.supplier, agreement.consumer);
        let is_on = agreement.exists && agreement.is_enabled && self.is_running(supplier);
        if !is_on || self.replica(supplier).database.is_none() {
            self.agreement_mut(index).phase = Phase::Stopped;
            return;
        }
        if self.agreement(index).total_is_due {
            return self.total_begins(index);
        }
        if !self.has_changes(supplier) {
            return self.idle(index);
        }
        if !self.reach(supplier, consumer) {
            return self.back_off(index, Status::Unreachable);
        }
        let is_held = self.replica(consumer).holder.is_some() || self.replica(consumer).is_loading;
        if is_held && !self.planted.has(Mutation::ReceiverShared) {
            return self.meet_busy(index, consumer);
        }
        if !self.same_generation(index) {
            return self.back_off(index, Status::Generation);
        }
        self.write_load(supplier);
        self.write_load(consumer);
        self.trim(supplier);
        self.introduce(index);
        match self.start_of_session(index) {
            Start::Nothing => self.look_in_vain(index),
            Start::Missing(anchor) => {
                self.agreement_mut(index).missing = Some(anchor);
                self.back_off(index, Status::Stuck);
            }
            Start::Found => self.begin_session(index),
        }
    }

    /// Whether a supplier's vector names any change. One that does not, as behind an import without
    /// the vector, has nothing to offer and asks nobody, so it learns of no refusal either.
    ///
    /// Source: 389-ds `repl5_protocol_util.c`, `acquire_replica` with `ruv_is_newer`.
    fn has_changes(&self, supplier: ReplicaIndex) -> bool {
        let database = self.replica(supplier).database.as_ref();
        database.is_some_and(|database| database.ruv.iter().next().is_some())
    }

    /// Whether both ends have data of one generation.
    pub(super) fn same_generation(&self, index: AgreementIndex) -> bool {
        let agreement = self.agreement(index);
        if agreement.needs_total {
            return false;
        }
        let [supplier, consumer] = [agreement.supplier, agreement.consumer].map(|replica| {
            self.replica(replica).database.as_ref().map(|database| database.generation)
        });
        consumer.is_some()
            && (supplier == consumer || self.planted.has(Mutation::GenerationIgnored))
    }

    /// The receiver lists the supplier's replica id, the supplier remembers the receiver's vector.
    fn introduce(&mut self, index: AgreementIndex) {
        let (supplier, consumer) = {
            let agreement = self.agreement(index);
            (agreement.supplier, agreement.consumer)
        };
        let id = self.replica(supplier).id;
        let Some(database) = &mut self.replica_mut(consumer).database else { return };
        database.ruv.list(id);
        let seen = database.ruv.clone();
        self.agreement_mut(index).consumer_ruv = Some(seen);
    }

    pub(super) fn start_of_session(&self, index: AgreementIndex) -> Start {
        let agreement = self.agreement(index);
        let (Some(own), Some(theirs)) = (
            &self.replica(agreement.supplier).database,
            &self.replica(agreement.consumer).database,
        ) else {
            return Start::Nothing;
        };
        if self.planted.has(Mutation::SetDifference) {
            return Start::Found;
        }
        let above = own.ruv.above(&theirs.ruv);
        let anchors = above.map(|(_, known, theirs)| theirs.unwrap_or(known.min));
        let anchor = if self.planted.has(Mutation::AnchorIsGreatest) {
            anchors.max()
        } else {
            anchors.min()
        };
        match anchor {
            None => Start::Nothing,
            Some(anchor)
                if own.changelog.contains(anchor) || self.planted.has(Mutation::AnchorIgnored) =>
            {
                Start::Found
            }
            Some(anchor) => Start::Missing(anchor),
        }
    }

    /// Another supplier holds the receiver, and learns that it is not the only one.
    fn meet_busy(&mut self, index: AgreementIndex, consumer: ReplicaIndex) {
        let holder = self.replica(consumer).holder;
        if let Some(Phase::Session(session)) =
            holder.map(|holder| &mut self.agreement_mut(holder).phase)
        {
            session.is_wanted = true;
        }
        self.agreement_mut(index).busy += 1;
        self.back_off(index, Status::Busy);
    }

    /// A session that finds nothing to send. It is over within the millisecond, unless it waits for
    /// a processor: then it holds the receiver meanwhile as any other, so that who has just
    /// received something keeps others away from the server it came from.
    fn look_in_vain(&mut self, index: AgreementIndex) {
        let turn = self.turn();
        let agreement = self.agreement_mut(index);
        agreement.status = Status::Ok;
        agreement.missing = None;
        if turn == Span::ZERO {
            return self.idle(index);
        }
        let (_, consumer) = self.ends(index);
        let Some(theirs) = &self.replica(consumer).database else { return };
        let session = Session::new(theirs.ruv.clone(), theirs.ruv.clone(), self.now());
        self.replica_mut(consumer).holder = Some(index);
        let key = self.queue.schedule_after(turn, Event::Release(index));
        let agreement = self.agreement_mut(index);
        agreement.phase = Phase::Session(Box::new(session));
        agreement.timer = Some(key);
    }

    fn begin_session(&mut self, index: AgreementIndex) {
        let now = self.now();
        let (supplier, consumer) = self.ends(index);
        let (Some(own), Some(theirs)) =
            (&self.replica(supplier).database, &self.replica(consumer).database)
        else {
            return;
        };
        let session = Session::new(own.ruv.clone(), theirs.ruv.clone(), now);
        let agreement = self.agreement_mut(index);
        agreement.status = Status::Ok;
        agreement.missing = None;
        agreement.phase = Phase::Session(Box::new(session));
        self.replica_mut(consumer).holder = Some(index);
        if self.send_more(index) {
            self.agreement_mut(index).sessions += 1;
        } else {
            // Only markers lay above: nothing to send, and nothing was told.
            self.replica_mut(consumer).holder = None;
            self.idle(index);
        }
    }

    /// Puts the next changes under way; false if there are none.
    fn send_more(&mut self, index: AgreementIndex) -> bool {
        let now = self.now();
        let supplier = self.agreement(index).supplier;
        let chunk = self.next_chunk(index);
        if chunk.is_empty() {
            return false;
        }
        let mut changes = chunk.changes.len() as u64;
        for (origin, range) in &chunk.load {
            changes += self.load_of(supplier, *origin).map_or(0, |load| load.count(*range));
        }
        let span = self.service(changes);
        if let Phase::Session(session) = &mut self.agreement_mut(index).phase {
            session.chunk = chunk;
            session.since = now;
        }
        let key = self.queue.schedule_after(span, Event::Chunk(index));
        self.agreement_mut(index).timer = Some(key);
        true
    }

    /// The changes under way have arrived.
    pub(super) fn chunk_arrived(&mut self, index: AgreementIndex) {
        self.agreement_mut(index).timer = None;
        let consumer = self.agreement(index).consumer;
        let Phase::Session(session) = &mut self.agreement_mut(index).phase else { return };
        let chunk = std::mem::take(&mut session.chunk);
        let since = session.since;
        for (csn, _) in &chunk.changes {
            session.sent.raise(*csn);
        }
        for (origin, range) in &chunk.load {
            session.sent.raise(Csn::of_load(range.upto, *origin));
        }
        let since = since.max(self.start_of_service(chunk.changes.len() as u64));
        self.receive(consumer, &chunk, since);
        if self.is_to_yield(index) {
            self.let_go(index);
            return self.back_off(index, Status::Ok);
        }
        if !self.send_more(index) {
            let overhead = self.overhead();
            let key = self.queue.schedule_after(overhead, Event::Release(index));
            self.agreement_mut(index).timer = Some(key);
        }
    }

    /// Whether a session has held its receiver for longer than the release timeout while another
    /// supplier asks for it. It then waits like one that failed, which is when the other comes in.
    ///
    /// Source: 389-ds `repl5_inc_protocol.c`, `UPDATE_YIELD`; `quantities.md` C.1.
    fn is_to_yield(&self, index: AgreementIndex) -> bool {
        let timeout = self.timing.release_timeout;
        let Phase::Session(session) = &self.agreement(index).phase else { return false };
        session.is_wanted
            && timeout > Span::ZERO
            && self.now().since(session.began) >= timeout
            && !self.planted.has(Mutation::NeverYields)
    }

    /// When the changes that arrived now began to be taken in.
    fn start_of_service(&self, changes: u64) -> Time {
        let span = self.timing.service(changes);
        Time::from_millis(self.now().millis().saturating_sub(span.millis()))
    }

    /// Takes changes into a server's data, unless its vector covers them already.
    fn receive(&mut self, index: ReplicaIndex, chunk: &Chunk, since: Time) {
        self.write_load(index);
        let mut rules = self.rules();
        let everything = self.planted.has(Mutation::SetDifference);
        let loads: Vec<_> =
            chunk.load.iter().map(|(origin, _)| self.load_of(index, *origin).cloned()).collect();
        let replica = &mut self.replicas[index.0];
        let Some(database) = &mut replica.database else { return };
        let known = database.ruv.clone();
        // As 389-ds has it: the purge delay before the newest change that the server knows of.
        let kept = self.timing.purge_delay.millis();
        rules.known_from = Time::from_millis(database.newest().millis().saturating_sub(kept));
        for ((origin, range), load) in chunk.load.iter().zip(loads) {
            let Some(load) = load else { continue };
            if replica.cleaned.contains(origin) {
                continue;
            }
            let from =
                known.max(*origin).map_or(range.from, |max| range.from.max(load.next(max.time)));
            if from <= range.upto {
                database.take_load(*origin, Range { from, upto: range.upto }, &load);
                replica.generator.see(Csn::of_load(range.upto, *origin));
            }
        }
        let mut at = since;
        for (csn, operation) in &chunk.changes {
            at += self.timing.service(1);
            if (known.covers(*csn) && !everything) || replica.cleaned.contains(&csn.replica) {
                continue;
            }
            database.log(*csn, Record::Change(Arc::clone(operation)));
            database.tree.apply(*csn, operation, rules);
            replica.generator.see(*csn);
            if let Some(deliveries) = &mut self.deliveries {
                deliveries.push(Delivery { time: at, replica: index, csn: *csn });
            }
        }
        self.trigger(index);
    }

    /// The session lets the receiver go.
    pub(super) fn release(&mut self, index: AgreementIndex) {
        self.agreement_mut(index).timer = None;
        self.let_go(index);
        self.agreement_mut(index).status = Status::Ok;
        self.idle(index);
        // A change that came meanwhile is looked at now.
        if !matches!(self.start_of_session(index), Start::Nothing) {
            let latency = self.attempt_latency();
            self.schedule_attempt(index, latency, Phase::Starting);
        }
    }

    /// The receiver is free.
    fn let_go(&mut self, index: AgreementIndex) {
        let (_, consumer) = self.ends(index);
        if self.replica(consumer).holder == Some(index) {
            self.replica_mut(consumer).holder = None;
        }
    }

    /// Ends a session from outside. What has arrived stays, in order; the rest never left.
    pub(super) fn abort_session(&mut self, index: AgreementIndex) {
        if let Some(key) = self.agreement_mut(index).timer.take() {
            self.queue.cancel(key);
        }
        let now = self.now();
        let consumer = self.agreement(index).consumer;
        let phase = std::mem::replace(&mut self.agreement_mut(index).phase, Phase::Stopped);
        if self.replica(consumer).holder == Some(index) {
            self.replica_mut(consumer).holder = None;
        }
        if let Phase::Session(session) = phase {
            let micros = now.since(session.since).millis().saturating_mul(1000);
            let done = micros / self.timing.service_micros.max(1);
            let mut chunk = session.chunk;
            chunk.changes.truncate(usize::try_from(done).unwrap_or(usize::MAX));
            chunk.load.clear();
            self.receive(consumer, &chunk, session.since);
        }
    }
}
