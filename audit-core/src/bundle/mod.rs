//! The export bundle: one text file per server with the output of many commands, as
//! [`collect::SCRIPT`] writes it. Bundles of several servers may stand behind each other in one
//! file.
//!
//! ```text
//! === meta rc=0 ===                       who made it, and when
//! format: idm-drill/export/1
//! host: ipa1.example.test
//! time: 2026-11-22T04:00:00Z
//! === ldif:ipa rc=0 ===                   output of one command: LDIF, JSON or console text
//! dn: cn=masters,cn=ipa,cn=etc,dc=example,dc=test
//! …
//! === end rc=0 ===                        proof that nothing was cut off
//! ```
//!
//! The body of each section goes to the reader that its content asks for, with the line numbers of
//! the whole file, and with host and time of `meta`. The exit code in a section's head proves that
//! a search was not cut by a limit, which `ldapsearch -LLL` itself does not show.

pub mod collect;
mod meta;

use std::sync::Arc;

use crate::facts::Facts;
use crate::import::{Flow, Named};
use crate::limits;
use crate::note::{Note, NoteCode};
use crate::parse::decode::Content;
use crate::parse::ldif::{LdifSummary, SearchResult};
use crate::parse::sections::{Head, Piece, Splitter};
use crate::stage::{Ended, Stage, not_recognized};
use meta::Meta;

/// Name of the format, as `inputs[].format` shows it.
pub const FORMAT: &str = "export bundle";

/// Section that says who made the bundle.
const META: &str = "meta";

/// Section that proves that the bundle is whole.
const END: &str = "end";

/// The section of a bundle in which something was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Section {
    /// Its head line.
    pub head: Head,
    /// True if another section, or the bundle's end, follows: its text is whole.
    pub whole: bool,
}

impl Section {
    /// True if its command may fail although nothing is wrong.
    pub(crate) fn may_fail(&self) -> bool {
        collect::about(&self.head.name).is_some_and(|about| about.may_fail.is_some())
    }

    /// Adds to the output of `ldapsearch -LLL` what the head says: how the search ended.
    pub(crate) fn complete(&self, summary: &mut LdifSummary) {
        if self.whole && summary.searches == 0 {
            summary.searches = 1;
            let code = self.head.exit_code;
            summary.result.get_or_insert_with(|| SearchResult {
                code,
                text: exit_text(code, true).to_owned(),
                line: self.head.line,
            });
        }
    }
}

/// What an exit code means: of `timeout`, of the shell, and in a search that of `ldapsearch` (an
/// LDAP result code, RFC 4511 A.1).
fn exit_text(code: i32, is_search: bool) -> &'static str {
    match code {
        124 => "stopped by the script's time limit",
        126 | 127 => "the command is not installed",
        0 if is_search => "Success",
        3 if is_search => "Time limit exceeded",
        4 if is_search => "Size limit exceeded",
        11 if is_search => "Administrative limit exceeded",
        32 if is_search => "No such object",
        49 if is_search => "Invalid credentials",
        50 if is_search => "Insufficient access",
        255 if is_search => "Can't contact LDAP server",
        _ => "the command failed",
    }
}

/// How the names of searches begin.
const SEARCH: &str = "ldif:";

/// Exit code of `timeout` for a command that it stopped.
const STOPPED: i32 = 124;

/// Reads a bundle, section by section.
#[derive(Debug, Default)]
pub(crate) struct BundleStage {
    splitter: Splitter,
    reading: Reading,
}

impl BundleStage {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, file: &Arc<str>, bytes: &[u8], facts: &mut Facts) {
        let Self { splitter, reading } = self;
        splitter.push(bytes, &mut |piece| reading.piece(file, piece, facts));
    }

    /// Ends the file.
    pub(crate) fn finish(self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        let Self { splitter, mut reading } = self;
        splitter.finish(&mut |piece| reading.piece(named.file, piece, facts));
        reading.end_section(named.file, false, facts);
        reading.end_bundle(named.file, facts);
        reading.ended(named, facts)
    }
}

