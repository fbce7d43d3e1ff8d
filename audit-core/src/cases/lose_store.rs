//! `lose-store:` with `lose:`: a store of copies is lost, then what it protects.

use std::collections::BTreeSet;

use super::{Family, or_unknown_copies, with_what_it_protects};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// A store of copies is lost, then what its copies protect: all servers, all CA replicas, or all
/// servers with a KRA.
///
/// Every store that a backup or a snapshot is in.
pub(super) static FAMILY: Family = Family {
    id: "lose-store",
    title: "Copies are lost, then servers",
    citation: "guide 5.3; Performing disaster recovery with IdM (RHEL 10) 1",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if !deployment.knows_all_servers() || deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    let copies = &deployment.copies;
    let of_backups = copies.backups.values().filter_map(|copy| copy.store.value());
    let of_snapshots = copies.snapshots.values().filter_map(|copy| copy.store.value());
    let stores: BTreeSet<&String> = of_backups.chain(of_snapshots).collect();
    let faults = stores.into_iter().map(|store| Fault::LoseStore(store.clone()));
    let cases = faults.flat_map(|fault| with_what_it_protects(deployment, &fault));
    or_unknown_copies(deployment, cases.collect())
}
