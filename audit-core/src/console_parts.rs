//! What importers of console text share: host names in fields, and whether a list is whole.

use std::sync::Arc;

use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::import::Named;
use crate::limits::IPA_SEARCH_RECORDS_LIMIT;
use crate::model::{AgreementKey, AgreementState, Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Command, Entry, Failure, Field, Frame, Line};
use crate::replication_words::{says_disabled, state_of_text};
use crate::time::Timestamp;

/// A host name of a field, or a note.
pub(crate) fn host(file: &Arc<str>, field: &Field, facts: &mut Facts) -> Option<Fqdn> {
    host_named(file, &field.value, field, facts)
}

/// Host names of a field that lists several, separated by commas; a note on each that is none. An
/// empty value is an empty list.
pub(crate) fn hosts(file: &Arc<str>, field: &Field, facts: &mut Facts) -> Vec<Fqdn> {
    let names = field.value.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.filter_map(|name| host_named(file, name, field, facts)).collect()
}

fn host_named(file: &Arc<str>, name: &str, field: &Field, facts: &mut Facts) -> Option<Fqdn> {
    let host = Fqdn::parse(name);
    if host.is_none() {
        facts.note(
            Note::on_file(
                file,
                NoteCode::InvalidHostName,
                format!("\"{name}\" is not a host name; the entry was left out"),
            )
            .at(field.line)
            .snippet(format!("  {}: {}", field.label, field.value)),
        );
    }
    host
}

/// True for a role that FreeIPA 4.4 to 4.6 listed and later ones do not have.
pub(crate) fn is_former_role(title: &str) -> bool {
    title.trim().eq_ignore_ascii_case("NTP server")
}

/// A source at a field.
pub(crate) fn source(named: &Named<'_>, field: &Field, observed: impl Into<String>) -> Source {
    named.source(field.line, observed)
}

/// Reports an entry that lacks fields.
pub(crate) fn note_incomplete(named: &Named<'_>, entry: &Entry, what: &str, facts: &mut Facts) {
    let message = format!("{what}; left out");
    facts.note(
        Note::on_file(named.file, NoteCode::IncompleteEntry, message)
            .at(entry.line())
            .help("Export the list again; the text was cut or edited."),
    );
}

/// A line of `ipa-replica-manage` or `ipa-csreplica-manage`: a host, mostly with a word, and the
/// lines that `--verbose` prints below it.
#[derive(Debug)]
pub(crate) struct HostLine<'a> {
    /// Number of the line.
    pub(crate) line: u64,
    /// The host.
    pub(crate) host: Fqdn,
    /// Text behind `: `; empty for a host alone.
    pub(crate) word: &'a str,
    /// The lines below: label, value and number of the line.
    details: Vec<(&'a str, &'a str, u64)>,
}

/// Every line that begins with a host name, with its domain, and has nothing but a word behind it.
pub(crate) fn host_lines<'a>(lines: &'a [Line]) -> Vec<HostLine<'a>> {
    let mut found: Vec<HostLine<'a>> = Vec::new();
    for line in lines {
        let text = line.text.trim();
        let (label, value) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
        if let Some(host) = Fqdn::parse(label).filter(|_| label.contains('.')) {
            found.push(HostLine { line: line.number, host, word: value, details: Vec::new() });
        } else if let (true, Some(last)) = (label.starts_with("last "), found.last_mut()) {
            last.details.push((label, value.trim(), line.number));
        }
    }
    found
}

impl HostLine<'_> {
    /// True if the line is a host alone with what `--verbose` prints.
    pub(crate) fn is_verbose_host(&self) -> bool {
        self.word.is_empty() && !self.details.is_empty()
    }

    /// States the agreement of `on` to this host.
    pub(crate) fn state_agreement(
        &self,
        named: &Named<'_>,
        on: &Fqdn,
        suffix: Suffix,
        facts: &mut Facts,
    ) {
        let at = |line: u64, text: String| Sources::from([named.source(line, text)]);
        let what = format!("agreement of {on} to {} ({suffix})", self.host);
        let key = AgreementKey { on: on.clone(), suffix, peer: self.host.clone() };
        let agreement = facts.observed.agreement(key, at(self.line, what));
        let mut unknown = None;
        for (label, value, line) in &self.details {
            match *label {
                // These programs show nothing else of it.
                "last update status" if says_disabled(value) => {
                    agreement.enabled.claim(false, at(*line, (*value).to_owned()));
                }
                "last update status" => match state_printed(value) {
                    Some(state) => agreement.state.claim(state, at(*line, (*value).to_owned())),
                    None => unknown = Some(*line),
                },
                // The epoch means never.
                "last update ended" => {
                    let ended = Timestamp::parse_rfc3339(value).filter(|at| *at > Timestamp::EPOCH);
                    agreement.updated_at = agreement.updated_at.max(ended);
                }
                _ => {}
            }
        }
        if let Some(line) = unknown {
            let text = "a status without a number; the state of the agreement is unknown";
            facts.note(Note::on_file(named.file, NoteCode::UnknownWord, text).at(line));
        }
    }
}

/// The class of a status as the programs print it: `None` where there was no update yet.
fn state_printed(text: &str) -> Option<AgreementState> {
    match text {
        "" | "None" => Some(AgreementState::Never),
        _ => state_of_text(text),
    }
}

