//! VMware snapshots from `PowerCLI`: `Get-Snapshot | ConvertTo-Json`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, date_of_powershell, state, was_off};

/// Reads what `Get-VM | Get-Snapshot | Select VM,Name,Created,PowerState | ConvertTo-Json` prints:
/// one object, or a list.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `VM`, `Name` | names of the VM (a text, or an object with `Name`) and of its snapshot |
/// | `Created` | when it was taken: `/Date(MILLISECONDS)/`, or a time with offset |
/// | `PowerState` 0 or `PoweredOff` | the VM was off; 1, 2, `PoweredOn` and `Suspended`: it was not |
///
/// # Errors
///
/// A time without offset stays unknown. Whether every disk is in a snapshot is not said:
/// independent disks never are.
///
/// # Source
///
/// `PowerCLI` reference, `Get-Snapshot`, and the enumeration `PowerState` (`PoweredOff`,
/// `PoweredOn`, `Suspended`). The layout was not compared with output of a real vCenter.
pub(super) static FORMAT: Format = Format {
    name: "PowerCLI snapshots",
    command: "Get-VM | Get-Snapshot | Select VM,Name,Created,PowerState | ConvertTo-Json",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let place = Place { named, document };
    let items: Vec<(String, &Value)> = match &document.value {
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (format!("/{index}"), item)).collect()
        }
        one => vec![(String::new(), one)],
    };
    let mut found = false;
    for (at, item) in items {
        let vm = item.get("VM").and_then(|vm| vm.get("Name").unwrap_or(vm).as_str());
        let name = item.get("Name").and_then(Value::as_str);
        let (Some(vm), Some(name), Some(created)) = (vm, name, item.get("Created")) else {
            continue;
        };
        found = true;
        let off = match item.get("PowerState") {
            Some(Value::Number(state)) => match state.as_u64() {
                Some(0) => Some(true),
                Some(1 | 2) => Some(false),
                _ => None,
            },
            Some(Value::String(state)) => was_off(state),
            _ => None,
        };
        // PowerShell may wrap a time: {"value": "/Date(…)/", "DisplayHint": …}.
        let created = created.get("value").unwrap_or(created);
        let shown = Shown {
            vm,
            name,
            taken_at: created.as_str().and_then(date_of_powershell),
            powered_off: off,
            ..Shown::default()
        };
        state(&place.source(&at, format!("snapshot {name} of {vm}")), shown, facts);
    }
    found
}
