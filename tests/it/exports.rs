//! Copies that are made while a server runs: an online export is of no single moment, a cold copy
//! of one (`fidelity.md`, table k), and what a drill makes of either.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use audit_core::import::Imported;
use audit_core::model::Suffix;
use audit_core::recovery::OutcomeClass::{BoundedLoss, PartialLoss};
use audit_core::recovery::{Case, Procedure};
use quickcheck::{Arbitrary, Gen};
use serde_json::{Value, json};
use simulator::drill::{Assumptions, Drill, Drilled};
use simulator::kernel::time::{Span, Time};
use simulator::world::copies::{Copy, RestoreKind, Service};
use simulator::world::export::{Export, SLICES, slice_of_write};
use simulator::world::load::Ranges;
use simulator::world::planted::Mutation;
use simulator::world::tree::{EntryId, NewEntry, Operation, ROOT, Tree};
use simulator::world::{ReplicaIndex, Status, Timing, World};

const PEOPLE: &str = "people";

/// What a search shows of an entry; `None` if it is not found.
type Shown = Option<BTreeMap<String, BTreeSet<String>>>;

fn shown(tree: &Tree, id: EntryId) -> Shown {
    tree.has(id).then(|| tree.shown(id, "dc=example,dc=test"))
}

/// Servers in a ring with this many entries, for a minute in service.
struct Lab {
    world: World,
    replicas: Vec<ReplicaIndex>,
    /// Every state of every entry on the first server, from when on.
    history: BTreeMap<EntryId, Vec<(Time, Shown)>>,
    seen: u64,
}

impl Lab {
    fn new(servers: usize, entries: usize, seed: u64, plant: impl FnOnce(&mut World)) -> Self {
        let mut world = World::new(Timing::default(), seed);
        plant(&mut world);
        let replicas: Vec<ReplicaIndex> = (0..servers)
            .map(|number| {
                let server = world.add_server(&format!("s{number}"));
                world.add_replica(server, Suffix::Domain)
            })
            .collect();
        let entry = |number| {
            Operation::Add(NewEntry {
                parent: ROOT,
                name: format!("uid={number}"),
                group: Some(Arc::from(PEOPLE)),
                attributes: vec![("mail".to_owned(), "0".to_owned())],
            })
        };
        world.initialize_with(Suffix::Domain, (0..entries).map(entry).collect());
        for (at, replica) in replicas.iter().enumerate() {
            let next = replicas[(at + 1) % servers];
            if next != *replica && world.find_agreement(*replica, next).is_none() {
                world.connect(*replica, next);
            }
        }
        world.start_all();
        world.run_for(Span::from_seconds(60));
        Self { world, replicas, history: BTreeMap::new(), seen: 0 }
    }

    fn first(&self) -> ReplicaIndex {
        self.replicas[0]
    }

    fn tree(&self) -> &Tree {
        &self.world.database(self.first()).expect("data").tree
    }

    /// Takes down what the first server has now.
    fn look(&mut self) {
        let (now, content) = (self.world.now(), self.tree().content());
        if self.seen == content {
            return;
        }
        self.seen = content;
        let mut ids: BTreeSet<EntryId> = self.history.keys().copied().collect();
        ids.extend(self.world.entry_ids(self.first(), PEOPLE));
        for id in ids {
            let state = shown(self.tree(), id);
            let states = self.history.entry(id).or_default();
            if states.last().is_none_or(|(_, last)| *last != state) {
                states.push((now, state));
            }
        }
    }

    /// Lets time pass and takes down every change on the first server.
    fn pass_until(&mut self, time: Time) {
        while self.world.step(time) {
            self.look();
        }
        self.world.run_until(time);
        self.look();
    }

    fn held(&self) -> Vec<Ranges> {
        let of = |origin: &ReplicaIndex| self.world.held_ranges(self.first(), *origin);
        self.replicas.iter().map(of).collect()
    }

    /// Whether the first server had this state of an entry at some time between two.
    fn had(&self, id: EntryId, state: &Shown, from: Time, until: Time) -> bool {
        let states = self.history.get(&id).map_or(&[][..], Vec::as_slice);
        let at_first = states.iter().rev().find(|(at, _)| *at <= from);
        let then = states.iter().filter(|(at, _)| *at > from && *at <= until);
        let absent = at_first.is_none().then_some(&None);
        let mut all = absent.into_iter().chain(at_first.into_iter().chain(then).map(|(_, s)| s));
        all.any(|known| known == state)
    }

