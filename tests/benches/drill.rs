//! Measures drills on 60 servers with two suffixes: one server, a data center, deleted data.
//!
//! ```text
//! cargo bench --bench drill
//! ```
//!
//! Beside each: the audit of the same deployment with all its cases, in the same run. Processor
//! time, means over all trials. A missed goal ends the program with code 1.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reads clocks and prints its table"
)]

use std::fs;
use std::time::Duration;

use audit_core::audit;
use audit_core::recovery::Case;
use simulator::drill::Drill;

const TRIALS: u32 = 10;
const GOAL: Duration = Duration::from_millis(100);
const CASES: [&str; 3] =
    ["lose:ipa01.ams.example.test", "delete:known@ipa01.ams.example.test", "lose-dc:ams"];

fn main() {
    let imported = tests::import(&tests::exports("sixty-servers"));
    let servers = imported.deployment.servers.len();
    println!("{servers} servers, {TRIALS} trials each, processor time");
    let audited = mean(|_| {
        audit(&imported, &tests::options());
    });
    println!("{:<44} {audited:>9.1?}", "the audit with all its cases");
    let mut missed = false;
    for text in CASES {
        let case: Case = text.parse().expect("a case");
        let mut events = 0;
        let took = mean(|seed| {
            let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(seed);
            events += drill.run().expect("a drill").events;
        });
        let ratio = took.as_secs_f64() / audited.as_secs_f64();
        let events = events / u64::from(TRIALS + 1);
        println!("drill {text:<38} {took:>9.1?} {ratio:>6.2} audits, {events} events");
        // The goal is that of one server: fifteen servers are installed one after the other.
        missed |= text.starts_with("lose:") && took >= GOAL;
    }
    if missed {
        println!("MISSED: a drill of one lost server is to take less than {GOAL:?}");
        std::process::exit(1);
    }
}

fn mean(mut run: impl FnMut(u64)) -> Duration {
    run(0);
    let before = processor_time();
    for seed in 1..=TRIALS {
        run(seed.into());
    }
    processor_time().saturating_sub(before) / TRIALS
}

/// What this process has spent, as the system's scheduler counts it.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}
