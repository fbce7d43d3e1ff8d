//! Files that nobody should drop and everybody does: each one together with a good file. The good
//! one is audited as if it were alone, a note says what is wrong with the other and where, and no
//! secret shows up anywhere.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use audit_core::import::{Import, Imported};
use audit_core::note::{Note, NoteCode};
use audit_core::report::svg::{self, Styling};
use audit_core::report::text::{self, Style};
use audit_core::report::{Status, audit, deployment_json, json};
use serde_json::Value;
use tests::{exports, import, options};

const BAD: &str = "bad.txt";

/// A deployment in which every rule can be decided.
fn good() -> Vec<(String, Vec<u8>)> {
    exports("healthy-three-data-centers")
}

/// Imports a bad file beside the good ones, in both orders.
fn beside(bad: &[u8]) -> Imported {
    let mut files = good();
    files.push((BAD.to_owned(), bad.to_vec()));
    let imported = import(&files);
    files.reverse();
    assert_eq!(imported.deployment, import(&files).deployment);
    imported
}

/// The notes on the bad file.
fn notes(imported: &Imported) -> Vec<&Note> {
    imported.deployment.notes.iter().filter(|note| &*note.file == BAD).collect()
}

/// What a bad file must not change: the model without its notes, and without the places that state
/// its facts, because a half-read file may state one again.
fn facts(imported: &Imported) -> Value {
    let mut document = deployment_json::document(&imported.deployment);
    let map = document.as_object_mut().unwrap();
    map.remove("notes");
    map.remove("evidence");
    document
}

/// The bad file changes no fact and no verdict, and its first note has this code and line.
#[track_caller]
fn refused(bad: &[u8], code: NoteCode, line: Option<u64>) {
    let alone = import(&good());
    let both = beside(bad);
    assert_eq!(facts(&alone), facts(&both));
    let statuses = |imported: &Imported| -> Vec<Status> {
        audit(imported, &options()).rules.iter().map(|(_, status)| *status).collect()
    };
    assert_eq!(statuses(&alone), statuses(&both));
    let found = notes(&both);
    assert!(
        found.iter().any(|note| note.code == code && note.line == line),
        "{code} at {line:?} is missing: {found:?}"
    );
    assert!(both.inputs.iter().any(|input| &*input.file == BAD), "the file is not listed");
}

/// Everything that this version can print of an audit.
pub(crate) fn all_outputs(imported: &Imported) -> String {
    let report = audit(imported, &options());
    let mut out = deployment_json::render(&imported.deployment);
    out.push_str(&json::render(&report));
    for verbose in [false, true] {
        for color in [false, true] {
            out.push_str(&text::render(&report, Style { color, verbose }));
        }
    }
    for styling in [Styling::Page, Styling::Standalone] {
        out.push_str(&svg::render(&imported.deployment, &report, styling));
    }
    let _ = write!(out, "{imported:?}{report:?}");
    out
}

const LIST: &str = "\
$ ipa topologysegment-find ca --sizelimit=0
------------------
1 segment matched
------------------
  Segment name: Köln-Århus
  Left node: ipa1.ams.example.test
  Right node: ipa1.fra.example.test
  Connectivity: both
----------------------------
Number of entries returned 1
----------------------------
";

