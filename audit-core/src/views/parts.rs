//! Data centers in a replication topology: whether one hangs together by itself, and what its loss
//! does to the others.

use std::collections::BTreeMap;

use super::NamedGraph;
use super::digraph::{Digraph, Flow};
use super::paths::longest_beyond;
use crate::model::{Fqdn, Segment};

/// A topology with its data centers contracted: one node for each group of servers of one data
/// center that replicate to each other without leaving it.
///
/// Losing a data center that is one group is losing one node, so all of them are judged with one
/// search for cut servers.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The groups, each sorted.
    groups: Vec<Vec<Fqdn>>,
    /// Indexes of its groups, by data center.
    of_center: BTreeMap<String, Vec<usize>>,
    /// Segments between groups.
    graph: Digraph,
    /// Groups whose loss splits others, ascending.
    cuts: Vec<usize>,
}

impl Parts {
    /// The groups of a graph. Servers without a data center are left out.
    ///
    /// `segments` is the topology's list that the graph was built from.
    pub fn new<'a>(
        graph: &NamedGraph,
        segments: &[Segment],
        center_of: impl Fn(&Fqdn) -> Option<&'a str>,
    ) -> Self {
        let used = || graph.segments.iter().filter_map(|&index| segments.get(index));
        let inside: Vec<(usize, usize, Flow)> = used()
            .filter(|segment| center_of(&segment.key.left) == center_of(&segment.key.right))
            .filter_map(|segment| {
                let left = *graph.index.get(&segment.key.left)?;
                let right = *graph.index.get(&segment.key.right)?;
                Some((left, right, Flow::of(segment.key.direction)))
            })
            .collect();
        let groups: Vec<Vec<Fqdn>> = Digraph::new(graph.names.len(), &inside)
            .islands()
            .iter()
            .map(|island| graph.named(island))
            .filter(|group| group.first().is_some_and(|name| center_of(name).is_some()))
            .collect();
        let mut of_center: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut group_of: BTreeMap<&Fqdn, usize> = BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            if let Some(center) = group.first().and_then(&center_of) {
                of_center.entry(center.to_owned()).or_default().push(index);
            }
            group_of.extend(group.iter().map(|name| (name, index)));
        }
        let between: Vec<(usize, usize, Flow)> = used()
            .filter_map(|segment| {
                let left = *group_of.get(&segment.key.left)?;
                let right = *group_of.get(&segment.key.right)?;
                (left != right).then(|| (left, right, Flow::of(segment.key.direction)))
            })
            .collect();
        let graph = Digraph::new(groups.len(), &between);
        let cuts = graph.cut_servers();
        Self { groups, of_center, graph, cuts }
    }

    fn indexes(&self, center: &str) -> &[usize] {
        self.of_center.get(center).map_or(&[], Vec::as_slice)
    }

    /// Groups into which the servers of a data center fall when nothing outside it is used.
    pub fn of(&self, center: &str) -> Vec<&[Fqdn]> {
        self.indexes(center)
            .iter()
            .filter_map(|&index| self.groups.get(index))
            .map(Vec::as_slice)
            .collect()
    }

    /// Pieces into which servers of other data centers, which replicated to each other, fall when a
    /// data center is lost; empty if its loss splits nothing.
    pub fn split_by_loss(&self, center: &str) -> Vec<Vec<Fqdn>> {
        let lost = self.indexes(center);
        if let [one] = lost
            && self.cuts.binary_search(one).is_err()
        {
            return Vec::new();
        }
        let rest = self.graph.islands_without(lost);
        let mut pieces = Vec::new();
        for island in self.graph.islands() {
            let within: Vec<&Vec<usize>> = rest
                .iter()
                .filter(|piece| piece.first().is_some_and(|group| island.contains(group)))
                .collect();
            if within.len() > 1 {
                pieces.extend(within.into_iter().map(|piece| self.servers(piece)));
            }
        }
        pieces
    }

    /// The two data centers that are farthest apart, as groups of servers, and how many segments
    /// between data centers a change passes from one to the other, if more than `hops_max`.
    pub fn longest_path_beyond(&self, hops_max: usize) -> Option<(&[Fqdn], &[Fqdn], usize)> {
        let path = longest_beyond(&self.graph, hops_max)?;
        Some((self.groups.get(path.from)?, self.groups.get(path.to)?, path.hops))
    }

    fn servers(&self, groups: &[usize]) -> Vec<Fqdn> {
        let groups = groups.iter().filter_map(|&index| self.groups.get(index));
        let mut servers: Vec<Fqdn> = groups.flatten().cloned().collect();
        servers.sort();
        servers
    }
}
