//! `rollback:`: a VM is set back to a snapshot while the others run.

use super::{Family, or_unknown_copies};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, CopyForm, Fault, RestorePoint};

/// Somebody sets a server's VM back to a snapshot while the others run: the commonest mistake with
/// snapshots.
///
/// Every snapshot of which it is known which server is in it.
pub(super) static FAMILY: Family = Family {
    id: "rollback",
    title: "A VM is set back to a snapshot",
    citation: "guide 4; 389ds/389-ds-base issue 6032",
    is_one_failure: false,
    are_alike: true,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    let cases = RestorePoint::all(deployment).into_iter().filter_map(|point| {
        let server = point.host.filter(|host| deployment.servers.contains_key(host))?;
        let is_snapshot = point.form == CopyForm::Snapshot;
        is_snapshot.then(|| Case::of(Fault::Rollback { server, copy: point.id }))
    });
    or_unknown_copies(deployment, cases.collect())
}
