//! Every documented scenario (B1 to B30) on a deployment that survives it and on one that does not.
//!
//! What is expected was written by hand from the documents, not taken from the product.

use std::fmt::Write;

use audit_core::cases::{CaseOutcome, Judge};
use audit_core::model::Role;
use audit_core::recovery::{Action, Case, Procedure, Runbook, TABLE, VARIANTS};
use tests::as_of;

/// A deployment of servers `a.example.test` and so on, each joined to every other.
#[derive(Clone, Copy)]
struct Site {
    /// Name, roles beside IPA master, data center.
    servers: &'static [(&'static str, &'static str, &'static str)],
    /// The CA renewal server.
    renewal: &'static str,
    /// Copies: what each is, of which server, when, and what is said of it.
    copies: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Servers with ids to hand out.
    ids: &'static [&'static str],
    /// How long changelogs keep changes on all servers; nothing is known of it if empty.
    kept: &'static str,
}

/// Two CA replicas of three, no copies.
const THREE: Site = Site {
    servers: &[("a", "ca", "north"), ("b", "ca", "south"), ("c", "", "south")],
    renewal: "a",
    copies: &[],
    ids: &[],
    kept: "",
};

/// One CA.
const ONE_CA: Site =
    Site { servers: &[("a", "ca", "north"), ("b", "", "south"), ("c", "", "south")], ..THREE };

/// The KRA on one server only.
const ONE_KRA: Site = Site {
    servers: &[("a", "ca", "north"), ("b", "ca", "south"), ("c", "ca kra", "south")],
    ..THREE
};

/// No CA.
const CA_LESS: Site = Site {
    servers: &[("a", "", "north"), ("b", "", "south"), ("c", "", "south")],
    renewal: "",
    ..THREE
};

const SNAPSHOT_A: &[(&str, &str, &str, &str)] = &[("snapshot", "a", "2026-11-20", "")];
const SNAPSHOT_B: &[(&str, &str, &str, &str)] = &[("snapshot", "b", "2026-11-20", "")];
const SNAPSHOT_C: &[(&str, &str, &str, &str)] = &[("snapshot", "c", "2026-11-20", "")];
const FULL_A: &[(&str, &str, &str, &str)] = &[("full", "a", "2026-11-20", "")];
const DATA_A: &[(&str, &str, &str, &str)] = &[("data", "a", "2026-11-20", "")];
const LOCKED_A: &[(&str, &str, &str, &str)] = &[("full", "a", "2026-11-20", "encrypted")];
const BROKEN_A: &[(&str, &str, &str, &str)] = &[("full", "a", "2026-11-20", "incomplete")];
const OWN_DISK_A: &[(&str, &str, &str, &str)] = &[("full", "a", "2026-11-20", "own-disk")];

