//! The replication world against recordings of a real directory server.

use std::path::Path;

use serde_json::{Value, json};
use simulator::replay::{self, Drill};
use tests::{reference, root};

/// Says that a test had nothing to compare with.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn skipped() {
    eprintln!("skipped: no reference folder beside the checkout");
}

/// A file of this machine or of the checkout.
#[expect(clippy::disallowed_methods, reason = "recordings are files")]
pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a readable file")
}

/// The recordings beside the checkout; none on a machine without them.
pub(crate) fn recordings() -> Vec<Drill> {
    let Some(reference) = reference() else {
        skipped();
        return Vec::new();
    };
    replay::read(&text(&reference.join("fidelity/drills.json"))).expect("drills")
}

/// Our own recordings, each derived from a sentence of the reference.
pub(crate) fn laws() -> Vec<Drill> {
    let folder = root().join("tests/fixtures/recordings");
    let files = ["laws.json", "variations.json"].map(|name| folder.join(name));
    files.iter().flat_map(|file| replay::read(&text(file)).expect("drills")).collect()
}

fn check(drills: &[Drill], seeds: u64) {
    let mut failures = Vec::new();
    for drill in drills.iter().filter(|drill| drill.is_deterministic) {
        for seed in 0..seeds {
            let predicted = replay::play(drill, seed).expect("a playable drill");
            for difference in replay::compare(drill, &[predicted]) {
                failures.push(format!("{} seed {seed} {difference}", drill.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn deterministic_recordings_are_met_whatever_chance_decides() {
    let drills = recordings();
    check(&drills, 8);
    let deterministic = drills.iter().filter(|drill| drill.is_deterministic).count();
    assert!(drills.is_empty() || deterministic >= 18, "{deterministic}");
}

#[test]
fn laws_and_refinements_hold_whatever_chance_decides() {
    check(&laws(), 20);
}

/// Where repetitions of a restore ended differently, the model predicts all of them.
#[test]
fn predicted_ranges_hold_what_varies() {
    let drills = recordings();
    let varied = |drill: &&Drill| drill.name.starts_with("restore-one-while-others-run/");
    for drill in drills.iter().filter(varied).filter(|drill| !drill.is_deterministic) {
        let predicted: Vec<_> =
            (0..40).map(|seed| replay::play(drill, seed).expect("a playable drill")).collect();
        for (pointer, predicted, observed) in replay::ranges(drill, &predicted) {
            let numbers = |values: &[Value]| -> Vec<u64> {
                values.iter().filter_map(Value::as_u64).collect()
            };
            let (predicted, observed) = (numbers(&predicted), numbers(&observed));
            if !pointer.starts_with("/present/") {
                continue;
            }
            let low = predicted.iter().min().expect("a prediction");
            let high = predicted.iter().max().expect("a prediction");
            let is_in = observed.iter().all(|count| (low..=high).contains(&count));
            assert!(is_in, "{}{pointer}: {low} to {high}, observed {observed:?}", drill.name);
        }
    }
}

#[test]
fn a_prediction_is_the_same_every_time() {
    for drill in &laws() {
        assert_eq!(replay::play(drill, 3), replay::play(drill, 3), "{}", drill.name);
    }
}

#[test]
fn what_is_not_known_is_an_error_with_its_place() {
    let drill = |action: &str| {
        format!(
            r#"[{{"name": "d", "topology": {{"servers": ["s1", "s2"], "segments": [["s1", "s2"]]}},
                "actions": [{action}]}}]"#
        )
    };
    for (action, pointer, says) in [
        (r#"{"do": "reboot", "server": "s1"}"#, "/0/actions/0/do", "no action \"reboot\""),
        (r#"{"do": "kill", "server": "s3"}"#, "/0/actions/0/server", "a server of the drill"),
        (r#"{"do": "kill", "server": "s1", "hard": true}"#, "/0/actions/0/hard", "no such field"),
        (r#"{"do": "wait"}"#, "/0/actions/0", "\"seconds\" is missing"),
        (r#"{"do": "wait", "seconds": -1}"#, "/0/actions/0/seconds", "a number"),
        (r#"{"do": "wait", "seconds": 1e6}"#, "/0/actions/0/seconds", "up to 100,000"),
        (
            r#"{"do": "write", "on": "s1", "group": "g", "count": 1, "rate_per_s": 1e-9}"#,
            "/0/actions/0/rate_per_s",
            "0.001",
        ),
        (
            r#"{"do": "settings", "of": "s1", "settings": {"max_age": 5}}"#,
            "/0/actions/0/settings/max_age",
            "no such field",
        ),
        (
            r#"{"do": "restore", "on": "s1", "from": "c", "kind": "tape"}"#,
            "/0/actions/0/kind",
            "cold_copy",
        ),
        (r#"{"do": "add_segment", "between": ["s1"]}"#, "/0/actions/0/between", "two servers"),
    ] {
        let error = replay::read(&drill(action)).expect_err(action);
        assert_eq!(error.drill, "d");
        assert_eq!(error.pointer, pointer, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    let missing = drill(r#"{"do": "restore", "on": "s1", "from": "c", "kind": "cold_copy"}"#);
    let drills = replay::read(&missing).expect("readable");
    let error = replay::play(&drills[0], 0).expect_err("no copy");
    assert_eq!(error.pointer, "/0/actions/0/from");
    assert!(replay::read("{").expect_err("no JSON").to_string().contains("not JSON"));
}

/// What a drill says of itself and is not known is told, and does not keep it from being played.
#[test]
fn what_a_drill_says_of_itself_may_be_unknown() {
    let text = r#"[{"name": "d", "host": "busy", "actions": [{"do": "observe"}],
        "observed": [{"x": 1}], "topology": {"servers": ["s1"], "segments": [], "shape": "dot"}}]"#;
    let drills = replay::read(text).expect("readable");
    let unknown = replay::unknown_fields(&drills[0]);
    assert_eq!(unknown, ["/0/host", "/0/observed/0/x", "/0/topology/shape"]);
    assert!(replay::play(&drills[0], 0).is_ok());
    let twice = text.replace(r#"["s1"]"#, r#"["s1", "s1"]"#);
    let error = replay::read(&twice).expect_err("a server twice");
    assert_eq!(error.pointer, "/0/topology/servers");
}

/// Every changed count, generation, class and reach of a recording is a difference.
#[test]
fn a_recording_that_was_changed_differs() {
    let drills = laws();
    let drill = drills.iter().find(|drill| drill.name.starts_with("ldif-ruv-removed-splits"));
    let drill = drill.expect("the drill");
    let predicted = replay::play(drill, 0).expect("a playable drill");
    for (pointer, value) in [
        ("/present/victims/s1", json!(9)),
        ("/generations", json!([["s1", "s2", "s3"]])),
        ("/agreement_class/s1->s2", json!("ok")),
        ("/probe_converges", json!(true)),
        ("/probe_reach/s1", json!(["s1", "s2"])),
    ] {
        let mut changed = drill.clone();
        *changed.observed[0].pointer_mut(pointer).expect(pointer) = value;
        let differences = replay::compare(&changed, std::slice::from_ref(&predicted));
        assert_eq!(differences.len(), 1, "{pointer}");
        assert_eq!(differences[0].pointer, pointer);
    }
}
