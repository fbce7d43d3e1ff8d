//! Every rule on every fixture deployment: verdict, places, commands.
//!
//! The snapshots show whole verdicts, to be read by a person; the tables below them are written by
//! hand from the truth of each deployment (its `README.md`), so that a wrong snapshot that somebody
//! accepted is still found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use audit_core::evidence::Source;
use audit_core::model::Suffix;
use audit_core::note::NoteCode;
use audit_core::report::text::{self, Style};
use audit_core::report::{Finding, Status};
use audit_core::rule::State;
use audit_core::rules;
use audit_core::score::{Judged, judge_all};
use audit_core::views::Views;
use insta::{Settings, assert_snapshot};
use tests::{as_of, audit_deployment, deployments, exports, import};

/// Compares with `snapshots/rules_matrix/NAME.snap`.
fn snapshot(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("snapshots/rules_matrix");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

/// The suffix, or a dash where a rule has none or a finding concerns both.
fn suffix(suffix: Option<Suffix>) -> &'static str {
    suffix.map_or("-", Suffix::name)
}

/// Up to six names and how many more, so that sixty servers stay one line.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(6) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

fn place(source: &Source) -> String {
    let at = match (source.line, &source.pointer) {
        (Some(line), _) => format!(":{line}"),
        (None, Some(pointer)) => format!(" {pointer}"),
        (None, None) => String::new(),
    };
    format!("{}{at}  {}", source.file, source.observed)
}

fn finding(out: &mut String, finding: &Finding) {
    let subjects =
        if finding.subjects.is_empty() { "no subject".to_owned() } else { some(&finding.subjects) };
    let _ = writeln!(
        out,
        "    {} {} [{}] {subjects}",
        finding.status.name(),
        finding.severity,
        suffix(finding.suffix)
    );
    let _ = writeln!(out, "      why  {}", finding.why);
    if !finding.superseded_by.is_empty() {
        let _ = writeln!(out, "      from {}", finding.superseded_by.join(", "));
    }
    for source in &finding.evidence {
        let _ = writeln!(out, "      seen {}", place(source));
    }
    for command in &finding.remedy.commands {
        let _ = writeln!(out, "      fix  {command}");
    }
}

/// Subjects by verdict, for the verdicts that are no findings.
fn verdicts(out: &mut String, judged: &Judged) {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<String>> = BTreeMap::new();
    for judgement in &judged.judgements {
        let (word, why) = match &judgement.state {
            State::Pass => ("pass", ""),
            State::NotApplicable(why) => ("not applicable", *why),
            State::Unknown(_) => ("unknown", ""),
            State::Fail(_) => continue,
        };
        let subject = judgement.subject.clone().unwrap_or_else(|| "as a whole".to_owned());
        groups.entry((word, suffix(judgement.suffix), why)).or_default().push(subject);
    }
    for ((word, suffix, why), subjects) in groups {
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        let _ = writeln!(out, "    {word} [{suffix}]{why}: {}", some(&subjects));
    }
}

#[test]
fn every_rule_on_every_deployment() {
    let names = deployments();
    let audits: Vec<_> = names
        .iter()
        .map(|name| {
            let imported = import(&exports(name));
            (name, judge_all(&imported.deployment, as_of()), audit_deployment(name))
        })
        .collect();
    for rule in rules::by_code() {
        let meta = rule.meta();
        let mut out = format!("{} {}: {}\n", meta.code, meta.name, meta.fails);
        for (name, judged, report) in &audits {
            let judged = judged.iter().find(|judged| judged.meta.code == meta.code).unwrap();
            let _ = writeln!(out, "\n{name}: {}", judged.status().name());
            for found in report.findings.iter().filter(|found| found.meta.code == meta.code) {
                finding(&mut out, found);
            }
            verdicts(&mut out, judged);
        }
        snapshot(&format!("{}-{}", meta.code, meta.name), &out);
    }
}

