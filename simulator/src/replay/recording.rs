//! The format of recordings. What is not known is an error with its place, never skipped.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ReplayError;
use crate::kernel::time::Span;
use crate::world::copies::{RestoreKind, Service};

/// One drill: a topology, what was done, and what was seen.
#[derive(Clone, Debug)]
pub struct Drill {
    /// Its name.
    pub name: String,
    /// The servers, in their order.
    pub servers: Vec<String>,
    /// Pairs of servers with agreements in both directions.
    pub segments: Vec<(String, String)>,
    /// Changelog age and trimming interval from the start on.
    pub trimming: Option<(Span, Span)>,
    /// Whether every repetition must end the same.
    pub is_deterministic: bool,
    /// Fields that must be met exactly.
    pub exact: Vec<String>,
    /// JSON pointers into an observation whose values varied.
    pub varies: Vec<String>,
    /// What was done, in order.
    pub actions: Vec<Action>,
    /// What was seen, per repetition.
    pub observed: Vec<Value>,
    /// Where the drill is in the file.
    pub pointer: String,
}

/// How a copy is restored.
pub type Kind = (RestoreKind, Service);

/// One thing that was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Adds entries of a group on one server.
    Write {
        /// The server.
        on: String,
        /// The group.
        group: String,
        /// How many.
        count: u64,
        /// How many a second; 0 = as fast as the server takes them.
        rate: f64,
    },
    /// Adds entries on several servers at the same time.
    WriteAll {
        /// The servers.
        servers: Vec<String>,
        /// How many a second, on each.
        rate: f64,
        /// For how long.
        span: Span,
    },
    /// Deletes every entry of a group, on one server.
    Delete {
        /// The server.
        on: String,
        /// The group.
        group: String,
    },
    /// Replaces one attribute of every entry of a group, on one server.
    Modify {
        /// The server.
        on: String,
        /// The group.
        group: String,
        /// The new value.
        value: String,
    },
    /// Takes every kind of copy of a server.
    Copy {
        /// The server.
        of: String,
        /// The copy's name.
        name: String,
    },
    /// Brings a server back from a copy.
    Restore {
        /// The server.
        on: String,
        /// The copy's name.
        from: String,
        /// From which kind of copy, and how.
        kind: Kind,
        /// Whether its own agreements are disabled before it starts.
        isolated: bool,
    },
    /// Enables or disables the outgoing agreements of servers.
    Agreements {
        /// The servers.
        of: Vec<String>,
        /// Whether they are enabled.
        enable: bool,
    },
    /// Enables or disables the agreements of all others to one server.
    AgreementsTo {
        /// The server.
        server: String,
        /// Whether they are enabled.
        enable: bool,
    },
    /// Replaces all data of a server by another's.
    Reinitialize {
        /// The server whose data is replaced.
        target: String,
        /// Where it comes from.
        source: String,
        /// Whether the next action does not wait for the end.
        background: bool,
    },
    /// Kills a server's process.
    Kill(String),
    /// Stops a server.
    Stop(String),
    /// Starts a server with its disk as it is.
    Start(String),
    /// Joins two servers.
    AddSegment(String, String),
    /// Removes what joins two servers.
    RemoveSegment(String, String),
    /// Removes a server and cleans its replica id.
    RemoveServer {
        /// The server.
        server: String,
        /// Where the cleaning begins; without it, on the first that runs.
        on: Option<String>,
    },
    /// Changes what servers trim.
    Settings {
        /// The servers; all if empty.
        servers: Vec<String>,
        /// Age.
        max_age: Span,
        /// Interval.
        interval: Span,
    },
    /// Lets time pass.
    Wait(Span),
    /// Waits until all running servers hold the same.
    WaitConverged(Span),
    /// A fresh write on every running server; whom does it reach?
    Probe,
    /// Looks.
    Observe,
}

