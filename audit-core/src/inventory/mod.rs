//! Ansible inventories for ansible-freeipa, whatever syntax they are written in: groups, hosts,
//! variables with their precedence, and the servers with roles that the roles `ipaserver` and
//! `ipareplica` would install.
//!
//! All of it is planned: intent, not state.

pub(crate) mod range;
pub(crate) mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::variables::{ROLE_CHECK, is_of_roles, is_read};
use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::import::Named;
use crate::limits;
use crate::model::{CaMode, CaSigning, Fqdn, Role, RoleStatus};
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::parse::yaml::{self, Fault, Node};

/// The first server: role `ipaserver` installs it.
const FIRST: &str = "ipaserver";

/// Servers that exist already, which role `ipareplica` joins replicas to.
const EXISTING: &str = "ipaservers";

/// Replicas: role `ipareplica` installs them.
const REPLICAS: &str = "ipareplicas";

/// Groups that ansible-freeipa gives a meaning.
pub(crate) const GROUPS: [&str; 4] = [FIRST, EXISTING, REPLICAS, "ipaclients"];

/// A group whose child groups are data centers: the inventory says so by this name. Any other group
/// may mean anything.
const DATA_CENTERS: [&str; 4] = ["data_centers", "datacenters", "ipa_locations", "sites"];

/// The value of a variable. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// Something that is known only when Ansible runs: a template, an encrypted value, an alias of
    /// a value that was not read.
    Runtime,
    /// A list or mapping with something in it.
    Several,
    /// Nothing.
    Null,
}

/// A variable with the line that sets it.
#[derive(Clone, Debug)]
struct Variable {
    line: u64,
    value: Value,
}

type Variables = BTreeMap<String, Variable>;

#[derive(Debug, Default)]
struct Group {
    /// Where it stands first.
    line: u64,
    /// Hosts, with the line that puts them here.
    hosts: BTreeMap<String, u64>,
    /// Child groups, with the line that makes them children.
    children: BTreeMap<String, u64>,
    variables: Variables,
}

/// Whose variable it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner<'a> {
    /// A group's.
    Group(&'a str),
    /// A host's.
    Host(&'a str),
}

/// An inventory on its way in.
pub(crate) struct Inventory<'a> {
    named: &'a Named<'a>,
    groups: BTreeMap<String, Group>,
    hosts: BTreeMap<String, Variables>,
    notes: BTreeSet<Note>,
    /// False if a host may be missing.
    is_whole: bool,
}

/// Whether something is wished, and what says so.
struct Wish {
    is: bool,
    line: u64,
    observed: String,
    is_default: bool,
}

/// Reads a truth value as Ansible's filter `bool` does.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "y" | "t" | "1.0" => Some(true),
        "no" | "false" | "off" | "0" | "n" | "f" | "0.0" | "" => Some(false),
        _ => None,
    }
}

/// True for text that Jinja evaluates.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

impl<'a> Inventory<'a> {
    /// An inventory of a file.
    pub(crate) fn new(named: &'a Named<'a>) -> Self {
        Self {
            named,
            groups: BTreeMap::new(),
            hosts: BTreeMap::new(),
            notes: BTreeSet::new(),
            is_whole: !named.cut,
        }
    }

    /// Says that hosts may be missing.
    pub(crate) fn is_partial(&mut self) {
        self.is_whole = false;
    }

    /// A remark.
    pub(crate) fn note(
        &mut self,
        code: NoteCode,
        (line, column): (u64, Option<u64>),
        message: String,
        help: &str,
    ) {
        let mut note = Note::on_file(self.named.file, code, message).at(line).help(help);
        note.column = column;
        self.notes.insert(note);
    }

    /// A place that Ansible would refuse.
    pub(crate) fn invalid(&mut self, place: (u64, Option<u64>), message: String, help: &str) {
        self.note(NoteCode::InvalidInventory, place, message, help);
    }

    /// States that a group exists.
    pub(crate) fn group(&mut self, name: &str, line: u64) {
        if self.groups.len() >= limits::INVENTORY_GROUPS_MAX && !self.groups.contains_key(name) {
            self.is_whole = false;
            let message =
                format!("more than {} groups; the rest is left out", limits::INVENTORY_GROUPS_MAX);
            self.invalid((line, None), message, "Leave out groups without IdM servers.");
            return;
        }
        let group = self.groups.entry(name.to_owned()).or_default();
        if group.line == 0 {
            group.line = line;
        }
    }

