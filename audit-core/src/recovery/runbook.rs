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
    /// Start a CA replica's VM from a snapshot beside servers that live, and give it their newer
    /// identity data.
    PartialEnvironment,
    /// Start a CA replica's VM from a snapshot apart from servers whose data is damaged, install
    /// all others from it, and move the clients over.
    ParallelEnvironment,
    /// Bring a server with the KRA's keys back from a copy, and give it the others' newer data.
    RestoreKra,
    /// Remove a server that was destroyed without being removed, and its replica ids.
    CleanUpGhost,
    /// Renew expired certificates on a CA replica, then on all others.
    FixCertificates,
    /// Bring back the network or join the sides anew; they catch up by themselves.
    Reconnect,
    /// Bring back the network, and give one side the data of the other: the changes that each
    /// lacks are no longer kept.
    ReinitializeSide,
    /// Give a server that was set back the data of one that was not.
    Reinitialize,
    /// Start a server again that was away.
    BringBackAbsent,
    /// Set a clock right.
    SetClockRight,
    /// Nothing needs to be done.
    NothingToDo,
}

impl Procedure {
    /// Every procedure.
    pub const ALL: [Self; 18] = [
        Self::ReplaceLostReplica,
        Self::ReplaceRenewalServer,
        Self::RebuildFromSnapshot,
        Self::RebuildFromBackup,
        Self::AbandonDamagedServers,
        Self::AddLostEntries,
        Self::RestoreDataEverywhere,
        Self::PartialEnvironment,
        Self::ParallelEnvironment,
        Self::RestoreKra,
        Self::CleanUpGhost,
        Self::FixCertificates,
        Self::Reconnect,
        Self::ReinitializeSide,
        Self::Reinitialize,
        Self::BringBackAbsent,
        Self::SetClockRight,
        Self::NothingToDo,
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
            Self::PartialEnvironment => "reconnect-partial-environment",
            Self::ParallelEnvironment => "parallel-environment",
            Self::RestoreKra => "restore-kra",
            Self::CleanUpGhost => "clean-up-ghost",
            Self::FixCertificates => "fix-certificates",
            Self::Reconnect => "reconnect",
            Self::ReinitializeSide => "reinitialize-side",
            Self::Reinitialize => "reinitialize",
            Self::BringBackAbsent => "bring-back-absent",
            Self::SetClockRight => "set-clock-right",
            Self::NothingToDo => "nothing-to-do",
        }
    }

    /// True if one server is brought back from a copy and all that are gone are installed from it.
    pub(crate) fn rebuilds(self) -> bool {
        matches!(
            self,
            Self::RebuildFromSnapshot | Self::RebuildFromBackup | Self::PartialEnvironment
        )
    }

    /// True if all of the deployment's data goes back to a copy.
    pub fn goes_back(self) -> bool {
        matches!(
            self,
            Self::RebuildFromSnapshot
                | Self::RebuildFromBackup
                | Self::RestoreDataEverywhere
                | Self::ParallelEnvironment
        )
    }
}

/// One step of a runbook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// Its commands, one a line, with what is known of this deployment filled in.
    pub commands: Vec<String>,
    /// Server on which they run; `None`: elsewhere, or on any that lives.
    pub on: Option<Fqdn>,
    /// Why here and now.
    pub because: String,
    /// How to see that it worked.
    pub check: String,
}

impl Step {
    /// Where its commands run, in words.
    pub fn place(&self) -> String {
        match (&self.on, &self.action) {
            (_, Action::BootSnapshot { .. }) => "the hypervisor".to_owned(),
            (_, Action::RestoreNetwork) => "the network".to_owned(),
            (Some(server), _) => server.to_string(),
            (None, _) => "any living server".to_owned(),
        }
    }
}

/// Steps that bring a deployment back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Runbook {
    /// The documented procedure.
    pub procedure: Procedure,
    /// Number of the documented scenario, for example `B1`; empty if nothing needs to be done.
    pub scenario: &'static str,
    /// Numbers of other documented scenarios that this is a case of.
    pub also: Vec<&'static str>,
    /// Document and section.
    pub citation: &'static str,
    /// The steps in order.
    pub steps: Vec<Step>,
}

impl Runbook {
    /// Numbers of all documented scenarios that it is for, the first one being its own.
    pub fn labels(&self) -> String {
        let labels: Vec<&str> = [self.scenario].into_iter().chain(self.also.clone()).collect();
        labels.join(", ")
    }
}

/// Why the planner has no procedure. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// None works: one reason per server and per copy.
    Impossible {
        /// Number of the documented scenario.
        scenario: &'static str,
        /// Numbers of other documented scenarios that this is a case of.
        also: Vec<&'static str>,
        /// The reasons.
        reasons: Vec<String>,
        /// Servers that keep serving identity data meanwhile.
        still_serving: Vec<Fqdn>,
    },
    /// A fact is missing that decides.
    Undecided {
        /// Number of the documented scenario.
        scenario: &'static str,
        /// Numbers of other documented scenarios that this is a case of.
        also: Vec<&'static str>,
        /// What is missing.
        needs: Vec<Need>,
        /// Why the servers and copies that are known do not suffice.
        reasons: Vec<String>,
    },
}
