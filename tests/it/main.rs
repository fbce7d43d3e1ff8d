//! The regression suite, through public interfaces only.

mod bad_input;
mod cli;
mod corpus;
mod importers;
mod laws;
mod ldif_parser;
mod parity;
mod rules_matrix;
mod views_laws;
