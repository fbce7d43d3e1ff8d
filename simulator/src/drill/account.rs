//! What became of every acknowledged write.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::{Fqdn, Suffix};

use super::Run;
use super::estate::{Estate, Power, VICTIM};
use crate::kernel::time::{Span, Time};
use crate::world::csn::Csn;
use crate::world::load::Ranges;
use crate::world::tree::EntryId;
use crate::world::{ReplicaIndex, World};

/// A single write that the drill follows beside the background load.
#[derive(Clone, Debug)]
pub(super) struct Tracked {
    pub(super) suffix: Suffix,
    pub(super) csn: Csn,
    pub(super) what: Written,
}

/// What a tracked write has changed.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// It added an entry.
    Entry,
    /// It gave an attribute of an entry another value.
    Value { entry: EntryId, attribute: &'static str, value: String },
}

impl Tracked {
    /// Whether a replica has what was written.
    fn is_on(&self, world: &World, replica: ReplicaIndex) -> bool {
        match &self.what {
            Written::Entry => world.has(replica, EntryId(self.csn)),
            Written::Value { entry, attribute, value } => {
                world.has_value(replica, *entry, attribute, value)
            }
        }
    }

    /// Whether a replica has a later value in the place of this one.
    fn is_replaced_on(&self, world: &World, replica: ReplicaIndex, all: &[Self]) -> bool {
        let Written::Value { entry, attribute, .. } = &self.what else { return false };
        all.iter().any(|other| {
            let is_same = match &other.what {
                Written::Value { entry: of, attribute: name, .. } => {
                    of == entry && name == attribute
                }
                Written::Entry => false,
            };
            is_same && other.csn > self.csn && other.is_on(world, replica)
        })
    }
}

/// Acknowledged writes of one suffix, each in exactly one of the numbers below.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Account {
    /// All that clients were told to be done.
    pub acknowledged: u64,
    /// On every living server.
    pub everywhere: u64,
    /// On some living servers only.
    pub divergent: u64,
    /// Lost with servers that are gone: no living server ever had them.
    pub lost: u64,
    /// On stopped servers only, which nobody starts again.
    pub abandoned: u64,
    /// Living servers had them; the recovery went back behind them.
    pub undone: u64,
    /// Replaced by later writes, as they would have been without the disaster.
    pub superseded: u64,
    /// How long before the disaster the oldest of those that no living server has was made; `None`
    /// if there are none, or all were made later.
    pub oldest_age: Option<Span>,
}

impl Account {
    /// Writes that no living server has.
    pub const fn missing(&self) -> u64 {
        self.lost + self.abandoned + self.undone
    }
}

/// What living servers hold of every origin, at one time.
pub(super) type Holdings = BTreeMap<ReplicaIndex, Ranges>;

impl Estate {
    fn living(&self, suffix: Suffix) -> Vec<ReplicaIndex> {
        let running = self.running();
        running.iter().filter_map(|name| self.replica(name, suffix)).collect()
    }

    fn held_by(&self, replicas: &[ReplicaIndex], origin: ReplicaIndex) -> Ranges {
        let Some(load) = self.world.load(origin) else { return Ranges::default() };
        let all = replicas.iter();
        all.fold(Ranges::default(), |held, replica| {
            held.or(&self.world.held_ranges(*replica, origin), load)
        })
    }

    /// What running servers hold now.
    pub(super) fn holdings(&self) -> Holdings {
        let mut holdings = BTreeMap::new();
        for suffix in Suffix::ALL {
            let living = self.living(suffix);
            for origin in self.world.members(suffix) {
                holdings.insert(origin, self.held_by(&living, origin));
            }
        }
        holdings
    }

    /// Replicas on machines that are off or stopped and have their disks.
    fn asleep(&self, suffix: Suffix) -> Vec<ReplicaIndex> {
        let machines = self.machines.iter();
        let asleep = machines
            .filter(|(_, m)| matches!(m.power, Power::Stopped | Power::Off | Power::Broken));
        let names: Vec<&Fqdn> = asleep.map(|(name, _)| name).collect();
        names.into_iter().filter_map(|name| self.replica(name, suffix)).collect()
    }
}

