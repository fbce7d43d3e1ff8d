//! [`Copies`] as part of model JSON and of `answers.toml`: written and read in one place, so that
//! all stay one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::evidence::{Fact, Sources};
use crate::model::{
    Backup, BackupKind, Cell, Copies, CopyTable, EachCell, Fqdn, Medium, Record, Ruv, Suffix,
};
use crate::observed_json::{self, Origin, Reader, Row, Sink};
use crate::recovery::Span;
use crate::time::Timestamp;

/// Keys of the document that this module writes and reads.
pub(crate) const KEYS: [&str; 14] = [
    "backups",
    "backups_known",
    "snapshots",
    "snapshots_known",
    "stores",
    "stores_known",
    "keys",
    "keys_known",
    "schedules",
    "schedules_known",
    "rehearsals",
    "rehearsals_known",
    "targets",
    "vms",
];

impl Cell for Fqdn {
    const EXPECTED: &'static str = "a host name";

    fn to_json(&self) -> Value {
        json!(self.as_str())
    }

    fn of_json(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?)
    }
}

impl Cell for BackupKind {
    const EXPECTED: &'static str = "full or data";

    fn to_json(&self) -> Value {
        json!(self.name())
    }

    fn of_json(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?)
    }
}

impl Cell for Medium {
    const EXPECTED: &'static str = "disk, network, object, tape or optical";

    fn to_json(&self) -> Value {
        json!(self.name())
    }

    fn of_json(value: &Value) -> Option<Self> {
        Self::parse(value.as_str()?)
    }
}

impl Cell for Timestamp {
    const EXPECTED: &'static str = "a time such as 2026-11-22T12:00:00Z";

    fn to_json(&self) -> Value {
        json!(self.to_string())
    }

    fn of_json(value: &Value) -> Option<Self> {
        Self::parse_rfc3339(value.as_str()?)
    }
}

impl Cell for Span {
    const EXPECTED: &'static str = "a span such as 90s, 15m, 6h or 7d";

    fn to_json(&self) -> Value {
        json!(self.to_string())
    }

    fn of_json(value: &Value) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
}

