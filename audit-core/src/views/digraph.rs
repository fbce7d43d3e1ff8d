//! Servers as numbers and segments as arcs: which servers replicate to each other, and whose loss
//! ends that.
//!
//! Nothing here knows host names, suffixes or evidence; the views above translate names to numbers
//! and back. Every result is sorted, no function panics, whatever numbers it is given, and nothing
//! recurses, so that a line of thousands of servers is as safe in the page's small stack as on the
//! command line.
//!
//! ```text
//! both:      0 ── 1     0 and 1 replicate to each other
//! forward:   0 ─> 1     0 replicates to 1
//! backward:  0 <─ 1     1 replicates to 0
//! ```
//!
//! An *island* is a largest group of servers that all replicate to each other, directly or through
//! others: a strongly connected component. A server is a *cut server* if its loss splits what is
//! left of its island; a segment is a *cut segment* if its loss splits its island.
//!
//! ```
//! use audit_core::views::digraph::{Digraph, Flow};
//!
//! // 0       3         Two rings that meet in server 2, and server 5 behind server 4.
//! // │ ╲   ╱ │
//! // │   2   │
//! // │ ╱   ╲ │
//! // 1       4 ── 5
//! let pairs = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2), (4, 5)];
//! let graph = Digraph::new(6, &pairs.map(|(a, b)| (a, b, Flow::Both)));
//! assert_eq!(graph.cut_servers(), [2, 4]);
//! assert_eq!(graph.separated_by(2), [vec![0, 1], vec![3, 4, 5]]);
//! assert_eq!(graph.cut_segments(), [6]);
//! ```
//!
//! # How the cuts are found
//!
//! In an island whose segments all flow both ways, one depth-first search and low points (Tarjan
//! 1972). In any other island, a server is a cut server exactly if it dominates another server on
//! the way from one chosen server to all others, or on the way back from all others to it; the
//! chosen server itself is tried directly (Italiano, Laura and Santaroni 2012). Dominators are
//! computed as by Lengauer and Tarjan (1979). For segments, every segment becomes a node of its own
//! between its two servers, so that parallel segments protect each other and both directions of one
//! segment are lost together.
//!
//! petgraph 0.8 supplies the graph, the strongly connected components (`kosaraju_scc`) and the
//! filter for lost servers. It does not supply the cuts: `bridges` is wrong on parallel segments,
//! `articulation_points` ignores directions, `dominators::simple_fast` is quadratic on rings
//! (130 ms for 5,000 servers, and two runs are needed), and `tarjan_scc` recurses.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::NodeFiltered;

/// In which direction a segment `(a, b, flow)` replicates. Closed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Flow {
    /// `a` replicates to `b` and `b` to `a`.
    Both,
    /// Only `a` replicates to `b`.
    Forward,
    /// Only `b` replicates to `a`.
    Backward,
}

/// The servers at the other end of a server's segments; see [`Digraph::peers`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Peers {
    /// Distinct servers that replicate directly to this one, ascending.
    pub suppliers: Vec<usize>,
    /// Distinct servers that this one replicates directly to, ascending.
    pub consumers: Vec<usize>,
}

/// Servers `0..n` and the segments between them.
///
/// Parallel segments and opposite one-way segments may occur and keep their own indexes.
#[derive(Clone, Debug)]
pub struct Digraph {
    servers: usize,
    segments: Vec<Segment>,
    ignored: Vec<usize>,
    graph: DiGraph<(), ()>,
    islands: Vec<Vec<usize>>,
    /// Index into `islands`, per server.
    island_of: Vec<u32>,
    /// Whether all segments inside the island flow both ways, per island.
    two_way: Vec<bool>,
    /// The arcs that stay inside an island, server to server.
    inner: Arcs,
}

