//! No server is left from which the deployment can be what it was.

use audit_core::model::CaMode;
use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// A server lives, and with an integrated CA one that has it (contract, section 4).
pub(super) static CHECKER: Checker = Checker { id: "lost-ca", check };

fn check(end: &End) -> Option<Finding> {
    let words = if end.living.is_empty() {
        "no server is left"
    } else if end.ca == CaMode::Integrated && end.cas.is_empty() {
        "no CA is left: no replica can be added, no certificate issued"
    } else {
        return None;
    };
    Some(Finding { class: OutcomeClass::TotalLoss, words: words.to_owned() })
}
