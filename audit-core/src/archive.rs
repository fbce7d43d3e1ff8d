//! Archives of exports: every member is an input of its own.
//!
//! An archive may hold anything. Members that are no exports are counted in one note; members that
//! look like exports and cannot be used keep their own notes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::backup_archive::BackupArchives;
use crate::import::{Import, InputFile, Reader, hex};
use crate::limits;
use crate::note::{Note, NoteCode};
use crate::unpack::{self, Input, Kind, Limit, Trouble, Visit};

/// Names of members that a note shows; the others are counted.
const NAMES_SHOWN: usize = 3;

/// Reads the members of an archive. Returns what it is, for example `tar.gz archive`.
pub(crate) fn import(
    import: &mut Import,
    file: &Arc<str>,
    kind: Kind,
    input: Input<'_>,
) -> &'static str {
    let mut members = Members {
        import,
        archive: Arc::clone(file),
        used: 0,
        passed: BTreeMap::new(),
        backups: BackupArchives::default(),
    };
    let format = unpack::walk(file, kind, input, &mut members);
    let backups = std::mem::take(&mut members.backups);
    members.used += backups.finish(file, members.import);
    members.note_passed();
    format
}

/// Reads the input if it is an archive: `Some` with how that ended. Otherwise hands its first bytes
/// to the reader, or goes back to its start.
///
/// # Errors
///
/// Those of the first bytes.
pub(crate) fn read(
    to: &mut Import,
    reader: &mut Reader,
    input: &mut Input<'_>,
) -> io::Result<Option<io::Result<()>>> {
    let mut head = Vec::new();
    let wanted = unpack::HEAD_BYTES as u64;
    match input {
        Input::File(file) => file.take(wanted).read_to_end(&mut head)?,
        Input::Stream(stream) => stream.take(wanted).read_to_end(&mut head)?,
    };
    let Some(kind) = Kind::recognize(&head) else {
        match input {
            Input::File(file) => file.seek(SeekFrom::Start(0)).map(|_| ())?,
            Input::Stream(_) => {
                reader.push(&head);
            }
        }
        return Ok(None);
    };
    let name: Arc<str> = reader.name();
    let mut digest = Sha256::new();
    let (format, read) = match input {
        // Its list of members stands at the end: it is read from any place, and for its digest.
        Input::File(file) if kind == Kind::Zip => {
            file.seek(SeekFrom::Start(0))?;
            let read = digest_of(&mut **file, &mut digest);
            (import(to, &name, kind, Input::File(&mut **file)), read)
        }
        Input::File(file) => {
            file.seek(SeekFrom::Start(0))?;
            import_stream(to, &name, kind, &mut **file, &mut digest)
        }
        Input::Stream(stream) => {
            let mut whole = Cursor::new(head).chain(&mut **stream);
            import_stream(to, &name, kind, &mut whole, &mut digest)
        }
    };
    let sha256 = read.is_ok().then(|| hex(digest));
    to.record(InputFile { file: name, format: format.to_owned(), sha256 });
    Ok(Some(read))
}

fn import_stream(
    to: &mut Import,
    name: &Arc<str>,
    kind: Kind,
    input: &mut dyn Read,
    digest: &mut Sha256,
) -> (&'static str, io::Result<()>) {
    let mut tee = Tee { input, digest, error: None };
    let format = import(to, name, kind, Input::Stream(&mut tee));
    let Tee { input, digest, error } = tee;
    let read = match error {
        Some(error) => Err(error),
        // What stands behind the last member counts for the digest, too.
        None => digest_of(input, digest),
    };
    (format, read)
}

fn digest_of(input: &mut dyn Read, digest: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => digest.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Adds what is read to a digest, and keeps the error of the input.
struct Tee<'t> {
    input: &'t mut dyn Read,
    digest: &'t mut Sha256,
    error: Option<io::Error>,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer) {
            Ok(count) => {
                self.digest.update(buffer.get(..count).unwrap_or_default());
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let same = io::Error::new(error.kind(), error.to_string());
                self.error = Some(error);
                Err(same)
            }
        }
    }
}

/// The members on their way into the import.
struct Members<'i> {
    import: &'i mut Import,
    archive: Arc<str>,
    /// Members of which something was used.
    used: usize,
    /// Names of members that are no exports, by what they are instead.
    passed: BTreeMap<&'static str, BTreeSet<String>>,
    /// Backups in it, or the one that it is.
    backups: BackupArchives,
}

