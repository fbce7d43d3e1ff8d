//! What the benchmarks on large files share: their input, children with their times, ratios.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Entries below `cn=etc` in the input.
pub(crate) const WANTED: usize = 400;

/// Smallest, middle and largest.
pub(crate) fn spread(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}

/// Peak of this process's memory in KiB, as the kernel counts it.
pub(crate) fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What a child printed, and how long it took.
pub(crate) struct Run {
    pub(crate) output: String,
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Runs a child and takes its times. Its CPU time is read between its end and `wait`, while the
/// kernel still keeps its record, in nanoseconds.
pub(crate) fn run(command: &mut Command) -> Run {
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

/// A folder for the files of a benchmark; removed when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = env::temp_dir().join(format!("idm-drill-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary directory");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing to do if it was never written.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What was written.
#[derive(Default)]
pub(crate) struct Shape {
    pub(crate) bytes: usize,
    pub(crate) lines: u64,
    pub(crate) entries: u64,
    pub(crate) folded: usize,
    pub(crate) folded_inside: usize,
    pub base64: usize,
    pub(crate) glued: usize,
}

/// Writes an export in the manner of `db2ldif`: mostly users, hosts and groups with long
/// base64 values, some photographs, and the wanted entries spread evenly between them.
pub(crate) fn generate(path: &Path, bytes: usize) -> io::Result<Shape> {
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