/// The list, in whatever encoding, is read: one segment with its name.
#[track_caller]
fn list_is_read(bytes: &[u8], name: &str) -> Imported {
    let imported = import(&[(BAD, bytes)]);
    let document = deployment_json::document(&imported.deployment);
    let segments = document["suffixes"]["ca"]["segments"].as_array().unwrap().clone();
    assert_eq!(segments.len(), 1, "{document}");
    assert_eq!(segments[0]["name"], name);
    assert_eq!(document["suffixes"]["ca"]["known"], true);
    imported
}

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[test]
fn encodings() {
    let plain = list_is_read(LIST.as_bytes(), "Köln-Århus");
    assert_eq!(notes(&plain), Vec::<&Note>::new());

    let marked = [b"\xef\xbb\xbf", LIST.as_bytes()].concat();
    let decoded = |imported: &Imported| {
        notes(imported).iter().any(|note| note.code == NoteCode::Decoded && note.line == Some(1))
    };
    assert!(decoded(&list_is_read(&marked, "Köln-Århus")));

    list_is_read(LIST.replace('\n', "\r\n").as_bytes(), "Köln-Århus");

    for to_bytes in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        // Windows PowerShell's `>` writes UTF-16 with a mark; some tools leave it out.
        let with_mark = utf16(&format!("\u{feff}{LIST}"), to_bytes);
        assert!(decoded(&list_is_read(&with_mark, "Köln-Århus")));
        assert!(decoded(&list_is_read(&utf16(LIST, to_bytes), "Köln-Århus")));
        let windows = utf16(&LIST.replace('\n', "\r\n"), to_bytes);
        assert!(decoded(&list_is_read(&windows, "Köln-Århus")));
        // Cut in the middle of a character: the list is whole before it.
        assert!(decoded(&list_is_read(&[&with_mark[..], b"\0"].concat(), "Köln-Århus")));
    }

    let latin1: Vec<u8> = LIST.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let imported = list_is_read(&latin1, "Köln-Århus");
    let note = notes(&imported)[0].clone();
    assert_eq!(
        (note.code, note.line, note.column),
        (NoteCode::InvalidUtf8, Some(5), Some(18)),
        "the byte itself is shown"
    );
}

#[test]
fn utf16_ldif_and_json_are_decoded_too() {
    let ldif = "dn: cn=Domain Level,cn=ipa,cn=etc,dc=example,dc=test\nipaDomainLevel: 1\n\n";
    let model = r#"{"schema": "idm-drill/deployment/1", "domain_level": 1}"#;
    for content in [ldif, model] {
        let imported = import(&[(BAD, utf16(&format!("\u{feff}{content}"), u16::to_le_bytes))]);
        assert_eq!(imported.deployment.domain_level.value(), Some(&1), "{content}");
    }
}

#[test]
fn invalid_utf8_loses_one_value_only() {
    let mut bytes = LIST.replace("Köln-Århus", "K@ln").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    bytes[at] = 0xff;
    list_is_read(&bytes, "K\u{ff}ln");

    let ldif = b"dn: cn=ipa1.ams.example.test,cn=masters,cn=ipa,cn=etc,dc=example,dc=test\n\
cn: ipa1.ams.example.test\n\
ipaLocation: idnsname=a\xffms,cn=locations,cn=etc,dc=example,dc=test\n\n";
    refused(ldif, NoteCode::InvalidUtf8, Some(3));
}

#[test]
fn what_is_no_text() {
    refused(b"", NoteCode::EmptyFile, None);
    refused(b" \r\n\t\n  \n", NoteCode::EmptyFile, None);
    refused(&vec![b'\n'; 100_000], NoteCode::EmptyFile, None);
    refused(&[0, 1, 2, 3, 0, 255, 254, 0, 9], NoteCode::BinaryFile, None);
    refused(&vec![0; 70_000], NoteCode::BinaryFile, None);
    refused(b"\x1f\x8b\x08\0\0\0\0\0\0\x03idm", NoteCode::ArchiveDamaged, None);
    refused(b"PK\x03\x04\x14\0\0\0", NoteCode::ArchiveDamaged, None);
    refused(b"\x7fELF\x02\x01\x01\0", NoteCode::BinaryFile, None);
    let mut tar = vec![0; 1024];
    tar[..10].copy_from_slice(b"export.txt");
    tar[257..263].copy_from_slice(b"ustar\0");
    refused(&tar, NoteCode::BinaryFile, None);
    // A text with one NUL is no text either: an editor or a memory dump made it.
    refused(format!("{LIST}\0").as_bytes(), NoteCode::BinaryFile, None);
}

#[test]
fn what_is_no_export() {
    refused(b"Dear colleague,\nplease find the export attached.\n", NoteCode::NotRecognized, None);
    refused(b"<html><body>Login</body></html>\n", NoteCode::NotRecognized, None);
    refused(b"[1, 2, 3", NoteCode::NotRecognized, None);
    // What `ipa-healthcheck` leaves without --all: a note explains it.
    refused(b"[]", NoteCode::EmptyFile, None);
    refused(b"{\"result\": null}", NoteCode::NotRecognized, None);
    refused(b"[{\"check\": \"MetaCheck\"}]\n", NoteCode::NotRecognized, None);
    let users = "dn: uid=ann,cn=users,cn=accounts,dc=example,dc=test\nuid: ann\n\n";
    refused(users.as_bytes(), NoteCode::NotRecognized, None);
    refused(b"{\"schema\": \"idm-drill/deployment/2\"}", NoteCode::UnknownSchema, None);
    let report = json::render(&audit(&import(&good()), &options()));
    refused(report.as_bytes(), NoteCode::UnknownSchema, None);
    refused(
        b"$ ipa topologysegment-find ca\nipa: ERROR: did not receive Kerberos credentials\n",
        NoteCode::CommandFailed,
        Some(2),
    );
}

