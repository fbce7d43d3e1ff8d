//! Repairs: changes to a deployment, the commands that make them, and the model after them.
//!
//! A remedy's commands and its `delta_if_fixed` come from the same edits, so a printed command is
//! always one whose effect was scored.

use std::collections::BTreeSet;

use crate::evidence::{Fact, Sources};
use crate::model::{
    AgreementKey, AgreementState, CaMode, Deployment, Direction, Fqdn, Observed, Role, RoleStatus,
    RuvKey, Segment, SegmentKey, Server, Suffix, Visibility,
};
use crate::rule_parts::parts_of;
use crate::service_edits::{ServiceEdit, next_holder, role_holders};
use crate::views::{NamedGraph, SuffixView};

/// Agreements per suffix that the guide asks for at least (guide 3.1).
pub const AGREEMENTS_MIN: usize = 2;

/// Agreements per suffix beyond which the guide advises against more (guide 3.1; FreeIPA
/// `recommended_max_agmts`).
pub const AGREEMENTS_MAX: usize = 4;

/// CA replicas that the guide asks for at least (guide 3.3).
pub const CA_REPLICAS_MIN: usize = 3;

/// CA replicas beyond which more cost processor time ("Planning Identity Management" 5.2).
pub const CA_REPLICAS_MAX: usize = 4;

/// Direct links that are advised at most to shorten paths: with more, the layout is the problem.
/// Our choice.
const LINKS_MAX: usize = 4;

/// One change to a deployment. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Edit {
    /// Install a new server, joined to one or two existing ones, in the data center of the first.
    AddServer {
        /// Its name.
        name: Fqdn,
        /// Servers it is joined to; all hold the CA if it gets the CA.
        peers: Vec<Fqdn>,
        /// Whether it gets the CA.
        with_ca: bool,
    },
    /// Install the CA on an existing server. The installation joins it to one CA server.
    AddCa {
        /// Where it is installed.
        server: Fqdn,
        /// CA server that its first segment leads to.
        peer: Fqdn,
    },
    /// Replace all data of a suffix on one server by those of another.
    Reinitialize {
        /// Its suffix.
        suffix: Suffix,
        /// The server whose data are replaced.
        server: Fqdn,
        /// Where they come from.
        from: Fqdn,
    },
    /// Update a server's packages.
    Update {
        /// The server.
        server: Fqdn,
        /// The IPA version that it gets.
        version: String,
    },
    /// Remove a segment.
    RemoveSegment {
        /// Its suffix.
        suffix: Suffix,
        /// Name and ends.
        key: SegmentKey,
    },
    /// Enable the agreements of a disabled segment.
    EnableSegment {
        /// Its suffix.
        suffix: Suffix,
        /// Name and ends.
        key: SegmentKey,
    },
    /// Clean replica IDs of servers that no longer exist out of the update vectors.
    CleanDanglingRuv,
    /// Clean one replica ID that no server has any more out of the update vectors of a suffix.
    CleanRuv {
        /// Its suffix.
        suffix: Suffix,
        /// The replica ID.
        id: u16,
    },
    /// Add a two-way segment.
    AddSegment {
        /// Its suffix.
        suffix: Suffix,
        /// One end.
        left: Fqdn,
        /// The other end.
        right: Fqdn,
    },
    /// Change what servers do.
    Service(ServiceEdit),
}

