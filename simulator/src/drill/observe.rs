//! What an operator can see: the situation from which the planner works.
//!
//! Members and segments are what the servers that answer have in their data; who runs is what a
//! ping tells; which servers have one database generation is what the status of their agreements
//! tells; which servers lack the deleted entries is what a search on each tells.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::{Fqdn, Role, RoleStatus, Suffix};
use audit_core::recovery::{Damage, Presence, Replica, Situation};

use super::Run;
use super::estate::{Power, VICTIM};
use crate::world::Status;

/// Numbers of generations that the planner's own steps do not reach.
const GENERATIONS: u32 = 1 << 16;

impl Run<'_> {
    /// The situation as the operator finds it.
    pub(super) fn observe(&self) -> Situation {
        let mut seen = self.before.clone();
        let running = self.estate.running();
        let mut members: BTreeMap<Fqdn, BTreeMap<Role, RoleStatus>> = BTreeMap::new();
        for name in &running {
            for (member, row) in &self.estate.view(name).members {
                if member == name || !members.contains_key(member) {
                    members.insert(member.clone(), row.roles.clone());
                }
            }
        }
        if running.is_empty() {
            // Nobody answers: the emergency binder says who there was.
            let known = self.before.members.iter();
            members = known.map(|(name, replica)| (name.clone(), replica.roles.clone())).collect();
        }
        seen.members = members
            .into_iter()
            .map(|(name, roles)| {
                let replica = self.replica_seen(&name, roles);
                (name, replica)
            })
            .collect();
        seen.agreements = self.arrows_seen(&running, &seen);
        let desk = self.desk().ok();
        if let Some(desk) = &desk {
            let view = self.estate.view(desk);
            seen.renewal.clone_from(&view.renewal);
            seen.dnssec_key_master.clone_from(&view.dnssec);
        }
        seen.crl = self
            .estate
            .machines
            .iter()
            .filter(|(name, machine)| machine.local.crl && seen.members.contains_key(*name))
            .map(|(name, _)| name.clone())
            .collect();
        seen.copies.points = self
            .copies
            .iter()
            .map(|stored| {
                let mut point = stored.point.clone();
                point.obstacles.extend(self.gone(&point));
                if let Some(at) = stored.reckoned_at() {
                    point.taken_at = self.date(at);
                }
                if stored.disk.is_none() {
                    point
                        .obstacles
                        .push("nothing says of which server it is and of when".to_owned());
                }
                point
            })
            .collect();
        seen.lost_data_centers.clone_from(&self.losses.centers);
        seen.damage = self.damage_seen(&running);
        self.see_obstructions(&mut seen);
        seen
    }

    /// What keeps changes from getting through, and what else a look at the servers shows.
    fn see_obstructions(&self, seen: &mut Situation) {
        let world = &self.estate.world;
        for index in world.agreements() {
            let (supplier, consumer) = world.ends(index);
            let names =
                [supplier, consumer].map(|end| self.estate.name_of(world.server_of(end)).cloned());
            let [Some(from), Some(to)] = names else { continue };
            let suffix = world.suffix_of(supplier);
            let arrow = (suffix, from, to.clone());
            if self.cut.contains(&arrow) {
                seen.cut.insert(arrow);
            } else if !world.is_enabled(index) {
                // Where only its changes are refused, the agreement itself is on.
                if !self.refused.contains(&arrow.1) {
                    seen.disabled.insert(arrow);
                }
            } else if world.status(index) == Status::Stuck {
                // "Needs to be reinitialized", says the supplier of its consumer; but a supplier
                // that was set back is itself the one that lacks something.
                let lacks = if self.behind.contains(&arrow.1) { arrow.1 } else { to };
                seen.stale.insert((suffix, lacks));
            }
        }
        let members = &seen.members;
        let is_member = |name: &&Fqdn| members.contains_key(*name);
        seen.stale.extend(self.doubted.iter().filter(|(_, name)| is_member(&name)).cloned());
        let kept = self.set_back.iter().filter(|(name, _)| is_member(name));
        seen.set_back = kept.map(|(name, copy)| (name.clone(), copy.clone())).collect();
        // Holes do not show; whether a server that was set back has one nobody can see.
        for name in seen.set_back.keys() {
            for suffix in Suffix::ALL {
                if self.has_peer(name, suffix) {
                    seen.stale.insert((suffix, name.clone()));
                }
            }
        }
        let kept = self.away.iter().filter(|(name, _)| is_member(name));
        seen.away = kept.map(|(name, span)| (name.clone(), *span)).collect();
        let kept = self.clocks.iter().filter(|(name, _)| is_member(name));
        seen.clocks = kept.map(|(name, skew)| (name.clone(), *skew)).collect();
        let machines = self.estate.machines.keys();
        let expired = machines.filter(|name| self.is_expired(name));
        seen.expired = expired.filter(is_member).cloned().collect();
        seen.partitions.clone_from(&self.partitions);
        seen.dangling = self.dangling_seen();
        let machines = self.estate.machines.iter().filter(|(name, _)| is_member(name));
        seen.ids = machines
            .filter(|(_, machine)| !machine.local.ids.is_empty())
            .map(|(name, machine)| (name.clone(), machine.local.ids.clone()))
            .collect();
        seen.lost_ids.clone_from(&self.lost_ids);
        seen.changelog_age = Some(self.changelog_age);
        seen.noticed = self.noticed;
        seen.now = self.date(self.estate.now());
    }

    /// Hosts that are gone, whose replica ids some server's vector still has.
    fn dangling_seen(&self) -> BTreeSet<Fqdn> {
        let world = &self.estate.world;
        let lists = |suffix: Suffix, id| {
            self.estate.running().iter().any(|name| {
                let replica = self.estate.replica(name, suffix);
                replica.and_then(|replica| world.ruv(replica)).is_some_and(|ruv| ruv.lists(id))
            })
        };
        let remains = |host: &&Fqdn| {
            self.ghosts.get(*host).is_some_and(|replicas| {
                replicas.iter().any(|index| lists(world.suffix_of(*index), world.id(*index)))
            })
        };
        self.ghosts.keys().filter(remains).cloned().collect()
    }

    fn replica_seen(&self, name: &Fqdn, roles: BTreeMap<Role, RoleStatus>) -> Replica {
        let machine = self.estate.machines.get(name);
        let presence = match machine.map(|machine| machine.power) {
            Some(Power::Running) => Presence::Running,
            Some(Power::Stopped) => Presence::Isolated,
            Some(Power::Off) => Presence::Absent,
            Some(Power::Broken) => Presence::Broken,
            Some(Power::Lost) | None => Presence::Lost,
        };
        let generation = Suffix::ALL
            .into_iter()
            .filter_map(|suffix| {
                let replica = self.estate.replica(name, suffix)?;
                let number = self.estate.world.generation(replica).map_or(0, |of| of.0);
                Some((suffix, GENERATIONS + number))
            })
            .collect();
        let data_center = machine.and_then(|machine| machine.data_center.clone());
        Replica { presence, roles, generation, data_center }
    }

    fn arrows_seen(&self, running: &[Fqdn], seen: &Situation) -> BTreeSet<(Suffix, Fqdn, Fqdn)> {
        let mut arrows = BTreeSet::new();
        for name in running {
            let view = self.estate.view(name);
            // A running supplier is asked itself.
            let theirs = view.arrows.keys().filter(|(_, from, _)| !self.estate.runs(from));
            arrows.extend(theirs.cloned());
        }
        for index in self.estate.world.agreements() {
            let (supplier, consumer) = self.estate.world.ends(index);
            let names = [supplier, consumer]
                .map(|end| self.estate.name_of(self.estate.world.server_of(end)).cloned());
            if let [Some(from), Some(to)] = names {
                arrows.insert((self.estate.world.suffix_of(supplier), from, to));
            }
        }
        if running.is_empty() {
            arrows.clone_from(&self.before.agreements);
        }
        let known = |name: &Fqdn| seen.members.contains_key(name);
        arrows.retain(|(_, from, to)| known(from) && known(to));
        arrows
    }

    fn damage_seen(&self, running: &[Fqdn]) -> Option<Damage> {
        let damage = self.damage.as_ref()?;
        let lacks = |name: &&Fqdn| {
            let replica = self.estate.replica(name, Suffix::Domain);
            replica.is_some_and(|replica| {
                (self.estate.world.count(replica, VICTIM) as u64) < self.victims
            })
        };
        let on: BTreeSet<Fqdn> = running.iter().filter(lacks).cloned().collect();
        if on.is_empty() {
            return None;
        }
        Some(Damage { on, is_known: damage.is_known, since: self.date(damage.at) })
    }
}