#[test]
fn broken_json_names_the_place_and_hides_the_line() {
    let cut = "{\n  \"schema\": \"idm-drill/deployment/1\",\n  \"password\": \"Secret123\",\n  \
               \"servers\": [";
    let extra = "{\n  \"password\": \"Secret123\" \"oops\": 1\n}\n";
    let bare = "{\"password\": Secret123}\n";
    let second = "{\"password\": \"Secret123\"}\n{\"password\": Secret123}";
    for (text, line, column) in [(cut, 4, 14), (extra, 2, 27), (bare, 1, 14), (second, 2, 14)] {
        let both = beside(text.as_bytes());
        let note = notes(&both).into_iter().find(|note| note.code == NoteCode::InvalidJson);
        let note = note.unwrap();
        assert_eq!((note.line, note.column), (Some(line), Some(column)), "{text}");
        let out = all_outputs(&both);
        assert!(!out.contains("Secret123"), "the broken line is shown: {note:?}");
        refused(text.as_bytes(), NoteCode::InvalidJson, Some(line));
    }
    // Several documents in a file are JSON; these are of nobody.
    let twice = b"{\"password\": \"Secret123\"} {\"password\": \"Secret123\"}";
    refused(twice, NoteCode::NotRecognized, None);
    assert!(!all_outputs(&beside(twice)).contains("Secret123"));
}

#[test]
fn hostile_json() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!(
            "{{\"schema\": \"idm-drill/deployment/1\", \"servers\": {}1{}}}",
            open.repeat(200_000),
            close.repeat(200_000)
        );
        refused(deep.as_bytes(), NoteCode::InvalidJson, Some(1));
    }
    // Numbers that no integer or float holds.
    for number in ["1e999999", "99999999999999999999999999999", "-1", "1.5", "3"] {
        let text = format!(
            "{{\"schema\": \"idm-drill/deployment/1\", \"domain_level\": {number}, \
             \"conflicts\": [{{\"pointer\": \"/domain_level\", \"values\": [{{\"value\": {number}, \
             \"file\": \"x\", \"line\": {number}}}]}}]}}"
        );
        let imported = import(&[(BAD, &text)]);
        assert_eq!(imported.deployment.domain_level.value(), None, "{number}");
        assert!(
            notes(&imported)
                .iter()
                .any(|note| matches!(note.code, NoteCode::InvalidJson | NoteCode::InvalidValue))
        );
    }
    // The last of two equal keys counts, as in every common JSON reader; nothing is lost silently
    // that the document itself still says.
    let twice = br#"{"schema": "idm-drill/deployment/1", "domain_level": 0, "domain_level": 1}"#;
    assert_eq!(import(&[(BAD, &twice[..])]).deployment.domain_level.value(), Some(&1));
}

/// One wrong type costs one value: everything beside it is read.
#[test]
fn one_wrong_type_costs_one_value() {
    let text = r#"{"schema": "idm-drill/deployment/1", "ca": 7, "domain_level": 1,
      "servers": [{"fqdn": "ipa1.ams.example.test", "data_center": ["ams"],
                   "roles": {"ca": "enabled", "kra": {}}},
                  {"fqdn": "ipa2.ams.example.test", "visibility": "visible"}]}"#;
    let imported = import(&[(BAD, text)]);
    let document = deployment_json::document(&imported.deployment);
    assert_eq!(document["domain_level"], 1);
    assert_eq!(document["servers"][0]["roles"]["ca"], "enabled");
    assert_eq!(document["servers"][0]["roles"]["kra"], "unknown");
    assert_eq!(document["servers"][0]["data_center"], Value::Null);
    assert_eq!(document["servers"][1]["visibility"], "visible");
    let pointers: BTreeSet<&str> = notes(&imported)
        .iter()
        .filter(|note| note.code == NoteCode::InvalidValue)
        .map(|note| note.message.split(' ').next().unwrap())
        .collect();
    assert_eq!(pointers, BTreeSet::from(["/ca", "/servers/0/data_center", "/servers/0/roles/kra"]));
}

