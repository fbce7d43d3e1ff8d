//! Every importer on its samples, and the laws that hold for all of them: how a file is cut into
//! chunks, in which order files come, and whether they come as a saved model must not matter.
//!
//! The samples in `tests/fixtures/exports/IMPORTER/` were not written by this project's own writer:
//! `ok-` is read whole, `odd-` has a trap, `broken-` is refused or half read. Their snapshots show
//! the model with the line of every fact.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::fmt::Write as _;
use std::sync::OnceLock;

use audit_core::import::{Import, Imported};
use audit_core::report::deployment_json;
use insta::{Settings, assert_snapshot};
use quickcheck::{Gen, QuickCheck};
use serde_json::Value;
use tests::{deployments, exports, import, importers, samples};

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

/// Lines or pointers of a fact's evidence.
fn places(document: &Value, pointer: &str) -> String {
    let Some(places) = document["evidence"].get(pointer).and_then(Value::as_array) else {
        return String::new();
    };
    let text: Vec<String> = places
        .iter()
        .map(|place| match (place["line"].as_u64(), place["pointer"].as_str()) {
            (Some(line), _) => line.to_string(),
            (None, Some(pointer)) if pointer.starts_with('/') => pointer.to_owned(),
            _ => "file".to_owned(),
        })
        .collect();
    format!("  @ {}", text.join(", "))
}

/// What single servers show of themselves, and what people declare.
const OBSERVED: [&str; 24] = [
    "backups",
    "snapshots",
    "stores",
    "keys",
    "schedules",
    "rehearsals",
    "targets",
    "vms",
    "agreements",
    "agreement_lists",
    "ruv",
    "dna_ranges",
    "id_ranges",
    "certificates",
    "ca_signing",
    "locations",
    "server_locations",
    "server_views",
    "upkeep",
    "clock_skews",
    "filesystems",
    "services",
    "answers",
    "waivers",
];

/// Lines or pointers of the evidence of a row and of its facts.
fn places_below(document: &Value, at: &str) -> String {
    let evidence = document["evidence"].as_object().unwrap();
    let below = format!("{at}/");
    let mut out = places(document, at);
    for pointer in evidence.keys().filter(|pointer| pointer.starts_with(&below)) {
        let place = places(document, pointer);
        let _ = write!(out, " {}{}", &pointer[below.len()..], place.replace("  @ ", "@"));
    }
    out
}

