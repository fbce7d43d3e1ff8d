//! `ipa domainlevel-get`: the domain level.

use super::{Format, Named, Reads};
use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Transcript;
use crate::parse::labels;

/// Reads the text that `ipa domainlevel-get` and `ipa domainlevel-set` print.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Current domain level: 1`, between two rules | the domain level |
/// | the same behind `ipa domainlevel-set` | the level, instead of what stands above it |
///
/// # Errors
///
/// None. A level other than 0 or 1 is left out with a note.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/domainlevel.py`, `ipalib/frontend.py` (`print_count`).
pub(super) static FORMAT: Format = Format {
    name: "ipa domainlevel-get",
    command: "ipa domainlevel-get",
    reader: Reads::Console(read),
};

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    let mut levels: Vec<(u8, Source)> = Vec::new();
    for frame in &transcript.frames {
        let Some(summary) = &frame.summary else { continue };
        let Some(value) = labels::value(summary, "Current domain level: {}") else { continue };
        found = true;
        if frame.command.as_ref().is_some_and(|command| command.name == "domainlevel-set") {
            // What the session showed before holds no more.
            levels.clear();
        }
        match value.parse::<u8>() {
            Ok(level @ 0..=1) => {
                levels.push((level, named.source(frame.line, summary.as_str())));
            }
            _ => facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::UnknownWord,
                    "the domain level is neither 0 nor 1; left out",
                )
                .at(frame.line)
                .snippet(summary.as_str()),
            ),
        }
    }
    for (level, source) in levels {
        facts.domain_level(level, Sources::from([source]));
    }
    found
}
