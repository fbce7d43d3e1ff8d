//! Debug = release = WebAssembly: a simulation has one fingerprint.
//!
//! The fingerprints stand in a snapshot. This test compares them in whatever profile it runs, and
//! with a module built for wasm32 (release, another pointer width, another compiler back end).
//! `cargo test --release --package tests --test it determinism` compares the optimized build.
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::fmt::Write;

use wasm::simulation;
use wasmtime::{Engine, Instance, Store};

use crate::wasm_host::{build_if_old, compile, target};

/// Names of the simulations by their numbers in [`simulation::run`].
const SIMULATIONS: [&str; 1] = ["kernel"];

const SEEDS: [u64; 4] = [0, 1, 2026, u64::MAX];

/// One line per simulation and seed.
fn fingerprints(mut run: impl FnMut(u32, u64) -> String) -> String {
    let mut text = String::new();
    for (number, name) in (0..).zip(SIMULATIONS) {
        for seed in SEEDS {
            writeln!(text, "{name} {seed}: {}", run(number, seed)).unwrap();
        }
    }
    text
}

fn native(number: u32, seed: u64) -> String {
    simulation::run(number, seed).unwrap().to_string()
}

#[test]
fn fingerprints_are_those_of_every_other_build() {
    let first = fingerprints(native);
    assert_eq!(first, fingerprints(native), "two runs differ");
    insta::assert_snapshot!(first);
    assert_eq!(simulation::run(SIMULATIONS.len() as u32, 0), None, "a simulation is not compared");
}

#[test]
fn wasm_has_the_same_fingerprints() {
    let engine = Engine::default();
    let module = compile(&engine, &module());
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let wasm = fingerprints(|number, seed| simulate(&instance, &mut store, number, seed));
    assert_eq!(wasm, fingerprints(native));
}

fn simulate(instance: &Instance, store: &mut Store<()>, number: u32, seed: u64) -> String {
    let door = instance.get_typed_func::<(u32, u64), u64>(&mut *store, "idm_simulate").unwrap();
    let packed = door.call(&mut *store, (number, seed)).unwrap();
    let (at, len) = ((packed >> 32) as u32, packed as u32);
    let memory = instance.get_memory(&mut *store, "memory").unwrap();
    let mut text = vec![0; len as usize];
    memory.read(&*store, at as usize, &mut text).unwrap();
    let free = instance.get_typed_func::<(u32, u32), ()>(&mut *store, "idm_free").unwrap();
    free.call(&mut *store, (at, len)).unwrap();
    String::from_utf8(text).unwrap()
}

/// The module with the simulations, which the page does not ship.
fn module() -> std::path::PathBuf {
    const TARGET: &str = "wasm32-unknown-unknown";
    let module = target().join(TARGET).join("release").join("wasm.wasm");
    let command = ["build", "--quiet", "--locked", "--release", "--package", "wasm"];
    let features = ["--no-default-features", "--features", "simulation", "--target", TARGET];
    build_if_old(
        &module,
        &["audit-core", "simulator", "wasm"],
        &[&command[..], &features].concat(),
    );
    module
}
