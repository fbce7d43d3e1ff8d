//! `cipa`: the table of `checkipaconsistency`, which compares servers.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{AgreementState, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Line, Transcript};

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
/// An agreement counts if other inputs show one server each of these names. The table proves no
/// server: it shows the machines that it was told to ask. It never shows suffix `ca`. The state of
/// the row "Replication Status" is passed over, because it counts only numbers of agreements.
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
            } else if !machines.is_empty() {
                row = if label.is_empty() { row } else { label };
                read_row(named, line, (row, cells), &machines, facts);
            }
        }
    }
    found
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
    machines: &[&str],
    facts: &mut Facts,
) {
    if label == REPLICATION {
        for (machine, cell) in machines.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            read_agreement(named, line, machine, cell, facts);
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
fn read_agreement(named: &Named<'_>, line: &Line, on: &str, cell: &str, facts: &mut Facts) {
    let agreement =
        cell.split_once(' ').and_then(|(peer, code)| Some((peer, code.trim().parse().ok()?)));
    let Some((peer, code)) = agreement else {
        let text = "a cell of \"Replication Status\" that is no server with a number; left out";
        facts.note(Note::on_file(named.file, NoteCode::UnknownWord, text).at(line.number));
        return;
    };
    let observed = format!("agreement of {on} to {peer}: {code}");
    let at = Sources::from([named.source(line.number, observed)]);
    facts.agreement((on, peer), Suffix::Domain, AgreementState::of_error(code), at);
}
