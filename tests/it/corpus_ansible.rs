//! Inventories and playbooks that nobody here invented, against the truth that was written down by
//! hand when the file was found.
//!
//! The corpus stays outside the repository. Where it is absent these tests say so and pass.

#![expect(
    clippy::disallowed_methods,
    reason = "a test reads files, says what it skips, and ends where something is missing"
)]

use std::fs;

use audit_core::import::Imported;
use audit_core::model::{CaMode, Role, RoleStatus, Suffix};
use audit_core::note::NoteCode;
use tests::import;

use crate::bad_input::all_outputs;
use crate::corpus::corpus_or_skip;

/// `host: role=status`, absent roles left out.
fn servers(imported: &Imported) -> Vec<String> {
    let servers = imported.deployment.servers.iter();
    servers
        .map(|(name, server)| {
            let roles = Role::ALL.into_iter().filter_map(|role| {
                let status = server.role(role).value()?;
                (*status != RoleStatus::Absent).then(|| format!(" {}", role.key()))
            });
            format!("{name}:{}", roles.collect::<String>())
        })
        .collect()
}

fn codes(imported: &Imported) -> Vec<String> {
    let line = |line: Option<u64>| line.map_or(String::new(), |line| format!(":{line}"));
    let notes = imported.deployment.notes.iter();
    notes.map(|note| format!("{}{}", note.code, line(note.line))).collect()
}

#[test]
fn ansible_files_of_others_become_their_truth() {
    let Some(root) = corpus_or_skip("ansible_files_of_others_become_their_truth") else { return };
    let read = |name: &str| {
        let bytes = fs::read(root.join("real/ansible").join(name)).unwrap();
        let imported = import(&[(name, &bytes)]);
        let printed = all_outputs(&imported);
        for secret in ["password1", "SomeADMINpassword", "SomeDMpassword", "ipa_dm_password"] {
            assert!(!printed.contains(secret), "{name} prints {secret}");
        }
        imported
    };
    // The first server with a CA by default, a replica without; clients are no servers.
    let cluster = read("01-upstream-hosts-cluster.ini");
    assert_eq!(
        servers(&cluster),
        ["ipareplica1.test.local: ipa_master", "ipaserver.test.local: ipa_master ca"]
    );
    assert!(cluster.deployment.knows_all_servers());
    assert_eq!(cluster.deployment.ca.value(), Some(&CaMode::Integrated));
    assert_eq!(codes(&cluster), [""; 0]);
    // ipaservers names a server that is there already; nothing says what it has.
    let replica = read("02-upstream-hosts-replica.ini");
    assert_eq!(servers(&replica), ["ipareplica1.test.local: ipa_master", "ipaserver.test.local:"]);
    let existing = replica.deployment.servers.values().last().unwrap();
    assert!(existing.roles.is_empty());
    assert!(!replica.deployment.knows_all_servers());
    assert_eq!(codes(&replica), ["IMP026"]);
    // That the CA is externally signed stands in the playbook.
    let external = read("04-upstream-external-ca.ini");
    assert_eq!(servers(&external), ["ipaserver.test.local: ipa_master ca"]);
    assert_eq!(external.deployment.observed.ca_signing.value(), None);
    assert_eq!(codes(&external), [""; 0]);
    let topology = read("05-upstream-add-topologysegments.yml");
    assert!(topology.deployment.servers.is_empty());
    let segments = |suffix| -> Vec<String> {
        let segments = &topology.deployment.topology(suffix).segments;
        segments.iter().map(|s| format!("{} {}", s.key.left.short(), s.key.right.short())).collect()
    };
    assert_eq!(
        segments(Suffix::Domain),
        ["replica1 replica2", "replica2 replica3", "replica3 replica4", "replica4 replica1"]
    );
    assert_eq!(segments(Suffix::Ca), ["replica4 replica1"]);
    assert_eq!(codes(&topology), [""; 0]);
    // The author's wrong variable leaves the replica without AD trust.
    let wrong = read("07-yaml-cluster-inventory-wrong-var.yml");
    assert_eq!(
        servers(&wrong),
        [
            "rep-01.fed.ipa.test: ipa_master ca kra dns",
            "server.fed.ipa.test: ipa_master ca kra dns ad_trust_controller ad_trust_agent",
        ]
    );
    assert!(wrong.deployment.knows_all_servers());
    assert_eq!(codes(&wrong), ["IMP100:49"]);
    let note = wrong.deployment.notes.iter().find(|n| n.code == NoteCode::UnknownVariable).unwrap();
    assert!(note.help.as_ref().unwrap().contains("ipareplica_setup_adtrust"), "{note:?}");
    // Groups below hosts: are hosts to Ansible; the domain is not that of the replica.
    let mistake = read("08-yaml-groups-under-hosts-mistake.yml");
    assert_eq!(servers(&mistake), ["rep-01.fed.ipa.test: ipa_master ca kra dns"]);
    assert!(!mistake.deployment.knows_all_servers());
    assert_eq!(codes(&mistake), ["IMP103:5", "IMP103:6", "IMP103:7", "IMP109:15", "IMP100:26"]);
}