/// Reads a recording: a list of drills, or one drill.
pub fn read(text: &str) -> Result<Vec<Drill>, ReplayError> {
    let file =
        |message: String| ReplayError { drill: String::new(), pointer: String::new(), message };
    let value: Value = serde_json::from_str(text)
        .map_err(|error| file(format!("not JSON: {error}; expected a list of drills")))?;
    match value {
        Value::Array(drills) => drills
            .iter()
            .enumerate()
            .map(|(index, drill)| read_drill(drill, format!("/{index}")))
            .collect(),
        Value::Object(_) => Ok(vec![read_drill(&value, String::new())?]),
        _ => Err(file("expected a list of drills".to_owned())),
    }
}

fn read_drill(value: &Value, pointer: String) -> Result<Drill, ReplayError> {
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let node = Node { drill: &name, pointer: pointer.clone(), value };
    let known = [
        "name",
        "topology",
        "settings",
        "deterministic",
        "exact",
        "varies",
        "why",
        "actions",
        "observed",
    ];
    node.only(&known)?;
    let topology = node.get("topology")?;
    topology.only(&["servers", "segments"])?;
    let servers = topology.get("servers")?.texts()?;
    let mut segments = Vec::new();
    for segment in topology.get("segments")?.list()? {
        segments.push(segment.pair(&servers)?);
    }
    let trimming = match node.optional("settings") {
        Some(settings) => {
            settings.only(&SETTINGS)?;
            Some(trimming(&settings)?)
        }
        None => None,
    };
    let mut actions = Vec::new();
    for action in node.get("actions")?.list()? {
        actions.push(read_action(&action, &servers)?);
    }
    let observed = match node.optional("observed") {
        Some(observed) => observed.list()?.iter().map(|node| node.value.clone()).collect(),
        None => Vec::new(),
    };
    let texts = |key: &str| node.optional(key).map_or_else(|| Ok(Vec::new()), |node| node.texts());
    Ok(Drill {
        exact: texts("exact")?,
        varies: texts("varies")?,
        is_deterministic: node.flag("deterministic")?,
        name: name.clone(),
        servers,
        segments,
        trimming,
        actions,
        observed,
        pointer,
    })
}

/// Settings that the world knows.
const SETTINGS: [&str; 2] = ["changelog_max_age_s", "changelog_trim_interval_s"];

fn trimming(node: &Node<'_>) -> Result<(Span, Span), ReplayError> {
    let seconds = |key: &str, default: f64| {
        let value = node.optional(key).map_or(Ok(default), |node| node.number());
        value.map(Span::from_seconds_f64)
    };
    // The defaults of the directory server that was recorded: 7 days, 300 seconds.
    Ok((seconds(SETTINGS[0], 604_800.0)?, seconds(SETTINGS[1], 300.0)?))
}

