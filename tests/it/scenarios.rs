//! Documented scenarios, the background load, and the two modes of the world.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::Suffix;
use quickcheck::{Arbitrary, Gen, QuickCheck};
use simulator::kernel::time::{Span, Time};
use simulator::world::copies::{RestoreKind, Service};
use simulator::world::csn::ReplicaId;
use simulator::world::load::{Load, Range};
use simulator::world::tree::{NewEntry, Operation, ROOT};
use simulator::world::{ReplicaIndex, Status, Timing, World};

use crate::measurements::deployment;

fn add_user(world: &mut World, on: ReplicaIndex, name: &str) {
    let entry = NewEntry {
        parent: ROOT,
        name: format!("uid={name}"),
        group: Some("users".into()),
        attributes: Vec::new(),
    };
    world.write(on, Operation::Add(entry)).expect("a running server");
    world.run_for(Span::from_seconds(5));
}

fn users(world: &World, on: ReplicaIndex) -> BTreeSet<String> {
    let tree = &world.database(on).expect("data").tree;
    tree.group("users").map(|(id, _)| tree.path(id).replace("uid=", "")).collect()
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into_iter().collect()
}

/// B17: the trace of FreeIPA's own test of backup and restore with a replica.
#[test]
fn a_restored_backup_is_quarantined_until_the_replica_is_reinitialized() {
    let (mut world, servers) = deployment(2, &[(0, 1)], 5, |_| {});
    let [master, replica] = [servers[0], servers[1]];
    let host = world.server_of(master);
    add_user(&mut world, master, "admin");
    add_user(&mut world, master, "test1_master");
    add_user(&mut world, replica, "test1_replica");
    let backup = world.copy(host);
    for user in world.entry_ids(master, "users").into_iter().skip(1) {
        world.write(master, Operation::Delete(user)).expect("a running server");
    }
    add_user(&mut world, master, "test2_master");
    add_user(&mut world, replica, "test2_replica");
    let before = names(["admin", "test2_master", "test2_replica"]);
    assert_eq!(users(&world, master), before);
    assert_eq!(users(&world, replica), before);

    world.kill(host);
    world.begin_restore(host, Service::Offline);
    world.end_restore(&backup, RestoreKind::LdifRuvRemoved, Service::Offline, false);
    assert_eq!(users(&world, master), names(["admin", "test1_master", "test1_replica"]));
    add_user(&mut world, master, "test3_master");
    add_user(&mut world, replica, "test3_replica");
    let between = [(master, replica), (replica, master)]
        .map(|(from, to)| world.find_agreement(from, to).expect("an agreement"));
    assert_eq!(between.map(|agreement| world.status(agreement).error()), [19, 19]);
    let master_only = names(["admin", "test1_master", "test1_replica", "test3_master"]);
    assert_eq!(users(&world, master), master_only);
    let replica_only = names(["admin", "test2_master", "test2_replica", "test3_replica"]);
    assert_eq!(users(&world, replica), replica_only);

    assert!(world.reinitialize(between[0]));
    world.run_for(Span::from_seconds(20));
    assert_eq!(users(&world, replica), master_only);
    add_user(&mut world, master, "test4_master");
    add_user(&mut world, replica, "test4_replica");
    let both = names([
        "admin",
        "test1_master",
        "test1_replica",
        "test3_master",
        "test4_master",
        "test4_replica",
    ]);
    assert_eq!(users(&world, master), both);
    assert_eq!(users(&world, replica), both);
    assert_eq!(between.map(|agreement| world.status(agreement)), [Status::Ok; 2]);
}

/// Three servers in a row that write every 20 s; the last one is away for ten days, longer than
/// the changelog's age, and comes back. Gives how many of the first server's writes of this time
/// it lacks, and what the agreement to it says.
fn away_for_ten_days(is_rolled_back: bool) -> (u64, Status) {
    let (mut world, servers) = deployment(3, &[(0, 1), (1, 2)], 11, |_| {});
    for server in &servers {
        world.set_load(*server, Span::from_seconds(20));
    }
    world.run_for(Span::from_minutes(5));
    let host = world.server_of(servers[2]);
    let copy = world.copy(host);
    if !is_rolled_back {
        world.stop(host);
    }
    let back = world.now() + Span::from_days(10);
    while !world.skip_to(back) {
        world.run_for(Span::from_seconds(1));
    }
    if is_rolled_back {
        world.begin_restore(host, Service::Offline);
        world.end_restore(&copy, RestoreKind::ColdCopy, Service::Offline, false);
    } else {
        world.start(host);
    }
    world.run_for(Span::from_minutes(30));
    let lacks = world.held(servers[0], servers[0]) - world.held(servers[2], servers[0]);
    let agreement = world.find_agreement(servers[1], servers[2]).expect("an agreement");
    (lacks, world.status(agreement))
}

