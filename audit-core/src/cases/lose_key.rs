//! `lose-key:` with `lose:`: the key of backups is lost, then what it protects.

use std::collections::BTreeSet;

use super::{Family, or_unknown_copies, with_what_it_protects};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// A key that decrypts backups is lost, or its passphrase, then what the backups protect: all
/// servers, all CA replicas, or all servers with a KRA.
///
/// Every key that a backup is encrypted with.
pub(super) static FAMILY: Family = Family {
    id: "lose-key",
    title: "A backup key is lost, then servers",
    citation: "guide 5.5.1; Performing disaster recovery with IdM (RHEL 10) 5.2",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if !deployment.knows_all_servers() || deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    let keys: BTreeSet<&String> =
        deployment.copies.backups.values().filter_map(|copy| copy.key.value()).collect();
    let faults = keys.into_iter().map(|key| Fault::LoseKey(key.clone()));
    let cases = faults.flat_map(|fault| with_what_it_protects(deployment, &fault));
    or_unknown_copies(deployment, cases.collect())
}