    /// One random change on one random server.
    fn write(&mut self, g: &mut Gen, number: u64) {
        let on = *g.choose(&self.replicas).expect("a server");
        let some = g.choose(&self.world.entry_ids(on, PEOPLE)).copied();
        let done = match (u8::arbitrary(g) % 8, some) {
            (0, Some(entry)) => self.world.write(on, Operation::Delete(entry)).map(|_| ()),
            (1, _) => self.world.write_entry(on, PEOPLE).map(|_| ()),
            (_, Some(entry)) => {
                self.world.replace(on, entry, "mail", &number.to_string()).map(|_| ())
            }
            _ => Ok(()),
        };
        done.expect("a running server");
        self.look();
    }
}

/// What was seen of one export.
struct Seen {
    copy: Copy,
    begun: Time,
    until: Time,
    /// What the first server held of every origin's load in every slice.
    held: Vec<Vec<Ranges>>,
    /// The entries of the begin, in the order of the walk.
    order: Vec<EntryId>,
}

/// Exports the first server while it and the others are written to.
fn export(lab: &mut Lab, g: &mut Gen, took: Span, writes: u64) -> Result<Seen, String> {
    let begun = lab.world.now() + Span::from_seconds(1);
    let until = begun + took;
    let within = took.millis() + 2000;
    let mut due: Vec<Time> = (0..writes)
        .map(|_| lab.world.now() + Span::from_millis(u64::arbitrary(g) % within))
        .collect();
    due.sort();
    let mut due = due.into_iter().peekable();
    let mut number = 0;
    let mut go = |lab: &mut Lab, g: &mut Gen, time: Time| {
        while let Some(at) = due.next_if(|at| *at <= time) {
            lab.pass_until(at);
            number += 1;
            lab.write(g, number);
        }
        lab.pass_until(time);
    };
    go(lab, g, begun);
    let order = lab.world.entry_ids(lab.first(), PEOPLE);
    let server = lab.world.server_of(lab.first());
    let mut export = lab.world.begin_export(server, took).ok_or("a running server")?;
    let mut held = vec![lab.held()];
    while let Some(at) = export.due() {
        go(lab, g, at);
        held.push(lab.held());
        if !lab.world.read_export(&mut export, Time::ZERO) {
            return Err("the export died".to_owned());
        }
    }
    if held.len() as u64 != SLICES || lab.world.now() != until {
        return Err(format!("{} slices until {}, not {until}", held.len(), lab.world.now()));
    }
    go(lab, g, until + Span::from_seconds(1));
    let copy = export.finish().ok_or("it is complete")?;
    Ok(Seen { copy, begun, until, held, order })
}

/// What of one export is of no single moment: tracked entries, and load writes.
#[derive(Default)]
struct Fuzzy {
    entries: bool,
    load: bool,
}

