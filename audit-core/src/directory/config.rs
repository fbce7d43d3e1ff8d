//! Entries of `cn=config`, and whose they are.
//!
//! These entries have the same names on every server, so the entry's DN tells nothing about the
//! server. Its name comes, best first, from the head of an export bundle, from what the entries
//! themselves prove, or from the file's name.

use std::collections::{BTreeMap, BTreeSet};

use super::replication::{READ_ONLY_ID, RUV_ENTRY, RuvValue};
use crate::facts::Facts;
use crate::import::{LdifFile, Named};
use crate::model::{Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};
use crate::replication_words::{
    ends_of, replica_id_of_text, server_of, suffix_of_rdns, suffix_of_root,
};

/// What an entry is, by its DN. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// `cn=config` itself.
    Root,
    /// `cn=monitor`, which stands beside `cn=config` in a `dse.ldif` only.
    Monitor,
    /// `cn=replica` of a suffix. A search for the RUV below a suffix shows it under this name, too.
    Replica(Suffix),
    /// An agreement below it.
    Agreement(Suffix),
    /// The RUV in an export of the database.
    RuvEntry(Suffix),
    /// `cn=Posix IDs` of the plug-in that assigns ids.
    PosixIds,
    /// Settings of a suffix's changelog; of `None`, those that older releases keep for all of them
    /// (`cn=changelog5`).
    Changelog(Option<Suffix>),
}

impl Place {
    /// What the entry is; `None` for all others.
    pub(crate) fn of(dn: &Dn) -> Option<Self> {
        let rdns = dn.rdns();
        if let [first, root @ ..] = rdns
            && first.value("nsuniqueid").is_some_and(|id| id.eq_ignore_ascii_case(RUV_ENTRY))
        {
            return suffix_of_rdns(root).map(Self::RuvEntry);
        }
        // As DNs compare: without letter case, and without the number of blanks between words.
        let plain = |name: &str| {
            name.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
        };
        let names: Vec<String> =
            rdns.iter().map(|rdn| plain(rdn.value("cn").unwrap_or_default())).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let suffix = suffix_of_root;
        match names.as_slice() {
            ["config"] => Some(Self::Root),
            ["monitor"] => Some(Self::Monitor),
            ["replica", root, "mapping tree", "config"] => suffix(root).map(Self::Replica),
            [_, "replica", root, "mapping tree", "config"] => suffix(root).map(Self::Agreement),
            ["posix ids", "distributed numeric assignment plugin", "plugins", "config"] => {
                Some(Self::PosixIds)
            }
            ["changelog5", "config"] => Some(Self::Changelog(None)),
            // FreeIPA names its backends so (`ipaserver/install/{dsinstance,cainstance}.py`).
            ["changelog", backend, "ldbm database", "plugins", "config"] => match *backend {
                "userroot" => Some(Self::Changelog(Some(Suffix::Domain))),
                "ipaca" => Some(Self::Changelog(Some(Suffix::Ca))),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Entries of one server, as far as a file can tell them apart.
#[derive(Debug)]
pub(crate) struct Story<'a> {
    /// What each is, and the entry.
    pub(crate) entries: Vec<(Place, &'a Entry)>,
    /// The server; `None` if nothing proves it.
    pub(crate) host: Option<Fqdn>,
    /// True for a `dse.ldif`, the file in which the server keeps its configuration.
    pub(crate) is_dse: bool,
}

/// The entries of `cn=config` in a file, by server. A name that comes again begins the entries of
/// another server, or of the same at another time.
pub(crate) fn stories<'a>(
    named: &Named<'_>,
    file: &'a LdifFile,
    facts: &mut Facts,
) -> Vec<Story<'a>> {
    let mut parts: Vec<Vec<(Place, &Entry)>> = Vec::new();
    let mut seen: BTreeSet<&Dn> = BTreeSet::new();
    for entry in &file.entries {
        let Some(place) = Place::of(&entry.dn) else { continue };
        if parts.is_empty() || !seen.insert(&entry.dn) {
            seen = BTreeSet::from([&entry.dn]);
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push((place, entry));
        }
    }
    let single = parts.len() == 1;
    parts
        .into_iter()
        .map(|entries| {
            let has = |wanted: Place| entries.iter().any(|(place, _)| *place == wanted);
            let is_dse = has(Place::Root) && has(Place::Monitor) && file.summary.searches == 0;
            let host = whose(named, &entries, single, facts);
            Story { entries, host, is_dse }
        })
        .collect()
}

/// The server of these entries.
fn whose(
    named: &Named<'_>,
    entries: &[(Place, &Entry)],
    single: bool,
    facts: &mut Facts,
) -> Option<Fqdn> {
    if named.observed_from.is_some() {
        return named.observed_from.clone();
    }
    let line = entries.first().map_or(1, |(_, entry)| entry.line);
    let proven = proven_hosts(entries);
    let peers = peers(entries);
    let in_name = in_file_name(named).filter(|_| single);
    let mut all = proven.iter();
    match (all.next(), all.next()) {
        (Some(host), None) if !peers.contains(host) => {
            if in_name.is_some_and(|name| name != *host) {
                facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::FileNameDisagrees,
                        format!(
                            "the file's name says another server, but its entries say {host}; they \
                             were believed"
                        ),
                    )
                    .at(line)
                    .help("Rename the file if it is not what it says it is."),
                );
            }
            Some(host.clone())
        }
        (Some(_), _) => {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::HostNotStated,
                    "these entries of cn=config are from several servers; whose they are is \
                     unknown",
                )
                .at(line)
                .help(HELP),
            );
            None
        }
        (None, _) => {
            let host = in_name.filter(|name| !peers.contains(name))?;
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::ServerFromFileName,
                    format!("only the file's name says that these entries are from {host}"),
                )
                .at(line)
                .help(HELP),
            );
            Some(host)
        }
    }
}

