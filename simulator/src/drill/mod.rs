//! Drills: a disaster happens to a deployment, an operator notices and recovers by the planner's
//! runbook, and what came of it is judged.
//!
//! The planner sees what an operator can observe (`observe`), never the truth; the effects of its
//! steps are those on changes and time (`perform`). After a refusal it plans again.
//!
//! ```text
//! warm-up ──> fault ──> notice ──> start of work ──> steps ──> everything settles ──> checkers
//!  copies at their times            what is held         refusals: plan again
//! ```
//!

mod account;
mod assumptions;
mod certificates;
mod clients;
mod estate;
mod ids;
mod json;
mod observe;
mod outcome;
mod perform;
mod protect;
mod services;
mod strike;
mod svg;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use audit_core::cases::Judge;
use audit_core::model::{Deployment, Fqdn, IdRange, Need, Role, RoleStatus, Suffix};
use audit_core::recovery::{
    Action, Case, Fault, Obstacle, OutcomeClass, Procedure, Refusal, Situation, Span as CaseSpan,
    Step, plan,
};
use audit_core::time::Timestamp;

use crate::checkers::{self, End};
use crate::kernel::streams::Streams;
use crate::kernel::time::{Span, Time};
use crate::world::tree::EntryId;
use crate::world::{AgreementIndex, ReplicaIndex, Timing};

use account::{Holdings, Tracked};
use assumptions::Ledger;
use clients::Clients;
use estate::{Arrow, Estate, VICTIM};
use ids::Ids;
use protect::{Making, Schedule, Stored};
use services::Services;
use strike::{Deletion, Losses};

pub use account::{Account, Holds};
pub use assumptions::{Assumption, Assumptions, DEFAULTS, Invalid};
pub use clients::ClientLoad;
pub use json::{OUTCOME_SCHEMA, render as json};
pub use outcome::{Down, Drilled, Moment, MomentKind};
pub use protect::Protection;
pub use services::{CAPABILITIES, Outage};
pub use svg::render as svg;
pub use text::{render as text, table, table_row};

/// How often an operator plans again after a refusal.
const PLANS_MAX: usize = 6;
/// How long a drill waits for servers to become equal behind the last step.
const SETTLE_MAX: Span = Span::from_hours(12);
/// Behind this nothing is under way that began before: longer than the longest backoff.
const SETTLE_MIN: Span = Span::from_minutes(15);

/// Time in which a deletion has reached every server that it can reach.
const SPREAD: Span = Span::from_minutes(10);

/// Why a drill cannot be run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// Facts are missing without which there is no deployment to simulate.
    Needs(Vec<Need>),
    /// The case names something that this deployment does not have.
    Case(String),
}

/// A drill to run.
#[derive(Clone, Debug)]
pub struct Drill<'a> {
    deployment: &'a Deployment,
    case: &'a Case,
    as_of: Timestamp,
    seed: u64,
    worst_timing: bool,
    forgotten: Option<Fqdn>,
    assumptions: Assumptions,
}

impl<'a> Drill<'a> {
    /// A drill of a case on a deployment as it is known at a time.
    pub fn new(deployment: &'a Deployment, case: &'a Case, as_of: Timestamp) -> Self {
        let assumptions = Assumptions::default();
        Self { deployment, case, as_of, seed: 1, worst_timing: false, forgotten: None, assumptions }
    }

    /// The same with another seed.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same at the worst moment: no scheduled copy has run since the audit, and on every server
    /// that is lost a client has written in the last millisecond.
    #[must_use]
    pub const fn worst_timing(mut self, worst: bool) -> Self {
        self.worst_timing = worst;
        self
    }

    /// The same with an operator who overlooks a server: steps that stop it or replace its data are
    /// left out.
    #[must_use]
    pub fn forget(mut self, server: Fqdn) -> Self {
        self.forgotten = Some(server);
        self
    }

