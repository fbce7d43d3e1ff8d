//! How fast a backup's archive is read, against `gzip -dc` on the same file.
//!
//! ```text
//! cargo bench -p tests --bench archive            # about 1000 MB of gzip
//! cargo bench -p tests --bench archive -- 200     # about 200 MB
//! ```
//!
//! Writes a deterministic LDIF to the temporary directory, packs it with `tar` and `gzip -1` as
//! `ipa-backup` does, and removes both at the end. Then, in interleaved rounds, `gzip -dc FILE` and
//! this program itself (as a child process that only imports the archive, to its last byte) read it
//! with a warm page cache. The verdict rests on CPU time (user and system, process start included).
//! Exit code 1 if a target is missed.
//!
//! | target | |
//! |---|---|
//! | speed | median ratio to `gzip -dc` at least 0.7 |
//! | entries | the 40 servers, however they are folded |
//! | memory | peak of the importing process at most 64 MB |
//!
//! Without `--bench` (as `cargo test --benches` starts it) a small file only shows that it runs.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reads clock and files and prints"
)]

mod parts;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use audit_core::import::Import;
use audit_core::unpack::Input;

use parts::{Folder, WANTED, generate, peak_kib, run, spread};

const MIN_RATIO: f64 = 0.7;
const MAX_PEAK_KIB: u64 = 64 << 10;
const ROUNDS: usize = 5;
const IMPORT: &str = "--import-only";
/// Bytes of LDIF that `gzip -1` makes ten bytes of, about: most of it is random base64.
const PACKS_TO_TEN: usize = 28;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [mode, path] = arguments.as_slice()
        && mode == IMPORT
    {
        import_only(Path::new(path));
        return ExitCode::SUCCESS;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let size = arguments.iter().find_map(|argument| argument.parse().ok());
    let megabytes: usize = size.unwrap_or(if is_bench { 1000 } else { 4 });
    let folder = Folder::new();
    let started = Instant::now();
    let archive = pack(&folder.0, megabytes * 100_000 * PACKS_TO_TEN);
    let packed = fs::metadata(&archive).map_or(0, |file| file.len());
    println!(
        "{} MB of gzip, written in {:.1} s",
        packed / 1_000_000,
        started.elapsed().as_secs_f64()
    );
    let passed = compare(&archive, packed);
    if passed || !is_bench { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs both readers in turn and prints the verdict.
fn compare(archive: &Path, packed: u64) -> bool {
    let mut gzip = Command::new("sh");
    gzip.arg("-c").arg("exec gzip -dc \"$0\" > /dev/null").arg(archive);
    let mut program = Command::new(env::current_exe().expect("own path"));
    program.arg(IMPORT).arg(archive);
    let mut ratios = Vec::new();
    let mut fastest = [Duration::MAX; 3];
    let mut report = String::new();
    for round in 0..=ROUNDS {
        let unpacked = run(&mut gzip);
        let imported = run(&mut program);
        report = imported.output;
        if round > 0 {
            ratios.push(unpacked.cpu.as_secs_f64() / imported.cpu.as_secs_f64());
            let times = [unpacked.cpu, imported.cpu, imported.wall];
            for (best, time) in fastest.iter_mut().zip(times) {
                *best = time.min(*best);
            }
        }
    }
    let speed = |time: Duration| packed as f64 / 1e6 / time.as_secs_f64();
    println!(
        "MB/s of gzip by CPU time: gzip -dc {:.0}, import {:.0} (wall {:.0})",
        speed(fastest[0]),
        speed(fastest[1]),
        speed(fastest[2])
    );
    let cpu = spread(&mut ratios);
    println!("x gzip -dc, CPU    median {:.2} (from {:.2} to {:.2})", cpu[1], cpu[0], cpu[2]);
    let facts: Vec<u64> = report.split_whitespace().filter_map(|text| text.parse().ok()).collect();
    let [servers, peak] = facts[..] else {
        println!("FAIL  the importing process reported: {report}");
        return false;
    };
    let wanted = WANTED as u64 / 10;
    let verdicts = [
        (cpu[1] >= MIN_RATIO, format!("speed    {:.2} x gzip -dc, target {MIN_RATIO}", cpu[1])),
        (servers == wanted, format!("servers  {servers} of {wanted}")),
        (
            peak <= MAX_PEAK_KIB,
            format!("memory   {:.1} MB at the peak, target 64", peak as f64 / 1024.0),
        ),
    ];
    for (passed, text) in &verdicts {
        println!("{}  {text}", if *passed { "PASS" } else { "FAIL" });
    }
    verdicts.iter().all(|(passed, _)| *passed)
}

/// The child process: imports the archive.
fn import_only(path: &Path) {
    let mut import = Import::new();
    let mut file = File::open(path).expect("the benchmark's own file");
    let read = import.read(&path.display().to_string(), Input::File(&mut file));
    read.expect("the benchmark's own file");
    let imported = import.finish();
    println!("{} {}", imported.deployment.servers.len(), peak_kib());
}

/// Writes the archive of a data backup with this many bytes of LDIF.
fn pack(folder: &Path, bytes: usize) -> PathBuf {
    let ldif = "IDM-TEST-userRoot.ldif";
    generate(&folder.join(ldif), bytes).expect("the temporary directory is full");
    let archive = folder.join("ipa-data.tar");
    let mut tar = Command::new("tar");
    tar.args(["-I", "gzip -1", "-C"]).arg(folder).arg("-cf").arg(&archive);
    let packed = tar.arg(format!("./{ldif}")).stdout(Stdio::null()).status();
    assert!(packed.is_ok_and(|status| status.success()), "tar and gzip are needed");
    fs::remove_file(folder.join(ldif)).expect("the benchmark's own file");
    archive
}