/// Everything of a bundle but the split into lines.
#[derive(Debug, Default)]
struct Reading {
    /// Host and time since the last `meta`.
    meta: Meta,
    /// The section that is read; `None` before the first head.
    head: Option<Head>,
    part: Part,
    /// What the sections read so far are.
    formats: std::collections::BTreeSet<&'static str>,
    /// Sections that no importer takes, in order, each once.
    unread: Vec<String>,
}

impl Reading {
    fn piece(&mut self, file: &Arc<str>, piece: Piece<'_>, facts: &mut Facts) {
        match piece {
            Piece::Body(bytes) if self.head.as_ref().is_some_and(|head| head.name == META) => {
                self.meta.push(bytes);
            }
            Piece::Body(bytes) => self.part.push(file, bytes, facts),
            Piece::Messages { line } => self.part.messages(file, self.head.as_ref(), line, facts),
            Piece::Head(head) => {
                self.end_section(file, true, facts);
                if head.name == META {
                    self.end_bundle(file, facts);
                    self.meta = Meta::at(head.line);
                } else if head.name == END {
                    self.meta.has_end = true;
                }
                self.part = Part { lines_before: head.line, ..Part::default() };
                self.head = Some(head);
            }
        }
    }

    /// Ends the section that is read. `whole` says whether something follows it.
    fn end_section(&mut self, file: &Arc<str>, whole: bool, facts: &mut Facts) {
        let part = std::mem::take(&mut self.part);
        let Some(head) = self.head.take() else {
            self.end_preamble(file, part, facts);
            return;
        };
        if head.name == META {
            self.meta.end(file, facts);
            return;
        }
        let section = Section { head, whole };
        let named = Named {
            observed_from: self.meta.host.clone(),
            observed_at: self.meta.time,
            section: Some(&section),
            cut: !whole,
            ..Named::file(file)
        };
        let messages_at = part.messages_at;
        let (ended, is_empty) = part.finish(&named, facts);
        let head = &section.head;
        let failed = head.exit_code != 0
            && !collect::about(&head.name)
                .is_some_and(|about| about.fine.contains(&head.exit_code));
        match ended.refused {
            _ if is_empty || failed => {}
            // What a text is not needs no remark where its name says what it is.
            Some(note) if note.code == NoteCode::NotRecognized => self.leave_unread(&head.name),
            Some(note) => facts.note(note),
            None => {}
        }
        self.formats.extend(ended.formats);
        if failed && !ended.failure_noted {
            facts.note(note_on_failure(file, head, is_empty));
        } else if let (false, Some(line), false) = (failed, messages_at, ended.failure_noted) {
            facts.note(
                Note::on_file(
                    file,
                    NoteCode::SectionRemark,
                    format!("the command of section {} also wrote messages", head.name),
                )
                .at(line),
            );
        }
    }

    fn leave_unread(&mut self, name: &str) {
        if !self.unread.iter().any(|known| known == name) {
            self.unread.push(name.to_owned());
        }
    }

    /// What stands before the first head: a pasted command line, or other exports.
    fn end_preamble(&mut self, file: &Arc<str>, part: Part, facts: &mut Facts) {
        let (ended, _) = part.finish(&Named::file(file), facts);
        if ended.formats.is_empty() && ended.otherwise != "empty" {
            facts.note(
                Note::on_file(
                    file,
                    NoteCode::CommandNotRead,
                    "what stands before the first section is none of the exports",
                )
                .at(1),
            );
        }
        self.formats.extend(ended.formats);
    }

    fn end_bundle(&mut self, file: &Arc<str>, facts: &mut Facts) {
        if let Some(line) = self.meta.lacks_end() {
            facts.note(
                Note::on_file(
                    file,
                    NoteCode::Truncated,
                    "this export bundle ends without its section \"end\": sections are missing",
                )
                .at(line)
                .help("Copy the file again, whole, or run the export script again."),
            );
        }
    }

