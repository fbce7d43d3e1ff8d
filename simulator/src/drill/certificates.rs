//! Certificates: when each server's end, and whether certmonger finds a CA that renews them.
//!
//! A server has certificates of its own (HTTP, LDAP, KDC), which any CA renews, and a CA replica
//! has those of the CA's services, which all CAs have in common: the CA renewal server renews
//! them, the others take them from the directory. They are files of the server, so a copy brings
//! back those of its time. With expired ones a server answers nobody.
//!
//! # Source
//!
//! `quantities.md` C.3; "Managing certificates in IdM" (RHEL 10) 32.3; manual page of
//! certmonger.conf, `enroll_ttls`.

use std::collections::BTreeMap;

use audit_core::model::{CaMode, Deployment, Fqdn, Role};
use audit_core::recovery::{CA_VALID_DAYS, RENEWAL_DAYS};
use audit_core::time::Timestamp;

use super::estate::Power;
use super::{MomentKind, Run};
use crate::kernel::time::{Span, Time};

/// How long before the end certmonger tries to renew a certificate.
const TRIES: [Span; 5] = [
    Span::from_days(RENEWAL_DAYS as u64),
    Span::from_days(7),
    Span::from_days(3),
    Span::from_days(2),
    Span::from_days(1),
];
/// How long certificates of servers are valid (`caIPAserviceCert.cfg`).
const OWN_VALID: Span = Span::from_days(731);
/// How long those of the CA's services are.
const SHARED_VALID: Span = Span::from_days(CA_VALID_DAYS as u64);
/// Names of certificates that all CAs have in common: nicknames in the CA's and KRA's databases,
/// and the file of the CA's agent.
const SHARED: [&str; 6] = [
    "auditsigningcert",
    "ocspsigningcert",
    "subsystemcert",
    "transportcert",
    "storagecert",
    "ra-agent",
];

/// When a server's certificates end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Certificates {
    /// The first of its own.
    own: Time,
    /// The first of those that CAs have in common; `None` without a CA.
    shared: Option<Time>,
    /// Whether certmonger renews them.
    are_tended: bool,
}

impl Default for Certificates {
    fn default() -> Self {
        Self { own: Time::MAX, shared: None, are_tended: true }
    }
}

impl Certificates {
    /// Issued at a time, with those of a CA if it has one.
    pub(super) fn issued(now: Time, is_ca: bool) -> Self {
        let shared = is_ca.then_some(now + SHARED_VALID);
        Self { own: now + OWN_VALID, shared, are_tended: true }
    }

    /// When the first ends.
    fn end(self) -> Time {
        self.shared.map_or(self.own, |shared| shared.min(self.own))
    }

    /// They end now.
    pub(super) fn expire(&mut self, now: Time) {
        self.own = self.own.min(now);
        self.shared = self.shared.map(|shared| shared.min(now));
    }

    /// It has a CA from now on, with the certificates of another.
    pub(super) fn join(&mut self, ca: Self) {
        self.shared = self.shared.or(ca.shared);
    }
}

/// What exports tell of a server's certificates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The end of the first of its own, and of those that CAs have in common.
    ends: [Option<Timestamp>; 2],
    /// Whether certmonger does not track one of them.
    is_untracked: bool,
}

/// What a deployment's exports tell of certificates.
pub(super) fn known(deployment: &Deployment) -> BTreeMap<Fqdn, Known> {
    let mut all: BTreeMap<Fqdn, Known> = BTreeMap::new();
    for (key, certificate) in &deployment.observed.certificates {
        let Some(end) = certificate.expires.value() else { continue };
        let name = key.name.to_ascii_lowercase();
        // The CA's own certificate lasts for 20 years; who signs it anew is another matter.
        if name.contains("casigningcert") {
            continue;
        }
        let known = all.entry(key.on.clone()).or_default();
        known.is_untracked |= certificate.tracked.value() == Some(&false);
        let cell = &mut known.ends[usize::from(SHARED.iter().any(|part| name.contains(part)))];
        *cell = Some(cell.map_or(*end, |earlier| earlier.min(*end)));
    }
    all
}

/// The end at the drill's beginning of certificates that end at some time, counted from then in
/// milliseconds: where they are tended, they may have been renewed in between.
fn at_the_beginning(mut end: i128, valid: Span, are_tended: bool) -> Time {
    let valid = i128::from(valid.millis());
    let period = valid - i128::from(TRIES[0].millis());
    while are_tended && end > valid {
        end -= period;
    }
    Time::from_millis(u64::try_from(end).unwrap_or(0))
}

