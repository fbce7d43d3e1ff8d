//! What the deployment could do, and how long it could not.

use std::rc::Rc;

use audit_core::model::{CaMode, Fqdn, Role, RoleStatus, Suffix};

use super::Run;
use super::estate::{Machine, Power, View};
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
        let running = self.estate.machines.iter().filter(|(name, machine)| {
            machine.power == Power::Running && self.is_in_service(name) && !self.is_expired(name)
        });
        // What each says of itself.
        let running: Vec<(&Machine, Rc<View>, &Fqdn)> =
            running.map(|(name, machine)| (machine, self.estate.view(name), name)).collect();
        let holds = |view: &View, name: &Fqdn, role: Role| {
            let member = view.members.get(name);
            member.and_then(|member| member.roles.get(&role)) == Some(&RoleStatus::Enabled)
        };
        let offers = |role: Role| running.iter().any(|(_, view, name)| holds(view, name, role));
        let has_ca_data = |machine: &Machine| {
            let replica = self.estate.world.replica_of(machine.server, Suffix::Ca);
            replica.is_some_and(|replica| self.estate.world.database(replica).is_some())
        };
        let issues = running
            .iter()
            .any(|(machine, view, name)| has_ca_data(machine) && holds(view, name, Role::Ca));
        let opens = running
            .iter()
            .any(|(machine, view, name)| machine.local.vault_keys && holds(view, name, Role::Kra));
        let any_ca = running.iter().any(|(machine, _, _)| machine.local.roles.contains(&Role::Ca));
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
