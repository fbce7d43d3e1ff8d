//! `answers.toml`: what exports can never say, declared by somebody who knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Format, Named, Reads};
use crate::copies_json;
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Answer, CaMode, CaSigning, CopyTable, Fqdn, Waiver};
use crate::note::{Note, NoteCode};
use crate::observed_json::Origin;
use crate::questions::{self, CLIENTS, Passes, RESULT, SCHEMA};
use crate::time::Timestamp;

/// Reads the answers to open questions, `idm-drill/answers/1`.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `schema = "idm-drill/answers/1"` | what the file is; must be there |
/// | `[data_centers]` `berlin = ["ipa1.example.test"]` | the data center of each server; goes before its location |
/// | `[answers]` `ha-software = false` | the answer to a question; `clients` is how many clients there are |
/// | `[facts]` `crl_publisher`, `ca_renewal_server`, `dnssec_key_master`, `ca`, `ca_signing` | the fact, like that of an export |
/// | `[[stores]]` `id`, `host`, `data_center`, `medium`, `separate_filesystem`, `paths`, `readable` | a place of copies; `paths` are folders by which inputs and listings name it |
/// | `[[keys]]` `id`, `locations`, `escrowed`, `expires` | a key that decrypts copies |
/// | `[[schedules]]` `id`, `host`, `makes`, `every`, `keeps` | how often copies are made |
/// | `[[rehearsals]]` `at`, `copy`, `succeeded`, `took` | a restore that was rehearsed |
/// | `[targets]` `rpo`, `rto`, `noticed_within` | what the operators are held to, as `24h` or `7d` |
/// | `[vms]` `"vm-name" = "ipa1.example.test"` | which server a VM is |
/// | `[[backups]]`, `[[snapshots]]` | copies that no export shows, with the keys of model JSON; `backups = []`: there are none; `backups_known = true`: those in the inputs are all |
/// | `[[waivers]]` `rule`, `subject`, `reason`, `owner`, `expires` | a finding that somebody decided to live with |
///
/// Everything here is a statement, not a measurement: the report says how many points rest on it.
///
/// # Errors
///
/// Text that is not TOML is reported with line and column, and the rest of the file is not used. A
/// key that is not known or a value of a wrong type is reported with its line and left out.
///
/// # Source
///
/// This project: `idm-drill answers` writes the template.
pub(super) static FORMAT: Format = Format {
    name: "answers",
    command: "idm-drill answers (answers.toml)",
    reader: Reads::Toml(read),
};

/// The table that a rehearsal's result has.
const REHEARSALS: &str = "rehearsals";

fn read(named: &Named<'_>, text: &str, facts: &mut Facts) -> bool {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = place(text, at);
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::InvalidToml,
                    format!("not TOML: {}; the file was not used", error.message()),
                )
                .at(line)
                .column(column)
                .help("Correct the place shown: key = \"text\", key = 1, key = true, key = [..]."),
            );
            return true;
        }
    };
    let mut reader = Reader { named, text, facts };
    let schema = table.get_ref().get("schema");
    match schema.map(|schema| (schema, schema.get_ref().as_str())) {
        Some((_, Some(SCHEMA))) => reader.document(table.get_ref()),
        Some((_, Some(RESULT))) => return false,
        Some((schema, _)) => {
            let message = format!("another schema; this version reads \"{SCHEMA}\"");
            let help = "`idm-drill answers` prints a template for this version.";
            reader.note(NoteCode::UnknownSchema, schema.span().start, message, help);
        }
        None if table.get_ref().keys().any(|key| is_table(key.get_ref())) => {
            let is_result = table.get_ref().keys().all(|key| key.get_ref() == REHEARSALS);
            let schema = if is_result { RESULT } else { SCHEMA };
            let message = format!("no schema; expected a line schema = \"{schema}\"");
            let help = "Put that line in front of the first table; the rest was not used.";
            reader.note(NoteCode::UnknownSchema, 0, message, help);
        }
        None => return false,
    }
    true
}

