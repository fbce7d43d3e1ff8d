//! Fixtures: every importer has good, odd and broken samples, every deployment says what it shows.

use crate::generated::plug_ins;
use crate::source::{Complaint, own_files, require_none};

const EXPORTS: &str = "tests/fixtures/exports";
const DEPLOYMENTS: &str = "tests/fixtures/deployments";

/// How the name of a sample begins: read without a remark, read with one, not or half read.
const KINDS: [&str; 3] = ["ok-", "odd-", "broken-"];

/// Complaints about the samples of one importer, by their names.
fn check_samples(importer: &str, samples: &[String]) -> Vec<Complaint> {
    let folder = format!("{EXPORTS}/{importer}");
    let mut complaints = Vec::new();
    for kind in KINDS {
        if !samples.iter().any(|name| name.starts_with(kind)) {
            complaints.push(Complaint::new(
                &folder,
                1,
                format!("there is no sample \"{kind}…\""),
                "ok- is read whole, odd- is read with a note, broken- is refused or half read",
            ));
        }
    }
    for name in samples {
        let known = KINDS.iter().any(|kind| name.starts_with(kind)) || name == "README.md";
        if !known {
            complaints.push(Complaint::new(
                format!("{folder}/{name}"),
                1,
                "the name does not say what the sample is",
                format!("begin it with one of {}", KINDS.join(", ")),
            ));
        }
    }
    complaints
}

/// Complaints about one fixture deployment, by its files.
fn check_deployment(name: &str, files: &[String]) -> Vec<Complaint> {
    let folder = format!("{DEPLOYMENTS}/{name}");
    let mut complaints = Vec::new();
    if !files.iter().any(|file| file == "README.md") {
        let todo = "say in it what the deployment shows and where it comes from";
        complaints.push(Complaint::new(&folder, 1, "there is no README.md", todo));
    }
    if !files.iter().any(|file| file.starts_with("exports/")) {
        let todo = "put its exports into the folder exports/";
        complaints.push(Complaint::new(&folder, 1, "there are no exports", todo));
    }
    complaints
}

fn names_below(folder: &str) -> Vec<String> {
    let folder = tests::root().join(folder);
    if !folder.is_dir() {
        return Vec::new();
    }
    tests::files_below(&folder).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_importer_has_samples_of_each_kind() {
    let files = own_files();
    let importers = plug_ins(&files, "audit-core/src/import");
    let check =
        |importer: &str| check_samples(importer, &names_below(&format!("{EXPORTS}/{importer}")));
    require_none(importers.iter().flat_map(|file| check(file.stem())).collect());
}

#[test]
fn every_deployment_says_what_it_shows() {
    let check =
        |name: &String| check_deployment(name, &names_below(&format!("{DEPLOYMENTS}/{name}")));
    require_none(tests::deployments().iter().flat_map(check).collect());
}

#[cfg(test)]
mod tests_of_checks {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_missing_kind_and_a_strange_name_are_found() {
        let full = names(&["README.md", "broken-cut.txt", "odd-fr.txt", "ok-plain.txt"]);
        assert_eq!(check_samples("x", &full), []);
        assert_eq!(check_samples("x", &full[..3]).len(), 1);
        assert_eq!(check_samples("x", &names(&["other.txt"])).len(), 4);
    }

    #[test]
    fn a_deployment_without_words_or_exports_is_found() {
        assert_eq!(check_deployment("x", &names(&["README.md", "exports/a.txt"])), []);
        assert_eq!(check_deployment("x", &names(&["exports.txt"])).len(), 2);
    }
}
