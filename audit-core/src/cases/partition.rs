//! `partition:`: a data center is cut off from the others.

use std::collections::BTreeSet;

use super::Family;
use crate::model::{Deployment, Fqdn, Need};
use crate::recovery::{Case, Fault};
use crate::rule_parts::known_data_centers;

/// The network between data centers fails: one of them does not reach the others for a day.
///
/// Every data center against all others. Needs the data center of every server.
pub(super) static FAMILY: Family = Family {
    id: "partition",
    title: "A data center is cut off",
    citation: "guide 3.1, 3.2; Managing replication in IdM (RHEL 10) 1",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    let centers = known_data_centers(deployment)?;
    let mut cases = Vec::new();
    for (_, servers) in &centers {
        let inside: BTreeSet<Fqdn> = servers.iter().map(|name| (*name).clone()).collect();
        let is_outside = |name: &&Fqdn| !inside.contains(*name);
        let outside: BTreeSet<Fqdn> =
            deployment.servers.keys().filter(is_outside).cloned().collect();
        if !inside.is_empty() && !outside.is_empty() {
            let case = Case::of(Fault::Partition(BTreeSet::from([inside, outside])));
            // Of two data centers each is the other's outside.
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
    }
    Ok(cases)
}