impl Digraph {
    /// Builds the graph of `servers` servers and finds its islands.
    ///
    /// # Arguments
    ///
    /// A segment is `(a, b, flow)`; its index in `segments` is its name in every result. A segment
    /// that ends at no server (`a` or `b` at least `servers`) or that joins a server to itself has
    /// no effect; [`Digraph::ignored`] lists it. Indexes are 32 bits wide inside: the caller keeps
    /// servers and segments together below 2^31.
    ///
    /// # Complexity
    ///
    /// O(servers + segments).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// let segments = [(0, 1, Flow::Both), (1, 1, Flow::Both), (1, 2, Flow::Forward)];
    /// let graph = Digraph::new(2, &segments);
    /// assert_eq!(graph.ignored(), [1, 2]);
    /// assert!(graph.is_connected());
    /// ```
    #[must_use]
    pub fn new(servers: usize, segments: &[(usize, usize, Flow)]) -> Self {
        let mut kept = Vec::with_capacity(segments.len());
        let mut ignored = Vec::new();
        for (index, &(a, b, flow)) in segments.iter().enumerate() {
            if a < servers && b < servers && a != b {
                kept.push(Segment { index, a: a as u32, b: b as u32, flow });
            } else {
                ignored.push(index);
            }
        }

        let mut graph = DiGraph::with_capacity(servers, 2 * kept.len());
        for _ in 0..servers {
            graph.add_node(());
        }
        for (from, to) in kept.iter().flat_map(Segment::arcs) {
            graph.add_edge(NodeIndex::from(from), NodeIndex::from(to), ());
        }

        let islands = sorted(kosaraju_scc(&graph));
        let mut island_of = vec![0; servers];
        for (k, island) in islands.iter().enumerate() {
            for &v in island {
                island_of[v] = k as u32;
            }
        }
        let mut two_way = vec![true; islands.len()];
        let mut inside = Vec::with_capacity(2 * kept.len());
        for segment in &kept {
            if let Some(island) = segment.island(&island_of) {
                two_way[island] &= segment.flow == Flow::Both;
                inside.extend(segment.arcs());
            }
        }
        let inner = Arcs::new(servers, &inside);
        Self { servers, segments: kept, ignored, graph, islands, island_of, two_way, inner }
    }

    /// The number of servers.
    pub fn servers(&self) -> usize {
        self.servers
    }

    /// Indexes of the segments without effect, ascending: those that end at no server or join a
    /// server to itself.
    pub fn ignored(&self) -> &[usize] {
        &self.ignored
    }

    /// The groups of servers that replicate to each other.
    ///
    /// # Returns
    ///
    /// Every server in exactly one group; servers ascending inside a group, groups ordered by their
    /// first server. A server that replicates with nobody, or only in one direction, is a group of
    /// its own.
    ///
    /// # Complexity
    ///
    /// O(servers): the groups are known since [`Digraph::new`].
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 1 ─> 2      2 receives but sends nothing back.
    /// let graph = Digraph::new(3, &[(0, 1, Flow::Both), (1, 2, Flow::Forward)]);
    /// assert_eq!(graph.islands(), [vec![0, 1], vec![2]]);
    /// ```
    pub fn islands(&self) -> Vec<Vec<usize>> {
        self.islands.clone()
    }

    /// The groups of servers that replicate to each other after the loss of the servers `lost`.
    ///
    /// # Arguments
    ///
    /// `lost` in any order; repeated numbers and numbers of no server have no effect.
    ///
    /// # Returns
    ///
    /// As [`Digraph::islands`]; lost servers are in no group.
    ///
    /// # Complexity
    ///
    /// O(servers + segments).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 1 ── 2
    /// let graph = Digraph::new(3, &[(0, 1, Flow::Both), (1, 2, Flow::Both)]);
    /// assert_eq!(graph.islands_without(&[1]), [vec![0], vec![2]]);
    /// ```
    pub fn islands_without(&self, lost: &[usize]) -> Vec<Vec<usize>> {
        let mut lives = vec![true; self.servers];
        for &v in lost {
            if let Some(flag) = lives.get_mut(v) {
                *flag = false;
            }
        }
        let rest = NodeFiltered::from_fn(&self.graph, |v: NodeIndex| lives[v.index()]);
        sorted(kosaraju_scc(&rest))
    }

