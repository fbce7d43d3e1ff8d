//! The player against any list of actions, and against broken recordings.

use quickcheck::{Arbitrary, Gen, QuickCheck};
use serde_json::{Value, json};
use simulator::replay::{self, Drill};

use crate::fidelity::laws;

/// A recording of three to five servers with any actions.
#[derive(Clone, Debug)]
struct Any {
    servers: Vec<String>,
    segments: Vec<(usize, usize)>,
    actions: Vec<Value>,
    seed: u64,
}

const GROUPS: [&str; 3] = ["a", "b", "c"];

const KINDS: [&str; 9] = [
    "cold_copy",
    "database_backup_online",
    "database_backup_offline",
    "ldif_with_ruv_online",
    "ldif_with_ruv_offline",
    "ldif_ruv_removed_online",
    "ldif_ruv_removed_offline",
    "ldif_without_replication_data_online",
    "ldif_without_replication_data_offline",
];

/// An action that loses nothing for good.
fn harmless(g: &mut Gen, servers: &[String]) -> Value {
    let [one, other] = two(g, servers);
    let group = g.choose(&GROUPS).copied().unwrap_or("a");
    match u8::arbitrary(g) % 12 {
        0 | 1 => json!({"do": "write", "on": one, "group": group, "count": u8::arbitrary(g) % 20,
            "rate_per_s": 50}),
        2 => json!({"do": "disable_agreements", "of": [one]}),
        3 => json!({"do": "enable_agreements", "of": [one, other]}),
        4 => json!({"do": "disable_agreements_to", "server": one}),
        5 => json!({"do": "enable_agreements_to", "server": one}),
        6 => json!({"do": "kill", "server": one}),
        7 => json!({"do": "stop", "server": one}),
        8 => json!({"do": "start", "server": one}),
        9 => json!({"do": "remove_segment", "between": [one, other]}),
        10 => json!({"do": "add_segment", "between": [one, other]}),
        _ => json!({"do": "wait", "seconds": u8::arbitrary(g) % 40}),
    }
}

/// Any action.
fn any(g: &mut Gen, servers: &[String]) -> Value {
    let [one, other] = two(g, servers);
    let group = g.choose(&GROUPS).copied().unwrap_or("a");
    match u8::arbitrary(g) % 20 {
        0 => json!({"do": "delete", "on": one, "group": group}),
        1 => json!({"do": "modify", "on": one, "group": group, "value": other}),
        2..=4 => json!({"do": "restore", "on": one, "from": one, "kind": g.choose(&KINDS),
            "isolated": bool::arbitrary(g)}),
        5 | 6 => json!({"do": "reinitialize", "target": one, "source": other,
            "background": bool::arbitrary(g)}),
        7 => json!({"do": "remove_server", "server": one}),
        8 => json!({"do": "settings", "of": [one], "changelog_max_age_s": u8::arbitrary(g),
            "changelog_trim_interval_s": u8::arbitrary(g) % 10}),
        9 => json!({"do": "write_all", "servers": servers, "rate_per_s": 20, "seconds": 1}),
        10 => json!({"do": "copy", "of": one, "name": one}),
        11 => json!({"do": "observe"}),
        12 => json!({"do": "wait_converged", "timeout_s": 5}),
        _ => harmless(g, servers),
    }
}

/// Two different servers.
fn two(g: &mut Gen, servers: &[String]) -> [String; 2] {
    let one = usize::arbitrary(g) % servers.len();
    let other = (one + 1 + usize::arbitrary(g) % (servers.len() - 1)) % servers.len();
    [servers[one].clone(), servers[other].clone()]
}

impl Any {
    fn with(g: &mut Gen, action: fn(&mut Gen, &[String]) -> Value) -> Self {
        let count = 3 + usize::arbitrary(g) % 3;
        let servers: Vec<String> = (1..=count).map(|number| format!("s{number}")).collect();
        let mut segments: Vec<_> =
            (1..count).map(|server| (usize::arbitrary(g) % server, server)).collect();
        if bool::arbitrary(g) && !segments.contains(&(0, count - 1)) {
            segments.push((0, count - 1));
        }
        // Every restore has a copy.
        let mut actions: Vec<Value> = servers
            .iter()
            .map(|server| json!({"do": "copy", "of": server, "name": server}))
            .collect();
        actions.extend((0..14).map(|_| action(g, &servers)));
        Self { servers, segments, actions, seed: u64::arbitrary(g) }
    }

    fn drill(&self) -> Drill {
        let segments: Vec<_> = self
            .segments
            .iter()
            .map(|(left, right)| [&self.servers[*left], &self.servers[*right]])
            .collect();
        let value = json!({
            "name": "any", "actions": self.actions,
            "topology": {"servers": self.servers, "segments": segments},
        });
        let drills = replay::read(&value.to_string());
        drills.unwrap_or_else(|error| panic!("{error}")).remove(0)
    }
}

/// How many entries of a group were acknowledged.
fn written(observed: &Value, group: &str) -> u64 {
    observed["written"][group].as_u64().unwrap_or(0)
}

