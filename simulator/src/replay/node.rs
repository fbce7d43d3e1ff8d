//! Values of a recording with their places: every error says where.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ReplayError;
use super::recording::Kind;
use crate::kernel::time::Span;
use crate::world::copies::{RestoreKind, Service};

/// Most servers of a drill.
const SERVERS_MAX: usize = 200;

/// Longest wait in seconds: a drill of real servers takes minutes, and each of its waits is played
/// event by event.
const WAIT_MAX: f64 = 100_000.0;

/// Fewest writes a second.
const RATE_MIN: f64 = 0.001;

/// A value with its place.
pub(super) struct Node<'a> {
    pub(super) drill: &'a str,
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn error(&self, message: impl Into<String>) -> ReplayError {
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

    pub(super) fn only(&self, known: &[&str]) -> Result<(), ReplayError> {
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

    /// Pointers to fields that are not known.
    pub(super) fn unknown(&self, known: &[&str]) -> Result<Vec<String>, ReplayError> {
        let keys = self.map()?.keys().filter(|key| !known.contains(&key.as_str()));
        Ok(keys.map(|key| format!("{}/{key}", self.pointer)).collect())
    }

    pub(super) fn optional(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    pub(super) fn get(&self, key: &str) -> Result<Self, ReplayError> {
        self.optional(key).ok_or_else(|| self.error(format!("\"{key}\" is missing")))
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, ReplayError> {
        let list = self.value.as_array().ok_or_else(|| self.expected("a list"))?;
        let items = list.iter().enumerate();
        Ok(items.map(|(index, value)| self.child(&index.to_string(), value)).collect())
    }

    pub(super) fn text(&self) -> Result<String, ReplayError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.expected("a text"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, ReplayError> {
        self.list()?.iter().map(Self::text).collect()
    }

    /// Names of servers: some, but not too many, and none twice.
    pub(super) fn names(&self) -> Result<Vec<String>, ReplayError> {
        let names = self.texts()?;
        let distinct: BTreeSet<_> = names.iter().collect();
        if names.is_empty() || names.len() > SERVERS_MAX || distinct.len() < names.len() {
            return Err(self.expected("one to 200 servers, each once"));
        }
        Ok(names)
    }

    pub(super) fn server(&self, servers: &[String]) -> Result<String, ReplayError> {
        let name = self.text()?;
        if servers.contains(&name) { Ok(name) } else { Err(self.expected("a server of the drill")) }
    }

    pub(super) fn servers(&self, servers: &[String]) -> Result<Vec<String>, ReplayError> {
        if self.value.is_string() {
            return Ok(vec![self.server(servers)?]);
        }
        self.list()?.iter().map(|node| node.server(servers)).collect()
    }

    pub(super) fn pair(&self, servers: &[String]) -> Result<(String, String), ReplayError> {
        let names = self.servers(servers)?;
        match names.as_slice() {
            [left, right] if left != right => Ok((left.clone(), right.clone())),
            _ => Err(self.expected("two servers")),
        }
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, ReplayError> {
        self.optional(key).map_or(Ok(false), |node| {
            node.value.as_bool().ok_or_else(|| node.expected("true or false"))
        })
    }

    pub(super) fn whole(&self) -> Result<u64, ReplayError> {
        let limit = 100_000;
        let number = self.value.as_u64().filter(|number| *number <= limit);
        number.ok_or_else(|| self.expected("a whole number up to 100,000"))
    }

    pub(super) fn number(&self) -> Result<f64, ReplayError> {
        let number = self.value.as_f64().filter(|number| *number >= 0.0 && *number <= 1e9);
        number.ok_or_else(|| self.expected("a number from 0 to a billion"))
    }

    pub(super) fn span(&self) -> Result<Span, ReplayError> {
        self.number().map(Span::from_seconds_f64)
    }

    /// How long something lasts that is played.
    pub(super) fn wait(&self) -> Result<Span, ReplayError> {
        let number = self.value.as_f64().filter(|number| (0.0..=WAIT_MAX).contains(number));
        let number = number.ok_or_else(|| self.expected("a number of seconds up to 100,000"))?;
        Ok(Span::from_seconds_f64(number))
    }

    /// How many a second.
    pub(super) fn rate(&self) -> Result<f64, ReplayError> {
        let is_rate = |rate: &f64| *rate == 0.0 || (RATE_MIN..=1e6).contains(rate);
        let rate = self.value.as_f64().filter(is_rate);
        rate.ok_or_else(|| self.expected("0, or a number from 0.001 to a million"))
    }

    pub(super) fn kind(&self) -> Result<Kind, ReplayError> {
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
