//! What actions do to a situation, and when they are refused.

use std::collections::{BTreeMap, BTreeSet};

use super::restore_point::CopyForm;
use super::situation::{PURGE_DELAY, SKEW_MAX};
use super::{Action, Presence, Refusal, Replica, Situation};
use crate::model::{CaMode, Fqdn, IdRange, Role, RoleStatus, Suffix};

impl Situation {
    /// Performs an action.
    ///
    /// # Errors
    ///
    /// The refusal that the software or the procedure gives; the state is then unchanged.
    pub fn step(&mut self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::EnableServer { server } => {
                self.require_live()?;
                let replica = self.member_mut(server)?;
                for status in replica.roles.values_mut() {
                    if status.holds_data() {
                        *status = RoleStatus::Enabled;
                    }
                }
            }
            Action::PromoteRenewal { ca } => {
                self.require_live()?;
                match self.member(ca)?.status(Role::Ca) {
                    RoleStatus::Enabled => self.renewal = Some(ca.clone()),
                    RoleStatus::Absent => return Err(Refusal::LacksRole(ca.clone(), Role::Ca)),
                    RoleStatus::Hidden | RoleStatus::Configured => {
                        return Err(Refusal::NotVisible(ca.clone()));
                    }
                }
            }
            Action::EnableCrl { on } => {
                self.require_running(on)?;
                self.require_role(on, Role::Ca)?;
                self.crl.insert(on.clone());
            }
            Action::DisableCrl { on } => {
                self.require_running(on)?;
                self.crl.remove(on);
            }
            Action::DeleteServer { server, from, ignore_last_of_role, ignore_disconnect } => {
                self.delete(server, from, *ignore_last_of_role, *ignore_disconnect)?;
            }
            Action::AddSegment { suffix, left, right } => {
                self.require_live()?;
                self.require_suffix(left, *suffix)?;
                self.require_suffix(right, *suffix)?;
                self.join(*suffix, left, right)?;
            }
            Action::DeleteSegment { suffix, left, right } => {
                self.require_live()?;
                self.part(*suffix, left, right)?;
            }
            Action::InstallReplica { server, source, roles, hidden } => {
                self.install(server, source, roles, *hidden)?;
                self.take_over(server, source);
            }
            Action::BootSnapshot { copy, server } => {
                self.copy(copy, server, &[CopyForm::Snapshot])?;
                let replica = self.member_mut(server)?;
                if replica.is_running() {
                    return Err(Refusal::AlreadyRunning(server.clone()));
                }
                replica.presence = Presence::Running;
                self.away.remove(server);
                self.go_back(server, copy);
                // Its own keep-alive write comes before the others' next try, as measured
                // (fidelity R1): they take what it lacks for known, however young the copy is.
                self.grow_stale(server);
            }
            Action::RestoreFull { copy, server } => {
                self.copy(copy, server, &[CopyForm::Full, CopyForm::Unknown])?;
                self.restore(server)?;
                self.go_back(server, copy);
            }
            Action::RestoreData { copy, server } => {
                self.copy(copy, server, &[CopyForm::Full, CopyForm::Data, CopyForm::Unknown])?;
                match self.member(server)?.presence {
                    Presence::Running | Presence::Isolated => {}
                    Presence::Absent => return Err(Refusal::ServerDown(server.clone())),
                    Presence::Broken => return Err(Refusal::DataSpoiled(server.clone())),
                    Presence::Lost => return Err(Refusal::NotInstalled(server.clone())),
                }
                self.silence_others(server);
                self.restore(server)?;
                self.go_back(server, copy);
            }
            Action::Reinitialize { server, from, suffix } => {
                self.require_running(server)?;
                self.require_running(from)?;
                self.require_suffix(server, *suffix)?;
                self.require_suffix(from, *suffix)?;
                self.reinitialize(server, from, *suffix)?;
            }
            Action::Isolate { server } => {
                self.require_running(server)?;
                self.member_mut(server)?.presence = Presence::Isolated;
            }
            Action::AddEntries { on, copy } => {
                self.require_running(on)?;
                let point = self.copies.find(copy);
                if point.is_none_or(|point| !point.obstacles.is_empty()) {
                    return Err(Refusal::NoSuchCopy(copy.clone()));
                }
                self.add_again(on);
                // Entries that are added are new ones: no deletion of the old reaches them.
                return Ok(());
            }
            Action::UpdateClients => self.require_live()?,
            Action::FlushSssd { server } | Action::Verify { server } => {
                self.require_running(server)?;
            }
            Action::StartServer { server } => self.start(server)?,
            Action::Uninstall { server, force } => self.uninstall(server, *force)?,
            Action::AddRole { server, role } => self.add_role(server, *role)?,
            Action::DisableAgreements { of } => {
                self.require_running(of)?;
                let own = self.agreements.iter().filter(|(_, supplier, _)| supplier == of);
                self.disabled.extend(own.cloned().collect::<Vec<_>>());
            }
            Action::EnableAgreements { of } => {
                self.require_running(of)?;
                self.disabled.retain(|(_, supplier, _)| supplier != of);
            }
            Action::RestoreNetwork => self.reconnect(),
            Action::SetClock { server } => {
                self.require_running(server)?;
                let skew = self.clocks.remove(server);
                // Changes numbered a day or more ahead are refused until that time has come.
                if skew.is_some_and(|(ahead, span)| ahead && span >= SKEW_MAX) {
                    self.grow_stale(server);
                }
            }
            Action::FixCertificates { on } => {
                self.require_running(on)?;
                self.require_role(on, Role::Ca)?;
                self.expired.remove(on);
                self.renewal = Some(on.clone());
            }
            Action::RenewCertificates { server, from } => {
                self.require_running(server)?;
                if let Some(ca) = from {
                    self.require_running(ca)?;
                    self.require_role(ca, Role::Ca)?;
                    self.require_valid(ca)?;
                }
                self.expired.remove(server);
            }
            Action::SetDnaRange { on, range } => {
                self.require_running(on)?;
                if let Some(range) = range {
                    self.give_ids(on, *range)?;
                } else {
                    self.ids.entry(on.clone()).or_default();
                }
            }
            Action::CleanRuv { server, on } => {
                self.require_running(on)?;
                if !self.dangling.remove(server) {
                    self.member(server).map_err(|_| Refusal::NoReplicaId(server.clone()))?;
                    // The id of a server that lives: the others forget what it has sent.
                    self.grow_stale(server);
                }
            }
            Action::CleanDanglingRuv { on } => {
                self.require_running(on)?;
                let members = &self.members;
                self.dangling.retain(|host| members.contains_key(host));
            }
        }
        self.spread();
        Ok(())
    }

    fn member(&self, server: &Fqdn) -> Result<&Replica, Refusal> {
        self.members.get(server).ok_or_else(|| Refusal::NotAMember(server.clone()))
    }

    fn member_mut(&mut self, server: &Fqdn) -> Result<&mut Replica, Refusal> {
        self.members.get_mut(server).ok_or_else(|| Refusal::NotAMember(server.clone()))
    }

    fn require_live(&self) -> Result<(), Refusal> {
        if self.running().is_empty() { Err(Refusal::NoLivingServer) } else { Ok(()) }
    }

    fn require_running(&self, server: &Fqdn) -> Result<(), Refusal> {
        if self.member(server)?.is_running() {
            Ok(())
        } else {
            Err(Refusal::ServerDown(server.clone()))
        }
    }

    fn require_role(&self, server: &Fqdn, role: Role) -> Result<(), Refusal> {
        if self.member(server)?.holds(role) {
            Ok(())
        } else {
            Err(Refusal::LacksRole(server.clone(), role))
        }
    }

    fn require_suffix(&self, server: &Fqdn, suffix: Suffix) -> Result<(), Refusal> {
        match suffix {
            Suffix::Domain => self.member(server).map(|_| ()),
            Suffix::Ca => self.require_role(server, Role::Ca),
        }
    }

    /// Refuses a copy that is not there, not of these forms, or of another host.
    fn copy(&self, copy: &str, server: &Fqdn, forms: &[CopyForm]) -> Result<(), Refusal> {
        let missing = || Refusal::NoSuchCopy(copy.to_owned());
        let point = self.copies.find(copy).filter(|point| point.obstacles.is_empty());
        let point = point.ok_or_else(missing)?;
        if !forms.contains(&point.form) {
            let data_only = point.form == CopyForm::Data;
            return Err(if data_only { Refusal::DataOnly(copy.to_owned()) } else { missing() });
        }
        match &point.host {
            Some(host) if host != server => Err(Refusal::OtherHost(copy.to_owned(), host.clone())),
            _ => Ok(()),
        }
    }

    /// A restored server has a new generation and is visible (`ipa_restore.py`, since 4.10).
    fn restore(&mut self, server: &Fqdn) -> Result<(), Refusal> {
        let generation = self.next_generation;
        self.next_generation += 1;
        self.away.remove(server);
        self.set_back.remove(server);
        self.stale.retain(|(_, name)| name != server);
        let replica = self.member_mut(server)?;
        replica.presence = Presence::Running;
        for of_suffix in replica.generation.values_mut() {
            *of_suffix = generation;
        }
        for status in replica.roles.values_mut() {
            if status.holds_data() {
                *status = RoleStatus::Enabled;
            }
        }
        Ok(())
    }

    /// `ipa server-del`: counts visible CAs and DNS servers and enabled KRAs only.
    fn delete(
        &mut self,
        server: &Fqdn,
        from: &Fqdn,
        ignore_last_of_role: bool,
        ignore_disconnect: bool,
    ) -> Result<(), Refusal> {
        self.require_running(from)?;
        let replica = self.member(server)?.clone();
        if !ignore_last_of_role {
            if self.dnssec_key_master.as_ref() == Some(server) {
                return Err(Refusal::DnssecKeyMaster(server.clone()));
            }
            for role in [Role::Ca, Role::Kra, Role::Dns] {
                let others = self.members.iter().filter(|(name, other)| {
                    *name != server && other.status(role) == RoleStatus::Enabled
                });
                if replica.status(role) == RoleStatus::Enabled && others.count() == 0 {
                    return Err(Refusal::LastOfRole(server.clone(), role));
                }
            }
        }
        let mut after = self.clone();
        after.forget(server);
        if !ignore_disconnect {
            for suffix in Suffix::ALL {
                // The tool checks the present state before it looks at the one after.
                if self.pieces(suffix) > 1 || after.pieces(suffix) > 1 {
                    return Err(Refusal::WouldDisconnect(suffix));
                }
            }
        }
        *self = after;
        Ok(())
    }

    /// Nothing of a server is left in the deployment.
    fn forget(&mut self, server: &Fqdn) {
        self.members.remove(server);
        let other = |arc: &(Suffix, Fqdn, Fqdn)| arc.1 != *server && arc.2 != *server;
        self.agreements.retain(other);
        self.disabled.retain(other);
        self.cut.retain(other);
        self.links.retain(|link| link.agreements.iter().all(other));
        self.stale.retain(|(_, name)| name != server);
        self.set_back.remove(server);
        self.away.remove(server);
        self.clocks.remove(server);
        self.expired.remove(server);
        // Nobody takes over the ids that it had left (X9).
        self.lost_ids.extend(self.ids.remove(server).into_iter().flatten());
        if self.renewal.as_ref() == Some(server) {
            let mut cas = self.members.iter();
            let next = cas.find(|(_, other)| other.status(Role::Ca) == RoleStatus::Enabled);
            self.renewal = next.map(|(name, _)| name.clone());
        }
        if self.dnssec_key_master.as_ref() == Some(server) {
            self.dnssec_key_master = None;
        }
        // The CRL publisher's setting is local to the server and goes with it.
        self.crl.remove(server);
    }

    fn install(
        &mut self,
        server: &Fqdn,
        source: &Fqdn,
        roles: &BTreeSet<Role>,
        hidden: bool,
    ) -> Result<(), Refusal> {
        if self.members.contains_key(server) {
            return Err(Refusal::StillAMember(server.clone()));
        }
        self.require_running(source)?;
        self.require_valid(source)?;
        let ca = self.ca_near(source);
        // A replica's own certificates are issued by the CA while it is installed.
        if self.ca == CaMode::Integrated && ca.is_none() {
            return Err(Refusal::NoCaReachable(source.clone()));
        }
        let status = if hidden { RoleStatus::Hidden } else { RoleStatus::Enabled };
        let mut of_roles: BTreeMap<Role, RoleStatus> =
            roles.iter().map(|role| (*role, status)).collect();
        of_roles.insert(Role::IpaMaster, status);
        let mut generation = BTreeMap::new();
        let mut join = |suffix, peer: &Fqdn, replica: Option<&Replica>| {
            let of_peer = replica.and_then(|replica| replica.generation.get(&suffix)).copied();
            generation.insert(suffix, of_peer.unwrap_or(0));
            self.agreements.insert((suffix, server.clone(), peer.clone()));
            self.agreements.insert((suffix, peer.clone(), server.clone()));
        };
        join(Suffix::Domain, source, self.members.get(source));
        if roles.contains(&Role::Ca) {
            let source_has_ca = self.members.get(source).is_some_and(|r| r.holds(Role::Ca));
            let peer = if source_has_ca { Some(source) } else { ca.as_ref() };
            if let Some(peer) = peer {
                join(Suffix::Ca, peer, self.members.get(peer));
            }
        }
        let data_center = self.member(source)?.data_center.clone();
        let replica =
            Replica { presence: Presence::Running, roles: of_roles, generation, data_center };
        self.members.insert(server.clone(), replica);
        Ok(())
    }
    /// A running CA replica that changes of suffix `domain` reach from a server.
    fn ca_near(&self, server: &Fqdn) -> Option<Fqdn> {
        let islands = self.islands(Suffix::Domain);
        let island = islands.iter().find(|island| island.contains(server))?;
        let holds =
            |name: &&Fqdn| self.members.get(*name).is_some_and(|replica| replica.holds(Role::Ca));
        island.iter().find(holds).cloned()
    }

    fn require_valid(&self, server: &Fqdn) -> Result<(), Refusal> {
        if self.expired.contains(server) {
            Err(Refusal::CertificatesExpired(server.clone()))
        } else {
            Ok(())
        }
    }

    fn join(&mut self, suffix: Suffix, left: &Fqdn, right: &Fqdn) -> Result<(), Refusal> {
        let there = (suffix, left.clone(), right.clone());
        let back = (suffix, right.clone(), left.clone());
        let is_joined = self.agreements.contains(&there) && self.agreements.contains(&back);
        // Both ends must not be the same (FreeIPA `plugins/topology.py`, `validate_nodes`).
        if is_joined || left == right {
            return Err(Refusal::AlreadyJoined(left.clone(), right.clone()));
        }
        self.agreements.extend([there, back]);
        Ok(())
    }

    fn part(&mut self, suffix: Suffix, left: &Fqdn, right: &Fqdn) -> Result<(), Refusal> {
        let arcs = [(suffix, left.clone(), right.clone()), (suffix, right.clone(), left.clone())];
        let mut after = self.clone();
        let mut removed = false;
        for arc in &arcs {
            removed |= after.agreements.remove(arc);
            after.disabled.remove(arc);
            after.cut.remove(arc);
        }
        if !removed {
            return Err(Refusal::NotJoined(left.clone(), right.clone()));
        }
        // The topology plug-in refuses the last segment of a living server (X5).
        if after.pieces(suffix) > self.pieces(suffix) {
            return Err(Refusal::WouldDisconnect(suffix));
        }
        after.links.retain(|link| !link.agreements.iter().any(|arc| arcs.contains(arc)));
        *self = after;
        Ok(())
    }

    /// `ipa-restore` switches off the agreements of all other servers that it reaches, and leaves
    /// it to the administrator to switch them on again.
    fn silence_others(&mut self, restored: &Fqdn) {
        let of = |supplier: &Fqdn| {
            supplier != restored
                && self.members.get(supplier).is_some_and(Replica::is_running)
                && self.reaches(restored, supplier)
        };
        let arcs = self.agreements.iter().filter(|(_, supplier, _)| of(supplier));
        let arcs: Vec<_> = arcs.cloned().collect();
        self.disabled.extend(arcs);
    }

    fn reinitialize(&mut self, server: &Fqdn, from: &Fqdn, suffix: Suffix) -> Result<(), Refusal> {
        let there = (suffix, from.clone(), server.clone());
        let back = (suffix, server.clone(), from.clone());
        if !self.agreements.contains(&there) {
            return Err(Refusal::NotJoined(from.clone(), server.clone()));
        }
        // A session begins with the clocks of both, whatever it then carries (389-ds
        // `repl_extop.c`).
        let is_skewed = |end: &Fqdn| self.clocks.get(end).is_some_and(|(_, by)| *by >= SKEW_MAX);
        let is_off = is_skewed(from) || is_skewed(server) || self.cut.contains(&there);
        if is_off || !self.reaches(from, server) {
            return Err(Refusal::Unreachable(from.clone(), server.clone()));
        }
        let informed = self.reached_from(from, suffix);
        let generation = self.member(from)?.generation.get(&suffix).copied();
        if let Some(generation) = generation {
            self.member_mut(server)?.generation.insert(suffix, generation);
        }
        // The tool switches the agreements between both on.
        self.disabled.remove(&there);
        self.disabled.remove(&back);
        if self.stale.contains(&(suffix, from.clone())) {
            self.stale.insert((suffix, server.clone()));
        } else {
            self.stale.remove(&(suffix, server.clone()));
        }
        // What a server is given like this is not in its changelog (fidelity R5): those that hear
        // of it from this server only may never get it, and nobody can see that.
        for other in self.reached_from(server, suffix) {
            if other != *server && !informed.contains(&other) {
                self.stale.insert((suffix, other));
            }
        }
        if suffix == Suffix::Domain {
            self.set_back.remove(server);
            self.take_over(server, from);
        }
        Ok(())
    }

    /// A server that was away for longer than others keep the state of changes is taken to be
    /// stale: its own late changes may not be placed any more (scenario B27).
    fn start(&mut self, server: &Fqdn) -> Result<(), Refusal> {
        match self.member(server)?.presence {
            Presence::Running => return Err(Refusal::AlreadyRunning(server.clone())),
            Presence::Broken => return Err(Refusal::DataSpoiled(server.clone())),
            Presence::Lost => return Err(Refusal::NotInstalled(server.clone())),
            Presence::Isolated | Presence::Absent => {}
        }
        self.member_mut(server)?.presence = Presence::Running;
        if self.away.get(server).is_some_and(|span| *span > PURGE_DELAY) {
            self.grow_stale(server);
        }
        Ok(())
    }

    /// Where another running server can be reached, the entry is removed there as by `ipa
    /// server-del`; the host's data is gone in any case.
    fn uninstall(&mut self, server: &Fqdn, force: bool) -> Result<(), Refusal> {
        let replica = self.member(server)?;
        if replica.presence == Presence::Lost {
            return Err(Refusal::NotInstalled(server.clone()));
        }
        let helper = self
            .members
            .iter()
            .find(|(name, other)| {
                *name != server && other.is_running() && self.reaches(server, name)
            })
            .map(|(name, _)| name.clone());
        match helper {
            Some(from) if self.member(server)?.is_running() => {
                self.delete(server, &from, force, force)
            }
            _ => {
                self.member_mut(server)?.presence = Presence::Lost;
                Ok(())
            }
        }
    }

    fn add_role(&mut self, server: &Fqdn, role: Role) -> Result<(), Refusal> {
        self.require_running(server)?;
        self.require_valid(server)?;
        let replica = self.member(server)?;
        if replica.holds(role) {
            return Err(Refusal::AlreadyHolds(server.clone(), role));
        }
        let status = match replica.status(Role::IpaMaster) {
            RoleStatus::Hidden => RoleStatus::Hidden,
            RoleStatus::Enabled | RoleStatus::Configured | RoleStatus::Absent => {
                RoleStatus::Enabled
            }
        };
        match role {
            Role::Ca => {
                let none = || Refusal::NoCaReachable(server.clone());
                let peer = self.ca_near(server).ok_or_else(none)?;
                let generation = self.member(&peer)?.generation.get(&Suffix::Ca).copied();
                let replica = self.member_mut(server)?;
                replica.generation.insert(Suffix::Ca, generation.unwrap_or(0));
                self.agreements.insert((Suffix::Ca, server.clone(), peer.clone()));
                self.agreements.insert((Suffix::Ca, peer, server.clone()));
            }
            // The KRA is a part of Dogtag: it is set up beside a CA.
            Role::Kra => self.require_role(server, Role::Ca)?,
            Role::IpaMaster | Role::Dns | Role::AdTrustController | Role::AdTrustAgent => {}
        }
        self.member_mut(server)?.roles.insert(role, status);
        Ok(())
    }

    /// The network is back. Where it was away for longer than sides become the same by themselves,
    /// one has to take over the other's data: the side with the CA, then the larger one is kept.
    fn reconnect(&mut self) {
        let parted = self.islands(Suffix::Domain);
        let is_long = self.interrupted_for() > self.merges_within();
        let was_interrupted = !self.partitions.is_empty() || !self.cut.is_empty();
        self.partitions.clear();
        self.cut.clear();
        if !is_long || !was_interrupted {
            return;
        }
        for server in self.lesser_sides(parted) {
            self.grow_stale(&server);
        }
    }

    /// The servers of all sides but the one that is kept.
    pub(crate) fn lesser_sides(&self, sides: Vec<Vec<Fqdn>>) -> Vec<Fqdn> {
        let has_ca = |side: &Vec<Fqdn>| {
            side.iter().any(|name| self.members.get(name).is_some_and(|r| r.holds(Role::Ca)))
        };
        let kept = sides
            .iter()
            .enumerate()
            .max_by_key(|(index, side)| (has_ca(side), side.len(), std::cmp::Reverse(*index)))
            .map(|(index, _)| index);
        let lesser = sides.into_iter().enumerate().filter(|(index, _)| Some(*index) != kept);
        lesser.flat_map(|(_, side)| side).collect()
    }

    fn give_ids(&mut self, on: &Fqdn, range: IdRange) -> Result<(), Refusal> {
        let overlaps = |other: &IdRange| other.first <= range.last && range.first <= other.last;
        for (name, ranges) in &self.ids {
            if name != on && ranges.iter().any(overlaps) {
                return Err(Refusal::RangeTaken(name.clone()));
            }
        }
        self.ids.entry(on.clone()).or_default().push(range);
        self.lost_ids.retain(|lost| !overlaps(lost));
        Ok(())
    }
}
