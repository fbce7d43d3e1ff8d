//! Archives that `ipa-backup` writes: read to their last byte, and what they hold.
//!
//! The archive is a stream: nothing is unpacked, nothing but the members below is looked at, and of
//! those only attributes and lines on a list. So an archive of any size needs the same memory.
//!
//! | member | what it tells |
//! |---|---|
//! | `INSTANCE-userRoot.ldif` | servers, roles, segments at that time; how far the copy is (RUV) |
//! | `INSTANCE-ipaca.ldif` | that the CA's database is in it, and the KRA's |
//! | `files.tar` (gzip in spite of its name) | that it is a full backup |
//! | `files.tar`: `etc/ipa/default.conf` | the host |
//! | `files.tar`: `etc/dirsrv/slapd-*/dse.ldif`, `etc/pki/pki-tomcat/ca/CS.cfg` | settings of the host |
//! | `INSTANCE/config_files/dse.ldif` | the same, of a data-only backup |
//!
//! Source: FreeIPA `ipaserver/install/ipa_backup.py` (`db2ldif`, `db2bak`, `file_backup`,
//! `finalize_backup`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::import::{Import, Named, Reader};
use crate::limits;
use crate::model::{BackupKind, Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::decode::Content;
use crate::seen::Place;
use crate::sos::host_in;
use crate::stage::Stage;
use crate::unpack::SEPARATOR;

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;

/// What a member of a backup's archive is. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    /// The database of a backend as LDIF.
    Ldif(String),
    /// The configuration files.
    Files,
    /// A file of the host that is read as any other export.
    Setting,
    /// The configuration that names the host.
    Configuration,
    /// Anything else: passed over.
    Other,
}

impl Part {
    fn of(inside: &str) -> Self {
        let is_setting = |path: &str| {
            path == "etc/pki/pki-tomcat/ca/CS.cfg"
                || (path.starts_with("etc/dirsrv/slapd-") && path.ends_with("/dse.ldif"))
        };
        if let Some(path) = inside.strip_prefix("files.tar!/") {
            return match path {
                "etc/ipa/default.conf" => Self::Configuration,
                _ if is_setting(path) => Self::Setting,
                _ => Self::Files,
            };
        }
        if inside == "files.tar" {
            return Self::Files;
        }
        if let (None, Some((_, backend))) =
            (inside.find('/'), inside.strip_suffix(".ldif").and_then(|stem| stem.rsplit_once('-')))
        {
            return Self::Ldif(backend.to_owned());
        }
        match inside.split_once('/') {
            Some((_, "config_files/dse.ldif")) => Self::Setting,
            _ => Self::Other,
        }
    }
}

/// The archive of a backup in a member's name, with the member's name inside of it.
///
/// Its own name tells, or what is in it: a database of the backend `userRoot`, or `files.tar`.
fn split(name: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = name.get(from..)?.find(SEPARATOR) {
        let (archive, inside) = (name.get(..from + at)?, name.get(from + at + SEPARATOR.len()..)?);
        let base = archive.rsplit(['/', '\\']).next().unwrap_or_default();
        let first = inside.split('/').next().unwrap_or_default();
        let is_database = first == inside && inside.ends_with("-userRoot.ldif");
        if kind_of_name(base).is_some() || is_database || first == "files.tar!" {
            return Some((archive, inside));
        }
        from += at + SEPARATOR.len();
    }
    None
}

/// The kind of a backup by its archive's name.
fn kind_of_name(base: &str) -> Option<BackupKind> {
    match base {
        "ipa-full.tar" => Some(BackupKind::Full),
        "ipa-data.tar" => Some(BackupKind::Data),
        _ => None,
    }
}

/// What one archive showed.
#[derive(Default)]
struct Seen {
    backends: BTreeSet<String>,
    /// Databases that are empty or end early.
    cut: BTreeSet<String>,
    duplicates: BTreeSet<String>,
    has_files: bool,
    has_kra: bool,
    host: Option<Fqdn>,
    /// What its databases say of the deployment at that time.
    past: BTreeMap<String, Facts>,
    /// Settings of the host, until it is known.
    held: Vec<(String, Vec<u8>)>,
    held_bytes: usize,
    entries: u64,
    troubles: Vec<String>,
}

/// Backups among the archives of one input.
#[derive(Default)]
pub(crate) struct BackupArchives(BTreeMap<String, Seen>);

