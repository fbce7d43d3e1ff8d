//! Sixty servers for thirty days, with one disaster: on day 15 a server is lost. Half an hour later
//! it comes back from a copy of its disk that is three days old, as a restored snapshot of a
//! virtual machine does, takes writes, and gets stuck. A minute later a neighbor re-initializes it.
//!
//! Suffix `domain` is on all servers, in a ring with chords; suffix `ca` on every third, in a ring.
//! The writes are 0.02 per second in `domain` and 0.001 per second in `ca`, the same number on
//! every server. The disaster is simulated event by event, the time before and behind it in closed
//! form.

use audit_core::model::Suffix;
use simulator::kernel::time::{Span, Time};
use simulator::kernel::trace::{Digest, Fingerprint};
use simulator::world::copies::{RestoreKind, Service};
use simulator::world::ruv::Ruv;
use simulator::world::{Refused, ReplicaIndex, ServerIndex, Timing, World};

const SERVERS: usize = 60;
/// The copy is taken.
const COPY: Span = Span::from_days(12);
/// The server is lost.
const LOSS: Span = Span::from_days(15);
/// From the loss to the restored server's start.
const REPAIR: Span = Span::from_minutes(30);
/// From the restored server's start to its re-initialization.
const NOTICE: Span = Span::from_minutes(1);
/// Event by event from this long before the loss and the restore.
const BEFORE: Span = Span::from_seconds(10);
const HORIZON: Span = Span::from_days(30);
/// Tracked entries, added just before the loss: on the lost server, on a neighbor, far away.
const WRITERS: [usize; 3] = [LOST, NEIGHBOR, 40];
const LOST: usize = 7;
const NEIGHBOR: usize = 8;
const GROUP: &str = "before-the-loss";

/// The world and where things are in it.
struct Deployment {
    world: World,
    servers: Vec<ServerIndex>,
    domain: Vec<ReplicaIndex>,
}

/// Runs it.
///
/// # Errors
///
/// If a write is refused, which a running server does not do.
pub fn run(seed: u64) -> Result<Fingerprint, Refused> {
    let Deployment { mut world, servers, domain } = deploy(seed);
    settle(&mut world);
    pass(&mut world, COPY);
    let lost = servers.get(LOST).copied().ok_or(Refused::NotInService)?;
    let copy = world.copy(lost);
    pass(&mut world, Span::from_millis(LOSS.millis() - BEFORE.millis()));
    world.run_for(BEFORE);
    for writer in WRITERS.iter().filter_map(|number| domain.get(*number)) {
        world.write_entry(*writer, GROUP)?;
    }
    // Long enough for one hop only.
    world.run_for(Span::from_millis(50));
    world.kill(lost);
    settle(&mut world);
    pass(&mut world, LOSS + REPAIR);
    world.begin_restore(lost, Service::Offline);
    world.end_restore(&copy, RestoreKind::ColdCopy, Service::Offline, false);
    world.run_for(NOTICE);
    let ends = domain.get(NEIGHBOR).zip(domain.get(LOST));
    if let Some(index) = ends.and_then(|(from, to)| world.find_agreement(*from, *to)) {
        world.reinitialize(index);
    }
    settle(&mut world);
    pass(&mut world, HORIZON);
    Ok(fingerprint(&world, &domain))
}

fn deploy(seed: u64) -> Deployment {
    let mut world = World::new(Timing::default(), seed);
    let servers: Vec<ServerIndex> = (0..SERVERS)
        .map(|number| world.add_server(&format!("ipa{number:02}.example.test")))
        .collect();
    let mut add = |suffix, step| -> Vec<ReplicaIndex> {
        let some = servers.iter().step_by(step);
        some.map(|server| world.add_replica(*server, suffix)).collect()
    };
    let (domain, ca) = (add(Suffix::Domain, 1), add(Suffix::Ca, 3));
    world.initialize(Suffix::Domain);
    world.initialize(Suffix::Ca);
    for ring in [&domain, &ca] {
        for (left, right) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            world.connect(*left, *right);
        }
    }
    let (half, other) = domain.split_at(SERVERS / 2);
    for (left, right) in half.iter().zip(other) {
        world.connect(*left, *right);
    }
    world.start_all();
    for (replicas, between_writes) in [(&domain, 50), (&ca, 1000)] {
        for replica in replicas {
            let period = Span::from_seconds(between_writes).times(replicas.len() as u64);
            world.set_load(*replica, period);
            // So that they do not all write at the same time.
            world.run_for(Span::from_millis(500));
        }
    }
    Deployment { world, servers, domain }
}

/// Runs event by event until only background load is under way, but at most for an hour.
fn settle(world: &mut World) {
    let end = world.now() + Span::from_hours(1);
    while world.now() < end && !world.is_steady() {
        world.run_for(Span::from_seconds(1));
    }
}

/// Lets time pass until so long after the start, at once if that is possible.
fn pass(world: &mut World, since_start: Span) {
    let time = Time::ZERO + since_start;
    if !world.skip_to(time) {
        world.run_until(time);
    }
}

/// All that an observer can read at the end.
fn fingerprint(world: &World, replicas: &[ReplicaIndex]) -> Fingerprint {
    let mut digest = Digest::new();
    digest.word(world.now().millis());
    digest.word(world.events());
    for index in world.agreements() {
        digest.text(&format!("{:?}", world.status(index)));
        digest.word(world.sessions(index));
        digest.word(world.busy(index));
    }
    for replica in replicas {
        digest.word(world.generation(*replica).map_or(0, |generation| generation.0.into()));
        digest.word(world.count(*replica, GROUP) as u64);
        for (origin, known) in world.ruv(*replica).into_iter().flat_map(Ruv::iter) {
            digest.word(origin.0.into());
            for csn in [known.min, known.max] {
                digest.word(csn.time.millis());
                digest.word(csn.sequence.into());
            }
        }
        for origin in replicas {
            digest.word(world.held(*replica, *origin));
        }
    }
    digest.fingerprint()
}
