//! Words and blanks that have no place in the tree.

use crate::code::code_of;
use crate::source::{Complaint, TextFile, own_files, require_none};

/// Longest line of Rust, in characters.
const WIDTH: usize = 100;

/// This folder holds the words as data.
const OWN: &str = "tests/tidy/";

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 4] = ["/home/", "/root/", "/tmp/", "/work/"];

/// Places that need one: file, path, reason.
const PATHS_NEEDED: &[(&str, &str, &str)] =
    &[("tests/benches/parts/mod.rs", "/home/", "homeDirectory of generated users")];

/// Words that say the work is not done.
const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// The same in code, and tests that do not test.
const UNFINISHED_CODE: [&str; 4] = ["todo!", "unimplemented!", "#[ignore", "#[should_panic"];

/// British spelling and what is written here, also inside longer words.
const SPELLING: [(&str, &str); 16] = [
    ("analyse", "analyze"),
    ("artefact", "artifact"),
    ("behaviour", "behavior"),
    ("cancelled", "canceled"),
    ("catalogue", "catalog"),
    ("centre", "center"),
    ("colour", "color"),
    ("favour", "favor"),
    ("initialis", "initializ"),
    ("licence", "license"),
    ("modelled", "modeled"),
    ("neighbour", "neighbor"),
    ("organis", "organiz"),
    ("recognis", "recogniz"),
    ("summaris", "summariz"),
    ("synchronis", "synchroniz"),
];

/// Names that others have chosen, spelled as they did.
const QUOTED: &[(&str, &str)] = &[("tests/it/corpus.rs", "long-datacentre-name")];

/// Files whose words are ours.
const PROSE: [&str; 9] = [".css", ".html", ".md", ".mjs", ".rs", ".sh", ".toml", ".ts", "NOTICE"];

fn check_machine_paths(file: &TextFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in numbered(file) {
        for path in MACHINE_PATHS {
            // `a/tmp/` is below something; only what begins at the root belongs to a machine.
            let begins = text.match_indices(path).any(|(at, _)| {
                !text.get(..at).is_some_and(|before| {
                    before.ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c))
                })
            });
            let needed = PATHS_NEEDED.iter().any(|(f, p, _)| *f == file.path && *p == path);
            if begins && !needed {
                let what = format!("`{path}` exists on one machine only");
                let todo = "use a path relative to the checkout, or a word for it";
                complaints.push(Complaint::new(&file.path, line, what, todo));
            }
        }
    }
    complaints
}

fn check_unfinished(file: &TextFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in numbered(file) {
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if UNFINISHED.contains(&word) {
                let todo = "do it, or say in CHANGELOG.md or README.md what is not done";
                complaints.push(Complaint::new(&file.path, line, word, todo));
            }
        }
    }
    if file.ends_with(&[".rs"]) {
        for (index, text) in code_of(&file.text).lines().enumerate() {
            for word in UNFINISHED_CODE {
                if text.contains(word) {
                    let todo = "finish it; test the error value instead of a panic";
                    complaints.push(Complaint::new(&file.path, index + 1, word, todo));
                }
            }
        }
    }
    complaints
}

fn check_blanks(file: &TextFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in numbered(file) {
        if text.ends_with([' ', '\t', '\r']) {
            let what = "the line ends with a blank";
            complaints.push(Complaint::new(&file.path, line, what, "remove it"));
        }
    }
    if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
        let line = file.text.lines().count();
        let what = "the file does not end with exactly one line feed";
        complaints.push(Complaint::new(&file.path, line, what, "end it with one"));
    }
    complaints
}

/// Tables in documentation cannot be wrapped; everything else can.
fn check_width(file: &TextFile) -> Vec<Complaint> {
    numbered(file)
        .filter(|(_, text)| {
            let body = text.trim_start().trim_start_matches(['/', '!']).trim_start();
            text.chars().count() > WIDTH && !body.starts_with('|')
        })
        .map(|(line, text)| {
            let what = format!("the line has {} characters", text.chars().count());
            Complaint::new(&file.path, line, what, format!("wrap it at {WIDTH}"))
        })
        .collect()
}