/// What a server's disk holds: of what was there before anybody noticed, and of the deployment.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Holds {
    /// Acknowledged writes of clients, of suffix `domain` and `ca`.
    pub writes: [u64; 2],
    /// Entries that were deleted by mistake.
    pub deleted: u64,
    /// Whether its KRA opens the vaults, and whether it signs the zones.
    pub keys: (bool, bool),
    /// Whom its data names as members.
    pub members: BTreeSet<Fqdn>,
    /// What its data says who sends to whom: suffix, supplier, consumer.
    pub agreements: BTreeSet<(Suffix, Fqdn, Fqdn)>,
}

impl Run<'_> {
    /// What each machine with a disk holds.
    pub(super) fn holds(&self) -> BTreeMap<Fqdn, Holds> {
        let world = &self.estate.world;
        let machines = self.estate.machines.iter();
        let there = machines.filter(|(_, machine)| machine.power != Power::Lost);
        let rows = there.map(|(name, machine)| {
            let writes = Suffix::ALL.map(|suffix| {
                let Some(replica) = self.estate.replica(name, suffix) else { return 0 };
                let load = world.members(suffix).into_iter().filter_map(|origin| {
                    let held = world.held_ranges(replica, origin).before(self.noticed_at);
                    Some(held.count(world.load(origin)?))
                });
                let tracked = self.tracked.iter().filter(|tracked| tracked.suffix == suffix);
                let single = tracked.filter(|tracked| tracked.is_on(world, replica)).count();
                load.sum::<u64>() + single as u64
            });
            let domain = self.estate.replica(name, Suffix::Domain);
            let deleted = domain.map_or(0, |replica| world.count(replica, VICTIM) as u64);
            let keys = (machine.local.vault_keys, machine.local.dnssec_keys);
            let view = self.estate.view(name);
            let members = view.members.keys().cloned().collect();
            let agreements = view.arrows.keys().cloned().collect();
            (name.clone(), Holds { writes, deleted, keys, members, agreements })
        });
        rows.collect()
    }

    /// The account of a suffix. `before` is what running servers held when the first step began.
    pub(super) fn account(&self, suffix: Suffix, before: &Holdings, struck: Time) -> Account {
        let estate = &self.estate;
        let world = &estate.world;
        let living = estate.living(suffix);
        let asleep = estate.asleep(suffix);
        let mut account = Account::default();
        let mut oldest: Option<Time> = None;
        let mut missing_since = |time: Time| oldest = Some(oldest.map_or(time, |o| o.min(time)));
        for origin in world.members(suffix) {
            let Some(load) = world.load(origin) else { continue };
            let all = world.acknowledged(origin);
            let some = estate.held_by(&living, origin);
            let every = living
                .iter()
                .map(|replica| world.held_ranges(*replica, origin))
                .reduce(|one, other| one.and(&other))
                .unwrap_or_default();
            let missing = all.without(&some);
            let asleep = missing.and(&estate.held_by(&asleep, origin));
            let rest = missing.without(&asleep);
            let known = before.get(&origin).cloned().unwrap_or_default();
            // What was written during the recovery was on a living server.
            let undone = rest.without(&rest.without(&known).before(self.began));
            account.acknowledged += all.count(load);
            account.everywhere += all.and(&every).count(load);
            account.divergent += all.and(&some).without(&every).count(load);
            account.abandoned += asleep.count(load);
            account.undone += undone.count(load);
            account.lost += rest.without(&undone).count(load);
            if let Some(first) = missing.iter().find(|range| load.count(*range) > 0) {
                let from = first.from.millis().checked_sub(1);
                missing_since(from.map_or(first.from, |at| load.next(Time::from_millis(at))));
            }
        }
        for tracked in self.tracked.iter().filter(|tracked| tracked.suffix == suffix) {
            account.acknowledged += 1;
            let has = |replica: &&ReplicaIndex| tracked.is_on(world, **replica);
            let replaced =
                |replica: &ReplicaIndex| tracked.is_replaced_on(world, *replica, &self.tracked);
            match living.iter().filter(has).count() {
                0 if !living.is_empty() && living.iter().all(replaced) => account.superseded += 1,
                0 => {
                    if asleep.iter().any(|replica| has(&replica)) {
                        account.abandoned += 1;
                    } else {
                        account.lost += 1;
                    }
                    missing_since(tracked.csn.time);
                }
                count if count == living.len() => account.everywhere += 1,
                _ => account.divergent += 1,
            }
        }
        account.oldest_age = oldest.filter(|at| *at <= struck).map(|at| struck.since(at));
        account
    }
}
