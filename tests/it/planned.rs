//! Designs: what Ansible inventories and playbooks plan, alone and beside exports of a deployment.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::fmt::Write as _;

use audit_core::audit;
use audit_core::import::Imported;
use audit_core::model::{CaMode, Role, RoleStatus};
use audit_core::note::{Note, NoteCode};
use audit_core::report::text::{self, Style};
use audit_core::report::{Status, deployment_json, json, markdown};
use serde_json::Value;
use tests::{deployments, exports, import, options};

/// Everything but the notes: facts, and where they were read.
fn model(imported: &Imported) -> Value {
    let mut document = deployment_json::document(&imported.deployment);
    document.as_object_mut().unwrap().remove("notes");
    document
}

fn statuses(imported: &Imported) -> Vec<(&'static str, Status)> {
    let report = audit(imported, &options());
    report.rules.iter().map(|(meta, status)| (meta.code, *status)).collect()
}

fn notes_with(imported: &Imported, code: NoteCode) -> Vec<&Note> {
    imported.deployment.notes.iter().filter(|note| note.code == code).collect()
}

/// Places of notes with a code, as `line:column`.
fn places(imported: &Imported, code: NoteCode) -> Vec<(Option<u64>, Option<u64>)> {
    notes_with(imported, code).iter().map(|note| (note.line, note.column)).collect()
}

fn role(imported: &Imported, host: &str, role: Role) -> Option<RoleStatus> {
    let mut servers = imported.deployment.servers.iter();
    let (_, server) = servers.find(|(name, _)| name.short() == host).unwrap();
    server.role(role).value().copied()
}

#[test]
fn every_output_says_that_a_design_is_one() {
    let imported = import(&exports("planned-design"));
    let report = audit(&imported, &options());
    assert!(report.planned);

    let text = text::render(&report, Style { color: false, verbose: true });
    assert!(text.contains("This is a design, not a deployment"), "{text}");
    assert!(text.contains("\nPlanned    all points rest on a plan"), "{text}");
    assert!(text.contains("  planned topology.yml:9: "), "{text}");
    assert!(!text.contains("  seen   "), "an evidence line does not say planned: {text}");

    let markdown = markdown::render(&report);
    assert!(markdown.contains("This is a design, not a deployment"), "{markdown}");
    assert!(markdown.contains("- planned in `"), "{markdown}");
    assert!(!markdown.contains("- seen in"), "{markdown}");

    let document = json::document(&report);
    assert_eq!(document["planned"], true);
    let findings = document["findings"].as_array().unwrap();
    let evidence: Vec<&Value> =
        findings.iter().flat_map(|finding| finding["evidence"].as_array().unwrap()).collect();
    assert!(!evidence.is_empty());
    assert!(evidence.iter().all(|place| place["planned"] == true), "{evidence:?}");

    // A deployment is none.
    let report = audit(&import(&exports("star")), &options());
    assert!(!report.planned);
    assert_eq!(json::document(&report).get("planned"), None);
    assert!(!text::render(&report, Style::default()).contains("design"));
}

#[test]
fn a_design_is_judged_like_a_deployment() {
    let imported = import(&exports("planned-design"));
    let deployment = &imported.deployment;
    assert!(deployment.knows_all_servers());
    assert_eq!(deployment.ca.value(), Some(&CaMode::Integrated));
    assert_eq!(role(&imported, "backup", Role::Ca), Some(RoleStatus::Hidden));
    assert_eq!(role(&imported, "ipa3", Role::Ca), Some(RoleStatus::Absent));
    let statuses = statuses(&imported);
    let of = |code: &str| statuses.iter().find(|(other, _)| *other == code).unwrap().1;
    // backup hangs on ipa1 alone.
    assert_eq!(of("TOP001"), Status::Fail);
    assert_eq!(of("TOP004"), Status::Fail);
    // Three CA replicas, two DNS servers, no split.
    for code in ["CA001", "CA002", "CA004", "DNS001", "TOP003", "TOP006"] {
        assert_eq!(of(code), Status::Pass, "{code}");
    }
    // No plan says which copies there will be.
    assert_eq!(of("COP002"), Status::Unknown);
    let report = audit(&imported, &options());
    assert!(["A", "B", "C", "D", "F", "?"].contains(&report.grade.letter()));
}

