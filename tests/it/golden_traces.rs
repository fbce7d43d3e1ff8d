//! Traces that others have written down step by step, with exact sets (scenarios B17).

use std::collections::BTreeSet;

use audit_core::model::Suffix;
use simulator::kernel::time::Span;
use simulator::world::copies::{RestoreKind, Service};
use simulator::world::{ReplicaIndex, ServerIndex, Status, Timing, TotalState, World};

const USERS: [&str; 8] = [
    "test1_master",
    "test1_replica",
    "test2_master",
    "test2_replica",
    "test3_master",
    "test3_replica",
    "test4_master",
    "test4_replica",
];

struct Lab {
    world: World,
    servers: Vec<ServerIndex>,
    replicas: Vec<ReplicaIndex>,
}

impl Lab {
    /// Servers in a line.
    fn line(names: &[&str]) -> Self {
        let mut world = World::new(Timing::default(), 1);
        let servers: Vec<ServerIndex> = names.iter().map(|name| world.add_server(name)).collect();
        let replicas: Vec<ReplicaIndex> =
            servers.iter().map(|server| world.add_replica(*server, Suffix::Domain)).collect();
        world.initialize(Suffix::Domain);
        for pair in replicas.windows(2) {
            world.connect(pair[0], pair[1]);
        }
        world.start_all();
        world.run_for(Span::from_minutes(5));
        Self { world, servers, replicas }
    }

    fn add(&mut self, on: usize, user: &str) {
        self.world.write_entry(self.replicas[on], user).expect("a running server");
        self.world.run_for(Span::from_minutes(10));
    }

    fn users(&self, on: usize) -> BTreeSet<&'static str> {
        let has = |user: &&str| self.world.count(self.replicas[on], user) > 0;
        USERS.into_iter().filter(has).collect()
    }

    fn status(&self, from: usize, to: usize) -> Status {
        let index = self.world.find_agreement(self.replicas[from], self.replicas[to]);
        self.world.status(index.expect("an agreement"))
    }

    /// `ipa-restore`: the others' agreements are switched off, the data comes back without its
    /// vector.
    fn restore(&mut self, on: usize, copy: &simulator::world::copies::Copy) {
        for (other, server) in self.servers.clone().into_iter().enumerate() {
            for index in self.world.outgoing(server) {
                if other != on {
                    self.world.disable(index);
                }
            }
        }
        self.world.begin_restore(self.servers[on], Service::Offline);
        self.world.run_for(Span::from_minutes(5));
        self.world.end_restore(copy, RestoreKind::LdifRuvRemoved, Service::Offline, false);
        self.world.run_for(Span::from_minutes(10));
    }

    /// `ipa-replica-manage re-initialize --from`.
    fn reinitialize(&mut self, target: usize, source: usize) {
        let (from, to) = (self.replicas[source], self.replicas[target]);
        let index = self.world.find_agreement(from, to).expect("an agreement");
        assert!(self.world.reinitialize(index));
        self.world.run_for(Span::from_minutes(10));
        assert_eq!(self.world.total_state(index), TotalState::Succeeded);
        let back = self.world.find_agreement(to, from).expect("an agreement");
        self.world.enable(back);
        self.world.run_for(Span::from_minutes(10));
    }
}

/// FreeIPA `ipatests/test_integration/test_backup_and_restore.py`, `TestReplicaInstallAfterRestore`
/// and its neighbors: what a full backup brings back, and what re-initialization undoes.
#[test]
fn the_upstream_test_of_backup_and_restore() {
    let mut lab = Lab::line(&["master.example.test", "replica.example.test"]);
    let (master, replica) = (0, 1);
    lab.add(master, "test1_master");
    lab.add(replica, "test1_replica");
    lab.world.stop(lab.servers[master]);
    let backup = lab.world.copy(lab.servers[master]);
    lab.world.start(lab.servers[master]);
    lab.world.run_for(Span::from_minutes(10));
    for user in ["test1_master", "test1_replica"] {
        assert_eq!(lab.world.delete_entry(lab.replicas[master], user), Ok(true));
    }
    lab.world.run_for(Span::from_minutes(10));
    lab.add(master, "test2_master");
    lab.add(replica, "test2_replica");
    assert_eq!(lab.users(replica), BTreeSet::from(["test2_master", "test2_replica"]));

    lab.world.kill(lab.servers[master]);
    lab.restore(master, &backup);
    // The replica was not reached by the crashed master: its agreement is as it was.
    let of_replica = lab.world.find_agreement(lab.replicas[replica], lab.replicas[master]);
    lab.world.enable(of_replica.expect("an agreement"));
    lab.add(master, "test3_master");
    lab.add(replica, "test3_replica");
    assert_eq!(lab.status(master, replica), Status::Generation);
    assert_eq!(lab.status(replica, master), Status::Generation);
    let restored = BTreeSet::from(["test1_master", "test1_replica", "test3_master"]);
    assert_eq!(lab.users(master), restored);
    let apart = BTreeSet::from(["test2_master", "test2_replica", "test3_replica"]);
    assert_eq!(lab.users(replica), apart);

    lab.reinitialize(replica, master);
    lab.add(master, "test4_master");
    lab.add(replica, "test4_replica");
    let mut all = restored;
    all.extend(["test4_master", "test4_replica"]);
    assert_eq!(lab.users(master), all);
    assert_eq!(lab.users(replica), all);
}

/// "Performing disaster recovery with IdM" (RHEL 10) 5.1: server1, caReplica2 and replica3 in a
/// line, re-initialized one after the other outward from the restored server.
#[test]
fn the_wave_of_re_initialization() {
    let mut lab =
        Lab::line(&["server1.example.test", "careplica2.example.test", "replica3.example.test"]);
    lab.add(2, "test1_master");
    lab.world.stop(lab.servers[0]);
    let backup = lab.world.copy(lab.servers[0]);
    lab.world.start(lab.servers[0]);
    lab.world.run_for(Span::from_minutes(10));
    assert_eq!(lab.world.delete_entry(lab.replicas[2], "test1_master"), Ok(true));
    lab.add(1, "test2_master");
    for on in 0..3 {
        assert_eq!(lab.users(on), BTreeSet::from(["test2_master"]), "server {on}");
    }
    lab.restore(0, &backup);
    let back = BTreeSet::from(["test1_master"]);
    assert_eq!(lab.users(0), back);
    assert_eq!(lab.users(1), BTreeSet::from(["test2_master"]));
    lab.reinitialize(1, 0);
    assert_eq!(lab.users(1), back);
    // Between the wave's two sides nobody exchanges anything.
    assert_eq!(lab.users(2), BTreeSet::from(["test2_master"]));
    lab.add(2, "test3_replica");
    assert!(!lab.users(1).contains("test3_replica"));
    lab.reinitialize(2, 1);
    lab.add(2, "test4_replica");
    for on in 0..3 {
        assert_eq!(lab.users(on), BTreeSet::from(["test1_master", "test4_replica"]), "server {on}");
    }
}