    fn ended(self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        if !self.unread.is_empty() {
            facts.note(Note::on_file(
                named.file,
                NoteCode::CommandNotRead,
                format!("this version makes no use of the section(s) {}", self.unread.join(", ")),
            ));
        }
        let mut ended = Ended::nothing("export bundle, nothing recognized", None);
        if self.formats.is_empty() {
            ended.refused = Some(not_recognized(named, "the file is an export bundle"));
        } else {
            ended.formats = self.formats;
            ended.formats.insert(FORMAT);
        }
        ended
    }
}

/// The note on a section whose command failed.
fn note_on_failure(file: &Arc<str>, head: &Head, is_empty: bool) -> Note {
    let state = if is_empty { "is empty" } else { "is incomplete" };
    let what = exit_text(head.exit_code, head.name.starts_with(SEARCH));
    let name = &head.name;
    let code = head.exit_code;
    let about = collect::about(name);
    let normal = about.and_then(|about| about.may_fail).filter(|_| code != STOPPED);
    let (note_code, message) = match normal {
        Some(when) => (
            NoteCode::SectionRemark,
            format!("section {name} {state}: {what} ({code}), which is normal {when}"),
        ),
        None => (
            NoteCode::SectionFailed,
            format!("section {name} {state}: {what} ({code}); what it does not tell is unknown"),
        ),
    };
    let help = match about {
        Some(about) => format!(
            "Run the export script again as root while all services run; it needs this section \
             for: {}.",
            about.purpose
        ),
        None => "Run the command again, and look at its messages.".to_owned(),
    };
    Note::on_file(file, note_code, message).at(head.line).help(help)
}

/// The body of one section on its way to a reader.
#[derive(Debug, Default)]
struct Part {
    lines_before: u64,
    /// The first bytes, until there are enough to recognize them.
    start: Vec<u8>,
    stage: Option<Stage>,
    /// Line behind which the command's messages stand.
    messages_at: Option<u64>,
    /// True if the rest is messages that no reader takes.
    is_deaf: bool,
    /// True if messages are all there is.
    is_silent: bool,
}

impl Part {
    fn push(&mut self, file: &Arc<str>, bytes: &[u8], facts: &mut Facts) {
        if self.is_deaf {
            return;
        }
        if let Some(stage) = &mut self.stage {
            // A reader that wants no more still gets the rest, and passes over it.
            let (Flow::More | Flow::Stop) = stage.push(file, bytes, facts);
            return;
        }
        self.start.extend_from_slice(bytes);
        if self.start.len() >= limits::HEAD_BYTES {
            self.recognize(file, facts);
        }
    }

    /// Decides by what there is who reads the section.
    fn recognize(&mut self, file: &Arc<str>, facts: &mut Facts) {
        if self.stage.is_none() {
            let start = std::mem::take(&mut self.start);
            let content = Content::recognize(&start);
            let mut stage = Stage::of(content, file, self.lines_before);
            stage.push(file, &start, facts);
            self.stage = Some(stage);
        }
    }

    /// The command's messages follow. `ipa` and `ldapsearch` report there what their output does
    /// not show, and their readers know it; other messages are passed over.
    fn messages(&mut self, file: &Arc<str>, head: Option<&Head>, line: u64, facts: &mut Facts) {
        self.recognize(file, facts);
        self.messages_at = Some(line);
        self.is_silent = matches!(self.stage, Some(Stage::Empty));
        let is_search = head.is_some_and(|head| head.name.starts_with(SEARCH));
        match &mut self.stage {
            Some(stage @ (Stage::Ldif(_) | Stage::Console(_))) => {
                stage.push(file, b"\n", facts);
            }
            Some(stage @ Stage::Empty) if !is_search => {
                *stage = Stage::of(Content::Console, file, line);
            }
            _ => self.is_deaf = true,
        }
    }

    /// Ends the section. Also returns whether the command wrote no output.
    fn finish(mut self, named: &Named<'_>, facts: &mut Facts) -> (Ended, bool) {
        self.recognize(named.file, facts);
        let stage = self.stage.unwrap_or(Stage::Empty);
        let is_empty = self.is_silent || matches!(stage, Stage::Empty);
        (stage.finish(named, facts), is_empty)
    }
}
