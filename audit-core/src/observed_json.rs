//! [`Observed`] as part of model JSON: written and read in one place, so that both stay one.
//!
//! Every fact has a JSON pointer. Its places are in the document's `evidence`, its contradicting
//! values in `conflicts`; what has no place of its own is evidenced by its pointer in the file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::evidence::{Fact, Sources};
use crate::model::{
    AgreementKey, AgreementState, Answer, CaSigning, Cell as _, CertificateKey, DeploymentRange,
    Fqdn, IdRange, IdRangeKind, Observed, Ruv, RuvKey, Suffix, Waiver,
};
use crate::recovery::Span;
use crate::replication_words::replica_id;
use crate::time::Timestamp;

/// Keys of the document that this module writes and reads.
pub(crate) const KEYS: [&str; 17] = [
    "agreements",
    "agreement_lists",
    "ruv",
    "dna_ranges",
    "id_ranges",
    "certificates",
    "ca_signing",
    "locations",
    "location_list",
    "server_locations",
    "server_views",
    "upkeep",
    "clock_skews",
    "filesystems",
    "services",
    "answers",
    "waivers",
];

/// Where a written fact's evidence goes.
pub(crate) trait Sink {
    /// The places of what is at a pointer.
    fn evidence(&mut self, pointer: &str, sources: &Sources);

    /// The value of a fact, `null` if it is unknown or disputed.
    fn fact<T: Ord + Clone>(
        &mut self,
        pointer: &str,
        fact: &Fact<T>,
        value_of: impl Fn(&T) -> Value,
    ) -> Value;
}

/// Where a read fact's evidence comes from, and what cannot be read goes.
pub(crate) trait Origin {
    /// The places given for a pointer, else the pointer itself.
    fn sources(&self, pointer: &str, observed: &str) -> Sources;

    /// Takes the contradicting values given for a pointer.
    fn conflict(&mut self, pointer: &str) -> Vec<(Value, Sources)>;

    /// Reports a value that is not what the pointer can have.
    fn invalid(&mut self, pointer: &str, expected: &str);

    /// Reports keys that are not known.
    fn keys(&mut self, map: &Map<String, Value>, at: &str, known: &[&str]);
}

/// Writes everything below its keys; what nothing is known of is `null`.
pub(crate) fn write(observed: &Observed, sink: &mut impl Sink) -> Map<String, Value> {
    let mut out = Map::new();
    let agreements: Vec<Value> = observed
        .agreements
        .iter()
        .enumerate()
        .map(|(index, (key, agreement))| {
            let at = format!("/agreements/{index}");
            sink.evidence(&at, &agreement.sources);
            json!({
                "on": key.on.as_str(),
                "suffix": key.suffix.name(),
                "peer": key.peer.as_str(),
                "enabled": sink.fact(&format!("{at}/enabled"), &agreement.enabled, |on| json!(on)),
                "state": sink.fact(&format!("{at}/state"), &agreement.state, |s| json!(s.name())),
                "updated_at": agreement.updated_at.map(|time| time.to_string()),
            })
        })
        .collect();
    put(&mut out, "agreements", agreements);
    let lists: Vec<Value> = observed
        .agreement_lists
        .iter()
        .enumerate()
        .map(|(index, ((on, suffix), sources))| {
            sink.evidence(&format!("/agreement_lists/{index}"), sources);
            json!({ "on": on.as_str(), "suffix": suffix.name() })
        })
        .collect();
    put(&mut out, "agreement_lists", lists);
    put(&mut out, "ruv", write_ruvs(observed, sink));
    let dna: Vec<Value> = observed
        .dna
        .iter()
        .enumerate()
        .map(|(index, (server, dna))| {
            let at = format!("/dna_ranges/{index}");
            let (range_at, next_at) = (format!("{at}/range"), format!("{at}/next_range"));
            let left_at = format!("{at}/remaining");
            json!({
                "fqdn": server.as_str(),
                "range": sink.fact(&range_at, &dna.range, |r| range_json(*r)),
                "next_range": sink.fact(&next_at, &dna.next_range, |r| range_json(*r)),
                "remaining": sink.fact(&left_at, &dna.remaining, |left| json!(left)),
            })
        })
        .collect();
    put(&mut out, "dna_ranges", dna);
    let ranges: Vec<Value> = observed
        .id_ranges
        .iter()
        .enumerate()
        .map(|(index, (name, range))| {
            let value = |range: &DeploymentRange| {
                json!({
                    "kind": range.kind.name(),
                    "first": range.ids.first,
                    "last": range.ids.last,
                })
            };
            json!({
                "name": name,
                "range": sink.fact(&format!("/id_ranges/{index}/range"), range, value),
            })
        })
        .collect();
    put(&mut out, "id_ranges", ranges);
    let certificates: Vec<Value> = observed
        .certificates
        .iter()
        .enumerate()
        .map(|(index, (key, certificate))| {
            let at = format!("/certificates/{index}");
            sink.evidence(&at, &certificate.sources);
            let time = |time: &Timestamp| json!(time.to_string());
            json!({
                "on": key.on.as_str(),
                "name": key.name,
                "issued": sink.fact(&format!("{at}/issued"), &certificate.issued, time),
                "expires": sink.fact(&format!("{at}/expires"), &certificate.expires, time),
                "tracked": sink.fact(&format!("{at}/tracked"), &certificate.tracked, |t| json!(t)),
            })
        })
        .collect();
    put(&mut out, "certificates", certificates);
    let signing = sink.fact("/ca_signing", &observed.ca_signing, |s| json!(s.name()));
    out.insert("ca_signing".to_owned(), signing);
    write_places(observed, sink, &mut out);
    write_upkeep(observed, sink, &mut out);
    write_declared(observed, sink, &mut out);
    out
}