    /// The same under other assumptions.
    #[must_use]
    pub fn assume(mut self, assumptions: Assumptions) -> Self {
        self.assumptions = assumptions;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the deployment is not known well enough, or does not have what the case names.
    pub fn run(&self) -> Result<Drilled, Unfit> {
        let mut stage = self.stage()?;
        stage.run.recover();
        Ok(stage.finish())
    }

    /// Runs it up to the moment when somebody has noticed, and leaves the steps to the caller.
    ///
    /// # Errors
    ///
    /// As [`Drill::run`].
    pub fn stage(&self) -> Result<Stage<'a>, Unfit> {
        let judge = Judge::new(self.deployment).at(self.as_of);
        if let Some(objection) = judge.objection(self.case) {
            return Err(Unfit::Case(objection));
        }
        let before = Situation::of(self.deployment).map_err(Unfit::Needs)?;
        let predicted = judge.judge(self.case).and_then(|judged| judged.outcome.class);
        let mut run = Run::new(self, before);
        run.warm_up_and_strike();
        Ok(Stage { run, predicted })
    }
}

/// A disaster that has struck and waits for steps: for those who want to try other steps than the
/// planner's.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    run: Run<'a>,
    predicted: Option<OutcomeClass>,
}

impl Stage<'_> {
    /// What an operator can see now: of a deployment that has settled it is all there is to see.
    pub fn situation(&self) -> Situation {
        self.run.observe()
    }

    /// What each server's disk holds. Of a deployment that has settled, this and what can be seen
    /// is all that later steps depend on, but for holes and for what changelogs still have.
    pub fn holds(&self) -> BTreeMap<Fqdn, Holds> {
        self.run.holds()
    }

    /// Waits until what is under way has settled.
    pub fn wait(&mut self) {
        self.run.quiesce(SETTLE_MIN);
    }

    /// Performs a step and waits until what it began has settled.
    ///
    /// # Errors
    ///
    /// Why the step was refused.
    pub fn perform(&mut self, action: &Action) -> Result<(), Refusal> {
        self.run.begin_work();
        self.run.touched = true;
        let done = self.run.perform(action);
        self.run.quiesce(SETTLE_MIN);
        done.map(|_| ())
    }

    /// Lets everything settle and judges what has come of it.
    pub fn finish(mut self) -> Drilled {
        self.run.begin_work();
        self.run.settle();
        self.run.finish(self.predicted)
    }
}

/// What is on the agenda until somebody notices.
enum Happens {
    /// A declared copy is taken.
    Copy(usize),
    /// A schedule runs.
    Schedule(usize),
    /// The disaster strikes.
    Strike,
}

/// A drill under way.
#[derive(Clone, Debug)]
struct Run<'a> {
    case: &'a Case,
    as_of: Timestamp,
    worst_timing: bool,
    before: Situation,
    streams: Streams,
    ledger: Ledger,
    estate: Estate,
    copies: Vec<Stored>,
    schedules: Vec<Schedule>,
    /// Copies that are being made.
    makings: Vec<Making>,
    protection: Protection,
    losses: Losses,
    damage: Option<Deletion>,
    tracked: Vec<Tracked>,
    services: Services,
    moments: Vec<Moment>,
    /// Agreements that do not get through.
    cut: BTreeSet<Arrow>,
    /// Those of them that were also switched off.
    off: BTreeSet<Arrow>,
    partitions: BTreeSet<BTreeSet<BTreeSet<Fqdn>>>,
    network_is_back: Option<Time>,
    clocks: BTreeMap<Fqdn, (bool, CaseSpan)>,
    away: BTreeMap<Fqdn, CaseSpan>,
    set_back: BTreeMap<Fqdn, String>,
    /// Servers that were never removed, with their replicas of then.
    ghosts: BTreeMap<Fqdn, Vec<ReplicaIndex>>,
    /// Servers that came back with the data of a snapshot and were not re-initialized since.
    behind: BTreeSet<(Suffix, Fqdn)>,
    /// Servers whose changes the others refuse, because their numbers are of the future: with their
    /// agreements that are on.
    refused: BTreeMap<Fqdn, BTreeSet<AgreementIndex>>,
    /// Servers that were removed from the deployment while they ran.
    removed: BTreeSet<Fqdn>,
    /// Servers of which nobody can see whether they have everything.
    doubted: BTreeSet<(Suffix, Fqdn)>,
    ids: Ids,
    lost_ids: Vec<IdRange>,
    changelog_age: CaseSpan,
    noticed: Option<CaseSpan>,
    /// When servers went out of service, and when they were back.
    downs: Vec<Down>,
    /// Whether the operator had no procedure left.
    gave_up: bool,
    /// Whether anything happened to a server, or an operator did anything.
    touched: bool,
    /// Entries that were added again, as a copy has them.
    added_again: u64,
    /// The server that the operator overlooks.
    forgotten: Option<Fqdn>,
    entries: u64,
    victims: u64,
    clients: Clients,
    /// An entry that several clients write, in the worst case.
    shared: Option<EntryId>,
    known_certificates: BTreeMap<Fqdn, certificates::Known>,
    islands_before: usize,
    lost_islands: Vec<Vec<Fqdn>>,
    audited_at: Time,
    struck: Time,
    noticed_at: Time,
    began: Time,
    ended: Time,
    steps_begun: u64,
    /// How many operators share the present step.
    hands: u64,
    total_updates: u64,
    procedure: Option<Procedure>,
    scenario: Option<&'static str>,
    impossible: Vec<String>,
    before_steps: Option<Holdings>,
}