/// Reads the result of rehearsals; false for anything else. What is no TOML is reported by the
/// reader of answers.
pub(super) fn read_result(named: &Named<'_>, text: &str, facts: &mut Facts) -> bool {
    let Ok(table) = DeTable::parse(text) else { return false };
    let table = table.get_ref();
    if table.get("schema").and_then(|schema| schema.get_ref().as_str()) != Some(RESULT) {
        return false;
    }
    let mut reader = Reader { named, text, facts };
    for key in table.keys().filter(|key| !["schema", REHEARSALS].contains(&key.get_ref().as_ref()))
    {
        reader.unknown_key(key, "schema, rehearsals");
    }
    reader.copies(table, |name| name == REHEARSALS);
    true
}

/// Tables that only such a document has, beside those of model JSON.
const TABLES: [&str; 4] = ["data_centers", "answers", "facts", "waivers"];

/// True for a table that only such a document has.
fn is_table(name: &str) -> bool {
    TABLES.contains(&name) || copies_json::KEYS.contains(&name)
}

/// Line and column of a byte, counted from 1.
fn place(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    (line, column)
}

struct Reader<'a> {
    named: &'a Named<'a>,
    text: &'a str,
    facts: &'a mut Facts,
}

type Key<'t> = Spanned<std::borrow::Cow<'t, str>>;
type Item<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn note(&mut self, code: NoteCode, at: usize, message: String, help: &str) {
        let (line, column) = place(self.text, at);
        let note = Note::on_file(self.named.file, code, message).at(line).column(column);
        self.facts.note(note.help(help));
    }

    fn unknown_key(&mut self, key: &Key<'_>, known: &str) {
        let message = format!("\"{}\" is not a key here; it was left out", key.get_ref());
        self.note(NoteCode::UnknownKey, key.span().start, message, &format!("Known are {known}."));
    }

    fn invalid(&mut self, key: &str, item: &Item<'_>, expected: &str) {
        self.note(
            NoteCode::InvalidValue,
            item.span().start,
            format!("the value of {key} is not {expected}; it was left out"),
            "`idm-drill answers` prints a template with every key.",
        );
    }

    fn sources(&self, item: &Item<'_>, observed: String) -> Sources {
        let (line, _) = place(self.text, item.span().start);
        Sources::from([self.named.source(line, observed)])
    }

    fn document(&mut self, table: &DeTable<'_>) {
        self.copies(table, |name| copies_json::KEYS.contains(&name));
        for (key, item) in table {
            match (key.get_ref().as_ref(), item.get_ref()) {
                ("schema", _) => {}
                (name, _) if copies_json::KEYS.contains(&name) => {}
                ("data_centers", DeValue::Table(centers)) => self.data_centers(centers),
                ("answers", DeValue::Table(answers)) => self.answers(answers),
                ("facts", DeValue::Table(stated)) => self.facts(stated),
                ("waivers", DeValue::Array(waivers)) => {
                    for waiver in waivers {
                        match waiver.get_ref() {
                            DeValue::Table(fields) => self.waiver(waiver, fields),
                            _ => self.invalid("waivers", waiver, "a table: [[waivers]]"),
                        }
                    }
                }
                ("data_centers" | "answers" | "facts", _) => {
                    let name = key.get_ref();
                    self.invalid(name, item, &format!("a table: [{name}]"));
                }
                ("waivers", _) => self.invalid("waivers", item, "a list of tables: [[waivers]]"),
                _ => {
                    let known = [TABLES.join(", "), copies_json::KEYS.join(", ")].join(", ");
                    self.unknown_key(key, &format!("schema, {known}"));
                }
            }
        }
    }

    /// Copies, stores, keys and the rest: rows as model JSON has them, of these tables.
    fn copies(&mut self, table: &DeTable<'_>, is_read: impl Fn(&str) -> bool) {
        let mut rows = Rows { reader: self, places: BTreeMap::new() };
        let mut document = Map::new();
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            let value = match (name, item.get_ref()) {
                ("vms", DeValue::Table(vms)) if is_read("vms") => rows.vms(vms),
                (name, _) if is_read(name) => rows.value(&format!("/{name}"), item),
                _ => continue,
            };
            document.insert(name.to_owned(), value);
        }
        // Stores and the like are declared only here. Copies are found by exports, too.
        let copies = copies_json::read(&document, &mut rows, |table, rows| {
            rows == 0 || !matches!(table, CopyTable::Backups | CopyTable::Snapshots)
        });
        self.facts.copies.merge(copies);
    }

    fn data_centers(&mut self, centers: &DeTable<'_>) {
        for (center, servers) in centers {
            let DeValue::Array(list) = servers.get_ref() else {
                self.invalid(center.get_ref(), servers, "a list of host names");
                continue;
            };
            for server in list {
                let Some(name) = server.get_ref().as_str().and_then(Fqdn::parse) else {
                    self.invalid(center.get_ref(), server, "a host name");
                    continue;
                };
                let observed = format!("{name} is in {}", center.get_ref());
                let sources = self.sources(server, observed);
                self.facts.declared_data_center(&name, center.get_ref().to_string(), sources);
            }
        }
    }

    fn answers(&mut self, answers: &DeTable<'_>) {
        for (key, item) in answers {
            let name = key.get_ref().as_ref();
            let wants_number = match questions::find(name).map(questions::Question::passes) {
                Some(Passes::Bool(_)) => false,
                Some(Passes::AtMost(_)) => true,
                None if name == CLIENTS => true,
                None => {
                    let mut known: Vec<&str> = questions::all().iter().map(|q| q.key).collect();
                    known.push(CLIENTS);
                    self.unknown_key(key, &known.join(", "));
                    continue;
                }
            };
            let answer = match item.get_ref() {
                DeValue::Boolean(answer) if !wants_number => Answer::Bool(*answer),
                value if wants_number && number(value).is_some() => {
                    Answer::Number(number(value).unwrap_or_default())
                }
                _ => {
                    let expected =
                        if wants_number { "a number from 0 on" } else { "true or false" };
                    self.invalid(name, item, expected);
                    continue;
                }
            };
            let sources = self.sources(item, format!("{name}: {answer}"));
            let fact = self.facts.observed.answers.entry(name.to_owned()).or_default();
            fact.claim(answer, sources);
        }
    }

    fn facts(&mut self, stated: &DeTable<'_>) {
        for (key, item) in stated {
            let name = key.get_ref().as_ref();
            let word = item.get_ref().as_str();
            let host = word.and_then(Fqdn::parse);
            let sources = self.sources(item, format!("{name}: {}", word.unwrap_or_default()));
            match name {
                "crl_publisher" => match host {
                    Some(host) => self.facts.declared_crl_publisher(&host, sources),
                    None => self.invalid(name, item, "a host name"),
                },
                "ca_renewal_server" => match host {
                    Some(host) => self.facts.ca_renewal_server(host, sources),
                    None => self.invalid(name, item, "a host name"),
                },
                "dnssec_key_master" => match host {
                    Some(host) => self.facts.dnssec_key_master(host, sources),
                    None => self.invalid(name, item, "a host name"),
                },
                "ca" => match word {
                    Some("integrated") => self.facts.ca(CaMode::Integrated, sources),
                    Some("none") => self.facts.ca(CaMode::None, sources),
                    _ => self.invalid(name, item, "\"integrated\" or \"none\""),
                },
                "ca_signing" => match word.and_then(CaSigning::parse) {
                    Some(signing) => self.facts.observed.ca_signing.claim(signing, sources),
                    None => self.invalid(name, item, "\"self\" or \"external\""),
                },
                _ => self.unknown_key(
                    key,
                    "crl_publisher, ca_renewal_server, dnssec_key_master, ca, ca_signing",
                ),
            }
        }
    }

    fn waiver(&mut self, waiver: &Item<'_>, fields: &DeTable<'_>) {
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        let mut expires = None;
        for (key, item) in fields {
            match (key.get_ref().as_ref(), item.get_ref()) {
                (name @ ("rule" | "subject" | "reason" | "owner"), DeValue::String(text)) => {
                    texts.insert(name, text.trim().to_owned());
                }
                (name @ ("rule" | "subject" | "reason" | "owner"), _) => {
                    self.invalid(name, item, "a text");
                    return;
                }
                ("expires", value) => {
                    let Some(time) = time(value) else {
                        self.invalid(
                            "expires",
                            item,
                            "a date such as 2027-06-30, so the waiver has no end",
                        );
                        return;
                    };
                    expires = Some(time);
                }
                _ => self.unknown_key(key, "rule, subject, reason, owner, expires"),
            }
        }
        let missing: Vec<&str> = ["rule", "reason", "owner"]
            .into_iter()
            .filter(|name| texts.get(name).is_none_or(String::is_empty))
            .collect();
        if !missing.is_empty() {
            let message = format!("a waiver without {}; it was left out", missing.join(", "));
            let help = "A waiver says which finding is accepted, why, and who answers for it.";
            self.note(NoteCode::InvalidValue, waiver.span().start, message, help);
            return;
        }
        let rule = texts.remove("rule").unwrap_or_default();
        let sources = self.sources(waiver, format!("waiver of {rule}"));
        self.facts.observed.waivers.insert(Waiver {
            rule,
            subject: texts.remove("subject"),
            reason: texts.remove("reason").unwrap_or_default(),
            owner: texts.remove("owner").unwrap_or_default(),
            expires,
            sources,
        });
    }
}

