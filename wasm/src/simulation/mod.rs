//! Simulations whose fingerprints must be the same in every build and on every platform.
//!
//! Behind the feature `simulation`, which the page's module does not have: the page does not
//! simulate. The suite builds a second module with it and compares.

pub mod kernel;
pub mod replication;

use simulator::kernel::trace::Fingerprint;

/// A simulation by its number: 0 is [`kernel`], 1 is [`replication`]. `None` if there is none of
/// this number.
pub fn run(number: u32, seed: u64) -> Option<Fingerprint> {
    match number {
        0 => kernel::run(seed).ok(),
        1 => replication::run(seed).ok(),
        _ => None,
    }
}
