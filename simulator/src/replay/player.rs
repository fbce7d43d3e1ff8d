//! Plays the actions of a drill in the world, at a recorder's pace.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::Suffix;
use serde_json::{Map, Value, json};

use super::observe::{self, Names};
use super::pace::Pace;
use super::recording::{Action, Drill};
use super::{Kind, ReplayError};
use crate::kernel::time::{Span, Time};
use crate::world::copies::{Copy, Service};
use crate::world::tree::EntryId;
use crate::world::{AgreementIndex, ReplicaIndex, Timing, TotalState, World};

/// How often the recorder looks while it waits.
const POLL: Span = Span::from_millis(250);

/// How long a probe waits for its writes to arrive.
const PROBE_TIMEOUT: Span = Span::from_seconds(30);

/// How long a total update is waited for.
const TOTAL_TIMEOUT: Span = Span::from_seconds(120);

/// Groups of probe writes begin with this; they are not observed.
const PROBE_GROUP: &str = "\u{0}probe";

/// Plays a drill and gives what is observed, in the shape of the recordings.
///
/// The seed decides what chance decides: phases of timers, and how long the recorder's own steps
/// take.
///
/// # Errors
///
/// A copy that is restored was not taken before, or of another server.
pub fn play(drill: &Drill, seed: u64) -> Result<Value, ReplayError> {
    let mut player = Player::new(drill, World::new(Timing::default(), seed), seed);
    player.play()?;
    Ok(player.observed())
}

/// A drill that is being played.
#[derive(Debug)]
pub struct Player<'a> {
    pub(super) drill: &'a Drill,
    pub(super) world: World,
    pub(super) names: Names,
    pace: Pace,
    copies: BTreeMap<&'a str, Copy>,
    pub(super) groups: Vec<String>,
    pub(super) modified: BTreeMap<String, String>,
    pub(super) written: Map<String, Value>,
    pub(super) looks: Vec<Value>,
    pub(super) waits: Vec<Value>,
    pub(super) probes: Vec<(usize, BTreeMap<String, Vec<String>>)>,
    pub(super) initializations: Vec<Value>,
    pub(super) errors: Vec<Value>,
    /// Acknowledged writes of `write_all`, by server.
    pub(super) acked: BTreeMap<String, Vec<EntryId>>,
    pub(super) islands: Map<String, Value>,
    pub(super) killed: BTreeSet<String>,
    running_totals: Vec<AgreementIndex>,
    reinitialized: bool,
    pub(super) converged_after_reinit: Option<bool>,
}

impl<'a> Player<'a> {
    /// Sets the drill's topology up in an empty world: freshly initialized and converged.
    pub fn new(drill: &'a Drill, mut world: World, seed: u64) -> Self {
        let mut pace = Pace::new(seed);
        let mut names = Names::new();
        for name in &drill.servers {
            let server = world.add_server(name);
            names.push((name.clone(), world.add_replica(server, Suffix::Domain)));
        }
        let mut player = Self {
            drill,
            world,
            names,
            pace: pace.clone(),
            copies: BTreeMap::new(),
            groups: Vec::new(),
            modified: BTreeMap::new(),
            written: Map::new(),
            looks: Vec::new(),
            waits: Vec::new(),
            probes: Vec::new(),
            initializations: Vec::new(),
            errors: Vec::new(),
            acked: BTreeMap::new(),
            islands: Map::new(),
            killed: BTreeSet::new(),
            running_totals: Vec::new(),
            reinitialized: false,
            converged_after_reinit: None,
        };
        for (left, right) in &drill.segments {
            let (left, right) = (player.replica(left), player.replica(right));
            player.world.connect(left, right);
        }
        player.world.initialize(Suffix::Domain);
        player.world.run_until(Time::from_millis(10_000));
        for (_, replica) in player.names.clone() {
            let server = player.world.server_of(replica);
            player.world.set_trimming(server, drill.trimming.0, drill.trimming.1);
            player.world.start_with_keep_alive(server, pace.first_keep_alive());
        }
        player.pace = pace;
        player.world.run_for(Span::from_millis(200));
        player
    }