/// Adds a list, or `null` for an empty one.
fn put(out: &mut Map<String, Value>, key: &str, list: Vec<Value>) {
    let value = if list.is_empty() { Value::Null } else { Value::Array(list) };
    out.insert(key.to_owned(), value);
}

fn range_json(range: Option<IdRange>) -> Value {
    match range {
        Some(range) => json!({ "first": range.first, "last": range.last }),
        None => json!("none"),
    }
}

fn write_ruvs(observed: &Observed, sink: &mut impl Sink) -> Vec<Value> {
    let mut ruvs = Vec::new();
    for (index, (key, ruv)) in observed.ruvs.iter().enumerate() {
        let mut row = write_ruv(&format!("/ruv/{index}"), ruv, sink);
        row.insert("on".to_owned(), json!(key.on.as_ref().map(Fqdn::as_str)));
        row.insert("suffix".to_owned(), json!(key.suffix.name()));
        ruvs.push(Value::Object(row));
    }
    ruvs
}

/// A RUV without whose it is.
pub(crate) fn write_ruv(at: &str, ruv: &Ruv, sink: &mut impl Sink) -> Map<String, Value> {
    sink.evidence(at, &ruv.sources);
    let own_id = sink.fact(&format!("{at}/own_id"), &ruv.own_id, |id| json!(id));
    let generation = sink.fact(&format!("{at}/generation"), &ruv.generation, |g| json!(g));
    let mut replicas = Vec::new();
    for (index, (id, element)) in ruv.replicas.iter().enumerate() {
        let at = format!("{at}/replicas/{index}");
        sink.evidence(&at, &element.sources);
        replicas.push(json!({
            "id": id,
            "host": sink.fact(&format!("{at}/host"), &element.host, |h| json!(h.as_str())),
            "max_csn": element.max_csn,
        }));
    }
    Map::from_iter([
        ("own_id".to_owned(), own_id),
        ("generation".to_owned(), generation),
        ("replicas".to_owned(), Value::Array(replicas)),
    ])
}

fn write_places(observed: &Observed, sink: &mut impl Sink, out: &mut Map<String, Value>) {
    let locations: Vec<Value> = observed
        .locations
        .iter()
        .enumerate()
        .map(|(index, (name, sources))| {
            let at = format!("/locations/{index}");
            sink.evidence(&at, sources);
            json!({ "name": name })
        })
        .collect();
    put(out, "locations", locations);
    sink.evidence("/location_list", &observed.location_list);
    let listed = (!observed.location_list.is_empty()).then_some(true);
    out.insert("location_list".to_owned(), json!(listed));
    let mut at_locations = Vec::new();
    for (index, (server, location)) in observed.server_locations.iter().enumerate() {
        let pointer = format!("/server_locations/{index}/location");
        at_locations.push(json!({
            "fqdn": server.as_str(),
            "location": sink.fact(&pointer, location, |name| json!(name)),
        }));
    }
    put(out, "server_locations", at_locations);
    let views: Vec<Value> = observed
        .server_views
        .iter()
        .enumerate()
        .map(|(index, (server, view))| {
            let names = |names: &BTreeSet<Fqdn>| {
                Value::Array(names.iter().map(|name| json!(name.as_str())).collect())
            };
            json!({
                "on": server.as_str(),
                "servers": sink.fact(&format!("/server_views/{index}/servers"), view, names),
            })
        })
        .collect();
    put(out, "server_views", views);
}

