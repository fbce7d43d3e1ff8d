//! Debug = release = WebAssembly: a simulation has one fingerprint.
//!
//! The fingerprints stand in a snapshot. They are compared with this build, with a release build of
//! the same machine, and with a module for wasm32 (release; another pointer width and another
//! compiler back end).
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use wasm::simulation;
use wasmtime::{Engine, Instance, Store};

use crate::wasm_host::{build_if_old, cargo, compile, target};

/// Leaves out the audit, which would only cost time.
const SIMULATION: [&str; 6] = [
    "--locked",
    "--release",
    "--package=wasm",
    "--no-default-features",
    "--features",
    "simulation",
];

#[test]
fn fingerprints_are_those_of_every_other_build() {
    let first = simulation::fingerprints();
    assert_eq!(first, simulation::fingerprints(), "two runs differ");
    insta::assert_snapshot!(first);
    let last = simulation::NAMES.len() as u32;
    assert_eq!(simulation::run(last, 0), None, "a simulation is not in the table");
}

#[test]
fn release_has_the_same_fingerprints() {
    let arguments = [&["run", "--quiet", "--example", "fingerprints"], &SIMULATION[..]].concat();
    let output = cargo(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`cargo {}` failed: {errors}", arguments.join(" "));
    assert_eq!(text, simulation::fingerprints());
}

#[test]
fn wasm_has_the_same_fingerprints() {
    let engine = Engine::default();
    let module = compile(&engine, &module());
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let wasm = simulation::table(|number, seed| simulate(&instance, &mut store, number, seed));
    assert_eq!(wasm, simulation::fingerprints());
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
    let arguments = [&["build", "--quiet", "--target", TARGET], &SIMULATION[..]].concat();
    build_if_old(&module, &["audit-core", "simulator", "wasm"], &arguments);
    module
}
