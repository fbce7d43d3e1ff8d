//! What importers of JSON share: places in a document as evidence, and notes on it.

use crate::evidence::{Source, Sources};
use crate::import::Named;
use crate::note::{Note, NoteCode};
use crate::parse::json::Document;

/// A document of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The file.
    pub(crate) named: &'a Named<'a>,
    /// The document.
    pub(crate) document: &'a Document,
}

impl Place<'_> {
    /// The source at a pointer into the document. It has a line only where the file holds more than
    /// this document: the line on which the document begins, or its item if each has a line.
    pub(crate) fn source(&self, pointer: &str, observed: impl Into<String>) -> Source {
        let source = self.named.source_at_pointer(pointer, observed);
        Source { line: self.document.line_of(pointer), ..source }
    }

    /// The source as the only place of a fact.
    pub(crate) fn sources(&self, pointer: &str, observed: impl Into<String>) -> Sources {
        Sources::from([self.source(pointer, observed)])
    }

    /// A note on the document; it names the pointer if there is one.
    pub(crate) fn note(&self, code: NoteCode, pointer: &str, message: &str) -> Note {
        let message = match pointer {
            "" => message.to_owned(),
            pointer => format!("{pointer}: {message}"),
        };
        let mut note = Note::on_file(self.named.file, code, message);
        note.line = self.document.line_of(pointer);
        note
    }
}