impl Run<'_> {
    /// Gives every server certificates at the beginning, so that at the time of the audit they are
    /// those that exports tell of.
    pub(super) fn begin_certificates(&mut self) {
        let is_outside = self.estate.ca == CaMode::None;
        if is_outside {
            self.ledger.state(
                "certificates of the outside CA are renewed in time by those who look after them"
                    .to_owned(),
            );
        }
        if self.estate.ca == CaMode::Integrated && self.before.renewal.is_none() {
            self.ledger
                .state("some CA renews what all CAs share (no export tells which)".to_owned());
        }
        let names: Vec<Fqdn> = self.estate.machines.keys().cloned().collect();
        let all = std::mem::take(&mut self.known_certificates);
        let audited = i128::from(self.audited_at.millis());
        // Those that all CAs have in common end on all of them at one time.
        let common = all.values().filter_map(|known| known.ends[1]).min();
        let mut spread = |name: &str| {
            let mut stream = self.streams.stream(&format!("certificate-left/{name}"), 0);
            let left = self.ledger.span("certificate-left", &mut stream);
            audited + i128::from(left.millis())
        };
        let at = |end: Timestamp| {
            let seconds = end.unix_seconds() - self.as_of.unix_seconds();
            audited + i128::from(seconds) * 1000
        };
        let of_cas = common.map_or_else(|| spread("ca"), at);
        let mut untended = Vec::new();
        for name in names {
            let known = all.get(&name).copied().unwrap_or_default();
            let own = known.ends[0].map_or_else(|| spread(name.as_str()), at);
            let Some(machine) = self.estate.machines.get_mut(&name) else { continue };
            let is_ca = machine.local.roles.contains(&Role::Ca);
            let first = if is_ca { own.min(of_cas) } else { own };
            // What should have been renewed by now has not been, and will not be.
            let is_late = first < audited + i128::from(TRIES[0].millis());
            let are_tended = !known.is_untracked && !is_late;
            if !are_tended {
                untended.push(name.clone());
            }
            machine.local.certificates = Certificates {
                own: at_the_beginning(own, OWN_VALID, are_tended),
                shared: is_ca.then(|| at_the_beginning(of_cas, SHARED_VALID, are_tended)),
                are_tended,
            };
        }
        for name in untended {
            self.ledger.state(format!(
                "nobody renews the certificates of {name}: one is not tracked, or should have been \
                 renewed before now"
            ));
        }
    }

    /// Whether a server's certificates have ended.
    pub(super) fn is_expired(&self, name: &Fqdn) -> bool {
        let now = self.estate.now();
        self.estate.machines.get(name).is_some_and(|m| m.local.certificates.end() <= now)
    }

    /// Certmonger does its work, and what has ended is said.
    pub(super) fn look_at_certificates(&mut self) {
        self.renew_what_ends();
        let now = self.estate.now();
        for name in self.estate.running() {
            if self.certificates_of(&name).end() == now {
                let words = format!("certificates of {name} have ended: it answers nobody");
                self.say(MomentKind::Fault, None, words);
            }
        }
    }

    /// When certmonger looks next, or certificates end, on any server that runs.
    pub(super) fn next_try(&self) -> Option<Time> {
        let now = self.estate.now();
        let running = self.estate.machines.values().filter(|m| m.power == Power::Running);
        let ends = running.flat_map(|machine| {
            let of = machine.local.certificates;
            [Some(of.own), of.shared]
        });
        let tries = ends.flatten().flat_map(|end| {
            let tries = TRIES
                .into_iter()
                .map(move |before| Time::from_millis(end.millis().saturating_sub(before.millis())));
            tries.chain([end])
        });
        tries.filter(|time| *time > now).min()
    }

    /// Certmonger on every server that runs renews what is about to end. It asks a CA through its
    /// own server, which needs valid certificates for that.
    pub(super) fn renew_what_ends(&mut self) {
        let now = self.estate.now();
        let is_due = |end: Time| end <= now + TRIES[0];
        let mut running = self.estate.running();
        // The renewal server first: the others take over what it has.
        running.sort_by_key(|name| self.estate.view(name).renewal.as_ref() != Some(name));
        for name in running {
            let Some(machine) = self.estate.machines.get(&name) else { continue };
            let mut of = machine.local.certificates;
            let can_ask = of.are_tended && of.end() > now;
            if can_ask && is_due(of.own) && self.can_be_issued(&name) {
                of.own = now + OWN_VALID;
            }
            if can_ask && of.shared.is_some_and(is_due) {
                of.shared = self.shared_by_now(&name).or(of.shared);
            }
            if let Some(machine) = self.estate.machines.get_mut(&name) {
                machine.local.certificates = of;
            }
        }
    }

    /// Whether a CA issues certificates for a server.
    fn can_be_issued(&self, name: &Fqdn) -> bool {
        let ca = || self.reachable_ca(name, |ca| !self.is_expired(ca));
        self.estate.ca == CaMode::None || ca().is_some()
    }

    /// The end of what CAs have in common, as a CA replica gets it from the renewal server. Where
    /// no export tells which that is, it is the first that is in reach and in order.
    fn shared_by_now(&self, name: &Fqdn) -> Option<Time> {
        let named = self.estate.view(name).renewal.clone();
        let some = || self.reachable_ca(name, |ca| !self.is_expired(ca));
        let renewal = if self.before.renewal.is_none() { named.or_else(some) } else { named }?;
        if renewal == *name {
            return Some(self.estate.now() + SHARED_VALID);
        }
        let reaches = self.reachable_ca(name, |ca| *ca == renewal).is_some();
        let source = self.estate.machines.get(&renewal).filter(|_| reaches)?;
        source.local.certificates.shared
    }

    /// A server gets new certificates.
    pub(super) fn issue_certificates(&mut self, name: &Fqdn) {
        let now = self.estate.now();
        if let Some(machine) = self.estate.machines.get_mut(name) {
            let is_ca = machine.local.roles.contains(&Role::Ca);
            machine.local.certificates = Certificates::issued(now, is_ca);
        }
    }

    /// The certificates of a CA, for one that is set up beside it.
    pub(super) fn certificates_of(&self, name: &Fqdn) -> Certificates {
        self.estate.machines.get(name).map(|m| m.local.certificates).unwrap_or_default()
    }

    /// When the first certificate ends of servers that nobody renews for any more: how long they
    /// go on serving where no CA is left.
    pub(super) fn serves_until(&self) -> Option<(Fqdn, Time)> {
        let running = self.estate.running();
        let is_ca = |name: &Fqdn| {
            self.estate.machines.get(name).is_some_and(|m| m.local.roles.contains(&Role::Ca))
        };
        if self.estate.ca != CaMode::Integrated || running.iter().any(is_ca) {
            return None;
        }
        let ends = running.into_iter().map(|name| {
            let end = self.certificates_of(&name).end();
            (name, end)
        });
        ends.min_by_key(|(_, end)| *end)
    }
}
