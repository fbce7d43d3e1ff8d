//! JSON-RPC answers of the FreeIPA API: single calls and batches.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::topology_segment_find::{observed, segment_suffix, switch};
use super::{Format, Named, Reads};
use crate::facts::{Facts, ListedSegment, Listing};
use crate::json_parts::Place;
use crate::model::{
    CaMode, DeploymentRange, Direction, Fqdn, IdRange, IdRangeKind, Role, RoleStatus, SegmentKey,
    Suffix,
};
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::parse::ldif::Dn;
use crate::parse::rpc::{Answer, Call, Entry, Outcome, Request};
use crate::version::numbers;

/// Reads answers of the API (`/ipa/session/json`): one method or a batch, alone, several in a file,
/// or in the log of `ipa -vv`, where the requests say what was asked.
///
/// # Shape
///
/// | answer of | becomes |
/// |---|---|
/// | `server_find`, `server_show` | servers; location; enabled roles; with suffix `ca` the CA is integrated; the list of all servers |
/// | `server_role_find` | status of each role on each server; the list of all servers |
/// | `topologysegment_find` | segments; the suffix is that of the DN, else that of the request |
/// | `topologysuffix_find` | whether the suffix `ca` exists |
/// | `config_show`, `dnsconfig_show` | enabled and hidden roles, CA renewal server, DNSSEC key master |
/// | `domainlevel_get` | the domain level |
/// | `location_find`, `location_show` | IdM locations and their servers |
/// | `idrange_find` | ID ranges of the deployment |
/// | `topologysuffix_verify` | a note if it reports a fault |
///
/// Values count plain, in lists of one, and in the wrappers of newer API versions
/// (`__dns_name__`, `__base64__`); `raw` gives DNs in place of names. What an answer is shows in
/// its keys; the request, where there is one, tells what an empty list is a list of.
///
/// A list is whole if its `count` agrees, `truncated` is false, and no request shows a filter. A
/// single server without its request may be a search for that one.
///
/// # Errors
///
/// A call that failed becomes a note, in a batch for itself, except that "ca: suffix not found"
/// says that there is no integrated CA. Entries that cannot be read are left out with a note, and
/// their list is not whole.
///
/// # Source
///
/// FreeIPA `ipaserver/rpcserver.py`, `ipaserver/plugins/{batch,server,serverrole,topology,config,
/// dns,domainlevel,location,idrange}.py`, `ipaserver/servroles.py`, `ipalib/rpc.py`.
pub(super) static FORMAT: Format = Format {
    name: "JSON-RPC",
    command: "answers of the JSON-RPC API (server_find, topologysegment_find, batch, …)",
    reader: Reads::Json(read),
};

/// Keys of what `config_show` lists, with the key of the hidden holders (`servroles.py`).
const ROLE_LISTS: [(Role, &str, &str); 4] = [
    (Role::IpaMaster, "ipa_master_server", "ipa_master_hidden_server"),
    (Role::Ca, "ca_server_server", "ca_server_hidden_server"),
    (Role::Kra, "kra_server_server", "kra_server_hidden_server"),
    (Role::Dns, "dns_server_server", "dns_server_hidden_server"),
];

const RENEWAL: &str = "ca_renewal_master_server";
const KEY_MASTER: &str = "dnssec_key_master_server";

/// Options of a request that leave no entries out.
const HARMLESS: [&str; 9] = [
    "all",
    "include_master",
    "no_members",
    "pkey_only",
    "raw",
    "rights",
    "sizelimit",
    "timelimit",
    "version",
];

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let Some(answer) = Answer::of(document) else { return false };
    let version = answer.server_version;
    let mut reader = Reader { place: Place { named, document }, facts, version, unread: 0 };
    for call in &answer.calls {
        reader.call(call);
    }
    if reader.unread > 0 {
        let message = format!("{} answer(s) that this version makes no use of", reader.unread);
        let note = reader.place.note(NoteCode::CommandNotRead, "", &message);
        facts.note(note);
    }
    true
}

