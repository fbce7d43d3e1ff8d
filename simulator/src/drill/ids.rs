//! Ids for new users and groups: each server hands out those of its own range, and asks another
//! for half of its range when it has none left (389-ds plug-in "Distributed Numeric Assignment").
//!
//! Ranges are settings of a server (`cn=config`), so a copy brings back those of its time, and a
//! server that is lost takes its range along (rules.md X9).
//!
//! # Source
//!
//! `quantities.md` C.2, DNA; "Managing IdM users, groups, hosts" (RHEL 10), adjusting id ranges.

use audit_core::model::{Fqdn, IdRange, Suffix};
use audit_core::recovery::Situation;

use super::Run;
use super::assumptions::Ledger;
use crate::kernel::time::{Span, Time};

/// How many ids somebody gives a server who chooses them: as many as an installation does
/// (quantities C.2).
pub(super) const CHOSEN: u64 = 200_000;

/// How ids are used up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    /// How many are used in a day; `None` if no export tells which servers have any.
    per_day: Option<u64>,
    /// Until when they are handed out.
    pub(super) until: Time,
}

impl Ids {
    /// Before the drill.
    pub(super) fn of(before: &Situation, ledger: &mut Ledger) -> Self {
        let per_day = if before.ids.is_empty() {
            ledger.state("servers have ids to hand out (no export tells of them)".to_owned());
            None
        } else {
            Some(ledger.count("ids-per-day"))
        };
        Self { per_day, until: Time::MAX }
    }

    /// Number of ids that were handed out until a time.
    fn used(self, time: Time) -> u64 {
        let used = u128::from(self.per_day.unwrap_or(0)) * u128::from(time.millis()) / 86_400_000;
        u64::try_from(used).unwrap_or(u64::MAX)
    }
}

impl Run<'_> {
    /// Hands out what was used since the last look, and lets servers ask each other.
    pub(super) fn hand_out_ids(&mut self, serving: &[Fqdn]) {
        let now = self.estate.now();
        if self.ids.per_day.is_none() || now <= self.ids.until {
            return;
        }
        let then = std::mem::replace(&mut self.ids.until, now);
        let mut wanted = self.ids.used(now) - self.ids.used(then);
        let mut givers: Vec<Fqdn> =
            serving.iter().filter(|name| self.ids_left(name) > 0).cloned().collect();
        while wanted > 0 && !givers.is_empty() {
            // Evenly, as far as their ranges reach.
            let share = wanted.div_ceil(givers.len() as u64);
            for name in &givers {
                wanted -= self.take_ids(name, share.min(wanted));
            }
            givers.retain(|name| self.ids_left(name) > 0);
        }
        self.share_ids(serving);
    }

    /// A moment before which no server runs out of ids; `None` if they use none.
    pub(super) fn ids_last_until(&self) -> Option<Time> {
        let per_day = self.ids.per_day.filter(|per_day| *per_day > 0)?;
        let left = self.estate.machines.keys().map(|name| self.ids_left(name));
        let least = left.filter(|left| *left > 0).min()?;
        // One more than there are: with the last one a user could still be added.
        let used = self.ids.used(self.ids.until).saturating_add(least).saturating_add(1);
        let millis = u128::from(used) * 86_400_000 / u128::from(per_day) + 1;
        let time = Time::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        Some(time.max(self.estate.now() + Span::from_seconds(1)))
    }

    /// Ids that a server can still hand out.
    fn ids_left(&self, name: &Fqdn) -> u64 {
        let Some(machine) = self.estate.machines.get(name) else { return 0 };
        let chosen = machine.local.chosen_ids;
        machine.local.ids.iter().fold(chosen, |sum, range| sum.saturating_add(range.size()))
    }

    /// Takes the first ids of a server's ranges; gives how many there were.
    fn take_ids(&mut self, name: &Fqdn, count: u64) -> u64 {
        let Some(machine) = self.estate.machines.get_mut(name) else { return 0 };
        let mut rest = count;
        machine.local.ids.retain_mut(|range| {
            let taken = rest.min(range.size());
            rest -= taken;
            range.first = range.first.saturating_add(taken);
            range.first <= range.last
        });
        let chosen = rest.min(machine.local.chosen_ids);
        machine.local.chosen_ids -= chosen;
        count - rest + chosen
    }

    /// Where no server that clients use has ids left, one of them gets the upper half of the
    /// largest range that it reaches.
    fn share_ids(&mut self, serving: &[Fqdn]) {
        for island in self.estate.islands(Suffix::Domain) {
            let used: Vec<&Fqdn> = island.iter().filter(|name| serving.contains(name)).collect();
            let Some(asking) = used.first() else { continue };
            if used.iter().any(|name| self.ids_left(name) > 0) {
                continue;
            }
            let donors = island.iter().filter(|name| self.ids_left(name) > 1);
            let Some(donor) =
                donors.max_by_key(|name| (self.ids_left(name), std::cmp::Reverse(*name))).cloned()
            else {
                continue;
            };
            let given = self.estate.machines.get_mut(&donor).and_then(|machine| {
                let range = machine.local.ids.iter_mut().max_by_key(|range| range.size())?;
                let middle = range.first + range.size() / 2;
                let given = IdRange::new(middle, range.last)?;
                range.last = middle.checked_sub(1).filter(|last| *last >= range.first)?;
                Some(given)
            });
            if let (Some(range), Some(machine)) = (given, self.estate.machines.get_mut(*asking)) {
                machine.local.ids.push(range);
            }
        }
    }

    /// Whether a server that clients use can give a new user an id: it has some, or another one
    /// that it reaches has.
    pub(super) fn gives_ids(&self, serving: &[Fqdn]) -> bool {
        if self.ids.per_day.is_none() {
            return !serving.is_empty();
        }
        if serving.iter().any(|name| self.ids_left(name) > 0) {
            return true;
        }
        self.estate.islands(Suffix::Domain).iter().any(|island| {
            island.iter().any(|name| serving.contains(name))
                && island.iter().any(|name| self.ids_left(name) > 0)
        })
    }

    /// The first two servers that would hand out the same ids: one was set back to a copy from
    /// before it gave them away.
    pub(super) fn ids_given_twice(&self) -> Option<(Fqdn, Fqdn)> {
        let running = self.estate.running();
        let machines = running.iter().filter_map(|name| {
            let machine = self.estate.machines.get(name)?;
            Some((name, machine.local.ids.as_slice()))
        });
        let now: Vec<(&Fqdn, &[IdRange])> = machines.collect();
        let before = self.before.ids.iter().map(|(name, ids)| (name, ids.as_slice()));
        // What was so before the disaster is a finding of the audit.
        if first_overlap(&before.collect::<Vec<_>>()).is_some() {
            return None;
        }
        first_overlap(&now)
    }
}

/// The first two servers with an id in common.
fn first_overlap(all: &[(&Fqdn, &[IdRange])]) -> Option<(Fqdn, Fqdn)> {
    let overlap = |one: &[IdRange], other: &[IdRange]| {
        one.iter().any(|range| other.iter().any(|theirs| theirs.overlaps(*range)))
    };
    all.iter().enumerate().find_map(|(at, (one, ids))| {
        let mut later = all.iter().skip(at + 1);
        let other = later.find(|(_, theirs)| overlap(ids, theirs));
        other.map(|(other, _)| ((*one).clone(), (*other).clone()))
    })
}
