//! Every rule must be seen passing, failing, unknown and not applicable in the fixtures.

use std::fmt::Write as _;
use std::io::Write as _;

use audit_core::rule::{Judgement, State};
use audit_core::score::judge_all;

use crate::source::{Complaint, require_none};

const COLUMNS: [&str; 4] = ["pass", "fail", "unknown", "not applicable"];

/// Cells that no deployment can fill: code of the rule, column, reason.
const IMPOSSIBLE: &[(&str, &str, &str)] = &[
    ("BAK001", "not applicable", "every deployment needs a full backup"),
    ("COP001", "not applicable", "every deployment needs copies"),
    ("CLI020", "not applicable", "every deployment is asked"),
    ("CLI021", "not applicable", "every deployment is asked"),
    ("SRV001", "not applicable", "every server has a clock"),
    ("SRV002", "not applicable", "every server has disks"),
    ("SRV003", "not applicable", "every server has services"),
    ("TOP006", "not applicable", "every deployment needs a replica"),
    ("TOP011", "not applicable", "every deployment has a number of servers"),
    ("TOP020", "not applicable", "every deployment is asked"),
    ("TOP021", "not applicable", "every deployment is asked"),
];

/// A rule with the number of deployments in which some subject has each state.
#[derive(Debug)]
struct Row {
    code: &'static str,
    name: &'static str,
    counts: [usize; 4],
}

fn column(state: &State) -> usize {
    match state {
        State::Pass => 0,
        State::Fail(_) => 1,
        State::Unknown(_) => 2,
        State::NotApplicable(_) => 3,
    }
}

/// Counts a deployment once for every state that one of its subjects has.
fn count(counts: &mut [usize; 4], judgements: &[Judgement]) {
    let mut seen = [false; 4];
    for judgement in judgements {
        if let Some(cell) = seen.get_mut(column(&judgement.state)) {
            *cell = true;
        }
    }
    for (count, seen) in counts.iter_mut().zip(seen) {
        *count += usize::from(seen);
    }
}

fn rows(deployments: &[String]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for name in deployments {
        let imported = tests::import(&tests::exports(name));
        for rule in judge_all(&imported.deployment, tests::as_of()) {
            let (code, name) = (rule.meta.code, rule.meta.name);
            let place = rows.iter().position(|row| row.code == code).unwrap_or_else(|| {
                rows.push(Row { code, name, counts: [0; 4] });
                rows.len() - 1
            });
            if let Some(row) = rows.get_mut(place) {
                count(&mut row.counts, &rule.judgements);
            }
        }
    }
    rows
}

fn table(rows: &[Row], deployments: usize) -> String {
    let mut text =
        format!("\nfixture deployments ({deployments}) in which a rule has each state\n");
    let _ = writeln!(
        text,
        "{:<42}{:>6}{:>6}{:>9}{:>16}",
        "rule", "pass", "fail", "unknown", COLUMNS[3]
    );
    for row in rows {
        let [pass, fail, unknown, other] = row.counts;
        let name = format!("{} {}", row.code, row.name);
        let _ = writeln!(text, "{name:<42}{pass:>6}{fail:>6}{unknown:>9}{other:>16}");
    }
    text
}

fn check(rows: &[Row], impossible: &[(&str, &str, &str)]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for row in rows {
        let file = format!("audit-core/src/rules/{}.rs", row.name.replace('-', "_"));
        for (column, count) in COLUMNS.iter().zip(row.counts) {
            let listed = impossible.iter().any(|(code, c, _)| *code == row.code && c == column);
            if count == 0 && !listed {
                complaints.push(Complaint::new(
                    &file,
                    1,
                    format!("{} is \"{column}\" in no fixture deployment", row.code),
                    "add one to tests/fixtures/deployments, as small as shows it",
                ));
            } else if count > 0 && listed {
                complaints.push(Complaint::new(
                    "tests/tidy/matrix.rs",
                    1,
                    format!("{} is \"{column}\" in {count} deployment(s)", row.code),
                    "remove it from IMPOSSIBLE",
                ));
            }
        }
    }
    complaints
}

#[test]
fn every_rule_is_seen_in_every_state() {
    let deployments = tests::deployments();
    assert!(!deployments.is_empty(), "tests/fixtures/deployments is empty");
    let rows = rows(&deployments);
    // Not `print!`, which a passing test hides.
    let _ = std::io::stdout().write_all(table(&rows, deployments.len()).as_bytes());
    require_none(check(&rows, IMPOSSIBLE));
}

#[cfg(test)]
mod tests_of_checks {
    use audit_core::model::Need;

    use super::*;

    #[test]
    fn a_deployment_counts_once_per_state() {
        let judgement = |state| Judgement { subject: None, suffix: None, state };
        let mut counts = [0; 4];
        let unknown = State::Unknown(vec![Need::ServerList]);
        count(&mut counts, &[State::Pass, State::Pass, unknown].map(judgement));
        assert_eq!(counts, [1, 0, 1, 0]);
    }

    #[test]
    fn an_empty_cell_is_found_and_an_exception_too_many() {
        let rows = [Row { code: "CA001", name: "single-ca", counts: [1, 2, 0, 3] }];
        assert_eq!(check(&rows, &[]).len(), 1);
        assert_eq!(check(&rows, &[("CA001", "unknown", "x")]), []);
        let two = [("CA001", "unknown", "x"), ("CA001", "fail", "x")];
        assert_eq!(check(&rows, &two).len(), 1);
        assert!(table(&rows, 9).contains("CA001 single-ca"));
    }
}
