//! Prints the fingerprints of all simulations: the suite runs it in release and compares.
//!
//! `cargo run --release --package wasm --features simulation --example fingerprints`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

fn main() {
    print!("{}", wasm::simulation::fingerprints());
}
