//! Laws of the index-based graph views, against a brute force that shares no code with them.
//!
//! The brute force keeps one row of bits per server, closes it by Warshall's method on the graph
//! without the lost servers and the lost segment, and compares "replicate to each other" before and
//! after. It knows no depth-first search, no dominators and no low points.
//! `generator_is_not_vacuous` counts what the generated graphs hold, with the seed and the number
//! of cases of the laws, so that a law cannot pass because nothing was there to find.

#![expect(clippy::needless_pass_by_value, reason = "quickcheck hands every case over by value")]

use std::collections::BTreeSet;

use audit_core::views::digraph::{Digraph, Flow};
use audit_core::views::masks::Masks;
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

const CASES: u64 = 3_000;
const SEED: u64 = 0x1d3d_2111;

fn law(law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(100, SEED)).tests(CASES).quickcheck(law);
}

/// A random deployment: up to eight servers, segments in every shape that an export can hold.
#[derive(Clone, Debug)]
struct Net {
    servers: usize,
    segments: Vec<(usize, usize, Flow)>,
}

fn below(g: &mut Gen, limit: usize) -> usize {
    usize::arbitrary(g) % limit.max(1)
}

fn any_flow(g: &mut Gen) -> Flow {
    [Flow::Both, Flow::Forward, Flow::Backward][below(g, 3)]
}

fn reversed(flow: Flow) -> Flow {
    match flow {
        Flow::Both => Flow::Both,
        Flow::Forward => Flow::Backward,
        Flow::Backward => Flow::Forward,
    }
}

impl Net {
    fn random(g: &mut Gen, servers: usize) -> Self {
        let mut segments = Vec::new();
        // Some graphs hold only two-way segments: they take another path through the code.
        let only_both = below(g, 3) == 0;
        let flow = |g: &mut Gen| {
            if only_both || below(g, 2) == 0 { Flow::Both } else { any_flow(g) }
        };
        // A skeleton, so that large islands are frequent: nothing, a ring, a one-way ring, a line,
        // a tree, two rings.
        match below(g, 6) {
            0 => {}
            1 => segments.extend((0..servers).map(|v| (v, (v + 1) % servers, Flow::Both))),
            2 => segments.extend((0..servers).map(|v| (v, (v + 1) % servers, Flow::Forward))),
            3 => segments.extend((1..servers).map(|v| (v - 1, v, flow(g)))),
            4 => segments.extend((1..servers).map(|v| (below(g, v), v, Flow::Both))),
            _ => {
                let middle = servers / 2;
                let turn = flow(g);
                segments.extend((0..middle).map(|v| (v, v + 1, turn)));
                segments.push((middle, 0, turn));
                segments.extend((middle..servers.saturating_sub(1)).map(|v| (v, v + 1, turn)));
                segments.push((servers.saturating_sub(1), middle, turn));
            }
        }
        for _ in 0..below(g, 2 * servers + 2) {
            // Self-loops come up by chance, and one segment in twelve ends at no server.
            let outside = usize::from(below(g, 12) == 0);
            segments.push((below(g, servers + outside), below(g, servers + outside), flow(g)));
        }
        for _ in 0..below(g, 3) {
            if let Some(&(a, b, old)) = g.choose(&segments) {
                let copy = match below(g, 3) {
                    0 => (a, b, old),
                    1 => (b, a, reversed(old)),
                    _ if only_both => (b, a, Flow::Both),
                    _ => (a, b, reversed(old)),
                };
                segments.push(copy);
            }
        }
        // Random order, so that indexes carry no meaning; random names, so that the root of a
        // search is anyone.
        let names = Renaming::random(g, servers);
        for i in (1..segments.len()).rev() {
            segments.swap(i, below(g, i + 1));
        }
        Self { servers, segments }.renamed(&names)
    }

    fn digraph(&self) -> Digraph {
        Digraph::new(self.servers, &self.segments)
    }

    fn renamed(&self, names: &Renaming) -> Self {
        let segments =
            self.segments.iter().map(|&(a, b, flow)| (names.of(a), names.of(b), flow)).collect();
        Self { servers: self.servers, segments }
    }

