//! Run logs of `ipa-backup`.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::Fqdn;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::seen::Place;

/// Reads `/var/log/ipabackup.log`, or what `ipa-backup` prints.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `… INFO Preparing backup on ipa1.example.test` | begins a run on that host |
/// | `… INFO Backed up to /var/lib/ipa/backup/ipa-full-…` | the backup is there |
/// | `… INFO The ipa-backup command was successful` | nothing: the archive itself shows whether it is whole |
/// | `… ERROR Local roles CA do not match globally used roles CA, KRA. …` | a note: no backup was made |
/// | `… WARNING Local roles …`, `Proceeding as role check was explicitly disabled` | a note: a backup was made without the roles |
/// | `… ERROR The ipa-backup command failed`, `tar returned non-zero code` | a note |
///
/// Without the line `Preparing`, the host is that of the export bundle.
///
/// # Errors
///
/// None. Other lines are passed over unseen.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipa_backup.py` (`run`, `check_roles`, `finalize_backup`).
pub(super) static FORMAT: Format = Format {
    name: "ipa-backup log",
    command: "/var/log/ipabackup.log",
    reader: Reads::Lines(read),
};

const PREPARING: &str = "Preparing backup on ";
const BACKED_UP: &str = "Backed up to /";
const LOCAL_ROLES: &str = "Local roles ";
const DISABLED: &str = "role check was explicitly disabled";
const FAILED: [&str; 2] = ["The ipa-backup command failed", "tar returned non-zero code"];

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut host: Option<Fqdn> = named.observed_from.clone();
    let mut is_own = false;
    for line in lines {
        let text = line.text.as_str();
        let after = |marker: &str| text.split_once(marker).map(|(_, rest)| rest.trim());
        let remark = |message: String, help: &str| {
            Note::on_file(named.file, NoteCode::ReportedFault, message).at(line.number).help(help)
        };
        if let Some(name) = after(PREPARING) {
            host = Fqdn::parse(name);
            is_own = true;
        } else if let Some(path) = after(BACKED_UP) {
            let path = format!("/{path}");
            let place = Place::of(&path, host.as_ref());
            if place.folder.is_none() {
                continue;
            }
            is_own = true;
            let source = named.source(line.number, format!("Backed up to {path}"));
            let backup = facts.seen.backup(place, [source.clone()]);
            if let Some(host) = &host {
                backup.host.claim(host.clone(), Sources::from([source]));
            }
        } else if text.contains(LOCAL_ROLES) && text.contains("do not match globally used roles") {
            is_own = true;
            facts.note(remark(
                "ipa-backup ran on a server without all roles in use: what it wrote cannot bring \
                 back the others"
                    .to_owned(),
                "Run it on a server with every role in use.",
            ));
        } else if text.contains(DISABLED) {
            is_own = true;
            facts.note(remark(
                "ipa-backup ran with --disable-role-check; nothing in the backup says so"
                    .to_owned(),
                "Run it on a server with every role in use, without --disable-role-check.",
            ));
        } else if let Some(what) = FAILED.iter().find(|failure| text.contains(*failure)) {
            is_own = true;
            facts.note(remark(
                format!("ipa-backup failed: {what}"),
                "Run ipa-backup again, and look at the lines above this one.",
            ));
        } else {
            is_own |= text.contains("Local roles match globally used roles")
                || text.contains("The ipa-backup command was successful");
        }
    }
    is_own
}
