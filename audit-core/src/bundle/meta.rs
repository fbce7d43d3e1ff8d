//! The section `meta` of an export bundle: who made it, and when.

use std::sync::Arc;

use crate::facts::Facts;
use crate::model::Fqdn;
use crate::note::{Note, NoteCode};
use crate::time::Timestamp;

/// Bytes of the section that are kept; it has about 200.
const BYTES_MAX: usize = 16 * 1024;

/// Format whose bundles end with a section `end`.
const WITH_END: &str = "idm-drill/export/1";

/// What `meta` says.
#[derive(Debug, Default)]
pub(super) struct Meta {
    /// Line of the section's head; `None` before the first one.
    line: Option<u64>,
    text: Vec<u8>,
    has_own_format: bool,
    /// Server on which the bundle was made.
    pub(super) host: Option<Fqdn>,
    /// When it was made.
    pub(super) time: Option<Timestamp>,
    /// True once the section `end` was seen.
    pub(super) has_end: bool,
}

impl Meta {
    /// The section whose head is in this line.
    pub(super) fn at(line: u64) -> Self {
        Self { line: Some(line), ..Self::default() }
    }

    /// Takes bytes of the section.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = BYTES_MAX.saturating_sub(self.text.len());
        self.text.extend(bytes.iter().take(room));
    }

    /// Ends the section: reads its lines, with a note on each that cannot be used.
    pub(super) fn end(&mut self, file: &Arc<str>, facts: &mut Facts) {
        let text = String::from_utf8_lossy(&self.text).into_owned();
        let mut line = self.line.unwrap_or_default();
        for text in text.lines() {
            line += 1;
            let Some((key, value)) = text.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "format" => self.has_own_format = value == WITH_END,
                "host" => {
                    self.host = Fqdn::parse(value);
                    if self.host.is_none() {
                        facts.note(unusable(file, NoteCode::InvalidHostName, "host", line));
                    }
                }
                "time" => {
                    self.time = Timestamp::parse_rfc3339(value);
                    if self.time.is_none() {
                        facts.note(unusable(file, NoteCode::IncompleteEntry, "time", line));
                    }
                }
                _ => {}
            }
        }
        self.note_other_name(file, facts);
    }

    /// A file's name may carry a host; the content is believed.
    fn note_other_name(&self, file: &Arc<str>, facts: &mut Facts) {
        let (Some(host), Some(line)) = (&self.host, self.line) else { return };
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let named = name.strip_prefix("idm-drill-export-").and_then(|rest| rest.rsplit_once('-'));
        if let Some(other) = named.and_then(|(name, _)| Fqdn::parse(name))
            && other != *host
        {
            facts.note(
                Note::on_file(
                    file,
                    NoteCode::FileNameDisagrees,
                    format!(
                        "the file's name says {other}, but its content says {host}; the content \
                         was believed"
                    ),
                )
                .at(line)
                .help("Rename the file, or leave it as it is if bundles of servers were joined."),
            );
        }
    }

    /// Line of a bundle that should have an end and has none.
    pub(super) fn lacks_end(&self) -> Option<u64> {
        self.line.filter(|_| self.has_own_format && !self.has_end)
    }
}

fn unusable(file: &Arc<str>, code: NoteCode, what: &str, line: u64) -> Note {
    let message = format!("the bundle's {what} cannot be read; its facts are shown without it");
    Note::on_file(file, code, message).at(line)
}
