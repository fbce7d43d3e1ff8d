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

    /// Lets the damage reach every running server that receives changes from one that has it.
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
                        && self.carries(&(*suffix, from.clone(), to.clone()))
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

    /// The server has the data of a copy from before the damage.
    pub(crate) fn mend(&mut self, server: &Fqdn) {
        if let Some(damage) = &mut self.damage {
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
