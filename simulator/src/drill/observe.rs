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
        let running = self.members_running();
        let mut members: BTreeMap<Fqdn, BTreeMap<Role, RoleStatus>> = BTreeMap::new();
        for name in &running {
            for (member, row) in &self.estate.view(name).members {
                if member == name || !members.contains_key(member) {
                    members.insert(member.clone(), row.roles.clone());
                }
            }
        }
        let last = if running.is_empty() { self.last_to_answer() } else { Vec::new() };
        for name in &last {
            for (member, row) in &self.estate.view(name).members {
                if !self.is_removed(member) {
                    members.insert(member.clone(), row.roles.clone());
                }
            }
        }
        seen.members = members
            .into_iter()
            .map(|(name, roles)| {
                let replica = self.replica_seen(&name, roles);
                (name, replica)
            })
            .collect();
        seen.agreements = self.arrows_seen(&running, &seen);
        let desk = self.desk().ok().or_else(|| last.first().cloned());
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
        seen.damage = self.damage_seen();
        self.see_obstructions(&mut seen);
        seen
    }

    /// What keeps changes from getting through, and what else a look at the servers shows.
    fn see_obstructions(&self, seen: &mut Situation) {
        let world = &self.estate.world;
        // The configuration of a server that is stopped can be read as well.
        let whole = |power| matches!(power, Power::Running | Power::Stopped | Power::Off);
        let machines = self.estate.machines.values().filter(|machine| whole(machine.power));
        let stored = machines.flat_map(|machine| world.outgoing(machine.server));
        for index in stored.filter(|index| world.exists(*index)) {
            let (supplier, consumer) = world.ends(index);
            let names =
                [supplier, consumer].map(|end| self.estate.name_of(world.server_of(end)).cloned());
            let [Some(from), Some(to)] = names else { continue };
            let suffix = world.suffix_of(supplier);
            if ![&from, &to].into_iter().all(|end| seen.members.contains_key(end)) {
                continue;
            }
            let arrow = (suffix, from, to.clone());
            if self.cut.contains(&arrow) {
                if self.off.contains(&arrow) {
                    seen.disabled.insert(arrow.clone());
                }
                seen.cut.insert(arrow);
            } else if !world.is_enabled(index) {
                // Where only its changes are refused, the agreement itself is on.
                let is_refused = self.refused.get(&arrow.1).is_some_and(|on| on.contains(&index));
                if !is_refused {
                    seen.disabled.insert(arrow);
                }
            } else if world.status(index) == Status::Stuck && self.estate.runs(&arrow.1) {
                // "Needs to be reinitialized", says the supplier of its consumer; but a supplier
                // that was set back is itself the one that lacks something.
                let lacks =
                    if self.behind.contains(&(suffix, arrow.1.clone())) { arrow.1 } else { to };
                seen.stale.insert((suffix, lacks));
            }
        }
        let members = &seen.members;
        let is_member = |name: &&Fqdn| members.contains_key(*name);
        seen.stale.extend(self.doubted.iter().filter(|(_, name)| is_member(&name)).cloned());
        let kept = self.set_back.iter().filter(|(name, _)| is_member(name));
        seen.set_back = kept.map(|(name, copy)| (name.clone(), copy.clone())).collect();
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
            .filter(|(_, m)| !m.local.ids.is_empty() || m.local.chosen_ids > 0)
            .map(|(name, machine)| (name.clone(), machine.local.ids.clone()))
            .collect();
        seen.lost_ids.clone_from(&self.lost_ids);
        seen.changelog_age = Some(self.changelog_age);
        seen.noticed = self.noticed;
        seen.now = self.date(self.estate.now());
    }

    /// Hosts that are gone, whose replica ids some server's vector still has.
    pub(super) fn dangling_seen(&self) -> BTreeSet<Fqdn> {
        let world = &self.estate.world;
        let running = self.members_running();
        let asked = if running.is_empty() { self.last_to_answer() } else { running };
        let lists = |suffix: Suffix, id| {
            asked.iter().any(|name| {
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

    /// Where nobody answers: the servers that went last, whose answers are remembered or in the
    /// emergency binder.
    pub(super) fn last_to_answer(&self) -> Vec<Fqdn> {
        let removed = self.estate.running();
        if !removed.is_empty() {
            return removed;
        }
        let open = || self.downs.iter().filter(|down| down.until.is_none());
        let last = open().map(|down| down.since).max();
        open().filter(|down| Some(down.since) == last).map(|down| down.server.clone()).collect()
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
            for name in self.last_to_answer() {
                arrows.extend(self.estate.view(&name).arrows.keys().cloned());
            }
        }
        let known = |name: &Fqdn| seen.members.contains_key(name);
        arrows.retain(|(_, from, to)| known(from) && known(to));
        arrows
    }

    /// Who lacks what was deleted: of the servers that run, and of those that were stopped, of
    /// which it is remembered.
    fn damage_seen(&self) -> Option<Damage> {
        let damage = self.damage.as_ref()?;
        let lacks = |name: &&Fqdn| {
            let replica = self.estate.replica(name, Suffix::Domain);
            replica.is_some_and(|replica| {
                (self.estate.world.count(replica, VICTIM) as u64) < self.victims
            })
        };
        let mut asked = self.members_running();
        let machines = self.estate.machines.iter();
        let stopped = machines.filter(|(_, machine)| machine.power == Power::Stopped);
        asked.extend(stopped.map(|(name, _)| name.clone()));
        let on: BTreeSet<Fqdn> = asked.iter().filter(lacks).cloned().collect();
        if on.is_empty() {
            return None;
        }
        Some(Damage { on, is_known: damage.is_known, since: self.date(damage.at) })
    }
}