/// What an entry is, by its keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Server,
    Role,
    Segment,
    Suffix,
    Location,
    Range,
    Config,
    Verification,
}

impl Kind {
    fn of(entry: Entry<'_>) -> Option<Self> {
        let parent = entry.value(&["dn"]).map(|dn| Dn::parse(&dn)).and_then(|dn| dn.parent());
        let below = |name: &str| {
            let parent = parent.as_ref().and_then(|dn| dn.rdns().first()?.value("cn"));
            parent.is_some_and(|parent| parent.eq_ignore_ascii_case(name))
        };
        let has = |keys: &[&str]| entry.has(keys);
        if has(&["role_servrole"]) && has(&["server_server"]) {
            Some(Self::Role)
        } else if has(&["iparepltoposegmentleftnode", "iparepltoposegmentrightnode"]) {
            Some(Self::Segment)
        } else if has(&["iparepltopoconfroot"]) {
            Some(Self::Suffix)
        } else if has(&["ipabaseid"]) {
            Some(Self::Range)
        } else if below("masters")
            || has(&["iparepltopomanagedsuffix", "ipamindomainlevel", "enabled_role_servrole"])
        {
            Some(Self::Server)
        } else if below("locations") {
            Some(Self::Location)
        } else if has(&["in_order"]) {
            Some(Self::Verification)
        } else if ROLE_LISTS.iter().any(|(_, enabled, hidden)| has(&[enabled, hidden]))
            || has(&[RENEWAL, KEY_MASTER])
        {
            Some(Self::Config)
        } else {
            None
        }
    }

    /// What a list is a list of, if it is empty.
    fn of_empty(request: Option<&Request<'_>>, summary: &str) -> Option<Self> {
        match request.map(|request| request.method) {
            Some("topologysegment_find") => Some(Self::Segment),
            Some("location_find") => Some(Self::Location),
            Some(_) => None,
            None => summary.starts_with("0 segment").then_some(Self::Segment),
        }
    }
}

struct Reader<'a> {
    place: Place<'a>,
    facts: &'a mut Facts,
    /// IPA version of the server that answered.
    version: Option<&'a str>,
    unread: usize,
}

/// A list with what surrounds it.
struct List<'a> {
    call: &'a Call<'a>,
    output: &'a Map<String, Value>,
    entries: Vec<(String, Entry<'a>)>,
    summary: &'a str,
}

