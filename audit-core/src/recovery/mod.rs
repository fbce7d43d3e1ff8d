//! Disasters and recovery: the vocabulary that audit and simulator share, what a disaster leaves,
//! and the documented procedure that brings it back.
//!
//! The vocabulary ([`Fault`], [`Case`], [`Action`], [`Refusal`], [`Outcome`], [`Runbook`]) is
//! closed: both semantics match it exhaustively. [`Situation`] is the abstract one: sets and
//! islands, no time.

mod action;
mod case;
mod damage;
mod decision;
mod outcome;
mod plan;
mod refusal;
mod restore_point;
mod runbook;
mod situation;
mod step;

pub use action::Action;
pub use case::{Case, CaseError, Fault, Span};
pub use damage::Damage;
pub use decision::{Condition, Origin, Row, TABLE, VARIANTS};
pub(crate) use decision::{Way, decide};
pub use outcome::{Outcome, OutcomeClass};
pub use plan::plan;
pub use refusal::Refusal;
pub use restore_point::{CopyForm, RestorePoint, Usability, Variant, Whereabouts};
pub(crate) use restore_point::{OLD_PACKAGES, Taken, csn_time, key_called};
pub use runbook::{Obstacle, Procedure, Runbook, Step};
pub use situation::{
    CA_VALID_DAYS, CopyList, Link, PARTITION_ASSUMED, PURGE_DELAY, Presence, RENEWAL_DAYS, Replica,
    SKEW_MAX, Situation,
};