impl<'a> Run<'a> {
    fn new(drill: &Drill<'a>, mut before: Situation) -> Self {
        let streams = Streams::new(drill.seed, 0);
        let mut ledger = Ledger::new(drill.assumptions.clone());
        let changelog_age = before.changelog_age.unwrap_or_else(|| {
            let seconds = ledger.middle_span("changelog-max-age").whole_seconds();
            CaseSpan::from_seconds(u32::try_from(seconds).unwrap_or(u32::MAX))
        });
        let timing = Timing {
            changelog_max_age: Span::from_seconds(u64::from(changelog_age.seconds())),
            ..Timing::default()
        };
        resolve_copies(&mut before, &mut ledger);
        let has_deletion = drill
            .case
            .faults()
            .iter()
            .any(|fault| matches!(fault, Fault::DeleteKnown(_) | Fault::DeleteUnknown(_)));
        let victims = if has_deletion { ledger.count("deleted-entries").max(1) } else { 0 };
        let estate = Estate::new(&before, timing, victims, drill.seed);
        let copies = before.copies.points.iter().cloned().map(Stored::declared).collect::<Vec<_>>();
        let known = drill.deployment.copies.backups.values();
        let counted = known.filter_map(|backup| backup.entries.value().copied()).max();
        let entries = match counted {
            Some(count) => count,
            None => ledger.count("entries"),
        };
        let clients = Clients::of(drill.deployment, &mut ledger);
        let ids = Ids::of(&before, &mut ledger);
        Self {
            case: drill.case,
            as_of: drill.as_of,
            worst_timing: drill.worst_timing,
            ids,
            lost_ids: before.lost_ids.clone(),
            before,
            streams,
            ledger,
            estate,
            copies,
            schedules: protect::schedules(drill.deployment),
            makings: Vec::new(),
            protection: Protection::default(),
            losses: Losses::default(),
            damage: None,
            tracked: Vec::new(),
            services: Services::default(),
            moments: Vec::new(),
            cut: BTreeSet::new(),
            off: BTreeSet::new(),
            partitions: BTreeSet::new(),
            network_is_back: None,
            clocks: BTreeMap::new(),
            away: BTreeMap::new(),
            set_back: BTreeMap::new(),
            ghosts: BTreeMap::new(),
            behind: BTreeSet::new(),
            refused: BTreeMap::new(),
            removed: BTreeSet::new(),
            doubted: BTreeSet::new(),
            changelog_age,
            noticed: None,
            downs: Vec::new(),
            gave_up: false,
            touched: false,
            added_again: 0,
            forgotten: drill.forgotten.clone(),
            entries,
            victims,
            clients,
            shared: None,
            known_certificates: certificates::known(drill.deployment),
            islands_before: 0,
            lost_islands: Vec::new(),
            audited_at: Time::ZERO,
            struck: Time::ZERO,
            noticed_at: Time::ZERO,
            began: Time::ZERO,
            ended: Time::ZERO,
            steps_begun: 0,
            hands: 1,
            total_updates: 0,
            procedure: None,
            scenario: None,
            impossible: Vec::new(),
            before_steps: None,
        }
    }

