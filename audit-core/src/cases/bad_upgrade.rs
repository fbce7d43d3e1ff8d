//! `bad-upgrade:`: an upgrade spoils one server's data.

use super::{Family, single_servers};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// An upgrade fails on one server and leaves its data spoiled: its services do not start any more.
///
/// Every server.
pub(super) static FAMILY: Family = Family {
    id: "bad-upgrade",
    title: "An upgrade spoils a server",
    citation: "Preparing for disaster recovery with IdM (RHEL 10) 6.4",
    is_one_failure: false,
    are_alike: true,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    single_servers(deployment, 1, Fault::BadUpgrade)
}
