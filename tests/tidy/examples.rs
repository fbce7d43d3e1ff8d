//! Examples in documents must be what the program prints today.

use std::fmt::Write as _;

use audit_core::report::text::{Style, render};
use audit_core::score::End;
use audit_core::{Report, example};

use crate::source::{Complaint, TextFile, own_files, require_none};

/// Stands for lines that an example leaves out.
const CUT: &str = "[...]";

/// The audit of the bundled example, at the time that the documents name.
pub(crate) fn bundled() -> Report {
    tests::audit_files(example::FILES)
}

/// The ledger in ARCHITECTURE.md, as the block that tidy writes.
pub(crate) fn ledger(end: &End) -> String {
    let mut block = String::from("```text\n");
    for line in &end.ledger {
        let deductions: Vec<String> = line
            .deductions
            .iter()
            .map(|(code, weight, extent)| format!("{code} weight {weight} extent {extent}"))
            .collect();
        let (title, weight) = (line.category.title(), line.category.weight());
        let _ = writeln!(block, "{title}, weight {weight}, score {}", line.score);
        let none = if deductions.is_empty() { "-" } else { "" };
        let _ = writeln!(block, "  {}{none}", deductions.join("\n  "));
    }
    block.push_str("```");
    block
}

/// Complaints about an example of output: each part between cuts must stand in the output, in its
/// order.
fn check_sample(file: &TextFile, first: &str, output: &str) -> Vec<Complaint> {
    let complain = |line: usize, what: &str| {
        vec![Complaint::new(&file.path, line, what, "paste the output again, cut at [...]")]
    };
    let lines: Vec<&str> = file.text.lines().collect();
    let Some(from) = lines.iter().position(|line| line.starts_with(first)) else {
        return complain(1, "the example of output is missing");
    };
    let output: Vec<&str> = output.lines().collect();
    let mut at = 0;
    let mut after_cut = true;
    for (index, line) in lines.iter().enumerate().skip(from) {
        if line.starts_with("```") {
            break;
        }
        if *line == CUT {
            after_cut = true;
            continue;
        }
        let rest = output.get(at..).unwrap_or_default();
        let found = rest.iter().position(|printed| printed.trim_end() == *line);
        match found {
            Some(skipped) if after_cut || skipped == 0 => at += skipped + 1,
            _ => return complain(index + 1, "the program does not print this line here"),
        }
        after_cut = false;
    }
    Vec::new()
}

/// Complaints about the worked example: every number of the ledger must be worked out in its text.
fn check_arithmetic(file: &TextFile, end: &End) -> Vec<Complaint> {
    let heading = "### Worked by hand";
    let text = file.text.split(heading).nth(1).unwrap_or_default();
    let text = text.split("\n## ").next().unwrap_or_default();
    // Behind the generated block.
    let text = text.rsplit("```").next().unwrap_or_default();
    let mut numbers = vec![end.raw];
    for line in &end.ledger {
        numbers.push(line.score);
        numbers.extend(line.deductions.iter().map(|(_, _, extent)| *extent));
    }
    numbers
        .into_iter()
        .filter(|number| !text.contains(&number.to_string()))
        .map(|number| {
            let what = format!("the ledger has {number}, which the text does not work out");
            Complaint::new(&file.path, file.line_of(heading), what, "work it out by hand again")
        })
        .collect()
}

#[test]
fn the_readme_shows_real_output() {
    let files = own_files();
    let readme = files.iter().find(|file| file.path == "README.md").expect("README.md");
    let output = render(&bundled(), Style { color: false, verbose: false });
    require_none(check_sample(readme, "idm-drill audit, as of", &output));
}

#[test]
fn the_worked_example_is_the_bundled_one() {
    let files = own_files();
    let file = files.iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md");
    require_none(check_arithmetic(file, &bundled().grade.low));
}

#[cfg(test)]
mod tests_of_checks {
    use audit_core::rule::Category;
    use audit_core::score::LedgerLine;

    use super::*;
    use crate::source::require_lines;

    #[test]
    fn a_sample_that_is_not_printed_is_found() {
        let check = |sample: &str| {
            let text = format!("# x\n```text\n{sample}```\nz\n");
            check_sample(&TextFile::new("README.md", &text), "a", "a\nb  \nc\nd\n")
        };
        assert_eq!(check("a\nb\n[...]\nd\n"), []);
        require_lines(&check("a\nc\n"), &[4]);
        require_lines(&check("a\n[...]\nx\n"), &[5]);
        require_lines(&check("a\n[...]\nc\nb\n"), &[6]);
        require_lines(&check("x\n"), &[1]);
    }

    #[test]
    fn a_number_that_is_not_worked_out_is_found() {
        let end = End {
            raw: 5821,
            capped: 3400,
            ledger: vec![LedgerLine {
                category: Category::SiteLoss,
                weight_percent: 100,
                deductions: vec![("DC001", 4000, 6250)],
                score: 7500,
            }],
        };
        let check = |text: &str| {
            let text = format!("a\n### Worked by hand\n{}\n{text}\n## b\n5821\n", ledger(&end));
            check_arithmetic(&TextFile::new("ARCHITECTURE.md", &text), &end)
        };
        assert_eq!(check("6250 7500 5821"), []);
        require_lines(&check("6250 7500"), &[2]);
    }
}
