//! `dsconf replication monitor --json`: every replica as one command reaches it.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::dsconf_parts::{Asked, Row, host_of, note_left_out, note_unreadable};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::model::{Fqdn, RuvKey, Suffix};
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::replication_words::{csn, replica_id, server_of, suffix_of_root};

/// Reads the JSON of `dsconf SERVER replication monitor`.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `name` | the replica: `host:port`, or `alias (host:port)` |
/// | `replica_root`, `replica_id` | its own id in the suffix |
/// | `maxcsn` | its newest change |
/// | `agmts_status` | its agreements, all of them; as in `replication status` |
///
/// A replica need not be a server of IdM, so none is stated to exist. `replication-status` and its
/// colors are not read: see `dsconf_agreements`.
///
/// # Errors
///
/// A replica that was not reached (`replica_status` other than `Online`) becomes a note; nothing
/// is known of its agreements. A replica named `localhost`, by an address or without a domain is
/// left out with a note. Replicas with the same ids are shown once by the command.
///
/// # Source
///
/// 389-ds-base 2.3.1 and later, `lib389/replica.py` (`ReplicationMonitor`),
/// `lib389/cli_conf/replication.py`.
pub(super) static FORMAT: Format = Format {
    name: "dsconf replication monitor",
    command: "dsconf SERVER --json replication monitor",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let items = document.value.get("items").and_then(Value::as_array);
    let replicas: Vec<(usize, &str, &Vec<Value>)> = items
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(at, item)| {
            Some((at, item.get("name")?.as_str()?, item.get("data")?.as_array()?))
        })
        .filter(|(.., data)| data.iter().any(|suffix| suffix.get("replica_status").is_some()))
        .collect();
    let place = Place { named, document };
    for (at, name, data) in &replicas {
        for (index, part) in data.iter().enumerate() {
            let pointer = format!("/items/{at}/data/{index}");
            Reader { place, facts }.part(&pointer, name, part);
        }
    }
    !replicas.is_empty()
}

struct Reader<'a> {
    place: Place<'a>,
    facts: &'a mut Facts,
}

impl Reader<'_> {
    fn note(&mut self, code: NoteCode, pointer: &str, message: &str, help: &str) {
        let note = self.place.note(code, pointer, message).help(help);
        self.facts.note(note);
    }

    /// One suffix of one replica.
    fn part(&mut self, pointer: &str, name: &str, part: &Value) {
        let text = |key: &str| part.get(key).and_then(Value::as_str);
        let rows: Vec<Row> = part
            .get("agmts_status")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(|(at, row)| Row::of_status(format!("{pointer}/agmts_status/{at}"), row))
            .collect();
        let Some(on) = server_of(host_of(name)) else {
            self.note(
                NoteCode::InvalidHostName,
                pointer,
                "the replica's name is no host name with a domain: it says nothing of which server \
                 it is",
                "Run the monitor with the servers' whole names: dsconf ldap://SERVER --json \
                 replication monitor",
            );
            let suffix = text("replica_root").and_then(suffix_of_root);
            self.agreements(pointer, Asked { on: None, suffix, lists_all: false }, &rows, part);
            return;
        };
        if !text("replica_status").is_some_and(|status| status.starts_with("Online")) {
            self.note(
                NoteCode::CommandFailed,
                pointer,
                &format!("the monitor did not reach {on}; nothing is known of its replication"),
                "Run it where the server can be reached, as Directory Manager.",
            );
            return;
        }
        let Some(suffix) = text("replica_root").and_then(suffix_of_root) else {
            let message = "a suffix that is neither domain nor ca; left out";
            let note = self.place.note(NoteCode::UnknownWord, pointer, message);
            self.facts.note(note);
            return;
        };
        if let Some(id) = part.get("replica_id").and_then(replica_id) {
            self.own_id(pointer, &on, suffix, id, text("maxcsn"));
        }
        let asked = Asked { on: Some(on), suffix: Some(suffix), lists_all: true };
        self.agreements(pointer, asked, &rows, part);
    }

    fn sources(&self, pointer: &str, on: &Fqdn, observed: String) -> Sources {
        let mut source = self.place.source(pointer, observed);
        source.observed_from = Some(on.clone());
        Sources::from([source])
    }

    fn own_id(&mut self, pointer: &str, on: &Fqdn, suffix: Suffix, id: u16, max_csn: Option<&str>) {
        let sources = self.sources(pointer, on, format!("own replica id {id} in {suffix}"));
        let key = RuvKey { on: Some(on.clone()), suffix };
        let ruv = self.facts.observed.ruv(key, sources.clone());
        ruv.own_id.claim(id, sources.clone());
        let element = ruv.replica(id, sources.clone());
        element.host.claim(on.clone(), sources);
        element.state_max_csn(max_csn.and_then(csn));
    }

    fn agreements(&mut self, pointer: &str, asked: Asked, rows: &[Row], part: &Value) {
        let mut open = Vec::new();
        for row in rows {
            match row.key(&asked) {
                Some(key) => {
                    row.state(key, self.place.source(&row.pointer, ""), self.facts);
                }
                None => open.push(row),
            }
        }
        let listed = part.get("agmts_status").and_then(Value::as_array);
        if let Asked { on: Some(on), suffix: Some(suffix), .. } = asked
            && open.is_empty()
            && listed.is_some_and(|listed| listed.len() == rows.len())
        {
            let observed = format!("all agreements of {on} ({suffix})");
            let sources = self.sources(pointer, &on, observed);
            let lists = &mut self.facts.observed.agreement_lists;
            lists.entry((on, suffix)).or_default().extend(sources);
        }
        note_left_out(&open, |code, text| self.place.note(code, pointer, text), self.facts);
        let listed: Vec<&Value> = listed.into_iter().flatten().collect();
        note_unreadable(&self.place, pointer, &listed, self.facts);
    }
}