fn json(site: &Site) -> String {
    let full = |name: &str| format!("{name}.example.test");
    let mut servers = Vec::new();
    for (name, roles, center) in site.servers {
        let mut server = format!(
            r#"{{"fqdn": "{}", "data_center": "{center}", "visibility": "visible", "version":
               "4.12.2", "crl_publisher": {}, "roles": {{"ipa_master": "enabled""#,
            full(name),
            *name == site.renewal
        );
        for role in ["ca", "kra", "dns", "ad_trust_controller", "ad_trust_agent"] {
            let held = roles.split(' ').any(|held| held == role);
            let _ = write!(server, r#", "{role}": "{}""#, if held { "enabled" } else { "absent" });
        }
        servers.push(server + "}}");
    }
    let segments = |among: Vec<&str>| {
        let mut list = Vec::new();
        for (index, left) in among.iter().enumerate() {
            for right in among.iter().skip(index + 1) {
                list.push(format!(
                    r#"{{"name": "{left}-{right}", "left": "{}", "right": "{}",
                       "direction": "both"}}"#,
                    full(left),
                    full(right)
                ));
            }
        }
        format!(r#"{{"known": true, "segments": [{}]}}"#, list.join(", "))
    };
    let all = site.servers.iter().map(|(name, ..)| *name).collect();
    let with_ca = site.servers.iter().filter(|(_, roles, _)| roles.contains("ca"));
    let with_ca: Vec<&str> = with_ca.map(|(name, ..)| *name).collect();
    let ca = if with_ca.is_empty() { "none" } else { "integrated" };
    let mut snapshots = Vec::new();
    let mut backups = Vec::new();
    for (kind, of, day, flag) in site.copies {
        let store = if *flag == "own-disk" { "disk-a" } else { "vault" };
        let roles = site.servers.iter().find(|(name, ..)| name == of).expect("a server").1;
        let roles: Vec<String> = roles
            .split(' ')
            .filter(|r| !r.is_empty())
            .map(|r| format!("{:?}", r.to_uppercase()))
            .collect();
        if *kind == "snapshot" {
            snapshots.push(format!(
                r#"{{"id": "s-{of}", "vm": "{of}", "host": "{}", "taken_at": "{day}T00:00:00Z",
                   "powered_off": true, "full": true, "store": "{store}"}}"#,
                full(of)
            ));
        } else {
            backups.push(format!(
                r#"{{"id": "b-{of}", "host": "{}", "kind": "{kind}", "taken_at":
                   "{day}T00:00:00Z", "roles": [{}], "version": "4.12.2", "encrypted": {}, "key":
                   {}, "complete": {}, "store": "{store}", "path": "/backup/b-{of}"}}"#,
                full(of),
                roles.join(", "),
                *flag == "encrypted",
                if *flag == "encrypted" { r#""k1""# } else { "null" },
                *flag != "incomplete"
            ));
        }
    }
    let ids: Vec<String> = site
        .ids
        .iter()
        .map(|name| {
            format!(
                r#"{{"fqdn": "{}", "range": {{"first": 1000, "last": 2000}}, "next_range": "none",
                   "remaining": 1001}}"#,
                full(name)
            )
        })
        .collect();
    let kept = site.servers.iter().filter(|_| !site.kept.is_empty());
    let upkeep: Vec<String> = kept
        .flat_map(|(name, _, _)| ["domain", "ca"].map(|suffix| (full(name), suffix)))
        .map(|(name, suffix)| {
            let age = site.kept;
            format!(r#"{{"on": "{name}", "suffix": "{suffix}", "changelog_max_age": "{age}"}}"#)
        })
        .collect();
    let renewal = if site.renewal.is_empty() {
        "null".to_owned()
    } else {
        format!("{:?}", full(site.renewal))
    };
    format!(
        r#"{{"schema": "idm-drill/deployment/1", "servers": [{}],
           "ca": "{ca}", "ca_renewal_server": {renewal}, "domain_level": 1,
           "suffixes": {{"domain": {}, "ca": {}}}, "snapshots": [{}], "backups": [{}],
           "stores": [{{"id": "vault", "medium": "tape"}}, {{"id": "disk-a", "host": "{}"}}],
           "keys": [{{"id": "k1", "locations": ["safe"]}}], "dna_ranges": [{}], "upkeep": [{}]}}"#,
        servers.join(", "),
        segments(all),
        segments(with_ca),
        snapshots.join(", "),
        backups.join(", "),
        full("a"),
        ids.join(", "),
        upkeep.join(", ")
    )
}

fn judged(site: &Site, case: &str) -> (CaseOutcome, Option<Runbook>) {
    let imported = tests::import(&[("model.json", json(site))]);
    let errors: Vec<_> = imported.deployment.notes.iter().map(|n| n.message.clone()).collect();
    assert!(imported.deployment.knows_all_servers(), "{errors:?}");
    // Host names are short in the table.
    let mut whole = String::new();
    let mut rest = case;
    while let Some(at) = rest.find('#') {
        let (before, behind) = rest.split_at(at);
        let (name, tail) = behind.split_at(2);
        let _ = write!(whole, "{before}{}.example.test", &name[1..]);
        rest = tail;
    }
    whole.push_str(rest);
    let case: Case = whole.parse().unwrap_or_else(|error| panic!("{whole}: {error}"));
    let judge = Judge::new(&imported.deployment).at(as_of());
    assert_eq!(judge.objection(&case), None, "{whole}");
    let outcome = judge.judge(&case).expect("a case that the audit judges");
    (outcome, judge.runbook(&case))
}

/// Scenario, deployment, case (`#a` stands for `a.example.test`), outcome, procedure (empty: none).
type Line = (&'static str, Site, &'static str, &'static str, &'static str);

const fn with(
    site: Site,
    copies: &'static [(&'static str, &'static str, &'static str, &'static str)],
) -> Site {
    Site { copies, ..site }
}

