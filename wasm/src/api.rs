//! The audit as both doors offer it: files in, one JSON envelope out.

use audit_core::import::{FORMATS, Import, Imported, Reader};
use audit_core::note::{Note, NoteCode};
use audit_core::time::Timestamp;
use audit_core::{Options, report};
use serde_json::Value;

/// One audit while its files arrive, chunk by chunk, in any order and cut anywhere.
///
/// Never holds more of a file than the importers need, so that a page can stream an LDIF of a
/// gigabyte through it.
///
/// ```
/// let mut session = wasm::api::Session::new();
/// for (name, bytes) in audit_core::example::FILES {
///     session.open(name);
///     for chunk in bytes.chunks(7) {
///         session.push(chunk);
///     }
///     session.close();
/// }
/// assert!(session.finish("2026-11-22T12:00:00Z").error().is_none());
/// ```
#[derive(Debug, Default)]
pub struct Session {
    import: Import,
    reader: Option<Reader>,
    files: usize,
}

impl Session {
    /// A session without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts the next file; ends the one before it.
    ///
    /// `name` is what the report calls the file; it may hold folders (`s1/servers.txt`).
    pub fn open(&mut self, name: &str) {
        self.close();
        self.reader = Some(self.import.open(name));
        self.files += 1;
    }

    /// The next bytes of the open file; nothing happens if no file is open.
    ///
    /// A file that is refused at its head is taken to its end all the same: the report states the
    /// digest of the whole file, which must not depend on where the chunks end.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(reader) = &mut self.reader {
            reader.push(bytes);
        }
    }

    /// Forgets the open file, which the caller could not read to its end, and notes why.
    pub fn abandon(&mut self, name: &str, why: &str) {
        self.reader = None;
        let note = Note::on_file(&name.into(), NoteCode::Unreadable, why);
        self.import.note(note.help("The file may have changed or moved: choose it again."));
    }

    /// Ends the open file, if there is one.
    pub fn close(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.import.close(reader);
        }
    }

    /// Audits what arrived, judged at the time `as_of` (RFC 3339).
    ///
    /// Refuses a session without files and a time that cannot be read.
    pub fn finish(mut self, as_of: &str) -> Answer {
        self.close();
        let Some(as_of) = Timestamp::parse_rfc3339(as_of) else {
            return Answer::refused(format!(
                "the time {as_of:?} is not one: expected for example 2026-11-22T12:00:00Z"
            ));
        };
        if self.files == 0 {
            return Answer::refused("no file was given");
        }
        Answer::of(&self.import.finish(), as_of)
    }
}

/// The audit of the deployment that is built in, judged at the time `as_of` (RFC 3339).
pub fn example(as_of: &str) -> Answer {
    let mut session = Session::new();
    for (name, bytes) in audit_core::example::FILES {
        session.open(name);
        session.push(bytes);
    }
    session.finish(as_of)
}

/// Commands that write the files which are read, one per line: the page lists them, so that its
/// list cannot differ from what this module does.
pub fn commands() -> String {
    let commands: Vec<&str> = FORMATS.iter().map(|format| format.command).collect();
    commands.join("\n")
}

/// What a session answers: the documents of one audit, or why there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer(Result<Documents, String>);

/// The documents of one audit, each exactly as the command line prints it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Documents {
    /// `idm-drill/report/1`.
    pub report: String,
    /// `idm-drill/deployment/1`.
    pub deployment: String,
    /// The report for people, without color.
    pub text: String,
    /// The graph, styled by the page.
    pub svg: String,
}

impl Answer {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self(Err(why.into()))
    }

    fn of(imported: &Imported, as_of: Timestamp) -> Self {
        let report = audit_core::audit(imported, &Options { as_of });
        Self(Ok(Documents {
            report: report::json::render(&report),
            deployment: report::deployment_json::render(&imported.deployment),
            text: report::text::render(&report, report::text::Style::default()),
            svg: report::svg::render(&imported.deployment, &report, report::svg::Styling::Page),
        }))
    }

    /// The documents; `None` if there was no audit.
    pub fn documents(&self) -> Option<&Documents> {
        self.0.as_ref().ok()
    }

    /// Why there was no audit; `None` if there was one.
    pub fn error(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// One JSON object: `{"report": .., "deployment": .., "text": S, "svg": S}` or `{"error": S}`.
    ///
    /// The first two are the documents themselves, byte for byte (a document is valid JSON, and
    /// space around a JSON value means nothing), not strings that hold them.
    pub fn envelope(&self) -> String {
        match &self.0 {
            Ok(documents) => format!(
                "{{\"report\":{},\"deployment\":{},\"text\":{},\"svg\":{}}}",
                documents.report,
                documents.deployment,
                Value::from(documents.text.as_str()),
                Value::from(documents.svg.as_str()),
            ),
            Err(why) => format!("{{\"error\":{}}}", Value::from(why.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-22T12:00:00Z";

    #[test]
    fn chunk_borders_change_nothing() {
        let whole = example(NOON).envelope();
        for size in [1, 7, 4096] {
            let mut session = Session::new();
            for (name, bytes) in audit_core::example::FILES {
                session.open(name);
                for chunk in bytes.chunks(size) {
                    session.push(chunk);
                }
            }
            assert_eq!(session.finish(NOON).envelope(), whole, "chunks of {size}");
        }
    }

    #[test]
    fn envelope_is_json_with_the_documents_inside() {
        let answer = example(NOON);
        let envelope: Value = serde_json::from_str(&answer.envelope()).unwrap();
        assert_eq!(envelope["report"]["schema"], "idm-drill/report/1");
        assert_eq!(envelope["deployment"]["schema"], "idm-drill/deployment/1");
        let documents = answer.documents().unwrap();
        assert_eq!(envelope["text"], documents.text.as_str());
        assert_eq!(envelope["svg"], documents.svg.as_str());
    }

    #[test]
    fn refusals_name_the_reason() {
        assert_eq!(Session::new().finish(NOON).error(), Some("no file was given"));
        let mut session = Session::new();
        session.open("a");
        let answer = session.finish("\"yesterday\"\n");
        let envelope: Value = serde_json::from_str(&answer.envelope()).unwrap();
        assert!(envelope["error"].as_str().unwrap().contains("yesterday"));
    }

    #[test]
    fn chunk_borders_do_not_change_the_digest_of_a_refused_file() {
        let picture = vec![0; 300_000];
        let answer = |size| {
            let mut session = Session::new();
            session.open("picture");
            for chunk in picture.chunks(size) {
                session.push(chunk);
            }
            session.finish(NOON).envelope()
        };
        assert_eq!(answer(4096), answer(300_000));
    }

    #[test]
    fn an_abandoned_file_leaves_a_note_and_nothing_else() {
        let mut session = Session::new();
        session.push(b"no file is open");
        session.open("gone.txt");
        session.push(b"dn: cn=half");
        session.abandon("gone.txt", "the disk was removed");
        let envelope: Value = serde_json::from_str(&session.finish(NOON).envelope()).unwrap();
        assert_eq!(envelope["report"]["inputs"], Value::Array(Vec::new()));
        let note = &envelope["deployment"]["notes"][0];
        assert_eq!((&note["code"], &note["file"]), (&"IMP033".into(), &"gone.txt".into()));
    }
}
