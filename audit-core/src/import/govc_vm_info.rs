//! VMs of VMware with their snapshots: `govc vm.info -json`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::model::Fqdn;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, state, was_off};
use crate::time::Timestamp;

/// Reads virtual machines as `govc vm.info -json VM` prints them.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `virtualMachines[].name`, `config.uuid` | the VM |
/// | `guest.hostName` | the server in it, if it has a domain |
/// | `snapshot.rootSnapshotList[]`, `childSnapshotList[]`: `name`, `createTime` | a snapshot with its time |
/// | its `state` | `poweredOff`: the VM was off; `poweredOn`, `suspended`: it was not |
///
/// Keys in capitals, as older releases write them, are the same. Whether every disk is in a
/// snapshot is not said: independent disks are not.
///
/// # Errors
///
/// A snapshot without a name is passed over.
///
/// # Source
///
/// govmomi `vim25/types` (`VirtualMachineSnapshotTree`), `cli/vm/info.go`.
pub(super) static FORMAT: Format =
    Format { name: "govc vm.info", command: "govc vm.info -json VM", reader: Reads::Json(read) };

/// The value of a key, whatever the case of its first letter.
fn get<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(key).or_else(|| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    get(value, key)?.as_str()
}

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let Some(all) = get(&document.value, "virtualMachines").and_then(Value::as_array) else {
        return false;
    };
    let place = Place { named, document };
    for (index, vm) in all.iter().enumerate() {
        let Some(name) = text(vm, "name") else { continue };
        let uuid = get(vm, "config").and_then(|config| text(config, "uuid"));
        let guest = get(vm, "guest").and_then(|guest| text(guest, "hostName"));
        let of = Vm { name, uuid, host: guest.and_then(Fqdn::parse) };
        let at = format!("/virtualMachines/{index}/snapshot");
        let roots = get(vm, "snapshot").and_then(|snapshot| get(snapshot, "rootSnapshotList"));
        tree(&place, &at, roots, &of, 0, facts);
    }
    true
}

struct Vm<'v> {
    name: &'v str,
    uuid: Option<&'v str>,
    host: Option<Fqdn>,
}

/// VMware allows 32 snapshots in a row.
const DEPTH_MAX: usize = 64;

fn tree(
    place: &Place<'_>,
    at: &str,
    list: Option<&Value>,
    vm: &Vm<'_>,
    depth: usize,
    facts: &mut Facts,
) {
    if depth > DEPTH_MAX {
        return;
    }
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        if let Some(name) = text(item, "name") {
            let shown = Shown {
                vm: vm.name,
                name,
                taken_at: text(item, "createTime").and_then(Timestamp::parse_rfc3339),
                powered_off: text(item, "state").and_then(was_off),
                full: None,
                uuid: vm.uuid,
                host: vm.host.clone(),
            };
            state(&place.source(at, format!("snapshot {name} of {}", vm.name)), shown, facts);
        }
        tree(place, at, get(item, "childSnapshotList"), vm, depth + 1, facts);
    }
}
