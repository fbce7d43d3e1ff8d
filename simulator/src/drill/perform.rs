//! What an operator's step does to the deployment as it is, and when it is refused.
//!
//! The effects are those on changes and time; [`Situation`](audit_core::recovery::Situation) has
//! the same steps on sets. A law of the suite compares the two.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::model::{CaMode, Fqdn, IdRange, Role, RoleStatus, Suffix};
use audit_core::recovery::{
    Action, CopyForm, PARTITION_ASSUMED, PURGE_DELAY, Refusal, SKEW_MAX, Situation,
};

use super::Run;
use super::certificates::Certificates;
use super::estate::{Arrow, Machine, Power, member_entry};
use super::ids::CHOSEN;
use super::protect::Stored;
use crate::kernel::time::Span;
use crate::world::copies::{RestoreKind, Service};
use crate::world::tree::Operation;
use crate::world::{ReplicaIndex, TotalState};

/// Longest that an operator waits for a total update.
const PATIENCE: Span = Span::from_hours(24);
/// What replicates at once has arrived by then.
const BREATH: Span = Span::from_seconds(5);

impl Run<'_> {
    /// Performs a step: the time it takes passes, and it has its effect or is refused. The words
    /// say what came of it.
    pub(super) fn perform(&mut self, action: &Action) -> Result<String, Refusal> {
        let took = self.duration(action);
        self.pass(took);
        let done = self.take_effect(action);
        self.pass(BREATH);
        self.look_at_services();
        done
    }

    /// How long a step takes, its waiting for total updates left out.
    pub(super) fn duration(&mut self, action: &Action) -> Span {
        let name = match action {
            Action::Isolate { .. } => "step-isolate",
            Action::InstallReplica { .. } => "step-install",
            Action::BootSnapshot { .. } => "step-boot-snapshot",
            Action::RestoreFull { .. } => "step-restore-full",
            Action::RestoreData { .. } => "step-restore-data",
            Action::AddEntries { .. } => "step-read-copy",
            Action::AddRole { .. } => "step-add-role",
            Action::SetClock { .. } => "clock-mended",
            Action::FixCertificates { .. } | Action::RenewCertificates { .. } => {
                "certificates-mended"
            }
            Action::EnableServer { .. }
            | Action::PromoteRenewal { .. }
            | Action::EnableCrl { .. }
            | Action::DisableCrl { .. }
            | Action::DeleteServer { .. }
            | Action::AddSegment { .. }
            | Action::DeleteSegment { .. }
            | Action::Reinitialize { .. }
            | Action::UpdateClients
            | Action::FlushSssd { .. }
            | Action::Verify { .. }
            | Action::StartServer { .. }
            | Action::Uninstall { .. }
            | Action::DisableAgreements { .. }
            | Action::EnableAgreements { .. }
            | Action::RestoreNetwork
            | Action::SetDnaRange { .. }
            | Action::CleanRuv { .. }
            | Action::CleanDanglingRuv { .. } => "step-command",
        };
        let number = self.steps_begun;
        let mut stream = self.streams.stream("step-duration", number);
        self.steps_begun += 1;
        let span = self.ledger.span(name, &mut stream);
        Span::from_millis(span.millis() / self.hands.max(1))
    }

    /// The effect of a step, at this moment.
    pub(super) fn take_effect(&mut self, action: &Action) -> Result<String, Refusal> {
        let done = match action {
            Action::EnableServer { server } => self.enable_server(server),
            Action::PromoteRenewal { ca } => self.promote(ca),
            Action::EnableCrl { on } => {
                self.require_running(on)?;
                self.require_role(on, Role::Ca)?;
                self.set_crl(on, true);
                Ok(format!("{on} generates the CRL"))
            }
            Action::DisableCrl { on } => {
                self.require_running(on)?;
                self.set_crl(on, false);
                Ok(format!("{on} generates no CRL any more"))
            }
            Action::DeleteServer { server, from, ignore_last_of_role, ignore_disconnect } => {
                self.delete_server(server, from, *ignore_last_of_role, *ignore_disconnect)
            }
            Action::AddSegment { suffix, left, right } => self.add_segment(*suffix, left, right),
            Action::DeleteSegment { suffix, left, right } => {
                self.delete_segment(*suffix, left, right)
            }
            Action::InstallReplica { server, source, roles, hidden } => {
                self.install(server, source, roles, *hidden)
            }
            Action::BootSnapshot { copy, server } => self.boot_snapshot(copy, server),
            Action::RestoreFull { copy, server } => self.restore_full(copy, server),
            Action::RestoreData { copy, server } => self.restore_data(copy, server),
            Action::Reinitialize { server, from, suffix } => {
                self.reinitialize(server, from, *suffix)
            }
            Action::Isolate { server } => {
                self.require_running(server)?;
                self.stop(server, Power::Stopped);
                Ok(format!("{server} is stopped"))
            }
            Action::AddEntries { on, copy } => self.add_entries(on, copy),
            Action::UpdateClients => {
                self.desk()?;
                Ok("clients find the servers that are left".to_owned())
            }
            Action::FlushSssd { server } => {
                self.require_running(server)?;
                Ok(format!("caches of {server} are empty"))
            }
            Action::Verify { server } => {
                self.require_running(server)?;
                Ok(format!("{server} answers"))
            }
            Action::StartServer { server } => self.start_server(server),
            Action::Uninstall { server, force } => self.uninstall(server, *force),
            Action::AddRole { server, role } => self.add_role(server, *role),
            Action::DisableAgreements { of } => self.switch_agreements(of, false),
            Action::EnableAgreements { of } => self.switch_agreements(of, true),
            Action::RestoreNetwork => Ok(self.restore_network()),
            Action::SetClock { server } => self.set_clock(server),
            Action::FixCertificates { on } => self.fix_certificates(on),
            Action::RenewCertificates { server, from } => {
                self.renew_certificates(server, from.as_ref())
            }
            Action::SetDnaRange { on, range } => self.set_range(on, range.as_ref()),
            Action::CleanRuv { server, on } => self.clean_ruv(server, on),
            Action::CleanDanglingRuv { on } => self.clean_dangling(on),
        };
        self.estate.settle_topology();
        self.look_at_services();
        done
    }

    /// The server on which commands run that may run anywhere: the first of the largest group that
    /// replicates.
    pub(super) fn desk(&self) -> Result<Fqdn, Refusal> {
        let mut islands = self.estate.islands(Suffix::Domain);
        islands.retain(|island| !island.iter().any(|name| self.is_removed(name)));
        let largest = islands.into_iter().rev().max_by_key(Vec::len);
        largest.and_then(|island| island.into_iter().next()).ok_or(Refusal::NoLivingServer)
    }

    /// Whether a server that runs was removed from the deployment, and no other lists it any more.
    pub(super) fn is_removed(&self, server: &Fqdn) -> bool {
        let lists =
            |name: &Fqdn| name != server && self.estate.view(name).members.contains_key(server);
        self.removed.contains(server) && !self.estate.running().iter().any(lists)
    }

    /// Servers in service that belong to the deployment, in order.
    pub(super) fn members_running(&self) -> Vec<Fqdn> {
        let mut running = self.estate.running();
        running.retain(|name| !self.is_removed(name));
        running
    }

    fn is_member(&self, server: &Fqdn) -> bool {
        let running = self.members_running();
        let asked = if running.is_empty() { self.last_to_answer() } else { running };
        let lists = |name: &Fqdn| self.estate.view(name).members.contains_key(server);
        !self.is_removed(server) && asked.iter().any(lists)
    }

    fn require_member(&self, server: &Fqdn) -> Result<(), Refusal> {
        if self.is_member(server) { Ok(()) } else { Err(Refusal::NotAMember(server.clone())) }
    }

    pub(super) fn require_running(&self, server: &Fqdn) -> Result<(), Refusal> {
        self.require_member(server)?;
        if self.estate.runs(server) { Ok(()) } else { Err(Refusal::ServerDown(server.clone())) }
    }

    fn require_role(&self, server: &Fqdn, role: Role) -> Result<(), Refusal> {
        let machine = self.estate.machines.get(server);
        let has = machine.is_some_and(|machine| machine.local.roles.contains(&role));
        if has { Ok(()) } else { Err(Refusal::LacksRole(server.clone(), role)) }
    }

    /// The status of a role as a server's data has it.
    pub(super) fn status_on(&self, desk: &Fqdn, server: &Fqdn, role: Role) -> RoleStatus {
        self.estate.status(desk, server, role)
    }

    fn set_crl(&mut self, on: &Fqdn, generates: bool) {
        if let Some(machine) = self.estate.machines.get_mut(on) {
            machine.local.crl = generates;
        }
    }

    fn enable_server(&mut self, server: &Fqdn) -> Result<String, Refusal> {
        let desk = self.desk()?;
        self.require_member(server)?;
        for role in Role::ALL {
            if self.status_on(&desk, server, role).holds_data() {
                self.estate.set_role(&desk, server, role, RoleStatus::Enabled);
            }
        }
        Ok(format!("{server} is visible"))
    }

    fn promote(&mut self, ca: &Fqdn) -> Result<String, Refusal> {
        let desk = self.desk()?;
        self.require_member(ca)?;
        match self.status_on(&desk, ca, Role::Ca) {
            RoleStatus::Enabled => {
                self.estate.set_renewal(&desk, Some(ca));
                Ok(format!("{ca} renews certificates"))
            }
            RoleStatus::Absent => Err(Refusal::LacksRole(ca.clone(), Role::Ca)),
            RoleStatus::Hidden | RoleStatus::Configured => Err(Refusal::NotVisible(ca.clone())),
        }
    }

    /// Groups of members that segments join, as a server's data has them, of these members only.
    fn joined_groups(&self, desk: &Fqdn, suffix: Suffix, without: Option<&Fqdn>) -> usize {
        let view = self.estate.view(desk);
        let carries =
            |name: &&Fqdn| Some(*name) != without && self.estate.replica(name, suffix).is_some();
        let names: Vec<Fqdn> = view.members.keys().filter(carries).cloned().collect();
        let arrows = &view.arrows;
        let joins = arrows.keys().filter(|(of, _, _)| *of == suffix);
        super::count_groups(&names, joins.map(|(_, from, to)| (from, to)))
    }

    fn delete_server(
        &mut self,
        server: &Fqdn,
        from: &Fqdn,
        ignore_last_of_role: bool,
        ignore_disconnect: bool,
    ) -> Result<String, Refusal> {
        self.require_running(from)?;
        // A server that removes itself has another one do it, if it reaches one.
        let mut others = self.members_running().into_iter();
        let helper = others.find(|name| name != from && self.reaches(from, name));
        let from = helper.as_ref().filter(|_| server == from).unwrap_or(from);
        let view = self.estate.view(from);
        let members = &view.members;
        let Some(member) = members.get(server) else {
            return Err(Refusal::NotAMember(server.clone()));
        };
        let enabled = |member: &super::estate::Member, role: Role| {
            member.roles.get(&role) == Some(&RoleStatus::Enabled)
        };
        if !ignore_last_of_role {
            if self.estate.view(from).dnssec.as_ref() == Some(server) {
                return Err(Refusal::DnssecKeyMaster(server.clone()));
            }
            for role in [Role::Ca, Role::Kra, Role::Dns] {
                let mut others = members.iter().filter(|(name, _)| *name != server);
                if enabled(member, role) && !others.any(|(_, other)| enabled(other, role)) {
                    return Err(Refusal::LastOfRole(server.clone(), role));
                }
            }
        }
        if !ignore_disconnect {
            for suffix in Suffix::ALL {
                let now = self.joined_groups(from, suffix, None);
                if now > 1 || self.joined_groups(from, suffix, Some(server)) > 1 {
                    return Err(Refusal::WouldDisconnect(suffix));
                }
            }
        }
        let entry = member.entry;
        self.cut.retain(|(_, from, to)| from != server && to != server);
        // Nobody takes over the ids that it had left (X9).
        if let Some(machine) = self.estate.machines.get_mut(server) {
            self.lost_ids.append(&mut machine.local.ids);
            machine.local.chosen_ids = 0;
        }
        if self.estate.view(from).renewal.as_ref() == Some(server) {
            let mut cas = members.iter().filter(|(name, _)| *name != server);
            let next = cas.find(|(_, member)| enabled(member, Role::Ca)).map(|(name, _)| name);
            self.estate.set_renewal(from, next);
        }
        if self.estate.view(from).dnssec.as_ref() == Some(server) {
            self.estate.set_dnssec(from, None);
        }
        let arrows = &view.arrows;
        let theirs = arrows.iter().filter(|((_, a, b), _)| a == server || b == server);
        for entry in theirs.map(|(_, entry)| *entry).collect::<Vec<_>>() {
            self.estate.write(from, Operation::Delete(entry));
        }
        self.estate.write(from, Operation::Delete(entry));
        for suffix in Suffix::ALL {
            let ends = (self.estate.replica(from, suffix), self.estate.replica(server, suffix));
            if let (Some(start), Some(gone)) = ends {
                let id = self.estate.world.id(gone);
                self.estate.settle_topology();
                self.estate.world.clean(start, id);
            }
        }
        if self.estate.runs(server) {
            self.shut_out(server);
        }
        Ok(format!("{server} is removed"))
    }

    /// A server that was removed while it ran runs on by itself: its principals are gone, so that
    /// nobody takes its changes any more (FreeIPA `plugins/server.py`, `_remove_server_principal`).
    fn shut_out(&mut self, server: &Fqdn) {
        if let Some(machine) = self.estate.machines.get(server) {
            for index in self.estate.world.outgoing(machine.server) {
                self.estate.world.disable(index);
            }
        }
        self.removed.insert(server.clone());
    }

    fn require_suffix(&self, desk: &Fqdn, server: &Fqdn, suffix: Suffix) -> Result<(), Refusal> {
        if !self.estate.view(desk).members.contains_key(server) {
            return Err(Refusal::NotAMember(server.clone()));
        }
        let has = suffix == Suffix::Domain || self.status_on(desk, server, Role::Ca).holds_data();
        if has { Ok(()) } else { Err(Refusal::LacksRole(server.clone(), Role::Ca)) }
    }

    /// Where a segment's entry is written: on one of its ends, if one runs.
    fn segment_desk(&self, left: &Fqdn, right: &Fqdn) -> Result<Fqdn, Refusal> {
        let desk = self.desk()?;
        let takes = |end: &&Fqdn| self.estate.runs(end) && !self.is_removed(end);
        let end = [left, right].into_iter().find(takes);
        Ok(end.cloned().unwrap_or(desk))
    }

    fn add_segment(
        &mut self,
        suffix: Suffix,
        left: &Fqdn,
        right: &Fqdn,
    ) -> Result<String, Refusal> {
        let desk = self.segment_desk(left, right)?;
        self.require_suffix(&desk, left, suffix)?;
        self.require_suffix(&desk, right, suffix)?;
        let view = self.estate.view(&desk);
        let arrows = &view.arrows;
        let mut is_new = false;
        for (from, to) in [(left, right), (right, left)] {
            let arrow = (suffix, from.clone(), to.clone());
            if left != right && !arrows.contains_key(&arrow) {
                self.estate.add_arrow(&desk, &arrow);
                is_new = true;
            }
        }
        if !is_new {
            return Err(Refusal::AlreadyJoined(left.clone(), right.clone()));
        }
        Ok(format!("{left} and {right} are joined in {suffix}"))
    }

    fn delete_segment(
        &mut self,
        suffix: Suffix,
        left: &Fqdn,
        right: &Fqdn,
    ) -> Result<String, Refusal> {
        let desk = self.segment_desk(left, right)?;
        let view = self.estate.view(&desk);
        let arrows = &view.arrows;
        let both = [(left, right), (right, left)]
            .map(|(from, to)| arrows.get(&(suffix, from.clone(), to.clone())).copied());
        if both == [None, None] {
            return Err(Refusal::NotJoined(left.clone(), right.clone()));
        }
        let names: Vec<Fqdn> = view
            .members
            .keys()
            .filter(|name| self.estate.replica(name, suffix).is_some())
            .cloned()
            .collect();
        let is_cut =
            |from: &Fqdn, to: &Fqdn| (from == left && to == right) || (from == right && to == left);
        let rest = arrows.keys().filter(|(of, from, to)| *of == suffix && !is_cut(from, to));
        let after = super::count_groups(&names, rest.map(|(_, from, to)| (from, to)));
        if after > self.joined_groups(&desk, suffix, None) {
            return Err(Refusal::WouldDisconnect(suffix));
        }
        for entry in both.into_iter().flatten() {
            self.estate.write(&desk, Operation::Delete(entry));
        }
        self.cut.retain(|(of, from, to)| *of != suffix || !is_cut(from, to));
        Ok(format!("{left} and {right} are not joined in {suffix} any more"))
    }

    /// A running CA with its keys that a server's changes reach and that reaches it, and of which
    /// something else holds. What nobody can see to arrive is taken not to.
    pub(super) fn reachable_ca(&self, source: &Fqdn, test: impl Fn(&Fqdn) -> bool) -> Option<Fqdn> {
        let islands = self.observe().islands(Suffix::Domain);
        let island = islands.into_iter().find(|island| island.contains(source))?;
        island.into_iter().find(|name| {
            let machine = self.estate.machines.get(name);
            machine.is_some_and(|machine| machine.local.roles.contains(&Role::Ca)) && test(name)
        })
    }

    fn install(
        &mut self,
        server: &Fqdn,
        source: &Fqdn,
        roles: &BTreeSet<Role>,
        hidden: bool,
    ) -> Result<String, Refusal> {
        if self.is_member(server) {
            return Err(Refusal::StillAMember(server.clone()));
        }
        self.require_running(source)?;
        self.require_valid(source)?;
        let ca = self.reachable_ca(source, |_| true);
        if self.estate.ca == CaMode::Integrated && ca.is_none() {
            return Err(Refusal::NoCaReachable(source.clone()));
        }
        let with_ca = roles.contains(&Role::Ca);
        let is_ca = |name: &Fqdn| self.require_role(name, Role::Ca).is_ok();
        let ca_peer = if is_ca(source) { Some(source.clone()) } else { ca };
        let opens_vaults = self.opens_vaults();
        let of_source = self.estate.machines.get(source).and_then(|m| m.data_center.clone());
        let known = self.estate.machines.get(server).and_then(|m| m.data_center.clone());
        self.clear_host(server);
        let index = self.estate.add_server(server);
        let mut replicas = vec![(Suffix::Domain, source.clone())];
        replicas.extend(ca_peer.filter(|_| with_ca).map(|peer| (Suffix::Ca, peer)));
        for (suffix, _) in &replicas {
            self.estate.world.add_replica(index, *suffix);
        }
        let mut local = super::estate::Local { roles: roles.clone(), ..Default::default() };
        local.roles.insert(Role::IpaMaster);
        local.vault_keys = roles.contains(&Role::Kra) && opens_vaults;
        local.certificates = Certificates::issued(self.estate.now(), false);
        if let Some((_, peer)) = replicas.iter().find(|(suffix, _)| *suffix == Suffix::Ca) {
            local.certificates.join(self.certificates_of(peer));
        }
        let machine = Machine::new(index, local, known.or(of_source));
        self.estate.machines.insert(server.clone(), machine);
        self.estate.world.start(index);
        let status = if hidden { RoleStatus::Hidden } else { RoleStatus::Enabled };
        let mut statuses: BTreeMap<Role, RoleStatus> =
            roles.iter().map(|role| (*role, status)).collect();
        statuses.insert(Role::IpaMaster, status);
        for (suffix, peer) in &replicas {
            for (from, to) in [(server, peer), (peer, server)] {
                self.estate.add_arrow(source, &(*suffix, from.clone(), to.clone()));
            }
        }
        self.estate.settle_topology();
        for (suffix, peer) in &replicas {
            let ends = (self.estate.replica(peer, *suffix), self.estate.replica(server, *suffix));
            let (Some(from), Some(to)) = ends else { continue };
            // The installer makes the agreement itself where the plug-in has not yet.
            let there = self.estate.world.find_agreement(from, to);
            if there.is_none_or(|index| !self.estate.world.exists(index)) {
                self.estate.world.connect_one_way(from, to);
            }
            self.total_update(from, to);
        }
        self.is_back(server);
        self.estate.write(source, member_entry(server, &statuses));
        Ok(format!("{server} is a replica"))
    }

    /// A host is installed anew: nothing of what was there before is left.
    fn clear_host(&mut self, server: &Fqdn) {
        if let Some(machine) = self.estate.machines.get(server) {
            self.estate.world.kill(machine.server);
        }
        self.removed.remove(server);
        self.away.remove(server);
        self.set_back.remove(server);
        self.clocks.remove(server);
        self.behind.retain(|(_, name)| name != server);
        self.refused.remove(server);
        self.doubted.retain(|(_, name)| name != server);
    }

    fn agreement(
        &self,
        from: &Fqdn,
        to: &Fqdn,
        suffix: Suffix,
    ) -> Option<crate::world::AgreementIndex> {
        let supplier = self.estate.replica(from, suffix)?;
        self.estate.world.find_agreement(supplier, self.estate.replica(to, suffix)?)
    }

    fn reinitialize(
        &mut self,
        server: &Fqdn,
        from: &Fqdn,
        suffix: Suffix,
    ) -> Result<String, Refusal> {
        self.require_running(server)?;
        self.require_running(from)?;
        for name in [server, from] {
            if suffix == Suffix::Ca {
                self.require_role(name, Role::Ca)?;
            }
        }
        let not_joined = || Refusal::NotJoined(from.clone(), server.clone());
        let index = self.agreement(from, server, suffix).ok_or_else(not_joined)?;
        if !self.estate.world.exists(index) {
            return Err(not_joined());
        }
        let is_cut = self.cut.contains(&(suffix, from.clone(), server.clone()));
        let is_skewed = |end: &Fqdn| self.clocks.get(end).is_some_and(|(_, by)| *by >= SKEW_MAX);
        if is_cut || is_skewed(from) || is_skewed(server) || !self.reaches(from, server) {
            return Err(Refusal::Unreachable(from.clone(), server.clone()));
        }
        let (supplier, consumer) = self.estate.world.ends(index);
        let seen = self.observe();
        let is_behind = seen.stale.contains(&(suffix, from.clone()));
        let informed = self.informed_by(from, suffix, &seen);
        let mut behind = seen.stale;
        if !is_behind {
            behind.remove(&(suffix, server.clone()));
        }
        self.total_update(supplier, consumer);
        self.accept_again(server);
        // The tools switch both directions on again.
        if let Some(back) = self.agreement(server, from, suffix)
            && self.estate.world.exists(back)
        {
            self.estate.world.enable(back);
        }
        if is_behind {
            self.doubted.insert((suffix, server.clone()));
        } else {
            self.doubted.remove(&(suffix, server.clone()));
        }
        self.behind.remove(&(suffix, server.clone()));
        if suffix == Suffix::Domain {
            self.set_back.remove(server);
        }
        // Nobody can see whether those behind it get what is not in its changelog.
        let mut seen = self.observe();
        seen.stale = behind;
        for other in self.informed_by(server, suffix, &seen) {
            if other != *server && !informed.contains(&other) {
                self.doubted.insert((suffix, other));
            }
        }
        let state = self.estate.world.total_state(index);
        Ok(match state {
            TotalState::Succeeded => format!("{server} has the data of {from} in {suffix}"),
            TotalState::Failed | TotalState::Running | TotalState::None => {
                format!("{server} did not get the data of {from} in {suffix}")
            }
        })
    }

    /// A total update, waited for and started again if it fails.
    fn total_update(&mut self, from: ReplicaIndex, to: ReplicaIndex) {
        let Some(index) = self.estate.world.find_agreement(from, to) else { return };
        let mut stream = self.streams.stream("total-update", self.total_updates);
        self.total_updates += 1;
        let rate = self.ledger.number("reinitialize-entries-per-second", &mut stream).max(0.1);
        let mut span = self.ledger.middle_span("reinitialize-overhead")
            + Span::from_seconds_f64(self.entries as f64 / rate);
        if stream.chance(self.ledger.middle("reinitialize-fails")) {
            span = span.times(2);
        }
        let mut timing = *self.estate.world.timing();
        timing.total_update = span;
        timing.total_update_micros = 0;
        self.estate.world.set_timing(timing);
        for _ in 0..3 {
            if !self.estate.world.reinitialize(index) {
                return;
            }
            self.look_at_services();
            let end = self.estate.now() + PATIENCE;
            while self.estate.world.total_state(index) == TotalState::Running
                && self.estate.now() < end
            {
                let next = self.estate.now() + Span::from_seconds(1);
                self.estate.world.run_until(next);
            }
            self.estate.forget_seen();
            if self.estate.world.total_state(index) == TotalState::Succeeded {
                break;
            }
        }
    }

    /// Whether nothing can be brought back from a copy.
    fn is_spoiled(&self, stored: &Stored) -> bool {
        !stored.point.obstacles.is_empty()
            || stored.disk.is_none()
            || self.gone(&stored.point).is_some()
    }

    /// The copy of this name, if it is there and can bring this server back in one of these forms.
    fn usable(&self, copy: &str, server: &Fqdn, forms: &[CopyForm]) -> Result<usize, Refusal> {
        let missing = || Refusal::NoSuchCopy(copy.to_owned());
        let at = self.copies.iter().position(|stored| stored.point.id == copy);
        let at = at.ok_or_else(missing)?;
        let stored = &self.copies[at];
        if self.is_spoiled(stored) {
            return Err(missing());
        }
        if !forms.contains(&stored.point.form) {
            let data_only = stored.point.form == CopyForm::Data;
            return Err(if data_only { Refusal::DataOnly(copy.to_owned()) } else { missing() });
        }
        match &stored.point.host {
            Some(host) if host != server => Err(Refusal::OtherHost(copy.to_owned(), host.clone())),
            _ => Ok(at),
        }
    }

    fn boot_snapshot(&mut self, copy: &str, server: &Fqdn) -> Result<String, Refusal> {
        let at = self.usable(copy, server, &[CopyForm::Snapshot])?;
        self.require_member(server)?;
        if self.estate.runs(server) {
            return Err(Refusal::AlreadyRunning(server.clone()));
        }
        self.bring_back(at, server, RestoreKind::ColdCopy);
        self.doubt(server);
        Ok(format!("{server} runs as {copy} has it"))
    }

    fn restore_full(&mut self, copy: &str, server: &Fqdn) -> Result<String, Refusal> {
        let at = self.usable(copy, server, &[CopyForm::Full, CopyForm::Unknown])?;
        self.require_member(server)?;
        self.bring_back(at, server, RestoreKind::LdifRuvRemoved);
        self.make_visible(server);
        Ok(format!("{server} has the data of {copy}, in a new database generation"))
    }

    fn restore_data(&mut self, copy: &str, server: &Fqdn) -> Result<String, Refusal> {
        let forms = [CopyForm::Full, CopyForm::Data, CopyForm::Unknown];
        let at = self.usable(copy, server, &forms)?;
        self.require_member(server)?;
        match self.estate.machines.get(server).map(|machine| machine.power) {
            Some(Power::Running | Power::Stopped) => {}
            Some(Power::Off) => return Err(Refusal::ServerDown(server.clone())),
            Some(Power::Broken) => return Err(Refusal::DataSpoiled(server.clone())),
            Some(Power::Lost) | None => return Err(Refusal::NotInstalled(server.clone())),
        }
        // ipa-restore switches off every agreement of the other servers that it reaches.
        for other in self.estate.running() {
            if other == *server || !self.reaches(server, &other) {
                continue;
            }
            // It runs.
            let _ = self.switch_agreements(&other, false);
        }
        self.bring_back(at, server, RestoreKind::LdifRuvRemoved);
        self.make_visible(server);
        let lacks = self.look_into(at);
        Ok(format!("{server} has the data of {copy}, in a new database generation{lacks}"))
    }

    /// `ipa-restore` leaves its server visible (since FreeIPA 4.10).
    fn make_visible(&mut self, server: &Fqdn) {
        for role in Role::ALL {
            if self.status_on(server, server, role).holds_data() {
                self.estate.set_role(server, server, role, RoleStatus::Enabled);
            }
        }
    }

    /// Puts a copy on its machine and starts it.
    pub(super) fn bring_back(&mut self, at: usize, server: &Fqdn, kind: RestoreKind) {
        let Stored { disk: Some(disk), local, .. } = &self.copies[at] else { return };
        let (disk, local) = (disk.clone(), local.clone());
        let Some(machine) = self.estate.machines.get_mut(server) else { return };
        let is_data_only = self.copies[at].point.form == CopyForm::Data;
        if machine.power != Power::Running && !is_data_only {
            machine.local = local;
        }
        if machine.server != disk.server() {
            // The server that took its place is gone with its disk.
            self.estate.world.kill(machine.server);
        }
        machine.server = disk.server();
        machine.power = Power::Running;
        self.away.remove(server);
        self.set_back.remove(server);
        self.removed.remove(server);
        self.doubted.retain(|(_, name)| name != server);
        self.behind.retain(|(_, name)| name != server);
        if kind == RestoreKind::ColdCopy {
            self.behind.extend(Suffix::ALL.map(|suffix| (suffix, server.clone())));
        }
        self.estate.world.begin_restore(disk.server(), Service::Offline);
        self.estate.world.end_restore(&disk, kind, Service::Offline, false);
        let back = self.estate.machines.get(server).map(|machine| machine.local.ids.clone());
        let is_back = |lost: &IdRange| back.iter().flatten().any(|range| range.overlaps(*lost));
        self.lost_ids.retain(|lost| !is_back(lost));
        self.accept_again(server);
        self.is_back(server);
        self.estate.forget_seen();
        self.estate.settle_topology();
    }

    /// Changes with numbers of the future are gone: the others take a server's changes again.
    fn accept_again(&mut self, server: &Fqdn) {
        for index in self.refused.remove(server).into_iter().flatten() {
            self.estate.world.enable(index);
        }
    }

    fn add_entries(&mut self, on: &Fqdn, copy: &str) -> Result<String, Refusal> {
        self.require_running(on)?;
        let missing = || Refusal::NoSuchCopy(copy.to_owned());
        let at = self.copies.iter().position(|stored| stored.point.id == copy);
        let at = at.ok_or_else(missing)?;
        let stored = &self.copies[at];
        let Some(disk) = stored.disk.as_ref().filter(|_| !self.is_spoiled(stored)) else {
            return Err(missing());
        };
        let in_copy = disk.count(super::estate::VICTIM);
        let replica = self.estate.replica(on, Suffix::Domain);
        let there =
            replica.map_or(0, |replica| self.estate.world.count(replica, super::estate::VICTIM));
        let known = self.damage.as_ref().is_none_or(|damage| damage.is_known);
        let missing = if known { in_copy.saturating_sub(there) } else { 0 };
        for _ in 0..missing {
            if let Some(replica) = replica {
                let written = self.estate.world.write_entry(replica, super::estate::VICTIM);
                self.added_again += u64::from(written.is_ok());
            }
        }
        let lacks = self.look_into(at);
        Ok(format!("{missing} entries are added again{lacks}"))
    }

    fn start_server(&mut self, server: &Fqdn) -> Result<String, Refusal> {
        self.require_member(server)?;
        let machine = self.estate.machines.get_mut(server);
        let Some(machine) = machine else { return Err(Refusal::NotInstalled(server.clone())) };
        match machine.power {
            Power::Running => return Err(Refusal::AlreadyRunning(server.clone())),
            Power::Broken => return Err(Refusal::DataSpoiled(server.clone())),
            Power::Lost => return Err(Refusal::NotInstalled(server.clone())),
            Power::Stopped | Power::Off => machine.power = Power::Running,
        }
        let index = machine.server;
        self.estate.world.start(index);
        self.is_back(server);
        self.estate.forget_seen();
        if self.away.get(server).is_some_and(|span| *span > PURGE_DELAY) {
            // The others may not be able to place its late changes; nobody can see whether.
            self.doubt(server);
        }
        Ok(format!("{server} runs again"))
    }

    /// From now on nobody can see whether a server has what its peers have.
    pub(super) fn doubt(&mut self, server: &Fqdn) {
        let stale = self.observe().stale;
        for suffix in Suffix::ALL {
            if self.has_peer(server, suffix, &stale) {
                self.doubted.insert((suffix, server.clone()));
            }
        }
    }

    /// Servers that, as an operator sees it, one's changes of a suffix come to, itself included.
    fn informed_by(&self, server: &Fqdn, suffix: Suffix, seen: &Situation) -> BTreeSet<Fqdn> {
        let generation = |name: &Fqdn| {
            let replica = seen.members.get(name).filter(|_| self.estate.runs(name))?;
            replica.generation.get(&suffix).copied()
        };
        let carries = |arrow: &&Arrow| {
            let (of, from, to) = arrow;
            let is_one = generation(from).is_some() && generation(from) == generation(to);
            *of == suffix && is_one && seen.carries(arrow)
        };
        let arrows: Vec<&Arrow> = seen.agreements.iter().filter(carries).collect();
        let mut informed = BTreeSet::from([server.clone()]);
        loop {
            let is_next =
                |arrow: &&&Arrow| informed.contains(&arrow.1) && !informed.contains(&arrow.2);
            let Some(next) = arrows.iter().find(is_next).map(|arrow| arrow.2.clone()) else {
                return informed;
            };
            informed.insert(next);
        }
    }

    /// Whether another running server has a suffix in the same database generation, and is not
    /// among those that an operator takes to lack something.
    fn has_peer(&self, server: &Fqdn, suffix: Suffix, stale: &BTreeSet<(Suffix, Fqdn)>) -> bool {
        let generation =
            |name: &Fqdn| self.estate.world.generation(self.estate.replica(name, suffix)?);
        let own = generation(server);
        let running = self.members_running();
        let mut alike = running.iter().filter(|name| *name != server && generation(name) == own);
        own.is_some() && alike.any(|name| !stale.contains(&(suffix, name.clone())))
    }

    fn uninstall(&mut self, server: &Fqdn, force: bool) -> Result<String, Refusal> {
        self.require_member(server)?;
        let power = self.estate.machines.get(server).map(|machine| machine.power);
        if power.is_none_or(|power| power == Power::Lost) {
            return Err(Refusal::NotInstalled(server.clone()));
        }
        let running = self.members_running();
        let helper =
            running.iter().find(|name| *name != server && self.reaches(server, name)).cloned();
        if let (Some(from), Some(Power::Running)) = (helper, power) {
            self.delete_server(server, &from, force, force)?;
        }
        self.stop(server, Power::Lost);
        self.removed.remove(server);
        Ok(format!("{server} is uninstalled"))
    }

    fn add_role(&mut self, server: &Fqdn, role: Role) -> Result<String, Refusal> {
        self.require_running(server)?;
        self.require_valid(server)?;
        if self.require_role(server, role).is_ok() {
            return Err(Refusal::AlreadyHolds(server.clone(), role));
        }
        let own = self.status_on(server, server, Role::IpaMaster);
        let status = if own == RoleStatus::Hidden { own } else { RoleStatus::Enabled };
        match role {
            Role::Ca => {
                let none = || Refusal::NoCaReachable(server.clone());
                let peer = self.reachable_ca(server, |_| true).ok_or_else(none)?;
                let of_peer = self.certificates_of(&peer);
                if let Some(machine) = self.estate.machines.get_mut(server) {
                    machine.local.certificates.join(of_peer);
                }
                let index = self.estate.machines.get(server).map(|machine| machine.server);
                if let Some(index) = index {
                    self.estate.world.add_replica(index, Suffix::Ca);
                }
                for (from, to) in [(server, &peer), (&peer, server)] {
                    self.estate.add_arrow(server, &(Suffix::Ca, from.clone(), to.clone()));
                }
                let ends = (
                    self.estate.replica(&peer, Suffix::Ca),
                    self.estate.replica(server, Suffix::Ca),
                );
                if let (Some(from), Some(to)) = ends {
                    self.estate.world.connect_one_way(from, to);
                    self.total_update(from, to);
                }
            }
            Role::Kra => self.require_role(server, Role::Ca)?,
            Role::IpaMaster | Role::Dns | Role::AdTrustController | Role::AdTrustAgent => {}
        }
        let opens = self.opens_vaults();
        if let Some(machine) = self.estate.machines.get_mut(server) {
            machine.local.roles.insert(role);
            machine.local.vault_keys |= role == Role::Kra && opens;
        }
        self.estate.set_role(server, server, role, status);
        Ok(format!("{server} holds role {role}"))
    }

    /// Whether a running KRA has the keys of the vaults, which a new one gets from it.
    fn opens_vaults(&self) -> bool {
        let mut machines = self.estate.machines.values();
        machines.any(|machine| machine.power == Power::Running && machine.local.vault_keys)
    }

    fn switch_agreements(&mut self, of: &Fqdn, on: bool) -> Result<String, Refusal> {
        self.require_running(of)?;
        let Some(machine) = self.estate.machines.get(of) else {
            return Err(Refusal::NotAMember(of.clone()));
        };
        for index in self.estate.world.outgoing(machine.server) {
            let (supplier, consumer) = self.estate.world.ends(index);
            let peer = self.estate.name_of(self.estate.world.server_of(consumer));
            let suffix = self.estate.world.suffix_of(supplier);
            let arrow = peer.map(|peer| (suffix, of.clone(), peer.clone()));
            let cut = arrow.filter(|arrow| self.cut.contains(arrow));
            let refused = self.refused.get_mut(of);
            match (cut, refused, on) {
                (Some(arrow), _, true) => {
                    self.off.remove(&arrow);
                }
                (Some(arrow), _, false) => {
                    self.off.insert(arrow);
                }
                (None, Some(refused), true) => {
                    refused.insert(index);
                }
                (None, None, true) => self.estate.world.enable(index),
                (None, refused, false) => {
                    self.estate.world.disable(index);
                    refused.map(|refused| refused.remove(&index));
                }
            }
        }
        let word = if on { "on" } else { "off" };
        Ok(format!("agreements of {of} are {word}"))
    }

    fn restore_network(&mut self) -> String {
        // It comes back when it comes back: the operator can only wait for it.
        if let Some(until) = self.network_is_back {
            self.pass_until(until);
        }
        let was_interrupted = !self.partitions.is_empty() || !self.cut.is_empty();
        let merges = self.changelog_age.min(PURGE_DELAY);
        let is_long = self.noticed.unwrap_or(PARTITION_ASSUMED) > merges;
        let lesser = if was_interrupted && is_long { self.lesser_sides() } else { BTreeSet::new() };
        for groups in std::mem::take(&mut self.partitions) {
            self.separate(&groups, true);
        }
        for (suffix, from, to) in std::mem::take(&mut self.cut) {
            if let Some(index) = self.agreement(&from, &to, suffix)
                && !self.off.contains(&(suffix, from, to))
            {
                self.estate.world.enable(index);
            }
        }
        self.off.clear();
        // A wrong clock keeps its server apart all the same.
        for (server, (_, span)) in self.clocks.clone() {
            if span >= SKEW_MAX {
                self.separate(&self.alone(&server), false);
            }
        }
        // What one side lacks the others may have trimmed; nobody can see whether.
        let waits = !lesser.is_empty();
        for server in lesser {
            self.doubt(&server);
        }
        if waits {
            // What the sides can still give each other comes first.
            self.quiesce(Span::from_hours(1));
        }
        "servers reach each other".to_owned()
    }

    /// Servers of all groups but the one that is kept: with a CA, then the largest.
    fn lesser_sides(&self) -> BTreeSet<Fqdn> {
        let mut sides = self.estate.islands(Suffix::Domain);
        let has_ca = |side: &[Fqdn]| side.iter().any(|n| self.require_role(n, Role::Ca).is_ok());
        sides.sort_by_key(|side| std::cmp::Reverse((has_ca(side), side.len())));
        sides.into_iter().skip(1).flatten().collect()
    }

    fn set_clock(&mut self, server: &Fqdn) -> Result<String, Refusal> {
        self.require_running(server)?;
        if let Some((ahead, span)) = self.clocks.remove(server)
            && span >= SKEW_MAX
        {
            self.rejoin(server, ahead);
            if ahead {
                // Its changes have numbers of a time that has not come.
                self.doubt(server);
            }
        }
        Ok(format!("the clock of {server} is right"))
    }

    fn require_valid(&self, server: &Fqdn) -> Result<(), Refusal> {
        if self.is_expired(server) {
            Err(Refusal::CertificatesExpired(server.clone()))
        } else {
            Ok(())
        }
    }

    fn fix_certificates(&mut self, on: &Fqdn) -> Result<String, Refusal> {
        self.require_running(on)?;
        self.require_role(on, Role::Ca)?;
        self.issue_certificates(on);
        self.estate.set_renewal(on, Some(on));
        Ok(format!("{on} has valid certificates and renews those of others"))
    }

    fn renew_certificates(
        &mut self,
        server: &Fqdn,
        from: Option<&Fqdn>,
    ) -> Result<String, Refusal> {
        self.require_running(server)?;
        if let Some(ca) = from {
            self.require_running(ca)?;
            self.require_role(ca, Role::Ca)?;
            self.require_valid(ca)?;
        }
        self.issue_certificates(server);
        Ok(format!("{server} has valid certificates"))
    }

    fn set_range(&mut self, on: &Fqdn, range: Option<&IdRange>) -> Result<String, Refusal> {
        self.require_running(on)?;
        if let Some(range) = range {
            let overlaps = |other: &IdRange| other.overlaps(*range);
            for (name, machine) in &self.estate.machines {
                if name != on && machine.local.ids.iter().any(overlaps) {
                    return Err(Refusal::RangeTaken(name.clone()));
                }
            }
            if let Some(machine) = self.estate.machines.get_mut(on) {
                machine.local.ids.push(*range);
            }
            self.lost_ids.retain(|lost| !overlaps(lost));
        } else if let Some(machine) = self.estate.machines.get_mut(on) {
            machine.local.chosen_ids = CHOSEN;
        }
        Ok(format!("{on} has ids to hand out"))
    }

    /// Removes the replica ids of a server from the vectors that can be reached from another.
    fn clean(&mut self, replicas: &[ReplicaIndex], on: &Fqdn) {
        for index in replicas {
            let suffix = self.estate.world.suffix_of(*index);
            if let Some(start) = self.estate.replica(on, suffix) {
                let id = self.estate.world.id(*index);
                self.estate.world.clean(start, id);
            }
        }
    }

    fn clean_ruv(&mut self, server: &Fqdn, on: &Fqdn) -> Result<String, Refusal> {
        self.require_running(on)?;
        let is_listed = self.dangling_seen().contains(server);
        if let Some(replicas) = self.ghosts.remove(server).filter(|_| is_listed) {
            self.clean(&replicas, on);
            return Ok(format!("no server knows {server} any more"));
        }
        if !self.is_member(server) {
            return Err(Refusal::NoReplicaId(server.clone()));
        }
        let replicas =
            self.estate.machines.get(server).map_or_else(Vec::new, |machine| {
                self.estate.world.replicas(machine.server).to_vec()
            });
        self.clean(&replicas, on);
        self.doubt(server);
        Ok(format!("the others have forgotten what {server} sent"))
    }

    fn clean_dangling(&mut self, on: &Fqdn) -> Result<String, Refusal> {
        self.require_running(on)?;
        let gone: Vec<Fqdn> =
            self.ghosts.keys().filter(|host| !self.is_member(host)).cloned().collect();
        for host in &gone {
            let replicas = self.ghosts.remove(host).unwrap_or_default();
            self.clean(&replicas, on);
        }
        Ok(format!("replica ids of {} servers are removed", gone.len()))
    }
}
