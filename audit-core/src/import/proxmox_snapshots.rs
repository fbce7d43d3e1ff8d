//! Snapshots of Proxmox VE: `pvesh get …/snapshot`, `qm listsnapshot`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, nameless, state};
use crate::time::Timestamp;

/// Reads what `pvesh get /nodes/NODE/qemu/ID/snapshot --output-format json` prints.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `name`, `snaptime` | a snapshot and its time, in seconds since 1970 |
/// | `vmstate` 1 | memory is in it: the VM ran; 0 proves nothing |
/// | `name` `current` | the live state, no snapshot |
///
/// The VM is not in it: it is called after the file.
///
/// # Errors
///
/// None.
///
/// # Source
///
/// Proxmox `PVE/API2/Qemu.pm` (`snapshot_list`).
pub(super) static FORMAT: Format = Format {
    name: "Proxmox snapshots",
    command: "pvesh get /nodes/NODE/qemu/ID/snapshot --output-format json",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let Some(items) = document.value.as_array() else { return false };
    let is_live = |item: &Value| {
        item.get("name").and_then(Value::as_str) == Some("current")
            && item.get("snaptime").is_none()
    };
    // The live state is always there, and tells this list from any other.
    if !items.iter().any(is_live) {
        return false;
    }
    let place = Place { named, document };
    let vm = nameless(named);
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !is_live(item)) {
        let Some(name) = item.get("name").and_then(Value::as_str) else { continue };
        let ran = item.get("vmstate").is_some_and(|state| *state == 1 || *state == "1");
        let shown = Shown {
            vm: &vm,
            name,
            taken_at: item
                .get("snaptime")
                .and_then(Value::as_i64)
                .and_then(Timestamp::from_unix_seconds),
            powered_off: ran.then_some(false),
            ..Shown::default()
        };
        state(&place.source(&format!("/{index}"), format!("snapshot {name}")), shown, facts);
    }
    true
}