/// True for what commands on the topology say where there is no integrated CA: an answer, not a
/// failure.
pub(crate) fn is_without_ca(failure: &Failure) -> bool {
    let commands = ["topologysegment-find", "topologysuffix-verify"];
    let own =
        failure.command.as_ref().is_none_or(|command| commands.contains(&command.name.as_str()));
    own && failure.message.starts_with("ca: suffix not found")
}

/// A kind of list that an `ipa …-find` command prints.
#[derive(Debug)]
pub(crate) struct List {
    /// One entry, in words.
    pub(crate) one: &'static str,
    /// Several of them.
    pub(crate) several: &'static str,
    /// Arguments that choose the list. One more is a search text.
    pub(crate) arguments: usize,
    /// Options that leave entries out.
    pub(crate) filters: &'static [&'static str],
}

/// Why a list may not be whole: code, line, reason, what to do.
type Doubt = (NoteCode, u64, String, &'static str);

impl List {
    /// True if nothing speaks against a frame being the whole list; notes on what does.
    pub(crate) fn is_complete(&self, named: &Named<'_>, frame: &Frame, facts: &mut Facts) -> bool {
        let mut doubts = self.count_doubts(frame);
        doubts.extend(self.limit_doubts(frame));
        doubts.extend(frame.command.as_ref().and_then(|command| self.filter_doubt(command)));
        let complete = doubts.is_empty();
        for (code, line, text, help) in doubts {
            let text = format!("{text}; what is not in it counts as unknown");
            facts.note(Note::on_file(named.file, code, text).at(line).help(help));
        }
        complete
    }

    /// What head, end and gaps of the list say.
    fn count_doubts(&self, frame: &Frame) -> Vec<Doubt> {
        let Self { one, several, .. } = self;
        let read = frame.entries.len() as u64;
        let mut doubts: Vec<Doubt> = Vec::new();
        match frame.declared {
            Some(declared) if declared != read => doubts.push((
                NoteCode::CountDiffers,
                frame.line,
                format!("{declared} {one}(s) are declared here, but {read} were read"),
                "Export the whole list into a file instead of copying from a screen.",
            )),
            Some(_) => {}
            None => doubts.push((
                NoteCode::Truncated,
                frame.line,
                format!(
                    "the head of this list of {several} is missing, so nothing says how many exist"
                ),
                "Export the whole list, from its first ruled line to its last.",
            )),
        }
        if let Some(line) = frame.cut_at {
            let text = format!("lines of this list of {several} were cut out");
            doubts.push((NoteCode::Truncated, line, text, "Export the whole list."));
        }
        match frame.returned {
            None if frame.declared.is_some() && frame.cut_at.is_none() => doubts.push((
                NoteCode::Truncated,
                frame.line,
                format!("the end of this list of {several} is missing"),
                "Export the whole list, down to \"Number of entries returned\".",
            )),
            Some(returned) if returned != read && frame.declared == Some(read) => doubts.push((
                NoteCode::CountDiffers,
                frame.line,
                format!("the end of the list declares {returned} {one}(s), but {read} were read"),
                "Export the list again.",
            )),
            _ => {}
        }
        doubts
    }

    /// What the server's size and time limits may have cut.
    fn limit_doubts(&self, frame: &Frame) -> Vec<Doubt> {
        let Self { one, several, .. } = self;
        let read = frame.entries.len() as u64;
        let mut doubts: Vec<Doubt> = Vec::new();
        if let Some(line) = frame.limit_warning_at {
            doubts.push((
                NoteCode::Truncated,
                line,
                "the server cut this list at its size or time limit".to_owned(),
                "Export again with --sizelimit=0 --timelimit=0.",
            ));
        }
        let command = frame.command.as_ref();
        // Without the option, the server's default holds; with it, the number given. 0 = no limit.
        let option = command.filter(|command| command.has("sizelimit"));
        let limit = option.map(|command| {
            command.option("sizelimit").and_then(|number| number.parse::<u64>().ok()).unwrap_or(1)
        });
        if limit.is_some_and(|limit| limit > 0 && read >= limit) {
            doubts.push((
                NoteCode::Truncated,
                frame.line,
                format!("option --sizelimit may have cut this list after {read} {one}(s)"),
                "Export again with --sizelimit=0.",
            ));
        }
        if command.is_some_and(|command| {
            command.has("timelimit") && command.option("timelimit") != Some("0")
        }) {
            doubts.push((
                NoteCode::Truncated,
                frame.line,
                format!("option --timelimit may have cut this list of {several}"),
                "Export again with --timelimit=0.",
            ));
        }
        if read == IPA_SEARCH_RECORDS_LIMIT as u64 && limit.is_none() {
            doubts.push((
                NoteCode::ExactlyTheSizeLimit,
                frame.line,
                format!(
                    "exactly {IPA_SEARCH_RECORDS_LIMIT} {one}(s), the default size limit: the \
                     list may have been cut"
                ),
                "Export again with --sizelimit=0, and keep the command in the file.",
            ));
        }
        doubts
    }

    /// What the command line leaves out.
    fn filter_doubt(&self, command: &Command) -> Option<Doubt> {
        let several = self.several;
        let filter = self.filters.iter().find(|filter| command.has(filter));
        let text = if let Some(filter) = filter {
            format!("option --{filter} leaves {several} out of this list")
        } else if command.arguments.len() > self.arguments {
            format!("a search text leaves {several} out of this list")
        } else if command.piped {
            format!("a pipe may have taken {several} out of this list")
        } else {
            return None;
        };
        let help = "Export the list without filters.";
        Some((NoteCode::FilteredList, command.line, text, help))
    }
}
