//! Which part may use which: between crates, inside `audit-core`, and of the standard library.

use crate::code::{code_of, leads_through, paths, words};
use crate::generated::{camel_case, plug_ins, uses_word};
use crate::source::{Complaint, TextFile, own_files, require_none};

/// Crates of the workspace with the crates of the workspace they may use.
const CRATES: [(&str, &str, &[&str]); 5] = [
    ("audit-core", "audit-core", &[]),
    ("simulator", "simulator", &["audit-core"]),
    ("site-build", "site/build", &[]),
    ("tests", "tests", &["audit-core", "simulator", "wasm"]),
    ("wasm", "wasm", &["audit-core", "simulator"]),
];

/// Code under these paths is pure: bytes and times come in as arguments.
const PURE: [&str; 3] = ["audit-core/src/", "simulator/src/", "wasm/src/"];

/// The one part of [`PURE`] that is not: the command line.
const COMMAND_LINE: &str = "simulator/src/bin/idm-drill/";

/// What pure code must not reach, with the reason.
const IMPURE: [(&str, &str); 10] = [
    ("libm", "its functions have their names in simulator/src/kernel/math.rs"),
    ("rand", "chance comes from named streams of the simulator's kernel only"),
    ("std::collections::HashMap", "the order differs between runs: use BTreeMap"),
    ("std::collections::HashSet", "the order differs between runs: use BTreeSet"),
    ("std::env", "only the command line reads the environment"),
    ("std::fs", "only the command line opens files"),
    ("std::net", "nothing of this project talks to a network"),
    ("std::process", "only the command line is a process"),
    ("std::time::Instant", "only benchmarks measure time"),
    ("std::time::SystemTime", "only the command line reads the clock"),
];

/// The files that supply to all others what they must not reach.
const SUPPLIERS: [(&str, &str); 2] =
    [("simulator/src/kernel/math.rs", "libm"), ("simulator/src/kernel/streams.rs", "rand")];

/// Files below a path must not use these parts of their crate.
struct Border {
    below: &'static str,
    banned: &'static [&'static str],
    allowed: &'static [&'static str],
    todo: &'static str,
}

const BORDERS: [Border; 5] = [
    Border {
        below: "audit-core/src/import/",
        banned: &[
            "crate::advise",
            "crate::cases",
            "crate::recovery",
            "crate::report",
            "crate::rule",
            "crate::rule_parts",
            "crate::rules",
            "crate::score",
            "crate::views",
        ],
        // The model's own JSON is written there and read here.
        allowed: &["crate::report::deployment_json"],
        todo: "importers state facts and do not judge: put the judgement into a rule",
    },
    Border {
        below: "audit-core/src/parse/",
        banned: &["crate::facts", "crate::import", "crate::rules", "crate::views"],
        allowed: &[],
        todo: "parsers know syntax only: put what it means into an importer",
    },
    Border {
        below: "audit-core/src/rules/",
        banned: &["crate::facts", "crate::import", "crate::parse", "crate::report", "crate::score"],
        allowed: &[],
        todo: "rules read the model only: let an importer read it into the model",
    },
    Border {
        below: "audit-core/src/views/",
        banned: &["crate::facts", "crate::import", "crate::parse", "crate::rules", "crate::score"],
        allowed: &[],
        todo: "views derive from the model only",
    },
    Border {
        below: "simulator/src/kernel/",
        banned: &["audit_core", "crate", "simulator"],
        allowed: &["crate::kernel"],
        todo: "the kernel knows nothing about IdM: put it into the world",
    },
];

/// Words that only these files may use, with what to do elsewhere.
const WORDS: [(&str, &[&str], &str); 2] = [
    (
        "unsafe",
        // The first calls code for a processor feature that it has found; the last reads the
        // compiled module that the same test has written.
        &["audit-core/src/parse/entry_ends.rs", "wasm/src/abi.rs", "tests/it/wasm_host.rs"],
        "only vector code and the plain door of the module need it; find a safe way",
    ),
    ("wasm_bindgen", &["wasm/src/bindgen.rs"], "only the page's door knows JavaScript"),
];

/// Crates of the workspace that a manifest uses, with lines. `[dev-dependencies]` count too.
fn uses(manifest: &TextFile) -> Vec<(usize, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in manifest.text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            // `[dependencies.name]`
            if let Some((before, name)) = section.rsplit_once('.')
                && before.ends_with("dependencies")
            {
                found.push((index + 1, name));
            }
        } else if section.ends_with("dependencies")
            && let Some(name) = line.split(['=', '.', ' ']).next()
        {
            found.push((index + 1, name.trim_matches('"')));
        }
    }
    found.retain(|(_, name)| CRATES.iter().any(|(known, _, _)| known == name));
    found
}

