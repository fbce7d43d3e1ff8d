//! The export script, and what each of its sections is for.

use std::fmt::Write as _;

/// The script: read-only, for `bash`, run as root on every server. `idm-drill collect` prints it.
pub const SCRIPT: &str = include_str!("collect.sh");

/// A section of the script.
#[derive(Debug)]
pub struct About {
    /// Its name; a `*` at the end stands for any text.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// When its command may fail although nothing is wrong.
    pub may_fail: Option<&'static str>,
    /// Exit codes by which its command reports what it found, not that it failed.
    pub fine: &'static [i32],
}

const fn section(name: &'static str, purpose: &'static str) -> About {
    About { name, purpose, may_fail: None, fine: &[] }
}

const fn may_fail(when: &'static str, name: &'static str, purpose: &'static str) -> About {
    About { name, purpose, may_fail: Some(when), fine: &[] }
}

/// All sections, in the order of the script.
pub static SECTIONS: &[About] = &[
    section("meta", "which server made the export, and when"),
    section(
        "ldif:ipa",
        "servers, roles, hidden servers, locations, both topologies, domain level, shared DNA \
         ranges; the same on every server, and a finding where it is not",
    ),
    section("ldif:locations", "IdM locations, from which data centers can be taken"),
    section("ldif:adtrust", "which servers are AD trust agents"),
    section("ldif:ranges", "ranges of user and group IDs of the deployment"),
    may_fail(
        "without a Kerberos ticket, or with more than 100 servers of one role",
        "ipa:server-role-find",
        "roles as FreeIPA itself judges them, to compare with the directory",
    ),
    section(
        "ldif:agreements",
        "replication agreements of this server, their state, replica IDs, purge delay",
    ),
    section("ldif:changelog", "how long the changelog keeps changes that a server missed"),
    may_fail(
        "for o=ipaca on a server without a CA",
        "ldif:ruv:*",
        "database generation and replica IDs: who was restored, which IDs dangle",
    ),
    section("ldif:dna", "the ID range that this server itself hands out"),
    section("ldif:version", "version of the directory server"),
    may_fail("where rpm is not the package manager", "rpm", "versions of the IdM packages"),
    may_fail("on a server without a CA", "crlgen", "whether this server generates the CRL"),
    // LSB: 3 = not running, 4 = unknown (FreeIPA install/tools/ipactl.in).
    About { fine: &[3, 4], ..section("ipactl", "which services run") },
    section("getcert", "certificates that certmonger renews, their state and expiry"),
    // 1 = some check failed (freeipa-healthcheck, core/core.py).
    About {
        fine: &[1],
        ..may_fail("where ipa-healthcheck is not installed", "healthcheck", "all health checks")
    },
    may_fail(
        "where no backup was ever made",
        "backups",
        "backups on this server: names, sizes, times",
    ),
    section("header:*", "what a backup says of itself: kind, time, version, services"),
    may_fail("where no backup was ever made", "backupfs", "where backups and data are stored"),
    may_fail("where no backup was ever made", "backuplog", "whether backups went well"),
    section("virt", "whether the server is a virtual machine"),
    may_fail("on some machines", "product_uuid", "which virtual machine it is"),
    section("end", "proof that the export is whole"),
];

/// What a section is for; `None` for one that the script does not write.
pub fn about(name: &str) -> Option<&'static About> {
    SECTIONS.iter().find(|about| {
        about.name == name
            || about.name.strip_suffix('*').is_some_and(|start| name.starts_with(start))
    })
}

/// All sections with what they are for, as text.
///
/// ```
/// assert!(audit_core::bundle::collect::explain().contains("ldif:ipa"));
/// ```
pub fn explain() -> String {
    let width = SECTIONS.iter().map(|about| about.name.len()).max().unwrap_or_default();
    let mut out = String::from(
        "The export script runs these commands, reads only what is listed in it, and changes \
         nothing.\n\n",
    );
    for About { name, purpose, may_fail, .. } in SECTIONS {
        // Writing to a string cannot fail.
        let _ = write!(out, "{name:width$}  {purpose}");
        let _ = match may_fail {
            Some(when) => writeln!(out, "; may fail {when}"),
            None => writeln!(out),
        };
    }
    out
}
