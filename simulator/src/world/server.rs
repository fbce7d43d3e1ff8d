//! Servers start, stop and are killed; keep-alive writes.

use audit_core::model::Suffix;

use crate::kernel::time::{Span, Time};

use super::agreement::{Agreement, AgreementIndex, Phase, ReplicaIndex, ServerIndex, Status};
use super::changelog::Record;
use super::csn::{CsnGenerator, ReplicaId};
use super::database::{Database, Generation};
use super::load::Ranges;
use super::planted::Mutation;
use super::ruv::Ruv;
use super::tree::{Operation, Rules};
use super::{Event, KeepAlive, Replica, Server, World, ordered};

impl World {
    /// Adds a server. It does not run yet and holds nothing.
    pub fn add_server(&mut self, name: &str) -> ServerIndex {
        self.servers.push(Server {
            name: name.to_owned(),
            is_running: false,
            starts: 0,
            replicas: Vec::new(),
            trimming: None,
        });
        ServerIndex(self.servers.len() - 1)
    }

    /// Adds a suffix to a server, with the next replica id of this suffix and without data.
    pub fn add_replica(&mut self, server: ServerIndex, suffix: Suffix) -> ReplicaIndex {
        let before = self.replicas.iter().filter(|replica| replica.suffix == suffix).count();
        let id = ReplicaId(u16::try_from(before + 1).unwrap_or(u16::MAX));
        let index = ReplicaIndex(self.replicas.len());
        self.replicas.push(Replica {
            server,
            suffix,
            id,
            database: None,
            generator: CsnGenerator::new(id),
            holder: None,
            is_loading: false,
            outgoing: Vec::new(),
            incoming: Vec::new(),
            keep_alive: None,
            load: None,
            writes_load: false,
            load_until: None,
            acknowledged: Ranges::default(),
            cleaned: Vec::new(),
        });
        self.servers[server.0].replicas.push(index);
        index
    }

    /// A freshly initialized and converged suffix: every server has the same generation, one
    /// change of every server, and that change in its changelog.
    pub fn initialize(&mut self, suffix: Suffix) {
        self.initialize_with(suffix, Vec::new());
    }

    /// The same with these changes in it, made by the suffix's first server.
    pub fn initialize_with(&mut self, suffix: Suffix, changes: Vec<Operation>) {
        let generation = self.new_generation();
        let members = self.members(suffix);
        let mut database = Database::new(generation);
        let rules = self.rules();
        for operation in changes {
            let Some(first) = members.first() else { break };
            let csn = self.next_csn(*first);
            database.tree.apply(csn, &operation, rules);
            database.log(csn, Record::Change(operation.into()));
        }
        for index in &members {
            let csn = self.next_csn(*index);
            database.log(csn, Record::Change(Operation::KeepAlive.into()));
        }
        for index in members {
            let replica = self.replica_mut(index);
            for (_, known) in database.ruv.iter() {
                replica.generator.see(known.max);
            }
            replica.database = Some(database.clone());
        }
        for agreement in &mut self.agreements {
            agreement.consumer_ruv = Some(database.ruv.clone());
        }
    }

    pub(super) fn new_generation(&mut self) -> Generation {
        self.generations += 1;
        Generation(self.generations)
    }

    /// The replicas of a suffix.
    pub fn members(&self, suffix: Suffix) -> Vec<ReplicaIndex> {
        (0..self.replicas.len())
            .map(ReplicaIndex)
            .filter(|index| self.replica(*index).suffix == suffix)
            .collect()
    }

    /// Starts every server that does not run.
    pub fn start_all(&mut self) {
        for index in 0..self.servers.len() {
            self.start(ServerIndex(index));
        }
    }

    /// Starts a server with what is on its disk. Without effect if it runs.
    pub fn start(&mut self, server: ServerIndex) {
        self.start_with_keep_alive(server, self.timing.keep_alive_after_start);
    }

    /// Starts a server whose keep-alive write comes after another while than usual.
    pub fn start_with_keep_alive(&mut self, server: ServerIndex, keep_alive: Span) {
        if self.server(server).is_running {
            return;
        }
        self.servers[server.0].is_running = true;
        self.servers[server.0].starts += 1;
        for replica in self.server(server).replicas.clone() {
            if !self.planted.has(Mutation::NoKeepAliveAfterStart) {
                self.schedule_keep_alive(replica, self.now() + keep_alive, true);
            }
            self.begin_load(replica);
            for index in self.replica(replica).outgoing.clone() {
                // What an agreement says of its last attempt is not kept on the disk.
                let agreement = self.agreement_mut(index);
                agreement.status = Status::Ok;
                agreement.missing = None;
            }
            self.start_agreements(replica);
        }
        self.look_again(server);
    }