/// A plan that contradicts every deployment of the fixtures changes nothing in any of them.
#[test]
fn a_plan_changes_no_fact_and_no_verdict_of_a_deployment() {
    let mut count = 0;
    for name in deployments() {
        let files = exports(&name);
        let alone = import(&files);
        if alone.deployment.is_planned() || name == "planned-beside-exports" {
            continue;
        }
        let mut inventory = "[ipaserver]\nplanned1.example.test\n[ipareplicas]\n".to_owned();
        for (index, server) in alone.deployment.servers.keys().take(20).enumerate() {
            let wish = if index % 2 == 0 { "yes" } else { "no" };
            let _ = writeln!(
                inventory,
                "{server} ipareplica_setup_ca={wish} ipareplica_hidden_replica={wish}"
            );
        }
        inventory.push_str("[data_centers:children]\nipareplicas\n");
        let playbook = "- ipatopologysegment:\n    suffix: domain+ca\n    left: \
                        planned1.example.test\n    right: planned2.example.test\n";
        let mut both = files.clone();
        both.push(("hosts.ini".to_owned(), inventory.into_bytes()));
        both.push(("topology.yml".to_owned(), playbook.as_bytes().to_vec()));
        let with_plan = import(&both);
        both.reverse();
        assert_eq!(with_plan.deployment, import(&both).deployment, "{name}, reversed");
        assert_eq!(model(&with_plan), model(&alone), "{name}");
        assert_eq!(statuses(&with_plan), statuses(&alone), "{name}");
        assert_eq!(notes_with(&with_plan, NoteCode::PlanSetAside).len(), 2, "{name}");
        count += 1;
    }
    assert!(count > 40, "only {count} deployments were looked at");
}

#[test]
fn differences_of_plan_and_deployment_are_named() {
    let imported = import(&exports("planned-beside-exports"));
    assert!(!imported.deployment.is_planned());
    assert_eq!(imported.deployment.servers.len(), 2);
    let found: Vec<String> = notes_with(&imported, NoteCode::PlanDiffers)
        .iter()
        .map(|note| format!("{}:{} {}", note.file, note.line.unwrap(), note.message))
        .collect();
    assert_eq!(
        found,
        [
            "hosts.yml:7 planned: CA server on ipa2.example.test, enabled; but it is absent there",
            "hosts.yml:8 planned: ipa3.example.test is a server; but it is not there",
            "topology.yml:3 planned: a segment of ipa2.example.test and ipa3.example.test \
             (domain); but it is not there",
        ]
    );
}

const FIRST: &str = "[ipaserver]\nipa1.example.test\n[ipareplicas]\nipa2.example.test\n";

#[test]
fn a_saved_design_beside_exports_is_still_a_plan() {
    let saved = deployment_json::render(&import(&exports("planned-design")).deployment);
    let alone = import(&exports("star"));
    let mut both = exports("star");
    both.push(("design.json".to_owned(), saved.into_bytes()));
    let with_plan = import(&both);
    assert_eq!(model(&with_plan), model(&alone));
    assert_eq!(statuses(&with_plan), statuses(&alone));
}

#[test]
fn what_people_state_goes_before_what_is_planned() {
    let answers = "schema = \"idm-drill/answers/1\"\n[facts]\nca_signing = \"self\"\n\
                   [data_centers]\nberlin = [\"ipa2.example.test\"]\n";
    let inventory = format!(
        "{FIRST}[ipaserver:vars]\nipaserver_external_ca=yes\n[north]\nipa2.example.test\n\
         [data_centers:children]\nnorth\n"
    );
    let imported = import(&[("hosts", inventory.as_str()), ("answers.toml", answers)]);
    assert_eq!(
        imported.deployment.data_centers().into_keys().collect::<Vec<_>>(),
        ["berlin"],
        "{:?}",
        imported.deployment.notes
    );
    let signing = imported.deployment.observed.ca_signing.value();
    assert_eq!(signing.map(|signing| signing.name()), Some("self"));
    assert_eq!(notes_with(&imported, NoteCode::PlanDiffers).len(), 2);
}

#[test]
fn unread_variables_beside_the_inventory_make_defaults_unknown() {
    let alone = import(&[("hosts", FIRST)]);
    assert_eq!(role(&alone, "ipa1", Role::Ca), Some(RoleStatus::Enabled));
    assert_eq!(role(&alone, "ipa2", Role::Ca), Some(RoleStatus::Absent));
    let files = [("hosts", FIRST), ("group_vars/ipareplicas.yml", "ipareplica_setup_ca: yes\n")];
    let both = import(&files);
    assert_eq!(role(&both, "ipa1", Role::Ca), None);
    assert_eq!(role(&both, "ipa2", Role::Ca), None);
    assert_eq!(places(&both, NoteCode::VariablesNotRead), [(Some(1), None)]);
}