impl Cell for String {
    const EXPECTED: &'static str = "a text";

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn of_json(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Cell for BTreeSet<String> {
    const EXPECTED: &'static str = "a list of texts";

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn of_json(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }
}

impl Cell for bool {
    const EXPECTED: &'static str = "true, false or null";

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn of_json(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Cell for u64 {
    const EXPECTED: &'static str = "a number from 0 on";

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn of_json(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

struct Writing<'w, S> {
    at: &'w str,
    sink: &'w mut S,
    row: Map<String, Value>,
}

impl<S: Sink> EachCell for Writing<'_, S> {
    fn cell<T: Cell>(&mut self, key: &'static str, fact: &mut Fact<T>) {
        let value = self.sink.fact(&format!("{}/{key}", self.at), fact, Cell::to_json);
        self.row.insert(key.to_owned(), value);
    }
}

fn write_record(at: &str, record: &mut impl Record, sink: &mut impl Sink) -> Map<String, Value> {
    sink.evidence(at, record.sources());
    let mut writing = Writing { at, sink, row: Map::new() };
    record.each(&mut writing);
    writing.row
}

/// Writes everything below its keys; what nothing is known of is `null`.
pub(crate) fn write(copies: &Copies, sink: &mut impl Sink) -> Map<String, Value> {
    // Cells are visited as they are changed: on a clone.
    let mut copies = copies.clone();
    let mut out = Map::new();
    for table in CopyTable::ALL {
        let key = table.key();
        let mut rows: Vec<Value> = Vec::new();
        let mut put = |name: &'static str, id: String, mut row: Map<String, Value>| {
            row.insert(name.to_owned(), json!(id));
            rows.push(Value::Object(row));
        };
        macro_rules! each {
            ($records:expr, $name:literal, $more:expr) => {
                for (index, (id, record)) in $records.iter_mut().enumerate() {
                    let at = format!("/{key}/{index}");
                    #[allow(unused_mut, reason = "some records have no more than cells")]
                    let mut row = write_record(&at, record, sink);
                    $more(&at, record, &mut row, &mut *sink);
                    put($name, id.to_string(), row);
                }
            };
        }
        match table {
            CopyTable::Backups => each!(copies.backups, "id", write_ruvs),
            CopyTable::Snapshots => each!(copies.snapshots, "id", |_, _, _, _: &mut _| ()),
            CopyTable::Stores => each!(copies.stores, "id", |_, _, _, _: &mut _| ()),
            CopyTable::Keys => each!(copies.keys, "id", |_, _, _, _: &mut _| ()),
            CopyTable::Schedules => each!(copies.schedules, "id", |_, _, _, _: &mut _| ()),
            CopyTable::Rehearsals => each!(copies.rehearsals, "at", |_, _, _, _: &mut _| ()),
        }
        let whole = copies.whole.get(&table);
        if rows.is_empty() && whole.is_none() {
            out.insert(key.to_owned(), Value::Null);
            continue;
        }
        if let Some(sources) = whole {
            sink.evidence(&format!("/{key}"), sources);
        }
        out.insert(format!("{key}_known"), json!(whole.is_some()));
        out.insert(key.to_owned(), Value::Array(rows));
    }
    let targets = if copies.targets == crate::model::Targets::default() {
        Value::Null
    } else {
        Value::Object(write_record("/targets", &mut copies.targets, sink))
    };
    out.insert("targets".to_owned(), targets);
    let vms: Vec<Value> = copies
        .vms
        .iter()
        .enumerate()
        .map(|(index, (vm, host))| {
            let host = sink.fact(&format!("/vms/{index}/host"), host, Cell::to_json);
            json!({ "vm": vm, "host": host })
        })
        .collect();
    let vms = if vms.is_empty() { Value::Null } else { Value::Array(vms) };
    out.insert("vms".to_owned(), vms);
    out
}

fn write_ruvs(at: &str, backup: &Backup, row: &mut Map<String, Value>, sink: &mut impl Sink) {
    let mut ruvs = Vec::new();
    for (index, (suffix, ruv)) in backup.ruvs.iter().enumerate() {
        let mut row = observed_json::write_ruv(&format!("{at}/ruv/{index}"), ruv, sink);
        row.insert("suffix".to_owned(), json!(suffix.name()));
        ruvs.push(Value::Object(row));
    }
    if !ruvs.is_empty() {
        row.insert("ruv".to_owned(), Value::Array(ruvs));
    }
}

/// Whether a list without a word on it is whole, by what it is and how many rows it has.
pub(crate) type IsWhole = fn(CopyTable, usize) -> bool;

struct Reading<'r, 'a, O> {
    reader: &'r mut Reader<'a, O>,
    row: &'r Row<'a>,
}

impl<O: Origin> EachCell for Reading<'_, '_, O> {
    fn cell<T: Cell>(&mut self, key: &'static str, fact: &mut Fact<T>) {
        fact.merge(self.reader.fact(self.row, key, T::EXPECTED, T::of_json));
    }
}

/// Reads everything below its keys. What cannot be read is reported and left out.
pub(crate) fn read(
    document: &Map<String, Value>,
    origin: &mut impl Origin,
    is_whole: IsWhole,
) -> Copies {
    let mut reader = Reader::new(document, origin);
    let mut copies = Copies::default();
    for table in CopyTable::ALL {
        let key = table.key();
        let Some(Value::Array(stated)) = document.get(key) else {
            // Reports what is no list.
            reader.rows(document, "", key, &[]);
            // Without rows of its own: those of the other inputs are all.
            let at = format!("{key}_known");
            let whole = (String::new(), document);
            if document.get(key).is_none()
                && reader.may(&whole, &at, bool::EXPECTED, Value::as_bool) == Some(true)
            {
                let observed = format!("the {key} in the inputs are all");
                let sources = reader.origin.sources(&format!("/{at}"), &observed);
                copies.state_whole(table, sources);
            }
            continue;
        };
        macro_rules! each {
            ($records:expr, $of:ty, $name:literal, $id:expr, $expected:expr, $also:expr) => {{
                let keys = [<$of>::KEYS, $also, &[$name]].concat();
                for row in reader.rows(document, "", key, &keys) {
                    let Some(id) = reader.must(&row, $name, $expected, $id) else { continue };
                    let mut record = <$of>::default();
                    let observed = format!("{} {id}", key.trim_end_matches('s'));
                    *record.sources() = reader.origin.sources(&row.0, &observed);
                    record.each(&mut Reading { reader: &mut reader, row: &row });
                    let kept = $records.entry(id).or_default();
                    kept.merge(record);
                    read_more(kept, &mut reader, &row);
                }
                $records.len()
            }};
        }
        let text = |value: &Value| String::of_json(value).filter(|id| !id.is_empty());
        let read = match table {
            CopyTable::Backups => {
                each!(copies.backups, Backup, "id", text, "a text", &["ruv"])
            }
            CopyTable::Snapshots => {
                each!(copies.snapshots, crate::model::Snapshot, "id", text, "a text", &[])
            }
            CopyTable::Stores => {
                each!(copies.stores, crate::model::Store, "id", text, "a text", &[])
            }
            CopyTable::Keys => each!(copies.keys, crate::model::Key, "id", text, "a text", &[]),
            CopyTable::Schedules => {
                each!(copies.schedules, crate::model::Schedule, "id", text, "a text", &[])
            }
            CopyTable::Rehearsals => {
                let expected = Timestamp::EXPECTED;
                let at = Timestamp::of_json;
                each!(copies.rehearsals, crate::model::Rehearsal, "at", at, expected, &[])
            }
        };
        let at = format!("/{key}");
        let known = reader.may(
            &(String::new(), document),
            &format!("{key}_known"),
            bool::EXPECTED,
            Value::as_bool,
        );
        if known.unwrap_or_else(|| is_whole(table, stated.len())) && read == stated.len() {
            let observed = format!("these {} {key} are all", stated.len());
            let sources: Sources = reader.origin.sources(&at, &observed);
            copies.state_whole(table, sources);
        }
    }
    match document.get("targets") {
        None | Some(Value::Null) => {}
        Some(Value::Object(targets)) => {
            reader.origin.keys(targets, "/targets", crate::model::Targets::KEYS);
            let row = ("/targets".to_owned(), targets);
            copies.targets.sources = reader.origin.sources("/targets", "targets");
            copies.targets.each(&mut Reading { reader: &mut reader, row: &row });
        }
        Some(_) => reader.origin.invalid("/targets", "an object"),
    }
    for row in reader.rows(document, "", "vms", &["vm", "host"]) {
        if let Some(vm) = reader.must(&row, "vm", "a text", String::of_json) {
            // With its domain: a word alone may be anything.
            let full = |value: &Value| Fqdn::of_json(value).filter(|h| h.as_str().contains('.'));
            let host = reader.fact(&row, "host", "a host name with its domain", full);
            copies.vms.entry(vm).or_default().merge(host);
        }
    }
    copies
}

/// What a record has beside its cells.
trait More {
    fn ruvs(&mut self) -> Option<&mut std::collections::BTreeMap<Suffix, Ruv>> {
        None
    }
}

impl More for Backup {
    fn ruvs(&mut self) -> Option<&mut std::collections::BTreeMap<Suffix, Ruv>> {
        Some(&mut self.ruvs)
    }
}

impl More for crate::model::Snapshot {}
impl More for crate::model::Store {}
impl More for crate::model::Key {}
impl More for crate::model::Schedule {}
impl More for crate::model::Rehearsal {}

fn read_more<'a, O: Origin>(record: &mut impl More, reader: &mut Reader<'a, O>, row: &Row<'a>) {
    let Some(ruvs) = record.ruvs() else { return };
    let keys = ["suffix", "own_id", "generation", "replicas"];
    for row in reader.rows(row.1, &row.0, "ruv", &keys) {
        let suffix = |value: &Value| Suffix::parse(value.as_str()?);
        if let Some(suffix) = reader.must(&row, "suffix", "domain or ca", suffix) {
            let ruv = reader.ruv(&row, suffix);
            ruvs.entry(suffix).or_default().merge(ruv);
        }
    }
}
