//! Ansible inventories in INI syntax: what is planned.

use std::collections::BTreeMap;

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::inventory::{GROUPS, Inventory, Owner, Value, has_gaps};
use crate::parse::console::Line;

/// Reads an inventory for ansible-freeipa in INI syntax: a design of a deployment.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `[ipaserver]` with a host | the first server; it has the CA unless `ipaserver_setup_ca=no` |
/// | `[ipareplicas]` with hosts | replicas, without CA, KRA, DNS and trust unless they are wished |
/// | `[ipaservers]` with hosts | servers that exist already: their roles, and others, are unknown |
/// | `[ipaclients]` | nothing: clients are no servers, and an inventory rarely lists all of them |
/// | `ipa[01:04].example.com key=value` | hosts of a range, with variables |
/// | `[GROUP:vars]`, `[GROUP:children]` | variables and child groups; a host's own go before those of child groups, parent groups, `all` |
/// | `*_setup_ca`, `_setup_kra`, `_setup_dns`, `_setup_adtrust`, `ipareplica_hidden_replica` | the roles, and whether they are hidden |
/// | `ipaserver_external_ca`, `ipaserver_dirsrv_cert_files` | a CA that another one signs; no CA |
/// | child groups of `data_centers` (`datacenters`, `sites`, `ipa_locations`) | data centers of their hosts; other groups are none |
///
/// Every fact is planned: it is used only where no export shows the deployment itself. Values of
/// other variables are dropped unread; inventories hold passwords. Files in `group_vars` and
/// `host_vars` are not read: `ansible-inventory --list --yaml` prints them into one inventory.
///
/// # Errors
///
/// Broken ranges and quotes, circles of groups, groups that stand among hosts and servers without a
/// full name are reported and left out; then the list of servers is not whole. A variable of the
/// roles that does not exist is reported with the nearest one. A template states nothing.
///
/// # Source
///
/// ansible-freeipa `inventory/hosts.*`, `roles/ipaserver` and `roles/ipareplica` (README,
/// `defaults/main.yml`); Ansible `lib/ansible/plugins/inventory/ini.py`.
pub(super) static FORMAT: Format = Format {
    name: "Ansible inventory (INI)",
    command: "Ansible inventory of ansible-freeipa, INI",
    reader: Reads::Lines(read),
};

