//! What every rule's file must say.

use audit_core::rule::{Meta, Severity};
use audit_core::rules::RULES;

use crate::generated::plug_ins;
use crate::source::{Complaint, TextFile, own_files, require_none};

const FOLDER: &str = "audit-core/src/rules";

/// Headings of a rule's documentation, in their order.
const HEADINGS: [&str; 6] =
    ["Why this matters", "What it reads", "Verdicts", "Fix", "Source", "Example"];

/// How the lines of "Verdicts" begin.
const VERDICTS: [&str; 4] = ["* pass:", "* fail:", "* not applicable:", "* unknown:"];

/// Words that begin the name of a check or a remedy rather than of a failing state.
const NOT_STATES: [&str; 14] = [
    "add", "avoid", "check", "enable", "ensure", "has", "have", "install", "max", "min", "must",
    "require", "should", "verify",
];

/// Headings of a doc comment with the number of the line each stands on, counted from 0.
pub(crate) fn headings(doc: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    doc.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let line = line.strip_prefix(' ').unwrap_or(line);
            fenced ^= line.trim_start().starts_with("```");
            (!fenced).then(|| line.strip_prefix("# "))?.map(|heading| (index, heading.trim()))
        })
        .collect()
}

/// The text below a heading.
pub(crate) fn section(doc: &str, heading: &str) -> String {
    let all = headings(doc);
    let Some(place) = all.iter().position(|(_, found)| *found == heading) else {
        return String::new();
    };
    let line = |index: usize| all.get(index).map(|(line, _)| *line);
    let from = line(place).unwrap_or(0) + 1;
    let to = line(place + 1).unwrap_or(usize::MAX);
    doc.lines().skip(from).take(to.saturating_sub(from)).collect::<Vec<_>>().join("\n")
}

/// Complaints about the headings of a doc comment.
pub(crate) fn check_headings(file: &TextFile, doc: &str, expected: &[&str]) -> Vec<Complaint> {
    let found: Vec<&str> = headings(doc)
        .into_iter()
        .map(|(_, heading)| heading)
        .filter(|heading| expected.contains(heading))
        .collect();
    let mut complaints = Vec::new();
    for heading in expected {
        let line = file.line_of(&format!("/// # {heading}"));
        match found.iter().filter(|other| *other == heading).count() {
            0 => complaints.push(Complaint::new(
                &file.path,
                1,
                format!("the documentation has no heading \"# {heading}\""),
                format!("the headings are, in this order: {}", expected.join(", ")),
            )),
            1 if section(doc, heading).trim().is_empty() => complaints.push(Complaint::new(
                &file.path,
                line,
                format!("there is nothing below \"# {heading}\""),
                "say it in a sentence",
            )),
            1 => {}
            _ => complaints.push(Complaint::new(
                &file.path,
                line,
                format!("the heading \"# {heading}\" occurs twice"),
                "join the two",
            )),
        }
    }
    if complaints.is_empty() && found != expected {
        complaints.push(Complaint::new(
            &file.path,
            file.line_of("/// # "),
            format!("the headings are in the order {}", found.join(", ")),
            format!("bring them into the order {}", expected.join(", ")),
        ));
    }
    complaints
}

/// Complaints about one rule.
fn check(file: &TextFile, meta: &Meta, codes: &[&str]) -> Vec<Complaint> {
    let mut complaints = check_headings(file, meta.doc, &HEADINGS);
    let mut complain = |needle: &str, what: String, todo: &str| {
        complaints.push(Complaint::new(&file.path, file.line_of(needle), what, todo));
    };
    let (code, name) = (meta.code, meta.name);
    let first = format!("//! {code} `{name}`.");
    if file.text.lines().next() != Some(first.as_str()) {
        complain("//!", "the first line does not name the rule".to_owned(), &first);
    }
    if name != file.stem().replace('_', "-") {
        let what = format!("the rule is called `{name}`, its file {}", file.path);
        complain("name:", what, "name the rule after its file, with hyphens");
    }
    if !is_code(code) {
        let what = format!("`{code}` is no code");
        complain("code:", what, "use two or three capital letters and three digits");
    }
    if codes.iter().filter(|other| **other == code).count() != 1 {
        let what = format!("the code {code} belongs to two rules");
        complain("code:", what, "take the next free number; codes are never reused");
    }
    let begin = name.split('-').next().unwrap_or_default();
    if NOT_STATES.contains(&begin) {
        let what = format!("`{name}` is not the name of a state that fails");
        complain("name:", what, "say what is wrong: single-ca, cut-server");
    }
    let texts = [
        ("rule:", meta.rule),
        ("fails:", meta.fails),
        ("holds:", meta.holds),
        ("citation:", meta.citation),
    ];
    for (field, text) in texts {
        if text.trim().is_empty() || text.ends_with('.') {
            let what = format!("`{field}` is empty or ends with a period");
            complain(field, what, "the report prints it as a title");
        }
    }
    for other in meta.supersedes {
        if *other == code || !codes.contains(other) {
            let what = format!("it supersedes {other}, which is no other rule");
            complain("supersedes:", what, "name codes of rules that follow from this one");
        }
    }
    // What has no weight is noted.
    let verb = if meta.severity == Severity::Info { "Notes " } else { "Flags " };
    if !meta.doc.trim_start().starts_with(verb) {
        let what = "the first sentence does not say what is flagged".to_owned();
        complain("///", what, "begin with \"Flags\", or \"Notes\" if it has no weight");
    }
    let verdicts = section(meta.doc, "Verdicts");
    for verdict in VERDICTS {
        let any = verdicts.lines().any(|line| {
            line.trim_start().strip_prefix(verdict).is_some_and(|rest| !rest.trim().is_empty())
        });
        if !any {
            let what = format!("\"Verdicts\" has no line \"{verdict} …\"");
            complain("/// # Verdicts", what, "state the exact condition of each of the four");
        }
    }
    let example = section(meta.doc, "Example");
    if !(example.contains("```") && example.contains("assert")) {
        let what = "the example asserts nothing".to_owned();
        complain("/// # Example", what, "show the rule on a small model, as the other rules do");
    }
    complaints
}

