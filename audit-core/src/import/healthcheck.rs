//! `ipa-healthcheck --output-type json`: what one server says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Format, Named, Reads};
use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::limits::IPA_SEARCH_RECORDS_LIMIT;
use crate::model::{CaMode, CertificateKey, Fqdn, IdRange, RuvKey, Suffix};
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::replication_words::{
    fault_of_check, replica_id, service_name, state_health, suffix_of_root,
};
use crate::time::Timestamp;

/// Reads the list of results that `ipa-healthcheck --all --output-type json` writes: one file per
/// server, one run per document.
///
/// # Shape
///
/// | check | becomes |
/// |---|---|
/// | `MetaCheck` | whose file it is: the server exists; its version |
/// | `IPAMetaCheck` | servers; the list of servers as this one sees it |
/// | `RUVCheck` | the server's own replica id in a suffix; with `o=ipaca` the CA is integrated |
/// | `KnownRUVCheck` | the replica ids that it knows in a suffix, with their hosts |
/// | `IPACRLManagerCheck` | whether it generates the CRL |
/// | `IPARenewalMasterCheck` | the CA renewal server, if it is this one |
/// | `IPADNARangeCheck` | the ids that it may hand out; 0 means none |
/// | `ReplicationCheck` | agreements that are not reachable or not in synchronization |
/// | `*ExpirationCheck` | end of validity of a certificate, where the result states it |
/// | the same, with success | no replication conflicts; `DSREPLLE0002`: their number in a suffix |
/// | `DSECheck` | by how much the clock is off: 0, or 6, 12 or 24 hours at least |
/// | `FileSystemSpaceCheck`, `DiskSpaceCheck` | whether a file system has enough free space |
/// | `ipahealthcheck.meta.services` | whether each service runs |
/// | `pki_tomcatd` | runs: the CA is integrated |
///
/// `when` dates every fact. A check without a result was not run: directory server down, no CA on
/// this server, or results of success left out because `--all` was missing.
///
/// # Errors
///
/// An empty list measures nothing and is refused with the reason. Results without a `MetaCheck`
/// belong to no server unless the export bundle around them says which. Checks that crashed, and
/// failed ones that the model has no place for, are counted by name in a note.
///
/// # Source
///
/// freeipa-healthcheck `src/ipahealthcheck/`: `core/main.py`, `meta/core.py`, `ds/ruv.py`,
/// `ds/replication.py`, `ipa/{certs,dna,meta,roles,topology}.py`; 389-ds-base `lib389/lint.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa-healthcheck",
    command: "ipa-healthcheck --all --output-type json",
    reader: Reads::Json(read),
};

/// One result.
struct Record<'a> {
    pointer: String,
    source: &'a str,
    check: &'a str,
    severity: Severity,
    when: Option<Timestamp>,
    words: Option<&'a Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Severity {
    Success,
    Problem,
}

impl<'a> Record<'a> {
    fn of(value: &'a Value, pointer: String) -> Option<Self> {
        let map = value.as_object()?;
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        // The first release wrote 0 for success and 10, 20, 30 for the rest.
        let is_success = match (text("result"), map.get("severity").and_then(Value::as_i64)) {
            (Some(word), _) => word.eq_ignore_ascii_case("SUCCESS"),
            (None, Some(number)) => number == 0,
            (None, None) => return None,
        };
        Some(Self {
            pointer,
            source: text("source")?,
            check: text("check")?,
            severity: if is_success { Severity::Success } else { Severity::Problem },
            when: text("when").and_then(Timestamp::parse_generalized),
            words: map.get("kw").and_then(Value::as_object),
        })
    }

    fn word(&self, key: &str) -> Option<&'a Value> {
        self.words?.get(key)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.word(key)?.as_str()
    }

    /// A number, which some checks write as text.
    fn number(&self, key: &str) -> Option<u64> {
        match self.word(key)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn has_crashed(&self) -> bool {
        self.word("exception").or_else(|| self.word("traceback")).is_some()
    }
}

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let place = Place { named, document };
    if document.value.as_array().is_some_and(Vec::is_empty) {
        refuse_empty(&place, facts);
        return true;
    }
    let records: Vec<Record<'_>> = match &document.value {
        Value::Array(values) => values
            .iter()
            .enumerate()
            .filter_map(|(index, value)| Record::of(value, format!("/{index}")))
            .collect(),
        value => Record::of(value, String::new()).into_iter().collect(),
    };
    if !records.iter().any(|record| record.source.starts_with("ipahealthcheck.")) {
        return false;
    }
    let mut reader = Reader {
        place,
        facts,
        server: None,
        space: BTreeMap::new(),
        unconflicted: Sources::new(),
        has_conflicts: false,
        not_used: BTreeMap::new(),
    };
    reader.identify(&records);
    for record in &records {
        reader.record(record);
    }
    reader.finish(&records);
    true
}

