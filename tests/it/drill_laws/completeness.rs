//! Law 3: where the audit says that data or servers are gone for good, no sequence of steps brings
//! them back.
//!
//! In small worlds the simulation performs every sequence of steps: of up to six where most servers
//! are gone, which is where the audit speaks of a total loss, and of as many as one world may take
//! of a suite's time elsewhere. How many worlds came how far is printed and asserted. Worlds that
//! look alike to all later steps are explored once ([`Key`]); a sample of what was merged so is
//! explored again. Nothing here asks the audit what a step does.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::{Fqdn, IdRange, Role, RoleStatus, Suffix};
use audit_core::recovery::{Action, Case, OutcomeClass, Presence, Situation, Span};
use quickcheck::Gen;
use simulator::drill::{Assumptions, Drill, Drilled, Holds, Stage};
use tests::drills::{Estate, Size};

use super::{differences, kind, show};

/// Longest sequence of steps.
const STEPS: usize = 6;
/// Steps tried in one world. A depth is explored whole or not begun.
const TRIES_MAX: usize = 24_000;
/// Of so many states that were merged one is explored again.
const SAMPLE: u64 = 160;

type Arrow = (Suffix, Fqdn, Fqdn);

/// What later refusals and the class of the end can depend on.
///
/// Left out, because no refusal of a step that is kept here and no checker looks at it: who renews
/// certificates and generates the CRL, ids to hand out, replica ids of hosts that are gone, and
/// roles beside CA and KRA. Numbers of generations count as different or equal. Of the writes that
/// were acknowledged while somebody worked counts whether any are missing, not how many: that is a
/// matter of how long steps take.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    class: OutcomeClass,
    /// By suffix: whether acknowledged writes are missing everywhere, or on some servers.
    lacks: [(bool, bool); 2],
    holds: BTreeMap<Fqdn, Holds>,
    /// Presence, roles, and whether it is visible: hidden servers take no writes of clients.
    members: BTreeMap<Fqdn, (Presence, BTreeSet<Role>, bool)>,
    generations: BTreeMap<(Suffix, Fqdn), u32>,
    agreements: BTreeSet<Arrow>,
    disabled: BTreeSet<Arrow>,
    cut: BTreeSet<Arrow>,
    partitions: BTreeSet<BTreeSet<BTreeSet<Fqdn>>>,
    stale: BTreeSet<(Suffix, Fqdn)>,
    set_back: BTreeSet<Fqdn>,
    away: BTreeMap<Fqdn, Span>,
    clocks: BTreeMap<Fqdn, (bool, Span)>,
    expired: BTreeSet<Fqdn>,
    damaged: BTreeSet<Fqdn>,
}

/// A world in the course of a search.
struct Node<'a> {
    stage: Stage<'a>,
    seen: Situation,
    key: Key,
    end: Drilled,
}

impl<'a> Node<'a> {
    fn of(stage: Stage<'a>) -> Self {
        let seen = stage.situation();
        let end = stage.clone().finish();
        let key = key(&seen, stage.holds(), &end);
        Self { stage, seen, key, end }
    }

    /// Behind a step; `None` if it is refused.
    fn after(&self, action: &Action) -> Option<Self> {
        if runs_on(action).is_some_and(|server| !self.seen.running().contains(&server)) {
            return None;
        }
        let mut stage = self.stage.clone();
        stage.perform(action).ok().map(|()| Self::of(stage))
    }
}

fn key(seen: &Situation, holds: BTreeMap<Fqdn, Holds>, end: &Drilled) -> Key {
    let counted = |role: &Role| matches!(role, Role::Ca | Role::Kra);
    let mut generations = BTreeMap::new();
    for suffix in Suffix::ALL {
        let mut numbers: Vec<u32> = Vec::new();
        for (name, replica) in &seen.members {
            let number = replica.generation.get(&suffix);
            if let Some(number) = number.filter(|_| replica.presence != Presence::Lost) {
                let known = numbers.iter().position(|other| other == number);
                let place = known.unwrap_or_else(|| {
                    numbers.push(*number);
                    numbers.len() - 1
                });
                generations.insert((suffix, name.clone()), place as u32);
            }
        }
    }
    Key {
        class: end.class,
        lacks: end.lost.each_ref().map(|(_, of)| (of.missing() > 0, of.divergent > 0)),
        holds,
        members: seen
            .members
            .iter()
            .map(|(name, replica)| {
                let roles = replica.roles.iter().filter(|(_, status)| status.holds_data());
                let roles = roles.map(|(role, _)| *role).filter(counted).collect();
                let visible = replica.roles.get(&Role::IpaMaster) == Some(&RoleStatus::Enabled);
                (name.clone(), (replica.presence, roles, visible))
            })
            .collect(),
        generations,
        agreements: seen.agreements.clone(),
        disabled: seen.disabled.clone(),
        cut: seen.cut.clone(),
        partitions: seen.partitions.clone(),
        stale: seen.stale.clone(),
        set_back: seen.set_back.keys().cloned().collect(),
        away: seen.away.clone(),
        clocks: seen.clocks.clone(),
        expired: seen.expired.clone(),
        damaged: seen.damage.as_ref().map(|damage| damage.on.clone()).unwrap_or_default(),
    }
}

