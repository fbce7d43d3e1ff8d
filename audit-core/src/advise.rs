//! Repairs: changes to a deployment, the commands that make them, and the model after them.
//!
//! A remedy's commands and its `delta_if_fixed` come from the same edits, so a printed command is
//! always one whose effect was scored.

use std::collections::BTreeSet;

use crate::evidence::{Fact, Sources};
use crate::model::{
    Deployment, Direction, Fqdn, Role, RoleStatus, Segment, SegmentKey, Server, Suffix,
};
use crate::service_edits::{ServiceEdit, one_more_holder};
use crate::views::SuffixView;

/// Agreements per suffix that the guide asks for at least (guide 3.1).
pub const AGREEMENTS_MIN: usize = 2;

/// Agreements per suffix beyond which the guide advises against more (guide 3.1; FreeIPA
/// `recommended_max_agmts`).
pub const AGREEMENTS_MAX: usize = 4;

/// CA replicas that the guide asks for at least (guide 3.3).
pub const CA_REPLICAS_MIN: usize = 3;

/// CA replicas beyond which more cost processor time ("Planning Identity Management" 5.2).
pub const CA_REPLICAS_MAX: usize = 4;

/// One change to a deployment. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Edit {
    /// Install a new server with the CA, joined to two existing ones.
    AddServer {
        /// Its name.
        name: Fqdn,
        /// Servers it is joined to.
        peers: Vec<Fqdn>,
    },
    /// Install the CA on an existing server. The installation joins it to one CA server.
    AddCa {
        /// Where it is installed.
        server: Fqdn,
        /// CA server that its first segment leads to.
        peer: Fqdn,
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
            Self::AddServer { name, peers } => {
                let mut commands = Vec::new();
                if let Some(first) = peers.first() {
                    let enroll = format!("ipa-client-install --server={first} --domain=DOMAIN");
                    commands.push(format!("[on {name}] {enroll}"));
                }
                commands.push(format!("[on {name}] ipa-replica-install --setup-ca"));
                if let Some(second) = peers.get(1) {
                    for suffix in Suffix::ALL {
                        commands.push(segment_add(suffix, name, second));
                    }
                }
                commands
            }
            Self::AddCa { server, .. } => vec![format!("[on {server}] ipa-ca-install")],
            Self::RemoveSegment { suffix, key } => {
                named_segment(*suffix, key, |name| format!("topologysegment-del {suffix} {name}"))
            }
            Self::EnableSegment { suffix, key } => named_segment(*suffix, key, |name| {
                format!("topologysegment-mod {suffix} {name} --enabled=on")
            }),
            Self::CleanDanglingRuv => vec!["ipa-replica-manage clean-dangling-ruv".to_owned()],
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
            Self::AddSegment { .. } | Self::EnableSegment { .. } => {
                "SAFE: two servers begin to replicate; nothing stops"
            }
            Self::CleanDanglingRuv => {
                "CAUTION: only when every living server is up; never clean the ID of a living one"
            }
            Self::Service(edit) => edit.risk(),
        }
    }

    /// How to see that it worked.
    pub fn verify(&self) -> String {
        match self {
            Self::AddServer { .. } | Self::AddCa { .. } => {
                "ipa server-role-find --role \"CA server\"".to_owned()
            }
            Self::RemoveSegment { suffix, .. }
            | Self::AddSegment { suffix, .. }
            | Self::EnableSegment { suffix, .. } => {
                format!("ipa topologysuffix-verify {suffix}")
            }
            Self::CleanDanglingRuv => "ipa-replica-manage list-ruv".to_owned(),
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
            Edit::AddServer { name, peers } => {
                let known = |status| Fact::Known { value: status, sources: Sources::new() };
                let roles = Role::ALL
                    .into_iter()
                    .map(|role| match role {
                        Role::IpaMaster | Role::Ca => (role, known(RoleStatus::Enabled)),
                        _ => (role, known(RoleStatus::Absent)),
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
                    for suffix in Suffix::ALL {
                        add_segment(&mut changed, suffix, name, peer);
                    }
                }
            }
            Edit::AddCa { server, peer } => {
                if let Some(server) = changed.servers.get_mut(server) {
                    let value = RoleStatus::Enabled;
                    server.roles.insert(Role::Ca, Fact::Known { value, sources: Sources::new() });
                }
                add_segment(&mut changed, Suffix::Ca, server, peer);
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
            }
            Edit::CleanDanglingRuv => {}
            Edit::AddSegment { suffix, left, right } => {
                add_segment(&mut changed, *suffix, left, right);
            }
            Edit::Service(edit) => edit.apply(&mut changed),
        }
    }
    changed
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
        /// Server that must not be needed.
        avoid: Option<Fqdn>,
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
                adviser.join(*suffix, groups, avoid.as_ref());
            }
            Repair::Cas { count } => adviser.more_cas(*count),
            Repair::Holders { role, count } => adviser.more_holders(*role, *count),
            Repair::Fewer { suffix, servers } => adviser.fewer_partners(*suffix, servers),
            Repair::Edits(edits) => {
                adviser.deployment = apply(&adviser.deployment, edits);
                adviser.edits.extend(edits.iter().cloned());
            }
        }
    }
    adviser.edits
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
    fn join(&mut self, suffix: Suffix, groups: &[Vec<Fqdn>], avoid: Option<&Fqdn>) {
        let members: BTreeSet<&Fqdn> = groups.iter().flatten().collect();
        for _ in 0..members.len() {
            let view = self.view(suffix);
            let islands: Vec<Vec<Fqdn>> = view
                .possible
                .islands_without(avoid)
                .into_iter()
                .map(|island| island.into_iter().filter(|name| members.contains(name)).collect())
                .filter(|island: &Vec<Fqdn>| !island.is_empty())
                .collect();
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
        for number in 1..=count {
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
                let domain = peer.as_str().split_once('.').map_or("", |(_, domain)| domain);
                let name = format!("new-replica-{number}.{domain}");
                let Some(name) = Fqdn::parse(name.trim_end_matches('.')) else { return };
                let mut peers = vec![peer.clone()];
                peers.extend(holders.iter().find(|holder| **holder != peer).cloned());
                self.push(Edit::AddServer { name, peers });
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
            let Some(edits) = one_more_holder(&self.deployment, role, count) else { return };
            for edit in edits {
                self.push(edit);
            }
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
