//! The regression suite, through public interfaces only.

#![expect(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    reason = "a test fails by panicking, and quickcheck hands its values over"
)]

mod bad_input;
mod cli;
mod corpus;
mod corpus_json;
mod importers;
mod laws;
mod ldif_parser;
mod parity;
mod rules_matrix;
mod views_laws;
