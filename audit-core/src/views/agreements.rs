//! What the inputs show of single replication agreements, as one word each.

use std::fmt;

use crate::evidence::Sources;
use crate::model::{AgreementKey, AgreementState, Deployment, Fqdn, Observed, RuvKey, Suffix};

/// Condition of a replication agreement, as far as it is certain. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Condition {
    /// Enabled, and its last update succeeded or waits its turn.
    Works,
    /// Switched off.
    Disabled,
    /// Not there, though its server's list of agreements is complete.
    Missing,
    /// Its last update failed in a way that does not mend itself.
    Failing(AgreementState),
    /// Not known, or not updated yet.
    Unknown,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::Disabled => "disabled",
            Self::Missing => "missing",
            Self::Failing(AgreementState::Stuck) => {
                "stuck: changes that it needs are no longer in the changelog"
            }
            Self::Failing(AgreementState::OtherGeneration) => {
                "refused: the databases are of different generations"
            }
            Self::Failing(AgreementState::Unreachable) => "unreachable",
            Self::Failing(_) => "failing",
            Self::Unknown => "unknown",
        })
    }
}

impl Condition {
    /// The condition of an agreement.
    pub fn of(observed: &Observed, key: &AgreementKey) -> Self {
        let Some(agreement) = observed.agreements.get(key) else {
            let listed = observed.agreement_lists.contains_key(&(key.on.clone(), key.suffix));
            return if listed { Self::Missing } else { Self::Unknown };
        };
        let works =
            |state: &AgreementState| matches!(state, AgreementState::Ok | AgreementState::Busy);
        if agreement.enabled.certainly(|enabled| !enabled) {
            Self::Disabled
        } else if agreement.state.certainly(|state| state.is_fault()) {
            Self::Failing(agreement.state.value().copied().unwrap_or(AgreementState::Failed))
        } else if agreement.enabled.certainly(|enabled| *enabled)
            && agreement.state.certainly(works)
        {
            Self::Works
        } else {
            Self::Unknown
        }
    }

    /// True if changes certainly do not get through.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Disabled | Self::Missing | Self::Failing(_))
    }
}

/// Places that prove that the servers of a suffix replicate with nobody else: the list of
/// agreements of each is complete and leads to the others only. `None` without that proof.
pub fn closed(deployment: &Deployment, suffix: Suffix) -> Option<Sources> {
    let Deployment { observed, servers, .. } = deployment;
    let mut evidence = Sources::new();
    for server in servers.keys() {
        evidence.extend(observed.agreement_lists.get(&(server.clone(), suffix))?.iter().cloned());
    }
    let mut keys = observed.agreements.keys().filter(|key| key.suffix == suffix);
    let inside = keys.all(|key| servers.contains_key(&key.on) && servers.contains_key(&key.peer));
    (inside && !servers.is_empty()).then_some(evidence)
}

/// Where the condition of an agreement was read: what decides it, else the agreement itself, or the
/// list that lacks it.
pub fn evidence(observed: &Observed, key: &AgreementKey) -> Sources {
    let Some(agreement) = observed.agreements.get(key) else {
        let list = observed.agreement_lists.get(&(key.on.clone(), key.suffix));
        return list.cloned().unwrap_or_default();
    };
    let decisive = match Condition::of(observed, key) {
        Condition::Disabled => agreement.enabled.sources(),
        Condition::Failing(_) => agreement.state.sources(),
        Condition::Works | Condition::Missing | Condition::Unknown => {
            agreement.enabled.sources().into_iter().chain(agreement.state.sources()).collect()
        }
    };
    if decisive.is_empty() { agreement.sources.clone() } else { decisive }
}

/// The database generation of a server, if it is known.
pub fn generation<'a>(observed: &'a Observed, server: &Fqdn, suffix: Suffix) -> Option<&'a str> {
    let key = RuvKey { on: Some(server.clone()), suffix };
    observed.ruvs.get(&key)?.generation.value().map(String::as_str)
}
