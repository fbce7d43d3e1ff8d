//! Images and volume snapshots of AWS: `aws ec2 describe-images`, `describe-snapshots`.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::parse::json::Document;
use crate::snapshot_parts::{Shown, state};
use crate::time::Timestamp;

/// Reads the JSON of `aws ec2 describe-images --owners self` and `describe-snapshots --owner-ids
/// self`.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `Images[].ImageId`, `CreationDate`, `State` `available` | a snapshot of a whole VM |
/// | `Snapshots[].SnapshotId`, `StartTime`, `State` `completed`, `VolumeId` | a snapshot of one volume |
/// | `Tags` `Name` | the VM; without it the image's name, or the volume |
///
/// Whether the VM was off is never said. Of a volume, nothing says whether it is all there is.
///
/// # Errors
///
/// What is not available or completed is passed over.
///
/// # Source
///
/// AWS `ec2` API reference, `DescribeImages`, `DescribeSnapshots`.
pub(super) static FORMAT: Format = Format {
    name: "AWS snapshots",
    command: "aws ec2 describe-images --owners self; aws ec2 describe-snapshots --owner-ids self",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let place = Place { named, document };
    let images = list(&document.value, "Images", "ImageId");
    let volumes = list(&document.value, "Snapshots", "SnapshotId");
    let found = images.is_some() || volumes.is_some();
    for (index, item) in images.into_iter().flatten().enumerate() {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(id), Some("available")) = (text("ImageId"), text("State")) else { continue };
        let shown = Shown {
            vm: tag(item).or(text("Name")).unwrap_or(id),
            name: id,
            taken_at: text("CreationDate").and_then(Timestamp::parse_rfc3339),
            full: Some(true),
            ..Shown::default()
        };
        state(&place.source(&format!("/Images/{index}"), format!("image {id}")), shown, facts);
    }
    for (index, item) in volumes.into_iter().flatten().enumerate() {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let (Some(id), Some("completed")) = (text("SnapshotId"), text("State")) else { continue };
        let shown = Shown {
            vm: tag(item).or(text("VolumeId")).unwrap_or(id),
            name: id,
            taken_at: text("StartTime").and_then(Timestamp::parse_rfc3339),
            ..Shown::default()
        };
        let source = place.source(&format!("/Snapshots/{index}"), format!("volume snapshot {id}"));
        state(&source, shown, facts);
    }
    found
}

/// A list whose items have this key; an empty one is none of AWS for sure.
fn list<'v>(value: &'v Value, key: &str, id: &str) -> Option<&'v Vec<Value>> {
    let items = value.get(key)?.as_array()?;
    items.iter().any(|item| item.get(id).is_some()).then_some(items)
}

fn tag(item: &Value) -> Option<&str> {
    let tags = item.get("Tags").and_then(Value::as_array);
    let mut tags = tags.into_iter().flatten();
    tags.find(|tag| tag.get("Key").and_then(Value::as_str) == Some("Name"))?.get("Value")?.as_str()
}
