//! How changes that were made apart meet: `conflicts.json`, drill i.

use std::collections::{BTreeMap, BTreeSet};

use quickcheck::{Arbitrary, Gen, QuickCheck};
use serde_json::Value;
use simulator::kernel::time::Span;
use simulator::world::tree::{EntryId, Modification, NewEntry, Operation, ROOT};
use simulator::world::{ReplicaIndex, World};
use tests::reference;

use crate::fidelity::{skipped, text};
use crate::measurements::deployment;

const SUFFIX: &str = "dc=example,dc=test";

/// Entries by name with their attributes.
type State = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

struct Script {
    world: World,
}

impl Script {
    fn add(
        &mut self,
        on: ReplicaIndex,
        parent: EntryId,
        name: &str,
        classes: &[&str],
        more: &[(&str, &str)],
    ) -> EntryId {
        let (attribute, value) = name.split_once('=').expect("a relative name");
        let mut attributes = vec![("objectClass".to_owned(), "top".to_owned())];
        attributes
            .extend(classes.iter().map(|class| ("objectClass".to_owned(), (*class).to_owned())));
        attributes.push((attribute.to_owned(), value.to_owned()));
        attributes
            .extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let entry = NewEntry { parent, name: name.to_owned(), group: None, attributes };
        self.write(on, Operation::Add(entry))
    }

    fn change(
        &mut self,
        on: ReplicaIndex,
        entry: EntryId,
        attribute: &str,
        modification: Modification,
    ) {
        let attribute = attribute.to_owned();
        self.write(on, Operation::Modify { entry, attribute, modification });
    }

    fn write(&mut self, on: ReplicaIndex, operation: Operation) -> EntryId {
        let csn = self.world.write(on, operation).expect("a running server");
        self.world.run_for(Span::from_millis(20));
        EntryId(csn)
    }

    fn state(&self, of: ReplicaIndex) -> State {
        let tree = &self.world.database(of).expect("data").tree;
        tree.living()
            .map(|(id, _)| {
                (anonymous(&format!("{},{SUFFIX}", tree.path(id))), tree.shown(id, SUFFIX))
            })
            .collect()
    }
}

/// The identity in the name of a conflict is random.
fn anonymous(name: &str) -> String {
    match name.split_once('+') {
        Some((id, rest)) if id.starts_with("nsuniqueid=") => format!("nsuniqueid=?+{rest}"),
        _ => name.to_owned(),
    }
}

fn recorded(value: &Value) -> State {
    let entries = value.as_object().expect("entries").iter();
    entries
        .map(|(name, attributes)| {
            let attributes = attributes.as_object().expect("attributes").iter();
            let attributes = attributes.map(|(name, values)| {
                let values = values.as_array().expect("values").iter();
                (name.clone(), values.map(|v| v.as_str().expect("text").to_owned()).collect())
            });
            (anonymous(name), attributes.collect())
        })
        .collect()
}

/// Drill i in the model: both servers' states.
fn played(plant: impl FnOnce(&mut World)) -> [State; 2] {
    let (world, servers) = deployment(2, &[(0, 1)], 1, plant);
    let [s1, s2] = [servers[0], servers[1]];
    let mut script = Script { world };
    let account = ["account", "extensibleObject"];
    let base = [("description", "base")];
    let w = script.add(s1, ROOT, "ou=w", &["organizationalUnit"], &[]);
    let lww = script.add(s1, w, "uid=lww", &account, &base);
    let modadd = script.add(s1, w, "uid=modadd", &account, &base);
    script.add(s1, w, "uid=parent", &account, &base);
    let delmod = script.add(s1, w, "uid=delmod", &account, &base);
    let container = script.add(s1, w, "ou=box", &["organizationalUnit"], &[]);
    script.world.run_for(Span::from_seconds(10));
    let hosts = [s1, s2].map(|replica| script.world.server_of(replica));
    script.world.set_reachable(hosts[0], hosts[1], false);
    let value = |text: &str| Modification::Replace(text.to_owned());
    let more = |text: &str| Modification::Add(text.to_owned());
    script.change(s1, lww, "description", value("from s1"));
    script.change(s1, modadd, "seeAlso", more("uid=a"));
    script.write(s1, Operation::Delete(delmod));
    script.write(s1, Operation::Delete(container));
    script.add(s1, w, "uid=dup", &["account"], &[("description", "dup s1")]);
    script.change(s2, lww, "description", value("from s2 later"));
    script.change(s2, modadd, "seeAlso", more("uid=b"));
    script.change(s2, delmod, "description", value("changed later"));
    script.add(s2, container, "uid=child", &["account"], &[]);
    script.add(s2, w, "uid=dup", &["account"], &[("description", "dup s2")]);
    script.world.set_reachable(hosts[0], hosts[1], true);
    script.world.run_for(Span::from_seconds(400));
    [s1, s2].map(|server| script.state(server))
}