    /// The world as it is.
    pub const fn world(&self) -> &World {
        &self.world
    }

    fn replica(&self, name: &str) -> ReplicaIndex {
        let found = self.names.iter().find(|(known, _)| known == name);
        // Every name was checked when the drill was read.
        found.or(self.names.first()).map_or_else(|| self.names[0].1, |(_, replica)| *replica)
    }

    /// Plays all actions.
    ///
    /// # Errors
    ///
    /// A copy that is restored was not taken before, or of another server.
    pub fn play(&mut self) -> Result<(), ReplayError> {
        for (index, action) in self.drill.actions.iter().enumerate() {
            self.act(index, action)?;
        }
        Ok(())
    }

    fn act(&mut self, index: usize, action: &'a Action) -> Result<(), ReplayError> {
        match action {
            Action::Write { on, group, count, rate } => {
                self.write(index, on, group, (*count, *rate));
            }
            Action::WriteAll { servers, rate, span } => self.write_all(servers, *rate, *span),
            Action::Delete { on, group } => self.delete(index, on, group),
            Action::Modify { on, group, attribute, value } => {
                self.modify(index, on, group, (attribute, value));
            }
            Action::Copy { of, name } => self.copy(of, name),
            Action::Restore { on, from, kind, isolated } => {
                self.restore(index, (on, from), *kind, *isolated)?;
            }
            Action::Agreements { of, enable } => {
                for server in of {
                    let server = self.world.server_of(self.replica(server));
                    self.configure(self.world.outgoing(server), *enable);
                }
            }
            Action::AgreementsTo { server, enable } => {
                let server = self.world.server_of(self.replica(server));
                self.configure(self.world.incoming(server), *enable);
            }
            Action::Reinitialize { target, source, background } => {
                self.reinitialize(index, target, source, *background);
            }
            Action::Kill(server) => {
                self.killed.insert(server.clone());
                self.world.kill(self.world.server_of(self.replica(server)));
                let span = self.pace.kill();
                self.world.run_for(span);
            }
            Action::Stop(server) => {
                self.world.stop(self.world.server_of(self.replica(server)));
                let span = self.pace.stop();
                self.world.run_for(span);
            }
            Action::Start(server) => {
                let span = self.pace.start();
                self.world.run_for(span);
                self.world.start(self.world.server_of(self.replica(server)));
            }
            Action::AddSegment(left, right) => {
                let span = self.pace.segment();
                self.world.run_for(span);
                self.world.connect(self.replica(left), self.replica(right));
            }
            Action::RemoveSegment(left, right) => {
                self.world.disconnect(self.replica(left), self.replica(right));
                let span = self.pace.segment();
                self.world.run_for(span);
            }
            Action::RemoveServer { server, on } => self.remove_server(server, on.as_deref()),
            Action::Settings { servers, trimming } => {
                for (name, replica) in self.names.clone() {
                    if servers.is_empty() || servers.contains(&name) {
                        let server = self.world.server_of(replica);
                        self.world.set_trimming(server, trimming.0, trimming.1);
                    }
                }
            }
            Action::Wait(span) => self.world.run_for(*span),
            Action::WaitConverged(timeout) => self.wait_converged(index, *timeout),
            Action::Probe => self.probe(index),
            Action::Observe => self.look(index),
        }
        Ok(())
    }

    fn count_group(&mut self, group: &str) {
        if !self.groups.iter().any(|known| known == group) {
            self.groups.push(group.to_owned());
        }
    }

    fn error(&mut self, index: usize, server: &str, error: impl Into<String>) {
        let error: String = error.into();
        let row = json!({ "action": index, "server": server, "error": error });
        if self.errors.last() != Some(&row) {
            self.errors.push(row);
        }
    }

