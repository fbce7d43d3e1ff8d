//! `ghost:`: a server is destroyed without being removed.

use super::{Family, single_servers};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// Automation destroys a server's host without removing it from the deployment: its entry,
/// agreements and replica ids stay.
///
/// Every server of a deployment that has others.
pub(super) static FAMILY: Family = Family {
    id: "ghost",
    title: "A server is destroyed, not removed",
    citation: "Managing replication in IdM (RHEL 10) 1.14; 389ds/389-ds-base issue 7191",
    is_one_failure: false,
    are_alike: true,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    single_servers(deployment, 2, Fault::Ghost)
}
