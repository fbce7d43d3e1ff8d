//! Clients: which server each uses, what that makes of the load on each, and where they write.
//!
//! Clients find servers by DNS and prefer those of their own data center (IdM locations). When
//! their server is gone they use another one there, or, if there is none, any that they reach. What
//! they write goes with them.
//!
//! # Source
//!
//! Planning Identity Management (RHEL 10) 3.3 (clients per server); "Working with DNS in IdM" (RHEL
//! 10), locations; contract, section 4 (hidden replicas serve no clients).

use std::collections::BTreeMap;

use audit_core::evidence::Fact;
use audit_core::model::{Answer, Deployment, Fqdn, Role, RoleStatus, Suffix};
use audit_core::questions::CLIENTS;
use audit_core::recovery::Span as CaseSpan;

use super::Run;
use super::assumptions::Ledger;
use crate::kernel::time::{Span, Time};
use crate::world::ReplicaIndex;

/// Skew from which Kerberos refuses clients (MIT Kerberos, `clockskew`).
const KERBEROS_SKEW: CaseSpan = CaseSpan::from_seconds(300);

/// Clients of each server, over time.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    total: u64,
    /// How many one server is to serve at most.
    most: u64,
    /// How many use each server while nothing is wrong.
    homes: BTreeMap<Fqdn, u64>,
    looks: Vec<(Time, BTreeMap<Fqdn, u64>)>,
    /// The drill is over: they write no more.
    are_gone: bool,
    /// The period in which each replica is written, as it was set last.
    periods: BTreeMap<ReplicaIndex, Span>,
}

/// What the disaster meant for clients and for the load on servers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientLoad {
    /// All clients.
    pub clients: u64,
    /// How many one server is to serve at most.
    pub most_per_server: u64,
    /// Servers that serve clients, before the disaster.
    pub visible: u64,
    /// The fewest from then on.
    pub fewest_visible: u64,
    /// Clients of each server before the disaster, and the most from then on; servers in order.
    pub servers: Vec<(Fqdn, u64, u64)>,
    /// How long some server had more than it is to serve.
    pub overloaded: Span,
    /// The most clients that reached no server.
    pub unserved: u64,
    /// How long some client reached none.
    pub unserved_for: Span,
}

impl Clients {
    /// As many as somebody has said, else as is assumed.
    pub(super) fn of(deployment: &Deployment, ledger: &mut Ledger) -> Self {
        let total = match deployment.observed.answers.get(CLIENTS).and_then(Fact::value) {
            Some(Answer::Number(clients)) => *clients,
            _ => ledger.count("clients"),
        };
        Self { total, most: ledger.count("clients-per-server"), ..Self::default() }
    }

    /// What happened between two times.
    pub(super) fn report(&self, from: Time, until: Time) -> ClientLoad {
        let before = self.looks.iter().rev().find(|(at, _)| *at < from).map(|(_, row)| row.clone());
        let before = before.unwrap_or_default();
        let count = |row: &BTreeMap<Fqdn, u64>| row.len() as u64;
        let mut report = ClientLoad {
            clients: self.total,
            most_per_server: self.most,
            visible: count(&before),
            fewest_visible: count(&before),
            ..ClientLoad::default()
        };
        let mut peaks: BTreeMap<&Fqdn, u64> = before.iter().map(|(name, n)| (name, *n)).collect();
        let later: Vec<&(Time, BTreeMap<Fqdn, u64>)> =
            self.looks.iter().filter(|(at, _)| (from..until).contains(at)).collect();
        for (place, (at, row)) in later.iter().enumerate() {
            let end = later.get(place + 1).map_or(until, |(next, _)| *next);
            let span = end.since(*at);
            report.fewest_visible = report.fewest_visible.min(count(row));
            for (name, clients) in row {
                let peak = peaks.entry(name).or_default();
                *peak = (*peak).max(*clients);
            }
            if row.values().any(|clients| *clients > self.most) {
                report.overloaded += span;
            }
            let unserved = self.total.saturating_sub(row.values().sum());
            if unserved > 0 {
                report.unserved = report.unserved.max(unserved);
                report.unserved_for += span;
            }
        }
        report.servers = peaks
            .into_iter()
            .map(|(name, peak)| (name.clone(), before.get(name).copied().unwrap_or(0), peak))
            .collect();
        report
    }
}