    /// Agreements to a server that came back look when their time has come: an idle supplier
    /// notices nothing before.
    fn look_again(&mut self, server: ServerIndex) {
        for replica in self.server(server).replicas.clone() {
            for index in self.replica(replica).incoming.clone() {
                let agreement = self.agreement(index);
                if !matches!(agreement.phase, Phase::Idle) || agreement.timer.is_some() {
                    continue;
                }
                let period = self.timing.idle_look.max(Span::from_millis(1));
                let waited = self.now().since(agreement.idle_since).millis();
                let rest = period.millis() - waited % period.millis();
                self.schedule_attempt(index, Span::from_millis(rest), Phase::Idle);
            }
        }
    }

    /// Stops a server in order. What it has taken is on its disk.
    pub fn stop(&mut self, server: ServerIndex) {
        self.halt(server);
    }

    /// Kills a server's process. What it has taken is on its disk as well: the machine goes on.
    pub fn kill(&mut self, server: ServerIndex) {
        self.halt(server);
    }

    fn halt(&mut self, server: ServerIndex) {
        if !self.server(server).is_running {
            return;
        }
        for replica in self.server(server).replicas.clone() {
            self.end_load(replica);
            self.stop_agreements(replica);
            for index in self.replica(replica).incoming.clone() {
                self.lose_consumer(index);
            }
            if let Some(keep_alive) = self.replica_mut(replica).keep_alive.take() {
                self.queue.cancel(keep_alive.key);
            }
            self.replica_mut(replica).is_loading = false;
        }
        self.servers[server.0].is_running = false;
    }

    /// A session or total update whose receiver is gone.
    pub(super) fn lose_consumer(&mut self, index: AgreementIndex) {
        match self.agreement(index).phase {
            Phase::Session(_) => self.abort_session(index),
            Phase::Total(_) => self.abort_total(index, Mutation::TargetResumes, false),
            Phase::Stopped | Phase::Idle | Phase::BackingOff | Phase::Starting => return,
        }
        self.back_off(index, Status::Unreachable);
    }

    /// Starts the agreements of a replica that came online: every one looks at once.
    pub(super) fn start_agreements(&mut self, replica: ReplicaIndex) {
        for index in self.replica(replica).outgoing.clone() {
            self.start_agreement(index);
        }
    }

    pub(super) fn start_agreement(&mut self, index: AgreementIndex) {
        let agreement = self.agreement(index);
        let replica = self.replica(agreement.supplier);
        let can_run = agreement.exists
            && agreement.is_enabled
            && matches!(agreement.phase, Phase::Stopped)
            && replica.database.is_some()
            && !replica.is_loading
            && self.is_running(agreement.supplier);
        if can_run {
            let latency = self.attempt_latency();
            self.agreement_mut(index).backoff = self.timing.backoff_min;
            self.schedule_attempt(index, latency, Phase::Starting);
        }
    }

    pub(super) fn stop_agreements(&mut self, replica: ReplicaIndex) {
        for index in self.replica(replica).outgoing.clone() {
            self.stop_agreement(index);
        }
    }

    pub(super) fn stop_agreement(&mut self, index: AgreementIndex) {
        match self.agreement(index).phase {
            Phase::Session(_) => self.abort_session(index),
            Phase::Total(_) => self.abort_total(index, Mutation::SourceDoesNotResume, true),
            Phase::Stopped | Phase::Idle | Phase::BackingOff | Phase::Starting => {}
        }
        if let Some(key) = self.agreement_mut(index).timer.take() {
            self.queue.cancel(key);
        }
        self.agreement_mut(index).phase = Phase::Stopped;
    }

    /// Cuts two servers' network, or joins it again.
    pub fn set_reachable(&mut self, one: ServerIndex, other: ServerIndex, reachable: bool) {
        let pair = ordered(one, other);
        self.cut.retain(|known| *known != pair);
        if reachable {
            return;
        }
        self.cut.push(pair);
        for index in (0..self.agreements.len()).map(AgreementIndex) {
            let agreement = self.agreement(index);
            let ends = [agreement.supplier, agreement.consumer].map(|end| self.replica(end).server);
            if ordered(ends[0], ends[1]) == pair {
                self.lose_consumer(index);
            }
        }
    }

    /// Schedules the next keep-alive write in place of what was scheduled.
    pub(super) fn schedule_keep_alive(&mut self, index: ReplicaIndex, due: Time, is_first: bool) {
        if let Some(keep_alive) = self.replica_mut(index).keep_alive.take() {
            self.queue.cancel(keep_alive.key);
        }
        let key = self.queue.schedule_at(due, Event::KeepAlive(index));
        self.replica_mut(index).keep_alive = Some(KeepAlive { key, due, is_first });
    }

