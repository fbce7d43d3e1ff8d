//! LDIF of `cn=config` that nobody here invented: what the importers read of it, against the truth
//! that was written down by hand when it was made.
//!
//! The corpus stays outside the repository. Where it is absent these tests say so and pass.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and ends where something is missing"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use audit_core::evidence::Fact;
use audit_core::import::Imported;
use audit_core::model::Observed;
use audit_core::report::Status;
use tests::import;

use crate::corpus::corpus_or_skip;

use crate::bad_input::all_outputs;

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn codes(imported: &Imported) -> Vec<&'static str> {
    let codes: BTreeSet<&str> =
        imported.deployment.notes.iter().map(|note| note.code.code()).collect();
    codes.into_iter().collect()
}

fn shown<T: ToString>(fact: &Fact<T>) -> String {
    match fact {
        Fact::Unknown => "?".to_owned(),
        Fact::Known { value, .. } => value.to_string(),
        Fact::Conflict(claims) => {
            let values: Vec<String> = claims.keys().map(ToString::to_string).collect();
            values.join("/")
        }
    }
}

/// `supplier suffix consumer enabled state`
fn agreements(observed: &Observed) -> Vec<String> {
    let rows = observed.agreements.iter().map(|(key, agreement)| {
        let (on, peer) = (&key.on, &key.peer);
        let (enabled, state) = (shown(&agreement.enabled), shown(&agreement.state));
        format!("{on} {} {peer} {enabled} {state}", key.suffix)
    });
    rows.collect()
}

/// `server suffix own-id generation: id=host …`
fn ruvs(observed: &Observed) -> Vec<String> {
    let mut rows = Vec::new();
    for (key, ruv) in &observed.ruvs {
        let on = key.on.as_ref().map_or("?", |on| on.as_str());
        let mut row =
            format!("{on} {} {} {}:", key.suffix, shown(&ruv.own_id), shown(&ruv.generation));
        for (id, element) in &ruv.replicas {
            let _ = write!(row, " {id}={}", shown(&element.host));
        }
        rows.push(row);
    }
    rows
}

/// `server suffix`
fn lists(observed: &Observed) -> Vec<String> {
    observed.agreement_lists.keys().map(|(on, suffix)| format!("{on} {suffix}")).collect()
}

/// The lab's three servers ran on one machine; here each gets the name that its port stands for.
fn with_names(text: &str, server: usize) -> String {
    let mut text = text
        .replace("nsslapd-localhost: localhost", &format!("nsslapd-localhost: {}", name(server)));
    for other in 1..=3 {
        text = text.replace(&format!("localhost:1391{other}"), &format!("{}:389", name(other)));
        text = text.replace(
            &format!("nsDS5ReplicaHost: localhost\nnsDS5ReplicaPort: 1391{other}"),
            &format!("nsDS5ReplicaHost: {}\nnsDS5ReplicaPort: 389", name(other)),
        );
    }
    text
}

fn name(server: usize) -> String {
    format!("s{server}.example.test")
}

/// What the export script would have written on each server of a state of the lab.
fn bundles(state: &Path, servers: &[usize]) -> Vec<(String, String)> {
    let bundle = |server: &usize| {
        let part = |kind: &str| with_names(&text(&state.join(format!("{kind}.ldif"))), *server);
        let host = name(*server);
        let replica = part(&format!("replica-s{server}"));
        let agreements = part(&format!("agreements-s{server}-LLL-operational"));
        let ruv = part(&format!("ruv-tombstone-s{server}"));
        let text = format!(
            "=== meta rc=0 ===\nformat: idm-drill/export/1\nhost: {host}\n\
             time: 2026-11-22T03:20:00Z\n\
             === ldif:agreements rc=0 ===\n{replica}{agreements}\
             === ldif:ruv:dc=example,dc=test rc=0 ===\n{ruv}=== end rc=0 ===\n"
        );
        (format!("{host}.txt"), text)
    };
    servers.iter().map(bundle).collect()
}

/// A state of the lab: facts as they were made, not as any tool prints them.
struct Truth {
    state: &'static str,
    servers: &'static [usize],
    agreements: &'static [&'static str],
    ruvs: &'static [&'static str],
}

