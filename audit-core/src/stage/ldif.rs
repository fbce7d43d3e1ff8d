//! LDIF.

use std::collections::BTreeSet;

use super::{Ended, not_recognized};
use crate::facts::Facts;
use crate::import::{FORMATS, LdifFile, Named, Reads};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{self, Dn, Interest, LdifParser, LdifSummary, Problem, ProblemKind};

/// LDIF on its way through the parser: one pass for all LDIF importers.
#[derive(Debug)]
pub(crate) struct LdifStage {
    parser: LdifParser,
    entries: Vec<ldif::Entry>,
}

impl LdifStage {
    /// Reads a text that has this many lines of its file before it.
    pub(super) fn new(lines_before: u64) -> Self {
        let mut attributes: BTreeSet<&str> = BTreeSet::new();
        let mut needles: BTreeSet<&str> = BTreeSet::new();
        for format in FORMATS {
            if let Reads::Ldif { rdns, attributes: own, .. } = &format.reader {
                attributes.extend(own.iter());
                needles.extend(rdns.iter());
            }
        }
        let attributes: Vec<&str> = attributes.into_iter().collect();
        let wanted = |dn: &Dn| {
            FORMATS.iter().any(|format| match &format.reader {
                Reads::Ldif { wants, .. } => wants(dn),
                Reads::Console(_) | Reads::Lines(_) | Reads::Json(_) | Reads::Toml(_) => false,
            })
        };
        let interest = needles
            .into_iter()
            .fold(Interest::new(&attributes), Interest::with_rdn)
            .matching(wanted);
        Self { parser: LdifParser::new(interest).behind(lines_before), entries: Vec::new() }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let Self { parser, entries } = self;
        parser.feed(bytes, &mut |entry| entries.push(entry));
    }

    /// Ends the text.
    pub(super) fn finish(mut self, named: &Named<'_>, facts: &mut Facts) -> Ended {
        let entries = &mut self.entries;
        let mut summary = self.parser.finish(&mut |entry| entries.push(entry));
        if let Some(section) = &named.section {
            section.complete(&mut summary);
        }
        if named.cut {
            summary.problems.push(Problem {
                line: summary.lines,
                column: None,
                kind: ProblemKind::InputCut,
                attribute: None,
            });
        }
        note_problems(named, &summary, facts);
        let file = LdifFile { entries: self.entries, summary };
        let mut ended = Ended::nothing("LDIF, not recognized", None);
        ended.entries = file.summary.entries_seen;
        for format in FORMATS {
            if let Reads::Ldif { read, .. } = &format.reader
                && read(named, &file, facts)
            {
                ended.formats.insert(format.name);
            }
        }
        let failed = file.summary.result.as_ref().filter(|result| result.code != 0);
        ended.failure_noted = failed.is_some();
        if let (true, Some(result)) = (ended.formats.is_empty(), failed) {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::CommandFailed,
                    format!("the search failed: {} ({})", result.text, result.code),
                )
                .at(result.line)
                .help("Check the search base, and search as root over ldapi."),
            );
        } else if ended.formats.is_empty() {
            ended.refused = Some(
                not_recognized(named, "the file is LDIF")
                    .help("Export cn=ipa,cn=etc,SUFFIX as root over ldapi; see the README."),
            );
        }
        ended
    }
}

fn note_problems(named: &Named<'_>, summary: &LdifSummary, facts: &mut Facts) {
    for problem in &summary.problems {
        let (code, help) = match problem.kind {
            ProblemKind::BadBase64 => (NoteCode::InvalidBase64, Some("Export the entry again.")),
            ProblemKind::InvalidUtf8 => (
                NoteCode::InvalidUtf8,
                Some("LDIF writes such values as base64: export again instead of editing."),
            ),
            ProblemKind::UrlValue => (NoteCode::UrlValue, None),
            ProblemKind::LineTooLong | ProblemKind::EntryTooLarge => (NoteCode::LineTooLong, None),
            ProblemKind::TruncatedEntry | ProblemKind::SearchUnfinished | ProblemKind::InputCut => {
                (NoteCode::Truncated, Some("The end is missing: export the file again, whole."))
            }
            ProblemKind::NoDn
            | ProblemKind::NotAnAttribute
            | ProblemKind::ContinuationWithoutLine
            | ProblemKind::ChangeRecord => (NoteCode::NotLdif, None),
        };
        let message = match &problem.attribute {
            Some(attribute) => format!("{attribute}: {}", problem.kind),
            None => problem.kind.to_string(),
        };
        let mut note = Note::on_file(named.file, code, message).at(problem.line);
        note.column = problem.column;
        note.help = help.map(str::to_owned);
        facts.note(note);
    }
    if summary.problems_suppressed > 0 {
        facts.note(Note::on_file(
            named.file,
            NoteCode::MoreNotes,
            format!("{} more lines that could not be read", summary.problems_suppressed),
        ));
    }
}
