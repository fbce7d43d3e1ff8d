//! The abstract state of a deployment during a disaster: who runs, who replicates with whom, which
//! data set each holds. Sets only: no time, no order of changes.

use std::collections::{BTreeMap, BTreeSet};

use super::damage::Damage;
use super::restore_point::{CopyForm, RestorePoint, Whereabouts};
use super::{Action, Fault, Refusal};
use crate::model::{CaMode, Deployment, Direction, Fqdn, Need, Role, RoleStatus, Suffix};
use crate::views::digraph::{Digraph, Flow};

/// What has become of a server. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Presence {
    /// Runs and replicates.
    Running,
    /// Its services are stopped on purpose; its disk is whole.
    Isolated,
    /// Gone with its disk.
    Lost,
}

/// A member of the deployment: an entry under `cn=masters`, whether its server lives or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replica {
    /// What has become of it.
    pub presence: Presence,
    /// Status of each role.
    pub roles: BTreeMap<Role, RoleStatus>,
    /// Database generation of each suffix it carries; servers of different generation do not
    /// exchange changes.
    pub generation: BTreeMap<Suffix, u32>,
    /// Data center, if known.
    pub data_center: Option<String>,
}

impl Replica {
    pub(crate) fn holds(&self, role: Role) -> bool {
        self.roles.get(&role).is_some_and(|status| status.holds_data())
    }

    pub(crate) fn is_running(&self) -> bool {
        self.presence == Presence::Running
    }

    fn status(&self, role: Role) -> RoleStatus {
        self.roles.get(&role).copied().unwrap_or(RoleStatus::Absent)
    }
}

/// Copies outside the servers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CopyList {
    /// Those that are known, what is wrong with each included.
    pub points: Vec<RestorePoint>,
    /// True if there are no others.
    pub is_complete: bool,
}

impl CopyList {
    fn find(&self, id: &str) -> Option<&RestorePoint> {
        self.points.iter().find(|point| point.id == id)
    }

    fn lose(&mut self, is_lost: impl Fn(&RestorePoint) -> bool, why: &str) {
        for point in self.points.iter_mut().filter(|point| is_lost(point)) {
            point.obstacles.push(why.to_owned());
        }
    }
}

/// The state that actions change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Situation {
    /// Members of the deployment.
    pub members: BTreeMap<Fqdn, Replica>,
    /// Agreements: suffix, supplier, consumer.
    pub agreements: BTreeSet<(Suffix, Fqdn, Fqdn)>,
    /// How certificates are issued.
    pub ca: CaMode,
    /// The CA renewal server; `None` if there is none or it is not known.
    pub renewal: Option<Fqdn>,
    /// Servers that generate the CRL.
    pub crl: BTreeSet<Fqdn>,
    /// The DNSSEC key master.
    pub dnssec_key_master: Option<Fqdn>,
    /// Copies that exist.
    pub copies: CopyList,
    /// Data centers that were lost, with the stores in them.
    pub lost_data_centers: BTreeSet<String>,
    /// Data that was deleted or spoiled, if any.
    pub damage: Option<Damage>,
    next_generation: u32,
}

impl Situation {
    /// The state of a deployment before a disaster.
    ///
    /// # Errors
    ///
    /// What is missing: the list of servers, whether there is a CA, a server's CA role, or the
    /// segments of a suffix. An unknown KRA, DNS or trust role counts as absent here; callers name
    /// it where it decides.
    pub fn of(deployment: &Deployment) -> Result<Self, Vec<Need>> {
        let mut needs = deployment.needs_for_carriers(Suffix::Ca);
        let Some(&ca) = deployment.ca.value() else {
            needs.push(Need::CaMode);
            return Err(needs);
        };
        for suffix in Suffix::ALL {
            let several = deployment.carriers(suffix).len() > 1;
            if several && !deployment.topology(suffix).is_known() {
                needs.push(Need::Segments(suffix));
            }
        }
        if ca == CaMode::None {
            needs.retain(|need| !matches!(need, Need::Role(..)));
        }
        if !needs.is_empty() {
            return Err(needs);
        }
        let members = deployment
            .servers
            .iter()
            .map(|(name, server)| {
                let roles: BTreeMap<Role, RoleStatus> = Role::ALL
                    .into_iter()
                    .filter_map(|role| Some((role, *server.role(role).value()?)))
                    .collect();
                let generation = Suffix::ALL
                    .into_iter()
                    .filter(|suffix| server.carries(*suffix))
                    .map(|suffix| (suffix, 0))
                    .collect();
                let data_center = server.data_center.value().cloned();
                let presence = Presence::Running;
                (name.clone(), Replica { presence, roles, generation, data_center })
            })
            .collect();
        let mut agreements = BTreeSet::new();
        for suffix in Suffix::ALL {
            for segment in &deployment.topology(suffix).segments {
                let (left, right) = (&segment.key.left, &segment.key.right);
                let stranger =
                    [left, right].iter().any(|end| !deployment.servers.contains_key(*end));
                if segment.enabled == Some(false) || stranger {
                    continue;
                }
                if segment.key.direction != Direction::RightLeft {
                    agreements.insert((suffix, left.clone(), right.clone()));
                }
                if segment.key.direction != Direction::LeftRight {
                    agreements.insert((suffix, right.clone(), left.clone()));
                }
            }
        }
        let crl = deployment
            .servers
            .iter()
            .filter(|(_, server)| server.crl_publisher.value() == Some(&true))
            .map(|(name, _)| name.clone())
            .collect();
        let copies = CopyList {
            points: RestorePoint::all(deployment),
            is_complete: deployment.copies.are_known(),
        };
        Ok(Self {
            members,
            agreements,
            ca,
            renewal: deployment.ca_renewal_server.value().cloned(),
            crl,
            dnssec_key_master: deployment.dnssec_key_master.value().cloned(),
            copies,
            lost_data_centers: BTreeSet::new(),
            damage: None,
            next_generation: 1,
        })
    }

