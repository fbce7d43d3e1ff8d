//! The simulator's kernel, with everything on: keys, late events, and the trace's fingerprint.

use simulator::kernel::queue::Queue;
use simulator::kernel::time::{Span, Time};
use simulator::kernel::trace::{Digest, Record, Trace};

use crate::model::{Change, Engine, Event, Outcome, Setup};

/// The kernel's unit is whatever the model takes for it; here it is the nanosecond.
struct Simulation {
    queue: Queue<(u16, Event)>,
    server: u16,
    neighbors: [u16; 3],
}

impl Engine for Simulation {
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        self.queue.schedule_after(Span::from_millis(nanoseconds), (self.server, event));
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        let arrival = (self.neighbors[place], Event::Arrive(change));
        self.queue.schedule_after(Span::from_millis(nanoseconds), arrival);
    }
}

/// An event in the trace.
struct Happened(u16, Event);

impl Record for Happened {
    fn words(&self, digest: &mut Digest) {
        let [kind, change] = self.1.words();
        digest.word(u64::from(self.0) << 48 | kind);
        digest.word(change);
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let mut servers = setup.build().expect("valid parameters");
    let neighbors: Vec<[u16; 3]> = (0..setup.servers).map(|i| setup.neighbors(i)).collect();
    let mut engine = Simulation { queue: Queue::new(), server: 0, neighbors: [0; 3] };
    let mut trace = Trace::new();
    for (number, server) in (0..).zip(&mut servers) {
        engine.server = number;
        server.start(&mut engine);
    }
    let horizon = Time::from_millis(setup.horizon_nanoseconds());
    while let Some((time, (number, event))) = engine.queue.pop_until(horizon) {
        trace.record(time, Happened(number, event));
        engine.server = number;
        engine.neighbors = neighbors[usize::from(number)];
        servers[usize::from(number)].handle(event, &mut engine);
    }
    let outcome = Outcome::of(servers.iter().map(|server| (server.counts(), server.checksum())));
    assert_eq!(trace.events(), outcome.counts.events);
    // Printed by nobody, but asked for: it must not be optimized away.
    std::hint::black_box(trace.fingerprint());
    outcome
}
