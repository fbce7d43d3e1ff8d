//! LDIF of the ids that servers may hand out: `cn=Posix IDs` of one server, and what all share.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::config::{Place, note_unknown_server, stories};
use crate::directory::{is_below, is_live, note_cut, source, value_line};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, IdRange};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};
use crate::replication_words::server_of;

/// Reads LDIF of the plug-in that assigns ids, from `ldapsearch` and `dse.ldif`.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `cn=Posix IDs,cn=Distributed Numeric Assignment Plugin,cn=plugins,cn=config` | `dnaNextValue` to `dnaMaxValue` are the ids left in the server's active range, none if the next is above the maximum; `dnaNextRange` is the range that follows |
/// | `dnaHostname=HOST+dnaPortNum=…,cn=posix-ids,cn=dna,cn=ipa,cn=etc,SUFFIX` | `dnaRemainingValues` is how many ids HOST has left, as it last told the others |
///
/// A server that never assigned an id has no range of its own: its next value is above its maximum.
/// That there is no `dnaNextRange` is only believed in a `dse.ldif`, in an export bundle, and in an
/// entry that shows its object classes: elsewhere it may not have been asked for. Subordinate ids
/// (`cn=subordinate-ids`) have no owner that runs out of them and are passed over.
///
/// The server of `cn=Posix IDs` is found as for agreements.
///
/// # Errors
///
/// None: what cannot be read becomes a note and stays unknown.
///
/// # Source
///
/// 389-ds `ldap/servers/plugins/dna/dna.c`; FreeIPA `install/share/dna.ldif` and
/// `ipaserver/install/replication.py` (a range of 1101 to 1100 is no range).
pub(super) static FORMAT: Format = Format {
    name: "LDIF DNA ranges",
    command: "ldapsearch -b \"cn=Distributed Numeric Assignment Plugin,cn=plugins,cn=config\" \
              (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=config", "cn=etc"],
        wants,
        attributes: &[
            "dnamaxvalue",
            "dnanextrange",
            "dnanextvalue",
            "dnaremainingvalues",
            "dnathreshold",
            "nsslapd-localhost",
            "objectclass",
        ],
        read,
    },
};

fn is_shared(dn: &Dn) -> bool {
    is_below(dn, &["posix-ids", "dna", "ipa", "etc"])
}

fn wants(dn: &Dn) -> bool {
    is_shared(dn) || matches!(Place::of(dn), Some(Place::Root | Place::PosixIds))
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let mut found = false;
    for entry in file.entries.iter().filter(|entry| is_shared(&entry.dn)) {
        if is_live(named, entry, facts) {
            found = true;
            state_remaining(named, entry, facts);
        }
    }
    for story in &stories(named, file, facts) {
        for (_, entry) in story.entries.iter().filter(|(place, _)| *place == Place::PosixIds) {
            found = true;
            match &story.host {
                Some(host) => state_range(named, host, entry, story.is_dse, facts),
                None => {
                    note_unknown_server(named, entry.line, "its range of ids is left out", facts);
                }
            }
        }
    }
    // What a cut search still shows is true.
    found.then(|| note_cut(named, file, facts)).is_some()
}

/// What a server told the others.
fn state_remaining(named: &Named<'_>, entry: &Entry, facts: &mut Facts) {
    let host = entry.dn.rdns().first().and_then(|rdn| rdn.value("dnahostname"));
    let Some(host) = host.and_then(server_of) else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::InvalidHostName,
                "the DN does not name a host; the entry was left out",
            )
            .at(entry.line),
        );
        return;
    };
    let Some(text) = entry.value("dnaremainingvalues") else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                format!("how many ids {host} has left is not shown"),
            )
            .at(entry.line)
            .help("Export dnaRemainingValues too."),
        );
        return;
    };
    // Pasted notes behind the number are no part of it.
    let number = text.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    match number {
        Some(number) => {
            let line = value_line(entry, "dnaremainingvalues", |_| true);
            let observed = format!("{host}: {number} ids left");
            let at = Sources::from([source(named, entry, line, observed)]);
            facts.observed.dna.entry(host).or_default().state_remaining(number, at);
        }
        None => not_a_number(named, entry, "dnaremainingvalues", facts),
    }
}

/// The ranges of a server.
fn state_range(named: &Named<'_>, host: &Fqdn, entry: &Entry, is_dse: bool, facts: &mut Facts) {
    let number = |name: &str| entry.value(name).and_then(|text| text.trim().parse::<u64>().ok());
    let place = |name: &str, observed: String| {
        let line = value_line(entry, name, |_| true);
        Sources::from([source(named, entry, line, observed)])
    };
    match (number("dnanextvalue"), number("dnamaxvalue")) {
        (Some(next), Some(last)) => {
            let threshold = number("dnathreshold")
                .map_or_else(String::new, |threshold| format!(", threshold {threshold}"));
            let observed = format!("{host}: next id {next}, last {last}{threshold}");
            let dna = facts.observed.dna.entry(host.clone()).or_default();
            dna.range.claim(IdRange::new(next, last), place("dnanextvalue", observed));
        }
        _ => {
            for name in ["dnanextvalue", "dnamaxvalue"] {
                if number(name).is_none() {
                    not_a_number(named, entry, name, facts);
                }
            }
        }
    }
    let asked_for = is_dse || named.section.is_some() || entry.value("objectclass").is_some();
    let next_range = match entry.value("dnanextrange") {
        Some(text) => {
            let ends = text.trim().split_once('-');
            let ends =
                ends.and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
            let range = ends.and_then(|(first, last)| IdRange::new(first, last));
            if range.is_none() {
                not_a_number(named, entry, "dnanextrange", facts);
            }
            range.map(Some)
        }
        None => (asked_for && entry.complete).then_some(None),
    };
    if let Some(range) = next_range {
        let shown = range.map_or_else(|| "none".to_owned(), |range| range.to_string());
        let at = place("dnanextrange", format!("{host}: next range {shown}"));
        facts.observed.dna.entry(host.clone()).or_default().next_range.claim(range, at);
    }
}

fn not_a_number(named: &Named<'_>, entry: &Entry, name: &str, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::IncompleteEntry,
            format!("{name} is missing or holds no ids; it is unknown"),
        )
        .at(value_line(entry, name, |_| true))
        .help("Export dnaNextValue, dnaMaxValue and dnaNextRange of the entry again."),
    );
}
