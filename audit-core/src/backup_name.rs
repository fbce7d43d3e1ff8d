//! Names of the folders that `ipa-backup` makes.

use crate::model::{BackupKind, Fqdn};
use crate::time::Timestamp;

/// What the name of a backup's folder says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BackupName {
    /// The host in front of the name of a controller's copy (ansible-freeipa role `ipabackup`).
    pub host: Option<Fqdn>,
    /// Full or data-only.
    pub kind: BackupKind,
    /// The host's local time when the archive was begun, read as if it were GMT. Never a time to
    /// compute with: the header's is (X20).
    pub local: Timestamp,
}

/// What a name is. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Naming {
    /// Of a backup's folder.
    Backup(BackupName),
    /// It begins like one; with what is wrong.
    Alike(&'static str),
    /// Something else.
    Other,
}

/// Hours by which clocks of the earth are ahead of GMT at most.
const AHEAD_HOURS: i64 = 14;

/// Hours by which they are behind GMT at most.
const BEHIND_HOURS: i64 = 12;

/// Longest time from the header, which is written first, to the name: databases are exported in
/// between. No document gives one; a day is this project's.
const RUN_HOURS: i64 = 24;

impl BackupName {
    /// Reads `ipa-full-YYYY-MM-DD-HH-MM-SS`, `ipa-data-…`, and both with a host in front
    /// (FreeIPA `ipaserver/install/ipa_backup.py`; guide 5.2).
    ///
    /// ```
    /// use audit_core::backup_name::{BackupName, Naming};
    ///
    /// let name = BackupName::read("ipa1.example.test_ipa-full-2021-01-29-12-11-46");
    /// let Naming::Backup(name) = name else { panic!() };
    /// assert_eq!(name.host.unwrap().as_str(), "ipa1.example.test");
    /// assert_eq!(name.local.to_string(), "2021-01-29T12:11:46Z");
    /// assert!(matches!(BackupName::read("ipa-full-2025-11-10.tar"), Naming::Alike(_)));
    /// assert_eq!(BackupName::read("roles.txt"), Naming::Other);
    /// ```
    pub fn read(folder: &str) -> Naming {
        let (host, rest) = match folder.split_once('_') {
            Some((host, rest)) if rest.starts_with("ipa-") => match Fqdn::parse(host) {
                Some(host) => (Some(host), rest),
                None => return Naming::Alike("what stands before the underscore is no host name"),
            },
            _ => (None, folder),
        };
        let Some(rest) = rest.strip_prefix("ipa-") else { return Naming::Other };
        let Some((kind, stamp)) = rest.split_once('-') else { return Naming::Other };
        let kind = match kind {
            "full" => BackupKind::Full,
            "data" => BackupKind::Data,
            "backup" => {
                return Naming::Alike("ipa-backup names its folders ipa-full- or ipa-data-");
            }
            _ => return Naming::Other,
        };
        if stamp.contains(['\u{2013}', '\u{2014}']) {
            return Naming::Alike("it has dashes of a word processor where hyphens belong");
        }
        if stamp.contains('.') {
            return Naming::Alike("a backup is a folder, and ipa-restore refuses a file");
        }
        // 2021-01-29-12-11-46
        let parts: Vec<&str> = stamp.split('-').collect();
        let [year, month, day, hour, minute, second] = parts.as_slice() else {
            return Naming::Alike("its time is not YYYY-MM-DD-HH-MM-SS");
        };
        let time = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
        match Timestamp::parse_rfc3339(&time).filter(|time| time.unix_seconds() > 0) {
            Some(local) => Naming::Backup(Self { host, kind, local }),
            None => Naming::Alike("its time does not exist"),
        }
    }

    /// Reads a folder's name that is one.
    pub fn parse(folder: &str) -> Option<Self> {
        match Self::read(folder) {
            Naming::Backup(name) => Some(name),
            Naming::Alike(_) | Naming::Other => None,
        }
    }
}

/// Earliest and latest time in GMT at which a folder with this local time in its name was begun.
pub fn bounds(local: Timestamp) -> (Timestamp, Timestamp) {
    let shifted = |hours: i64| {
        let seconds = local.unix_seconds() + hours * 3600;
        Timestamp::from_unix_seconds(seconds.max(0)).unwrap_or(local)
    };
    (shifted(-AHEAD_HOURS - RUN_HOURS), shifted(BEHIND_HOURS))
}

/// The last folder of a path that begins like a backup's, with the path up to and including it.
pub fn folder_of(path: &str) -> Option<(&str, &str)> {
    let mut end = path.len();
    loop {
        let head = path.get(..end)?;
        let start = head.rfind(['/', '\\']).map_or(0, |at| at + 1);
        let part = head.get(start..)?;
        if matches!(BackupName::read(part), Naming::Backup(_)) {
            return Some((head, part));
        }
        end = start.checked_sub(1)?;
    }
}
