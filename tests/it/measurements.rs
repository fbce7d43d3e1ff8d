//! Times and losses of the replication world against what was measured on real servers.
//!
//! One set of constants for all of them: `Timing::default()`.

use std::collections::BTreeMap;

use audit_core::model::Suffix;
use serde_json::Value;
use simulator::kernel::statistics::Observations;
use simulator::kernel::streams::Streams;
use simulator::kernel::time::{Span, Time};
use simulator::world::csn::Csn;
use simulator::world::tree::Operation;
use simulator::world::{ReplicaIndex, Timing, World};
use tests::reference;

use crate::fidelity::{skipped, text};

/// Servers joined as given, initialized, running for a while.
pub(crate) fn deployment(
    count: usize,
    segments: &[(usize, usize)],
    seed: u64,
    plant: impl FnOnce(&mut World),
) -> (World, Vec<ReplicaIndex>) {
    let mut world = World::new(Timing::default(), seed);
    plant(&mut world);
    world.share_host(1);
    let replicas: Vec<_> = (1..=count)
        .map(|number| {
            let server = world.add_server(&format!("s{number}"));
            world.add_replica(server, Suffix::Domain)
        })
        .collect();
    for (left, right) in segments {
        world.connect(replicas[*left], replicas[*right]);
    }
    world.initialize(Suffix::Domain);
    world.start_all();
    // Past the keep-alive writes.
    world.run_until(Time::from_millis(60_000));
    (world, replicas)
}

fn line(count: usize) -> Vec<(usize, usize)> {
    (1..count).map(|right| (right - 1, right)).collect()
}

fn measurements() -> Vec<Value> {
    let Some(reference) = reference() else {
        skipped();
        return Vec::new();
    };
    serde_json::from_str(&text(&reference.join("fidelity/measurements.json"))).expect("a list")
}

