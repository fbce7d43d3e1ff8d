//! `ipa-replica-manage list`: the servers, or the agreements of one.

use super::{Format, Named, Reads};
use crate::console_parts::{HostLine, host_lines};
use crate::facts::Facts;
use crate::model::{Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Block, Command, Transcript};

/// Reads the text that `ipa-replica-manage list` prints, for all servers or (`list -v SERVER`) for
/// the agreements of one.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `HOST: master` | the server exists |
/// | `HOST: replica` | an agreement of suffix `domain`, from the server of the command line |
/// | `  last update status: Error (0) …` | class of its last update |
/// | `  last update ended: 2026-11-21 08:00:00+00:00` | when that was; 1970 means never |
/// | `HOST: winsync` | nothing: Active Directory is no IdM server |
///
/// The lists have neither head nor end, so nothing proves that they are whole. The lines on the
/// last total update are not read.
///
/// # Errors
///
/// None. The agreements of a server that no command line names are left out with a note.
///
/// # Source
///
/// FreeIPA `install/tools/ipa-replica-manage.in` (`list_replicas`), `ipalib/util.py`
/// (`print_replication_status`).
pub(super) static FORMAT: Format = Format {
    name: "ipa-replica-manage list",
    command: "ipa-replica-manage list [-v SERVER]",
    reader: Reads::Console(read),
};

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let command = block.command();
        let rows: Vec<HostLine<'_>> = host_lines(block.lines)
            .into_iter()
            .filter(|row| ["master", "replica", "winsync"].contains(&row.word))
            .collect();
        if rows.is_empty() || !is_own(command, block) {
            continue;
        }
        found = true;
        read_rows(named, command, &rows, facts);
    }
    found
}

/// True for the command's own output, and for output of nobody that looks like it. The list of CA
/// servers looks alike, but where it names one without a CA.
fn is_own(command: Option<&Command>, block: &Block<'_>) -> bool {
    if let Some(command) = command {
        return command.is("ipa-replica-manage", "list");
    }
    let by_ca = |row: &HostLine<'_>| row.word == super::csreplica_manage_list::WITHOUT_CA;
    !host_lines(block.lines).iter().any(by_ca)
}

fn read_rows(
    named: &Named<'_>,
    command: Option<&Command>,
    rows: &[HostLine<'_>],
    facts: &mut Facts,
) {
    let on = command.and_then(|command| command.arguments.first()).and_then(|n| Fqdn::parse(n));
    if let (Some(on), Some(command)) = (&on, command) {
        // The command finds a server in the list of all before it prints its agreements.
        facts.server(on, [named.source(command.line, format!("server {on}"))]);
    }
    for row in rows {
        let host = &row.host;
        match (row.word, &on) {
            ("master", _) => {
                facts.server(host, [named.source(row.line, format!("server {host}"))]);
            }
            ("replica", Some(on)) => row.state_agreement(named, on, Suffix::Domain, facts),
            ("replica", None) => note_no_supplier(named, row, facts),
            _ => facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::CommandNotRead,
                    format!("{host} is a peer of Windows synchronization; it was not used"),
                )
                .at(row.line),
            ),
        }
    }
}

/// Says that an agreement's own server is not in the file.
pub(super) fn note_no_supplier(named: &Named<'_>, row: &HostLine<'_>, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::IncompleteEntry,
            format!("an agreement to {}, but of which server no line says; left out", row.host),
        )
        .at(row.line)
        .help("Put the command into the file: `$ ipa-replica-manage list -v SERVER`."),
    );
}
