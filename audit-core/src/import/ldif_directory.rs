//! LDIF of the directory: servers and services under `cn=masters`, segments under `cn=topology`.

use std::collections::{BTreeMap, BTreeSet};

use super::topology_segment_find::{observed, segment_suffix, switch};
use super::{Format, LdifFile, Named, Reads};
use crate::directory::{agrees, is_live, note_cut, note_unproven, source, value_line};
use crate::evidence::Sources;
use crate::facts::{Facts, ListedSegment, Listing};
use crate::model::{
    CaMode, Direction, Fqdn, Role, RoleStatus, SegmentKey, ServerAttribute, Suffix,
};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};

/// Reads LDIF from `ldapsearch` (any verbosity) and `db2ldif`, also with replication state.
///
/// # Shape
///
/// | entry (below `cn=ipa,cn=etc,SUFFIX`) | becomes |
/// |---|---|
/// | `cn=FQDN,cn=masters` | the server exists; `ipaLocation` is its data center; `o=ipaca` among its managed suffixes shows an integrated CA |
/// | `cn=SERVICE,cn=FQDN,cn=masters` | `ipaConfigString` gives the service's state, and whether it has `caRenewalMaster` or `dnssecKeyMaster` |
/// | `cn=domain\|ca,cn=topology` | the suffix exists |
/// | `cn=NAME,cn=domain\|ca,cn=topology` | a segment; its suffix is the parent's name |
/// | `cn=Domain Level` | the domain level |
///
/// Roles follow FreeIPA: all services of a role must exist (IPA master: HTTP, KDC, KPASSWD; DNS:
/// DNS and `DNSKeySync`), else it is absent, with a note. A role is only called absent on a server
/// of which the export shows at least one service of the IPA master role: an account without
/// permission sees the server but not its services. AD trust agents are a group elsewhere and stay
/// unknown.
///
/// The servers are all servers, and the segments all segments, if their container is in the file,
/// `numSubordinates` (where exported) agrees, and nothing says that the search was cut.
///
/// # Errors
///
/// None: what cannot be read becomes a note. Tombstones are passed over, replication conflict
/// entries are reported.
///
/// # Source
///
/// FreeIPA `install/share/70topology.ldif`, `ipaserver/servroles.py`, `ipaserver/masters.py`;
/// `ipaConfigString` is compared without letter case as LDAP does, although `servroles.py` does
/// not.
pub(super) static FORMAT: Format = Format {
    name: "LDIF",
    command: "ldapsearch -b cn=ipa,cn=etc,SUFFIX (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=etc"],
        wants,
        attributes: &[
            "cn",
            "ipaconfigstring",
            "ipadomainlevel",
            "ipalocation",
            "iparepltopomanagedsuffix",
            "iparepltoposegmentdirection",
            "iparepltoposegmentleftnode",
            "iparepltoposegmentrightnode",
            "nsds5replicaenabled",
            "numsubordinates",
            "objectclass",
        ],
        read,
    },
};

/// Services that make up a role (FreeIPA `ipaserver/servroles.py`).
const ROLE_SERVICES: [(Role, &[&str]); 5] = [
    (Role::IpaMaster, &["HTTP", "KDC", "KPASSWD"]),
    (Role::Ca, &["CA"]),
    (Role::Kra, &["KRA"]),
    (Role::Dns, &["DNS", "DNSKeySync"]),
    (Role::AdTrustController, &["ADTRUST"]),
];

/// What an entry is, by its DN.
enum Kind<'a> {
    Masters,
    Server(&'a str),
    Service { service: &'a str, server: &'a str },
    Topology,
    SuffixConfig(Suffix),
    Segment(Suffix),
    DomainLevel,
}

fn kind(dn: &Dn) -> Option<Kind<'_>> {
    let names: Vec<&str> = dn.rdns().iter().map(|rdn| rdn.value("cn").unwrap_or("")).collect();
    let at = names.windows(2).position(|pair| {
        pair.first().is_some_and(|name| name.eq_ignore_ascii_case("ipa"))
            && pair.last().is_some_and(|name| name.eq_ignore_ascii_case("etc"))
    })?;
    let is = |name: &&str, word: &str| name.eq_ignore_ascii_case(word);
    match names.get(..at)? {
        [masters] if is(masters, "masters") => Some(Kind::Masters),
        [server, masters] if is(masters, "masters") => Some(Kind::Server(server)),
        [service, server, masters] if is(masters, "masters") => {
            Some(Kind::Service { service, server })
        }
        [topology] if is(topology, "topology") => Some(Kind::Topology),
        [suffix, topology] if is(topology, "topology") => {
            Suffix::parse(suffix).map(Kind::SuffixConfig)
        }
        [_, _, topology] if is(topology, "topology") => segment_suffix(dn).map(Kind::Segment),
        [level] if is(level, "domain level") => Some(Kind::DomainLevel),
        _ => None,
    }
}

