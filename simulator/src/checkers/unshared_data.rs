//! Data that one group of servers had for itself.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// No group that replicated with nobody else is lost as a whole.
pub(super) static CHECKER: Checker = Checker { id: "unshared-data", check };

fn check(end: &End) -> Option<Finding> {
    let names: Vec<String> = end
        .lost_islands
        .iter()
        .map(|island| island.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        .collect();
    (!names.is_empty()).then(|| Finding {
        class: OutcomeClass::PartialLoss,
        words: format!(
            "everything that only {} had: nothing replicated from there",
            names.join("; ")
        ),
    })
}
