//! Law 5 where data was deleted: of copies from before it the newest is never worse, and one from
//! behind it never helps.

use std::collections::BTreeMap;

use audit_core::model::Suffix;
use audit_core::recovery::{Case, OutcomeClass, Procedure};
use audit_core::time::Timestamp;
use quickcheck::{Arbitrary, Gen};
use serde_json::{Value, json};
use simulator::drill::Drilled;
use tests::drills::{Estate, Size};

use super::{drill, show};

const ROUNDS: u64 = 150;
const HOUR: i64 = 3600;

/// A copy of the first server, some hours before the audit.
fn copy(estate: &Estate, id: &str, form: &str, hours: i64) -> Value {
    let seconds = tests::as_of().unix_seconds() - hours * HOUR;
    let taken_at = Timestamp::from_unix_seconds(seconds).expect("a time").to_string();
    let host = &estate.servers[0];
    if form == "snapshot" {
        return json!({
            "id": id, "host": host, "vm": id, "taken_at": taken_at, "powered_off": true,
            "full": true, "store": "shelf",
        });
    }
    let mut services = vec!["HTTP", "KDC", "KPASSWD"];
    for (role, service) in [("ca", "CA"), ("kra", "KRA"), ("dns", "DNS")] {
        if estate.model["servers"][0]["roles"][role] != "absent" {
            services.push(service);
        }
    }
    json!({
        "id": id, "host": host, "kind": form, "taken_at": taken_at, "roles": services,
        "version": "4.12.2", "encrypted": false, "complete": true, "store": "shelf",
        "key": null, "path": format!("/srv/{id}"),
    })
}

/// The worst drill of an estate that has these copies only.
fn with(
    estate: &Estate,
    copies: &[(&str, i64)],
    form: &str,
    case: &Case,
    seed: u64,
) -> (Estate, Drilled) {
    let copies: Vec<Value> =
        copies.iter().map(|(id, hours)| copy(estate, id, form, *hours)).collect();
    let none = Vec::new();
    let (backups, snapshots) = if form == "snapshot" { (none, copies) } else { (copies, none) };
    let mut estate = estate.clone();
    estate.model["backups"] = backups.into();
    estate.model["snapshots"] = snapshots.into();
    let imported = tests::import(&estate.files());
    let drilled = drill(&imported, case, seed, true).expect("a case of this deployment");
    (estate, drilled)
}

/// How an end is: its class, and the acknowledged writes of suffix `domain` that are gone.
fn end(drilled: &Drilled) -> (OutcomeClass, u64) {
    let [(suffix, account), _] = &drilled.lost;
    assert_eq!(*suffix, Suffix::Domain);
    (drilled.class, account.missing())
}

#[test]
fn of_copies_from_before_a_deletion_the_newest_is_never_worse() {
    let mut g = Gen::from_size_and_seed(30, 46);
    let (mut used, mut less) = (BTreeMap::new(), 0);
    for round in 0..ROUNDS {
        let estate = Estate::random(&mut g, Size { servers: 5, copies: 0 });
        let form = *g.choose(&["data", "full", "snapshot"]).expect("a form");
        let word = if u8::arbitrary(&mut g) % 3 == 0 { "known" } else { "unknown" };
        let server = g.choose(&estate.servers).expect("a server").clone();
        let hours = |g: &mut Gen| 1 + i64::from(u8::arbitrary(g)) % 120;
        let noticed = if bool::arbitrary(&mut g) { 1 + hours(&mut g) } else { 0 };
        let late = if noticed > 0 { format!("@noticed={noticed}h") } else { String::new() };
        let case: Case = format!("delete:{word}@{server}{late}").parse().expect("a case");
        let newer = noticed + hours(&mut g);
        let older = newer + hours(&mut g);
        let of = |copies: &[(&str, i64)]| with(&estate, copies, form, &case, round);
        let alone = of(&[("copy-new", newer)]);
        let old = of(&[("copy-old", older)]);
        let both = of(&[("copy-new", newer), ("copy-old", older)]);
        let told = |one: &(Estate, Drilled), other: &(Estate, Drilled)| {
            format!("{round}:\n{}\n{}", show(&one.0, &one.1), show(&other.0, &other.1))
        };
        let ends = [&alone, &old, &both].map(|(_, drilled)| end(drilled));
        assert!(ends[0].0 <= ends[1].0 && ends[0].1 <= ends[1].1, "{}", told(&alone, &old));
        // A drill begins before its oldest copy, so that each server's writes fall into another
        // moment of its rhythm: one more or less of each.
        let slack = estate.servers.len() as u64;
        let is_no_worse = ends[2].0 <= ends[0].0 && ends[2].1 <= ends[0].1 + slack;
        assert!(is_no_worse, "{}", told(&both, &alone));
        less += u32::from(ends[0].1 < ends[1].1);
        if let Some(
            procedure @ (Procedure::AddLostEntries
            | Procedure::RestoreDataEverywhere
            | Procedure::ParallelEnvironment),
        ) = alone.1.procedure
        {
            *used.entry(procedure.name()).or_insert(0u32) += 1;
        }
        // From behind the deletion: in its place, and beside the others.
        let young = if noticed > 0 { noticed - 1 } else { 0 };
        let after = [("copy-young", young), ("copy-old", older)];
        for (with, without) in [(of(&after[..1]), of(&[])), (of(&after), old)] {
            assert!(with.1.class >= without.1.class, "{}", told(&with, &without));
        }
    }
    let counts = format!("{used:?}, {less} with more writes");
    println!("{counts}");
    assert!(used.len() == 3 && used.values().all(|count| *count >= 12), "{counts}");
    assert!(used.values().sum::<u32>() >= 60 && less >= 30, "{counts}");
}
