//! Measures the graph views against a traversal per loss and against petgraph, on the same graphs
//! in the same run.
//!
//! ```text
//! cargo bench --bench views
//! ```
//!
//! Times are medians of several rounds and contain building the graph from the list of segments;
//! only the traversals of 5,000 servers (one round) and the answers of the last table start from a
//! graph already built. Before a case is timed, all ways must give the same answer. The last line
//! of a table says whether its goal is met; a missed goal ends the program with code 1.
//!
//! - *traversals*: one breadth-first search forward and one backward per lost server, segment or
//!   pair, on plain neighbor lists. Answers the same question.
//! - *petgraph*: `articulation_points` on an undirected copy without parallel segments, and for 60
//!   servers also `connected_components`, `bridges`, and `articulation_points` once per lost
//!   server. Right only where all segments flow both ways and none is doubled, so only there it is
//!   compared.

#![expect(clippy::disallowed_types, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use audit_core::views::digraph::{Digraph, Flow};
use audit_core::views::masks::Masks;
use petgraph::algo::articulation_points::articulation_points;
use petgraph::algo::{bridges, connected_components};
use petgraph::graph::{NodeIndex, UnGraph};

type Segments = Vec<(usize, usize, Flow)>;

const GOAL_60: Duration = Duration::from_millis(5);
const GOAL_LOSSES: Duration = Duration::from_millis(100);
const GOAL_5000: Duration = Duration::from_millis(100);

fn main() {
    let met = [
        deployment_of_60(),
        every_small_loss_among_60(),
        every_loss_among_5000(),
        other_answers_among_5000(),
    ];
    if !met.into_iter().all(|met| met) {
        std::process::exit(1);
    }
}

/// Connectivity after every loss of up to four of 60 servers: as bits, and with petgraph's
/// components of a filtered graph per loss. petgraph looks at losses of up to three; four are
/// fourteen times as many.
fn every_small_loss_among_60() -> bool {
    println!("60 servers: connectivity after every loss of up to three and four servers");
    println!(
        "{:<16} {:>12} {:>12} {:>14} {:>8}",
        "", "up to 3, ms", "up to 4, ms", "petgraph 3, ms", "ratio"
    );
    let one_way = |mut segments: Segments| {
        segments.extend([(0, 30, Flow::Forward), (15, 45, Flow::Backward)]);
        segments
    };
    let cases = [
        ("ring + chords", ring_and_chords(60, 15)),
        ("ring + one-way", one_way(ring(60))),
        ("4 data centers", data_centers(4, 15, 3)),
        ("line", line(60)),
    ];
    let mut met = true;
    for (name, segments) in &cases {
        let graph = Digraph::new(60, segments);
        let Some(masks) = Masks::of(&graph) else { return false };
        let splits = |most: u32| {
            let mut count = 0_u32;
            each_loss(60, most, |lost| count += u32::from(!masks.is_connected_without(lost)));
            count
        };
        let started = Instant::now();
        let mut expected = 0_u32;
        each_loss(60, 3, |lost| {
            let servers: Vec<usize> = (0..60).filter(|at| lost >> at & 1 == 1).collect();
            expected += u32::from(graph.islands_without(&servers).len() > 1);
        });
        let petgraph = started.elapsed();
        assert_eq!(splits(3), expected, "{name}");
        let three = median(5, || {
            black_box(splits(3));
        });
        let four = median(3, || {
            black_box(splits(4));
        });
        met &= four < GOAL_LOSSES;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{name:<16} {:>12.2} {:>12.2} {:>14.1} {:>7.0}x",
            ms(three),
            ms(four),
            ms(petgraph),
            ms(petgraph) / ms(three)
        );
    }
    println!("goal of {GOAL_LOSSES:?} for up to four: {}\n", if met { "met" } else { "MISSED" });
    met
}

/// Every loss of one to `most` servers.
fn each_loss(servers: u32, most: u32, mut look: impl FnMut(u64)) {
    fn more(from: u32, servers: u32, left: u32, lost: u64, look: &mut impl FnMut(u64)) {
        for at in from..servers {
            look(lost | 1 << at);
            if left > 1 {
                more(at + 1, servers, left - 1, lost | 1 << at, look);
            }
        }
    }
    more(0, servers, most, 0, &mut look);
}

