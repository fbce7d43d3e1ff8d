//! JSON that nobody here invented: what the importers read of each file of the corpus, against the
//! truth that was written down by hand when the file was found.
//!
//! The corpus stays outside the repository. Where it is absent these tests say so and pass.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and ends where something is missing"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use audit_core::import::Imported;
use audit_core::model::{Agreement, AgreementKey, Observed, Role, RoleStatus, Suffix};
use tests::import;

use crate::corpus::corpus_or_skip;

fn read(root: &Path, names: &[&str]) -> Imported {
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (*name, fs::read(root.join(name)).unwrap())).collect();
    import(&files)
}

/// Codes of the notes with their lines and columns.
fn notes(imported: &Imported) -> Vec<String> {
    let number = |n: Option<u64>| n.map_or(String::new(), |n| format!(":{n}"));
    imported
        .deployment
        .notes
        .iter()
        .map(|note| format!("{}{}{}", note.code, number(note.line), number(note.column)))
        .collect()
}

/// Files that state facts here; the table of files that state nothing leaves them out.
pub(crate) fn states_facts(name: &str) -> bool {
    let healthcheck = ["01-", "02-", "03-", "04-", "05-", "06-", "10-"];
    name.starts_with("rendered/jsonrpc-")
        || healthcheck.iter().any(|n| name.starts_with(&format!("real/healthcheck/{n}")))
}

#[test]
fn json_rpc_by_the_real_encoder() {
    let Some(root) = corpus_or_skip("json_rpc_by_the_real_encoder") else { return };
    let everyone = [
        "backup01.ams.example.com",
        "ipa01.ams.example.com",
        "ipa01.fra.example.com",
        "ipa02.ams.example.com",
        "ipa02.fra.example.com",
    ];
    for (file, holds_ca) in [
        (
            "rendered/jsonrpc-batch.json",
            &["backup01.ams", "ipa01.ams", "ipa01.fra", "ipa02.ams"][..],
        ),
        // Enabled roles only.
        ("rendered/jsonrpc-server_find-all.json", &["ipa01.ams", "ipa01.fra", "ipa02.ams"]),
        (
            "rendered/jsonrpc-server_find-all-noversion.json",
            &["ipa01.ams", "ipa01.fra", "ipa02.ams"],
        ),
    ] {
        let imported = read(&root, &[file]);
        let deployment = &imported.deployment;
        let servers: Vec<&str> =
            deployment.servers.keys().map(audit_core::model::Fqdn::as_str).collect();
        assert_eq!(servers, everyone, "{file}");
        assert!(deployment.knows_all_servers(), "{file}");
        assert_eq!(deployment.ca.value().map(|mode| mode.name()), Some("integrated"), "{file}");
        let ca: Vec<String> = deployment
            .holders(Role::Ca)
            .into_iter()
            .map(|name| name.as_str().replace(".example.com", ""))
            .collect();
        assert_eq!(ca, holds_ca, "{file}");
    }
    let batch = read(&root, &["rendered/jsonrpc-batch.json"]);
    let domain = batch.deployment.topology(Suffix::Domain);
    assert!(domain.is_known());
    let links: Vec<String> = domain
        .segments
        .iter()
        .map(|s| format!("{} {} {}", s.key.left.short(), s.key.right.short(), s.key.direction))
        .collect();
    assert_eq!(
        links,
        [
            "backup01 ipa01 both",
            "ipa01 ipa01 both",
            "ipa01 ipa02 both",
            "ipa01 ipa02 both",
            "ipa02 ipa02 both"
        ]
    );
    assert!(batch.deployment.topology(Suffix::Ca).segments.is_empty());
    // The third call failed; who is hidden needs rows of the role IPA master.
    assert_eq!(notes(&batch), ["IMP026", "IMP030"]);
    let backup = batch.deployment.servers.iter().next().unwrap().1;
    assert_eq!(backup.role(Role::Ca).value(), Some(&RoleStatus::Hidden));
    let centers = read(&root, &["rendered/jsonrpc-server_find-all.json"]);
    let centers = centers.deployment.data_centers();
    assert_eq!(centers.keys().copied().collect::<Vec<_>>(), ["ams", "fra"]);
    assert_eq!(centers["ams"].len(), 3);
    let user = read(&root, &["real/jsonrpc/01-user-show-envelope.json"]);
    assert_eq!(notes(&user), ["IMP031"]);
}