/// The model JSON without what repeats itself: one fact per line, with the lines that state it.
fn compact(imported: &Imported) -> String {
    let document = deployment_json::document(&imported.deployment);
    let mut out = String::new();
    for input in &imported.inputs {
        let _ = writeln!(out, "format: {}", input.format);
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for key in ["servers_known", "ca", "ca_renewal_server", "dnssec_key_master", "domain_level"] {
        let pointer =
            if key == "servers_known" { "/servers".to_owned() } else { format!("/{key}") };
        let _ = writeln!(out, "{key}: {}{}", text(&document[key]), places(&document, &pointer));
    }
    for (index, server) in document["servers"].as_array().unwrap().iter().enumerate() {
        let at = format!("/servers/{index}");
        let _ = writeln!(out, "server {}{}", text(&server["fqdn"]), places(&document, &at));
        for key in ["visibility", "data_center", "version", "crl_publisher"] {
            let value = &server[key];
            if !value.is_null() && value != "unknown" {
                let place = places(&document, &format!("{at}/{key}"));
                let _ = writeln!(out, "  {key}: {}{place}", text(value));
            }
        }
        for (role, status) in server["roles"].as_object().unwrap() {
            if status != "unknown" {
                let place = places(&document, &format!("{at}/roles/{role}"));
                let _ = writeln!(out, "  {role}: {}{place}", text(status));
            }
        }
    }
    for (name, suffix) in document["suffixes"].as_object().unwrap() {
        let at = format!("/suffixes/{name}");
        let _ = writeln!(
            out,
            "suffix {name}: known {}, complete {}{}",
            suffix["known"],
            suffix["complete"],
            places(&document, &at)
        );
        for (index, segment) in suffix["segments"].as_array().unwrap().iter().enumerate() {
            let _ = writeln!(
                out,
                "  {} | {} | {} | {}{}{}{}",
                text(&segment["name"]),
                text(&segment["left"]),
                text(&segment["right"]),
                text(&segment["direction"]),
                segment.get("enabled").map_or(String::new(), |on| format!(" | enabled {on}")),
                segment.get("disputed").map_or("", |_| " | disputed"),
                places(&document, &format!("{at}/segments/{index}"))
            );
        }
    }
    for key in OBSERVED {
        match &document[key] {
            Value::Null => {}
            Value::Array(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    let at = format!("/{key}/{index}");
                    let _ = writeln!(out, "{key}: {row}{}", places_below(&document, &at));
                }
            }
            other => {
                let place = places(&document, &format!("/{key}"));
                let _ = writeln!(out, "{key}: {}{place}", text(other));
            }
        }
    }
    for key in ["backups", "snapshots", "stores", "keys", "schedules", "rehearsals"] {
        let known = &document[format!("{key}_known")];
        if !known.is_null() {
            let _ = writeln!(out, "{key} known: {known}{}", places(&document, &format!("/{key}")));
        }
    }
    for conflict in document["conflicts"].as_array().unwrap() {
        let values: Vec<String> = conflict["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| format!("{} @ {}", text(&value["value"]), value["line"]))
            .collect();
        let _ = writeln!(out, "conflict {}: {}", text(&conflict["pointer"]), values.join(", "));
    }
    for note in document["notes"].as_array().unwrap() {
        let number = |key: &str| note[key].as_u64().map_or(String::new(), |n| format!(":{n}"));
        let _ = writeln!(
            out,
            "note {} {}{}{}: {}",
            text(&note["severity"]),
            text(&note["code"]),
            number("line"),
            number("column"),
            text(&note["message"])
        );
    }
    out
}

#[test]
fn samples_become_these_models() {
    for importer in importers() {
        for (name, bytes) in samples(&importer) {
            let text = compact(&import(&[(name.as_str(), &bytes)]));
            let mut settings = Settings::clone_current();
            settings.set_snapshot_path(format!("snapshots/importers/{importer}"));
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| assert_snapshot!(name.as_str(), text));
        }
    }
}

/// `ok-` means it: no error or warning but on what a single file cannot say.
#[test]
fn ok_samples_have_no_complaints() {
    // Visibility without `--include-master`, suffixes of lists without a command line, which server
    // a VM is.
    let allowed = ["IMP018", "IMP019", "IMP026", "IMP085"];
    for importer in importers() {
        for (name, bytes) in samples(&importer) {
            if !name.starts_with("ok-") {
                continue;
            }
            let imported = import(&[(name.as_str(), &bytes)]);
            for note in &imported.deployment.notes {
                let fine =
                    note.code.severity().name() == "info" || allowed.contains(&note.code.code());
                assert!(fine, "{importer}/{name}: {note:?}");
            }
        }
    }
}

/// Every file of the fixtures, with a name that is unique.
fn every_file() -> Files {
    let mut files = Vec::new();
    for importer in importers() {
        files.extend(samples(&importer));
    }
    for deployment in deployments() {
        files.extend(
            exports(&deployment).into_iter().map(|(name, b)| (format!("{deployment}/{name}"), b)),
        );
    }
    files
}

fn rendered(imported: &Imported) -> String {
    format!("{}{:?}", deployment_json::render(&imported.deployment), imported.inputs)
}

