//! Model JSON, `idm-drill/deployment/1`: the whole model with its evidence, so that it can be saved
//! and audited again ([`import`](crate::import) reads it back).

use serde_json::{Map, Value, json};

use crate::copies_json;
use crate::evidence::{Fact, Source, Sources};
use crate::model::{Deployment, Role, ServerAttribute, Suffix};
use crate::note::Note;
use crate::observed_json::{self, Sink as _};

/// Schema name of the document.
pub const SCHEMA: &str = "idm-drill/deployment/1";

/// The model as a JSON text, two blanks per level, ending in a line feed.
///
/// Beside the contract's fields it carries `servers_known`, `suffixes.*.complete`, a segment's
/// `disputed`, and `evidence`: JSON pointer of a fact to the places that state it.
pub fn render(deployment: &Deployment) -> String {
    let mut text = serde_json::to_string_pretty(&document(deployment)).unwrap_or_default();
    text.push('\n');
    text
}

/// The model as a JSON value.
pub fn document(deployment: &Deployment) -> Value {
    let mut writer = Writer { evidence: Map::new(), conflicts: Vec::new() };
    let servers = writer.servers(deployment);
    let suffixes = writer.suffixes(deployment);
    let ca = writer.fact("/ca", &deployment.ca, |mode| json!(mode.name()));
    let host = |name: &crate::model::Fqdn| json!(name.as_str());
    let renewal = writer.fact("/ca_renewal_server", &deployment.ca_renewal_server, host);
    let dnssec = writer.fact("/dnssec_key_master", &deployment.dnssec_key_master, host);
    let level = writer.fact("/domain_level", &deployment.domain_level, |level| json!(level));
    let mut document = json!({
        "schema": SCHEMA,
        "servers": servers,
        "servers_known": deployment.knows_all_servers(),
        "ca": if ca.is_null() { json!("unknown") } else { ca },
        "ca_renewal_server": renewal,
        "dnssec_key_master": dnssec,
        "domain_level": level,
        "suffixes": suffixes,
    });
    let copies = copies_json::write(&deployment.copies, &mut writer);
    let observed = observed_json::write(&deployment.observed, &mut writer);
    if let Some(map) = document.as_object_mut() {
        map.extend(copies);
        map.extend(observed);
        map.insert("conflicts".to_owned(), Value::Array(writer.conflicts));
        map.insert("notes".to_owned(), Value::Array(deployment.notes.iter().map(note).collect()));
        map.insert("evidence".to_owned(), Value::Object(writer.evidence));
    }
    document
}

struct Writer {
    evidence: Map<String, Value>,
    conflicts: Vec<Value>,
}

impl observed_json::Sink for Writer {
    /// Evidence and conflicts go to their own places.
    fn fact<T: Ord + Clone>(
        &mut self,
        pointer: &str,
        fact: &Fact<T>,
        value_of: impl Fn(&T) -> Value,
    ) -> Value {
        match fact {
            Fact::Unknown => Value::Null,
            Fact::Known { value, sources } => {
                self.evidence(pointer, sources);
                value_of(value)
            }
            Fact::Conflict(claims) => {
                let values: Vec<Value> = claims
                    .iter()
                    .flat_map(|(value, sources)| {
                        let value = value_of(value);
                        sources.iter().map(move |source| {
                            let mut place = source_json(source);
                            if let Some(map) = place.as_object_mut() {
                                map.insert("value".to_owned(), value.clone());
                            }
                            place
                        })
                    })
                    .collect();
                self.conflicts.push(json!({ "pointer": pointer, "values": values }));
                Value::Null
            }
        }
    }

    fn evidence(&mut self, pointer: &str, sources: &Sources) {
        if !sources.is_empty() {
            let places: Vec<Value> = sources.iter().map(source_json).collect();
            self.evidence.insert(pointer.to_owned(), Value::Array(places));
        }
    }
}

impl Writer {
    fn servers(&mut self, deployment: &Deployment) -> Vec<Value> {
        self.evidence("/servers", &deployment.server_list);
        let mut servers = Vec::new();
        for (index, (name, server)) in deployment.servers.iter().enumerate() {
            let at = format!("/servers/{index}");
            self.evidence(&at, &server.sources);
            let center = self.fact(&format!("{at}/data_center"), &server.data_center, |c| json!(c));
            let version = self.fact(&format!("{at}/version"), &server.version, |v| json!(v));
            let crl =
                self.fact(&format!("{at}/crl_publisher"), &server.crl_publisher, |p| json!(p));
            let mut roles = Map::new();
            for role in Role::ALL {
                let pointer = format!("{at}/roles/{}", role.key());
                let status = self.fact(&pointer, server.role(role), |s| json!(s.name()));
                let status = if status.is_null() { json!("unknown") } else { status };
                roles.insert(role.key().to_owned(), status);
            }
            let mut attributes = Map::new();
            for attribute in ServerAttribute::ALL {
                let key = attribute.key();
                let pointer = format!("{at}/attributes/{key}");
                let marked = self.fact(&pointer, server.attribute(attribute), |m| json!(m));
                attributes.insert(key.to_owned(), marked);
            }
            servers.push(json!({
                "fqdn": name.as_str(),
                "data_center": center,
                "visibility": server.visibility().name(),
                "version": version,
                "crl_publisher": crl,
                "attributes": attributes,
                "roles": roles,
            }));
        }
        servers
    }

    fn suffixes(&mut self, deployment: &Deployment) -> Value {
        let mut suffixes = Map::new();
        for suffix in Suffix::ALL {
            let topology = deployment.topology(suffix);
            let at = format!("/suffixes/{suffix}");
            self.evidence(&at, &topology.sources);
            let mut segments = Vec::new();
            for (index, segment) in topology.segments.iter().enumerate() {
                self.evidence(&format!("{at}/segments/{index}"), &segment.sources);
                let mut value = json!({
                    "name": segment.key.name,
                    "left": segment.key.left.as_str(),
                    "right": segment.key.right.as_str(),
                    "direction": segment.key.direction.name(),
                });
                if let Some(map) = value.as_object_mut() {
                    if let Some(enabled) = segment.enabled {
                        map.insert("enabled".to_owned(), json!(enabled));
                    }
                    if segment.disputed {
                        map.insert("disputed".to_owned(), json!(true));
                    }
                }
                segments.push(value);
            }
            suffixes.insert(
                suffix.name().to_owned(),
                json!({
                    "known": topology.is_known(),
                    "complete": topology.complete,
                    "segments": segments,
                }),
            );
        }
        Value::Object(suffixes)
    }
}

/// A place as JSON.
pub(crate) fn source_json(source: &Source) -> Value {
    let mut place = json!({
        "file": &*source.file,
        "line": source.line,
        "pointer": source.pointer,
        "observed": source.observed,
        "observed_at": source.observed_at.map(|time| time.to_string()),
        "observed_from": source.observed_from.as_ref().map(crate::model::Fqdn::as_str),
    });
    if let (Some(map), true) = (place.as_object_mut(), source.planned) {
        map.insert("planned".to_owned(), json!(true));
    }
    place
}

/// A note as JSON.
pub(crate) fn note(note: &Note) -> Value {
    let mut value = json!({
        "severity": note.code.severity().name(),
        "code": note.code.code(),
        "file": &*note.file,
        "line": note.line,
        "column": note.column,
        "message": note.message,
        "help": note.help,
    });
    if let (Some(map), Some(snippet)) = (value.as_object_mut(), &note.snippet) {
        map.insert("snippet".to_owned(), json!(snippet));
    }
    value
}