    /// Whether a client may write on a server: one that knows its name.
    fn may_be_written(&self, server: &Fqdn) -> bool {
        self.status_on(server, server, Role::IpaMaster) != RoleStatus::Hidden
    }

    /// In the worst case clients of servers that do not hear of each other write the same value.
    fn begin_shared(&mut self) {
        let parts = |fault: &Fault| {
            matches!(fault, Fault::Absent { .. } | Fault::Partition(_) | Fault::Cut(_))
        };
        if !self.worst_timing || !self.case.faults().iter().any(parts) {
            return;
        }
        let first = self.serving().into_iter().next();
        let replica = first.and_then(|name| self.estate.replica(&name, Suffix::Domain));
        let written = replica.map(|replica| self.estate.world.write_entry(replica, "shared"));
        self.shared = written.and_then(Result::ok).map(EntryId);
    }

    fn say(&mut self, kind: MomentKind, on: Option<&Fqdn>, words: String) {
        let at = self.estate.now();
        self.moments.push(Moment { at, kind, on: on.cloned(), words, took: Span::ZERO });
    }

    fn pass(&mut self, span: Span) {
        self.pass_until(self.estate.now() + span);
    }

    /// Lets time pass, and what goes on by itself happen: copies that are being made go on,
    /// certificates end or are renewed, ids are used up.
    fn pass_until(&mut self, time: Time) {
        loop {
            let own = [self.next_try(), self.ids_last_until()].into_iter().flatten().min();
            let own = own.filter(|due| *due < time);
            let copies = self.next_for_copies().filter(|due| *due <= own.unwrap_or(time));
            if let Some(due) = copies {
                self.estate.pass_until(due);
                self.copies_go_on(own.unwrap_or(time));
            } else if let Some(due) = own {
                self.estate.pass_until(due);
                self.look_at_certificates();
                self.look_at_services();
            } else {
                break;
            }
        }
        self.estate.pass_until(time);
    }

    /// Until somebody has noticed: copies are taken at their times, and the disaster strikes.
    fn warm_up_and_strike(&mut self) {
        let hour = Span::from_hours(1);
        let noticed = self.case.noticed().map(|span| Span::from_seconds(span.seconds().into()));
        let back = self.look_back().max(noticed.unwrap_or(Span::ZERO));
        self.audited_at = Time::ZERO + back + hour + hour;
        // Exports tell which ids were left at the time of the audit.
        self.ids.until = self.audited_at;
        self.begin_certificates();
        self.begin_clients();
        self.begin_shared();
        let within = if self.worst_timing || self.schedules.is_empty() {
            Span::ZERO
        } else {
            let mut stream = self.streams.stream("strike-within", 0);
            self.ledger.span("strike-within", &mut stream)
        };
        let present = self.audited_at + within;
        let is_late = !self.interrupts();
        self.struck = if is_late { present - noticed.unwrap_or(Span::ZERO) } else { present };
        self.noticed_at = self.notice(present, noticed);
        let mut agenda: Vec<(Time, u8, Happens)> = Vec::new();
        for at in 0..self.copies.len() {
            if let Some(age) = self.age(&self.copies[at].point) {
                agenda.push((self.audited_at - age, 0, Happens::Copy(at)));
            } else {
                let id = self.copies[at].point.id.clone();
                self.ledger.state(format!(
                    "{id} cannot be used: nothing says of which server it is and when it was taken"
                ));
            }
        }
        let struck = self.struck;
        for (at, schedule) in self.runs_until(self.noticed_at) {
            agenda.push((at, 1, Happens::Schedule(schedule)));
        }
        agenda.push((struck, 2, Happens::Strike));
        agenda.sort_by_key(|(at, order, _)| (*at, *order));
        for (at, _, happens) in agenda {
            self.pass_until(at);
            match happens {
                Happens::Copy(copy) => self.make_declared(copy),
                Happens::Schedule(schedule) => self.run_schedule(schedule),
                Happens::Strike => {
                    self.wait_for_deleters();
                    self.look_at_services();
                    // The last moment before is what outages are measured against.
                    self.pass(Span::from_millis(1));
                    self.struck = self.estate.now();
                    self.islands_before = self.estate.islands(Suffix::Domain).len();
                    let islands: Vec<Vec<Fqdn>> = Suffix::ALL
                        .into_iter()
                        .map(|suffix| self.estate.islands(suffix))
                        .filter(|islands| islands.len() > 1)
                        .flatten()
                        .collect();
                    self.strike_all();
                    let hosts = &self.losses.hosts;
                    let is_lost =
                        |island: &Vec<Fqdn>| island.iter().all(|name| hosts.contains(name));
                    self.lost_islands = islands.into_iter().filter(is_lost).collect();
                    self.lost_islands.dedup();
                }
            }
        }
        self.pass_until(self.noticed_at);
        if self.touched {
            self.say(MomentKind::Notice, None, "somebody notices".to_owned());
        }
    }

