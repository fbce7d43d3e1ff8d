//! Copies: those that the deployment has, each with the data of its time, and those that declared
//! schedules make until the disaster.

use audit_core::model::{Deployment, Fqdn, Role, Suffix};
use audit_core::recovery::{CopyForm, RestorePoint, Whereabouts};
use audit_core::time::Timestamp;

use super::Run;
use super::estate::{Local, Power};
use crate::kernel::time::{Span, Time};
use crate::world::copies::Copy;

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
}

impl Stored {
    pub(super) fn declared(point: RestorePoint) -> Self {
        Self { point, disk: None, local: Local::default(), schedule: None }
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
    runs: u64,
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
    /// Copies a server's disk, and what it keeps outside LDAP.
    fn freeze(&mut self, host: &Fqdn) -> Option<(Copy, Local)> {
        let machine = self.estate.machines.get(host)?;
        if machine.power == Power::Lost {
            return None;
        }
        let (server, local) = (machine.server, machine.local.clone());
        Some((self.estate.world.copy(server), local))
    }

    /// Makes a declared copy at its time.
    pub(super) fn make_declared(&mut self, at: usize) {
        let Some(host) = self.copies[at].point.host.clone() else { return };
        if let Some((disk, local)) = self.freeze(&host) {
            self.copies[at].disk = Some(disk);
            self.copies[at].local = local;
        }
    }

    /// The time of a simulated moment.
    pub(super) fn date(&self, time: Time) -> Option<Timestamp> {
        let millis = i128::from(time.millis()) - i128::from(self.audited_at.millis());
        let seconds = i64::try_from(millis.div_euclid(1000)).ok()?;
        Timestamp::from_unix_seconds(self.as_of.unix_seconds().checked_add(seconds)?)
    }

    /// Runs a schedule once: its server is out of service, and a copy is made or not.
    pub(super) fn run_schedule(&mut self, index: usize) {
        let Some(schedule) = self.schedules.get_mut(index) else { return };
        schedule.runs += 1;
        let Schedule { id, host, form, keeps, runs, .. } = schedule.clone();
        self.protection.runs += 1;
        let mut stream = self.streams.stream(&format!("copy-run/{id}"), runs);
        let fails = stream.chance(self.ledger.middle("copy-run-fails"));
        if fails || !self.estate.runs(&host) {
            self.protection.failed += 1;
            return;
        }
        // A data-only backup runs online; the others stop the server's services.
        let outage = match form {
            CopyForm::Snapshot => self.ledger.span("cold-snapshot", &mut stream),
            CopyForm::Full => self.ledger.span("offline-backup", &mut stream),
            CopyForm::Data | CopyForm::Unknown => Span::ZERO,
        };
        let server = self.estate.machines.get(&host).map(|machine| machine.server);
        if outage > Span::ZERO
            && let Some(server) = server
        {
            self.estate.world.stop(server);
        }
        let made = self.freeze(&host);
        if outage > Span::ZERO
            && let Some(server) = server
        {
            self.protection.outage += outage;
            self.estate.pass(outage);
            self.estate.world.start(server);
        }
        let Some((disk, local)) = made else { return };
        let holds = |role| (role, local.roles.contains(&role));
        let name = format!("{id}#{runs}");
        let alike =
            self.copies.iter().rev().find(|stored| {
                stored.point.form == form && stored.point.host.as_ref() == Some(&host)
            });
        // A run puts its copy where the copies of its kind are.
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
        self.copies.push(Stored { point, disk: Some(disk), local, schedule: Some(index) });
        if let Some(keeps) = keeps {
            self.prune(index, keeps.max(1));
        }
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
