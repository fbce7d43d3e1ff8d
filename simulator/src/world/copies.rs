//! Copies of a server, and what each kind of restore keeps.
//!
//! | restore | generation | changelog | agreements |
//! |---|---|---|---|
//! | cold copy (a VM snapshot) | kept | kept | as they were |
//! | database backup | kept | kept | as they are |
//! | LDIF with the vector | kept | anew, markers only | as they are |
//! | LDIF without the vector (`ipa-restore`) | new | anew, empty | as they are |
//! | LDIF without replication data | new | anew, empty | as they are |
//!
//! # Source
//!
//! `fidelity.md`, tables d and e; 389-ds `replica_reload_ruv`, `replica_check_for_data_reload`.

use super::World;
use super::agreement::{AgreementIndex, ReplicaIndex, ServerIndex};
use super::csn::CsnGenerator;
use super::database::Database;
use super::planted::Mutation;
use super::ruv::Ruv;
use crate::kernel::time::Time;

/// A server's disk at a time: from it every kind of copy can be made.
#[derive(Clone, Debug)]
pub struct Copy {
    /// When it was taken.
    pub taken_at: Time,
    server: ServerIndex,
    replicas: Vec<(ReplicaIndex, Option<Database>)>,
    /// The agreements of the server's configuration.
    agreements: Vec<(AgreementIndex, bool, Option<Ruv>)>,
}

impl Copy {
    /// The server it was taken of.
    pub const fn server(&self) -> ServerIndex {
        self.server
    }

    /// Number of living entries of a group in it, of all its suffixes.
    pub fn count(&self, group: &str) -> usize {
        let data = self.replicas.iter().filter_map(|(_, database)| database.as_ref());
        data.map(|database| database.tree.group(group).count()).sum()
    }
}

/// How a server is brought back from a copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RestoreKind {
    /// All files of the server, from a time when it was down; or a snapshot of its VM.
    ColdCopy,
    /// The databases, by the restore task or by the command on a stopped server.
    DatabaseBackup,
    /// An import of the entries with their replication data and the vector.
    LdifWithRuv,
    /// An import of the entries with their replication data, the vector removed.
    LdifRuvRemoved,
    /// An import of the entries only.
    LdifWithoutReplicationData,
}

/// Whether the server runs meanwhile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Service {
    /// A task on the running server.
    Online,
    /// A command on the stopped server.
    Offline,
}

impl World {
    /// Takes a copy of a server as its disk is now.
    pub fn copy(&mut self, server: ServerIndex) -> Copy {
        for replica in self.server(server).replicas.clone() {
            self.write_load(replica);
            self.trim(replica);
        }
        let replicas = self.server(server).replicas.iter();
        let replicas = replicas.map(|index| (*index, self.replica(*index).database.clone()));
        let agreements = self.outgoing(server).into_iter().filter_map(|index| {
            let agreement = self.agreement(index);
            let row = (index, agreement.is_enabled, agreement.consumer_ruv.clone());
            agreement.exists.then_some(row)
        });
        Copy {
            taken_at: self.now(),
            server,
            replicas: replicas.collect(),
            agreements: agreements.collect(),
        }
    }

    /// Begins a restore: the server stops, or its suffixes leave service.
    pub fn begin_restore(&mut self, server: ServerIndex, service: Service) {
        match service {
            Service::Offline => self.stop(server),
            Service::Online => {
                for replica in self.server(server).replicas.clone() {
                    self.take_offline(replica);
                    self.replica_mut(replica).is_loading = true;
                }
            }
        }
    }

    /// Ends a restore: the data is in place, and the server is back in service. With `isolated`,
    /// all its own agreements are disabled before they can start.
    pub fn end_restore(
        &mut self,
        copy: &Copy,
        kind: RestoreKind,
        service: Service,
        isolated: bool,
    ) {
        if kind == RestoreKind::ColdCopy {
            self.restore_configuration(copy);
        }
        for (index, database) in &copy.replicas {
            let restored = database.as_ref().map(|database| self.restored(*index, database, kind));
            if kind == RestoreKind::ColdCopy {
                // The clock's state is a file as well; the machine's clock goes on.
                self.replica_mut(*index).generator = CsnGenerator::new(self.replica(*index).id);
            }
            self.install(*index, restored);
        }
        if isolated {
            for index in self.outgoing(copy.server) {
                self.agreement_mut(index).is_enabled = false;
            }
        }
        match service {
            Service::Offline => self.start(copy.server),
            Service::Online => {
                for (index, _) in &copy.replicas {
                    self.bring_online(*index);
                }
            }
        }
    }

    /// What a restore makes of a copy's data.
    fn restored(&mut self, index: ReplicaIndex, data: &Database, kind: RestoreKind) -> Database {
        let keeps_changelog = self.planted.has(Mutation::ImportKeepsChangelog);
        match kind {
            RestoreKind::ColdCopy if self.planted.has(Mutation::SnapshotRefused) => {
                data.with_generation(self.new_generation())
            }
            RestoreKind::ColdCopy | RestoreKind::DatabaseBackup => data.clone(),
            RestoreKind::LdifWithRuv if keeps_changelog => Database {
                changelog: self
                    .replica(index)
                    .database
                    .as_ref()
                    .map_or_else(Default::default, |old| old.changelog.clone()),
                ..data.clone()
            },
            RestoreKind::LdifWithRuv => data.without_changelog(),
            RestoreKind::LdifRuvRemoved if self.planted.has(Mutation::RestoreKeepsGeneration) => {
                data.without_changelog()
            }
            RestoreKind::LdifRuvRemoved => data.with_generation(self.new_generation()),
            RestoreKind::LdifWithoutReplicationData => {
                let mut database = data.with_generation(self.new_generation());
                database.tree.purge(Time::MAX);
                database
            }
        }
    }

    /// The server's agreements become those of the copy: removed ones are there again, later ones
    /// are not.
    fn restore_configuration(&mut self, copy: &Copy) {
        for index in self.outgoing(copy.server) {
            let saved = copy.agreements.iter().find(|(saved, _, _)| *saved == index);
            let (supplier, consumer) = self.ends(index);
            let back = self.find_agreement(consumer, supplier);
            let is_ghost = back.is_none_or(|back| !self.agreement(back).exists);
            let refused = is_ghost && self.planted.has(Mutation::GhostRefused);
            let agreement = self.agreement_mut(index);
            if let Some((_, is_enabled, seen)) = saved {
                agreement.exists = !refused;
                agreement.is_enabled = *is_enabled;
                agreement.consumer_ruv.clone_from(seen);
                agreement.total_is_due = false;
            } else {
                agreement.exists = false;
            }
        }
        if self.planted.has(Mutation::GhostReceives) {
            for index in self.incoming(copy.server) {
                self.agreement_mut(index).exists = true;
                self.start_agreement(index);
            }
        }
    }
}
