//! What an observer of a world can read.

use audit_core::model::Suffix;

use crate::kernel::time::Time;

use super::agreement::{AgreementIndex, Phase, ReplicaIndex, ServerIndex, Status};
use super::csn::{Csn, ReplicaId};
use super::database::{Database, Generation};
use super::load::{Load, Ranges};
use super::ruv::Ruv;
use super::tree::EntryId;
use super::{World, ordered};

/// A change arrived on a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// When.
    pub time: Time,
    /// Where.
    pub replica: ReplicaIndex,
    /// Which change.
    pub csn: Csn,
}

impl World {
    /// Keeps every delivery from now on, see [`World::deliveries`].
    pub fn record_deliveries(&mut self) {
        self.deliveries = Some(Vec::new());
    }

    /// The deliveries since [`World::record_deliveries`].
    pub fn deliveries(&self) -> &[Delivery] {
        self.deliveries.as_deref().unwrap_or_default()
    }

    /// All servers.
    pub fn servers(&self) -> impl Iterator<Item = ServerIndex> + use<> {
        (0..self.servers.len()).map(ServerIndex)
    }

    /// A server's name.
    pub fn name(&self, server: ServerIndex) -> &str {
        &self.server(server).name
    }

    /// Whether a server runs.
    pub fn runs(&self, server: ServerIndex) -> bool {
        self.server(server).is_running
    }

    /// A server's replicas.
    pub fn replicas(&self, server: ServerIndex) -> &[ReplicaIndex] {
        &self.server(server).replicas
    }

    /// The server of a replica.
    pub fn server_of(&self, replica: ReplicaIndex) -> ServerIndex {
        self.replica(replica).server
    }

    /// The replica id of a replica.
    pub fn id(&self, replica: ReplicaIndex) -> ReplicaId {
        self.replica(replica).id
    }

    /// The data of a replica; `None` if its suffix is empty.
    pub fn database(&self, replica: ReplicaIndex) -> Option<&Database> {
        self.replica(replica).database.as_ref()
    }

    /// The generation of a replica's data.
    pub fn generation(&self, replica: ReplicaIndex) -> Option<Generation> {
        self.database(replica).map(|database| database.generation)
    }

    /// The vector of a replica.
    pub fn ruv(&self, replica: ReplicaIndex) -> Option<&Ruv> {
        self.database(replica).map(|database| &database.ruv)
    }

    /// Number of living entries of a group on a replica.
    pub fn count(&self, replica: ReplicaIndex, group: &str) -> usize {
        self.database(replica).map_or(0, |database| database.tree.group(group).count())
    }

    /// The living entries of a group on a replica, oldest first.
    pub fn entry_ids(&self, replica: ReplicaIndex, group: &str) -> Vec<EntryId> {
        self.database(replica)
            .map(|database| database.tree.group(group).map(|(id, _)| id).collect())
            .unwrap_or_default()
    }

    /// Whether an entry is alive on a replica.
    pub fn has(&self, replica: ReplicaIndex, entry: EntryId) -> bool {
        self.database(replica).is_some_and(|database| database.tree.has(entry))
    }

    /// Whether an attribute of an entry has a value on a replica.
    pub fn has_value(
        &self,
        replica: ReplicaIndex,
        entry: EntryId,
        attribute: &str,
        value: &str,
    ) -> bool {
        let entry = self.database(replica).and_then(|database| database.tree.get(entry));
        entry.is_some_and(|entry| entry.values(attribute).any(|known| known == value))
    }

    /// Number of load writes of an origin that a replica holds.
    pub fn held(&self, replica: ReplicaIndex, origin: ReplicaIndex) -> u64 {
        let id = self.id(origin);
        let Some(load) = self.load_of(replica, id) else { return 0 };
        self.database(replica)
            .and_then(|database| database.held.get(&id))
            .map_or(0, |ranges| ranges.count(load))
    }

