//! Copies of the data outside the running servers: backups and VM snapshots.
//!
//! This version reads them from model JSON only, to know whether they exist; judging their use is
//! not part of it.

use super::Fqdn;
use crate::time::Timestamp;

/// Kind of an `ipa-backup` (guide 5.1). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum BackupKind {
    /// Full-server backup: configuration and data; a server can be rebuilt from it.
    Full,
    /// Data-only backup: LDAP data; needs an installed server.
    Data,
}

impl BackupKind {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Data => "data",
        }
    }
}

/// One `ipa-backup`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Backup {
    /// Identifier within the deployment, normally the folder's name.
    pub id: String,
    /// Host it was taken on; it can only be restored there.
    pub host: Fqdn,
    /// Full or data-only.
    pub kind: BackupKind,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// Names of the services in its header; `None` if not known.
    pub roles: Option<Vec<String>>,
    /// IPA version that wrote it.
    pub version: Option<String>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// Whether archive and header are complete.
    pub complete: Option<bool>,
    /// Store that holds it.
    pub store: Option<String>,
    /// Key that decrypts it.
    pub key: Option<String>,
    /// Path within the store.
    pub path: String,
}

impl Backup {
    /// False only if the backup certainly cannot rebuild a CA: it is data-only or incomplete, or
    /// its header has no CA.
    pub fn may_rebuild_ca(&self) -> bool {
        self.kind == BackupKind::Full
            && self.complete != Some(false)
            && self
                .roles
                .as_ref()
                .is_none_or(|roles| roles.iter().any(|role| role.eq_ignore_ascii_case("ca")))
    }
}

/// One VM snapshot.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Snapshot {
    /// Identifier within the deployment.
    pub id: String,
    /// IdM server in the VM, if known.
    pub host: Option<Fqdn>,
    /// Name of the VM.
    pub vm: String,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// Whether the VM was off.
    pub powered_off: Option<bool>,
    /// Whether it holds every disk.
    pub full: Option<bool>,
    /// Store that holds it.
    pub store: Option<String>,
}