    fn effective(&self, i: usize) -> bool {
        let (a, b, _) = self.segments[i];
        a < self.servers && b < self.servers && a != b
    }
}

impl Arbitrary for Net {
    fn arbitrary(g: &mut Gen) -> Self {
        let servers = below(g, 9);
        Self::random(g, servers)
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let net = self.clone();
        let fewer_segments = (0..net.segments.len()).map({
            let net = net.clone();
            move |i| {
                let mut net = net.clone();
                net.segments.remove(i);
                net
            }
        });
        let last = net.servers.checked_sub(1);
        let fewer_servers = last.into_iter().map(move |last| {
            let kept = net.segments.iter().copied().filter(|&(a, b, _)| a < last && b < last);
            Self { servers: last, segments: kept.collect() }
        });
        Box::new(fewer_servers.chain(fewer_segments))
    }
}

/// A permutation of servers; numbers of no server keep their number.
#[derive(Clone, Debug)]
struct Renaming(Vec<usize>);

impl Renaming {
    fn random(g: &mut Gen, servers: usize) -> Self {
        let mut names: Vec<usize> = (0..servers).collect();
        for i in (1..servers).rev() {
            names.swap(i, below(g, i + 1));
        }
        Self(names)
    }

    fn of(&self, v: usize) -> usize {
        self.0.get(v).copied().unwrap_or(v)
    }

    fn all(&self, servers: &[usize]) -> Vec<usize> {
        let mut renamed: Vec<usize> = servers.iter().map(|&v| self.of(v)).collect();
        renamed.sort_unstable();
        renamed
    }

    fn groups(&self, groups: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut renamed: Vec<Vec<usize>> = groups.iter().map(|group| self.all(group)).collect();
        renamed.sort_unstable();
        renamed
    }
}

/// Which servers replicate to each other: bit w of row v, for the graph without `lost` and without
/// one segment. The row of a lost server is 0; every other row holds the server itself.
fn mutual(net: &Net, lost: &[usize], lost_segment: Option<usize>) -> Vec<u64> {
    let mut reach: Vec<u64> =
        (0..net.servers).map(|v| if lost.contains(&v) { 0 } else { 1 << v }).collect();
    for (i, &(a, b, flow)) in net.segments.iter().enumerate() {
        let dead = Some(i) == lost_segment || a >= net.servers || b >= net.servers;
        if dead || lost.contains(&a) || lost.contains(&b) {
            continue;
        }
        if flow != Flow::Backward {
            reach[a] |= 1 << b;
        }
        if flow != Flow::Forward {
            reach[b] |= 1 << a;
        }
    }
    for middle in 0..net.servers {
        for v in 0..net.servers {
            if reach[v] >> middle & 1 == 1 {
                reach[v] |= reach[middle];
            }
        }
    }
    (0..net.servers)
        .map(|v| {
            (0..net.servers)
                .filter(|&w| reach[v] >> w & reach[w] >> v & 1 == 1)
                .map(|w| 1 << w)
                .sum()
        })
        .collect()
}

fn members(bits: u64) -> Vec<usize> {
    (0..64).filter(|&v| bits >> v & 1 == 1).collect()
}

fn brute_islands(net: &Net, lost: &[usize]) -> Vec<Vec<usize>> {
    let rows: BTreeSet<Vec<usize>> =
        mutual(net, lost, None).into_iter().filter(|&row| row != 0).map(members).collect();
    rows.into_iter().collect()
}

/// Whether two servers outside `lost` replicated to each other before and no longer.
fn brute_splits(net: &Net, lost: &[usize], lost_segment: Option<usize>) -> bool {
    let gone: u64 = lost.iter().map(|&v| 1 << v).sum();
    let (before, after) = (mutual(net, &[], None), mutual(net, lost, lost_segment));
    (0..net.servers).filter(|v| !lost.contains(v)).any(|v| before[v] & !gone & !after[v] != 0)
}

fn brute_cut_servers(net: &Net) -> Vec<usize> {
    (0..net.servers).filter(|&v| brute_splits(net, &[v], None)).collect()
}

