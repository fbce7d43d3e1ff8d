//! Ids that two servers would give to different users.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// No two servers hand out the same ids: one that was set back to a copy has its old range again,
/// also what it had given away since. Nothing is lost by that yet.
pub(super) static CHECKER: Checker = Checker { id: "ids-given-twice", check };

fn check(end: &End) -> Option<Finding> {
    end.ids_given_twice.as_ref().map(|(one, other)| Finding {
        class: OutcomeClass::NoLoss,
        words: format!(
            "{one} and {other} would hand out the same ids: set their ranges with \
             ipa-replica-manage dnarange-set"
        ),
    })
}