    /// Whether all servers replicate to each other. True for no server and for one.
    ///
    /// # Complexity
    ///
    /// O(1).
    pub fn is_connected(&self) -> bool {
        self.islands.len() <= 1
    }

    /// The servers that replicate directly to `server`, and those it replicates directly to.
    ///
    /// # Returns
    ///
    /// Each peer once, ascending; no peers for a number of no server.
    ///
    /// # Complexity
    ///
    /// O(d log d) for d segments at `server`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ══ 1 ─> 2
    /// let segments = [(0, 1, Flow::Both), (0, 1, Flow::Both), (1, 2, Flow::Forward)];
    /// let graph = Digraph::new(3, &segments);
    /// assert_eq!(graph.peers(1).suppliers, [0]);
    /// assert_eq!(graph.peers(1).consumers, [0, 2]);
    /// ```
    pub fn peers(&self, server: usize) -> Peers {
        if server >= self.servers {
            return Peers::default();
        }
        let distinct = |direction| {
            let mut found: Vec<usize> = self
                .graph
                .neighbors_directed(NodeIndex::new(server), direction)
                .map(NodeIndex::index)
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        Peers { suppliers: distinct(Direction::Incoming), consumers: distinct(Direction::Outgoing) }
    }

    /// The servers whose loss splits their island: two *other* servers replicated to each other
    /// before, and no longer.
    ///
    /// # Returns
    ///
    /// Servers ascending.
    ///
    /// # Complexity
    ///
    /// O(servers + segments) where all segments flow both ways; else O((servers + segments) log
    /// servers).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 1 ── 2, and a one-way ring: every server of it is needed.
    /// let line = Digraph::new(3, &[(0, 1, Flow::Both), (1, 2, Flow::Both)]);
    /// assert_eq!(line.cut_servers(), [1]);
    /// let ring = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| (a, b, Flow::Forward));
    /// let ring = Digraph::new(3, &ring);
    /// assert_eq!(ring.cut_servers(), [0, 1, 2]);
    /// ```
    pub fn cut_servers(&self) -> Vec<usize> {
        positions(&self.cut_flags())
    }

    /// The islands into which the former island of `server` falls when `server` is lost.
    ///
    /// # Returns
    ///
    /// As [`Digraph::islands`], only servers of the former island, without `server`: several groups
    /// exactly if `server` is a cut server, none if it was alone or is the number of no server.
    ///
    /// # Complexity
    ///
    /// O(servers + segments).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 1 ── 0 ── 2      3 is an island of its own and is not listed.
    /// let graph = Digraph::new(4, &[(0, 1, Flow::Both), (0, 2, Flow::Both)]);
    /// assert_eq!(graph.separated_by(0), [vec![1], vec![2]]);
    /// ```
    pub fn separated_by(&self, server: usize) -> Vec<Vec<usize>> {
        let Some(&home) = self.island_of.get(server) else {
            return Vec::new();
        };
        let rest = NodeFiltered::from_fn(&self.graph, |v: NodeIndex| {
            v.index() != server && self.island_of[v.index()] == home
        });
        sorted(kosaraju_scc(&rest))
    }

    /// The segments whose loss, in both directions at once, splits an island.
    ///
    /// # Returns
    ///
    /// Segment indexes ascending. Parallel segments protect each other. The only segment between
    /// two servers is listed too: whether that is worth a finding is for the rule to say.
    ///
    /// # Complexity
    ///
    /// O(servers + segments) where all segments flow both ways; else O((servers + segments)
    /// log(servers + segments)).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ══ 1 ── 2
    /// let graph = Digraph::new(3, &[(0, 1, Flow::Both), (1, 0, Flow::Both), (1, 2, Flow::Both)]);
    /// assert_eq!(graph.cut_segments(), [2]);
    /// ```
    pub fn cut_segments(&self) -> Vec<usize> {
        // Segment k of `within` is node `servers + k`, between its two servers.
        let within: Vec<&Segment> = self
            .segments
            .iter()
            .filter(|segment| segment.island(&self.island_of).is_some())
            .collect();
        let mut arcs = Vec::with_capacity(4 * within.len());
        for (k, segment) in within.iter().enumerate() {
            let middle = (self.servers + k) as u32;
            for (from, to) in segment.arcs() {
                arcs.extend([(from, middle), (middle, to)]);
            }
        }
        let arcs = Arcs::new(self.servers + within.len(), &arcs);
        let mut search = Search::new(&arcs);
        let mut cut = vec![false; within.len()];
        for (island, &two_way) in self.islands.iter().zip(&self.two_way) {
            if let [root, _, ..] = island[..] {
                search.run(root as u32, None, two_way);
                for &node in &search.found {
                    if let Some(k) = (node as usize).checked_sub(self.servers) {
                        cut[k] = true;
                    }
                }
            }
        }
        positions(&cut).into_iter().map(|k| within[k].index).collect()
    }

    /// The pairs of servers whose joint loss splits their island although neither is a cut server
    /// alone.
    ///
    /// # Returns
    ///
    /// Pairs `(u, v)` with `u < v`, ascending. A ring of n servers has n (n - 3) / 2 of them, so
    /// the list itself can be quadratic.
    ///
    /// # Complexity
    ///
    /// One search of [`Digraph::cut_servers`] per server: O(servers x (servers + segments)) where
    /// all segments flow both ways, times log servers elsewhere.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 1
    /// // │    │
    /// // 3 ── 2
    /// let ring = [(0, 1), (1, 2), (2, 3), (3, 0)].map(|(a, b)| (a, b, Flow::Both));
    /// let ring = Digraph::new(4, &ring);
    /// assert!(ring.cut_servers().is_empty());
    /// assert_eq!(ring.two_server_cuts(), [(0, 2), (1, 3)]);
    /// ```
    pub fn two_server_cuts(&self) -> Vec<(usize, usize)> {
        let alone = self.cut_flags();
        let mut search = Search::new(&self.inner);
        let mut pairs = Vec::new();
        // Two servers that are no cut servers do nothing together from different islands.
        for (island, &two_way) in self.islands.iter().zip(&self.two_way) {
            if island.len() < 4 {
                continue;
            }
            for &u in island.iter().filter(|&&u| !alone[u]) {
                search.cut_servers(island, Some(u), two_way);
                pairs.extend(
                    search
                        .found
                        .iter()
                        .map(|&v| (u, v as usize))
                        .filter(|&(u, v)| u < v && !alone[v]),
                );
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Whether all remaining servers replicate to each other, for the loss of each server in turn.
    ///
    /// # Returns
    ///
    /// One entry per server, in order. True where nothing or one server remains. The loss of a
    /// server that stood apart can make the rest one island, so an entry can be true although
    /// [`Digraph::is_connected`] is false.
    ///
    /// # Complexity
    ///
    /// That of [`Digraph::cut_servers`], not one traversal per server.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 1    2
    /// let graph = Digraph::new(3, &[(0, 1, Flow::Both)]);
    /// assert_eq!(graph.every_single_removal(), [false, false, true]);
    /// ```
    pub fn every_single_removal(&self) -> Vec<bool> {
        match &self.islands[..] {
            [] => Vec::new(),
            [_] => self.cut_flags().into_iter().map(|cut| !cut).collect(),
            // What is left is one island only if the server was an island of its own.
            [first, second] => (0..self.servers)
                .map(|v| {
                    (first.len() == 1 && first[0] == v) || (second.len() == 1 && second[0] == v)
                })
                .collect(),
            _ => vec![false; self.servers],
        }
    }

    /// The segments of a largest set of direct segments between two groups in which no two share a
    /// server.
    ///
    /// Its size is the number of servers that must be lost, on either side, before no direct
    /// segment joins the groups (Kőnig): two means that no single server carries the whole
    /// crossing.
    ///
    /// # Arguments
    ///
    /// `left` and `right` in any order. A number of no server, and a server named in both groups,
    /// belongs to neither. The direction of a segment is of no concern.
    ///
    /// # Returns
    ///
    /// Segment indexes ascending; among all largest sets the one whose list comes first in
    /// dictionary order.
    ///
    /// # Complexity
    ///
    /// O(c x (servers + c)) for c segments that cross; usually near O(servers + segments).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::views::digraph::{Digraph, Flow};
    ///
    /// // 0 ── 3      Taking 0 ── 2 would leave nobody for 1; taking 0 ── 3 does not.
    /// // │
    /// // 2 <─ 1
    /// let segments = [(0, 2, Flow::Both), (0, 3, Flow::Both), (1, 2, Flow::Forward)];
    /// let graph = Digraph::new(4, &segments);
    /// assert_eq!(graph.matching(&[0, 1], &[2, 3]), [1, 2]);
    /// ```
    pub fn matching(&self, left: &[usize], right: &[usize]) -> Vec<usize> {
        const LEFT: u8 = 1;
        const RIGHT: u8 = 2;
        let mut side = vec![0_u8; self.servers];
        for (group, flag) in [(left, LEFT), (right, RIGHT)] {
            for &v in group {
                if let Some(found) = side.get_mut(v) {
                    *found |= flag;
                }
            }
        }
        let crossing: Vec<(u32, u32, usize)> = self
            .segments
            .iter()
            .filter_map(|s| match (side[s.a as usize], side[s.b as usize]) {
                (LEFT, RIGHT) => Some((s.a, s.b, s.index)),
                (RIGHT, LEFT) => Some((s.b, s.a, s.index)),
                _ => None,
            })
            .collect();
        Matching::new(self.servers, &crossing).first_in_order(&crossing)
    }

    /// Per server: is it a cut server?
    fn cut_flags(&self) -> Vec<bool> {
        let mut search = Search::new(&self.inner);
        let mut cut = vec![false; self.servers];
        for (island, &two_way) in self.islands.iter().zip(&self.two_way) {
            search.cut_servers(island, None, two_way);
            for &v in &search.found {
                cut[v as usize] = true;
            }
        }
        cut
    }
}

/// A segment with an effect.
#[derive(Clone, Debug)]
struct Segment {
    index: usize,
    a: u32,
    b: u32,
    flow: Flow,
}

impl Segment {
    fn arcs(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let forward = (self.flow != Flow::Backward).then_some((self.a, self.b));
        let backward = (self.flow != Flow::Forward).then_some((self.b, self.a));
        forward.into_iter().chain(backward)
    }

    /// The island that holds both servers.
    fn island(&self, island_of: &[u32]) -> Option<usize> {
        let (a, b) = (island_of[self.a as usize], island_of[self.b as usize]);
        (a == b).then_some(a as usize)
    }
}

/// Groups of petgraph's nodes as sorted groups of numbers, ordered by their first member.
fn sorted(groups: Vec<Vec<NodeIndex>>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = groups
        .into_iter()
        .map(|group| {
            let mut group: Vec<usize> = group.into_iter().map(NodeIndex::index).collect();
            group.sort_unstable();
            group
        })
        .collect();
    groups.sort_unstable();
    groups
}

/// Indexes of the set flags, ascending.
fn positions(flags: &[bool]) -> Vec<usize> {
    flags.iter().enumerate().filter_map(|(i, &set)| set.then_some(i)).collect()
}

/// Neighbor lists in one piece of memory.
#[derive(Clone, Debug)]
struct Lists {
    /// Where the list of node v starts in `to`; one entry more than there are nodes.
    start: Vec<u32>,
    to: Vec<u32>,
}

impl Lists {
    /// Sorts `(key, value)` pairs into one list per key `0..nodes`; inside a list in the order of
    /// `pairs`.
    fn new(nodes: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        // Counts stand one place late, so that filling the lists moves every start to its place.
        let mut start = vec![0_u32; nodes + 2];
        for (key, _) in pairs.clone() {
            start[key as usize + 2] += 1;
        }
        let mut total = 0;
        for slot in &mut start {
            total += *slot;
            *slot = total;
        }
        let mut to = vec![0; total as usize];
        for (key, value) in pairs {
            let slot = &mut start[key as usize + 1];
            to[*slot as usize] = value;
            *slot += 1;
        }
        start.pop();
        Self { start, to }
    }

    fn of(&self, v: u32) -> &[u32] {
        &self.to[self.start[v as usize] as usize..self.start[v as usize + 1] as usize]
    }
}

/// Arcs listed by their start and by their end.
#[derive(Clone, Debug)]
struct Arcs {
    nodes: usize,
    out: Lists,
    into: Lists,
}

impl Arcs {
    fn new(nodes: usize, arcs: &[(u32, u32)]) -> Self {
        let out = Lists::new(nodes, arcs.iter().copied());
        let into = Lists::new(nodes, arcs.iter().map(|&(from, to)| (to, from)));
        Self { nodes, out, into }
    }
}

/// No node, and the number of a node that no search has seen.
const NONE: u32 = u32::MAX;
/// The number of a lost node: seen, so that no search enters it, but greater than every number
/// given.
const LOST: u32 = u32::MAX - 1;

/// Finds the nodes of one island without which some other node cannot be reached from the root, or
/// cannot reach it.
///
/// Nodes are servers, or servers and segments. Whatever a segment cuts off contains a server,
/// because every way to the next segment leads through one. All working memory is kept from run to
/// run; a run touches only the island of its root. Positions in `order` stand for nodes in the
/// working arrays.
struct Search<'a> {
    arcs: &'a Arcs,
    /// The answer of the last run, each node at most twice, in no useful order.
    found: Vec<u32>,
    /// Position in `order` per node; `NONE` if not seen.
    number: Vec<u32>,
    /// Nodes in the order of a depth-first search.
    order: Vec<u32>,
    parent: Vec<u32>,
    stack: Vec<(u32, u32)>,
    /// Low point or semidominator.
    low: Vec<u32>,
    label: Vec<u32>,
    ancestor: Vec<u32>,
    dominator: Vec<u32>,
    /// Heads and links of the lists of nodes that share a semidominator.
    head: Vec<u32>,
    next: Vec<u32>,
    path: Vec<u32>,
    cuts: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(arcs: &'a Arcs) -> Self {
        Self {
            arcs,
            found: Vec::new(),
            number: vec![NONE; arcs.nodes],
            order: Vec::new(),
            parent: Vec::new(),
            stack: Vec::new(),
            low: Vec::new(),
            label: Vec::new(),
            ancestor: Vec::new(),
            dominator: Vec::new(),
            head: Vec::new(),
            next: Vec::new(),
            path: Vec::new(),
            cuts: Vec::new(),
        }
    }

    /// Finds all cut servers of `island` without `lost`, of which the rest must be one island.
    fn cut_servers(&mut self, island: &[usize], lost: Option<usize>, two_way: bool) {
        let mut rest = island.iter().copied().filter(|&v| Some(v) != lost).map(|v| v as u32);
        let (Some(root), Some(second), Some(_)) = (rest.next(), rest.next(), rest.next()) else {
            self.found.clear();
            return;
        };
        let lost = lost.map(|v| v as u32);
        self.run(root, lost, two_way);
        if two_way {
            return;
        }
        // The root dominates everything, so dominators say nothing about it.
        let others = island.len() - 1 - usize::from(lost.is_some());
        let arcs = self.arcs;
        let whole = [&arcs.out, &arcs.into].into_iter().all(|lists| {
            self.explore(lists, second, [Some(root), lost]);
            self.order.len() == others
        });
        if !whole {
            self.found.push(root);
        }
    }

    /// Finds all cut nodes, the root only if all segments of the island flow both ways (`two_way`).
    fn run(&mut self, root: u32, lost: Option<u32>, two_way: bool) {
        self.found.clear();
        let arcs = self.arcs;
        self.explore(&arcs.out, root, [lost, None]);
        if two_way {
            self.low_points();
            return;
        }
        self.dominators(&arcs.into);
        self.explore(&arcs.into, root, [lost, None]);
        self.dominators(&arcs.out);
    }

    /// Numbers the nodes that can be reached from `root` around `lost`, in depth-first order.
    fn explore(&mut self, lists: &Lists, root: u32, lost: [Option<u32>; 2]) {
        for v in self.order.drain(..) {
            self.number[v as usize] = NONE;
        }
        self.parent.clear();
        for v in lost.into_iter().flatten() {
            self.number[v as usize] = LOST;
        }
        self.number[root as usize] = 0;
        self.order.push(root);
        self.parent.push(NONE);
        let (mut here, mut at) = (0_u32, lists.start[root as usize]);
        loop {
            let end = lists.start[self.order[here as usize] as usize + 1];
            let fresh = (at..end).find(|&i| self.number[lists.to[i as usize] as usize] == NONE);
            if let Some(i) = fresh {
                let v = lists.to[i as usize];
                self.stack.push((here, i + 1));
                let position = self.order.len() as u32;
                self.number[v as usize] = position;
                self.order.push(v);
                self.parent.push(here);
                (here, at) = (position, lists.start[v as usize]);
            } else if let Some(back) = self.stack.pop() {
                (here, at) = back;
            } else {
                break;
            }
        }
        for v in lost.into_iter().flatten() {
            self.number[v as usize] = NONE;
        }
    }

    /// Cut nodes of what was explored, all of whose arcs run both ways.
    fn low_points(&mut self) {
        let count = self.order.len();
        self.cuts.clear();
        self.cuts.resize(count, false);
        self.low.clear();
        self.low.extend(self.order.iter().map(|&v| {
            let numbers = self.arcs.out.of(v).iter().map(|&to| self.number[to as usize]);
            numbers.min().unwrap_or(NONE)
        }));
        let mut children_of_root = 0;
        for i in (1..count).rev() {
            let parent = self.parent[i] as usize;
            if parent == 0 {
                children_of_root += 1;
            } else if self.low[i] as usize >= parent {
                self.cuts[parent] = true;
            }
            self.low[parent] = self.low[parent].min(self.low[i]);
        }
        self.cuts[0] = children_of_root > 1;
        self.collect();
    }

    /// Nodes of what was explored, but the root, that dominate another node; `against` lists the
    /// arcs by their end.
    fn dominators(&mut self, against: &Lists) {
        let count = self.order.len();
        for list in [&mut self.low, &mut self.label] {
            list.clear();
            list.extend(0..count as u32);
        }
        for list in [&mut self.ancestor, &mut self.dominator, &mut self.head, &mut self.next] {
            list.clear();
            list.resize(count, NONE);
        }
        for i in (1..count).rev() {
            for &from in against.of(self.order[i]) {
                let from = self.number[from as usize];
                if (from as usize) < count {
                    let best = self.best_above(from);
                    self.low[i] = self.low[i].min(self.low[best as usize]);
                }
            }
            let semi = self.low[i] as usize;
            self.next[i] = self.head[semi];
            self.head[semi] = i as u32;

            let parent = self.parent[i];
            self.ancestor[i] = parent;
            let mut waiting = std::mem::replace(&mut self.head[parent as usize], NONE);
            while waiting != NONE {
                let best = self.best_above(waiting);
                let earlier = self.low[best as usize] < self.low[waiting as usize];
                self.dominator[waiting as usize] = if earlier { best } else { parent };
                waiting = self.next[waiting as usize];
            }
        }
        for i in 1..count {
            if self.dominator[i] != self.low[i] {
                self.dominator[i] = self.dominator[self.dominator[i] as usize];
            }
        }

        self.cuts.clear();
        self.cuts.resize(count, false);
        for &above in &self.dominator[1..] {
            self.cuts[above as usize] = true;
        }
        self.cuts[0] = false;
        self.collect();
    }

    /// The node with the least semidominator on the linked path above `i`, `i` included; shortens
    /// that path.
    fn best_above(&mut self, i: u32) -> u32 {
        let mut top = i;
        loop {
            let above = self.ancestor[top as usize];
            if above == NONE || self.ancestor[above as usize] == NONE {
                break;
            }
            self.path.push(top);
            top = above;
        }
        while let Some(node) = self.path.pop() {
            let above = self.ancestor[node as usize] as usize;
            let (mine, theirs) = (self.label[node as usize], self.label[above]);
            if self.low[theirs as usize] < self.low[mine as usize] {
                self.label[node as usize] = theirs;
            }
            self.ancestor[node as usize] = self.ancestor[above];
        }
        self.label[i as usize]
    }

    fn collect(&mut self) {
        let nodes = self.order.iter().zip(&self.cuts);
        self.found.extend(nodes.filter_map(|(&v, &cut)| cut.then_some(v)));
    }
}

/// A matching between two groups, grown along augmenting paths.
struct Matching {
    /// Crossing peers per server of the left group.
    peers: Lists,
    /// The partner per server of either group.
    partner: Vec<u32>,
    /// Servers of either group that are decided and take no further part.
    settled: Vec<bool>,
    /// Servers of the left group with a crossing segment, ascending.
    left: Vec<u32>,
    /// The search that last reached the server of the right group, and from whom.
    reached: Vec<(u32, u32)>,
    searches: u32,
    queue: VecDeque<u32>,
}

impl Matching {
    /// A largest matching of the segments `(left, right, index)`.
    fn new(servers: usize, crossing: &[(u32, u32, usize)]) -> Self {
        let peers = Lists::new(servers, crossing.iter().map(|&(l, r, _)| (l, r)));
        let left = (0..servers as u32).filter(|&l| !peers.of(l).is_empty()).collect();
        let mut matching = Self {
            peers,
            partner: vec![NONE; servers],
            settled: vec![false; servers],
            left,
            reached: vec![(0, NONE); servers],
            searches: 0,
            queue: VecDeque::new(),
        };
        for &(l, r, _) in crossing {
            if matching.partner[l as usize] == NONE && matching.partner[r as usize] == NONE {
                matching.join(l, r);
            }
        }
        while matching.grow() {}
        matching
    }

    fn join(&mut self, l: u32, r: u32) {
        self.partner[l as usize] = r;
        self.partner[r as usize] = l;
    }

    /// Makes the matching larger by one, among the servers that are not settled, if that can be
    /// done.
    fn grow(&mut self) -> bool {
        self.searches += 1;
        self.queue.clear();
        let free = |&&l: &&u32| self.partner[l as usize] == NONE && !self.settled[l as usize];
        self.queue.extend(self.left.iter().filter(free));
        while let Some(l) = self.queue.pop_front() {
            for &r in self.peers.of(l) {
                if self.settled[r as usize] || self.reached[r as usize].0 == self.searches {
                    continue;
                }
                self.reached[r as usize] = (self.searches, l);
                let owner = self.partner[r as usize];
                if owner != NONE {
                    self.queue.push_back(owner);
                    continue;
                }
                // Swap along the path back to the free server on the left.
                let mut right = r;
                while right != NONE {
                    let from = self.reached[right as usize].1;
                    let before = self.partner[from as usize];
                    self.join(from, right);
                    right = before;
                }
                return true;
            }
        }
        false
    }

    /// The largest matching whose segment indexes come first in dictionary order.
    ///
    /// A segment is taken if some largest matching holds it and everything taken before.
    fn first_in_order(mut self, crossing: &[(u32, u32, usize)]) -> Vec<usize> {
        let size = self.left.iter().filter(|&&l| self.partner[l as usize] != NONE).count();
        let mut taken = Vec::with_capacity(size);
        for &(l, r, index) in crossing {
            if taken.len() == size {
                break;
            }
            if self.settled[l as usize] || self.settled[r as usize] {
                continue;
            }
            let (was_l, was_r) = (self.partner[l as usize], self.partner[r as usize]);
            self.settled[l as usize] = true;
            self.settled[r as usize] = true;
            if was_l != r {
                for v in [was_l, was_r] {
                    if v != NONE {
                        self.partner[v as usize] = NONE;
                    }
                }
                self.join(l, r);
                // Two pairs became one: the two partners set free must make up for it.
                if was_l != NONE && was_r != NONE && !self.grow() {
                    self.join(l, was_l);
                    self.join(was_r, r);
                    self.settled[l as usize] = false;
                    self.settled[r as usize] = false;
                    continue;
                }
            }
            taken.push(index);
        }
        taken
    }
}