/// The documents, line by line: first where it goes well, then where it does not.
const LINES: &[Line] = &[
    ("B1", THREE, "lose:#c", "bounded_loss", "replace-lost-replica"),
    ("B1", ONE_KRA, "lose:#c", "partial_loss", "replace-lost-replica"),
    ("B2", THREE, "lose:#a", "bounded_loss", "replace-renewal-server"),
    // Its edge: no other CA and no copy of it.
    ("B6", ONE_CA, "lose:#a", "total_loss", ""),
    ("B3", CA_LESS, "lose:#a,#b", "bounded_loss", "replace-lost-replica"),
    ("B10", CA_LESS, "lose:#a,#b,#c", "total_loss", ""),
    ("B4", FOUR, "lose:#c,#d", "bounded_loss", "replace-lost-replica"),
    ("B4", ONE_KRA, "lose:#b,#c", "partial_loss", "replace-lost-replica"),
    ("B5", THREE, "lose:#a,#c", "bounded_loss", "replace-renewal-server"),
    ("B6", THREE, "lose:#a,#b", "total_loss", ""),
    ("B6", with(ONE_CA, FULL_A), "lose:#a", "bounded_loss", "rebuild-from-backup"),
    ("B6", with(ONE_CA, DATA_A), "lose:#a", "total_loss", ""),
    ("B7", with(THREE, FULL_A), "lose:#a,#b,#c", "bounded_loss", "rebuild-from-backup"),
    ("B7", with(THREE, DATA_A), "lose:#a,#b,#c", "total_loss", ""),
    ("B8", with(ONE_KRA, SNAPSHOT_C), "lose:#c", "bounded_loss", "restore-kra"),
    ("B8", with(ONE_KRA, SNAPSHOT_A), "lose:#c", "partial_loss", "replace-lost-replica"),
    ("B9", ONE_DNS, "lose:#c", "bounded_loss", "replace-lost-replica"),
    ("B9", ONE_DNS, "lose:#a,#b,#c", "total_loss", ""),
    ("B10", with(CA_LESS, SNAPSHOT_B), "lose:#a,#b,#c", "bounded_loss", "rebuild-from-snapshot"),
    ("B10", with(CA_LESS, BROKEN_A), "lose:#a,#b,#c", "total_loss", ""),
    (
        "B11",
        THREE,
        "partition:#a|#b,#c+delete:unknown@#a",
        "bounded_loss",
        "abandon-damaged-servers",
    ),
    ("B13", THREE, "delete:unknown@#a", "partial_loss", ""),
    ("B12", with(THREE, DATA_A), "delete:known@#a", "bounded_loss", "add-lost-entries"),
    ("B12", THREE, "delete:known@#a", "partial_loss", ""),
    ("B13", with(THREE, DATA_A), "delete:unknown@#a", "bounded_loss", "restore-data-everywhere"),
    ("B13", with(THREE, BROKEN_A), "delete:unknown@#a", "partial_loss", ""),
    ("B14", with(THREE, SNAPSHOT_A), "lose:#a,#b,#c", "bounded_loss", "rebuild-from-snapshot"),
    // A snapshot without a CA.
    ("B7", with(THREE, SNAPSHOT_C), "lose:#a,#b,#c", "total_loss", ""),
    ("B15", with(ONE_CA, SNAPSHOT_A), "lose:#a", "bounded_loss", "reconnect-partial-environment"),
    ("B6", with(ONE_CA, SNAPSHOT_B), "lose:#a", "total_loss", ""),
    ("B16", with(THREE, SNAPSHOT_A), "delete:unknown@#b", "bounded_loss", "parallel-environment"),
    ("B13", with(THREE, SNAPSHOT_C), "delete:unknown@#b", "partial_loss", ""),
    ("B17", with(THREE, FULL_A), "delete:unknown@#b", "bounded_loss", "restore-data-everywhere"),
    // A backup is restored on its own host only.
    ("B13", with(THREE, FULL_A), "lose:#a+delete:unknown@#b", "partial_loss", ""),
    ("B18", with(THREE, FULL_A), "lose:#a,#b,#c", "bounded_loss", "rebuild-from-backup"),
    ("B7", with(THREE, BROKEN_A), "lose:#a,#b,#c", "total_loss", ""),
    ("B7", with(THREE, LOCKED_A), "lose:#a,#b,#c", "bounded_loss", "rebuild-from-backup"),
    ("B19", with(THREE, LOCKED_A), "lose:#a,#b,#c+lose-key:k1", "total_loss", ""),
    ("B20", with(THREE, FULL_A), "lose:#a,#b,#c+lose-store:vault", "total_loss", ""),
    ("B20", with(THREE, OWN_DISK_A), "lose:#a,#b,#c", "total_loss", ""),
    ("B20", with(THREE, OWN_DISK_A), "lose:#a", "bounded_loss", "replace-renewal-server"),
    ("B21", THREE, "lose-dc:north", "bounded_loss", "replace-renewal-server"),
    ("B21", ONE_CA, "lose-dc:north", "total_loss", ""),
    ("B22", THREE, "partition:#a|#b,#c", "no_loss", "reconnect"),
    // Values that both sides have changed.
    ("B22", AGE_KNOWN, "partition:#a|#b,#c@noticed=8d", "bounded_loss", "reinitialize-side"),
    ("B22", AGE_KNOWN, "partition:#a|#b,#c@noticed=31d", "bounded_loss", "reinitialize-side"),
    // How far changelogs reach is in no export.
    ("B22", THREE, "partition:#a|#b,#c@noticed=30d", "unknown", ""),
    (
        "B23",
        with(THREE, FULL_A),
        "delete:unknown@#b@noticed=1d",
        "bounded_loss",
        "restore-data-everywhere",
    ),
    ("B23", with(THREE, FULL_A), "delete:unknown@#b@noticed=4d", "partial_loss", ""),
    ("B24", with(THREE, SNAPSHOT_C), "rollback:#c=s-c", "bounded_loss", "reinitialize"),
    ("B24", with(ONE_CA, SNAPSHOT_A), "rollback:#a=s-a", "bounded_loss", "reinitialize"),
    ("B25", THREE, "ghost:#c", "bounded_loss", "clean-up-ghost"),
    ("B25", ONE_CA, "ghost:#a", "total_loss", ""),
    ("B26", THREE, "bad-upgrade:#c", "bounded_loss", "replace-lost-replica"),
    ("B26", with(ONE_CA, OWN_DISK_A), "bad-upgrade:#a", "bounded_loss", "rebuild-from-backup"),
    ("B26", ONE_CA, "bad-upgrade:#a", "total_loss", ""),
    ("B27", THREE, "absent:#c=3d", "no_loss", "bring-back-absent"),
    ("B27", THREE, "absent:#c=8d", "bounded_loss", "bring-back-absent"),
    // "Class D hazard": its late changes. The runbook re-initializes it, which averts that.
    ("B27", THREE, "absent:#c=31d", "bounded_loss", "bring-back-absent"),
    ("B28", THREE, "certs-expired", "no_loss", "fix-certificates"),
    ("B28", CA_LESS, "certs-expired", "no_loss", "fix-certificates"),
    ("B28", ONE_CA, "lose:#a+certs-expired", "total_loss", ""),
    ("B29", IDS_ON_C, "lose:#c", "bounded_loss", "replace-lost-replica"),
    (
        "B29",
        Site { copies: SNAPSHOT_B, ..IDS_ON_C },
        "lose:#a,#c",
        "bounded_loss",
        "replace-renewal-server",
    ),
    ("B30", THREE, "clock:#c=+1h", "no_loss", "set-clock-right"),
    ("B30", THREE, "clock:#c=-2d", "no_loss", "set-clock-right"),
    ("B30", THREE, "clock:#c=+2d", "bounded_loss", "set-clock-right"),
];

