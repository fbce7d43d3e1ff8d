//! `idm-drill runbook`: the pages that an administrator keeps for the day.

use audit_core::cases::Judge;
use audit_core::recovery::{Action, Case};
use audit_core::report::Status;
use audit_core::report::runbook::{Page, Purpose, binder, render};
use insta::assert_snapshot;
use tests::{as_of, deployments, exports, import};

fn page(name: &str, case: &str) -> Page {
    let imported = import(&exports(name));
    let case: Case = case.parse().expect("a case");
    Page::of(&Judge::new(&imported.deployment).at(as_of()), &case)
        .expect("a case that the audit judges")
}

#[test]
fn pages_to_recover_and_to_rehearse_by() {
    let page = [page("healthy-two-data-centers", "lose:ipa1.north.example.test")];
    assert_snapshot!("emergency", render(&page, &[], Purpose::Emergency, as_of()));
    assert_snapshot!("rehearsal", render(&page, &[], Purpose::Rehearsal, as_of()));
}

/// Every case of the audit is in the binder, or a member of it that ends no better is.
#[test]
fn the_binder_leaves_out_only_what_a_member_covers() {
    for name in deployments() {
        let imported = import(&exports(&name));
        let (pages, missing) = binder(&imported.deployment, as_of());
        let report = audit_core::audit(&imported, &tests::options());
        let ranks = |of: &str| {
            let page = pages.iter().find(|page| {
                page.judged.case.to_string() == of
                    || page.alike.iter().any(|case| case.to_string() == of)
            });
            page.map(|page| page.judged.outcome.rank())
        };
        let listed = report.scenarios.iter().flat_map(|scenario| &scenario.cases);
        for judged in listed {
            let case = judged.case.to_string();
            let members = case.strip_prefix("lose:").unwrap_or_default().split(',');
            let covered = members.filter_map(|member| ranks(&format!("lose:{member}"))).max();
            let worst = ranks(&case).or(covered);
            assert!(worst >= Some(judged.outcome.rank()), "{name}: {case}: {worst:?}");
        }
        for purpose in [Purpose::Emergency, Purpose::Rehearsal] {
            let text = render(&pages, &missing, purpose, as_of());
            for step in pages.iter().filter_map(|page| page.runbook.as_ref()).flat_map(|r| &r.steps)
            {
                for command in &step.commands {
                    assert!(text.contains(command), "{name}: {command}");
                }
            }
        }
    }
}

/// What a rehearsal leaves behind is read back as evidence: of the copies that were used, and of
/// every rehearsal.
#[test]
fn the_result_of_rehearsals_is_evidence() {
    let files = exports("copies-kept-well");
    let imported = import(&files);
    let (pages, missing) = binder(&imported.deployment, as_of());
    let text = render(&pages, &missing, Purpose::Rehearsal, as_of());
    let result = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let result = result.expect("a result").replace("succeeded = false", "succeeded = true");
    let rows = result.matches("[[rehearsals]]").count();
    let answers = result.replace("\"0h\"", "\"3h\"");
    let read = import(&[("answers.toml", answers.clone())]);
    assert!(read.deployment.notes.is_empty(), "{:?}\n{answers}", read.deployment.notes);
    let rehearsals = &read.deployment.copies.rehearsals;
    assert!(rows > 20 && rehearsals.len() == rows, "{rows} {}", rehearsals.len());
    let snapshot = "idm-bak/2026-11-20";
    let used = |copy: &str| {
        rehearsals.values().any(|row| row.copy.value().is_some_and(|known| known == copy))
    };
    assert!(imported.deployment.copies.snapshots.contains_key(snapshot) && used(snapshot));
    // Names are what they were, whatever is in them.
    let odd = "idm \"bak\" \\ 1\u{7f}";
    let page = Page {
        runbook: pages.iter().filter_map(|page| page.runbook.clone()).find_map(|mut runbook| {
            let copy = runbook.steps.iter_mut().find_map(|step| match &mut step.action {
                Action::BootSnapshot { copy, .. } => Some(copy),
                _ => None,
            });
            copy.map(|copy| odd.clone_into(copy))?;
            Some(runbook)
        }),
        ..pages[0].clone()
    };
    let text = render(&[page], &[], Purpose::Rehearsal, as_of());
    let one = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let read = import(&[("rehearsals.toml", one.expect("a result").to_owned())]);
    let copies = read.deployment.copies.rehearsals.values().map(|row| row.copy.value().cloned());
    assert_eq!(copies.collect::<Vec<_>>(), [Some(odd.to_owned())]);
    // Without its first line the file says what is missing.
    let rows = answers.split_once("\n\n").map(|(_, rows)| rows.to_owned()).expect("rows");
    let notes = import(&[("rehearsals.toml", rows)]).deployment.notes;
    let said = notes.iter().any(|note| note.message.contains("schema = \"idm-drill/rehearsal/1\""));
    assert!(said, "{notes:?}");
    // It is evidence: no points rest on somebody's word for it, as they do where it is an answer.
    let statements = |text: &str| {
        let mut files = exports("healthy-two-data-centers");
        files.retain(|(name, _)| !name.ends_with("answers.toml"));
        files.push(("rehearsals.toml".to_owned(), text.to_owned().into_bytes()));
        let report = audit_core::audit(&import(&files), &tests::options());
        let rules = report.rules.iter();
        let status = rules.filter(|(meta, _)| meta.code == "PRF001").map(|(_, status)| *status);
        (status.collect::<Vec<_>>(), report.statements)
    };
    let one = "schema = \"idm-drill/rehearsal/1\"\n[[rehearsals]]\nat = 2026-11-01\n\
               copy = \"b\"\nsucceeded = true\ntook = \"3h\"\n";
    assert_eq!(statements(one), (vec![Status::Pass], None));
    let word = one.replace("rehearsal/1", "answers/1");
    let (status, points) = statements(&word);
    assert!(status == [Status::Pass] && points.is_some(), "{status:?} {points:?}");
}

/// One case as JSON is as its schema says.
#[test]
fn a_case_is_as_its_schema_says() {
    let schema: serde_json::Value =
        serde_json::from_str(audit_core::report::schema::CASE).expect("a JSON Schema");
    let schema = jsonschema::validator_for(&schema).expect("a JSON Schema");
    for name in deployments() {
        let (pages, _) = binder(&import(&exports(&name)).deployment, as_of());
        for page in pages {
            let text = audit_core::report::json::render_case(&page.judged, page.runbook.as_ref());
            let document = serde_json::from_str(&text).expect("JSON");
            let errors: Vec<String> =
                schema.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}\n{text}");
        }
    }
}
