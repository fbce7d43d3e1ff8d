//! `certs-expired`: certificates expire while nothing renews them.

use super::Family;
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault};

/// The CA was down, or renewed nothing, until the certificates of all servers had expired: IdM does
/// not start.
///
/// One case for the deployment.
pub(super) static FAMILY: Family = Family {
    id: "certs-expired",
    title: "Certificates have expired",
    citation: "Managing certificates in IdM (RHEL 10) 32; manual page of ipa-cert-fix",
    is_one_failure: false,
    are_alike: false,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    if deployment.servers.is_empty() {
        return Err(vec![Need::ServerList]);
    }
    Ok(vec![Case::of(Fault::CertificatesExpired)])
}
