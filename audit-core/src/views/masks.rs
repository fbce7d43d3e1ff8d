//! Servers as bits of one number: what every small loss leaves, looked at one by one.
//!
//! Whether the rest hangs together is not monotone: losing a cut server splits the others, and
//! losing the lone server behind it as well heals that. So no loss may be skipped because a smaller
//! one does harm or does none, and each is looked at. With servers as bits of a `u64`, one look is
//! a handful of instructions per server.
//!
//! ```
//! use audit_core::views::digraph::{Digraph, Flow};
//! use audit_core::views::masks::Masks;
//!
//! // 0 ── 1 ── 2
//! let line = Digraph::new(3, &[(0, 1, Flow::Both), (1, 2, Flow::Both)]);
//! let masks = Masks::of(&line).unwrap();
//! assert!(!masks.is_connected_without(0b010));
//! assert!(masks.is_connected_without(0b110));
//! assert_eq!(masks.splitting_sets(3), [vec![1]]);
//! ```

use super::digraph::Digraph;

/// Up to 64 servers with their direct peers as bits.
#[derive(Clone, Debug)]
pub struct Masks {
    /// Servers that each sends to.
    consumers: Vec<u64>,
    /// Servers that each receives from.
    suppliers: Vec<u64>,
    all: u64,
    /// True if these are the same, so that one search is enough.
    is_two_way: bool,
}

impl Masks {
    /// Most servers: the bits of a `u64`. The largest supported deployment has 60.
    pub const SERVERS_MAX: usize = 64;

    /// The same graph as bits; `None` above [`SERVERS_MAX`](Self::SERVERS_MAX).
    pub fn of(graph: &Digraph) -> Option<Self> {
        let count = graph.servers();
        if count > Self::SERVERS_MAX {
            return None;
        }
        let bits = |servers: &[usize]| servers.iter().fold(0, |mask, at| mask | bit(*at));
        let peers: Vec<_> = (0..count).map(|server| graph.peers(server)).collect();
        let consumers: Vec<u64> = peers.iter().map(|peers| bits(&peers.consumers)).collect();
        let suppliers: Vec<u64> = peers.iter().map(|peers| bits(&peers.suppliers)).collect();
        let is_two_way = consumers == suppliers;
        let all = if count == 64 { u64::MAX } else { bit(count) - 1 };
        Some(Self { consumers, suppliers, all, is_two_way })
    }

    /// Whether all that remain without these servers replicate to each other. True where nothing
    /// or one server remains.
    pub fn is_connected_without(&self, lost: u64) -> bool {
        let alive = self.all & !lost;
        if alive.count_ones() <= 1 {
            return true;
        }
        let start = alive & alive.wrapping_neg();
        reached(start, alive, &self.consumers) == alive
            && (self.is_two_way || reached(start, alive, &self.suppliers) == alive)
    }

    /// Smallest losses, of at most three servers, that leave others who do not replicate to each
    /// other: no part of any of them does. Ordered by size, then by servers.
    ///
    /// Every loss of up to `size_max` servers is looked at: 36,050 for 60 servers and three.
    pub fn splitting_sets(&self, size_max: usize) -> Vec<Vec<usize>> {
        let count = self.consumers.len();
        let mut found = Vec::new();
        let mut alone = 0;
        for one in (0..count).filter(|_| size_max >= 1) {
            if !self.is_connected_without(bit(one)) {
                alone |= bit(one);
                found.push(vec![one]);
            }
        }
        // For each server: those that split together with it.
        let mut together = vec![0; count];
        let harmless = |at: &usize| alone & bit(*at) == 0;
        for one in (0..count).filter(harmless).filter(|_| size_max >= 2) {
            for two in (one + 1..count).filter(harmless) {
                if !self.is_connected_without(bit(one) | bit(two)) {
                    mark(&mut together, one, two);
                    mark(&mut together, two, one);
                    found.push(vec![one, two]);
                }
            }
        }
        let partners = |at: usize| together.get(at).copied().unwrap_or(0);
        for one in (0..count).filter(harmless).filter(|_| size_max >= 3) {
            for two in (one + 1..count).filter(harmless) {
                if partners(one) & bit(two) != 0 {
                    continue;
                }
                let skip = alone | partners(one) | partners(two);
                for three in (two + 1..count).filter(|at| skip & bit(*at) == 0) {
                    if !self.is_connected_without(bit(one) | bit(two) | bit(three)) {
                        found.push(vec![one, two, three]);
                    }
                }
            }
        }
        found
    }
}

/// The bit of a server; none above 63.
fn bit(server: usize) -> u64 {
    u32::try_from(server).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}

fn mark(rows: &mut [u64], row: usize, column: usize) {
    if let Some(row) = rows.get_mut(row) {
        *row |= bit(column);
    }
}

/// Servers that changes from `start` reach along `next` without leaving `alive`.
fn reached(start: u64, alive: u64, next: &[u64]) -> u64 {
    let mut seen = start;
    let mut frontier = start;
    while frontier != 0 {
        let at = frontier.trailing_zeros() as usize;
        frontier &= frontier - 1;
        let new = next.get(at).copied().unwrap_or(0) & alive & !seen;
        seen |= new;
        frontier |= new;
    }
    seen
}
