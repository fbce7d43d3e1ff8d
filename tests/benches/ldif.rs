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

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use audit_core::parse::ldif::{Interest, LdifParser};

const WANTED: usize = 400;
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
    let file = TemporaryFile::new();
    let started = Instant::now();
    let shape = generate(&file.0, megabytes * 1_000_000).expect("the temporary directory is full");
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
    let passed = compare(&file.0, &shape);
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

/// Smallest, middle and largest.
fn spread(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
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
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next()).unwrap_or("0");
    println!(
        "{} {complete} {} {} {} {peak}",
        summary.entries_kept,
        summary.entries_seen,
        summary.lines,
        summary.problems.len() as u64 + summary.problems_suppressed
    );
}

struct Run {
    output: String,
    cpu: Duration,
    wall: Duration,
}

/// Runs a child and takes its times. Its CPU time is read between its end and `wait`, while the
/// kernel still keeps its record, in nanoseconds.
fn run(command: &mut Command) -> Run {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("wc and this program can start");
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output).expect("a child prints text");
    }
    let wall = started.elapsed();
    let record = PathBuf::from(format!("/proc/{}", child.id()));
    let ended = |stat: &str| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"));
    while fs::read_to_string(record.join("stat")).is_ok_and(|stat| !ended(&stat)) {
        std::thread::yield_now();
    }
    let schedule = fs::read_to_string(record.join("schedstat")).unwrap_or_default();
    let nanoseconds = schedule.split_whitespace().next().and_then(|text| text.parse().ok());
    let status = child.wait().expect("a child ends");
    assert!(status.success(), "{command:?} failed");
    // A kernel without schedstat leaves the wall time.
    Run { output, cpu: nanoseconds.map_or(wall, Duration::from_nanos), wall }
}

struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new() -> Self {
        Self(env::temp_dir().join(format!("idm-drill-bench-{}.ldif", std::process::id())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Nothing to do if it was never written.
        let _ = fs::remove_file(&self.0);
    }
}

/// What was written.
#[derive(Default)]
struct Shape {
    bytes: usize,
    lines: u64,
    entries: u64,
    folded: usize,
    folded_inside: usize,
    base64: usize,
    glued: usize,
}

/// Writes an export in the manner of `db2ldif`: mostly users, hosts and groups with long
/// base64 values, some photographs, and the wanted entries spread evenly between them.
fn generate(path: &Path, bytes: usize) -> io::Result<Shape> {
    let mut random = Random(0x1d3a_11f0_2026_1122);
    let mut shape = Shape::default();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut entry = b"version: 1\n".to_vec();
    let mut wanted = 0;
    let mut number = 0;
    while shape.bytes < bytes || wanted < WANTED {
        // The first one is wanted, the last one too.
        if wanted < WANTED && shape.bytes >= bytes / WANTED * wanted {
            wanted_entry(&mut entry, wanted, &mut shape);
            wanted += 1;
        } else {
            number += 1;
            unwanted_entry(&mut entry, number, &mut random);
        }
        shape.entries += 1;
        shape.bytes += entry.len();
        shape.lines += entry.split(|&byte| byte == b'\n').count() as u64 - 1;
        file.write_all(&entry)?;
        entry.clear();
    }
    file.flush()?;
    Ok(shape)
}

const SUFFIX: &str = "dc=idm,dc=test";
const SERVICES: [&str; 9] =
    ["KDC", "KPASSWD", "DNS", "HTTP", "KEYS", "CA", "KRA", "ADTRUST", "DNSKeySync"];

fn wanted_entry(entry: &mut Vec<u8>, index: usize, shape: &mut Shape) {
    let (server, service) = (index / 10, index % 10);
    let domain = ["idm.test", "dc1.emea.corp.idm.example.test"][server % 2];
    let host = format!("ipa{server:02}.{domain}");
    let name = if service == 0 { host.clone() } else { SERVICES[service - 1].to_owned() };
    let parent = if service == 0 { String::new() } else { format!("cn={host},") };
    // Some in other spellings.
    let etc = ["cn=etc,", "cn=etc,", "CN=Etc,", "cn = etc, "][index % 4];
    let dn = format!("cn={name},{parent}cn=masters,cn=ipa,{etc}{SUFFIX}");
    if index % 8 == 5 {
        shape.glued += 1;
    } else {
        entry.push(b'\n');
    }
    let start = entry.len();
    if index % 7 == 3 {
        let base = entry.len();
        base64_line(entry, "dn", dn.as_bytes());
        shape.base64 += 1;
        shape.folded += usize::from(entry[base..entry.len() - 1].contains(&b'\n'));
    } else if index.is_multiple_of(5) {
        // Folded by hand at one of the places inside "cn=etc,".
        let at = dn.find(etc).unwrap_or(0) + 1 + index / 5 % 6;
        entry.extend_from_slice(format!("dn: {}\n {}\n", &dn[..at], &dn[at..]).as_bytes());
        shape.folded += 1;
        shape.folded_inside += 1;
    } else {
        line(entry, &format!("dn: {dn}"));
        shape.folded += usize::from(entry[start..entry.len() - 1].contains(&b'\n'));
    }
    for text in ["objectClass: nsContainer", "objectClass: ipaConfigObject", "objectClass: top"] {
        line(entry, text);
    }
    line(entry, "ipaConfigString: enabledService");
    line(
        entry,
        &format!("IPACONFIGSTRING;vucsn-6b025b3b000100040000: startOrder {}", 10 * service),
    );
    base64_line(entry, "userPassword", b"never to be read");
    line(entry, &format!("cn: {name}"));
}

fn unwanted_entry(entry: &mut Vec<u8>, number: u64, random: &mut Random) {
    entry.push(b'\n');
    line(entry, &format!("# entry-id: {number}"));
    let identifier = random.next();
    let unique = format!("{:08x}-{:08x}-8ad2d1d5-4ab6772d", identifier >> 32, identifier as u32);
    match number % 10 {
        8 => {
            let host = format!("host{number}.dc{}.emea.corp.example.test", number % 4);
            line(entry, &format!("dn: fqdn={host},cn=computers,cn=accounts,{SUFFIX}"));
            line(entry, &format!("description: dn: {host},cn=masters,cn=ipa,cn=etc,{SUFFIX}"));
            line(entry, &format!("managedBy: fqdn={host},cn=computers,cn=accounts,{SUFFIX}"));
            base64_line(entry, "userCertificate", &random.bytes(1100));
        }
        9 => {
            line(entry, &format!("dn: cn=group{number},cn=groups,cn=accounts,{SUFFIX}"));
            line(entry, &format!("description: dn of group {number} is not cn=etc,"));
            for _ in 0..random.next() % 40 {
                let user = random.next() % 1_000_000;
                line(entry, &format!("member: uid=user{user},cn=users,cn=accounts,{SUFFIX}"));
            }
        }
        _ => user(entry, number, random),
    }
    line(entry, &format!("nsUniqueId: {unique}"));
    line(entry, "createTimestamp: 20261122030219Z");
    line(
        entry,
        "modifyTimestamp;adcsn-6b025b57000000040002;vucsn-6b025b57000000040002: 20261122030247Z",
    );
}

fn user(entry: &mut Vec<u8>, number: u64, random: &mut Random) {
    line(entry, &format!("dn: uid=user{number},cn=users,cn=accounts,{SUFFIX}"));
    for class in [
        "top",
        "person",
        "organizationalperson",
        "inetorgperson",
        "inetuser",
        "posixaccount",
        "krbprincipalaux",
        "krbticketpolicyaux",
        "ipaobject",
        "ipasshuser",
        "mepOriginEntry",
    ] {
        line(entry, &format!("objectClass: {class}"));
    }
    line(entry, &format!("displayName: User {number}"));
    line(entry, &format!("uid: user{number}"));
    line(entry, &format!("krbPrincipalName: user{number}@IDM.EXAMPLE.TEST"));
    line(entry, &format!("homeDirectory: /home/user{number}"));
    line(entry, &format!("mail: user{number}@example.test"));
    line(entry, "loginShell: /bin/bash");
    if number.is_multiple_of(50) {
        line(entry, &format!("dnaFilter: (dn=cn=etc,{SUFFIX})"));
    }
    base64_line(entry, "cn", format!("J\u{f6}rg User {number}").as_bytes());
    for group in 0..random.next() % 12 {
        line(entry, &format!("memberOf: cn=group{group},cn=groups,cn=accounts,{SUFFIX}"));
    }
    base64_line(entry, "userPassword", &random.bytes(100));
    base64_line(entry, "krbPrincipalKey", &random.bytes(320));
    base64_line(entry, "krbExtraData", &random.bytes(32));
    if number % 500 == 1 {
        let length = 8_000 + random.next() as usize % 24_000;
        base64_line(entry, "jpegPhoto", &random.bytes(length));
    }
}

/// A line, folded at 78 columns.
fn line(entry: &mut Vec<u8>, text: &str) {
    let (mut piece, mut rest) = text.split_at(text.len().min(78));
    entry.extend_from_slice(piece.as_bytes());
    while !rest.is_empty() {
        (piece, rest) = rest.split_at(rest.len().min(77));
        entry.extend_from_slice(b"\n ");
        entry.extend_from_slice(piece.as_bytes());
    }
    entry.push(b'\n');
}

fn base64_line(entry: &mut Vec<u8>, name: &str, value: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("{name}:: ");
    for group in value.chunks(3) {
        let bytes = [0, group[0], *group.get(1).unwrap_or(&0), *group.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes(bytes);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize % 64];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    line(entry, &text);
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(length).collect()
    }
}