/// Files of a plan add up; two playbooks do not contradict each other.
#[test]
fn segments_of_several_playbooks_add_up() {
    let segment = |left: &str, right: &str, state: &str| {
        format!(
            "- ipatopologysegment: {{suffix: domain, left: {left}.example.test, right: \
             {right}.example.test, state: {state}}}\n"
        )
    };
    let files = [
        ("a.yml", segment("ipa1", "ipa2", "present")),
        ("b.yml", segment("ipa2", "ipa3", "present") + &segment("ipa2", "ipa1", "checked")),
        ("c.yml", segment("ipa3", "ipa1", "present") + &segment("ipa1", "ipa3", "absent")),
    ];
    let imported = import(&files);
    let topology = imported.deployment.topology(audit_core::model::Suffix::Domain);
    assert!(topology.is_known());
    assert_eq!(topology.segments.len(), 2, "{:?}", topology.segments);
    assert_eq!(topology.segments[0].sources.len(), 2);
    assert!(topology.segments.iter().flat_map(|s| &s.sources).all(|source| source.planned));
}

#[test]
fn ranges_stand_for_the_hosts_that_ansible_makes_of_them() {
    let hosts = |pattern: &str| -> Vec<String> {
        let imported = import(&[("hosts", format!("[ipaserver]\n{pattern}\n"))]);
        imported.deployment.servers.keys().map(ToString::to_string).collect()
    };
    for (pattern, names) in [
        ("ipa[1:3].x.test", &["ipa1.x.test", "ipa2.x.test", "ipa3.x.test"][..]),
        ("ipa[08:10].x.test", &["ipa08.x.test", "ipa09.x.test", "ipa10.x.test"]),
        ("ipa[:1].x.test:22", &["ipa0.x.test", "ipa1.x.test"]),
        ("ipa[1:6:2].x.test", &["ipa1.x.test", "ipa3.x.test", "ipa5.x.test"]),
        ("ipa-[b:d:2].x.test", &["ipa-b.x.test", "ipa-d.x.test"]),
        ("i[1:2].[a:b].test", &["i1.a.test", "i1.b.test", "i2.a.test", "i2.b.test"]),
        ("ipa[7:7].x.test", &["ipa7.x.test"]),
        // None of these is a range.
        ("ipa[1].x.test", &[]),
        ("ipa[1:2.x.test", &[]),
        ("ipa1:2].x.test", &[]),
        ("ipa[1:].x.test", &[]),
        ("ipa[2:1].x.test", &[]),
        ("ipa[1:4:0].x.test", &[]),
        ("ipa[1:4:1:1].x.test", &[]),
        ("ipa[01:4].x.test", &[]),
        ("ipa[a:3].x.test", &[]),
        ("ipa[1:99999999999999999999].x.test", &[]),
        ("ipa[é:ü].x.test", &[]),
    ] {
        assert_eq!(hosts(pattern), names, "{pattern}");
    }
}

/// YAML that cannot be read: the place of the fault, and nothing is used.
#[test]
fn faults_of_yaml_are_shown_with_their_place() {
    let body = |body: &str| format!("ipaserver:\n  hosts:\n    ipa1.example.test:\n{body}");
    let deep = (0..100)
        .fold(String::new(), |out, depth| out + &" ".repeat(2 * depth) + &format!("g{depth}:\n"));
    let brackets = format!("x: {}\n", "[".repeat(10_000));
    for (text, line, column) in [
        (body("\t  x: y\n"), 4, 1),
        (body("      x: \"no end\n"), 4, 10),
        (body("      x: *nowhere\n"), 4, 10),
        (body("      x: {{ jinja }}\n"), 4, 11),
        (body("      x: a: b\n"), 4, 10),
        (body("      x: {a: b\n"), 4, 15),
        (body("      ? x\n"), 4, 7),
        (body("      x: y\n       z: w\n"), 5, 8),
        (body("      x: y\n   z: w\n"), 5, 4),
        (body("      x: @y\n"), 4, 10),
        (body("      x: - y\n"), 4, 10),
        (body("      x: [a] b\n"), 4, 13),
        (body("      <<: text\n"), 4, 7),
        (body("      just a text\n      x: y\n"), 5, 7),
        (body("---\nx: y\n"), 4, 1),
        (body(&deep), 69, 131),
        (body(&brackets), 4, 68),
    ] {
        let imported = import(&[("hosts.yml", text.as_str())]);
        let found = places(&imported, NoteCode::InvalidYaml);
        let shown: String = text.chars().take(200).collect();
        assert_eq!(found, [(Some(line), Some(column))], "{shown}\n{:?}", imported.deployment.notes);
        assert!(imported.deployment.servers.is_empty(), "{shown}");
    }
}

