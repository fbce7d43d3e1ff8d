//! The abstract state of a deployment during a disaster: who runs, who replicates with whom, which
//! data set each holds. Sets only: no order of changes, and of time only whether it is longer than
//! what servers keep changes for.

use std::collections::{BTreeMap, BTreeSet};

use super::damage::Damage;
use super::restore_point::{RestorePoint, Variant, Whereabouts};
use super::{Fault, Span};
use crate::dna_parts;
use crate::model::{CaMode, Deployment, Direction, Fqdn, IdRange, Need, Role, RoleStatus, Suffix};
use crate::rule_parts::max_age;
use crate::time::Timestamp;
use crate::views::digraph::{Digraph, Flow};

/// Skew of a clock from which others refuse a server's changes: the most by which a server moves
/// its own clock to follow another's (389-ds `csngen.c`, quantities C.2).
pub const SKEW_MAX: Span = Span::from_seconds(86_400);

/// How long servers keep tombstones and the state of changes: a server that was away for longer
/// may send changes that the others cannot place any more (389-ds `repl5_replica.c`; quantities
/// C.2, scenario B27).
pub const PURGE_DELAY: Span = Span::from_seconds(604_800);

/// Days before the end at which certmonger renews a certificate and healthcheck warns ("Managing
/// certificates in IdM" (RHEL 10) 32.3; freeipa-healthcheck `cert_expiration_days`).
pub const RENEWAL_DAYS: u16 = 28;

/// Days for which new certificates of the CA's own services are valid (Dogtag profile
/// `caInternalAuth…`; quantities C.3).
pub const CA_VALID_DAYS: u16 = 720;

/// How long a network is interrupted where a case does not say it. An assumption: partitions
/// between data centers have a median of 20 minutes (quantities C.5).
pub const PARTITION_ASSUMED: Span = Span::from_seconds(86_400);

/// What has become of a server. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Presence {
    /// Runs and replicates.
    Running,
    /// Its services are stopped on purpose; its disk is whole.
    Isolated,
    /// It was off for some time; its disk and its data are as they were.
    Absent,
    /// Its data is spoiled and its services do not start; files on its disk can be read.
    Broken,
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

    pub(crate) fn status(&self, role: Role) -> RoleStatus {
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
    pub(crate) fn find(&self, id: &str) -> Option<&RestorePoint> {
        self.points.iter().find(|point| point.id == id)
    }

    fn lose(&mut self, is_lost: impl Fn(&RestorePoint) -> bool, variant: Variant, why: &str) {
        for point in self.points.iter_mut().filter(|point| is_lost(point)) {
            point.spoil(variant, why.to_owned());
        }
    }
}

