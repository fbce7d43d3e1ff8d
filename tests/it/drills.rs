//! Drills: disasters of deployments whose end is written down by hand.

use std::fmt::Write as _;

use audit_core::import::Imported;
use audit_core::model::Fqdn;
use audit_core::recovery::OutcomeClass::{BoundedLoss, Divergent, NoLoss, PartialLoss, TotalLoss};
use audit_core::recovery::{Case, OutcomeClass, Procedure};
use audit_core::report::runbook::binder;
use serde_json::{Value, json};
use simulator::drill::{Assumptions, Drill, Drilled, MomentKind, table, table_row};

const ALL: &str = "bak.example.test,ipa1.example.test,ipa2.example.test,ipa3.example.test,\
                   ipa4.example.test";
const VISIBLE: &str = "ipa1.example.test,ipa2.example.test,ipa3.example.test,ipa4.example.test";

fn run(imported: &Imported, case: &str) -> Drilled {
    let case: Case = case.parse().expect("a case");
    Drill::new(&imported.deployment, &case, tests::as_of()).seed(3).run().expect("a drill")
}

/// The deployment as the guide recommends it: a hidden replica with all roles, cold snapshots and
/// full backups of it in two stores, a key in a safe.
fn recommended() -> Imported {
    tests::import(&tests::exports("copies-kept-well"))
}

/// The same as model JSON, changed.
fn changed(change: impl Fn(&mut Value)) -> Imported {
    let imported = recommended();
    let text = audit_core::report::deployment_json::render(&imported.deployment);
    let mut model: Value = serde_json::from_str(&text).expect("JSON");
    model["evidence"] = Value::Null;
    change(&mut model);
    tests::import(&[("model.json", model.to_string())])
}

/// With a data-only backup of a visible server beside the others, taken two hours before.
fn with_data_backup() -> Imported {
    changed(|model| {
        model["schedules"] = json!([]);
        let backups = model["backups"].as_array_mut().expect("a list");
        backups.push(json!({
            "id": "data", "host": "ipa1.example.test", "kind": "data",
            "taken_at": "2026-11-21T22:00:00Z", "roles": ["CA", "DNS", "HTTP", "KDC", "KRA"],
            "version": "4.12.2", "encrypted": false, "complete": true, "store": "vault",
            "key": null, "path": "/srv/data",
        }));
    })
}

/// Without schedules: the copies are those of the audit.
fn as_audited() -> Imported {
    changed(|model| model["schedules"] = json!([]))
}

fn without_snapshots() -> Imported {
    changed(|model| {
        model["schedules"] = json!([]);
        model["snapshots"] = json!([]);
    })
}

fn lost(drilled: &Drilled) -> String {
    let mut text = String::new();
    for (suffix, _) in &drilled.lost {
        for (name, count) in drilled.groups(*suffix).into_iter().filter(|(_, count)| *count > 0) {
            write!(text, " {suffix}/{name}={count}").expect("writing to a string");
        }
    }
    text
}

