//! Data that was deleted or spoiled by mistake: replication carries it to every server that is
//! joined, and only a copy from before brings it back (guide 2; scenarios B11 to B13, B17, B23).

use std::collections::BTreeSet;

use super::plan::{Way, not_before, preference, word};
use super::restore_point::{CopyForm, RestorePoint, Taken, Usability};
use super::{Obstacle, Procedure, Situation};
use crate::model::{CaMode, Fqdn, Need, Role, Suffix};
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

/// The decision table where data is damaged (scenarios B.3, row 1). `None` if no living server has
/// the damage: what is left is then decided as any loss.
///
/// - a clean server with a CA lives: the damaged ones are given up and installed again from it;
/// - it is known what was damaged: it is read from a copy and added again;
/// - else everything goes back to a copy: a backup restored on its server, or a snapshot.
pub(crate) fn decide_damage<'a>(
    situation: &'a Situation,
    taken: Taken<'_>,
) -> Option<Result<Way<'a>, Obstacle>> {
    let damage = situation.damage.as_ref()?;
    let damaged = situation.damaged(taken.servers);
    if damaged.is_empty() {
        return None;
    }
    let needs_ca = situation.ca == CaMode::Integrated;
    let is_clean = |name: &&Fqdn| !damage.on.contains(*name) && !taken.servers.contains(*name);
    let holder = |name: &&Fqdn| {
        !needs_ca || situation.members.get(*name).is_some_and(|replica| replica.holds(Role::Ca))
    };
    if situation.running().into_iter().filter(is_clean).any(|name| holder(&name)) {
        let procedure = Procedure::AbandonDamagedServers;
        return Some(Ok(Way { procedure, scenario: "B11", copy: None }));
    }
    let scenario = if damage.is_known { "B12" } else { "B13" };
    let mut usable: Vec<(&RestorePoint, Procedure)> = Vec::new();
    let mut reasons = Vec::new();
    let mut needs = Vec::new();
    for point in &situation.copies.points {
        let procedure = match (damage.is_known, point.form) {
            (true, _) => Procedure::AddLostEntries,
            (false, CopyForm::Snapshot) => Procedure::RebuildFromSnapshot,
            (false, CopyForm::Full | CopyForm::Data | CopyForm::Unknown) => {
                Procedure::RestoreDataEverywhere
            }
        };
        let place = format!("{} {}", word(point), point.id);
        if let Some(why) = not_before(point, damage.since) {
            match why {
                Ok(why) => reasons.push(format!("{place}: {why}")),
                Err(need) => needs.push(need),
            }
            continue;
        }
        // A backup is restored on its own host, which has to live; to read from, any will do.
        let lives = point.host.as_ref().is_some_and(|host| damaged.contains(&host));
        let has_ca = if needs_ca { point.holds(Role::Ca) } else { Some(true) };
        let fits = match procedure {
            Procedure::RestoreDataEverywhere if !lives => {
                reasons.push(format!("{place}: its server does not run"));
                continue;
            }
            Procedure::RebuildFromSnapshot => has_ca,
            _ => Some(true),
        };
        match (point.restores_data(taken), fits) {
            (Usability::Unusable(why), _) => reasons.push(format!("{place}: {why}")),
            (_, Some(false)) => reasons.push(format!("{place}: of a server without CA")),
            (Usability::Usable, Some(true)) => usable.push((point, procedure)),
            (Usability::Usable, None) => needs.push(Need::CopyUse(point.id.clone())),
            (Usability::Doubtful(of), _) => needs.extend(of),
        }
    }
    // The newest loses least; of two from one time a backup, because the servers stay.
    let best = usable.into_iter().max_by_key(|(point, procedure)| {
        (point.taken_at, *procedure != Procedure::RebuildFromSnapshot, preference(point))
    });
    if let Some((point, procedure)) = best {
        let scenario = match procedure {
            Procedure::RestoreDataEverywhere => "B17",
            Procedure::RebuildFromSnapshot => "B16",
            _ => scenario,
        };
        return Some(Ok(Way { procedure, scenario, copy: Some(point) }));
    }
    if !situation.copies.is_complete {
        needs.push(Need::Copies);
    }
    needs.sort();
    needs.dedup();
    Some(Err(if needs.is_empty() {
        let still_serving = damaged.into_iter().cloned().collect();
        Obstacle::Impossible { scenario, reasons, still_serving }
    } else {
        Obstacle::Undecided { scenario, needs, reasons }
    }))
}
