//! What importers of `dsconf --json` share: which server and suffix an output is of, and the rows
//! that show the status of agreements.
//!
//! Source: 389-ds-base `lib389/agreement.py` (`status`), `lib389/cli_conf/replication.py`.

use serde_json::Value;

use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::model::{AgreementKey, AgreementState, Fqdn, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::rpc::Entry;
use crate::replication_words::{
    AgreementName, ends_of, server_of_url, state_of_text, suffix_of_root,
};
use crate::time::Timestamp;

/// What the command line in front of an output, or the bundle around it, says of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Asked {
    /// The server that was asked.
    pub(crate) on: Option<Fqdn>,
    /// The suffix that was asked for.
    pub(crate) suffix: Option<Suffix>,
    /// True if the command lists all agreements of its suffix.
    pub(crate) lists_all: bool,
}

impl Asked {
    /// What the text around a document says.
    pub(crate) fn of(place: &Place<'_>) -> Self {
        let command = place.document.command.as_deref().unwrap_or_default();
        Self::of_command(command, place.named.observed_from.clone())
    }

    /// Reads `dsconf ldap://SERVER … --suffix ROOT`; nothing else of the line is kept, because it
    /// may hold a password. `on` is the server if the line does not name one.
    pub(crate) fn of_command(command: &str, on: Option<Fqdn>) -> Self {
        let mut words = command
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .skip_while(|word| !word.ends_with("dsconf") && !word.ends_with("dsctl"));
        let mut asked = Self { on, ..Self::default() };
        let mut before = "";
        while let Some(word) = words.next() {
            asked.on = server_of_url(word).or(asked.on);
            let root = match word.strip_prefix("--suffix") {
                Some("") => words.next(),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            let root = root.map(|root| root.trim_matches(['"', '\'']));
            asked.suffix = root.and_then(suffix_of_root).or(asked.suffix);
            asked.lists_all |=
                matches!((before, word), ("replication", "status") | ("repl-agmt", "list"));
            before = word;
        }
        asked
    }
}

/// The objects of `{"type": "list", "items": […]}` with their pointers, or the object itself.
pub(crate) fn items(value: &Value) -> Vec<(String, &Value)> {
    match value.get("items").and_then(Value::as_array) {
        Some(items) => {
            items.iter().enumerate().map(|(at, item)| (format!("/items/{at}"), item)).collect()
        }
        None => vec![(String::new(), value)],
    }
}

/// The host of a replica as the monitor names it: `host:port`, or `alias (host:port)`.
pub(crate) fn host_of(name: &str) -> &str {
    let inner = name.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    inner.map_or(name, |(_, host)| host)
}

/// One agreement as a row shows it, before it is known whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) pointer: String,
    name: String,
    host: String,
    root: Option<String>,
    enabled: Option<bool>,
    state: Option<AgreementState>,
    updated_at: Option<Timestamp>,
}

impl Row {
    /// A row of `replication status`, `repl-agmt status` and of the monitor.
    pub(crate) fn of_status(pointer: String, value: &Value) -> Option<Self> {
        let entry = Entry(value.as_object()?);
        let name = entry.value(&["agmt-name"])?;
        Some(Self::new(pointer, name, entry.value(&["replica"])?, None, |key| match key {
            Key::Enabled => entry.value(&["replica-enabled"]),
            Key::Status => entry.value(&["last-update-status"]),
            Key::End => entry.value(&["last-update-end"]),
        }))
    }

    /// An entry of `repl-agmt list`. Of its attributes only these are looked at: the others hold
    /// credentials.
    pub(crate) fn of_entry(pointer: String, value: &Value) -> Option<Self> {
        let entry = Entry(value.get("attrs")?.as_object()?);
        let is_agreement = entry
            .values(&["objectclass"])
            .iter()
            .any(|class| class.eq_ignore_ascii_case("nsds5replicationagreement"));
        if !is_agreement {
            return None;
        }
        let name = entry.value(&["cn"])?;
        let host = entry.value(&["nsds5replicahost"])?;
        let root = entry.value(&["nsds5replicaroot"]);
        Some(Self::new(pointer, name, host, root, |key| match key {
            Key::Enabled => entry.value(&["nsds5replicaenabled"]).or_else(|| Some("on".to_owned())),
            Key::Status => entry.value(&["nsds5replicalastupdatestatus"]),
            Key::End => entry.value(&["nsds5replicalastupdateend"]),
        }))
    }