impl Members<'_> {
    /// The name of a member without that of the archive.
    fn inner<'n>(&self, name: &'n str) -> &'n str {
        let rest = name.strip_prefix(&*self.archive).unwrap_or(name);
        rest.strip_prefix(unpack::SEPARATOR).unwrap_or(rest)
    }

    fn note_passed(self) {
        let count: usize = self.passed.values().map(BTreeSet::len).sum();
        if self.used == 0 {
            self.import.note(
                Note::on_file(
                    &self.archive,
                    NoteCode::NotRecognized,
                    "no member of the archive could be used",
                )
                .help("Pack the outputs of the commands or of the export script as text."),
            );
        }
        if count == 0 {
            return;
        }
        let kinds: Vec<String> = self
            .passed
            .iter()
            .map(|(what, names)| {
                let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
                let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
                format!("{} {what} ({}{more})", names.len(), shown.join(", "))
            })
            .collect();
        self.import.note(Note::on_file(
            &self.archive,
            NoteCode::PassedOver,
            format!("{count} member(s) are no exports and were passed over: {}", kinds.join("; ")),
        ));
    }
}

impl Visit for Members<'_> {
    fn member(&mut self, name: &str, content: &mut dyn Read) -> io::Result<()> {
        if let Some(read) = self.backups.member(name, content) {
            return read;
        }
        let mut reader = Reader::of_member(name);
        let is_report = reader.is_of_report();
        let read = if reader.passes_over() { Ok(()) } else { reader.read(content, false) };
        let closed = reader.finish();
        let what = match closed.refused.as_ref().map(|note| note.code) {
            _ if is_report => None,
            Some(NoteCode::EmptyFile) => Some("empty"),
            Some(NoteCode::BinaryFile) => Some("binary"),
            Some(NoteCode::NotRecognized) => Some("of another kind"),
            Some(NoteCode::FileTooLarge) => Some("too large for an export"),
            _ => None,
        };
        if let (Some(what), true) = (what, read.is_ok()) {
            let name = self.inner(name).to_owned();
            self.passed.entry(what).or_default().insert(name);
        } else {
            self.used += usize::from(closed.is_used || is_report);
            self.import.take(closed);
        }
        read
    }

    fn trouble(&mut self, name: &str, trouble: Trouble) {
        let inner = self.inner(name);
        let at = if inner.is_empty() { String::new() } else { format!(" at {inner}") };
        let (code, message, help) = match trouble {
            Trouble::Damaged(what) => (
                NoteCode::ArchiveDamaged,
                format!("the archive is damaged or ends early{at}: {what}; what was read is used"),
                "Copy or pack the archive again; compare sizes.".to_owned(),
            ),
            Trouble::Encrypted => (
                NoteCode::MemberNotRead,
                format!("member {inner} is encrypted; it was not read"),
                "Pack it without a password: it never leaves this machine.".to_owned(),
            ),
            Trouble::Method => (
                NoteCode::MemberNotRead,
                format!("member {inner} is compressed by a method that is not read"),
                "Pack it with zip or tar and gzip.".to_owned(),
            ),
            Trouble::Limit(limit) => (
                NoteCode::ArchiveTooLarge,
                format!("{}{at}; what stands behind it was not read", bound(limit)),
                "Unpack it, and give the exports alone.".to_owned(),
            ),
        };
        // What a backup's archive lacks is said with the backup.
        if !self.backups.trouble(name, &message) {
            self.import.note(Note::on_file(&self.archive, code, message).help(help));
        }
    }
}

fn bound(limit: Limit) -> String {
    match limit {
        Limit::Members => {
            format!("the archive has more than {} members", limits::ARCHIVE_MEMBERS_MAX)
        }
        Limit::Depth => {
            format!("archives are packed more than {} times", limits::ARCHIVE_DEPTH_MAX)
        }
        Limit::Expansion => {
            format!("the archive expands to more than {} times its size", limits::EXPANSION_MAX)
        }
        Limit::HeldBytes => format!(
            "a zip archive larger than {} MiB cannot be read from a stream",
            limits::ARCHIVE_BYTES_MAX / (1024 * 1024)
        ),
    }
}

/// The note on an archive that is too large to be held.
pub(crate) fn too_large(file: &Arc<str>) -> Note {
    Note::on_file(
        file,
        NoteCode::FileTooLarge,
        format!(
            "the archive is larger than {} MiB; it was not read here",
            limits::ARCHIVE_BYTES_MAX / (1024 * 1024)
        ),
    )
    .help("The command line reads archives of any size; or unpack it, and give the exports alone.")
}