impl Edit {
    /// The command that makes the change, and on which host if not on any server.
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::AddServer { name, peers, with_ca } => {
                let mut commands = Vec::new();
                let (setup, suffixes) = match with_ca {
                    true => (" --setup-ca", &Suffix::ALL[..]),
                    false => ("", &[Suffix::Domain][..]),
                };
                if let Some(first) = peers.first() {
                    let enroll = format!("ipa-client-install --server={first} --domain=DOMAIN");
                    commands.push(format!("[on {name}] {enroll}"));
                }
                commands.push(format!("[on {name}] ipa-replica-install{setup}"));
                if let Some(second) = peers.get(1) {
                    for suffix in suffixes {
                        commands.push(segment_add(*suffix, name, second));
                    }
                }
                commands
            }
            Self::AddCa { server, .. } => vec![format!("[on {server}] ipa-ca-install")],
            Self::Reinitialize { suffix, server, from } => {
                let tool = match suffix {
                    Suffix::Domain => "ipa-replica-manage",
                    Suffix::Ca => "ipa-csreplica-manage",
                };
                vec![format!("[on {server}] {tool} re-initialize --from={from}")]
            }
            Self::Update { server, .. } => vec![format!("[on {server}] dnf update")],
            Self::RemoveSegment { suffix, key } => {
                named_segment(*suffix, key, |name| format!("topologysegment-del {suffix} {name}"))
            }
            Self::EnableSegment { suffix, key } => named_segment(*suffix, key, |name| {
                format!("topologysegment-mod {suffix} {name} --enabled=on")
            }),
            Self::CleanDanglingRuv => vec!["ipa-replica-manage clean-dangling-ruv".to_owned()],
            Self::CleanRuv { id, .. } => vec![format!("ipa-replica-manage clean-ruv {id}")],
            Self::AddSegment { suffix, left, right } => vec![segment_add(*suffix, left, right)],
            Self::Service(edit) => edit.commands(),
        }
    }

    /// What can go wrong.
    pub fn risk(&self) -> &'static str {
        match self {
            Self::AddServer { .. } => {
                "CAUTION: a new server takes load from the one it is installed from"
            }
            Self::AddCa { .. } => "CAUTION: the CA's services start on this server",
            Self::RemoveSegment { .. } => {
                "CAUTION: refused while the removal would disconnect servers"
            }
            Self::Reinitialize { .. } => {
                "DANGER: what only the re-initialized server has is lost; after a restore on \
                 purpose, the others are re-initialized from the restored server instead"
            }
            Self::Update { .. } => "CAUTION: the server's services restart; one server at a time",
            Self::AddSegment { .. } => "SAFE: two servers begin to replicate; nothing stops",
            Self::EnableSegment { .. } => {
                "CAUTION: if it was disabled for a restore, re-initialize first: what the restore \
                 took back would return"
            }
            Self::CleanDanglingRuv | Self::CleanRuv { .. } => {
                "CAUTION: only when every living server is up; never clean the ID of a living one"
            }
            Self::Service(edit) => edit.risk(),
        }
    }

    /// How to see that it worked.
    pub fn verify(&self) -> String {
        match self {
            Self::AddServer { with_ca: false, name, .. } => format!("ipa server-show {name}"),
            Self::AddServer { .. } | Self::AddCa { .. } => {
                "ipa server-role-find --role \"CA server\"".to_owned()
            }
            Self::Reinitialize { .. } => "ipa-replica-manage list -v".to_owned(),
            Self::Update { server, .. } => format!("[on {server}] ipa --version"),
            Self::RemoveSegment { suffix, .. }
            | Self::AddSegment { suffix, .. }
            | Self::EnableSegment { suffix, .. } => {
                format!("ipa topologysuffix-verify {suffix}")
            }
            Self::CleanDanglingRuv | Self::CleanRuv { .. } => {
                "ipa-replica-manage list-ruv".to_owned()
            }
            Self::Service(edit) => edit.verify(),
        }
    }
}

/// The command that joins two servers.
pub(crate) fn segment_add(suffix: Suffix, left: &Fqdn, right: &Fqdn) -> String {
    format!(
        "ipa topologysegment-add {suffix} --leftnode={left} --rightnode={right} {left}-to-{right}"
    )
}

/// A command on a segment by its name; without one, first the command that shows it: names are
/// arbitrary and cannot be derived.
fn named_segment(
    suffix: Suffix,
    key: &SegmentKey,
    command: impl Fn(&str) -> String,
) -> Vec<String> {
    match &key.name {
        Some(name) => vec![format!("ipa {}", command(&quote(name)))],
        None => vec![
            format!(
                "ipa topologysegment-find {suffix} --leftnode={} --rightnode={}",
                key.left, key.right
            ),
            format!("ipa {}", command("NAME-SHOWN-THERE")),
        ],
    }
}

