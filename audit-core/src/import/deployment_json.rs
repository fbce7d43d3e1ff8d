//! Model JSON, `idm-drill/deployment/1`: what `idm-drill import` writes, or a hand-written plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::topology_segment_find::observed;
use super::{Format, Named, Reads};
use crate::copies_json;
use crate::evidence::{Source, Sources};
use crate::facts::{Facts, ListedSegment, Listing};
use crate::model::{
    CaMode, Direction, Fqdn, Role, RoleStatus, SegmentKey, ServerAttribute, Suffix,
};
use crate::note::{Note, NoteCode};
use crate::observed_json::{self, Conflicts, Origin};
use crate::parse::json::Document;
use crate::report::deployment_json::SCHEMA;
use crate::time::Timestamp;

/// Reads the model's own JSON.
///
/// # Shape
///
/// The document of the contract's section 8. `null` = nothing known, `[]` = known to be none. A
/// fact whose pointer is in `evidence` keeps the places given there; one that is not is evidenced
/// by its pointer in this file. `conflicts` are read back as conflicts. `servers_known` is true
/// unless it says otherwise: a hand-written model lists all its servers. The same holds for a
/// suffix's `complete`, which follows `known`.
///
/// # Errors
///
/// A value of a wrong type or word is reported with its JSON pointer and left out; the rest is
/// read. Keys that are not of the contract are named (never their values). A document with another
/// schema name is refused.
///
/// # Source
///
/// This project: `report/deployment_json.rs` writes it, `idm-drill schema deployment` describes it.
pub(super) static FORMAT: Format = Format {
    name: "model JSON",
    command: "idm-drill import --format json (model JSON)",
    reader: Reads::Json(read),
};

const KEYS: [&str; 11] = [
    "schema",
    "servers",
    "servers_known",
    "ca",
    "ca_renewal_server",
    "dnssec_key_master",
    "domain_level",
    "suffixes",
    "conflicts",
    "notes",
    "evidence",
];

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let Some(document) = document.value.as_object() else { return false };
    let schema = document.get("schema").and_then(Value::as_str);
    match schema {
        Some(SCHEMA) => {}
        Some(other) if other.starts_with("idm-drill/") => {
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::UnknownSchema,
                    format!("schema \"{other}\"; this version reads \"{SCHEMA}\""),
                )
                .help(
                    "A report is no model: save the model with `idm-drill import --format json`.",
                ),
            );
            return true;
        }
        _ => return false,
    }
    let evidence = document.get("evidence").and_then(Value::as_object);
    let file = Arc::clone(named.file);
    let rows = document.get("server_locations").and_then(Value::as_array).into_iter().flatten();
    let locations =
        rows.filter_map(|row| Some((row.get("fqdn")?.as_str()?, row.get("location")?))).collect();
    let conflicts = Conflicts::new();
    let mut reader = Reader { file, document, evidence, facts, locations, conflicts };
    reader.keys(document, "", &[&KEYS[..], &observed_json::KEYS, &copies_json::KEYS].concat());
    reader.index_conflicts();
    let indexed = reader.servers();
    reader.suffixes();
    reader.globals();
    let copies = copies_json::read(document, &mut reader, |_, _| true);
    reader.facts.copies.merge(copies);
    let observed = observed_json::read(document, &mut reader);
    reader.facts.observed.merge(observed);
    reader.restate_conflicts(&indexed);
    reader.notes();
    true
}

struct Reader<'a> {
    file: Arc<str>,
    document: &'a Map<String, Value>,
    evidence: Option<&'a Map<String, Value>>,
    facts: &'a mut Facts,
    /// What the document says of each server's location; null if it is disputed.
    locations: BTreeMap<&'a str, &'a Value>,
    /// Contradicting values of an earlier import that are still to be stated.
    conflicts: Conflicts,
}

