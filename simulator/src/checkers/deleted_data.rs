//! Data that was deleted by mistake and did not come back.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// Every living server has the entries that were deleted by mistake.
pub(super) static CHECKER: Checker = Checker { id: "deleted-data", check };

fn check(end: &End) -> Option<Finding> {
    (end.deleted_missing > 0).then(|| Finding {
        class: OutcomeClass::PartialLoss,
        words: format!("{} deleted entries did not come back", end.deleted_missing),
    })
}