/// Cut servers, cut segments, two-server cuts and connectivity, suffixes `domain` and `ca`
/// together.
fn deployment_of_60() -> bool {
    println!(
        "60 servers, two suffixes: connectivity + cut servers + cut segments + two-server cuts"
    );
    heading();
    let one_way = |mut segments: Segments| {
        segments.extend([(0, 30, Flow::Forward), (15, 45, Flow::Backward)]);
        segments
    };
    let cases = [
        ("ring + chords", ring_and_chords(60, 15), ring_and_chords(20, 5)),
        ("ring + one-way", one_way(ring_and_chords(60, 15)), ring(60)),
        ("4 data centers", data_centers(4, 15, 3), data_centers(4, 5, 2)),
        ("4 DCs + one-way", one_way(data_centers(4, 15, 3)), one_way(data_centers(4, 15, 1))),
        ("line", line(60), line(60)),
    ];
    let mut met = true;
    for (name, domain, ca) in &cases {
        let suffixes = [domain, ca];
        for segments in suffixes {
            let (graph, plain) = (Digraph::new(60, segments), Plain::new(60, segments));
            assert_eq!(graph.is_connected(), plain.is_whole(&[], None), "{name}");
            assert_eq!(graph.cut_servers(), plain.cut_servers(), "{name}");
            assert_eq!(graph.cut_segments(), plain.cut_segments(), "{name}");
            assert_eq!(graph.two_server_cuts(), plain.two_server_cuts(), "{name}");
        }
        let ours = median(200, || {
            for segments in suffixes {
                let graph = Digraph::new(60, black_box(segments));
                black_box((
                    graph.is_connected(),
                    graph.cut_servers(),
                    graph.cut_segments(),
                    graph.two_server_cuts(),
                ));
            }
        });
        let traversals = median(5, || {
            for segments in suffixes {
                let plain = Plain::new(60, black_box(segments));
                black_box((
                    plain.is_whole(&[], None),
                    plain.cut_servers(),
                    plain.cut_segments(),
                    plain.two_server_cuts(),
                ));
            }
        });
        let both_ways = suffixes.iter().all(|segments| all_both(segments));
        let petgraph = both_ways.then(|| {
            for segments in suffixes {
                let graph = Digraph::new(60, segments);
                let (servers, segments, pairs) = with_petgraph(60, segments);
                assert_eq!(graph.cut_servers(), servers, "{name}");
                assert_eq!(graph.cut_segments().len(), segments, "{name}");
                assert_eq!(graph.two_server_cuts(), pairs, "{name}");
            }
            median(50, || {
                for segments in suffixes {
                    black_box(with_petgraph(60, black_box(segments)));
                }
            })
        });
        row(name, ours, Some(traversals), petgraph);
        met &= ours <= GOAL_60;
    }
    verdict("each under 5 ms", met)
}

fn every_loss_among_5000() -> bool {
    println!("5,000 servers: is the rest in one piece, for the loss of each server");
    heading();
    let mut met = true;
    for (name, segments) in large() {
        let graph = Digraph::new(5_000, &segments);
        let plain = Plain::new(5_000, &segments);
        let removal = graph.every_single_removal();
        let start = Instant::now();
        let expected: Vec<bool> = (0..5_000).map(|v| plain.is_whole(&[v], None)).collect();
        let traversals = start.elapsed();
        assert_eq!(removal, expected, "{name}");
        let petgraph = all_both(&segments).then(|| {
            let cuts = articulations(&undirected(5_000, &segments));
            assert_eq!(graph.cut_servers(), cuts, "{name}");
            median(11, || {
                black_box(articulations(&undirected(5_000, black_box(&segments))));
            })
        });
        let ours = median(21, || {
            black_box(Digraph::new(5_000, black_box(&segments)).every_single_removal());
        });
        row(name, ours, Some(traversals), petgraph);
        met &= ours <= GOAL_5000;
    }
    verdict("each under 100 ms", met)
}

/// No comparison, no goal: how the other answers grow.
fn other_answers_among_5000() -> bool {
    println!("5,000 servers: other answers, milliseconds");
    println!(
        "{:<18} {:>8} {:>12} {:>13} {:>9}",
        "", "build", "cut servers", "cut segments", "matching"
    );
    let (left, right): (Vec<usize>, Vec<usize>) = (0..5_000).partition(|v| v % 2 == 0);
    for (name, segments) in large() {
        let graph = Digraph::new(5_000, &segments);
        let times = [
            median(11, || {
                black_box(Digraph::new(5_000, black_box(&segments)));
            }),
            median(11, || {
                black_box(graph.cut_servers());
            }),
            median(11, || {
                black_box(graph.cut_segments());
            }),
            median(5, || {
                black_box(graph.matching(&left, &right));
            }),
        ];
        let [build, servers, segments, matching] = times.map(|time| time.as_secs_f64() * 1e3);
        println!("{name:<18} {build:>8.2} {servers:>12.2} {segments:>13.2} {matching:>9.2}");
    }
    true
}

