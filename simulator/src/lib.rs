//! Simulation of disasters and recovery on a modeled deployment.
//!
//! This package holds the command `idm-drill`. The library is where the simulation grows: its
//! kernel, world, faults and checkers share the vocabulary of [`audit_core::recovery`] and nothing
//! else, and take time and chance as arguments.
//!
//! # What makes a trial repeatable
//!
//! 1. An outcome is a function of deployment, drill, seed, assumptions and version. No clock,
//!    thread, environment, address or hash order has a part in it.
//! 2. Time is whole milliseconds since the trial's start ([`kernel::time`]); events at equal times
//!    run in the order in which they were scheduled ([`kernel::queue`]).
//! 3. Chance comes from streams that are named after their cause ([`kernel::streams`]), so that
//!    what one server draws leaves the draws of the others alone.
//! 4. One generator, by name: Xoshiro256++. Never one that a library may exchange.
//! 5. Logarithms, exponentials and powers come from [`kernel::math`]. Sums, products, quotients and
//!    square roots are exact enough everywhere: IEEE 754 fixes their bits.
//! 6. Containers are ordered.
//! 7. Every trial has a fingerprint ([`kernel::trace`]). Tests compare it between two runs, between
//!    builds with and without optimization, and between native code and WebAssembly.
//! 8. Another draw is another behavior: it is announced in the change log.

pub mod checkers;
pub mod drill;
pub mod kernel;
#[cfg(feature = "cli")]
pub mod replay;
pub mod world;