/// Steps by what has to be done with them.
#[derive(Default)]
struct Steps {
    /// Performed in every state.
    all: Vec<Action>,
    /// Those that do the same as one above where they are not refused: they ask for more, or say
    /// the same in other words. Performed once in each world, to see that it is so.
    alike: Vec<(Action, Action)>,
    /// Those that leave a world as it is, by what is left out of [`Key`]: the same.
    idle: Vec<Action>,
}

fn steps(names: &[Fqdn], seen: &Situation) -> Steps {
    let mut steps = Steps::default();
    let ranges = [None, Some(IdRange { first: 1000, last: 1999 })];
    for point in &seen.copies.points {
        let id = || point.id.clone();
        for one in names {
            let server = || one.clone();
            // On another host every form of it is refused.
            if point.host.as_ref() == Some(one) {
                steps.all.push(Action::BootSnapshot { copy: id(), server: server() });
                steps.all.push(Action::RestoreFull { copy: id(), server: server() });
                steps.all.push(Action::RestoreData { copy: id(), server: server() });
            }
            let add = Action::AddEntries { on: server(), copy: id() };
            let known = seen.damage.as_ref().is_some_and(|damage| damage.is_known);
            if known { &mut steps.all } else { &mut steps.idle }.push(add);
        }
    }
    let is_parted = !seen.partitions.is_empty() || !seen.cut.is_empty();
    if is_parted { &mut steps.all } else { &mut steps.idle }.push(Action::RestoreNetwork);
    steps.idle.push(Action::UpdateClients);
    for one in names {
        let server = || one.clone();
        let (all, idle) = (&mut steps.all, &mut steps.idle);
        all.extend([
            Action::EnableServer { server: server() },
            Action::Isolate { server: server() },
            Action::StartServer { server: server() },
            Action::DisableAgreements { of: server() },
            Action::EnableAgreements { of: server() },
            Action::AddRole { server: server(), role: Role::Ca },
            Action::AddRole { server: server(), role: Role::Kra },
        ]);
        let uninstall = |force| Action::Uninstall { server: server(), force };
        all.push(uninstall(true));
        steps.alike.push((uninstall(false), uninstall(true)));
        let skewed = seen.clocks.contains_key(one);
        if skewed { &mut *all } else { &mut *idle }.push(Action::SetClock { server: server() });
        let expired = if seen.expired.contains(one) { &mut *all } else { &mut *idle };
        expired.push(Action::FixCertificates { on: server() });
        expired.push(Action::RenewCertificates { server: server(), from: None });
        idle.extend([
            Action::PromoteRenewal { ca: server() },
            Action::EnableCrl { on: server() },
            Action::DisableCrl { on: server() },
            Action::FlushSssd { server: server() },
            Action::Verify { server: server() },
            Action::CleanDanglingRuv { on: server() },
        ]);
        let roles = [Role::Dns, Role::AdTrustController, Role::AdTrustAgent, Role::IpaMaster];
        idle.extend(roles.map(|role| Action::AddRole { server: server(), role }));
        idle.extend(ranges.map(|range| Action::SetDnaRange { on: server(), range }));
        for other in names {
            all.push(Action::CleanRuv { server: server(), on: other.clone() });
            let renew = |from| Action::RenewCertificates { server: server(), from: Some(from) };
            if seen.expired.contains(one) {
                steps.alike.push((
                    renew(other.clone()),
                    Action::RenewCertificates { server: server(), from: None },
                ));
            } else {
                idle.push(renew(other.clone()));
            }
            let delete = |ignore_last_of_role, ignore_disconnect| Action::DeleteServer {
                server: server(),
                from: other.clone(),
                ignore_last_of_role,
                ignore_disconnect,
            };
            all.push(delete(true, true));
            for (role, disconnect) in [(false, false), (false, true), (true, false)] {
                steps.alike.push((delete(role, disconnect), delete(true, true)));
            }
            if other == one {
                continue;
            }
            for suffix in Suffix::ALL {
                let from = other.clone();
                all.push(Action::Reinitialize { server: server(), from, suffix });
                // It is written on the left end, if that runs, and may not come to the other any
                // more.
                let (left, right) = (server(), other.clone());
                all.push(Action::DeleteSegment { suffix, left, right });
                let add = |left: &Fqdn, right: &Fqdn| Action::AddSegment {
                    suffix,
                    left: left.clone(),
                    right: right.clone(),
                };
                let is_whole = seen.islands(Suffix::Domain).len() <= 1;
                if is_whole && other < one {
                    steps.alike.push((add(one, other), add(other, one)));
                } else {
                    all.push(add(one, other));
                }
            }
            let install = |roles: &[Role], hidden| Action::InstallReplica {
                server: server(),
                source: other.clone(),
                roles: roles.iter().copied().collect(),
                hidden,
            };
            for roles in [&[][..], &[Role::Ca], &[Role::Ca, Role::Kra], &[Role::Kra]] {
                all.extend([install(roles, false), install(roles, true)]);
            }
            steps.alike.push((install(&[Role::Dns], false), install(&[], false)));
        }
    }
    steps
}

