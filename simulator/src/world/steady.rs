//! The closed form of a deployment under background load.
//!
//! Between disasters every server holds, of every origin that reaches it, what is older than the
//! way from there takes. That needs no events: [`World::skip_to`] writes it down, as ranges. So it
//! is behind a disaster, too, where some agreements are stuck or refused for good. Shortly before
//! the first fault, and until things have settled behind the last, events are run one by one. A
//! law of the suite holds the two together.

use std::sync::Arc;

use crate::kernel::time::{Span, Time};

use super::World;
use super::agreement::{AgreementIndex, Phase, ReplicaIndex, Status};
use super::changelog::Record;
use super::course::Course;
use super::csn::{Csn, ReplicaId};
use super::load::{Load, Range};
use super::tree::Operation;

impl World {
    /// Lets time pass at once, if all that happens until then is background load: that of clients,
    /// and hourly keep-alive writes.
    ///
    /// True if so. False, and nothing is changed, while there is anything else: an entry under
    /// way, the first keep-alive write of a server or a total update to come, an agreement that
    /// will free itself or get stuck. Servers that are down, and agreements that are off, stuck or
    /// refused for good, are no obstacle: their part stands still.
    pub fn skip_to(&mut self, time: Time) -> bool {
        if time <= self.now() {
            return false;
        }
        let Some(courses) = self.courses() else { return false };
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            self.write_load(index);
        }
        for index in (0..self.agreements.len()).map(AgreementIndex) {
            self.rest(index);
        }
        let kept_alive = self.pass_keep_alives(time);
        self.queue.advance_to(time);
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            self.write_load(index);
        }
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            if self.is_running(index) {
                self.spread_load(index, &courses);
            }
        }
        for (index, at) in kept_alive {
            self.spread_keep_alive(index, at, &courses);
        }
        for index in (0..self.agreements.len()).map(AgreementIndex) {
            self.wake(index, courses.get(index.0).copied());
        }
        true
    }

    /// Whether nothing but background load is under way, see [`World::skip_to`].
    pub fn is_steady(&self) -> bool {
        self.courses().is_some()
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

    /// Moves hourly keep-alive writes behind a time. Gives the last one before it of every replica
    /// that has no other load: where there is load, its newest write says more.
    fn pass_keep_alives(&mut self, time: Time) -> Vec<(ReplicaIndex, Time)> {
        let interval = self.timing.keep_alive_interval.max(Span::from_millis(1));
        let mut last = Vec::new();
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            let Some(keep_alive) = self.replica(index).keep_alive else { continue };
            if keep_alive.due > time {
                continue;
            }
            let periods = time.since(keep_alive.due).millis() / interval.millis();
            let at = keep_alive.due + interval.times(periods);
            self.schedule_keep_alive(index, at + interval, false);
            let replica = self.replica(index);
            let load = replica.load.as_ref().filter(|_| replica.writes_load);
            if load.is_none_or(|load| load.period() > interval) {
                last.push((index, at));
            }
        }
        last
    }

    /// A server's load writes, wherever they have come by now.
    fn spread_load(&mut self, origin: ReplicaIndex, courses: &[Course]) {
        let writes = self.replica(origin).writes_load;
        let Some(load) = self.replica(origin).load.clone().filter(|_| writes) else {
            return;
        };
        let id = self.replica(origin).id;
        for (replica, lag) in self.reached(origin, courses).into_iter().skip(1) {
            self.hold(replica, id, &load, lag);
        }
    }

    /// A server holds an origin's load up to this long ago.
    fn hold(&mut self, index: ReplicaIndex, id: ReplicaId, load: &Load, lag: Span) {
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

    /// A server's keep-alive write of a time that has passed, wherever it has come by now.
    fn spread_keep_alive(&mut self, origin: ReplicaIndex, at: Time, courses: &[Course]) {
        if self.replica(origin).database.is_none() {
            return;
        }
        let csn: Csn = self.replica_mut(origin).generator.next(at);
        let since = self.now().since(at);
        let operation = Arc::new(Operation::KeepAlive);
        for (index, lag) in self.reached(origin, courses) {
            let replica = self.replica_mut(index);
            let Some(database) = replica.database.as_mut().filter(|_| lag <= since) else {
                continue;
            };
            if !database.ruv.covers(csn) {
                database.log(csn, Record::Change(Arc::clone(&operation)));
                replica.generator.see(csn);
            }
        }
    }

    /// An agreement goes on behind a skip.
    fn wake(&mut self, index: AgreementIndex, course: Option<Course>) {
        let agreement = self.agreement(index);
        let (supplier, consumer) = (agreement.supplier, agreement.consumer);
        if matches!(agreement.phase, Phase::Stopped) {
            return;
        }
        // One that cannot send has tried all the time; when the next try comes is chance.
        let failed = if !self.reach(supplier, consumer) {
            Some((Status::Unreachable, self.timing.backoff_max))
        } else if course == Some(Course::Carries) {
            None
        } else if self.same_generation(index) {
            Some((Status::Stuck, self.timing.backoff_min))
        } else {
            Some((Status::Generation, self.timing.backoff_min))
        };
        if let Some((status, backoff)) = failed {
            let wait = Span::from_millis(self.latency.next_u64() % backoff.millis().max(1));
            let agreement = self.agreement_mut(index);
            agreement.status = status;
            agreement.backoff = backoff;
            return self.schedule_attempt(index, wait, Phase::BackingOff);
        }
        let seen = self.replica(consumer).database.as_ref().map(|data| data.ruv.clone());
        let agreement = self.agreement_mut(index);
        agreement.consumer_ruv = seen;
        agreement.status = Status::Ok;
        self.idle(index);
        // A keep-alive write of the last moments is still on its way.
        if !self.carries_load_only(index) {
            let latency = self.attempt_latency();
            self.schedule_attempt(index, latency, Phase::Starting);
        }
    }
}