fn wants(dn: &Dn) -> bool {
    kind(dn).is_some()
}

/// A service entry and what it says; without a status if `ipaConfigString` could not be read, which
/// an ordinary user may only where the service is enabled.
struct Service<'a> {
    entry: &'a Entry,
    status: Option<RoleStatus>,
}

/// What one export says, before it is stated.
#[derive(Default)]
struct Seen<'a> {
    servers: BTreeMap<Fqdn, &'a Entry>,
    services: BTreeMap<Fqdn, BTreeMap<String, Service<'a>>>,
    segments: BTreeMap<Suffix, Vec<ListedSegment>>,
    suffix_configs: BTreeMap<Suffix, &'a Entry>,
    masters: Option<&'a Entry>,
    topology: Option<&'a Entry>,
    lost_segment: bool,
    lost_server: bool,
    cut: bool,
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    // A name that comes again begins another export in the same file: it may tell another story.
    let mut stories = vec![Seen::default()];
    let mut seen_before: BTreeSet<&Dn> = BTreeSet::new();
    let mut found = false;
    // Entries of other importers, for example of `cn=config`, begin nothing here.
    for entry in file.entries.iter().filter(|entry| wants(&entry.dn)) {
        if !seen_before.insert(&entry.dn) {
            seen_before = BTreeSet::from([&entry.dn]);
            stories.push(Seen::default());
        }
        if let Some(seen) = stories.last_mut() {
            found |= read_entry(named, entry, seen, facts);
        }
    }
    if !found {
        return false;
    }
    let cut = note_cut(named, file, facts);
    if !cut {
        note_unproven(named, file, facts);
    }
    for mut seen in stories {
        seen.cut = cut;
        state_servers(named, &seen, facts);
        state_segments(named, seen, facts);
    }
    true
}

fn read_entry<'a>(
    named: &Named<'_>,
    entry: &'a Entry,
    seen: &mut Seen<'a>,
    facts: &mut Facts,
) -> bool {
    if !is_live(named, entry, facts) {
        return false;
    }
    let Some(kind) = kind(&entry.dn) else { return false };
    match kind {
        Kind::Masters => seen.masters = Some(entry),
        Kind::Topology => seen.topology = Some(entry),
        Kind::SuffixConfig(suffix) => {
            seen.suffix_configs.insert(suffix, entry);
        }
        Kind::Server(name) => match host(named, entry, name, facts) {
            Some(name) => {
                seen.servers.insert(name, entry);
            }
            None => seen.lost_server = true,
        },
        Kind::Service { service, server } => {
            if let Some(name) = host(named, entry, server, facts) {
                let status = service_status(named, entry, facts);
                seen.services
                    .entry(name)
                    .or_default()
                    .insert(service.to_ascii_lowercase(), Service { entry, status });
            }
        }
        Kind::Segment(suffix) => match segment(named, entry, facts) {
            Some(segment) => seen.segments.entry(suffix).or_default().push(segment),
            None => seen.lost_segment = true,
        },
        Kind::DomainLevel => {
            if let Some(level) = entry.value("ipadomainlevel").and_then(|level| level.parse().ok())
            {
                let line = value_line(entry, "ipadomainlevel", |_| true);
                let observed = format!("domain level {level}");
                facts.domain_level(level, Sources::from([source(named, entry, line, observed)]));
            }
        }
    }
    true
}

fn host(named: &Named<'_>, entry: &Entry, name: &str, facts: &mut Facts) -> Option<Fqdn> {
    let host = Fqdn::parse(name);
    if host.is_none() {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::InvalidHostName,
                "the DN does not name a host; the entry was left out",
            )
            .at(entry.line),
        );
    }
    host
}

/// State of a service by its `ipaConfigString`: `enabledService` before `hiddenService`, neither
/// means configured (FreeIPA `servroles.py`).
fn service_status(named: &Named<'_>, entry: &Entry, facts: &mut Facts) -> Option<RoleStatus> {
    let words = [
        ("enabledService", RoleStatus::Enabled),
        ("hiddenService", RoleStatus::Hidden),
        ("configuredService", RoleStatus::Configured),
    ];
    let mut states = Vec::new();
    for value in entry.values("ipaconfigstring") {
        for (word, status) in words {
            if value.eq_ignore_ascii_case(word) {
                states.push(status);
                if value != word {
                    facts.note(
                        Note::on_file(
                            named.file,
                            NoteCode::OddServiceState,
                            format!(
                                "{word} in unusual letter case: searches find it, but FreeIPA's \
                                 role status takes the service for configured"
                            ),
                        )
                        .at(value_line(entry, "ipaconfigstring", |v| v == value)),
                    );
                }
            }
        }
    }
    states.sort();
    states.dedup();
    if states.len() > 1 {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::OddServiceState,
                format!(
                    "the service has several states; {} was taken, as FreeIPA does",
                    states.first().map_or("", |status| status.name())
                ),
            )
            .at(entry.line),
        );
    }
    let readable = entry.complete && entry.value("ipaconfigstring").is_some();
    match states.first() {
        Some(RoleStatus::Enabled) => Some(RoleStatus::Enabled),
        _ if !readable => None,
        first => Some(first.copied().unwrap_or(RoleStatus::Configured)),
    }
}