fn brute_cut_segments(net: &Net) -> Vec<usize> {
    (0..net.segments.len()).filter(|&i| brute_splits(net, &[], Some(i))).collect()
}

fn brute_two_server_cuts(net: &Net) -> Vec<(usize, usize)> {
    let alone = brute_cut_servers(net);
    let free: Vec<usize> = (0..net.servers).filter(|v| !alone.contains(v)).collect();
    let pairs = free.iter().flat_map(|&u| free.iter().map(move |&v| (u, v)));
    pairs.filter(|&(u, v)| u < v && brute_splits(net, &[u, v], None)).collect()
}

/// All matchings by trying every subset of the crossing segments in dictionary order.
fn brute_matching(net: &Net, left: &[usize], right: &[usize]) -> Vec<usize> {
    fn extend(
        pairs: &[(usize, usize, usize)],
        used: u64,
        taken: &mut Vec<usize>,
        best: &mut Vec<usize>,
    ) {
        // Dictionary order: taking the earlier segment is tried first, and only a larger matching
        // replaces the best.
        if taken.len() > best.len() {
            best.clone_from(taken);
        }
        for (k, &(a, b, index)) in pairs.iter().enumerate() {
            if used >> a & 1 == 0 && used >> b & 1 == 0 {
                taken.push(index);
                extend(&pairs[k + 1..], used | 1 << a | 1 << b, taken, best);
                taken.pop();
            }
        }
    }
    let in_left = |v: usize| left.contains(&v) && !right.contains(&v);
    let in_right = |v: usize| right.contains(&v) && !left.contains(&v);
    let crossing: Vec<(usize, usize, usize)> = (0..net.segments.len())
        .map(|i| (net.segments[i].0, net.segments[i].1, i))
        .filter(|&(a, b, i)| {
            net.effective(i) && (in_left(a) && in_right(b) || in_left(b) && in_right(a))
        })
        .collect();
    let mut best = Vec::new();
    extend(&crossing, 0, &mut Vec::new(), &mut best);
    best
}

#[test]
fn islands_equal_brute_force() {
    fn prop(net: Net, lost: Vec<u8>) -> bool {
        let lost: Vec<usize> = lost.into_iter().take(3).map(|v| usize::from(v % 10)).collect();
        let graph = net.digraph();
        let islands = brute_islands(&net, &[]);
        graph.islands() == islands
            && graph.is_connected() == (islands.len() <= 1)
            && graph.islands_without(&[]) == islands
            && graph.islands_without(&lost) == brute_islands(&net, &lost)
            && graph.servers() == net.servers
    }
    law(prop as fn(Net, Vec<u8>) -> bool);
}

