//! What importers of hypervisors' exports share.

use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::import::Named;
use crate::model::Fqdn;
use crate::time::Timestamp;

/// One snapshot as an export shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown<'a> {
    /// Name or identifier of the VM.
    pub(crate) vm: &'a str,
    /// Name or identifier of the snapshot.
    pub(crate) name: &'a str,
    /// When it was taken.
    pub(crate) taken_at: Option<Timestamp>,
    /// Whether the VM was off.
    pub(crate) powered_off: Option<bool>,
    /// Whether it holds every disk.
    pub(crate) full: Option<bool>,
    /// Identifier of the VM.
    pub(crate) uuid: Option<&'a str>,
    /// Host name that the guest itself reports.
    pub(crate) host: Option<Fqdn>,
}

/// States a snapshot.
pub(crate) fn state(source: &Source, shown: Shown<'_>, facts: &mut Facts) {
    let at = |observed: String| Sources::from([Source { observed, ..source.clone() }]);
    let snapshot = facts.seen.snapshot(shown.vm, shown.name, [source.clone()]);
    if let Some(time) = shown.taken_at {
        snapshot.taken_at.claim(time, at(format!("taken at {time}")));
    }
    if let Some(off) = shown.powered_off {
        snapshot.powered_off.claim(off, at(format!("VM off: {off}")));
    }
    if let Some(full) = shown.full {
        snapshot.full.claim(full, at(format!("every disk: {full}")));
    }
    if let Some(uuid) = shown.uuid {
        snapshot.uuid.claim(uuid.to_lowercase(), at(format!("VM {uuid}")));
    }
    // `localhost` is what a guest without a name reports.
    if let Some(host) = shown.host.filter(|host| host.as_str().contains('.')) {
        let fact = facts.copies.vms.entry(shown.vm.to_owned()).or_default();
        fact.claim(host.clone(), at(format!("guest's host name {host}")));
    }
}

/// What to call a VM that an export does not name: the file. It can be said in `answers.toml` which
/// server that is.
pub(crate) fn nameless(named: &Named<'_>) -> String {
    named.base()
}

/// Words that stand for the state of a VM when its snapshot was taken.
pub(crate) fn was_off(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "shutoff" | "poweredoff" | "off" => Some(true),
        "running" | "paused" | "disk-snapshot" | "poweredon" | "suspended" | "saved" => Some(false),
        _ => None,
    }
}

/// A time such as `2026-07-05 18:42:11 +0200`.
pub(crate) fn zoned(date: &str, time: &str, zone: &str) -> Option<Timestamp> {
    let (hours, minutes) = zone.split_at_checked(3)?;
    Timestamp::parse_rfc3339(&format!("{date}T{time}{hours}:{minutes}"))
}

/// Where a date begins in a line, with the words from there on. Letters may stand for digits that
/// somebody took out.
pub(crate) fn date_in(text: &str) -> Option<(&str, Vec<&str>)> {
    let is_date = |word: &str| {
        word.len() == 10
            && word.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                0..=3 => byte.is_ascii_digit(),
                _ => byte.is_ascii_digit() || byte == b'x',
            })
    };
    // From the right: names may hold dates.
    let mut end = text.len();
    loop {
        let head = text.get(..end)?.trim_end();
        let start = head.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = head.get(start..)?;
        if is_date(word) {
            let words = text.get(start..)?.split_whitespace().collect();
            return Some((text.get(..start)?.trim(), words));
        }
        if start == 0 {
            return None;
        }
        end = start;
    }
}

/// A time as PowerShell writes it: `/Date(MILLISECONDS)/`, or a time with its offset.
pub(crate) fn date_of_powershell(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
    match inner {
        Some(milliseconds) => {
            let milliseconds: i64 = milliseconds.split(['+', '-']).next()?.parse().ok()?;
            Timestamp::from_unix_seconds(milliseconds / 1000)
        }
        None => Timestamp::parse_rfc3339(text).filter(|_| text.len() > 10),
    }
}
