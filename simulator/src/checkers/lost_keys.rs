//! Keys that are on servers' disks only.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// Vaults can be opened, and zones signed with the keys that clients know.
pub(super) static CHECKER: Checker = Checker { id: "lost-keys", check };

fn check(end: &End) -> Option<Finding> {
    let mut gone = Vec::new();
    if end.vaults == (true, false) {
        gone.push("no living KRA can open the vaults");
    }
    if end.dnssec == (true, false) {
        gone.push("the DNSSEC keys of the key master are gone");
    }
    (!gone.is_empty()).then(|| Finding { class: OutcomeClass::PartialLoss, words: gone.join("; ") })
}
