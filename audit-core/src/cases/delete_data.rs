//! `delete:`: data is deleted or spoiled by mistake, and replication carries it everywhere.

use super::Family;
use crate::model::{Deployment, Need, Suffix, Visibility};
use crate::recovery::{Case, Fault, Situation};

/// Losing data: an administrator or a program deletes entries, or spoils them, on one server.
///
/// Replication does not help against this, it spreads it; only a copy from before does. Once where
/// it is known what was deleted, and once where it is not, on the first visible server of every
/// group of servers that replicate to each other: on any other of the group it ends the same.
pub(super) static FAMILY: Family = Family {
    id: "delete",
    title: "Data is deleted by mistake",
    citation: "guide 2, 4, 5; Performing disaster recovery with IdM (RHEL 10) 7",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    let situation = Situation::of(deployment)?;
    let mut cases = Vec::new();
    for island in situation.islands(Suffix::Domain) {
        let is_visible = |name: &&crate::model::Fqdn| {
            let server = deployment.servers.get(*name);
            server.is_some_and(|server| server.visibility() == Visibility::Visible)
        };
        let Some(on) = island.iter().find(is_visible).or(island.first()) else { continue };
        cases.push(Case::of(Fault::DeleteKnown(on.clone())));
        cases.push(Case::of(Fault::DeleteUnknown(on.clone())));
    }
    Ok(cases)
}
