//! Reports of `sos report`, packed or unpacked: thousands of files, of which few are of use here.
//!
//! A file belongs to a report if a folder in its name is called `sosreport-…`. Only the members
//! below are opened. They wait until all files have come: the server that they are about stands in
//! one of them.
//!
//! | member | what it tells |
//! |---|---|
//! | `etc/ipa/default.conf` | the server (`host = …`) |
//! | `sos_commands/ipa/ipa_config_show`, `ipactl_status`, `getcert_list` | outputs of commands |
//! | `etc/dirsrv/slapd-*/dse.ldif` | replication agreements without their state |
//! | `etc/pki/pki-tomcat/ca/CS.cfg` | whether the server generates the CRL |
//! | `var/log/ipa/healthcheck/healthcheck.log*` | results of `ipa-healthcheck` |
//!
//! Source: sos `sos/report/plugins/ipa.py`, `ds.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::import::{Flow, Import, InputFile, Reader};
use crate::limits;
use crate::model::Fqdn;
use crate::note::{Note, NoteCode};

/// How the folder of a report begins.
const FOLDER: &str = "sosreport-";

/// The member that names the server.
const CONFIGURATION: &str = "etc/ipa/default.conf";

/// Members that are opened, `*` for any run of characters without a slash.
const MEMBERS: [&str; 7] = [
    CONFIGURATION,
    "etc/dirsrv/slapd-*/dse.ldif",
    "etc/pki/pki-tomcat/ca/CS.cfg",
    "sos_commands/ipa/getcert_list",
    "sos_commands/ipa/ipa_config_show",
    "sos_commands/ipa/ipactl_status",
    "var/log/ipa/healthcheck/healthcheck.log*",
];

/// One file of a report.
#[derive(Debug)]
pub(crate) struct Part {
    report: Arc<str>,
    member: String,
    name: Arc<str>,
    /// Its content; `None` if it is passed over.
    pub(crate) bytes: Option<Vec<u8>>,
    /// True if the file could not be read to its end.
    pub(crate) is_cut: bool,
}

impl Part {
    /// The part that a file of this name is; `None` if it is of no report.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut end = 0;
        for folder in name.split_inclusive(['/', '\\']) {
            end += folder.len();
            let inside = name.get(end..).filter(|inside| !inside.is_empty());
            // `sosreport-x.tar.xz!/` is the archive, not the folder in it.
            let archive = folder.trim_end_matches(['/', '\\']).ends_with('!');
            if let (true, false, Some(inside)) = (folder.starts_with(FOLDER), archive, inside) {
                let report = name.get(..end).unwrap_or_default().trim_end_matches(['/', '\\']);
                // A member that is compressed comes out under its own name twice.
                let member = inside.split("!/").next().unwrap_or(inside).replace('\\', "/");
                let wanted = MEMBERS.iter().any(|pattern| matches(pattern, &member));
                return Some(Self {
                    report: report.into(),
                    member,
                    name: name.into(),
                    bytes: wanted.then(Vec::new),
                    is_cut: false,
                });
            }
        }
        None
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Flow {
        match &mut self.bytes {
            Some(held) if held.len() + bytes.len() <= limits::MEMBER_TEXT_BYTES_MAX => {
                held.extend_from_slice(bytes);
                Flow::More
            }
            held => {
                *held = None;
                Flow::Stop
            }
        }
    }
}

/// True if the pattern, with `*` for any run of characters but slashes, is the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let ends = text.find('/').unwrap_or(text.len());
    (0..=ends).any(|at| text.get(at..).is_some_and(|tail| matches(rest, tail)))
}

/// The files of all reports, until all have come.
#[derive(Debug, Default)]
pub(crate) struct Reports(BTreeMap<Arc<str>, Report>);

/// A file that waits.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Held {
    name: Arc<str>,
    bytes: Vec<u8>,
    member: String,
    is_cut: bool,
}

#[derive(Debug, Default)]
struct Report {
    /// Members that are of use, by name; several of one name stay several.
    held: BTreeSet<Held>,
    held_bytes: usize,
    passed: u64,
}

impl Reports {
    /// Adds a file.
    pub(crate) fn add(&mut self, mut part: Part) {
        let report = self.0.entry(Arc::clone(&part.report)).or_default();
        match part.bytes.take() {
            Some(bytes) if report.held_bytes + bytes.len() <= limits::SOS_BYTES_MAX => {
                report.held_bytes += bytes.len();
                let Part { name, member, is_cut, .. } = part;
                report.held.insert(Held { name, bytes, member, is_cut });
            }
            _ => report.passed += 1,
        }
    }

