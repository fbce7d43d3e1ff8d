//! Lists of a VM's snapshots: `virsh snapshot-list`.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::parse::console::Line;
use crate::snapshot_parts::{Shown, date_in, nameless, state, was_off, zoned};

/// Reads what `virsh snapshot-list DOMAIN` prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `virsh snapshot-list DOMAIN` | the VM of the lines below |
/// | ` name  2026-07-05 18:42:11 +0200  shutoff` | a snapshot: name, time, and whether the VM was off |
///
/// Names may hold blanks: what stands before the date is the name. Without the command line the VM
/// is called after the file. The list does not say whether every disk is in a snapshot.
///
/// # Errors
///
/// None. A date with letters in place of digits leaves the time unknown.
///
/// # Source
///
/// libvirt `tools/virsh-snapshot.c` (`cmdSnapshotList`).
pub(super) static FORMAT: Format = Format {
    name: "virsh snapshot-list",
    command: "virsh snapshot-list DOMAIN",
    reader: Reads::Lines(read),
};

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut vm: Option<String> = None;
    let mut is_list = false;
    let mut found = false;
    for line in lines {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| *word == "snapshot-list") {
            let rest = words.get(at + 1..).unwrap_or_default();
            vm = rest.iter().find(|word| !word.starts_with('-')).map(|name| (*name).to_owned());
            is_list = false;
            continue;
        }
        // Below the head, in any language.
        let is_rule = |word: &&str| word.len() > 20 && word.bytes().all(|byte| byte == b'-');
        if words.len() == 1 && words.iter().all(is_rule) {
            is_list = true;
            continue;
        }
        if line.text.trim().is_empty() || !is_list {
            continue;
        }
        let Some((name, behind)) = date_in(&line.text) else { continue };
        let [date, time, zone, word, ..] = behind.as_slice() else { continue };
        let Some(off) = was_off(word).filter(|_| zone.starts_with(['+', '-'])) else { continue };
        found = true;
        let source = named.source(line.number, format!("snapshot {name}: {word}"));
        let taken_at = zoned(date, time, zone);
        let unnamed = nameless(named);
        let shown = Shown {
            vm: vm.as_deref().unwrap_or(&unnamed),
            name,
            taken_at,
            powered_off: Some(off),
            ..Shown::default()
        };
        state(&source, shown, facts);
    }
    found
}