fn segment(named: &Named<'_>, entry: &Entry, facts: &mut Facts) -> Option<ListedSegment> {
    let ends = (
        entry.value("iparepltoposegmentleftnode").and_then(Fqdn::parse),
        entry.value("iparepltoposegmentrightnode").and_then(Fqdn::parse),
        entry.value("iparepltoposegmentdirection").and_then(Direction::parse),
    );
    let (Some(left), Some(right), Some(direction)) = ends else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                "a segment without a usable left node, right node or direction; left out",
            )
            .at(entry.line)
            .help(
                "Export ipaReplTopoSegmentLeftNode, ipaReplTopoSegmentRightNode and \
                 ipaReplTopoSegmentDirection.",
            ),
        );
        return None;
    };
    let name = Some(entry.dn.first_value().to_owned()).filter(|name| !name.is_empty());
    let key = SegmentKey { left, right, direction, name };
    let enabled = entry.value("nsds5replicaenabled").and_then(switch);
    let source = source(named, entry, entry.line, observed(&key, enabled));
    Some(ListedSegment { key, enabled, disputed: false, sources: Sources::from([source]) })
}

fn state_servers(named: &Named<'_>, seen: &Seen<'_>, facts: &mut Facts) {
    for (name, entry) in &seen.servers {
        facts.server(name, [source(named, entry, entry.line, format!("server {name}"))]);
        if let Some(location) = entry.value("ipalocation") {
            let center = Dn::parse(location).first_value().to_owned();
            let line = value_line(entry, "ipalocation", |_| true);
            let observed = format!("location {center}");
            let at = Sources::from([source(named, entry, line, observed)]);
            if !center.is_empty() {
                facts.location(name, &center, at);
            }
        }
        let is_ca = |value: &str| value.trim().eq_ignore_ascii_case("o=ipaca");
        if entry.values("iparepltopomanagedsuffix").any(is_ca) {
            let line = value_line(entry, "iparepltopomanagedsuffix", is_ca);
            let at = source(named, entry, line, format!("{name} manages suffix o=ipaca"));
            facts.ca(CaMode::Integrated, Sources::from([at]));
        }
    }
    for (name, services) in &seen.services {
        state_roles(named, name, services, seen, facts);
    }
    if let Some(masters) = seen.masters
        && agrees(named, masters, seen.servers.len(), facts)
        && !seen.lost_server
        && !seen.cut
        && !seen.servers.is_empty()
    {
        let observed = format!("cn=masters with {} servers", seen.servers.len());
        let all: BTreeSet<Fqdn> = seen.servers.keys().cloned().collect();
        facts.all_servers(all, Sources::from([source(named, masters, masters.line, observed)]));
    }
}

