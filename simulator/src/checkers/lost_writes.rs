//! Acknowledged writes that no living server has.

use audit_core::recovery::OutcomeClass;

use super::{Checker, End, Finding};

/// Every acknowledged write is on a living server.
pub(super) static CHECKER: Checker = Checker { id: "lost-writes", check };

fn check(end: &End) -> Option<Finding> {
    let [domain, ca] = end.accounts.each_ref().map(crate::drill::Account::missing);
    (domain + ca > 0).then(|| Finding {
        class: OutcomeClass::BoundedLoss,
        words: format!(
            "{domain} acknowledged writes of suffix domain and {ca} of suffix ca are gone"
        ),
    })
}