fn refuse_empty(place: &Place<'_>, facts: &mut Facts) {
    facts.note(
        place
            .note(
                NoteCode::EmptyFile,
                "",
                "the list is empty: nothing was measured. ipa-healthcheck drops the results of \
                 success when it runs in a terminal without --all, and then a healthy server \
                 leaves an empty list",
            )
            .help("ipa-healthcheck --all --output-type json --output-file FILE, on every server."),
    );
}

struct Reader<'a> {
    place: Place<'a>,
    facts: &'a mut Facts,
    /// Whose results these are.
    server: Option<Fqdn>,
    /// Whether file systems have enough free space, by all results on each.
    space: BTreeMap<String, (bool, Sources)>,
    /// Where a check found no replication conflicts, and whether one found some.
    unconflicted: Sources,
    has_conflicts: bool,
    /// Failed checks that state no fact, with their number.
    not_used: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn note(&mut self, code: NoteCode, pointer: &str, message: &str, help: &str) {
        let note = self.place.note(code, pointer, message);
        self.facts.note(if help.is_empty() { note } else { note.help(help) });
    }

    fn sources(&self, record: &Record<'_>, observed: impl Into<String>) -> Sources {
        let mut source = self.place.source(&record.pointer, observed);
        source.observed_from = self.server.clone().or(source.observed_from);
        source.observed_at = record.when.or(source.observed_at);
        Sources::from([source])
    }

    /// The server is the one that `MetaCheck` names, else the one of the export bundle.
    fn identify(&mut self, records: &[Record<'_>]) {
        let metas: Vec<&Record<'_>> =
            records.iter().filter(|record| record.check == "MetaCheck").collect();
        let names: BTreeSet<&str> = metas.iter().filter_map(|meta| meta.text("fqdn")).collect();
        let section = self.place.named.observed_from.clone();
        self.server = match names.iter().map(|name| Fqdn::parse(name)).collect::<Vec<_>>()[..] {
            [Some(ref name)] => Some(name.clone()),
            [] => section.clone(),
            _ => {
                let message = "MetaCheck does not name one server; only what holds for all servers \
                               was used";
                self.note(NoteCode::InvalidHostName, "", message, "Export the file again.");
                None
            }
        };
        if let (Some(server), Some(section)) = (&self.server, section)
            && *server != section
        {
            let message = format!(
                "the results are of {server}, but the export around them is of {section}; the \
                 results were believed"
            );
            self.note(NoteCode::FileNameDisagrees, "", &message, "");
        }
        if let Some(server) = self.server.clone()
            && let Some(meta) = metas.first()
        {
            let sources = self.sources(meta, format!("server {server}"));
            self.facts.server(&server, sources);
            if let Some(version) = meta.text("ipa_version") {
                let sources = self.sources(meta, format!("version {version}"));
                self.facts.version(&server, version.to_owned(), sources);
            }
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        if record.has_crashed() {
            self.not_used(record);
            return;
        }
        let used = match record.check {
            "MetaCheck" => true,
            "IPAMetaCheck" => self.masters(record),
            "RUVCheck" => self.own_id(record),
            "KnownRUVCheck" => self.known_ids(record),
            "IPACRLManagerCheck" => self.crl(record),
            "IPARenewalMasterCheck" => self.renewal(record),
            "IPADNARangeCheck" => self.dna(record),
            "ReplicationCheck" | "ReplicationConflictCheck" => self.replication(record),
            "DSECheck" => self.clock(record),
            "DiskSpaceCheck" => self.health(record),
            "FileSystemSpaceCheck" => self.space(record),
            "IPATopologyDomainCheck" => self.topology(record),
            "pki_tomcatd" => self.tomcat(record),
            _ if record.source == "ipahealthcheck.meta.services" => self.service(record),
            check if check.ends_with("ExpirationCheck") => self.expiration(record),
            _ => false,
        };
        if !used && record.severity == Severity::Problem {
            self.not_used(record);
        }
    }

    fn not_used(&mut self, record: &Record<'_>) {
        let crashed = if record.has_crashed() { " (crashed)" } else { "" };
        let name = format!("{}{crashed}", record.check);
        *self.not_used.entry(name).or_default() += 1;
    }

    fn masters(&mut self, record: &Record<'_>) -> bool {
        let Some(names) = record.word("masters").and_then(Value::as_array) else {
            return false;
        };
        let hosts: Option<BTreeSet<Fqdn>> =
            names.iter().map(|name| Fqdn::parse(name.as_str()?)).collect();
        let Some(hosts) = hosts.filter(|hosts| !hosts.is_empty()) else {
            let message = "a list of servers with a name that is none; left out";
            self.note(NoteCode::InvalidHostName, &record.pointer, message, "");
            return true;
        };
        let sources = self.sources(record, format!("{} servers", hosts.len()));
        for host in &hosts {
            self.facts.server(host, sources.clone());
        }
        if hosts.len() == IPA_SEARCH_RECORDS_LIMIT {
            self.note(
                NoteCode::ExactlyTheSizeLimit,
                &record.pointer,
                "exactly 100 servers, the default size limit: the list may have been cut; what is \
                 not in it counts as unknown",
                "Export the servers as LDIF as root over ldapi, which has no limit.",
            );
            return true;
        }
        if let Some(server) = self.server.clone() {
            let view = self.facts.observed.server_views.entry(server).or_default();
            view.claim(hosts.clone(), sources.clone());
        }
        self.facts.all_servers(hosts, sources);
        true
    }

    /// The key of a RUV of this server; `None` for a root that IdM does not have.
    fn ruv_key(&mut self, record: &Record<'_>, root: &str) -> Option<RuvKey> {
        let Some(suffix) = suffix_of_root(root) else {
            let message = "replica ids of a suffix that is neither domain nor ca; left out";
            self.note(NoteCode::UnknownWord, &record.pointer, message, "");
            return None;
        };
        if suffix == Suffix::Ca {
            let sources = self.sources(record, "suffix o=ipaca is replicated");
            self.facts.ca(CaMode::Integrated, sources);
        }
        Some(RuvKey { on: self.server.clone(), suffix })
    }

    /// A server without replication has no words here.
    fn own_id(&mut self, record: &Record<'_>) -> bool {
        let id = record.word("ruv").and_then(replica_id);
        let (Some(root), Some(id)) = (record.text("key"), id) else {
            return record.words.is_none_or(Map::is_empty);
        };
        let Some(key) = self.ruv_key(record, root) else { return true };
        if key.on.is_none() {
            return true;
        }
        let sources = self.sources(record, format!("own replica id {id} in {}", key.suffix));
        self.facts.observed.ruv(key, sources.clone()).own_id.claim(id, sources);
        true
    }

    fn known_ids(&mut self, record: &Record<'_>) -> bool {
        let (Some(root), Some(rows)) =
            (record.text("suffix"), record.word("ruvs").and_then(Value::as_array))
        else {
            return record.words.is_none_or(Map::is_empty);
        };
        let Some(key) = self.ruv_key(record, root) else { return true };
        for row in rows {
            let host = row.get(0).and_then(Value::as_str).unwrap_or_default();
            let id = row.get(1).and_then(replica_id);
            let (Some(id), Some(host)) = (id, Fqdn::parse(host)) else {
                let message = "a replica without a usable host or id; left out";
                self.note(NoteCode::IncompleteEntry, &record.pointer, message, "");
                continue;
            };
            let sources = self.sources(record, format!("replica {id} is {host} in {}", key.suffix));
            let ruv = self.facts.observed.ruv(key.clone(), sources.clone());
            ruv.replica(id, sources.clone()).host.claim(host, sources);
        }
        true
    }

    fn crl(&mut self, record: &Record<'_>) -> bool {
        let enabled = record.word("crlgen_enabled").and_then(Value::as_bool);
        let (Some(enabled), Some(server)) = (enabled, self.server.clone()) else { return false };
        let word = if enabled { "enabled" } else { "disabled" };
        let sources = self.sources(record, format!("{server}: CRL generation {word}"));
        self.facts.server(&server, sources.clone());
        self.facts.crl_publisher(&server, enabled, sources);
        true
    }

    fn renewal(&mut self, record: &Record<'_>) -> bool {
        let is_renewal = record.word("master").and_then(Value::as_bool);
        let (Some(is_renewal), Some(server)) = (is_renewal, self.server.clone()) else {
            return false;
        };
        if is_renewal {
            let sources = self.sources(record, format!("CA renewal server {server}"));
            self.facts.ca_renewal_server(server, sources);
        }
        true
    }

    fn dna(&mut self, record: &Record<'_>) -> bool {
        let range = |first: &str, last: &str| {
            let (first, last) = (record.number(first)?, record.number(last)?);
            Some(if first == 0 && last == 0 { None } else { Some(IdRange::new(first, last)?) })
        };
        let active = range("range_start", "range_max");
        let next = range("next_start", "next_max");
        let Some(server) = self.server.clone() else { return false };
        if active.is_none() && next.is_none() {
            return false;
        }
        let shown = |range: Option<IdRange>| range.map_or("none".to_owned(), |r| r.to_string());
        if let Some(range) = active {
            let sources = self.sources(record, format!("{server}: ids {}", shown(range)));
            let dna = self.facts.observed.dna.entry(server.clone()).or_default();
            dna.range.claim(range, sources);
        }
        if let Some(range) = next {
            let sources = self.sources(record, format!("{server}: next ids {}", shown(range)));
            self.facts.observed.dna.entry(server).or_default().next_range.claim(range, sources);
        }
        true
    }

    /// Success means that there are no conflicts, too: the check looks for both. So it is the only
    /// result of its run.
    fn replication(&mut self, record: &Record<'_>) -> bool {
        if record.severity == Severity::Problem {
            self.has_conflicts |= record.text("key") == Some("DSREPLLE0002");
            return self.health(record) || self.agreement(record);
        }
        self.unconflicted.extend(self.sources(record, "no replication conflicts"));
        true
    }

    /// What a failed check of the directory server says of conflicts, clock and disks.
    fn health(&mut self, record: &Record<'_>) -> bool {
        let detail = record.text("msg").unwrap_or_default();
        let code = record.text("key").unwrap_or_default();
        let Some(server) = self.server.clone() else { return false };
        let mut source = self.place.source(&record.pointer, String::new());
        source.observed_from = Some(server.clone());
        source.observed_at = record.when.or(source.observed_at);
        let sources = |observed: String| Sources::from([Source { observed, ..source.clone() }]);
        state_health(&server, code, detail, &sources, self.facts)
    }

    /// Nothing but the clock makes this check fail.
    fn clock(&mut self, record: &Record<'_>) -> bool {
        if record.severity == Severity::Problem {
            return self.health(record);
        }
        if let Some(server) = self.server.clone() {
            let sources = self.sources(record, format!("{server}: the clock is right"));
            self.facts.observed.clock_skews.entry(server).or_default().claim(0, sources);
        }
        true
    }

    /// Two results on each folder: the percentage, and the number of MiB.
    fn space(&mut self, record: &Record<'_>) -> bool {
        let Some(store) = record.text("store") else { return false };
        let free = match (record.number("percent_free"), record.number("free_space")) {
            (Some(percent), _) => format!("{percent} %"),
            (None, Some(mebibytes)) => format!("{mebibytes} MiB"),
            (None, None) => return false,
        };
        let least = record.number("threshold").map_or(String::new(), |t| format!(", at least {t}"));
        let sources = self.sources(record, format!("{store}: free {free}{least}"));
        let is_enough = record.severity == Severity::Success;
        let (enough, all) = self.space.entry(store.to_owned()).or_insert((true, Sources::new()));
        *enough &= is_enough;
        all.extend(sources);
        true
    }

    /// `pki_tomcatd` also tells of the CA.
    fn service(&mut self, record: &Record<'_>) -> bool {
        let runs = record.word("status").and_then(Value::as_bool);
        let (Some(runs), Some(server)) = (runs, self.server.clone()) else { return false };
        let name = service_name(record.check);
        let word = if runs { "running" } else { "stopped" };
        let sources = self.sources(record, format!("{server}: {name} {word}"));
        self.facts.observed.services.entry((server, name)).or_default().claim(runs, sources);
        true
    }

    /// `DSREPLLE0005` and `DSREPLLE0001` name an agreement of this server that does not work. The
    /// others (temporary states, no status) state nothing of one.
    fn agreement(&mut self, record: &Record<'_>) -> bool {
        let detail = record.text("msg").unwrap_or_default();
        let code = record.text("key").unwrap_or_default();
        match fault_of_check(code, detail, self.server.as_ref()) {
            Some((key, state)) => {
                let observed =
                    format!("{code}: agreement with {} ({}): {state}", key.peer, key.suffix);
                let sources = self.sources(record, observed);
                let agreement = self.facts.observed.agreement(key, sources.clone());
                agreement.state.claim(state, sources);
                true
            }
            None => false,
        }
    }

    /// Only `kw.replicas` is trusted: the text lists the servers that can be reached.
    fn topology(&mut self, record: &Record<'_>) -> bool {
        if record.severity == Severity::Success {
            return true;
        }
        let replicas = record.word("replicas").and_then(Value::as_array);
        let replicas: Option<Vec<Fqdn>> =
            replicas.and_then(|names| names.iter().map(|n| Fqdn::parse(n.as_str()?)).collect());
        let (Some(replicas), Some(server), Some(suffix)) = (
            replicas,
            record.text("key").and_then(Fqdn::parse),
            record.text("suffix").and_then(Suffix::parse),
        ) else {
            return false;
        };
        let names: Vec<&str> = replicas.iter().map(Fqdn::as_str).collect();
        let names = names.join(", ");
        let message = match record.text("type") {
            Some("connect") => format!("{server} cannot reach {names} in suffix {suffix}"),
            Some("max") => format!("{server} has too many agreements in suffix {suffix}: {names}"),
            _ => return false,
        };
        self.note(
            NoteCode::ReportedFault,
            &record.pointer,
            &format!("IPATopologyDomainCheck: {message}; it proves no segment"),
            "Add the list of segments: ipa topologysegment-find domain|ca --all --sizelimit=0.",
        );
        true
    }

    fn tomcat(&mut self, record: &Record<'_>) -> bool {
        if record.word("status").and_then(Value::as_bool) == Some(true) {
            let sources = self.sources(record, "service pki_tomcatd runs");
            self.facts.ca(CaMode::Integrated, sources);
        }
        self.service(record) || record.severity == Severity::Success
    }

    fn expiration(&mut self, record: &Record<'_>) -> bool {
        let name = ["certfile", "path", "key"].iter().find_map(|key| record.text(key));
        let expires = record.text("expiration_date").and_then(Timestamp::parse_generalized);
        let (Some(name), Some(expires), Some(on)) = (name, expires, self.server.clone()) else {
            return false;
        };
        let sources = self.sources(record, format!("{name}: expires {expires}"));
        let key = CertificateKey { on, name: name.to_owned() };
        let certificate = self.facts.observed.certificate(key, sources.clone());
        certificate.expires.claim(expires, sources);
        true
    }

    fn finish(&mut self, records: &[Record<'_>]) {
        if let Some(server) = self.server.clone() {
            if !self.has_conflicts && !self.unconflicted.is_empty() {
                for suffix in Suffix::ALL {
                    let upkeep = self.facts.observed.upkeep(&server, suffix);
                    upkeep.conflicts.claim(0, self.unconflicted.clone());
                }
            }
            for (path, (enough, sources)) in std::mem::take(&mut self.space) {
                let place = (server.clone(), path);
                self.facts.observed.filesystems.entry(place).or_default().claim(enough, sources);
            }
        }
        let only_failures = records.iter().all(|record| record.severity == Severity::Problem);
        let help = "ipa-healthcheck --all --output-type json --output-file FILE, on every server.";
        if only_failures && records.len() > 1 {
            self.note(
                NoteCode::FilteredList,
                "",
                "only failures: the results of success were left out, so nothing is known of what \
                 is not here",
                help,
            );
        }
        if self.server.is_none() && !records.iter().any(|record| record.check == "MetaCheck") {
            self.note(
                NoteCode::IncompleteEntry,
                "",
                "no result of MetaCheck says which server this is; only what holds for all servers \
                 was used",
                help,
            );
        }
        if !self.not_used.is_empty() {
            let names: Vec<String> = self
                .not_used
                .iter()
                .map(|(name, count)| match count {
                    1 => name.clone(),
                    count => format!("{name} {count} times"),
                })
                .collect();
            let message = format!(
                "the checks also report, and the model has no place for it: {}",
                names.join(", ")
            );
            self.note(NoteCode::ReportedFault, "", &message, "Look at their results in the file.");
        }
    }
}