fn state_roles(
    named: &Named<'_>,
    name: &Fqdn,
    services: &BTreeMap<String, Service<'_>>,
    seen: &Seen<'_>,
    facts: &mut Facts,
) {
    let server = seen.servers.get(name).copied();
    let sees_master = ["http", "kdc", "kpasswd"].iter().any(|s| services.contains_key(*s));
    // What a cut or filtered export does not show may exist all the same.
    let declared = server.and_then(|entry| entry.value("numsubordinates"));
    let may_lack = seen.cut
        || server.is_some_and(|entry| !entry.complete)
        || declared.is_some_and(|number| number.parse() != Ok(services.len()));
    for (role, names) in ROLE_SERVICES {
        let present: Vec<&Service<'_>> =
            names.iter().filter_map(|s| services.get(&s.to_ascii_lowercase())).collect();
        let (status, at) = match present.first() {
            Some(first) if present.len() == names.len() => {
                if present.iter().any(|service| service.status.is_none()) {
                    if role == Role::Ca {
                        let at = source(named, first.entry, first.entry.line, "a CA service");
                        facts.ca(CaMode::Integrated, Sources::from([at]));
                    }
                    continue;
                }
                let all = |status| present.iter().all(|service| service.status == Some(status));
                let status = if all(RoleStatus::Enabled) {
                    RoleStatus::Enabled
                } else if all(RoleStatus::Hidden) {
                    RoleStatus::Hidden
                } else {
                    RoleStatus::Configured
                };
                let word = format!("{status}Service");
                let line = value_line(first.entry, "ipaconfigstring", |value| {
                    value.eq_ignore_ascii_case(&word)
                });
                (status, source(named, first.entry, line, format!("{name}: {role}: {status}")))
            }
            _ if may_lack => continue,
            Some(first) => {
                let missing: Vec<&str> = names
                    .iter()
                    .filter(|s| !services.contains_key(&s.to_ascii_lowercase()))
                    .copied()
                    .collect();
                facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::IncompleteServices,
                        format!(
                            "{name}: role {role} lacks service {}; FreeIPA reports it absent",
                            missing.join(", ")
                        ),
                    )
                    .at(first.entry.line),
                );
                let observed = format!("{name}: {role}: absent (service missing)");
                (RoleStatus::Absent, source(named, first.entry, first.entry.line, observed))
            }
            None if sees_master => {
                let entry =
                    server.or_else(|| services.values().next().map(|service| service.entry));
                let Some(entry) = entry else { continue };
                let observed = format!("{name}: {role}: absent (no service)");
                (RoleStatus::Absent, source(named, entry, entry.line, observed))
            }
            None => continue,
        };
        facts.role(name, role, status, [at]);
    }
    if sees_master && let Some(server) = server {
        state_attributes(named, name, (server, services), may_lack, facts);
    }
    for service in services.values() {
        let has = |word: &str| {
            service.entry.values("ipaconfigstring").any(|value| value.eq_ignore_ascii_case(word))
        };
        let at = |word: &str| {
            let line =
                value_line(service.entry, "ipaconfigstring", |v| v.eq_ignore_ascii_case(word));
            Sources::from([source(named, service.entry, line, format!("{name}: {word}"))])
        };
        if has("caRenewalMaster") {
            facts.ca_renewal_server(name.clone(), at("caRenewalMaster"));
        }
        if has("dnssecKeyMaster") {
            facts.dnssec_key_master(name.clone(), at("dnssecKeyMaster"));
        }
    }
}

/// Whether the services of a server mark it: said only where the service's entry was read whole, or
/// certainly does not exist.
fn state_attributes(
    named: &Named<'_>,
    name: &Fqdn,
    (server, services): (&Entry, &BTreeMap<String, Service<'_>>),
    may_lack: bool,
    facts: &mut Facts,
) {
    for attribute in ServerAttribute::ALL {
        let word = attribute.config_string();
        let is = |value: &str| value.eq_ignore_ascii_case(word);
        let (entry, marked) = match services.get(&attribute.service().to_ascii_lowercase()) {
            Some(service) => {
                let entry = service.entry;
                let marked = entry.values("ipaconfigstring").any(is);
                let readable = entry.complete && entry.value("ipaconfigstring").is_some();
                if !marked && !readable {
                    continue;
                }
                (entry, marked)
            }
            None if may_lack => continue,
            None => (server, false),
        };
        let not = if marked { "" } else { "not " };
        let line = value_line(entry, "ipaconfigstring", is);
        let at = source(named, entry, line, format!("{name}: {not}{word}"));
        facts.attribute(name, attribute, marked, Sources::from([at]));
    }
}

fn state_segments(named: &Named<'_>, mut seen: Seen<'_>, facts: &mut Facts) {
    for suffix in Suffix::ALL {
        let segments = seen.segments.remove(&suffix).unwrap_or_default();
        let config = seen.suffix_configs.get(&suffix).copied();
        let place =
            config.map(|entry| source(named, entry, entry.line, format!("suffix {suffix}")));
        let place =
            place.or_else(|| segments.first().and_then(|segment| segment.sources.first().cloned()));
        let Some(place) = place else { continue };
        if suffix == Suffix::Ca {
            facts.ca(CaMode::Integrated, Sources::from([place.clone()]));
        }
        let counted = config.is_some_and(|entry| agrees(named, entry, segments.len(), facts));
        if config.is_none() {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::CompletenessNotProven,
                    format!(
                        "segments of suffix {suffix} without their container: the search may have \
                         been filtered; what is not here counts as unknown"
                    ),
                )
                .help("Search cn=topology,cn=ipa,cn=etc,SUFFIX without a filter."),
            );
        }
        facts.listing(Listing {
            source: place,
            suffix: Some(suffix),
            suffix_of_file_name: None,
            complete: counted && !seen.lost_segment && !seen.cut,
            segments,
        });
    }
    // The topology container with `domain` and without `ca`: no server carries certificate data.
    if let (Some(topology), Some(_), None) = (
        seen.topology,
        seen.suffix_configs.get(&Suffix::Domain),
        seen.suffix_configs.get(&Suffix::Ca),
    ) && !seen.lost_segment
        && !seen.cut
        && seen.services.values().all(|services| !services.contains_key("ca"))
    {
        let observed = "cn=topology without suffix ca";
        facts.ca(CaMode::None, Sources::from([source(named, topology, topology.line, observed)]));
    }
}
