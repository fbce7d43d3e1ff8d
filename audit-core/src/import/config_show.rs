//! `ipa config-show`: which servers have which roles, and who renews the CA's certificates.

use std::collections::{BTreeMap, BTreeSet};

use super::{Format, Named, Reads};
use crate::console_parts::{host, hosts, note_incomplete, source};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, Role, RoleStatus};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Entry, Field, Frame, Transcript};

/// Reads the role lines of `ipa config-show` and `ipa config-mod`, FreeIPA 4.4 to 4.12 and later.
///
/// # Shape
///
/// | line | becomes | printed since |
/// |---|---|---|
/// | `IPA masters`, `IPA CA servers` | the role is enabled on each server named | 4.4 |
/// | `IPA KRA servers`, `IPA DNS servers` | the same | 4.8 |
/// | `Hidden IPA masters`, `Hidden IPA CA servers`, … | the role is hidden there | 4.8 |
/// | `IPA CA renewal master` | the CA renewal server | 4.4 |
/// | `IPA DNSSec key master` | the DNSSEC key master | 4.8 |
///
/// A server that neither list of a role names has not got it, or only in state `configured`, which
/// is never shown: absent, unless another input shows more. For KRA and DNS this holds from 4.8
/// on, which a line of that release shows; in older output they are unknown. Nothing follows from
/// a line that is not there if the output was cut or went through a pipe.
///
/// The lists are never all servers: one whose IPA master role is incomplete is not named.
///
/// # Errors
///
/// None. The command fails as a whole where two servers are marked as CA renewal server, or where
/// a role has more services than the search size limit; then only LDIF shows the roles.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/config.py` and its history by release, `ipaserver/servroles.py`.
pub(super) static FORMAT: Format =
    Format { name: "ipa config-show", command: "ipa config-show", reader: Reads::Console(read) };

/// The lists of a role: holders that are enabled, and hidden.
struct Lists {
    role: Role,
    enabled: &'static str,
    hidden: &'static str,
    /// Whether the first release that printed role lines, 4.4, had them.
    from_the_first: bool,
}

const LISTS: [Lists; 4] = [
    Lists {
        role: Role::IpaMaster,
        enabled: "IPA masters",
        hidden: "Hidden IPA masters",
        from_the_first: true,
    },
    Lists {
        role: Role::Ca,
        enabled: "IPA CA servers",
        hidden: "Hidden IPA CA servers",
        from_the_first: true,
    },
    Lists {
        role: Role::Kra,
        enabled: "IPA KRA servers",
        hidden: "Hidden IPA KRA servers",
        from_the_first: false,
    },
    Lists {
        role: Role::Dns,
        enabled: "IPA DNS servers",
        hidden: "Hidden IPA DNS servers",
        from_the_first: false,
    },
];

const RENEWAL: &[&str] = &["IPA CA renewal master"];
pub(super) const KEY_MASTER: &[&str] = &["IPA DNSSec key master"];

/// The first line of the whole output in English, in every release.
const FIRST_LINE: &[&str] = &["Maximum username length"];

/// Lines that only 4.8 and later print, beside the lists on KRA, DNS and hidden servers.
const SINCE_4_8: &[&str] = &["IPA DNSSec key master", "HSM token name"];

/// A line that only 4.4 to 4.6 print.
const UNTIL_4_6: &[&str] = &["IPA NTP servers"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in transcript.frames.iter().filter(|frame| is_own(frame)) {
        for entry in &frame.entries {
            found = true;
            read_entry(named, frame, entry, facts);
        }
    }
    found
}

/// True if the frame is the output of `config-show`, by its command or by what no other prints.
pub(super) fn is_own(frame: &Frame) -> bool {
    let by_command = frame.command.as_ref().is_some_and(|command| {
        frame.summary.is_none()
            && (command.is("ipa", "config-show") || command.is("ipa", "config-mod"))
    });
    let lines = LISTS.iter().filter(|lists| lists.role != Role::Dns);
    let own: Vec<&str> = lines
        .flat_map(|lists| [lists.enabled, lists.hidden])
        .chain(RENEWAL.iter().copied())
        .chain(FIRST_LINE.iter().copied())
        .collect();
    by_command || frame.entries.iter().any(|entry| entry.get(&own).is_some())
}

