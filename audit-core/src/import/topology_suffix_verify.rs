//! `ipa topologysuffix-verify`: what IdM itself says of a topology.

use super::{Format, Named, Reads};
use crate::console_parts::{is_without_ca, source};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{CaMode, Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Field, Frame, Transcript};
use crate::parse::labels;

/// Reads the text that `ipa topologysuffix-verify SUFFIX` prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Replication topology of suffix "ca" …` | the CA is integrated |
/// | `ipa: ERROR: ca: suffix not found` | there is no integrated CA |
/// | `Server A can't contact servers: B, C` | A, B and C exist; a note |
/// | `Server "A" has 5 agreements with servers:` and lines below | A exists; a note |
///
/// The model holds segments, not verdicts on them: that a suffix is in order, or is not, is said in
/// a note, and the audit decides from the segments. The command counts a server entry that was left
/// behind, too, and then reports every server as disconnected; it passes over segments of deleted
/// servers. With too many agreements only, nothing printed names the suffix.
///
/// # Errors
///
/// None. Headings of errors are read in English.
///
/// # Source
///
/// FreeIPA `ipaclient/plugins/topology.py` (`topologysuffix_verify`), `ipaserver/topology.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa topologysuffix-verify",
    command: "ipa topologysuffix-verify domain|ca",
    reader: Reads::Console(read),
};

/// Name of the command.
const COMMAND: &str = "topologysuffix-verify";

/// What follows names entries of servers; the other heading names ends of segments.
const CONTACT: &str = "can't contact servers";

const IN_ORDER: &str = "Replication topology of suffix \"{}\" is in order.";
const ERRORS: &str = "Replication topology of suffix \"{}\" contains errors.";
const DISCONNECTED: &str = "Topology is disconnected";
const TOO_MANY: &str = "Recommended maximum number of agreements per replica exceeded";

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    let mut suffix = None;
    for frame in &transcript.frames {
        let Some(summary) = &frame.summary else { continue };
        let command = frame.command.as_ref();
        let by_command = command.is_some_and(|command| command.is("ipa", COMMAND));
        let in_order = labels::value(summary, IN_ORDER);
        let heading = in_order.clone().or_else(|| labels::value(summary, ERRORS));
        if by_command {
            suffix = suffix_asked(frame);
        }
        if let Some(name) = &heading {
            suffix = Suffix::parse(name);
            state_suffix(named, frame, suffix, facts);
        }
        if let Some(name) = in_order {
            note_in_order(named, frame, &name, facts);
            suffix = None;
        } else if summary == DISCONNECTED || summary == TOO_MANY {
            read_errors(named, frame, suffix, facts);
        } else if heading.is_none() {
            suffix = None;
            if !by_command {
                continue;
            }
            note_not_understood(named, frame, facts);
        }
        found = true;
    }
    for failure in transcript.failures.iter().filter(|failure| is_without_ca(failure)) {
        let own = failure.command.as_ref().is_some_and(|command| command.name == COMMAND);
        if own {
            found = true;
            let at = Sources::from([named.source(failure.line, "ca: suffix not found")]);
            facts.ca(CaMode::None, at);
        }
    }
    found
}

/// The suffix of the command line, or of the answered prompt.
fn suffix_asked(frame: &Frame) -> Option<Suffix> {
    let argument = frame.command.as_ref().and_then(|command| command.arguments.first());
    let answers = frame.prompts.iter().rev().map(|prompt| &prompt.value);
    argument.into_iter().chain(answers).find_map(|name| Suffix::parse(name))
}

fn state_suffix(named: &Named<'_>, frame: &Frame, suffix: Option<Suffix>, facts: &mut Facts) {
    if suffix == Some(Suffix::Ca) {
        let observed = frame.summary.clone().unwrap_or_default();
        let at = named.source(frame.line, observed);
        facts.ca(CaMode::Integrated, Sources::from([at]));
    }
}

fn note_in_order(named: &Named<'_>, frame: &Frame, suffix: &str, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::CommandNotRead,
            format!(
                "topologysuffix-verify found suffix {suffix} in order; the audit judges by the \
                 segments, which this output does not have"
            ),
        )
        .at(frame.line)
        .help(format!("ipa topologysegment-find {suffix} --sizelimit=0")),
    );
}

fn note_not_understood(named: &Named<'_>, frame: &Frame, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::CommandNotRead,
            "topologysuffix-verify in a language that is not read",
        )
        .at(frame.line)
        .help("Export again with LC_ALL=C.UTF-8."),
    );
}

/// The lines below a heading: who is concerned, and which servers are named with it.
fn read_errors(named: &Named<'_>, frame: &Frame, suffix: Option<Suffix>, facts: &mut Facts) {
    let suffix = suffix.map_or("of the topology".to_owned(), |name| format!("of suffix {name}"));
    for field in frame.entries.iter().flat_map(|entry| &entry.fields) {
        let Some((server, fault)) = subject(field) else { continue };
        let others: Vec<Fqdn> = field.value.split([',', ' ']).filter_map(Fqdn::parse).collect();
        // Partners come from segments, and the end of a segment need not be a server.
        let listed = if fault.starts_with(CONTACT) { others.as_slice() } else { &[] };
        for name in listed.iter().chain([&server]) {
            facts.server(name, [source(named, field, format!("server {name}"))]);
        }
        let others: Vec<&str> = others.iter().map(Fqdn::as_str).collect();
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::ReportedFault,
                format!(
                    "topologysuffix-verify {suffix}: {server} {fault} {}; the audit judges by the \
                     segments",
                    others.join(", ")
                ),
            )
            .at(field.line)
            .help(
                "Export the segments of both suffixes. A server entry that was left behind makes \
                 every server look disconnected: compare with ipa server-find.",
            ),
        );
    }
}

/// The server that a line is about, and what it says of it.
fn subject(field: &Field) -> Option<(Fqdn, &str)> {
    let rest = field.label.strip_prefix("Server ")?;
    let (name, text) = rest.split_once(' ')?;
    let fault = text.starts_with(CONTACT) || text.contains("agreements with");
    Some((Fqdn::parse(name.trim_matches('"'))?, text)).filter(|_| fault)
}
