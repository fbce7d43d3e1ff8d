//! What entries lack that were added again.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// No entry had to be added again: its passwords, keys and memberships do not come with it
/// (scenario B12).
pub(super) static CHECKER: Checker = Checker { id: "added-entries", check };

fn check(end: &End) -> Option<Finding> {
    (end.added_again > 0).then(|| Finding {
        class: OutcomeClass::BoundedLoss,
        words: format!(
            "{} entries were added again, without passwords, keys and memberships that a copy \
             cannot give back",
            end.added_again
        ),
    })
}
