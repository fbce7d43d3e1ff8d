//! Whether anything happened at all.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// No server went out of service and no step was needed.
pub(super) static CHECKER: Checker = Checker { id: "touched-service", check };

fn check(end: &End) -> Option<Finding> {
    end.touched.then(|| Finding {
        class: OutcomeClass::NoLoss,
        words: "servers went out of service, or the operator had to act".to_owned(),
    })
}