/// The generation of the first installation.
const FIRST: &str = "6b025ca4000000010000";

/// Replicas of all three servers.
const ALL: &str = "1=s1.example.test 2=s2.example.test 3=s3.example.test";

#[test]
fn states_of_the_lab() {
    let Some(root) = corpus_or_skip("states_of_the_lab") else { return };
    for truth in [
        Truth {
            state: "01-healthy-ring3",
            servers: &[1, 2, 3],
            // A busy consumer is normal in a healthy ring.
            agreements: &[
                "s1.example.test domain s2.example.test true ok",
                "s1.example.test domain s3.example.test true ok",
                "s2.example.test domain s1.example.test true ok",
                "s2.example.test domain s3.example.test true ok",
                "s3.example.test domain s1.example.test true ok",
                "s3.example.test domain s2.example.test true busy",
            ],
            ruvs: &[
                "s1.example.test domain 1 GEN: ALL",
                "s2.example.test domain 2 GEN: ALL",
                "s3.example.test domain 3 GEN: ALL",
            ],
        },
        // The status is "Error (0)" and the color green: only the attribute shows it.
        Truth {
            state: "02-agreement-s2-to-s3-disabled",
            servers: &[1, 2, 3],
            agreements: &[
                "s1.example.test domain s2.example.test true ok",
                "s1.example.test domain s3.example.test true ok",
                "s2.example.test domain s1.example.test true ok",
                "s2.example.test domain s3.example.test false ?",
                "s3.example.test domain s1.example.test true ok",
                "s3.example.test domain s2.example.test true ok",
            ],
            ruvs: &[
                "s1.example.test domain 1 GEN: ALL",
                "s2.example.test domain 2 GEN: ALL",
                "s3.example.test domain 3 GEN: ALL",
            ],
        },
        // s1 was restored: another generation, which all others refuse, in both directions.
        Truth {
            state: "04-generation-mismatch-after-ipa-style-restore-of-s1",
            servers: &[1, 2, 3],
            agreements: &[
                "s1.example.test domain s2.example.test true other_generation",
                "s1.example.test domain s3.example.test true other_generation",
                "s2.example.test domain s1.example.test true other_generation",
                "s2.example.test domain s3.example.test true busy",
                "s3.example.test domain s1.example.test true other_generation",
                "s3.example.test domain s2.example.test true ok",
            ],
            ruvs: &[
                "s1.example.test domain 1 6b025d0c000000010000: 1=s1.example.test",
                "s2.example.test domain 2 GEN: ALL",
                "s3.example.test domain 3 GEN: ALL",
            ],
        },
        // s3 is gone, and its replica id 3 is still in every RUV.
        Truth {
            state: "06-s3-removed-ruv-not-cleaned",
            servers: &[1, 2],
            agreements: &[
                "s1.example.test domain s2.example.test true ok",
                "s2.example.test domain s1.example.test true ok",
            ],
            ruvs: &[
                "s1.example.test domain 1 6b025d0c000000010000: ALL",
                "s2.example.test domain 2 6b025d0c000000010000: ALL",
            ],
        },
    ] {
        let state = root.join("real389").join(truth.state);
        let imported = import(&bundles(&state, truth.servers));
        let observed = &imported.deployment.observed;
        assert_eq!(agreements(observed), truth.agreements, "{}", truth.state);
        let expected: Vec<String> =
            truth.ruvs.iter().map(|row| row.replace("GEN", FIRST).replace("ALL", ALL)).collect();
        assert_eq!(ruvs(observed), expected, "{}", truth.state);
        let all: Vec<String> =
            truth.servers.iter().map(|server| format!("{} domain", name(*server))).collect();
        assert_eq!(lists(observed), all, "{}", truth.state);
        assert_eq!(imported.deployment.servers.len(), truth.servers.len());
        // Nothing but that roles were not exported.
        assert_eq!(codes(&imported), ["IMP026"], "{:?}", imported.deployment.notes);

        // The servers' dse.ldif: the same agreements, without any state.
        let files: Vec<(String, String)> = truth
            .servers
            .iter()
            .map(|server| {
                let path = state.join(format!("dse-s{server}.ldif"));
                (
                    format!("s{server}/etc/dirsrv/slapd-LAB/dse.ldif"),
                    with_names(&text(&path), *server),
                )
            })
            .collect();
        let imported = import(&files);
        let observed = &imported.deployment.observed;
        let stateless: Vec<String> = truth
            .agreements
            .iter()
            .map(|row| format!("{} ?", row.rsplit_once(' ').unwrap().0))
            .collect();
        assert_eq!(agreements(observed), stateless, "{}", truth.state);
        assert_eq!(lists(observed), all, "{}", truth.state);
        let own: Vec<String> =
            truth.servers.iter().map(|id| format!("{} domain {id} ?:", name(*id))).collect();
        assert_eq!(ruvs(observed), own, "{}", truth.state);
        assert_eq!(codes(&imported), ["IMP026", "IMP071"], "{:?}", imported.deployment.notes);
        let out = all_outputs(&imported);
        for secret in ["PBKDF2", "{AES-", "Secret123", "ReplPass123"] {
            assert!(!out.contains(secret), "{}: {secret}", truth.state);
        }
    }
}