    fn write(&mut self, index: usize, on: &str, group: &str, (count, rate): (u64, f64)) {
        self.count_group(group);
        let replica = self.replica(on);
        let mut done = 0;
        for _ in 0..count {
            match self.world.write_entry(replica, group) {
                Ok(_) => done += 1,
                Err(refused) => self.error(index, on, refused.name()),
            }
            let span =
                if rate > 0.0 { Span::from_seconds_f64(1.0 / rate) } else { self.pace.write() };
            self.world.run_for(span);
        }
        let before = self.written.get(group).and_then(Value::as_u64).unwrap_or(0);
        self.written.insert(group.to_owned(), json!(before + done));
    }

    fn write_all(&mut self, servers: &[String], rate: f64, span: Span) {
        let period =
            if rate > 0.0 { Span::from_seconds_f64(1.0 / rate) } else { self.pace.write() };
        let end = self.world.now() + span;
        while self.world.now() < end {
            for name in servers {
                let group = format!("write_all {name}");
                if let Ok(csn) = self.world.write_entry(self.replica(name), &group) {
                    self.acked.entry(name.clone()).or_default().push(EntryId(csn));
                }
            }
            self.world.run_for(period.max(Span::from_millis(1)));
        }
    }

    fn delete(&mut self, index: usize, on: &str, group: &str) {
        let replica = self.replica(on);
        for _ in self.world.entry_ids(replica, group) {
            if let Err(refused) = self.world.delete_entry(replica, group) {
                self.error(index, on, refused.name());
            }
            let span = self.pace.delete();
            self.world.run_for(span);
        }
    }

    fn modify(&mut self, index: usize, on: &str, group: &str, (name, value): (&str, &str)) {
        self.modified.insert(group.to_owned(), name.to_owned());
        let replica = self.replica(on);
        for entry in self.world.entry_ids(replica, group) {
            if let Err(refused) = self.world.replace(replica, entry, name, value) {
                self.error(index, on, refused.name());
            }
            let span = self.pace.delete();
            self.world.run_for(span);
        }
    }

    /// Exports and database backup while the server runs, then the files while it is down.
    fn copy(&mut self, of: &str, name: &'a str) {
        let server = self.world.server_of(self.replica(of));
        let span = self.pace.online_copies();
        self.world.run_for(span);
        let was_running = self.world.runs(server);
        self.world.stop(server);
        let copy = self.world.copy(server);
        let span = self.pace.cold_copy();
        self.world.run_for(span);
        if was_running {
            self.world.start(server);
        }
        self.copies.insert(name, copy);
    }

    fn restore(
        &mut self,
        index: usize,
        (on, from): (&str, &str),
        (kind, service): Kind,
        isolated: bool,
    ) -> Result<(), ReplayError> {
        let server = self.world.server_of(self.replica(on));
        let copy = self.copies.get(from).cloned();
        let Some(copy) = copy.filter(|copy| copy.server() == server) else {
            return Err(ReplayError {
                drill: self.drill.name.clone(),
                pointer: format!("{}/actions/{index}/from", self.drill.pointer),
                message: format!("no copy \"{from}\" of {on} was taken before"),
            });
        };
        // A task needs a running server; without one the command is used.
        let service = if self.world.runs(server) { service } else { Service::Offline };
        self.world.begin_restore(server, service);
        let span = self.pace.restore(kind, service);
        self.world.run_for(span);
        self.world.end_restore(&copy, kind, service, isolated);
        Ok(())
    }

    fn configure(&mut self, agreements: Vec<AgreementIndex>, enable: bool) {
        let exist: Vec<_> = self.world.agreements().collect();
        for agreement in agreements {
            if !exist.contains(&agreement) {
                continue;
            }
            if enable {
                self.world.enable(agreement);
            } else {
                self.world.disable(agreement);
            }
            let span = self.pace.configure();
            self.world.run_for(span);
        }
    }

