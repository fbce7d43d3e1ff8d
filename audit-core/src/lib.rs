//! Reads what administrators of FreeIPA / IdM can export, models the deployment with the evidence
//! for every fact, and judges which documented disasters it would survive.
//!
//! Pure: no file, no clock, no environment, no randomness; bytes and a time come in as arguments,
//! values and texts go out. The same code runs natively and in the browser.
//!
//! ```text
//! bytes -> import -> Facts -> Deployment -> rules -> Verdicts ---\
//!                                |  cases                         score -> Report -> report::*
//!                                v                               /
//!                            Situation --plan--> Runbook -------
//! ```
//!
//! ```
//! use audit_core::{Options, audit, import::Import, time::Timestamp};
//!
//! let mut import = Import::new();
//! for (name, bytes) in audit_core::example::FILES {
//!     import.add(name, bytes);
//! }
//! let as_of = Timestamp::parse_rfc3339("2026-11-22T00:00:00Z").unwrap();
//! let report = audit(&import.finish(), &Options { as_of });
//! assert!(report.findings.iter().any(|finding| finding.rule == "ca-replication-connected"));
//! ```

pub mod advise;
mod archive;
mod backup_archive;
pub mod backup_name;
pub mod bundle;
pub mod cases;
mod certificate_parts;
mod console_parts;
mod copies_json;
mod copy_parts;
mod directory;
mod dna_parts;
mod dsconf_parts;
pub mod evidence;
pub mod example;
pub mod facts;
pub mod guide;
pub mod import;
mod inventory;
mod json_parts;
pub mod limits;
pub mod model;
pub mod note;
mod observed_json;
pub mod parse;
pub mod questions;
pub mod recovery;
mod replication_words;
pub mod report;
mod role_parts;
pub mod rule;
mod rule_parts;
pub mod rules;
pub mod score;
pub mod seen;
pub mod service_edits;
mod snapshot_parts;
mod sos;
mod stage;
pub mod time;
pub mod unpack;
pub mod version;
pub mod views;

pub use report::{Options, Report, audit};