/// The law of one export.
fn check_export(lab: &Lab, seen: &Seen) -> Result<Fuzzy, String> {
    let Seen { copy, begun, until, held, order } = seen;
    let (begun, until) = (*begun, *until);
    let took = until.since(begun).millis();
    let data = copy.data(lab.first()).ok_or("data")?;
    if (copy.taken_at, copy.read_until) != (begun, until) {
        return Err(format!("it is of {} to {}", copy.taken_at, copy.read_until));
    }
    for id in lab.history.keys() {
        let state = shown(&data.tree, *id);
        // Deleted before the begin: nowhere in the order, and found nowhere since.
        let (from, to) = match order.binary_search(id) {
            Ok(rank) => {
                let place = |rank: usize| took * rank as u64 / order.len() as u64;
                let (least, most) = (place(rank), place(rank + 1));
                let slack = took.div_ceil(SLICES) + 1;
                (least.saturating_sub(slack), (most + slack).min(took))
            }
            Err(_) => (took, took),
        };
        let at = |millis: u64| begun + Span::from_millis(millis);
        if !lab.had(*id, &state, at(from), at(to)) {
            return Err(format!(
                "{} is {state:?}, which it was at no time from {} to {}: {:?}",
                id.0,
                at(from),
                at(to),
                lab.history[id]
            ));
        }
    }
    let mut fuzzy = Fuzzy::default();
    // A change that is in while an earlier one is missing.
    let changed = |id: &EntryId| {
        let states = lab.history[id].iter().filter(|(at, _)| *at > begun && *at <= until);
        states.map(|(at, _)| *at).collect::<Vec<_>>()
    };
    let (mut first_missing, mut last_in) = (Time::MAX, Time::ZERO);
    for id in order {
        let state = shown(&data.tree, *id);
        for at in changed(id) {
            if lab.had(*id, &state, at, at) {
                last_in = last_in.max(at);
            } else {
                first_missing = first_missing.min(at);
            }
        }
    }
    fuzzy.entries = first_missing < last_in;
    for (place, origin) in lab.replicas.iter().enumerate() {
        let Some(load) = lab.world.load(*origin) else { continue };
        let id = lab.world.id(*origin);
        let written = data.held.get(&id).cloned().unwrap_or_default();
        let (first, last) = (&held[0][place], &held[held.len() - 1][place]);
        if !first.without(&written).is_empty() {
            return Err(format!("a write of {id} from before the begin is missing"));
        }
        if !written.without(last).is_empty() {
            return Err(format!("a write of {id} from behind the end is in"));
        }
        let (mut missing, mut is_in) = (Time::MAX, Time::ZERO);
        for range in last.without(first).iter() {
            for time in load.times(range) {
                let slice = usize::try_from(slice_of_write(id, time)).map_err(|e| e.to_string())?;
                let was_there = held[slice][place].contains(time);
                if was_there != written.contains(time) {
                    return Err(format!("the write of {id} at {time} is not as in its slice"));
                }
                if was_there {
                    is_in = is_in.max(time);
                } else {
                    missing = missing.min(time);
                }
            }
        }
        fuzzy.load |= missing < is_in;
    }
    Ok(fuzzy)
}

/// Random deployments, changes and durations: every entry of an export is as it was when the export
/// passed it.
pub(crate) fn check_exports(plant: impl Fn(&mut World)) -> Result<(), String> {
    let mut g = Gen::from_size_and_seed(30, 61);
    let rounds = 40;
    let (mut entries, mut load) = (0, 0);
    for seed in 0..rounds {
        let mut lab = Lab::new(1 + usize::arbitrary(&mut g) % 3, 120, seed, &plant);
        for replica in lab.replicas.clone() {
            let period = Span::from_millis(20 + u64::arbitrary(&mut g) % 400);
            lab.world.set_load(replica, period);
        }
        let took = Span::from_millis(500 + u64::arbitrary(&mut g) % 8000);
        let writes = 40 + u64::arbitrary(&mut g) % 80;
        let seen = export(&mut lab, &mut g, took, writes)?;
        let fuzzy = check_export(&lab, &seen).map_err(|error| format!("{seed}: {error}"))?;
        entries += u64::from(fuzzy.entries);
        load += u64::from(fuzzy.load);
    }
    if entries < rounds / 2 || load < rounds / 2 {
        return Err(format!("of {rounds} only {entries} and {load} are of no single moment"));
    }
    Ok(())
}

#[test]
fn an_entry_of_an_export_is_as_it_was_when_the_export_passed_it() {
    check_exports(|_| {}).expect("the law of drill k");
}

#[test]
fn an_export_that_is_a_point_would_be_noticed() {
    assert!(check_exports(|world| world.plant(Mutation::ExportIsAPoint)).is_err());
}

/// Where nothing changes, slices are read ahead, and the copy is the same.
#[test]
fn reading_ahead_changes_nothing() {
    let mut g = Gen::from_size_and_seed(30, 65);
    let mut looks = 0;
    for seed in 0..30 {
        let mut lab = Lab::new(3, 60, seed, |_| {});
        for replica in lab.replicas.clone() {
            let period = Span::from_millis(3000 + u64::arbitrary(&mut g) % 60_000);
            lab.world.set_load(replica, period);
        }
        lab.world.run_for(Span::from_minutes(3));
        let took = Span::from_millis(1000 + u64::arbitrary(&mut g) % 30_000);
        let server = lab.world.server_of(lab.first());
        let mut made = |ahead: bool| {
            let mut world = lab.world.clone();
            let until = world.now() + took;
            let mut export = world.begin_export(server, took).expect("it runs");
            while let Some(due) = export.due() {
                if !world.skip_to(due) {
                    world.run_until(due);
                }
                looks += u64::from(ahead);
                let then = if ahead { until } else { Time::ZERO };
                assert!(world.read_export(&mut export, then));
            }
            let copy = export.finish().expect("it is complete");
            let data = copy.data(lab.first()).expect("data");
            (data.held.clone(), data.tree.content(), copy.read_until)
        };
        assert_eq!(made(true), made(false), "{seed}");
    }
    assert!(looks < 30 * SLICES / 3, "{looks} looks");
}

