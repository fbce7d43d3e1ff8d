//! Simulations whose fingerprints must be the same in every build and on every platform.
//!
//! Behind the feature `simulation`, which the page's module does not have: the page does not
//! simulate. The suite builds a second module with it and compares.

pub mod drill;
pub mod kernel;
pub mod replication;

use simulator::kernel::trace::Fingerprint;

/// Names of the simulations, by their numbers.
pub const NAMES: [&str; 3] = ["kernel", "replication", "drill"];

/// Seeds that the suite compares.
pub const SEEDS: [u64; 4] = [0, 1, 2026, u64::MAX];

/// Runs a simulation by its number in [`NAMES`]. `None` if there is none of this number.
pub fn run(number: u32, seed: u64) -> Option<Fingerprint> {
    match number {
        0 => kernel::run(seed).ok(),
        1 => replication::run(seed).ok(),
        2 => drill::run(seed),
        _ => None,
    }
}

/// Every simulation with every seed, one line each, as `run` finds their fingerprints.
pub fn table(mut run: impl FnMut(u32, u64) -> String) -> String {
    let mut lines = Vec::new();
    for (number, name) in (0..).zip(NAMES) {
        lines.extend(SEEDS.map(|seed| format!("{name} {seed}: {}\n", run(number, seed))));
    }
    lines.concat()
}

/// [`table`] of this very build.
pub fn fingerprints() -> String {
    table(|number, seed| run(number, seed).map_or_else(String::new, |found| found.to_string()))
}
