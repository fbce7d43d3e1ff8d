//! The regression suite, through public interfaces only.

mod cli;
mod laws;
mod ldif_parser;
mod views_laws;
