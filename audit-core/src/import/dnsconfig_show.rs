//! `ipa dnsconfig-show`: the servers that run IdM's DNS.

use super::config_show::{self, KEY_MASTER, read_key_master};
use super::{Format, Named, Reads};
use crate::console_parts::{hosts, source};
use crate::facts::Facts;
use crate::model::{Role, RoleStatus};
use crate::parse::console::{Entry, Frame, Transcript};

/// Reads the server lines of `ipa dnsconfig-show` and `ipa dnsconfig-mod`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `IPA DNS servers` | the DNS role is enabled on each server named |
/// | `IPA DNSSec key master` | the DNSSEC key master |
///
/// Below the ruled summary "Global DNS configuration is empty" the lines may have lost their
/// indentation. Servers that are not named may be hidden or configured: nothing follows for them.
///
/// # Errors
///
/// None. A name that is no host name is left out with a note.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/dns.py` (`dnsconfig`).
pub(super) static FORMAT: Format = Format {
    name: "ipa dnsconfig-show",
    command: "ipa dnsconfig-show",
    reader: Reads::Console(read),
};

const SERVERS: &[&str] = &["IPA DNS servers"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in &transcript.frames {
        if !config_show::is_own(frame) {
            let below = Entry { fields: frame.below.clone() };
            found |= is_own(frame, &below);
            for entry in frame.entries.iter().chain([&below]) {
                read_entry(named, entry, facts);
            }
        }
    }
    found
}

fn is_own(frame: &Frame, below: &Entry) -> bool {
    let by_command = frame.command.as_ref().is_some_and(|command| {
        command.is("ipa", "dnsconfig-show") || command.is("ipa", "dnsconfig-mod")
    });
    let labels = [SERVERS, KEY_MASTER].concat();
    by_command || frame.entries.iter().chain([below]).any(|entry| entry.get(&labels).is_some())
}

fn read_entry(named: &Named<'_>, entry: &Entry, facts: &mut Facts) {
    if let Some(field) = entry.get(SERVERS) {
        for server in hosts(named.file, field, facts) {
            let observed = format!("{server}: {}: {}", Role::Dns, RoleStatus::Enabled);
            facts.role(&server, Role::Dns, RoleStatus::Enabled, [source(named, field, observed)]);
        }
    }
    if let Some(field) = entry.get(KEY_MASTER) {
        read_key_master(named, field, facts);
    }
}
