//! The common model: servers in a ring with chords that flood writes to their neighbors.
//!
//! Every engine runs this very code; what differs is who keeps the events. See README.md for the
//! definition in words.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use simulator::kernel::samplers::{Exponential, Invalid, LogNormal, Quantile};
use simulator::kernel::streams::{Stream, Streams};
use simulator::kernel::trace::Digest;

/// What happens to a server.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A client writes.
    Write,
    /// A change arrives from a neighbor.
    Arrive(Change),
    /// The change in service is applied, if the server has not failed since (`epoch`).
    Done(Change, u32),
    /// The server stops.
    Fail,
    /// The server comes back.
    Repair,
}

/// One write: the server that took it and its number there.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The server that took the write.
    pub origin: u16,
    /// Its number, from 1 on.
    pub number: u32,
}

impl Event {
    /// All of the event in two words.
    pub fn words(self) -> [u64; 2] {
        let change = |change: Change| u64::from(change.origin) << 32 | u64::from(change.number);
        match self {
            Self::Write => [1, 0],
            Self::Arrive(arrived) => [2, change(arrived)],
            Self::Done(applied, epoch) => [3 | u64::from(epoch) << 8, change(applied)],
            Self::Fail => [4, 0],
            Self::Repair => [5, 0],
        }
    }
}

/// Who keeps the events.
pub trait Engine {
    /// Lets an event happen to the server that is being handled.
    fn to_self(&mut self, nanoseconds: u64, event: Event);
    /// Lets a change arrive at one of its neighbors, given by its place in the list of them.
    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change);
}

/// Size of the model and length of the run.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Number of servers, even and at least 4.
    pub servers: u16,
    /// Length of the run.
    pub seconds: u64,
    /// Seed of all streams.
    pub seed: u64,
}

impl Setup {
    /// Length of the run.
    pub fn horizon_nanoseconds(self) -> u64 {
        self.seconds * 1_000_000_000
    }

    /// The three neighbors of a server: both in the ring, and the one across.
    pub fn neighbors(self, server: u16) -> [u16; 3] {
        let count = self.servers;
        [(server + 1) % count, (server + count - 1) % count, (server + count / 2) % count]
    }

    /// All servers before the start.
    pub fn build(self) -> Result<Vec<Server>, Invalid> {
        (0..self.servers).map(|number| Server::new(self, number)).collect()
    }
}

/// One server.
#[derive(Debug)]
pub struct Server {
    number: u16,
    up: bool,
    busy: bool,
    epoch: u32,
    /// Greatest number known, by origin.
    known: Vec<u32>,
    waiting: VecDeque<Change>,
    chance: Stream,
    between_writes: Exponential,
    latency: Exponential,
    service: Exponential,
    to_failure: Exponential,
    to_repair: LogNormal,
    counts: Counts,
}

/// What a server has seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Calls of [`Server::handle`].
    pub events: u64,
    /// Changes that were new.
    pub applied: u64,
    /// Changes that were known on arrival, or when their turn came.
    pub known: u64,
    /// Changes lost because the server was down, and writes that it refused.
    pub dropped: u64,
    /// Times that the server stopped.
    pub failures: u64,
}

impl Counts {
    /// Adds another server's.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.applied += other.applied;
        self.known += other.known;
        self.dropped += other.dropped;
        self.failures += other.failures;
    }
}

fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

impl Server {
    fn new(setup: Setup, number: u16) -> Result<Self, Invalid> {
        Ok(Self {
            number,
            up: true,
            busy: false,
            epoch: 0,
            known: vec![0; setup.servers.into()],
            waiting: VecDeque::new(),
            chance: Streams::new(setup.seed, 0).stream("server", number.into()),
            between_writes: Exponential::from_mean(100.0)?,
            latency: Exponential::from_mean(0.05)?,
            service: Exponential::from_mean(0.2)?,
            to_failure: Exponential::from_mean(36_000.0)?,
            to_repair: LogNormal::from_mean_and_sigma(3_600.0, 1.0)?,
            counts: Counts::default(),
        })
    }

