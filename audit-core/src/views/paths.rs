//! How many arcs a change passes from one node of a graph to another.

use std::collections::VecDeque;

use super::digraph::Digraph;

/// Up to this many nodes the longest of all shortest paths is found. Beyond, one that is too long
/// is found if there is any, but not always the longest.
const EXACT_NODES_MAX: usize = 1000;

/// Two nodes and the number of arcs on the shortest path between them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LongPath {
    /// Where a change is made.
    pub from: usize,
    /// The node it reaches last.
    pub to: usize,
    /// Arcs on the way.
    pub hops: usize,
}

/// The longest of the shortest paths between nodes of one island, if it has more than `hops_max`
/// arcs; the first by number among equals.
///
/// ```
/// use audit_core::views::digraph::{Digraph, Flow};
/// use audit_core::views::paths::{LongPath, longest_beyond};
///
/// // 0 ── 1 ── 2 ── 3
/// let line = Digraph::new(4, &[(0, 1, Flow::Both), (1, 2, Flow::Both), (2, 3, Flow::Both)]);
/// assert_eq!(longest_beyond(&line, 2), Some(LongPath { from: 0, to: 3, hops: 3 }));
/// assert_eq!(longest_beyond(&line, 3), None);
/// ```
pub fn longest_beyond(graph: &Digraph, hops_max: usize) -> Option<LongPath> {
    let nodes = graph.servers();
    let islands = graph.islands();
    let mut island_of = vec![0; nodes];
    for (index, island) in islands.iter().enumerate() {
        for &node in island {
            if let Some(of) = island_of.get_mut(node) {
                *of = index;
            }
        }
    }
    let consumers = (0..nodes).map(|node| graph.peers(node).consumers).collect();
    let mut search = Search { consumers, island_of, hops: vec![None; nodes] };
    let mut best: Option<LongPath> = None;
    for &from in islands.iter().filter(|island| island.len() > hops_max + 1).flatten() {
        if let Some((hops, to)) = search.farthest(from)
            && hops > hops_max
            && best.is_none_or(|longest| hops > longest.hops)
        {
            best = Some(LongPath { from, to, hops });
            if nodes > EXACT_NODES_MAX {
                break;
            }
        }
    }
    best
}

/// Breadth-first search within an island.
struct Search {
    consumers: Vec<Vec<usize>>,
    island_of: Vec<usize>,
    /// Distance from the current start.
    hops: Vec<Option<usize>>,
}

impl Search {
    /// The distance of the node that is farthest from `from` in its island, and that node, the
    /// first among equals.
    fn farthest(&mut self, from: usize) -> Option<(usize, usize)> {
        self.hops.fill(None);
        *self.hops.get_mut(from)? = Some(0);
        let mut open = VecDeque::from([(from, 0)]);
        let mut last = (0, from);
        while let Some((node, hops)) = open.pop_front() {
            if hops > last.0 || (hops == last.0 && node < last.1) {
                last = (hops, node);
            }
            for &next in self.consumers.get(node)? {
                if self.island_of.get(next) == self.island_of.get(from)
                    && let Some(seen @ None) = self.hops.get_mut(next)
                {
                    *seen = Some(hops + 1);
                    open.push_back((next, hops + 1));
                }
            }
        }
        Some(last)
    }
}
