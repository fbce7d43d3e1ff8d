//! The simulator's kernel beside other engines on one model. See README.md.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads its processor time")]

mod bare;
mod desru_peer;
mod kernel;
mod model;
mod nexosim_peer;
mod simcore_peer;
mod simrs_peer;

use std::env;
use std::fs;
use std::process::{Command, ExitCode};

use model::{Outcome, Setup};

/// An engine, and how much slower than what it must be.
struct Peer {
    name: &'static str,
    run: fn(Setup) -> Outcome,
    goal: Goal,
}

enum Goal {
    None,
    /// At most this many times the bare loop.
    AtMostBare(f64),
    /// At least this many times the kernel.
    AtLeastKernel(f64),
}

const BARE: usize = 0;
const KERNEL: usize = 1;

const PEERS: [Peer; 6] = [
    Peer { name: "bare loop", run: bare::run, goal: Goal::None },
    Peer { name: "kernel", run: kernel::run, goal: Goal::AtMostBare(1.2) },
    Peer { name: "simcore", run: simcore_peer::run, goal: Goal::AtLeastKernel(1.7) },
    Peer { name: "desru", run: desru_peer::run, goal: Goal::AtLeastKernel(1.7) },
    Peer { name: "simrs", run: simrs_peer::run, goal: Goal::None },
    Peer { name: "nexosim", run: nexosim_peer::run, goal: Goal::AtLeastKernel(6.0) },
];

/// Says to a child which engine to run.
const CHILD: &str = "--run";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |place: usize, default: u64| -> u64 {
        arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    if arguments.first().is_some_and(|argument| argument == CHILD) {
        let setup = Setup { servers: number(2, 60) as u16, seconds: number(3, 60_000), seed: 7 };
        return run_one(arguments.get(1).map_or("", String::as_str), setup);
    }
    compare(number(0, 9) as usize, number(1, 60), number(2, 60_000))
}

/// Runs one engine and prints its outcome and processor time.
fn run_one(name: &str, setup: Setup) -> ExitCode {
    let Some(peer) = PEERS.iter().find(|peer| peer.name == name) else {
        return ExitCode::FAILURE;
    };
    let before = processor_nanoseconds();
    let outcome = (peer.run)(setup);
    let spent = processor_nanoseconds() - before;
    println!("{} {:016x} {spent} {:?}", outcome.counts.events, outcome.checksum, outcome.counts);
    ExitCode::SUCCESS
}

/// What this process's threads have spent, as the system's scheduler counts it.
fn processor_nanoseconds() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| {
            text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok())
        })
        .sum()
}

/// Runs all engines in turn, each in a process of its own, and prints the verdict.
fn compare(rounds: usize, servers: u64, seconds: u64) -> ExitCode {
    println!("{servers} servers, {seconds} simulated seconds, {rounds} rounds");
    let mut spent = vec![Vec::new(); PEERS.len()];
    let mut agreed: Option<(u64, String, String)> = None;
    for round in 0..rounds {
        for turn in 0..PEERS.len() {
            // Everyone comes behind everyone.
            let place = (turn + round) % PEERS.len();
            let name = PEERS[place].name;
            let child = Command::new(env::current_exe().expect("own path"))
                .args([CHILD, name, &servers.to_string(), &seconds.to_string()])
                .output()
                .expect("this program can start");
            assert!(child.status.success(), "{name} failed: {child:?}");
            let text = String::from_utf8(child.stdout).expect("text");
            let mut words = text.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            let (events, checksum, nanoseconds) = (word(), word(), word());
            let outcome = (events.parse().expect("a number"), checksum, word());
            match &agreed {
                None => agreed = Some(outcome),
                Some(other) => assert_eq!(&outcome, other, "{name} simulated something else"),
            }
            spent[place].push(nanoseconds.parse::<f64>().expect("a number"));
        }
    }
    let Some((events, checksum, counts)) = agreed else { return ExitCode::FAILURE };
    print!("all engines: {events} events, checksum {checksum}, {counts}");
    report(&spent, events as f64)
}

/// Prints the table; fails if a goal is missed.
fn report(spent: &[Vec<f64>], events: f64) -> ExitCode {
    println!("engine     ns/event   x bare loop, median (range)   x kernel, median (range)   goal");
    let mut passed = true;
    for (peer, times) in PEERS.iter().zip(spent) {
        let [_, median, _] = spread(times.clone());
        let against = |base: usize| -> [f64; 3] {
            spread(times.iter().zip(&spent[base]).map(|(time, other)| time / other).collect())
        };
        let (bare, kernel) = (against(BARE), against(KERNEL));
        let (met, goal) = match peer.goal {
            Goal::None => (true, String::new()),
            Goal::AtMostBare(most) => (bare[1] <= most, format!("at most {most} x bare loop")),
            Goal::AtLeastKernel(least) => {
                (kernel[1] >= least, format!("at least {least} x kernel"))
            }
        };
        passed &= met;
        println!(
            "{:9} {:9.1}   {:8.2} ({:.2} to {:.2})        {:8.2} ({:.2} to {:.2})      {goal}{}",
            peer.name,
            median / events,
            bare[1],
            bare[0],
            bare[2],
            kernel[1],
            kernel[0],
            kernel[2],
            if met { "" } else { ": MISSED" }
        );
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Least, middle and greatest.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    [at(0), at(values.len() / 2), at(values.len().saturating_sub(1))]
}