/// Every file of a state, as the lab wrote it. All servers were on `localhost`, so the names of the
/// agreements tell them apart, and no export lists them: what is wrong is found all the same.
#[test]
fn states_of_the_lab_as_they_are() {
    let Some(root) = corpus_or_skip("states_of_the_lab_as_they_are") else { return };
    let other_generation = "Suffix domain has databases of 2 generations, which refuse each other: \
                            s2, s3 | s1.";
    let refused = "(refused: the databases are of different generations)";
    // The lab set no age of its changelogs, and no purge delay, as a server of this version comes.
    let [kept_three, kept_two] = [&["s1", "s2", "s3"][..], &["s1", "s2"]].map(|servers| {
        let each = |words: &str| {
            servers.iter().map(|name| format!("{name} {words}")).collect::<Vec<_>>().join(" ")
        };
        let grows = each(
            "keeps changes of suffix domain without end: its changelog grows until the disk is \
             full.",
        );
        let differs =
            each("keeps changes of suffix domain without end, and deleted entries for 7d.");
        [format!("REP004 {grows}"), format!("REP005 {differs}")]
    });
    for (state, expected) in [
        // A busy consumer, "Not in Synchronization ... State (green)": no fault.
        ("01-healthy-ring3", &[][..]),
        // "Error (0)", "State (green)": only the attribute shows it.
        (
            "02-agreement-s2-to-s3-disabled",
            &["REP001 Agreements of s2 in suffix domain do not work: to s3 (disabled)."],
        ),
        (
            "04-generation-mismatch-after-ipa-style-restore-of-s1",
            &[
                &format!("REP002 {other_generation}") as &str,
                &format!(
                    "REP001 Agreements of s1 in suffix domain do not work: to s2 {refused}, \
                     to s3 {refused}."
                ),
                &format!("REP001 Agreements of s2 in suffix domain do not work: to s1 {refused}."),
                &format!("REP001 Agreements of s3 in suffix domain do not work: to s1 {refused}."),
            ],
        ),
        (
            "06-s3-removed-ruv-not-cleaned",
            &["REP003 Replica ids in the RUV of suffix domain: 3 without a host, which no server \
               that replicates has."],
        ),
    ] {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(root.join("real389").join(state))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
            .collect();
        files.sort();
        let report = tests::audit_files(&files);
        let found: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.status == Status::Fail)
            .map(|finding| format!("{} {}", finding.meta.code, finding.why))
            .collect();
        let kept = if state.starts_with("06-") { &kept_two } else { &kept_three };
        let (of_upkeep, others): (Vec<String>, Vec<String>) =
            found.into_iter().partition(|finding| kept.contains(finding));
        assert_eq!(others, expected, "{state}");
        assert_eq!(of_upkeep, *kept, "{state}");
    }
}

