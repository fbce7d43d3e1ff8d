//! The report.

pub mod deployment_json;
