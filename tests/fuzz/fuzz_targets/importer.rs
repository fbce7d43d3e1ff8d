//! Every importer's fuzz target, called after it. Its first inputs are the importer's samples.

#![no_main]

#[path = "../../src/fuzz_body.rs"]
mod fuzz_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_body::check_for(env!("CARGO_BIN_NAME"), data));
