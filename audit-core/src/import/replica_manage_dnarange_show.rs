//! `ipa-replica-manage dnarange-show` and `dnanextrange-show`: ids that servers may hand out.

use super::{Format, Named, Reads};
use crate::console_parts::{HostLine, host_lines};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::IdRange;
use crate::note::{Note, NoteCode};
use crate::parse::console::{Block, Transcript};

/// Reads the text that `ipa-replica-manage dnarange-show` and `dnanextrange-show` print.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `HOST: 1000-2000` | the server exists; its range, or the range that follows |
/// | `HOST: No range set` | the server has no range |
/// | `HOST: No on-deck range set` | no range follows |
/// | `HOST: No permission …`, `HOST: Connection failed: …` | the server exists; a note |
///
/// Which of the two commands it was says the command line, or a line that only one of them prints.
///
/// # Errors
///
/// None. Ranges of which nothing says what they are, and ranges that end before they begin, are
/// left out with a note.
///
/// # Source
///
/// FreeIPA `install/tools/ipa-replica-manage.in` (`show_DNA_ranges`).
pub(super) static FORMAT: Format = Format {
    name: "ipa-replica-manage dnarange-show",
    command: "ipa-replica-manage dnarange-show; ipa-replica-manage dnanextrange-show",
    reader: Reads::Console(read),
};

/// Which range of a server the lines show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Which {
    Active,
    Next,
}

const NO_RANGE: &str = "No range set";
const NO_NEXT_RANGE: &str = "No on-deck range set";
const NO_PERMISSION: &str = "No permission to read DNA configuration";
const FAILED: &str = "Connection failed: ";

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let rows: Vec<HostLine<'_>> =
            host_lines(block.lines).into_iter().filter(|row| is_own(row.word)).collect();
        if rows.is_empty() {
            continue;
        }
        let which = which(block, &rows);
        if which.is_none() && block.command().is_some() {
            continue;
        }
        found = true;
        for row in &rows {
            read_row(named, row, which, facts);
        }
    }
    found
}

fn is_own(word: &str) -> bool {
    [NO_RANGE, NO_NEXT_RANGE, NO_PERMISSION].contains(&word)
        || word.starts_with(FAILED)
        || bounds(word).is_some()
}

fn bounds(word: &str) -> Option<(u64, u64)> {
    let (first, last) = word.split_once('-')?;
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn which(block: &Block<'_>, rows: &[HostLine<'_>]) -> Option<Which> {
    match block.command() {
        Some(command) if command.is("ipa-replica-manage", "dnarange-show") => Some(Which::Active),
        Some(command) if command.is("ipa-replica-manage", "dnanextrange-show") => Some(Which::Next),
        None if rows.iter().any(|row| row.word == NO_NEXT_RANGE) => Some(Which::Next),
        None if rows.iter().any(|row| row.word == NO_RANGE) => Some(Which::Active),
        _ => None,
    }
}

fn read_row(named: &Named<'_>, row: &HostLine<'_>, which: Option<Which>, facts: &mut Facts) {
    let host = &row.host;
    facts.server(host, [named.source(row.line, format!("server {host}"))]);
    let range = match bounds(row.word) {
        None if row.word == NO_RANGE || row.word == NO_NEXT_RANGE => Ok(None),
        None => Err((
            NoteCode::CommandFailed,
            "could not be read",
            "Run it again as admin (kinit admin), or as root with the Directory Manager password.",
        )),
        Some((first, last)) => IdRange::new(first, last).map(Some).ok_or((
            NoteCode::UnknownWord,
            "ends before it begins",
            "Export it again.",
        )),
    };
    let range = range.and_then(|range| match which {
        Some(which) => Ok((which, range)),
        None => Err((
            NoteCode::IncompleteEntry,
            "may be the active one or the one that follows",
            "Put the command into the file: `$ ipa-replica-manage dnarange-show`.",
        )),
    });
    match range {
        Ok((which, range)) => {
            let word = if which == Which::Next { "next id range" } else { "id range" };
            let text = range.map_or("none".to_owned(), |range| range.to_string());
            let at = Sources::from([named.source(row.line, format!("{host}: {word} {text}"))]);
            let dna = facts.observed.dna.entry(host.clone()).or_default();
            let fact = if which == Which::Next { &mut dna.next_range } else { &mut dna.range };
            fact.claim(range, at);
        }
        Err((code, why, help)) => facts.note(
            Note::on_file(named.file, code, format!("the id range of {host} {why}; it is unknown"))
                .at(row.line)
                .help(help),
        ),
    }
}
