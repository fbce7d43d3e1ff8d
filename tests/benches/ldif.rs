//! How fast the `cn=etc` entries come out of a large LDIF, against `wc -l` on the same file.
//!
//! ```text
//! cargo bench -p tests --bench ldif            # 1000 MB
//! cargo bench -p tests --bench ldif -- 200     # 200 MB
//! ```
//!
//! Writes a deterministic file to the temporary directory and removes it at the end. Then, in
//! interleaved rounds, `wc -l FILE` and this program itself (as a child process that only parses)
//! read it with a warm page cache. The verdict rests on CPU time (user and system, process start
//! included, from `/proc`), which other load on the machine disturbs least; wall time is printed
//! too. Exit code 1 if a target is missed.
//!
//! | target | |
//! |---|---|
//! | speed | median ratio to `wc -l` at least 0.8 |
//! | entries | 400 of 400, folded and base64 DNs included, and no other |
//! | memory | peak of the parsing process at most 16 MB |
//!
//! Without `--bench` (as `cargo test --benches` starts it) a 16 MB file only shows that it runs.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark reads clock and files and prints"
)]

mod parts;

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use audit_core::parse::ldif::{Interest, LdifParser};

use parts::{Folder, Shape, WANTED, generate, peak_kib, run, spread};

const MIN_RATIO: f64 = 0.8;
const MAX_PEAK_KIB: u64 = 16 << 10;
const ROUNDS: usize = 15;
/// Stays in the second-level cache between reading and parsing.
const CHUNK: usize = 64 << 10;
const PARSE: &str = "--parse-only";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [mode, path] = arguments.as_slice()
        && mode == PARSE
    {
        parse_only(Path::new(path));
        return ExitCode::SUCCESS;
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let size = arguments.iter().find_map(|argument| argument.parse().ok());
    let megabytes: usize = size.unwrap_or(if is_bench { 1000 } else { 16 });
    let folder = Folder::new();
    let file = folder.0.join("export.ldif");
    let started = Instant::now();
    let shape = generate(&file, megabytes * 1_000_000).expect("the temporary directory is full");
    println!(
        "{} MB, {} entries, {} lines, written in {:.1} s; of {WANTED} wanted DNs {} are folded, {} \
         inside \"cn=etc,\", {} are base64, {} follow without a blank line",
        shape.bytes / 1_000_000,
        shape.entries,
        shape.lines,
        started.elapsed().as_secs_f64(),
        shape.folded,
        shape.folded_inside,
        shape.base64,
        shape.glued
    );
    let passed = compare(&file, &shape);
    if passed || !is_bench { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs both readers in turn and prints the verdict.
fn compare(path: &Path, shape: &Shape) -> bool {
    let mut wc = Command::new("wc");
    wc.arg("-l").arg(path);
    let mut parser = Command::new(env::current_exe().expect("own path"));
    parser.arg(PARSE).arg(path);
    let mut ratios = (Vec::new(), Vec::new());
    let mut fastest = [Duration::MAX; 4];
    let mut report = String::new();
    for round in 0..=ROUNDS {
        let lines = run(&mut wc);
        let parsed = run(&mut parser);
        report = parsed.output;
        if round == 0 {
            // Fills the page cache.
            let counted = lines.output.split_whitespace().next().and_then(|text| text.parse().ok());
            assert_eq!(counted, Some(shape.lines), "wc -l counts other lines than were written");
            continue;
        }
        ratios.0.push(lines.cpu.as_secs_f64() / parsed.cpu.as_secs_f64());
        ratios.1.push(lines.wall.as_secs_f64() / parsed.wall.as_secs_f64());
        for (best, time) in fastest.iter_mut().zip([lines.cpu, lines.wall, parsed.cpu, parsed.wall])
        {
            *best = time.min(*best);
        }
    }
    let speed = |time: Duration| shape.bytes as f64 / 1e6 / time.as_secs_f64();
    println!("            CPU MB/s   wall MB/s   (fastest of {ROUNDS} rounds)");
    println!("wc -l       {:8.0}    {:8.0}", speed(fastest[0]), speed(fastest[1]));
    println!("LdifParser  {:8.0}    {:8.0}", speed(fastest[2]), speed(fastest[3]));
    let cpu = spread(&mut ratios.0);
    let wall = spread(&mut ratios.1);
    println!("x wc -l, CPU    median {:.2} (from {:.2} to {:.2})", cpu[1], cpu[0], cpu[2]);
    println!("x wc -l, wall   median {:.2} (from {:.2} to {:.2})", wall[1], wall[0], wall[2]);
    let facts: Vec<u64> = report.split_whitespace().filter_map(|text| text.parse().ok()).collect();
    let [kept, complete, seen, lines, problems, peak] = facts[..] else {
        println!("FAIL  the parsing process reported: {report}");
        return false;
    };
    let whole = lines == shape.lines && seen == shape.entries && problems == 0;
    let verdicts = [
        (cpu[1] >= MIN_RATIO, format!("speed    {:.2} x wc -l, target {MIN_RATIO}", cpu[1])),
        (
            kept == WANTED as u64 && complete == kept && whole,
            format!(
                "entries  {complete} complete of {kept} kept, target {WANTED}; {seen} seen, \
                 {lines} lines, {problems} problems"
            ),
        ),
        (
            peak <= MAX_PEAK_KIB,
            format!("memory   {:.1} MB at the peak, target 16", peak as f64 / 1024.0),
        ),
    ];
    for (passed, text) in &verdicts {
        println!("{}  {text}", if *passed { "PASS" } else { "FAIL" });
    }
    verdicts.iter().all(|(passed, _)| *passed)
}

/// The child process: reads the file through the parser.
fn parse_only(path: &Path) {
    let interest = Interest::new(&["cn", "objectClass", "ipaConfigString"]).with_rdn("cn=etc");
    let mut parser = LdifParser::new(interest);
    let mut file = File::open(path).expect("the benchmark's own file");
    let mut chunk = vec![0; CHUNK];
    let mut complete = 0;
    let mut sink = |entry: audit_core::parse::ldif::Entry| {
        let is_whole = entry.complete && entry.values("ipaConfigString").count() == 2;
        complete += u64::from(is_whole && entry.value("cn").is_some());
    };
    loop {
        let length = file.read(&mut chunk).expect("the benchmark's own file");
        if length == 0 {
            break;
        }
        parser.feed(&chunk[..length], &mut sink);
    }
    let summary = parser.finish(&mut sink);
    println!(
        "{} {complete} {} {} {} {}",
        summary.entries_kept,
        summary.entries_seen,
        summary.lines,
        summary.problems.len() as u64 + summary.problems_suppressed,
        peak_kib()
    );
}
