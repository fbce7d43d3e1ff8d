//! What the recorder sees of a world, in the recordings' shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::world::tree::{Entry, EntryId};
use crate::world::{ReplicaIndex, Status, World};

/// Names of the servers with their replicas.
pub(super) type Names = Vec<(String, ReplicaIndex)>;

/// The same, borrowed.
type Named = [(String, ReplicaIndex)];

/// The running servers.
pub(super) fn live(world: &World, names: &Named) -> Names {
    let runs = |(_, replica): &&(String, ReplicaIndex)| world.runs(world.server_of(*replica));
    names.iter().filter(runs).cloned().collect()
}

/// Entries of each group on each running server.
pub(super) fn present(world: &World, live: &Named, groups: &[String]) -> Value {
    let mut present = Map::new();
    for group in groups {
        let counts = live.iter().map(|(name, replica)| {
            let parts = group.split('+');
            (name.clone(), json!(parts.map(|part| world.count(*replica, part)).sum::<usize>()))
        });
        present.insert(group.clone(), Value::Object(counts.collect()));
    }
    Value::Object(present)
}

/// How many entries of each modified group have which value of the attribute that was modified, on
/// each running server.
pub(super) fn values(world: &World, live: &Named, groups: &BTreeMap<String, String>) -> Value {
    let mut values = Map::new();
    for (group, attribute) in groups {
        let mut servers = Map::new();
        for (name, replica) in live {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            let Some(database) = world.database(*replica) else { continue };
            for (_, entry) in database.tree.group(group) {
                let value: Vec<_> = entry.values(attribute).collect();
                *counts.entry(value.join(",")).or_default() += 1;
            }
            servers.insert(name.clone(), json!(counts));
        }
        values.insert(group.clone(), Value::Object(servers));
    }
    Value::Object(values)
}

/// The running servers grouped by generation. A server without data is alone.
pub(super) fn generations(world: &World, live: &Named) -> Vec<Vec<String>> {
    let mut groups: Vec<(Option<_>, Vec<String>)> = Vec::new();
    for (name, replica) in live {
        let generation = world.generation(*replica);
        let known = groups.iter_mut().find(|(of, _)| of.is_some() && *of == generation);
        match known {
            Some((_, names)) => names.push(name.clone()),
            None => groups.push((generation, vec![name.clone()])),
        }
    }
    groups.into_iter().map(|(_, names)| names).collect()
}

/// Error numbers of the agreements on running servers.
pub(super) fn agreement_errors(world: &World, names: &Named) -> Value {
    let rows = agreements(world, names);
    Value::Object(rows.map(|(key, status, _)| (key, json!(status.error()))).collect())
}

/// Error classes of the agreements on running servers.
pub(super) fn agreement_classes(world: &World, names: &Named) -> Value {
    let rows = agreements(world, names);
    let class = |status: Status, on: bool| if on { status.class() } else { "disabled" };
    Value::Object(rows.map(|(key, status, on)| (key, json!(class(status, on)))).collect())
}

/// The disabled agreements on running servers.
pub(super) fn disabled(world: &World, names: &Named) -> Vec<String> {
    agreements(world, names).filter(|(_, _, on)| !on).map(|(key, _, _)| key).collect()
}

fn agreements(world: &World, names: &Named) -> impl Iterator<Item = (String, Status, bool)> {
    let name = |replica: ReplicaIndex| {
        let found = names.iter().find(|(_, known)| *known == replica);
        found.map_or("?", |(name, _)| name.as_str())
    };
    let mut rows: Vec<_> = world
        .agreements()
        .map(|index| {
            let (supplier, consumer) = world.ends(index);
            let key = format!("{}->{}", name(supplier), name(consumer));
            (key, world.status(index), world.is_enabled(index))
        })
        .collect();
    rows.sort();
    rows.into_iter()
}

/// Replica ids in the vector of each running server that has one.
pub(super) fn replica_ids(world: &World, live: &Named) -> Value {
    let rows = live.iter().filter_map(|(name, replica)| {
        let ids: Vec<u16> = world.ruv(*replica)?.replicas().map(|id| id.0).collect();
        Some((name.clone(), json!(ids)))
    });
    Value::Object(rows.collect())
}

/// Everything that a look gives.
pub(super) fn look(
    world: &World,
    names: &Named,
    groups: &[String],
    modified: &BTreeMap<String, String>,
) -> Map<String, Value> {
    let live = live(world, names);
    let generations = generations(world, &live);
    let mut look = Map::new();
    let servers: Vec<_> = live.iter().map(|(name, _)| name.clone()).collect();
    look.insert("live".to_owned(), json!(servers));
    look.insert("present".to_owned(), present(world, &live, groups));
    look.insert("generation_equal".to_owned(), json!(generations.len() <= 1));
    look.insert("generations".to_owned(), json!(generations));
    look.insert("agreement_error".to_owned(), agreement_errors(world, names));
    look.insert("replica_ids_in_ruv".to_owned(), replica_ids(world, &live));
    let disabled = disabled(world, names);
    if !disabled.is_empty() {
        look.insert("disabled_agreements".to_owned(), json!(disabled));
    }
    if !modified.is_empty() {
        look.insert("values".to_owned(), values(world, &live, modified));
    }
    look
}

/// Whether two servers show clients the same entries with the same values.
pub(super) fn is_same(world: &World, one: ReplicaIndex, other: ReplicaIndex) -> bool {
    let rows = |replica| world.database(replica).into_iter().flat_map(|data| data.tree.living());
    let same = |((id, entry), (other_id, other)): (Row<'_>, Row<'_>)| {
        id == other_id && entry.has_values_of(other)
    };
    let mut others = rows(other);
    let all = rows(one).all(|row| others.next().is_some_and(|other| same((row, other))));
    all && others.next().is_none()
}

type Row<'a> = (EntryId, &'a Entry);

/// Number of entries that the first server shows and the second does not.
pub(super) fn only_on(world: &World, first: ReplicaIndex, second: ReplicaIndex) -> usize {
    let rows = world.database(first).into_iter().flat_map(|data| data.tree.living());
    rows.filter(|(id, _)| !world.has(second, *id)).count()
}