    /// States that a group is a child of another.
    pub(crate) fn child(&mut self, parent: &str, child: &str, line: u64) {
        self.group(parent, line);
        self.group(child, line);
        if self.reaches(child, parent) {
            self.invalid(
                (line, None),
                format!("group \"{child}\" would be its own ancestor; the line is left out"),
                "Ansible refuses such an inventory: remove one of the lines that close the circle.",
            );
            return;
        }
        if self.groups.contains_key(child)
            && let Some(group) = self.groups.get_mut(parent)
        {
            group.children.entry(child.to_owned()).or_insert(line);
        }
    }

    /// True if `from` is `to` or one of its ancestors.
    fn reaches(&self, from: &str, to: &str) -> bool {
        self.below(from).contains(to)
    }

    /// A group and all groups below it.
    fn below(&self, name: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = Vec::new();
        if let Some((name, _)) = self.groups.get_key_value(name) {
            open.push(name.as_str());
        }
        while let Some(name) = open.pop() {
            if found.insert(name)
                && let Some(group) = self.groups.get(name)
            {
                open.extend(group.children.keys().map(String::as_str));
            }
        }
        found
    }

    /// Hosts that a pattern stands for, in a group. Returns their names.
    pub(crate) fn add_hosts(
        &mut self,
        group: &str,
        pattern: &str,
        (line, column): (u64, u64),
    ) -> Vec<String> {
        self.group(group, line);
        let room = limits::SERVERS_MAX.saturating_sub(self.hosts.len()).max(1);
        let names = match range::expand(pattern, room) {
            Ok(names) => names,
            Err(problem) => {
                self.is_whole = false;
                self.invalid(
                    (line, Some(column)),
                    format!("{problem}; its hosts are left out"),
                    "Write ranges like ipa[01:04].example.com; both ends belong to it.",
                );
                return Vec::new();
            }
        };
        for name in &names {
            if self.hosts.len() >= limits::SERVERS_MAX && !self.hosts.contains_key(name) {
                self.is_whole = false;
                let message =
                    format!("more than {} hosts; the rest is left out", limits::SERVERS_MAX);
                self.note(NoteCode::TooManyServers, (line, None), message, "Split the inventory.");
                break;
            }
            self.hosts.entry(name.clone()).or_default();
            if let Some(group) = self.groups.get_mut(group) {
                group.hosts.entry(name.clone()).or_insert(line);
            }
        }
        names
    }

    /// Sets a variable; its value is dropped unless it is one that is read.
    pub(crate) fn set(&mut self, owner: Owner<'_>, name: &str, line: u64, value: Value) {
        if !is_read(name) && !is_of_roles(name) {
            return;
        }
        let value = match value {
            Value::Text(text) if is_template(&text) => Value::Runtime,
            _ if !is_read(name) => Value::Null,
            value => value,
        };
        if !variables::is_known(name) {
            let nearest = variables::nearest(name);
            let meant = nearest.map_or(String::new(), |other| format!(" Is {other} meant?"));
            self.note(
                NoteCode::UnknownVariable,
                (line, None),
                format!("{name} is no variable of its role: it does nothing"),
                &format!("Correct or remove it.{meant}"),
            );
        }
        if name == ROLE_CHECK {
            note_role_check(self.named, line, &value, &mut self.notes);
        }
        let variables = match owner {
            Owner::Group(group) => {
                self.group(group, line);
                self.groups.get_mut(group).map(|group| &mut group.variables)
            }
            Owner::Host(host) => self.hosts.get_mut(host),
        };
        if let Some(variables) = variables {
            variables.insert(name.to_owned(), Variable { line, value });
        }
    }

