//! `clock:`: a server's clock jumps.

use super::{Family, single_servers};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault, Span};

/// Twice the skew from which others refuse a server's changes.
const SPAN: Span = Span::from_seconds(2 * 86_400);

/// A server's clock jumps two days ahead: others refuse its changes from one day on.
///
/// Every server of a deployment that has others.
pub(super) static FAMILY: Family = Family {
    id: "clock",
    title: "A clock jumps ahead",
    citation: "389-ds csngen.c; Installing IdM (RHEL 10), time service requirements",
    is_one_failure: false,
    are_alike: true,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    single_servers(deployment, 2, |server| Fault::Clock { server, ahead: true, span: SPAN })
}
