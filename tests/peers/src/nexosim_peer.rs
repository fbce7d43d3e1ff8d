//! nexosim, one thread: every server is an isolated model with three outputs.
//!
//! A model can only delay events to itself, so a change travels as an event to itself and then a
//! message: two operations of the engine for one arrival.

use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::model::{Change, Counts, Engine, Event, Outcome, Server, Setup};

#[derive(Default, Serialize, Deserialize)]
struct Node {
    /// nexosim can save models; this one never is.
    #[serde(skip)]
    server: Option<Server>,
    outputs: [Output<Change>; 3],
}

struct Scheduling<'a>(&'a Context<Node>);

impl Engine for Scheduling<'_> {
    fn to_self(&mut self, nanoseconds: u64, event: Event) {
        let delay = Duration::from_nanos(nanoseconds);
        self.0.schedule_event(delay, schedulable!(Node::happen), event).expect("in the future");
    }

    fn to_neighbor(&mut self, place: usize, nanoseconds: u64, change: Change) {
        let delay = Duration::from_nanos(nanoseconds);
        let message = (place, change);
        self.0.schedule_event(delay, schedulable!(Node::send), message).expect("in the future");
    }
}

#[Model]
impl Node {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        self.server().start(&mut Scheduling(context));
    }

    #[nexosim(schedulable)]
    fn happen(&mut self, event: Event, context: &Context<Self>) {
        self.server().handle(event, &mut Scheduling(context));
    }

    #[nexosim(schedulable)]
    async fn send(&mut self, message: (usize, Change)) {
        let (place, change) = message;
        self.outputs[place].send(change).await;
    }

    fn arrive(&mut self, change: Change, context: &Context<Self>) {
        self.server().handle(Event::Arrive(change), &mut Scheduling(context));
    }

    async fn report(&mut self) -> (Counts, u64) {
        let server = self.server();
        (server.counts(), server.checksum())
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("set before the start")
    }
}

/// Runs the model.
pub fn run(setup: Setup) -> Outcome {
    let servers = setup.build().expect("valid parameters");
    let mailboxes: Vec<Mailbox<Node>> = servers.iter().map(|_| Mailbox::new()).collect();
    let addresses: Vec<_> = mailboxes.iter().map(Mailbox::address).collect();
    let mut bench = SimInit::with_num_threads(1);
    let mut reports = Vec::new();
    for ((server, mailbox), number) in servers.into_iter().zip(mailboxes).zip(0..) {
        let mut node = Node { server: Some(server), ..Node::default() };
        for (output, neighbor) in node.outputs.iter_mut().zip(setup.neighbors(number)) {
            output.connect(Node::arrive, &addresses[usize::from(neighbor)]);
        }
        reports.push(QuerySource::new().connect(Node::report, &mailbox).register(&mut bench));
        bench = bench.add_model(node, mailbox, &format!("server-{number}"));
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a bench");
    let horizon = Duration::from_nanos(setup.horizon_nanoseconds());
    simulation.step_until(horizon).expect("models that do not block");
    let outcomes: Vec<(Counts, u64)> = reports
        .iter()
        .map(|report| simulation.process_query(report, ()).expect("a connected model"))
        .collect();
    Outcome::of(outcomes.into_iter())
}
