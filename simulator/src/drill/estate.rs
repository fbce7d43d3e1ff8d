//! The deployment as it really is during a drill: machines with their disks, and what the servers
//! replicate.
//!
//! What IdM keeps in LDAP is kept as entries of the simulated directory: who is a member with which
//! roles (`cn=masters`), who replicates with whom (`cn=topology`), who renews certificates. So it
//! replicates, differs between servers that are apart, and comes back with an old copy, as it does
//! in reality. What a server keeps outside LDAP (installed roles, the CRL setting, keys) is part of
//! its [`Machine`].

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use audit_core::model::{CaMode, Fqdn, IdRange, Role, RoleStatus, Suffix};
use audit_core::recovery::Situation;

use super::certificates::Certificates;
use crate::kernel::time::{Span, Time};
use crate::world::tree::{EntryId, NewEntry, Operation, ROOT, Tree};
use crate::world::{ReplicaIndex, ServerIndex, Timing, World};

/// Group of the entries under `cn=masters`.
const MASTER: &str = "master";
/// Group of the entries under `cn=topology`, one per direction.
const ARC: &str = "arc";
/// Group of the one entry with what the deployment has once.
const CONFIG: &str = "config";
/// Group of the entries that a drill deletes by mistake.
pub(super) const VICTIM: &str = "victim";

const NAME: &str = "fqdn";
const SUFFIX: &str = "suffix";
const FROM: &str = "from";
const TO: &str = "to";
const RENEWAL: &str = "renewal";
const DNSSEC: &str = "dnssec";
/// A value for "nobody".
const NOBODY: &str = "-";

/// Whether a machine runs.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Power {
    /// Its services run.
    Running,
    /// Its services were stopped by an operator.
    Stopped,
    /// It is off; its disk is whole.
    Off,
    /// Its data is spoiled and its services do not start.
    Broken,
    /// It is gone with its disk.
    Lost,
}

/// What a server keeps outside LDAP.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Local {
    /// Roles that are installed.
    pub(super) roles: BTreeSet<Role>,
    /// When its certificates end.
    pub(super) certificates: Certificates,
    /// Ids that it hands out, next ones first.
    pub(super) ids: Vec<IdRange>,
    /// Number of ids that somebody has given it, of which nothing tells here which they are.
    pub(super) chosen_ids: u64,
    /// Whether it generates the CRL.
    pub(super) crl: bool,
    /// Whether its KRA has the keys that open the vaults of before the disaster.
    pub(super) vault_keys: bool,
    /// Whether it has the keys that sign the DNS zones of before the disaster.
    pub(super) dnssec_keys: bool,
}

/// A host that is, was or will be an IdM server.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) server: ServerIndex,
    pub(super) power: Power,
    pub(super) local: Local,
    pub(super) data_center: Option<String>,
    /// The content that its topology plug-in has seen last.
    seen: Option<(ReplicaIndex, u64)>,
}

impl Machine {
    /// A machine that runs.
    pub(super) const fn new(
        server: ServerIndex,
        local: Local,
        data_center: Option<String>,
    ) -> Self {
        Self { server, power: Power::Running, local, data_center, seen: None }
    }
}

/// A member as one server's data has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Member {
    pub(super) entry: EntryId,
    pub(super) roles: BTreeMap<Role, RoleStatus>,
}

/// One direction of a segment, as data has it.
pub(super) type Arrow = (Suffix, Fqdn, Fqdn);

/// What one server's data says of the deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) members: BTreeMap<Fqdn, Member>,
    pub(super) arrows: BTreeMap<Arrow, EntryId>,
    /// The same by supplier.
    outgoing: BTreeMap<Fqdn, BTreeSet<(Suffix, Fqdn)>>,
    pub(super) renewal: Option<Fqdn>,
    pub(super) dnssec: Option<Fqdn>,
}

/// Views that were read, by the content that they were read from: most servers hold the same.
type Views = RefCell<VecDeque<(u64, Rc<View>)>>;

/// How many views are kept.
const VIEWS_MAX: usize = 8;

/// Everything that is there.
#[derive(Clone, Debug)]
pub(super) struct Estate {
    pub(super) world: World,
    pub(super) machines: BTreeMap<Fqdn, Machine>,
    pub(super) ca: CaMode,
    /// The host of every server that ever was.
    hosts: BTreeMap<ServerIndex, Fqdn>,
    views: Views,
}

fn role_attribute(role: Role) -> String {
    format!("role:{}", role.key())
}

fn suffix_named(name: &str) -> Option<Suffix> {
    Suffix::ALL.into_iter().find(|suffix| suffix.to_string() == name)
}