/// Case, class, procedure and what the timeline must say.
type Row =
    (&'static str, fn() -> Imported, String, OutcomeClass, Option<&'static str>, &'static str);

fn rows() -> Vec<Row> {
    vec![
        (
            "a replica replaces a lost one",
            as_audited,
            "lose:ipa2.example.test".to_owned(),
            NoLoss,
            Some("replace-lost-replica"),
            "ipa2.example.test is a replica",
        ),
        (
            "the only CA is lost and there is no copy",
            || tests::import(&tests::exports("all-cas-lost")),
            "lose:ipa2.example.test".to_owned(),
            TotalLoss,
            None,
            "no procedure",
        ),
        (
            "everything is lost: the full backup",
            without_snapshots,
            format!("lose:{ALL}"),
            BoundedLoss,
            Some("rebuild-from-backup"),
            "in a new database generation",
        ),
        (
            "and there is none in any store",
            without_snapshots,
            format!("lose:{ALL}+lose-store:tapes+lose-store:vault"),
            TotalLoss,
            None,
            "no procedure",
        ),
        (
            "the encrypted backup without its key",
            without_snapshots,
            format!("lose:{ALL}+lose-key:0123456789abcdef"),
            TotalLoss,
            None,
            "no procedure",
        ),
        (
            "the encrypted backup with its key",
            without_snapshots,
            format!("lose:{ALL}+lose-store:vault"),
            BoundedLoss,
            Some("rebuild-from-backup"),
            "bak.example.test has the data of",
        ),
        (
            "everything and the key are lost: the cold snapshot",
            as_audited,
            format!("lose:{ALL}+lose-key:0123456789abcdef"),
            BoundedLoss,
            Some("rebuild-from-snapshot"),
            "bak.example.test runs as idm-bak/2026-11-20 has it",
        ),
        (
            "and its store is lost, too",
            as_audited,
            format!("lose:{ALL}+lose-key:0123456789abcdef+lose-store:vault"),
            TotalLoss,
            None,
            "no procedure",
        ),
        (
            "every CA is lost, one server lives: the cold snapshot beside it",
            as_audited,
            "lose:bak.example.test,ipa1.example.test,ipa3.example.test,ipa4.example.test\
             +lose-key:0123456789abcdef"
                .to_owned(),
            BoundedLoss,
            Some("reconnect-partial-environment"),
            "bak.example.test has the data of ipa2.example.test in domain",
        ),
        (
            "the same without the snapshot's store",
            as_audited,
            "lose:bak.example.test,ipa1.example.test,ipa3.example.test,ipa4.example.test\
             +lose-key:0123456789abcdef+lose-store:vault"
                .to_owned(),
            TotalLoss,
            None,
            "no procedure",
        ),
        (
            "deleted data, known: read from a data-only backup",
            with_data_backup,
            "delete:known@ipa1.example.test".to_owned(),
            BoundedLoss,
            Some("add-lost-entries"),
            "100 entries are added again",
        ),
        (
            "deleted data, unknown: back to the data-only backup",
            with_data_backup,
            "delete:unknown@ipa1.example.test".to_owned(),
            BoundedLoss,
            Some("restore-data-everywhere"),
            "ipa1.example.test has the data of data",
        ),
        (
            "noticed when every copy is younger than the damage",
            with_data_backup,
            "delete:unknown@ipa1.example.test@noticed=30d".to_owned(),
            PartialLoss,
            None,
            "no procedure",
        ),
        (
            "all visible servers are lost: through the hidden replica",
            as_audited,
            format!("lose:{VISIBLE}"),
            NoLoss,
            Some("replace-renewal-server"),
            "bak.example.test is visible",
        ),
    ]
}

#[test]
fn disasters_end_as_written_down() {
    let mut failures = String::new();
    for (what, deployment, case, class, procedure, words) in rows() {
        let drilled = run(&deployment(), &case);
        let text = simulator::drill::text(&drilled);
        let found = (drilled.class, drilled.procedure.map(Procedure::name));
        if found != (class, procedure) || !text.contains(words) {
            let _ = writeln!(failures, "{what}: {found:?}\n{text}");
        }
        let groups = lost(&drilled);
        let tells =
            !groups.is_empty() || drilled.class == TotalLoss || text.contains("added again");
        assert!(drilled.class < BoundedLoss || tells, "{what}: {groups}\n{text}");
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The contract, X21: `ipa server-del` counts visible servers only.
#[test]
fn a_hidden_replica_is_enabled_before_anything_else() {
    let drilled = run(&as_audited(), &format!("lose:{VISIBLE}"));
    let first = drilled.moments.iter().find(|moment| moment.kind == MomentKind::Step);
    assert_eq!(first.map(|moment| moment.words.as_str()), Some("bak.example.test is visible"));
}

/// Fidelity d2: a replica that is forgotten brings the deletion back after a snapshot, and stays
/// apart after `ipa-restore`.
#[test]
fn a_forgotten_replica_undoes_a_snapshot_and_splits_from_a_restore() {
    let forget = |imported: &Imported| {
        let case: Case = "delete:unknown@ipa1.example.test".parse().expect("a case");
        let server = Fqdn::parse("ipa3.example.test").expect("a name");
        let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(3);
        drill.forget(server).run().expect("a drill")
    };
    let snapshots_only = changed(|model| {
        model["schedules"] = json!([]);
        model["backups"] = json!([]);
    });
    let whole = run(&snapshots_only, "delete:unknown@ipa1.example.test");
    assert_eq!(
        (whole.class, whole.deleted.1),
        (BoundedLoss, 0),
        "{}",
        simulator::drill::text(&whole)
    );
    let undone = forget(&snapshots_only);
    assert_eq!(undone.deleted, (100, 100), "{}", simulator::drill::text(&undone));
    assert!(undone.class >= PartialLoss, "{}", simulator::drill::text(&undone));
    let split = forget(&with_data_backup());
    assert_eq!(split.class, Divergent, "{}", simulator::drill::text(&split));
    let apart: Vec<_> = split.islands.iter().filter(|island| island.len() == 1).collect();
    assert_eq!(apart.len(), 1, "{}", simulator::drill::text(&split));
}

/// What the laws have found, see `tests/fixtures/drills`.
#[test]
fn drills_that_once_disagreed_with_the_audit() {
    for (name, case, seed) in [
        ("downstream-of-a-reinitialized-server", "lose:ipa1.example.test", 104),
        ("deletion-half-way", "lose:ipa2.example.test+delete:unknown@ipa1.example.test", 458),
        ("silent-hole", "rollback:ipa2.example.test=snapshot-0", 716),
        ("away-for-a-month", "absent:ipa1.example.test=726h", 847),
        ("no-ca-and-deleted-data", "lose:ipa1.example.test+delete:unknown@ipa2.example.test", 318),
        ("rolled-back-hub", "rollback:ipa2.example.test=snapshot-0", 636),
        ("parts-of-an-absent-hub", "absent:ipa1.example.test=800h", 1818),
        ("behind-a-restored-hub", "lose:ipa1.example.test", 53),
    ] {
        let file = tests::root().join("tests/fixtures/drills").join(format!("{name}.json"));
        let imported = tests::import(&[("model.json", tests::read(&file))]);
        let case: Case = case.parse().expect("a case");
        for worst in [false, true] {
            let drill = Drill::new(&imported.deployment, &case, tests::as_of());
            let drilled = drill.seed(seed).worst_timing(worst).run().expect("a drill");
            let text = simulator::drill::text(&drilled);
            assert!(drilled.predicted.is_some(), "{name}: {text}");
            assert!(!drilled.is_worse_than_predicted(), "{name}: {text}");
        }
    }
}

/// A drill is a function of what it is given.
#[test]
fn equal_drills_are_equal() {
    let imported = recommended();
    let case: Case = format!("lose:{ALL}").parse().expect("a case");
    let drill = Drill::new(&imported.deployment, &case, tests::as_of());
    let one = drill.clone().seed(5).run().expect("a drill");
    let other = drill.clone().seed(5).run().expect("a drill");
    assert_eq!(simulator::drill::json(&one), simulator::drill::json(&other));
    let another = drill.seed(6).run().expect("a drill");
    assert_ne!(one.fingerprint(), another.fingerprint());
}

/// More hands are never slower, and mistakes are named.
#[test]
fn operators_and_mistakes_are_assumptions() {
    let imported = as_audited();
    let case: Case = format!("lose:{VISIBLE}").parse().expect("a case");
    let drilled = |file: &str| {
        let assumptions = Assumptions::default().with_file(file).expect("assumptions");
        let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(3);
        drill.assume(assumptions).run().expect("a drill")
    };
    let (one, four) = (drilled(""), drilled("[operators]\nvalue = 4\n"));
    assert!(four.recovery() < one.recovery(), "{:?} {:?}", four.recovery(), one.recovery());
    assert_eq!(one.class, four.class);
    let clumsy = drilled("[mistakes]\nvalue = 1\n");
    assert!(clumsy.moments.iter().any(|moment| moment.kind == MomentKind::Mistake));
    assert!(clumsy.assumptions.iter().any(|line| line.starts_with("mistakes = 1 (given")));
}

#[test]
fn wrong_assumptions_are_refused_with_their_place() {
    let refused = |file: &str| Assumptions::default().with_file(file).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            "[operater-start]\nvalue = \"1h\"\n",
            "[operators]\nvalue = \"1h\"\n",
            "[detect-loss]\nvalue = 7\n",
            "[detect-loss]\nvalue = { low = \"9m\", high = \"1m\" }\n",
            "[detect-loss]\nvalue = { median = \"9m\" }\n",
            "[detect-loss]\nsource = \"a guess\"\n",
            "[detect-loss]\nvalue = \"5m\"\nmedian = 1\n",
            "[detect-loss]\nvalue = \"-5m\"\n",
            "[mistakes]\nvalue = -1\n",
            "detect-loss = \"5m\"\n",
            "[detect-loss\n",
        ]
        .map(|file| format!("{}\n  {}", file.trim().replace('\n', " / "), refused(file)))
        .join("\n")
    );
}

/// Every drill of ten deployments ends no worse than the audit says.
#[test]
fn no_drill_of_the_binder_disagrees_with_the_audit() {
    let mut tables = String::new();
    for name in [
        "copies-kept-well",
        "copies-kept-badly",
        "no-copies",
        "first-server-lost",
        "all-cas-lost",
        "ca-less-text",
        "one-way-segment-in-ring",
        "data-centers-in-a-line",
        "hidden-backup-server",
        "disconnected",
    ] {
        let imported = tests::import(&tests::exports(name));
        writeln!(tables, "{name}\n{}", table().trim_end()).expect("writing to a string");
        for page in binder(&imported.deployment, tests::as_of()).0 {
            let drill = Drill::new(&imported.deployment, &page.judged.case, tests::as_of());
            let drilled = drill.seed(1).run().expect("a drill");
            assert!(!drilled.is_worse_than_predicted(), "{}", simulator::drill::text(&drilled));
            tables.push_str(&table_row(&drilled));
        }
        tables.push('\n');
    }
    insta::assert_snapshot!(tables);
}

/// Whenever somebody notices, every label lies inside of the picture.
#[test]
fn labels_of_the_picture_are_inside_of_it() {
    for case in ["absent:ipa2.example.test=40d", "lose:ipa2.example.test", "lose-dc:north"] {
        let picture = simulator::drill::svg(&run(&as_audited(), case));
        let between = |line: &str, start: &str, end: &str| -> Option<String> {
            Some(line.split_once(start)?.1.split_once(end)?.0.to_owned())
        };
        let number = |text: Option<String>| text.and_then(|text| text.parse::<usize>().ok());
        let width = number(between(&picture, "width=\"", "\"")).expect("a width");
        let labels: Vec<&str> =
            picture.lines().filter(|line| line.starts_with("<text class=\"tick")).collect();
        assert!(labels.len() >= 5, "{picture}");
        for label in labels {
            let x = number(between(label, " x=\"", "\"")).expect("a place");
            // A letter is at most eight pixels wide.
            let long = between(label, "\">", "</text>").expect("words").len() * 8;
            let is_inside =
                if label.contains("end\"") { long <= x && x <= width } else { x + long <= width };
            assert!(is_inside, "{case}: {label}");
        }
    }
}

#[test]
fn a_drill_as_text_json_and_picture() {
    let drilled = run(&recommended(), "lose-dc:north");
    insta::assert_snapshot!("drill_text", simulator::drill::text(&drilled));
    insta::assert_snapshot!("drill_json", simulator::drill::json(&drilled));
    insta::assert_snapshot!("drill_svg", simulator::drill::svg(&drilled));
    let schema: Value =
        serde_json::from_str(simulator::drill::OUTCOME_SCHEMA).expect("a JSON Schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let document: Value = serde_json::from_str(&simulator::drill::json(&drilled)).expect("JSON");
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}
