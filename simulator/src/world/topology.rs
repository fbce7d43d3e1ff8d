//! Segments and agreements come and go; `CLEANALLRUV`.

use super::World;
use super::agreement::{Agreement, AgreementIndex, ReplicaIndex, ServerIndex};
use super::planted::Mutation;

impl World {
    /// Joins two replicas of a suffix: an agreement in each direction, enabled. What was there
    /// before is used again. Nothing is initialized.
    pub fn connect(&mut self, left: ReplicaIndex, right: ReplicaIndex) {
        self.connect_one_way(left, right);
        self.connect_one_way(right, left);
    }

    /// An agreement from one replica to another, enabled; as [`World::connect`] in one direction.
    pub fn connect_one_way(&mut self, supplier: ReplicaIndex, consumer: ReplicaIndex) {
        let index = self.agreement_of(supplier, consumer);
        let is_late = self.is_running(supplier) && self.is_running(consumer);
        let needs_total = is_late && self.planted.has(Mutation::BridgeNeedsTotalUpdate);
        let agreement = self.agreement_mut(index);
        agreement.exists = true;
        agreement.is_enabled = true;
        agreement.needs_total = needs_total;
        self.start_agreement(index);
    }

    /// The agreement from one replica to another; made, if it never was.
    fn agreement_of(&mut self, supplier: ReplicaIndex, consumer: ReplicaIndex) -> AgreementIndex {
        if let Some(index) = self.find_agreement(supplier, consumer) {
            return index;
        }
        let index = AgreementIndex(self.agreements.len());
        self.agreements.push(Agreement::new(supplier, consumer, self.timing.backoff_min));
        self.replica_mut(supplier).outgoing.push(index);
        self.replica_mut(consumer).incoming.push(index);
        index
    }

    /// The agreement from one replica to another, also a removed one.
    pub fn find_agreement(
        &self,
        supplier: ReplicaIndex,
        consumer: ReplicaIndex,
    ) -> Option<AgreementIndex> {
        let mut outgoing = self.replica(supplier).outgoing.iter().copied();
        outgoing.find(|index| self.agreement(*index).consumer == consumer)
    }

    /// Removes the agreements between two replicas.
    pub fn disconnect(&mut self, left: ReplicaIndex, right: ReplicaIndex) {
        for (supplier, consumer) in [(left, right), (right, left)] {
            if let Some(index) = self.find_agreement(supplier, consumer) {
                self.remove_agreement(index);
            }
        }
    }

    /// Removes one agreement.
    pub fn remove_agreement(&mut self, index: AgreementIndex) {
        self.stop_agreement(index);
        let agreement = self.agreement_mut(index);
        agreement.exists = false;
        agreement.total_is_due = false;
        agreement.consumer_ruv = None;
        agreement.status = super::Status::Ok;
    }

    /// Enables an agreement; it looks at once. Without effect on a removed one.
    pub fn enable(&mut self, index: AgreementIndex) {
        self.agreement_mut(index).is_enabled = true;
        self.start_agreement(index);
    }

    /// Disables an agreement. Its consumer still holds back the trimming of the changelog.
    pub fn disable(&mut self, index: AgreementIndex) {
        self.stop_agreement(index);
        self.agreement_mut(index).is_enabled = false;
    }

    /// Agreements on a server, to others: of all its suffixes.
    pub fn outgoing(&self, server: ServerIndex) -> Vec<AgreementIndex> {
        let replicas = self.server(server).replicas.iter();
        replicas.flat_map(|replica| self.replica(*replica).outgoing.iter().copied()).collect()
    }

    /// Agreements on others to a server: of all its suffixes.
    pub fn incoming(&self, server: ServerIndex) -> Vec<AgreementIndex> {
        let replicas = self.server(server).replicas.iter();
        replicas.flat_map(|replica| self.replica(*replica).incoming.iter().copied()).collect()
    }

    /// Removes a server from the topology: the others' agreements to it, its own if it runs, and
    /// its replica ids by `CLEANALLRUV`, begun on `from`.
    ///
    /// What cannot be reached from there keeps the replica ids, and brings them back when it is
    /// joined again (`fidelity.md` R6). A removed server that is started from a copy still has its
    /// own agreements (R7).
    pub fn remove_server(&mut self, server: ServerIndex, from: ServerIndex) {
        for index in self.incoming(server) {
            self.remove_agreement(index);
        }
        if self.server(server).is_running {
            for index in self.outgoing(server) {
                self.remove_agreement(index);
            }
        }
        for replica in self.server(server).replicas.clone() {
            let (suffix, id) = (self.replica(replica).suffix, self.replica(replica).id);
            let start = self.server(from).replicas.iter().copied();
            let start = start.clone().find(|index| self.replica(*index).suffix == suffix);
            if let Some(start) = start {
                self.clean(start, id);
            }
        }
    }

    /// `CLEANALLRUV`, forced: one replica and all that its agreements lead to forget an origin, in
    /// their vectors and changelogs.
    ///
    /// Source: 389-ds `repl_cleanallruv.c`.
    pub fn clean(&mut self, start: ReplicaIndex, id: super::ReplicaId) {
        let mut reached = vec![start];
        let mut at = 0;
        while let Some(index) = reached.get(at).copied() {
            at += 1;
            for agreement in &self.replica(index).outgoing {
                let agreement = self.agreement(*agreement);
                let leads = agreement.exists
                    && agreement.is_enabled
                    && self.reach(index, agreement.consumer);
                if leads && !reached.contains(&agreement.consumer) {
                    reached.push(agreement.consumer);
                }
            }
        }
        if self.planted.has(Mutation::CleanCrossesCuts) {
            reached = self.members(self.replica(start).suffix);
            reached.retain(|index| self.is_running(*index));
        }
        for index in reached {
            let stays_away = self.planted.has(Mutation::CleanedForGood);
            let replica = self.replica_mut(index);
            if stays_away {
                replica.cleaned.push(id);
            }
            if let Some(database) = &mut replica.database {
                database.ruv.remove(id);
                database.changelog.remove_origin(id);
            }
            for agreement in self.replica(index).outgoing.clone() {
                if let Some(seen) = &mut self.agreement_mut(agreement).consumer_ruv {
                    seen.remove(id);
                }
            }
        }
    }
}