/// `host=id` of every server, and the ids that no server owns, with the host they are ascribed to.
fn ids(observed: &Observed, suffix: Suffix) -> (Vec<String>, Vec<String>) {
    let ruvs = || observed.ruvs.iter().filter(|(key, _)| key.suffix == suffix);
    let own: Vec<String> = ruvs()
        .filter_map(|(key, ruv)| {
            Some(format!("{}={}", key.on.as_ref()?.short(), ruv.own_id.value()?))
        })
        .collect();
    let owned: BTreeSet<u16> = ruvs().filter_map(|(_, ruv)| ruv.own_id.value().copied()).collect();
    let dangling: BTreeSet<String> = ruvs()
        .flat_map(|(_, ruv)| &ruv.replicas)
        .filter(|(id, _)| !owned.contains(id))
        .map(|(id, element)| format!("{}={id}", element.host.value().unwrap()))
        .collect();
    (own, dangling.into_iter().collect())
}

#[test]
fn three_servers_and_their_replica_ids() {
    let Some(root) = corpus_or_skip("three_servers_and_their_replica_ids") else { return };
    let set = |name: &str, first: usize| -> Vec<String> {
        ["ipa", "replica1", "replica2"]
            .iter()
            .enumerate()
            .map(|(at, host)| {
                format!("real/healthcheck/{:02}-three-masters-{name}-{host}.json", first + at)
            })
            .collect()
    };
    for (files, dangling) in
        [(set("ok", 1), &[][..]), (set("bad-ipa-ruv", 4), &["replica1.ipa.example=9"][..])]
    {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let imported = read(&root, &files);
        let deployment = &imported.deployment;
        let observed = &deployment.observed;
        let domain = ids(observed, Suffix::Domain);
        assert_eq!(domain.0, ["ipa=4", "replica1=3", "replica2=7"], "{files:?}");
        assert_eq!(domain.1, dangling, "{files:?}");
        let ca = ids(observed, Suffix::Ca);
        assert_eq!(ca.0, ["ipa=6", "replica1=5", "replica2=8"], "{files:?}");
        assert!(ca.1.is_empty(), "{files:?}");
        assert_eq!(deployment.ca.value().map(|mode| mode.name()), Some("integrated"));
        assert!(deployment.knows_all_servers(), "{files:?}");
        assert_eq!(deployment.servers.len(), 3);
        for (name, server) in &deployment.servers {
            assert_eq!(server.version.value().map(String::as_str), Some("4.8.4"), "{name}");
            assert_eq!(observed.server_views[name].value().unwrap().len(), 3, "{name}");
        }
        assert_eq!(notes(&imported), ["IMP026"], "{files:?}");
    }
}

#[test]
fn other_files_of_healthcheck() {
    let Some(root) = corpus_or_skip("other_files_of_healthcheck") else { return };
    let one = read(&root, &["real/healthcheck/10-one-master-no-replication.json"]);
    let servers: Vec<&str> =
        one.deployment.servers.keys().map(audit_core::model::Fqdn::as_str).collect();
    assert_eq!(servers, ["ipa.ipa.example"]);
    assert!(one.deployment.knows_all_servers());
    assert!(one.deployment.observed.ruvs.is_empty());
    assert_eq!(notes(&one), ["IMP026"]);
    // The name of the server is in a certificate only, which is no identity.
    let subset = read(&root, &["real/healthcheck/12-real-single-server-healthy-subset.json"]);
    assert!(subset.deployment.servers.is_empty());
    assert_eq!(subset.deployment.ca.value().map(|mode| mode.name()), Some("integrated"));
    assert_eq!(notes(&subset), ["IMP022"]);
    // What documentation shows is no JSON: refused, with the place.
    let comma = read(&root, &["real/healthcheck/14-readme-dna-trailing-comma.json"]);
    assert_eq!(notes(&comma), ["IMP006:10:3"]);
    let unquoted = read(&root, &["real/healthcheck/16-rhel-doc-topology-error-invalid.json"]);
    assert_eq!(notes(&unquoted), ["IMP006:5:11"]);
    assert!(unquoted.deployment.notes[0].help.is_some());
}