impl Origin for Reader<'_> {
    /// Places that state the fact at a pointer: those of `evidence`, else the pointer itself.
    fn sources(&self, pointer: &str, observed: &str) -> Sources {
        let given = self
            .evidence
            .and_then(|evidence| evidence.get(pointer))
            .and_then(Value::as_array)
            .map(|places| places.iter().filter_map(source).collect::<Sources>())
            .filter(|places| !places.is_empty());
        given.unwrap_or_else(|| {
            Sources::from([Source {
                file: Arc::clone(&self.file),
                line: None,
                pointer: Some(pointer.to_owned()),
                observed: observed.to_owned(),
                observed_at: None,
                observed_from: None,
                planned: false,
            }])
        })
    }

    fn conflict(&mut self, pointer: &str) -> Vec<(Value, Sources)> {
        self.conflicts.remove(pointer).unwrap_or_default()
    }

    fn invalid(&mut self, pointer: &str, expected: &str) {
        self.note(NoteCode::InvalidValue, pointer, &format!("is not {expected}; it was left out"));
    }

    fn keys(&mut self, map: &Map<String, Value>, at: &str, known: &[&str]) {
        for key in map.keys() {
            if !known.contains(&key.as_str()) {
                self.note(
                    NoteCode::UnknownKey,
                    &format!("{at}/{key}"),
                    "is not a key of the schema",
                );
            }
        }
    }
}

impl<'a> Reader<'a> {
    fn note(&mut self, code: NoteCode, pointer: &str, message: &str) {
        let pointer = if pointer.is_empty() { "the document" } else { pointer };
        let help = match code {
            NoteCode::InvalidValue => Some("`idm-drill schema deployment` prints what is allowed."),
            _ => None,
        };
        let mut note = Note::on_file(&self.file, code, format!("{pointer} {message}"));
        note.help = help.map(str::to_owned);
        self.facts.note(note);
    }

