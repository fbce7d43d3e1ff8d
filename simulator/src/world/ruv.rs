//! The replica update vector: what a server says it knows, as one maximum per origin.

use std::collections::BTreeMap;

use super::csn::{Csn, ReplicaId};

/// First and newest change of one origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Known {
    /// The first change that was ever seen; where to start with a consumer that knows none.
    pub min: Csn,
    /// The newest change.
    pub max: Csn,
}

/// Replica update vector (RUV). It claims that everything up to each maximum is present. That can
/// be false: a hole below a maximum cannot be seen in it, and nothing that is missing below a
/// consumer's maximum is ever sent (`fidelity.md`, "What a simulator must model", 1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ruv {
    elements: BTreeMap<ReplicaId, Option<Known>>,
}

impl Ruv {
    /// Newest change of an origin; `None` if none is known.
    pub fn max(&self, replica: ReplicaId) -> Option<Csn> {
        self.known(replica).map(|known| known.max)
    }

    /// First and newest change of an origin; `None` if none is known.
    pub fn known(&self, replica: ReplicaId) -> Option<Known> {
        self.elements.get(&replica).copied().flatten()
    }

    /// Whether the origin is listed, with changes or without.
    pub fn lists(&self, replica: ReplicaId) -> bool {
        self.elements.contains_key(&replica)
    }

    /// Lists an origin of which no change is known yet.
    pub fn list(&mut self, replica: ReplicaId) {
        self.elements.entry(replica).or_default();
    }

    /// Removes an origin (`CLEANALLRUV`).
    pub fn remove(&mut self, replica: ReplicaId) {
        self.elements.remove(&replica);
    }

    /// Whether a change is claimed to be present.
    pub fn covers(&self, csn: Csn) -> bool {
        self.max(csn.replica).is_some_and(|max| csn <= max)
    }

    /// Raises the maximum of the change's origin; never lowers it.
    pub fn raise(&mut self, csn: Csn) {
        let element = self.elements.entry(csn.replica).or_default();
        match element {
            Some(known) => known.max = known.max.max(csn),
            None => *element = Some(Known { min: csn, max: csn }),
        }
    }

    /// Lowers the maximum of the change's origin to it, if it is above.
    pub(super) fn lower(&mut self, csn: Csn) {
        if let Some(Some(known)) = self.elements.get_mut(&csn.replica) {
            known.max = known.max.min(csn);
        }
    }

    /// All origins, also those without changes, by replica id.
    pub fn replicas(&self) -> impl Iterator<Item = ReplicaId> {
        self.elements.keys().copied()
    }

    /// All origins with changes, by replica id.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaId, Known)> {
        self.elements.iter().filter_map(|(replica, known)| Some((*replica, (*known)?)))
    }
}