/// A file of the laboratory, in which every server is called `localhost`, with names in their place
/// and the command line before it.
fn with_names(root: &Path, name: &str, command: &str) -> Imported {
    let mut text = fs::read_to_string(root.join(name)).unwrap();
    for n in 1..=3 {
        text = text.replace(&format!("localhost:1391{n}"), &format!("s{n}.example.test:389"));
    }
    for (from, to) in [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)] {
        let ends = format!("s{from}.example.test-to-s{to}.example.test");
        text = text.replace(&format!("\"s{from}-to-s{to}\""), &format!("\"{ends}\""));
    }
    import(&[("session.txt", format!("$ {command}\n{text}"))])
}

fn agreements(imported: &Imported) -> Vec<String> {
    let text = |(key, agreement): (&AgreementKey, &Agreement)| {
        let on = match agreement.enabled.value() {
            Some(true) => "on",
            Some(false) => "off",
            None => "?",
        };
        let state = agreement.state.value().map_or("?", |state| state.name());
        format!("{} {} {}: {on} {state}", key.on.short(), key.peer.short(), key.suffix)
    };
    imported.deployment.observed.agreements.iter().map(text).collect()
}

#[test]
fn states_of_a_real_directory_server() {
    let Some(root) = corpus_or_skip("states_of_a_real_directory_server") else { return };
    let status = |server: &str| {
        format!(
            "dsconf ldap://{server}.example.test --json replication status --suffix \
             dc=example,dc=test"
        )
    };
    for (file, server, expected) in [
        (
            "real389/01-healthy-ring3/replication-status-s1.json",
            "s1",
            &["s1 s2 domain: on ok", "s1 s3 domain: on ok"],
        ),
        (
            "real389/02-agreement-s2-to-s3-disabled/replication-status-s2.json",
            "s2",
            &["s2 s1 domain: on ok", "s2 s3 domain: off ?"],
        ),
        (
            "real389/04-generation-mismatch-after-ipa-style-restore-of-s1/\
             replication-status-s1.json",
            "s1",
            &["s1 s2 domain: on other_generation", "s1 s3 domain: on other_generation"],
        ),
    ] {
        let imported = with_names(&root, file, &status(server));
        assert_eq!(agreements(&imported), expected, "{file}");
        assert_eq!(imported.deployment.observed.agreement_lists.len(), 1, "{file}");
        assert!(notes(&imported).is_empty(), "{file}: {:?}", imported.deployment.notes);
    }
    let file = "real389/01-healthy-ring3/replication-monitor-s1.json";
    let monitor = with_names(&root, file, "dsconf ldap://s1.example.test -j replication monitor");
    // Busy is what a healthy ring shows, too; the monitor calls four of these out of sync.
    let all = agreements(&monitor);
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(all.iter().all(|a| a.ends_with(": on ok") || a.ends_with(": on busy")), "{all:?}");
    assert_eq!(ids(&monitor.deployment.observed, Suffix::Domain).0, ["s1=1", "s2=2", "s3=3"]);
    assert_eq!(monitor.deployment.observed.agreement_lists.len(), 3);
    let file = "real389/06-s3-removed-ruv-not-cleaned/get-ruv-s1.json";
    let command =
        "dsconf ldap://s1.example.test -j replication get-ruv --suffix dc=example,dc=test";
    let ruv = with_names(&root, file, command);
    let (_, dangling) = ids(&ruv.deployment.observed, Suffix::Domain);
    assert_eq!(dangling, ["s1.example.test=1", "s2.example.test=2", "s3.example.test=3"]);
    let ruvs = &ruv.deployment.observed.ruvs;
    assert_eq!(ruvs.keys().next().unwrap().on.as_ref().unwrap().short(), "s1");
}

