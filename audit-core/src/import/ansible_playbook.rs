//! Playbooks that set the replication topology: which segments are planned.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Format, Named, Reads};
use crate::evidence::Source;
use crate::facts::{Facts, ListedSegment, Listing};
use crate::inventory::variables::ROLE_CHECK;
use crate::inventory::{Value, has_gaps, is_template, load, note_role_check};
use crate::model::{Direction, Fqdn, SegmentKey, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::parse::yaml::{Kind, Node};

/// Reads a playbook, or a file of variables, with topology segments for ansible-freeipa.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `ipatopologysegment:` with `suffix`, `left`, `right`, `name` | a segment; of both suffixes for `domain+ca` |
/// | its `state` `present`, `enabled`, `checked` | planned |
/// | `disabled`; `absent`; `reinitialized` | planned, but off; taken out again; nothing |
/// | `ipatopology_segments:` or the list of a `loop:` | the items of a task that loops over it, with that task's state |
/// | `ipabackup_disable_role_check: yes` | a note |
///
/// Every fact is planned. The files of a plan list all segments of a suffix that they mention: what
/// they do not list is not planned. (FreeIPA adds a segment for each replica at its installation;
/// list it too.) A host that is named only here is no server.
///
/// # Errors
///
/// A segment whose ends are known only at run time is reported, and then the list is not whole.
/// YAML that cannot be read is reported with line and column, and the file is not used. All values
/// but those above are passed over unread.
///
/// # Source
///
/// ansible-freeipa `README-topology.md`, `plugins/modules/ipatopologysegment.py`,
/// `roles/ipabackup`.
pub(super) static FORMAT: Format = Format {
    name: "Ansible playbook",
    command: "playbook with ipatopologysegment of ansible-freeipa",
    reader: Reads::Lines(read),
};

const MODULE: &str = "ipatopologysegment";
const LIST: &str = "ipatopology_segments";

/// Nodes that are looked at: aliases make a small file long.
const NODES_MAX: usize = 50_000;

fn keeps(key: &str) -> bool {
    let read = [
        "suffix",
        "left",
        "leftnode",
        "right",
        "rightnode",
        "name",
        "cn",
        "state",
        "loop",
        "with_items",
        LIST,
        ROLE_CHECK,
    ];
    read.contains(&key)
}

/// True for the module, with or without its collection.
fn is_module(key: &str) -> bool {
    key.rsplit('.').next() == Some(MODULE)
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let begins = |line: &Line| {
        let text = line.text.trim_start_matches([' ', '-']);
        text.split_once(':')
            .is_some_and(|(key, _)| is_module(key) || key == LIST || key == ROLE_CHECK)
    };
    if !lines.iter().any(begins) {
        return false;
    }
    let Some(root) = load(named, lines, keeps, facts) else { return true };
    let mut found = Found { left: NODES_MAX, ..Found::default() };
    found.walk(&root);
    let is_whole = !named.cut && !has_gaps(lines) && found.left > 0;
    let mut plan = Plan { named, is_whole, lists: BTreeMap::new(), notes: BTreeSet::new() };
    if found.left == 0 {
        plan.note(root.line, format!("more than {NODES_MAX} values; the rest is left out"), "");
    }
    plan.read(&found);
    plan.state(facts);
    true
}

/// Parts of a playbook that say something.
#[derive(Default)]
struct Found {
    /// Tasks with the module, and its arguments.
    tasks: Vec<(Rc<Node>, Rc<Node>)>,
    /// Lists of segments.
    lists: Vec<Rc<Node>>,
    /// Values of the switch of backups.
    switches: Vec<(u64, Rc<Node>)>,
    left: usize,
}

impl Found {
    fn walk(&mut self, node: &Rc<Node>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        for item in node.items() {
            self.walk(item);
        }
        for entry in node.entries() {
            match entry.key.as_str() {
                key if is_module(key) => {
                    self.tasks.push((Rc::clone(node), Rc::clone(&entry.value)));
                }
                LIST => self.lists.push(Rc::clone(&entry.value)),
                ROLE_CHECK => self.switches.push((entry.line, Rc::clone(&entry.value))),
                _ => self.walk(&entry.value),
            }
        }
    }
}

/// The text of the first of these keys.
fn text<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    keys.iter().find_map(|key| node.get(key)?.text())
}

/// A text that is known before Ansible runs.
fn literal<'n>(node: &'n Node, keys: &[&str]) -> Option<&'n str> {
    text(node, keys).filter(|text| !is_template(text))
}

struct Plan<'a> {
    named: &'a Named<'a>,
    is_whole: bool,
    /// Segments by suffix, with the line that mentions it first.
    lists: BTreeMap<Suffix, (u64, Vec<ListedSegment>)>,
    notes: BTreeSet<Note>,
}

