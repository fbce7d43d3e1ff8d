//! The regression suite, through public interfaces only.

#![expect(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::panic,
    reason = "a test fails by panicking, and quickcheck hands its values over"
)]

mod answers;
mod archives;
mod bad_input;
mod canary;
mod cli;
mod collect;
mod conflicts;
mod copies;
mod corpus;
mod corpus_ansible;
mod corpus_json;
mod corpus_ldif;
mod damage_laws;
mod determinism;
mod documented_scenarios;
mod drill_laws;
mod drill_processes;
mod drills;
mod exports;
mod fidelity;
mod fuzz_smoke;
mod golden_traces;
mod importers;
mod kernel_queue;
mod kernel_records;
mod kernel_samplers;
mod kernel_streams;
mod laws;
mod ldif_parser;
mod measurements;
mod parity;
mod planned;
mod planted;
mod replay_fuzz;
mod rules_matrix;
mod runbooks;
mod scenarios;
mod upstream_topologies;
mod views_laws;
mod wasm_host;