/// A cold copy holds every acknowledged write until its server stops, and none since.
#[test]
fn a_cold_copy_is_of_one_moment() {
    let mut g = Gen::from_size_and_seed(30, 62);
    for seed in 0..20 {
        let mut lab = Lab::new(3, 60, seed, |_| {});
        for replica in lab.replicas.clone() {
            lab.world.set_load(replica, Span::from_millis(50 + seed));
        }
        for number in 0..60 {
            let next = lab.world.now() + Span::from_millis(u64::arbitrary(&mut g) % 100);
            lab.pass_until(next);
            lab.write(&mut g, number);
        }
        let server = lab.world.server_of(lab.first());
        lab.world.stop(server);
        // What had arrived of a session is on the disk.
        lab.look();
        let stopped = lab.world.now();
        let (held, own) = (lab.held(), lab.world.acknowledged(lab.first()).clone());
        let copy = lab.world.copy(server);
        let data = copy.data(lab.first()).expect("data");
        assert_eq!((copy.taken_at, copy.read_until), (stopped, stopped));
        for (id, states) in &lab.history {
            let state = shown(&data.tree, *id);
            assert!(lab.had(*id, &state, stopped, stopped), "{seed}: {state:?} {states:?}");
        }
        for (origin, held) in lab.replicas.iter().zip(&held) {
            let id = lab.world.id(*origin);
            assert_eq!(&data.held.get(&id).cloned().unwrap_or_default(), held);
        }
        let first = lab.world.id(lab.first());
        assert!(own.without(&data.held.get(&first).cloned().unwrap_or_default()).is_empty());
        // What the others write meanwhile is not in it.
        lab.world.run_for(Span::from_seconds(5));
        lab.world.start(server);
        lab.world.run_for(Span::from_seconds(60));
        let later = lab.held();
        let grew = later.iter().zip(&held).filter(|(later, held)| later != held).count();
        assert_eq!(grew, 3, "the server takes writes again");
    }
}

/// Table k: an entry at the begin of the file and one at its end, which are changed together, are
/// 142, 30 and 9 changes apart. Between reading the two passed 1.76, 0.47 and 0.46 s.
#[test]
fn two_entries_are_as_many_changes_apart_as_measured() {
    for (took, apart) in [(1760, 142), (470, 30), (460, 9)] {
        let mut lab = Lab::new(1, 2000, 3, |_| {});
        let ids = lab.world.entry_ids(lab.first(), PEOPLE);
        let ends = [ids[0], ids[ids.len() - 1]];
        let server = lab.world.server_of(lab.first());
        let start = lab.world.now();
        let mut export: Option<Export> = None;
        let mut changes = 0_u64;
        for millis in 0..took + 1000 {
            lab.world.run_until(start + Span::from_millis(millis));
            if millis * apart / took > changes {
                changes += 1;
                for entry in ends {
                    let value = changes.to_string();
                    lab.world.replace(lab.first(), entry, "mail", &value).expect("it runs");
                }
            }
            if millis == 300 {
                export = lab.world.begin_export(server, Span::from_millis(took));
            }
            if let Some(export) = &mut export {
                assert!(lab.world.read_export(export, Time::ZERO));
            }
        }
        let copy = export.expect("begun").finish().expect("it is complete");
        let tree = &copy.data(lab.first()).expect("data").tree;
        let [first, last] = ends.map(|entry| -> i64 {
            let values = shown(tree, entry).expect("an entry").remove("mail").expect("a value");
            values.first().expect("a value").parse().expect("a number")
        });
        assert!((last - first - i64::try_from(apart).expect("small")).abs() <= 1, "{first} {last}");
    }
}