fn write_upkeep(observed: &Observed, sink: &mut impl Sink, out: &mut Map<String, Value>) {
    let mut upkeep = Vec::new();
    for (index, (key, kept)) in observed.upkeep.iter().enumerate() {
        let at = format!("/upkeep/{index}");
        let span = |span: &Span| json!(span.to_string());
        let age = sink.fact(&format!("{at}/changelog_max_age"), &kept.changelog_max_age, span);
        let delay = sink.fact(&format!("{at}/purge_delay"), &kept.purge_delay, span);
        let conflicts = sink.fact(&format!("{at}/conflicts"), &kept.conflicts, |n| json!(n));
        upkeep.push(json!({
            "on": key.on.as_str(),
            "suffix": key.suffix.name(),
            "changelog_max_age": age,
            "purge_delay": delay,
            "conflicts": conflicts,
        }));
    }
    put(out, "upkeep", upkeep);
    let mut skews = Vec::new();
    for (index, (server, skew)) in observed.clock_skews.iter().enumerate() {
        let seconds = sink.fact(&format!("/clock_skews/{index}/seconds"), skew, |s| json!(s));
        skews.push(json!({ "on": server.as_str(), "seconds": seconds }));
    }
    put(out, "clock_skews", skews);
    let mut filesystems = Vec::new();
    for (index, ((server, path), enough)) in observed.filesystems.iter().enumerate() {
        let enough = sink.fact(&format!("/filesystems/{index}/enough"), enough, |e| json!(e));
        filesystems.push(json!({ "on": server.as_str(), "path": path, "enough": enough }));
    }
    put(out, "filesystems", filesystems);
    let mut services = Vec::new();
    for (index, ((server, name), runs)) in observed.services.iter().enumerate() {
        let runs = sink.fact(&format!("/services/{index}/runs"), runs, |runs| json!(runs));
        services.push(json!({ "on": server.as_str(), "name": name, "runs": runs }));
    }
    put(out, "services", services);
}

fn write_declared(observed: &Observed, sink: &mut impl Sink, out: &mut Map<String, Value>) {
    let answers: Vec<Value> = observed
        .answers
        .iter()
        .enumerate()
        .map(|(index, (question, answer))| {
            let value = |answer: &Answer| match answer {
                Answer::Bool(answer) => json!(answer),
                Answer::Number(answer) => json!(answer),
                Answer::Text(answer) => json!(answer),
            };
            json!({
                "question": question,
                "answer": sink.fact(&format!("/answers/{index}/answer"), answer, value),
            })
        })
        .collect();
    put(out, "answers", answers);
    let waivers: Vec<Value> = observed
        .waivers
        .iter()
        .enumerate()
        .map(|(index, waiver)| {
            sink.evidence(&format!("/waivers/{index}"), &waiver.sources);
            json!({
                "rule": waiver.rule,
                "subject": waiver.subject,
                "reason": waiver.reason,
                "owner": waiver.owner,
                "expires": waiver.expires.map(|time| time.to_string()),
            })
        })
        .collect();
    put(out, "waivers", waivers);
}

/// Reads everything below its keys. What cannot be read is reported and left out.
pub(crate) fn read(document: &Map<String, Value>, origin: &mut impl Origin) -> Observed {
    let mut reader = Reader::new(document, origin);
    reader.agreements();
    reader.ruvs();
    reader.ids();
    reader.certificates();
    reader.places();
    reader.upkeep();
    reader.declared();
    reader.observed
}

/// Reads rows of a document with their pointers.
pub(crate) struct Reader<'a, O> {
    document: &'a Map<String, Value>,
    /// Where evidence comes from and remarks go.
    pub(crate) origin: &'a mut O,
    observed: Observed,
}

/// An object of a list, with its pointer.
pub(crate) type Row<'a> = (String, &'a Map<String, Value>);

impl<'a, O: Origin> Reader<'a, O> {
    /// A reader of a document.
    pub(crate) fn new(document: &'a Map<String, Value>, origin: &'a mut O) -> Self {
        Self { document, origin, observed: Observed::default() }
    }

