//! Living servers that differ, or that do not replicate with each other any more.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// Living servers hold the same data and replicate in no more groups than before.
pub(super) static CHECKER: Checker = Checker { id: "divided-servers", check };

fn check(end: &End) -> Option<Finding> {
    let divergent: u64 = end.accounts.iter().map(|account| account.divergent).sum();
    let (before, now) = end.islands;
    let words = if now > before.max(1) {
        format!("servers replicate in {now} groups that do not reach each other")
    } else if end.deleted_differ {
        "servers differ in the entries that were deleted".to_owned()
    } else if divergent > 0 && now <= 1 {
        format!("{divergent} writes are on some servers only, and nothing carries them on")
    } else {
        return None;
    };
    Some(Finding { class: OutcomeClass::Divergent, words })
}