/// What `ipa-restore` makes of an export: a new generation that knows nothing of any origin, with
/// the entries as the export has them; its neighbors refuse it.
#[test]
fn a_restored_export_is_refused_by_its_neighbors() {
    let mut g = Gen::from_size_and_seed(30, 63);
    let mut lab = Lab::new(2, 120, 5, |_| {});
    for replica in lab.replicas.clone() {
        lab.world.set_load(replica, Span::from_millis(70));
    }
    let seen = export(&mut lab, &mut g, Span::from_seconds(4), 80).expect("an export");
    let (first, other) = (lab.replicas[0], lab.replicas[1]);
    let server = lab.world.server_of(first);
    let before = lab.world.generation(first);
    lab.world.begin_restore(server, Service::Offline);
    lab.world.end_restore(&seen.copy, RestoreKind::LdifRuvRemoved, Service::Offline, false);
    assert_ne!(lab.world.generation(first), before);
    assert!(lab.world.ruv(first).expect("data").iter().next().is_none());
    let ids: Vec<EntryId> = lab.history.keys().copied().collect();
    let data = seen.copy.data(first).expect("data");
    assert!(ids.iter().all(|id| shown(lab.tree(), *id) == shown(&data.tree, *id)));
    lab.world.run_for(Span::from_minutes(10));
    for (from, to) in [(first, other), (other, first)] {
        let agreement = lab.world.find_agreement(from, to).expect("an agreement");
        assert_eq!(lab.world.status(agreement), Status::Generation);
    }
}

/// An export has entries and nothing else: asked for a server's files, it is imported with its
/// vector, and the agreements stay as they are. From the vector of the begin the neighbors send
/// what is missing.
#[test]
fn an_export_with_its_vector_catches_up() {
    let mut g = Gen::from_size_and_seed(30, 64);
    for kind in [RestoreKind::LdifWithRuv, RestoreKind::ColdCopy, RestoreKind::DatabaseBackup] {
        let mut lab = Lab::new(2, 120, 6, |_| {});
        let (first, other) = (lab.replicas[0], lab.replicas[1]);
        // The restored server's own keep-alive write would hide what it has lost of its own.
        lab.world.set_load(other, Span::from_millis(70));
        let seen = export(&mut lab, &mut g, Span::from_seconds(4), 0).expect("an export");
        let (server, before) = (lab.world.server_of(first), lab.world.generation(first));
        lab.world.begin_restore(server, Service::Offline);
        lab.world.end_restore(&seen.copy, kind, Service::Offline, false);
        assert_eq!(lab.world.generation(first), before);
        lab.world.stop_load(other);
        lab.world.run_for(Span::from_minutes(10));
        let all = lab.world.acknowledged(other).clone();
        assert!(all.without(&lab.world.held_ranges(first, other)).is_empty());
        let carries = lab.world.agreements().filter(|index| lab.world.joins(*index)).count();
        assert_eq!(carries, 2);
    }
}

/// A task ends with the process that it runs in.
#[test]
fn an_export_dies_with_its_server() {
    let mut lab = Lab::new(2, 50, 7, |_| {});
    let server = lab.world.server_of(lab.first());
    for starts_again in [false, true] {
        let mut export = lab.world.begin_export(server, Span::from_seconds(31)).expect("it runs");
        lab.world.run_for(Span::from_seconds(10));
        assert!(lab.world.read_export(&mut export, Time::ZERO));
        lab.world.kill(server);
        if starts_again {
            lab.world.start(server);
        }
        lab.world.run_for(Span::from_seconds(60));
        assert!(!lab.world.read_export(&mut export, Time::ZERO));
        assert!(export.finish().is_none());
        assert_eq!(lab.world.begin_export(server, Span::ZERO).is_some(), starts_again);
        lab.world.start(server);
    }
    // One that takes no time is of one moment.
    let mut export = lab.world.begin_export(server, Span::ZERO).expect("it runs");
    assert!(lab.world.read_export(&mut export, Time::ZERO));
    assert!(export.finish().is_some());
}