    /// The load writes of an origin that a replica holds; empty if none.
    pub fn held_ranges(&self, replica: ReplicaIndex, origin: ReplicaIndex) -> Ranges {
        let held = self.database(replica).and_then(|data| data.held.get(&self.id(origin)));
        held.cloned().unwrap_or_default()
    }

    /// The load writes that clients made on a replica and that it acknowledged, whatever became of
    /// them since.
    pub fn acknowledged(&self, replica: ReplicaIndex) -> &Ranges {
        &self.replica(replica).acknowledged
    }

    /// The rhythm of a replica's background load.
    pub fn load(&self, replica: ReplicaIndex) -> Option<&Load> {
        self.replica(replica).load.as_ref()
    }

    /// The suffix of a replica.
    pub fn suffix_of(&self, replica: ReplicaIndex) -> Suffix {
        self.replica(replica).suffix
    }

    /// The replica of a suffix on a server.
    pub fn replica_of(&self, server: ServerIndex, suffix: Suffix) -> Option<ReplicaIndex> {
        let mut replicas = self.replicas(server).iter().copied();
        replicas.find(|index| self.suffix_of(*index) == suffix)
    }

    /// Whether a supplier's changes come to a consumer by themselves while both run: an enabled
    /// agreement between servers that reach each other and have one generation, which does not
    /// lack a change that it must send first.
    pub fn joins(&self, index: AgreementIndex) -> bool {
        let agreement = self.agreement(index);
        let (supplier, consumer) = (agreement.supplier, agreement.consumer);
        let generation = self.generation(supplier);
        let pair = ordered(self.replica(supplier).server, self.replica(consumer).server);
        agreement.exists
            && agreement.is_enabled
            && !self.cut.contains(&pair)
            && generation.is_some()
            && generation == self.generation(consumer)
            && agreement.status != Status::Stuck
    }

    /// Whether a replica answers clients: its server runs, and its suffix is neither empty nor
    /// being loaded.
    pub fn is_in_service(&self, replica: ReplicaIndex) -> bool {
        self.is_running(replica)
            && !self.replica(replica).is_loading
            && self.database(replica).is_some()
    }

    /// Whether an agreement is there: it was made and not removed.
    pub fn exists(&self, index: AgreementIndex) -> bool {
        self.agreement(index).exists
    }

    /// The agreements that exist on running servers.
    pub fn agreements(&self) -> impl Iterator<Item = AgreementIndex> {
        (0..self.agreements.len()).map(AgreementIndex).filter(|index| {
            let agreement = self.agreement(*index);
            agreement.exists && self.is_running(agreement.supplier)
        })
    }

    /// Supplier and consumer of an agreement.
    pub fn ends(&self, index: AgreementIndex) -> (ReplicaIndex, ReplicaIndex) {
        let agreement = self.agreement(index);
        (agreement.supplier, agreement.consumer)
    }

    /// What an agreement says of its last attempt.
    pub fn status(&self, index: AgreementIndex) -> Status {
        self.agreement(index).status
    }

    /// Whether an agreement is enabled.
    pub fn is_enabled(&self, index: AgreementIndex) -> bool {
        self.agreement(index).is_enabled
    }

    /// The anchor that was missing at the last attempt, while the agreement is stuck.
    pub fn missing_anchor(&self, index: AgreementIndex) -> Option<Csn> {
        let agreement = self.agreement(index);
        agreement.missing.filter(|_| agreement.status == Status::Stuck)
    }

    /// How often an agreement met a busy receiver.
    pub fn busy(&self, index: AgreementIndex) -> u64 {
        self.agreement(index).busy
    }

    /// How many sessions of an agreement sent something.
    pub fn sessions(&self, index: AgreementIndex) -> u64 {
        self.agreement(index).sessions
    }

    /// Whether an agreement holds its receiver now.
    pub fn is_in_session(&self, index: AgreementIndex) -> bool {
        matches!(self.agreement(index).phase, Phase::Session(_) | Phase::Total(_))
    }
}