const FOUR: Site = Site {
    servers: &[("a", "ca", "north"), ("b", "ca", "south"), ("c", "", "south"), ("d", "", "north")],
    ..THREE
};
const ONE_DNS: Site =
    Site { servers: &[("a", "ca", "north"), ("b", "ca", "south"), ("c", "dns", "south")], ..THREE };
const IDS_ON_C: Site = Site { ids: &["c"], ..THREE };
const AGE_KNOWN: Site = Site { kept: "30d", ..THREE };

#[test]
fn documented_scenarios_end_as_the_documents_say() {
    for (scenario, site, case, class, procedure) in LINES {
        let (judged, runbook) = judged(site, case);
        let found = judged.procedure.map_or("", Procedure::name);
        assert_eq!(
            (judged.outcome.name(), found),
            (*class, *procedure),
            "{scenario}: {case}: {judged:#?}"
        );
        let labels: Vec<&str> =
            judged.scenario.into_iter().chain(judged.also.iter().copied()).collect();
        assert!(labels.contains(scenario), "{scenario}: {case}: {labels:?}");
        match runbook {
            Some(runbook) => {
                assert_eq!(Some(runbook.procedure), judged.procedure, "{case}");
                assert_eq!(Some(runbook.scenario), judged.scenario, "{case}");
                assert!(!runbook.steps.is_empty(), "{case}");
            }
            None => assert!(procedure.is_empty(), "{case}: no runbook"),
        }
        if class == &"total_loss" {
            // One reason per server and per copy.
            assert_eq!(judged.impossible.len(), site.servers.len() + site.copies.len(), "{case}");
        }
    }
}

