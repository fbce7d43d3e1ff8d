//! LDIF of the changelogs' settings: how long a server keeps changes for others.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::config::{Place, Story, note_unknown_server, stories};
use crate::directory::{note_cut, source, value_line};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};
use crate::replication_words::span_of_age;

/// Reads LDIF of the entries that hold settings of changelogs, from `ldapsearch` and `dse.ldif`.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `cn=changelog,cn=userRoot,cn=ldbm database,cn=plugins,cn=config` | `nsslapd-changelogmaxage` is how long changes of suffix `domain` are kept |
/// | the same below `cn=ipaca` | the same of suffix `ca` |
/// | `cn=changelog5,cn=config` | the same of both, on releases before 389-ds 1.4.4, where no entry of a backend says it |
///
/// Without `nsslapd-changelogmaxage` age removes nothing: 0. That is only believed in a
/// `dse.ldif`, in an export bundle, and in an entry that shows its object classes: elsewhere it may
/// not have been asked for. No release's default is assumed, as an update keeps what was set (X12).
///
/// The server is found as for agreements.
///
/// # Errors
///
/// None: an age that cannot be read becomes a note and stays unknown.
///
/// # Source
///
/// 389-ds `ldap/servers/plugins/replication/cl5_config.c`; FreeIPA
/// `ipaserver/install/plugins/update_changelog_maxage.py`.
pub(super) static FORMAT: Format = Format {
    name: "LDIF changelog",
    command: "ldapsearch -b cn=config \"(|(cn=changelog5)(cn=changelog))\" (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=config"],
        wants,
        attributes: &[AGE, "nsslapd-localhost", "objectclass"],
        read,
    },
};

const AGE: &str = "nsslapd-changelogmaxage";

fn wants(dn: &Dn) -> bool {
    matches!(Place::of(dn), Some(Place::Root | Place::Changelog(_)))
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let is_changelog = |place: &Place| matches!(place, Place::Changelog(_));
    let of_file = || file.entries.iter().filter_map(|entry| Place::of(&entry.dn));
    if !of_file().any(|place| is_changelog(&place)) {
        return false;
    }
    for story in &stories(named, file, facts) {
        let own: Vec<(Option<Suffix>, &Entry)> = story
            .entries
            .iter()
            .filter_map(|(place, entry)| match place {
                Place::Changelog(suffix) => Some((*suffix, *entry)),
                _ => None,
            })
            .collect();
        let Some((_, first)) = own.first() else { continue };
        let Some(host) = &story.host else {
            let what = "how long it keeps changes is left out";
            note_unknown_server(named, first.line, what, facts);
            continue;
        };
        let of_backend = |wanted: Suffix| own.iter().any(|(suffix, _)| *suffix == Some(wanted));
        for (suffix, entry) in &own {
            match suffix {
                Some(suffix) => state_age(named, story, host, *suffix, entry, facts),
                None => {
                    for suffix in Suffix::ALL.into_iter().filter(|suffix| !of_backend(*suffix)) {
                        state_age(named, story, host, suffix, entry, facts);
                    }
                }
            }
        }
    }
    // What a cut search still shows is true.
    note_cut(named, file, facts);
    true
}

fn state_age(
    named: &Named<'_>,
    story: &Story<'_>,
    host: &Fqdn,
    suffix: Suffix,
    entry: &Entry,
    facts: &mut Facts,
) {
    let line = value_line(entry, AGE, |_| true);
    let was_asked = story.is_dse || named.section.is_some() || entry.value("objectclass").is_some();
    let text = match entry.value(AGE) {
        Some(text) => text,
        None if entry.complete && was_asked => "0",
        None => return,
    };
    let Some(age) = span_of_age(text) else {
        let message = "nsslapd-changelogmaxage is no age such as 30d; it is unknown";
        let help = "Look at it: dsconf INSTANCE replication get-changelog --suffix SUFFIX";
        let note = Note::on_file(named.file, NoteCode::UnknownWord, message);
        facts.note(note.at(line).help(help));
        return;
    };
    let observed = match entry.value(AGE) {
        Some(_) => format!("{host}: changes of {suffix} are kept for {age}"),
        None => format!("{host}: age removes no change of {suffix} (not set)"),
    };
    let at = Sources::from([source(named, entry, line, observed)]);
    facts.observed.upkeep(host, suffix).changelog_max_age.claim(age, at);
}