/// Codes are a promise to scripts: a renamed or reused one must show in a diff.
#[test]
fn codes() {
    let mut out = String::from("rules: code, name, identifier, severity, origin, citation\n\n");
    for rule in rules::by_code() {
        let meta = rule.meta();
        let _ = writeln!(
            out,
            "{}  {}  {}  {}  {}  {}",
            meta.code,
            meta.name,
            meta.rule,
            meta.severity,
            meta.origin.name(),
            meta.citation
        );
    }
    out.push_str("\nnotes: code, severity, meaning\n\n");
    for (code, meaning) in NoteCode::ALL {
        let _ = writeln!(out, "{code}  {}  {}", code.severity().name(), meaning.trim());
    }
    snapshot("codes", &out);
}

#[test]
fn human_reports() {
    let plain = Style::default();
    let verbose = Style { verbose: true, ..plain };
    for (name, style) in [
        ("healthy-three-data-centers", plain),
        ("hidden-backup-server", plain),
        ("one-ca-of-sixteen", plain),
        ("truncated-segment-list", plain),
        ("suffix-not-stated", plain),
        ("disputing-roles", verbose),
    ] {
        snapshot(&format!("report-{name}"), &text::render(&audit_deployment(name), style));
    }
}

/// A failing verdict: code, subjects, suffix.
type Failure = (String, String, String);

fn failing(deployment: &str) -> BTreeSet<Failure> {
    let imported = import(&exports(deployment));
    let mut found = BTreeSet::new();
    for rule in judge_all(&imported.deployment, as_of()) {
        for judgement in &rule.judgements {
            if let State::Fail(failure) = &judgement.state {
                let subjects: Vec<&str> = failure.subjects.iter().map(|s| short(s)).collect();
                found.insert((
                    rule.meta.code.to_owned(),
                    subjects.join(" "),
                    suffix(judgement.suffix).to_owned(),
                ));
            }
        }
    }
    found
}

/// A host name without the domain that all fixtures share.
fn short(name: &str) -> &str {
    name.strip_suffix(".example.test").or_else(|| name.strip_suffix(".example.com")).unwrap_or(name)
}

