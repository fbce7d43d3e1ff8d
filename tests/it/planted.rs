//! Wrong mechanisms on purpose: the suite must notice every one of them.

use std::fmt::Write as _;

use simulator::replay::{self, Drill, Player};
use simulator::world::planted::Mutation;
use simulator::world::{Timing, World};

use crate::conflicts::check_conflicts;
use crate::exports::check_exports;
use crate::fidelity::{laws, recordings};
use crate::measurements::{check_backoff, check_contention, check_tail, check_yield};

/// The first difference of a drill that is played with a mistake.
fn difference(drill: &Drill, mutation: Mutation) -> Option<String> {
    let mut world = World::new(Timing::default(), 0);
    world.plant(mutation);
    let mut player = Player::new(drill, world, 0);
    player.play().expect("a playable drill");
    let differences = replay::compare(drill, &[player.observed()]);
    differences.first().map(|difference| format!("{}: {difference}", drill.name))
}

/// What notices a mistake.
fn notice(mutation: Mutation, drills: &[Drill]) -> Option<String> {
    let plant = |world: &mut World| world.plant(mutation);
    drills
        .iter()
        .find_map(|drill| difference(drill, mutation))
        .or_else(|| check_conflicts(plant).err().map(|error| format!("drill i: {error}")))
        .or_else(|| check_backoff(plant).err().map(|error| format!("drill f: {error}")))
        .or_else(|| check_contention(plant).err().map(|error| format!("drill g: {error}")))
        .or_else(|| check_yield(plant).err().map(|error| format!("release timeout: {error}")))
        .or_else(|| check_tail(plant).err().map(|error| format!("drill a: {error}")))
        .or_else(|| check_exports(plant).err().map(|error| format!("drill k: {error}")))
}

#[test]
fn every_planted_mistake_is_noticed() {
    let drills = laws();
    let more: Vec<Drill> =
        recordings().into_iter().filter(|drill| drill.is_deterministic).collect();
    let mut table = String::new();
    let mut missed = Vec::new();
    for mutation in Mutation::ALL {
        // Our own recordings suffice on a machine without the others.
        let noticed = notice(mutation, &drills);
        let real = more.iter().find(|drill| difference(drill, mutation).is_some());
        let real = real.map_or("-", |drill| drill.name.as_str());
        let by = noticed.clone().unwrap_or_else(|| "NOT NOTICED".to_owned());
        let _ = writeln!(table, "{mutation:?} | {real} | {by}");
        if noticed.is_none() {
            missed.push(mutation);
        }
    }
    println!(
        "mistake | first recording of real servers that differs | first law that differs\n{table}"
    );
    assert!(missed.is_empty(), "not noticed: {missed:?}");
    assert!(Mutation::ALL.len() >= 15);
}
