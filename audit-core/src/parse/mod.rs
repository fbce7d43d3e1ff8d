//! Readers of text shapes, shared by the importers of [`import`](crate::import). They know syntax,
//! not IdM.

mod command_line;
pub mod console;
pub mod decode;
mod entry_ends;
pub mod json;
pub mod labels;
pub mod ldif;
mod python;
pub mod rpc;
pub mod sections;
pub(crate) mod yaml;
