//! `ipa topologysegment-find`: the segments of one suffix.

use super::{Format, Named, Reads};
use crate::console_parts::{List, host, is_without_ca, note_incomplete};
use crate::evidence::Sources;
use crate::facts::{Facts, ListedSegment, Listing};
use crate::model::{CaMode, Direction, Fqdn, SegmentKey, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Command, Entry, Field, Frame, Transcript};
use crate::parse::ldif::Dn;

/// Reads the text that `ipa topologysegment-find SUFFIX` prints, also with `--all` and `--raw`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Segment name` / `cn` | name of the segment (arbitrary: nothing is derived from it) |
/// | `Left node`, `Right node` / `iparepltoposegment{left,right}node` | its ends |
/// | `Connectivity` / `iparepltoposegmentdirection` | its direction |
/// | `Replication agreement enabled` / `nsds5replicaenabled` | whether it is enabled |
/// | `dn` | the suffix: `cn=…,cn=domain,cn=topology,…` |
///
/// Labels follow the client's language; words such as `both` do not. An entry in another language
/// is therefore recognized by its shape: the word in fourth place, behind name, left and right.
///
/// The suffix comes from a DN, else from the command line, else from the answered prompt. A file
/// name is a hint that counts only where the servers' roles support it (see
/// [`Facts::assemble`]).
///
/// # Errors
///
/// None. A list that was filtered, cut, or has exactly 100 entries without `--sizelimit=0` is
/// listed, but not known to be all; a note says why.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/topology.py`, `ipalib/frontend.py`, `ipalib/cli.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa topologysegment-find",
    command: "ipa topologysegment-find domain|ca",
    reader: Reads::Console(read),
};

/// Name of the command.
const COMMAND: &str = "topologysegment-find";

/// The word for "segment" in summaries, in the languages that translate it (FreeIPA `po/`).
const SUMMARY_WORDS: [&str; 5] = ["segment", "segmen", "сегмент", "个段", "სეგმენტ"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in &transcript.frames {
        if is_own(frame) {
            found = true;
            read_frame(named, frame, facts);
        }
    }
    for failure in &transcript.failures {
        let other = failure.command.as_ref().is_some_and(|command| command.name != COMMAND);
        if is_without_ca(failure) && !other {
            found = true;
            let source = named.source(failure.line, "ca: suffix not found");
            facts.ca(CaMode::None, Sources::from([source]));
        }
    }
    found
}

fn is_own(frame: &Frame) -> bool {
    match &frame.command {
        Some(command) if command.name == COMMAND => {
            frame.summary.is_some() || frame.entries.iter().any(|entry| parts(entry).is_some())
        }
        // Other commands print segments too (`topologysegment-add`, `-show`): not a list.
        Some(command) if command.name.starts_with("topologysegment") => false,
        _ => {
            frame.entries.iter().any(|entry| parts(entry).is_some())
                || (frame.entries.is_empty() && is_summary(frame.summary.as_deref()))
        }
    }
}

/// True for "0 segments matched" in any language that translates it.
fn is_summary(summary: Option<&str>) -> bool {
    let summary = summary.unwrap_or_default().to_lowercase();
    summary.contains(|c: char| c.is_ascii_digit())
        && SUMMARY_WORDS.iter().any(|word| summary.contains(word))
}

/// The fields of a segment.
struct Parts<'a> {
    name: Option<&'a Field>,
    left: &'a Field,
    right: &'a Field,
    direction: &'a Field,
}

/// A segment by its labels, or by its shape where the labels are in another language.
fn parts(entry: &Entry) -> Option<Parts<'_>> {
    let left = entry.get(&["Left node", "iparepltoposegmentleftnode"]);
    let right = entry.get(&["Right node", "iparepltoposegmentrightnode"]);
    let direction = entry.get(&["Connectivity", "iparepltoposegmentdirection"]);
    if let (Some(left), Some(right), Some(direction)) = (left, right, direction) {
        return Some(Parts { name: entry.get(&["Segment name", "cn"]), left, right, direction });
    }
    let at = entry.fields.iter().position(|field| Direction::parse(&field.value).is_some())?;
    let [name, left, right, direction] = entry.fields.get(at.checked_sub(3)?..=at)? else {
        return None;
    };
    let hosts = Fqdn::parse(&left.value).is_some() && Fqdn::parse(&right.value).is_some();
    hosts.then_some(Parts { name: Some(name), left, right, direction })
}

