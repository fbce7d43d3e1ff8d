//! Measures a trial of the simulator: 60 servers, thirty days, one disaster.
//!
//! ```text
//! cargo bench --bench replication
//! ```
//!
//! The trial is `wasm::simulation::replication`, whose fingerprints the suite compares between
//! builds; building the deployment and taking the fingerprint are part of the time. The mean is in
//! processor time over all trials, the median in wall time. A missed goal ends the program with
//! code 1.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reads clocks and prints its table"
)]

use std::fs;
use std::time::{Duration, Instant};

use wasm::simulation::replication;

const TRIALS: u32 = 41;
const GOAL: Duration = Duration::from_millis(100);

fn main() {
    replication::run(0).expect("a running server takes writes");
    let before = processor_time();
    let mut wall: Vec<Duration> = (1..=TRIALS)
        .map(|seed| {
            let started = Instant::now();
            replication::run(seed.into()).expect("a running server takes writes");
            started.elapsed()
        })
        .collect();
    let mean = processor_time().saturating_sub(before) / TRIALS;
    wall.sort();
    let (first, median, last) = (wall[0], wall[wall.len() / 2], wall[wall.len() - 1]);
    println!("60 servers, 30 simulated days, one disaster, {TRIALS} trials");
    println!("processor time {mean:.1?} each; goal: under {GOAL:?}");
    println!("wall time, median {median:.1?} ({first:.1?} to {last:.1?})");
    if mean >= GOAL {
        println!("MISSED");
        std::process::exit(1);
    }
}

/// What this process has spent, as the system's scheduler counts it.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}
