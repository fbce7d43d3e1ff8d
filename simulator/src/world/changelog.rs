//! The changelog of one suffix on one server: what the server can still send.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kernel::time::Time;

use super::csn::{Csn, ReplicaId};
use super::load::{Load, Range, Ranges};
use super::ruv::Ruv;
use super::tree::Operation;

/// What the changelog keeps under a number.
#[derive(Clone, Debug)]
pub enum Record {
    /// A change.
    Change(Arc<Operation>),
    /// A place to start from, written when the changelog was made anew: the changes up to here are
    /// in the data, and not in the changelog. It is found as an anchor and never sent.
    ///
    /// Source: 389-ds `repl5_replica.c`, `replica_log_ruv_elements`.
    Marker,
}

/// Records of one origin.
#[derive(Clone, Debug, Default)]
struct Origin {
    records: BTreeMap<Csn, Record>,
    load: Ranges,
}

/// Changes of all origins that a server can still send.
#[derive(Clone, Debug, Default)]
pub struct Changelog {
    origins: BTreeMap<ReplicaId, Origin>,
}

impl Changelog {
    /// An empty changelog with a marker at every maximum of the data's vector.
    pub fn starting_at(ruv: &Ruv) -> Self {
        let mut changelog = Self::default();
        for (_, known) in ruv.iter() {
            changelog.insert(known.max, Record::Marker);
        }
        changelog
    }

    /// Keeps a record. A change takes the place of a marker.
    pub fn insert(&mut self, csn: Csn, record: Record) {
        self.origins.entry(csn.replica).or_default().records.insert(csn, record);
    }

    /// Keeps load writes.
    pub fn insert_load(&mut self, origin: ReplicaId, range: Range, load: &Load) {
        self.origins.entry(origin).or_default().load.insert(range, load);
    }

    /// Whether a change or a marker is there under this number.
    pub fn contains(&self, csn: Csn) -> bool {
        self.origins.get(&csn.replica).is_some_and(|origin| {
            origin.records.contains_key(&csn) || (csn.is_load() && origin.load.contains(csn.time))
        })
    }

    /// Records of an origin after one number, up to another.
    pub fn records(
        &self,
        origin: ReplicaId,
        after: Option<Csn>,
        upto: Csn,
    ) -> impl Iterator<Item = (Csn, &Record)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let is_empty = after.is_some_and(|after| after >= upto);
        self.origins
            .get(&origin)
            .filter(|_| !is_empty)
            .into_iter()
            .flat_map(move |origin| origin.records.range((from, Included(upto))))
            .map(|(csn, record)| (*csn, record))
    }

    /// Load writes of an origin after one number, up to another.
    pub fn load(
        &self,
        origin: ReplicaId,
        after: Option<Csn>,
        upto: Csn,
    ) -> impl Iterator<Item = Range> {
        self.origins
            .get(&origin)
            .into_iter()
            .flat_map(move |origin| origin.load.between(after.map(|csn| csn.time), upto.time))
    }

    /// Forgets an origin (`CLEANALLRUV`).
    pub fn remove_origin(&mut self, origin: ReplicaId) {
        self.origins.remove(&origin);
    }

    /// Removes what is older than `horizon` and below the maximum of its origin in `purge`; the
    /// maximum itself stays as an anchor.
    ///
    /// # Source
    ///
    /// 389-ds `cl5_api.c`, `_cl5TrimReplica` with `ruv_covers_csn_strict`; `quantities.md` C.2.
    pub fn trim(&mut self, horizon: Time, purge: &Ruv) {
        for (id, origin) in &mut self.origins {
            let Some(max) = purge.max(*id) else { continue };
            origin.records.retain(|csn, _| *csn >= max || csn.time >= horizon);
            origin.load.remove_before(horizon.min(max.time));
        }
    }

    /// Number of changes of an origin that are objects; markers do not count.
    pub fn count(&self, origin: ReplicaId) -> usize {
        self.origins.get(&origin).map_or(0, |origin| {
            origin.records.values().filter(|record| matches!(record, Record::Change(_))).count()
        })
    }
}
