//! Readers of a text on its way in: a whole file, or one section of an export bundle, by the shape
//! of its content. Each gives what it read to all importers of that shape.

mod console;
mod json;
mod ldif;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::console::ConsoleStage;
use self::json::JsonStage;
use self::ldif::LdifStage;
use crate::bundle::BundleStage;
use crate::facts::Facts;
use crate::import::{FORMATS, Flow, Named, Reads};
use crate::limits;
use crate::note::{Note, NoteCode};
use crate::parse::decode::Content;

/// Who reads a text: a whole file, or one section of an export bundle.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Nothing but blanks so far.
    Empty,
    /// Nobody, and why.
    Refused(&'static str, Note),
    /// The JSON importers, once the document is whole.
    Json(JsonStage),
    /// The TOML importers, once the document is whole.
    Toml(Vec<u8>),
    /// The LDIF importers.
    Ldif(Box<LdifStage>),
    /// The importers of console text and of plain lines.
    Console(ConsoleStage),
    /// One stage per section.
    Bundle(Box<BundleStage>),
}

/// How the reading of a file or section ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Names of the formats found.
    pub(crate) formats: BTreeSet<&'static str>,
    /// What it is if no format was found.
    pub(crate) otherwise: &'static str,
    /// Why nothing of it was used.
    pub(crate) refused: Option<Note>,
    /// True if a note says already that the command in it failed.
    pub(crate) failure_noted: bool,
    /// Entries of LDIF that were seen.
    pub(crate) entries: u64,
}

impl Ended {
    /// An ending without any format.
    pub(crate) fn nothing(otherwise: &'static str, refused: Option<Note>) -> Self {
        Self { formats: BTreeSet::new(), otherwise, refused, failure_noted: false, entries: 0 }
    }

    /// Names of the formats found, or what it is instead.
    pub(crate) fn format(&self) -> String {
        let found: Vec<&str> = self.formats.iter().copied().collect();
        if found.is_empty() { self.otherwise.to_owned() } else { found.join(" + ") }
    }
}

impl Stage {
    /// Who reads such content. `lines_before` are the lines of the file before it.
    pub(crate) fn of(content: Content, file: &Arc<str>, lines_before: u64) -> Self {
        match content {
            Content::Empty => Self::Empty,
            Content::Binary(kind) => Self::Refused(
                "binary",
                Note::on_file(
                    file,
                    NoteCode::BinaryFile,
                    format!("the file is {}, not text; it was not read", kind.unwrap_or("binary")),
                )
                .help(
                    "Drop exports as text, or packed as tar, tar.gz, tar.xz or zip: output of \
                     ipa or ldapsearch, of the export script, or model JSON.",
                ),
            ),
            Content::Json => Self::Json(JsonStage::new(lines_before)),
            Content::Toml => Self::Toml(Vec::new()),
            Content::Ldif => Self::Ldif(Box::new(LdifStage::new(lines_before))),
            Content::Console => Self::Console(ConsoleStage::new(lines_before)),
            Content::Bundle => Self::Bundle(Box::default()),
        }
    }

    /// Takes console text of at most this many bytes, instead of
    /// [`limits::TEXT_BYTES_MAX`].
    pub(crate) fn with_text_bytes_max(mut self, bytes_max: usize) -> Self {
        if let Self::Console(stage) = &mut self {
            stage.bytes_max = bytes_max;
        }
        self
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, file: &Arc<str>, bytes: &[u8], facts: &mut Facts) -> Flow {
        match self {
            Self::Empty if !bytes.trim_ascii().is_empty() => {
                // 64 KiB of blanks, then something: read it as text.
                *self = Self::Console(ConsoleStage::new(0));
                self.push(file, bytes, facts)
            }
            Self::Empty => Flow::More,
            Self::Refused(..) => Flow::Stop,
            Self::Json(stage) => {
                if !stage.push(bytes) {
                    let note = too_large(file, "JSON document", limits::JSON_BYTES_MAX);
                    *self = Self::Refused("too large", note);
                    return Flow::Stop;
                }
                Flow::More
            }
            Self::Toml(buffer) => {
                if buffer.len() + bytes.len() > limits::JSON_BYTES_MAX {
                    let note = too_large(file, "TOML document", limits::JSON_BYTES_MAX);
                    *self = Self::Refused("too large", note);
                    return Flow::Stop;
                }
                buffer.extend_from_slice(bytes);
                Flow::More
            }
            Self::Ldif(stage) => {
                stage.push(bytes);
                Flow::More
            }
            Self::Console(stage) => {
                if !stage.push(bytes) {
                    let note = too_large(file, "text", stage.bytes_max);
                    *self = Self::Refused("too large", note);
                    return Flow::Stop;
                }
                Flow::More
            }
            Self::Bundle(stage) => {
                stage.push(file, bytes, facts);
                Flow::More
            }
        }
    }

    /// Ends the text.
    pub(crate) fn finish(self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        match self {
            Self::Empty => Ended::nothing(
                "empty",
                Some(Note::on_file(named.file, NoteCode::EmptyFile, "the file is empty").help(
                    "The command that wrote it failed or lacked permission: run it again and \
                     look at its messages.",
                )),
            ),
            Self::Refused(kind, note) => Ended::nothing(kind, Some(note)),
            Self::Json(stage) => stage.finish(named, facts),
            Self::Toml(bytes) => finish_toml(named, &bytes, facts),
            Self::Ldif(stage) => stage.finish(named, facts),
            Self::Console(stage) => stage.finish(named, facts),
            Self::Bundle(stage) => stage.finish(named, facts),
        }
    }
}

fn finish_toml(named: &Named<'_>, bytes: &[u8], facts: &mut Facts) -> Ended {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        let message = "not all bytes are UTF-8; those were replaced";
        facts.note(Note::on_file(named.file, NoteCode::InvalidUtf8, message));
    }
    let mut ended = Ended::nothing("TOML, not recognized", None);
    for format in FORMATS {
        if let Reads::Toml(read) = &format.reader
            && read(named, &text, facts)
        {
            ended.formats.insert(format.name);
        }
    }
    ended
}

fn too_large(file: &Arc<str>, what: &str, bound: usize) -> Note {
    Note::on_file(
        file,
        NoteCode::FileTooLarge,
        format!("the {what} is larger than {} MiB; it was not read", bound / (1024 * 1024)),
    )
}

pub(crate) fn not_recognized(named: &Named<'_>, what: &str) -> Note {
    let known: Vec<&str> = FORMATS.iter().map(|format| format.command).collect();
    Note::on_file(
        named.file,
        NoteCode::NotRecognized,
        format!("{what}, but none of the exports that this version reads; it was not used"),
    )
    .help(format!("Read are: {}.", known.join("; ")))
}
