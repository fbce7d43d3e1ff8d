//! `lose-dc:`: every data center.

use super::Family;
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};
use crate::rule_parts::known_data_centers;

/// Losing a data center: its servers, and the stores of copies in it.
///
/// Every data center of the deployment. Needs the data center of every server: a server elsewhere
/// would survive.
pub(super) static FAMILY: Family = Family {
    id: "lose-dc",
    title: "A data center is lost",
    citation: "guide 3.1, 3.2; Performing disaster recovery with IdM (RHEL 10) 1, 3",
    is_one_failure: true,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    let centers = known_data_centers(deployment)?;
    Ok(centers
        .into_iter()
        .map(|(center, _)| Case::of(Fault::LoseDataCenter(center.to_owned())))
        .collect())
}