/// A name as one word of a shell command.
pub(crate) fn quote(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@%+=/,".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

/// The deployment after these changes. Facts that a change makes are known, without evidence.
pub fn apply(deployment: &Deployment, edits: &[Edit]) -> Deployment {
    let mut changed = deployment.clone();
    for edit in edits {
        match edit {
            Edit::AddServer { name, peers, with_ca } => {
                let roles = Role::ALL
                    .into_iter()
                    .map(|role| match role {
                        Role::IpaMaster => (role, Fact::made(RoleStatus::Enabled)),
                        Role::Ca if *with_ca => (role, Fact::made(RoleStatus::Enabled)),
                        _ => (role, Fact::made(RoleStatus::Absent)),
                    })
                    .collect();
                let data_center = peers
                    .first()
                    .and_then(|peer| deployment.servers.get(peer))
                    .map(|peer| peer.data_center.clone())
                    .unwrap_or_default();
                let server = Server { roles, data_center, ..Server::default() };
                changed.servers.insert(name.clone(), server);
                for peer in peers {
                    add_segment(&mut changed, Suffix::Domain, name, peer);
                    if *with_ca {
                        add_segment(&mut changed, Suffix::Ca, name, peer);
                    }
                }
            }
            Edit::AddCa { server, peer } => {
                if let Some(server) = changed.servers.get_mut(server) {
                    server.roles.insert(Role::Ca, Fact::made(RoleStatus::Enabled));
                }
                add_segment(&mut changed, Suffix::Ca, server, peer);
            }
            Edit::Reinitialize { suffix, server, from } => {
                reinitialize(&mut changed.observed, *suffix, server, from);
            }
            Edit::Update { server, version } => {
                if let Some(server) = changed.servers.get_mut(server) {
                    server.version = Fact::made(version.clone());
                }
            }
            Edit::RemoveSegment { suffix, key } => {
                if let Some(topology) = changed.topology.get_mut(suffix) {
                    topology.segments.retain(|segment| &segment.key != key);
                }
            }
            Edit::EnableSegment { suffix, key } => {
                if let Some(topology) = changed.topology.get_mut(suffix) {
                    for segment in topology.segments.iter_mut().filter(|s| &s.key == key) {
                        segment.enabled = Some(true);
                    }
                }
                for (left, right) in [(&key.left, &key.right), (&key.right, &key.left)] {
                    let agreement =
                        AgreementKey { on: left.clone(), suffix: *suffix, peer: right.clone() };
                    if let Some(agreement) = changed.observed.agreements.get_mut(&agreement) {
                        agreement.enabled = Fact::made(true);
                    }
                }
            }
            Edit::CleanDanglingRuv => {
                let servers = &changed.servers;
                for ruv in changed.observed.ruvs.values_mut() {
                    ruv.replicas.retain(|_, replica| {
                        replica.host.possibly(|host| servers.contains_key(host))
                    });
                }
            }
            Edit::CleanRuv { suffix, id } => {
                for (key, ruv) in &mut changed.observed.ruvs {
                    if key.suffix == *suffix {
                        ruv.replicas.remove(id);
                    }
                }
            }
            Edit::AddSegment { suffix, left, right } => {
                add_segment(&mut changed, *suffix, left, right);
            }
            Edit::Service(edit) => edit.apply(&mut changed),
        }
    }
    changed
}

/// The server has the other's data, generation included, and replicates with everybody who has it.
fn reinitialize(observed: &mut Observed, suffix: Suffix, server: &Fqdn, from: &Fqdn) {
    let key = |on: &Fqdn| RuvKey { on: Some(on.clone()), suffix };
    let generation = observed.ruvs.get(&key(from)).map(|ruv| ruv.generation.clone());
    if let (Some(generation), Some(ruv)) = (generation, observed.ruvs.get_mut(&key(server))) {
        ruv.generation = generation;
    }
    for (key, agreement) in &mut observed.agreements {
        if key.suffix == suffix && (key.on == *server || key.peer == *server) {
            let healed = |state: &AgreementState| {
                matches!(state, AgreementState::Stuck | AgreementState::OtherGeneration)
            };
            if agreement.state.certainly(healed) {
                agreement.state = Fact::made(AgreementState::Ok);
            }
        }
    }
}

fn add_segment(deployment: &mut Deployment, suffix: Suffix, left: &Fqdn, right: &Fqdn) {
    let topology = deployment.topology.entry(suffix).or_default();
    let key = SegmentKey {
        left: left.clone(),
        right: right.clone(),
        direction: Direction::Both,
        name: Some(format!("{left}-to-{right}")),
    };
    let segment = Segment { key, enabled: None, disputed: false, sources: Sources::new() };
    topology.segments.push(segment);
    topology.segments.sort_by(|a, b| a.key.cmp(&b.key));
}

/// What a rule asks for, before anybody works out how. Closed.
///
/// Working it out costs far more than judging, so rules only state the goal and [`edits`] is asked
/// for the findings that are shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Repair {
    /// Join a server to more others until it has `count` partners in both directions; one-way
    /// segments are mended first.
    Partners {
        /// The suffix.
        suffix: Suffix,
        /// The server.
        server: Fqdn,
        /// Partners it needs.
        count: usize,
    },
    /// Join groups of servers into one that holds together without `avoid`.
    Join {
        /// The suffix.
        suffix: Suffix,
        /// The groups.
        groups: Vec<Vec<Fqdn>>,
        /// Servers that must not be needed.
        avoid: Vec<Fqdn>,
    },
    /// Join servers into one group that needs nobody else.
    JoinWithin {
        /// The suffix.
        suffix: Suffix,
        /// The servers.
        members: Vec<Fqdn>,
    },
    /// Install the CA on more servers until `count` hold it.
    Cas {
        /// CA replicas needed.
        count: usize,
    },
    /// Install a role on more servers until `count` hold it.
    Holders {
        /// The role.
        role: Role,
        /// Holders needed.
        count: usize,
    },
    /// Install new visible servers until a data center, or the deployment, has `count` of them.
    Servers {
        /// The data center; `None` for the deployment.
        center: Option<String>,
        /// Visible servers needed there.
        count: usize,
    },
    /// Install a role on a server; the KRA needs the CA there, which comes first.
    Role {
        /// Where it is installed.
        server: Fqdn,
        /// The role.
        role: Role,
    },
    /// Join the data centers that are farthest apart until no change passes more segments between
    /// data centers than this.
    Shorten {
        /// The suffix.
        suffix: Suffix,
        /// Segments between data centers on the longest path that may stay.
        hops_max: usize,
    },
    /// Remove segments of servers that have too many.
    Fewer {
        /// The suffix.
        suffix: Suffix,
        /// The servers.
        servers: Vec<Fqdn>,
    },
    /// These very changes.
    Edits(Vec<Edit>),
}