/// Tables of the document as JSON, with the place of every value.
struct Rows<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// First byte of the value at a pointer.
    places: BTreeMap<String, usize>,
}

impl Rows<'_, '_> {
    fn value(&mut self, at: &str, item: &Item<'_>) -> Value {
        self.places.insert(at.to_owned(), item.span().start);
        match item.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            value @ DeValue::Integer(_) => number(value).map_or(Value::Null, Value::from),
            // No cell is one: it is reported as what it is not.
            DeValue::Float(_) => Value::from(0.5),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                Value::Array(
                    items.map(|(i, item)| self.value(&format!("{at}/{i}"), item)).collect(),
                )
            }
            DeValue::Table(table) => {
                let mut map = Map::new();
                for (key, item) in table {
                    let name = key.get_ref().to_string();
                    let value = self.value(&format!("{at}/{name}"), item);
                    map.insert(name, value);
                }
                Value::Object(map)
            }
        }
    }

    /// `"vm-name" = "host"`, as rows.
    fn vms(&mut self, vms: &DeTable<'_>) -> Value {
        let rows = vms.iter().enumerate().map(|(index, (vm, host))| {
            let host = self.value(&format!("/vms/{index}/host"), host);
            json!({ "vm": vm.get_ref().to_string(), "host": host })
        });
        Value::Array(rows.collect())
    }

    /// The place of the value at a pointer, or of what it is in.
    fn place(&self, pointer: &str) -> usize {
        let mut at = pointer;
        loop {
            if let Some(place) = self.places.get(at) {
                return *place;
            }
            let Some((before, _)) = at.rsplit_once('/') else { return 0 };
            at = before;
        }
    }
}