/// B24 and B27.
#[test]
fn a_rolled_back_server_is_stuck_where_an_absent_one_catches_up() {
    let (lacks, status) = away_for_ten_days(false);
    assert!(lacks <= 1, "an absent server lacks {lacks} writes");
    assert!(matches!(status, Status::Ok | Status::Busy));
    let (lacks, status) = away_for_ten_days(true);
    assert!(lacks > 40_000, "a rolled back server lacks only {lacks} writes");
    assert_eq!(status, Status::Stuck);
}

/// A ring of five in which somebody wrote; gives the number of events that wait a minute later.
fn pending_when_idle(keep_alive_interval: Span) -> usize {
    let ring = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)];
    let (mut world, servers) = deployment(5, &ring, 2, |world| {
        world.set_timing(Timing { keep_alive_interval, ..Timing::default() });
    });
    world.write_entry(servers[0], "group").expect("a running server");
    world.run_for(Span::from_minutes(1));
    assert!(servers.iter().all(|server| world.count(*server, "group") == 1));
    world.pending()
}

#[test]
fn a_healthy_deployment_without_load_schedules_nothing() {
    assert_eq!(pending_when_idle(Span::ZERO), 0);
    // The hourly keep-alive write of each server.
    assert_eq!(pending_when_idle(Span::from_hours(1)), 5);
}

/// Four to eight servers, joined at random, each with a load of its own.
#[derive(Clone, Debug)]
struct Loaded {
    /// For each server but the first: one before it that it is joined to.
    parents: Vec<usize>,
    /// One more segment.
    more: (usize, usize),
    /// Milliseconds between two writes, per server.
    periods: Vec<u64>,
    seed: u64,
}

impl Arbitrary for Loaded {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = 4 + usize::arbitrary(g) % 5;
        Self {
            parents: (1..count).map(|server| usize::arbitrary(g) % server).collect(),
            more: (usize::arbitrary(g) % count, usize::arbitrary(g) % count),
            // Nothing that the retry of 3 s falls in step with.
            periods: (0..count)
                .filter_map(|_| g.choose(&[1700, 2300, 4100, 4700, 5300, 7100, 7900]).copied())
                .collect(),
            seed: u64::arbitrary(g),
        }
    }
}

impl Loaded {
    fn world(&self) -> (World, Vec<ReplicaIndex>) {
        let mut segments: Vec<_> =
            self.parents.iter().enumerate().map(|(child, parent)| (*parent, child + 1)).collect();
        if self.more.0 != self.more.1 {
            segments.push(self.more);
        }
        let mut world = World::new(Timing::default(), self.seed);
        let servers: Vec<_> = (0..self.periods.len())
            .map(|number| {
                let server = world.add_server(&format!("s{number}"));
                world.add_replica(server, Suffix::Domain)
            })
            .collect();
        for (left, right) in segments {
            world.connect(servers[left], servers[right]);
        }
        world.initialize(Suffix::Domain);
        world.start_all();
        world.run_until(Time::from_millis(60_000));
        for (server, period) in servers.iter().zip(&self.periods) {
            world.set_load(*server, Span::from_millis(*period));
        }
        (world, servers)
    }
}

type Held = BTreeMap<(ReplicaIndex, ReplicaIndex), u64>;

fn held(world: &World, servers: &[ReplicaIndex]) -> Held {
    let pairs = servers.iter().flat_map(|on| servers.iter().map(move |of| (*on, *of)));
    pairs.map(|(on, of)| ((on, of), world.held(on, of))).collect()
}

