//! SRV002 `full-filesystem`.

use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, per_server, some_names};
use crate::views::Views;

declare_rule! {
    /// Flags a server of which a file system is nearly full.
    ///
    /// # Why this matters
    ///
    /// A full disk ends the directory server, the CA and every backup, on all servers at about the
    /// same time if they were built alike. And a recovery needs room: for the LDIF that a
    /// re-initialization brings, and for the archive that is unpacked.
    ///
    /// # What it reads
    ///
    /// What `ipa-healthcheck` says of the folders of the directory server, of backups and logs
    /// (`FileSystemSpaceCheck`, `DiskSpaceCheck`).
    ///
    /// # Verdicts
    ///
    /// * pass: the folder of the directory server has enough free space, and so has every other
    ///   that was looked at;
    /// * fail: one has not: less than 20 % or less than 512 or 1024 MiB free, or more than 90 %
    ///   full;
    /// * not applicable: never: every server has disks;
    /// * unknown: nobody looked.
    ///
    /// # Fix
    ///
    /// Make room, or a larger file system: `lvextend --resizefs -L +10G VOLUME`.
    ///
    /// # Source
    ///
    /// freeipa-healthcheck `system/filesystemspace.py`; 389-ds `lib389/lint.py`, DSDSLE0001.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}],
    ///   "filesystems": [{"on": "a.example.test", "path": "/var/log/", "enough": false}]}"#;
    /// assert_eq!(status_on_model("SRV002", model), Some(Status::Fail));
    /// ```
    FullFilesystem {
        code: "SRV002",
        name: "full-filesystem",
        rule: "fs-space",
        fails: "A file system of a server is nearly full",
        holds: "The file systems of the servers have room",
        severity: Medium,
        category: Continuity,
        citation: "freeipa-healthcheck system/filesystemspace.py",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// The folder that a pass rests on.
const DATA: &str = "/var/lib/dirsrv";

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_server(deployment, |server| {
        let all = deployment.observed.filesystems.iter();
        let own: Vec<(&str, &Fact<bool>)> = all
            .filter(|((on, _), _)| on == server)
            .map(|((_, path), enough)| (path.as_str(), enough))
            .collect();
        let full: Vec<&(&str, &Fact<bool>)> =
            own.iter().filter(|(_, enough)| enough.certainly(|enough| !enough)).collect();
        if !full.is_empty() {
            let names = some_names(full.iter().map(|(path, _)| path));
            let why = format!("{server} has too little free space in {names}.");
            let evidence = full.iter().flat_map(|(_, enough)| enough.sources()).collect();
            return failure(Severity::Medium, vec![server.to_string()], why, evidence);
        }
        let has_room = |(_, enough): &(&str, &Fact<bool>)| enough.certainly(|enough| *enough);
        let of_data = own.iter().any(|(path, _)| path.trim_end_matches('/') == DATA);
        if of_data && own.iter().all(has_room) {
            State::Pass
        } else {
            State::Unknown(vec![Need::Health(server.clone())])
        }
    })
}
