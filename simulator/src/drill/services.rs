//! What the deployment could do, and how long it could not.

use audit_core::model::{CaMode, Fqdn, Role, RoleStatus, Suffix};

use super::Run;
use crate::kernel::time::{Span, Time};

/// The capabilities of the contract (section 4), in its order, without `rebuild`.
pub const CAPABILITIES: [&str; 7] =
    ["authenticate", "write", "issue_certificates", "vaults", "dns", "ad_trust", "add_replica"];

/// Which capabilities there were, from when on.
#[derive(Clone, Debug, Default)]
pub(super) struct Services {
    looks: Vec<(Time, [bool; CAPABILITIES.len()])>,
}

/// How long one capability was not there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outage {
    /// Its name.
    pub capability: &'static str,
    /// How long it was not there, between the disaster and the last step.
    pub span: Span,
    /// Whether it is there at the end.
    pub is_back: bool,
}

impl Services {
    /// Outages from a time to another, of what was there at the first.
    pub(super) fn outages(&self, from: Time, until: Time) -> Vec<Outage> {
        let before = self.looks.iter().rev().find(|(at, _)| *at < from).map(|(_, had)| *had);
        let Some(before) = before else { return Vec::new() };
        let mut rows = Vec::new();
        for (place, capability) in CAPABILITIES.into_iter().enumerate() {
            if !before[place] {
                continue;
            }
            let mut since = None;
            let mut span = Span::ZERO;
            for (at, has) in self.looks.iter().filter(|(at, _)| *at >= from) {
                match (has[place], since) {
                    (false, None) => since = Some(*at),
                    (true, Some(begun)) => {
                        span += at.since(begun);
                        since = None;
                    }
                    _ => {}
                }
            }
            if let Some(begun) = since {
                span += until.since(begun);
            }
            rows.push(Outage { capability, span, is_back: since.is_none() });
        }
        rows
    }
}

impl Run<'_> {
    /// Takes down what the deployment can do at this moment.
    pub(super) fn look_at_services(&mut self) {
        let now = self.estate.now();
        let serving = self.serving();
        self.hand_out_ids(&serving);
        self.spread_clients(&serving);
        let running: Vec<Fqdn> = self
            .estate
            .running()
            .into_iter()
            .filter(|name| self.is_in_service(name) && !self.is_expired(name))
            .collect();
        let offers = |role: Role| {
            running.iter().any(|name| self.status_on(name, name, role) == RoleStatus::Enabled)
        };
        let has_ca_data = |name: &&Fqdn| {
            let replica = self.estate.replica(name, Suffix::Ca);
            replica.is_some_and(|replica| self.estate.world.database(replica).is_some())
        };
        let issues = running
            .iter()
            .filter(has_ca_data)
            .any(|name| self.status_on(name, name, Role::Ca) == RoleStatus::Enabled);
        let opens = running.iter().any(|name| {
            let machine = self.estate.machines.get(name);
            machine.is_some_and(|machine| machine.local.vault_keys)
                && self.status_on(name, name, Role::Kra) == RoleStatus::Enabled
        });
        let any_ca = running.iter().any(|name| {
            let machine = self.estate.machines.get(name);
            machine.is_some_and(|machine| machine.local.roles.contains(&Role::Ca))
        });
        let serves = !serving.is_empty();
        let adds = !running.is_empty() && (self.estate.ca != CaMode::Integrated || any_ca);
        let has = [
            serves,
            self.gives_ids(&serving),
            issues,
            opens,
            offers(Role::Dns),
            offers(Role::AdTrustController),
            adds,
        ];
        if self.services.looks.last().is_none_or(|(_, last)| *last != has) {
            self.services.looks.push((now, has));
        }
    }

    pub(super) fn is_in_service(&self, name: &Fqdn) -> bool {
        let replica = self.estate.replica(name, Suffix::Domain);
        replica.is_some_and(|replica| self.estate.world.is_in_service(replica))
    }
}