    /// A state of nothing, to ask whether a fault has an abstract effect.
    pub(crate) fn blank() -> Self {
        Self {
            members: BTreeMap::new(),
            agreements: BTreeSet::new(),
            ca: CaMode::None,
            renewal: None,
            crl: BTreeSet::new(),
            dnssec_key_master: None,
            copies: CopyList::default(),
            lost_data_centers: BTreeSet::new(),
            damage: None,
            next_generation: 1,
        }
    }

    /// Lets a fault happen. False if this abstract state has no effect for it: it concerns time or
    /// data, which only the simulation knows.
    pub fn inject(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Lose(_) | Fault::LoseDataCenter(_) | Fault::Ghost(_) => {
                for server in self.servers_lost_by(fault) {
                    if let Some(replica) = self.members.get_mut(&server) {
                        replica.presence = Presence::Lost;
                    }
                }
                if let Fault::LoseDataCenter(center) = fault {
                    self.lost_data_centers.insert(center.clone());
                }
            }
            Fault::LoseStore(store) => {
                let is_in = |point: &RestorePoint| match &point.whereabouts {
                    Whereabouts::Store { id, .. } => id == store,
                    Whereabouts::OnHost(_) | Whereabouts::Unknown => false,
                };
                self.copies.lose(is_in, &format!("its store {store} is lost"));
            }
            Fault::LoseKey(key) => {
                let needs = |point: &RestorePoint| point.key.as_ref() == Some(key);
                self.copies.lose(needs, &format!("its key {key} is lost"));
            }
            Fault::DeleteKnown(server) => self.damage(server, true),
            Fault::DeleteUnknown(server) => self.damage(server, false),
            Fault::Cut(_)
            | Fault::Partition(_)
            | Fault::Rollback { .. }
            | Fault::Absent { .. }
            | Fault::Clock { .. }
            | Fault::CertificatesExpired
            | Fault::BadUpgrade(_) => return false,
        }
        true
    }

    /// Servers that a fault takes for good.
    pub(crate) fn servers_lost_by(&self, fault: &Fault) -> Vec<Fqdn> {
        match fault {
            Fault::Lose(servers) => servers.iter().cloned().collect(),
            Fault::Ghost(server) => vec![server.clone()],
            Fault::LoseDataCenter(center) => self
                .members
                .iter()
                .filter(|(_, replica)| replica.data_center.as_ref() == Some(center))
                .map(|(name, _)| name.clone())
                .collect(),
            Fault::LoseStore(_)
            | Fault::LoseKey(_)
            | Fault::Cut(_)
            | Fault::Partition(_)
            | Fault::DeleteKnown(_)
            | Fault::DeleteUnknown(_)
            | Fault::Rollback { .. }
            | Fault::Absent { .. }
            | Fault::Clock { .. }
            | Fault::CertificatesExpired
            | Fault::BadUpgrade(_) => Vec::new(),
        }
    }

    /// Running members, in order.
    pub fn running(&self) -> Vec<&Fqdn> {
        self.members.iter().filter(|(_, r)| r.is_running()).map(|(name, _)| name).collect()
    }

    /// Lost members, in order.
    pub fn lost(&self) -> Vec<&Fqdn> {
        self.members
            .iter()
            .filter(|(_, r)| r.presence == Presence::Lost)
            .map(|(name, _)| name)
            .collect()
    }

    /// Running members that hold a role's data, in order.
    pub fn running_with(&self, role: Role) -> Vec<&Fqdn> {
        self.members
            .iter()
            .filter(|(_, replica)| replica.is_running() && replica.holds(role))
            .map(|(name, _)| name)
            .collect()
    }

    /// Groups of running members that exchange changes of a suffix, in order.
    pub fn islands(&self, suffix: Suffix) -> Vec<Vec<Fqdn>> {
        self.groups(suffix, Replica::is_running)
    }

    /// Groups of members whose entries are joined, whether their servers run or not: what the
    /// topology plug-in judges.
    fn groups(&self, suffix: Suffix, counts: impl Fn(&Replica) -> bool) -> Vec<Vec<Fqdn>> {
        let names: Vec<(&Fqdn, &Replica)> = self
            .members
            .iter()
            .filter(|(_, r)| counts(r) && r.generation.contains_key(&suffix))
            .collect();
        let index: BTreeMap<&Fqdn, usize> =
            names.iter().enumerate().map(|(index, (name, _))| (*name, index)).collect();
        let generation = |at: usize| names.get(at).and_then(|(_, r)| r.generation.get(&suffix));
        let mut arcs = Vec::new();
        for (of, supplier, consumer) in &self.agreements {
            if let (true, Some(&from), Some(&to)) =
                (*of == suffix, index.get(supplier), index.get(consumer))
                && generation(from) == generation(to)
            {
                arcs.push((from, to, Flow::Forward));
            }
        }
        Digraph::new(names.len(), &arcs)
            .islands()
            .iter()
            .map(|island| {
                island.iter().filter_map(|&at| names.get(at)).map(|(n, _)| (*n).clone()).collect()
            })
            .collect()
    }

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
                let there = (*suffix, left.clone(), right.clone());
                let back = (*suffix, right.clone(), left.clone());
                if self.agreements.contains(&there) && self.agreements.contains(&back) {
                    return Err(Refusal::AlreadyJoined(left.clone(), right.clone()));
                }
                self.agreements.extend([there, back]);
            }
            Action::DeleteSegment { suffix, left, right } => {
                self.require_live()?;
                let there = (*suffix, left.clone(), right.clone());
                let back = (*suffix, right.clone(), left.clone());
                let mut after = self.clone();
                let removed = [&there, &back].map(|arc| after.agreements.remove(arc));
                if removed == [false, false] {
                    return Err(Refusal::NotJoined(left.clone(), right.clone()));
                }
                // The topology plug-in refuses the last segment of a living server (X5).
                if after.groups(*suffix, |_| true).len() > self.groups(*suffix, |_| true).len() {
                    return Err(Refusal::WouldDisconnect(*suffix));
                }
                *self = after;
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
                self.mend(server);
            }
            Action::RestoreFull { copy, server } => {
                self.copy(copy, server, &[CopyForm::Full, CopyForm::Unknown])?;
                self.restore(server)?;
                self.mend(server);
            }
            Action::RestoreData { copy, server } => {
                self.copy(copy, server, &[CopyForm::Full, CopyForm::Data, CopyForm::Unknown])?;
                match self.member(server)?.presence {
                    Presence::Running | Presence::Isolated => self.restore(server)?,
                    Presence::Lost => return Err(Refusal::NotInstalled(server.clone())),
                }
                self.mend(server);
            }
            Action::Reinitialize { server, from, suffix } => {
                self.require_running(server)?;
                self.require_running(from)?;
                self.require_suffix(server, *suffix)?;
                self.require_suffix(from, *suffix)?;
                if !self.agreements.contains(&(*suffix, from.clone(), server.clone())) {
                    return Err(Refusal::NotJoined(from.clone(), server.clone()));
                }
                let generation = self.member(from)?.generation.get(suffix).copied();
                if let Some(generation) = generation {
                    self.member_mut(server)?.generation.insert(*suffix, generation);
                }
                if *suffix == Suffix::Domain {
                    self.take_over(server, from);
                }
            }
            Action::Isolate { server } => {
                self.require_running(server)?;
                self.member_mut(server)?.presence = Presence::Isolated;
            }
            Action::AddEntries { on, copy } => {
                self.require_running(on)?;
                let known = self.copies.find(copy).is_some();
                if !known {
                    return Err(Refusal::NoSuchCopy(copy.clone()));
                }
                if self.damage.as_ref().is_some_and(|damage| damage.is_known) {
                    self.damage = None;
                }
            }
            Action::UpdateClients => self.require_live()?,
            Action::FlushSssd { server } | Action::Verify { server } => {
                self.require_running(server)?;
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
        let point = self.copies.find(copy).ok_or_else(missing)?;
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
        after.members.remove(server);
        after.agreements.retain(|(_, a, b)| a != server && b != server);
        if !ignore_disconnect {
            for suffix in Suffix::ALL {
                // The tool checks the present state before it looks at the one after.
                let now = self.groups(suffix, |_| true).len();
                if now > 1 || after.groups(suffix, |_| true).len() > 1 {
                    return Err(Refusal::WouldDisconnect(suffix));
                }
            }
        }
        if after.renewal.as_ref() == Some(server) {
            let mut cas = after.members.iter();
            let next = cas.find(|(_, other)| other.status(Role::Ca) == RoleStatus::Enabled);
            after.renewal = next.map(|(name, _)| name.clone());
        }
        if after.dnssec_key_master.as_ref() == Some(server) {
            after.dnssec_key_master = None;
        }
        // The CRL publisher's setting is local to the server and goes with it.
        after.crl.remove(server);
        *self = after;
        Ok(())
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
        let islands = self.islands(Suffix::Domain);
        let island = islands.iter().find(|island| island.contains(source));
        let ca = island
            .into_iter()
            .flatten()
            .find(|name| self.members.get(*name).is_some_and(|replica| replica.holds(Role::Ca)));
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
            let peer = if source_has_ca { Some(source) } else { ca };
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
}