    /// Depth of every group below `all`, the longest way counted: deeper groups go before.
    fn depths(&self) -> BTreeMap<&str, usize> {
        let mut depths: BTreeMap<&str, usize> =
            self.groups.keys().map(|name| (name.as_str(), usize::from(name != "all"))).collect();
        // Circles were refused, so the longest way has fewer steps than there are groups.
        for _ in 0..self.groups.len() {
            let mut changed = false;
            for (name, group) in &self.groups {
                let depth = depths.get(name.as_str()).copied().unwrap_or(0) + 1;
                for child in group.children.keys() {
                    if let Some(known) = depths.get_mut(child.as_str())
                        && *known < depth
                    {
                        *known = depth;
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        depths
    }

    /// All hosts of a group and of the groups below it, with the line that puts each there.
    fn members(&self, name: &str) -> BTreeMap<&str, u64> {
        let mut members = BTreeMap::new();
        for group in self.below(name) {
            for (host, line) in self.groups.get(group).into_iter().flat_map(|g| &g.hosts) {
                members.entry(host.as_str()).or_insert(*line);
            }
        }
        members
    }

    /// States what the inventory plans.
    pub(crate) fn state(mut self, facts: &mut Facts) {
        let planned = self.planned();
        let mut names = BTreeSet::new();
        let mut lists = Sources::new();
        for server in &planned {
            self.state_server(server, facts);
            names.insert(server.name.clone());
            lists.insert(self.source(server.line, format!("server {}", server.name)));
        }
        let has_first = planned.iter().any(|server| server.role == FIRST);
        let all_installed = planned.iter().all(|server| server.role != EXISTING);
        // Where servers exist already, the inventory names some of them, not all.
        if self.is_whole && has_first && all_installed {
            facts.all_servers(names.clone(), lists);
        }
        self.state_data_centers(&planned, facts);
        self.note_domains(&planned);
        for note in std::mem::take(&mut self.notes) {
            facts.note(note);
        }
    }

    /// The servers of the groups, by name.
    fn planned(&mut self) -> Vec<Planned> {
        let depths = self.depths();
        // Every group that a host is in, by itself or through others.
        let mut groups_of: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        for name in self.groups.keys() {
            let depth = depths.get(name.as_str()).copied().unwrap_or(0);
            for host in self.members(name).into_keys() {
                groups_of.entry(host).or_default().push((depth, name));
            }
        }
        let mut planned: Vec<Planned> = Vec::new();
        let mut problems: Vec<(NoteCode, u64, String, &str)> = Vec::new();
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        let firsts = self.members(FIRST).len();
        for role in [FIRST, REPLICAS, EXISTING] {
            for (host, line) in self.members(role) {
                if self.is_group_name(host) {
                    continue;
                }
                if !taken.insert(host) {
                    if role == REPLICAS {
                        let message = format!(
                            "{host} is in {FIRST} and in {REPLICAS}; it counts as the first server"
                        );
                        let help = "A server is installed once: leave it in one of the groups.";
                        problems.push((NoteCode::InvalidInventory, line, message, help));
                    }
                    continue;
                }
                let variables = self.variables(groups_of.get(host).into_iter().flatten(), host);
                let stated = ["ipaserver_hostname", "ipareplica_hostname"]
                    .iter()
                    .filter(|name| (role == REPLICAS) == name.starts_with("ipareplica"))
                    .find_map(|name| variables.get(*name));
                let text = match stated.map(|variable| &variable.value) {
                    Some(Value::Text(text)) => text.as_str(),
                    _ => host,
                };
                let is_address = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let name =
                    Fqdn::parse(text).filter(|name| name.as_str().contains('.') && !is_address);
                let Some(name) = name else {
                    let message = "a server without its full host name; it is left out".to_owned();
                    let help = "Name it as ipa1.example.com, or set ipaserver_hostname or \
                                ipareplica_hostname to that.";
                    problems.push((NoteCode::InvalidHostName, line, message, help));
                    continue;
                };
                planned.push(Planned { name, host: host.to_owned(), line, role, variables });
            }
        }
        if firsts > 1 {
            let line = self.groups.get(FIRST).map_or(1, |group| group.line);
            let message =
                format!("{firsts} hosts in {FIRST}: each would become a deployment of its own");
            let help = "Put one host there, and the others into ipareplicas.";
            problems.push((NoteCode::InvalidInventory, line, message, help));
        }
        let groups: Vec<(String, u64)> = self.groups_among_hosts();
        for (code, line, message, help) in problems {
            self.is_whole &= code != NoteCode::InvalidHostName;
            self.note(code, (line, None), message, help);
        }
        for (name, line) in groups {
            self.is_whole = false;
            self.note(
                NoteCode::GroupAsHost,
                (line, None),
                format!(
                    "\"{name}\" stands among hosts, so Ansible takes it for a host; it is a group"
                ),
                "List groups below children: (YAML), or below [GROUP:children] (INI).",
            );
        }
        planned.sort_by(|a, b| (&a.name, a.line).cmp(&(&b.name, b.line)));
        planned.dedup_by(|a, b| a.name == b.name);
        planned
    }

    /// True for a host that is called like a group.
    fn is_group_name(&self, host: &str) -> bool {
        !host.contains('.') && (GROUPS.contains(&host) || self.groups.contains_key(host))
    }

    /// Names of groups that stand among hosts, with their lines.
    fn groups_among_hosts(&self) -> Vec<(String, u64)> {
        let hosts = self.groups.values().flat_map(|group| &group.hosts);
        let groups: BTreeSet<(String, u64)> = hosts
            .filter(|(host, _)| self.is_group_name(host))
            .map(|(host, line)| (host.clone(), *line))
            .collect();
        groups.into_iter().collect()
    }

    /// Variables of a host: its own, then those of child groups, of their parents, of all.
    fn variables<'g>(
        &self,
        groups: impl Iterator<Item = &'g (usize, &'g str)>,
        host: &str,
    ) -> Variables {
        let mut groups: Vec<(usize, &str)> = groups.copied().collect();
        groups.push((0, "all"));
        groups.sort_unstable();
        let mut variables = Variables::new();
        for (_, name) in groups {
            if let Some(group) = self.groups.get(name) {
                variables.extend(group.variables.clone());
            }
        }
        variables.extend(self.hosts.get(host).cloned().unwrap_or_default());
        variables
    }

    fn source(&self, line: u64, observed: impl Into<String>) -> Source {
        self.named.source(line, observed).planned()
    }

    /// Whether a variable wishes something; `None` if that is known at run time only.
    fn wish(&mut self, server: &Planned, name: &str, default: bool) -> Option<Wish> {
        let Some(variable) = server.variables.get(name) else {
            let word = if default { "yes" } else { "no" };
            let observed = format!("{name}: {word}, by default");
            return Some(Wish { is: default, line: server.line, observed, is_default: true });
        };
        let known = match &variable.value {
            Value::Text(text) => truth(text),
            Value::Null => Some(false),
            Value::Runtime | Value::Several => None,
        };
        if known.is_none() {
            self.note(
                NoteCode::ValueNotKnown,
                (variable.line, None),
                format!("the value of {name} is not in the inventory, or is no yes or no"),
                "Write yes or no here, to audit what will be installed.",
            );
        }
        let line = variable.line;
        known.map(|is| {
            let observed = format!("{name}: {}", if is { "yes" } else { "no" });
            Wish { is, line, observed, is_default: false }
        })
    }

    fn state_server(&mut self, server: &Planned, facts: &mut Facts) {
        let Planned { name, line, role, .. } = server;
        let host = self.source(*line, format!("{role}: {name}"));
        facts.server(name, [host.clone()]);
        let prefix = match *role {
            FIRST => "ipaserver",
            REPLICAS => "ipareplica",
            _ => return,
        };
        // The first server cannot be hidden.
        let visible =
            || Wish { is: false, line: *line, observed: String::new(), is_default: false };
        let hidden = match *role {
            REPLICAS => self.wish(server, "ipareplica_hidden_replica", false),
            _ => Some(visible()),
        };
        let status = hidden
            .as_ref()
            .map(|hidden| if hidden.is { RoleStatus::Hidden } else { RoleStatus::Enabled });
        if let (Some(status), Some(hidden)) = (status, &hidden) {
            let source =
                if hidden.is { self.source(hidden.line, hidden.observed.clone()) } else { host };
            let of = (Role::IpaMaster, status);
            state_role(name, of, source, hidden.is_default, facts);
        }
        let files = format!("{prefix}_dirsrv_cert_files");
        let has_files = server.variables.get(&files).filter(|files| match &files.value {
            Value::Text(text) => !text.trim().is_empty(),
            Value::Runtime | Value::Several => true,
            Value::Null => false,
        });
        let files_line = has_files.map(|files| files.line);
        for (role, word) in [
            (Role::Ca, "ca"),
            (Role::Kra, "kra"),
            (Role::Dns, "dns"),
            (Role::AdTrustController, "adtrust"),
        ] {
            let is_first_ca = prefix == "ipaserver" && role == Role::Ca;
            let wish = match files_line {
                // Certificates from elsewhere: there is no CA to install.
                Some(line) if is_first_ca => {
                    Some(Wish { is: false, line, observed: files.clone(), is_default: false })
                }
                _ => self.wish(server, &format!("{prefix}_setup_{word}"), is_first_ca),
            };
            let Some(wish) = wish else { continue };
            let source = self.source(wish.line, format!("{name}: {}", wish.observed));
            let status = if wish.is { status } else { Some(RoleStatus::Absent) };
            if let Some(status) = status {
                // A role is hidden where the server is, which may be a default, too.
                let is_default = wish.is_default
                    || (wish.is && hidden.as_ref().is_some_and(|hidden| hidden.is_default));
                state_role(name, (role, status), source.clone(), is_default, facts);
                // The controller is an agent, too (FreeIPA ipaserver/install/adtrustinstance.py).
                if role == Role::AdTrustController && wish.is {
                    let of = (Role::AdTrustAgent, status);
                    state_role(name, of, source.clone(), is_default, facts);
                }
            }
            if is_first_ca && !wish.is {
                facts.ca(CaMode::None, Sources::from([source]));
            }
        }
        if prefix == "ipaserver"
            && let Some(wish) = self.wish(server, "ipaserver_external_ca", false)
            && wish.is
        {
            let source = self.source(wish.line, wish.observed);
            facts.observed.ca_signing.claim(CaSigning::External, Sources::from([source]));
        }
    }

    fn state_data_centers(&self, planned: &[Planned], facts: &mut Facts) {
        for parent in DATA_CENTERS {
            let Some(group) = self.groups.get(parent) else { continue };
            for center in group.children.keys() {
                let members = self.members(center);
                for Planned { name, host, .. } in planned {
                    if let Some(line) = members.get(host.as_str()) {
                        let source = self.source(*line, format!("{name} is in group {center}"));
                        facts.data_center(name, center.clone(), Sources::from([source]));
                    }
                }
            }
        }
    }

    /// Says which servers are in none of the domains that the inventory sets.
    fn note_domains(&mut self, planned: &[Planned]) {
        let groups = self.groups.values().map(|group| &group.variables);
        let domains: BTreeSet<String> = groups
            .chain(self.hosts.values())
            .flat_map(|variables| {
                ["ipaserver_domain", "ipareplica_domain"].map(|name| variables.get(name))
            })
            .filter_map(|variable| match &variable?.value {
                Value::Text(text) => Some(text.trim().to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        if domains.is_empty() {
            return;
        }
        for server in planned {
            let name = server.name.as_str();
            let domain = name.split_once('.').map_or(name, |(_, domain)| domain);
            if !domains.contains(domain) {
                let planned = domains.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let message = format!("{name} is in domain {domain}, but planned is {planned}");
                let help = "This works; if it is not meant, correct the name or the domain.";
                self.note(NoteCode::OtherDomain, (server.line, None), message, help);
            }
        }
    }
}

/// A server that a role would install, or that exists already.
struct Planned {
    name: Fqdn,
    /// What the inventory calls it.
    host: String,
    /// The line that puts it into its group.
    line: u64,
    /// Its group.
    role: &'static str,
    variables: Variables,
}

/// States a role of a server that was stated.
fn state_role(
    name: &Fqdn,
    (role, status): (Role, RoleStatus),
    source: Source,
    is_default: bool,
    facts: &mut Facts,
) {
    if is_default {
        facts.role_by_default(name, role, status, source);
    } else {
        facts.role(name, role, status, [source]);
    }
}

/// Reads the YAML of a file. `None` (with a note) if it cannot be read.
pub(crate) fn load(
    named: &Named<'_>,
    lines: &[Line],
    keeps: fn(&str) -> bool,
    facts: &mut Facts,
) -> Option<Rc<Node>> {
    let note = |code, fault: &Fault, message, help: &str| {
        Note::on_file(named.file, code, message).at(fault.line).column(fault.column).help(help)
    };
    match yaml::parse(lines, keeps) {
        Ok(document) => {
            for remark in &document.remarks {
                let help = "Remove one of the two.";
                facts.note(note(NoteCode::InvalidInventory, remark, remark.message.clone(), help));
            }
            Some(document.root)
        }
        Err(fault) => {
            let message =
                format!("YAML that cannot be read: {}; the file was not used", fault.message);
            let help = "Correct the place shown. Inventories are also read as `ansible-inventory \
                        --list --yaml` prints them.";
            facts.note(note(NoteCode::InvalidYaml, &fault, message, help));
            None
        }
    }
}

/// True if lines of the text were left out on its way in: too long, or JSON.
pub(crate) fn has_gaps(lines: &[Line]) -> bool {
    lines.windows(2).any(|pair| match pair {
        [one, other] => other.number != one.number + 1,
        _ => false,
    })
}

/// Says that backups would be made of servers without all roles in use.
pub(crate) fn note_role_check(
    named: &Named<'_>,
    line: u64,
    value: &Value,
    notes: &mut BTreeSet<Note>,
) {
    if let Value::Text(text) = value
        && truth(text) == Some(true)
    {
        notes.insert(
            Note::on_file(
                named.file,
                NoteCode::RoleCheckOff,
                format!(
                    "{ROLE_CHECK} is on: ipa-backup then also backs up a server without all roles \
                     in use, and such a backup brings them not back"
                ),
            )
            .at(line)
            .help("Remove it, and back up a server that has all roles (rule BAK002)."),
        );
    }
}