#[test]
fn ignored_and_peers_equal_brute_force() {
    fn prop(net: Net) -> bool {
        let graph = net.digraph();
        let ignored: Vec<usize> = (0..net.segments.len()).filter(|&i| !net.effective(i)).collect();
        let arc = |from: usize, to: usize| {
            from != to
                && net.segments.iter().any(|&(a, b, flow)| {
                    (a, b) == (from, to) && flow != Flow::Backward
                        || (b, a) == (from, to) && flow != Flow::Forward
                })
        };
        // One past the last server: no peers.
        let peers = (0..=net.servers).all(|v| {
            let others = || (0..net.servers).filter(|_| v < net.servers);
            let peers = graph.peers(v);
            peers.suppliers == others().filter(|&w| arc(w, v)).collect::<Vec<_>>()
                && peers.consumers == others().filter(|&w| arc(v, w)).collect::<Vec<_>>()
        });
        graph.ignored() == ignored && peers
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn cut_servers_equal_brute_force() {
    fn prop(net: Net) -> bool {
        net.digraph().cut_servers() == brute_cut_servers(&net)
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn separated_by_equals_brute_force() {
    fn prop(net: Net) -> bool {
        let graph = net.digraph();
        let islands = brute_islands(&net, &[]);
        let cuts = graph.cut_servers();
        (0..=net.servers).all(|v| {
            let home =
                islands.iter().find(|island| island.contains(&v)).cloned().unwrap_or_default();
            let after =
                brute_islands(&net, &[v]).into_iter().filter(|island| home.contains(&island[0]));
            let separated = graph.separated_by(v);
            separated == after.collect::<Vec<_>>() && (separated.len() > 1) == cuts.contains(&v)
        })
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn cut_segments_equal_brute_force() {
    fn prop(net: Net) -> bool {
        net.digraph().cut_segments() == brute_cut_segments(&net)
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn two_server_cuts_equal_brute_force() {
    fn prop(net: Net) -> bool {
        net.digraph().two_server_cuts() == brute_two_server_cuts(&net)
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn every_single_removal_equals_brute_force() {
    fn prop(net: Net) -> bool {
        let expected: Vec<bool> =
            (0..net.servers).map(|v| brute_islands(&net, &[v]).len() <= 1).collect();
        net.digraph().every_single_removal() == expected
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn matching_equals_brute_force() {
    fn prop(net: Net, sides: Vec<u8>) -> bool {
        // Mostly disjoint groups; some servers in none, some in both, some numbers of no server.
        let side = |v: usize| sides.get(v).map_or(v % 2, |&s| usize::from(s) % 12);
        let left: Vec<usize> =
            (0..=net.servers).rev().filter(|&v| side(v) < 6 || side(v) == 11).collect();
        let right: Vec<usize> =
            (0..=net.servers).filter(|&v| side(v) >= 6 && side(v) != 10).collect();
        let found = net.digraph().matching(&left, &right);
        found == brute_matching(&net, &left, &right)
            && found == net.digraph().matching(&right, &left)
    }
    law(prop as fn(Net, Vec<u8>) -> bool);
}

/// Sixty servers: deep search trees, long dominator paths, several hundred segments.
#[test]
fn large_graphs_equal_brute_force() {
    let mut g = Gen::from_size_and_seed(100, SEED);
    let mut pairs = 0;
    for case in 0..40 {
        let servers = 20 + below(&mut g, 41);
        let net = Net::random(&mut g, servers);
        let graph = net.digraph();
        assert_eq!(graph.islands(), brute_islands(&net, &[]), "case {case}: {net:?}");
        assert_eq!(graph.cut_servers(), brute_cut_servers(&net), "case {case}: {net:?}");
        assert_eq!(graph.cut_segments(), brute_cut_segments(&net), "case {case}: {net:?}");
        if case % 4 == 0 {
            let cuts = graph.two_server_cuts();
            pairs += cuts.len();
            assert_eq!(cuts, brute_two_server_cuts(&net), "case {case}: {net:?}");
        }
    }
    assert!(pairs > 100, "{pairs}");
}

#[test]
fn generator_is_not_vacuous() {
    let mut g = Gen::from_size_and_seed(100, SEED);
    let mut seen = [0_u32; 12];
    for _ in 0..CASES {
        let net = Net::arbitrary(&mut g);
        let islands = brute_islands(&net, &[]);
        let (servers, segments) = (brute_cut_servers(&net), brute_cut_segments(&net));
        let two_way = Net {
            servers: net.servers,
            segments: net.segments.iter().map(|&(a, b, _)| (a, b, Flow::Both)).collect(),
        };
        let two_way_servers = brute_cut_servers(&two_way);
        let removal: Vec<bool> =
            (0..net.servers).map(|v| brute_islands(&net, &[v]).len() <= 1).collect();
        let (left, right): (Vec<usize>, Vec<usize>) = (0..net.servers).partition(|v| v % 2 == 0);
        let ignored = (0..net.segments.len()).filter(|&i| !net.effective(i)).count();
        let facts = [
            !servers.is_empty(),
            !segments.is_empty(),
            !brute_two_server_cuts(&net).is_empty(),
            // Only directions make it a cut server: an undirected search would miss it.
            servers.iter().any(|v| !two_way_servers.contains(v)),
            // The first server of an island, where a search starts, is a cut server.
            islands.iter().any(|island| servers.contains(&island[0])),
            // A cut segment between two servers that are joined by a second segment: only
            // directions make it one.
            segments.iter().any(|&i| {
                let ends = |i: usize| {
                    net.segments[i].0.min(net.segments[i].1)
                        ..=net.segments[i].0.max(net.segments[i].1)
                };
                (0..net.segments.len()).any(|j| j != i && ends(j) == ends(i))
            }),
            islands.iter().filter(|island| island.len() > 1).count() > 1,
            islands.len() == 1 && net.servers > 3 && servers.is_empty(),
            islands.len() == 2 && removal.contains(&true),
            removal.contains(&false) && removal.contains(&true),
            brute_matching(&net, &left, &right).len() >= 2,
            ignored > 0,
        ];
        for (count, fact) in seen.iter_mut().zip(facts) {
            *count += u32::from(fact);
        }
    }
    assert!(seen.iter().all(|&count| count >= 50), "{seen:?}");
}

#[test]
fn a_further_two_way_segment_inside_an_island_never_creates_a_cut() {
    fn prop(net: Net, choice: usize) -> bool {
        let islands = brute_islands(&net, &[]);
        let pairs: Vec<(usize, usize)> = islands
            .iter()
            .flat_map(|island| island.iter().flat_map(|&a| island.iter().map(move |&b| (a, b))))
            .filter(|(a, b)| a != b)
            .collect();
        if pairs.is_empty() {
            return true;
        }
        let (a, b) = pairs[choice % pairs.len()];
        let mut more = net.clone();
        more.segments.push((a, b, Flow::Both));
        let (before, after) = (net.digraph(), more.digraph());
        let (servers, segments, pairs) =
            (before.cut_servers(), before.cut_segments(), before.two_server_cuts());
        after.islands() == before.islands()
            && after.cut_servers().iter().all(|v| servers.contains(v))
            && after.cut_segments().iter().all(|i| segments.contains(i))
            && after.two_server_cuts().iter().all(|pair| {
                pairs.contains(pair) || servers.contains(&pair.0) || servers.contains(&pair.1)
            })
    }
    law(prop as fn(Net, usize) -> bool);
}

#[test]
fn renaming_servers_renames_the_results() {
    fn prop(net: Net, seed: u64) -> bool {
        let names = Renaming::random(&mut Gen::from_size_and_seed(10, seed), net.servers);
        let (plain, renamed) = (net.digraph(), net.renamed(&names).digraph());
        let pairs: BTreeSet<(usize, usize)> = plain
            .two_server_cuts()
            .into_iter()
            .map(|(u, v)| (names.of(u).min(names.of(v)), names.of(u).max(names.of(v))))
            .collect();
        let (left, right): (Vec<usize>, Vec<usize>) = (0..net.servers).partition(|v| v % 2 == 0);
        let removal = renamed.every_single_removal();
        renamed.islands() == names.groups(&plain.islands())
            && renamed.cut_servers() == names.all(&plain.cut_servers())
            && renamed.cut_segments() == plain.cut_segments()
            && renamed.two_server_cuts() == pairs.into_iter().collect::<Vec<_>>()
            && plain
                .every_single_removal()
                .into_iter()
                .enumerate()
                .all(|(v, whole)| removal[names.of(v)] == whole)
            && renamed.matching(&names.all(&left), &names.all(&right))
                == plain.matching(&left, &right)
            && (0..net.servers).all(|v| {
                renamed.separated_by(names.of(v)) == names.groups(&plain.separated_by(v))
                    && renamed.peers(names.of(v)).suppliers == names.all(&plain.peers(v).suppliers)
                    && renamed.peers(names.of(v)).consumers == names.all(&plain.peers(v).consumers)
            })
    }
    law(prop as fn(Net, u64) -> bool);
}

#[test]
fn turning_every_segment_around_changes_only_suppliers_and_consumers() {
    fn prop(net: Net) -> bool {
        let around = Net {
            servers: net.servers,
            segments: net.segments.iter().map(|&(a, b, flow)| (a, b, reversed(flow))).collect(),
        };
        let (plain, around) = (net.digraph(), around.digraph());
        plain.islands() == around.islands()
            && plain.cut_servers() == around.cut_servers()
            && plain.cut_segments() == around.cut_segments()
            && plain.two_server_cuts() == around.two_server_cuts()
            && (0..net.servers).all(|v| plain.peers(v).suppliers == around.peers(v).consumers)
    }
    law(prop as fn(Net) -> bool);
}

#[test]
fn writing_a_segment_from_its_other_end_changes_nothing() {
    fn prop(net: Net) -> bool {
        let other = Net {
            servers: net.servers,
            segments: net.segments.iter().map(|&(a, b, flow)| (b, a, reversed(flow))).collect(),
        };
        let (plain, other) = (net.digraph(), other.digraph());
        plain.islands() == other.islands()
            && plain.cut_servers() == other.cut_servers()
            && plain.cut_segments() == other.cut_segments()
            && plain.two_server_cuts() == other.two_server_cuts()
            && (0..net.servers).all(|v| plain.peers(v) == other.peers(v))
    }
    law(prop as fn(Net) -> bool);
}

fn two_way(servers: usize, pairs: &[(usize, usize)]) -> Digraph {
    let segments: Vec<_> = pairs.iter().map(|&(a, b)| (a, b, Flow::Both)).collect();
    Digraph::new(servers, &segments)
}

#[test]
fn no_server() {
    let graph = Digraph::new(0, &[(0, 0, Flow::Both), (usize::MAX, 3, Flow::Forward)]);
    assert_eq!(graph.ignored(), [0, 1]);
    assert!(graph.is_connected());
    assert!(graph.islands().is_empty() && graph.islands_without(&[0]).is_empty());
    assert!(graph.cut_servers().is_empty() && graph.cut_segments().is_empty());
    assert!(graph.two_server_cuts().is_empty() && graph.every_single_removal().is_empty());
    assert!(graph.separated_by(0).is_empty() && graph.matching(&[0], &[1]).is_empty());
}

#[test]
fn lone_server() {
    let graph = Digraph::new(1, &[]);
    assert!(graph.is_connected());
    assert_eq!(graph.islands(), [[0]]);
    assert!(graph.islands_without(&[0]).is_empty() && graph.separated_by(0).is_empty());
    assert_eq!(graph.every_single_removal(), [true]);
    assert!(graph.cut_servers().is_empty());
}

#[test]
fn two_servers_have_a_cut_segment_and_no_cut_server() {
    let graph = two_way(2, &[(0, 1)]);
    assert_eq!(graph.cut_segments(), [0]);
    assert!(graph.cut_servers().is_empty());
    assert_eq!(graph.every_single_removal(), [true, true]);
}

#[test]
fn star() {
    // Wherever the center stands in the order.
    for center in 0..5 {
        let pairs: Vec<_> = (0..5).filter(|&v| v != center).map(|v| (v, center)).collect();
        let graph = two_way(5, &pairs);
        assert_eq!(graph.cut_servers(), [center]);
        assert_eq!(graph.cut_segments(), [0, 1, 2, 3]);
        assert!(graph.two_server_cuts().is_empty());
        assert_eq!(graph.separated_by(center).len(), 4);
        let whole: Vec<bool> = (0..5).map(|v| v != center).collect();
        assert_eq!(graph.every_single_removal(), whole);
    }
}

#[test]
fn line() {
    let graph = two_way(4, &[(0, 1), (1, 2), (2, 3)]);
    assert_eq!(graph.cut_servers(), [1, 2]);
    assert_eq!(graph.cut_segments(), [0, 1, 2]);
    assert_eq!(graph.separated_by(1), [vec![0], vec![2, 3]]);
}

#[test]
fn two_rings_joined_in_one_server() {
    let graph = two_way(5, &[(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2)]);
    assert_eq!(graph.cut_servers(), [2]);
    assert!(graph.cut_segments().is_empty());
    assert_eq!(graph.separated_by(2), [[0, 1], [3, 4]]);
}

#[test]
fn one_way_segment_in_a_ring() {
    // 0 ── 1 ── 2 ── 3 ─> 0: losing any two-way segment leaves no way back, losing the one-way
    // segment leaves the line.
    let flows = [(0, 1, Flow::Both), (1, 2, Flow::Both), (2, 3, Flow::Both), (3, 0, Flow::Forward)];
    let graph = Digraph::new(4, &flows);
    assert!(graph.is_connected());
    assert_eq!(graph.cut_servers(), [1, 2]);
    assert_eq!(graph.cut_segments(), [0, 1, 2]);
    assert_eq!(graph.separated_by(1), [vec![0], vec![2, 3]]);
}

#[test]
fn opposite_one_way_segments_are_two_segments() {
    let graph = Digraph::new(2, &[(0, 1, Flow::Forward), (1, 0, Flow::Forward)]);
    assert_eq!(graph.islands(), [[0, 1]]);
    assert_eq!(graph.cut_segments(), [0, 1]);
}

#[test]
fn doubled_segment_is_no_cut_segment() {
    // petgraph's `bridges` calls all three cut segments.
    let graph = two_way(3, &[(0, 1), (1, 0), (1, 2)]);
    assert_eq!(graph.cut_segments(), [2]);
    assert_eq!(graph.cut_servers(), [1]);
}

#[test]
fn data_centers_joined_in_one_server_have_a_matching_of_one() {
    let one_gate = two_way(6, &[(0, 1), (0, 3), (0, 4), (0, 5), (1, 2), (3, 4)]);
    assert_eq!(one_gate.matching(&[0, 1, 2], &[3, 4, 5]), [1]);
    let two_gates = two_way(6, &[(0, 1), (0, 3), (0, 4), (1, 3), (1, 2), (3, 4)]);
    assert_eq!(two_gates.matching(&[0, 1, 2], &[3, 4, 5]), [2, 3]);
}

#[test]
fn thousands_of_servers_in_a_line_do_not_overflow_the_stack() {
    let n = 5_000;
    let check = move || {
        for flow in [Flow::Both, Flow::Forward] {
            // Both: a line. Forward: a one-way line closed by a line back, so that the directed
            // search runs deep too.
            let mut segments: Vec<_> = (1..n).map(|v| (v - 1, v, flow)).collect();
            if flow == Flow::Forward {
                segments.extend((1..n).map(|v| (v, v - 1, Flow::Forward)));
            }
            let graph = Digraph::new(n, &segments);
            assert!(graph.is_connected());
            assert_eq!(graph.cut_servers(), (1..n - 1).collect::<Vec<_>>());
            assert_eq!(graph.cut_segments().len(), segments.len());
            let whole: Vec<bool> = (0..n).map(|v| v == 0 || v == n - 1).collect();
            assert_eq!(graph.every_single_removal(), whole);
            assert_eq!(graph.separated_by(1).len(), 2);
            assert!(graph.two_server_cuts().is_empty());
            let (left, right): (Vec<usize>, Vec<usize>) = (0..n).partition(|v| v % 2 == 0);
            assert_eq!(graph.matching(&left, &right).len(), n / 2);
        }
    };
    // An eighth of the stack that rustc gives a wasm32 module.
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(check).unwrap();
    thread.join().unwrap();
}

/// Every loss of up to three servers, as bits and by strongly connected components.
#[test]
fn servers_as_bits_give_what_the_graph_gives() {
    fn holds(net: Net) -> bool {
        let graph = Digraph::new(net.servers, &net.segments);
        let masks = Masks::of(&graph).expect("few servers");
        let mut fatal: Vec<Vec<usize>> = Vec::new();
        let mut losses: Vec<u64> =
            (0..1_u64 << net.servers).filter(|lost| (1..=3).contains(&lost.count_ones())).collect();
        losses.sort_by_key(|lost| lost.count_ones());
        for lost in losses {
            let servers: Vec<usize> = (0..net.servers).filter(|at| lost >> at & 1 == 1).collect();
            let splits = graph.islands_without(&servers).len() > 1;
            assert_eq!(masks.is_connected_without(lost), !splits, "{lost:b}");
            if splits && !fatal.iter().any(|set| set.iter().all(|at| servers.contains(at))) {
                fatal.push(servers);
            }
        }
        fatal.sort_by_key(|set| (set.len(), set.clone()));
        assert_eq!(masks.splitting_sets(3), fatal);
        true
    }
    law(holds as fn(Net) -> bool);
}