/// A stored segment: which agreements it stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// Its name, or its ends where no export names it.
    pub title: String,
    /// Its agreements: suffix, supplier, consumer.
    pub agreements: Vec<(Suffix, Fqdn, Fqdn)>,
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
    /// Stored segments.
    pub links: Vec<Link>,
    /// Agreements that are switched off.
    pub disabled: BTreeSet<(Suffix, Fqdn, Fqdn)>,
    /// Agreements that exist and do not get through any more.
    pub cut: BTreeSet<(Suffix, Fqdn, Fqdn)>,
    /// Interruptions of the network: groups that do not reach each other. A server in no group
    /// reaches all.
    pub partitions: BTreeSet<BTreeSet<BTreeSet<Fqdn>>>,
    /// Servers that lack changes of a suffix which others have trimmed, or whose changes others
    /// refuse: nothing but a re-initialization helps.
    pub stale: BTreeSet<(Suffix, Fqdn)>,
    /// Servers that were set back to a copy while others ran.
    pub set_back: BTreeMap<Fqdn, String>,
    /// How long servers were away that are off now, or were started again.
    pub away: BTreeMap<Fqdn, Span>,
    /// Servers whose clock is wrong: true if it is ahead, and how far it is off.
    pub clocks: BTreeMap<Fqdn, (bool, Span)>,
    /// Members whose certificates have expired. Copies of them hold the same.
    pub expired: BTreeSet<Fqdn>,
    /// Hosts whose replica ids stay in RUVs until somebody removes them.
    pub dangling: BTreeSet<Fqdn>,
    /// Ids that members hand out; a server without an entry holds none, or it is not known.
    pub ids: BTreeMap<Fqdn, Vec<IdRange>>,
    /// Ranges that were lost with servers.
    pub lost_ids: Vec<IdRange>,
    /// Shortest time for which a server keeps changes that others miss; `None` if not known.
    pub changelog_age: Option<Span>,
    /// How long after the faults somebody notices; `None` if the case does not say it.
    pub noticed: Option<Span>,
    /// When somebody noticed; `None` if not known.
    pub now: Option<Timestamp>,
    /// The deployment's DNS domain, where the names of all servers agree on one.
    pub domain: Option<String>,
    pub(super) next_generation: u32,
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
        let links = links(deployment);
        let agreements = links.iter().flat_map(|link| link.agreements.iter().cloned()).collect();
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
        let ids = deployment
            .observed
            .dna
            .iter()
            .filter(|(_, dna)| dna_parts::holds_ids(dna))
            .map(|(name, dna)| {
                let ranges = [dna.range.value(), dna.next_range.value()];
                (name.clone(), ranges.into_iter().flatten().flatten().copied().collect())
            })
            .collect();
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
            links,
            disabled: BTreeSet::new(),
            cut: BTreeSet::new(),
            partitions: BTreeSet::new(),
            stale: BTreeSet::new(),
            set_back: BTreeMap::new(),
            away: BTreeMap::new(),
            clocks: BTreeMap::new(),
            expired: BTreeSet::new(),
            dangling: BTreeSet::new(),
            ids,
            lost_ids: Vec::new(),
            changelog_age: changelog_age(deployment),
            noticed: None,
            now: None,
            domain: domain(deployment),
            next_generation: 1,
        })
    }

    /// Lets a fault happen. False if it names a segment, a copy or a server that this deployment
    /// does not have; nothing happens then.
    pub fn inject(&mut self, fault: &Fault) -> bool {
        if self.stranger(fault) {
            return false;
        }
        match fault {
            Fault::Lose(_) | Fault::LoseDataCenter(_) | Fault::Ghost(_) => {
                for server in self.servers_lost_by(fault) {
                    self.set_presence(&server, Presence::Lost);
                    if matches!(fault, Fault::Ghost(_)) {
                        self.dangling.insert(server);
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
                let why = format!("its store {store} is lost");
                self.copies.lose(is_in, Variant::LostWithItsPlace, &why);
            }
            Fault::LoseKey(key) => {
                let needs = |point: &RestorePoint| point.key.as_ref() == Some(key);
                let why = format!("its key {key} is lost");
                self.copies.lose(needs, Variant::WithoutKey, &why);
            }
            Fault::DeleteKnown(server) => self.damage(server, true),
            Fault::DeleteUnknown(server) => self.damage(server, false),
            Fault::Cut(segment) => {
                let (cut, others): (Vec<&Link>, Vec<&Link>) =
                    self.links.iter().partition(|link| link.title == *segment);
                // A parallel segment carries the changes on.
                let carried = |arc: &&(Suffix, Fqdn, Fqdn)| {
                    others.iter().any(|link| link.agreements.contains(*arc))
                };
                let arcs: Vec<_> = cut.iter().flat_map(|link| &link.agreements).collect();
                let stopped = arcs.into_iter().filter(|arc| !carried(arc)).cloned();
                self.cut.extend(stopped.collect::<Vec<_>>());
            }
            Fault::Partition(groups) => {
                self.partitions.insert(groups.clone());
            }
            Fault::Rollback { server, copy } => {
                self.set_back.insert(server.clone(), copy.clone());
                // Its own keep-alive write may come before the others' next try, as measured
                // (fidelity R1): then they take for known what it lacks, and no agreement shows
                // an error. Whatever its age, nobody can see whether that happened.
                self.grow_stale(server);
            }
            Fault::Absent { server, span } => {
                self.set_presence(server, Presence::Absent);
                self.away.insert(server.clone(), *span);
            }
            Fault::Clock { server, ahead, span } => {
                self.clocks.insert(server.clone(), (*ahead, *span));
            }
            Fault::CertificatesExpired => self.expired.extend(self.members.keys().cloned()),
            Fault::BadUpgrade(server) => self.set_presence(server, Presence::Broken),
        }
        true
    }

    /// True if a fault names something that is not there.
    fn stranger(&self, fault: &Fault) -> bool {
        let known = |server: &Fqdn| self.members.contains_key(server);
        match fault {
            Fault::Lose(servers) => !servers.iter().all(known),
            Fault::Partition(groups) => !groups.iter().flatten().all(known),
            Fault::Ghost(server)
            | Fault::DeleteKnown(server)
            | Fault::DeleteUnknown(server)
            | Fault::Absent { server, .. }
            | Fault::Clock { server, .. }
            | Fault::BadUpgrade(server) => !known(server),
            Fault::Rollback { server, copy } => {
                let of = self.copies.find(copy).map(|point| point.host.as_ref());
                !known(server) || of.is_none_or(|host| host.is_some_and(|host| host != server))
            }
            Fault::Cut(segment) => !self.links.iter().any(|link| link.title == *segment),
            Fault::LoseDataCenter(_)
            | Fault::LoseStore(_)
            | Fault::LoseKey(_)
            | Fault::CertificatesExpired => false,
        }
    }

    /// A fault happens to a server that nothing worse has happened to.
    fn set_presence(&mut self, server: &Fqdn, presence: Presence) {
        if let Some(replica) = self.members.get_mut(server) {
            replica.presence = replica.presence.max(presence);
        }
    }

    /// A server whose data is of an earlier time replicates again, or its changes are refused.
    /// Whether it gets what it lacks depends on what others have trimmed and on whose write comes
    /// first (fidelity R1), and cannot be seen: it is taken to be stale, a re-initialization does
    /// no harm. Without another server of the same generation nothing is left that it could lack.
    pub(crate) fn grow_stale(&mut self, server: &Fqdn) {
        for suffix in Suffix::ALL {
            if self.has_peer(server, suffix) {
                self.stale.insert((suffix, server.clone()));
            }
        }
    }

    /// True if another running server has the data of a suffix in the same generation.
    pub(crate) fn has_peer(&self, server: &Fqdn, suffix: Suffix) -> bool {
        let generation = self.members.get(server).and_then(|r| r.generation.get(&suffix));
        generation.is_some()
            && self.members.iter().any(|(name, other)| {
                name != server
                    && other.is_running()
                    && other.generation.get(&suffix) == generation
                    && !self.stale.contains(&(suffix, name.clone()))
            })
    }

    /// True if the network lets two servers reach each other.
    pub fn reaches(&self, one: &Fqdn, other: &Fqdn) -> bool {
        self.partitions.iter().all(|groups| {
            let group = |server: &Fqdn| groups.iter().find(|group| group.contains(server));
            match (group(one), group(other)) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            }
        })
    }

    /// True if an agreement carries changes between servers that run.
    pub fn carries(&self, agreement: &(Suffix, Fqdn, Fqdn)) -> bool {
        let (suffix, supplier, consumer) = agreement;
        self.agreements.contains(agreement) && self.lets_through(*suffix, supplier, consumer)
    }

    /// The same for an agreement that exists.
    fn lets_through(&self, suffix: Suffix, supplier: &Fqdn, consumer: &Fqdn) -> bool {
        self.may_carry(suffix, supplier, consumer)
            && (self.stale.is_empty()
                || [supplier, consumer]
                    .into_iter()
                    .all(|end| !self.stale.contains(&(suffix, end.clone()))))
    }

    /// True if nothing but what one of its ends lacks keeps an agreement that exists from carrying
    /// changes.
    pub(crate) fn may_carry(&self, suffix: Suffix, supplier: &Fqdn, consumer: &Fqdn) -> bool {
        // Most states have none of these; looking them up would copy three names per agreement.
        if self.disabled.is_empty()
            && self.cut.is_empty()
            && self.partitions.is_empty()
            && self.clocks.is_empty()
        {
            return true;
        }
        let agreement = (suffix, supplier.clone(), consumer.clone());
        let is_skewed =
            |server: &Fqdn| self.clocks.get(server).is_some_and(|(_, span)| *span >= SKEW_MAX);
        !self.disabled.contains(&agreement)
            && !self.cut.contains(&agreement)
            && self.reaches(supplier, consumer)
            && [supplier, consumer].into_iter().all(|end| !is_skewed(end))
    }

    /// Time for which the network has been interrupted.
    pub fn interrupted_for(&self) -> Span {
        self.noticed.unwrap_or(PARTITION_ASSUMED)
    }

    /// How long sides can be parted and still become the same by themselves: behind the changelog's
    /// age they lack changes; behind the purge delay nobody knows any more which of two changes of
    /// a value is newer, and each side ends with the other's. Where the changelog's age is not
    /// known, the purge delay bounds it all the same.
    pub(crate) fn merges_within(&self) -> Span {
        self.changelog_age.map_or(PURGE_DELAY, |kept| kept.min(PURGE_DELAY))
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
        let generation = |name: &Fqdn| self.members.get(name)?.generation.get(&suffix);
        let carries = |supplier: &Fqdn, consumer: &Fqdn| {
            generation(supplier) == generation(consumer)
                && self.lets_through(suffix, supplier, consumer)
        };
        self.groups(suffix, Replica::is_running, carries)
    }

    /// Number of groups of members whose entries are joined, whether their servers run or not and
    /// whether changes get through: what the topology plug-in judges. It knows no generations.
    pub(super) fn pieces(&self, suffix: Suffix) -> usize {
        self.groups(suffix, |_| true, |_, _| true).len()
    }

    fn groups(
        &self,
        suffix: Suffix,
        counts: impl Fn(&Replica) -> bool,
        carries: impl Fn(&Fqdn, &Fqdn) -> bool,
    ) -> Vec<Vec<Fqdn>> {
        let names: Vec<(&Fqdn, &Replica)> = self
            .members
            .iter()
            .filter(|(_, r)| counts(r) && r.generation.contains_key(&suffix))
            .collect();
        let index: BTreeMap<&Fqdn, usize> =
            names.iter().enumerate().map(|(index, (name, _))| (*name, index)).collect();
        let mut arcs = Vec::new();
        for (of, supplier, consumer) in &self.agreements {
            if let (true, Some(&from), Some(&to)) =
                (*of == suffix, index.get(supplier), index.get(consumer))
                && carries(supplier, consumer)
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
}

/// Shortest time for which a server keeps changes that others miss; `None` unless every server and
/// suffix is known. Without a limit of age they are kept.
fn changelog_age(deployment: &Deployment) -> Option<Span> {
    let mut shortest = Span::from_seconds(u32::MAX);
    for suffix in Suffix::ALL {
        for server in deployment.carriers(suffix) {
            let age = *max_age(deployment, server, suffix)?.value()?;
            if age.seconds() > 0 {
                shortest = shortest.min(age);
            }
        }
    }
    (!deployment.servers.is_empty()).then_some(shortest)
}

/// The stored segments of both suffixes between members, without those that are switched off.
fn links(deployment: &Deployment) -> Vec<Link> {
    let mut links = Vec::new();
    for suffix in Suffix::ALL {
        for segment in &deployment.topology(suffix).segments {
            let (left, right) = (&segment.key.left, &segment.key.right);
            let stranger = [left, right].iter().any(|end| !deployment.servers.contains_key(*end));
            if segment.enabled == Some(false) || stranger {
                continue;
            }
            let mut agreements = Vec::new();
            if segment.key.direction != Direction::RightLeft {
                agreements.push((suffix, left.clone(), right.clone()));
            }
            if segment.key.direction != Direction::LeftRight {
                agreements.push((suffix, right.clone(), left.clone()));
            }
            links.push(Link { title: segment.title(), agreements });
        }
    }
    links
}

/// What all host names have in common behind their first label.
fn domain(deployment: &Deployment) -> Option<String> {
    let mut domains = deployment.servers.keys().map(|name| name.as_str().split_once('.'));
    let (_, first) = domains.next()??;
    domains.all(|other| other.is_some_and(|(_, other)| other == first)).then(|| first.to_owned())
}
