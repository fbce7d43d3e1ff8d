//! `lose:`: every single server, and every pair.

use std::collections::BTreeSet;

use super::Family;
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// Most servers of which pairs are listed: 60, the largest supported deployment, has 1,770.
const PAIRS_SERVERS_MAX: usize = 60;

/// Losing servers for good: hardware fails, a VM is destroyed.
///
/// Every single server of the deployment, and up to 60 servers every pair.
pub(super) static FAMILY: Family = Family {
    id: "lose",
    title: "Servers are lost",
    citation: "guide 2, 3.3; Performing disaster recovery with IdM (RHEL 10) 2, 3",
    is_one_failure: true,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    let names: Vec<_> = deployment.servers.keys().collect();
    let lose = |servers: &[&crate::model::Fqdn]| {
        let servers: BTreeSet<_> = servers.iter().map(|name| (*name).clone()).collect();
        Case::of(Fault::Lose(servers))
    };
    let mut cases: Vec<Case> = names.iter().map(|name| lose(&[name])).collect();
    if names.len() <= PAIRS_SERVERS_MAX {
        for (index, first) in names.iter().enumerate() {
            cases.extend(names.iter().skip(index + 1).map(|second| lose(&[first, second])));
        }
    }
    Ok(cases)
}
