//! `lose:` of every server: the whole infrastructure.

use super::Family;
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// Losing every server at once: what is left are the copies.
///
/// One case for the deployment.
pub(super) static FAMILY: Family = Family {
    id: "lose-all",
    title: "Every server is lost",
    citation: "guide 3.3; Performing disaster recovery with IdM (RHEL 10) 1, 4.1",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if !deployment.knows_all_servers() || deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    Ok(vec![Case::of(Fault::Lose(deployment.servers.keys().cloned().collect()))])
}
