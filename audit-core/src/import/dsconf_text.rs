//! `dsconf` without `--json`: agreements and replicas as text.

use super::{Format, Named, Reads};
use crate::directory::replication::RuvValue;
use crate::dsconf_parts::{Asked, Key, Row, host_of, note_left_out};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::RuvKey;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::replication_words::{csn, replica_id_of_text, server_of, suffix_of_root};

/// Reads the text of `dsconf SERVER repl-agmt status`, `replication monitor` and `replication
/// get-ruv`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Supplier` | the replica of which the following lines are: `host:port`, or `alias (host:port)` |
/// | `Replica Root`, `Replica ID`, `Max CSN` | its own id in the suffix, with its newest change |
/// | `Status For Agreement: "NAME" (HOST:PORT)` | an agreement |
/// | `Replica Enabled`, `Last Update Status`, `Last Update End` | its state |
/// | `RUV: {replica …}` of `replication get-ruv` | an element of the RUV; the command line names the suffix |
///
/// Without `Supplier` the server comes from the command line, from the export bundle, or from the
/// agreement's own name; the suffix likewise. `Replication Status` and its colors are not read.
///
/// # Errors
///
/// Agreements of which supplier, suffix or consumer stay open are left out with a note, as are
/// those with `localhost`. A replica that was not reached becomes a note. No list is known to be
/// whole.
///
/// # Source
///
/// 389-ds-base 2.3.1 and later, `lib389/cli_conf/replication.py`, `lib389/agreement.py`.
pub(super) static FORMAT: Format = Format {
    name: "dsconf text",
    command: "dsconf SERVER replication monitor",
    reader: Reads::Lines(read),
};

/// The agreement whose lines are read.
struct Block {
    line: u64,
    name: String,
    host: String,
    values: Vec<(String, String)>,
}

impl Block {
    /// Reads `"NAME" (HOST:PORT)`.
    fn of(line: u64, text: &str) -> Option<Self> {
        let (name, host) = text.strip_prefix('"')?.rsplit_once("\" (")?;
        let host = host.strip_suffix(')')?;
        Some(Self { line, name: name.to_owned(), host: host.to_owned(), values: Vec::new() })
    }

    fn row(&self) -> Row {
        let value = |label: &str| {
            self.values.iter().find(|(name, _)| name == label).map(|(_, value)| value.clone())
        };
        Row::new(String::new(), self.name.clone(), self.host.clone(), None, |key| match key {
            Key::Enabled => value("Replica Enabled"),
            Key::Status => value("Last Update Status"),
            Key::End => value("Last Update End"),
        })
    }
}

struct Reader<'a> {
    named: &'a Named<'a>,
    facts: &'a mut Facts,
    /// What the command line says.
    asked: Asked,
    /// The replica of the monitor; its name may be none.
    replica: Option<Asked>,
    id: Option<u16>,
    block: Option<Block>,
    found: bool,
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let asked = Asked { on: named.observed_from.clone(), ..Asked::default() };
    let mut reader =
        Reader { named, facts, asked, replica: None, id: None, block: None, found: false };
    for line in lines {
        reader.line(line);
    }
    reader.end_block();
    reader.found
}

impl Reader<'_> {
    fn line(&mut self, line: &Line) {
        let text = line.text.trim();
        if text.is_empty() {
            self.end_block();
            return;
        }
        if text.contains("dsconf ") {
            self.end_block();
            self.asked = Asked::of_command(text, self.named.observed_from.clone());
            self.replica = None;
            return;
        }
        let Some((label, value)) = text.split_once(": ") else { return };
        let value = value.trim();
        match (label, &mut self.replica) {
            ("Status For Agreement", _) => {
                self.end_block();
                self.found = true;
                self.block = Block::of(line.number, value);
                if self.block.is_none() {
                    let message = "an agreement without a usable name or consumer; left out";
                    let file = self.named.file;
                    let note = Note::on_file(file, NoteCode::IncompleteEntry, message);
                    self.facts.note(note.at(line.number));
                }
            }
            ("Supplier", _) => {
                self.end_block();
                let on = server_of(host_of(value));
                self.replica = Some(Asked { on, suffix: None, lists_all: false });
            }
            ("Replica Root", Some(replica)) => {
                replica.suffix = suffix_of_root(value);
                self.id = None;
                self.found = true;
            }
            ("Replica ID", Some(_)) => {
                self.id = replica_id_of_text(value);
                self.own_id(line.number, None);
            }
            ("Replica Status", Some(replica)) if !value.starts_with("Online") => {
                let name =
                    replica.on.as_ref().map_or("a replica without a usable name", |on| on.as_str());
                let message = format!(
                    "the monitor did not reach {name}; nothing is known of its replication"
                );
                self.found = true;
                self.facts.note(
                    Note::on_file(self.named.file, NoteCode::CommandFailed, message)
                        .at(line.number)
                        .help("Run it where the server can be reached, as Directory Manager."),
                );
            }
            ("Max CSN", Some(_)) => self.own_id(line.number, Some(value)),
            ("RUV", _) => self.ruv_element(line.number, value),
            _ => {
                if let Some(block) = &mut self.block {
                    block.values.push((label.to_owned(), value.to_owned()));
                }
            }
        }
    }

    fn own_id(&mut self, line: u64, max_csn: Option<&str>) {
        let Some(Asked { on: Some(on), suffix: Some(suffix), .. }) = &self.replica else { return };
        let Some(id) = self.id else { return };
        let mut source = self.named.source(line, format!("own replica id {id} in {suffix}"));
        source.observed_from = Some(on.clone());
        let sources = Sources::from([source]);
        let key = RuvKey { on: Some(on.clone()), suffix: *suffix };
        let ruv = self.facts.observed.ruv(key, sources.clone());
        ruv.own_id.claim(id, sources.clone());
        let element = ruv.replica(id, sources.clone());
        element.host.claim(on.clone(), sources);
        element.state_max_csn(max_csn.and_then(csn));
    }

    /// A line of `replication get-ruv`.
    fn ruv_element(&mut self, line: u64, value: &str) {
        let Some(RuvValue::Replica { id, host, max_csn }) = RuvValue::parse(value) else { return };
        self.end_block();
        self.found = true;
        let Some(suffix) = self.asked.suffix else {
            let message = "nothing in the file says which suffix this RUV is of; it was not used";
            self.facts.note(
                Note::on_file(self.named.file, NoteCode::SuffixNotStated, message).at(line).help(
                    "Keep the command line in the file: `$ dsconf ldap://SERVER replication \
                     get-ruv --suffix SUFFIX`.",
                ),
            );
            return;
        };
        let host = host.as_deref().and_then(server_of);
        let shown = host.as_ref().map_or("an unnamed host", |host| host.as_str());
        let observed = format!("replica {id} is {shown} in {suffix}");
        let sources = Sources::from([self.named.source(line, observed)]);
        let key = RuvKey { on: self.asked.on.clone(), suffix };
        let element = self.facts.observed.ruv(key, sources.clone()).replica(id, sources.clone());
        if let Some(host) = host {
            element.host.claim(host, sources);
        }
        element.state_max_csn(max_csn);
    }

    fn end_block(&mut self) {
        let Some(block) = self.block.take() else { return };
        let row = block.row();
        let key = row.key(self.replica.as_ref().unwrap_or(&self.asked));
        if let Some(key) = key {
            row.state(key, self.named.source(block.line, ""), self.facts);
        } else {
            let file = self.named.file;
            let note = |code: NoteCode, text: &str| Note::on_file(file, code, text).at(block.line);
            note_left_out(&[&row], note, self.facts);
        }
    }
}
