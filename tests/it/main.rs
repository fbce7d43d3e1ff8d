//! The regression suite, through public interfaces only.

mod laws;
mod ldif_parser;
mod views_laws;