/// A number in parts that differ by one at most.
fn parts(count: u64, among: usize) -> impl Iterator<Item = u64> {
    let among = (among as u64).max(1);
    (0..among).map(move |at| count / among + u64::from(at < count % among))
}

impl Run<'_> {
    /// Every visible server has the same number of clients.
    pub(super) fn begin_clients(&mut self) {
        let serving = self.serving();
        let shares: Vec<u64> = parts(self.clients.total, serving.len()).collect();
        self.clients.homes = serving.iter().cloned().zip(shares).collect();
        self.spread_clients(&serving);
    }

    /// Servers that answer clients: visible, in service, with valid certificates and a clock that
    /// Kerberos accepts.
    pub(super) fn serving(&self) -> Vec<Fqdn> {
        let mut running = self.estate.running();
        running.retain(|name| {
            let is_wrong = |skew: &(bool, CaseSpan)| skew.1 > KERBEROS_SKEW;
            self.is_in_service(name)
                && !self.is_expired(name)
                && !self.clocks.get(name).is_some_and(is_wrong)
                && self.status_on(name, name, Role::IpaMaster) == RoleStatus::Enabled
        });
        running
    }

    /// How many clients each server has at this moment.
    fn clients_now(&self, serving: &[Fqdn]) -> BTreeMap<Fqdn, u64> {
        let center = |name: &Fqdn| self.estate.machines.get(name)?.data_center.as_ref();
        let centers: Vec<Option<&String>> = serving.iter().map(center).collect();
        let mut counts = vec![0; serving.len()];
        for (home, clients) in &self.clients.homes {
            if let Ok(at) = serving.binary_search(home) {
                counts[at] += clients;
                continue;
            }
            let own = center(home);
            let reached: Vec<usize> =
                (0..serving.len()).filter(|at| self.reaches(home, &serving[*at])).collect();
            let is_near = |at: &usize| own.is_some() && centers[*at] == own;
            let near: Vec<usize> = reached.iter().copied().filter(is_near).collect();
            let chosen = if near.is_empty() { reached } else { near };
            for (at, share) in chosen.iter().zip(parts(*clients, chosen.len())) {
                counts[*at] += share;
            }
        }
        serving.iter().cloned().zip(counts).collect()
    }

    /// Clients use the servers that there are now, and write there.
    pub(super) fn spread_clients(&mut self, serving: &[Fqdn]) {
        let row = self.clients_now(serving);
        if self.clients.looks.last().is_none_or(|(_, last)| *last != row) {
            self.clients.looks.push((self.estate.now(), row.clone()));
        }
        if self.clients.are_gone {
            return;
        }
        let mut wanted: BTreeMap<ReplicaIndex, Span> = BTreeMap::new();
        let rates = ["domain-writes-per-second", "ca-writes-per-second"];
        let [domain, ca] = rates.map(|name| self.ledger.middle(name));
        let mut give = |replica: Option<ReplicaIndex>, rate: f64| {
            if let Some(replica) = replica.filter(|_| rate > 0.0) {
                wanted.insert(replica, Span::from_seconds_f64(1.0 / rate));
            }
        };
        for (name, clients) in &row {
            let rate = domain * *clients as f64 / self.clients.total.max(1) as f64;
            give(self.estate.replica(name, Suffix::Domain), rate);
        }
        // Whoever asks for a certificate is sent to any CA.
        let cas: Vec<ReplicaIndex> =
            serving.iter().filter_map(|name| self.estate.replica(name, Suffix::Ca)).collect();
        for replica in &cas {
            give(Some(*replica), ca / cas.len() as f64);
        }
        let before = std::mem::take(&mut self.clients.periods);
        for replica in before.keys().filter(|replica| !wanted.contains_key(replica)) {
            self.estate.world.stop_load(*replica);
        }
        for (replica, period) in &wanted {
            if before.get(replica) != Some(period) {
                self.estate.world.set_load(*replica, *period);
            }
        }
        self.clients.periods = wanted;
    }

    /// Clients write no more: the drill is over.
    pub(super) fn stop_clients(&mut self) {
        self.clients.are_gone = true;
        for suffix in Suffix::ALL {
            for replica in self.estate.world.members(suffix) {
                self.estate.world.stop_load(replica);
            }
        }
    }
}