impl BackupArchives {
    /// Takes a member if it is of a backup's archive; `None` if it is not.
    pub(crate) fn member(&mut self, name: &str, content: &mut dyn Read) -> Option<io::Result<()>> {
        let (archive, inside) = split(name)?;
        let seen = self.0.entry(archive.to_owned()).or_default();
        Some(match Part::of(inside) {
            Part::Ldif(backend) => seen.database(name, backend, content),
            Part::Files => {
                seen.has_files = true;
                Ok(())
            }
            Part::Configuration => {
                seen.has_files = true;
                seen.hold(name, content).map(|bytes| {
                    let host = bytes.and_then(|bytes| host_in(&String::from_utf8_lossy(&bytes)));
                    seen.host = host.or(seen.host.take());
                })
            }
            Part::Setting => {
                seen.has_files |= inside.starts_with("files.tar!/");
                seen.hold(name, content).map(|bytes| {
                    if let Some(bytes) = bytes {
                        seen.held_bytes += bytes.len();
                        seen.held.push((name.to_owned(), bytes));
                    }
                })
            }
            // An archive that is recognized by name only.
            Part::Other => Ok(()),
        })
    }

    /// Remembers that something in an archive could not be read. False if it is of no backup.
    pub(crate) fn trouble(&mut self, name: &str, what: &str) -> bool {
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let archive = match split(name) {
            Some((archive, _)) => archive,
            None if kind_of_name(base).is_some() => name,
            None => return false,
        };
        self.0.entry(archive.to_owned()).or_default().troubles.push(what.to_owned());
        true
    }

    /// Hands what the archives showed to the import. Returns how many there were.
    pub(crate) fn finish(self, file: &Arc<str>, import: &mut Import) -> usize {
        let count = self.0.len();
        for (archive, seen) in self.0 {
            seen.finish(file, &archive, import);
        }
        count
    }
}