#[test]
fn broken_ldif_names_its_lines() {
    let base = "dn: cn=ipa1.ams.example.test,cn=masters,cn=ipa,cn=etc,dc=example,dc=test\n";
    refused(
        format!("{base}ipaLocation:: #no base64#\n\n").as_bytes(),
        NoteCode::InvalidBase64,
        Some(2),
    );
    refused(
        format!("{base}ipaLocation:< file:///etc/shadow\n\n").as_bytes(),
        NoteCode::UrlValue,
        Some(2),
    );
    refused(format!("{base}this is no line\n\n").as_bytes(), NoteCode::NotLdif, Some(2));
    refused(format!("{base}cn: ipa1.ams").as_bytes(), NoteCode::Truncated, Some(2));
}

/// Lines of ten megabytes: dropped or passed over, with their number where they could matter.
#[test]
fn very_long_lines() {
    let long = "x".repeat(10 << 20);
    refused(format!("{long}\n").as_bytes(), NoteCode::LineTooLong, Some(1));
    let text = LIST.replace("Köln-Århus\n", &format!("name\n  Comment: {long}\n"));
    let imported = list_is_read(text.as_bytes(), "name");
    assert!(notes(&imported).iter().any(|n| (n.code, n.line) == (NoteCode::LineTooLong, Some(6))));

    let server = "dn: cn=ipa1.ams.example.test,cn=masters,cn=ipa,cn=etc,dc=example,dc=test\n";
    // A wanted value of that length is a problem, an unwanted one is none.
    refused(format!("{server}ipaLocation: {long}\n\n").as_bytes(), NoteCode::LineTooLong, Some(2));
    let both = beside(format!("{server}jpegPhoto: {long}\n\n").as_bytes());
    assert!(notes(&both).iter().all(|note| note.code != NoteCode::LineTooLong));

    let model =
        format!(r#"{{"schema": "idm-drill/deployment/1", "domain_level": 1, "x": "{long}"}}"#);
    let imported = import(&[(BAD, &model)]);
    assert_eq!(imported.deployment.domain_level.value(), Some(&1));
    assert!(!all_outputs(&imported).contains(&long[..200]), "the long value is printed");
}

/// Statuses of rules whose code begins with a prefix.
fn statuses(files: &[(String, Vec<u8>)], prefix: &str) -> BTreeSet<Status> {
    audit(&import(files), &options())
        .rules
        .iter()
        .filter(|(meta, _)| meta.code.starts_with(prefix))
        .map(|(_, status)| *status)
        .collect()
}

fn roles_of_three() -> (String, Vec<u8>) {
    let text = r#"{"schema": "idm-drill/deployment/1", "ca": "none", "servers": [
        {"fqdn": "a.example.test", "roles": {"ca": "absent"}},
        {"fqdn": "b.example.test", "roles": {"ca": "absent"}},
        {"fqdn": "c.example.test", "roles": {"ca": "absent"}}]}"#;
    ("model.json".to_owned(), text.as_bytes().to_vec())
}

fn list(command: &str, declared: usize, pairs: &[(&str, &str)]) -> Vec<u8> {
    let summary = format!("{declared} segments matched");
    let rule = "-".repeat(summary.len());
    let mut out =
        format!("$ ipa topologysegment-find domain{command}\n{rule}\n{summary}\n{rule}\n");
    for (index, (left, right)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "  Segment name: s{index}\n  Left node: {left}.example.test\n  \
             Right node: {right}.example.test\n  Connectivity: both"
        );
    }
    let rule = "-".repeat(27);
    let _ = writeln!(out, "{rule}\nNumber of entries returned {declared}\n{rule}");
    out.into_bytes()
}