/// Changes that reach these goals, one after the other, as few as found.
pub fn edits(deployment: &Deployment, repairs: &[Repair]) -> Vec<Edit> {
    if repairs.is_empty() {
        return Vec::new();
    }
    let mut adviser = Adviser { deployment: deployment.clone(), edits: Vec::new() };
    for repair in repairs {
        match repair {
            Repair::Partners { suffix, server, count } => {
                adviser.more_partners(*suffix, server, *count);
            }
            Repair::Join { suffix, groups, avoid } => {
                adviser.join(*suffix, groups, avoid);
            }
            Repair::JoinWithin { suffix, members } => adviser.join_within(*suffix, members),
            Repair::Cas { count } => adviser.more_cas(*count),
            Repair::Holders { role, count } => adviser.more_holders(*role, *count),
            Repair::Servers { center, count } => adviser.more_servers(center.as_deref(), *count),
            Repair::Role { server, role } => adviser.add_role(server, *role),
            Repair::Shorten { suffix, hops_max } => adviser.shorten(*suffix, *hops_max),
            Repair::Fewer { suffix, servers } => adviser.fewer_partners(*suffix, servers),
            Repair::Edits(edits) => {
                adviser.deployment = apply(&adviser.deployment, edits);
                adviser.edits.extend(edits.iter().cloned());
            }
        }
    }
    adviser.edits
}

