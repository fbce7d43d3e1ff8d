//! Whether backups lie on the file system of the data: `df -P`.

use std::collections::BTreeSet;

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::Medium;
use crate::parse::console::Line;

/// Reads `df -P /var/lib/ipa/backup /var/lib/dirsrv` as the export script writes it.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `/dev/vda2 … /` | the file system of the backups, in the first row |
/// | `/dev/vda2 … /` | that of the data, in the second: another one, or the same |
///
/// Only in the section `backupfs` of an export bundle, which names its server and asks for these
/// two in this order. It becomes a store `HOST:/var/lib/ipa/backup`.
///
/// # Errors
///
/// None. With fewer rows nothing is stated: a folder that is not there has none.
///
/// # Source
///
/// POSIX `df -P`; FreeIPA `ipaplatform/base/paths.py` (`IPA_BACKUP_DIR`).
pub(super) static FORMAT: Format = Format {
    name: "df of backups and data",
    command: "df -P /var/lib/ipa/backup /var/lib/dirsrv (in the export bundle)",
    reader: Reads::Lines(read),
};

/// Where `ipa-backup` puts its backups.
const FOLDER: &str = "/var/lib/ipa/backup";

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let is_section = named.section.is_some_and(|section| section.head.name == "backupfs");
    let (true, Some(host)) = (is_section, &named.observed_from) else { return false };
    // Filesystem, 1024-blocks, Used, Available, Capacity, Mounted on.
    let rows: Vec<(&Line, &str, &str)> = lines
        .iter()
        .filter_map(|line| {
            let words: Vec<&str> = line.text.split_whitespace().collect();
            let [device, blocks, _, _, capacity, mounted] = words.as_slice() else { return None };
            let is_row = blocks.bytes().all(|byte| byte.is_ascii_digit())
                && capacity.ends_with('%')
                && mounted.starts_with('/');
            is_row.then_some((line, *device, *mounted))
        })
        .collect();
    let [(line, device, mounted), (_, of_data, data_mounted)] = rows.as_slice() else {
        return false;
    };
    let separate = (device, mounted) != (of_data, data_mounted);
    let observed = format!("backups on {mounted}, data on {data_mounted}");
    let sources = Sources::from([named.source(line.number, observed)]);
    let store = facts.copies.stores.entry(format!("{host}:{FOLDER}")).or_default();
    store.sources.extend(sources.iter().cloned());
    store.host.claim(host.clone(), sources.clone());
    store.medium.claim(Medium::Disk, sources.clone());
    store.paths.claim(BTreeSet::from([FOLDER.to_owned()]), sources.clone());
    store.separate_filesystem.claim(separate, sources);
    true
}