/// What a short export does not show is not known: the rules on replication stay undecided, and a
/// note names the file and the line of the list.
#[test]
fn short_lists_are_no_facts() {
    let triangle = [("a", "b"), ("b", "c"), ("c", "a")];
    let whole = vec![roles_of_three(), ("x.txt".to_owned(), list("", 3, &triangle))];
    for code in ["TOP001", "TOP002", "TOP003", "TOP004", "TOP005", "TOP007"] {
        let found = statuses(&whole, code);
        assert_eq!(found, BTreeSet::from([Status::Pass]), "the same list, whole, decides {code}");
    }
    let hosts: Vec<String> = (0..50).map(|i| format!("h{i:02}")).collect();
    let many: Vec<(&str, &str)> = (0..100)
        .map(|i| (hosts[i % 50].as_str(), hosts[(i % 50 + 1 + i / 50) % 50].as_str()))
        .collect();
    for (bytes, code, line) in [
        (list("", 0, &[]), NoteCode::NoSegments, 3),
        (list("", 5, &triangle), NoteCode::CountDiffers, 3),
        (list("", 2, &triangle), NoteCode::CountDiffers, 3),
        (list(" --leftnode=a.example.test", 3, &triangle), NoteCode::FilteredList, 1),
        (list(" a", 3, &triangle), NoteCode::FilteredList, 1),
        (list(" | head -20", 3, &triangle), NoteCode::FilteredList, 1),
        (list("", 100, &many), NoteCode::ExactlyTheSizeLimit, 3),
    ] {
        let files = vec![roles_of_three(), (BAD.to_owned(), bytes)];
        let imported = import(&files);
        assert!(
            notes(&imported).iter().any(|note| note.code == code && note.line == Some(line)),
            "{code}: {:?}",
            notes(&imported)
        );
        let judged = audit(&imported, &options());
        for (meta, status) in &judged.rules {
            let about_segments = ["TOP001", "TOP003", "TOP004"].contains(&meta.code);
            if about_segments && code != NoteCode::ExactlyTheSizeLimit {
                // What a partial list shows is true; what it lacks never counts as a failure.
                assert_ne!(*status, Status::Fail, "{} after {code}", meta.code);
            }
        }
        let topology = imported.deployment.topology(audit_core::model::Suffix::Domain);
        assert!(!topology.is_known(), "{code}");
    }
    let empty = vec![roles_of_three(), (BAD.to_owned(), list("", 0, &[]))];
    for code in ["TOP001", "TOP002", "TOP003", "TOP004", "TOP005", "TOP007"] {
        assert_eq!(statuses(&empty, code), BTreeSet::from([Status::Unknown]), "{code}");
    }
    // 100 with `--sizelimit=0` is a plain number.
    let imported = import(&[("x.txt", list(" --sizelimit=0", 100, &many))]);
    assert!(imported.deployment.topology(audit_core::model::Suffix::Domain).is_known());
}

