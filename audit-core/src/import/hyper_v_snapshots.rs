//! Checkpoints of Hyper-V: `Get-VMSnapshot | ConvertTo-Json`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, date_of_powershell, state, was_off};

/// Reads what `Get-VMSnapshot -VMName * | Select VMName,Name,SnapshotType,CreationTime,State |
/// ConvertTo-Json` prints: one object, or a list.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `VMName`, `Name` | names of the VM and of its checkpoint |
/// | `CreationTime` | when it was taken: `/Date(MILLISECONDS)/`, or a time with offset |
/// | `State` 3 or `Off` | the VM was off; 2 or `Running`: it was not |
///
/// A checkpoint of type Production of a running VM has a consistent file system, but the VM was not
/// off.
///
/// # Errors
///
/// A time without offset stays unknown.
///
/// # Source
///
/// Hyper-V module of PowerShell, `Get-VMSnapshot`.
pub(super) static FORMAT: Format = Format {
    name: "Hyper-V checkpoints",
    command: "Get-VMSnapshot -VMName * | Select VMName,Name,CreationTime,State | ConvertTo-Json",
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
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(vm), Some(name)) = (text("VMName"), text("Name")) else { continue };
        found = true;
        let off = match item.get("State") {
            Some(Value::Number(state)) => match state.as_u64() {
                Some(3) => Some(true),
                Some(2) => Some(false),
                _ => None,
            },
            Some(Value::String(state)) => was_off(state),
            _ => None,
        };
        let shown = Shown {
            vm,
            name,
            taken_at: text("CreationTime").and_then(date_of_powershell),
            powered_off: off,
            // A checkpoint holds every virtual disk; one that is passed through forbids it.
            full: Some(true),
            ..Shown::default()
        };
        state(&place.source(&at, format!("checkpoint {name} of {vm}")), shown, facts);
    }
    found
}