    /// The objects of a list.
    pub(crate) fn rows(
        &mut self,
        map: &'a Map<String, Value>,
        at: &str,
        key: &str,
        keys: &[&str],
    ) -> Vec<Row<'a>> {
        let pointer = format!("{at}/{key}");
        let items = match map.get(key) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.origin.invalid(&pointer, "a list");
                return Vec::new();
            }
        };
        let mut rows = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            match item.as_object() {
                Some(row) => {
                    self.origin.keys(row, &pointer, keys);
                    rows.push((pointer, row));
                }
                None => self.origin.invalid(&pointer, "an object"),
            }
        }
        rows
    }

    /// The fact at `at`/`key`: its value, or its contradicting values.
    pub(crate) fn fact<T: Ord + Clone>(
        &mut self,
        (at, row): &Row<'_>,
        key: &str,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Fact<T> {
        let pointer = format!("{at}/{key}");
        let mut fact = Fact::Unknown;
        let direct = row.get(key).filter(|value| !value.is_null());
        let direct = direct.map(|value| {
            let observed = format!("{key}: {}", plain(value));
            (value.clone(), self.origin.sources(&pointer, &observed))
        });
        for (value, sources) in direct.into_iter().chain(self.origin.conflict(&pointer)) {
            match parse(&value) {
                Some(value) => fact.claim(value, sources),
                None => self.origin.invalid(&pointer, expected),
            }
        }
        fact
    }

    /// A value that the row must have.
    pub(crate) fn must<T>(
        &mut self,
        (at, row): &Row<'_>,
        key: &str,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let found = row.get(key).and_then(parse);
        if found.is_none() {
            self.origin.invalid(&format!("{at}/{key}"), expected);
        }
        found
    }

    /// A value that may be missing.
    pub(crate) fn may<T>(
        &mut self,
        row: &Row<'_>,
        key: &str,
        expected: &str,
        parse: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        match row.1.get(key) {
            None | Some(Value::Null) => None,
            Some(_) => self.must(row, key, expected, parse),
        }
    }

    fn agreements(&mut self) {
        let keys = ["on", "suffix", "peer", "enabled", "state", "updated_at"];
        for row in self.rows(self.document, "", "agreements", &keys) {
            let (Some(on), Some(suffix), Some(peer)) = (
                self.must(&row, "on", HOST, host),
                self.must(&row, "suffix", SUFFIX, suffix),
                self.must(&row, "peer", HOST, host),
            ) else {
                continue;
            };
            let sources = self.origin.sources(&row.0, &format!("agreement {on} to {peer}"));
            let enabled = self.fact(&row, "enabled", "true, false or null", Value::as_bool);
            let state = self.fact(&row, "state", "a class of agreement states", |value| {
                AgreementState::parse(value.as_str()?)
            });
            let updated_at = self.may(&row, "updated_at", TIME, time);
            let agreement = self.observed.agreement(AgreementKey { on, suffix, peer }, sources);
            agreement.enabled.merge(enabled);
            agreement.state.merge(state);
            agreement.updated_at = agreement.updated_at.max(updated_at);
        }
        for row in self.rows(self.document, "", "agreement_lists", &["on", "suffix"]) {
            if let (Some(on), Some(suffix)) =
                (self.must(&row, "on", HOST, host), self.must(&row, "suffix", SUFFIX, suffix))
            {
                let sources = self.origin.sources(&row.0, &format!("all agreements of {on}"));
                self.observed.agreement_lists.entry((on, suffix)).or_default().extend(sources);
            }
        }
    }

    fn ruvs(&mut self) {
        let keys = ["on", "suffix", "own_id", "generation", "replicas"];
        for row in self.rows(self.document, "", "ruv", &keys) {
            let on = self.may(&row, "on", HOST, host);
            let Some(suffix) = self.must(&row, "suffix", SUFFIX, suffix) else { continue };
            let ruv = self.ruv(&row, suffix);
            self.observed.ruvs.entry(RuvKey { on, suffix }).or_default().merge(ruv);
        }
    }

    /// A RUV without whose it is.
    pub(crate) fn ruv(&mut self, row: &Row<'a>, suffix: Suffix) -> Ruv {
        let mut ruv = Ruv {
            sources: self.origin.sources(&row.0, &format!("RUV of suffix {suffix}")),
            own_id: self.fact(row, "own_id", REPLICA_ID, replica_id),
            generation: self.fact(row, "generation", "a text", text),
            ..Ruv::default()
        };
        for row in self.rows(row.1, &row.0, "replicas", &["id", "host", "max_csn"]) {
            if let Some(id) = self.must(&row, "id", REPLICA_ID, replica_id) {
                let sources = self.origin.sources(&row.0, &format!("replica {id}"));
                let of = self.fact(&row, "host", HOST, host);
                let max_csn = self.may(&row, "max_csn", "a text", text);
                let element = ruv.replica(id, sources);
                element.host.merge(of);
                element.state_max_csn(max_csn);
            }
        }
        ruv
    }

    fn ids(&mut self) {
        let keys = ["fqdn", "range", "next_range", "remaining"];
        for row in self.rows(self.document, "", "dna_ranges", &keys) {
            let Some(server) = self.must(&row, "fqdn", HOST, host) else { continue };
            let range = self.fact(&row, "range", RANGE, optional_range);
            let next_range = self.fact(&row, "next_range", RANGE, optional_range);
            let remaining = self.fact(&row, "remaining", "a number", Value::as_u64);
            let dna = self.observed.dna.entry(server).or_default();
            dna.range.merge(range);
            dna.next_range.merge(next_range);
            for (left, sources) in remaining.claims() {
                dna.state_remaining(left, sources);
            }
        }
        for row in self.rows(self.document, "", "id_ranges", &["name", "range"]) {
            let Some(name) = self.must(&row, "name", "a text", text) else { continue };
            let range = self.fact(&row, "range", "an object with kind, first and last", |value| {
                let kind = IdRangeKind::parse(value.get("kind")?.as_str()?)?;
                Some(DeploymentRange { kind, ids: id_range(value)? })
            });
            self.observed.id_ranges.entry(name).or_default().merge(range);
        }
    }

    fn certificates(&mut self) {
        let keys = ["on", "name", "issued", "expires", "tracked"];
        for row in self.rows(self.document, "", "certificates", &keys) {
            let (Some(on), Some(name)) =
                (self.must(&row, "on", HOST, host), self.must(&row, "name", "a text", text))
            else {
                continue;
            };
            let sources = self.origin.sources(&row.0, &format!("certificate {name} on {on}"));
            let issued = self.fact(&row, "issued", TIME, time);
            let expires = self.fact(&row, "expires", TIME, time);
            let tracked = self.fact(&row, "tracked", "true, false or null", Value::as_bool);
            let certificate = self.observed.certificate(CertificateKey { on, name }, sources);
            certificate.issued.merge(issued);
            certificate.expires.merge(expires);
            certificate.tracked.merge(tracked);
        }
        let document = (String::new(), self.document);
        let signing = self.fact(&document, "ca_signing", "self, external or null", |value| {
            CaSigning::parse(value.as_str()?)
        });
        self.observed.ca_signing.merge(signing);
    }

    fn places(&mut self) {
        for row in self.rows(self.document, "", "locations", &["name"]) {
            if let Some(name) = self.must(&row, "name", "a text", text) {
                let sources = self.origin.sources(&row.0, &format!("location {name}"));
                self.observed.locations.entry(name).or_default().extend(sources);
            }
        }
        let document = (String::new(), self.document);
        if self.may(&document, "location_list", "true or null", Value::as_bool) == Some(true) {
            let sources = self.origin.sources("/location_list", "all locations");
            self.observed.location_list.extend(sources);
        }
        for row in self.rows(self.document, "", "server_locations", &["fqdn", "location"]) {
            if let Some(server) = self.must(&row, "fqdn", HOST, host) {
                let location = self.fact(&row, "location", "a text", text);
                self.observed.server_locations.entry(server).or_default().merge(location);
            }
        }
        for row in self.rows(self.document, "", "server_views", &["on", "servers"]) {
            if let Some(server) = self.must(&row, "on", HOST, host) {
                let view = self.fact(&row, "servers", "a list of host names", |value| {
                    value.as_array()?.iter().map(host).collect::<Option<BTreeSet<Fqdn>>>()
                });
                self.observed.server_views.entry(server).or_default().merge(view);
            }
        }
    }

    fn upkeep(&mut self) {
        let keys = ["on", "suffix", "changelog_max_age", "purge_delay", "conflicts"];
        for row in self.rows(self.document, "", "upkeep", &keys) {
            let (Some(on), Some(suffix)) =
                (self.must(&row, "on", HOST, host), self.must(&row, "suffix", SUFFIX, suffix))
            else {
                continue;
            };
            let span = |value: &Value| Span::of_json(value);
            let age = self.fact(&row, "changelog_max_age", Span::EXPECTED, span);
            let delay = self.fact(&row, "purge_delay", Span::EXPECTED, span);
            let conflicts = self.fact(&row, "conflicts", u64::EXPECTED, Value::as_u64);
            let kept = self.observed.upkeep(&on, suffix);
            kept.changelog_max_age.merge(age);
            kept.purge_delay.merge(delay);
            kept.conflicts.merge(conflicts);
        }
        for row in self.rows(self.document, "", "clock_skews", &["on", "seconds"]) {
            if let Some(server) = self.must(&row, "on", HOST, host) {
                let skew = self.fact(&row, "seconds", u64::EXPECTED, Value::as_u64);
                self.observed.clock_skews.entry(server).or_default().merge(skew);
            }
        }
        for (table, name, state) in
            [("filesystems", "path", "enough"), ("services", "name", "runs")]
        {
            for row in self.rows(self.document, "", table, &["on", name, state]) {
                let (Some(on), Some(of)) =
                    (self.must(&row, "on", HOST, host), self.must(&row, name, "a text", text))
                else {
                    continue;
                };
                let fact = self.fact(&row, state, bool::EXPECTED, Value::as_bool);
                let cells = match table {
                    "filesystems" => &mut self.observed.filesystems,
                    _ => &mut self.observed.services,
                };
                cells.entry((on, of)).or_default().merge(fact);
            }
        }
    }

    fn declared(&mut self) {
        for row in self.rows(self.document, "", "answers", &["question", "answer"]) {
            if let Some(question) = self.must(&row, "question", "a text", text) {
                let answer = self.fact(
                    &row,
                    "answer",
                    "true, false, a number or a text",
                    |value| match value {
                        Value::Bool(answer) => Some(Answer::Bool(*answer)),
                        Value::Number(number) => number.as_u64().map(Answer::Number),
                        Value::String(text) => Some(Answer::Text(text.clone())),
                        _ => None,
                    },
                );
                self.observed.answers.entry(question).or_default().merge(answer);
            }
        }
        let keys = ["rule", "subject", "reason", "owner", "expires"];
        for row in self.rows(self.document, "", "waivers", &keys) {
            let (Some(rule), Some(reason), Some(owner)) = (
                self.must(&row, "rule", "a text", text),
                self.must(&row, "reason", "a text", text),
                self.must(&row, "owner", "a text", text),
            ) else {
                continue;
            };
            let waiver = Waiver {
                subject: self.may(&row, "subject", "a text", text),
                expires: self.may(&row, "expires", TIME, time),
                sources: self.origin.sources(&row.0, &format!("waiver of {rule}")),
                rule,
                reason,
                owner,
            };
            self.observed.waivers.insert(waiver);
        }
    }
}