/// A name for a server that does not exist, in the domain of one that does.
fn new_name(deployment: &Deployment, like: &Fqdn) -> Option<Fqdn> {
    let domain = like.as_str().split_once('.').map_or("", |(_, domain)| domain);
    (1..=deployment.servers.len() + 1)
        .filter_map(|number| {
            Fqdn::parse(format!("new-replica-{number}.{domain}").trim_end_matches('.'))
        })
        .find(|name| !deployment.servers.contains_key(name))
}

/// Finds changes on one deployment; each found one is applied, so that the next sees it.
#[derive(Debug)]
struct Adviser {
    deployment: Deployment,
    edits: Vec<Edit>,
}

impl Adviser {
    fn push(&mut self, edit: Edit) {
        self.deployment = apply(&self.deployment, std::slice::from_ref(&edit));
        self.edits.push(edit);
    }

    fn view(&self, suffix: Suffix) -> SuffixView {
        SuffixView::new(&self.deployment, suffix)
    }

    /// The best new partner for a server: fewest agreements first, below the maximum before above,
    /// the same data center before another, then by name.
    fn partner(
        &self,
        view: &SuffixView,
        server: &Fqdn,
        fits: impl Fn(&Fqdn) -> bool,
    ) -> Option<Fqdn> {
        let center = |name: &Fqdn| {
            self.deployment.servers.get(name).and_then(|server| server.data_center.value())
        };
        let near = center(server);
        // Whoever a segment leads to already, enabled or not: a second one is refused.
        let taken: BTreeSet<&Fqdn> = self
            .deployment
            .topology(view.suffix)
            .segments
            .iter()
            .filter(|segment| segment.touches(server))
            .flat_map(|segment| [&segment.key.left, &segment.key.right])
            .collect();
        view.certain
            .servers()
            .iter()
            .filter(|name| *name != server && !taken.contains(name) && fits(name))
            .min_by_key(|name| {
                let count = view.possible.partners(name).all().len();
                (count >= AGREEMENTS_MAX, count, center(name) != near, (*name).clone())
            })
            .cloned()
    }

    /// Joins a server to more others until it has `count` partners in both directions.
    fn more_partners(&mut self, suffix: Suffix, server: &Fqdn, count: usize) {
        for _ in 0..2 * count {
            let view = self.view(suffix);
            if view.possible.partners(server).weaker_side() >= count {
                return;
            }
            if self.mend(suffix, |left, right| left == server || right == server) {
                continue;
            }
            let Some(right) = self.partner(&view, server, |_| true) else { return };
            self.push(Edit::AddSegment { suffix, left: server.clone(), right });
        }
    }

    /// Enables the first disabled segment whose ends fit, or replaces the first one-way one that
    /// nothing else makes two-way: `ipa` cannot change the direction of a segment. False if there
    /// is none.
    fn mend(&mut self, suffix: Suffix, fits: impl Fn(&Fqdn, &Fqdn) -> bool) -> bool {
        let view = self.view(suffix);
        let two_way = |key: &SegmentKey| {
            let partners = view.possible.partners(&key.left);
            partners.suppliers.contains(&key.right) && partners.consumers.contains(&key.right)
        };
        let found = self
            .deployment
            .topology(suffix)
            .segments
            .iter()
            .find(|segment| {
                let key = &segment.key;
                (key.direction != Direction::Both || segment.enabled == Some(false))
                    && fits(&key.left, &key.right)
                    && self.deployment.servers.contains_key(&key.left)
                    && self.deployment.servers.contains_key(&key.right)
                    && !two_way(key)
                    && (segment.enabled == Some(false) || self.is_removable(suffix, key))
            })
            .map(|segment| (segment.key.clone(), segment.enabled));
        let Some((key, enabled)) = found else { return false };
        if enabled == Some(false) {
            self.push(Edit::EnableSegment { suffix, key });
            return true;
        }
        let (left, right) = (key.left.clone(), key.right.clone());
        self.push(Edit::RemoveSegment { suffix, key });
        self.push(Edit::AddSegment { suffix, left, right });
        true
    }

