//! What a session puts under way at a time: a few changes, and the load writes between them.

use std::sync::Arc;

use super::World;
use super::agreement::{AgreementIndex, Phase};
use super::changelog::Record;
use super::csn::{Csn, ReplicaId};
use super::load::Range;
use super::planted::Mutation;
use super::tree::Operation;

/// Changes that are under way at a time.
const CHUNK: usize = 8;

/// Load writes of all origins together that are under way at a time, about: enough that a month of
/// them is few events, and few enough that a session can be ended between two chunks.
const LOAD_CHUNK: u64 = 1000;

/// What is under way, in the order of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) changes: Vec<(Csn, Arc<Operation>)>,
    pub(super) load: Vec<(ReplicaId, Range)>,
}

impl Chunk {
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.load.is_empty()
    }
}

impl World {
    /// The oldest changes that the receiver is to get next.
    pub(super) fn next_chunk(&self, index: AgreementIndex) -> Chunk {
        let agreement = self.agreement(index);
        let (Phase::Session(session), Some(own)) =
            (&agreement.phase, &self.replica(agreement.supplier).database)
        else {
            return Chunk::default();
        };
        let everything = self.planted.has(Mutation::SetDifference);
        let sends_markers = self.planted.has(Mutation::MarkerIsSent);
        let theirs = self.replica(agreement.consumer).database.as_ref();
        let mut chunk = Chunk::default();
        let upto = &session.upto;
        let all = upto.iter().map(|(origin, known)| (origin, known, None)).filter(|_| everything);
        let above = upto.above(&session.sent).filter(|_| !everything);
        for (origin, known, after) in all.chain(above) {
            let records = own.changelog.records(origin, after, known.max);
            let records = records.filter_map(|(csn, record)| match record {
                Record::Change(operation) => Some((csn, Arc::clone(operation))),
                Record::Marker => sends_markers.then(|| (csn, Arc::new(Operation::KeepAlive))),
            });
            if everything {
                let lacks = |csn: &Csn| theirs.is_some_and(|data| !data.changelog.contains(*csn));
                chunk.changes.extend(records.filter(|(csn, _)| lacks(csn)).take(CHUNK + 1));
            } else {
                // One more than fits, to know where the rest begins.
                chunk.changes.extend(records.take(CHUNK + 1));
            }
        }
        chunk.changes.sort_unstable_by_key(|(csn, _)| *csn);
        if self.planted.has(Mutation::NewestFirst) {
            chunk.changes.reverse();
        }
        // Load goes with the changes only as far as no change of its origin is left behind.
        let limit = chunk.changes.get(CHUNK).map(|(csn, _)| *csn);
        chunk.changes.truncate(CHUNK);
        for (origin, known, after) in upto.above(&session.sent) {
            let upto = limit.map_or(known.max, |limit| known.max.min(limit));
            let load = own.changelog.load(origin, after, upto);
            chunk.load.extend(load.map(|range| (origin, range)));
        }
        self.shorten(index, &mut chunk);
        chunk
    }

    /// Cuts a chunk off where it would hold too many load writes.
    fn shorten(&self, index: AgreementIndex, chunk: &mut Chunk) {
        let (supplier, _) = self.ends(index);
        let share = (LOAD_CHUNK / (chunk.load.len() as u64).max(1)).max(1);
        let ends = chunk.load.iter().filter_map(|(origin, range)| {
            let load = self.load_of(supplier, *origin)?;
            (load.count(*range) > share).then(|| load.nth(range.from, share))
        });
        let Some(end) = ends.min() else { return };
        for (_, range) in &mut chunk.load {
            range.upto = range.upto.min(end);
        }
        chunk.load.retain(|(_, range)| range.from <= range.upto);
        chunk.changes.retain(|(csn, _)| csn.time <= end);
    }
}