fn large() -> Vec<(&'static str, Segments)> {
    let n = 5_000;
    let mut one_way_ring = ring(n);
    one_way_ring[0].2 = Flow::Forward;
    let mut chords_one_way = ring_and_chords(n, 1_250);
    for segment in chords_one_way.iter_mut().skip(n) {
        segment.2 = Flow::Forward;
    }
    let ladder = (1..n / 2)
        .flat_map(|i| [(i - 1, i, Flow::Both), (n / 2 + i - 1, n / 2 + i, Flow::Both)])
        .chain((0..n / 2).map(|i| (i, n / 2 + i, Flow::Both)))
        .collect();
    let directed_ladder = (1..n / 2)
        .flat_map(|i| [(i - 1, i, Flow::Forward), (n / 2 + i - 1, n / 2 + i, Flow::Backward)])
        .chain((0..n / 2).map(|i| (i, n / 2 + i, Flow::Both)))
        .collect();
    vec![
        ("ring", ring(n)),
        ("ring, 1 one-way", one_way_ring),
        ("ring + chords", ring_and_chords(n, 1_250)),
        ("  chords one-way", chords_one_way),
        ("line", line(n)),
        ("ladder", ladder),
        ("  rails one-way", directed_ladder),
        ("random degree 4", random(n, 2, &[Flow::Both])),
        ("random degree 8", random(n, 4, &[Flow::Both])),
        ("  any direction", random(n, 4, &[Flow::Both, Flow::Forward, Flow::Backward])),
        (
            "4 hubs x all",
            (4..n).flat_map(|v| (0..4).map(move |hub| (hub, v, Flow::Both))).collect(),
        ),
        ("star", (1..n).map(|v| (0, v, Flow::Both)).collect()),
    ]
}

fn line(n: usize) -> Segments {
    (1..n).map(|v| (v - 1, v, Flow::Both)).collect()
}

fn ring(n: usize) -> Segments {
    (0..n).map(|v| (v, (v + 1) % n, Flow::Both)).collect()
}

fn ring_and_chords(n: usize, chords: usize) -> Segments {
    let mut segments = ring(n);
    segments.extend((0..chords).map(|k| {
        let v = k * n / chords;
        (v, (v + n / 3 + k % 5) % n, Flow::Both)
    }));
    segments
}

/// Rings of `size` servers with chords, and `links` segments between each data center and the next.
fn data_centers(count: usize, size: usize, links: usize) -> Segments {
    let mut segments = Segments::new();
    for dc in 0..count {
        let first = dc * size;
        segments.extend(
            ring_and_chords(size, size / 3)
                .iter()
                .map(|&(a, b, flow)| (first + a, first + b, flow)),
        );
        let next = (dc + 1) % count * size;
        segments.extend((0..links).map(|k| (first + k, next + size - 1 - k, Flow::Both)));
    }
    segments
}

/// Every server starts `degree` segments to servers picked by a fixed generator.
fn random(n: usize, degree: usize, flows: &[Flow]) -> Segments {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % limit
    };
    (0..n * degree).map(|i| (i / degree, below(n), flows[below(flows.len())])).collect()
}

fn all_both(segments: &[(usize, usize, Flow)]) -> bool {
    segments.iter().all(|segment| segment.2 == Flow::Both)
}

fn undirected(n: usize, segments: &[(usize, usize, Flow)]) -> UnGraph<(), ()> {
    let mut pairs: Vec<(u32, u32)> = segments
        .iter()
        .filter(|(a, b, _)| a != b)
        .map(|&(a, b, _)| (a.min(b) as u32, a.max(b) as u32))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut graph = UnGraph::with_capacity(n, pairs.len());
    for _ in 0..n {
        graph.add_node(());
    }
    graph.extend_with_edges(pairs);
    graph
}

fn articulations(graph: &UnGraph<(), ()>) -> Vec<usize> {
    let found = articulation_points(graph);
    let mut cuts: Vec<usize> = found.into_iter().map(NodeIndex::index).collect();
    cuts.sort_unstable();
    cuts
}

