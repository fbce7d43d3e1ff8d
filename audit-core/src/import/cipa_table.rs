//! `cipa`: the table of `checkipaconsistency`, which compares servers.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{AgreementKey, AgreementState, Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Command, Line, Transcript};
use crate::replication_words::server_of;

/// Reads the table that `cipa` of checkipaconsistency prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `\| FreeIPA servers: \| ipa01 \| … \| STATE \|` | machines of the columns, without their domain |
/// | `\| Replication Status \| ipa02 0 \| … \|` and lines below | agreements of suffix `domain` |
/// | `\| LDAP Conflicts \| 0 \| … \|`, `\| Ghost Replicas \| … \|` | a note where there are some |
/// | any row with `FAIL` in the last column | a note |
///
/// A command line above it with the domain (`cipa -d DOMAIN`) gives the machines' whole names;
/// they are servers then, because they answered as such. Without one, an agreement counts if other
/// inputs show one server each of these names. The table does not prove that there are no others:
/// it shows the machines that it was told to ask. It never shows suffix `ca`. The state of the row
/// "Replication Status" is passed over, because it counts only numbers of agreements.
///
/// # Errors
///
/// None. Without its borders or its first row the table is not recognized.
///
/// # Source
///
/// checkipaconsistency `main.py`, `freeipaserver.py` (`_replication_agreements`).
pub(super) static FORMAT: Format =
    Format { name: "cipa", command: "cipa", reader: Reads::Console(read) };

const FIRST: &str = "FreeIPA servers:";
const REPLICATION: &str = "Replication Status";

/// Rows that count faults: 0 or `NO` is well.
const FAULTS: [&str; 2] = ["LDAP Conflicts", "Ghost Replicas"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let domain = block.command().and_then(domain);
        let mut machines: Vec<&str> = Vec::new();
        let mut row = "";
        for line in block.lines {
            let Some(cells) = cells(line) else {
                if !line.text.trim().starts_with('+') {
                    machines.clear();
                }
                continue;
            };
            let Some((label, cells)) = cells.split_first() else { continue };
            if *label == FIRST {
                found = true;
                machines = cells.iter().copied().filter(|cell| *cell != "STATE").collect();
                for server in machines.iter().filter_map(|machine| whole_name(machine, domain)) {
                    let at = Sources::from([named.source(line.number, format!("server {server}"))]);
                    facts.server(&server, at);
                }
            } else if !machines.is_empty() {
                row = if label.is_empty() { row } else { label };
                read_row(named, line, (row, cells), &Machines { names: &machines, domain }, facts);
            }
        }
    }
    found
}

/// The machines of the columns, and the domain of their names if the command shows it.
struct Machines<'a> {
    names: &'a [&'a str],
    domain: Option<&'a str>,
}

/// The domain that the command asks (`-d`, `--domain`).
fn domain(command: &Command) -> Option<&str> {
    let is_cipa = command.program == "cipa";
    ["d", "domain"].iter().filter(|_| is_cipa).find_map(|option| command.option(option))
}

/// The whole name of a machine.
fn whole_name(machine: &str, domain: Option<&str>) -> Option<Fqdn> {
    let domain = domain?;
    if machine.contains('.') {
        server_of(machine)
    } else {
        server_of(&format!("{machine}.{domain}"))
    }
}

/// Texts between the bars of a table's line.
fn cells(line: &Line) -> Option<Vec<&str>> {
    let text = line.text.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(text.split('|').map(str::trim).collect())
}

fn read_row(
    named: &Named<'_>,
    line: &Line,
    (label, cells): (&str, &[&str]),
    machines: &Machines<'_>,
    facts: &mut Facts,
) {
    let Machines { names: machines, domain } = *machines;
    if label == REPLICATION {
        for (machine, cell) in machines.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            read_agreement(named, line, (machine, domain), cell, facts);
        }
        return;
    }
    let fails = cells.get(machines.len()).is_some_and(|state| *state == "FAIL");
    let counts =
        FAULTS.contains(&label) && cells.iter().zip(machines).any(|(cell, _)| is_fault(cell));
    if fails || counts {
        let what = if counts { "" } else { " differs between servers" };
        let values = texts(machines, cells);
        let fault = format!("cipa: \"{label}\"{what}: {values}; no verdict uses that");
        facts.note(Note::on_file(named.file, NoteCode::ReportedFault, fault).at(line.number));
    }
}

fn is_fault(cell: &str) -> bool {
    cell == "YES" || cell.parse::<u64>().is_ok_and(|count| count > 0)
}

/// `ipa01 3, ipa02 0`, for the machines with something in their cells.
fn texts(machines: &[&str], cells: &[&str]) -> String {
    let pairs: Vec<String> =
        machines.iter().zip(cells).map(|(machine, cell)| format!("{machine} {cell}")).collect();
    pairs.join(", ")
}

/// `ipa03 0`: the peer, and the error number of the last update.
fn read_agreement(
    named: &Named<'_>,
    line: &Line,
    (on, domain): (&str, Option<&str>),
    cell: &str,
    facts: &mut Facts,
) {
    let agreement =
        cell.split_once(' ').and_then(|(peer, code)| Some((peer, code.trim().parse().ok()?)));
    let Some((peer, code)) = agreement else {
        let text = "a cell of \"Replication Status\" that is no server with a number; left out";
        facts.note(Note::on_file(named.file, NoteCode::UnknownWord, text).at(line.number));
        return;
    };
    let observed = format!("agreement of {on} to {peer}: {code}");
    let at = Sources::from([named.source(line.number, observed)]);
    let state = AgreementState::of_error(code);
    match (whole_name(on, domain), whole_name(peer, domain)) {
        (Some(on), Some(peer)) => {
            let key = AgreementKey { on, suffix: Suffix::Domain, peer };
            facts.observed.agreement(key, at.clone()).state.claim(state, at);
        }
        _ => facts.agreement((on, peer), Suffix::Domain, state, at),
    }
}
