//! Replication agreements and replica ids of one server.

use std::collections::BTreeMap;

use super::config::{Place, Story, note_unknown_server, own_id};
use super::replication::READ_ONLY_ID;
use super::{agrees, is_a, source, value_line};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::import::Named;
use crate::model::{AgreementKey, AgreementState, Fqdn, RuvKey, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::Entry;
use crate::recovery::Span;
use crate::replication_words::{ends_of, says_disabled, span_of_age, state_of_json, state_of_text};
use crate::time::Timestamp;

/// One agreement as its entry shows it.
struct Shown<'a> {
    entry: &'a Entry,
    suffix: Suffix,
    peer: Fqdn,
}

/// Children of a replica entry.
#[derive(Default)]
struct Children {
    /// All that were read, those to Active Directory too.
    all: usize,
    /// Agreements between IdM servers that are usable.
    usable: usize,
    /// True if one could not be used.
    lost: bool,
}

/// True for a replica entry. The answer to a search for the RUV has its name, too, but none of
/// these attributes.
fn is_replica(entry: &Entry) -> bool {
    own_id(entry).is_some() || is_a(entry, "nsds5replica")
}

/// True if a story tells of agreements or replica ids.
pub(crate) fn has_agreements(story: &Story<'_>) -> bool {
    story.entries.iter().any(|(place, entry)| match place {
        Place::Agreement(_) => true,
        Place::Replica(_) => is_replica(entry),
        _ => false,
    })
}

/// States agreements, replica ids, and where all agreements are listed.
///
/// `is_cut` says whether entries are missing. The persisted state of a `dse.ldif` is passed over.
pub(crate) fn state_agreements(
    named: &Named<'_>,
    story: &Story<'_>,
    is_cut: bool,
    facts: &mut Facts,
) {
    let mut children: BTreeMap<Suffix, Children> = BTreeMap::new();
    let mut shown = Vec::new();
    let mut replicas: BTreeMap<Suffix, &Entry> = BTreeMap::new();
    for (place, entry) in &story.entries {
        match place {
            Place::Replica(suffix) if is_replica(entry) => {
                replicas.insert(*suffix, entry);
            }
            Place::Agreement(suffix) => {
                let count = children.entry(*suffix).or_default();
                count.all += 1;
                if is_a(entry, "nsdswindowsreplicationagreement") {
                    continue;
                }
                match peer(named, entry, story.host.as_ref(), facts) {
                    Some(peer) => {
                        count.usable += 1;
                        shown.push(Shown { entry, suffix: *suffix, peer });
                    }
                    None => count.lost = true,
                }
            }
            _ => {}
        }
    }
    let Some(host) = &story.host else {
        let line = shown.first().map(|agreement| agreement.entry.line);
        let line = line.or_else(|| replicas.values().map(|entry| entry.line).next());
        let what = format!(
            "{} agreement(s) and {} replica id(s) were left out",
            shown.len(),
            replicas.len()
        );
        if !shown.is_empty() || replicas.values().any(|entry| own_id(entry).is_some()) {
            note_unknown_server(named, line.unwrap_or(1), &what, facts);
        }
        return;
    };
    for agreement in &shown {
        state_agreement(named, story, host, agreement, facts);
    }
    for (suffix, entry) in replicas {
        let children = children.remove(&suffix).unwrap_or_default();
        state_replica(named, host, suffix, entry, facts);
        state_purge_delay(named, host, suffix, entry, facts);
        let counted = entry.value("numsubordinates").is_some();
        let whole = agrees(named, entry, children.all, facts)
            && !children.lost
            && !is_cut
            && (children.all > 0 || counted);
        if whole {
            let observed =
                format!("replica of {suffix} with {} agreement(s) on {host}", children.usable);
            let at = source(named, entry, entry.line, observed);
            let lists = &mut facts.observed.agreement_lists;
            lists.entry((host.clone(), suffix)).or_default().insert(at);
        }
    }
}

