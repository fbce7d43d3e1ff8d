//! The export script: run against commands that answer like a server's, and its output read back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use audit_core::bundle::collect::{SCRIPT, SECTIONS, about, explain};
use audit_core::note::NoteSeverity;
use audit_core::parse::sections::parse_head;
use audit_core::report::deployment_json;
use serde_json::Value;
use tests::{import, root};

use crate::cli::binary;

/// Where the server's commands, directory and configuration are.
fn fixture(part: &str) -> PathBuf {
    root().join("tests/fixtures/collect").join(part)
}

/// Runs the script with these commands in front of the machine's own.
fn collect(commands: &Path, arguments: &[&str]) -> Output {
    Command::new("bash")
        .args(["-c", SCRIPT, "collect.sh"])
        .args(arguments)
        .env("PATH", format!("{}:/usr/bin:/bin", commands.display()))
        .env("IDM_DRILL_CONF", fixture("default.conf"))
        .env("IDM_DRILL_BACKUPS", fixture("backup"))
        .output()
        .expect("bash runs")
}

/// The export of the server.
fn export() -> String {
    let output = collect(&fixture("bin"), &["-"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the export is UTF-8")
}

/// Names and exit codes of the sections.
fn heads(export: &str) -> Vec<(String, i32)> {
    let heads = export.lines().filter_map(|line| parse_head(line.as_bytes()));
    heads.map(|(name, code)| (name.to_owned(), code)).collect()
}

/// A folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("idm-drill-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn shellcheck_has_no_complaints() {
    let script = root().join("audit-core/src/bundle/collect.sh");
    match Command::new("shellcheck").arg(&script).arg(root().join("tests/run.sh")).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        Err(error) => {
            // tests/run.sh installs it, and says that this is a build server.
            assert!(std::env::var_os("CI").is_none(), "shellcheck does not run: {error}");
            println!("SKIPPED: shellcheck does not run: {error}");
        }
    }
}

#[test]
fn the_command_prints_the_script_and_explains_every_section() {
    let run = |arguments: &[&str]| Command::new(binary()).args(arguments).output().unwrap();
    assert_eq!(String::from_utf8(run(&["collect"]).stdout).unwrap(), SCRIPT);
    assert_eq!(String::from_utf8(run(&["collect", "--explain"]).stdout).unwrap(), explain());
    let written = heads(&export());
    for (name, _) in &written {
        assert!(about(name).is_some(), "section {name} is not explained");
    }
    for section in SECTIONS {
        let start = section.name.trim_end_matches('*');
        let is_written = written.iter().any(|(name, _)| name.starts_with(start));
        // The fixture has no archive: Git holds no file that pretends to be one.
        assert!(is_written || start == "tarnames:", "section {start} is never written");
    }
}

#[test]
fn what_the_script_writes_is_read_back() {
    let export = export();
    let imported = import(&[("ipa1.txt", export.as_bytes())]);
    let model = deployment_json::document(&imported.deployment);
    assert_eq!(model["servers_known"], true, "{model:#}");
    assert_eq!(model["ca_renewal_server"], "ipa1.example.test");
    assert_eq!(model["domain_level"], 1);
    let server = |index: usize| &model["servers"][index];
    assert_eq!(server(0)["visibility"], "visible");
    assert_eq!(server(0)["crl_publisher"], true);
    assert_eq!(server(0)["version"], "4.12.2");
    assert_eq!(server(0)["data_center"], "ams");
    assert_eq!(server(1)["visibility"], "hidden");
    assert_eq!(server(1)["crl_publisher"], Value::Null);
    for suffix in ["domain", "ca"] {
        assert_eq!(model["suffixes"][suffix]["known"], true, "{suffix}");
        assert_eq!(model["suffixes"][suffix]["complete"], true, "{suffix}");
    }
    // Every fact knows where it was asked, and when; and its line is that of the whole file.
    let lines: Vec<&str> = export.lines().collect();
    for (pointer, sources) in model["evidence"].as_object().unwrap() {
        for source in sources.as_array().unwrap() {
            assert_eq!(source["observed_from"], "ipa1.example.test", "{pointer}");
            assert_eq!(source["observed_at"], "2026-11-22T04:00:00Z", "{pointer}");
        }
    }
    let place = &model["evidence"]["/servers/0/crl_publisher"][0];
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    assert_eq!(lines[line - 1], "CRL generation: enabled");
    let place = &model["evidence"]["/ca_renewal_server"][0];
    let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
    assert_eq!(lines[line - 1], "ipaConfigString: caRenewalMaster");
    let loud: Vec<_> = imported
        .deployment
        .notes
        .iter()
        // Whether a test machine has an identity of its own is not the script's business.
        .filter(|note| note.code.severity() > NoteSeverity::Info)
        .collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

#[test]
fn no_secret_gets_into_the_export() {
    let sources: Vec<String> = tests::files_below(&fixture(""))
        .into_iter()
        .map(|(_, path)| String::from_utf8(tests::read(&path)).unwrap())
        .collect();
    let planted = sources.iter().map(|text| text.matches("CANARY-").count()).sum::<usize>();
    assert!(planted >= 7, "only {planted} secrets are planted");
    let export = export();
    assert!(!export.contains("CANARY"), "{export}");
    // One in base64.
    assert!(!export.contains("Q0FOQVJZ"), "{export}");
    for (name, path) in [("bin", fixture("bin/getcert")), ("ldif", fixture("ldif/ipa.ldif"))] {
        let text = String::from_utf8(tests::read(&path)).unwrap();
        assert!(text.contains("CANARY"), "{name} plants none");
    }
}

#[test]
fn missing_commands_leave_their_sections_empty() {
    let folder = folder("collect-bare");
    for name in ["id", "date"] {
        std::fs::copy(fixture("bin").join(name), folder.join(name)).unwrap();
    }
    let output = collect(&folder, &["-"]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let export = String::from_utf8(output.stdout).unwrap();
    let heads = heads(&export);
    let names = |export: &[(String, i32)]| -> BTreeSet<String> {
        export.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&heads), names(&self::heads(&self::export())));
    if Command::new("ldapsearch").arg("-VV").output().is_err() {
        assert!(heads.contains(&("ldif:ipa".to_owned(), 127)), "{heads:?}");
        let imported = import(&[("ipa1.txt", export.as_bytes())]);
        let said =
            |part: &str| imported.deployment.notes.iter().any(|note| note.message.contains(part));
        assert!(said("section ldif:ipa is empty: the command is not installed (127)"));
        assert!(imported.deployment.servers.is_empty());
    } else {
        println!("SKIPPED in part: this machine has ldapsearch");
    }
}

#[test]
fn the_script_refuses_what_is_no_server() {
    let folder = folder("collect-user");
    std::fs::copy(fixture("bin/date"), folder.join("date")).unwrap();
    std::fs::write(folder.join("id"), "#!/bin/bash\necho 1000\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("id"), mode).unwrap();
    let output = collect(&folder, &["-"]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("as root"));
    assert!(output.stdout.is_empty());
}

#[test]
fn the_file_is_private_and_named_after_the_server() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("collect-file");
    let file = folder.join("export.txt");
    let output = collect(&fixture("bin"), &[&file.display().to_string()]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), file.display().to_string());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(SCRIPT.contains("idm-drill-export-$host-"));
}
