//! desru: an event is a boxed closure that gets the scheduler.

use std::cell::RefCell;
use std::rc::Rc;

use desru::EventScheduler;

use crate::model::{Change, Engine, Event, Outcome, Server, Setup};

struct World {
    servers: RefCell<Vec<Server>>,
    neighbors: Vec<[u16; 3]>,
}

struct Scheduling<'a> {
    scheduler: &'a mut EventScheduler,
    world: &'a Rc<World>,
    server: u16,
}

impl Scheduling<'_> {
    fn push(&mut self, server: u16, nanoseconds: u64, event: Event) {
        let world = Rc::clone(self.world);
        let action = Box::new(move |scheduler: &mut EventScheduler| {
            let mut engine = Scheduling { scheduler, world: &world, server };
            world.servers.borrow_mut()[usize::from(server)].handle(event, &mut engine);
            None
        });
        // Whole numbers of nanoseconds below 2^53: exact in an `f64`.
        self.scheduler.timeout(nanoseconds as f64, Some(action), None);
    }
}

impl Engine for Scheduling<'_> {
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        self.push(self.server, nanoseconds, event);
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        let neighbor = self.world.neighbors[usize::from(self.server)][place];
        self.push(neighbor, nanoseconds, Event::Arrive(change));
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let world = Rc::new(World {
        servers: RefCell::new(setup.build().expect("valid parameters")),
        neighbors: (0..setup.servers).map(|i| setup.neighbors(i)).collect(),
    });
    let mut scheduler = EventScheduler::new();
    for server in 0..setup.servers {
        let mut engine = Scheduling { scheduler: &mut scheduler, world: &world, server };
        world.servers.borrow_mut()[usize::from(server)].start(&mut engine);
    }
    let horizon = setup.horizon_nanoseconds() as f64;
    let ended = move |scheduler: &EventScheduler| {
        scheduler.event_queue.peek().is_none_or(|event| event.time > horizon)
    };
    // Its log of all events is switched off.
    scheduler.run(Box::new(ended), Some(Box::new(|_, _| false)));
    let servers = world.servers.borrow();
    Outcome::of(servers.iter().map(|server| (server.counts(), server.checksum())))
}