/// A secret outside the allow-list is dropped before its value is looked at: it is in no output and
/// in no value that the importer keeps.
#[test]
fn secrets_appear_nowhere() {
    const CANARY: &str = "CaNaRy7531";
    // The same in base64, at the three offsets that it can have in a longer value.
    const BASE64: [&str; 3] = ["Q2FOYVJ5NzUz", "YU5hUnk3NTMx", "NhTmFSeTc1M"];
    let ldif = format!(
        "dn: cn=ipa9.example.test,cn=masters,cn=ipa,cn=etc,dc=example,dc=test\n\
         objectClass: ipaConfigObject\ncn: ipa9.example.test\nuserPassword: {CANARY}\n\
         userPassword:: Q2FOYVJ5NzUzMQ==\nnsDS5ReplicaCredentials: {{AES-TUhNR0NTcUdTSWIz}}CaNa\n \
         Ry7531\nnsDS5ReplicaCredentials:: {{\nipaConfigString;x-{CANARY}: startOrder 1\n\
         krbPrincipalKey;range=0: {CANARY}\ndescription: {CANARY}\n\n\
         dn: cn=meToipa2,cn=replica,cn=dc\\3Dexample\\2Cdc\\3Dtest,cn=mapping tree,cn=config\n\
         nsDS5ReplicaCredentials: {CANARY}\nnsslapd-rootpw: {CANARY}\n\n\
         dn: uid={CANARY},cn=users,cn=accounts,dc=example,dc=test\nuserPassword: {CANARY}\n\n"
    );
    let model = format!(
        "{{\"schema\": \"idm-drill/deployment/1\", \"comment\": \"{CANARY}\", \
         \"stores\": [{{\"password\": \"{CANARY}\"}}], \"keys\": {{\"k\": \"{CANARY}\"}}, \
         \"servers\": [{{\"fqdn\": \"ipa9.example.test\", \"ipaadmin_password\": \"{CANARY}\", \
         \"roles\": {{\"ca\": \"enabled\", \"pin\": \"{CANARY}\"}}}}], \
         \"backups\": [{{\"id\": \"b\", \"host\": \"ipa9.example.test\", \"kind\": \"full\", \
         \"passphrase\": \"{CANARY}\"}}], \
         \"conflicts\": [{{\"pointer\": \"/servers/0/roles/ca\", \
         \"values\": [{{\"value\": \"{CANARY}\", \
         \"file\": \"x\", \"line\": 1}}]}}]}}"
    );
    let console = format!(
        "$ ipa user-add ann --password {CANARY}\nPassword: {CANARY}\n------------------\n\
         Added user \"ann\"\n------------------\n  User login: ann\n  Password: {CANARY}\n  \
         Random password: {CANARY}\n{LIST}ipa: DEBUG: {CANARY}\n\
         $ ipa-replica-manage -p {CANARY} list -v ipa8.example.test --bindpw {CANARY}\n\
         ipa9.example.test: replica\n  last update note: {CANARY}\n\
         $ ipa-csreplica-manage list --password={CANARY} -p{CANARY}\nipa9.example.test: master\n\
         $ ipa-replica-manage dnarange-show\nipa9.example.test: Connection failed: {CANARY}\n\
         $ cipa -W {CANARY} -d example.test\n| FreeIPA servers: | ipa9 | STATE |\n\
         | Replication Status | {CANARY} | OK |\n| {CANARY} | {CANARY} | OK |\n\
         $ ipactl status\n{CANARY} of Service: RUNNING\nDirectory Service: {CANARY}\n\
         $ ipa config-show\n  Maximum username length: 32\n  Comment: {CANARY}\n  \
         IPA masters: ipa9.example.test\n"
    );
    for (name, text) in [("x.ldif", &ldif), ("x.json", &model), ("x.txt", &console)] {
        let imported = import(&[(name, text)]);
        let read = !imported.deployment.servers.is_empty() || name == "x.txt";
        assert!(read, "{name} is not read at all: {:?}", imported.deployment.notes);
        let out = all_outputs(&imported);
        for secret in BASE64.into_iter().chain([CANARY, "CaNa", "Ry7531", "TUhNR0NTcUdTSWIz"]) {
            if let Some(at) = out.find(secret) {
                let from = out.floor_char_boundary(at.saturating_sub(200));
                panic!("{name}: {secret} is printed: {}", &out[from..at + secret.len()]);
            }
        }
    }
}

/// Any bytes at all: no panic, and the good file stays what it is. A small generator of garbage,
/// the same on every machine.
#[test]
fn garbage_never_panics() {
    let pieces: Vec<&[u8]> = vec![
        b"dn: cn=masters,cn=ipa,cn=etc,dc=x\n",
        b"dn:: ",
        b"\n ",
        b"------------------\n",
        b"3 segments matched\n",
        b"  Left node: a.b\n",
        b"  Connectivity: both\n",
        b"{\"schema\": ",
        b"\"idm-drill/deployment/1\"",
        b"[",
        b"]",
        b"}",
        b",",
        b"$ ipa topologysegment-find ca | x\n",
        b"ipa: ERROR: ca: suffix not found\n",
        b"...",
        b"\r",
        b"\xff",
        b"\0",
        b"\xfe\xff",
        b"\n\n",
        b"result: 4 Size limit exceeded\n",
        b"numSubordinates: 99999999999999999999\n",
        b":",
        b"::<",
        b"  Role name: CA server\n",
        b"  Role status: enabled\n",
        b"  Server name: a\n",
        b"=====\n",
        "Nœud de gauche: ünï\n".as_bytes(),
    ];
    let mut state = 0x2026_1122_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..3000 {
        let mut bytes = Vec::new();
        for _ in 0..next(30) {
            bytes.extend_from_slice(pieces[next(pieces.len())]);
        }
        let mut import = Import::new();
        import.add("garbage", &bytes);
        let imported = import.finish();
        let report = audit(&imported, &options());
        assert!(!report.rules.is_empty());
    }
}