fn read_action(node: &Node<'_>, servers: &[String]) -> Result<Action, ReplayError> {
    let server = |key: &str| node.get(key)?.server(servers);
    let text = |key: &str| node.get(key)?.text();
    let action = node.get("do")?;
    let word = action.text()?;
    let (read, known): (Action, &[&str]) = match word.as_str() {
        "write" => (
            Action::Write {
                on: server("on")?,
                group: text("group")?,
                count: node.get("count")?.whole()?,
                rate: node.optional("rate_per_s").map_or(Ok(0.0), |node| node.number())?,
            },
            &["on", "group", "count", "rate_per_s"],
        ),
        "write_all" => (
            Action::WriteAll {
                servers: node.get("servers")?.servers(servers)?,
                rate: node.get("rate_per_s")?.number()?,
                span: node.get("seconds")?.span()?,
            },
            &["servers", "rate_per_s", "seconds"],
        ),
        "delete" => (Action::Delete { on: server("on")?, group: text("group")? }, &["on", "group"]),
        "modify" => (
            Action::Modify { on: server("on")?, group: text("group")?, value: text("value")? },
            &["on", "group", "value"],
        ),
        "copy" => (Action::Copy { of: server("of")?, name: text("name")? }, &["of", "name"]),
        "restore" => (
            Action::Restore {
                on: server("on")?,
                from: text("from")?,
                kind: node.get("kind")?.kind()?,
                isolated: node.flag("isolated")?,
            },
            &["on", "from", "kind", "isolated"],
        ),
        "enable_agreements" | "disable_agreements" => (
            Action::Agreements {
                of: node.get("of")?.servers(servers)?,
                enable: word == "enable_agreements",
            },
            &["of"],
        ),
        "enable_agreements_to" | "disable_agreements_to" => (
            Action::AgreementsTo {
                server: server("server")?,
                enable: word == "enable_agreements_to",
            },
            &["server"],
        ),
        "reinitialize" => (
            Action::Reinitialize {
                target: server("target")?,
                source: server("source")?,
                background: node.flag("background")?,
            },
            &["target", "source", "background"],
        ),
        "kill" => (Action::Kill(server("server")?), &["server"]),
        "stop" => (Action::Stop(server("server")?), &["server"]),
        "start" | "start_from_disk_intact" => (Action::Start(server("server")?), &["server"]),
        "add_segment" => {
            let (left, right) = node.get("between")?.pair(servers)?;
            (Action::AddSegment(left, right), &["between"])
        }
        "remove_segment" => {
            let (left, right) = node.get("between")?.pair(servers)?;
            (Action::RemoveSegment(left, right), &["between"])
        }
        "remove_server" => (
            Action::RemoveServer {
                server: server("server")?,
                on: node.optional("on").map(|node| node.server(servers)).transpose()?,
            },
            &["server", "on"],
        ),
        "settings" => {
            let (max_age, interval) = trimming(node)?;
            let of = node.optional("servers").or_else(|| node.optional("of"));
            let of = of.or_else(|| node.optional("on"));
            let of = of.map_or_else(|| Ok(Vec::new()), |node| node.servers(servers))?;
            (
                Action::Settings { servers: of, max_age, interval },
                &["servers", "of", "on", SETTINGS[0], SETTINGS[1]],
            )
        }
        "wait" => (Action::Wait(node.get("seconds")?.span()?), &["seconds"]),
        "wait_converged" => {
            let timeout = node.optional("timeout_s").map_or(Ok(DEFAULT_TIMEOUT), |n| n.span())?;
            (Action::WaitConverged(timeout), &["timeout_s"])
        }
        "probe" => (Action::Probe, &[]),
        "observe" => (Action::Observe, &[]),
        other => {
            return Err(action.error(format!(
                "no action \"{other}\"; known are write, write_all, delete, modify, copy, \
                 restore, enable_agreements, disable_agreements, enable_agreements_to, \
                 disable_agreements_to, reinitialize, kill, stop, start, start_from_disk_intact, \
                 add_segment, remove_segment, remove_server, settings, wait, wait_converged, \
                 probe and observe"
            )));
        }
    };
    let mut fields = vec!["do"];
    fields.extend(known);
    node.only(&fields)?;
    Ok(read)
}

/// How long a recorder waits for convergence when the recording does not say.
const DEFAULT_TIMEOUT: Span = Span::from_seconds(60);

/// A value with its place.
struct Node<'a> {
    drill: &'a str,
    pointer: String,
    value: &'a Value,
}

impl<'a> Node<'a> {
    fn error(&self, message: impl Into<String>) -> ReplayError {
        ReplayError {
            drill: self.drill.to_owned(),
            pointer: self.pointer.clone(),
            message: message.into(),
        }
    }

    fn expected(&self, what: &str) -> ReplayError {
        self.error(format!("expected {what}, found {}", self.value))
    }

    fn child(&self, key: &str, value: &'a Value) -> Self {
        Self { drill: self.drill, pointer: format!("{}/{key}", self.pointer), value }
    }

