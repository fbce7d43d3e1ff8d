//! Archives: how one is packed, in which order, and by which way it comes must not matter; damage
//! costs what it hits and never makes a half list look whole.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::io::{self, Cursor, Read, Write};

use audit_core::import::{Import, Imported};
use audit_core::report::deployment_json;
use audit_core::unpack::Input;
use flate2::Compression;
use flate2::write::GzEncoder;
use quickcheck::{Arbitrary, Gen};
use serde_json::Value;
use tests::{exports, files_below, import, read, root};

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

/// Every file of the samples of archives and bundles.
fn samples() -> Files {
    ["archive", "bundle", "pki_ca_cs_cfg"]
        .into_iter()
        .flat_map(|folder| files_below(&root().join("tests/fixtures/exports").join(folder)))
        .map(|(name, path)| (name, read(&path)))
        .collect()
}

fn rendered(imported: &Imported) -> String {
    format!("{}{:?}", deployment_json::render(&imported.deployment), imported.inputs)
}

fn tar_gz(members: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Hands out a few bytes at a time, as a pipe does.
struct Drops<'b>(&'b [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buffer.len());
        Read::read(&mut self.0, &mut buffer[..count])
    }
}

#[test]
fn pushed_read_as_a_file_and_read_as_a_stream_are_one() {
    for (name, bytes) in samples() {
        let pushed = rendered(&import(&[(name.as_str(), &bytes)]));
        let mut by_file = Import::new();
        by_file.read(&name, Input::File(&mut Cursor::new(&bytes))).unwrap();
        assert!(rendered(&by_file.finish()) == pushed, "{name} as a file");
        for size in [7, 512, 100_000] {
            let mut by_stream = Import::new();
            by_stream.read(&name, Input::Stream(&mut Drops(&bytes, size))).unwrap();
            // A stream that may never end is not read on for its digest once it is refused.
            let stream = rendered(&by_stream.finish());
            let same = |text: &str| text.split("sha256").next().unwrap().to_owned();
            assert!(same(&stream) == same(&pushed), "{name} as a stream by {size}");
        }
    }
}

#[test]
fn an_archive_is_the_files_in_it() {
    for name in ["healthy-three-data-centers", "disputing-roles", "suffix-not-stated", "two-cas"] {
        let files = exports(name);
        let inside: Files =
            files.iter().map(|(name, b)| (format!("a.tar.gz!/{name}"), b.clone())).collect();
        let alone = import(&inside).deployment;
        let packed = import(&[("a.tar.gz", &tar_gz(&files))]).deployment;
        assert!(packed == alone, "{name}");
    }
}

/// An order of members.
#[derive(Clone, Debug)]
struct Order(Vec<u8>);

impl Arbitrary for Order {
    fn arbitrary(g: &mut Gen) -> Self {
        Self((0..12).map(|_| u8::arbitrary(g)).collect())
    }
}

#[test]
fn order_of_members_does_not_matter() {
    fn law(Order(keys): Order) -> bool {
        let folder = "sosreport-ipa1";
        let mut files = exports("disputing-roles");
        for (name, text) in [
            ("etc/ipa/default.conf", "[global]\nhost = ipa1.example.test\n"),
            (
                "etc/pki/pki-tomcat/ca/CS.cfg",
                "ca.crl.MasterCRL.enableCRLCache=true\nca.crl.MasterCRL.enableCRLUpdates=true\n",
            ),
            ("etc/shadow", "root:secret"),
        ] {
            files.push((format!("{folder}/{name}"), text.as_bytes().to_vec()));
        }
        files.push(("notes.txt".to_owned(), b"hello".to_vec()));
        let first = deployment_json::render(&import(&[("a.tar.gz", &tar_gz(&files))]).deployment);
        let mut shuffled: Vec<_> = files.into_iter().zip(keys).collect();
        shuffled.sort_by_key(|(_, key)| *key);
        let shuffled: Files = shuffled.into_iter().map(|(file, _)| file).collect();
        first == deployment_json::render(&import(&[("a.tar.gz", &tar_gz(&shuffled))]).deployment)
    }
    quickcheck::QuickCheck::new()
        .rng(quickcheck::Gen::from_size_and_seed(100, 2026))
        .tests(30)
        .quickcheck(law as fn(Order) -> bool);
}

/// What a model states as whole.
fn whole_lists(imported: &Imported) -> (bool, Vec<(bool, Value)>) {
    let model = deployment_json::document(&imported.deployment);
    let suffixes = model["suffixes"].as_object().unwrap().values();
    let lists = suffixes.map(|suffix| {
        let known = suffix["known"] == true;
        (known, suffix["segments"].clone())
    });
    (model["servers_known"] == true, lists.collect())
}

#[test]
fn a_cut_archive_never_makes_a_half_list_look_whole() {
    let files = exports("healthy-three-data-centers");
    let whole = import(&[("a.tar.gz", &tar_gz(&files))]);
    let servers = whole.deployment.servers.len();
    let (_, lists) = whole_lists(&whole);
    let mut plain = tar::Builder::new(Vec::new());
    for (name, bytes) in &files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        plain.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    let plain = plain.into_inner().unwrap();
    let packed = tar_gz(&files);
    for (name, bytes) in [("a.tar", &plain), ("a.tar.gz", &packed)] {
        for end in (512..bytes.len()).step_by(bytes.len() / 97) {
            let cut = import(&[(name, &bytes[..end])]);
            let (servers_known, cut_lists) = whole_lists(&cut);
            assert!(!servers_known || cut.deployment.servers.len() == servers, "{name} at {end}");
            for ((known, segments), (_, all)) in cut_lists.iter().zip(&lists) {
                assert!(!known || segments == all, "{name} at {end}");
            }
        }
    }
}

#[test]
fn damage_anywhere_never_panics() {
    for (name, bytes) in samples() {
        // The marker and the members' names included.
        for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            let imported = import(&[(name.as_str(), &damaged)]);
            assert!(!imported.inputs.is_empty(), "{name} at {at}");
        }
    }
}

#[test]
fn an_error_of_the_input_is_handed_on_and_what_came_before_is_used() {
    struct Fails<'b>(&'b [u8]);
    impl Read for Fails<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the cable was pulled")),
                count => Ok(count),
            }
        }
    }
    let mut files = exports("two-cas");
    files.push(("z.bin".to_owned(), vec![0; 300_000]));
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in &files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    archive.get_mut().flush().unwrap();
    let bytes = archive.into_inner().unwrap();
    let mut import = Import::new();
    let cut = &bytes[..bytes.len() - 100_000];
    let error = import.read("a.tar", Input::Stream(&mut Fails(cut))).unwrap_err();
    assert_eq!(error.to_string(), "the cable was pulled");
    let imported = import.finish();
    assert!(!imported.deployment.servers.is_empty());
    let record = imported.inputs.iter().find(|input| &*input.file == "a.tar").unwrap();
    assert_eq!(record.sha256, None);
}

#[test]
fn no_secret_of_an_archive_is_shown() {
    for (name, bytes) in samples() {
        let imported = import(&[(name.as_str(), &bytes)]);
        let shown = format!("{}{imported:?}", rendered(&imported));
        assert!(!shown.contains("CANARY"), "{name}");
    }
}
