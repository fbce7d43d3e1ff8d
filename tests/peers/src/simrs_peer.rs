//! simrs: every server is a component; its state lies in a store of values.

use std::time::Duration;

use simrs::{Component, ComponentId, Executor, Key, Scheduler, Simulation, State};

use crate::model::{Change, Engine, Event, Outcome, Server, Setup};

/// The component; what it changes is in the store.
struct Node(Key<Stored>);

struct Stored {
    server: Server,
    /// Filled in when all components are known.
    neighbors: Vec<ComponentId<Event>>,
}

struct Scheduling<'a> {
    scheduler: &'a mut Scheduler,
    this: ComponentId<Event>,
    neighbors: &'a [ComponentId<Event>],
}

impl Engine for Scheduling<'_> {
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        self.scheduler.schedule(Duration::from_nanos(nanoseconds), self.this, event);
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        let (delay, event) = (Duration::from_nanos(nanoseconds), Event::Arrive(change));
        self.scheduler.schedule(delay, self.neighbors[place], event);
    }
}

impl Component for Node {
    type Event = Event;

    fn process_event(
        &self,
        this: ComponentId<Event>,
        event: &Event,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        let Stored { server, neighbors } = state.get_mut(self.0).expect("inserted at the start");
        server.handle(*event, &mut Scheduling { scheduler, this, neighbors });
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let mut simulation = Simulation::default();
    let mut nodes = Vec::new();
    for server in setup.build().expect("valid parameters") {
        let key = simulation.state.insert(Stored { server, neighbors: Vec::new() });
        nodes.push((simulation.add_component(Node(key)), key));
    }
    for (number, (this, key)) in (0..).zip(&nodes) {
        let stored = simulation.state.get_mut(*key).expect("inserted above");
        stored.neighbors =
            setup.neighbors(number).iter().map(|other| nodes[usize::from(*other)].0).collect();
        let Stored { server, neighbors } = stored;
        let scheduler = &mut simulation.scheduler;
        server.start(&mut Scheduling { scheduler, this: *this, neighbors });
    }
    simulation.execute(Executor::timed(Duration::from_nanos(setup.horizon_nanoseconds())));
    Outcome::of(nodes.iter().map(|(_, key)| {
        let server = &simulation.state.get(*key).expect("inserted above").server;
        (server.counts(), server.checksum())
    }))
}