/// What the recording of drill i says of both servers; the same in its three repetitions.
const EXPECTED: &str = r#"{
    "ou=w,dc=example,dc=test": {"objectClass": ["top", "organizationalUnit"], "ou": ["w"]},
    "uid=lww,ou=w,dc=example,dc=test": {"description": ["from s2 later"],
        "objectClass": ["top", "account", "extensibleObject"], "uid": ["lww"]},
    "uid=modadd,ou=w,dc=example,dc=test": {"seeAlso": ["uid=a", "uid=b"],
        "objectClass": ["top", "account", "extensibleObject"], "uid": ["modadd"],
        "description": ["base"]},
    "uid=parent,ou=w,dc=example,dc=test": {"objectClass": ["top", "account", "extensibleObject"],
        "uid": ["parent"], "description": ["base"]},
    "ou=box,ou=w,dc=example,dc=test": {
        "objectClass": ["top", "organizationalUnit", "extensibleobject", "glue"],
        "ou": ["box"], "nsds5ReplConflict": ["deletedEntryHasChildren"]},
    "uid=dup,ou=w,dc=example,dc=test": {"objectClass": ["top", "account"], "uid": ["dup"],
        "description": ["dup s1"]},
    "uid=child,ou=box,ou=w,dc=example,dc=test": {"objectClass": ["top", "account"],
        "uid": ["child"]},
    "nsuniqueid=?+uid=dup,ou=w,dc=example,dc=test": {
        "objectClass": ["top", "account", "ldapsubentry"], "uid": ["dup"],
        "description": ["dup s2"],
        "nsds5ReplConflict": ["namingConflict (ADD) uid=dup,ou=w,dc=example,dc=test"]}
}"#;

/// The law of drill i.
pub(crate) fn check_conflicts(plant: impl FnOnce(&mut World)) -> Result<(), String> {
    let expected = recorded(&serde_json::from_str(EXPECTED).expect("JSON"));
    for (server, state) in ["s1", "s2"].into_iter().zip(played(plant)) {
        for name in state.keys().chain(expected.keys()) {
            if state.get(name) != expected.get(name) {
                return Err(format!(
                    "{server}: {name} is {:?}, not {:?}",
                    state.get(name),
                    expected.get(name)
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn changes_made_apart_meet_as_on_real_servers() {
    check_conflicts(|_| {}).expect("the law of drill i");
    let Some(reference) = reference() else {
        return skipped();
    };
    let text = text(&reference.join("fidelity/conflicts.json"));
    let recordings: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let [s1, s2] = played(|_| {});
    for recording in &recordings {
        assert_eq!(recorded(&recording["state"]["s1"]), s1);
        assert_eq!(recorded(&recording["state"]["s2"]), s2);
    }
    assert_eq!(recordings.len(), 3);
}

/// Something done on one of three servers; cuts and heals come in between.
#[derive(Clone, Copy, Debug)]
struct Step {
    server: usize,
    what: u8,
    which: usize,
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        Self {
            server: usize::arbitrary(g) % 3,
            what: u8::arbitrary(g) % 8,
            which: usize::arbitrary(g) % 5,
        }
    }
}

fn converges(steps: Vec<Step>) -> bool {
    let segments = [(0, 1), (1, 2), (2, 0)];
    let (world, servers) = deployment(3, &segments, steps.len() as u64, |_| {});
    let mut script = Script { world };
    for step in steps {
        let on = servers[step.server];
        let next = servers[(step.server + 1) % 3];
        let hosts = [on, next].map(|replica| script.world.server_of(replica));
        let tree = &script.world.database(on).expect("data").tree;
        let entry = tree.living().nth(step.which).map(|(id, _)| id);
        match (step.what, entry) {
            (0 | 1, _) => {
                let parent = entry.filter(|_| step.what == 1).unwrap_or(ROOT);
                script.add(on, parent, &format!("uid={}", step.which), &[], &[]);
            }
            (2, Some(entry)) => {
                let value = Modification::Replace(format!("{}", step.server));
                script.change(on, entry, "description", value);
            }
            (3, Some(entry)) => {
                script.change(on, entry, "mail", Modification::Add(format!("{}", step.server)));
            }
            (4, Some(entry)) => {
                script.write(on, Operation::Delete(entry));
            }
            (5, _) => script.world.set_reachable(hosts[0], hosts[1], false),
            (6, _) => script.world.set_reachable(hosts[0], hosts[1], true),
            _ => script.world.run_for(Span::from_seconds(2)),
        }
    }
    for (left, right) in segments {
        let hosts = [servers[left], servers[right]].map(|server| script.world.server_of(server));
        script.world.set_reachable(hosts[0], hosts[1], true);
    }
    script.world.run_for(Span::from_seconds(900));
    let states: Vec<State> = servers.iter().map(|server| script.state(*server)).collect();
    states.iter().all(|state| *state == states[0])
}

#[test]
fn servers_converge_whatever_was_done_in_whatever_cuts() {
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(100, 2026))
        .tests(150)
        .quickcheck(converges as fn(Vec<Step>) -> bool);
}