/// The same deployment, event by event and in closed form; after a while clients change servers.
fn modes_agree(loaded: Loaded) -> bool {
    let (mut events, servers) = loaded.world();
    let mut closed = events.clone();
    for turn in 0..2 {
        let end = events.now() + Span::from_minutes(3);
        events.run_until(end);
        while !closed.skip_to(end) {
            closed.run_for(Span::from_millis(100));
        }
        // While it runs, events are behind by busy receivers: mostly a wait of three seconds or
        // some, in one of some thousand deployments close to a minute.
        let (one, other) = (held(&events, &servers), held(&closed, &servers));
        let shortest = loaded.periods.iter().min().expect("a server");
        let near = one.iter().all(|(pair, count)| {
            let period = if turn == 0 { loaded.periods[pair.1.number()] } else { *shortest };
            let slack = 90_000 / period + 1;
            *count <= other[pair] + slack && other[pair] <= *count + slack
        });
        assert!(near, "{loaded:?}\n{one:?}\n{other:?}");
        for world in [&mut events, &mut closed] {
            for (server, period) in servers.iter().zip(loaded.periods.iter().rev()) {
                world.set_load(*server, Span::from_millis(*period));
            }
        }
    }
    // Behind the last write both hold the same, without holes.
    for world in [&mut events, &mut closed] {
        for server in &servers {
            world.stop_load(*server);
        }
        world.run_for(Span::from_minutes(2));
    }
    let whole = |world: &World| {
        servers.iter().all(|server| {
            let data = world.database(*server).expect("data");
            data.held.values().all(|ranges| ranges.gaps() == 0)
                && data.ruv == world.database(servers[0]).expect("data").ruv.clone()
        })
    };
    assert!(whole(&events), "events: {loaded:?}");
    assert!(whole(&closed), "closed form: {loaded:?}");
    true
}

/// A deployment behind a disaster that leaves agreements stuck, refused or off.
#[derive(Clone, Debug)]
struct Harmed {
    loaded: Loaded,
    victim: usize,
    harm: Harm,
}

/// What happens to the victim.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// It comes back from a copy of its disk, and its keep-alive write before its neighbors.
    Hole,
    /// It comes back from a copy of its disk.
    RolledBack,
    /// It comes back with a new generation.
    NewGeneration,
    /// Its suffix is empty: it is killed in a total update.
    Empty,
    /// It stays down.
    Lost,
    /// Its own agreements are disabled.
    Mute,
}

impl Arbitrary for Harmed {
    fn arbitrary(g: &mut Gen) -> Self {
        use Harm::{Empty, Hole, Lost, Mute, NewGeneration, RolledBack};
        let loaded = Loaded::arbitrary(g);
        let victim = usize::arbitrary(g) % loaded.periods.len();
        let harms = [Hole, Hole, RolledBack, NewGeneration, Empty, Lost, Mute];
        Self { loaded, victim, harm: *g.choose(&harms).expect("some") }
    }
}

impl Harmed {
    fn world(&self) -> (World, Vec<ReplicaIndex>) {
        let (mut world, servers) = self.loaded.world();
        let host = world.server_of(servers[self.victim]);
        world.run_for(Span::from_minutes(1));
        let copy = world.copy(host);
        world.run_for(Span::from_minutes(1));
        let own = world.outgoing(host);
        match self.harm {
            Harm::Hole => {
                for agreement in world.incoming(host) {
                    world.disable(agreement);
                }
                world.begin_restore(host, Service::Offline);
                world.end_restore(&copy, RestoreKind::ColdCopy, Service::Offline, true);
                world.run_for(Span::from_seconds(40));
                for agreement in own.into_iter().chain(world.incoming(host)) {
                    world.enable(agreement);
                }
            }
            Harm::RolledBack => {
                world.begin_restore(host, Service::Offline);
                world.end_restore(&copy, RestoreKind::ColdCopy, Service::Offline, false);
            }
            Harm::NewGeneration => {
                world.begin_restore(host, Service::Online);
                world.end_restore(&copy, RestoreKind::LdifRuvRemoved, Service::Online, false);
            }
            Harm::Empty => {
                let incoming = world.incoming(host);
                assert!(world.reinitialize(incoming[0]));
                while world.database(servers[self.victim]).is_some() {
                    world.run_for(Span::from_millis(100));
                }
                world.kill(host);
                world.start(host);
            }
            Harm::Lost => world.kill(host),
            Harm::Mute => own.into_iter().for_each(|agreement| world.disable(agreement)),
        }
        (world, servers)
    }
}

