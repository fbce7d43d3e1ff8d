//! `idm-drill runbook`: the pages that an administrator keeps for the day.

use audit_core::cases::Judge;
use audit_core::recovery::Case;
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