/// Every documented scenario stands in the hand-written table, and the product names no other.
#[test]
fn every_documented_scenario_is_shown() {
    let named = |wanted: &str| LINES.iter().any(|(scenario, ..)| *scenario == wanted);
    for number in 1..=30 {
        assert!(named(&format!("B{number}")), "B{number} is not shown");
    }
    let labels =
        TABLE.iter().map(|row| row.scenario).chain(VARIANTS.iter().map(|(_, label)| *label));
    for label in labels.filter(|label| !label.is_empty()) {
        assert!(named(label), "{label} is no documented scenario");
    }
}

fn steps(site: &Site, case: &str) -> Vec<Action> {
    let (_, runbook) = judged(site, case);
    runbook.expect("a runbook").steps.into_iter().map(|step| step.action).collect()
}

#[test]
fn what_is_promoted_is_promoted_before_anything_is_removed() {
    let steps = steps(&THREE, "lose:#a");
    let place = |test: fn(&Action) -> bool| steps.iter().position(test).expect("the step");
    let promoted = place(|action| matches!(action, Action::PromoteRenewal { .. }));
    let removed = place(|action| matches!(action, Action::DeleteServer { .. }));
    let installed = place(|action| matches!(action, Action::InstallReplica { .. }));
    assert!(promoted < removed && removed < installed, "{steps:#?}");
}

#[test]
fn the_last_dns_server_is_replaced_before_the_lost_host_is() {
    let steps = steps(&ONE_DNS, "lose:#c");
    let dns = |action: &Action| matches!(action, Action::AddRole { role: Role::Dns, .. });
    let install = |action: &Action| matches!(action, Action::InstallReplica { .. });
    assert!(steps.iter().position(dns) < steps.iter().position(install), "{steps:#?}");
    assert!(steps.iter().any(dns), "{steps:#?}");
}

#[test]
fn the_last_ids_are_given_to_a_server_that_lives() {
    let steps_of_last = steps(&IDS_ON_C, "lose:#c");
    let gives = |action: &Action| match action {
        Action::SetDnaRange { range: Some(range), .. } => range.first == 1000,
        _ => false,
    };
    assert!(steps_of_last.iter().any(gives), "{steps_of_last:#?}");
    assert!(!steps(&IDS_ON_C, "lose:#b").iter().any(gives));
}

#[test]
fn a_server_from_a_snapshot_takes_over_the_newer_identity_data_of_those_that_live() {
    let steps = steps(&with(ONE_CA, SNAPSHOT_A), "lose:#a");
    let from_survivor = |action: &Action| match action {
        Action::Reinitialize { server, from, .. } => server.short() == "a" && from.short() != "a",
        _ => false,
    };
    assert!(steps.iter().any(from_survivor), "{steps:#?}");
}

#[test]
fn commands_carry_the_domain_and_the_folder_of_a_backup() {
    let (_, runbook) = judged(&with(THREE, FULL_A), "lose:#a,#b,#c");
    let commands: Vec<String> =
        runbook.expect("a runbook").steps.into_iter().flat_map(|step| step.commands).collect();
    assert!(commands.contains(&"ipa-restore /backup/b-a".to_owned()), "{commands:#?}");
    let enrolled = |command: &String| command.ends_with("--domain=example.test");
    assert!(commands.iter().any(enrolled), "{commands:#?}");
    assert!(!commands.iter().any(|command| command.contains("DOMAIN")), "{commands:#?}");
}