/// The changes that make a member's entry.
pub(super) fn member_entry(name: &Fqdn, roles: &BTreeMap<Role, RoleStatus>) -> Operation {
    let mut attributes = vec![(NAME.to_owned(), name.to_string())];
    attributes.extend(
        roles.iter().map(|(role, status)| (role_attribute(*role), status.name().to_owned())),
    );
    new_entry(MASTER, format!("cn={name}"), attributes)
}

fn arrow_entry((suffix, from, to): &Arrow) -> Operation {
    let attributes = vec![
        (SUFFIX.to_owned(), suffix.to_string()),
        (FROM.to_owned(), from.to_string()),
        (TO.to_owned(), to.to_string()),
    ];
    new_entry(ARC, format!("cn={suffix}/{from}/{to}"), attributes)
}

fn new_entry(group: &str, name: String, attributes: Vec<(String, String)>) -> Operation {
    Operation::Add(NewEntry { parent: ROOT, name, group: Some(Arc::from(group)), attributes })
}

impl Estate {
    /// A deployment that is converged and in service, with these many entries to delete later.
    pub(super) fn new(before: &Situation, timing: Timing, victims: u64, seed: u64) -> Self {
        let mut world = World::new(timing, seed);
        let mut machines = BTreeMap::new();
        let mut hosts = BTreeMap::new();
        for (name, replica) in &before.members {
            let server = world.add_server(name.as_str());
            hosts.insert(server, name.clone());
            for suffix in replica.generation.keys() {
                world.add_replica(server, *suffix);
            }
            let held = |role| replica.roles.get(&role).is_some_and(|status| status.holds_data());
            let local = Local {
                roles: Role::ALL.into_iter().filter(|role| held(*role)).collect(),
                certificates: Certificates::default(),
                ids: before.ids.get(name).cloned().unwrap_or_default(),
                chosen_ids: 0,
                crl: before.crl.contains(name),
                vault_keys: held(Role::Kra),
                dnssec_keys: before.dnssec_key_master.as_ref() == Some(name),
            };
            let data_center = replica.data_center.clone();
            machines.insert(name.clone(), Machine::new(server, local, data_center));
        }
        let views = Views::default();
        let mut estate = Self { world, machines, ca: before.ca, hosts, views };
        let or_nobody = |name: &Option<Fqdn>| {
            name.as_ref().map_or_else(|| NOBODY.to_owned(), ToString::to_string)
        };
        let mut changes: Vec<Operation> = before
            .members
            .iter()
            .map(|(name, replica)| member_entry(name, &replica.roles))
            .collect();
        changes.extend(before.agreements.iter().map(arrow_entry));
        let config = vec![
            (RENEWAL.to_owned(), or_nobody(&before.renewal)),
            (DNSSEC.to_owned(), or_nobody(&before.dnssec_key_master)),
        ];
        changes.push(new_entry(CONFIG, "cn=config".to_owned(), config));
        changes.extend(
            (0..victims)
                .map(|number| new_entry(VICTIM, format!("uid=victim-{number}"), Vec::new())),
        );
        estate.world.initialize_with(Suffix::Domain, changes);
        estate.world.initialize(Suffix::Ca);
        for (suffix, from, to) in &before.agreements {
            if let (Some(from), Some(to)) =
                (estate.replica(from, *suffix), estate.replica(to, *suffix))
            {
                estate.world.connect_one_way(from, to);
            }
        }
        estate.world.start_all();
        estate.settle_topology();
        estate
    }

    /// A fresh server on a host, beside what was there.
    pub(super) fn add_server(&mut self, name: &Fqdn) -> ServerIndex {
        let server = self.world.add_server(name.as_str());
        self.hosts.insert(server, name.clone());
        server
    }

    /// The present time.
    pub(super) const fn now(&self) -> Time {
        self.world.now()
    }

    /// Lets time pass, as fast as what happens allows.
    pub(super) fn pass_until(&mut self, time: Time) {
        let mut stride = Span::from_seconds(5);
        while self.now() < time {
            if self.world.skip_to(time) {
                break;
            }
            let next = (self.now() + stride).min(time);
            self.world.run_until(next);
            self.settle_topology();
            stride = Span::from_millis((stride.millis() * 2).min(600_000));
        }
        self.settle_topology();
    }

    /// The replica of a suffix on a machine, as it is installed now.
    pub(super) fn replica(&self, name: &Fqdn, suffix: Suffix) -> Option<ReplicaIndex> {
        self.world.replica_of(self.machines.get(name)?.server, suffix)
    }