/// The consumer of an agreement.
fn peer(named: &Named<'_>, entry: &Entry, host: Option<&Fqdn>, facts: &mut Facts) -> Option<Fqdn> {
    let line = value_line(entry, "nsds5replicahost", |_| true);
    let Some(name) = entry.value("nsds5replicahost") else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                "an agreement without nsDS5ReplicaHost; left out",
            )
            .at(line)
            .help("Export nsDS5ReplicaHost too."),
        );
        return None;
    };
    let (_, peer) = ends_of(entry.dn.first_value(), name);
    let message = match &peer {
        None => "the agreement's host is no name that another server can use; left out",
        Some(peer) if Some(peer) == host => "an agreement of a server with itself; left out",
        Some(_) => return peer,
    };
    facts.note(Note::on_file(named.file, NoteCode::InvalidHostName, message).at(line));
    None
}

fn state_replica(named: &Named<'_>, host: &Fqdn, suffix: Suffix, entry: &Entry, facts: &mut Facts) {
    let Some(id) = own_id(entry) else {
        note_odd_id(named, entry, facts);
        return;
    };
    let line = value_line(entry, "nsds5replicaid", |_| true);
    let at = Sources::from([source(named, entry, line, format!("{host}: replica id {id}"))]);
    facts.server(host, at.clone());
    let key = RuvKey { on: Some(host.clone()), suffix };
    facts.observed.ruv(key, at.clone()).own_id.claim(id, at);
}

/// Seconds after which 389-ds purges tombstones where nothing else is set (`repl5_replica.c`).
const PURGE_DELAY_DEFAULT: u32 = 604_800;

/// How long the server keeps deleted entries. Absent means the default, under the same condition
/// as for [`enabled`].
fn state_purge_delay(
    named: &Named<'_>,
    host: &Fqdn,
    suffix: Suffix,
    entry: &Entry,
    facts: &mut Facts,
) {
    const NAME: &str = "nsds5replicapurgedelay";
    let line = value_line(entry, NAME, |_| true);
    let delay = match entry.value(NAME) {
        Some(text) => span_of_age(text),
        None if entry.complete && is_a(entry, "nsds5replica") => {
            Some(Span::from_seconds(PURGE_DELAY_DEFAULT))
        }
        None => return,
    };
    let Some(delay) = delay else {
        let message = "nsds5ReplicaPurgeDelay is no number of seconds; it is unknown";
        facts.note(Note::on_file(named.file, NoteCode::UnknownWord, message).at(line));
        return;
    };
    let set = if entry.value(NAME).is_some() { "" } else { " (not set)" };
    let observed = format!("{host}: purge delay {delay} in {suffix}{set}");
    let at = Sources::from([source(named, entry, line, observed)]);
    facts.observed.upkeep(host, suffix).purge_delay.claim(delay, at);
}

/// Says that a replica id is none. The one of read-only servers is one, but names no server.
fn note_odd_id(named: &Named<'_>, entry: &Entry, facts: &mut Facts) {
    let is_odd = |value: &str| value.trim() != READ_ONLY_ID.to_string();
    if entry.value("nsds5replicaid").is_some_and(is_odd) {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::UnknownWord,
                "nsDS5ReplicaId is no replica id from 1 to 65535; it is unknown",
            )
            .at(value_line(entry, "nsds5replicaid", |_| true))
            .help("Export the entry again."),
        );
    }
}

