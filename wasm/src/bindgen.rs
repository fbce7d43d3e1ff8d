//! The page's door. Strings, bytes and numbers only: a `JsValue` or `JsError` in a signature would
//! add imports that a plain host cannot serve.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::api;

/// One audit while its files arrive.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Session(api::Session);

#[wasm_bindgen]
impl Session {
    /// A session without files.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts the next file; ends the one before it.
    pub fn open(&mut self, name: &str) {
        self.0.open(name);
    }

    /// The next bytes of the open file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.push(bytes);
    }

    /// Forgets the open file, which could not be read to its end, and notes why.
    pub fn abandon(&mut self, name: &str, why: &str) {
        self.0.abandon(name, why);
    }

    /// Ends the open file.
    pub fn close(&mut self) {
        self.0.close();
    }

    /// Audits what arrived, judged at the time `as_of` (RFC 3339).
    pub fn finish(self, as_of: &str) -> Answer {
        Answer(self.0.finish(as_of))
    }

    /// Commands that write the files which are read, one per line.
    pub fn commands() -> String {
        api::commands()
    }

    /// The audit of the deployment that is built in.
    pub fn example(as_of: &str) -> Answer {
        Answer(api::example(as_of))
    }
}

/// The documents of one audit, or why there is none.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Answer(api::Answer);

#[wasm_bindgen]
impl Answer {
    /// Everything as one JSON object.
    pub fn envelope(&self) -> String {
        self.0.envelope()
    }

    /// `idm-drill/report/1` exactly as the command line prints it; empty if there was no audit.
    pub fn report(&self) -> String {
        self.0.documents().map(|documents| documents.report.clone()).unwrap_or_default()
    }

    /// `idm-drill/deployment/1` exactly as the command line prints it; empty without an audit.
    pub fn deployment(&self) -> String {
        self.0.documents().map(|documents| documents.deployment.clone()).unwrap_or_default()
    }
}