    /// Whether a machine is in service.
    pub(super) fn runs(&self, name: &Fqdn) -> bool {
        self.machines.get(name).is_some_and(|machine| machine.power == Power::Running)
    }

    /// Machines in service, in order.
    pub(super) fn running(&self) -> Vec<Fqdn> {
        let running = self.machines.iter().filter(|(_, m)| m.power == Power::Running);
        running.map(|(name, _)| name.clone()).collect()
    }

    /// What a server's data says; nothing, if it has none.
    pub(super) fn view(&self, name: &Fqdn) -> Rc<View> {
        let replica = self.replica(name, Suffix::Domain);
        let Some(data) = replica.and_then(|replica| self.world.database(replica)) else {
            return Rc::default();
        };
        let content = data.tree.content();
        let mut views = self.views.borrow_mut();
        if let Some((_, view)) = views.iter().find(|(of, _)| *of == content) {
            return Rc::clone(view);
        }
        let view = Rc::new(read(&data.tree));
        views.push_front((content, Rc::clone(&view)));
        views.truncate(VIEWS_MAX);
        view
    }

    /// The status of a role of a server as another one's data has it.
    pub(super) fn status(&self, desk: &Fqdn, server: &Fqdn, role: Role) -> RoleStatus {
        let view = self.view(desk);
        let status = view.members.get(server).and_then(|member| member.roles.get(&role));
        status.copied().unwrap_or(RoleStatus::Absent)
    }

    fn set_config(&mut self, on: &Fqdn, attribute: &str, value: &str) {
        let Some(replica) = self.replica(on, Suffix::Domain) else { return };
        if let Some(entry) = self.world.entry_ids(replica, CONFIG).first().copied() {
            // A running server takes the write; its callers have checked that it runs.
            let _ = self.world.replace(replica, entry, attribute, value);
        }
    }

    /// Writes on a server who renews certificates.
    pub(super) fn set_renewal(&mut self, on: &Fqdn, ca: Option<&Fqdn>) {
        self.set_config(on, RENEWAL, ca.map_or(NOBODY, Fqdn::as_str));
    }

    /// Writes on a server that nobody is the DNSSEC key master any more, or who is.
    pub(super) fn set_dnssec(&mut self, on: &Fqdn, master: Option<&Fqdn>) {
        self.set_config(on, DNSSEC, master.map_or(NOBODY, Fqdn::as_str));
    }

    /// Writes on a server that another one holds a role in a state.
    pub(super) fn set_role(&mut self, on: &Fqdn, server: &Fqdn, role: Role, status: RoleStatus) {
        let entry = self.view(on).members.get(server).map(|member| member.entry);
        if let (Some(entry), Some(replica)) = (entry, self.replica(on, Suffix::Domain)) {
            let attribute = role_attribute(role);
            let _ = self.world.replace(replica, entry, &attribute, status.name());
        }
    }

    /// Writes a change on a server.
    pub(super) fn write(&mut self, on: &Fqdn, operation: Operation) {
        if let Some(replica) = self.replica(on, Suffix::Domain) {
            let _ = self.world.write(replica, operation);
        }
    }

    /// Writes on a server that one of two is to send to the other.
    pub(super) fn add_arrow(&mut self, on: &Fqdn, arrow: &Arrow) {
        self.write(on, arrow_entry(arrow));
    }

    /// Every topology plug-in makes its server's agreements what the server's data says.
    ///
    /// A new agreement is there with its own data as it is; nothing is initialized. Source: FreeIPA
    /// `daemons/ipa-slapi-plugins/topology`.
    pub(super) fn settle_topology(&mut self) {
        let running = self.machines.iter_mut().filter(|(_, m)| m.power == Power::Running);
        let mut changed = Vec::new();
        for (name, machine) in running {
            let replica = self.world.replica_of(machine.server, Suffix::Domain);
            let data = replica.and_then(|replica| self.world.database(replica));
            let (Some(replica), Some(data)) = (replica, data) else { continue };
            let now = (replica, data.tree.content());
            if machine.seen != Some(now) {
                machine.seen = Some(now);
                changed.push((name.clone(), machine.server));
            }
        }
        let none = BTreeSet::new();
        for (name, server) in changed {
            let view = self.view(&name);
            let wanted = view.outgoing.get(&name).unwrap_or(&none);
            for index in self.world.outgoing(server) {
                let (supplier, consumer) = self.world.ends(index);
                let peer = self.name_of(self.world.server_of(consumer));
                let suffix = self.world.suffix_of(supplier);
                let is_wanted = peer.is_some_and(|peer| wanted.contains(&(suffix, peer.clone())));
                if !is_wanted && self.world.exists(index) {
                    self.world.remove_agreement(index);
                }
            }
            for (suffix, to) in wanted {
                let ends = (self.replica(&name, *suffix), self.replica(to, *suffix));
                let (Some(supplier), Some(consumer)) = ends else { continue };
                let known = self.world.find_agreement(supplier, consumer);
                if known.is_none_or(|index| !self.world.exists(index)) {
                    self.world.connect_one_way(supplier, consumer);
                }
            }
        }
    }

