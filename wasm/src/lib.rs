//! The module that the page and the parity test run: one `.wasm` with two doors to one audit.
//!
//! ```text
//! page (JavaScript)  --strings, bytes-->  bindgen ---\
//!                                                     api -> audit-core -> one JSON envelope
//! wasmtime, any host --pointers-------->  abi -------/
//! ```
//!
//! Everything that decides lives in `audit-core`; this crate only carries bytes across. It reads
//! no clock, opens no file and answers hostile input with an envelope that says what was wrong.
//!
//! The feature `audit` is all of that. The feature `simulation` is for a second module that only
//! the suite builds: simulations whose fingerprints must not depend on the platform.
//!
//! ```
//! let mut session = wasm::api::Session::new();
//! session.open("servers.txt");
//! session.push(b"not an export");
//! let answer = session.finish("2026-11-22T12:00:00Z").envelope();
//! assert!(answer.starts_with("{\"report\":"));
//! ```

#[cfg(feature = "audit")]
pub mod api;
#[cfg(feature = "audit")]
pub mod bundle;
#[cfg(feature = "simulation")]
pub mod simulation;

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(all(target_family = "wasm", feature = "audit"))]
mod bindgen;
