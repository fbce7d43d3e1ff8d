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
//! ```
//! let mut session = wasm::api::Session::new();
//! session.open("servers.txt");
//! session.push(b"not an export");
//! let answer = session.finish("2026-11-22T12:00:00Z").envelope();
//! assert!(answer.starts_with("{\"report\":"));
//! ```

pub mod api;
pub mod bundle;

#[cfg(target_family = "wasm")]
mod abi;
#[cfg(target_family = "wasm")]
mod bindgen;
