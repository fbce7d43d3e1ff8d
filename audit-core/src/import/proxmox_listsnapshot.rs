//! Snapshots of Proxmox VE as text: `qm listsnapshot`.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::snapshot_parts::{Shown, date_in, nameless, state};

/// Reads what `qm listsnapshot VMID` prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `qm listsnapshot VMID` | the VM of the lines below |
/// | `` `-> NAME  2026-10-04 10:15:31  DESCRIPTION `` | a snapshot; its name ends where the date begins |
/// | `` `-> current  You are here! `` | the live state: the end of one VM's list |
/// | `` `-> vzdump … `` | none: a backup that runs makes it and removes it |
///
/// Without the command line the VM is called after the file, and each list that begins behind a
/// live state is another one. Deeper snapshots are indented by one blank.
///
/// # Errors
///
/// The times are local ones without a zone: they stay unknown, with a note. The list does not say
/// whether the VM was off, or whether every disk is in a snapshot.
///
/// # Source
///
/// Proxmox `PVE/CLI/qm.pm` (`listsnapshot`) and `PVE/GuestHelpers.pm` (`print_snapshot_tree`).
pub(super) static FORMAT: Format =
    Format { name: "qm listsnapshot", command: "qm listsnapshot VMID", reader: Reads::Lines(read) };

/// What stands before every name.
const BRANCH: &str = "`-> ";

/// The live state.
const CURRENT: &str = "current";

/// What a backup that runs is called.
const TEMPORARY: &str = "vzdump";

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let branch = |line: &Line| line.text.trim_start().strip_prefix(BRANCH).map(str::to_owned);
    let word = |text: &str| text.split_whitespace().next().map(str::to_owned);
    // The live state is always there, and tells this tree from any other.
    let is_live =
        |line: &Line| branch(line).is_some_and(|rest| word(&rest).as_deref() == Some(CURRENT));
    let lists = lines.iter().filter(|line| is_live(line)).count();
    if lists == 0 {
        return false;
    }
    let commands = lines.iter().any(|line| command(&line.text).is_some());
    let mut vm: Option<String> = None;
    let mut ended = 0;
    let mut timed = None;
    for line in lines {
        if let Some(id) = command(&line.text) {
            vm = Some(id);
            continue;
        }
        let Some(rest) = branch(line) else { continue };
        if is_live(line) {
            ended += 1;
            vm = None;
            continue;
        }
        // Without a date it is a branch of some other tree.
        let Some((name, _)) = first_date(&rest) else { continue };
        if name == TEMPORARY {
            continue;
        }
        timed.get_or_insert(line.number);
        let unnamed = match lists {
            _ if commands => nameless(named),
            1 => nameless(named),
            _ => format!("{} ({})", nameless(named), ended + 1),
        };
        let source = named.source(line.number, format!("snapshot {name}"));
        let vm = vm.as_deref().unwrap_or(&unnamed);
        state(&source, Shown { vm, name, ..Shown::default() }, facts);
    }
    if let Some(line) = timed {
        let message = "the times are local ones without a zone: when these snapshots were taken is \
                       unknown";
        let help = "Export it as JSON: pvesh get /nodes/NODE/qemu/VMID/snapshot --output-format \
                    json";
        let note = Note::on_file(named.file, NoteCode::SnapshotTime, message);
        facts.note(note.at(line).help(help));
    }
    true
}

/// The VM in `qm listsnapshot VMID`.
fn command(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("qm listsnapshot ")?;
    let id = rest.split_whitespace().next()?;
    id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.to_owned())
}

/// Name and date at the begin of a branch. The description behind may hold dates, too, so the first
/// one counts; names hold no blanks.
fn first_date(rest: &str) -> Option<(&str, &str)> {
    let mut words = rest.split_whitespace();
    let (name, date) = (words.next()?, words.next()?);
    let (before, behind) = date_in(date)?;
    (before.is_empty() && behind.len() == 1).then_some((name, date))
}
