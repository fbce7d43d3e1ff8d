//! Files of the source tree, and complaints about them.

use std::fmt;
use std::fs;
use std::path::Path;

/// Folders without text of ours: built, downloaded, or bytes that tests need as they are.
const SKIPPED: [&str; 7] = [
    ".git",
    "site/dist",
    "site/dist-single",
    "site/node_modules",
    "site/pkg",
    "target",
    "tests/fixtures",
];

/// Endings of files that other programs write.
const WRITTEN_BY_TOOLS: [&str; 5] = [".lock", "-lock.json", ".snap", ".snap.new", ".pending-snap"];

/// A text file of the source tree.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Path from the root, with `/`.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

impl TextFile {
    /// A file for tests of the checks.
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The file's name without folder and ending.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// Whether its name ends with one of these.
    pub(crate) fn ends_with(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Number of the first line that holds a text; 1 if none does.
    pub(crate) fn line_of(&self, needle: &str) -> usize {
        self.text.lines().position(|line| line.contains(needle)).map_or(1, |index| index + 1)
    }
}

/// Every text file of ours, sorted by path.
pub(crate) fn own_files() -> Vec<TextFile> {
    let mut files = Vec::new();
    walk(&tests::root(), "", &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 50, "the source tree was not found");
    files
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<TextFile>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let kind = entry.file_type().expect("a file type");
        if kind.is_dir() {
            // Cargo and others mark folders that can be built again.
            if !entry.path().join("CACHEDIR.TAG").exists() {
                walk(&entry.path(), &path, files);
            }
        } else if kind.is_file() && !WRITTEN_BY_TOOLS.iter().any(|end| path.ends_with(end)) {
            // What is not UTF-8 is no text.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(TextFile { path, text });
            }
        }
    }
}

/// Something to repair.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Complaint {
    file: String,
    line: usize,
    what: String,
    todo: String,
}

impl Complaint {
    /// A complaint about a line of a file, and what to do.
    pub(crate) fn new(
        file: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line, what: what.into(), todo: todo.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}\n    {}", self.file, self.line, self.what, self.todo)
    }
}

/// Ends a test: passes without complaints, else prints all of them.
#[track_caller]
pub(crate) fn require_none(mut complaints: Vec<Complaint>) {
    complaints.sort();
    complaints.dedup();
    let list: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n\n{}\n\n{} complaint(s)\n", list.join("\n"), list.len());
}

/// Ends a test of a check: the complaints must be about exactly these lines, in this order.
#[cfg(test)]
#[track_caller]
pub(crate) fn require_lines(complaints: &[Complaint], lines: &[usize]) {
    let found: Vec<usize> = complaints.iter().map(|complaint| complaint.line).collect();
    assert_eq!(found, lines, "{complaints:#?}");
}
