//! A recovery procedure with this deployment's names.

use super::Action;
use crate::model::{Fqdn, Need};

/// Documented recovery procedures. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Procedure {
    /// Remove lost servers and install replicas in their place; the renewal server lives.
    ReplaceLostReplica,
    /// Promote another CA replica, then replace what is lost.
    ReplaceRenewalServer,
    /// Start a CA replica's VM from a snapshot, and install all others from it.
    RebuildFromSnapshot,
    /// Restore a CA replica from a full-server backup, and install all others from it.
    RebuildFromBackup,
    /// Stop servers whose data is damaged, and install them again from clean ones.
    AbandonDamagedServers,
    /// Read lost entries from a copy that is restored apart, and add them again.
    AddLostEntries,
    /// Restore data on one server, and re-initialize all others from it.
    RestoreDataEverywhere,
}

impl Procedure {
    /// Every procedure.
    pub const ALL: [Self; 7] = [
        Self::ReplaceLostReplica,
        Self::ReplaceRenewalServer,
        Self::RebuildFromSnapshot,
        Self::RebuildFromBackup,
        Self::AbandonDamagedServers,
        Self::AddLostEntries,
        Self::RestoreDataEverywhere,
    ];

    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplaceLostReplica => "replace-lost-replica",
            Self::ReplaceRenewalServer => "replace-renewal-server",
            Self::RebuildFromSnapshot => "rebuild-from-snapshot",
            Self::RebuildFromBackup => "rebuild-from-backup",
            Self::AbandonDamagedServers => "abandon-damaged-servers",
            Self::AddLostEntries => "add-lost-entries",
            Self::RestoreDataEverywhere => "restore-data-everywhere",
        }
    }

    /// Document and section.
    pub fn citation(self) -> &'static str {
        match self {
            Self::ReplaceLostReplica => {
                "Performing disaster recovery with IdM (RHEL 10) 2.2, 3.1, 3.2"
            }
            Self::ReplaceRenewalServer => {
                "Performing disaster recovery with IdM (RHEL 10) 2.1, 3.3"
            }
            Self::RebuildFromSnapshot => "Performing disaster recovery with IdM (RHEL 10) 3.4",
            Self::RebuildFromBackup => "Performing disaster recovery with IdM (RHEL 10) 5.1",
            Self::AbandonDamagedServers => "Performing disaster recovery with IdM (RHEL 10) 7.1",
            Self::AddLostEntries => "Performing disaster recovery with IdM (RHEL 10) 7.2",
            Self::RestoreDataEverywhere => {
                "Performing disaster recovery with IdM (RHEL 10) 5.1, 7.3"
            }
        }
    }
}

/// One step of a runbook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Why here and now.
    pub because: String,
    /// How to see that it worked.
    pub check: String,
}

/// Steps that bring a deployment back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Runbook {
    /// The documented procedure.
    pub procedure: Procedure,
    /// Number of the documented scenario, for example `B1`.
    pub scenario: &'static str,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// Why the planner has no procedure. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// None works: one reason per server and per copy.
    Impossible {
        /// Number of the documented scenario.
        scenario: &'static str,
        /// The reasons.
        reasons: Vec<String>,
        /// Servers that keep serving identity data meanwhile.
        still_serving: Vec<Fqdn>,
    },
    /// A fact is missing that decides.
    Undecided {
        /// Number of the documented scenario.
        scenario: &'static str,
        /// What is missing.
        needs: Vec<Need>,
        /// Why the servers and copies that are known do not suffice.
        reasons: Vec<String>,
    },
}
