//! Harness of the regression suite: fixtures in, reports out, with names that are the same on every
//! machine.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a missing fixture is a broken checkout"
)]

pub mod drills;
pub mod fuzz_body;
pub mod generate;

use std::fs;
use std::path::{Path, PathBuf};

use audit_core::import::{Import, Imported};
use audit_core::time::Timestamp;
use audit_core::{Options, Report, audit};

/// The time of every audit in the suite.
pub const AS_OF: &str = "2026-11-22T00:00:00Z";

/// The suite's time as a value.
pub fn as_of() -> Timestamp {
    Timestamp::parse_rfc3339(AS_OF).expect("a valid time")
}

/// Options with the suite's time.
pub fn options() -> Options {
    Options { as_of: as_of() }
}

/// Root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the root").to_owned()
}

/// The corpus of real exports beside the checkout, if this machine has it.
pub fn corpus() -> Option<PathBuf> {
    let path = root().parent()?.join("shared").join("corpus");
    path.is_dir().then_some(path)
}

/// The reference files beside the checkout, if this machine has them.
pub fn reference() -> Option<PathBuf> {
    let path = root().parent()?.join("shared").join("reference");
    path.is_dir().then_some(path)
}

/// Every file below a folder with its name relative to it, sorted; dot files are left out.
pub fn files_below(folder: &Path) -> Vec<(String, PathBuf)> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .expect("a readable folder")
            .map(|entry| entry.expect("a readable entry").path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let full = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if path.is_dir() {
                walk(&path, &full, found);
            } else {
                found.push((full, path));
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found
}

/// The bytes of a fixture.
pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a readable file")
}

/// Names of the fixture deployments, sorted.
pub fn deployments() -> Vec<String> {
    folders(&root().join("tests/fixtures/deployments"))
}

/// Names of the folders in a folder, sorted.
fn folders(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a fixture folder")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The export files of a fixture deployment: names relative to its `exports` folder, with content.
pub fn exports(deployment: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/fixtures/deployments").join(deployment).join("exports");
    files_below(&folder)
        .into_iter()
        .map(|(name, path)| (name, fs::read(path).expect("a readable export")))
        .collect()
}

/// Names of the importers: the folders of their samples. `cargo tidy` sees to it that each has one.
pub fn importers() -> Vec<String> {
    folders(&root().join("tests/fixtures/exports"))
}

/// The samples of an importer: names without folder, with content.
pub fn samples(importer: &str) -> Vec<(String, Vec<u8>)> {
    files_below(&root().join("tests/fixtures/exports").join(importer))
        .into_iter()
        .filter(|(name, _)| name != "README.md")
        .map(|(name, path)| (name, fs::read(path).expect("a readable sample")))
        .collect()
}

/// Imports named contents.
pub fn import<N: AsRef<str>, B: AsRef<[u8]>>(files: &[(N, B)]) -> Imported {
    let mut import = Import::new();
    for (name, bytes) in files {
        import.add(name.as_ref(), bytes.as_ref());
    }
    import.finish()
}

/// Audits named contents.
pub fn audit_files<N: AsRef<str>, B: AsRef<[u8]>>(files: &[(N, B)]) -> Report {
    audit(&import(files), &options())
}

/// Audits a fixture deployment.
pub fn audit_deployment(name: &str) -> Report {
    audit_files(&exports(name))
}
