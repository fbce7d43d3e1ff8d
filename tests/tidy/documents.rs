//! Documents that must follow the code, and the shape of the workspace.

use std::collections::BTreeSet;

use audit_core::rules;

use crate::source::{Complaint, TextFile, own_files, require_none};

/// Members of the workspace.
const MEMBERS: [&str; 5] = ["audit-core", "simulator", "site/build", "tests", "wasm"];

/// Folders of the root; what cargo, npm and git make is left out, as are dot files.
const FOLDERS: [&str; 6] = ["audit-core", "docs", "simulator", "site", "tests", "wasm"];

/// Files of the root that every checkout has.
const FILES: [&str; 15] = [
    "ARCHITECTURE.md",
    "BENCHMARKS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests/run.sh",
];

/// Folders whose direct children the code map lists.
const MAPPED: [&str; 8] = [
    "audit-core/src",
    "simulator/src",
    "simulator/src/bin/idm-drill",
    "site/build/src",
    "site/src",
    "tests",
    "tests/src",
    "wasm/src",
];

/// Parts of the tree that need no line: crate roots say so themselves.
const UNMAPPED: [&str; 10] = [
    "audit-core/src/lib.rs",
    "simulator/src/bin/",
    "simulator/src/lib.rs",
    "site/src/virtual.d.ts",
    "site/build/src/main.rs",
    "tests/Cargo.toml",
    "tests/fixtures/",
    "tests/src/",
    "tests/src/lib.rs",
    "wasm/src/lib.rs",
];

/// Paths that the list items of the code map name, with their lines.
fn mapped(architecture: &TextFile) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (index, line) in architecture.text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            inside = heading == "Code map";
        } else if inside && let Some(path) = line.strip_prefix("- `") {
            found.extend(path.split('`').next().map(|path| (index + 1, path)));
        }
    }
    found
}

/// Files and folders that the code map must list.
fn parts(files: &[TextFile]) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for folder in MAPPED {
        for file in files {
            let Some(rest) = file.path.strip_prefix(folder).and_then(|r| r.strip_prefix('/'))
            else {
                continue;
            };
            let part = match rest.split_once('/') {
                Some((child, _)) => format!("{folder}/{child}/"),
                None => file.path.clone(),
            };
            if !UNMAPPED.contains(&part.as_str()) {
                parts.insert(part);
            }
        }
    }
    parts
}

fn check_map(architecture: &TextFile, parts: &BTreeSet<String>) -> Vec<Complaint> {
    let mapped = mapped(architecture);
    let missing = parts.iter().filter(|part| !mapped.iter().any(|(_, path)| path == part));
    let gone = mapped.iter().filter(|(_, path)| !parts.contains(*path));
    let complain = |line: usize, what: String, todo: &str| {
        Complaint::new(&architecture.path, line, what, todo)
    };
    missing
        .map(|part| {
            let line = architecture.line_of("## Code map");
            let what = format!("the code map does not list `{part}`");
            complain(line, what, "add the line \"- `PATH`: what it does\"")
        })
        .chain(gone.map(|(line, path)| {
            complain(*line, format!("the code map lists `{path}`"), "remove the line: it is gone")
        }))
        .collect()
}

/// Complaints about the change log: no part for what is not released, or a rule it does not name.
fn check_change_log(log: &TextFile, codes: &[&str]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !log.text.lines().any(|line| line == "## [Unreleased]") {
        let todo = "begin a new part with what changes for users";
        complaints.push(Complaint::new(&log.path, 1, "there is no \"## [Unreleased]\"", todo));
    }
    for code in codes.iter().filter(|code| !log.text.contains(**code)) {
        complaints.push(Complaint::new(
            &log.path,
            log.line_of("### Rules"),
            format!("rule {code} was never announced"),
            "name it under \"Rules\" with what it flags",
        ));
    }
    complaints
}

/// The members that the root manifest lists.
fn members(manifest: &str) -> BTreeSet<&str> {
    let list = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next());
    list.unwrap_or_default().split(',').map(|name| name.trim().trim_matches('"')).collect()
}

