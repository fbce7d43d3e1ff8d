//! What people declare: the template that asks, the answers that settle, the waivers that accept;
//! and the report in Markdown.

use std::collections::BTreeSet;

use audit_core::guide::{self, Covered, STATEMENTS};
use audit_core::import::{Import, Imported};
use audit_core::note::NoteCode;
use audit_core::report::{Status, answers, markdown, text};
use audit_core::rule::Rule;
use audit_core::time::Timestamp;
use audit_core::{Options, audit, questions, rules};
use insta::assert_snapshot;
use tests::{exports, import, options};

fn at(time: &str) -> Options {
    Options { as_of: Timestamp::parse_rfc3339(time).expect("a time") }
}

/// A deployment of the fixtures, with one more file.
fn with_file(deployment: &str, name: &str, bytes: &[u8]) -> Imported {
    let mut all = Import::new();
    for (name, bytes) in exports(deployment) {
        all.add(&name, &bytes);
    }
    all.add(name, bytes);
    all.finish()
}

#[test]
fn every_row_of_the_table_is_read() {
    let table = include_str!("../../audit-core/src/questions.toml");
    let rows = table.lines().filter(|line| line.trim() == "[[question]]").count();
    assert_eq!(questions::all().len(), rows);
    let keys: BTreeSet<&str> = questions::all().iter().map(|question| question.key).collect();
    assert_eq!(keys.len(), rows, "a key is used twice");
    for question in questions::all() {
        let doc = question.meta().doc;
        for heading in ["Why this matters", "What it reads", "Verdicts", "Fix", "Source"] {
            assert!(doc.contains(&format!("# {heading}")), "{}: {heading}", question.key);
        }
        assert!(doc.contains('`'), "{}: no literal command in its fix", question.key);
    }
}

#[test]
fn the_template_asks_what_is_open() {
    for name in ["hidden-backup-server", "only-roles", "healthy-two-data-centers", "sixty-servers"]
    {
        let imported = import(&exports(name));
        assert_snapshot!(
            format!("template-{name}"),
            answers::render(&imported.deployment, options().as_of)
        );
    }
}

/// The template as it is printed states nothing.
#[test]
fn an_unanswered_template_changes_nothing() {
    for name in tests::deployments() {
        let before = import(&exports(&name));
        let template = answers::render(&before.deployment, options().as_of);
        let after = with_file(&name, "answers.toml", template.as_bytes());
        let notes: Vec<_> =
            after.deployment.notes.iter().filter(|note| &*note.file == "answers.toml").collect();
        assert!(notes.is_empty(), "{name}: {notes:?}");
        let mut deployment = after.deployment;
        deployment.notes.clone_from(&before.deployment.notes);
        assert_eq!(deployment, before.deployment, "{name}");
    }
}

#[test]
fn answers_settle_what_they_answer() {
    let statuses = |name: &str| {
        let report = audit(&import(&exports(name)), &options());
        let of = |key: &str| {
            let question = questions::find(key).expect("a question");
            let code = question.meta().code;
            report.rules.iter().find(|(meta, _)| meta.code == code).map(|(_, status)| *status)
        };
        // Without backups, questions on them are open.
        let of_copies = ["BAK", "KEY", "PRF", "SNA"];
        let asked = questions::all().iter().filter(|question| {
            !of_copies.iter().any(|kind| question.meta().code.starts_with(kind))
        });
        asked.map(|question| of(question.key)).collect::<Vec<_>>()
    };
    assert!(
        statuses("healthy-two-data-centers")
            .iter()
            .all(|s| { matches!(s, Some(Status::Pass | Status::NotApplicable)) })
    );
    assert!(
        statuses("answered-badly")
            .iter()
            .all(|s| { matches!(s, Some(Status::Fail | Status::NotApplicable)) })
    );
}

/// Exports without a word about copies: the score is an interval, the template says how much hangs
/// on the copies, and both a good and a bad answer narrow it.
#[test]
fn answers_about_copies_narrow_the_score() {
    let open = import(&exports("star"));
    let before = audit(&open, &options());
    let width = |report: &audit_core::Report| report.grade.high.raw - report.grade.low.raw;
    assert!(width(&before) > 1000, "{}", width(&before));
    let template = answers::render(&open.deployment, options().as_of);
    let copies = template.split("backups_known").next().expect("a text");
    let heading = copies.lines().rev().find(|line| line.contains("up to +"));
    assert!(heading.is_some(), "{template}");
    let answered = |answer: &str| {
        let text = format!("schema = \"idm-drill/answers/1\"\n{answer}");
        audit(&with_file("star", "answers.toml", text.as_bytes()), &options())
    };
    let none = answered("backups = []\nsnapshots = []\nstores = []\nkeys = []\nschedules = []\n");
    let some = answered(
        "backups_known = true\nsnapshots_known = true\n[[snapshots]]\nid = \"cold\"\n\
         vm = \"hub\"\nhost = \"hub.example.test\"\ntaken_at = 2026-11-21T01:00:00Z\n\
         powered_off = true\nfull = true\n",
    );
    for (what, after) in [("no copies", &none), ("a snapshot", &some)] {
        assert!(width(after) < width(&before), "{what}: {} of {}", width(after), width(&before));
        assert!(after.grade.low.raw >= before.grade.low.raw, "{what}");
        assert!(after.grade.high.raw <= before.grade.high.raw, "{what}");
    }
    assert!(none.grade.high.raw < some.grade.high.raw);
}

