//! The format of recordings. An action, or a field of one, that is not known is an error with its
//! place, never skipped. What else a drill says of itself is reported and not used.

use serde_json::Value;

use super::ReplayError;
use super::node::Node;
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
    pub trimming: Trimming,
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
    /// JSON pointers to what the drill says of itself that is not known here.
    pub unknown: Vec<String>,
    /// Where the drill is in the file.
    pub pointer: String,
}

/// Age of changes that may be trimmed, and the interval; `None`: as it was.
pub type Trimming = (Option<Span>, Option<Span>);

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
        /// The attribute; `description` if the recording does not say.
        attribute: String,
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
        /// What changes.
        trimming: Trimming,
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
///
/// # Errors
///
/// The first thing in any drill that is not known, see [`read_each`].
pub fn read(text: &str) -> Result<Vec<Drill>, ReplayError> {
    read_each(text)?.into_iter().collect()
}

/// Reads a recording drill by drill, so that one that cannot be played does not hide the others.
///
/// # Errors
///
/// The file is no list of drills. Of each drill: anything that is not known: an action, a field of
/// it, a server, a kind of copy, a value of another type; with the drill and the place.
pub fn read_each(text: &str) -> Result<Vec<Result<Drill, ReplayError>>, ReplayError> {
    let file =
        |message: String| ReplayError { drill: String::new(), pointer: String::new(), message };
    let value: Value = serde_json::from_str(text)
        .map_err(|error| file(format!("not JSON: {error}; expected a list of drills")))?;
    match &value {
        Value::Array(drills) => Ok(drills
            .iter()
            .enumerate()
            .map(|(index, drill)| read_drill(drill, format!("/{index}")))
            .collect()),
        Value::Object(_) => Ok(vec![read_drill(&value, String::new())]),
        _ => Err(file("expected a list of drills".to_owned())),
    }
}

fn read_drill(value: &Value, pointer: String) -> Result<Drill, ReplayError> {
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let node = Node { drill: &name, pointer: pointer.clone(), value };
    let mut unknown = node.unknown(&KNOWN)?;
    let topology = node.get("topology")?;
    unknown.extend(topology.unknown(&["servers", "segments"])?);
    let servers = topology.get("servers")?.names()?;
    let mut segments = Vec::new();
    for segment in topology.get("segments")?.list()? {
        segments.push(segment.pair(&servers)?);
    }
    let trimming = match node.optional("settings") {
        Some(settings) => {
            settings.only(&SETTINGS)?;
            trimming(&settings)?
        }
        None => (None, None),
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
        unknown,
        pointer,
    })
}

/// What a drill says.
const KNOWN: [&str; 9] = [
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

/// Settings that the world knows.
const SETTINGS: [&str; 2] = ["changelog_max_age_s", "changelog_trim_interval_s"];

fn trimming(node: &Node<'_>) -> Result<Trimming, ReplayError> {
    let seconds = |key: &str| node.optional(key).map(|node| node.span()).transpose();
    Ok((seconds(SETTINGS[0])?, seconds(SETTINGS[1])?))
}

fn read_action(node: &Node<'_>, servers: &[String]) -> Result<Action, ReplayError> {
    let server = |key: &str| node.get(key)?.server(servers);
    let text = |key: &str| node.get(key)?.text();
    let mut nested = false;
    let action = node.get("do")?;
    let word = action.text()?;
    let (read, known): (Action, &[&str]) = match word.as_str() {
        "write" => (
            Action::Write {
                on: server("on")?,
                group: text("group")?,
                count: node.get("count")?.whole()?,
                rate: node.optional("rate_per_s").map_or(Ok(0.0), |node| node.rate())?,
            },
            &["on", "group", "count", "rate_per_s"],
        ),
        "write_all" => (
            Action::WriteAll {
                servers: node.get("servers")?.servers(servers)?,
                rate: node.get("rate_per_s")?.rate()?,
                span: node.get("seconds")?.wait()?,
            },
            &["servers", "rate_per_s", "seconds"],
        ),
        "delete" => (Action::Delete { on: server("on")?, group: text("group")? }, &["on", "group"]),
        "modify" => (
            Action::Modify {
                on: server("on")?,
                group: text("group")?,
                attribute: node
                    .optional("attribute")
                    .map_or_else(|| Ok("description".to_owned()), |node| node.text())?,
                value: text("value")?,
            },
            &["on", "group", "attribute", "value"],
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
            let of = WHOSE.iter().find_map(|key| node.optional(key));
            let of = of.map_or_else(|| Ok(Vec::new()), |node| node.servers(servers))?;
            let inner = node.optional("settings");
            let inner = inner.as_ref().inspect(|_| nested = true).unwrap_or(node);
            if nested {
                inner.only(&SETTINGS)?;
            }
            (
                Action::Settings { servers: of, trimming: trimming(inner)? },
                if nested {
                    &["servers", "of", "on", "server", "settings"]
                } else {
                    &["servers", "of", "on", "server", SETTINGS[0], SETTINGS[1]]
                },
            )
        }
        "wait" => (Action::Wait(node.get("seconds")?.wait()?), &["seconds"]),
        "wait_converged" => {
            let timeout = node.optional("timeout_s").map_or(Ok(DEFAULT_TIMEOUT), |n| n.wait())?;
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

/// Where a change of settings may say whose they are; nowhere: everybody's.
const WHOSE: [&str; 4] = ["servers", "of", "on", "server"];

/// How long a recorder waits for convergence when the recording does not say.
const DEFAULT_TIMEOUT: Span = Span::from_seconds(60);
