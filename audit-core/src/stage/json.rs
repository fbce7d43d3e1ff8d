//! JSON documents.

use super::{ConsoleStage, Ended, not_recognized};
use crate::facts::Facts;
use crate::import::{FORMATS, Named, Reads};
use crate::limits;
use crate::note::{Note, NoteCode};
use crate::parse::json::{self, Document, Fault};

/// A JSON document, read as a whole.
#[derive(Debug)]
pub(crate) struct JsonStage {
    bytes: Vec<u8>,
    lines_before: u64,
}

impl JsonStage {
    /// Reads a document that has this many lines of its file before it.
    pub(super) fn new(lines_before: u64) -> Self {
        Self { bytes: Vec::new(), lines_before }
    }

    /// Takes the next bytes; `false` if the document is larger than any that is read.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let fits = self.bytes.len() + bytes.len() <= limits::JSON_BYTES_MAX;
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }

    /// Ends the document.
    pub(super) fn finish(self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        let documents = match json::documents(&self.bytes, self.lines_before) {
            Ok(documents) => documents,
            Err((documents, fault)) if documents.is_empty() => {
                let number = fault.line - self.lines_before;
                let what = named.section.map_or_else(
                    || "the file".to_owned(),
                    |section| format!("section {}", section.head.name),
                );
                let mut note = invalid_json(named, &fault, &format!("{what} was not used"));
                note.snippet = masked_line(&self.bytes, number);
                facts.note(note);
                return Ended::nothing("invalid JSON", None);
            }
            Err(_) => {
                // A document with something behind it: a text that holds documents.
                let mut text = ConsoleStage::new(self.lines_before);
                text.push(&self.bytes);
                return text.finish(named, facts);
            }
        };
        let mut ended = Ended::nothing("JSON, not recognized", None);
        read_documents(named, &documents, &mut ended, facts);
        if ended.formats.is_empty() {
            ended.refused = Some(not_recognized(named, "the file is JSON"));
        }
        ended
    }
}

/// Gives documents to the importers.
pub(super) fn read_documents(
    named: &Named<'_>,
    documents: &[Document],
    ended: &mut Ended,
    facts: &mut Facts,
) {
    for document in documents {
        for format in FORMATS {
            if let Reads::Json(read) = &format.reader
                && read(named, document, facts)
            {
                ended.formats.insert(format.name);
            }
        }
    }
}

/// The note on JSON that cannot be read.
pub(super) fn invalid_json(named: &Named<'_>, fault: &Fault, consequence: &str) -> Note {
    let help = if fault.is_eof {
        "The document ends early: export or copy it again, whole."
    } else if fault.message.starts_with("trailing comma") {
        "Remove the comma before the closing bracket, or export the document again: what \
         documentation shows is often no valid JSON."
    } else {
        "Correct the place shown, or export the document again."
    };
    let message = format!("invalid JSON: {}; {consequence}", fault.message);
    Note::on_file(named.file, NoteCode::InvalidJson, message)
        .at(fault.line)
        .column(fault.column)
        .help(help)
}

/// A line of a document with its letters and digits masked: the line may hold anything, its
/// punctuation shows the place.
fn masked_line(bytes: &[u8], number: u64) -> Option<String> {
    /// Longest line worth showing.
    const LENGTH_MAX: usize = 200;
    let line =
        bytes.split(|&byte| byte == b'\n').nth(usize::try_from(number.checked_sub(1)?).ok()?)?;
    let text = String::from_utf8_lossy(line);
    (text.chars().count() <= LENGTH_MAX).then(|| {
        let mask = |c: char| if c.is_alphanumeric() || c.is_control() { 'x' } else { c };
        text.trim_end_matches('\r').chars().map(mask).collect()
    })
}
