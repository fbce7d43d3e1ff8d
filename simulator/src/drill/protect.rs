//! Copies: those that the deployment has, each with the data of its time, and those that declared
//! schedules make until the disaster.
//!
//! What a copy has is frozen by its kind (`fidelity.md`, "What a simulator must model", 7). A full
//! backup or a snapshot has what is on the disk when its server's services stop, and is there when
//! they are back. A data-only backup is an export of the running server, made with `--online`: each
//! entry is of the time when the export passed it ([`crate::world::export`]). What the disaster
//! does to a server while a copy of it is made, it does to the copy.

use audit_core::model::{Deployment, Fqdn, Role, Suffix};
use audit_core::recovery::{CopyForm, RestorePoint, Whereabouts};
use audit_core::time::Timestamp;

use super::Run;
use super::estate::{Local, Power, VICTIM};
use crate::kernel::streams::Stream;
use crate::kernel::time::{Span, Time};
use crate::world::copies::Copy;
use crate::world::export::Export;

/// A copy outside the servers, with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// As the audit knows it.
    pub(super) point: RestorePoint,
    /// Its content; `None` if it was never made in this drill: nothing says of which server or when
    /// it is.
    pub(super) disk: Option<Copy>,
    pub(super) local: Local,
    /// The schedule that made it.
    schedule: Option<usize>,
    /// How many of the deleted entries an operator did not find in it.
    lacks: u64,
}

impl Stored {
    pub(super) fn declared(point: RestorePoint) -> Self {
        Self { point, disk: None, local: Local::default(), schedule: None, lacks: 0 }
    }

    /// The time that an operator goes by: when it was begun, as its header has it; of a copy that
    /// turned out to lack something, when it was complete.
    pub(super) fn reckoned_at(&self) -> Option<Time> {
        self.disk.as_ref().filter(|_| self.lacks > 0).map(|disk| disk.read_until)
    }
}

/// A declared schedule.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    id: String,
    host: Fqdn,
    form: CopyForm,
    every: Span,
    keeps: Option<u64>,
    /// Runs that have begun.
    runs: u64,
}

/// Who makes a copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Maker {
    /// It is the declared copy of this number.
    Audit(usize),
    /// The schedule of this number.
    Schedule(usize),
}

/// What is going on while a copy is made.
#[derive(Clone, Debug)]
enum Work {
    /// Its host is occupied with another one.
    Waits,
    /// Nothing changes on the disk; of a run, because the services rest.
    Disk(Box<Copy>),
    /// The server runs and is exported.
    Export(Box<Export>),
}

/// A copy that is being made.
#[derive(Clone, Debug)]
pub(super) struct Making {
    host: Fqdn,
    maker: Maker,
    form: CopyForm,
    local: Local,
    begun: Time,
    until: Time,
    work: Work,
}

impl Making {
    /// When there is something to do for it.
    fn due(&self) -> Time {
        match &self.work {
            // When all is read, only its server can still take it away.
            Work::Export(export) => export.due().unwrap_or(self.until),
            Work::Waits | Work::Disk(_) => self.until,
        }
    }
}

/// What protection cost and brought.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Protection {
    /// Scheduled runs until the disaster.
    pub runs: u64,
    /// Those that made nothing.
    pub failed: u64,
    /// How long servers were out of service for them, all added.
    pub outage: Span,
}

/// The schedules of a deployment whose host, kind and interval are known.
pub(super) fn schedules(deployment: &Deployment) -> Vec<Schedule> {
    let rows = deployment.copies.schedules.iter().filter_map(|(id, schedule)| {
        let form = match schedule.makes.value()?.as_str() {
            "snapshot" => CopyForm::Snapshot,
            "full" => CopyForm::Full,
            "data" => CopyForm::Data,
            _ => return None,
        };
        let every = Span::from_seconds(u64::from(schedule.every.value()?.seconds()));
        let host = schedule.host.value()?.clone();
        let keeps = schedule.keeps.value().copied();
        (every > Span::ZERO).then_some(Schedule {
            id: id.clone(),
            host,
            form,
            every,
            keeps,
            runs: 0,
        })
    });
    rows.collect()
}