impl Plan<'_> {
    fn note(&mut self, line: u64, message: String, help: &str) {
        let note = Note::on_file(self.named.file, NoteCode::InvalidInventory, message).at(line);
        self.notes.insert(note.help(help));
    }

    /// Something that is not known before Ansible runs.
    fn not_known(&mut self, line: u64, message: &str) {
        self.is_whole = false;
        let help = "Write the ends of every segment as texts, in the file that is audited.";
        self.notes.insert(
            Note::on_file(self.named.file, NoteCode::ValueNotKnown, message).at(line).help(help),
        );
    }

    fn read(&mut self, found: &Found) {
        for (line, node) in &found.switches {
            let value = node.text().map_or(Value::Null, |text| Value::Text(text.to_owned()));
            note_role_check(self.named, *line, &value, &mut self.notes);
        }
        let mut has_loop = false;
        for (task, arguments) in &found.tasks {
            let named_ends = ["left", "leftnode", "right", "rightnode"];
            let is_direct = !named_ends.iter().any(|key| {
                arguments.get(key).and_then(|node| node.text()).is_some_and(is_template)
            });
            let over = task.get("loop").or_else(|| task.get("with_items"));
            match over.map(|over| &over.kind) {
                _ if is_direct => self.segment(arguments, arguments),
                Some(Kind::Sequence(items)) => {
                    for item in items {
                        self.segment(item, arguments);
                    }
                }
                Some(Kind::Text(text)) if text.contains(LIST) => {
                    has_loop = true;
                    if found.lists.is_empty() {
                        self.not_known(
                            arguments.line,
                            "the segments of this loop are not in this file",
                        );
                    }
                    for list in &found.lists {
                        self.list(list, arguments);
                    }
                }
                _ => self.not_known(arguments.line, "a segment whose ends are not in this file"),
            }
        }
        if !has_loop {
            for list in &found.lists {
                self.list(list, list);
            }
        }
    }

    fn list(&mut self, list: &Rc<Node>, task: &Rc<Node>) {
        match &list.kind {
            Kind::Sequence(items) => {
                for item in items {
                    self.segment(item, task);
                }
            }
            Kind::Null => {}
            Kind::Text(_) | Kind::Unread | Kind::Mapping(_) => {
                self.not_known(list.line, "a list of segments that is none in this file");
            }
        }
    }

    /// A segment: what an item says, else what its task says.
    fn segment(&mut self, item: &Rc<Node>, task: &Rc<Node>) {
        let of = |keys: &[&str]| literal(item, keys).or_else(|| literal(task, keys));
        let line = item.line;
        let state = of(&["state"]).unwrap_or("present").to_ascii_lowercase();
        let suffixes = match of(&["suffix"]).map(str::to_ascii_lowercase).as_deref() {
            Some("domain") => vec![Suffix::Domain],
            Some("ca") => vec![Suffix::Ca],
            Some("domain+ca") => vec![Suffix::Domain, Suffix::Ca],
            Some(_) => {
                self.is_whole = false;
                let message = "a suffix that is none; the segment is left out".to_owned();
                return self.note(line, message, "It is domain, ca or domain+ca.");
            }
            None => return self.not_known(line, "a segment whose suffix is not in this file"),
        };
        let name = of(&["name", "cn"]);
        let left = of(&["left", "leftnode"]).and_then(Fqdn::parse);
        let right = of(&["right", "rightnode"]).and_then(Fqdn::parse);
        let ends = left.zip(right).filter(|(left, right)| left != right);
        if state == "absent" {
            return self.remove(&suffixes, ends.as_ref(), name, line);
        }
        let enabled = match state.as_str() {
            "present" | "checked" => None,
            "enabled" => Some(true),
            "disabled" => Some(false),
            "reinitialized" => return,
            _ => {
                self.is_whole = false;
                let message = "a state that is none; the segment is left out".to_owned();
                let help = "It is present, absent, enabled, disabled, checked or reinitialized.";
                return self.note(line, message, help);
            }
        };
        let Some((left, right)) = ends else {
            return self.not_known(line, "a segment without two different hosts as its ends");
        };
        for suffix in suffixes {
            let observed = format!("{suffix}: {left} - {right}, {state}");
            let source = self.source(line, observed);
            let key = SegmentKey {
                left: left.clone(),
                right: right.clone(),
                direction: Direction::Both,
                name: name.map(str::to_owned),
            };
            let (_, list) = self.lists.entry(suffix).or_insert((line, Vec::new()));
            let known = list.iter_mut().find(|other| {
                is_same(&other.key, &left, &right) && (name.is_none() || other.key.name == key.name)
            });
            if let Some(known) = known {
                known.enabled = enabled.or(known.enabled);
                known.sources.insert(source);
            } else {
                let sources = [source].into();
                list.push(ListedSegment { key, enabled, disputed: false, sources });
            }
        }
    }

    fn source(&self, line: u64, observed: String) -> Source {
        self.named.source(line, observed).planned()
    }

    /// Takes out what an earlier line plans.
    fn remove(
        &mut self,
        suffixes: &[Suffix],
        ends: Option<&(Fqdn, Fqdn)>,
        name: Option<&str>,
        line: u64,
    ) {
        if ends.is_none() && name.is_none() {
            return self.not_known(line, "a segment without its ends and its name");
        }
        for suffix in suffixes {
            if let Some((_, list)) = self.lists.get_mut(suffix) {
                list.retain(|segment| {
                    let key = &segment.key;
                    let is_meant = match ends {
                        Some((left, right)) => is_same(key, left, right),
                        None => key.name.as_deref() == name,
                    };
                    !is_meant
                });
            }
        }
    }

    /// States the segments, and says what they are.
    fn state(self, facts: &mut Facts) {
        for (suffix, (line, segments)) in &self.lists {
            if segments.is_empty() {
                continue;
            }
            let observed = format!("{} segments planned", segments.len());
            facts.listing(Listing {
                source: self.source(*line, observed),
                suffix: Some(*suffix),
                suffix_of_file_name: None,
                complete: self.is_whole,
                segments: segments.clone(),
            });
        }
        for note in self.notes {
            facts.note(note);
        }
    }
}

/// True for a segment of these two hosts.
fn is_same(key: &SegmentKey, left: &Fqdn, right: &Fqdn) -> bool {
    (&key.left == left && &key.right == right) || (&key.left == right && &key.right == left)
}
