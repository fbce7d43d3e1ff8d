//! Laws that tie the audit and the simulation together (contract, section 5), over random
//! deployments and disasters.

mod completeness;
mod corruption;
mod shape;
mod square;

use std::collections::BTreeMap;
use std::fmt::Debug;

use audit_core::import::Imported;
use audit_core::model::Fqdn;
use audit_core::recovery::{Action, Case, Fault, OutcomeClass, Procedure};
use quickcheck::{Arbitrary, Gen};
use simulator::drill::{Account, Assumptions, Drill, Drilled, Unfit};
use tests::drills::{Estate, Size};

/// Deployments with a disaster each, drilled twice.
const ROUNDS: u64 = 2200;
const SMALL: Size = Size { servers: 5, copies: 4 };

fn drill(imported: &Imported, case: &Case, seed: u64, worst: bool) -> Option<Drilled> {
    let drill = Drill::new(&imported.deployment, case, tests::as_of()).seed(seed);
    match drill.worst_timing(worst).run() {
        Ok(drilled) => Some(drilled),
        // The case names a data center that this deployment does not have.
        Err(Unfit::Case(_)) => None,
        Err(Unfit::Needs(needs)) => panic!("{case}: {needs:?}"),
    }
}

fn show(estate: &Estate, drilled: &Drilled) -> String {
    format!("{}\n{}", estate.model, simulator::drill::text(drilled))
}

