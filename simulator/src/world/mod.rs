//! The replication world: servers, their data, and the agreements between them, as a real
//! multi-supplier directory server behaves.
//!
//! ```text
//! server ── replica (one suffix) ── database: generation, RUV, changelog, entries
//!              │ agreement (one direction) ── session: receiver held, changes above its maxima
//!              └──────────────────────────> replica on another server
//! ```
//!
//! The mechanisms, each in one file:
//!
//! - `ruv`: a server claims everything up to one maximum per origin; holes cannot be seen;
//! - `changelog`: what can still be sent; markers; the exact trim rule;
//! - `session` and `chunk`: who may send, what, from where, and what happens when it fails;
//! - `total`: a total update replaces everything, and what an interrupted one leaves;
//! - `server`: start, stop, kill, keep-alive writes;
//! - `copies`: cold copies, database backups, LDIF, and what each restore keeps;
//! - `export`: an online export, which is of no single moment;
//! - `topology`: segments, agreements, `CLEANALLRUV`;
//! - `tree`: conflicts;
//! - `load`, `course` and `steady`: background writes as a function of time, and the closed form
//!   between disasters.
//!
//! It is judged by recordings of a real server ([`crate::replay`]).
//!
//! # Example
//!
//! ```
//! use audit_core::model::Suffix;
//! use simulator::kernel::time::Span;
//! use simulator::world::{Timing, World};
//!
//! let mut world = World::new(Timing::default(), 7);
//! let names = ["ipa1.example.test", "ipa2.example.test"];
//! let [one, two] = names.map(|name| world.add_server(name));
//! let [left, right] = [one, two].map(|server| world.add_replica(server, Suffix::Domain));
//! world.initialize(Suffix::Domain);
//! world.connect(left, right);
//! world.start_all();
//!
//! world.write_entry(left, "alice").expect("a running server");
//! world.run_for(Span::from_seconds(1));
//! assert_eq!(world.count(right, "alice"), 1);
//! ```

mod agreement;
pub mod changelog;
mod chunk;
pub mod copies;
mod course;
pub mod csn;
mod database;
pub mod export;
pub mod load;
pub mod planted;
pub mod ruv;
mod server;
mod session;
mod steady;
mod timing;
mod topology;
mod total;
pub mod tree;
mod view;
mod writes;

use audit_core::model::Suffix;

use crate::kernel::math;
use crate::kernel::queue::{Key, Queue};
use crate::kernel::streams::{Stream, Streams};
use crate::kernel::time::{Span, Time};

use agreement::Agreement;
use csn::{Csn, CsnGenerator};
use load::{Load, Ranges};
use planted::Planted;

pub use agreement::{AgreementIndex, ReplicaIndex, ServerIndex, Status};
pub use csn::ReplicaId;
pub use database::{Database, Generation};
pub use timing::Timing;
pub use total::TotalState;
pub use view::Delivery;
pub use writes::Refused;

/// What can happen at a time.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// An agreement tries to begin a session.
    Attempt(AgreementIndex),
    /// The changes under way have arrived.
    Chunk(AgreementIndex),
    /// A session lets the receiver go.
    Release(AgreementIndex),
    /// A total update is complete.
    TotalDone(AgreementIndex),
    /// A server writes its keep-alive entry.
    KeepAlive(ReplicaIndex),
}

/// A machine.
#[derive(Clone, Debug)]
struct Server {
    name: String,
    is_running: bool,
    /// How often it was started: a task ends with the process that it runs in.
    starts: u64,
    replicas: Vec<ReplicaIndex>,
    /// Age of changes that may be trimmed, and how often; `None`: as the world has it.
    trimming: Option<(Span, Span)>,
}

/// A server's next keep-alive write.
#[derive(Clone, Copy, Debug)]
struct KeepAlive {
    key: Key,
    due: Time,
    /// The first one behind a start or a load; the others come every hour.
    is_first: bool,
}

/// The data of one suffix on one server.
#[derive(Clone, Debug)]
struct Replica {
    server: ServerIndex,
    suffix: Suffix,
    id: ReplicaId,
    /// `None`: an empty suffix without a generation, as an interrupted total update leaves it.
    database: Option<Database>,
    generator: CsnGenerator,
    /// Who holds the receiver.
    holder: Option<AgreementIndex>,
    /// Being restored online: nobody gets in.
    is_loading: bool,
    outgoing: Vec<AgreementIndex>,
    incoming: Vec<AgreementIndex>,
    keep_alive: Option<KeepAlive>,
    /// The rhythm of its background load.
    load: Option<Load>,
    /// Whether it writes in that rhythm while it runs.
    writes_load: bool,
    /// Load writes up to here are in the database; `None` while the server takes none.
    load_until: Option<Time>,
    /// Load writes that it took from clients and acknowledged, whatever became of them.
    acknowledged: Ranges,
    /// Origins that were cleaned here; used with a planted mistake only.
    cleaned: Vec<ReplicaId>,
}

/// All servers and what is under way between them.
#[derive(Clone, Debug)]
pub struct World {
    queue: Queue<Event>,
    timing: Timing,
    servers: Vec<Server>,
    replicas: Vec<Replica>,
    agreements: Vec<Agreement>,
    /// Pairs of servers that do not reach each other.
    cut: Vec<(ServerIndex, ServerIndex)>,
    generations: u32,
    latency: Stream,
    /// Processors of the one host that all servers share: until when each is busy. Empty if every
    /// server has a host of its own.
    processors: Vec<Time>,
    deliveries: Option<Vec<Delivery>>,
    events: u64,
    planted: Planted,
}