    /// True if the topology plug-in would let a segment go: the servers stay connected without it,
    /// whatever the directions (contradiction X5 of the rules catalog).
    fn is_removable(&self, suffix: Suffix, key: &SegmentKey) -> bool {
        let others = &self.deployment.topology(suffix).segments;
        let mut reached = BTreeSet::from([&key.left]);
        let mut open = vec![&key.left];
        while let Some(server) = open.pop() {
            for segment in others.iter().filter(|s| &s.key != key && s.touches(server)) {
                for end in [&segment.key.left, &segment.key.right] {
                    if reached.insert(end) {
                        open.push(end);
                    }
                }
            }
        }
        reached.contains(&key.right)
    }

    /// Joins groups of servers into one that holds together without `avoid`.
    fn join(&mut self, suffix: Suffix, groups: &[Vec<Fqdn>], avoid: &[Fqdn]) {
        let members: BTreeSet<&Fqdn> = groups.iter().flatten().collect();
        self.join_islands(suffix, members.len(), |_, view| {
            view.possible
                .islands_without(avoid)
                .into_iter()
                .map(|island| island.into_iter().filter(|name| members.contains(name)).collect())
                .filter(|island: &Vec<Fqdn>| !island.is_empty())
                .collect()
        });
    }

    /// Joins servers into one group by segments between them.
    fn join_within(&mut self, suffix: Suffix, members: &[Fqdn]) {
        self.join_islands(suffix, members.len(), |deployment, _| {
            let segments = &deployment.topology(suffix).segments;
            NamedGraph::new(members, segments, |segment| segment.enabled != Some(false)).islands()
        });
    }

    /// Joins the first two islands, at most `times` times.
    fn join_islands(
        &mut self,
        suffix: Suffix,
        times: usize,
        islands: impl Fn(&Deployment, &SuffixView) -> Vec<Vec<Fqdn>>,
    ) {
        for _ in 0..times {
            let view = self.view(suffix);
            let islands = islands(&self.deployment, &view);
            let [first, second, ..] = islands.as_slice() else { return };
            let mut ends: Vec<&Fqdn> = first.iter().collect();
            ends.sort_by_key(|name| {
                let count = view.possible.partners(name).all().len();
                (count >= AGREEMENTS_MAX, count, *name)
            });
            let pair = ends.into_iter().find_map(|left| {
                let right = self.partner(&view, left, |name| second.contains(name))?;
                Some((left.clone(), right))
            });
            // A segment that is there, but disabled or one-way, is mended before one is added.
            let mended = self.mend(suffix, |left, right| {
                (first.contains(left) && second.contains(right))
                    || (first.contains(right) && second.contains(left))
            });
            match (mended, pair) {
                (true, _) => {}
                (false, Some((left, right))) => {
                    self.push(Edit::AddSegment { suffix, left, right });
                }
                (false, None) => return,
            }
        }
    }