fn read_entry(named: &Named<'_>, frame: &Frame, entry: &Entry, facts: &mut Facts) {
    let mut listed: BTreeMap<Role, BTreeSet<Fqdn>> = BTreeMap::new();
    for lists in &LISTS {
        for (label, status) in
            [(lists.enabled, RoleStatus::Enabled), (lists.hidden, RoleStatus::Hidden)]
        {
            for field in entry.all(&[label]) {
                for server in hosts(named.file, field, facts) {
                    let observed = format!("{server}: {}: {status}", lists.role);
                    facts.role(&server, lists.role, status, [source(named, field, observed)]);
                    listed.entry(lists.role).or_default().insert(server);
                }
            }
        }
    }
    read_attributes(named, entry, facts);
    if listed.is_empty() && entry.get(RENEWAL).or(entry.get(KEY_MASTER)).is_none() {
        note_incomplete(named, entry, "configuration without a line on servers", facts);
    }
    if is_whole(named, frame, entry, facts) {
        let since_4_8 = is_since_4_8(entry);
        for lists in LISTS.iter().filter(|lists| lists.from_the_first || since_4_8) {
            state_unlisted(named, entry, lists, &listed, facts);
        }
        if !since_4_8 {
            note_older(named, entry, facts);
        }
    }
}

/// The lines that name one server.
fn read_attributes(named: &Named<'_>, entry: &Entry, facts: &mut Facts) {
    if let Some(field) = entry.get(RENEWAL).filter(|field| !field.value.is_empty())
        && let Some(server) = host(named.file, field, facts)
    {
        let observed = format!("{server} is the CA renewal server");
        let at = Sources::from([source(named, field, observed)]);
        facts.server(&server, at.clone());
        facts.ca_renewal_server(server, at);
    }
    if let Some(field) = entry.get(KEY_MASTER) {
        read_key_master(named, field, facts);
    }
}

/// The line on the DNSSEC key master, which `dnsconfig-show` prints too.
pub(super) fn read_key_master(named: &Named<'_>, field: &Field, facts: &mut Facts) {
    if !field.value.is_empty()
        && let Some(server) = host(named.file, field, facts)
    {
        let observed = format!("{server} is the DNSSEC key master");
        let at = Sources::from([source(named, field, observed)]);
        facts.server(&server, at.clone());
        facts.dnssec_key_master(server, at);
    }
}

/// True if the output begins where it should and nothing shows that lines are missing; else a note.
fn is_whole(named: &Named<'_>, frame: &Frame, entry: &Entry, facts: &mut Facts) -> bool {
    let begins = first_numbers(entry) > 0;
    let piped = frame.command.as_ref().is_some_and(|command| command.piped);
    let (code, line, text) = if let Some(line) = frame.cut_at {
        (NoteCode::Truncated, line, "lines of config-show were cut out")
    } else if named.cut {
        (NoteCode::Truncated, entry.line(), "the file could not be read to its end")
    } else if piped {
        (NoteCode::FilteredList, entry.line(), "a pipe has taken lines out of config-show")
    } else if !begins {
        (NoteCode::Truncated, entry.line(), "the first lines of config-show are missing")
    } else {
        return true;
    };
    let text = format!("{text}; roles that it does not show are unknown");
    facts.note(Note::on_file(named.file, code, text).at(line).help("ipa config-show > FILE"));
    false
}

fn is_since_4_8(entry: &Entry) -> bool {
    let lists = LISTS.iter().flat_map(|lists| {
        std::iter::once(lists.hidden).chain((!lists.from_the_first).then_some(lists.enabled))
    });
    let labels: Vec<&str> = lists.chain(SINCE_4_8.iter().copied()).collect();
    entry.get(UNTIL_4_6).is_none() && (entry.get(&labels).is_some() || first_numbers(entry) > 1)
}

/// How many lines with nothing but a number the output begins with: the maximum length of user
/// names and, since 4.8, that of host names. Their labels are translated, too.
fn first_numbers(entry: &Entry) -> usize {
    let is_number = |field: &&Field| field.value.parse::<u32>().is_ok();
    entry.fields.iter().skip_while(|field| field.label == "dn").take_while(is_number).count()
}

/// States of every server shown that the lists of a role do not name it.
fn state_unlisted(
    named: &Named<'_>,
    entry: &Entry,
    lists: &Lists,
    listed: &BTreeMap<Role, BTreeSet<Fqdn>>,
    facts: &mut Facts,
) {
    let labels = [lists.enabled, lists.hidden, LISTS[0].enabled, LISTS[0].hidden];
    let Some(anchor) = labels.iter().find_map(|label| entry.get(&[label])) else { return };
    let holders = listed.get(&lists.role);
    for server in listed.values().flatten().collect::<BTreeSet<_>>() {
        if !holders.is_some_and(|holders| holders.contains(server)) {
            let observed = format!("{server} is not among \"{}\"", lists.enabled);
            let at = Sources::from([source(named, anchor, observed)]);
            facts.role_not_listed(server, lists.role, at);
        }
    }
}

fn note_older(named: &Named<'_>, entry: &Entry, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::CompletenessNotProven,
            "nothing shows that this is config-show of FreeIPA 4.8 or later; older ones print no \
             lines on KRA and DNS, so these roles stay unknown",
        )
        .at(entry.line())
        .help("ipa server-role-find --include-master --sizelimit=0"),
    );
}
