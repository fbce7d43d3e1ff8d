//! Derived facts about the topology: pure, in names, sorted.
//!
//! What is not known has two ends. A [`SuffixView`] therefore holds two graphs: `certain`, with the
//! servers and segments that exist for sure, and `possible`, with all that may exist. A property
//! that more segments can only help holds for sure if it holds in `certain`, and is lost for sure
//! if `possible` lacks it too and the list of segments is complete.

pub mod agreements;
pub mod digraph;
pub mod masks;
pub mod parts;
pub mod paths;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Deployment, Direction, Fqdn, Need, Segment, Suffix};
use crate::time::Timestamp;
use digraph::{Digraph, Flow};

impl Flow {
    /// The flow of a segment whose left server comes first.
    pub fn of(direction: Direction) -> Self {
        match direction {
            Direction::Both => Self::Both,
            Direction::LeftRight => Self::Forward,
            Direction::RightLeft => Self::Backward,
        }
    }
}

/// Direct partners of a server in one graph.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Partners {
    /// Servers that send to it, in order.
    pub suppliers: Vec<Fqdn>,
    /// Servers that it sends to, in order.
    pub consumers: Vec<Fqdn>,
}

impl Partners {
    /// Number of partners that count: an agreement is one direction, so a server that receives
    /// from two but sends to one has one that would carry its changes on.
    pub fn weaker_side(&self) -> usize {
        self.suppliers.len().min(self.consumers.len())
    }

    /// Every partner, in either direction, in order.
    pub fn all(&self) -> BTreeSet<&Fqdn> {
        self.suppliers.iter().chain(&self.consumers).collect()
    }
}

/// A graph of named servers.
#[derive(Clone, Debug)]
pub struct NamedGraph {
    names: Vec<Fqdn>,
    index: BTreeMap<Fqdn, usize>,
    graph: Digraph,
    /// For each segment of `graph`, its index in the topology's list.
    segments: Vec<usize>,
}

impl NamedGraph {
    /// The graph of these servers and of the segments between them that `use_segment` accepts.
    pub fn new<'a>(
        servers: impl IntoIterator<Item = &'a Fqdn>,
        segments: &[Segment],
        use_segment: impl Fn(&Segment) -> bool,
    ) -> Self {
        let names: BTreeSet<&Fqdn> = servers.into_iter().collect();
        let names: Vec<Fqdn> = names.into_iter().cloned().collect();
        let index: BTreeMap<Fqdn, usize> =
            names.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let mut edges = Vec::new();
        let mut used = Vec::new();
        for (position, segment) in segments.iter().enumerate() {
            let ends = (index.get(&segment.key.left), index.get(&segment.key.right));
            if let (Some(&left), Some(&right)) = ends
                && left != right
                && use_segment(segment)
            {
                edges.push((left, right, Flow::of(segment.key.direction)));
                used.push(position);
            }
        }
        let graph = Digraph::new(names.len(), &edges);
        Self { names, index, graph, segments: used }
    }

    /// The servers, in order.
    pub fn servers(&self) -> &[Fqdn] {
        &self.names
    }

    fn named(&self, indexes: &[usize]) -> Vec<Fqdn> {
        indexes.iter().filter_map(|&index| self.names.get(index)).cloned().collect()
    }

    /// Groups of servers that replicate to each other, each sorted, the groups by first name.
    pub fn islands(&self) -> Vec<Vec<Fqdn>> {
        self.graph.islands().iter().map(|island| self.named(island)).collect()
    }

    /// The islands that remain after losing servers.
    pub fn islands_without<'a>(&self, lost: impl IntoIterator<Item = &'a Fqdn>) -> Vec<Vec<Fqdn>> {
        let lost: Vec<usize> =
            lost.into_iter().filter_map(|name| self.index.get(name)).copied().collect();
        self.graph.islands_without(&lost).iter().map(|island| self.named(island)).collect()
    }

    /// True if all servers replicate to each other.
    pub fn is_connected(&self) -> bool {
        self.graph.is_connected()
    }

    /// Servers whose single loss separates others that replicated to each other before, in order.
    pub fn cut_servers(&self) -> Vec<Fqdn> {
        self.named(&self.graph.cut_servers())
    }

    /// Islands into which a server's own island falls after its loss, without it.
    pub fn separated_by(&self, server: &Fqdn) -> Vec<Vec<Fqdn>> {
        let Some(&index) = self.index.get(server) else { return Vec::new() };
        self.graph.separated_by(index).iter().map(|island| self.named(island)).collect()
    }

    /// Pairs of servers whose joint loss separates others, although none of the two does alone, in
    /// order. The time is quadratic in the servers.
    pub fn two_server_cuts(&self) -> Vec<(Fqdn, Fqdn)> {
        let name = |index: usize| self.names.get(index).cloned();
        let pairs = self.graph.two_server_cuts();
        pairs.into_iter().filter_map(|(one, other)| Some((name(one)?, name(other)?))).collect()
    }

    /// Smallest losses of up to three servers that separate others, in order of their size; `None`
    /// above 64 servers. Every loss is looked at.
    pub fn splitting_sets(&self) -> Option<Vec<Vec<Fqdn>>> {
        let sets = masks::Masks::of(&self.graph)?.splitting_sets(3);
        Some(sets.iter().map(|set| self.named(set)).collect())
    }

    /// Segments whose single loss separates servers, as indexes into the topology's list, sorted.
    ///
    /// The only segment of two servers is not reported: the rule on agreements covers it.
    pub fn cut_segments(&self) -> Vec<usize> {
        if self.names.len() <= 2 {
            return Vec::new();
        }
        let mut segments: Vec<usize> = self
            .graph
            .cut_segments()
            .iter()
            .filter_map(|&index| self.segments.get(index))
            .copied()
            .collect();
        segments.sort_unstable();
        segments
    }

    /// Direct partners of a server.
    pub fn partners(&self, server: &Fqdn) -> Partners {
        let Some(&index) = self.index.get(server) else { return Partners::default() };
        let peers = self.graph.peers(index);
        Partners {
            suppliers: self.named(&peers.suppliers),
            consumers: self.named(&peers.consumers),
        }
    }

    /// A largest set of segments between two groups of servers of which no two share a server, as
    /// indexes into the topology's list.
    pub fn matching(&self, left: &[&Fqdn], right: &[&Fqdn]) -> Vec<usize> {
        let indexes = |names: &[&Fqdn]| -> Vec<usize> {
            names.iter().filter_map(|name| self.index.get(*name)).copied().collect()
        };
        self.graph
            .matching(&indexes(left), &indexes(right))
            .iter()
            .filter_map(|&index| self.segments.get(index))
            .copied()
            .collect()
    }
}