    fn map(&self) -> Result<&'a Map<String, Value>, ReplayError> {
        self.value.as_object().ok_or_else(|| self.expected("an object"))
    }

    fn only(&self, known: &[&str]) -> Result<(), ReplayError> {
        for (key, value) in self.map()? {
            if !known.contains(&key.as_str()) {
                let known: BTreeSet<_> = known.iter().copied().collect();
                let known: Vec<_> = known.into_iter().collect();
                return Err(self
                    .child(key, value)
                    .error(format!("no such field here; known are {}", known.join(", "))));
            }
        }
        Ok(())
    }

    fn optional(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    fn get(&self, key: &str) -> Result<Self, ReplayError> {
        self.optional(key).ok_or_else(|| self.error(format!("\"{key}\" is missing")))
    }

    fn list(&self) -> Result<Vec<Self>, ReplayError> {
        let list = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        let items = list.iter().enumerate();
        Ok(items.map(|(index, value)| self.child(&index.to_string(), value)).collect())
    }

    fn text(&self) -> Result<String, ReplayError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.expected("a text"))
    }

    fn texts(&self) -> Result<Vec<String>, ReplayError> {
        self.list()?.iter().map(Self::text).collect()
    }

    fn server(&self, servers: &[String]) -> Result<String, ReplayError> {
        let name = self.text()?;
        if servers.contains(&name) { Ok(name) } else { Err(self.expected("a server of the drill")) }
    }

    fn servers(&self, servers: &[String]) -> Result<Vec<String>, ReplayError> {
        if self.value.is_string() {
            return Ok(vec![self.server(servers)?]);
        }
        self.list()?.iter().map(|node| node.server(servers)).collect()
    }

    fn pair(&self, servers: &[String]) -> Result<(String, String), ReplayError> {
        let names = self.servers(servers)?;
        match names.as_slice() {
            [left, right] if left != right => Ok((left.clone(), right.clone())),
            _ => Err(self.expected("two servers")),
        }
    }

    fn flag(&self, key: &str) -> Result<bool, ReplayError> {
        self.optional(key).map_or(Ok(false), |node| {
            node.value.as_bool().ok_or_else(|| node.expected("true or false"))
        })
    }

    fn whole(&self) -> Result<u64, ReplayError> {
        let limit = 1_000_000;
        let number = self.value.as_u64().filter(|number| *number <= limit);
        number.ok_or_else(|| self.expected("a whole number up to a million"))
    }

    fn number(&self) -> Result<f64, ReplayError> {
        let number = self.value.as_f64().filter(|number| *number >= 0.0 && *number <= 1e9);
        number.ok_or_else(|| self.expected("a number from 0 to a billion"))
    }

    fn span(&self) -> Result<Span, ReplayError> {
        self.number().map(Span::from_seconds_f64)
    }

    fn kind(&self) -> Result<Kind, ReplayError> {
        let text = self.text()?;
        if text == "cold_copy" {
            return Ok((RestoreKind::ColdCopy, Service::Offline));
        }
        let halves = match (text.strip_suffix("_online"), text.strip_suffix("_offline")) {
            (Some(kind), _) => Some((kind, Service::Online)),
            (_, Some(kind)) => Some((kind, Service::Offline)),
            _ => None,
        };
        let kind = halves.and_then(|(kind, service)| {
            let kind = match kind {
                "database_backup" => RestoreKind::DatabaseBackup,
                "ldif_with_ruv" => RestoreKind::LdifWithRuv,
                "ldif_ruv_removed" => RestoreKind::LdifRuvRemoved,
                "ldif_without_replication_data" => RestoreKind::LdifWithoutReplicationData,
                _ => return None,
            };
            Some((kind, service))
        });
        kind.ok_or_else(|| {
            self.expected(
                "cold_copy, or database_backup, ldif_with_ruv, ldif_ruv_removed or \
                 ldif_without_replication_data with _online or _offline",
            )
        })
    }
}