    fn reinitialize(&mut self, index: usize, target: &str, source: &str, background: bool) {
        self.reinitialized = true;
        let agreement = self.world.find_agreement(self.replica(source), self.replica(target));
        let begun = agreement.filter(|agreement| self.world.reinitialize(*agreement));
        let Some(agreement) = begun else {
            return self.error(index, source, "no agreement to initialize through");
        };
        if background {
            return self.running_totals.push(agreement);
        }
        let start = self.world.now();
        let end = start + TOTAL_TIMEOUT;
        while self.world.total_state(agreement) == TotalState::Running && self.world.now() < end {
            self.world.run_for(POLL);
        }
        let state = self.world.total_state(agreement);
        if state == TotalState::Failed {
            self.error(index, target, "the total update failed");
        }
        self.initializations.push(json!({
            "action": index, "target": target, "source": source,
            "succeeded": state == TotalState::Succeeded,
        }));
    }

    fn remove_server(&mut self, server: &str, on: Option<&str>) {
        let removed = self.world.server_of(self.replica(server));
        let live = observe::live(&self.world, &self.names);
        let first = live.iter().find(|(name, _)| on.map_or(name != server, |on| name == on));
        if let Some((_, from)) = first.cloned() {
            self.world.remove_server(removed, self.world.server_of(from));
        }
        let span = self.pace.remove_server();
        self.world.run_for(span);
    }

    fn has_converged(&self) -> bool {
        let live = observe::live(&self.world, &self.names);
        let Some((_, first)) = live.first() else { return true };
        live.iter().all(|(_, replica)| observe::is_same(&self.world, *first, *replica))
    }

    fn wait_converged(&mut self, index: usize, timeout: Span) {
        let end = self.world.now() + timeout;
        self.world.run_for(POLL);
        while !self.has_converged() && self.world.now() < end {
            self.world.run_for(POLL);
        }
        let converged = self.has_converged();
        self.waits.push(json!({ "action": index, "converged": converged }));
        if self.reinitialized {
            self.converged_after_reinit = Some(converged);
        }
    }

    fn probe(&mut self, index: usize) {
        let live = observe::live(&self.world, &self.names);
        let mut probes = BTreeMap::new();
        for (name, replica) in &live {
            let entry = self.world.write_entry(*replica, PROBE_GROUP);
            if let Err(refused) = entry {
                self.error(index, name, refused.name());
            }
            probes.insert(name.clone(), entry.ok().map(EntryId));
            self.world.run_for(Span::from_millis(50));
        }
        let end = self.world.now() + PROBE_TIMEOUT;
        let reach = loop {
            let reach = self.reach(&live, &probes);
            let all = reach.values().all(|servers| servers.len() == live.len());
            if all || self.world.now() >= end {
                break reach;
            }
            self.world.run_for(POLL);
        };
        self.probes.push((index, reach));
    }

    fn reach(
        &self,
        live: &Names,
        probes: &BTreeMap<String, Option<EntryId>>,
    ) -> BTreeMap<String, Vec<String>> {
        let reached = |entry: &Option<EntryId>| {
            let has = |replica| entry.is_some_and(|entry| self.world.has(replica, entry));
            let servers = live.iter().filter(|(_, replica)| has(*replica));
            servers.map(|(name, _)| name.clone()).collect()
        };
        probes.iter().map(|(name, entry)| (name.clone(), reached(entry))).collect()
    }

    fn look(&mut self, index: usize) {
        let span = self.pace.look();
        self.world.run_for(span);
        let mut look = self.see();
        look.insert("agreement_class".to_owned(), self.classes());
        look.shift_insert(0, "action".to_owned(), json!(index));
        self.looks.push(Value::Object(look));
        if !self.acked.is_empty() {
            self.compare_islands();
        }
    }
}
