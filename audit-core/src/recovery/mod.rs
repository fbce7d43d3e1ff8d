//! Disasters and recovery: the vocabulary that audit and simulator share, what a disaster leaves,
//! and the documented procedure that brings it back.
//!
//! The vocabulary ([`Fault`], [`Case`], [`Action`], [`Refusal`], [`Outcome`], [`Runbook`]) is
//! closed: both semantics match it exhaustively. [`Situation`] is the abstract one: sets and
//! islands, no time.

mod action;
mod case;
mod damage;
mod outcome;
mod plan;
mod restore_point;
mod runbook;
mod situation;

pub use action::{Action, Refusal};
pub use case::{Case, CaseError, Fault, Span};
pub use damage::Damage;
pub use outcome::{Outcome, OutcomeClass};
pub use plan::plan;
pub(crate) use plan::{Way, decide};
pub use restore_point::{CopyForm, RestorePoint, Usability, Whereabouts};
pub(crate) use restore_point::{OLD_PACKAGES, Taken, csn_time, key_called};
pub use runbook::{Obstacle, Procedure, Runbook, Step};
pub use situation::{CopyList, Presence, Replica, Situation};
