//! A secret that stands where no importer asks for anything: in every attribute that must never be
//! exported, in unknown keys of JSON and TOML, in lines of console text. It is put into every
//! sample of every importer, and appears in nothing that this version prints or keeps.

use std::fmt::Write as _;
use std::path::Path;

use audit_core::import::{FORMATS, Reads};
use serde_json::Value;
use tests::{deployments, exports, import, importers, samples};

use crate::bad_input::all_outputs;

/// The secret. A line folded or a base64 value cut anywhere still shows one of [`TRACES`].
const CANARY: &str = "kanarienvogel-Sitzt-im-kaefig";

/// The secret in base64.
const BASE64: &str = "a2FuYXJpZW52b2dlbC1TaXR6dC1pbS1rYWVmaWc=";

/// What must not appear, in lower case.
const TRACES: [&str; 6] =
    ["kanarienvogel", "sitzt-im", "kaefig", "a2fuyxjpzw52b2dlbc1", "taxr6dc1pbs1", "rywvmawc"];

/// Attributes that may hold secrets: never exported, never shown (389-ds, FreeIPA, Samba and Dogtag
/// schema).
const SECRET_ATTRIBUTES: [&str; 34] = [
    "userPassword",
    "unhashed#user#password",
    "krbPrincipalKey",
    "krbMKey",
    "krbExtraData",
    "krbPwdHistory",
    "passwordHistory",
    "ipaNTHash",
    "sambaNTPassword",
    "sambaLMPassword",
    "ipaNTTrustAuthIncoming",
    "ipaNTTrustAuthOutgoing",
    "nsDS5ReplicaCredentials",
    "nsds5ReplicaBootstrapCredentials",
    "nsmultiplexorcredentials",
    "nsslapd-rootpw",
    "nsslapd-changelogencryptionalgorithm",
    "nsSymmetricKey",
    "ipaWrappingKey",
    "ipaWrappingMech",
    "ipaSecretKey",
    "ipaSecretKeyRef",
    "ipaPrivateKey",
    "ipk11PrivateKeyInfo",
    "ipaTokenOTPkey",
    "ipaTokenRadiusSecret",
    "ipaIdpClientSecret",
    "ipaVaultSalt",
    "ipaVaultPublicKey",
    "userPKCS12",
    "publicKeyData",
    "privateKeyData",
    "description",
    "inventedForThisTest",
];

/// Keys that may hold secrets, and one that nobody knows.
const SECRET_KEYS: [&str; 9] = [
    "ipaadmin_password",
    "ipadm_password",
    "password",
    "ansible_password",
    "become_pass",
    "token_pin",
    "nsds5replicacredentials",
    "userpassword",
    "invented_for_this_test",
];

/// LDIF lines with the secret: plain, folded, in base64, behind an option.
fn secret_attributes(lines: &mut Vec<String>) {
    for (index, name) in SECRET_ATTRIBUTES.iter().enumerate() {
        lines.push(match index % 4 {
            0 => format!("{name}: {CANARY}"),
            1 => format!("{name}: kanarienvogel-Sit\n zt-im-kaefig"),
            2 => format!("{name}:: {BASE64}"),
            _ => format!("{name};vucsn-6b025b3b000100040000: {CANARY}"),
        });
    }
}

/// An LDIF with the secret in every entry, right behind its DN.
fn in_ldif(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut in_dn = false;
    for line in text.lines() {
        if in_dn && !line.starts_with(' ') {
            secret_attributes(&mut out);
        }
        let is_continued = line.starts_with(' ');
        in_dn = (in_dn && is_continued) || line.to_ascii_lowercase().starts_with("dn:");
        out.push(line.to_owned());
    }
    out.join("\n") + "\n"
}

/// A JSON value with the secret in every object.
fn in_json(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(in_json),
        Value::Object(map) => {
            map.iter_mut().for_each(|(_, value)| in_json(value));
            for (index, key) in SECRET_KEYS.iter().enumerate() {
                let secret = Value::from(CANARY);
                let secret = match index % 3 {
                    0 => secret,
                    1 => Value::Array(vec![secret]),
                    _ => Value::Object([("value".to_owned(), secret)].into_iter().collect()),
                };
                map.insert((*key).to_owned(), secret);
            }
        }
        _ => {}
    }
}

/// JSON that cannot be parsed, with the secret behind every brace.
fn in_broken_json(text: &str) -> String {
    text.replace('{', &format!("{{\"password\": \"{CANARY}\","))
}

/// Console text with the secret in every entry, in an answer of another command, in prompts and in
/// messages.
fn in_console(text: &str) -> String {
    let around = format!(
        "$ ipa user-add ann --password={CANARY}\nPassword: {CANARY}\nipa: DEBUG: {CANARY}\n\
         ----------------\nAdded user \"ann\"\n----------------\n  User login: ann\n  \
         Random password: {CANARY}\n  userpassword: {CANARY}\n----------------\n"
    );
    let mut out = around.clone();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let ends = lines.peek().is_none_or(|next| next.is_empty() || next.starts_with('-'));
        if ends && line.starts_with("  ") && line.contains(": ") {
            let _ = writeln!(out, "  Random password: {CANARY}\n  userpassword: {CANARY}");
        }
    }
    out + &around
}

/// TOML with the secret in every table.
fn in_toml(text: &str) -> String {
    let mut secrets = String::new();
    for key in SECRET_KEYS {
        let _ = writeln!(secrets, "{key} = \"{CANARY}\"");
    }
    let mut out = secrets.clone();
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
        if line.starts_with('[') {
            out.push_str(&secrets);
        }
    }
    out
}