    /// Installs the CA on more servers, then on new ones, until `count` hold it and each is joined
    /// to two others where that many exist.
    fn more_cas(&mut self, count: usize) {
        for _ in 0..count {
            let holders: Vec<Fqdn> =
                self.deployment.holders(Role::Ca).into_iter().cloned().collect();
            if holders.len() >= count {
                break;
            }
            let Some(peer) = self
                .deployment
                .ca_renewal_server
                .value()
                .filter(|name| holders.contains(name))
                .or(holders.first())
                .cloned()
            else {
                return;
            };
            let near = |name: &Fqdn| {
                let center = self.deployment.servers.get(name).and_then(|s| s.data_center.value());
                holders.iter().any(|holder| {
                    let other = self.deployment.servers.get(holder);
                    other.and_then(|s| s.data_center.value()) == center
                })
            };
            // A server in a data center that has no CA yet protects most.
            let server = self
                .deployment
                .servers
                .iter()
                .filter(|(_, server)| !server.may_hold(Role::Ca))
                .map(|(name, _)| name)
                .min_by_key(|name| (near(name), (*name).clone()))
                .cloned();
            if let Some(server) = server {
                self.push(Edit::AddCa { server, peer });
            } else {
                let Some(name) = new_name(&self.deployment, &peer) else { return };
                let mut peers = vec![peer.clone()];
                peers.extend(holders.iter().find(|holder| **holder != peer).cloned());
                self.push(Edit::AddServer { name, peers, with_ca: true });
            }
        }
        let holders: Vec<Fqdn> = self.deployment.holders(Role::Ca).into_iter().cloned().collect();
        if holders.len() > AGREEMENTS_MIN {
            for holder in &holders {
                self.more_partners(Suffix::Ca, holder, AGREEMENTS_MIN);
            }
        }
    }

    /// Installs a role on more servers, then on new ones, until `count` hold it.
    fn more_holders(&mut self, role: Role, count: usize) {
        for _ in 0..count {
            if role_holders(&self.deployment, role).len() >= count {
                return;
            }
            if let Some(server) = next_holder(&self.deployment, role) {
                self.add_role(&server, role);
                continue;
            }
            let cas: Vec<Fqdn> =
                self.deployment.holders(Role::Ca).into_iter().take(2).cloned().collect();
            let Some(name) = cas.first().and_then(|ca| new_name(&self.deployment, ca)) else {
                return;
            };
            self.push(Edit::AddServer { name: name.clone(), peers: cas, with_ca: true });
            self.add_role(&name, role);
        }
    }

    /// Installs servers until `count` visible ones are in a data center, or in all. The first
    /// further server of a deployment gets the CA, so that it protects that too.
    fn more_servers(&mut self, center: Option<&str>, count: usize) {
        for _ in 0..count {
            let near: Vec<&Fqdn> = self
                .deployment
                .servers
                .iter()
                .filter(|(_, server)| {
                    center.is_none_or(|center| server.data_center.certainly(|of| of == center))
                })
                .map(|(name, _)| name)
                .collect();
            let visible = |name: &Fqdn| {
                let server = self.deployment.servers.get(name);
                server.is_some_and(|server| server.visibility() == Visibility::Visible)
            };
            let enough = match center {
                Some(_) => near.iter().filter(|name| visible(name)).count() >= count,
                None => near.len() >= count,
            };
            let Some(first) = near.first().map(|name| (*name).clone()) else { return };
            if enough {
                return;
            }
            let integrated = self.deployment.ca.certainly(|mode| *mode == CaMode::Integrated);
            let with_ca = center.is_none()
                && integrated
                && self.deployment.servers.get(&first).is_some_and(|s| s.holds(Role::Ca));
            let Some(name) = new_name(&self.deployment, &first) else { return };
            let view = self.view(Suffix::Domain);
            let load = |name: &Fqdn| view.possible.partners(name).all().len();
            let second = self
                .deployment
                .servers
                .keys()
                .filter(|name| **name != first && !with_ca)
                .min_by_key(|name| (!near.contains(name), load(name), (*name).clone()))
                .cloned();
            let peers = [Some(first), second].into_iter().flatten().collect();
            self.push(Edit::AddServer { name, peers, with_ca });
        }
    }

