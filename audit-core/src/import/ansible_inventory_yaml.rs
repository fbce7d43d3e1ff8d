//! Ansible inventories in YAML: what is planned.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::inventory::variables::{is_of_roles, is_read};
use crate::inventory::{GROUPS, Inventory, Owner, Value, has_gaps, load};
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::parse::yaml::{Entry, Kind, Node};

/// Reads an inventory for ansible-freeipa in YAML: a design of a deployment.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `children:` of a group | its child groups; a body may be empty |
/// | `hosts:` of a group | its hosts, ranges too, with their variables |
/// | `vars:` of a group | its variables |
///
/// Groups, variables and their meaning are those of the [INI syntax](super::ansible_inventory_ini).
/// Anchors, aliases and merge keys are followed; `!vault` and other tags of Ansible, and all values
/// that are not asked for, are passed over unread. What `ansible-inventory --list --yaml` prints is
/// such an inventory, with the variables of `group_vars` and `host_vars` in it. Those files alone
/// are not read: a note says so.
///
/// # Errors
///
/// YAML that cannot be read is reported with line and column, and the file is not used. The other
/// errors are those of the INI syntax; a key of a group that Ansible passes over is one, too.
///
/// # Source
///
/// As for the INI syntax; Ansible `lib/ansible/plugins/inventory/yaml.py`.
pub(super) static FORMAT: Format = Format {
    name: "Ansible inventory (YAML)",
    command: "Ansible inventory of ansible-freeipa, YAML",
    reader: Reads::Lines(read),
};

/// Entries that are looked at: aliases make a small file long.
const ENTRIES_MAX: usize = 50_000;

/// The key of a line that has nothing behind it.
fn key_of(text: &str) -> Option<&str> {
    let text = text.split(" #").next().unwrap_or_default().trim();
    let (key, behind) = text.split_once(':')?;
    let behind = behind.trim();
    let is_body = behind.is_empty() || behind.starts_with(['&', '{', '*', '!']) || behind == "null";
    is_body.then(|| key.trim_matches(['"', '\'']))
}

fn keeps(key: &str) -> bool {
    is_read(key) || matches!(key, "hosts" | "children")
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let has_key = |wanted: &[&str]| {
        lines.iter().any(|line| key_of(&line.text).is_some_and(|key| wanted.contains(&key)))
    };
    if !has_key(&GROUPS) || !has_key(&["hosts", "children"]) {
        return note_variables(named, lines, facts);
    }
    let Some(root) = load(named, lines, keeps, facts) else { return true };
    if root.entries().is_empty() {
        return false;
    }
    let mut walker = Walker { inventory: Inventory::new(named), left: ENTRIES_MAX };
    if has_gaps(lines) {
        walker.inventory.is_partial();
    }
    for entry in root.entries() {
        walker.group(&entry.key, &entry.value, entry.line);
    }
    walker.inventory.state(facts);
    true
}

/// Says of a file of variables that it is not read: without its inventory, nobody knows whose they
/// are.
fn note_variables(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let is_variable =
        |line: &&Line| line.text.split_once(':').is_some_and(|(key, _)| is_of_roles(key));
    let Some(first) = lines.iter().find(is_variable) else { return false };
    let is_text =
        |line: &Line| line.text.starts_with(['-', '[', '$']) && !line.text.starts_with("---");
    if lines.iter().any(is_text) {
        return false;
    }
    facts.plan_has_other_variables();
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::VariablesNotRead,
            "variables beside an inventory (group_vars, host_vars) are not read; what the plan \
             leaves to a default is unknown",
        )
        .at(first.number)
        .help("Give what `ansible-inventory -i INVENTORY --list --yaml` prints instead of both."),
    );
    true
}

struct Walker<'a> {
    inventory: Inventory<'a>,
    /// Entries that may still be looked at.
    left: usize,
}

impl Walker<'_> {
    /// True if so many entries may still be looked at.
    fn may_visit(&mut self, node: &Node) -> bool {
        let count = node.entries().len() + 1;
        if count > self.left {
            self.left = 0;
            self.inventory.is_partial();
            self.inventory.invalid(
                (node.line, None),
                format!("more than {ENTRIES_MAX} entries; the rest is left out"),
                "Aliases that repeat aliases make an inventory endless: write groups once.",
            );
            return false;
        }
        self.left -= count;
        true
    }

    fn group(&mut self, name: &str, body: &Node, line: u64) {
        self.inventory.group(name, line);
        if !self.may_visit(body) {
            return;
        }
        match &body.kind {
            Kind::Null => {}
            Kind::Mapping(entries) => {
                for entry in entries {
                    self.part(name, entry);
                }
            }
            Kind::Text(_) | Kind::Unread | Kind::Sequence(_) => {
                self.inventory.is_partial();
                self.inventory.invalid(
                    (body.line, None),
                    format!("the body of group \"{name}\" is no mapping; it is left out"),
                    "A group has hosts:, vars: and children:.",
                );
            }
        }
    }

    fn part(&mut self, group: &str, entry: &Entry) {
        let place = (entry.line, entry.column);
        match (entry.key.as_str(), &entry.value.kind) {
            ("hosts" | "vars" | "children", Kind::Null) => {}
            // Ansible takes a text for a single host or group.
            ("hosts", Kind::Text(host)) => {
                self.inventory.add_hosts(group, host, place);
            }
            ("children", Kind::Text(child)) => self.inventory.child(group, child, entry.line),
            ("hosts", Kind::Mapping(hosts)) => {
                for host in hosts {
                    self.host(group, host);
                }
            }
            ("children", Kind::Mapping(children)) => {
                for child in children {
                    self.inventory.child(group, &child.key, child.line);
                    self.group(&child.key, &child.value, child.line);
                }
            }
            ("vars", Kind::Mapping(variables)) => {
                for variable in variables {
                    let value = value(&variable.value);
                    self.inventory.set(Owner::Group(group), &variable.key, variable.line, value);
                }
            }
            ("hosts" | "vars" | "children", _) => {
                self.inventory.is_partial();
                self.inventory.invalid(
                    (entry.line, Some(entry.column)),
                    format!("{}: of group \"{group}\" is no mapping; it is left out", entry.key),
                    "Write every name as a key of its own, with a colon behind it.",
                );
            }
            _ => {
                self.inventory.is_partial();
                self.inventory.invalid(
                    (entry.line, Some(entry.column)),
                    format!("a key of group \"{group}\" that Ansible passes over; it is left out"),
                    "A group has hosts:, vars: and children:; other groups stand below children:.",
                );
            }
        }
    }

    fn host(&mut self, group: &str, entry: &Entry) {
        if !self.may_visit(&entry.value) {
            return;
        }
        let names = self.inventory.add_hosts(group, &entry.key, (entry.line, entry.column));
        for variable in entry.value.entries() {
            let value = value(&variable.value);
            for name in &names {
                self.inventory.set(Owner::Host(name), &variable.key, variable.line, value.clone());
            }
        }
    }
}

fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Text(text) => Value::Text(text.clone()),
        // A value that is read is unread only behind a tag or an alias.
        Kind::Unread => Value::Runtime,
        Kind::Sequence(items) if items.is_empty() => Value::Null,
        Kind::Mapping(entries) if entries.is_empty() => Value::Null,
        Kind::Sequence(_) | Kind::Mapping(_) => Value::Several,
    }
}
