//! Snapshots of KubeVirt and OpenShift Virtualization: `oc get vmsnapshot -o json`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, state};
use crate::time::Timestamp;

/// Reads objects of kind `VirtualMachineSnapshot`, one or a list.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `metadata.name`, `spec.source.name` | names of the snapshot and of its VM |
/// | `status.readyToUse` true | the snapshot exists |
/// | `status.creationTime` | when it was taken |
/// | `status.indications` with `Online` | the VM ran; without: it was off |
/// | `status.snapshotVolumes.excludedVolumes` | a disk is missing if it lists one |
///
/// # Errors
///
/// An object without `status`, or one that is not ready, is a request for a snapshot: it is noted
/// and no snapshot.
///
/// # Source
///
/// KubeVirt `staging/src/kubevirt.io/api/snapshot/v1beta1/types.go`.
pub(super) static FORMAT: Format = Format {
    name: "KubeVirt snapshots",
    command: "oc get vmsnapshot -A -o json",
    reader: Reads::Json(read),
};

const KIND: &str = "VirtualMachineSnapshot";

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let place = Place { named, document };
    let kind = |value: &Value| value.get("kind").and_then(Value::as_str).map(str::to_owned);
    if kind(&document.value).as_deref() == Some(KIND) {
        snapshot(&place, "", &document.value, facts);
        return true;
    }
    let items = document.value.get("items").and_then(Value::as_array);
    let mut found = false;
    for (index, item) in items.into_iter().flatten().enumerate() {
        if kind(item).as_deref() == Some(KIND) {
            found = true;
            snapshot(&place, &format!("/items/{index}"), item, facts);
        }
    }
    found
}

fn snapshot(place: &Place<'_>, at: &str, item: &Value, facts: &mut Facts) {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
    let (Some(name), Some(vm)) = (text("/metadata/name"), text("/spec/source/name")) else {
        let what = "a snapshot without metadata.name and spec.source.name; left out";
        facts.note(place.note(NoteCode::IncompleteEntry, at, what));
        return;
    };
    if item.pointer("/status/readyToUse").and_then(Value::as_bool) != Some(true) {
        let what = "a request for a snapshot, not a snapshot that is ready; left out";
        let note = place.note(NoteCode::IncompleteEntry, at, what);
        facts.note(note.help("Export it again when it is ready: oc get vmsnapshot -A -o json"));
        return;
    }
    let list = |pointer: &str| item.pointer(pointer).and_then(Value::as_array);
    let indications = list("/status/indications");
    let online = indications.into_iter().flatten().any(|one| one == "Online" || one == "Paused");
    let volumes = item.pointer("/status/snapshotVolumes");
    let excluded = list("/status/snapshotVolumes/excludedVolumes").map_or(0, Vec::len);
    let partial = indications.into_iter().flatten().any(|one| one == "PartialSnapshot");
    let shown = Shown {
        vm,
        name,
        taken_at: text("/status/creationTime").and_then(Timestamp::parse_rfc3339),
        powered_off: Some(!online),
        full: if partial { Some(false) } else { volumes.map(|_| excluded == 0) },
        ..Shown::default()
    };
    state(&place.source(at, format!("snapshot {name} of {vm}")), shown, facts);
}