/// What kind of step it is.
fn kind(action: &Action) -> String {
    let text = format!("{action:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// The fields in which two values of one structure differ, for a failure to be read.
fn differences<T: Debug>(one: &T, other: &T) -> String {
    let fields = |value: &T| -> BTreeMap<String, String> {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut name = String::new();
        for part in format!("{value:#?}").split("\n    ") {
            if let Some((field, _)) = part.split_once(": ").filter(|_| !part.starts_with(' ')) {
                field.clone_into(&mut name);
            }
            fields.entry(name.clone()).or_default().push_str(part.trim());
        }
        fields
    };
    let (one, other) = (fields(one), fields(other));
    let differ = one.iter().filter(|(name, value)| other.get(*name) != Some(value));
    let lines = differ.map(|(name, value)| format!("{value}\n  and not {:?}", other.get(name)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Laws 2 and 4: no drill ends worse than the audit says, at the worst moment it ends as the audit
/// says, and every acknowledged write is in exactly one place of the account.
#[test]
fn drills_end_as_the_audit_says_at_worst() {
    let mut g = Gen::from_size_and_seed(30, 41);
    let mut classes: BTreeMap<&str, u32> = BTreeMap::new();
    let mut procedures: BTreeMap<&str, u32> = BTreeMap::new();
    let mut careless: BTreeMap<&str, u32> = BTreeMap::new();
    let mut failures: Vec<(String, String)> = Vec::new();
    for round in 0..ROUNDS {
        let estate = Estate::random(&mut g, SMALL);
        let case: Case = estate.disaster(&mut g).parse().expect("a case");
        let imported = tests::import(&estate.files());
        if let Some(server) = concerned(&case) {
            let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(round);
            let drilled = drill.worst_timing(true).forget(server).run();
            let end = drilled.map_or("unknown", |drilled| drilled.class.name());
            *careless.entry(end).or_default() += 1;
        }
        for worst in [false, true] {
            let Some(drilled) = drill(&imported, &case, round, worst) else { continue };
            let is_off = drilled.predicted.is_some_and(|class| class != drilled.class);
            if drilled.is_worse_than_predicted() || (worst && is_off) {
                let said = drilled.predicted.map_or("unknown", OutcomeClass::name);
                let line = format!("{round} {case}: {} and not {said}\n", drilled.class.name());
                failures.push((line, show(&estate, &drilled)));
            }
            if worst {
                let predicted = drilled.predicted.map_or("unknown", OutcomeClass::name);
                *classes.entry(predicted).or_default() += 1;
            }
            let procedure = drilled.procedure.map_or("none", |procedure| procedure.name());
            *procedures.entry(procedure).or_default() += 1;
            for (_, account) in &drilled.lost {
                assert_eq!(parts(account), account.acknowledged, "{}", show(&estate, &drilled));
            }
        }
    }
    // An operator who works by the runbook leaves no servers behind that differ silently: the
    // audit promises that of every case. One who leaves steps out on the server concerned does.
    let lines: String = failures.iter().map(|(line, _)| line.as_str()).collect();
    let first = failures.first().map_or("", |(_, shown)| shown);
    assert!(failures.is_empty(), "{} of {ROUNDS}:\n{lines}{first}", failures.len());
    let counts = format!("{classes:?}\n{procedures:?}\ncareless: {careless:?}");
    for class in OutcomeClass::ALL {
        let seen = if class == OutcomeClass::Divergent { &careless } else { &classes };
        assert!(seen.get(class.name()).is_some_and(|count| *count >= 50), "{class}: {counts}");
    }
    for procedure in Procedure::ALL {
        // Nothing to do is no procedure of a drill.
        let is_one = procedure != Procedure::NothingToDo;
        let count = procedures.get(procedure.name()).copied().unwrap_or(0);
        assert!(!is_one || count > 0, "{}: {counts}", procedure.name());
    }
    println!("{counts}");
}

/// The server whose data has to be replaced, and on which that is easily forgotten.
fn concerned(case: &Case) -> Option<Fqdn> {
    case.faults().iter().find_map(|fault| match fault {
        Fault::Rollback { server, .. } | Fault::Absent { server, .. } => Some(server.clone()),
        _ => None,
    })
}

fn parts(account: &Account) -> u64 {
    account.everywhere
        + account.divergent
        + account.lost
        + account.abandoned
        + account.undone
        + account.superseded
}

/// Law 5: on the same streams, more lost servers, stores or keys never end better.
#[test]
fn more_losses_never_end_better() {
    let mut g = Gen::from_size_and_seed(30, 42);
    let mut worse = 0;
    for round in 0..250 {
        let estate = Estate::random(&mut g, SMALL);
        let mut lost: Vec<&String> =
            estate.servers.iter().filter(|_| u8::arbitrary(&mut g) % 3 == 0).collect();
        if lost.is_empty() {
            lost.push(&estate.servers[0]);
        }
        let names =
            |lost: &[&String]| lost.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
        let one = format!("lose:{}", names(&lost));
        let more = match usize::arbitrary(&mut g) % 3 {
            0 => format!("{one}+lose-store:vault"),
            1 => format!("{one}+lose-key:{}", estate.keys[0]),
            _ => {
                let next = estate.servers.iter().find(|name| !lost.contains(name));
                lost.extend(next);
                format!("lose:{}", names(&lost))
            }
        };
        let imported = tests::import(&estate.files());
        let ends = [one, more].map(|case| {
            let case: Case = case.parse().expect("a case");
            let drilled = drill(&imported, &case, round, true);
            drilled.map(|drilled| (drilled.class, show(&estate, &drilled)))
        });
        let [Some((one, _)), Some((more, shown))] = ends else { continue };
        assert!(more >= one, "{} is better than {}:\n{shown}", more.name(), one.name());
        worse += u32::from(more > one);
    }
    assert!(worse >= 20, "only {worse} ended worse");
}

/// Law 5, the rest: on the same streams a slower operator and older copies never end better, and
/// where data was deleted, copies from behind it never help.
#[test]
fn slower_hands_and_worse_copies_never_end_better() {
    let slow = "[operator-start]\nvalue = \"2d\"\n[step-command]\nvalue = \"3h\"\n";
    let slow = Assumptions::default().with_file(slow).expect("assumptions");
    let mut g = Gen::from_size_and_seed(30, 45);
    let (mut compared, mut with_copies) = (0, 0);
    for round in 0..250 {
        let estate = Estate::random(&mut g, SMALL);
        let text = estate.disaster(&mut g);
        let case: Case = text.parse().expect("a case");
        // These name a copy, or say how long something lasts.
        if ["rollback", "absent", "partition", "cut"].iter().any(|kind| text.starts_with(kind)) {
            continue;
        }
        let of = |model: &serde_json::Value, slowly: bool| {
            let imported = tests::import(&[("model.json", model.to_string())]);
            let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(round);
            let drill = drill.worst_timing(true);
            let drill = if slowly { drill.assume(slow.clone()) } else { drill };
            drill.run().ok().map(|drilled| (drilled.class, show(&estate, &drilled)))
        };
        let Some((class, shown)) = of(&estate.model, false) else { continue };
        compared += 1;
        let (slower, told) = of(&estate.model, true).expect("the same case");
        assert!(slower >= class, "slower: {} is better\n{told}\n{shown}", slower.name());
        let is_deletion = text.contains("delete:");
        let mut changed = estate.model.clone();
        for list in ["backups", "snapshots"] {
            for copy in changed[list].as_array_mut().into_iter().flatten() {
                with_copies += 1;
                // Older than all others; or, of deleted data, from behind the deletion.
                let at = if is_deletion { "2026-11-22T00:00:00Z" } else { "2026-10-01T03:00:00Z" };
                copy["taken_at"] = at.into();
            }
        }
        let (worse, told) = of(&changed, false).expect("the same case");
        assert!(worse >= class, "copies: {} is better\n{told}\n{shown}", worse.name());
    }
    assert!(compared >= 120 && with_copies >= 150, "{compared} drills, {with_copies} copies");
}
