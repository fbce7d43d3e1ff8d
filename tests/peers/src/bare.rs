//! The least that a simulation can be: std's heap in a loop.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::{Change, Engine, Event, Outcome, Setup};

struct Entry {
    time: u64,
    order: u64,
    server: u16,
    event: Event,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.order).cmp(&(self.time, self.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

#[derive(Default)]
struct Loop {
    heap: BinaryHeap<Entry>,
    now: u64,
    order: u64,
    server: u16,
    neighbors: [u16; 3],
}

impl Loop {
    fn push(&mut self, server: u16, nanoseconds: u64, event: Event) {
        self.order += 1;
        let time = self.now + nanoseconds;
        self.heap.push(Entry { time, order: self.order, server, event });
    }
}

impl Engine for Loop {
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        self.push(self.server, nanoseconds, event);
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        self.push(self.neighbors[place], nanoseconds, Event::Arrive(change));
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let mut servers = setup.build().expect("valid parameters");
    let neighbors: Vec<[u16; 3]> = (0..setup.servers).map(|i| setup.neighbors(i)).collect();
    let mut engine = Loop::default();
    for (number, server) in (0..).zip(&mut servers) {
        engine.server = number;
        server.start(&mut engine);
    }
    let horizon = setup.horizon_nanoseconds();
    while engine.heap.peek().is_some_and(|entry| entry.time <= horizon) {
        let Some(entry) = engine.heap.pop() else { break };
        engine.now = entry.time;
        engine.server = entry.server;
        engine.neighbors = neighbors[usize::from(entry.server)];
        servers[usize::from(entry.server)].handle(entry.event, &mut engine);
    }
    Outcome::of(servers.iter().map(|server| (server.counts(), server.checksum())))
}