/// Nothing is on a server that was not written, and playing ends.
fn nothing_comes_from_nowhere(any: Any) -> bool {
    let drill = any.drill();
    let observed = replay::play(&drill, any.seed).expect("copies of all");
    if drill.actions.iter().any(|action| matches!(action, replay::Action::WriteAll { .. })) {
        return observed == replay::play(&drill, any.seed).expect("copies of all");
    }
    let mut counts = observed["present"].as_object().into_iter().flatten();
    counts.all(|(group, servers)| {
        let mut servers = servers.as_object().into_iter().flatten();
        servers.all(|(_, count)| count.as_u64() <= Some(written(&observed, group)))
    })
}

#[test]
fn any_actions_are_played_and_make_nothing_up() {
    #[derive(Clone, Debug)]
    struct Wild(Any);
    impl Arbitrary for Wild {
        fn arbitrary(g: &mut Gen) -> Self {
            Self(Any::with(g, any))
        }
    }
    let law = |wild: Wild| nothing_comes_from_nowhere(wild.0);
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 2026))
        .tests(200)
        .quickcheck(law as fn(Wild) -> bool);
}

/// What cuts, stops and kills without taking a disk loses nothing: healed, every server has all.
fn nothing_is_lost(mut any: Any) -> bool {
    let all = json!(any.servers);
    for server in &any.servers {
        any.actions.push(json!({"do": "start", "server": server}));
    }
    for (left, right) in &any.segments {
        let between = [&any.servers[*left], &any.servers[*right]];
        any.actions.push(json!({"do": "add_segment", "between": between}));
    }
    any.actions.push(json!({"do": "enable_agreements", "of": all}));
    any.actions.push(json!({"do": "wait", "seconds": 600}));
    let observed = replay::play(&any.drill(), any.seed).expect("copies of all");
    let mut counts = observed["present"].as_object().into_iter().flatten();
    counts.all(|(group, servers)| {
        let mut servers = servers.as_object().into_iter().flatten();
        servers.all(|(_, count)| count.as_u64() == Some(written(&observed, group)))
    })
}

#[test]
fn actions_that_take_no_data_lose_none() {
    #[derive(Clone, Debug)]
    struct Mild(Any);
    impl Arbitrary for Mild {
        fn arbitrary(g: &mut Gen) -> Self {
            Self(Any::with(g, harmless))
        }
    }
    let law = |mild: Mild| nothing_is_lost(mild.0);
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 2026))
        .tests(100)
        .quickcheck(law as fn(Mild) -> bool);
}

/// Values that stand where others belong.
fn wrong(g: &mut Gen) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("s1"),
        json!([]),
        json!(["s1", "s9"]),
        json!({}),
        json!({"do": 1}),
    ];
    g.choose(&values).cloned().unwrap_or_default()
}

/// Breaks a value somewhere.
fn break_up(g: &mut Gen, value: &mut Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let place = usize::arbitrary(g) % map.len();
            let Some(key) = map.keys().nth(place).cloned() else { return };
            match u8::arbitrary(g) % 4 {
                0 => drop(map.shift_remove(&key)),
                1 => drop(map.insert(key, wrong(g))),
                _ => break_up(g, &mut map[&key]),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let place = usize::arbitrary(g) % list.len();
            match u8::arbitrary(g) % 5 {
                0 => drop(list.remove(place)),
                1 => list[place] = wrong(g),
                2 => list.swap(0, place),
                _ => break_up(g, &mut list[place]),
            }
        }
        value => *value = wrong(g),
    }
}

/// A recording that was broken in some places.
#[derive(Clone, Debug)]
struct Broken(String);

impl Arbitrary for Broken {
    fn arbitrary(g: &mut Gen) -> Self {
        let text = include_str!("../fixtures/recordings/variations.json");
        let all: Vec<Value> = serde_json::from_str(text).expect("JSON");
        let mut one = g.choose(&all).cloned().unwrap_or_default();
        for _ in 0..=u8::arbitrary(g) % 3 {
            break_up(g, &mut one);
        }
        Self(json!([one]).to_string())
    }
}

/// A broken recording is played, or refused with a place that is in it.
fn refused_with_a_place(broken: Broken) -> bool {
    let value: Value = serde_json::from_str(&broken.0).expect("JSON");
    let is_there = |pointer: &str| value.pointer(pointer).is_some();
    let Ok(drills) = replay::read_each(&broken.0) else { return false };
    drills.into_iter().all(|drill| {
        let played = drill.and_then(|drill| {
            let observed = replay::play(&drill, 0)?;
            replay::compare(&drill, &[observed]);
            Ok(())
        });
        played.map_or_else(|error| is_there(&error.pointer), |()| true)
    })
}

#[test]
fn broken_recordings_are_refused_with_a_place() {
    assert!(laws().len() >= 50);
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 2026))
        .tests(400)
        .quickcheck(refused_with_a_place as fn(Broken) -> bool);
}