    /// Reads what was held, now that the servers are known.
    pub(crate) fn finish(self, import: &mut Import) {
        for (name, report) in self.0 {
            report.read(&name, import);
        }
    }
}

impl Report {
    fn read(self, name: &Arc<str>, import: &mut Import) {
        let host = self.host();
        let mut unused = Vec::new();
        let count = self.held.len();
        for Held { name, bytes, member, is_cut } in self.held {
            if member == CONFIGURATION {
                continue;
            }
            let mut reader = Reader::of_report(&name, host.clone());
            reader.push(&bytes);
            if is_cut {
                reader.cut();
            }
            let closed = reader.finish();
            if closed.refused.is_some() {
                unused.push(member);
            } else {
                import.take(closed);
            }
        }
        let format = match &host {
            Some(host) => format!("sos report of {host}"),
            None => "sos report".to_owned(),
        };
        import.record(InputFile { file: Arc::clone(name), format, sha256: None });
        let mut text =
            format!("{count} file(s) of this sos report were opened, {} passed over", self.passed);
        if !unused.is_empty() {
            text.push_str("; this version makes no use of ");
            text.push_str(&unused.join(", "));
        }
        import.note(Note::on_file(name, NoteCode::PassedOver, text));
        match host {
            None => import.note(
                Note::on_file(
                    name,
                    NoteCode::HostNotStated,
                    format!(
                        "{CONFIGURATION} is missing: which server this report is about is \
                             unknown"
                    ),
                )
                .help("Run sos report on an IdM server, with its plug-in ipa."),
            ),
            Some(host) if host.as_str().contains("obfuscateddomain") => import.note(
                Note::on_file(
                    name,
                    NoteCode::HostNotStated,
                    "the names in this report were replaced by sos clean: other files may call \
                     the same server otherwise",
                )
                .help("Give reports that were not cleaned; they do not leave this machine."),
            ),
            Some(_) => {}
        }
    }

    /// The server, if all configurations in the report agree on it.
    fn host(&self) -> Option<Fqdn> {
        let mut hosts = self
            .held
            .iter()
            .filter(|held| held.member == CONFIGURATION)
            .filter_map(|held| host_in(&String::from_utf8_lossy(&held.bytes)));
        let host = hosts.next()?;
        hosts.all(|other| other == host).then_some(host)
    }
}

/// `host = NAME` of `default.conf`.
pub(crate) fn host_in(text: &str) -> Option<Fqdn> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "host").then(|| Fqdn::parse(value))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str) -> Option<(String, String, bool)> {
        Part::of(name).map(|p| (p.report.to_string(), p.member, p.bytes.is_some()))
    }

    #[test]
    fn only_the_listed_members_of_a_report_are_held() {
        let found = |report: &str, member: &str, held| Some((report.into(), member.into(), held));
        assert_eq!(part("exports/roles.txt"), None);
        assert_eq!(part("sosreport-a.tar.xz"), None);
        assert_eq!(
            part("x/sosreport-a.tar.xz!/sosreport-a/etc/ipa/default.conf"),
            found("x/sosreport-a.tar.xz!/sosreport-a", "etc/ipa/default.conf", true)
        );
        assert_eq!(
            part("sosreport-a/etc/dirsrv/slapd-EXAMPLE-TEST/dse.ldif"),
            found("sosreport-a", "etc/dirsrv/slapd-EXAMPLE-TEST/dse.ldif", true)
        );
        assert_eq!(
            part("sosreport-a/etc/dirsrv/slapd-X/y/dse.ldif"),
            found("sosreport-a", "etc/dirsrv/slapd-X/y/dse.ldif", false)
        );
        assert_eq!(
            part("sosreport-a/var/log/ipa/healthcheck/healthcheck.log-2.gz!/healthcheck.log-2"),
            found("sosreport-a", "var/log/ipa/healthcheck/healthcheck.log-2.gz", true)
        );
        assert_eq!(part("sosreport-a/etc/shadow"), found("sosreport-a", "etc/shadow", false));
    }

    #[test]
    fn the_host_stands_in_the_configuration() {
        let text = "[global]\nhost = IPA1.example.test\nserver = x\n";
        assert_eq!(host_in(text), Fqdn::parse("ipa1.example.test"));
        assert_eq!(host_in("[global]\nhost_name = x\n"), None);
    }
}