    /// A row with this pointer into its document, name and consumer; the other values by their
    /// meaning.
    pub(crate) fn new(
        pointer: String,
        name: String,
        host: String,
        root: Option<String>,
        value: impl Fn(Key) -> Option<String>,
    ) -> Self {
        let updated_at = value(Key::End).and_then(|end| Timestamp::parse_generalized(&end));
        let updated_at = updated_at.filter(|time| *time != Timestamp::EPOCH);
        Self {
            pointer,
            name,
            host,
            root,
            enabled: value(Key::Enabled).and_then(|word| switch(&word)),
            state: value(Key::Status).and_then(|status| state_of_text(&status)),
            updated_at,
        }
    }

    /// Which agreement it is; `None` if supplier, suffix or consumer stay open.
    pub(crate) fn key(&self, asked: &Asked) -> Option<AgreementKey> {
        let (on, peer) = ends_of(&self.name, &self.host);
        let root = self.root.as_deref().and_then(suffix_of_root);
        let suffix = root.or(asked.suffix).or(AgreementName::parse(&self.name).suffix)?;
        let key = AgreementKey { on: asked.on.clone().or(on)?, suffix, peer: peer? };
        (key.on != key.peer).then_some(key)
    }

    /// States the agreement. The source says where the row is.
    pub(crate) fn state(&self, key: AgreementKey, source: Source, facts: &mut Facts) {
        let enabled = match self.enabled {
            Some(true) => "enabled",
            Some(false) => "disabled",
            None => "enabled or not",
        };
        let state = self.state.map_or("no state", AgreementState::name);
        let observed =
            format!("agreement {} to {} ({}): {enabled}, {state}", self.name, key.peer, key.suffix);
        let source = Source { observed, observed_from: Some(key.on.clone()), ..source };
        let sources = Sources::from([source]);
        let agreement = facts.observed.agreement(key, sources.clone());
        if let Some(enabled) = self.enabled {
            agreement.enabled.claim(enabled, sources.clone());
        }
        if let Some(state) = self.state {
            agreement.state.claim(state, sources);
        }
        agreement.updated_at = agreement.updated_at.max(self.updated_at);
    }
}

/// A value of a [`Row`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    /// Whether the agreement is enabled.
    Enabled,
    /// Status of the last update.
    Status,
    /// End of the last update.
    End,
}

fn switch(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// Says how many agreements were left out because it stays open whose they are, and whether they
/// show faults. `note` makes a note at their place.
pub(crate) fn note_left_out(
    rows: &[&Row],
    note: impl FnOnce(NoteCode, &str) -> Note,
    facts: &mut Facts,
) {
    if rows.is_empty() {
        return;
    }
    let disabled = rows.iter().filter(|row| row.enabled == Some(false)).count();
    let faulty = rows.iter().filter(|row| row.state.is_some_and(AgreementState::is_fault)).count();
    let message = format!(
        "{} agreement(s) left out ({disabled} disabled, {faulty} with a fault): nothing says which \
         server or suffix they are of",
        rows.len()
    );
    let note = note(NoteCode::IncompleteEntry, &message).help(
        "Keep the command line in the file, with the server's whole name: `$ dsconf \
         ldap://SERVER --json replication status --suffix SUFFIX`.",
    );
    facts.note(note);
}

/// Says how many rows of agreements cannot be read.
pub(crate) fn note_unreadable(
    place: &Place<'_>,
    pointer: &str,
    rows: &[&Value],
    facts: &mut Facts,
) {
    let shows_one = |row: &&&Value| row.get("agmt-name").is_some();
    let unreadable =
        rows.iter().filter(shows_one).filter(|row| Row::of_status(String::new(), row).is_none());
    let count = unreadable.count();
    if count > 0 {
        let message = format!("{count} agreement(s) without a usable name or consumer; left out");
        facts.note(place.note(NoteCode::IncompleteEntry, pointer, &message));
    }
}