fn same(found: &Key, told: &Key, action: &Action, path: &[Action]) {
    assert!(found == told, "{action:?} behind {path:?}:\n{}", differences(found, told));
}

/// Keys of all states that one step leads to.
fn around(names: &[Fqdn], node: &Node<'_>, path: &[Action], judge: Judge) -> BTreeSet<Key> {
    let all = steps(names, &node.seen).all;
    let next = all.iter().filter_map(|action| node.after(action));
    let judged = next.inspect(|next| judge(next, path));
    judged.map(|next| next.key).collect()
}

/// Looks at a state, and at the steps that led to it.
type Judge<'a> = &'a dyn Fn(&Node<'_>, &[Action]);

/// The server without which a step is refused at once, as law 1 has seen.
fn runs_on(action: &Action) -> Option<&Fqdn> {
    match action {
        Action::InstallReplica { source: server, .. }
        | Action::Reinitialize { from: server, .. }
        | Action::DeleteServer { from: server, .. }
        | Action::AddRole { server, .. }
        | Action::Isolate { server }
        | Action::DisableAgreements { of: server }
        | Action::EnableAgreements { of: server }
        | Action::CleanRuv { on: server, .. } => Some(server),
        _ => None,
    }
}

/// What came of a search.
#[derive(Default)]
struct Search {
    depth: usize,
    states: usize,
    performed: u64,
    merged: u64,
    compared: u64,
    unlike: u64,
    kinds: BTreeSet<String>,
}

impl Search {
    fn add(&mut self, other: Self) {
        self.states += other.states;
        self.performed += other.performed;
        self.merged += other.merged;
        self.compared += other.compared;
        self.unlike += other.unlike;
        self.kinds.extend(other.kinds);
    }

    /// Every sequence of steps from a world on; each state is given to `judge`.
    fn run(&mut self, names: &[Fqdn], start: Stage<'_>, judge: Judge) {
        let first = Node::of(start);
        judge(&first, &[]);
        let mut seen = BTreeSet::from([first.key.clone()]);
        let mut checked: BTreeSet<Action> = BTreeSet::new();
        let mut level = vec![(first, Vec::new())];
        self.states = 1;
        let mut tries = 0;
        while self.depth < STEPS {
            tries +=
                level.iter().map(|(node, _)| steps(names, &node.seen).all.len()).sum::<usize>();
            if tries > TRIES_MAX {
                return;
            }
            let mut next: BTreeMap<Key, (Node<'_>, Vec<Action>)> = BTreeMap::new();
            for (node, path) in &level {
                let steps = steps(names, &node.seen);
                let mut found: BTreeMap<&Action, Key> = BTreeMap::new();
                for action in &steps.all {
                    let Some(after) = node.after(action) else { continue };
                    self.performed += 1;
                    self.kinds.insert(kind(action));
                    let mut path: Vec<Action> = path.clone();
                    path.push(action.clone());
                    let path = path;
                    judge(&after, &path);
                    found.insert(action, after.key.clone());
                    if seen.insert(after.key.clone()) {
                        next.insert(after.key.clone(), (after, path.clone()));
                        continue;
                    }
                    self.merged += 1;
                    if let Some((other, _)) =
                        next.get(&after.key).filter(|_| self.merged.is_multiple_of(SAMPLE))
                    {
                        self.compared += 1;
                        let alike = around(names, &after, &path, judge)
                            == around(names, other, &path, judge);
                        self.unlike += u64::from(!alike);
                    }
                }
                for action in &steps.idle {
                    if checked.contains(action) {
                        continue;
                    }
                    if let Some(after) = node.after(action) {
                        checked.insert(action.clone());
                        self.kinds.insert(kind(action));
                        judge(&after, path);
                        same(&after.key, &node.key, action, path);
                    }
                }
                for (action, as_this) in &steps.alike {
                    if checked.contains(action) {
                        continue;
                    }
                    if let Some(after) = node.after(action) {
                        checked.insert(action.clone());
                        let told = found.get(as_this);
                        assert!(told.is_some(), "{action:?} behind {path:?}");
                        if let Some(told) = told {
                            same(&after.key, told, action, path);
                        }
                    }
                }
            }
            self.states += next.len();
            self.depth += 1;
            level = next.into_values().collect();
            if level.is_empty() {
                // There is no other state, however long the sequence.
                self.depth = STEPS;
            }
        }
    }
}

/// Whether the audit could know of something better. Which of two sides has taken writes of
/// clients, so that less is lost if the other gives way, no export tells.
fn is_told(text: &str, class: OutcomeClass) -> bool {
    class > OutcomeClass::BoundedLoss || text.starts_with("lose")
}

/// Worlds of one class that are searched.
fn most(class: OutcomeClass) -> u32 {
    match class {
        OutcomeClass::None | OutcomeClass::NoLoss => 0,
        OutcomeClass::BoundedLoss => 4,
        OutcomeClass::PartialLoss | OutcomeClass::Divergent => 9,
        OutcomeClass::TotalLoss => 12,
    }
}

/// Law 3: breadth first over all steps, no sequence ends better than what the planner does.
#[test]
fn no_sequence_of_steps_beats_the_planner() {
    let mut g = Gen::from_size_and_seed(30, 44);
    let mut worlds: BTreeMap<OutcomeClass, u32> = BTreeMap::new();
    let mut depths: BTreeMap<(OutcomeClass, usize), u32> = BTreeMap::new();
    let mut all = Search::default();
    let mut nothing = 0;
    // So many that some come in every step: whether any did is no matter of chance then.
    let busy = "[ca-writes-per-second]\nvalue = 0.05\n[domain-writes-per-second]\nvalue = 0.05\n";
    let busy = Assumptions::default().with_file(busy).expect("assumptions");
    for round in 0..500 {
        let estate = Estate::random(&mut g, Size { servers: 3, copies: 2 });
        let text = estate.disaster(&mut g);
        let case: Case = text.parse().expect("a case");
        let imported = tests::import(&estate.files());
        let drill = Drill::new(&imported.deployment, &case, tests::as_of()).seed(round);
        let drill = drill.worst_timing(true).assume(busy.clone());
        let Ok(planned) = drill.run() else { continue };
        let count = worlds.entry(planned.class).or_default();
        if *count >= most(planned.class) || !is_told(&text, planned.class) {
            continue;
        }
        let names: Vec<Fqdn> =
            estate.servers.iter().map(|name| Fqdn::parse(name).expect("a name")).collect();
        let mut start = drill.stage().expect("the same case");
        start.wait();
        let mut search = Search::default();
        search.run(&names, start, &|node, path| {
            assert!(
                node.end.class >= planned.class,
                "{round} {case}: {} and not {} behind {path:?}:\n{}\n{}",
                node.end.class.name(),
                planned.class.name(),
                show(&estate, &planned),
                simulator::drill::text(&node.end)
            );
        });
        // Where nobody lives and no copy works there is nothing to try.
        nothing += u32::from(search.states == 1);
        if search.states == 1 {
            continue;
        }
        *count += 1;
        *depths.entry((planned.class, search.depth)).or_default() += 1;
        all.add(search);
    }
    let counts = format!(
        "{worlds:?}, by depth {depths:?}, {nothing} without a step: {} states, {} steps \
         performed, {} merged, of which {} compared and {} unlike",
        all.states, all.performed, all.merged, all.compared, all.unlike
    );
    println!("{counts}");
    assert_eq!(all.kinds.len(), 29, "{counts}: {:?}", all.kinds);
    // Only this can refute a total loss. Of more servers that live no computer tries six steps in
    // a minute.
    let whole = depths.get(&(OutcomeClass::TotalLoss, STEPS)).copied().unwrap_or(0);
    assert!(whole >= 9 && depths.keys().all(|(_, depth)| *depth >= 2), "{counts}");
    let deep = depths.iter().filter(|((_, depth), _)| *depth >= 3).map(|(_, count)| count);
    assert!(deep.sum::<u32>() >= 20, "{counts}");
    assert!(worlds.get(&OutcomeClass::PartialLoss).is_some_and(|count| *count >= 9), "{counts}");
    // Holes and what changelogs still have is not in a key.
    assert!(all.compared >= 20 && all.unlike * 5 <= all.compared, "{counts}");
}
