//! The replica update vector: what a server says it knows, as one maximum per origin.

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
    /// In the order of replica ids. A list, because every session copies it.
    elements: Vec<(ReplicaId, Option<Known>)>,
}

impl Ruv {
    /// Newest change of an origin; `None` if none is known.
    pub fn max(&self, replica: ReplicaId) -> Option<Csn> {
        self.known(replica).map(|known| known.max)
    }

    /// First and newest change of an origin; `None` if none is known.
    pub fn known(&self, replica: ReplicaId) -> Option<Known> {
        self.place(replica).ok().and_then(|place| self.elements.get(place)?.1)
    }

    /// Whether the origin is listed, with changes or without.
    pub fn lists(&self, replica: ReplicaId) -> bool {
        self.place(replica).is_ok()
    }

    /// Lists an origin of which no change is known yet.
    pub fn list(&mut self, replica: ReplicaId) {
        if let Err(place) = self.place(replica) {
            self.elements.insert(place, (replica, None));
        }
    }

    /// Removes an origin (`CLEANALLRUV`).
    pub fn remove(&mut self, replica: ReplicaId) {
        self.elements.retain(|(id, _)| *id != replica);
    }

    /// Whether a change is claimed to be present.
    pub fn covers(&self, csn: Csn) -> bool {
        self.max(csn.replica).is_some_and(|max| csn <= max)
    }

    /// Raises the maximum of the change's origin; never lowers it.
    pub fn raise(&mut self, csn: Csn) {
        let first = Some(Known { min: csn, max: csn });
        match self.place(csn.replica) {
            Err(place) => self.elements.insert(place, (csn.replica, first)),
            Ok(place) => match self.elements.get_mut(place) {
                Some((_, Some(known))) => known.max = known.max.max(csn),
                Some((_, element)) => *element = first,
                None => {}
            },
        }
    }

    /// Lowers the maximum of the change's origin to it, if it is above.
    pub(super) fn lower(&mut self, csn: Csn) {
        let place = self.place(csn.replica).ok();
        if let Some((_, Some(known))) = place.and_then(|place| self.elements.get_mut(place)) {
            known.max = known.max.min(csn);
        }
    }

    /// All origins, also those without changes, by replica id.
    pub fn replicas(&self) -> impl Iterator<Item = ReplicaId> {
        self.elements.iter().map(|(replica, _)| *replica)
    }

    /// All origins with changes, by replica id.
    pub fn iter(&self) -> impl Iterator<Item = (ReplicaId, Known)> {
        self.elements.iter().filter_map(|(replica, known)| Some((*replica, (*known)?)))
    }

    /// Origins of which this vector has more than another one, with what the other has: what a
    /// session is about, per origin.
    pub(super) fn above<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (ReplicaId, Known, Option<Csn>)> {
        // Both lists are in order, so one pass over both is enough.
        let mut rest = other.elements.as_slice();
        self.iter().filter_map(move |(replica, known)| {
            let skipped = rest.iter().take_while(|(id, _)| *id < replica).count();
            rest = rest.get(skipped..).unwrap_or_default();
            let theirs = rest.first().filter(|(id, _)| *id == replica);
            let max = theirs.and_then(|(_, known)| Some((*known)?.max));
            max.is_none_or(|max| max < known.max).then_some((replica, known, max))
        })
    }

    /// Where an origin is listed, or would be.
    fn place(&self, replica: ReplicaId) -> Result<usize, usize> {
        self.elements.binary_search_by_key(&replica, |(id, _)| *id)
    }
}
