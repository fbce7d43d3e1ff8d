//! Headers of backups: what `ipa-backup` says of itself.

use std::collections::BTreeSet;

use super::{Format, Named, Reads};
use crate::backup_name::folder_of;
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{BackupKind, Fqdn};
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::seen::Place;
use crate::time::Timestamp;

/// Reads the file `header` of a backup's folder.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `[ipa]` | begins a header |
/// | `type = FULL`, `DATA` | the kind |
/// | `time = 2021-01-29T12:11:46` | when it was taken: GMT without a mark |
/// | `host = ipa1.example.test` | its host; it is restored nowhere else |
/// | `ipa_version = 4.9.0` | the version that wrote it |
/// | `services = KDC,KPASSWD,HTTP,KEYS,CA,OTPD` | services of its host in any state |
/// | `==> /var/lib/ipa/backup/ipa-full-…/header <==` | the folder of the next header (`head`, `tail`) |
///
/// The folder is that in the line above, in the name of the section of an export bundle, or in the
/// name of the file. A header does not say whether services were enabled, nor whether the role
/// check was bypassed.
///
/// # Errors
///
/// A header without host or kind is noted and left out; a time or a host that is none is noted and
/// stays unknown. An empty list of services means that the directory server did not answer: it is
/// unknown.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipa_backup.py` (`create_header`); keys are the same since 3.2.
pub(super) static FORMAT: Format = Format {
    name: "ipa-backup header",
    command: "cat /var/lib/ipa/backup/*/header",
    reader: Reads::Lines(read),
};

/// One header as it stands in the file.
#[derive(Default)]
struct Header<'t> {
    path: Option<&'t str>,
    line: u64,
    keys: Vec<(&'t str, &'t str, u64)>,
}

impl Header<'_> {
    fn key(&self, name: &str) -> Option<(&str, u64)> {
        let found = self.keys.iter().find(|(key, _, _)| *key == name);
        found.map(|(_, value, line)| (*value, *line))
    }
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut headers: Vec<Header<'_>> = Vec::new();
    let mut path = None;
    let mut is_inside = false;
    for line in lines {
        let text = line.text.trim();
        if let Some(name) = text.strip_prefix("==> ").and_then(|t| t.strip_suffix(" <==")) {
            path = Some(name);
            is_inside = false;
        } else if text == "[ipa]" {
            headers.push(Header { path: path.take(), line: line.number, keys: Vec::new() });
            is_inside = true;
        } else if text.starts_with('[') {
            is_inside = false;
        } else if let (true, Some((key, value))) = (is_inside, text.split_once(['=', ':']))
            && let Some(header) = headers.last_mut()
        {
            header.keys.push((key.trim(), value.trim(), line.number));
        }
    }
    // `[ipa]` alone may be a section of any configuration.
    let is_header = |header: &&Header<'_>| {
        let known = ["type", "host", "ipa_version", "services"];
        known.iter().filter(|key| header.key(key).is_some()).count() >= 2
    };
    headers.iter().filter(is_header).map(|header| state(named, header, facts)).count() > 0
}

fn state(named: &Named<'_>, header: &Header<'_>, facts: &mut Facts) {
    let note = |line: u64, message: String| {
        Note::on_file(named.file, NoteCode::IncompleteHeader, message)
            .at(line)
            .help("Copy the header from the backup's folder again; without it ipa-restore refuses.")
    };
    let mut claim_host = None;
    match header.key("host") {
        Some((text, line)) => match Fqdn::parse(text) {
            Some(host) => claim_host = Some((host, line)),
            None => facts.note(note(line, "the host in this header is no host name".to_owned())),
        },
        None => facts.note(note(header.line, "this header names no host".to_owned())),
    }
    let kind = header.key("type").and_then(|(text, line)| Some((BackupKind::parse(text)?, line)));
    if kind.is_none() {
        facts.note(note(header.line, "this header has no type FULL or DATA".to_owned()));
    }
    let time = header.key("time").and_then(|(text, line)| {
        // GMT, without a mark.
        Some((Timestamp::parse_rfc3339(&format!("{}Z", text.trim_end_matches('Z')))?, line))
    });
    if time.is_none() {
        facts.note(note(header.line, "this header has no time YYYY-MM-DDTHH:MM:SS".to_owned()));
    }
    if claim_host.is_none() && kind.is_none() {
        return;
    }
    let source = |line: u64, observed: String| named.source(line, observed);
    let place = place(named, header.path);
    let here = source(header.line, "header of a backup".to_owned());
    let backup = facts.seen.backup(place, [here]);
    if let Some((host, line)) = claim_host {
        let observed = format!("host = {host}");
        backup.host.claim(host, Sources::from([source(line, observed)]));
    }
    if let Some((kind, line)) = kind {
        backup.kind.claim(kind, Sources::from([source(line, format!("type = {kind}"))]));
    }
    if let Some((time, line)) = time {
        let observed = format!("time = {time}, which is GMT");
        backup.taken_at.claim(time, Sources::from([source(line, observed)]));
    }
    if let Some((version, line)) = header.key("ipa_version").filter(|(text, _)| !text.is_empty()) {
        let observed = format!("ipa_version = {version}");
        backup.version.claim(version.to_owned(), Sources::from([source(line, observed)]));
    }
    if let Some((services, line)) = header.key("services") {
        let all: BTreeSet<String> = services
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        if !all.is_empty() {
            let observed = format!("services = {services}");
            backup.roles.claim(all, Sources::from([source(line, observed)]));
        }
    }
}

/// Where the header was: by the line above it, the section, or the file.
fn place(named: &Named<'_>, above: Option<&str>) -> Place {
    let section = named.section.and_then(|section| section.head.name.strip_prefix("header:"));
    if let Some(path) = above.or(section) {
        return Place::of(path, named.observed_from.as_ref());
    }
    match folder_of(named.file) {
        Some(_) => Place::of(named.file, None::<&str>),
        None => Place { machine: None, path: named.file.to_string(), folder: None },
    }
}