/// Cut servers, number of cut segments and two-server cuts with petgraph's own means.
fn with_petgraph(
    n: usize,
    segments: &[(usize, usize, Flow)],
) -> (Vec<usize>, usize, Vec<(usize, usize)>) {
    let graph = undirected(n, segments);
    black_box(connected_components(&graph));
    let cuts = articulations(&graph);
    let mut pairs = Vec::new();
    for u in (0..n).filter(|u| !cuts.contains(u)) {
        // Not `NodeFiltered`: `articulation_points` indexes out of bounds on it.
        let mut rest = graph.clone();
        rest.retain_edges(|rest, edge| {
            let ends = rest.edge_endpoints(edge);
            ends.is_some_and(|(a, b)| a.index() != u && b.index() != u)
        });
        let second = articulations(&rest).into_iter();
        pairs.extend(second.filter(|v| u < *v && !cuts.contains(v)).map(|v| (u, v)));
    }
    (cuts, bridges(&graph).count(), pairs)
}

/// One traversal forward and one backward per question. Right for graphs that are in one piece to
/// begin with.
struct Plain {
    /// Per server: (neighbor, segment).
    out: Vec<Vec<(usize, usize)>>,
    into: Vec<Vec<(usize, usize)>>,
    segments: usize,
    /// Whether a server has any segment: servers outside the suffix are no part of the question for
    /// 60 servers.
    member: Vec<bool>,
}

impl Plain {
    fn new(n: usize, segments: &[(usize, usize, Flow)]) -> Self {
        let mut plain = Self {
            out: vec![Vec::new(); n],
            into: vec![Vec::new(); n],
            segments: segments.len(),
            member: vec![false; n],
        };
        for (i, &(a, b, flow)) in segments.iter().enumerate() {
            for (from, to, flows) in [(a, b, flow != Flow::Backward), (b, a, flow != Flow::Forward)]
            {
                if flows {
                    plain.out[from].push((to, i));
                    plain.into[to].push((from, i));
                    plain.member[from] = true;
                }
            }
        }
        plain
    }

    fn is_whole(&self, lost: &[usize], lost_segment: Option<usize>) -> bool {
        self.one_piece(lost, lost_segment, |_| true)
    }

    fn members_are_whole(&self, lost: &[usize], lost_segment: Option<usize>) -> bool {
        self.one_piece(lost, lost_segment, |v| self.member[v])
    }

    fn one_piece(
        &self,
        lost: &[usize],
        lost_segment: Option<usize>,
        counts: impl Fn(usize) -> bool,
    ) -> bool {
        let n = self.out.len();
        let mut alive = (0..n).filter(|&v| counts(v) && !lost.contains(&v));
        let Some(start) = alive.next() else {
            return true;
        };
        let wanted = 1 + alive.count();
        [&self.out, &self.into].into_iter().all(|lists| {
            let mut seen = vec![false; n];
            for &v in lost {
                seen[v] = true;
            }
            seen[start] = true;
            let mut queue = vec![start];
            let mut at = 0;
            while let Some(&v) = queue.get(at) {
                at += 1;
                for &(to, segment) in &lists[v] {
                    if !seen[to] && Some(segment) != lost_segment {
                        seen[to] = true;
                        queue.push(to);
                    }
                }
            }
            queue.len() == wanted
        })
    }

    fn cut_servers(&self) -> Vec<usize> {
        (0..self.out.len()).filter(|&v| !self.members_are_whole(&[v], None)).collect()
    }

    fn cut_segments(&self) -> Vec<usize> {
        (0..self.segments).filter(|&i| !self.members_are_whole(&[], Some(i))).collect()
    }

    fn two_server_cuts(&self) -> Vec<(usize, usize)> {
        let cuts = self.cut_servers();
        let free: Vec<usize> = (0..self.out.len()).filter(|v| !cuts.contains(v)).collect();
        let pairs = free.iter().flat_map(|&u| free.iter().map(move |&v| (u, v)));
        pairs.filter(|&(u, v)| u < v && !self.members_are_whole(&[u, v], None)).collect()
    }
}

fn median(rounds: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2]
}

fn heading() {
    println!(
        "{:<18} {:>10} {:>12} {:>8} {:>12} {:>8}",
        "", "ours ms", "traversals", "ratio", "petgraph", "ratio"
    );
}

fn row(name: &str, ours: Duration, traversals: Option<Duration>, petgraph: Option<Duration>) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let cells = |time: Option<Duration>| match time {
        Some(time) => format!("{:>12.3} {:>7.1}x", ms(time), ms(time) / ms(ours)),
        None => format!("{:>12} {:>8}", "-", "-"),
    };
    println!("{name:<18} {:>10.3} {} {}", ms(ours), cells(traversals), cells(petgraph));
}

fn verdict(goal: &str, met: bool) -> bool {
    println!("goal: {goal}: {}\n", if met { "met" } else { "MISSED" });
    met
}
