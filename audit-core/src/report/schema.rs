//! JSON Schemas of the published documents, as `idm-drill schema` prints them.
//!
//! Additions are fine; a rename needs a new schema number.

/// Schema of `idm-drill/deployment/1`.
pub const DEPLOYMENT: &str = include_str!("../../schemas/deployment.json");

/// Schema of `idm-drill/case/1`.
pub const CASE: &str = include_str!("../../schemas/case.json");

/// Schema of `idm-drill/report/1`.
pub const REPORT: &str = include_str!("../../schemas/report.json");
