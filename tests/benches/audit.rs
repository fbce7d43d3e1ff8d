//! Measures a whole audit of the largest supported deployment, beside judging every loss of three
//! servers one by one.
//!
//! ```text
//! cargo bench --workspace --bench audit
//! ```
//!
//! 60 servers in four data centers, two suffixes, four copies; the model comes as JSON. The time of
//! the audit contains all rules, all families of disasters and the grade; import and output are
//! measured apart. Before anything is timed, the family of triples must list what judging all of
//! them finds. A missed goal ends the program with code 1.

#![expect(clippy::disallowed_types, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use audit_core::audit;
use audit_core::cases::{FAMILIES, Judge};
use audit_core::model::{Deployment, Fqdn};
use audit_core::recovery::{Case, Fault};
use audit_core::report::json;

const GOAL: Duration = Duration::from_millis(50);

fn main() {
    let files = [("model.json", sixty_servers())];
    let imported = tests::import(&files);
    let deployment = &imported.deployment;
    let listed = triples_of_the_family(deployment);
    let started = Instant::now();
    let worse = triples_one_by_one(deployment);
    let one_by_one = started.elapsed();
    assert_eq!(listed, worse);
    let family = median(|| {
        black_box(triples_of_the_family(deployment));
    });
    let whole = median(|| {
        black_box(audit(&imported, &tests::options()));
    });
    let import = median(|| {
        black_box(tests::import(&files));
    });
    let report = audit(&imported, &tests::options());
    let output = median(|| {
        black_box(json::render(&report));
    });
    let cases: usize = report.scenarios.iter().map(|scenario| scenario.cases.len()).sum();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let mut table = String::new();
    let _ = writeln!(table, "60 servers, two suffixes, four copies, {cases} cases");
    let _ = writeln!(table, "audit              {:>8.1} ms (goal: under {GOAL:?})", ms(whole));
    let _ = writeln!(table, "import             {:>8.1} ms", ms(import));
    let _ = writeln!(table, "JSON               {:>8.1} ms", ms(output));
    let _ = writeln!(table, "triples, by stakes {:>8.1} ms", ms(family));
    let _ = writeln!(
        table,
        "triples, each judged {:>6.1} ms, {:.0}x",
        ms(one_by_one),
        ms(one_by_one) / ms(family)
    );
    print!("{table}");
    if whole > GOAL {
        println!("goal MISSED");
        std::process::exit(1);
    }
}

fn median(run: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort();
    times.get(7).copied().unwrap_or_default()
}

fn triples_of_the_family(deployment: &Deployment) -> BTreeSet<Case> {
    let family = FAMILIES.iter().filter(|family| family.id == "lose-three");
    family.flat_map(|family| (family.cases)(deployment).unwrap_or_default()).collect()
}

/// Every triple that ends worse than each of its pairs.
fn triples_one_by_one(deployment: &Deployment) -> BTreeSet<Case> {
    let judge = Judge::new(deployment);
    let names: Vec<&Fqdn> = deployment.servers.keys().collect();
    let lose =
        |of: &[&Fqdn]| Case::of(Fault::Lose(of.iter().map(|name| (*name).clone()).collect()));
    let rank = |of: &[&Fqdn]| judge.judge(&lose(of)).map(|judged| judged.outcome.rank());
    let mut worse = BTreeSet::new();
    for (at, one) in names.iter().enumerate() {
        for (next, two) in names.iter().enumerate().skip(at + 1) {
            for three in names.iter().skip(next + 1) {
                let all = rank(&[one, two, three]);
                let pairs = [[one, two], [one, three], [two, three]];
                if pairs.iter().all(|[first, second]| rank(&[first, second]) < all) {
                    worse.insert(lose(&[one, two, three]));
                }
            }
        }
    }
    worse
}

/// A model of 60 servers in four data centers: rings with chords, 20 CA replicas, three with a KRA.
fn sixty_servers() -> String {
    let host = |at: usize| format!("ipa{at:02}.example.test");
    let mut servers = Vec::new();
    for at in 0..60 {
        let of = |holds: bool| if holds { "enabled" } else { "absent" };
        servers.push(format!(
            r#"{{"fqdn": "{}", "data_center": "dc{}", "visibility": "visible", "version": "4.12.2",
               "crl_publisher": {}, "roles": {{"ipa_master": "enabled", "ca": "{}", "kra": "{}",
               "dns": "enabled", "ad_trust_controller": "absent", "ad_trust_agent": "absent"}}}}"#,
            host(at),
            at / 15,
            at == 0,
            of(at % 3 == 0),
            of(at < 9 && at % 3 == 0)
        ));
    }
    let segments = |of: Vec<usize>| {
        let mut list = Vec::new();
        for (at, left) in of.iter().enumerate() {
            let chord = (at % 2 == 0).then_some(of.len() / 4);
            for step in [Some(1), chord].into_iter().flatten() {
                let right = of.get((at + step) % of.len()).copied().unwrap_or_default();
                list.push(format!(
                    r#"{{"name": "s{left}-{right}", "left": "{}", "right": "{}",
                       "direction": "both"}}"#,
                    host(*left),
                    host(right)
                ));
            }
        }
        format!(r#"{{"known": true, "segments": [{}]}}"#, list.join(", "))
    };
    let snapshots = [30, 45].map(|at| {
        format!(
            r#"{{"id": "s{at}", "vm": "v{at}", "host": "{}", "taken_at": "2026-11-20T00:00:00Z",
               "powered_off": true, "full": true, "store": "vault"}}"#,
            host(at)
        )
    });
    let backups = [0, 30].map(|at| {
        format!(
            r#"{{"id": "b{at}", "host": "{}", "kind": "full", "taken_at": "2026-11-20T00:00:00Z",
               "roles": ["CA"], "version": "4.12.2", "encrypted": false, "complete": true,
               "store": "vault", "path": "/backup/b{at}"}}"#,
            host(at)
        )
    });
    format!(
        r#"{{"schema": "idm-drill/deployment/1", "servers": [{}], "ca": "integrated",
           "ca_renewal_server": "{}", "domain_level": 1,
           "suffixes": {{"domain": {}, "ca": {}}}, "snapshots": [{}], "backups": [{}],
           "stores": [{{"id": "vault", "medium": "tape"}}], "keys": []}}"#,
        servers.join(", "),
        host(0),
        segments((0..60).collect()),
        segments((0..60).step_by(3).collect()),
        snapshots.join(", "),
        backups.join(", ")
    )
}