/// An inventory in INI syntax with the secret behind every host and below every head of variables.
fn in_ini(text: &str) -> String {
    let mut out = String::new();
    let mut is_hosts = true;
    for line in text.lines() {
        let is_head = line.starts_with('[') && line.contains(']');
        is_hosts = if is_head && !line.contains('.') { !line.contains(':') } else { is_hosts };
        let is_host = is_hosts && line.contains('.') && !line.contains('#');
        let behind =
            if is_host { format!(" ipaadmin_password='{CANARY}' {CANARY}") } else { String::new() };
        let _ = writeln!(out, "{line}{behind}");
        if line.contains(":vars]") {
            for key in SECRET_KEYS {
                let _ = writeln!(out, "{key}={CANARY}\nipaserver_dirsrv_pin = \"{CANARY}\"");
            }
        }
    }
    out
}

/// YAML with the secret in every body that a line begins: plain, quoted, as block, encrypted, in
/// lists, behind an anchor.
fn in_yaml(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        let indent = |line: &str| line.len() - line.trim_start().len();
        let Some(next) = lines.peek().filter(|next| indent(next) > indent(line)) else { continue };
        if !line.ends_with(':') || next.trim_start().starts_with('-') {
            continue;
        }
        let blanks = " ".repeat(indent(next));
        for (index, key) in SECRET_KEYS.iter().enumerate() {
            let _ = match index % 6 {
                0 => writeln!(out, "{blanks}{key}: {CANARY}"),
                1 => writeln!(out, "{blanks}{key}: \"{CANARY}\""),
                2 => writeln!(out, "{blanks}{key}: |\n{blanks}  {CANARY}\n{blanks}  {CANARY}"),
                3 => writeln!(out, "{blanks}{key}: !vault |\n{blanks}  {CANARY}"),
                4 => writeln!(out, "{blanks}{key}: [{CANARY}, {{deep: {CANARY}}}]"),
                _ => writeln!(out, "{blanks}{key}: &{key} {CANARY}"),
            };
        }
        let _ = writeln!(out, "{blanks}ipareplica_dirsrv_pin: {CANARY}");
    }
    out
}

fn is_named(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The file with the secret, in every way that its shape allows. Where a way finds no place in a
/// file, the file stays as it is.
fn planted(name: &str, bytes: &[u8]) -> Vec<String> {
    // What is neither UTF-8 nor plain text has no place for a line.
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let text = text.trim_start_matches('\u{feff}');
    if is_named(name, "toml") {
        return vec![in_toml(text)];
    }
    if let Ok(mut value) = serde_json::from_str::<Value>(text) {
        in_json(&mut value);
        let beside = format!("[{{\"password\": \"{CANARY}\"}}, {value}]");
        return vec![value.to_string(), beside, in_broken_json(text)];
    }
    if text.trim_start().starts_with('{') {
        return vec![in_broken_json(text)];
    }
    if is_named(name, "ini") {
        return vec![in_ini(text), in_console(text)];
    }
    if is_named(name, "yml") {
        let broken = format!("{}\nx: \"{CANARY}\n", in_yaml(text));
        return vec![in_yaml(text), broken, in_console(text)];
    }
    // A bundle is LDIF, console text and JSON in one.
    vec![in_ldif(text), in_console(text), in_console(&in_ldif(text)), in_broken_json(text)]
}

#[track_caller]
fn check(name: &str, files: &[(String, String)]) {
    let out = all_outputs(&import(files)).to_lowercase();
    for trace in TRACES {
        if let Some(at) = out.find(trace) {
            let from = out.floor_char_boundary(at.saturating_sub(300));
            let to = out.floor_char_boundary(at + 100);
            panic!("{name}: the secret is printed: {}", &out[from..to]);
        }
    }
}

#[test]
fn a_secret_in_any_sample_appears_nowhere() {
    for importer in importers() {
        for (name, bytes) in samples(&importer) {
            let planted = planted(&name, &bytes);
            let has_canary = |text: &String| text.contains("kanarienvogel");
            let planted: Vec<String> = planted.into_iter().filter(has_canary).collect();
            assert!(
                !planted.is_empty() || std::str::from_utf8(&bytes).is_err(),
                "{importer}/{name}: nothing was planted"
            );
            for text in planted {
                check(&format!("{importer}/{name}"), &[(name.clone(), text)]);
            }
        }
    }
}

/// All files of a deployment together, so that rules and reports see the facts beside the secret.
#[test]
fn a_secret_in_any_deployment_appears_nowhere() {
    for deployment in deployments() {
        let texts: Vec<(String, String)> = exports(&deployment)
            .into_iter()
            .filter_map(|(name, bytes)| {
                let mut ways = planted(&name, &bytes);
                // Of a text, the one with attributes and lines; of JSON and TOML, the valid one.
                let way = if is_named(&name, "json") || ways.len() < 3 { 0 } else { 2 };
                (way < ways.len()).then(|| (name, ways.swap_remove(way)))
            })
            .collect();
        check(&deployment, &texts);
    }
}

/// What stands on no list cannot be read. The names above are on none.
#[test]
fn no_importer_asks_for_a_secret() {
    for format in FORMATS {
        if let Reads::Ldif { attributes, .. } = &format.reader {
            for name in *attributes {
                let secret = SECRET_ATTRIBUTES.iter().any(|other| other.eq_ignore_ascii_case(name));
                let sounds = ["password", "credential", "secret", "rootpw", "key", "hash", "pin"];
                let sounds = sounds.iter().any(|word| name.contains(word));
                assert!(!secret && !sounds, "{} asks for {name}", format.name);
            }
        }
    }
}
