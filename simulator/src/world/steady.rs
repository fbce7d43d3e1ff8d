//! The closed form of a healthy deployment under background load.
//!
//! Between disasters every server holds, of every origin, what is older than the way from there
//! takes. That needs no events: [`World::skip_to`] writes it down, as ranges. Shortly before the
//! first fault, and until things have settled behind the last, events are run one by one. A law of
//! the suite holds the two together.

use std::collections::VecDeque;

use crate::kernel::time::{Span, Time};

use super::World;
use super::agreement::{AgreementIndex, Phase, ReplicaIndex, Status};
use super::csn::ReplicaId;
use super::load::Range;

impl World {
    /// Lets time pass at once, if all that happens until then is background load.
    ///
    /// True if so. False, and nothing is changed, while there is anything else: an entry under way,
    /// a keep-alive write or a total update to come, a stuck agreement, two generations. Servers
    /// that are down, and agreements to them, are no obstacle: their part stands still.
    pub fn skip_to(&mut self, time: Time) -> bool {
        if time <= self.now() || !self.is_steady() {
            return false;
        }
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            self.write_load(index);
        }
        for index in (0..self.agreements.len()).map(AgreementIndex) {
            self.rest(index);
        }
        self.queue.advance_to(time);
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            self.write_load(index);
        }
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            if self.is_running(index) {
                self.spread_load(index);
            }
        }
        for index in (0..self.agreements.len()).map(AgreementIndex) {
            self.wake(index);
        }
        true
    }

    /// Whether nothing but background load is under way, see [`World::skip_to`].
    pub fn is_steady(&self) -> bool {
        let quiet = |index: AgreementIndex| {
            let agreement = self.agreement(index);
            let is_on = agreement.exists
                && agreement.is_enabled
                && self.reach(agreement.supplier, agreement.consumer);
            let healthy = matches!(agreement.status, Status::Ok | Status::Busy)
                && !matches!(agreement.phase, Phase::Total(_) | Phase::Stopped)
                && !agreement.total_is_due
                && self.carries_load_only(index);
            !is_on || healthy
        };
        self.replicas.iter().all(|replica| replica.keep_alive.is_none() && !replica.is_loading)
            && (0..self.agreements.len()).map(AgreementIndex).all(quiet)
    }

    /// Whether all that the supplier would send is load.
    fn carries_load_only(&self, index: AgreementIndex) -> bool {
        let agreement = self.agreement(index);
        let data = [agreement.supplier, agreement.consumer]
            .map(|replica| self.replica(replica).database.as_ref());
        let [Some(own), Some(theirs)] = data else { return false };
        own.generation == theirs.generation
            && own.ruv.iter().all(|(origin, known)| {
                let max = theirs.ruv.max(origin);
                own.changelog.records(origin, max, known.max).next().is_none()
                    && (max.is_none_or(|max| max >= known.max) || known.max.is_load())
            })
    }

    /// Ends what an agreement is doing.
    fn rest(&mut self, index: AgreementIndex) {
        if let Some(key) = self.agreement_mut(index).timer.take() {
            self.queue.cancel(key);
        }
        let consumer = self.agreement(index).consumer;
        if self.replica(consumer).holder == Some(index) {
            self.replica_mut(consumer).holder = None;
        }
    }

    /// A server's load writes, wherever they have come by now: one hop after the other.
    fn spread_load(&mut self, origin: ReplicaIndex) {
        let Some(load) = self.replica(origin).load.filter(|_| self.replica(origin).writes_load)
        else {
            return;
        };
        let id = self.replica(origin).id;
        let mut lag = vec![None; self.replicas.len()];
        lag[origin.0] = Some(Span::ZERO);
        let mut reached = VecDeque::from([origin]);
        while let Some(supplier) = reached.pop_front() {
            let behind = lag[supplier.0].unwrap_or_default() + self.hop();
            for index in self.replica(supplier).outgoing.clone() {
                let agreement = self.agreement(index);
                let consumer = agreement.consumer;
                let leads = agreement.exists && agreement.is_enabled;
                if leads && lag[consumer.0].is_none() && self.reach(supplier, consumer) {
                    lag[consumer.0] = Some(behind);
                    self.hold(consumer, id, load, behind);
                    reached.push_back(consumer);
                }
            }
        }
    }

    /// A server holds an origin's load up to this long ago.
    fn hold(&mut self, index: ReplicaIndex, id: ReplicaId, load: super::load::Load, lag: Span) {
        let until = Time::from_millis(self.now().millis().saturating_sub(lag.millis()));
        let replica = self.replica_mut(index);
        let (Some(newest), Some(database)) = (load.newest(until, id), &mut replica.database) else {
            return;
        };
        let from = database.ruv.max(id).map_or(Time::ZERO, |max| max.time + Span::from_millis(1));
        let from = match from.millis().checked_sub(1) {
            Some(millis) => load.next(Time::from_millis(millis)),
            None => load.next_from_start(),
        };
        if from <= newest.time {
            database.take_load(id, Range { from, upto: newest.time }, load);
            replica.generator.see(newest);
        }
    }

    /// One hop of one change, while nobody waits.
    fn hop(&self) -> Span {
        self.timing.service(1) + self.timing.poll + Span::from_millis(1)
    }

    /// An agreement goes on behind a skip.
    fn wake(&mut self, index: AgreementIndex) {
        let agreement = self.agreement(index);
        let (supplier, consumer) = (agreement.supplier, agreement.consumer);
        if matches!(agreement.phase, Phase::Stopped) {
            return;
        }
        if self.reach(supplier, consumer) {
            let seen = self.replica(consumer).database.as_ref().map(|data| data.ruv.clone());
            let agreement = self.agreement_mut(index);
            agreement.consumer_ruv = seen;
            agreement.status = Status::Ok;
            self.idle(index);
        } else {
            // It has tried all the time; when the next try comes is chance.
            let period = self.timing.backoff_max.millis().max(1);
            let wait = Span::from_millis(self.latency.next_u64() % period);
            self.agreement_mut(index).status = Status::Unreachable;
            self.agreement_mut(index).backoff = self.timing.backoff_max;
            self.schedule_attempt(index, wait, Phase::BackingOff);
        }
    }
}