/// The text that the same commands print without `--json`.
#[test]
fn text_of_dsconf() {
    let Some(root) = corpus_or_skip("text_of_dsconf") else { return };
    let file = "real/dsconf/01-repl-agmt-status-not-in-sync-green.txt";
    let alone = read(&root, &[file]);
    assert_eq!(notes(&alone), ["IMP022:1"]);
    assert!(alone.deployment.observed.agreements.is_empty());
    let command =
        "dsconf ldap://ldap01.kryukov.local repl-agmt status --suffix dc=kryukov,dc=local";
    let named = with_names(&root, file, command);
    // Green, enabled, and a quarter of an hour behind: the last update itself succeeded.
    assert_eq!(agreements(&named), ["ldap01 ldap02 domain: on ok"]);
    let file = "real389/01-healthy-ring3/replication-monitor-s1.txt";
    let monitor = with_names(&root, file, "dsconf ldap://s1.example.test replication monitor");
    let json = "real389/01-healthy-ring3/replication-monitor-s1.json";
    let json = with_names(&root, json, "dsconf ldap://s1.example.test -j replication monitor");
    assert_eq!(agreements(&monitor), agreements(&json));
    let ids = |imported: &Imported| ids(&imported.deployment.observed, Suffix::Domain);
    assert_eq!(ids(&monitor), ids(&json));
}

/// Servers on one machine: the agreements' names tell them apart, where the suffix is shown.
#[test]
fn agreements_of_a_laboratory() {
    let Some(root) = corpus_or_skip("agreements_of_a_laboratory") else { return };
    let file = "real389/02-agreement-s2-to-s3-disabled/repl-agmt-list-s2.json";
    let shown: Vec<String> = agreements(&read(&root, &[file]));
    assert_eq!(shown, ["s2 s1 domain: on ok", "s2 s3 domain: off ?"]);
    // The replica is "localhost:13911", but rows name their supplier, and the root their suffix.
    for kind in ["json", "txt"] {
        let file = format!("real389/01-healthy-ring3/replication-monitor-s1.{kind}");
        let monitor = read(&root, &[&file]);
        assert_eq!(agreements(&monitor).len(), 6, "{file}");
        assert!(monitor.deployment.observed.agreement_lists.is_empty(), "{file}");
    }
    // One dictionary per line, as dsconf prints where JSON was not asked for.
    let file = "real389/01-healthy-ring3/replication-status-s1.txt";
    let status = read(&root, &[file]);
    let says = |text: &str| status.deployment.notes.iter().any(|n| n.message.starts_with(text));
    assert!(says("2 agreement(s)"));
}

/// `localhost` and files without a command line name no server: nothing is stated, and the note
/// says how many of the agreements show a fault.
#[test]
fn files_of_a_laboratory_name_no_server() {
    let Some(root) = corpus_or_skip("files_of_a_laboratory_name_no_server") else { return };
    for (file, codes, says) in [
        ("lab389/09-dsconf-repl-agmt-status.json", &["IMP022"][..], "0 disabled, 0 with"),
        ("lab389/10-dsctl-healthcheck.json", &["IMP040"], "DSREPLLE0005 (1)"),
        (
            "real389/02-agreement-s2-to-s3-disabled/replication-status-s2.json",
            &["IMP022"],
            "1 disabled, 0 with",
        ),
        (
            "real389/04-generation-mismatch-after-ipa-style-restore-of-s1/\
             replication-status-s1.json",
            &["IMP022"],
            "0 disabled, 2 with",
        ),
        ("real389/06-s3-removed-ruv-not-cleaned/get-ruv-s1.json", &["IMP019"], "which suffix"),
    ] {
        let imported = read(&root, &[file]);
        let deployment = &imported.deployment;
        assert!(deployment.servers.is_empty() && deployment.observed.agreements.is_empty());
        assert!(deployment.observed.ruvs.is_empty(), "{file}");
        assert_eq!(notes(&imported), codes, "{file}: {:?}", deployment.notes);
        assert!(deployment.notes.iter().any(|note| note.message.contains(says)), "{file}");
    }
}