#[test]
fn statements_are_counted_apart() {
    let well = audit(&import(&exports("healthy-two-data-centers")), &options());
    assert!(well.statements.is_some_and(|points| points > 0), "{:?}", well.statements);
    let badly = audit(&import(&exports("answered-badly")), &options());
    assert!(badly.statements.is_some_and(|points| points <= 0), "{:?}", badly.statements);
    assert_eq!(audit(&import(&exports("star")), &options()).statements, None);
}

#[test]
fn a_waiver_is_shown_and_weighs_nothing_less() {
    let imported = import(&exports("waived-agreements"));
    let without = import(&exports("more-than-four-agreements"));
    let status = |imported: &Imported, options: &Options| {
        let report = audit(imported, options);
        let found = report.findings.iter().find(|finding| finding.meta.code == "TOP002");
        (found.map(|finding| finding.status), report.grade.low.raw, report.grade.high.raw)
    };
    let now = at("2026-11-22T00:00:00Z");
    let plain = status(&without, &now);
    assert_eq!(plain.0, Some(Status::Fail));
    assert_eq!(status(&imported, &now), (Some(Status::Waived), plain.1, plain.2));
    // The day after its last one.
    assert_eq!(status(&imported, &at("2027-07-01T00:00:00Z")).0, Some(Status::Fail));
    let report = audit(&imported, &now);
    let ignored = report.notes.iter().filter(|n| n.code == NoteCode::WaiverWithoutEffect).count();
    assert_eq!(ignored, 3, "{:?}", report.notes);
    assert_snapshot!("report-waived", text::render(&report, text::Style::default()));
}

/// Only K5 yields to waivers, and only if everything under it is waived.
#[test]
fn the_worst_caps_cannot_be_waived() {
    let waiver = |rule: &str| {
        format!("[[waivers]]\nrule = \"{rule}\"\nreason = \"known\"\nowner = \"ops\"\n")
    };
    let rules = ["TOP003", "TOP004", "CA001", "CA002"].map(waiver).concat();
    let file = format!("schema = \"idm-drill/answers/1\"\n{rules}");
    let caps = |name: &str| {
        let report = audit(&with_file(name, "answers.toml", file.as_bytes()), &options());
        let certain = report.grade.caps.iter().filter(|cap| cap.certain);
        certain.map(|cap| cap.id).collect::<Vec<_>>()
    };
    assert!(caps("one-ca-of-sixteen").contains(&"K3"));
    assert!(caps("disconnected").contains(&"K2"));
    let star = audit(&import(&exports("star")), &options());
    assert!(star.grade.caps.iter().any(|cap| cap.id == "K5" && cap.certain));
    assert!(!caps("star").contains(&"K5"));
}

#[test]
fn markdown() {
    for name in ["hidden-backup-server", "waived-agreements"] {
        let report = audit(&import(&exports(name)), &options());
        assert_snapshot!(format!("markdown-{name}"), markdown::render(&report));
    }
}

/// Names from inputs are text, not markup.
#[test]
fn markdown_of_hostile_names() {
    let model = br#"{"schema": "idm-drill/deployment/1", "servers": [
        {"fqdn": "a.example.test", "data_center": "<img src=x>|`[x](y)"},
        {"fqdn": "b.example.test", "data_center": "c"}]}"#;
    let mut all = Import::new();
    all.add("a`b|c.json", model);
    let text = markdown::render(&audit(&all.finish(), &options()));
    assert!(!text.replace("\\<", "").contains('<'), "{text}");
    assert!(text.contains("`` a`b|c.json ``"), "{text}");
}

#[test]
fn every_statement_of_the_guide_is_covered() {
    let ids: BTreeSet<&str> = rules::by_code().into_iter().map(|rule| rule.meta().rule).collect();
    for statement in STATEMENTS {
        if let Covered::Rules(wanted) = statement.covered {
            for id in wanted {
                assert!(ids.contains(id), "{}: no rule checks {id}", statement.id);
            }
        }
    }
    assert_snapshot!("coverage", guide::coverage());
}