fn is_code(code: &str) -> bool {
    let letters = code.chars().take_while(char::is_ascii_uppercase).count();
    let digits = code.get(letters..).unwrap_or_default();
    (2..=3).contains(&letters) && digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit())
}

#[test]
fn every_rule_says_what_it_must() {
    let files = own_files();
    let files = plug_ins(&files, FOLDER);
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.meta().code).collect();
    assert_eq!(files.len(), RULES.len(), "run: UPDATE=1 cargo tidy");
    let pairs = files.iter().zip(RULES);
    require_none(pairs.flat_map(|(file, rule)| check(file, rule.meta(), &codes)).collect());
}

#[test]
fn catalog_identifiers_are_unique() {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.meta().rule).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "two rules check the same statement of the catalog: {ids:?}");
}

#[cfg(test)]
mod tests_of_checks {
    use audit_core::rule::{Category, Grouping, Origin};

    use super::*;
    use crate::source::require_lines;

    const GOOD: Meta = Meta {
        code: "CA001",
        name: "single-ca",
        rule: "ca-single",
        fails: "One CA",
        holds: "More",
        severity: Severity::High,
        category: Category::CaAndKra,
        citation: "guide 3.3",
        origin: Origin::Guide,
        supersedes: &["CA002"],
        grouping: Grouping::PerSubject,
        doc: " Flags it.\n\n # Why this matters\n\n a\n\n # What it reads\n\n a\n\n # Verdicts\n\n \
              * pass: a;\n * fail: a;\n * not applicable: a;\n * unknown: a.\n\n # Fix\n\n a\n\n \
              # Source\n\n a\n\n # Example\n\n ```\n # use a;\n assert!(true);\n ```\n",
    };

    fn file() -> TextFile {
        TextFile::new(
            "audit-core/src/rules/single_ca.rs",
            "//! CA001 `single-ca`.\n/// Flags it.\n/// # Verdicts\n/// # Example\n\
             code:\nname:\nrule:\nfails:\nholds:\ncitation:\nsupersedes:\n",
        )
    }

    fn complaints(meta: &Meta) -> Vec<Complaint> {
        check(&file(), meta, &["CA001", "CA002"])
    }

    #[test]
    fn a_good_rule_has_no_complaint() {
        assert_eq!(complaints(&GOOD), []);
    }

    #[test]
    fn names_and_codes_are_checked() {
        require_lines(&complaints(&Meta { name: "lone-ca", ..GOOD }), &[1, 6]);
        let check = TextFile::new("rules/check_ca.rs", "//! CA001 `check-ca`.\nname: a\n");
        let meta = Meta { name: "check-ca", ..GOOD };
        require_lines(&super::check(&check, &meta, &["CA001", "CA002"]), &[2]);
        require_lines(&complaints(&Meta { code: "CA02", supersedes: &[], ..GOOD }), &[1, 5, 5]);
        let twice = super::check(&file(), &GOOD, &["CA001", "CA001", "CA002"]);
        require_lines(&twice, &[5]);
    }

    #[test]
    fn metadata_is_checked() {
        require_lines(&complaints(&Meta { citation: " ", ..GOOD }), &[10]);
        require_lines(&complaints(&Meta { fails: "One CA.", ..GOOD }), &[8]);
        require_lines(&complaints(&Meta { supersedes: &["CA001"], ..GOOD }), &[11]);
        require_lines(&complaints(&Meta { supersedes: &["TOP009"], ..GOOD }), &[11]);
    }

    #[test]
    fn documentation_is_checked() {
        let doc = |from: &str, to: &str| -> Meta {
            assert!(GOOD.doc.contains(from), "{from}");
            Meta { doc: Box::leak(GOOD.doc.replace(from, to).into_boxed_str()), ..GOOD }
        };
        require_lines(&complaints(&doc(" Flags", " Reports")), &[2]);
        require_lines(&complaints(&doc("* unknown: a.", "")), &[3]);
        require_lines(&complaints(&doc("* unknown: a.", "* unknown:")), &[3]);
        require_lines(&complaints(&doc("assert", "print")), &[4]);
        require_lines(&complaints(&doc("# Fix", "# Fixes")), &[1]);
        require_lines(&complaints(&doc("# Fix\n\n a", "# Fix\n\n")), &[1]);
        let swapped = doc("# Fix", "# Tmp").doc.replace("# Source", "# Fix");
        let swapped = swapped.replace("# Tmp", "# Source");
        let meta = Meta { doc: Box::leak(swapped.into_boxed_str()), ..GOOD };
        require_lines(&complaints(&meta), &[3]);
    }

    #[test]
    fn a_hash_in_an_example_is_no_heading() {
        let found: Vec<&str> = headings(GOOD.doc).into_iter().map(|(_, heading)| heading).collect();
        assert_eq!(found, HEADINGS);
    }
}