/// The same inventory in all ways to write it.
#[test]
fn yaml_is_read_in_every_style() {
    let plain = "ipaserver:\n  hosts:\n    ipa1.example.test:\n      ipaserver_setup_kra: yes\n";
    let of = |text: &str| {
        let imported = import(&[("hosts.yml", text)]);
        let notes: Vec<_> = imported.deployment.notes.iter().map(|note| &note.message).collect();
        assert!(notes.is_empty(), "{text}: {notes:?}");
        assert!(imported.deployment.knows_all_servers(), "{text}");
        role(&imported, "ipa1", Role::Kra)
    };
    for text in [
        plain.to_owned(),
        plain.replace('\n', "\r\n"),
        format!("---\n# a comment\n\n{plain}...\n"),
        plain.replace("yes", "'on'   # a comment"),
        plain.replace("yes", "\"\\x79es\""),
        plain.replace("yes", "\n        yes"),
        plain.replace("yes", ">-\n        yes"),
        plain.replace("yes", "&switch yes"),
        plain.replace("ipaserver_setup_kra", "'ipaserver_setup_kra' "),
        "ipaserver:\n  hosts: {ipa1.example.test: {ipaserver_setup_kra: 1}}\n".to_owned(),
        "ipaserver:\n  hosts: {\n    ipa1.example.test: { # here\n      ipaserver_setup_kra: \
         \"yes\",\n  } }\n"
            .to_owned(),
        "all:\n  children:\n    ipaserver:\n      hosts:\n        ipa1.example.test: ~\n  vars:\n  \
         \x20 ipaserver_setup_kra: Yes\n"
            .to_owned(),
        "ipaserver:\n  vars: &all\n    ipaserver_setup_kra: true\n  hosts:\n    \
         ipa1.example.test:\n      <<: *all\n"
            .to_owned(),
    ] {
        assert_eq!(of(&text), Some(RoleStatus::Enabled), "{text}");
    }
}

/// Small files that would become large ones end soon, and say so.
#[test]
fn hostile_inventories_end() {
    // Every alias eight times: 8^14 groups.
    let mut bomb =
        "ipaserver:\n  hosts: {ipa1.example.test: }\na0: &a0 {hosts: {x.test: }}\n".to_owned();
    for level in 1..15 {
        let below = level - 1;
        let children = (0..8).map(|child| format!("g{level}x{child}: *a{below}"));
        let children = children.collect::<Vec<_>>().join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} {{children: {{{children}}}}}");
    }
    // A chain of aliases is as deep as a chain of brackets.
    let mut chain = "ipaserver:\n  hosts:\n  vars:\n    x0: &x0 [1]\n".to_owned();
    for level in 1..5_000 {
        let _ = writeln!(chain, "    x{level}: &x{level} [*x{}]", level - 1);
    }
    let mut merges = "ipaserver:\n  hosts:\n  vars:\n    x0: &x0 {a: 1, b: 1, c: 1}\n".to_owned();
    for level in 1..60 {
        let before = level - 1;
        let _ = writeln!(
            merges,
            "    x{level}: &x{level} {{<<: [{}]}}",
            vec![format!("*x{before}"); 10_000].join(", ")
        );
    }
    let groups = (0..5_000).fold("[ipaserver]\nipa1.example.test\n".to_owned(), |out, number| {
        out + &format!("[g{number}:children]\ng{}\n", number + 1)
    });
    let long = format!("[ipaserver]\nipa1.example.test x=\"{}\"\n", "y".repeat(1_100_000));
    let huge = "[ipaserver]\nipa[1:999999999999].example.test\nb[1:999][1:999].example.test\n";
    for (text, code) in [
        (bomb.as_str(), NoteCode::InvalidInventory),
        (&chain, NoteCode::InvalidYaml),
        (&merges, NoteCode::InvalidYaml),
        (&groups, NoteCode::InvalidInventory),
        (&long, NoteCode::LineTooLong),
        (huge, NoteCode::InvalidInventory),
    ] {
        let imported = import(&[("hosts", text)]);
        let shown: String = text.chars().take(60).collect();
        assert!(!notes_with(&imported, code).is_empty(), "{shown}");
        assert!(!imported.deployment.knows_all_servers(), "{shown}");
    }
}