    /// Nobody can delete anything on a server whose services rest while it is copied: it is done as
    /// soon as they are back.
    fn wait_for_deleters(&mut self) {
        let resting = |run: &Self| {
            let ends = run.case.faults().iter().filter_map(|fault| match fault {
                Fault::DeleteKnown(server) | Fault::DeleteUnknown(server) => {
                    run.rests_until(server)
                }
                _ => None,
            });
            ends.max()
        };
        while let Some(until) = resting(self) {
            self.pass_until(until);
        }
    }

    /// All faults of the case. In the worst case replication has carried a deletion everywhere
    /// before servers are lost, as the audit assumes.
    fn strike_all(&mut self) {
        let mut is_spreading = false;
        for fault in self.case.in_time() {
            match fault {
                Fault::DeleteKnown(_) | Fault::DeleteUnknown(_) => is_spreading = true,
                _ if is_spreading && self.worst_timing => {
                    self.pass(SPREAD);
                    is_spreading = false;
                }
                _ => {}
            }
            self.say(MomentKind::Fault, None, fault.to_string());
            self.strike(fault);
        }
    }

    /// Whether the case's span is that of an interruption, not of the time until it is noticed.
    fn interrupts(&self) -> bool {
        let is_it = |fault: &Fault| matches!(fault, Fault::Partition(_) | Fault::Cut(_));
        self.case.faults().iter().any(is_it)
    }

    /// When somebody notices. A deletion is noticed when the case says so, or at once: as the audit
    /// has it. An absent server is noticed when it can come back.
    fn notice(&mut self, present: Time, noticed: Option<Span>) -> Time {
        let mut stream = self.streams.stream("detect-loss", 0);
        let monitored = self.ledger.span("detect-loss", &mut stream);
        let mut at = present;
        for fault in self.case.faults() {
            at = at.max(match fault {
                Fault::DeleteKnown(_) | Fault::DeleteUnknown(_) => present,
                Fault::Absent { span, .. } => {
                    self.struck + Span::from_seconds(u64::from(span.seconds()))
                }
                Fault::Partition(_) | Fault::Cut(_) => {
                    let lasts = noticed.unwrap_or_else(|| {
                        let mut stream = self.streams.stream("partition-lasts", 0);
                        self.ledger.span("partition-lasts", &mut stream)
                    });
                    self.network_is_back = Some(present + lasts);
                    let seconds = u32::try_from(lasts.whole_seconds()).unwrap_or(u32::MAX);
                    self.noticed = Some(CaseSpan::from_seconds(seconds));
                    present + monitored
                }
                Fault::Lose(_)
                | Fault::LoseDataCenter(_)
                | Fault::LoseStore(_)
                | Fault::LoseKey(_)
                | Fault::Rollback { .. }
                | Fault::Ghost(_)
                | Fault::Clock { .. }
                | Fault::CertificatesExpired
                | Fault::BadUpgrade(_) => {
                    if noticed.is_some() {
                        present
                    } else {
                        self.struck + monitored
                    }
                }
            });
        }
        if self.noticed.is_none() {
            self.noticed = self.case.noticed();
        }
        at
    }