impl Origin for Rows<'_, '_> {
    fn sources(&self, pointer: &str, observed: &str) -> Sources {
        let (line, _) = place(self.reader.text, self.place(pointer));
        Sources::from([self.reader.named.source(line, observed)])
    }

    fn conflict(&mut self, _: &str) -> Vec<(Value, Sources)> {
        Vec::new()
    }

    fn invalid(&mut self, pointer: &str, expected: &str) {
        let key = pointer.trim_start_matches('/').replace('/', ".");
        let message = format!("the value of {key} is not {expected}; it was left out");
        let help = "`idm-drill answers` prints a template with every key.";
        self.reader.note(NoteCode::InvalidValue, self.place(pointer), message, help);
    }

    fn keys(&mut self, map: &Map<String, Value>, at: &str, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("\"{key}\" is not a key here; it was left out");
            let help = format!("Known are {}.", known.join(", "));
            let place = self.place(&format!("{at}/{key}"));
            self.reader.note(NoteCode::UnknownKey, place, message, &help);
        }
    }
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A date (its last second) or a time with offset.
fn time(value: &DeValue<'_>) -> Option<Timestamp> {
    /// Length of `2027-06-30`.
    const DATE_LENGTH: usize = 10;
    let text = match value {
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => return None,
    };
    let end = if text.len() == DATE_LENGTH { "T23:59:59Z" } else { "" };
    Timestamp::parse_rfc3339(&(text + end))
}