/// What is known of the replication of one suffix, from both ends.
#[derive(Clone, Debug)]
pub struct SuffixView {
    /// The suffix.
    pub suffix: Suffix,
    /// Servers that carry the suffix for sure, joined by undisputed enabled segments.
    pub certain: NamedGraph,
    /// Servers that may carry it, joined by every segment that some export lists.
    pub possible: NamedGraph,
    /// True if there are no segments but the listed ones.
    pub segments_complete: bool,
    /// What is missing to know the servers that carry the suffix.
    pub carrier_needs: Vec<Need>,
}

impl SuffixView {
    /// The view of a suffix.
    pub fn new(deployment: &Deployment, suffix: Suffix) -> Self {
        let topology = deployment.topology(suffix);
        let replicates = |segment: &Segment| segment.enabled != Some(false);
        let carriers = deployment.carriers(suffix);
        let certain =
            NamedGraph::new(carriers.iter().copied(), &topology.segments, |segment: &Segment| {
                replicates(segment) && !segment.disputed
            });
        // Without the list of all servers, a host that a segment names may be a server.
        let hosts = topology
            .segments
            .iter()
            .filter(|_| !deployment.knows_all_servers())
            .flat_map(|segment| [&segment.key.left, &segment.key.right])
            .filter(|host| !deployment.servers.contains_key(*host));
        let uncertain = deployment.uncertain_carriers(suffix);
        let all = carriers.iter().copied().chain(uncertain).chain(hosts);
        let possible = NamedGraph::new(all, &topology.segments, replicates);
        Self {
            suffix,
            certain,
            possible,
            segments_complete: topology.complete,
            carrier_needs: deployment.needs_for_carriers(suffix),
        }
    }

    /// What is missing for a verdict on the whole suffix.
    pub fn needs(&self, deployment: &Deployment) -> Vec<Need> {
        let mut needs = self.carrier_needs.clone();
        if !deployment.topology(self.suffix).is_known() {
            needs.push(Need::Segments(self.suffix));
        }
        needs
    }
}

/// All views of a deployment.
#[derive(Clone, Debug)]
pub struct Views {
    /// View of suffix `domain`.
    pub domain: SuffixView,
    /// View of suffix `ca`.
    pub ca: SuffixView,
    /// The time for which verdicts hold.
    pub as_of: Timestamp,
}

impl Views {
    /// The views of a deployment at a time.
    pub fn new(deployment: &Deployment, as_of: Timestamp) -> Self {
        Self {
            domain: SuffixView::new(deployment, Suffix::Domain),
            ca: SuffixView::new(deployment, Suffix::Ca),
            as_of,
        }
    }

    /// The view of a suffix.
    pub fn of(&self, suffix: Suffix) -> &SuffixView {
        match suffix {
            Suffix::Domain => &self.domain,
            Suffix::Ca => &self.ca,
        }
    }
}
