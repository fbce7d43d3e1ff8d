//! `ipa topologysuffix-find`: which trees are replicated.

use std::collections::BTreeSet;

use super::{Format, Named, Reads};
use crate::console_parts::{List, note_incomplete, source};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{CaMode, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Entry, Frame, Transcript};

/// Reads the text that `ipa topologysuffix-find` and `ipa topologysuffix-show` print, also with
/// `--all` and `--raw`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Suffix name: ca` / `cn` | the CA is integrated |
/// | a whole list with `domain` and without `ca` | there is no integrated CA |
/// | `Managed LDAP suffix DN` / `iparepltopoconfroot` | nothing; it shows whose entry it is |
///
/// # Errors
///
/// None. A list without any suffix was made without permission; a note says so.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/topology.py` (`topologysuffix`). A deployment without an integrated
/// CA has no entry `cn=ca,cn=topology`: `ipa topologysegment-find ca` says "suffix not found".
pub(super) static FORMAT: Format = Format {
    name: "ipa topologysuffix-find",
    command: "ipa topologysuffix-find",
    reader: Reads::Console(read),
};

/// What leaves suffixes out.
const LIST: List = List {
    one: "suffix",
    several: "suffixes",
    arguments: 0,
    filters: &["name", "suffix", "suffix-dn", "pkey-only"],
};

const NAME: &[&str] = &["Suffix name", "cn"];
const ROOT: &[&str] = &["Managed LDAP suffix DN", "iparepltopoconfroot"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in transcript.frames.iter().filter(|frame| is_own(frame)) {
        found = true;
        read_frame(named, frame, facts);
    }
    found
}

fn is_own(frame: &Frame) -> bool {
    let is_list = frame
        .command
        .as_ref()
        .is_some_and(|command| command.is("ipa", "topologysuffix-find") && frame.summary.is_some());
    let is_suffix = |entry: &Entry| entry.get(ROOT).is_some() && entry.get(NAME).is_some();
    is_list || frame.entries.iter().any(is_suffix)
}

fn read_frame(named: &Named<'_>, frame: &Frame, facts: &mut Facts) {
    let mut suffixes = BTreeSet::new();
    let mut whole = true;
    for entry in &frame.entries {
        let Some(name) = entry.get(NAME) else {
            whole = false;
            note_incomplete(named, entry, "a suffix without its name", facts);
            continue;
        };
        let suffix = Suffix::parse(&name.value);
        if suffix == Some(Suffix::Ca) {
            let at = source(named, name, "suffix ca is managed");
            facts.ca(CaMode::Integrated, Sources::from([at]));
        }
        suffixes.extend(suffix);
    }
    let shows_one =
        frame.command.as_ref().is_some_and(|command| command.name == "topologysuffix-show");
    if shows_one || !(whole & LIST.is_complete(named, frame, facts)) {
        return;
    }
    if suffixes.is_empty() {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::NoSegments,
                "zero suffixes, although every deployment has one: the export lacks permission",
            )
            .at(frame.line)
            .help("Export again as admin, or as root over ldapi."),
        );
    } else if !suffixes.contains(&Suffix::Ca) && !is_alone_without_command(named, frame, facts) {
        let summary = frame.summary.clone().unwrap_or_default();
        let at = named.source(frame.line, format!("{summary}, none of them ca"));
        facts.ca(CaMode::None, Sources::from([at]));
    }
}

/// A single suffix may be what was searched for, where no command line shows otherwise.
fn is_alone_without_command(named: &Named<'_>, frame: &Frame, facts: &mut Facts) -> bool {
    let alone = frame.command.is_none();
    if alone {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::FilteredList,
                "a single suffix, and no command line that would show whether others were searched \
                 for; whether there is an integrated CA counts as unknown",
            )
            .at(frame.line)
            .help("ipa topologysuffix-find; keep the command in the file."),
        );
    }
    alone
}