    /// From the alarm to the first step: longer outside of office hours.
    fn start_of_work(&mut self) -> Span {
        let mut stream = self.streams.stream("operator-start", 0);
        let start = self.ledger.span("operator-start", &mut stream);
        let Some(now) = self.date(self.estate.now()) else { return start };
        let seconds = now.unix_seconds();
        let of_day = seconds.rem_euclid(86_400) as f64;
        // The first of January 1970 was a Thursday.
        let weekday = (seconds.div_euclid(86_400) + 3).rem_euclid(7);
        let opens = self.ledger.middle("office-begins");
        let closes = self.ledger.middle("office-ends");
        if weekday < 5 && (opens..closes).contains(&of_day) {
            start
        } else {
            let factor = self.ledger.middle("night-factor");
            Span::from_seconds_f64(start.seconds_f64() * factor)
        }
    }

    /// Takes down what servers hold when the first step begins.
    fn begin_work(&mut self) {
        if self.before_steps.is_none() {
            // No step begins on a server that is being copied.
            self.end_copies();
            self.began = self.estate.now();
            self.before_steps = Some(self.estate.holdings());
        }
    }

    /// The operator plans from what can be seen and works step by step.
    fn recover(&mut self) {
        if !self.touched {
            return self.end_copies();
        }
        let start = self.start_of_work();
        self.pass(start);
        self.begin_work();
        let mut last: Vec<Action> = Vec::new();
        for round in 0..PLANS_MAX {
            let mut seen = self.observe();
            if self.gave_up {
                seen.damage = None;
            }
            if round > 0 && !self.is_unwell(&seen) {
                return;
            }
            let runbook = match plan(&seen) {
                Ok(runbook) => runbook,
                Err(Obstacle::Impossible { scenario, reasons, .. })
                    if is_served_damaged(&seen) && !seen.lost().is_empty() =>
                {
                    // What was deleted stays deleted; servers can be replaced all the same.
                    self.scenario = Some(scenario);
                    let words = "nothing brings the deleted data back".to_owned();
                    self.say(MomentKind::Dead, None, words);
                    self.impossible = reasons;
                    self.gave_up = true;
                    continue;
                }
                Err(Obstacle::Impossible { scenario, reasons, .. }) => {
                    self.scenario = Some(scenario);
                    self.say(MomentKind::Dead, None, "no procedure brings it back".to_owned());
                    self.impossible.extend(reasons);
                    self.gave_up = true;
                    return;
                }
                Err(Obstacle::Undecided { scenario, needs, .. }) => {
                    self.scenario = Some(scenario);
                    let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
                    self.impossible = needs;
                    self.gave_up = true;
                    let words = "the operator cannot tell what to do".to_owned();
                    self.say(MomentKind::Dead, None, words);
                    return;
                }
            };
            if self.procedure.is_none() && runbook.procedure != Procedure::NothingToDo {
                self.procedure = Some(runbook.procedure);
                self.scenario = Some(runbook.scenario);
            }
            let steps: Vec<Action> = runbook.steps.iter().map(|step| step.action.clone()).collect();
            if steps == last {
                // It was done and did not help.
                return;
            }
            last = steps;
            for (at, step) in runbook.steps.iter().enumerate() {
                let rest = runbook.steps.get(at..).unwrap_or_default();
                self.hands = self.hands_for(&step.action, rest);
                if !self.work(&step.action) {
                    break;
                }
            }
            // Before going home the operator looks whether everything replicates.
            self.quiesce(SETTLE_MIN);
        }
    }

    /// Whether an operator who looks at all servers sees that something is still wrong.
    fn is_unwell(&self, seen: &Situation) -> bool {
        let is_down = |replica: &audit_core::recovery::Replica| {
            replica.presence != audit_core::recovery::Presence::Running
        };
        let forgotten = self.forgotten.is_some();
        seen.members.values().any(is_down)
            || !seen.stale.is_empty()
            || !seen.expired.is_empty()
            || (!forgotten && is_served_damaged(seen))
            || (!forgotten && seen.islands(Suffix::Domain).len() > self.islands_before.max(1))
    }