#[test]
fn the_workspace_is_that_of_the_contract() {
    let manifest = std::fs::read_to_string(tests::root().join("Cargo.toml")).expect("a manifest");
    assert_eq!(members(&manifest), BTreeSet::from(MEMBERS));
    let files = own_files();
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| Some(file.path.split_once('/')?.0))
        .filter(|folder| !folder.starts_with('.'))
        .collect();
    let strange: Vec<&&str> = folders.iter().filter(|name| !FOLDERS.contains(name)).collect();
    assert!(strange.is_empty(), "folders of the root that the contract does not have: {strange:?}");
    let missing: Vec<&str> =
        FILES.into_iter().filter(|name| !files.iter().any(|file| file.path == *name)).collect();
    assert!(missing.is_empty(), "files that every checkout has: {missing:?}");
}

#[test]
fn the_code_map_is_complete() {
    let files = own_files();
    let architecture =
        files.iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md");
    require_none(check_map(architecture, &parts(&files)));
}

#[test]
fn the_change_log_names_every_rule() {
    let files = own_files();
    let log = files.iter().find(|file| file.path == "CHANGELOG.md").expect("CHANGELOG.md");
    let codes: Vec<&str> = rules::by_code().iter().map(|rule| rule.meta().code).collect();
    require_none(check_change_log(log, &codes));
}

/// Links of Markdown files to files of the tree, `[words](path)`.
fn check_links(file: &TextFile, exists: impl Fn(&str) -> bool) -> Vec<Complaint> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut complaints = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path =
                if folder.is_empty() { target.to_owned() } else { format!("{folder}/{target}") };
            if !exists(&path) {
                let what = format!("the link leads to `{target}`, which does not exist");
                complaints.push(Complaint::new(&file.path, index + 1, what, "correct the path"));
            }
        }
    }
    complaints
}

#[test]
fn links_between_documents_lead_somewhere() {
    let files = own_files();
    let documents = files.iter().filter(|file| file.ends_with(&[".md"]));
    let exists = |path: &str| tests::root().join(path).exists();
    require_none(documents.flat_map(|file| check_links(file, exists)).collect());
}

#[cfg(test)]
mod tests_of_checks {
    use super::*;
    use crate::source::require_lines;

    #[test]
    fn the_code_map_is_compared_both_ways() {
        let files = [
            TextFile::new("audit-core/src/lib.rs", ""),
            TextFile::new("audit-core/src/time.rs", ""),
            TextFile::new("audit-core/src/model/server.rs", ""),
        ];
        let check = |map: &str| {
            let text = format!("# A\n- `x`\n## Code map\n{map}\n## B\n- `y`\n");
            check_map(&TextFile::new("ARCHITECTURE.md", &text), &parts(&files))
        };
        let full = "- `audit-core/src/model/`: a\n- `audit-core/src/time.rs`: b\n";
        assert_eq!(check(full), []);
        require_lines(&check("- `audit-core/src/time.rs`: b\n"), &[3]);
        require_lines(&check(&format!("{full}- `audit-core/src/gone.rs`: c\n")), &[6]);
    }

    #[test]
    fn a_rule_that_was_never_announced_is_found() {
        let check = |text: &str| check_change_log(&TextFile::new("C.md", text), &["CA001"]);
        assert_eq!(check("## [Unreleased]\n### Rules\n- CA001 x\n"), []);
        require_lines(&check("## [Unreleased]\n### Rules\n"), &[2]);
        require_lines(&check("## 1.0\n### Rules\n- CA001 x\n"), &[1]);
    }

    #[test]
    fn members_are_read() {
        let manifest = "[workspace]\nmembers = [\"a\", \"b/c\"]\n";
        assert_eq!(members(manifest), BTreeSet::from(["a", "b/c"]));
    }

    #[test]
    fn a_dead_link_is_found() {
        let text = "[a](https://x.test/y)\n[b](here.md) [c](gone.md#x)\n[d](#x)\n";
        let found = check_links(&TextFile::new("docs/x.md", text), |path| path == "docs/here.md");
        require_lines(&found, &[2]);
    }
}