    /// Installs a role; the CA with two agreements where that many others hold it.
    fn add_role(&mut self, server: &Fqdn, role: Role) {
        let holds = |name: &Fqdn| {
            self.deployment.servers.get(name).is_some_and(|server| server.holds(Role::Ca))
        };
        let needs_ca = matches!(role, Role::Ca | Role::Kra) && !holds(server);
        if needs_ca {
            let renewal = self.deployment.ca_renewal_server.value().filter(|name| holds(name));
            let holders = self.deployment.holders(Role::Ca);
            let Some(peer) = renewal.or(holders.first().copied()).cloned() else { return };
            let others = holders.len();
            self.push(Edit::AddCa { server: server.clone(), peer });
            self.more_partners(Suffix::Ca, server, others.min(AGREEMENTS_MIN));
        }
        let server = server.clone();
        match role {
            Role::IpaMaster | Role::Ca => {}
            Role::AdTrustAgent => {
                let controllers = self.deployment.holders(Role::AdTrustController);
                let Some(controller) = controllers.first().map(|name| (*name).clone()) else {
                    return;
                };
                let servers = vec![server];
                self.push(Edit::Service(ServiceEdit::AddTrustAgents { controller, servers }));
            }
            Role::Kra | Role::Dns | Role::AdTrustController => {
                self.push(Edit::Service(ServiceEdit::AddRole { server, role }));
            }
        }
    }

    /// Joins the data centers that are farthest apart, again and again; leaves everything as it is
    /// if a few links do not do it.
    fn shorten(&mut self, suffix: Suffix, hops_max: usize) {
        let before = self.edits.len();
        let unchanged = self.deployment.clone();
        let parts =
            |adviser: &Self, view: &SuffixView| parts_of(&adviser.deployment, view, &view.possible);
        for _ in 0..LINKS_MAX {
            let view = self.view(suffix);
            let parts = parts(self, &view);
            let Some((from, to, _)) = parts.longest_path_beyond(hops_max) else { return };
            let load = |name: &&Fqdn| (view.possible.partners(name).all().len(), (*name).clone());
            let ends = (from.iter().min_by_key(load), to.iter().min_by_key(load));
            let (Some(left), Some(right)) = ends else { return };
            let (left, right) = (left.clone(), right.clone());
            self.push(Edit::AddSegment { suffix, left, right });
        }
        let view = self.view(suffix);
        if parts(self, &view).longest_path_beyond(hops_max).is_some() {
            self.edits.truncate(before);
            self.deployment = unchanged;
        }
    }

    /// Removes segments of servers with too many, one at a time, as long as no server falls below
    /// the minimum and nothing becomes a cut server.
    fn fewer_partners(&mut self, suffix: Suffix, servers: &[Fqdn]) {
        for server in servers {
            loop {
                let view = self.view(suffix);
                let crowded = |name: &Fqdn| view.possible.partners(name).all().len();
                if crowded(server) <= AGREEMENTS_MAX {
                    break;
                }
                let cuts = view.possible.cut_servers();
                let mut keys: Vec<SegmentKey> = self
                    .deployment
                    .topology(suffix)
                    .segments
                    .iter()
                    .filter(|segment| segment.touches(server))
                    .map(|segment| segment.key.clone())
                    .collect();
                // The most crowded other end first: one removal then helps two servers.
                keys.sort_by_key(|key| {
                    let other = if &key.left == server { &key.right } else { &key.left };
                    (std::cmp::Reverse(crowded(other)), key.clone())
                });
                let removable = keys.into_iter().find(|key| {
                    let edit = Edit::RemoveSegment { suffix, key: key.clone() };
                    let after = SuffixView::new(&apply(&self.deployment, &[edit]), suffix);
                    let enough = [&key.left, &key.right]
                        .iter()
                        .all(|end| after.possible.partners(end).weaker_side() >= AGREEMENTS_MIN);
                    enough && after.possible.is_connected() && after.possible.cut_servers() == cuts
                });
                match removable {
                    Some(key) => self.push(Edit::RemoveSegment { suffix, key }),
                    None => break,
                }
            }
        }
    }
}
