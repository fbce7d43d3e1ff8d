//! What two semantics have to agree on.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::{Fqdn, IdRange, Role, Suffix};
use audit_core::recovery::{Presence, Situation, Span};

/// Whether a member runs, its roles, and the generations of its data.
type Member = (Presence, Vec<(Role, String)>, Vec<(Suffix, u32)>);

/// A suffix, a supplier and a consumer.
type Arrow = (Suffix, Fqdn, Fqdn);

/// What both semantics speak of. Left out: copies and lost places, which no step changes; the
/// time; links, which only faults look at.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Shape {
    pub(super) members: BTreeMap<Fqdn, Member>,
    pub(super) agreements: BTreeSet<Arrow>,
    pub(super) disabled: BTreeSet<Arrow>,
    pub(super) cut: BTreeSet<Arrow>,
    partitions: BTreeSet<BTreeSet<BTreeSet<Fqdn>>>,
    pub(super) stale: BTreeSet<(Suffix, Fqdn)>,
    set_back: BTreeMap<Fqdn, String>,
    away: BTreeMap<Fqdn, Span>,
    clocks: BTreeMap<Fqdn, (bool, Span)>,
    pub(super) expired: BTreeSet<Fqdn>,
    pub(super) dangling: BTreeSet<Fqdn>,
    ids: BTreeMap<Fqdn, Vec<IdRange>>,
    lost_ids: Vec<IdRange>,
    renewal: Option<Fqdn>,
    crl: BTreeSet<Fqdn>,
    dnssec: Option<Fqdn>,
    /// Who has the damage, and whether it is known.
    pub(super) damaged: Option<(BTreeSet<Fqdn>, bool)>,
    pub(super) islands: [Vec<Vec<Fqdn>>; 2],
}

/// A situation without what differs by name only: numbers of generations.
fn canonical(situation: &Situation) -> Situation {
    let mut plain = situation.clone();
    for suffix in Suffix::ALL {
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        for replica in plain.members.values_mut() {
            // What a server that does not run has, nobody is told.
            if replica.presence != Presence::Running {
                replica.generation.remove(&suffix);
            }
            if let Some(number) = replica.generation.get_mut(&suffix) {
                let next = numbers.len() as u32;
                *number = *numbers.entry(*number).or_insert(next);
            }
        }
    }
    plain
}

pub(super) fn shape(situation: &Situation) -> Shape {
    let plain = canonical(situation);
    let running: BTreeSet<Fqdn> = plain.running().into_iter().cloned().collect();
    let members = plain.members.iter().map(|(name, replica)| {
        let roles = replica
            .roles
            .iter()
            .filter(|(_, status)| status.holds_data())
            .map(|(role, status)| (*role, status.name().to_owned()))
            .collect();
        let generation = replica.generation.iter().map(|(s, n)| (*s, *n)).collect();
        (name.clone(), (replica.presence, roles, generation))
    });
    // Agreements are stored on their suppliers: those of others cannot be looked at.
    let seen = |arrows: &BTreeSet<Arrow>| -> BTreeSet<Arrow> {
        arrows.iter().filter(|(_, from, _)| running.contains(from)).cloned().collect()
    };
    // A server lacks something only if another one could have it.
    let is_behind = |(suffix, name): &&(Suffix, Fqdn)| {
        let generation = |name: &Fqdn| plain.members.get(name)?.generation.get(suffix).copied();
        let own = generation(name);
        own.is_some() && running.iter().any(|other| other != name && generation(other) == own)
    };
    let stale: BTreeSet<(Suffix, Fqdn)> = plain.stale.iter().filter(is_behind).cloned().collect();
    Shape {
        members: members.collect(),
        disabled: seen(&plain.disabled),
        cut: seen(&plain.cut),
        agreements: seen(&plain.agreements),
        partitions: plain.partitions.clone(),
        stale,
        set_back: plain.set_back.clone(),
        away: plain.away.clone(),
        clocks: plain.clocks.clone(),
        expired: plain.expired.clone(),
        // Nobody is there whose vector could be read.
        dangling: if running.is_empty() { BTreeSet::new() } else { plain.dangling.clone() },
        ids: plain.ids.clone(),
        lost_ids: plain.lost_ids.clone(),
        renewal: plain.renewal.clone().filter(|_| !running.is_empty()),
        crl: plain.crl.clone(),
        dnssec: plain.dnssec_key_master.clone().filter(|_| !running.is_empty()),
        damaged: plain.damage.as_ref().and_then(|damage| {
            let on: BTreeSet<Fqdn> = damage.on.intersection(&running).cloned().collect();
            (!on.is_empty()).then_some((on, damage.is_known))
        }),
        islands: Suffix::ALL.map(|suffix| plain.islands(suffix)),
    }
}

impl Shape {
    /// What is written in data that replicates or in a server's own settings, and comes back with
    /// an old copy as it was then.
    pub(super) fn written(&self) -> impl Eq + use<> {
        let roles = |(name, (_, roles, _)): (&Fqdn, &Member)| (name.clone(), roles.clone());
        let roles: Vec<_> = self.members.iter().map(roles).collect();
        (
            roles,
            self.agreements.clone(),
            self.renewal.clone(),
            self.crl.clone(),
            self.dnssec.clone(),
        )
    }

    /// Whether running servers replicate in several groups.
    pub(super) fn splits(&self) -> bool {
        self.islands.iter().any(|islands| islands.len() > 1)
    }
}
