//! Drills of one deployment with copies and schedules, one of which is nearly always under way:
//! every server lost, a data center lost, data deleted and noticed later, an operator who makes
//! mistakes.

use audit_core::import::Import;
use audit_core::time::Timestamp;
use simulator::drill::{Assumptions, Drill};
use simulator::kernel::trace::{Digest, Fingerprint};

const MODEL: &str = include_str!("drill.json");
const AS_OF: &str = "2026-11-22T12:00:00Z";
const CASES: [&str; 4] = [
    "lose:ipa1.example.test,ipa2.example.test,ipa3.example.test,ipa4.example.test",
    "lose-dc:north",
    "delete:unknown@ipa1.example.test@noticed=30h",
    "partition:ipa1.example.test,ipa2.example.test|ipa3.example.test,ipa4.example.test",
];

/// Runs them. `None` if one cannot be run, which this deployment does not allow.
pub fn run(seed: u64) -> Option<Fingerprint> {
    let mut import = Import::new();
    import.add("drill.json", MODEL.as_bytes());
    let deployment = import.finish().deployment;
    let as_of = Timestamp::parse_rfc3339(AS_OF)?;
    let assumed = "[mistakes]\nvalue = 0.2\n[export-entries-per-second]\nvalue = 0.25\n";
    let clumsy = Assumptions::default().with_file(assumed).ok()?;
    let mut digest = Digest::new();
    for text in CASES {
        let case = text.parse().ok()?;
        let drill = Drill::new(&deployment, &case, as_of).seed(seed).assume(clumsy.clone());
        digest.text(&drill.run().ok()?.fingerprint().to_string());
    }
    Some(digest.fingerprint())
}