    /// What a topology plug-in has seen is void: its server's data was replaced.
    pub(super) fn forget_seen(&mut self) {
        for machine in self.machines.values_mut() {
            machine.seen = None;
        }
    }

    /// The machine that a server is installed on now; `None` for a server that was replaced.
    pub(super) fn name_of(&self, server: ServerIndex) -> Option<&Fqdn> {
        let name = self.hosts.get(&server)?;
        let machine = self.machines.get(name)?;
        (machine.server == server).then_some(name)
    }

    /// Groups of running machines whose changes of a suffix come to each other, in order.
    pub(super) fn islands(&self, suffix: Suffix) -> Vec<Vec<Fqdn>> {
        let names: Vec<Fqdn> = self
            .running()
            .into_iter()
            .filter(|name| self.replica(name, suffix).is_some())
            .collect();
        let servers = names.iter().filter_map(|name| Some(self.machines.get(name)?.server));
        let place: BTreeMap<ServerIndex, usize> =
            servers.enumerate().map(|(at, server)| (server, at)).collect();
        let mut to: Vec<Vec<usize>> = vec![Vec::new(); names.len()];
        let mut from = to.clone();
        let machines = names.iter().filter_map(|name| self.machines.get(name));
        // A server whose services rest while a copy is made is where it was.
        for index in machines.flat_map(|machine| self.world.outgoing(machine.server)) {
            let (supplier, consumer) = self.world.ends(index);
            if self.world.suffix_of(supplier) != suffix || !self.world.joins(index) {
                continue;
            }
            let ends =
                [supplier, consumer].map(|end| place.get(&self.world.server_of(end)).copied());
            if let [Some(a), Some(b)] = ends {
                to[a].push(b);
                from[b].push(a);
            }
        }
        let islands = components(&to, &from);
        let of_places =
            |island: Vec<usize>| island.into_iter().map(|at| names[at].clone()).collect();
        islands.into_iter().map(of_places).collect()
    }
}

/// Groups in which every place reaches every other, by arcs and the same arcs turned round.
pub(super) fn components(to: &[Vec<usize>], from: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut taken = vec![false; to.len()];
    let mut islands = Vec::new();
    for start in 0..to.len() {
        if taken[start] {
            continue;
        }
        let (there, back) = (reached(start, to), reached(start, from));
        let island: Vec<usize> = (0..to.len()).filter(|at| there[*at] && back[*at]).collect();
        for at in &island {
            taken[*at] = true;
        }
        islands.push(island);
    }
    islands
}

/// What a directory says of the deployment.
fn read(tree: &Tree) -> View {
    let mut view = View::default();
    for (id, entry) in tree.living() {
        let value = |attribute: &str| entry.values(attribute).next();
        let name = |attribute: &str| value(attribute).and_then(Fqdn::parse);
        match entry.group() {
            Some(MASTER) => {
                let Some(member) = name(NAME) else { continue };
                let roles = Role::ALL
                    .into_iter()
                    .filter_map(|role| {
                        Some((role, RoleStatus::parse(value(&role_attribute(role))?)?))
                    })
                    .collect();
                view.members.insert(member, Member { entry: id, roles });
            }
            Some(ARC) => {
                let suffix = value(SUFFIX).and_then(suffix_named);
                if let (Some(suffix), Some(from), Some(to)) = (suffix, name(FROM), name(TO)) {
                    let outgoing = view.outgoing.entry(from.clone()).or_default();
                    outgoing.insert((suffix, to.clone()));
                    view.arrows.insert((suffix, from, to), id);
                }
            }
            Some(CONFIG) => {
                view.renewal = name(RENEWAL);
                view.dnssec = name(DNSSEC);
            }
            _ => {}
        }
    }
    view
}

fn reached(start: usize, arcs: &[Vec<usize>]) -> Vec<bool> {
    let mut seen = vec![false; arcs.len()];
    seen[start] = true;
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in &arcs[at] {
            if !seen[*next] {
                seen[*next] = true;
                open.push(*next);
            }
        }
    }
    seen
}
