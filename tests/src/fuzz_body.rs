//! What holds for every input, whoever makes it up: the fuzz targets of `tests/fuzz` and the test
//! `fuzz_smoke` run this same check.

use audit_core::import::{FORMATS, Import, Imported, Reads};
use audit_core::report::{Options, audit, deployment_json, json, text};
use audit_core::time::Timestamp;

/// Name of the input: as if all of it came from one file.
const NAME: &str = "fuzz";

/// Servers up to which an input is audited too. More of them make a case slow and show nothing new.
const SERVERS_MAX: usize = 8;

fn whole(data: &[u8]) -> Imported {
    let mut import = Import::new();
    import.add(NAME, data);
    import.finish()
}

/// Cuts the input at places that its own bytes choose.
fn in_pieces(data: &[u8]) -> Imported {
    let mut import = Import::new();
    let mut reader = import.open(NAME);
    let mut rest = data;
    let mut seed = data.len();
    while !rest.is_empty() {
        seed =
            seed.wrapping_mul(31).wrapping_add(rest.first().map_or(0, |&byte| usize::from(byte)));
        let (piece, next) = rest.split_at((1 + seed % 67).min(rest.len()));
        reader.push(piece);
        rest = next;
    }
    import.close(reader);
    import.finish()
}

fn rendered(imported: &Imported) -> String {
    deployment_json::render(&imported.deployment)
}

/// Reads an input and judges it.
///
/// # Panics
///
/// If reading or judging it does, if pieces of it give another model than the whole, or if the
/// model does not survive its own JSON.
pub fn check(data: &[u8]) {
    let imported = whole(data);
    let model = rendered(&imported);
    assert!(model == rendered(&in_pieces(data)), "pieces give another model");
    let mut again = Import::new();
    again.add("model.json", model.as_bytes());
    assert!(model == rendered(&again.finish()), "the model does not survive its own JSON");
    if imported.deployment.servers.len() <= SERVERS_MAX
        && let Some(as_of) = Timestamp::from_unix_seconds(1_795_305_600)
    {
        let report = audit(&imported, &Options { as_of });
        assert!(!json::render(&report).is_empty());
        assert!(!text::render(&report, text::Style { color: false, verbose: true }).is_empty());
    }
}

/// Reads an input as it is, and in the shape that an importer reads: a line before it makes sure
/// that it is taken for LDIF.
///
/// # Panics
///
/// As [`check`].
pub fn check_for(importer: &str, data: &[u8]) {
    check(data);
    let is_ldif = importer.contains("ldif")
        && FORMATS.iter().any(|format| matches!(format.reader, Reads::Ldif { .. }));
    if is_ldif && !data.starts_with(b"version: 1\n") {
        check(&[b"version: 1\n\n".as_slice(), data].concat());
    }
}