/// The same as it is written in a table.
type Expected = (&'static str, &'static str, &'static str);

/// What must fail where: written by hand from each deployment's truth. Exactly this, nothing more.
#[test]
fn what_must_fail() {
    let table: &[(&str, &[Expected])] = &[
        ("healthy-three-data-centers", &[]),
        ("healthy-two-data-centers", &[]),
        ("healthy-wrapped-terminal", &[]),
        ("sixty-servers", &[]),
        ("install-minute", &[]),
        ("ca-less-ldif", &[("DC004", "left", "-")]),
        ("ca-less-text", &[]),
        ("single-server-ca-less", &[("TOP006", "only", "-")]),
        (
            "star",
            &[
                ("TOP001", "leaf1", "domain"),
                ("TOP001", "leaf2", "domain"),
                ("TOP001", "leaf3", "domain"),
                ("TOP001", "leaf4", "domain"),
                ("TOP001", "leaf1", "ca"),
                ("TOP001", "leaf2", "ca"),
                ("TOP004", "hub", "domain"),
                ("TOP004", "hub", "ca"),
                ("DNS001", "hub", "-"),
                ("TOP007", "hub leaf1 leaf2 leaf3 leaf4", "domain"),
                ("TOP007", "hub leaf1 leaf2", "ca"),
            ],
        ),
        (
            "line",
            &[
                ("TOP001", "one", "domain"),
                ("TOP001", "four", "domain"),
                ("TOP001", "one", "ca"),
                ("TOP001", "four", "ca"),
                ("TOP004", "two", "domain"),
                ("TOP004", "three", "domain"),
                ("TOP004", "two", "ca"),
                ("TOP004", "three", "ca"),
                ("TOP007", "four one three two", "domain"),
                ("TOP007", "four one three two", "ca"),
            ],
        ),
        ("two-rings-one-server", &[("TOP004", "join", "domain")]),
        (
            "one-way-segment-in-ring",
            &[
                // ipa3 receives from one server only, ipa4 sends to one only.
                ("TOP001", "ipa3", "domain"),
                ("TOP001", "ipa4", "domain"),
                // Without ipa1 changes of ipa4 stay there; without ipa2 nothing reaches ipa3.
                ("TOP004", "ipa1", "domain"),
                ("TOP004", "ipa2", "domain"),
                ("TOP007", "ipa1 ipa2 ipa3 ipa4", "domain"),
            ],
        ),
        (
            "one-ca-of-sixteen",
            &[
                ("CA001", "srv01", "-"),
                ("CA002", "srv01", "-"),
                ("CA006", "srv01", "-"),
                ("KRA001", "srv01", "-"),
                ("DC005", "west", "-"),
            ],
        ),
        (
            "segment-to-removed-server",
            &[
                ("TOP005", "old", "domain"),
                ("TOP005", "old", "ca"),
                ("TOP001", "ipa4", "domain"),
                ("TOP004", "ipa1", "domain"),
                ("TOP007", "ipa1 ipa4", "domain"),
            ],
        ),
        (
            "hidden-backup-server",
            &[
                ("CA004", "backup01.ams", "ca"),
                ("TOP003", "backup01.ams", "ca"),
                ("TOP001", "backup01.ams", "ca"),
                ("TOP001", "backup01.ams", "domain"),
                ("TOP001", "ipa02.ams", "ca"),
                ("TOP001", "ipa01.fra", "ca"),
                ("TOP004", "ipa01.ams", "domain"),
                ("TOP004", "ipa01.ams", "ca"),
                ("AD001", "ipa01.fra", "-"),
                // `ipa server-find --all` lists the roles of each: one trust controller, no agent.
                ("AD002", "ipa01.ams", "-"),
                ("AD002", "ipa02.ams", "-"),
                ("AD002", "ipa02.fra", "-"),
                ("TOP007", "backup01.ams ipa01.ams", "domain"),
                ("TOP007", "ipa01.ams ipa01.fra ipa02.ams", "ca"),
            ],
        ),
        (
            "answered-badly",
            &[
                ("CLI020", "", "-"),
                ("CLI021", "", "-"),
                ("CA020", "", "-"),
                ("DC020", "", "-"),
                ("DNS020", "", "-"),
                ("TOP020", "", "-"),
                ("TOP021", "", "-"),
                ("TOP022", "north", "-"),
            ],
        ),
        (
            "directory-server-export",
            &[
                ("HID003", "ipa03.dc1.idm", "-"),
                ("AD001", "ipa05.dc2.idm", "-"),
                ("TOP001", "ipa03.dc1.idm", "ca"),
                ("TOP001", "ipa04.dc2.idm", "ca"),
                ("TOP004", "ipa01.dc1.idm", "ca"),
                ("DC006", "dc1", "-"),
                ("TOP007", "ipa01.dc1.idm ipa03.dc1.idm ipa04.dc2.idm", "ca"),
            ],
        ),
        (
            "disconnected",
            &[
                ("TOP003", "w1 w2 w3", "domain"),
                ("TOP003", "w1 w2", "ca"),
                ("TOP001", "e1", "ca"),
                ("TOP001", "e2", "ca"),
                ("TOP001", "w1", "ca"),
                ("TOP001", "w2", "ca"),
                ("TOP007", "e1 e2 w1 w2", "ca"),
            ],
        ),
        (
            "disabled-segment",
            &[
                ("TOP001", "ipa1", "domain"),
                ("TOP001", "ipa4", "domain"),
                ("TOP004", "ipa2", "domain"),
                ("TOP004", "ipa3", "domain"),
                ("REP001", "ipa1", "domain"),
                ("REP001", "ipa4", "domain"),
                ("TOP007", "ipa1 ipa2 ipa3 ipa4", "domain"),
            ],
        ),
        ("parallel-segments", &[("TOP001", "ipa4", "domain"), ("TOP004", "ipa1", "domain")]),
        ("more-than-four-agreements", &[("TOP002", "core", "domain")]),
        // A waiver changes how it is shown, not what is true.
        ("waived-agreements", &[("TOP002", "core", "domain")]),
        ("no-clients", &[("TOP006", "ipa1", "-")]),
        ("five-cas", &[("CA003", "", "-")]),
        ("two-cas", &[("CA002", "ipa1 ipa2", "-")]),
        ("two-servers", &[("CA002", "first second", "-")]),
        (
            "single-server",
            &[
                ("CA001", "only", "-"),
                ("CA002", "only", "-"),
                ("CA006", "only", "-"),
                ("DNS001", "only", "-"),
                ("TOP006", "only", "-"),
            ],
        ),
        ("all-cas-lost", &[("CA001", "", "-"), ("CA002", "", "-")]),
        ("one-link-between-data-centers", &[("DC001", "a b", "domain")]),
        // Nobody is marked, so there is no subject.
        ("no-renewal-server", &[("CA005", "", "-")]),
        ("two-renewal-servers", &[("CA005", "ipa1 ipa2", "-")]),
        (
            "hidden-renewal-server",
            &[
                ("HID003", "ipa1", "-"),
                ("CA007", "ipa1", "-"),
                ("CA008", "ipa1", "-"),
                ("DNS002", "ipa1", "-"),
            ],
        ),
        ("only-hidden-successor", &[("CA006", "ipa1", "-")]),
        (
            "first-server-lost",
            &[
                ("CA005", "ipa1", "-"),
                ("CA009", "", "-"),
                ("DNS002", "ipa1", "-"),
                ("DNA001", "", "-"),
                // Its model says that there are no copies.
                ("BAK001", "", "-"),
                ("COP001", "", "-"),
                ("COP002", "", "-"),
                ("SNA001", "", "-"),
            ],
        ),
        (
            "certificates-ending",
            &[
                ("SNA005", "ipa2", "-"),
                ("SNA005", "ipa4", "-"),
                ("CA009", "ipa1 ipa2 ipa3", "-"),
                ("CA010", "ipa2", "-"),
                ("CA010", "ipa3", "-"),
                ("CA011", "", "-"),
                ("CA013", "ipa1", "-"),
                ("CA013", "ipa2", "-"),
                // Its copies are as old as the certificates in them.
                ("BAK008", "ipa3", "-"),
                ("HID001", "", "-"),
                ("SNA003", "ipa1", "-"),
                ("SNA003", "ipa2", "-"),
                ("SNA003", "ipa4", "-"),
            ],
        ),
        (
            "crl-without-ca",
            &[
                ("SNA005", "ipa1", "-"),
                ("BAK001", "", "-"),
                ("CA009", "ipa4", "-"),
                ("COP001", "", "-"),
                ("HID001", "", "-"),
            ],
        ),
        ("ca-less-certificates-ending", &[("CA012", "dir2", "-")]),
        (
            "conflicting-ids",
            &[
                ("DNA002", "dir5", "-"),
                ("DNA003", "dir1 dir2", "-"),
                // Into the range of the trusted domain, and outside the local one as well.
                ("DNA003", "dir3", "-"),
                ("DNA003", "dir4", "-"),
                ("DNA004", "dir3", "-"),
            ],
        ),
        ("ids-on-one-server", &[("DNA001", "dir1", "-")]),
        ("kra-without-ca", &[("KRA001", "ipa4", "-"), ("KRA002", "ipa4", "-")]),
        // In `west` no controller is visible; `w3` is hidden and need not resolve anybody.
        (
            "trust-controllers-in-one-place",
            &[
                ("HID003", "w3", "-"),
                ("DC006", "east", "-"),
                ("AD001", "west", "-"),
                ("AD002", "w2", "-"),
            ],
        ),
        ("copies-kept-well", &[("HID002", "bak", "-")]),
        (
            "copies-kept-badly",
            &[
                ("PRF020", "", "-"),
                ("SNA005", "ipa2", "-"),
                ("SNA022", "", "-"),
                ("BAK002", "ipa1.example.test/ipa-full-2026-05-01-02-00-00", "-"),
                ("BAK003", "ipa1.example.test/ipa-full-2026-04-01-02-00-00", "-"),
                ("BAK004", "old.example.test/ipa-data-2026-04-01-02-00-00", "-"),
                ("BAK005", "ipa1.example.test/ipa-full-2026-05-01-02-00-00", "-"),
                ("BAK006", "ipa1", "-"),
                ("BAK007", "", "-"),
                ("BAK008", "ipa1", "-"),
                ("BAK009", "old.example.test/ipa-data-2026-04-01-02-00-00", "-"),
                ("BAK020", "", "-"),
                ("BAK021", "", "-"),
                ("BAK022", "", "-"),
                ("BAK023", "", "-"),
                ("CA002", "ipa1 ipa3", "-"),
                ("COP002", "", "-"),
                ("COP003", "ipa1", "-"),
                ("COP004", "north", "-"),
                ("HID001", "", "-"),
                ("KEY001", "ipa1.example.test/ipa-full-2026-04-01-02-00-00", "-"),
                ("KEY002", "feedfacefeedface", "-"),
                ("KEY003", "feedfacefeedface", "-"),
                ("KEY004", "feedfacefeedface", "-"),
                ("KEY020", "", "-"),
                ("PRF001", "", "-"),
                ("SNA001", "", "-"),
                ("SNA002", "idm2/running", "-"),
                ("SNA003", "ipa2", "-"),
                ("SNA004", "", "-"),
                ("SNA020", "", "-"),
                ("SNA021", "", "-"),
            ],
        ),
        (
            "no-copies",
            &[
                ("BAK001", "", "-"),
                ("CA002", "ipa1 ipa3", "-"),
                ("COP001", "", "-"),
                ("COP002", "", "-"),
                ("SNA001", "", "-"),
            ],
        ),
        // A plan is judged by itself, and not at all beside exports.
        (
            "planned-design",
            &[
                ("HID003", "backup", "-"),
                ("TOP001", "backup", "domain"),
                ("TOP001", "backup", "ca"),
                ("TOP001", "ipa2", "ca"),
                ("TOP004", "ipa1", "domain"),
                ("TOP004", "ipa1", "ca"),
                ("TOP007", "backup ipa1", "domain"),
                ("TOP007", "backup ipa1 ipa2", "ca"),
            ],
        ),
        (
            "planned-beside-exports",
            &[("CA001", "ipa1", "-"), ("CA002", "ipa1", "-"), ("CA006", "ipa1", "-")],
        ),
        ("servers-kept-well", &[]),
        (
            "servers-neglected",
            &[
                ("CLI020", "", "-"),
                ("CLI021", "", "-"),
                ("DNS021", "", "-"),
                ("REP001", "ipa1", "domain"),
                ("REP001", "ipa2", "domain"),
                ("REP004", "ipa1", "domain"),
                ("REP004", "ipa2", "domain"),
                ("REP005", "ipa2", "domain"),
                ("REP006", "ipa1", "domain"),
                ("REP007", "ipa3", "domain"),
                ("SRV001", "ipa1", "-"),
                ("SRV002", "ipa1", "-"),
                ("SRV003", "ipa1", "-"),
                ("SRV003", "ipa2", "-"),
            ],
        ),
        (
            "full-backups-in-the-way",
            &[
                ("BAK008", "a1", "-"),
                ("BAK010", "a1.example.test/ipa-full-2026-11-21-22-00-41", "-"),
                ("BAK011", "a1", "-"),
                ("BAK012", "", "-"),
                ("BAK013", "a1.example.test/ipa-full-2026-11-21-22-00-41", "-"),
                ("HID003", "b1", "-"),
                ("HID004", "b1", "-"),
                ("KRA001", "a1", "-"),
                // No copy has every role, none is encrypted, and no server is in a VM.
                ("BAK002", "a1.example.test/ipa-full-2026-11-21-22-00-41", "-"),
                ("BAK002", "b1.example.test/ipa-full-2026-11-21-23-00-41", "-"),
                ("BAK009", "a1.example.test/ipa-full-2026-11-21-22-00-41", "-"),
                ("BAK009", "b1.example.test/ipa-full-2026-11-21-23-00-41", "-"),
                ("COP001", "", "-"),
                ("COP003", "b1", "-"),
                ("DC004", "north", "-"),
                ("DC004", "south", "-"),
                ("DC005", "north", "-"),
                ("DC005", "south", "-"),
                ("DNS001", "", "-"),
                ("HID002", "b1", "-"),
                ("SNA001", "", "-"),
            ],
        ),
        // What the files do not prove must not fail.
        ("disputing-segment-lists", &[]),
        ("disputing-roles", &[]),
        ("only-roles", &[]),
        ("only-segments", &[]),
        ("suffix-not-stated", &[]),
        ("truncated-segment-list", &[]),
        ("no-permission", &[]),
        ("one-ca-role-unknown", &[]),
        ("broken-installation", &[]),
        // What single servers show of themselves.
        ("laboratory-removed-server", &[("REP003", "replica 3", "domain")]),
        ("agreements-work", &[("TOP002", "core", "domain")]),
        (
            "agreements-broken",
            &[
                ("HID003", "ipa5", "-"),
                ("TOP002", "core", "domain"),
                ("TOP010", "core", "domain"),
                ("TOP012", "ipa2", "-"),
                ("TOP013", "ipa2", "-"),
                ("DC008", "attic", "-"),
                ("REP001", "core", "domain"),
                ("REP001", "ipa1", "domain"),
                ("REP001", "ipa2", "domain"),
                ("REP001", "ipa3", "domain"),
                ("REP001", "ipa4", "domain"),
                ("REP001", "ipa5", "domain"),
                ("REP002", "ipa1 ipa4 ipa5", "domain"),
                ("REP003", "gone ipa4", "domain"),
            ],
        ),
        (
            "hub-data-center",
            &[
                ("DC002", "left", "domain"),
                ("DC002", "right", "domain"),
                ("DC003", "left", "domain"),
                ("DC004", "right", "-"),
                // No CA and no DNS.
                ("DC005", "left", "-"),
                ("DC005", "right", "-"),
                // CA, KRA, DNS.
                ("DC006", "hub", "-"),
                ("DC008", "left", "-"),
                ("DC008", "right", "-"),
            ],
        ),
        (
            "data-centers-in-a-line",
            &[
                ("DC002", "a", "domain"),
                ("DC002", "e", "domain"),
                ("DC007", "c", "domain"),
                ("TOP009", "a e", "domain"),
            ],
        ),
        // A prism: three partners each, and no two servers cut it.
        ("data-centers-in-a-ring", &[]),
        ("more-than-sixty-servers", &[("TOP011", "", "-")]),
    ];
    let mut wrong: Vec<String> = Vec::new();
    for (deployment, expected) in table {
        let expected: BTreeSet<Failure> = expected
            .iter()
            .map(|(code, subjects, suffix)| {
                ((*code).to_owned(), (*subjects).to_owned(), (*suffix).to_owned())
            })
            .collect();
        let found = failing(deployment);
        wrong.extend(
            found.difference(&expected).map(|failure| format!("{deployment} + {failure:?}")),
        );
        wrong.extend(
            expected.difference(&found).map(|failure| format!("{deployment} - {failure:?}")),
        );
    }
    assert!(wrong.is_empty(), "too many (+), missing (-):\n{}", wrong.join("\n"));
    // Every fixture is in a table: the two examples have their own below.
    let mut covered: BTreeSet<String> = table.iter().map(|(name, _)| (*name).to_owned()).collect();
    covered.extend(["example-1", "example-2"].map(str::to_owned));
    let all: BTreeSet<String> = deployments().into_iter().collect();
    assert_eq!(all, covered, "a deployment without a truth, or a truth without a deployment");
}

/// Beginnings of the codes of rules on copies: most deployments here have no word on theirs.
const OF_COPIES: [&str; 6] = ["BAK", "COP", "HID", "KEY", "PRF", "SNA"];

/// What must stay undecided, because the files do not tell: an auditor that guesses fails here.
#[test]
fn what_must_stay_unknown() {
    let table: &[(&str, &[&str])] = &[
        (
            "suffix-not-stated",
            &["CA001", "CA002", "CA003", "CA004", "TOP001", "TOP002", "TOP003", "TOP004", "TOP005"],
        ),
        (
            "only-segments",
            &[
                "AD001", "CA001", "CA002", "CA003", "CA004", "CA005", "CA006", "DNA001", "DNA004",
                "DNS001", "KRA001", "TOP001", "TOP002", "TOP003", "TOP004", "TOP005",
            ],
        ),
        ("only-roles", &["CA004", "TOP001", "TOP002", "TOP003", "TOP004", "TOP005"]),
        ("truncated-segment-list", &["TOP001", "TOP002", "TOP003", "TOP004", "TOP007", "TOP010"]),
        (
            "no-permission",
            &[
                "AD001", "AD002", "CA002", "CA004", "DNS001", "KRA001", "KRA002", "TOP001",
                "TOP002", "TOP003", "TOP004", "TOP005",
            ],
        ),
        ("disputing-segment-lists", &["TOP001", "TOP004", "TOP007"]),
        ("disputing-roles", &["CA002", "TOP001", "TOP003", "TOP004"]),
        (
            "one-ca-role-unknown",
            &["CA004", "KRA001", "TOP001", "TOP002", "TOP003", "TOP004", "TOP007"],
        ),
        (
            "star",
            &[
                "CA005", "CA007", "CA009", "CA010", "CA011", "CA013", "DNA001", "DNA002", "DNA003",
                "DNA004", "DNS002",
            ],
        ),
        ("crl-without-ca", &["CA010", "CA013"]),
        ("more-than-sixty-servers", &["DC004", "DC005", "DC006", "REP002", "TOP012", "TOP013"]),
        ("more-than-four-agreements", &["REP001", "TOP010"]),
    ];
    for (deployment, codes) in table {
        let report = audit_deployment(deployment);
        for code in *codes {
            let (_, status) = report.rules.iter().find(|(meta, _)| meta.code == *code).unwrap();
            assert_eq!(*status, Status::Unknown, "{code} in {deployment}");
        }
    }
    // The healthy ones leave nothing open but copies, and what each server shows of replication.
    let of_each_server = [
        "CA013", "DC008", "REP001", "REP002", "REP003", "REP004", "REP005", "REP006", "REP007",
        "SRV001", "SRV002", "SRV003", "TOP012", "TOP013",
    ];
    for deployment in ["healthy-three-data-centers", "healthy-two-data-centers", "sixty-servers"] {
        let report = audit_deployment(deployment);
        let open = report.rules.iter().filter(|(_, status)| *status == Status::Unknown);
        for (meta, _) in open {
            let known = of_each_server.contains(&meta.code)
                || OF_COPIES.iter().any(|kind| meta.code.starts_with(kind));
            assert!(known, "{} in {deployment}", meta.code);
        }
    }
}

/// Words of a `topologysegment-add` or `-del` command.
fn segment_command(command: &str) -> Option<(bool, Suffix, Vec<String>)> {
    let words: Vec<&str> = command.split(' ').collect();
    let ["ipa", verb @ ("topologysegment-add" | "topologysegment-del"), suffix, rest @ ..] =
        words.as_slice()
    else {
        return None;
    };
    let value = |word: &&str| word.split_once('=').map_or(*word, |(_, value)| value).to_owned();
    Some((*verb == "topologysegment-add", Suffix::parse(suffix)?, rest.iter().map(value).collect()))
}

/// Commands of all findings of a deployment that FreeIPA would refuse: a segment that exists is
/// added (`Segment already exists in topology. Add rejected`), one that does not exist is deleted,
/// or a host is named that is none of the servers.
fn refused_commands(name: &str) -> Vec<String> {
    let deployment = import(&exports(name)).deployment;
    let mut refused = Vec::new();
    for finding in audit_deployment(name).findings {
        if finding.status != Status::Fail {
            continue;
        }
        let mut deleted: BTreeSet<(String, String)> = BTreeSet::new();
        for command in &finding.remedy.commands {
            let Some((add, suffix, words)) = segment_command(command) else {
                continue;
            };
            let segments = &deployment.topology(suffix).segments;
            if add {
                let (left, right) = (words[0].clone(), words[1].clone());
                let exists = segments.iter().any(|segment| {
                    let ends = (segment.key.left.to_string(), segment.key.right.to_string());
                    let turned = (ends.1.clone(), ends.0.clone());
                    [&ends, &turned].contains(&&(left.clone(), right.clone()))
                        && !deleted.contains(&ends)
                });
                let known = |host: &str| {
                    host.starts_with("new-replica-")
                        || deployment.servers.keys().any(|server| server.as_str() == host)
                };
                if exists || left == right || !known(&left) || !known(&right) {
                    refused.push(command.clone());
                }
            } else {
                let found = segments
                    .iter()
                    .find(|segment| segment.key.name.as_ref().is_none_or(|name| *name == words[0]));
                match found {
                    Some(segment) => {
                        let key = &segment.key;
                        deleted.insert((key.left.to_string(), key.right.to_string()));
                    }
                    None => refused.push(command.clone()),
                }
            }
        }
    }
    refused
}

#[test]
fn remedies_fit_the_deployment() {
    for name in deployments() {
        assert_eq!(refused_commands(&name), [""; 0], "{name}");
    }
}

/// The two published topologies: `expected.json` of the reference, written out.
#[test]
fn published_examples() {
    /// Failing rules with their subjects, and the highest number of partners.
    type Example = (&'static [(&'static str, &'static [&'static str])], usize);
    let table: &[(&str, Example)] = &[
        (
            "example-1",
            (&[("dc-two-peers", &["geo1"]), ("dc-two-peers", &["geo4"]), ("ca-max-four", &[])], 4),
        ),
        (
            "example-2",
            (
                &[
                    (
                        "topo-max-four-agreements",
                        &[
                            "s1.geo1.example.test",
                            "s2.geo1.example.test",
                            "s3.geo1.example.test",
                            "s4.geo1.example.test",
                        ],
                    ),
                    ("ca-max-four", &[]),
                ],
                5,
            ),
        ),
    ];
    for (name, (expected, degree)) in table {
        let report = audit_deployment(name);
        let found: BTreeSet<(&str, Vec<&str>)> = report
            .findings
            .iter()
            .filter(|finding| finding.status == Status::Fail)
            .map(|f| (f.rule, f.subjects.iter().map(String::as_str).collect()))
            .collect();
        let expected: BTreeSet<(&str, Vec<&str>)> =
            expected.iter().map(|(rule, subjects)| (*rule, subjects.to_vec())).collect();
        assert_eq!(found, expected, "{name}");

        let deployment = import(&exports(name)).deployment;
        let views = Views::new(&deployment, as_of());
        for suffix in Suffix::ALL {
            let view = views.of(suffix);
            assert_eq!(view.certain.cut_servers(), [], "{name} {suffix}");
            assert_eq!(view.certain.cut_segments(), [0_usize; 0], "{name} {suffix}");
            let highest =
                view.certain.servers().iter().map(|s| view.certain.partners(s).all().len()).max();
            assert_eq!(highest, Some(*degree), "{name} {suffix}");
        }
    }
}

