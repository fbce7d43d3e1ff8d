//! Readers of text shapes, shared by the importers of [`import`](crate::import). They know syntax,
//! not IdM.

pub mod console;
pub mod decode;
mod entry_ends;
pub mod json;
pub mod ldif;
pub mod rpc;
pub mod sections;
