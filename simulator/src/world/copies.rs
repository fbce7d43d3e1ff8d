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
//! A copy of a server's disk serves every kind of restore; an online export ([`super::export`]) has
//! entries and nothing else. Asked for more than that, it is imported with its vector.
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

/// A server's disk at a time: from it every kind of copy can be made. Or an online export, which
/// was made over a time.
#[derive(Clone, Debug)]
pub struct Copy {
    /// When it was taken; when it was begun, if that took time.
    pub taken_at: Time,
    /// When the last of it was read.
    pub read_until: Time,
    is_export: bool,
    server: ServerIndex,
    replicas: Vec<(ReplicaIndex, Option<Database>)>,
    /// The agreements of the server's configuration.
    agreements: Vec<(AgreementIndex, bool, Option<Ruv>)>,
}

impl Copy {
    /// What an online export has written between two times.
    pub(super) const fn of_export(
        server: ServerIndex,
        (taken_at, read_until): (Time, Time),
        replicas: Vec<(ReplicaIndex, Option<Database>)>,
    ) -> Self {
        Self { taken_at, read_until, is_export: true, server, replicas, agreements: Vec::new() }
    }

    /// The data of one of its server's replicas; `None` if there is none.
    pub fn data(&self, replica: ReplicaIndex) -> Option<&Database> {
        let found = self.replicas.iter().find(|(index, _)| *index == replica);
        found.and_then(|(_, database)| database.as_ref())
    }

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
    ///
    /// A backup task on a running server gives one consistent point near its end (0.25 of 0.33 s,
    /// 0.06 of 0.15, 0.16 of 0.19: `fidelity.md`, table k), so [`World::copy`] at that moment is
    /// it. No drill restores one: `ipa-restore` reads the LDIF of every backup.
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
    /// Takes a copy of a server as its disk is now: of a stopped one, a cold copy; of a running
    /// one, what a database backup that ends now has.
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
            read_until: self.now(),
            is_export: false,
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
        let kind = match kind {
            RestoreKind::ColdCopy | RestoreKind::DatabaseBackup if copy.is_export => {
                RestoreKind::LdifWithRuv
            }
            kind => kind,
        };
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