fn check_manifest(manifest: &TextFile, allowed: &[&str]) -> Vec<Complaint> {
    uses(manifest)
        .into_iter()
        .filter(|(_, name)| !allowed.contains(name))
        .map(|(line, name)| {
            Complaint::new(
                &manifest.path,
                line,
                format!("this crate must not use {name}"),
                "see \"Architecture invariant\" in ARCHITECTURE.md",
            )
        })
        .collect()
}

fn check_pure(file: &TextFile) -> Vec<Complaint> {
    let code = code_of(&file.text);
    let mut complaints = Vec::new();
    for (line, path) in paths(&code) {
        // `fs::read` after `use std::fs` is seen at the `use`.
        for (banned, why) in IMPURE {
            let supplies = SUPPLIERS.contains(&(file.path.as_str(), banned));
            if leads_through(&path, banned) && !supplies {
                complaints.push(Complaint::new(&file.path, line, format!("`{path}`"), why));
            }
        }
    }
    complaints
}

fn check_border(file: &TextFile, border: &Border) -> Vec<Complaint> {
    let code = code_of(&file.text);
    paths(&code)
        .into_iter()
        .filter_map(|(line, path)| {
            let path = path.replace("super::super::", "crate::");
            let any = |list: &[&str]| list.iter().any(|part| leads_through(&path, part));
            let crossed = any(border.banned) && !any(border.allowed);
            crossed.then(|| Complaint::new(&file.path, line, format!("`{path}`"), border.todo))
        })
        .collect()
}

/// Complaints about a rule that mentions another one.
fn check_rule_alone(file: &TextFile, stems: &[&str]) -> Vec<Complaint> {
    let code = code_of(&file.text);
    let mut lines: Vec<(usize, &str)> = Vec::new();
    for stem in stems.iter().copied().filter(|stem| *stem != file.stem()) {
        let ty = camel_case(stem);
        lines.extend(words(&code).filter(|(_, w)| *w == ty).map(|(line, _)| (line, stem)));
        for (line, path) in paths(&code) {
            if path.split("::").any(|part| part == stem) {
                lines.push((line, stem));
            }
        }
    }
    lines.sort_unstable();
    lines
        .into_iter()
        .map(|(line, stem)| {
            Complaint::new(
                &file.path,
                line,
                format!("a rule uses the rule {stem}"),
                "put what both need into rule_parts.rs or views/; name what follows in supersedes",
            )
        })
        .collect()
}

/// Complaints about the simulator's use of the audit's own steps.
fn check_own_semantics(file: &TextFile) -> Vec<Complaint> {
    let code = code_of(&file.text);
    let mut complaints = Vec::new();
    let mut complain = |line: usize| {
        complaints.push(Complaint::new(
            &file.path,
            line,
            "the simulator calls the audit's `Situation::step`",
            "effects of actions are written twice and compared by laws: write it on the world",
        ));
    };
    for (index, line) in code.lines().enumerate() {
        if line.contains(".step(") || line.contains("Situation::step") {
            complain(index + 1);
        }
    }
    complaints
}

#[test]
fn crates_use_only_what_they_may() {
    let files = own_files();
    let mut complaints = Vec::new();
    for (_, folder, allowed) in CRATES {
        let path = format!("{folder}/Cargo.toml");
        let manifest = files.iter().find(|file| file.path == path).expect("a manifest");
        complaints.extend(check_manifest(manifest, allowed));
    }
    require_none(complaints);
}

#[test]
fn the_core_has_no_clock_file_environment_or_chance() {
    let files = own_files();
    let pure = files.iter().filter(|file| {
        file.ends_with(&[".rs"])
            && PURE.iter().any(|folder| file.path.starts_with(folder))
            && !file.path.starts_with(COMMAND_LINE)
    });
    require_none(pure.flat_map(check_pure).collect());
}

#[test]
fn importers_do_not_judge_and_rules_do_not_parse() {
    let files = own_files();
    let mut complaints = Vec::new();
    for border in &BORDERS {
        // `rules/mod.rs` is the registry; its helper for examples reads a model.
        let below = files.iter().filter(|file| {
            file.path.starts_with(border.below) && file.path != "audit-core/src/rules/mod.rs"
        });
        complaints.extend(below.flat_map(|file| check_border(file, border)));
    }
    require_none(complaints);
}