/// What the lines below a head are.
enum Section<'t> {
    Hosts(&'t str),
    Variables(&'t str),
    Children(&'t str),
    /// A head that is none: nothing below it is read.
    Unknown,
}

/// The name and kind of a head: `[ipaserver]`, `[ipaserver:vars]`.
fn head(text: &str) -> Option<(&str, Option<&str>)> {
    let (inner, behind) = text.trim().strip_prefix('[')?.split_once(']')?;
    let behind = behind.trim();
    if !behind.is_empty() && !behind.starts_with('#') {
        return None;
    }
    let (name, kind) = match inner.split_once(':') {
        Some((name, kind)) => (name, Some(kind)),
        None => (inner, None),
    };
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then_some((name, kind))
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let is_own = |line: &Line| {
        head(&line.text).is_some_and(|(name, kind)| {
            GROUPS.contains(&name) && matches!(kind, None | Some("vars" | "children"))
        })
    };
    if !lines.iter().any(is_own) {
        return false;
    }
    let mut inventory = Inventory::new(named);
    if has_gaps(lines) {
        inventory.is_partial();
    }
    let mut reader = Reader { inventory, defined: BTreeMap::new(), children: BTreeMap::new() };
    let mut section = Section::Hosts("ungrouped");
    for line in lines {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if text.starts_with('[') && (head(text).is_some() || !text.contains(']')) {
            section = reader.section(text, line.number);
        } else {
            reader.line(&section, &line.text, line.number);
        }
    }
    reader.finish(facts);
    true
}

struct Reader<'a> {
    inventory: Inventory<'a>,
    /// Groups that have a section.
    defined: BTreeMap<String, u64>,
    /// Groups that are named as children.
    children: BTreeMap<String, u64>,
}

impl Reader<'_> {
    fn section<'t>(&mut self, text: &'t str, line: u64) -> Section<'t> {
        let section = match head(text) {
            Some((name, None)) => Section::Hosts(name),
            Some((name, Some("vars"))) => Section::Variables(name),
            Some((name, Some("children"))) => Section::Children(name),
            _ => {
                self.inventory.is_partial();
                self.inventory.invalid(
                    (line, Some(1)),
                    "a head of a section that is none; what is below it is left out".to_owned(),
                    "Write [GROUP], [GROUP:vars] or [GROUP:children].",
                );
                return Section::Unknown;
            }
        };
        if let Section::Hosts(name) | Section::Children(name) = section {
            self.inventory.group(name, line);
            self.defined.entry(name.to_owned()).or_insert(line);
        }
        section
    }

    fn line(&mut self, section: &Section<'_>, text: &str, line: u64) {
        match section {
            Section::Hosts(group) => self.hosts(group, text, line),
            Section::Variables(group) => match text.split_once('=') {
                Some((name, value)) => {
                    let value = self.value(value.trim(), line);
                    self.inventory.set(Owner::Group(group), name.trim(), line, value);
                }
                None => self.inventory.invalid(
                    (line, Some(1)),
                    "a variable without =; it is left out".to_owned(),
                    "Write NAME=VALUE below [GROUP:vars].",
                ),
            },
            Section::Children(group) => {
                let child = text.split('#').next().unwrap_or_default().trim();
                if child.is_empty() || child.contains(char::is_whitespace) {
                    self.inventory.is_partial();
                    self.inventory.invalid(
                        (line, Some(1)),
                        "a child group whose name has blanks; it is left out".to_owned(),
                        "Write one group per line below [GROUP:children].",
                    );
                    return;
                }
                self.children.entry(child.to_owned()).or_insert(line);
                self.inventory.child(group, child, line);
            }
            Section::Unknown => {}
        }
    }

    /// A value below `:vars`: the rest of the line, without quotes around it.
    fn value(&mut self, text: &str, line: u64) -> Value {
        let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Value::Text(text.to_owned());
        };
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Value::Text(inner.to_owned());
        }
        self.inventory.invalid(
            (line, None),
            "a quote that does not end in its line".to_owned(),
            "Close the quote; a value of several lines needs an inventory in YAML.",
        );
        Value::Runtime
    }

    /// A line with a host, or a range of them, and variables.
    fn hosts(&mut self, group: &str, text: &str, line: u64) {
        let words = match words(text) {
            Ok(words) => words,
            Err(column) => {
                self.inventory.is_partial();
                self.inventory.invalid(
                    (line, Some(column)),
                    "a quote that does not end in its line; the host is left out".to_owned(),
                    "Close the quote: NAME='VALUE'.",
                );
                return;
            }
        };
        let mut words = words.into_iter();
        let Some((column, pattern)) = words.next() else { return };
        let pattern = without_port(&pattern);
        let hosts = self.inventory.add_hosts(group, pattern, (line, column));
        for (column, word) in words {
            let Some((name, value)) = word.split_once('=') else {
                self.inventory.invalid(
                    (line, Some(column)),
                    "something behind a host that is no NAME=VALUE; it is left out".to_owned(),
                    "Write one host per line, its variables behind it.",
                );
                continue;
            };
            for host in &hosts {
                let value = Value::Text(value.to_owned());
                self.inventory.set(Owner::Host(host), name, line, value);
            }
        }
    }

    fn finish(mut self, facts: &mut Facts) {
        for (name, line) in &self.children {
            if !self.defined.contains_key(name) {
                self.inventory.invalid(
                    (*line, None),
                    format!("group \"{name}\" has no section of its own"),
                    "Ansible refuses such an inventory: add [GROUP], even without hosts.",
                );
            }
        }
        self.inventory.state(facts);
    }
}

/// A host's name without the port behind it.
fn without_port(pattern: &str) -> &str {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match pattern.rsplit_once(':') {
        Some((host, port)) if is_port(port) && !host.is_empty() && !host.contains("::") => host,
        _ => pattern,
    }
}

/// Words of a line as a shell splits them, with their columns; a comment ends them. An error is the
/// column of a quote that does not end.
fn words(text: &str) -> Result<Vec<(u64, String)>, u64> {
    let mut words: Vec<(u64, String)> = Vec::new();
    let mut word: Option<(u64, String)> = None;
    let mut quote: Option<(char, u64)> = None;
    let mut characters = (1_u64..).zip(text.chars());
    while let Some((column, c)) = characters.next() {
        match (quote, c) {
            (Some((open, _)), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some((c, column));
                word.get_or_insert((column, String::new()));
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (open, c) => {
                let escapes = c == '\\' && open.is_none_or(|(quote, _)| quote == '"');
                let c = if escapes { characters.next().map_or(c, |(_, next)| next) } else { c };
                word.get_or_insert((column, String::new())).1.push(c);
            }
        }
    }
    if let Some((_, column)) = quote {
        return Err(column);
    }
    words.extend(word);
    Ok(words)
}
