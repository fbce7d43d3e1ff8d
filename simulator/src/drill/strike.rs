//! What a fault does to the deployment as it is.

use std::collections::BTreeSet;

use audit_core::model::{Fqdn, Suffix};
use audit_core::recovery::{Fault, SKEW_MAX};

use super::account::{Tracked, Written};
use super::estate::{Arrow, Power, VICTIM};
use super::{Down, Run};
use crate::kernel::time::{Span, Time};
use crate::world::copies::RestoreKind;
use crate::world::tree::Operation;

/// Between writes of clients that know nothing of each other.
const MOMENT: Span = Span::from_seconds(1);
/// Attributes that several clients write, one in each order.
const SHARED_VALUES: [&str; 2] = ["description", "title"];

/// What was lost for good.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    pub(super) hosts: BTreeSet<Fqdn>,
    pub(super) centers: BTreeSet<String>,
    pub(super) stores: BTreeSet<String>,
    pub(super) keys: BTreeSet<String>,
}

/// Data that was deleted by mistake.
#[derive(Clone, Debug)]
pub(super) struct Deletion {
    /// When.
    pub(super) at: Time,
    /// Whether it is known which.
    pub(super) is_known: bool,
}

impl Run<'_> {
    /// Lets a fault happen now.
    pub(super) fn strike(&mut self, fault: &Fault) {
        match fault {
            Fault::Lose(servers) => {
                for server in servers {
                    self.lose(server);
                }
            }
            Fault::Ghost(server) => {
                let replicas = self
                    .estate
                    .machines
                    .get(server)
                    .map(|machine| self.estate.world.replicas(machine.server).to_vec());
                self.ghosts.insert(server.clone(), replicas.unwrap_or_default());
                self.lose(server);
            }
            Fault::LoseDataCenter(center) => {
                self.losses.centers.insert(center.clone());
                let inside = self.estate.machines.iter();
                let inside = inside.filter(|(_, m)| m.data_center.as_ref() == Some(center));
                for server in inside.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
                    self.lose(&server);
                }
            }
            Fault::LoseStore(id) => {
                self.losses.stores.insert(id.clone());
            }
            Fault::LoseKey(id) => {
                self.losses.keys.insert(id.clone());
            }
            Fault::Cut(name) => {
                self.cut(name);
                self.write_on_each_side();
            }
            Fault::Partition(groups) => {
                self.partitions.insert(groups.clone());
                self.separate(groups, false);
                self.write_on_each_side();
            }
            Fault::DeleteKnown(server) => self.delete(server, true),
            Fault::DeleteUnknown(server) => self.delete(server, false),
            Fault::Rollback { server, copy } => {
                let at = self.copies.iter().position(|stored| stored.point.id == *copy);
                if let Some(at) = at.filter(|at| self.copies[*at].disk.is_some()) {
                    self.write_at_last(server);
                    self.stop(server, Power::Off);
                    self.bring_back(at, server, RestoreKind::ColdCopy);
                    self.set_back.insert(server.clone(), copy.clone());
                    // Holes do not show; whether it has one nobody can see.
                    self.doubt(server);
                }
            }
            Fault::Absent { server, span } => {
                self.write_at_last(server);
                self.write_shared(server, SHARED_VALUES[0]);
                self.stop(server, Power::Off);
                self.away.insert(server.clone(), *span);
                self.pass(MOMENT);
                if let Some(other) = self.serving().first().cloned() {
                    self.write_shared(&other, SHARED_VALUES[0]);
                }
            }
            Fault::Clock { server, ahead, span } => {
                self.clocks.insert(server.clone(), (*ahead, *span));
                if *span >= SKEW_MAX {
                    self.separate(&self.alone(server), false);
                    self.pass(MOMENT);
                    // Kerberos refuses clients there; who binds with a password can write.
                    self.write_at_last(server);
                }
                self.touched = true;
            }
            Fault::CertificatesExpired => {
                let now = self.estate.now();
                // Copies hold those that the servers have, or earlier ones.
                let copies = self.copies.iter_mut().map(|stored| &mut stored.local);
                let disks = self.estate.machines.values_mut().map(|m| &mut m.local);
                for local in disks.chain(copies) {
                    local.certificates.expire(now);
                }
                self.touched = true;
            }
            Fault::BadUpgrade(server) => {
                self.write_at_last(server);
                self.stop(server, Power::Broken);
            }
        }
        self.look_at_services();
    }

    /// In the worst case a client writes on a server in the last moment.
    fn write_at_last(&mut self, server: &Fqdn) {
        if !self.worst_timing || !self.estate.runs(server) || !self.may_be_written(server) {
            return;
        }
        for suffix in Suffix::ALL {
            let Some(replica) = self.estate.replica(server, suffix) else { continue };
            if let Ok(csn) = self.estate.world.write_entry(replica, "last-moment") {
                self.tracked.push(Tracked { suffix, csn, what: Written::Entry });
            }
        }
    }

    /// In the worst case clients of every group of servers write the same value.
    fn write_on_each_side(&mut self) {
        let sides = self.estate.islands(Suffix::Domain);
        if self.shared.is_none() || sides.len() < 2 {
            return;
        }
        let serving = self.serving();
        let mut writers: Vec<&Fqdn> = sides
            .iter()
            .filter_map(|side| side.iter().find(|name| serving.contains(name)))
            .collect();
        // Which side is kept, and so which change had better come last, is decided later.
        for attribute in SHARED_VALUES {
            for server in &writers {
                self.pass(MOMENT);
                self.write_shared(server, attribute);
            }
            writers.reverse();
        }
    }

    /// In the worst case clients of servers that are apart write the same value.
    fn write_shared(&mut self, server: &Fqdn, attribute: &'static str) {
        let Some(entry) = self.shared.filter(|_| self.estate.runs(server)) else { return };
        if !self.may_be_written(server) {
            return;
        }
        let Some(replica) = self.estate.replica(server, Suffix::Domain) else { return };
        let value = format!("by a client of {server}");
        if let Ok(csn) = self.estate.world.replace(replica, entry, attribute, &value) {
            let what = Written::Value { entry, attribute, value };
            self.tracked.push(Tracked { suffix: Suffix::Domain, csn, what });
        }
    }

    /// A machine is gone with its disk.
    fn lose(&mut self, server: &Fqdn) {
        self.write_at_last(server);
        self.stop(server, Power::Lost);
        self.losses.hosts.insert(server.clone());
    }

    /// A machine's services end.
    pub(super) fn stop(&mut self, server: &Fqdn, power: Power) {
        if let Some(machine) = self.estate.machines.get_mut(server) {
            if machine.power == Power::Running {
                let since = self.estate.world.now();
                self.downs.push(Down { server: server.clone(), since, until: None });
            }
            machine.power = machine.power.max(power);
            let server = machine.server;
            self.estate.world.kill(server);
            self.touched = true;
        }
    }

    /// A server is in service again.
    pub(super) fn is_back(&mut self, server: &Fqdn) {
        let now = self.estate.now();
        let open = self.downs.iter_mut().filter(|down| down.server == *server);
        for down in open.filter(|down| down.until.is_none()) {
            down.until = Some(now);
        }
        // Certmonger looks when it starts.
        self.renew_what_ends();
    }

    /// The agreements of a segment get through no more, unless a parallel segment has them too.
    fn cut(&mut self, title: &str) {
        let (cut, others): (Vec<_>, Vec<_>) =
            self.before.links.iter().partition(|link| link.title == title);
        let stays = |arrow: &Arrow| others.iter().any(|link| link.agreements.contains(arrow));
        let before = self.island_counts();
        let arrows: Vec<Arrow> =
            cut.iter().flat_map(|link| &link.agreements).filter(|a| !stays(a)).cloned().collect();
        for arrow in arrows {
            let (suffix, from, to) = &arrow;
            let ends = (self.estate.replica(from, *suffix), self.estate.replica(to, *suffix));
            if let (Some(from), Some(to)) = ends
                && let Some(index) = self.estate.world.find_agreement(from, to)
            {
                self.estate.world.disable(index);
            }
            self.cut.insert(arrow);
        }
        self.touch_if_parted(before);
    }

    fn island_counts(&self) -> [usize; 2] {
        Suffix::ALL.map(|suffix| self.estate.islands(suffix).len())
    }

    /// Where changes find another way, nobody notices.
    fn touch_if_parted(&mut self, before: [usize; 2]) {
        let now = self.island_counts();
        self.touched |= now.iter().zip(before).any(|(now, before)| *now > before);
    }

    /// One server apart from all others.
    pub(super) fn alone(&self, server: &Fqdn) -> BTreeSet<BTreeSet<Fqdn>> {
        let (one, others) = self.estate.machines.keys().cloned().partition(|name| name == server);
        BTreeSet::from([one, others])
    }

    /// Servers of different groups do not reach each other, or do again.
    pub(super) fn separate(&mut self, groups: &BTreeSet<BTreeSet<Fqdn>>, reachable: bool) {
        let before = self.island_counts();
        for (at, group) in groups.iter().enumerate() {
            for one in group {
                for two in groups.iter().skip(at + 1).flatten() {
                    let ends = [one, two].map(|name| self.estate.machines.get(name));
                    if let [Some(one), Some(two)] = ends {
                        let ends = (one.server, two.server);
                        self.estate.world.set_reachable(ends.0, ends.1, reachable);
                    }
                }
            }
        }
        self.touch_if_parted(before);
    }

    /// A clock is right again: its server and the others reach each other. If it was ahead, the
    /// others refuse its changes until the time in their numbers has come.
    pub(super) fn rejoin(&mut self, server: &Fqdn, was_ahead: bool) {
        self.separate(&self.alone(server), true);
        if was_ahead && let Some(machine) = self.estate.machines.get(server) {
            let mut on = BTreeSet::new();
            for index in self.estate.world.outgoing(machine.server) {
                if self.estate.world.is_enabled(index) {
                    on.insert(index);
                }
                self.estate.world.disable(index);
            }
            self.refused.insert(server.clone(), on);
        }
    }

    fn delete(&mut self, server: &Fqdn, is_known: bool) {
        let Some(replica) = self.estate.replica(server, Suffix::Domain) else { return };
        for entry in self.estate.world.entry_ids(replica, VICTIM) {
            // The server runs, so it takes the write.
            let _ = self.estate.world.write(replica, Operation::Delete(entry));
        }
        let at = self.estate.now();
        match &mut self.damage {
            Some(damage) => damage.is_known &= is_known,
            None => self.damage = Some(Deletion { at, is_known }),
        }
        self.touched = true;
    }

    /// Whether the network lets two machines reach each other.
    pub(super) fn reaches(&self, one: &Fqdn, other: &Fqdn) -> bool {
        self.partitions.iter().all(|groups| {
            let group = |server: &Fqdn| groups.iter().find(|group| group.contains(server));
            match (group(one), group(other)) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            }
        })
    }
}