#[test]
fn files_of_the_first_lab() {
    let Some(root) = corpus_or_skip("files_of_the_first_lab") else { return };
    let read = |file: &str, named: &str| {
        import(&[(named.to_owned(), text(&root.join("lab389").join(file)))])
    };
    // A server that never answered, and one on localhost, which is no name.
    let file = "02-agreements-star-with-credentials.ldif";
    let imported = read(file, "agreements-ipa01.ams.example.com.ldif");
    let observed = &imported.deployment.observed;
    let dead = "ipa01.ams.example.com domain ipa09.dead.example.com true unreachable";
    assert_eq!(agreements(observed), [dead]);
    assert!(observed.agreements.values().all(|agreement| agreement.updated_at.is_none()));
    assert_eq!(ruvs(observed), ["ipa01.ams.example.com domain 4 ?:"]);
    assert_eq!(lists(observed), [""; 0]);
    assert_eq!(codes(&imported), ["IMP024", "IMP026", "IMP032", "IMP070"]);
    // The same without a name that tells the server.
    assert_eq!(codes(&read(file, file)), ["IMP024", "IMP032", "IMP057"]);
    // A name is not believed where it cannot be: a server has no agreement with itself.
    let imported = read(file, "agreements-ipa09.dead.example.com.ldif");
    assert_eq!(agreements(&imported.deployment.observed), [""; 0]);

    let imported =
        read("06-agreements-allowlist-nowrap.ldif", "agreements-ipa01.ams.example.com.ldif");
    assert_eq!(agreements(&imported.deployment.observed), [dead]);

    let imported = read("03-ruv-tombstone-search.ldif", "x.ldif");
    assert_eq!(ruvs(&imported.deployment.observed), ["? domain ? 6b025b39000000040000: 4=?"]);
    let imported = read("07-db2ldif-replication-export-userRoot.ldif", "x.ldif");
    assert_eq!(ruvs(&imported.deployment.observed), ["? domain ? 6b025b39000000040000: 4=?"]);
    let ruv = imported.deployment.observed.ruvs.values().next().unwrap();
    assert_eq!(ruv.replicas[&4].max_csn.as_deref(), Some("6b025b57000000040000"));

    // Two servers under one name: two generations, and one of them knows two replicas.
    let imported = read("11-ruv-two-servers-different-generation.ldif", "x.ldif");
    assert_eq!(
        ruvs(&imported.deployment.observed),
        ["? domain ? 6b025b39000000040000/6b025b80000000040000: 3=? 4=?"]
    );

    // Two agreements are missing: whoever cut the file out missed their folded DN.
    let imported =
        read("12-dse-ldif-replica-entry-after-stop.ldif", "dse-ipa01.ams.example.com.ldif");
    assert_eq!(ruvs(&imported.deployment.observed), ["ipa01.ams.example.com domain 4 ?:"]);
    assert_eq!(lists(&imported.deployment.observed), [""; 0]);
    assert!(codes(&imported).contains(&"IMP012"));
}

#[test]
fn collected_files() {
    let Some(root) = corpus_or_skip("collected_files") else { return };
    let read = |file: &str| import(&[(file.to_owned(), text(&root.join("real/ldif").join(file)))]);

    let imported = read("01-real-ruv-4.13-two-node-folded.ldif");
    let observed = &imported.deployment.observed;
    assert_eq!(
        ruvs(observed),
        ["? domain ? 6aaeef39000000040000: 3=ipa-b.ruvlab.test 4=ipa-a.ruvlab.test"]
    );
    let ruv = observed.ruvs.values().next().unwrap();
    assert_eq!(ruv.replicas[&4].max_csn.as_deref(), Some("6aaeef94000500040000"));
    assert_eq!(codes(&imported), ["IMP057"]);

    let imported = read("05-dna-posix-ids-extended-comments.ldif");
    let dna = &imported.deployment.observed.dna;
    let left: Vec<String> =
        dna.iter().map(|(host, dna)| format!("{host} {:?}", dna.remaining.value())).collect();
    assert_eq!(left, ["replica.ipa.realm Some(0)"]);

    // The body of a modification names no entry.
    let imported = read("07-ruv-changelog-three-ids-two-hosts.ldif");
    assert_eq!(ruvs(&imported.deployment.observed), [""; 0]);

    let path = root.join("real389/ipa-shape-one-server/locations-base64.ldif");
    let imported = import(&[("locations.ldif", text(&path))]);
    let locations: Vec<&String> = imported.deployment.observed.locations.keys().collect();
    assert_eq!(locations, ["Zurich", "dc1", "dc2"]);
}
