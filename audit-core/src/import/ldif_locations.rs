//! LDIF of what a deployment declares of itself: IdM locations and ID ranges.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::{is_below, is_live, note_cut, source, value_line};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{DeploymentRange, IdRange, IdRangeKind};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};

/// Reads LDIF of `cn=locations,cn=etc,SUFFIX` and `cn=ranges,cn=etc,SUFFIX` from `ldapsearch` and
/// `db2ldif`.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `idnsName=NAME,cn=locations,cn=etc,SUFFIX` | an IdM location |
/// | `cn=NAME,cn=ranges,cn=etc,SUFFIX` | an ID range: `ipaIDRangeSize` ids from `ipaBaseID` on, for what `ipaRangeType` says |
///
/// FreeIPA stores the range of subordinate ids as one of a trusted domain, with a SID that begins
/// with `S-1-5-21-738065-838566-`; it is of neither kind. Which server is in which location is said
/// by the servers' own entries.
///
/// # Errors
///
/// None: a range without base or size is left out with a note.
///
/// # Source
///
/// FreeIPA `install/share/60ipadns.ldif`, `install/share/60basev3.ldif`; design page "Subordinate
/// IDs", "idrange".
pub(super) static FORMAT: Format = Format {
    name: "LDIF locations and ID ranges",
    command: "ldapsearch -b cn=locations,cn=etc,SUFFIX and -b cn=ranges,cn=etc,SUFFIX (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=etc"],
        wants,
        attributes: &[
            "ipabaseid",
            "ipaidrangesize",
            "ipanttrusteddomainsid",
            "iparangetype",
            "objectclass",
        ],
        read,
    },
};

/// Beginning of the SID of the range of subordinate ids: "IPA-SUB" in decimal.
const SUBORDINATE_SID: &str = "S-1-5-21-738065-838566-";

/// The location of an entry, by its DN.
fn location(dn: &Dn) -> Option<&str> {
    let name = dn.rdns().first()?.value("idnsname")?;
    (is_below(dn, &["locations", "etc"]) && !name.is_empty()).then_some(name)
}

/// The ID range of an entry, by its DN.
fn range(dn: &Dn) -> Option<&str> {
    let name = dn.rdns().first()?.value("cn")?;
    (is_below(dn, &["ranges", "etc"]) && !name.is_empty()).then_some(name)
}

fn wants(dn: &Dn) -> bool {
    location(dn).is_some() || range(dn).is_some()
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let mut found = false;
    for entry in file.entries.iter().filter(|entry| wants(&entry.dn)) {
        if !is_live(named, entry, facts) {
            continue;
        }
        found = true;
        if let Some(name) = location(&entry.dn) {
            let at = source(named, entry, entry.line, format!("location {name}"));
            facts.observed.locations.entry(name.to_owned()).or_default().insert(at);
        } else if let Some(name) = range(&entry.dn) {
            state_range(named, entry, name, facts);
        }
    }
    // What a cut search still shows is true.
    found.then(|| note_cut(named, file, facts)).is_some()
}

fn state_range(named: &Named<'_>, entry: &Entry, name: &str, facts: &mut Facts) {
    let number = |name: &str| entry.value(name).and_then(|text| text.trim().parse::<u64>().ok());
    let ids = match (number("ipabaseid"), number("ipaidrangesize")) {
        (Some(first), Some(size)) => size
            .checked_sub(1)
            .and_then(|more| first.checked_add(more))
            .and_then(|last| IdRange::new(first, last)),
        _ => None,
    };
    let Some(ids) = ids else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                "an ID range without a usable ipaBaseID and ipaIDRangeSize; left out",
            )
            .at(entry.line)
            .help("Export ipaBaseID, ipaIDRangeSize and ipaRangeType."),
        );
        return;
    };
    let Some(kind) = kind(entry) else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                "an ID range without ipaRangeType; left out",
            )
            .at(entry.line)
            .help("Export ipaBaseID, ipaIDRangeSize and ipaRangeType."),
        );
        return;
    };
    let line = value_line(entry, "ipabaseid", |_| true);
    let range = DeploymentRange { kind, ids };
    let at = Sources::from([source(named, entry, line, format!("ID range {name}: {range}"))]);
    facts.observed.id_ranges.entry(name.to_owned()).or_default().claim(range, at);
}

/// What a range is for.
fn kind(entry: &Entry) -> Option<IdRangeKind> {
    let is_subordinate = entry
        .value("ipanttrusteddomainsid")
        .is_some_and(|sid| sid.to_ascii_uppercase().starts_with(SUBORDINATE_SID));
    match entry.value("iparangetype").map(IdRangeKind::of_type) {
        Some(IdRangeKind::Trust) if is_subordinate => Some(IdRangeKind::Other),
        kind => kind,
    }
}
