//! The replication world against recordings of a real directory server.

use simulator::replay::{self, Drill};
use tests::reference;

/// The recordings beside the checkout; none on a machine without them.
pub(crate) fn recordings() -> Vec<Drill> {
    let Some(reference) = reference() else {
        eprintln!("skipped: no reference folder beside the checkout");
        return Vec::new();
    };
    let text = std::fs::read_to_string(reference.join("fidelity/drills.json")).expect("readable");
    replay::read(&text).expect("drills")
}

#[test]
fn deterministic_recordings_are_met_whatever_chance_decides() {
    let mut failures = Vec::new();
    for drill in recordings().iter().filter(|drill| drill.is_deterministic) {
        for seed in 0..20 {
            let predicted = replay::play(drill, seed).expect("a playable drill");
            for difference in replay::compare(drill, &[predicted]) {
                failures.push(format!("{} seed {seed} {difference}", drill.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
