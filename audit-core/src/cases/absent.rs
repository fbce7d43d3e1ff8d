//! `absent:`: a server is off for a long time and comes back.

use super::{Family, single_servers};
use crate::model::{Deployment, Need};
use crate::recovery::{Case, Fault, Span};

/// Longest time that documents know a changelog to reach, and a day (quantities C.2).
const SPAN: Span = Span::from_seconds(31 * 86_400);

/// A server is switched off, or out of reach, for 31 days, longer than any documented changelog
/// reaches, and comes back as it was.
///
/// Every server of a deployment that has others.
pub(super) static FAMILY: Family = Family {
    id: "absent",
    title: "A server is away for long",
    citation: "389-ds cl5_api.c, repl5_replica.c; guide 3.1",
    is_one_failure: false,
    are_alike: true,
    cases,
};

fn cases(deployment: &Deployment) -> Result<Vec<Case>, Vec<Need>> {
    single_servers(deployment, 2, |server| Fault::Absent { server, span: SPAN })
}