/// Median of a recorded number over the repetitions of a drill.
fn recorded(drill: &str, mode: &str, read: impl Fn(&Value) -> Option<f64>) -> Option<f64> {
    let all = measurements();
    let mut values: Vec<f64> = all
        .iter()
        .filter(|row| row["drill"] == drill && (mode.is_empty() || row["mode"] == mode))
        .filter_map(read)
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Writers write at these rates for a while; gives the acknowledged writes per writer.
fn write(
    world: &mut World,
    writers: &[(ReplicaIndex, f64)],
    span: Span,
    seed: u64,
) -> BTreeMap<ReplicaIndex, Vec<Csn>> {
    let start = world.now();
    let mut due = Vec::new();
    let mut phases = Streams::new(seed, 0).stream("writers", 0);
    for (writer, rate) in writers {
        #[expect(clippy::cast_sign_loss, reason = "spans and rates are not negative")]
        let count = (span.seconds_f64() * rate) as u64;
        let phase = phases.unit();
        for number in 0..count {
            let at = (number as f64 + phase) / rate;
            due.push((start + Span::from_seconds_f64(at), *writer));
        }
    }
    due.sort();
    let mut acked: BTreeMap<ReplicaIndex, Vec<Csn>> = BTreeMap::new();
    for (at, writer) in due {
        world.run_until(at);
        if let Ok(csn) = world.write(writer, Operation::KeepAlive) {
            acked.entry(writer).or_default().push(csn);
        }
    }
    world.run_until(start + span);
    acked
}

/// Median latency from s1 to the last of eight, in seconds, of one run.
fn chain(writers: &[usize], rate: f64, seconds: u64, seed: u64) -> f64 {
    let (mut world, servers) = deployment(8, &line(8), seed, |_| {});
    world.record_deliveries();
    let writers: Vec<_> = writers.iter().map(|index| (servers[*index], rate)).collect();
    let acked = write(&mut world, &writers, Span::from_seconds(seconds), seed);
    world.run_for(Span::from_seconds(240));
    let last = servers[7];
    let arrivals = world.deliveries().iter().filter(|delivery| delivery.replica == last);
    let mut latencies = Observations::new();
    for delivery in arrivals.filter(|delivery| delivery.csn.replica == world.id(servers[0])) {
        latencies.record(delivery.time.since(delivery.csn.time).millis());
    }
    assert_eq!(latencies.count(), acked[&servers[0]].len() as u64, "every write arrives once");
    latencies.median().expect("samples") as f64 / 1000.0
}

/// Runs behind a median.
const RUNS: u64 = 200;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Both within the factor, with a grain of a hundredth for what is near zero.
fn check_factor(what: &str, simulated: f64, recorded: f64, factor: f64) {
    let ratio = (simulated + 0.01) / (recorded + 0.01);
    assert!(
        (1.0 / factor..=factor).contains(&ratio),
        "{what}: simulated {simulated}, recorded {recorded}"
    );
}

fn check_chain(mode: &str, writers: &[usize], rate: f64, seconds: u64) {
    let read = |row: &Value| row["from_origin"]["s8"]["median"].as_f64();
    let Some(recorded) = recorded("chain-latency", mode, read) else { return };
    let runs = (0..RUNS).map(|seed| chain(writers, rate, seconds, seed)).collect();
    check_factor(mode, median(runs), recorded, 2.0);
}

#[test]
fn seven_hops_take_as_long_as_measured_at_2_writes_a_second() {
    check_chain("2ps_s1", &[0], 2.0, 12);
}

#[test]
fn seven_hops_take_as_long_as_measured_at_20_writes_a_second() {
    check_chain("20ps_s1", &[0], 20.0, 10);
}

#[test]
fn seven_hops_take_as_long_as_measured_at_full_speed() {
    check_chain("max_s1", &[0], 330.0, 8);
}

#[test]
fn seven_hops_take_as_long_as_measured_with_writes_at_both_ends() {
    check_chain("20ps_both_ends", &[0, 7], 20.0, 10);
}

#[test]
fn seven_hops_take_as_long_as_measured_with_writes_everywhere() {
    check_chain("10ps_all8", &[0, 1, 2, 3, 4, 5, 6, 7], 10.0, 10);
}

/// Kills s3 of a ring of four while all write; gives what it had acknowledged, what of it no
/// survivor holds, and the age of the oldest of these in seconds.
fn loss(rates: [f64; 4], seed: u64) -> (usize, usize, f64) {
    let ring = [(0, 1), (1, 2), (2, 3), (3, 0)];
    let (mut world, servers) = deployment(4, &ring, seed, |_| {});
    let writers: Vec<_> = servers.iter().copied().zip(rates).collect();
    let acked = write(&mut world, &writers, Span::from_millis(4300), seed);
    let killed = world.now();
    world.kill(world.server_of(servers[2]));
    let id = world.id(servers[2]);
    let kept =
        [0, 1, 3].map(|index| world.ruv(servers[index]).expect("data").max(id)).into_iter().max();
    let kept = kept.flatten();
    let own = &acked[&servers[2]];
    let lost: Vec<_> = own.iter().filter(|csn| Some(**csn) > kept).collect();
    let age = lost.first().map_or(0.0, |csn| killed.since(csn.time).seconds_f64());
    (own.len(), lost.len(), age)
}

fn check_loss(mode: &str, rates: [f64; 4], factor: f64) {
    let Some(recorded) = recorded("server-loss", mode, |row| row["lost"].as_f64()) else { return };
    let runs = (0..RUNS).map(|seed| loss(rates, seed).1 as f64).collect();
    check_factor(mode, median(runs), recorded, factor);
}

#[test]
fn a_lost_server_takes_as_many_writes_with_it_as_measured() {
    check_loss("low_5ps_each", [5.0; 4], 2.0);
    check_loss("max_on_lost_only", [0.0, 0.0, 350.0, 0.0], 2.0);
    // Recorded were 9, 41 and 166: the neighbors had waited for the receivers, or had not.
    check_loss("mid_50ps_each", [50.0; 4], 2.0);
    check_loss("max_on_all", [225.0; 4], 2.0);
}

/// What a lost server takes with it is a contiguous tail; its disk brings everything back.
pub(crate) fn check_tail(plant: impl Fn(&mut World)) -> Result<(), String> {
    let ring = [(0, 1), (1, 2), (2, 3), (3, 0)];
    for seed in 0..6 {
        let (mut world, servers) = deployment(4, &ring, seed, &plant);
        let rates = [20.0, 5.0, 80.0, 5.0];
        let writers: Vec<_> = servers.iter().copied().zip(rates).collect();
        let acked = write(&mut world, &writers, Span::from_millis(2000 + 37 * seed), seed);
        let lost = servers[2];
        world.kill(world.server_of(lost));
        world.run_for(Span::from_seconds(60));
        let own = &acked[&lost];
        for survivor in [servers[0], servers[1], servers[3]] {
            let log = &world.database(survivor).ok_or("no data")?.changelog;
            let kept: Vec<bool> = own.iter().map(|csn| log.contains(*csn)).collect();
            if kept.windows(2).any(|pair| !pair[0] && pair[1]) {
                return Err(format!("seed {seed}: a kept write is younger than a lost one"));
            }
            for other in [servers[0], servers[1], servers[3]] {
                if acked[&other].iter().any(|csn| !log.contains(*csn)) {
                    return Err(format!("seed {seed}: a survivor's write is missing"));
                }
            }
        }
        world.start(world.server_of(lost));
        world.run_for(Span::from_seconds(400));
        for server in &servers {
            let log = &world.database(*server).ok_or("no data")?.changelog;
            if own.iter().any(|csn| !log.contains(*csn)) {
                return Err(format!("seed {seed}: a write did not come back with the disk"));
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_lost_with_a_server_is_a_contiguous_tail() {
    check_tail(|_| {}).expect("the law of drill a");
}

/// `k` suppliers with 1600 / k waiting writes each, one receiver: catch-up in seconds and busy
/// answers.
pub(crate) fn contention(k: usize, seed: u64, plant: impl FnOnce(&mut World)) -> (f64, u64) {
    let star: Vec<_> = (1..=k).map(|supplier| (0, supplier)).collect();
    let (mut world, servers) = deployment(k + 1, &star, seed, plant);
    let (hub, suppliers) = servers.split_first().expect("a hub");
    let to_hub: Vec<_> = suppliers
        .iter()
        .map(|supplier| {
            world.disable(world.find_agreement(*hub, *supplier).expect("an agreement"));
            world.find_agreement(*supplier, *hub).expect("an agreement")
        })
        .collect();
    for agreement in &to_hub {
        world.disable(*agreement);
    }
    let mut newest = Vec::new();
    for supplier in suppliers {
        for _ in 0..1600 / k {
            newest.push(world.write(*supplier, Operation::KeepAlive).expect("a running server"));
            world.run_for(Span::from_millis(1));
        }
    }
    let before: u64 = to_hub.iter().map(|agreement| world.busy(*agreement)).sum();
    let start = world.now();
    for agreement in &to_hub {
        world.enable(*agreement);
    }
    world.record_deliveries();
    world.run_for(Span::from_seconds(120));
    let last = world.deliveries().iter().map(|delivery| delivery.time).max().expect("deliveries");
    let after: u64 = to_hub.iter().map(|agreement| world.busy(*agreement)).sum();
    (last.since(start).seconds_f64(), after - before)
}

/// The law of drill g.
pub(crate) fn check_contention(plant: impl Fn(&mut World)) -> Result<(), String> {
    for k in [4, 8] {
        for seed in 0..3 {
            let (_, busy) = contention(k, seed, &plant);
            let law = (k * (k - 1) / 2) as u64;
            if busy != law {
                return Err(format!("{k} suppliers, seed {seed}: busy {busy}, not {law}"));
            }
        }
    }
    Ok(())
}

#[test]
fn losers_of_a_receiver_retry_in_phase() {
    check_contention(|_| {}).expect("the law of drill g");
    for k in [4, 8] {
        let read = |row: &Value| row["catchup_s"].as_f64().filter(|_| row["k"] == k as u64);
        let Some(recorded) = recorded("contention", "", read) else { return };
        let runs = (0..9).map(|seed| contention(k, seed, |_| {}).0).collect();
        let simulated = median(runs);
        assert!((0.8..=1.2).contains(&(simulated / recorded)), "{k}: {simulated} {recorded}");
    }
}

/// Of two suppliers of one receiver the first has changes for 13 s, and is to yield after 6 s. The
/// second comes in at its next try, 3 s later at most.
pub(crate) fn check_yield(plant: impl FnOnce(&mut World)) -> Result<(), String> {
    let (mut world, servers) = deployment(3, &[(0, 1), (0, 2)], 4, plant);
    let release_timeout = Span::from_seconds(6);
    world.set_timing(Timing { release_timeout, ..*world.timing() });
    let [hub, long, short] = [servers[0], servers[1], servers[2]];
    let to_hub = [long, short].map(|from| world.find_agreement(from, hub).expect("an agreement"));
    for (from, agreement) in [long, short].into_iter().zip(to_hub) {
        world.disable(world.find_agreement(hub, from).expect("an agreement"));
        world.disable(agreement);
    }
    for (from, count) in [(long, 4000), (short, 10)] {
        for _ in 0..count {
            world.write(from, Operation::KeepAlive).map_err(|error| error.to_string())?;
        }
    }
    world.record_deliveries();
    let start = world.now();
    world.enable(to_hub[0]);
    world.run_for(Span::from_millis(100));
    world.enable(to_hub[1]);
    world.run_for(Span::from_seconds(60));
    let last = |from: ReplicaIndex| {
        let of =
            world.deliveries().iter().filter(|delivery| delivery.csn.replica == world.id(from));
        (of.clone().count(), of.map(|delivery| delivery.time.since(start)).max())
    };
    let [(first, end), (second, came)] = [last(long), last(short)];
    if (first, second) != (4000, 10) {
        return Err(format!("{first} of 4000 and {second} of 10 changes arrived"));
    }
    if came > Some(Span::from_millis(9600)) || came > end {
        return Err(format!("the second supplier came in after {came:?}"));
    }
    Ok(())
}

#[test]
fn a_long_session_yields_when_another_supplier_asks() {
    check_yield(|_| {}).expect("the release timeout");
}

/// A server that comes back is pushed to only at its neighbor's next try: 3, 6, 12, 24 s after the
/// try before (drill f).
pub(crate) fn check_backoff(plant: impl FnOnce(&mut World)) -> Result<(), String> {
    let (mut world, servers) = deployment(2, &[(0, 1)], 3, plant);
    let [supplier, consumer] = [servers[0], servers[1]];
    let host = world.server_of(consumer);
    world.kill(host);
    let written = world.write_entry(supplier, "waiting").map_err(|error| error.to_string())?;
    // Tries at 0, 3, 9, 21 and 45 s.
    world.run_for(Span::from_seconds(22));
    world.start(host);
    world.run_for(Span::from_seconds(22));
    if world.count(consumer, "waiting") != 0 {
        return Err(format!("{written} arrived before the neighbor's next try"));
    }
    world.run_for(Span::from_seconds(2));
    if world.count(consumer, "waiting") != 1 {
        return Err(format!("{written} did not arrive at the neighbor's next try"));
    }
    Ok(())
}

#[test]
fn a_server_that_comes_back_waits_for_its_neighbor() {
    check_backoff(|_| {}).expect("the law of drill f");
}