    /// How many operators share the steps of one kind that remain: those on different servers, none
    /// of which waits for another.
    fn hands_for(&mut self, action: &Action, rest: &[Step]) -> u64 {
        let is_independent = matches!(
            action,
            Action::Isolate { .. }
                | Action::InstallReplica { .. }
                | Action::FlushSssd { .. }
                | Action::Verify { .. }
                | Action::RenewCertificates { .. }
        );
        if !is_independent {
            return 1;
        }
        let kind = std::mem::discriminant(action);
        let alike = rest.iter().filter(|step| std::mem::discriminant(&step.action) == kind).count();
        let operators = self.ledger.count("operators");
        operators.min(alike as u64).max(1)
    }

    /// One step; false if it was refused.
    fn work(&mut self, action: &Action) -> bool {
        let begun = self.estate.now();
        let Some(action) = self.perhaps_mistaken(action) else {
            self.say(
                MomentKind::Mistake,
                action.runs_on(),
                format!("left out: {}", name_of(action)),
            );
            return true;
        };
        let done = self.perform(&action);
        let now = self.estate.now();
        let (kind, words) = match &done {
            Ok(words) => (MomentKind::Step, words.clone()),
            Err(refusal) => (MomentKind::Refused, format!("{}: {refusal}", name_of(&action))),
        };
        let on = action.runs_on().cloned().or_else(|| self.desk().ok());
        self.moments.push(Moment { at: begun, kind, on, words, took: now.since(begun) });
        self.ended = now;
        done.is_ok()
    }

    /// What the operator really does: `None` if the step is forgotten.
    fn perhaps_mistaken(&mut self, action: &Action) -> Option<Action> {
        let concerned = match action {
            Action::Isolate { server }
            | Action::Uninstall { server, .. }
            | Action::Reinitialize { server, .. } => Some(server),
            _ => None,
        };
        if concerned.is_some() && concerned == self.forgotten.as_ref() {
            return None;
        }
        let probability = self.ledger.middle("mistakes");
        let mut stream = self.streams.stream("mistake", self.steps_begun);
        if !stream.chance(probability) {
            return Some(action.clone());
        }
        match action {
            Action::Reinitialize { server, from, suffix } => Some(Action::Reinitialize {
                server: from.clone(),
                from: server.clone(),
                suffix: *suffix,
            }),
            _ => None,
        }
    }

    /// Lets everything that is under way come to its end; clients write no more.
    fn settle(&mut self) {
        self.ended = self.ended.max(self.began);
        self.look_at_services();
        self.stop_clients();
        self.quiesce(SETTLE_MAX);
        // What a last session has sent may have to be relayed.
        self.pass(SETTLE_MIN);
        self.look_at_services();
    }

    /// Lets time pass until nothing but background load is under way, for at most so long.
    fn quiesce(&mut self, most: Span) {
        let end = self.estate.now() + most;
        self.pass(SETTLE_MIN);
        while !self.estate.world.is_steady() && self.estate.now() < end {
            self.pass(Span::from_minutes(5));
        }
    }

