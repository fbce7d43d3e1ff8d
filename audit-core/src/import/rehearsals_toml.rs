//! The result of rehearsals, as their checklist has it to be filled in.

use super::{Format, Reads, answers_toml};

/// Reads the result of rehearsals, `idm-drill/rehearsal/1`: which restore was tried when, from
/// which copy, whether every step was seen as expected, and how long it took.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `schema = "idm-drill/rehearsal/1"` | what the file is; must be there |
/// | `[[rehearsals]]` `at`, `copy`, `succeeded`, `took` | a restore that was rehearsed |
///
/// Unlike the same table of `answers.toml` this is no statement from memory: it was written down
/// step by step while the rehearsal went on (contract, section 3). No points that hang on it count
/// as resting on statements.
///
/// # Errors
///
/// A key that is not known or a value of a wrong type is reported with its line and left out. Text
/// that is not TOML is reported by the reader of `answers.toml`.
///
/// # Source
///
/// This project: `idm-drill runbook --rehearsal` writes it.
pub(super) static FORMAT: Format = Format {
    name: "rehearsal",
    command: "idm-drill runbook --rehearsal (rehearsals.toml)",
    reader: Reads::Toml(answers_toml::read_result),
};