    /// Schedules the first events.
    pub fn start(&mut self, engine: &mut impl Engine) {
        engine.to_self(nanoseconds(self.between_writes.sample(&mut self.chance)), Event::Write);
        engine.to_self(nanoseconds(self.to_failure.sample(&mut self.chance)), Event::Fail);
    }

    /// Lets an event happen.
    pub fn handle(&mut self, event: Event, engine: &mut impl Engine) {
        self.counts.events += 1;
        match event {
            Event::Write => self.write(engine),
            Event::Arrive(change) => self.arrive(change, engine),
            Event::Done(change, epoch) if epoch == self.epoch => self.done(change, engine),
            Event::Done(..) => {}
            Event::Fail => {
                self.counts.failures += 1;
                self.counts.dropped += self.waiting.len() as u64 + u64::from(self.busy);
                self.up = false;
                self.busy = false;
                self.epoch += 1;
                self.waiting.clear();
                let repair = nanoseconds(self.to_repair.sample(&mut self.chance));
                engine.to_self(repair, Event::Repair);
            }
            Event::Repair => {
                self.up = true;
                let failure = nanoseconds(self.to_failure.sample(&mut self.chance));
                engine.to_self(failure, Event::Fail);
            }
        }
    }

    fn write(&mut self, engine: &mut impl Engine) {
        engine.to_self(nanoseconds(self.between_writes.sample(&mut self.chance)), Event::Write);
        if self.up {
            let number = self.known[usize::from(self.number)] + 1;
            let change = Change { origin: self.number, number };
            self.known[usize::from(self.number)] = number;
            self.flood(change, engine);
        } else {
            self.counts.dropped += 1;
        }
    }

    fn arrive(&mut self, change: Change, engine: &mut impl Engine) {
        if !self.up {
            self.counts.dropped += 1;
        } else if self.knows(change) {
            self.counts.known += 1;
        } else if self.busy {
            self.waiting.push_back(change);
        } else {
            self.serve(change, engine);
        }
    }

    fn done(&mut self, change: Change, engine: &mut impl Engine) {
        self.known[usize::from(change.origin)] = change.number;
        self.counts.applied += 1;
        self.flood(change, engine);
        self.busy = false;
        while let Some(next) = self.waiting.pop_front() {
            if !self.knows(next) {
                self.serve(next, engine);
                return;
            }
            self.counts.known += 1;
        }
    }

    fn serve(&mut self, change: Change, engine: &mut impl Engine) {
        self.busy = true;
        let service = nanoseconds(self.service.sample(&mut self.chance));
        engine.to_self(service, Event::Done(change, self.epoch));
    }

    fn flood(&mut self, change: Change, engine: &mut impl Engine) {
        for place in 0..3 {
            let latency = nanoseconds(0.05 + self.latency.sample(&mut self.chance));
            engine.to_neighbor(place, latency, change);
        }
    }

    fn knows(&self, change: Change) -> bool {
        change.number <= self.known[usize::from(change.origin)]
    }

    /// What it has seen.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A number that stands for all of its state.
    pub fn checksum(&self) -> u64 {
        let mut digest = Digest::new();
        let Counts { events, applied, known, dropped, failures } = self.counts;
        let counts = [events, applied, known, dropped, failures];
        let state = [u64::from(self.up), u64::from(self.busy), self.waiting.len() as u64];
        let known = self.known.iter().map(|number| u64::from(*number));
        counts.into_iter().chain(state).chain(known).for_each(|word| digest.word(word));
        digest.word(self.chance.clone().next_u64());
        digest.fingerprint().bits() as u64
    }
}

/// What a run gave.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Counts of all servers.
    pub counts: Counts,
    /// The servers' checksums in the order of their numbers.
    pub checksum: u64,
}

impl Outcome {
    /// The outcome of servers in the order of their numbers.
    pub fn of(servers: impl Iterator<Item = (Counts, u64)>) -> Self {
        let mut counts = Counts::default();
        let mut digest = Digest::new();
        for (of_server, checksum) in servers {
            counts.add(of_server);
            digest.word(checksum);
        }
        Self { counts, checksum: digest.fingerprint().bits() as u64 }
    }
}