impl World {
    /// A world without servers. What chance decides in it follows from the seed.
    pub fn new(timing: Timing, seed: u64) -> Self {
        Self {
            queue: Queue::new(),
            timing,
            servers: Vec::new(),
            replicas: Vec::new(),
            agreements: Vec::new(),
            cut: Vec::new(),
            generations: 0,
            latency: Streams::new(seed, 0).stream("replication-latency", 0),
            processors: Vec::new(),
            deliveries: None,
            events: 0,
            planted: Planted::default(),
        }
    }

    /// Plants a mistake.
    #[cfg(feature = "planted")]
    pub const fn plant(&mut self, mutation: planted::Mutation) {
        self.planted = Planted::with(mutation);
    }

    /// The present time.
    pub const fn now(&self) -> Time {
        self.queue.now()
    }

    /// Times and settings.
    pub const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// Changes times and settings; what is scheduled stays so.
    pub const fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// Number of events so far.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Number of events that wait. In a healthy deployment without load these are the hourly
    /// keep-alive writes.
    pub const fn pending(&self) -> usize {
        self.queue.len()
    }

    /// Runs everything up to a time, included.
    pub fn run_until(&mut self, time: Time) {
        while let Some((_, event)) = self.queue.pop_until(time) {
            self.handle(event);
        }
        self.queue.advance_to(time);
        // Load is written when somebody looks, and an observer does now.
        for index in (0..self.replicas.len()).map(ReplicaIndex) {
            self.write_load(index);
        }
    }

    /// Runs everything for a while.
    pub fn run_for(&mut self, span: Span) {
        self.run_until(self.now() + span);
    }

    /// Runs one event; false if none waits until `horizon`.
    pub fn step(&mut self, horizon: Time) -> bool {
        let event = self.queue.pop_until(horizon);
        if let Some((_, event)) = event {
            self.handle(event);
        }
        event.is_some()
    }

    fn handle(&mut self, event: Event) {
        self.events += 1;
        match event {
            Event::Attempt(agreement) => self.attempt(agreement),
            Event::Chunk(agreement) => self.chunk_arrived(agreement),
            Event::Release(agreement) => self.release(agreement),
            Event::TotalDone(agreement) => self.total_done(agreement),
            Event::KeepAlive(replica) => self.keep_alive(replica),
        }
    }

    fn server(&self, index: ServerIndex) -> &Server {
        &self.servers[index.0]
    }

    fn replica(&self, index: ReplicaIndex) -> &Replica {
        &self.replicas[index.0]
    }

    fn replica_mut(&mut self, index: ReplicaIndex) -> &mut Replica {
        &mut self.replicas[index.0]
    }

    fn agreement(&self, index: AgreementIndex) -> &Agreement {
        &self.agreements[index.0]
    }

    fn agreement_mut(&mut self, index: AgreementIndex) -> &mut Agreement {
        &mut self.agreements[index.0]
    }

    fn is_running(&self, replica: ReplicaIndex) -> bool {
        self.server(self.replica(replica).server).is_running
    }

    /// Whether the two servers' hosts reach each other and both run.
    fn reach(&self, one: ReplicaIndex, other: ReplicaIndex) -> bool {
        let pair = ordered(self.replica(one).server, self.replica(other).server);
        self.is_running(one) && self.is_running(other) && !self.cut.contains(&pair)
    }

    /// From a change, or an order, to the attempt: a few milliseconds, exponential behind the
    /// first.
    fn attempt_latency(&mut self) -> Span {
        let mean = self.timing.poll.seconds_f64();
        let drawn = Span::from_seconds_f64(-mean * math::ln(self.latency.unit()));
        Span::from_millis(1) + drawn + self.turn()
    }

    /// How long one waits for a processor; only on a shared host.
    fn turn(&self) -> Span {
        self.processors.iter().min().map_or(Span::ZERO, |until| until.since(self.now()))
    }

    /// How long a session stays behind its last change: within half of the mean.
    fn overhead(&mut self) -> Span {
        let factor = 0.5 + self.latency.unit();
        Span::from_seconds_f64(self.timing.overhead.seconds_f64() * factor)
    }

    /// All servers run on one host with this many processors, as the recorder's did with two.
    pub fn share_host(&mut self, processors: usize) {
        self.processors = vec![Time::ZERO; processors];
    }

    /// How long it takes until this many changes are taken in.
    fn service(&mut self, changes: u64) -> Span {
        let span = self.timing.service(changes);
        let now = self.now();
        match self.processors.iter_mut().min() {
            Some(until) => {
                *until = (*until).max(now) + span;
                until.since(now)
            }
            None => span,
        }
    }

    /// A number for a change on a server.
    fn next_csn(&mut self, replica: ReplicaIndex) -> Csn {
        let now = self.now();
        self.replica_mut(replica).generator.next(now)
    }
}

/// A pair in one order.
fn ordered(one: ServerIndex, other: ServerIndex) -> (ServerIndex, ServerIndex) {
    if one <= other { (one, other) } else { (other, one) }
}