impl Reader<'_> {
    fn note(&mut self, code: NoteCode, pointer: &str, message: &str, help: &str) {
        let note = self.place.note(code, pointer, message);
        self.facts.note(if help.is_empty() { note } else { note.help(help) });
    }

    fn call(&mut self, call: &Call<'_>) {
        let output = match call.outcome {
            Outcome::Answered(output) => output,
            Outcome::Failed { name, message } => return self.failed(call, name, message),
        };
        let pointer = format!("{}/result", call.pointer);
        match output.get("result") {
            Some(Value::Number(level)) => self.domain_level(call, &pointer, level.as_u64()),
            Some(Value::Object(entry)) => self.show(&pointer, call, Entry(entry)),
            Some(Value::Array(entries)) => {
                let entries = entries.iter().enumerate().filter_map(|(index, entry)| {
                    Some((format!("{pointer}/{index}"), Entry(entry.as_object()?)))
                });
                let summary = output.get("summary").and_then(Value::as_str).unwrap_or_default();
                self.list(&List { call, output, entries: entries.collect(), summary });
            }
            _ => self.unread += 1,
        }
    }

    fn failed(&mut self, call: &Call<'_>, name: &str, message: &str) {
        let method = call.request.as_ref().map(|request| request.method);
        if message.starts_with("ca: suffix not found")
            && method.is_none_or(|method| method.starts_with("topologys"))
        {
            let sources = self.place.sources(&call.pointer, "ca: suffix not found");
            self.facts.ca(CaMode::None, sources);
            return;
        }
        let method = method.unwrap_or("a call");
        self.note(
            NoteCode::CommandFailed,
            &call.pointer,
            &format!("{method} failed: {name}: {message}"),
            "Ask again as admin (kinit admin).",
        );
    }

    fn domain_level(&mut self, call: &Call<'_>, pointer: &str, level: Option<u64>) {
        let asked = call.request.as_ref().is_none_or(|r| r.method == "domainlevel_get");
        match level.and_then(|level| u8::try_from(level).ok()).filter(|_| asked) {
            Some(level) => {
                let sources = self.place.sources(pointer, format!("domain level {level}"));
                self.facts.domain_level(level, sources);
            }
            None => self.unread += 1,
        }
    }

    fn show(&mut self, pointer: &str, call: &Call<'_>, entry: Entry<'_>) {
        match Kind::of(entry) {
            Some(Kind::Server) => {
                self.server(pointer, entry);
            }
            Some(Kind::Role) => {
                self.role(pointer, entry);
            }
            Some(Kind::Config) => self.config(pointer, entry),
            Some(Kind::Location) => self.location(pointer, entry),
            Some(Kind::Range) => self.range(pointer, entry),
            Some(Kind::Verification) => self.verification(pointer, call, entry),
            // One segment is no list, and one suffix says nothing of the other.
            Some(Kind::Segment | Kind::Suffix) | None => self.unread += 1,
        }
    }

    fn list(&mut self, list: &List<'_>) {
        let request = list.call.request.as_ref();
        let kind = match list.entries.first() {
            Some((_, entry)) => Kind::of(*entry),
            None => Kind::of_empty(request, list.summary),
        };
        match kind {
            Some(Kind::Server) => self.servers(list),
            Some(Kind::Role) => self.roles(list),
            Some(Kind::Segment) => self.segments(list),
            Some(Kind::Suffix) => self.suffixes(list),
            Some(Kind::Location) => {
                for (pointer, entry) in &list.entries {
                    self.location(pointer, *entry);
                }
            }
            Some(Kind::Range) => {
                for (pointer, entry) in &list.entries {
                    self.range(pointer, *entry);
                }
            }
            Some(Kind::Config | Kind::Verification) | None => self.unread += 1,
        }
    }

    /// True if nothing speaks against a list being whole. `chosen` is the number of arguments that
    /// choose the list; one more is a search text.
    fn is_whole(&mut self, list: &List<'_>, what: &str, chosen: usize) -> bool {
        let read = list.entries.len() as u64;
        let count = list.output.get("count").and_then(Value::as_u64);
        let mut doubts = Vec::new();
        match list.output.get("truncated") {
            Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => doubts.push((
                NoteCode::Truncated,
                format!("the server cut this list of {what}s at its size or time limit"),
                "Ask again with the options \"sizelimit\": 0 and \"timelimit\": 0.",
            )),
            _ => doubts.push((
                NoteCode::Truncated,
                format!("nothing says whether this list of {what}s was cut"),
                "Save the whole answer, with \"count\" and \"truncated\".",
            )),
        }
        if count != Some(read) {
            doubts.push((
                NoteCode::CountDiffers,
                match count {
                    Some(count) => format!("{count} {what}(s) are declared, but {read} were read"),
                    None => format!("nothing says how many {what}s there are"),
                },
                "Save the whole answer.",
            ));
        }
        if let Some(filter) = list.call.request.as_ref().and_then(|r| filter(r, chosen)) {
            doubts.push((
                NoteCode::FilteredList,
                format!("{filter} leaves {what}s out of this list"),
                "Ask for the list without filters.",
            ));
        }
        let whole = doubts.is_empty();
        for (code, message, help) in doubts {
            let message = format!("{message}; what is not in it counts as unknown");
            self.note(code, &list.call.pointer, &message, help);
        }
        whole
    }

    /// A host name, or a note.
    fn host(&mut self, pointer: &str, text: Option<String>) -> Option<Fqdn> {
        let Some(text) = text else {
            self.note(NoteCode::IncompleteEntry, pointer, "an entry without a name; left out", "");
            return None;
        };
        let host = Fqdn::parse(&text);
        if host.is_none() {
            let message = format!("\"{text}\" is not a host name; left out");
            self.note(NoteCode::InvalidHostName, pointer, &message, "");
        }
        host
    }

    fn server(&mut self, pointer: &str, entry: Entry<'_>) -> Option<Fqdn> {
        let server = self.host(pointer, entry.value(&["cn"]))?;
        self.facts.server(&server, [self.place.source(pointer, format!("server {server}"))]);
        let suffixes =
            entry.values(&["iparepltopomanagedsuffix_topologysuffix", "iparepltopomanagedsuffix"]);
        let is_ca = |suffix: &str| {
            ["ca", "o=ipaca"].iter().any(|ca| suffix.trim().eq_ignore_ascii_case(ca))
        };
        if suffixes.iter().any(|suffix| is_ca(suffix)) {
            let sources = self.place.sources(pointer, format!("{server} manages suffix ca"));
            self.facts.ca(CaMode::Integrated, sources);
        }
        if let Some(location) = entry.value(&["ipalocation_location", "ipalocation"]) {
            self.server_location(pointer, &server, &location);
        }
        for title in entry.values(&["enabled_role_servrole"]) {
            if let Some(role) = self.role_title(pointer, &title) {
                let observed = format!("{server}: {role}: enabled");
                let source = self.place.source(pointer, observed);
                self.facts.role(&server, role, RoleStatus::Enabled, [source]);
            }
        }
        Some(server)
    }

    /// A role's name; the former role "NTP server" (4.4 to 4.6) is passed over.
    fn role_title(&mut self, pointer: &str, title: &str) -> Option<Role> {
        let role = Role::from_title(title);
        if role.is_none() && title != "NTP server" {
            let message = format!("\"{title}\" is no role that this version knows; left out");
            self.note(NoteCode::UnknownWord, pointer, &message, "");
        }
        role
    }

    fn server_location(&mut self, pointer: &str, server: &Fqdn, location: &str) {
        let name = location_name(location);
        if !name.is_empty() {
            let sources = self.place.sources(pointer, format!("{server}: location {name}"));
            self.facts.location(server, &name, sources);
        }
    }

    fn servers(&mut self, list: &List<'_>) {
        let found: Vec<Option<Fqdn>> =
            list.entries.iter().map(|(pointer, entry)| self.server(pointer, *entry)).collect();
        let servers: BTreeSet<Fqdn> = found.iter().flatten().cloned().collect();
        let whole = self.is_whole(list, "server", 0) && servers.len() == list.entries.len();
        self.all_servers(list, servers, whole);
    }

    fn all_servers(&mut self, list: &List<'_>, servers: BTreeSet<Fqdn>, whole: bool) {
        if !whole || servers.is_empty() {
            return;
        }
        if servers.len() == 1 && list.call.request.is_none() {
            self.note(
                NoteCode::FilteredList,
                &list.call.pointer,
                "a single server, and no request that would show whether others were searched for; \
                 which servers exist beside it counts as unknown",
                "ipa -vv server-find --all --sizelimit=0 2>&1 logs the request, too.",
            );
            return;
        }
        let sources = self.place.sources(&list.call.pointer, list.summary);
        self.facts.all_servers(servers, sources);
    }

    fn role(&mut self, pointer: &str, entry: Entry<'_>) -> Option<(Fqdn, Option<Role>)> {
        let server = self.host(pointer, entry.value(&["server_server"]))?;
        let title = entry.value(&["role_servrole"]).unwrap_or_default();
        let word = entry.value(&["status"]).unwrap_or_default();
        let status = RoleStatus::parse(&word);
        if status.is_none() {
            let message = format!("\"{word}\" is no status of a role; left out");
            self.note(NoteCode::UnknownWord, pointer, &message, "");
        }
        let role = self.role_title(pointer, &title);
        let (Some(role), Some(status)) = (role, status) else {
            let source = self.place.source(pointer, format!("server {server}"));
            self.facts.server(&server, [source]);
            return (title == "NTP server").then_some((server, None));
        };
        let source = self.place.source(pointer, format!("{server}: {role}: {status}"));
        self.facts.role(&server, role, status, [source]);
        Some((server, Some(role)))
    }

    /// Rows are servers times roles: every server has the same rows unless something was left out.
    fn roles(&mut self, list: &List<'_>) {
        let mut rows: BTreeMap<Fqdn, BTreeSet<Role>> = BTreeMap::new();
        let mut whole = self.is_whole(list, "role row", 0);
        for (pointer, entry) in &list.entries {
            match self.role(pointer, *entry) {
                Some((server, role)) => rows.entry(server).or_default().extend(role),
                None => whole = false,
            }
        }
        let Some(first) = rows.values().next() else { return };
        let is_matrix = rows.values().all(|roles| roles == first)
            && Role::ALL.iter().all(|role| *role == Role::IpaMaster || first.contains(role));
        if whole && !is_matrix {
            self.note(
                NoteCode::FilteredList,
                &list.call.pointer,
                "some servers or roles have no row: the list was filtered; which servers exist \
                 beside these counts as unknown",
                "Ask for server_role_find with \"include_master\": true and no other filter.",
            );
        }
        self.all_servers(list, rows.into_keys().collect(), whole && is_matrix);
    }

    fn segments(&mut self, list: &List<'_>) {
        let mut segments = Vec::new();
        let mut suffix = None;
        for (pointer, entry) in &list.entries {
            let dn = entry.value(&["dn"]);
            suffix = suffix.or_else(|| segment_suffix(&Dn::parse(&dn?)));
            segments.extend(self.segment(pointer, *entry));
        }
        let whole = self.is_whole(list, "segment", 1) && segments.len() == list.entries.len();
        if segments.is_empty() && !list.entries.is_empty() {
            return;
        }
        let asked = list.call.request.as_ref().and_then(|r| r.argument(0, "topologysuffixcn"));
        let summary = if list.summary.is_empty() { "list of segments" } else { list.summary };
        self.facts.listing(Listing {
            source: self.place.source(&list.call.pointer, summary),
            suffix: suffix.or_else(|| Suffix::parse(&asked?)),
            suffix_of_file_name: None,
            complete: whole,
            segments,
        });
    }

    fn segment(&mut self, pointer: &str, entry: Entry<'_>) -> Option<ListedSegment> {
        let left = entry.value(&["iparepltoposegmentleftnode"]).and_then(|n| Fqdn::parse(&n));
        let right = entry.value(&["iparepltoposegmentrightnode"]).and_then(|n| Fqdn::parse(&n));
        let direction = entry.value(&["iparepltoposegmentdirection"]);
        let direction = direction.and_then(|word| Direction::parse(&word));
        let (Some(left), Some(right), Some(direction)) = (left, right, direction) else {
            self.note(
                NoteCode::IncompleteEntry,
                pointer,
                "a segment without a usable left node, right node or direction; left out",
                "Ask for topologysegment_find with \"all\": true.",
            );
            return None;
        };
        let enabled = entry.value(&["nsds5replicaenabled"]).and_then(|word| switch(&word));
        let key = SegmentKey { left, right, direction, name: entry.value(&["cn"]) };
        let sources = self.place.sources(pointer, observed(&key, enabled));
        Some(ListedSegment { key, enabled, disputed: false, sources })
    }

    fn suffixes(&mut self, list: &List<'_>) {
        let whole = self.is_whole(list, "suffix", 0);
        let names: Vec<(&str, Option<Suffix>)> = list
            .entries
            .iter()
            .map(|(at, entry)| (at.as_str(), entry.value(&["cn"]).and_then(|n| Suffix::parse(&n))))
            .collect();
        let ca = names.iter().find(|(_, suffix)| *suffix == Some(Suffix::Ca));
        if let Some((pointer, _)) = ca {
            let sources = self.place.sources(pointer, "suffix ca");
            self.facts.ca(CaMode::Integrated, sources);
        } else if whole && names.iter().any(|(_, suffix)| *suffix == Some(Suffix::Domain)) {
            let sources = self.place.sources(&list.call.pointer, "suffixes without ca");
            self.facts.ca(CaMode::None, sources);
        }
    }

    fn config(&mut self, pointer: &str, entry: Entry<'_>) {
        let mut listed: BTreeMap<Role, BTreeSet<Fqdn>> = BTreeMap::new();
        for (role, enabled, hidden) in ROLE_LISTS {
            for (key, status) in [(enabled, RoleStatus::Enabled), (hidden, RoleStatus::Hidden)] {
                let pointer = format!("{pointer}/{key}");
                for name in entry.values(&[key]) {
                    let Some(server) = self.host(&pointer, Some(name)) else { continue };
                    let source = self.place.source(&pointer, format!("{server}: {role}: {status}"));
                    self.facts.role(&server, role, status, [source]);
                    listed.entry(role).or_default().insert(server);
                }
            }
        }
        self.unlisted_roles(pointer, entry, &listed);
        for key in [RENEWAL, KEY_MASTER] {
            let pointer = format!("{pointer}/{key}");
            let Some(name) = entry.value(&[key]) else { continue };
            let Some(server) = self.host(&pointer, Some(name)) else { continue };
            if key == RENEWAL {
                let sources = self.place.sources(&pointer, format!("CA renewal server {server}"));
                self.facts.ca_renewal_server(server, sources);
            } else {
                let sources = self.place.sources(&pointer, format!("DNSSEC key master {server}"));
                self.facts.dnssec_key_master(server, sources);
            }
        }
    }

    /// States of every server shown that the lists of a role do not name it. Before 4.8 there were
    /// lists of IPA masters and CA servers only, without hidden ones.
    fn unlisted_roles(
        &mut self,
        pointer: &str,
        entry: Entry<'_>,
        listed: &BTreeMap<Role, BTreeSet<Fqdn>>,
    ) {
        /// The first attribute that every configuration has; without it, the answer was cut down.
        const FIRST: &str = "ipamaxusernamelength";
        /// What only 4.8 and later answer, beside the lists of hidden servers.
        const SINCE_4_8: [&str; 2] = ["ipamaxhostnamelength", KEY_MASTER];
        if !entry.has(&[FIRST]) {
            return;
        }
        let hidden = ROLE_LISTS.map(|(_, _, hidden)| hidden);
        let since_4_8 = self.version.and_then(numbers).is_some_and(|version| version >= vec![4, 8])
            || entry.has(&SINCE_4_8)
            || entry.has(&hidden);
        let servers: BTreeSet<&Fqdn> = listed.values().flatten().collect();
        for (role, enabled, _) in ROLE_LISTS {
            let was_there = matches!(role, Role::IpaMaster | Role::Ca);
            let holders = listed.get(&role);
            for server in servers.iter().filter(|_| was_there || since_4_8) {
                if !holders.is_some_and(|holders| holders.contains(*server)) {
                    let observed = format!("{server} is not in {enabled}");
                    let sources = self.place.sources(pointer, observed);
                    self.facts.role_not_listed(server, role, sources);
                }
            }
        }
    }

    fn location(&mut self, pointer: &str, entry: Entry<'_>) {
        let Some(name) = entry.value(&["idnsname"]).map(|name| location_name(&name)) else {
            self.note(NoteCode::IncompleteEntry, pointer, "a location without a name", "");
            return;
        };
        let sources = self.place.sources(pointer, format!("location {name}"));
        self.facts.observed.locations.entry(name.clone()).or_default().extend(sources);
        for server in entry.values(&["servers_server"]) {
            if let Some(server) = self.host(pointer, Some(server)) {
                self.server_location(pointer, &server, &name);
            }
        }
    }

    fn range(&mut self, pointer: &str, entry: Entry<'_>) {
        let number = |key: &str| entry.value(&[key]).and_then(|text| text.parse::<u64>().ok());
        let first = number("ipabaseid");
        let size = number("ipaidrangesize").filter(|size| *size > 0);
        let last = first.zip(size).and_then(|(first, size)| first.checked_add(size - 1));
        let ids = first.zip(last).and_then(|(first, last)| IdRange::new(first, last));
        let (Some(name), Some(ids)) = (entry.value(&["cn"]), ids) else {
            let message = "an ID range without a usable name, first id or size; left out";
            self.note(NoteCode::IncompleteEntry, pointer, message, "");
            return;
        };
        let kind = entry.value(&["iparangetyperaw", "iparangetype"]).unwrap_or_default();
        let range = DeploymentRange { kind: range_kind(&kind), ids };
        let sources = self.place.sources(pointer, format!("ID range {name}: {range}"));
        self.facts.observed.id_ranges.entry(name).or_default().claim(range, sources);
    }

    /// The model holds segments, from which the same faults follow; a verification alone is said.
    fn verification(&mut self, pointer: &str, call: &Call<'_>, entry: Entry<'_>) {
        if entry.value(&["in_order"]).as_deref() == Some("true") {
            self.unread += 1;
            return;
        }
        let count = |key: &str| entry.0.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        let suffix = call.request.as_ref().and_then(|r| r.argument(0, "cn"));
        let suffix = suffix.and_then(|name| Suffix::parse(&name));
        let of = suffix.map_or("a suffix that the answer does not name".to_owned(), |suffix| {
            format!("suffix {suffix}")
        });
        self.note(
            NoteCode::ReportedFault,
            pointer,
            &format!(
                "topologysuffix_verify finds faults in {of}: {} server(s) cannot reach all others, \
                 {} have too many agreements; it proves no segment",
                count("connect_errors"),
                count("max_agmts_errors")
            ),
            "Add the list of segments: ipa topologysegment-find domain|ca --all --sizelimit=0.",
        );
    }
}

/// What a request leaves out of its list, in words.
fn filter(request: &Request<'_>, chosen: usize) -> Option<String> {
    let mut searched = request.arguments.iter().skip(chosen);
    if searched.any(|text| text.as_str().is_some_and(|text| !text.is_empty())) {
        return Some("a search text".to_owned());
    }
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        _ => true,
    };
    let is_chooser = |name: &str| chosen > 0 && name.starts_with("topologysuffix");
    let mut options = request.options.iter();
    options
        .find(|(name, value)| {
            is_set(value) && !HARMLESS.contains(&name.as_str()) && !is_chooser(name)
        })
        .map(|(name, _)| format!("option {name}"))
}

/// Name of a location, which `raw` gives as a DN.
fn location_name(text: &str) -> String {
    let name =
        if text.contains('=') { Dn::parse(text).first_value().to_owned() } else { text.to_owned() };
    name.trim_end_matches('.').to_owned()
}

/// Kind of an ID range: the stored word, or the words that `idrange_find` puts in its place.
fn range_kind(text: &str) -> IdRangeKind {
    match text {
        "local domain range" => IdRangeKind::Local,
        text if text.starts_with("Active Directory") => IdRangeKind::Trust,
        text => IdRangeKind::of_type(text),
    }
}