const HOST: &str = "a host name";
const SUFFIX: &str = "domain or ca";
const TIME: &str = "a time such as 2026-11-22T12:00:00Z";
const RANGE: &str = "an object with first and last, or \"none\"";
const REPLICA_ID: &str = "a replica id from 1 to 65535";

fn host(value: &Value) -> Option<Fqdn> {
    Fqdn::parse(value.as_str()?)
}

fn suffix(value: &Value) -> Option<Suffix> {
    Suffix::parse(value.as_str()?)
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value.as_str()?)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn id_range(value: &Value) -> Option<IdRange> {
    IdRange::new(value.get("first")?.as_u64()?, value.get("last")?.as_u64()?)
}

#[expect(clippy::option_option, reason = "known to be none, and not readable")]
fn optional_range(value: &Value) -> Option<Option<IdRange>> {
    if value == "none" { Some(None) } else { id_range(value).map(Some) }
}

/// A value in words, for evidence: of an object only the keys that are read.
fn plain(value: &Value) -> String {
    const READ: [&str; 3] = ["kind", "first", "last"];
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let known = READ.iter().filter_map(|key| Some((*key, map.get(*key)?)));
            let scalar = known.filter(|(_, value)| value.is_string() || value.is_number());
            scalar
                .map(|(key, value)| format!("{key} {}", plain(value)))
                .collect::<Vec<_>>()
                .join(" ")
        }
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Contradicting values by pointer.
pub(crate) type Conflicts = BTreeMap<String, Vec<(Value, Sources)>>;