fn read_frame(named: &Named<'_>, frame: &Frame, facts: &mut Facts) {
    let mut segments = Vec::new();
    let mut suffix_of_dn = None;
    let mut whole = true;
    for entry in &frame.entries {
        let Some(parts) = parts(entry) else {
            whole = false;
            let what = "a segment without name, left node, right node and connectivity";
            note_incomplete(named, entry, what, facts);
            continue;
        };
        match segment(named, entry, &parts, facts) {
            Some(segment) => segments.push(segment),
            None => whole = false,
        }
        if let Some(dn) = entry.get(&["dn"]) {
            suffix_of_dn = suffix_of_dn.or_else(|| suffix_in_dn(&dn.value));
        }
    }
    let complete = whole & LIST.is_complete(named, frame, facts);
    facts.listing(Listing {
        source: named.source(
            frame.line,
            frame.summary.clone().unwrap_or_else(|| "list without its head".to_owned()),
        ),
        suffix: suffix_of_dn
            .or_else(|| suffix_in_command(frame.command.as_ref()))
            .or_else(|| suffix_in_prompt(frame)),
        suffix_of_file_name: suffix_in_name(&named.base()),
        complete,
        segments,
    });
}

fn segment(
    named: &Named<'_>,
    entry: &Entry,
    parts: &Parts<'_>,
    facts: &mut Facts,
) -> Option<ListedSegment> {
    let left = host(named.file, parts.left, facts)?;
    let right = host(named.file, parts.right, facts)?;
    let Some(direction) = Direction::parse(&parts.direction.value) else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::UnknownWord,
                format!(
                    "connectivity \"{}\" is none of both, left-right, right-left; the segment was \
                     left out",
                    parts.direction.value
                ),
            )
            .at(parts.direction.line)
            .snippet(format!("  {}: {}", parts.direction.label, parts.direction.value)),
        );
        return None;
    };
    let enabled = entry.get(&["Replication agreement enabled", "nsds5replicaenabled"]);
    let enabled = enabled.and_then(|field| switch(&field.value));
    let name = parts.name.map(|name| name.value.clone()).filter(|name| !name.is_empty());
    let key = SegmentKey { left, right, direction, name };
    let source = named.source(entry.line(), observed(&key, enabled));
    Some(ListedSegment { key, enabled, disputed: false, sources: Sources::from([source]) })
}

/// A segment as evidence shows it.
pub(super) fn observed(key: &SegmentKey, enabled: Option<bool>) -> String {
    let SegmentKey { left, right, direction, name } = key;
    let name = name.as_deref().unwrap_or("without a name");
    let off = if enabled == Some(false) { ", disabled" } else { "" };
    format!("segment {name}: {left} - {right} ({direction}{off})")
}

/// `on`/`off` and `TRUE`/`FALSE`, as the directory stores them.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    }
}

/// The suffix in `cn=NAME,cn=SUFFIX,cn=topology,cn=ipa,cn=etc,…`.
fn suffix_in_dn(text: &str) -> Option<Suffix> {
    segment_suffix(&Dn::parse(text))
}

/// The suffix of a segment entry: its parent's name, below `cn=topology`.
pub(super) fn segment_suffix(dn: &Dn) -> Option<Suffix> {
    let [_, suffix, topology, ..] = dn.rdns() else { return None };
    let below = topology.value("cn").is_some_and(|name| name.eq_ignore_ascii_case("topology"));
    below.then(|| suffix.value("cn").and_then(Suffix::parse)).flatten()
}

fn suffix_in_command(command: Option<&Command>) -> Option<Suffix> {
    let command = command.filter(|command| command.name == COMMAND)?;
    command
        .arguments
        .first()
        .map(String::as_str)
        .or_else(|| command.option("topologysuffix"))
        .and_then(Suffix::parse)
}

/// The answered prompt "Suffix name: domain", in any language.
fn suffix_in_prompt(frame: &Frame) -> Option<Suffix> {
    frame.prompts.iter().rev().find_map(|prompt| Suffix::parse(&prompt.value))
}

/// A whole word `domain` or `ca` in the file's name.
fn suffix_in_name(name: &str) -> Option<Suffix> {
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(Suffix::parse);
    let first = words.next()?;
    words.all(|other| other == first).then_some(first)
}

/// What makes a list of segments partial.
const LIST: List = List {
    one: "segment",
    several: "segments",
    arguments: 1,
    filters: &["name", "leftnode", "rightnode", "stripattrs", "replattrs", "pkey-only"],
};