    /// A text, or a note; `None` for null and for a missing key.
    fn text(&mut self, map: &'a Map<String, Value>, key: &str, at: &str) -> Option<&'a str> {
        match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.invalid(&format!("{at}/{key}"), "a text");
                None
            }
        }
    }

    fn bool(&mut self, map: &Map<String, Value>, key: &str, at: &str) -> Option<bool> {
        match map.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(_) => {
                self.invalid(&format!("{at}/{key}"), "true, false or null");
                None
            }
        }
    }

    fn host(&mut self, map: &'a Map<String, Value>, key: &str, at: &str) -> Option<Fqdn> {
        let text = self.text(map, key, at)?;
        let host = Fqdn::parse(text);
        if host.is_none() {
            self.invalid(&format!("{at}/{key}"), "a host name");
        }
        host
    }

    /// The objects of an array with their pointers; `None` for null.
    fn objects(
        &mut self,
        map: &'a Map<String, Value>,
        key: &str,
        at: &str,
    ) -> Option<Vec<(String, &'a Map<String, Value>)>> {
        let pointer = format!("{at}/{key}");
        let items = match map.get(key) {
            None | Some(Value::Null) => return None,
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.invalid(&pointer, "a list");
                return None;
            }
        };
        let mut objects = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            match item.as_object() {
                Some(object) => objects.push((pointer, object)),
                None => self.invalid(&pointer, "an object"),
            }
        }
        Some(objects)
    }

    /// Servers; returns their names by index, for the pointers of conflicts.
    fn servers(&mut self) -> BTreeMap<String, Fqdn> {
        let mut names = BTreeMap::new();
        let Some(servers) = self.objects(self.document, "servers", "") else { return names };
        for (at, server) in &servers {
            self.keys(
                server,
                at,
                &[
                    "fqdn",
                    "data_center",
                    "visibility",
                    "version",
                    "crl_publisher",
                    "attributes",
                    "roles",
                ],
            );
            let Some(name) = self.host(server, "fqdn", at) else {
                self.invalid(at, "a server with a host name in \"fqdn\"");
                continue;
            };
            let sources = self.sources(at, &format!("server {name}"));
            if !self.facts.server(&name, sources) {
                break;
            }
            self.roles(server, at, &name);
            let center = self.text(server, "data_center", at);
            let located = self.locations.get(name.as_str()).and_then(|at| at.as_str());
            if let Some(center) = center.filter(|center| located != Some(*center)) {
                let sources =
                    self.sources(&format!("{at}/data_center"), &format!("data center {center}"));
                self.facts.data_center(&name, center.to_owned(), sources);
            }
            if let Some(version) = self.text(server, "version", at) {
                let sources = self.sources(&format!("{at}/version"), &format!("version {version}"));
                self.facts.version(&name, version.to_owned(), sources);
            }
            if let Some(publishes) = self.bool(server, "crl_publisher", at) {
                let observed = format!("{name}: CRL generation {publishes}");
                let sources = self.sources(&format!("{at}/crl_publisher"), &observed);
                self.facts.crl_publisher(&name, publishes, sources);
            }
            self.attributes(server, at, &name);
            names.insert(at.clone(), name);
        }
        // A server that cannot be read is one all the same: the others are then not all there are.
        let stated = self.document.get("servers").and_then(Value::as_array).map_or(0, Vec::len);
        let whole = names.len() == stated;
        let known = match self.document.get("servers_known") {
            None | Some(Value::Null) => true,
            Some(_) => self.bool(self.document, "servers_known", "").unwrap_or(false),
        };
        if known && whole {
            let sources = self.sources("/servers", &format!("{} servers", servers.len()));
            self.facts.all_servers(names.values().cloned().collect(), sources);
        }
        names
    }

    fn attributes(&mut self, server: &'a Map<String, Value>, at: &str, name: &Fqdn) {
        let at = format!("{at}/attributes");
        match server.get("attributes") {
            None | Some(Value::Null) => {}
            Some(Value::Object(attributes)) => {
                self.keys(attributes, &at, &ServerAttribute::ALL.map(ServerAttribute::key));
                for attribute in ServerAttribute::ALL {
                    let key = attribute.key();
                    if let Some(marked) = self.bool(attributes, key, &at) {
                        let observed = format!("{name}: {key} {marked}");
                        let sources = self.sources(&format!("{at}/{key}"), &observed);
                        self.facts.attribute(name, attribute, marked, sources);
                    }
                }
            }
            Some(_) => self.invalid(&at, "an object"),
        }
    }

    fn roles(&mut self, server: &'a Map<String, Value>, at: &str, name: &Fqdn) {
        let mut master = None;
        match server.get("roles") {
            None | Some(Value::Null) => {}
            Some(Value::Object(roles)) => {
                let keys: Vec<&str> = Role::ALL.iter().map(|role| role.key()).collect();
                self.keys(roles, &format!("{at}/roles"), &keys);
                for role in Role::ALL {
                    let pointer = format!("{at}/roles/{}", role.key());
                    let Some(word) = self.text(roles, role.key(), &format!("{at}/roles")) else {
                        continue;
                    };
                    if word == "unknown" {
                        continue;
                    }
                    match RoleStatus::parse(word) {
                        Some(status) => {
                            if role == Role::IpaMaster {
                                master = Some(status);
                            }
                            let observed = format!("{name}: {role}: {status}");
                            let sources = self.sources(&pointer, &observed);
                            self.facts.role(name, role, status, sources);
                        }
                        None => self.invalid(
                            &pointer,
                            "one of enabled, hidden, configured, absent, unknown",
                        ),
                    }
                }
            }
            Some(_) => self.invalid(&format!("{at}/roles"), "an object"),
        }
        let stated = match self.text(server, "visibility", at) {
            None | Some("unknown") => None,
            Some("visible") => Some(RoleStatus::Enabled),
            Some("hidden") => Some(RoleStatus::Hidden),
            Some(_) => {
                self.invalid(&format!("{at}/visibility"), "one of visible, hidden, unknown");
                None
            }
        };
        // `visibility` follows the IPA master role; alone, it states it, and where it differs, it
        // contradicts it.
        if let Some(status) = stated.filter(|status| master != Some(*status)) {
            let observed = format!("{name}: {}: {status}", Role::IpaMaster);
            let sources = self.sources(&format!("{at}/visibility"), &observed);
            self.facts.role(name, Role::IpaMaster, status, sources);
        }
    }

    fn suffixes(&mut self) {
        let suffixes = match self.document.get("suffixes") {
            None | Some(Value::Null) => return,
            Some(Value::Object(suffixes)) => suffixes,
            Some(_) => return self.invalid("/suffixes", "an object"),
        };
        self.keys(suffixes, "/suffixes", &["domain", "ca"]);
        for suffix in Suffix::ALL {
            let at = format!("/suffixes/{suffix}");
            let topology = match suffixes.get(suffix.name()) {
                None | Some(Value::Null) => continue,
                Some(Value::Object(topology)) => topology,
                Some(_) => {
                    self.invalid(&at, "an object");
                    continue;
                }
            };
            self.keys(topology, &at, &["known", "complete", "segments"]);
            let known = self.bool(topology, "known", &at).unwrap_or(false);
            let mut complete = self.bool(topology, "complete", &at).unwrap_or(known);
            let mut segments = Vec::new();
            for (at, object) in self.objects(topology, "segments", &at).unwrap_or_default() {
                segments.extend(self.segment(&at, object));
            }
            let stated = topology.get("segments").and_then(Value::as_array).map_or(0, Vec::len);
            complete &= segments.len() == stated;
            if segments.is_empty() && !complete {
                continue;
            }
            let observed = format!("{} segments", segments.len());
            let all = self.sources(&at, &observed);
            // One list per place, so that the places survive a round trip.
            for source in all {
                self.facts.listing(Listing {
                    source,
                    suffix: Some(suffix),
                    suffix_of_file_name: None,
                    complete,
                    segments: segments.clone(),
                });
            }
        }
    }

    fn segment(&mut self, at: &str, object: &'a Map<String, Value>) -> Option<ListedSegment> {
        self.keys(object, at, &["name", "left", "right", "direction", "enabled", "disputed"]);
        let name = self.text(object, "name", at).map(str::to_owned);
        let left = self.host(object, "left", at);
        let right = self.host(object, "right", at);
        let direction = match self.text(object, "direction", at) {
            None => object.get("direction").is_none_or(Value::is_null).then_some(Direction::Both),
            Some(word) => Direction::parse(word),
        };
        let (Some(left), Some(right), Some(direction)) = (left, right, direction) else {
            self.invalid(at, "a segment with \"left\", \"right\" and \"direction\"");
            return None;
        };
        let enabled = self.bool(object, "enabled", at);
        let disputed = self.bool(object, "disputed", at).unwrap_or(false);
        let key = SegmentKey { left, right, direction, name };
        let sources = self.sources(at, &observed(&key, enabled));
        Some(ListedSegment { key, enabled, disputed, sources })
    }

    fn globals(&mut self) {
        match self.text(self.document, "ca", "") {
            None | Some("unknown") => {}
            Some("integrated") => {
                let sources = self.sources("/ca", "integrated CA");
                self.facts.ca(CaMode::Integrated, sources);
            }
            Some("none") => {
                let sources = self.sources("/ca", "CA-less");
                self.facts.ca(CaMode::None, sources);
            }
            Some(_) => self.invalid("/ca", "one of integrated, none, unknown"),
        }
        if let Some(name) = self.host(self.document, "ca_renewal_server", "") {
            let sources = self.sources("/ca_renewal_server", &format!("CA renewal server {name}"));
            self.facts.ca_renewal_server(name, sources);
        }
        if let Some(name) = self.host(self.document, "dnssec_key_master", "") {
            let sources = self.sources("/dnssec_key_master", &format!("DNSSEC key master {name}"));
            self.facts.dnssec_key_master(name, sources);
        }
        match self.document.get("domain_level") {
            None | Some(Value::Null) => {}
            Some(value) => match value.as_u64() {
                Some(level @ (0 | 1)) => {
                    let sources = self.sources("/domain_level", &format!("domain level {level}"));
                    self.facts.domain_level(level as u8, sources);
                }
                _ => self.invalid("/domain_level", "0, 1 or null"),
            },
        }
    }

    /// Conflicts of an earlier import, by pointer: every value with its own place.
    fn index_conflicts(&mut self) {
        for (at, conflict) in self.objects(self.document, "conflicts", "").unwrap_or_default() {
            let Some(pointer) = self.text(conflict, "pointer", &at) else {
                self.invalid(&at, "a conflict with \"pointer\" and \"values\"");
                continue;
            };
            for (at, stated) in self.objects(conflict, "values", &at).unwrap_or_default() {
                match (stated.get("value"), source(&Value::Object(stated.clone()))) {
                    (Some(value), Some(place)) => {
                        let values = self.conflicts.entry(pointer.to_owned()).or_default();
                        values.push((value.clone(), Sources::from([place])));
                    }
                    _ => self.invalid(&at, "a value with its file"),
                }
            }
        }
    }

    /// States what no other part has taken.
    fn restate_conflicts(&mut self, names: &BTreeMap<String, Fqdn>) {
        for (pointer, values) in std::mem::take(&mut self.conflicts) {
            if self.location_says_it(&pointer, names) {
                continue;
            }
            for (value, sources) in values {
                if !self.restate(&pointer, names, &value, sources) {
                    self.invalid(&pointer, "a pointer of the model, or one of its values");
                }
            }
        }
    }

    /// True if this is the data center of a server whose location is in the document too: the
    /// location is the fact, the data center follows from it.
    fn location_says_it(&self, pointer: &str, names: &BTreeMap<String, Fqdn>) -> bool {
        pointer
            .strip_suffix("/data_center")
            .and_then(|server| names.get(server))
            .is_some_and(|name| self.locations.get(name.as_str()).is_some_and(|at| at.is_null()))
    }

    /// States one value at a pointer. False if the pointer or value is none of the model's.
    fn restate(
        &mut self,
        pointer: &str,
        names: &BTreeMap<String, Fqdn>,
        value: &Value,
        sources: Sources,
    ) -> bool {
        let facts = &mut *self.facts;
        let host = || value.as_str().and_then(Fqdn::parse);
        match pointer {
            "/ca" => match value.as_str() {
                Some("integrated") => facts.ca(CaMode::Integrated, sources),
                Some("none") => facts.ca(CaMode::None, sources),
                _ => return false,
            },
            "/ca_renewal_server" => match host() {
                Some(name) => facts.ca_renewal_server(name, sources),
                None => return false,
            },
            "/dnssec_key_master" => match host() {
                Some(name) => facts.dnssec_key_master(name, sources),
                None => return false,
            },
            "/domain_level" => match value.as_u64() {
                Some(level @ (0 | 1)) => facts.domain_level(level as u8, sources),
                _ => return false,
            },
            _ => {
                let mut parts = pointer.splitn(4, '/');
                let (Some(""), Some(servers), Some(index), Some(rest)) =
                    (parts.next(), parts.next(), parts.next(), parts.next())
                else {
                    return false;
                };
                let Some(name) = names.get(&format!("/{servers}/{index}")) else { return false };
                return match (rest, value) {
                    ("data_center", Value::String(center)) => {
                        facts.data_center(name, center.clone(), sources);
                        true
                    }
                    ("version", Value::String(version)) => {
                        facts.version(name, version.clone(), sources);
                        true
                    }
                    ("crl_publisher", Value::Bool(publishes)) => {
                        facts.crl_publisher(name, *publishes, sources);
                        true
                    }
                    (attribute, Value::Bool(marked)) => {
                        let key = attribute.strip_prefix("attributes/");
                        let Some(attribute) = key.and_then(ServerAttribute::from_key) else {
                            return false;
                        };
                        facts.attribute(name, attribute, *marked, sources);
                        true
                    }
                    (role, Value::String(status)) => {
                        let role = role.strip_prefix("roles/").and_then(Role::from_key);
                        match (role, RoleStatus::parse(status)) {
                            (Some(role), Some(status)) => {
                                facts.role(name, role, status, sources);
                                true
                            }
                            _ => false,
                        }
                    }
                    _ => false,
                };
            }
        }
        true
    }

    fn notes(&mut self) {
        for (at, object) in self.objects(self.document, "notes", "").unwrap_or_default() {
            let code = self.text(object, "code", &at).and_then(|code| {
                NoteCode::ALL.iter().map(|(known, _)| *known).find(|known| known.code() == code)
            });
            let (Some(code), Some(file), Some(message)) =
                (code, self.text(object, "file", &at), self.text(object, "message", &at))
            else {
                self.invalid(&at, "a note with \"code\", \"file\" and \"message\"");
                continue;
            };
            let note = Note {
                file: file.into(),
                line: object.get("line").and_then(Value::as_u64),
                column: object.get("column").and_then(Value::as_u64),
                code,
                message: message.to_owned(),
                help: self.text(object, "help", &at).map(str::to_owned),
                snippet: self.text(object, "snippet", &at).map(str::to_owned),
            };
            self.facts.note(note);
        }
    }
}

/// A place as the model JSON writes it.
fn source(value: &Value) -> Option<Source> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some(Source {
        file: text("file")?.into(),
        line: value.get("line").and_then(Value::as_u64),
        pointer: text("pointer").map(str::to_owned),
        observed: text("observed").unwrap_or_default().to_owned(),
        observed_at: text("observed_at").and_then(Timestamp::parse_rfc3339),
        observed_from: text("observed_from").and_then(Fqdn::parse),
        planned: value.get("planned").and_then(Value::as_bool).unwrap_or(false),
    })
}