    /// A server writes its own keep-alive entry: a change of its own replica id, which raises its
    /// own maximum above whatever the others hold of it. It does so again every hour.
    ///
    /// Source: `fidelity.md`, "MECHANISM", R1; `quantities.md` C.1, keep-alive update interval.
    pub(super) fn keep_alive(&mut self, index: ReplicaIndex) {
        self.replica_mut(index).keep_alive = None;
        if !self.is_running(index) {
            return;
        }
        self.write_load(index);
        self.write_own(index, Operation::KeepAlive);
        let interval = self.timing.keep_alive_interval;
        if interval > Span::ZERO && !self.planted.has(Mutation::NoHourlyKeepAlive) {
            self.schedule_keep_alive(index, self.now() + interval, false);
        }
    }

    /// Sets what a server trims: changes older than `max_age`, every `interval`. What is `None`
    /// stays as it was.
    pub fn set_trimming(
        &mut self,
        server: ServerIndex,
        max_age: Option<Span>,
        interval: Option<Span>,
    ) {
        for replica in self.server(server).replicas.clone() {
            self.trim(replica);
        }
        let before = (self.timing.changelog_max_age, self.timing.trim_interval);
        let before = self.server(server).trimming.unwrap_or(before);
        let now = (max_age.unwrap_or(before.0), interval.unwrap_or(before.1));
        self.servers[server.0].trimming = Some(now);
    }

    /// Trims a changelog and removes old tombstones, as its server would have done by now.
    ///
    /// A change goes when it is older than the age *and* below the own maximum and below the last
    /// known maximum of every consumer with an agreement, also a disabled one; a consumer that was
    /// never seen does not count. What is known of a consumer is its vector at the start of the
    /// last session, so what a session sends is held until the next one, or until the idle supplier
    /// looks again. It is done when somebody looks: until then nobody can tell.
    ///
    /// Source: `quantities.md` C.2; 389-ds `repl5_protocol_util.c`, `acquire_replica`.
    pub(super) fn trim(&mut self, index: ReplicaIndex) {
        let now = self.now();
        let server = self.server(self.replica(index).server);
        let (max_age, interval) =
            server.trimming.unwrap_or((self.timing.changelog_max_age, self.timing.trim_interval));
        let interval = interval.max(Span::from_millis(1));
        let tick = now.millis() / interval.millis() * interval.millis();
        let horizon = match tick.checked_sub(max_age.millis()) {
            Some(millis) if millis > 0 => Time::from_millis(millis),
            _ => return,
        };
        let Some(database) = &self.replica(index).database else { return };
        let mut purge = database.ruv.clone();
        for agreement in &self.replica(index).outgoing {
            let agreement = self.agreement(*agreement);
            let counts = agreement.exists
                && (agreement.is_enabled || !self.planted.has(Mutation::TrimIgnoresDisabled))
                && !self.planted.has(Mutation::TrimIgnoresConsumers);
            let theirs = self.replica(agreement.consumer).database.as_ref();
            let seen = match theirs {
                Some(theirs) if self.has_looked_again(agreement) => Some(&theirs.ruv),
                _ => agreement.consumer_ruv.as_ref(),
            };
            for (_, known) in seen.into_iter().flat_map(Ruv::iter) {
                if counts {
                    purge.lower(known.max);
                }
            }
        }
        if self.planted.has(Mutation::TrimRemovesAnchors) {
            let above: Vec<_> = purge.iter().map(|(_, known)| known.max).collect();
            for mut csn in above {
                csn.sequence += 1;
                purge.raise(csn);
            }
        }
        let purge_delay = self.timing.purge_delay.millis();
        let Some(database) = &mut self.replica_mut(index).database else { return };
        database.changelog.trim(horizon, &purge);
        let newest = database.newest().millis();
        database.tree.purge(Time::from_millis(newest.saturating_sub(purge_delay)));
    }

    /// Whether an idle supplier has looked again since it became idle, see [`Timing::idle_look`].
    /// What is idle schedules nothing, so the look itself is not an event.
    ///
    /// [`Timing::idle_look`]: super::Timing::idle_look
    fn has_looked_again(&self, agreement: &Agreement) -> bool {
        matches!(agreement.phase, Phase::Idle)
            && agreement.timer.is_none()
            && self.now().since(agreement.idle_since) >= self.timing.idle_look
            && self.reach(agreement.supplier, agreement.consumer)
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            last_arrival_wins: self.planted.has(Mutation::LastArrivalWins),
            change_undoes_delete: self.planted.has(Mutation::ChangeUndoesDelete),
            no_glue: self.planted.has(Mutation::NoGlue),
            later_keeps_name: self.planted.has(Mutation::LaterKeepsName),
            known_from: Time::ZERO,
        }
    }
}
