//! Data that was deleted or spoiled by mistake: replication carries it to every server that is
//! joined, and only a copy from before brings it back (guide 2; scenarios B11 to B13, B17, B23).

use std::collections::BTreeSet;

use super::Situation;
use crate::model::{Fqdn, Suffix};
use crate::time::Timestamp;

/// Damage to the data of suffix `domain`, and who has applied it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// Servers that have applied it.
    pub on: BTreeSet<Fqdn>,
    /// True if it is known which entries it concerns.
    pub is_known: bool,
    /// When it happened; copies from then on hold it. `None` = now, or not known.
    pub since: Option<Timestamp>,
}

impl Situation {
    /// Damages the data of a server. Replication carries it on at once: nobody notices in time
    /// (measured: a hundred deletions pass four servers in seconds).
    pub(crate) fn damage(&mut self, server: &Fqdn, is_known: bool) {
        let on = BTreeSet::from([server.clone()]);
        match &mut self.damage {
            Some(damage) => {
                damage.on.extend(on);
                damage.is_known &= is_known;
            }
            None => self.damage = Some(Damage { on, is_known, since: None }),
        }
        self.spread();
    }

    /// Lets the damage reach every running server that receives changes from one that has it. One
    /// that is stale may receive it or not, which nobody can see: it is taken to have it.
    pub(crate) fn spread(&mut self) {
        let Some(mut damage) = self.damage.take() else { return };
        let generation = |name: &Fqdn| {
            let replica = self.members.get(name).filter(|replica| replica.is_running())?;
            replica.generation.get(&Suffix::Domain).copied()
        };
        loop {
            let reached: Vec<Fqdn> = self
                .agreements
                .iter()
                .filter(|(suffix, from, to)| {
                    *suffix == Suffix::Domain
                        && damage.on.contains(from)
                        && !damage.on.contains(to)
                        && generation(from).is_some()
                        && generation(from) == generation(to)
                        && self.may_carry(*suffix, from, to)
                })
                .map(|(_, _, to)| to.clone())
                .collect();
            if reached.is_empty() {
                break;
            }
            damage.on.extend(reached);
        }
        self.damage = Some(damage);
    }

    /// What is known to be missing is added on a server, and comes to all that it sends to.
    pub(crate) fn add_again(&mut self, on: &Fqdn) {
        if !self.damage.as_ref().is_some_and(|damage| damage.is_known) {
            return;
        }
        let whole = self.reached_from(on, Suffix::Domain);
        let running: BTreeSet<Fqdn> = self.running().into_iter().cloned().collect();
        if let Some(damage) = &mut self.damage {
            damage.on.retain(|name| !whole.contains(name));
            if damage.on.is_disjoint(&running) {
                self.damage = None;
            }
        }
    }

    /// Running members that a server's changes of a suffix come to, itself first.
    pub(crate) fn reached_from(&self, server: &Fqdn, suffix: Suffix) -> Vec<Fqdn> {
        let generation = |name: &Fqdn| {
            let replica = self.members.get(name).filter(|replica| replica.is_running())?;
            replica.generation.get(&suffix).copied()
        };
        let mut reached = vec![server.clone()];
        let mut at = 0;
        while let Some(from) = reached.get(at).cloned() {
            at += 1;
            for arrow in self.agreements.iter().filter(|arrow| arrow.0 == suffix && arrow.1 == from)
            {
                let is_one =
                    generation(&from).is_some() && generation(&from) == generation(&arrow.2);
                if is_one && !reached.contains(&arrow.2) && self.carries(arrow) {
                    reached.push(arrow.2.clone());
                }
            }
        }
        reached
    }

    /// The server has the data of another from now on, damaged or not.
    pub(crate) fn take_over(&mut self, server: &Fqdn, from: &Fqdn) {
        if let Some(damage) = &mut self.damage {
            if damage.on.contains(from) {
                damage.on.insert(server.clone());
            } else {
                damage.on.remove(server);
            }
        }
    }

    /// The server has the data of a copy: without the damage if that was taken before it.
    pub(crate) fn go_back(&mut self, server: &Fqdn, copy: &str) {
        let taken_at = self.copies.find(copy).and_then(|point| point.taken_at);
        let Some(damage) = &mut self.damage else { return };
        let is_late =
            matches!((taken_at, damage.since), (Some(taken), Some(since)) if taken >= since);
        if is_late {
            damage.on.insert(server.clone());
        } else {
            damage.on.remove(server);
        }
    }

    /// Running members that have the damage, without lost ones.
    pub(crate) fn damaged(&self, lost: &BTreeSet<Fqdn>) -> Vec<&Fqdn> {
        let on = self.damage.as_ref().map(|damage| &damage.on);
        let mut running = self.running();
        running.retain(|name| on.is_some_and(|on| on.contains(*name)) && !lost.contains(*name));
        running
    }
}