#[test]
fn chunks_do_not_matter() {
    for (name, bytes) in every_file() {
        let whole = rendered(&import(&[(name.as_str(), &bytes)]));
        for size in [1, 3, 61, 4096, 65_535, 65_536] {
            // Tiny chunks of a large file take long and show nothing that small files do not.
            if (size > bytes.len() && size > 1) || (size < 61 && bytes.len() > 20_000) {
                continue;
            }
            let mut import = Import::new();
            let mut reader = import.open(&name);
            for chunk in bytes.chunks(size) {
                reader.push(chunk);
            }
            import.close(reader);
            assert!(rendered(&import.finish()) == whole, "{name} in chunks of {size} bytes");
        }
    }
}

/// Any way to cut any file gives the same model: pieces of any length, many of one byte, some
/// empty.
#[test]
fn any_split_gives_the_identical_model() {
    static FILES: OnceLock<Vec<(String, Vec<u8>, String)>> = OnceLock::new();
    fn law(which: usize, cuts: Vec<usize>, single: usize) -> bool {
        let files = FILES.get().expect("set above");
        let (name, bytes, whole) = &files[which % files.len()];
        let place = |at: &usize| at % (bytes.len() + 1);
        let mut places: Vec<usize> = cuts.iter().map(place).collect();
        // Around one place, every byte alone.
        let single = place(&single);
        places.extend(single..bytes.len().min(single + 40));
        places.sort_unstable();
        let mut import = Import::new();
        let mut reader = import.open(name);
        let mut from = 0;
        for to in places.into_iter().chain([bytes.len()]) {
            reader.push(&bytes[from..to]);
            from = to;
        }
        import.close(reader);
        rendered(&import.finish()) == *whole
    }
    let files = FILES.get_or_init(|| {
        let whole = |(name, bytes): (String, Vec<u8>)| {
            let model = rendered(&import(&[(name.as_str(), &bytes)]));
            (name, bytes, model)
        };
        // A file beyond the head that recognition looks at is in, larger ones show nothing more.
        every_file().into_iter().filter(|(_, bytes)| bytes.len() < 200_000).map(whole).collect()
    });
    let count = 4 * files.len() as u64;
    let law = law as fn(usize, Vec<usize>, usize) -> bool;
    QuickCheck::new().rng(Gen::from_size_and_seed(60, 2026)).tests(count).quickcheck(law);
}

#[test]
fn order_of_files_does_not_matter() {
    let mut groups: Vec<(String, Files)> =
        deployments().into_iter().map(|name| (name.clone(), exports(&name))).collect();
    for importer in importers() {
        // All samples of an importer at once contradict each other in every way.
        let files = samples(&importer);
        groups.push((importer, files));
    }
    for (name, mut files) in groups {
        let first = rendered(&import(&files));
        // Of the large groups not every rotation: 7 is prime to their sizes, so all move around.
        let step = if files.len() > 10 { 7 } else { 1 };
        for turn in 0..files.len().min(5) {
            files.rotate_left(step);
            assert!(rendered(&import(&files)) == first, "{name}, turn {turn}");
        }
        files.reverse();
        assert!(rendered(&import(&files)) == first, "{name}, reversed");
    }
}

/// A saved model is the model: facts, evidence, conflicts and notes.
#[test]
fn a_saved_model_is_read_back_as_it_was() {
    let mut groups: Vec<(String, Files)> =
        deployments().into_iter().map(|name| (name.clone(), exports(&name))).collect();
    groups
        .extend(every_file().into_iter().map(|(name, bytes)| (name.clone(), vec![(name, bytes)])));
    for (name, files) in groups {
        let saved = deployment_json::render(&import(&files).deployment);
        let again = deployment_json::render(&import(&[("model.json", &saved)]).deployment);
        assert!(saved == again, "{name}:\n{}", first_difference(&saved, &again));
    }
}

fn first_difference(left: &str, right: &str) -> String {
    let at = left.lines().zip(right.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let some = |text: &str| text.lines().skip(at).take(12).collect::<Vec<_>>().join("\n");
    format!("saved, line {at}:\n{}\nread back:\n{}", some(left), some(right))
}
