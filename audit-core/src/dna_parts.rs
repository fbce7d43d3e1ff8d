//! Questions that rules ask about ids to hand out (389-ds plug-in "Distributed Numeric
//! Assignment").

use crate::evidence::Sources;
use crate::model::{Deployment, Dna, Fqdn};

/// True if the server has ids to hand out for sure: some are left of its range, or it has a next
/// one.
pub(crate) fn holds_ids(dna: &Dna) -> bool {
    let left = match dna.remaining.value() {
        Some(remaining) => *remaining > 0,
        None => dna.range.certainly(Option::is_some),
    };
    left || dna.next_range.certainly(Option::is_some)
}

/// True if the server may have ids to hand out.
pub(crate) fn may_hold_ids(dna: &Dna) -> bool {
    let left = match dna.remaining.value() {
        Some(remaining) => *remaining > 0,
        None => dna.range.possibly(Option::is_some),
    };
    left || dna.next_range.possibly(Option::is_some)
}

/// What is known of the ids of each server, in order; `None` if nothing is.
pub(crate) fn of_servers(deployment: &Deployment) -> impl Iterator<Item = (&Fqdn, Option<&Dna>)> {
    deployment.servers.keys().map(|name| (name, deployment.observed.dna.get(name)))
}

/// Places that state the ids of a server.
pub(crate) fn evidence(dna: &Dna) -> Sources {
    let ranges = dna.range.sources().into_iter().chain(dna.next_range.sources());
    ranges.chain(dna.remaining.sources()).collect()
}