impl Run<'_> {
    /// Begins to make a declared copy at its time.
    pub(super) fn make_declared(&mut self, at: usize) {
        let Some(host) = self.copies[at].point.host.clone() else { return };
        let form = self.copies[at].point.form;
        let mut took = Span::ZERO;
        if form == CopyForm::Data {
            let mut stream = self.streams.stream(&format!("copy-made/{at}"), 0);
            // The audit knows it, so it was complete by then.
            took = self.export_span(&mut stream).min(self.audited_at.since(self.estate.now()));
        }
        self.begin_copy(&host, form, took, Maker::Audit(at));
    }

    /// How long the export of a data-only backup takes.
    fn export_span(&mut self, stream: &mut Stream) -> Span {
        let rate = self.ledger.number("export-entries-per-second", stream).max(0.1);
        Span::from_seconds_f64(self.entries as f64 / rate)
    }

    /// Begins to make a copy that takes this long; false if its host cannot. A data-only backup is
    /// an online export. For the others the services stop where that takes time, and what is on the
    /// disk is what the copy has.
    fn begin_copy(&mut self, host: &Fqdn, form: CopyForm, took: Span, maker: Maker) -> bool {
        let begun = self.estate.now();
        let Some(machine) = self.estate.machines.get(host) else { return false };
        let (server, local) = (machine.server, machine.local.clone());
        if machine.power == Power::Lost {
            return false;
        }
        let work = if form == CopyForm::Data {
            let Some(export) = self.estate.world.begin_export(server, took) else { return false };
            Work::Export(Box::new(export))
        } else {
            if took > Span::ZERO {
                self.estate.world.stop(server);
                self.look_at_services();
            }
            Work::Disk(Box::new(self.estate.world.copy(server)))
        };
        let made =
            Making { host: host.clone(), maker, form, local, begun, until: begun + took, work };
        self.makings.push(made);
        self.copies_go_on(begun);
        true
    }

    /// Until when a host is occupied with a copy.
    fn occupied(&self, host: &Fqdn) -> Option<Time> {
        let works = |making: &&Making| !matches!(making.work, Work::Waits);
        let there = self.makings.iter().filter(works).filter(|making| making.host == *host);
        there.map(|making| making.until).max()
    }

    /// Until when the services of a server rest for a copy.
    pub(super) fn rests_until(&self, host: &Fqdn) -> Option<Time> {
        let machine = self.estate.machines.get(host)?;
        self.occupied(host).filter(|_| !self.estate.world.runs(machine.server))
    }

    /// When there is something to do for a copy that is being made.
    pub(super) fn next_for_copies(&self) -> Option<Time> {
        self.makings.iter().map(Making::due).min()
    }

    /// Does what is due for copies that are being made. Until `then` nothing else is done.
    pub(super) fn copies_go_on(&mut self, then: Time) {
        let now = self.estate.now();
        while let Some(at) = self.makings.iter().position(|making| making.due() <= now) {
            let mut making = self.makings.remove(at);
            if matches!(making.work, Work::Waits)
                && let Maker::Schedule(index) = making.maker
            {
                self.begin_run(index);
                continue;
            }
            let calm = self.next_for_copies().map_or(then, |due| due.min(then));
            let lives = match &mut making.work {
                Work::Export(export) => self.estate.world.read_export(export, calm.max(now)),
                Work::Disk(_) | Work::Waits => true,
            };
            if lives && making.due() > now {
                self.makings.insert(at, making);
            } else {
                self.finish_copy(making, lives);
            }
        }
    }

    /// The last of a copy is written, and its server is back in service; or its server is gone.
    fn finish_copy(&mut self, making: Making, lives: bool) {
        let Making { host, maker, form, local, begun, until, work } = making;
        let rested = matches!(work, Work::Disk(_)) && until > begun;
        let disk = match work {
            Work::Export(export) if lives => export.finish(),
            Work::Export(_) | Work::Waits => None,
            Work::Disk(disk) if !rested => Some(*disk),
            Work::Disk(disk) => {
                // The disaster may have taken it, or brought it back with other data.
                let server = disk.server();
                let is_there = self.estate.runs(&host) && !self.estate.world.runs(server);
                if is_there {
                    self.estate.world.start(server);
                    self.look_at_services();
                }
                is_there.then_some(*disk)
            }
        };
        match (maker, disk) {
            (Maker::Audit(at), Some(disk)) => {
                self.copies[at].disk = Some(disk);
                self.copies[at].local = local;
            }
            (Maker::Audit(_), None) => {}
            (Maker::Schedule(index), disk) => {
                if rested {
                    let end = if disk.is_some() { until } else { until.min(self.struck) };
                    self.protection.outage += end.since(begun);
                }
                match disk {
                    Some(disk) => self.keep(index, form, disk, local),
                    None => self.protection.failed += 1,
                }
            }
        }
    }

    /// Waits until no copy is being made. Runs that wait themselves are called off.
    pub(super) fn end_copies(&mut self) {
        let before = self.makings.len();
        self.makings.retain(|making| !matches!(making.work, Work::Waits));
        self.protection.failed += (before - self.makings.len()) as u64;
        while let Some(due) = self.next_for_copies() {
            self.pass_until(due);
        }
    }

    /// The time of a simulated moment.
    pub(super) fn date(&self, time: Time) -> Option<Timestamp> {
        let millis = i128::from(time.millis()) - i128::from(self.audited_at.millis());
        let seconds = i64::try_from(millis.div_euclid(1000)).ok()?;
        Timestamp::from_unix_seconds(self.as_of.unix_seconds().checked_add(seconds)?)
    }

    /// A run of a schedule is due. It comes to nothing while the run before is under way: a timer
    /// starts no service that is active (`systemd.timer`).
    pub(super) fn run_schedule(&mut self, index: usize) {
        self.protection.runs += 1;
        let is_active = |making: &Making| making.maker == Maker::Schedule(index);
        if self.makings.iter().any(is_active) {
            self.protection.failed += 1;
        } else {
            self.begin_run(index);
        }
    }

    /// Begins a run; where its host is occupied with another copy, it waits for that.
    fn begin_run(&mut self, index: usize) {
        let Some(Schedule { id, host, form, runs, .. }) = self.schedules.get(index).cloned() else {
            return;
        };
        if let Some(until) = self.occupied(&host) {
            let (maker, local, begun) =
                (Maker::Schedule(index), Local::default(), self.estate.now());
            let work = Work::Waits;
            return self.makings.push(Making { host, maker, form, local, begun, until, work });
        }
        let runs = runs + 1;
        self.schedules[index].runs = runs;
        let mut stream = self.streams.stream(&format!("copy-run/{id}"), runs);
        let fails = stream.chance(self.ledger.middle("copy-run-fails"));
        let took = match form {
            _ if fails || !self.estate.runs(&host) => None,
            CopyForm::Snapshot => Some(self.ledger.span("cold-snapshot", &mut stream)),
            CopyForm::Full => Some(self.ledger.span("offline-backup", &mut stream)),
            CopyForm::Data => Some(self.export_span(&mut stream)),
            CopyForm::Unknown => Some(Span::ZERO),
        };
        let begins =
            took.is_some_and(|took| self.begin_copy(&host, form, took, Maker::Schedule(index)));
        self.protection.failed += u64::from(!begins);
    }

    /// Puts what a run has made where the copies of its kind are.
    fn keep(&mut self, index: usize, form: CopyForm, disk: Copy, local: Local) {
        let Some(Schedule { id, host, keeps, runs, .. }) = self.schedules.get(index).cloned()
        else {
            return;
        };
        // The next run of it waits for this one, so the number is still its own.
        let name = format!("{id}#{runs}");
        let holds = |role| (role, local.roles.contains(&role));
        let alike =
            self.copies.iter().rev().find(|stored| {
                stored.point.form == form && stored.point.host.as_ref() == Some(&host)
            });
        let (whereabouts, key, key_locations) = match alike {
            Some(stored) => (
                stored.point.whereabouts.clone(),
                stored.point.key.clone(),
                stored.point.key_locations.clone(),
            ),
            None if form == CopyForm::Snapshot => (Whereabouts::Unknown, None, None),
            None => (Whereabouts::OnHost(host.clone()), None, None),
        };
        let point = RestorePoint {
            id: name,
            form,
            host: Some(host.clone()),
            taken_at: self.date(disk.taken_at),
            roles: Role::ALL.into_iter().map(holds).collect(),
            whereabouts,
            key,
            key_locations,
            reach: std::collections::BTreeMap::new(),
            path: None,
            variant: None,
            obstacles: Vec::new(),
            doubts: Vec::new(),
        };
        let schedule = Some(index);
        self.copies.push(Stored { point, disk: Some(disk), local, schedule, lacks: 0 });
        if let Some(keeps) = keeps {
            self.prune(index, keeps.max(1));
        }
    }

    /// What an operator finds in a copy from which deleted data was to come back: an export that
    /// was under way when it was deleted has only part of it, though it was begun before.
    pub(super) fn look_into(&mut self, at: usize) -> String {
        let (true, Some(disk)) = (self.damage.is_some(), &self.copies[at].disk) else {
            return String::new();
        };
        let lacks = self.victims.saturating_sub(disk.count(VICTIM) as u64);
        self.copies[at].lacks = lacks;
        if lacks == 0 { String::new() } else { format!("; {lacks} deleted entries are not in it") }
    }

    /// Retention: only the newest copies of a schedule are kept.
    fn prune(&mut self, index: usize, keeps: u64) {
        let of_schedule = |stored: &Stored| stored.schedule == Some(index);
        let count = self.copies.iter().filter(|stored| of_schedule(stored)).count() as u64;
        let mut surplus = count.saturating_sub(keeps);
        self.copies.retain(|stored| {
            let goes = surplus > 0 && of_schedule(stored);
            surplus -= u64::from(goes);
            !goes
        });
    }

    /// When each schedule runs next, from the time of the audit on, up to a time; in order.
    pub(super) fn runs_until(&mut self, end: Time) -> Vec<(Time, usize)> {
        let mut runs = Vec::new();
        for (index, schedule) in self.schedules.iter().enumerate() {
            // When in its interval a schedule runs is not declared.
            let mut stream = self.streams.stream(&format!("copy-phase/{}", schedule.id), 0);
            let phase = Span::from_seconds_f64(schedule.every.seconds_f64() * stream.unit());
            let mut at = self.audited_at + phase;
            while at < end {
                runs.push((at, index));
                at += schedule.every;
            }
        }
        runs.sort();
        runs
    }

    /// Why a copy cannot be had any more; `None` if it can.
    pub(super) fn gone(&self, point: &RestorePoint) -> Option<String> {
        let losses = &self.losses;
        let place = match &point.whereabouts {
            Whereabouts::Unknown => None,
            Whereabouts::OnHost(host) => {
                losses.hosts.contains(host).then(|| format!("it was on {host}, which is lost"))
            }
            Whereabouts::Store { id, host, data_center, .. } => {
                let host_lost = host.as_ref().is_some_and(|host| losses.hosts.contains(host));
                let center_lost =
                    data_center.as_ref().is_some_and(|center| losses.centers.contains(center));
                let lost = losses.stores.contains(id) || host_lost || center_lost;
                lost.then(|| format!("its store {id} is lost"))
            }
        };
        let key = point.key.as_ref().filter(|key| {
            let everywhere = point.key_locations.as_ref().is_some_and(|places| {
                let is_lost = |place: &String| {
                    Fqdn::parse(place).is_some_and(|host| losses.hosts.contains(&host))
                        || losses.centers.contains(place)
                };
                !places.is_empty() && places.iter().all(is_lost)
            });
            losses.keys.contains(*key) || everywhere
        });
        place.or_else(|| key.map(|key| format!("its key {key} is lost")))
    }

    /// Longest time that the drill has to look back: to the oldest copy that it can make.
    pub(super) fn look_back(&self) -> Span {
        let ages = self.copies.iter().filter_map(|stored| self.age(&stored.point));
        ages.max().unwrap_or(Span::ZERO)
    }

    /// Age of a declared copy at the time of the audit.
    pub(super) fn age(&self, point: &RestorePoint) -> Option<Span> {
        let host = point.host.as_ref()?;
        self.estate.replica(host, Suffix::Domain)?;
        let seconds = self.as_of.unix_seconds().checked_sub(point.taken_at?.unix_seconds())?;
        Some(Span::from_seconds(u64::try_from(seconds).unwrap_or(0)))
    }
}
