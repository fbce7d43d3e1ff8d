//! Snapshots of oVirt and Red Hat Virtualization: the REST API.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, nameless, state};
use crate::time::Timestamp;

/// Reads `GET /ovirt-engine/api/vms/ID/snapshots` as JSON.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `snapshot[].id`, `description`, `date` | a snapshot and its time, in milliseconds since 1970 |
/// | `snapshot_type` `active`, `preview`, `stateless` | no restore point |
/// | `snapshot_status` other than `ok` | no restore point yet |
/// | `persist_memorystate` true | memory is in it: the VM ran; false proves nothing |
/// | `vm.id` | identifier of the VM |
///
/// # Errors
///
/// None.
///
/// # Source
///
/// oVirt `ovirt-engine-api-model` (`Snapshot.java`).
pub(super) static FORMAT: Format = Format {
    name: "oVirt snapshots",
    command: "GET /ovirt-engine/api/vms/ID/snapshots (JSON)",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let Some(items) = document.value.get("snapshot").and_then(Value::as_array) else {
        return false;
    };
    let place = Place { named, document };
    let unnamed = nameless(named);
    for (index, item) in items.iter().enumerate() {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let kind = text("snapshot_type").or(text("type")).unwrap_or("regular");
        let ready = text("snapshot_status").is_none_or(|status| status == "ok");
        let (Some(id), true) = (text("id"), kind == "regular" && ready) else { continue };
        let vm = item.pointer("/vm/id").and_then(Value::as_str);
        let memory = match item.get("persist_memorystate") {
            Some(Value::Bool(memory)) => *memory,
            Some(Value::String(memory)) => memory == "true",
            _ => false,
        };
        let taken_at = match item.get("date") {
            Some(Value::Number(date)) => {
                date.as_i64().and_then(|date| Timestamp::from_unix_seconds(date / 1000))
            }
            Some(Value::String(date)) => Timestamp::parse_rfc3339(date),
            _ => None,
        };
        let shown = Shown {
            vm: vm.unwrap_or(&unnamed),
            name: id,
            taken_at,
            powered_off: memory.then_some(false),
            uuid: vm,
            ..Shown::default()
        };
        state(&place.source(&format!("/snapshot/{index}"), format!("snapshot {id}")), shown, facts);
    }
    true
}