/// What to do if nothing tells the server.
const HELP: &str = "Use the export bundle of `idm-drill collect`, which names its server; or add \
                    the output of: ldapsearch -b cn=config -s base nsslapd-localhost; or name the \
                    file after the server: agreements-HOST.ldif, changelog-HOST.ldif, \
                    ruv-HOST.ldif, dna-HOST.ldif.";

/// Says that something was left out because its server is unknown.
pub(crate) fn note_unknown_server(named: &Named<'_>, line: u64, what: &str, facts: &mut Facts) {
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::HostNotStated,
            format!("the server is not stated: {what}"),
        )
        .at(line)
        .help(HELP),
    );
}

/// Hosts of which the entries prove that they are theirs. More than one: they are mixed.
fn proven_hosts(entries: &[(Place, &Entry)]) -> BTreeSet<Fqdn> {
    let mut hosts = BTreeSet::new();
    let mut own_ids: BTreeMap<Suffix, u16> = BTreeMap::new();
    for (place, entry) in entries {
        match place {
            Place::Root => {
                hosts.extend(entry.value("nsslapd-localhost").and_then(server_of));
            }
            Place::Replica(suffix) => {
                own_ids.extend(own_id(entry).map(|id| (*suffix, id)));
            }
            Place::Agreement(_) => {
                let peer = entry.value("nsds5replicahost").unwrap_or_default();
                hosts.extend(ends_of(entry.dn.first_value(), peer).0);
            }
            Place::RuvEntry(_) => {
                hosts.extend(entry.values("nsds5agmtmaxcsn").filter_map(supplier_in_max_csn));
            }
            Place::Monitor | Place::PosixIds | Place::Changelog(_) => {}
        }
    }
    for (place, entry) in entries {
        let (Place::Replica(suffix) | Place::RuvEntry(suffix)) = place else { continue };
        for value in entry.values("nsds50ruv").filter_map(RuvValue::parse) {
            if let RuvValue::Replica { id, host: Some(host), .. } = value
                && own_ids.get(suffix) == Some(&id)
            {
                hosts.extend(server_of(&host));
            }
        }
    }
    hosts
}

/// The replica id of a replica entry, from 1 on, unless it is the one of read-only servers.
pub(crate) fn own_id(entry: &Entry) -> Option<u16> {
    entry.value("nsds5replicaid").and_then(replica_id_of_text).filter(|id| *id < READ_ONLY_ID)
}

/// The supplier in a value of `nsds5agmtmaxcsn`: `SUFFIX;AGREEMENT;HOST;PORT;…`.
fn supplier_in_max_csn(value: &str) -> Option<Fqdn> {
    let mut fields = value.split(';').skip(1);
    ends_of(fields.next()?, fields.next()?).0
}

/// The consumers of all agreements.
fn peers(entries: &[(Place, &Entry)]) -> BTreeSet<Fqdn> {
    entries
        .iter()
        .filter(|(place, _)| matches!(place, Place::Agreement(_)))
        .filter_map(|(_, entry)| {
            ends_of(entry.dn.first_value(), entry.value("nsds5replicahost")?).1
        })
        .collect()
}

/// The server that a file is named after: `agreements-HOST.ldif`.
fn in_file_name(named: &Named<'_>) -> Option<Fqdn> {
    const KINDS: [&str; 6] = ["agreements-", "changelog-", "config-", "dna-", "dse-", "ruv-"];
    let base = named.base();
    let stem = [".ldif", ".txt"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(&base);
    let host = KINDS.iter().find_map(|kind| stem.strip_prefix(kind))?;
    server_of(host)
}
