//! Checks of the source tree itself, as tests: registries, documentation, borders, fixtures, words.
//!
//! `cargo tidy` runs them. Some compare a text with what the tree implies; `UPDATE=1 cargo tidy`
//! writes that text instead. Every complaint names a file, a line and what to do.

#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a source tree that cannot be read is a broken checkout"
)]

mod borders;
mod code;
mod documents;
mod examples;
mod fixtures;
mod generated;
mod importers;
mod matrix;
mod rules;
mod source;
mod words;
