//! What several LDIF importers ask of entries and searches: where a value stands, whether entries
//! are missing, whose `cn=config` it is, what a line of replication state says.

pub(crate) mod agreements;
pub(crate) mod config;
pub(crate) mod replication;

use crate::evidence::Source;
use crate::facts::Facts;
use crate::import::{LdifFile, Named};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry, ProblemKind};

/// The source at a line of an entry.
pub(crate) fn source(
    named: &Named<'_>,
    entry: &Entry,
    line: u64,
    observed: impl Into<String>,
) -> Source {
    named.source(line, observed).with_pointer(entry.dn.to_string())
}

/// Line of the first of an entry's values that satisfies `test`, else of its DN.
pub(crate) fn value_line(entry: &Entry, name: &str, test: impl Fn(&str) -> bool) -> u64 {
    entry
        .attributes
        .iter()
        .find(|attribute| {
            attribute.name == name && !attribute.is_deleted() && test(&attribute.value)
        })
        .map_or(entry.line, |attribute| attribute.line)
}

/// True if one of an entry's object classes is this one. Without object classes in the export, it
/// is not.
pub(crate) fn is_a(entry: &Entry, class: &str) -> bool {
    entry.values("objectclass").any(|value| value.eq_ignore_ascii_case(class))
}

/// True if the levels above an entry's own RDN are these names (`cn`), up to the suffix.
///
/// `is_below(dn, &["locations", "etc"])` holds for `idnsName=x,cn=locations,cn=etc,dc=test`.
pub(crate) fn is_below(dn: &Dn, names: &[&str]) -> bool {
    dn.rdns().len() > names.len() + 1
        && names.iter().zip(dn.rdns().iter().skip(1)).all(|(name, rdn)| {
            rdn.value("cn").is_some_and(|value| value.eq_ignore_ascii_case(name))
        })
}

/// False for entries that exist for replication only: deleted ones, and replication conflicts,
/// which get a note.
pub(crate) fn is_live(named: &Named<'_>, entry: &Entry, facts: &mut Facts) -> bool {
    let first = entry.dn.rdns().first();
    let unique_id = first.is_some_and(|rdn| rdn.value("nsuniqueid").is_some());
    if is_a(entry, "nstombstone")
        || (unique_id && first.is_some_and(|rdn| rdn.pairs().count() == 1))
    {
        // A deleted entry in a database export.
        return false;
    }
    if unique_id {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::ConflictEntry,
                "a replication conflict entry: two servers created the same name; it was not used",
            )
            .at(entry.line)
            .help("dsconf INSTANCE repl-conflict list SUFFIX shows both; keep one of them."),
        );
    }
    !unique_id
}

/// True if `numSubordinates` of a container is absent or equals the children read.
pub(crate) fn agrees(named: &Named<'_>, container: &Entry, read: usize, facts: &mut Facts) -> bool {
    let declared =
        container.value("numsubordinates").and_then(|number| number.parse::<usize>().ok());
    let Some(declared) = declared.filter(|declared| *declared != read) else { return true };
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::CountDiffers,
            format!(
                "the container has {declared} entries, but {read} were read; what is not here \
                 counts as unknown"
            ),
        )
        .at(value_line(container, "numsubordinates", |_| true))
        .help("The export was filtered or lacks permission: export again as root over ldapi."),
    );
    false
}

/// True (with a note) if the file says that entries are missing.
pub(crate) fn note_cut(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let summary = &file.summary;
    if let Some(result) = summary.result.as_ref().filter(|result| result.code != 0) {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::Truncated,
                format!(
                    "the search ended with \"{}\" ({}): entries are missing, and what is not here \
                     counts as unknown",
                    result.text, result.code
                ),
            )
            .at(result.line)
            .help("Search again as root over ldapi, which has no size limit."),
        );
        return true;
    }
    if let Some(declared) = summary.num_entries
        && declared != summary.entries_seen
    {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::CountDiffers,
                format!(
                    "{declared} entries are declared, but {} were read; what is not here counts as \
                     unknown",
                    summary.entries_seen
                ),
            )
            .help("Export the file again."),
        );
        return true;
    }
    summary.problems.iter().any(|problem| {
        matches!(
            problem.kind,
            ProblemKind::TruncatedEntry | ProblemKind::SearchUnfinished | ProblemKind::InputCut
        )
    })
}

/// Says that a limit of the search would not show in this file, if that is so.
pub(crate) fn note_unproven(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) {
    if file.summary.searches == 0 && file.summary.version.is_none() {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::CompletenessNotProven,
                "LDIF without a result line: a size limit would not show here",
            )
            .help(
                "Export as root over ldapi, which has no limit, or without -LLL, so that the \
                 result is in the file.",
            ),
        );
    }
}
