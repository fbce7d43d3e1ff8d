//! What the tests of modules share: builds them, compiles them, and keeps the compiled images.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "a test reads the ages of files, and ends where something is missing"
)]

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::SystemTime;

use wasmtime::{Engine, Module};

/// `cargo` with these arguments, on this checkout and its target folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(workspace()).args(arguments).env("CARGO_TARGET_DIR", target());
    command
}

/// Runs `cargo` with these arguments if a module is missing or older than a source.
pub(crate) fn build_if_old(module: &Path, sources: &[&str], arguments: &[&str]) {
    let built = changed(module);
    let always = ["Cargo.lock", "Cargo.toml"];
    let newest =
        sources.iter().chain(&always).filter_map(|source| newest(&workspace().join(source))).max();
    if built.is_none() || built < newest {
        let status = cargo(arguments).status();
        assert!(
            status.as_ref().is_ok_and(ExitStatus::success),
            "`cargo {}` failed ({status:?}); run it by hand to see why",
            arguments.join(" ")
        );
    }
}

/// The compiled module, from its image if there is one. Cranelift takes seconds.
pub(crate) fn compile(engine: &Engine, path: &Path) -> Module {
    let bytes = fs::read(path).unwrap();
    let image = image_path(engine, &bytes);
    if image.is_file() {
        return open_image(engine, &image);
    }
    let module = Module::new(engine, &bytes).unwrap();
    // Under another name first: tests of another process may look for it right now.
    let partial = image.with_extension(std::process::id().to_string());
    fs::create_dir_all(image.parent().unwrap()).unwrap();
    fs::write(&partial, module.serialize().unwrap()).unwrap();
    fs::rename(&partial, &image).unwrap();
    module
}

/// Where the compiled module is kept, named after everything that decides what it is.
fn image_path(engine: &Engine, module: &[u8]) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    module.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let name = format!("{:016x}.cwasm", hasher.finish());
    target().join("site").join("wasmtime").join(name)
}

#[expect(unsafe_code, reason = "wasmtime cannot check an image that it did not just compile")]
fn open_image(engine: &Engine, image: &Path) -> Module {
    // SAFETY: the file is one that `compile` wrote from `Module::serialize`, complete because it
    // was renamed into place, for the same module, version and configuration as its name says.
    unsafe { Module::deserialize_file(engine, image) }.unwrap()
}

/// The latest change of a file, or of any file in a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().filter_map(|entry| newest(&entry.path())).max(),
        Err(_) => changed(path),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The root of the checkout.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Cargo's target folder: its parent of the folder that it gives to tests.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_path_buf()
}