fn deployment(change: impl FnOnce(&mut Value)) -> Imported {
    let imported = tests::import(&tests::exports("copies-kept-well"));
    let text = audit_core::report::deployment_json::render(&imported.deployment);
    let mut model: Value = serde_json::from_str(&text).expect("JSON");
    model["evidence"] = Value::Null;
    for list in ["schedules", "backups", "snapshots"] {
        model[list] = json!([]);
    }
    change(&mut model);
    tests::import(&[("model.json", model.to_string())])
}

fn data_backup(id: &str, taken_at: &str) -> Value {
    json!({
        "id": id, "host": "ipa1.example.test", "kind": "data", "taken_at": taken_at,
        "roles": ["CA", "DNS", "HTTP", "KDC", "KRA"], "version": "4.12.2", "encrypted": false,
        "complete": true, "store": "vault", "key": null, "path": format!("/srv/{id}"),
    })
}

fn drill(imported: &Imported, case: &str, assume: &str, seed: u64) -> Drilled {
    let case: Case = case.parse().expect("a case");
    let assumptions = Assumptions::default().with_file(assume).expect("assumptions");
    let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(seed);
    drill.assume(assumptions).run().expect("a drill")
}

/// 5000 entries in 1000 s.
const SLOW: &str = "[export-entries-per-second]\nvalue = 5\n[copy-run-fails]\nvalue = 0\n";

/// The backup is begun two hours before the audit, the data deleted 900 s later: the export has
/// passed some of it before. Its header says that it is older than the damage.
#[test]
fn a_deletion_during_an_export_is_half_in_the_copy() {
    for (kind, procedure) in
        [("known", Procedure::AddLostEntries), ("unknown", Procedure::RestoreDataEverywhere)]
    {
        let taken = "2026-11-21T22:00:00Z";
        let noticed = tests::as_of().unix_seconds()
            - audit_core::time::Timestamp::parse_rfc3339(taken).expect("a time").unix_seconds()
            - 900;
        let case = format!("delete:{kind}@ipa1.example.test@noticed={noticed}s");
        let only = deployment(|model| model["backups"] = json!([data_backup("half", taken)]));
        let drilled = drill(&only, &case, SLOW, 3);
        let text = simulator::drill::text(&drilled);
        let (victims, missing) = drilled.deleted;
        assert!(missing > 0 && missing < victims, "{missing} of {victims}\n{text}");
        assert!(text.contains(&format!("{missing} deleted entries are not in it")), "{text}");
        assert_eq!((drilled.class, drilled.procedure), (PartialLoss, Some(procedure)), "{text}");
        // At the default pace it was complete long before.
        let drilled = drill(&only, &case, "", 3);
        assert_eq!(drilled.deleted.1, 0, "{}", simulator::drill::text(&drilled));
        // Who has an older one goes back to it.
        let both = deployment(|model| {
            let older = data_backup("whole", "2026-11-20T22:00:00Z");
            model["backups"] = json!([data_backup("half", taken), older]);
        });
        let drilled = drill(&both, &case, SLOW, 3);
        let text = simulator::drill::text(&drilled);
        assert!(text.contains("deleted entries are not in it"), "{text}");
        assert_eq!((drilled.class, drilled.deleted.1), (BoundedLoss, 0), "{text}");
    }
}

fn scheduled(makes: &str, host: &str) -> Imported {
    deployment(|model| {
        model["schedules"] =
            json!([{ "id": "hourly", "host": host, "makes": makes, "every": "1h" }]);
    })
}

/// Of runs of 59 minutes every hour one is nearly always under way. What strikes its server ends
/// it, and no copy comes of it.
#[test]
fn a_run_under_way_ends_with_its_server() {
    let pace = "[export-entries-per-second]\nvalue = 1.412\n[offline-backup]\nvalue = \"59m\"\n\
                [copy-run-fails]\nvalue = 0\n";
    for (makes, faults) in [
        ("data", ["lose:ipa3.example.test", "absent:ipa3.example.test=1h"]),
        ("full", ["lose:ipa3.example.test", "bad-upgrade:ipa3.example.test"]),
    ] {
        let imported = scheduled(makes, "ipa3.example.test");
        for (fault, seed) in faults.into_iter().flat_map(|fault| (1..5).map(move |s| (fault, s))) {
            let drilled = drill(&imported, fault, pace, seed);
            let text = simulator::drill::text(&drilled);
            let span = Span::from_minutes(59);
            let taken: Vec<Time> = drilled.copies.iter().filter_map(|copy| copy.taken_at).collect();
            let is_whole = |at: &Time| *at + span <= drilled.struck;
            assert!(taken.iter().all(is_whole), "{taken:?} {}\n{text}", drilled.struck);
            let protection = &drilled.protection;
            assert_eq!(protection.runs, taken.len() as u64 + protection.failed, "{text}");
            assert!(protection.failed >= 1, "{protection:?}\n{text}");
            if makes == "full" {
                let whole = span.times(taken.len() as u64);
                assert!(protection.outage >= whole, "{protection:?}");
                assert!(protection.outage < whole + span, "{protection:?}");
            } else {
                assert_eq!(protection.outage, Span::ZERO);
            }
        }
    }
}