/// Every place that a finding shows exists, and the line says what the finding claims to have read:
/// for text and LDIF the named host is on the line or in the entry that begins there.
#[test]
fn evidence_is_where_it_says() {
    for name in deployments() {
        let files: BTreeMap<String, Vec<u8>> = exports(&name).into_iter().collect();
        for finding in audit_deployment(&name).findings {
            for source in finding.evidence {
                let bytes = files.get(&*source.file).unwrap();
                let Some(line) = source.line else { continue };
                let text = String::from_utf8_lossy(bytes);
                let lines: Vec<&str> = text.lines().collect();
                let at = usize::try_from(line).unwrap() - 1;
                assert!(at < lines.len(), "{name}: {} has no line {line}", source.file);
                // A segment's entry begins at its line: both ends stand within the next lines.
                let entry = lines[at..lines.len().min(at + 14)].join("\n").replace("\n ", "");
                let entry: String = entry.split_whitespace().collect();
                if let Some((_, ends)) = source.observed.split_once(": ")
                    && let Some((left, right)) = ends.split_once(" - ")
                    && source.observed.starts_with("segment ")
                {
                    let right = right.split(' ').next().unwrap();
                    for host in [left, right] {
                        assert!(entry.contains(host), "{name}: {source:?} is not at its line");
                    }
                }
            }
        }
    }
}