impl Seen {
    /// Reads a database to its end.
    fn database(&mut self, name: &str, backend: String, content: &mut dyn Read) -> io::Result<()> {
        let file: Arc<str> = name.into();
        let mut facts = Facts::default();
        let mut stage = Stage::of(Content::Ldif, &file, 0);
        let mut kra = KraFinder::new();
        let mut buffer = vec![0; READ_BYTES];
        let mut last = b'\n';
        let mut is_empty = true;
        let result = loop {
            match content.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(count) => {
                    let chunk = buffer.get(..count).unwrap_or_default();
                    last = chunk.last().copied().unwrap_or(last);
                    is_empty = false;
                    kra.push(chunk);
                    stage.push(&file, chunk, &mut facts);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let mut named = Named::file(&file);
        named.cut = result.is_err();
        let ended = stage.finish(&named, &mut facts);
        if is_empty || last != b'\n' || (result.is_ok() && ended.entries == 0) {
            self.cut.insert(backend.clone());
        }
        if backend == "userRoot" {
            self.entries = ended.entries;
        }
        self.has_kra |= kra.found && backend == "ipaca";
        if !self.backends.insert(backend.clone()) {
            self.duplicates.insert(backend.clone());
        }
        // Of two with one name, the last is what unpacking leaves.
        self.past.insert(backend, facts);
        result
    }

    /// A small file as a whole; `None` if it is too large to be what its name says.
    fn hold(&mut self, name: &str, content: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
        let most = limits::MEMBER_TEXT_BYTES_MAX.saturating_sub(self.held_bytes);
        let mut bytes = Vec::new();
        content.take(most as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > most {
            self.troubles.push(format!("{name} is too large to be read"));
            return Ok(None);
        }
        Ok(Some(bytes))
    }

    fn finish(mut self, file: &Arc<str>, archive: &str, import: &mut Import) {
        let archive_name: Arc<str> = archive.into();
        let base = archive.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let kind = kind_of_name(&base).unwrap_or(if self.has_files {
            BackupKind::Full
        } else {
            BackupKind::Data
        });
        let mut lacks = self.troubles.clone();
        if !self.backends.contains("userRoot") {
            lacks.push("it has no database of the backend userRoot".to_owned());
        }
        if kind == BackupKind::Full && !self.has_files {
            lacks.push("it has no files.tar, so a server cannot be rebuilt from it".to_owned());
        }
        lacks.extend(self.cut.iter().map(|name| format!("the database of {name} ends early")));
        lacks.extend(
            self.duplicates.iter().map(|name| format!("it has several databases of {name}")),
        );
        let is_read = self.troubles.is_empty();
        let source = |observed: String| {
            let source = Source::at_line(&archive_name, 0, observed);
            Source { line: None, ..source }
        };
        let one = |observed: String| Sources::from([source(observed)]);
        let mut facts = Facts::default();
        let place = Place::of(archive, None::<&str>);
        let here = source("archive of a backup".to_owned());
        let backup = facts.seen.backup(place, [here]);
        backup.kind.claim(kind, one(format!("{kind} backup")));
        backup.encrypted.claim(false, one("it could be read".to_owned()));
        let whole = lacks.is_empty();
        let observed = if whole { "read to its last byte".to_owned() } else { lacks.join("; ") };
        backup.complete.claim(whole, one(observed));
        if is_read || self.backends.contains("ipaca") {
            let has = self.backends.contains("ipaca");
            let observed = if has { "database of ipaca" } else { "no database of ipaca" };
            backup.holds_ca_data.claim(has, one(observed.to_owned()));
        }
        if is_read || self.has_kra {
            let observed = if self.has_kra { "o=kra,o=ipaca" } else { "no o=kra,o=ipaca" };
            backup.holds_kra_data.claim(self.has_kra, one(observed.to_owned()));
        }
        if self.backends.contains("userRoot") {
            let observed = format!("{} entries in userRoot", self.entries);
            backup.entries.claim(self.entries, one(observed));
        }
        let host = self.host.take().or_else(|| {
            let settings = self.held.iter().filter(|(name, _)| name.ends_with("dse.ldif"));
            settings.into_iter().find_map(|(_, bytes)| local_host(bytes))
        });
        if let Some(host) = &host {
            backup.host.claim(host.clone(), one(format!("host {host}")));
        }
        let mut past = Facts::default();
        for (_, mut of_backend) in std::mem::take(&mut self.past) {
            for (key, ruv) in std::mem::take(&mut of_backend.observed.ruvs) {
                backup.ruvs.entry(key.suffix).or_default().merge(ruv.clone());
                // The vector in a database is its host's.
                let on = key.on.or_else(|| host.clone());
                of_backend
                    .observed
                    .ruvs
                    .entry(crate::model::RuvKey { on, ..key })
                    .or_default()
                    .merge(ruv);
            }
            past.merge(of_backend);
        }
        for (name, bytes) in std::mem::take(&mut self.held) {
            let mut reader = Reader::of_report(&name, host.clone());
            reader.push(&bytes);
            past.merge(reader.finish().into_facts());
        }
        let reach = backup
            .ruvs
            .get(&Suffix::Domain)
            .and_then(|ruv| ruv.replicas.values().filter_map(|one| one.max_csn.clone()).max());
        if !whole {
            facts.note(
                Note::on_file(
                    file,
                    NoteCode::ArchiveNotRestorable,
                    format!("{archive} cannot be restored: {}", lacks.join("; ")),
                )
                .help(
                    "Compare its size with that on its host, and copy it again; else ipa-backup.",
                ),
            );
        }
        import.add_backup(&archive_name, facts, (reach, past));
    }
}

/// Finds the KRA's entries in a database, whatever the borders of chunks.
struct KraFinder {
    finder: Finder<'static>,
    tail: Vec<u8>,
    found: bool,
}

/// The entry above all of the KRA's (Dogtag `kra/shared/conf/db.ldif`).
const KRA_ENTRY: &[u8] = b"\ndn: o=kra,o=ipaca";

impl KraFinder {
    fn new() -> Self {
        Self { finder: Finder::new(KRA_ENTRY), tail: Vec::new(), found: false }
    }

    fn push(&mut self, chunk: &[u8]) {
        if self.found {
            return;
        }
        let length = KRA_ENTRY.len();
        self.tail.extend_from_slice(chunk.get(..chunk.len().min(length)).unwrap_or_default());
        self.found = self.finder.find(&self.tail).is_some() || self.finder.find(chunk).is_some();
        let keep = chunk.len().min(length);
        if chunk.len() >= length {
            self.tail.clear();
            self.tail.extend_from_slice(chunk.get(chunk.len() - keep..).unwrap_or_default());
        } else {
            let from = self.tail.len().saturating_sub(length);
            self.tail.drain(..from);
        }
    }
}

/// `nsslapd-localhost: NAME` of `dse.ldif`.
fn local_host(bytes: &[u8]) -> Option<Fqdn> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().find_map(|line| Fqdn::parse(line.strip_prefix("nsslapd-localhost: ")?))
}

/// States what an encrypted archive shows: that it is there, and for which keys. `None` if the file
/// is not called as `ipa-backup --gpg` calls its archives, or is no `OpenPGP` message.
pub(crate) fn encrypted(file: &Arc<str>, head: &[u8], facts: &mut Facts) -> Option<Note> {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let kind = kind_of_name(base.strip_suffix(".gpg")?)?;
    let keys = encrypted_to(head)?;
    let source = Source { line: None, ..Source::at_line(file, 0, "OpenPGP message") };
    let backup = facts.seen.backup(Place::of(file, None::<&str>), [source.clone()]);
    let of = |observed: String| Sources::from([Source { observed, ..source.clone() }]);
    backup.encrypted.claim(true, of("OpenPGP message".to_owned()));
    backup.kind.claim(kind, of(format!("{kind} backup")));
    if let (Some(key), 1) = (keys.first(), keys.len()) {
        backup.key.claim(key.clone(), of(format!("encrypted to key {key}")));
    }
    let keys: Vec<String> = keys.into_iter().collect();
    let to = match keys.as_slice() {
        [] => "with a passphrase".to_owned(),
        keys => format!("to key {}", keys.join(", ")),
    };
    let message =
        format!("the archive is encrypted {to}: what it holds and whether it is whole is unknown");
    let help = "Declare the key in answers.toml, and rehearse a restore; or audit the archive \
                before it is encrypted.";
    Some(Note::on_file(file, NoteCode::ArchiveEncrypted, message).help(help))
}

/// The keys to which a file is encrypted, if it is an `OpenPGP` message: their identifiers, 16 hex
/// digits each (RFC 9580, 5.1, public-key encrypted session key packets).
///
/// ```text
/// 85 010c 03 0123456789abcdef 01 …
/// ```
fn encrypted_to(head: &[u8]) -> Option<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    let mut rest = head;
    while let Some((tag, body, after)) = packet(rest) {
        match (tag, body) {
            (1, [3, body @ ..]) if body.len() >= 9 => {
                let id = body.get(..8).unwrap_or_default();
                let id = id.iter().fold(0_u64, |id, byte| id << 8 | u64::from(*byte));
                keys.insert(format!("{id:016x}"));
            }
            // A session key that comes from a passphrase, and the message itself.
            (3 | 9 | 18 | 20, _) => return Some(keys),
            _ => return None,
        }
        rest = after;
    }
    // The message's packet is longer than the head.
    (!keys.is_empty()).then_some(keys)
}

/// Tag, body and rest of an `OpenPGP` packet; the body of a message itself is cut short.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return None;
    }
    let (tag, length, rest) = if first & 0x40 == 0 {
        let tag = first >> 2 & 0x0f;
        let bytes = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            // Of unknown length: the rest.
            _ => return Some((tag, rest, &[])),
        };
        let length = rest.get(..bytes)?.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
        (tag, length, rest.get(bytes..)?)
    } else {
        let tag = first & 0x3f;
        match rest {
            [one @ 0..=191, rest @ ..] => (tag, usize::from(*one), rest),
            [one @ 192..=223, two, rest @ ..] => {
                (tag, (usize::from(*one) - 192) * 256 + usize::from(*two) + 192, rest)
            }
            [255, a, b, c, d, rest @ ..] => {
                let length =
                    [a, b, c, d].into_iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
                (tag, length, rest)
            }
            // A part of a body.
            _ => return Some((tag, rest, &[])),
        }
    };
    let end = length.min(rest.len());
    Some((tag, rest.get(..end)?, rest.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_belong_to_the_archive_that_is_a_backup() {
        let found = |name| split(name);
        let full = "a/ipa-full.tar";
        assert_eq!(found("a/ipa-full.tar!/x"), Some((full, "x")));
        let store = "s.tar.gz!/ipa-full-2026-01-01-00-00-00/ipa-full.tar";
        let inside = "files.tar!/etc/ipa/default.conf";
        let nested = format!("{store}!/{inside}");
        assert_eq!(found(&nested), Some((store, inside)));
        assert_eq!(found("b.tgz!/EX-userRoot.ldif"), Some(("b.tgz", "EX-userRoot.ldif")));
        assert_eq!(found("b.tgz!/sub/EX-userRoot.ldif"), None);
        assert_eq!(found("b.tgz!/roles.txt"), None);
    }

    #[test]
    fn the_kra_is_found_whatever_the_chunks() {
        let text = b"dn: o=ipaca\n\ndn: o=kra,o=ipaca\n";
        for size in 1..text.len() {
            let mut finder = KraFinder::new();
            text.chunks(size).for_each(|chunk| finder.push(chunk));
            assert!(finder.found, "chunks of {size}");
        }
        let mut finder = KraFinder::new();
        finder.push(b"dn: o=ipaca\ndescription: o=kra,o=ipaca\n");
        assert!(!finder.found);
    }

    #[test]
    fn an_encrypted_file_names_its_keys() {
        let mut message = vec![0x84, 12, 3, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0, 0];
        message.extend([0xd2, 0x03, 1, 2, 3]);
        assert_eq!(encrypted_to(&message), Some(BTreeSet::from(["0123456789abcdef".to_owned()])));
        assert_eq!(encrypted_to(b"\x8c\x0d\x04\x09\x03"), Some(BTreeSet::new()));
        assert_eq!(encrypted_to(b"plain text"), None);
        assert_eq!(encrypted_to(&[0xff; 40]), None);
    }
}