fn check_spelling(file: &TextFile) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in numbered(file) {
        let mut text = text.to_lowercase();
        for (_, name) in QUOTED.iter().filter(|(path, _)| *path == file.path) {
            text = text.replace(name, "");
        }
        for (british, american) in SPELLING {
            if text.contains(british) {
                let what = format!("`{british}` is British spelling");
                complaints.push(Complaint::new(&file.path, line, what, format!("{american}…")));
            }
        }
    }
    complaints
}

fn numbered(file: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    file.text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
}

fn run(check: impl Fn(&TextFile) -> Vec<Complaint>, wanted: impl Fn(&TextFile) -> bool) {
    let files = own_files();
    require_none(files.iter().filter(|file| wanted(file)).flat_map(check).collect());
}

/// Exceptions that nothing needs any more are removed.
#[track_caller]
fn require_used<'a>(list: &str, exceptions: impl Iterator<Item = (&'a str, &'a str)>) {
    for (path, needle) in exceptions {
        let text = std::fs::read_to_string(tests::root().join(path)).unwrap_or_default();
        assert!(text.contains(needle), "{path} has no {needle}: remove it from {list}");
    }
}

#[test]
fn no_path_of_a_machine() {
    run(check_machine_paths, |file| !file.path.starts_with(OWN));
    require_used("PATHS_NEEDED", PATHS_NEEDED.iter().map(|(path, needle, _)| (*path, *needle)));
}

#[test]
fn nothing_is_unfinished() {
    run(check_unfinished, |file| !file.path.starts_with(OWN));
}

#[test]
fn no_blanks_at_the_end() {
    run(check_blanks, |_| true);
}

#[test]
fn rust_fits_the_width() {
    run(check_width, |file| file.ends_with(&[".rs"]));
}

#[test]
fn spelling_is_american() {
    run(check_spelling, |file| file.ends_with(&PROSE) && !file.path.starts_with(OWN));
    require_used("QUOTED", QUOTED.iter().copied());
}

#[cfg(test)]
mod tests_of_checks {
    use super::*;
    use crate::source::require_lines;

    fn file(text: &str) -> TextFile {
        TextFile::new("audit-core/src/x.rs", text)
    }

    #[test]
    fn machine_paths() {
        require_lines(&check_machine_paths(&file("a\n\"/home/x\"\nb/tmp/c\n")), &[2]);
        require_lines(&check_machine_paths(&file("see /work/x and frame/work/y\n")), &[1]);
        let needed = TextFile::new("tests/benches/parts/mod.rs", "/home/u\n/tmp/u\n");
        require_lines(&check_machine_paths(&needed), &[2]);
    }

    #[test]
    fn unfinished_work() {
        require_lines(&check_unfinished(&file("// TODO: x\nTODOS\n")), &[1]);
        require_lines(&check_unfinished(&file("fn f() {\n    todo!()\n}\n")), &[2]);
        require_lines(&check_unfinished(&file("#[ignore = \"x\"]\n// #[ignore]\n")), &[1]);
    }

    #[test]
    fn blanks() {
        require_lines(&check_blanks(&file("a \nb\t\nc\r\nd\n")), &[1, 2, 3]);
        require_lines(&check_blanks(&file("a\nb")), &[2]);
        require_lines(&check_blanks(&file("a\n\n")), &[2]);
        require_lines(&check_blanks(&file("")), &[]);
    }

    #[test]
    fn width() {
        let long = "x".repeat(WIDTH);
        let wide = "\u{e9}".repeat(WIDTH);
        require_lines(&check_width(&file(&format!("{long}\n{long}y\n{wide}\n"))), &[2]);
        require_lines(&check_width(&file(&format!("    /// | {long} |\n//! {long}\n"))), &[2]);
    }

    #[test]
    fn spelling() {
        require_lines(&check_spelling(&file("DataCentre\ncenter\nNeighbours\n")), &[1, 3]);
        let quoted = "long-datacentre-name\nlong-datacentre-name in the centre\n";
        require_lines(&check_spelling(&TextFile::new("tests/it/corpus.rs", quoted)), &[2]);
    }
}
