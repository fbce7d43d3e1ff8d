//! Which VM a server is: the identifier that its firmware shows.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::parse::console::Line;

/// Reads `/sys/class/dmi/id/product_uuid` as the export script writes it.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `c7a5fdbd-edaf-9455-926a-d65c16db1809` | the server in the VM with that identifier |
///
/// Only in the section `product_uuid` of an export bundle, which names its server: libvirt, VMware
/// and oVirt call the VM by the same identifier.
///
/// # Errors
///
/// None.
///
/// # Source
///
/// Linux `Documentation/ABI/testing/sysfs-class-dmi`.
pub(super) static FORMAT: Format = Format {
    name: "DMI product UUID",
    command: "cat /sys/class/dmi/id/product_uuid (in the export bundle)",
    reader: Reads::Lines(read),
};

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let is_section = named.section.is_some_and(|section| section.head.name == "product_uuid");
    // A name without its domain may be any machine's.
    let host = named.observed_from.as_ref().filter(|host| host.as_str().contains('.'));
    let (true, Some(host)) = (is_section, host) else { return false };
    let found = lines.iter().find(|line| is_uuid(line.text.trim()));
    let Some(line) = found else { return false };
    let uuid = line.text.trim().to_lowercase();
    let source = named.source(line.number, format!("VM {uuid}"));
    let vm = facts.copies.vms.entry(uuid).or_default();
    vm.claim(host.clone(), Sources::from([source]));
    true
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}