    fn finish(self, predicted: Option<OutcomeClass>) -> Drilled {
        let before_steps = self.before_steps.clone().unwrap_or_default();
        let living = self.estate.running();
        let holds = |name: &&Fqdn, role| {
            self.estate.machines.get(*name).is_some_and(|m| m.local.roles.contains(&role))
        };
        let has = |pick: fn(&estate::Local) -> bool| {
            living.iter().any(|name| {
                self.estate.machines.get(name).is_some_and(|machine| pick(&machine.local))
            })
        };
        let had_kra =
            self.before.members.values().any(|replica| {
                replica.roles.get(&Role::Kra).is_some_and(|status| status.holds_data())
            });
        let master = self.before.dnssec_key_master.as_ref();
        let had_master = master.is_some_and(|name| self.before.members.contains_key(name));
        let counts: Vec<u64> = living
            .iter()
            .filter_map(|name| self.estate.replica(name, Suffix::Domain))
            .map(|replica| self.estate.world.count(replica, VICTIM) as u64)
            .collect();
        let least = counts.iter().min().copied().unwrap_or(0);
        let most = counts.iter().max().copied().unwrap_or(0);
        let accounts = Suffix::ALL.map(|suffix| self.account(suffix, &before_steps, self.struck));
        let islands = self.estate.islands(Suffix::Domain);
        let end = End {
            cas: living.iter().filter(|name| holds(name, Role::Ca)).cloned().collect(),
            ca: self.estate.ca,
            islands: (self.islands_before, islands.len()),
            accounts: accounts.clone(),
            deleted_missing: if living.is_empty() { 0 } else { self.victims.saturating_sub(least) },
            deleted_differ: least != most,
            vaults: (had_kra, has(|local| local.vault_keys)),
            dnssec: (had_master, has(|local| local.dnssec_keys)),
            lost_islands: self.lost_islands.clone(),
            added_again: self.added_again,
            ids_given_twice: self.ids_given_twice(),
            touched: self.touched,
            living,
        };
        let (class, findings) = checkers::judge(&end);
        let outages = self.services.outages(self.struck, self.ended.max(self.struck));
        let load = self.clients.report(self.struck, self.ended.max(self.struck));
        let serves_until = self.serves_until();
        let stores = self.copies.iter().map(|stored| outcome::CopyMark {
            id: stored.point.id.clone(),
            host: stored.point.host.clone(),
            taken_at: stored.disk.as_ref().map(|disk| disk.taken_at),
        });
        let [domain, ca] = accounts;
        Drilled {
            case: self.case.clone(),
            as_of: self.as_of,
            seed: self.streams.seed(),
            class,
            predicted,
            procedure: self.procedure,
            scenario: self.scenario,
            impossible: self.impossible,
            gave_up: self.gave_up,
            downs: self.downs,
            findings,
            lost: [(Suffix::Domain, domain), (Suffix::Ca, ca)],
            deleted: (self.victims, end.deleted_missing),
            islands,
            servers: self.before.members.keys().cloned().collect(),
            copies: stores.collect(),
            moments: self.moments,
            audited_at: self.audited_at,
            struck: self.struck,
            noticed_at: self.noticed_at,
            began: self.began,
            ended: self.ended,
            outages,
            load,
            serves_until,
            protection: self.protection,
            assumptions: self.ledger.lines(),
            events: self.estate.world.events(),
        }
    }
}

/// What is not known of copies is assumed, and said.
fn resolve_copies(before: &mut Situation, ledger: &mut Ledger) {
    let works = ledger.middle("unknown-copies-work") > 0.0;
    if !before.copies.is_complete {
        ledger.state("there are no other copies than those that are known".to_owned());
        before.copies.is_complete = true;
    }
    for point in &mut before.copies.points {
        if point.doubts.is_empty() {
            continue;
        }
        let needs: Vec<String> = point.doubts.iter().map(ToString::to_string).collect();
        let word = if works { "works" } else { "does not work" };
        ledger.state(format!("{} {word} (not known: {})", point.id, needs.join("; ")));
        point.doubts.clear();
        if !works {
            point.obstacles.push("it is assumed not to work".to_owned());
        }
    }
}

/// Whether a server that runs has the damage.
fn is_served_damaged(seen: &Situation) -> bool {
    let running = seen.running();
    seen.damage.as_ref().is_some_and(|damage| running.iter().any(|name| damage.on.contains(*name)))
}

/// What a step is called in a timeline.
fn name_of(action: &Action) -> String {
    action.commands().into_iter().next().unwrap_or_default()
}

/// Number of groups in which everybody reaches everybody by arcs.
fn count_groups<'a>(names: &[Fqdn], arcs: impl Iterator<Item = (&'a Fqdn, &'a Fqdn)>) -> usize {
    let mut to = vec![Vec::new(); names.len()];
    let mut from = to.clone();
    for (one, other) in arcs {
        if let (Ok(one), Ok(other)) = (names.binary_search(one), names.binary_search(other)) {
            to[one].push(other);
            from[other].push(one);
        }
    }
    estate::components(&to, &from).len()
}