fn state_agreement(
    named: &Named<'_>,
    story: &Story<'_>,
    host: &Fqdn,
    shown: &Shown<'_>,
    facts: &mut Facts,
) {
    let Shown { entry, suffix, peer } = shown;
    let state = if story.is_dse { None } else { last_state(named, entry, facts) };
    let what = format!("{host} to {peer} in {suffix}");
    let place = |name: &str, observed: String| {
        let line = value_line(entry, name, |_| true);
        Sources::from([source(named, entry, line, observed)])
    };
    let key = AgreementKey { on: host.clone(), suffix: *suffix, peer: peer.clone() };
    let at = Sources::from([source(named, entry, entry.line, what.clone())]);
    facts.server(host, at.clone());
    let agreement = facts.observed.agreement(key, at);
    if let Some(enabled) = enabled(entry) {
        let word = if enabled { "on" } else { "off" };
        agreement
            .enabled
            .claim(enabled, place("nsds5replicaenabled", format!("{what}: enabled {word}")));
    }
    if let Some((state, attribute)) = state {
        agreement.state.claim(state, place(attribute, format!("{what}: last update {state}")));
    }
    if !story.is_dse {
        agreement.updated_at = agreement.updated_at.max(updated_at(entry));
    }
}

/// Whether an agreement is enabled. Absent means on (389-ds `repl5_agmt.c`), but only where the
/// export asked for it: an entry with its object classes is one of all attributes, or of the list
/// that the export script asks for.
fn enabled(entry: &Entry) -> Option<bool> {
    match entry.value("nsds5replicaenabled") {
        Some(value) if value.eq_ignore_ascii_case("off") => Some(false),
        Some(value) if value.eq_ignore_ascii_case("on") => Some(true),
        Some(_) => None,
        None => (entry.complete && entry.value("objectclass").is_some()).then_some(true),
    }
}

/// Class of the last update, and the attribute that shows it. The text goes first: the JSON form
/// may be invalid, and its color is green for a disabled agreement.
fn last_state(
    named: &Named<'_>,
    entry: &Entry,
    facts: &mut Facts,
) -> Option<(AgreementState, &'static str)> {
    const TEXT: &str = "nsds5replicalastupdatestatus";
    const JSON: &str = "nsds5replicalastupdatestatusjson";
    if let Some(state) = entry.value(TEXT).and_then(state_of_text) {
        return Some((state, TEXT));
    }
    if let Some(state) = entry.value(JSON).and_then(state_of_json) {
        return Some((state, JSON));
    }
    let unread = |name: &&str| entry.value(name).is_some_and(|text| !says_disabled(text));
    let unread = [TEXT, JSON].into_iter().find(unread);
    if let Some(name) = unread {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::UnknownWord,
                "the status of the agreement has no error number that can be read; it is unknown",
            )
            .at(value_line(entry, name, |_| true))
            .help("Export the entry again."),
        );
    }
    None
}

/// End of the last update; `0` and 1970 mean never.
pub(crate) fn updated_at(entry: &Entry) -> Option<Timestamp> {
    entry
        .value("nsds5replicalastupdateend")
        .and_then(Timestamp::parse_generalized)
        .filter(|time| *time != Timestamp::EPOCH)
}

/// How many agreements show the state of a last update.
pub(crate) fn states_shown(story: &Story<'_>) -> usize {
    let shows = |entry: &Entry| entry.value("nsds5replicalastupdatestatus").is_some();
    story
        .entries
        .iter()
        .filter(|(place, entry)| matches!(place, Place::Agreement(_)) && shows(entry))
        .count()
}

/// Consumers whose RUV, as their supplier saw it, is current: the last update succeeded, and the
/// agreement is on. Of any other the supplier shows what it saw at some time before.
pub(crate) fn current_consumers<'a>(
    story: &Story<'a>,
) -> impl Iterator<Item = (Suffix, Fqdn, &'a Entry)> {
    let live = story.entries.iter().filter(|_| !story.is_dse);
    live.filter_map(|(place, entry)| {
        let Place::Agreement(suffix) = place else { return None };
        let succeeded = entry.value("nsds5replicalastupdatestatus").and_then(state_of_text)
            == Some(AgreementState::Ok);
        let (_, peer) = ends_of(entry.dn.first_value(), entry.value("nsds5replicahost")?);
        let peer = peer?;
        (succeeded && enabled(entry) == Some(true)).then_some((*suffix, peer, *entry))
    })
}