#[test]
fn no_rule_calls_another_rule() {
    let files = own_files();
    let rules = plug_ins(&files, "audit-core/src/rules");
    let stems: Vec<&str> = rules.iter().map(|file| file.stem()).collect();
    require_none(rules.iter().flat_map(|file| check_rule_alone(file, &stems)).collect());
}

#[test]
fn the_simulator_has_its_own_semantics() {
    let files = own_files();
    let simulator = files.iter().filter(|file| file.path.starts_with("simulator/src/"));
    require_none(simulator.flat_map(check_own_semantics).collect());
}

#[test]
fn javascript_and_unsafe_stay_behind_their_doors() {
    let files = own_files();
    let mut complaints = Vec::new();
    for (word, allowed, todo) in WORDS {
        for file in files.iter().filter(|file| file.ends_with(&[".rs"])) {
            if let Some(line) = uses_word(file, word)
                && !allowed.contains(&file.path.as_str())
            {
                complaints.push(Complaint::new(&file.path, line, format!("`{word}`"), todo));
            }
        }
    }
    require_none(complaints);
}

#[cfg(test)]
mod tests_of_checks {
    use super::*;
    use crate::source::require_lines;

    #[test]
    fn a_manifest_in_any_form() {
        let manifest = TextFile::new(
            "audit-core/Cargo.toml",
            "[package]\nname = \"wasm\"\n[dependencies]\nserde.workspace = true\n\
             simulator.workspace = true\n[dev-dependencies]\nwasm = { path = \"../wasm\" }\n\
             [target.x.dependencies.tests]\npath = \"../tests\"\n",
        );
        require_lines(&check_manifest(&manifest, &[]), &[5, 7, 8]);
        require_lines(&check_manifest(&manifest, &["simulator", "wasm"]), &[8]);
    }

    #[test]
    fn impure_code_is_found_in_every_spelling() {
        let check = |text: &str| check_pure(&TextFile::new("audit-core/src/x.rs", text));
        require_lines(&check("//! std::fs\nuse std::fs;\nuse std::{env, fmt};\n"), &[2, 3]);
        require_lines(&check("use std::time::{Duration, SystemTime};\n"), &[1]);
        require_lines(&check("fn f() {\n    std::fs::read(\"x\");\n}\n"), &[2]);
        require_lines(&check("use std::collections::{BTreeMap, HashMap as Map};\n"), &[1]);
        require_lines(&check("use rand::Rng;\nuse operand::x;\nlet rand = 1;\n"), &[1]);
        let supplier = TextFile::new(SUPPLIERS[0].0, "use libm::exp;\nuse rand::Rng;\n");
        require_lines(&check_pure(&supplier), &[2]);
    }

    #[test]
    fn borders_inside_the_core() {
        let [import, _, rules, _, kernel] = &BORDERS;
        let check = |border, text: &str| check_border(&TextFile::new("x.rs", text), border);
        require_lines(&check(import, "use crate::{facts::Facts, rules};\n"), &[1]);
        require_lines(&check(import, "use super::super::score::grade;\n"), &[1]);
        require_lines(&check(import, "use crate::report::deployment_json::{A, B};\n"), &[]);
        require_lines(&check(import, "use crate::report::text;\n"), &[1]);
        require_lines(&check(rules, "use crate::rule::State;\ncrate::parse::x();\n"), &[2]);
        require_lines(&check(kernel, "use crate::kernel::time;\nuse crate::world;\n"), &[2]);
        require_lines(&check(kernel, "use super::super::world::x;\naudit_core::x();\n"), &[1, 2]);
    }

    #[test]
    fn a_rule_that_mentions_another_is_found() {
        let check = |text: &str| {
            check_rule_alone(
                &TextFile::new("audit-core/src/rules/cut_server.rs", text),
                &["cut_server", "single_ca"],
            )
        };
        require_lines(&check("// single_ca\nuse super::single_ca;\nCutServer {}\n"), &[2]);
        require_lines(&check("let x = SingleCa;\ncrate::rules::single_ca::y();\n"), &[1, 2]);
        require_lines(&check("views.cut_servers();\nlet single_ca = 1;\n"), &[]);
    }

    #[test]
    fn the_audits_steps_are_found() {
        let check = |text: &str| check_own_semantics(&TextFile::new("simulator/src/x.rs", text));
        require_lines(&check("// .step(\nsituation.step(&a);\nx.step_by(2);\n"), &[2]);
    }
}