/// The disaster does not wait for a backup: it strikes at its time, whatever is under way
/// elsewhere, and the backup is completed.
#[test]
fn a_disaster_does_not_wait_for_a_backup() {
    let slow = "[offline-backup]\nvalue = \"59m\"\n[copy-run-fails]\nvalue = 0\n";
    let fast = "[offline-backup]\nvalue = \"1s\"\n[copy-run-fails]\nvalue = 0\n";
    let imported = scheduled("full", "ipa3.example.test");
    for seed in 1..6 {
        for fault in [
            "lose:ipa1.example.test",
            "partition:ipa1.example.test|ipa2.example.test,ipa3.example.test,ipa4.example.test,\
             bak.example.test@noticed=6h",
            // The server whose services rest is parted from the others all the same.
            "partition:ipa3.example.test|ipa1.example.test,ipa2.example.test,ipa4.example.test,\
             bak.example.test@noticed=6h",
        ] {
            let [slow, fast] = [slow, fast].map(|pace| drill(&imported, fault, pace, seed));
            assert_eq!(slow.struck, fast.struck, "{}", simulator::drill::text(&slow));
            assert_eq!(slow.class, fast.class, "{}", simulator::drill::text(&slow));
            assert_eq!(slow.protection.failed, 0);
        }
        // Nobody can delete anything on a server that is down.
        let deleted = "delete:known@ipa3.example.test";
        let [slow, fast] = [slow, fast].map(|pace| drill(&imported, deleted, pace, seed));
        let waited = slow.struck.since(fast.struck);
        assert!(waited <= Span::from_minutes(59), "{waited}");
        assert!(slow.deleted == (100, 0) && fast.deleted == (100, 0));
    }
}

/// Runs on one host follow one another. A schedule whose run takes longer than its interval makes
/// every other copy, and none that waits keeps the operator waiting.
#[test]
fn runs_on_one_host_follow_one_another() {
    let imported = deployment(|model| {
        let rows = [("slow", "full", "1h"), ("other", "snapshot", "3h"), ("data", "data", "2h")];
        let rows = rows.map(|(id, makes, every)| {
            json!({ "id": id, "host": "ipa3.example.test", "makes": makes, "every": every })
        });
        model["schedules"] = json!(rows);
    });
    let pace = "[offline-backup]\nvalue = \"90m\"\n[cold-snapshot]\nvalue = \"30m\"\n\
                [export-entries-per-second]\nvalue = 5\n[copy-run-fails]\nvalue = 0\n";
    for seed in 1..6 {
        let drilled = drill(&imported, "lose:ipa1.example.test", pace, seed);
        let text = simulator::drill::text(&drilled);
        let mut taken: Vec<(Time, Span)> = drilled
            .copies
            .iter()
            .filter_map(|copy| {
                let minutes = match copy.id.split('#').next() {
                    Some("slow") => 90,
                    Some("other") => 30,
                    _ => 16,
                };
                Some((copy.taken_at?, Span::from_minutes(minutes)))
            })
            .collect();
        taken.sort();
        for pair in taken.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?}\n{text}");
        }
        let made = drilled.copies.iter().filter(|copy| copy.taken_at.is_some()).count() as u64;
        assert_eq!(drilled.protection.runs, made + drilled.protection.failed, "{text}");
        assert!(drilled.protection.failed > 0, "{text}");
        // One of each may be under way or wait when somebody notices; only the first is waited for.
        assert!(drilled.began.since(drilled.noticed_at) <= Span::from_hours(8), "{text}");
    }
}
