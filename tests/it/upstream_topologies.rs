//! The topologies that FreeIPA's own integration tests install (ipatests, "topology layouts"): what
//! the audit says of each. The layouts are worked out here from their descriptions there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use audit_core::report::Status;
use audit_core::score::judge_all;
use audit_core::views::Views;
use insta::assert_snapshot;
use tests::generate::{Plan, PlannedSegment, PlannedServer};
use tests::{audit_files, import, options};

/// Pairs of joined servers; server 0 is the first one installed.
type Edges = Vec<(usize, usize)>;

/// Every server joined to the first.
fn star(count: usize) -> Edges {
    (1..count).map(|server| (0, server)).collect()
}

/// One behind the other.
fn line(count: usize) -> Edges {
    (1..count).map(|server| (server - 1, server)).collect()
}

/// Each with each.
fn complete(servers: &[usize]) -> Edges {
    let pairs = |(at, left): (usize, &usize)| {
        servers[at + 1..].iter().map(|right| (*left, *right)).collect::<Edges>()
    };
    servers.iter().enumerate().flat_map(pairs).collect()
}

/// Two below each, level by level.
fn tree(count: usize) -> Edges {
    (1..count).map(|server| ((server - 1) / 2, server)).collect()
}

/// One beside the first, the rest in a line behind it.
fn tree2(count: usize) -> Edges {
    let behind = |server: usize| if server <= 2 { 0 } else { server - 1 };
    (1..count).map(|server| (behind(server), server)).collect()
}

/// A square that grows: each pair at its rim gets a common neighbor, and two more squares.
fn two_connected(count: usize) -> Edges {
    let mut edges = vec![(0, 1), (0, 2), (2, 3), (1, 3)];
    let mut rim = vec![(0, 2), (1, 3)];
    let mut next = 4;
    let mut at = 0;
    while next < count {
        let (left, right) = rim[at];
        at += 1;
        let top = next;
        next += 1;
        for side in [left, right] {
            edges.push((side, top));
            edges.push((side, next));
            edges.push((top, next + 1));
            edges.push((next, next + 1));
            rim.push((next, next + 1));
            next += 2;
        }
    }
    edges.retain(|(left, right)| left.max(right) < &count);
    edges
}

/// Sites of six in a circle: two of each face the next two sites, four are a mesh behind them.
fn double_circle(sites: usize) -> Edges {
    const SITE: usize = 6;
    let mut edges = Vec::new();
    for site in 0..sites {
        let of = |site: usize| (site % sites) * SITE;
        let (first, second) = (of(site), of(site) + 1);
        edges.push((first, second));
        edges.push((second, of(site + 1)));
        edges.push((second, of(site + 2)));
        let inner: Vec<usize> = (first + 2..first + SITE).collect();
        edges.push((first, first + 2));
        edges.extend(complete(&inner));
        edges.push((second, first + SITE - 1));
    }
    edges
}

/// Both suffixes alike, every server with the CA: what these tests install.
fn plan(count: usize, edges: &Edges) -> Plan {
    let segments: Vec<PlannedSegment> = edges
        .iter()
        .map(|(left, right)| PlannedSegment { left: *left, right: *right, direction: "both" })
        .collect();
    let roles = ["absent", "absent", "enabled", "absent", "enabled", "absent"];
    let servers = vec![PlannedServer { roles, center: 0 }; count];
    Plan { servers, domain: segments.clone(), ca: segments }
}

fn report(count: usize, edges: &Edges) -> String {
    let files = plan(count, edges).as_text();
    let imported = import(&files);
    let views = Views::new(&imported.deployment, options().as_of);
    let domain = &views.of(audit_core::model::Suffix::Domain).certain;
    let mut out = format!("{count} servers, {} segments per suffix\n", edges.len());
    let _ = writeln!(
        out,
        "cut servers {}, cut segments {}",
        domain.cut_servers().len(),
        domain.cut_segments().len()
    );
    let report = audit_files(&files);
    for finding in report.findings.iter().filter(|finding| finding.status == Status::Fail) {
        let subjects: Vec<&str> =
            finding.subjects.iter().map(|name| name.split('.').next().unwrap_or(name)).collect();
        let suffix = finding.suffix.map_or(String::new(), |suffix| format!(" [{suffix}]"));
        let _ = writeln!(
            out,
            "{} {}{suffix}: {}",
            finding.severity,
            finding.meta.code,
            subjects.join(" ")
        );
    }
    let passed: BTreeSet<&str> = judge_all(&imported.deployment, options().as_of)
        .iter()
        .filter(|rule| rule.status() == Status::Pass)
        .map(|rule| rule.meta.code)
        .collect();
    let _ = writeln!(out, "pass: {}", passed.into_iter().collect::<Vec<_>>().join(" "));
    out
}

#[test]
fn layouts_of_upstream_tests() {
    let everyone: Vec<usize> = (0..5).collect();
    let layouts: [(&str, usize, Edges); 7] = [
        ("star", 4, star(4)),
        ("line", 4, line(4)),
        ("complete", 5, complete(&everyone)),
        ("tree", 8, tree(8)),
        ("tree2", 6, tree2(6)),
        ("2-connected", 34, two_connected(34)),
        ("double-circle", 30, double_circle(5)),
    ];
    for (name, count, edges) in layouts {
        let distinct: BTreeSet<(usize, usize)> =
            edges.iter().map(|(left, right)| (*left.min(right), *left.max(right))).collect();
        assert_eq!(distinct.len(), edges.len(), "{name}: an edge twice");
        assert_snapshot!(format!("layout-{name}"), report(count, &edges));
    }
}

/// What the names promise.
#[test]
fn layouts_are_what_they_are_called() {
    let cuts = |count: usize, edges: &Edges| {
        let imported = import(&plan(count, edges).as_text());
        let views = Views::new(&imported.deployment, options().as_of);
        views.of(audit_core::model::Suffix::Domain).certain.cut_servers().len()
    };
    assert_eq!(cuts(34, &two_connected(34)), 0);
    assert_eq!(cuts(30, &double_circle(5)), 0);
    assert_eq!(cuts(4, &line(4)), 2);
    let degree = |edges: &Edges, server: usize| {
        edges.iter().filter(|(left, right)| *left == server || *right == server).count()
    };
    assert!((0..34).all(|server| (2..=4).contains(&degree(&two_connected(34), server))));
}
