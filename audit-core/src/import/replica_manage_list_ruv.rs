//! `ipa-replica-manage list-ruv`: replica ids that a server knows.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, RuvKey, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Command, Line, Transcript};
use crate::replication_words::replica_id_of_text;

/// Reads the text that `ipa-replica-manage list-ruv` prints, FreeIPA 4.2 and later.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Replica Update Vectors:` | suffix of the lines below: `domain` |
/// | `Certificate Server Replica Update Vectors:` | the same: `ca` |
/// | `HOST:389: ID` | an element of the RUV: replica id and host |
/// | `unable to decode: …` | a note: the element has no host |
///
/// Whose view this is says `--host`, the export bundle, or the machine of prompt or `ssh` with its
/// domain; else it is the view of a server that is not named.
///
/// # Errors
///
/// None. Without the two headings nothing says which suffix the ids belong to: they are left out
/// with a note.
///
/// # Source
///
/// FreeIPA `install/tools/ipa-replica-manage.in` (`list_ruv`, `get_ruv`).
pub(super) static FORMAT: Format = Format {
    name: "ipa-replica-manage list-ruv",
    command: "ipa-replica-manage list-ruv",
    reader: Reads::Console(read),
};

const HEADINGS: [(&str, Suffix); 2] = [
    ("Replica Update Vectors:", Suffix::Domain),
    ("Certificate Server Replica Update Vectors:", Suffix::Ca),
];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let command = block.command();
        let own = command.is_some_and(|command| command.is("ipa-replica-manage", "list-ruv"));
        let mut suffix = None;
        let mut without_suffix = 0;
        for line in block.lines {
            let text = line.text.trim();
            if let Some((_, of)) = HEADINGS.iter().find(|(heading, _)| *heading == text) {
                suffix = Some(*of);
                found = true;
            } else if let Some((host, id)) = element(text).filter(|_| own || suffix.is_some()) {
                found = true;
                let Some(suffix) = suffix else {
                    without_suffix += 1;
                    continue;
                };
                let observed = format!("{host}: replica id {id}");
                let at = Sources::from([named.source(line.number, observed)]);
                let key = RuvKey { on: server(named, command), suffix };
                let element = facts.observed.ruv(key, at.clone()).replica(id, at.clone());
                element.host.claim(host, at);
            } else if own && text.starts_with("unable to decode: ") {
                note_undecoded(named, line, facts);
            }
        }
        if let (1.., Some(command)) = (without_suffix, command) {
            note_without_suffix(named, command, without_suffix, facts);
        }
    }
    found
}

fn note_undecoded(named: &Named<'_>, line: &Line, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::ReportedFault,
            "list-ruv cannot decode an element of the RUV, which has no host; left out",
        )
        .at(line.number)
        .help("ipa-replica-manage clean-dangling-ruv removes elements of deleted servers."),
    );
}

fn note_without_suffix(named: &Named<'_>, command: &Command, count: u64, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::SuffixNotStated,
            format!("{count} replica id(s), but no heading says of which suffix; left out"),
        )
        .at(command.line)
        .help("Export again, with the lines \"… Update Vectors:\"."),
    );
}

/// `ipa1.example.test:389: 4`.
fn element(text: &str) -> Option<(Fqdn, u16)> {
    let (address, id) = text.split_once(": ")?;
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    Some((Fqdn::parse(host)?, replica_id_of_text(id)?))
}

/// The server that was asked: by option, else the one on which the file was made, else the machine
/// of the command line if it is there with its domain.
fn server(named: &Named<'_>, command: Option<&Command>) -> Option<Fqdn> {
    let whole = |name: &str| Some(name).filter(|name| name.contains('.')).and_then(Fqdn::parse);
    let option = command.and_then(|command| command.option("H").or(command.option("host")));
    option
        .and_then(whole)
        .or_else(|| named.observed_from.clone())
        .or_else(|| command.and_then(|command| command.host.as_deref()).and_then(whole))
}
