//! What every importer's file and every family's file must say.

use std::collections::BTreeSet;

use audit_core::cases::FAMILIES;
use audit_core::import::FORMATS;

use crate::generated::plug_ins;
use crate::rules::check_headings;
use crate::source::{Complaint, TextFile, own_files, require_none};

/// Headings of an importer's documentation, in their order.
const HEADINGS: [&str; 3] = ["Shape", "Errors", "Source"];

/// The doc comment right above the line that holds a text, without its slashes.
fn doc_above(file: &TextFile, needle: &str) -> String {
    let lines: Vec<&str> = file.text.lines().collect();
    let place = lines.iter().position(|line| line.contains(needle)).unwrap_or(0);
    let above = lines.get(..place).unwrap_or_default();
    let mut doc: Vec<&str> = above
        .iter()
        .rev()
        .take_while(|line| line.starts_with("///") || line.starts_with("#["))
        .filter_map(|line| line.strip_prefix("///"))
        .collect();
    doc.reverse();
    doc.join("\n")
}

fn check_importer(file: &TextFile) -> Vec<Complaint> {
    let doc = doc_above(file, "static FORMAT: Format =");
    let mut complaints = check_headings(file, &doc, &HEADINGS);
    if !doc.trim_start().starts_with("Reads ") {
        complaints.push(Complaint::new(
            &file.path,
            file.line_of("///"),
            "the first sentence does not say what is read",
            "begin with \"Reads\" and the command or file",
        ));
    }
    complaints
}

fn check_family(file: &TextFile) -> Vec<Complaint> {
    let doc = doc_above(file, "static FAMILY: Family =");
    if doc.split('.').next().is_some_and(|sentence| !sentence.trim().is_empty()) {
        return Vec::new();
    }
    vec![Complaint::new(
        &file.path,
        file.line_of("static FAMILY"),
        "the family is not documented",
        "say what is lost, and which cases are made of a deployment",
    )]
}

#[test]
fn every_importer_says_what_it_must() {
    let files = own_files();
    let files = plug_ins(&files, "audit-core/src/import");
    require_none(files.into_iter().flat_map(check_importer).collect());
    let names: BTreeSet<&str> = FORMATS.iter().map(|format| format.name).collect();
    assert_eq!(names.len(), FORMATS.len(), "two formats have one name: {names:?}");
}

#[test]
fn every_family_says_what_it_must() {
    let files = own_files();
    require_none(
        plug_ins(&files, "audit-core/src/cases").into_iter().flat_map(check_family).collect(),
    );
    let ids: BTreeSet<&str> = FAMILIES.iter().map(|family| family.id).collect();
    assert_eq!(ids.len(), FAMILIES.len(), "two families have one identifier: {ids:?}");
    for family in FAMILIES {
        assert!(!family.title.is_empty() && !family.citation.is_empty(), "{family:?}");
    }
}

#[cfg(test)]
mod tests_of_checks {
    use super::*;
    use crate::source::require_lines;

    #[test]
    fn an_importer_without_errors_or_source_is_found() {
        let good = "/// Reads x.\n///\n/// # Shape\n///\n/// a\n///\n/// # Errors\n///\n/// None.\n\
                    ///\n/// # Source\n///\n/// x\npub(super) static FORMAT: Format = Format {\n";
        let check = |text: &str| check_importer(&TextFile::new("import/x.rs", text));
        assert_eq!(check(good), []);
        require_lines(&check(&good.replace("# Errors", "# Faults")), &[1]);
        require_lines(&check(&good.replace("/// x\n", "")), &[11]);
        require_lines(&check(&good.replace("Reads x", "X")), &[1]);
    }

    #[test]
    fn a_family_without_words_is_found() {
        let check = |text: &str| check_family(&TextFile::new("cases/x.rs", text));
        require_lines(&check("\n\npub(super) static FAMILY: Family = Family {\n"), &[3]);
        assert_eq!(check("/// Loses x.\npub(super) static FAMILY: Family = Family {\n"), []);
    }
}
