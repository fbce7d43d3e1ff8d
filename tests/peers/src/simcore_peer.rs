//! simcore: every server is a component, every kind of event a type.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use simcore::{Event as Delivered, EventHandler, Id, Simulation, SimulationContext, cast};

use crate::model::{Change, Engine, Event, Outcome, Server, Setup};

#[derive(Clone, Serialize)]
struct Write {}

#[derive(Clone, Serialize)]
struct Arrive {
    origin: u16,
    number: u32,
}

#[derive(Clone, Serialize)]
struct Done {
    origin: u16,
    number: u32,
    epoch: u32,
}

#[derive(Clone, Serialize)]
struct Fail {}

#[derive(Clone, Serialize)]
struct Repair {}

struct Component {
    server: Server,
    links: Links,
}

struct Links {
    context: SimulationContext,
    neighbors: [Id; 3],
}

impl Engine for Links {
    // Whole numbers of nanoseconds below 2^53: exact in an `f64`.
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        let delay = nanoseconds as f64;
        match event {
            Event::Write => self.context.emit_self(Write {}, delay),
            Event::Arrive(Change { origin, number }) => {
                self.context.emit_self(Arrive { origin, number }, delay)
            }
            Event::Done(Change { origin, number }, epoch) => {
                self.context.emit_self(Done { origin, number, epoch }, delay)
            }
            Event::Fail => self.context.emit_self(Fail {}, delay),
            Event::Repair => self.context.emit_self(Repair {}, delay),
        };
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        let Change { origin, number } = change;
        self.context.emit(Arrive { origin, number }, self.neighbors[place], nanoseconds as f64);
    }
}

impl EventHandler for Component {
    fn on(&mut self, event: Delivered) {
        // The most frequent ones first: the macro tries one after the other.
        cast!(match event.data {
            Arrive { origin, number } => {
                self.server.handle(Event::Arrive(Change { origin, number }), &mut self.links)
            }
            Done { origin, number, epoch } => {
                self.server.handle(Event::Done(Change { origin, number }, epoch), &mut self.links)
            }
            Write {} => {
                self.server.handle(Event::Write, &mut self.links)
            }
            Fail {} => {
                self.server.handle(Event::Fail, &mut self.links)
            }
            Repair {} => {
                self.server.handle(Event::Repair, &mut self.links)
            }
        })
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let mut simulation = Simulation::new(setup.seed);
    // Names get numbers in the order in which they are seen.
    let names: Vec<String> = (0..setup.servers).map(|number| format!("server-{number}")).collect();
    let contexts: Vec<_> = names.iter().map(|name| simulation.create_context(name)).collect();
    let ids: Vec<Id> = contexts.iter().map(SimulationContext::id).collect();
    let mut components = Vec::new();
    let servers = setup.build().expect("valid parameters");
    for ((server, context), number) in servers.into_iter().zip(contexts).zip(0..) {
        let neighbors = setup.neighbors(number).map(|neighbor| ids[usize::from(neighbor)]);
        let component =
            Rc::new(RefCell::new(Component { server, links: Links { context, neighbors } }));
        simulation.add_handler(&names[usize::from(number)], component.clone());
        components.push(component);
    }
    for component in &components {
        let Component { server, links } = &mut *component.borrow_mut();
        server.start(links);
    }
    simulation.step_until_time(setup.horizon_nanoseconds() as f64);
    Outcome::of(components.iter().map(|component| {
        let server = &component.borrow().server;
        (server.counts(), server.checksum())
    }))
}