/// Behind a disaster, too, the same deployment comes out event by event and in closed form.
fn modes_agree_behind_a_disaster(harmed: Harmed) -> bool {
    let (mut events, servers) = harmed.world();
    let limit = events.now() + Span::from_hours(2);
    while !events.is_steady() && events.now() < limit {
        events.run_for(Span::from_millis(500));
    }
    let mut closed = events.clone();
    let end = events.now() + Span::from_minutes(70);
    assert!(closed.skip_to(end), "{harmed:?} never gets steady");
    events.run_until(end);
    let (one, other) = (held(&events, &servers), held(&closed, &servers));
    let near = one.iter().all(|(pair, count)| {
        let slack = 40_000 / harmed.loaded.periods[pair.1.number()] + 1;
        *count <= other[pair] + slack && other[pair] <= *count + slack
    });
    for world in [&mut events, &mut closed] {
        for server in &servers {
            world.stop_load(*server);
        }
        world.run_for(Span::from_minutes(10));
    }
    let classes = |world: &World| -> Vec<_> {
        world.agreements().map(|index| (index, world.status(index).class())).collect()
    };
    assert!(near, "{harmed:?}\n{one:?}\n{other:?}");
    assert_eq!(held(&events, &servers), held(&closed, &servers), "{harmed:?}");
    assert_eq!(classes(&events), classes(&closed), "{harmed:?}");
    true
}

#[test]
fn closed_form_and_events_agree_behind_a_disaster() {
    let law = modes_agree_behind_a_disaster as fn(Harmed) -> bool;
    QuickCheck::new().rng(Gen::from_size_and_seed(100, 2026)).tests(40).quickcheck(law);
}

#[test]
fn closed_form_and_events_agree() {
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 2026))
        .tests(30)
        .quickcheck(modes_agree as fn(Loaded) -> bool);
}

/// Background load with changes of rhythm, counted write by write: what the closed form says of
/// numbers and times of writes is so.
#[test]
fn load_counts_like_somebody_who_counts() {
    fn law(first: u16, period: u16, changes: Vec<(u16, u8, u16)>, looks: Vec<(u16, u8)>) -> bool {
        let millis = |number: u64| Time::from_millis(number);
        let first = u64::from(first % 500);
        let mut period = u64::from(period % 300).max(1);
        let mut load = Load::new(millis(first), Span::from_millis(period));
        let (mut writes, mut next, mut now) = (Vec::new(), first, 0);
        let mut count_until = |until: u64, next: &mut u64, period: u64| {
            while *next <= until {
                writes.push(*next);
                *next += period;
            }
        };
        for (after, phase, other) in changes.into_iter().take(8) {
            now += u64::from(after % 2000);
            count_until(now, &mut next, period);
            period = u64::from(other % 300).max(1);
            let phase = u64::from(phase);
            load = load.changed(millis(now), Span::from_millis(phase), Span::from_millis(period));
            next = now + phase.max(1);
        }
        // As far as anything below looks.
        count_until(now + 300 * 600, &mut next, period);
        let of = ReplicaId(1);
        looks.into_iter().all(|(time, number)| {
            let (time, number) = (u64::from(time), usize::from(number));
            let count = writes.partition_point(|write| *write <= time);
            let before = writes.partition_point(|write| *write < time);
            let range = Range { from: millis(time), upto: millis(time + 777) };
            let inside = writes.partition_point(|write| *write <= time + 777) - before;
            load.count_until(millis(time)) == count as u64
                && load.next(millis(time)) == millis(writes[count])
                && load.newest(millis(time), of).map(|csn| csn.time)
                    == count.checked_sub(1).map(|at| millis(writes[at]))
                && load.nth(millis(time), number as u64)
                    == millis(writes[before + number.max(1) - 1])
                && load.count(range) == inside as u64
                && load.next_from_start() == millis(writes[0])
        })
    }
    type Changes = Vec<(u16, u8, u16)>;
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(30, 7))
        .tests(3000)
        .quickcheck(law as fn(u16, u16, Changes, Vec<(u16, u8)>) -> bool);
}
