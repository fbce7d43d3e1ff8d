//! `lose:` of three servers, where that is worse than losing any two of them.

use std::collections::BTreeSet;

use super::{Family, Judge};
use crate::model::{Deployment, Fqdn, Need, Role, Suffix};
use crate::recovery::{Case, Fault, RestorePoint, Situation, Whereabouts};
use crate::views::SuffixView;
use crate::views::masks::Masks;

/// Losing three servers at once.
///
/// All triples of up to 60 servers are looked at; those are listed that end worse than every loss
/// of a part of them. Needs what [`lose`](super::lose_servers) needs.
pub(super) static FAMILY: Family = Family {
    id: "lose-three",
    title: "Three servers are lost, worse than two",
    citation: "guide 2, 3.3; Performing disaster recovery with IdM (RHEL 10) 3",
    is_one_failure: false,
    are_alike: false,
    cases,
};

/// Most servers of which triples are looked at: 60, the largest supported deployment, has 34,220.
const SERVERS_MAX: usize = 60;

/// What a loss can take away, each as servers: it is taken away when all of them, or when one of
/// them is lost.
struct Stakes {
    when_all: Vec<u64>,
    when_any: Vec<u64>,
}

impl Stakes {
    /// What a loss takes away, one bit each. A loss that takes away the same as a smaller one ends
    /// the same.
    fn taken_by(&self, lost: u64) -> u128 {
        let all = self.when_all.iter().map(|servers| servers & !lost == 0);
        let any = self.when_any.iter().map(|servers| servers & lost != 0);
        all.chain(any).fold(0, |taken, is_taken| (taken << 1) | u128::from(is_taken))
    }

    fn of(deployment: &Deployment, names: &[&Fqdn]) -> Self {
        let mask = |test: &dyn Fn(&Fqdn) -> bool| {
            let bits = names.iter().enumerate().filter(|(_, name)| test(name));
            bits.fold(0_u64, |mask, (at, _)| mask | (1 << at))
        };
        let mut when_all = vec![mask(&|_| true)];
        for role in [Role::Ca, Role::Kra] {
            let server = |name: &Fqdn| deployment.servers.get(name);
            when_all.push(mask(&|name| server(name).is_some_and(|s| s.holds(role))));
            when_all.push(mask(&|name| server(name).is_some_and(|s| s.may_hold(role))));
        }
        for suffix in Suffix::ALL {
            let islands = SuffixView::new(deployment, suffix).certain.islands();
            when_all.extend(islands.iter().map(|island| mask(&|name| island.contains(name))));
        }
        let keys = deployment.copies.keys.values().filter_map(|key| key.locations.value());
        for places in keys {
            when_all.push(mask(&|name| places.iter().any(|place| place == name.as_str())));
        }
        let mut when_any = vec![mask(&|name| {
            deployment.dnssec_key_master.value().is_some_and(|master| master == name)
        })];
        for point in RestorePoint::all(deployment) {
            when_any.push(mask(&|name| point.host.as_ref() == Some(name)));
            when_any.push(mask(&|name| match &point.whereabouts {
                Whereabouts::OnHost(host) => host == name,
                Whereabouts::Store { host, .. } => host.as_ref() == Some(name),
                Whereabouts::Unknown => false,
            }));
        }
        // No server is no stake; neither is what a single loss takes in any case.
        for stakes in [&mut when_all, &mut when_any] {
            stakes.retain(|servers| *servers != 0);
            stakes.sort_unstable();
            stakes.dedup();
        }
        Self { when_all, when_any }
    }
}

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    Situation::of(deployment)?;
    let names: Vec<&Fqdn> = deployment.servers.keys().collect();
    if names.len() > SERVERS_MAX.min(Masks::SERVERS_MAX) {
        // Nothing is missing; nobody has looked.
        return Err(Vec::new());
    }
    let stakes = Stakes::of(deployment, &names);
    let lose = |servers: &[usize]| {
        let servers = servers.iter().filter_map(|at| names.get(*at)).map(|name| (*name).clone());
        Case::of(Fault::Lose(servers.collect::<BTreeSet<Fqdn>>()))
    };
    let judge = Judge::new(deployment);
    let rank = |servers: &[usize]| judge.judge(&lose(servers)).map(|case| case.outcome.rank());
    let mut cases = Vec::new();
    let count = names.len();
    // More stakes than bits are never met; then every triple would be judged.
    let countable = stakes.when_all.len() + stakes.when_any.len() <= 128;
    for one in 0..count {
        for two in one + 1..count {
            let of_two = stakes.taken_by((1 << one) | (1 << two));
            for three in two + 1..count {
                let taken = stakes.taken_by((1 << one) | (1 << two) | (1 << three));
                let same = |pair: u64| countable && stakes.taken_by(pair) == taken;
                if (countable && taken == of_two)
                    || same((1 << one) | (1 << three))
                    || same((1 << two) | (1 << three))
                {
                    continue;
                }
                let worst = [[one, two], [one, three], [two, three]]
                    .iter()
                    .filter_map(|pair| rank(pair))
                    .max();
                if rank(&[one, two, three]) > worst {
                    cases.push(lose(&[one, two, three]));
                }
            }
        }
    }
    Ok(cases)
}
