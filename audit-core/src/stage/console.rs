//! Console text, and other text in lines.

use super::json::{invalid_json, read_documents};
use super::{Ended, not_recognized};
use crate::bundle::Section;
use crate::console_parts::is_without_ca;
use crate::facts::Facts;
use crate::import::{FORMATS, Named, Reads};
use crate::limits;
use crate::note::{Note, NoteCode};
use crate::parse::console::{self, Line, Transcript};
use crate::parse::json;

/// Console text: lines, decoded one by one.
#[derive(Debug, Default)]
pub(crate) struct ConsoleStage {
    lines: Vec<Line>,
    partial: Vec<u8>,
    partial_too_long: bool,
    number: u64,
    bytes: usize,
    /// Bytes that are taken at most.
    pub(super) bytes_max: usize,
    invalid: u64,
    first_invalid: Option<(u64, u64)>,
    too_long: Vec<u64>,
}

impl ConsoleStage {
    /// Reads a text that has this many lines of its file before it.
    pub(super) fn new(lines_before: u64) -> Self {
        Self { number: lines_before, bytes_max: limits::TEXT_BYTES_MAX, ..Self::default() }
    }

    /// Takes the next bytes; `false` if the text is longer than any that is read.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        if self.bytes + bytes.len() > self.bytes_max {
            return false;
        }
        self.bytes += bytes.len();
        let mut pieces = bytes.split(|&byte| byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if self.partial.len() + piece.len() > limits::TEXT_LINE_BYTES_MAX {
                self.partial_too_long = true;
                self.partial.clear();
            } else if !self.partial_too_long {
                self.partial.extend_from_slice(piece);
            }
            if pieces.peek().is_some() {
                self.end_line();
            }
        }
        true
    }

    fn end_line(&mut self) {
        self.number += 1;
        let bytes = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.partial_too_long) {
            // Not an empty line in its place: that would end an entry.
            self.too_long.push(self.number);
            return;
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                self.invalid += 1;
                let column = error.valid_up_to() as u64 + 1;
                self.first_invalid.get_or_insert((self.number, column));
                bytes.iter().map(|&byte| char::from(byte)).collect()
            }
        };
        self.lines.push(Line { number: self.number, text: text.trim_end().to_owned() });
    }

    /// Ends the text.
    pub(super) fn finish(mut self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        if !self.partial.is_empty() || self.partial_too_long {
            self.end_line();
        }
        if let Some((line, column)) = self.first_invalid {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::InvalidUtf8,
                    format!(
                        "{} line(s) are not valid UTF-8, the first here; they were read as Latin-1",
                        self.invalid
                    ),
                )
                .at(line)
                .column(column)
                .help("Export with LC_ALL=C.UTF-8, and copy the file as it is."),
            );
        }
        for line in &self.too_long {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::LineTooLong,
                    format!(
                        "the line is longer than {} bytes; it was left out",
                        limits::TEXT_LINE_BYTES_MAX
                    ),
                )
                .at(*line),
            );
        }
        let mut ended = Ended::nothing("text, not recognized", None);
        let inside = json::extract(&mut self.lines);
        read_documents(named, &inside.documents, &mut ended, facts);
        for fault in &inside.faults {
            facts.note(invalid_json(named, fault, "the document was not used"));
        }
        let transcript = console::transcript(&self.lines);
        for format in FORMATS {
            let own = match &format.reader {
                Reads::Console(read) => read(named, &transcript, facts),
                Reads::Lines(read) => read(named, &self.lines, facts),
                Reads::Ldif { .. } | Reads::Json(_) | Reads::Toml(_) => false,
            };
            if own {
                ended.formats.insert(format.name);
            }
        }
        // A section's own note says more than one on the failure in it.
        if !named.section.is_some_and(Section::may_fail) {
            note_failures(named, &transcript, facts);
            ended.failure_noted = !transcript.failures.is_empty();
        }
        if ended.formats.is_empty() && transcript.failures.is_empty() {
            ended.refused = Some(not_recognized(named, "the file is text"));
        }
        ended
    }
}

fn note_failures(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) {
    for failure in &transcript.failures {
        if is_without_ca(failure) {
            continue;
        }
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::CommandFailed,
                match &failure.command {
                    Some(command) => format!("`ipa {}` failed: {}", command.name, failure.message),
                    None => format!("an ipa command failed: {}", failure.message),
                },
            )
            .at(failure.line)
            .help(failure_help(&failure.message)),
        );
    }
}

/// What to do about a failure.
fn failure_help(message: &str) -> &'static str {
    if message.contains("size limit exceeded") {
        "With more than 100 services of one role these commands always fail: export \
         cn=masters,cn=ipa,cn=etc,SUFFIX with ldapsearch, as root over ldapi."
    } else if message.contains("not specific enough") {
        "Two servers are marked as CA renewal server, which this command cannot print: export \
         cn=masters,cn=ipa,cn=etc,SUFFIX with ldapsearch, as root over ldapi."
    } else {
        "Run it again as admin (kinit admin), and export its whole output."
    }
}
