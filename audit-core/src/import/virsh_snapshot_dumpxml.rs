//! One snapshot of a VM: `virsh snapshot-dumpxml`.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::parse::console::Line;
use crate::snapshot_parts::{Shown, nameless, state, was_off};
use crate::time::Timestamp;

/// Reads the XML of a snapshot as libvirt keeps it, one or several in a file.
///
/// # Shape
///
/// | element | becomes |
/// |---|---|
/// | `domainsnapshot/name` | the snapshot's name |
/// | `domainsnapshot/creationTime` | when it was taken, in seconds since 1970 |
/// | `domainsnapshot/state` | `shutoff`: the VM was off; any other: it was not |
/// | `domainsnapshot/disks/disk` with `snapshot='no'` | a disk is missing |
/// | `domainsnapshot/domain/name`, `uuid` | the VM; without them it is called after the file |
///
/// Without `disks` nothing says whether every disk is in it, except for a VM that was off: then
/// libvirt takes all of them.
///
/// # Errors
///
/// None. What is no XML ends the reading; what was read before is used.
///
/// # Source
///
/// libvirt `docs/formatsnapshot.rst`, `src/conf/snapshot_conf.c`.
pub(super) static FORMAT: Format = Format {
    name: "virsh snapshot-dumpxml",
    command: "virsh snapshot-dumpxml DOMAIN NAME",
    reader: Reads::Lines(read),
};

#[derive(Default)]
struct Snapshot {
    line: u64,
    name: String,
    time: String,
    state: String,
    vm: String,
    uuid: String,
    disks: usize,
    left_out: usize,
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    if !lines.iter().any(|line| line.text.contains("<domainsnapshot")) {
        return false;
    }
    let mut path: Vec<String> = Vec::new();
    let mut current: Option<Snapshot> = None;
    let mut found = false;
    for line in lines {
        let mut rest = line.text.as_str();
        while let Some(open) = rest.find('<') {
            let text = rest.get(..open).unwrap_or_default().trim();
            if let Some(snapshot) = &mut current {
                take(snapshot, &path, text);
            }
            let Some(close) = rest.get(open..).and_then(|tag| tag.find('>')) else { break };
            let tag = rest.get(open + 1..open + close).unwrap_or_default();
            rest = rest.get(open + close + 1..).unwrap_or_default();
            let name = tag.trim_start_matches('/').trim_end_matches('/');
            let name = name.split_whitespace().next().unwrap_or_default();
            if tag.starts_with(['?', '!']) {
                continue;
            }
            if tag.starts_with('/') {
                if name == "domainsnapshot"
                    && let Some(snapshot) = current.take()
                {
                    found |= state_of(named, &snapshot, facts);
                }
                // A tag that is closed but not open leaves the path as it is.
                if let Some(at) = path.iter().rposition(|open| open == name) {
                    path.truncate(at);
                }
                continue;
            }
            if name == "domainsnapshot" {
                path.clear();
                current = Some(Snapshot { line: line.number, ..Snapshot::default() });
            }
            if let (Some(snapshot), true) = (&mut current, name == "disk")
                && path.ends_with(&["domainsnapshot".to_owned(), "disks".to_owned()])
            {
                snapshot.disks += 1;
                let no = tag.contains("snapshot='no'") || tag.contains("snapshot=\"no\"");
                snapshot.left_out += usize::from(no);
            }
            if !tag.ends_with('/') {
                path.push(name.to_owned());
            }
        }
        if let Some(snapshot) = &mut current {
            take(snapshot, &path, rest.trim());
        }
    }
    found
}

/// Keeps the text of an element that is read.
fn take(snapshot: &mut Snapshot, path: &[String], text: &str) {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let field = match path.as_slice() {
        ["domainsnapshot", "name"] => &mut snapshot.name,
        ["domainsnapshot", "creationTime"] => &mut snapshot.time,
        ["domainsnapshot", "state"] => &mut snapshot.state,
        ["domainsnapshot", "domain", "name"] => &mut snapshot.vm,
        ["domainsnapshot", "domain", "uuid"] => &mut snapshot.uuid,
        _ => return,
    };
    field.push_str(text);
}

fn state_of(named: &Named<'_>, snapshot: &Snapshot, facts: &mut Facts) -> bool {
    if snapshot.name.is_empty() {
        return false;
    }
    let off = was_off(&snapshot.state).or((!snapshot.state.is_empty()).then_some(false));
    let full = match (snapshot.left_out, snapshot.disks, off) {
        (1.., _, _) => Some(false),
        (0, 1.., _) | (0, 0, Some(true)) => Some(true),
        _ => None,
    };
    let seconds = snapshot.time.parse().ok();
    let unnamed = nameless(named);
    let source = named.source(snapshot.line, format!("snapshot {}", snapshot.name));
    let shown = Shown {
        vm: if snapshot.vm.is_empty() { &unnamed } else { &snapshot.vm },
        name: &snapshot.name,
        taken_at: seconds.and_then(Timestamp::from_unix_seconds),
        powered_off: off,
        full,
        uuid: Some(snapshot.uuid.as_str()).filter(|uuid| !uuid.is_empty()),
        host: None,
    };
    state(&source, shown, facts);
    true
}
