//! VMware snapshots from `PowerCLI` as CSV: `Get-Snapshot | ConvertTo-Csv`.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::snapshot_parts::{Shown, date_of_powershell, state, was_off};

/// Reads what `Get-VM | Get-Snapshot | Select VM,Name,Created,PowerState | ConvertTo-Csv` prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `#TYPE …` | nothing; Windows PowerShell writes it without `-NoTypeInformation` |
/// | `"VM","Name","Created","PowerState"` | which column is which, in any order |
/// | `"idm-bak","cold","2026-11-20T01:00:00+01:00","PoweredOff"` | a snapshot, and whether the VM was off |
///
/// The separator is a comma, or a semicolon as some cultures have it.
///
/// # Errors
///
/// `Created` is a local time in the form of the culture of who exported it: unless it has an offset
/// it stays unknown, with a note. A row with fewer fields than the head is left out with a note.
///
/// # Source
///
/// `PowerCLI` reference, `Get-Snapshot`; PowerShell `ConvertTo-Csv` (every field in quotes,
/// quotes inside doubled). The layout was not compared with output of a real vCenter.
pub(super) static FORMAT: Format = Format {
    name: "PowerCLI snapshots (CSV)",
    command: "Get-VM | Get-Snapshot | Select VM,Name,Created,PowerState | ConvertTo-Csv",
    reader: Reads::Lines(read),
};

/// Where the columns are that are read.
struct Head {
    separator: char,
    fields: usize,
    vm: usize,
    name: usize,
    created: usize,
    power: Option<usize>,
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut head: Option<Head> = None;
    let mut untimed = None;
    for line in lines {
        let text = line.text.trim();
        if let Some(new) = head_of(text) {
            head = Some(new);
            continue;
        }
        let Some(head) = &head else { continue };
        if text.is_empty() || text.starts_with("#TYPE") {
            continue;
        }
        let row = fields(text, head.separator);
        let of = |at: usize| row.get(at).map(String::as_str).filter(|text| !text.is_empty());
        let (Some(vm), Some(name), true) = (of(head.vm), of(head.name), row.len() == head.fields)
        else {
            let message = "a row without VM or name, or with another number of fields than the \
                           head; left out";
            let note = Note::on_file(named.file, NoteCode::IncompleteEntry, message);
            facts.note(note.at(line.number));
            continue;
        };
        let taken_at = of(head.created).and_then(date_of_powershell);
        if taken_at.is_none() {
            untimed.get_or_insert(line.number);
        }
        let powered_off = head.power.and_then(of).and_then(was_off);
        let source = named.source(line.number, format!("snapshot {name} of {vm}"));
        state(&source, Shown { vm, name, taken_at, powered_off, ..Shown::default() }, facts);
    }
    if let Some(line) = untimed {
        let message = "the times have no zone: when these snapshots were taken is unknown";
        let help = "Export the time with its zone: Select VM,Name,@{n='Created';e={$_.Created\
                    .ToString('o')}},PowerState";
        let note = Note::on_file(named.file, NoteCode::SnapshotTime, message);
        facts.note(note.at(line).help(help));
    }
    head.is_some()
}

fn head_of(text: &str) -> Option<Head> {
    [',', ';'].into_iter().find_map(|separator| {
        let all = fields(text, separator);
        let column = |name: &str| all.iter().position(|field| field == name);
        Some(Head {
            separator,
            fields: all.len(),
            vm: column("VM")?,
            name: column("Name")?,
            created: column("Created")?,
            power: column("PowerState"),
        })
    })
}

/// The fields of a row as `ConvertTo-Csv` writes it. Its fields never break a line here: names of
/// VMs and snapshots have one line.
fn fields(text: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields.last_mut().into_iter().for_each(|field| field.push('"'));
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => fields.push(String::new()),
            c => fields.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    fields
}
