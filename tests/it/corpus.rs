//! Exports that nobody here invented: what the importers read of each, against the truth that
//! was written down by hand when the file was found.
//!
//! The corpus stays outside the repository. Where it is absent these tests say so and pass.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads files, says what it skips, and ends where something is missing"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use audit_core::import::Imported;
use audit_core::model::{Role, RoleStatus, Suffix};
use audit_core::note::NoteCode;
use audit_core::report::Status;
use tests::{corpus, files_below, import, options};

/// The corpus, or a visible remark.
pub(crate) fn corpus_or_skip(test: &str) -> Option<PathBuf> {
    let found = corpus();
    if found.is_none() {
        println!("SKIPPED {test}: there is no corpus on this machine");
    }
    found
}

fn read(root: &std::path::Path, names: &[&str]) -> Imported {
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (*name, fs::read(root.join(name)).unwrap())).collect();
    import(&files)
}

/// What is true of the files, as far as they show it.
#[derive(Default)]
struct Truth {
    files: &'static [&'static str],
    /// Servers with roles known to be enabled, hidden or configured: `name: m=enabled ca=hidden`.
    /// Only what is listed may be stated, apart from absent roles, which are written as `!kra`.
    servers: &'static [&'static str],
    servers_known: bool,
    ca: Option<&'static str>,
    renewal: Option<&'static str>,
    dnssec: Option<&'static str>,
    domain_level: Option<u8>,
    /// `supplier consumer suffix state`, sorted.
    agreements: &'static [&'static str],
    /// `left right direction`, sorted; `None` if no list of the suffix was read.
    domain: &'static [&'static str],
    domain_known: bool,
    ca_segments: &'static [&'static str],
    ca_known: bool,
    notes: &'static [&'static str],
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::IpaMaster => "m",
        Role::Ca => "ca",
        Role::Kra => "kra",
        Role::Dns => "dns",
        Role::AdTrustController => "adc",
        Role::AdTrustAgent => "ada",
    }
}

fn servers(imported: &Imported) -> Vec<String> {
    imported
        .deployment
        .servers
        .iter()
        .map(|(name, server)| {
            let mut words = vec![format!("{name}:")];
            if let Some(center) = server.data_center.value() {
                words.push(format!("@{center}"));
            }
            for role in Role::ALL {
                match server.role(role).value() {
                    Some(RoleStatus::Absent) => words.push(format!("!{}", role_word(role))),
                    Some(status) => words.push(format!("{}={status}", role_word(role))),
                    None => {}
                }
            }
            words.join(" ")
        })
        .collect()
}

fn segments(imported: &Imported, suffix: Suffix) -> Vec<String> {
    imported
        .deployment
        .topology(suffix)
        .segments
        .iter()
        .map(|segment| {
            let key = &segment.key;
            format!("{} {} {}", key.left, key.right, key.direction)
        })
        .collect()
}

fn agreements(imported: &Imported) -> Vec<String> {
    let all = imported.deployment.observed.agreements.iter();
    all.map(|(key, agreement)| {
        let state = agreement.state.value().map_or("unknown", |state| state.name());
        format!("{} {} {} {state}", key.on, key.peer, key.suffix)
    })
    .collect()
}

fn check(root: &std::path::Path, truth: &Truth) {
    let imported = read(root, truth.files);
    let deployment = &imported.deployment;
    let at = truth.files.join(" + ");
    assert_eq!(servers(&imported), truth.servers, "{at}");
    assert_eq!(deployment.knows_all_servers(), truth.servers_known, "{at}");
    assert_eq!(deployment.ca.value().map(|mode| mode.name()), truth.ca, "{at}");
    let renewal = deployment.ca_renewal_server.value().map(audit_core::model::Fqdn::as_str);
    assert_eq!(renewal, truth.renewal, "{at}");
    let dnssec = deployment.dnssec_key_master.value().map(audit_core::model::Fqdn::as_str);
    assert_eq!(dnssec, truth.dnssec, "{at}");
    assert_eq!(deployment.domain_level.value().copied(), truth.domain_level, "{at}");
    assert_eq!(agreements(&imported), truth.agreements, "{at}");
    assert_eq!(segments(&imported, Suffix::Domain), truth.domain, "{at}");
    assert_eq!(deployment.topology(Suffix::Domain).is_known(), truth.domain_known, "{at}");
    assert_eq!(segments(&imported, Suffix::Ca), truth.ca_segments, "{at}");
    assert_eq!(deployment.topology(Suffix::Ca).is_known(), truth.ca_known, "{at}");
    let codes: BTreeSet<&str> = deployment.notes.iter().map(|note| note.code.code()).collect();
    let expected: BTreeSet<&str> = truth.notes.iter().copied().collect();
    assert_eq!(codes, expected, "{at}: {:?}", deployment.notes);
}

#[test]
fn pasted_command_output() {
    let Some(root) = corpus_or_skip("pasted_command_output") else {
        return;
    };
    let none = Truth::default();
    for truth in [
        // `config-show` was cut at its head: of roles that it does not show nothing is known.
        Truth {
            files: &["real/ipa-cli/01-hidden-replica-config-and-roles.txt"],
            servers: &[
                "hidden1.ipa.example: m=hidden ca=hidden kra=hidden dns=hidden !adc !ada",
                "server1.ipa.example: m=enabled ca=enabled kra=enabled dns=enabled",
            ],
            ca: Some("integrated"),
            renewal: Some("server1.ipa.example"),
            dnssec: Some("server1.ipa.example"),
            notes: &["IMP013", "IMP017"],
            ..none
        },
        // Labels of the design page. The list is of DNS servers only.
        Truth {
            files: &["real/ipa-cli/02-server-roles-design-legacy-labels.txt"],
            servers: &[
                "ipasrv1.example.com: ca=enabled kra=enabled dns=enabled adc=enabled",
                "ipasrv3.example.com: dns=enabled",
            ],
            ca: Some("integrated"),
            notes: &["IMP017", "IMP026"],
            ..none
        },
        // The only CA is gone. That it was integrated this file does not say.
        Truth {
            files: &["real/ipa-cli/04-lost-only-ca.txt"],
            servers: &["f28-0.ipa.local: !ca"],
            servers_known: true,
            notes: &["IMP017", "IMP026"],
            ..none
        },
        Truth {
            files: &["real/ipa-cli/05-two-ca-renewal-master.txt"],
            servers: &["f28-0.ipa.local: ca=enabled", "f28-1.ipa.local: ca=enabled"],
            ca: Some("integrated"),
            renewal: Some("f28-1.ipa.local"),
            notes: &["IMP017", "IMP026"],
            ..none
        },
        // Three rows declared, two shown: KRA is unknown, not absent.
        Truth {
            files: &["real/ipa-cli/07-rhel10-role-find-output-truncated.txt"],
            servers: &["rhel9.example.com: ca=enabled dns=enabled"],
            ca: Some("integrated"),
            notes: &["IMP012", "IMP013", "IMP017", "IMP026"],
            ..none
        },
        Truth {
            files: &["real/ipa-cli/08-topologysuffix-find.txt"],
            ca: Some("integrated"),
            ..none
        },
        Truth {
            files: &["real/ipa-cli/10-topologysegment-find-8-cut.txt"],
            domain: &["server1.example.com server2.example.com both"],
            notes: &["IMP012", "IMP013"],
            ..none
        },
        // "Segment name: new_segment" answers the prompt of a delete.
        Truth {
            files: &["real/ipa-cli/11-topologysegment-del-then-find-7.txt"],
            domain: &["server2.example.com server3.example.com both"],
            notes: &["IMP012", "IMP013"],
            ..none
        },
        // Three commands without their prompts; the lines of one have lost their indentation.
        Truth {
            files: &["real/ipa-cli/13-server-find-no-all-two-replicas.txt"],
            servers: &["ipa01.hugel.lan: dns=enabled", "ipa02.hugel.lan: dns=enabled"],
            servers_known: true,
            notes: &["IMP026"],
            ..none
        },
        // 4.9: no line on KRA means that there is none.
        Truth {
            files: &["real/ipa-cli/14-config-show-4.9-single-new-bool.txt"],
            servers: &["ipa.infra.local: m=enabled ca=enabled !kra dns=enabled"],
            ca: Some("integrated"),
            renewal: Some("ipa.infra.local"),
            ..none
        },
        // 4.6 and 4.5: no line on DNS and KRA means nothing.
        Truth {
            files: &["real/ipa-cli/16-config-show-4.6-ntp-old-order.txt"],
            servers: &["ipa.freeipa-hw.lan: m=enabled ca=enabled"],
            ca: Some("integrated"),
            renewal: Some("ipa.freeipa-hw.lan"),
            notes: &["IMP032"],
            ..none
        },
        Truth {
            files: &["real/ipa-cli/17-config-show-4.5-empty-ntp.txt"],
            servers: &["ipa.example.test: m=enabled ca=enabled"],
            ca: Some("integrated"),
            renewal: Some("ipa.example.test"),
            notes: &["IMP032"],
            ..none
        },
    ] {
        check(&root, &truth);
    }
}

#[test]
fn printed_by_other_programs() {
    let Some(root) = corpus_or_skip("printed_by_other_programs") else {
        return;
    };
    let none = Truth::default();
    for truth in [
        // 1970 and `None` mean that nothing happened yet; error 0 is a success.
        Truth {
            files: &["real/replica-manage/01-list-v-two-way-el7.txt"],
            servers: &["ipa.corp.example.com:", "ipa2.corp.example.com:"],
            agreements: &[
                "ipa.corp.example.com ipa2.corp.example.com domain ok",
                "ipa2.corp.example.com ipa.corp.example.com domain ok",
            ],
            notes: &["IMP026"],
            ..none
        },
        // A peer is no server: it may be gone.
        Truth {
            files: &["real/replica-manage/02-csreplica-list-verbose-rhel10doc.txt"],
            servers: &["rhel10.example.com:"],
            ca: Some("integrated"),
            agreements: &["rhel10.example.com rhel9.example.com ca ok"],
            notes: &["IMP026"],
            ..none
        },
        // The document has lost the headings, and with them the suffix.
        Truth { files: &["real/replica-manage/04-list-ruv-doc.txt"], notes: &["IMP019"], ..none },
        Truth {
            files: &["real/replica-manage/05-status-messages-389ds-design.txt"],
            notes: &["IMP003"],
            ..none
        },
        // Names without their domain are no servers.
        Truth { files: &["real/cipa/01-readme-six-servers.txt"], notes: &["IMP022"], ..none },
    ] {
        check(&root, &truth);
    }
}

/// The agreements of a table count as soon as something shows which servers the short names are.
#[test]
fn short_names_find_their_servers() {
    let Some(root) = corpus_or_skip("short_names_find_their_servers") else {
        return;
    };
    let lines: Vec<String> =
        (1..=6).map(|number| format!("ipa0{number}.ipa.example.com: master\n")).collect();
    let list = lines.concat();
    let table = fs::read(root.join("real/cipa/01-readme-six-servers.txt")).unwrap();
    let imported = import(&[("list.txt", list.into_bytes()), ("cipa.txt", table)]);
    let peers = [
        ("ipa01", ["ipa02", "ipa03", "ipa04", "ipa05"].as_slice()),
        ("ipa02", &["ipa01", "ipa03", "ipa04", "ipa05"]),
        ("ipa03", &["ipa01", "ipa02", "ipa04", "ipa05"]),
        ("ipa04", &["ipa01", "ipa02", "ipa03", "ipa06"]),
        ("ipa05", &["ipa01", "ipa02", "ipa03"]),
        ("ipa06", &["ipa04"]),
    ];
    let expected: Vec<String> = peers
        .iter()
        .flat_map(|(on, peers)| peers.iter().map(move |peer| (on, peer)))
        .map(|(on, peer)| format!("{on}.ipa.example.com {peer}.ipa.example.com domain ok"))
        .collect();
    assert_eq!(agreements(&imported), expected);
}

#[test]
fn collected_ldif() {
    let Some(root) = corpus_or_skip("collected_ldif") else {
        return;
    };
    let none = Truth::default();
    for truth in [
        Truth {
            files: &["real/ldif/01-real-ruv-4.13-two-node-folded.ldif"],
            notes: &["IMP057"],
            ..none
        },
        // The entry has no state at all: FreeIPA calls that configured.
        Truth {
            files: &["real/ldif/02-ca-service-entry-renewal.ldif"],
            servers: &["f28-1.ipa.local: ca=configured"],
            ca: Some("integrated"),
            renewal: Some("f28-1.ipa.local"),
            notes: &["IMP026", "IMP032"],
            ..none
        },
        // Two CAs, one of them only configured, and a suffix `ca` without a segment: which is no
        // fact while a permission may be missing.
        Truth {
            files: &["real/ldif/04-masters-and-topology-two-servers.ldif"],
            servers: &[
                "ipa01.lab.test: !m ca=enabled !kra !dns !adc",
                "ipa02.lab.test: ca=configured",
            ],
            servers_known: true,
            ca: Some("integrated"),
            renewal: Some("ipa01.lab.test"),
            domain: &["ipa01.lab.test ipa02.lab.test both"],
            domain_known: true,
            notes: &["IMP018", "IMP025", "IMP026", "IMP032"],
            ..none
        },
        // How many ids are left; see `corpus_ldif.rs`.
        Truth { files: &["real/ldif/05-dna-posix-ids-extended-comments.ldif"], ..none },
        Truth {
            files: &["real/ldif/07-ruv-changelog-three-ids-two-hosts.ldif"],
            notes: &["IMP003"],
            ..none
        },
        Truth {
            files: &["real/ldif/08-master-entry-design-uppercase-dn.ldif"],
            servers: &["ipa-server.example.com: @prague"],
            ca: Some("integrated"),
            notes: &["IMP026", "IMP032"],
            ..none
        },
    ] {
        check(&root, &truth);
    }
}

const RENDERED_ROLES: &[&str] = &[
    "backup01.ams.example.com: ca=hidden kra=hidden dns=hidden !adc !ada",
    "ipa01.ams.example.com: ca=enabled kra=enabled dns=enabled !adc !ada",
    "ipa01.fra.example.com: ca=enabled kra=enabled dns=enabled adc=enabled ada=enabled",
    "ipa02.ams.example.com: ca=enabled !kra dns=enabled !adc !ada",
    "ipa02.fra.example.com: !ca !kra !dns !adc !ada",
];

/// What `server-find --all` says of the same servers: a role that is not named may be hidden.
const RENDERED_SERVERS: Truth = Truth {
    files: &[],
    servers: &[
        "backup01.ams.example.com: @ams",
        "ipa01.ams.example.com: @ams m=enabled ca=enabled kra=enabled dns=enabled",
        "ipa01.fra.example.com: @fra m=enabled ca=enabled kra=enabled dns=enabled adc=enabled \
         ada=enabled",
        "ipa02.ams.example.com: @ams m=enabled ca=enabled dns=enabled",
        "ipa02.fra.example.com: @fra m=enabled",
    ],
    servers_known: true,
    ca: Some("integrated"),
    renewal: None,
    dnssec: None,
    domain_level: None,
    agreements: &[],
    domain: &[],
    domain_known: false,
    ca_segments: &[],
    ca_known: false,
    notes: &["IMP026"],
};

#[test]
fn printed_by_freeipa_itself() {
    let Some(root) = corpus_or_skip("printed_by_freeipa_itself") else {
        return;
    };
    let none = Truth::default();
    for truth in [
        // Without `--include-master` nobody is known to be visible or hidden.
        Truth {
            files: &["rendered/server-role-find.txt"],
            servers: RENDERED_ROLES,
            servers_known: true,
            ca: Some("integrated"),
            notes: &["IMP026"],
            ..none
        },
        // A list alone does not say its suffix; its name is no proof.
        Truth { files: &["rendered/topologysegment-find-domain.txt"], notes: &["IMP019"], ..none },
        Truth { files: &["rendered/topologysegment-find-ca.txt"], notes: &["IMP019"], ..none },
        Truth { files: &["rendered/topologysegment-find-empty.txt"], notes: &["IMP019"], ..none },
        // Named "ca", but the DN in it says "domain": the content wins.
        Truth {
            files: &["rendered/topologysegment-find-ca-all-raw.txt"],
            domain: &[
                "ipa01.ams.example.com ipa01.fra.example.com both",
                "ipa01.ams.example.com ipa02.ams.example.com both",
            ],
            domain_known: true,
            notes: &["IMP021"],
            ..none
        },
        // Without `--all` only names are printed; none of the five servers is left out.
        Truth {
            files: &["rendered/server-find.txt"],
            servers: &[
                "backup01.ams.example.com:",
                "ipa01.ams.example.com:",
                "ipa01.fra.example.com:",
                "ipa02.ams.example.com:",
                "ipa02.fra.example.com:",
            ],
            servers_known: true,
            notes: &["IMP026"],
            ..none
        },
        Truth { files: &["rendered/server-find-all.txt"], ..RENDERED_SERVERS },
        Truth { files: &["rendered/server-find-all-tty60-wrapped.txt"], ..RENDERED_SERVERS },
        Truth { files: &["rendered/topologysuffix-verify-ok.txt"], notes: &["IMP031"], ..none },
        Truth {
            files: &["rendered/topologysuffix-verify-disconnected.txt"],
            servers: &[
                "ipa01.ams.example.com:",
                "ipa01.fra.example.com:",
                "ipa02.ams.example.com:",
                "ipa02.fra.example.com:",
            ],
            ca: Some("integrated"),
            notes: &["IMP026", "IMP040"],
            ..none
        },
        Truth {
            files: &["rendered/topologysuffix-verify-max-agmts.txt"],
            servers: &["ipa01.ams.example.com:"],
            notes: &["IMP026", "IMP040"],
            ..none
        },
        // With the roles, the names of the files are supported.
        Truth {
            files: &[
                "rendered/server-role-find.txt",
                "rendered/topologysegment-find-domain.txt",
                "rendered/topologysegment-find-ca.txt",
            ],
            servers: RENDERED_ROLES,
            servers_known: true,
            ca: Some("integrated"),
            domain: &[
                "backup01.ams.example.com ipa01.ams.example.com both",
                "ipa01.ams.example.com ipa01.fra.example.com both",
                "ipa01.ams.example.com ipa02.ams.example.com both",
                "ipa01.fra.example.com ipa02.fra.example.com both",
                "ipa02.ams.example.com ipa02.fra.example.com both",
            ],
            domain_known: true,
            ca_segments: &[
                "ipa01.ams.example.com ipa01.fra.example.com both",
                "ipa01.ams.example.com ipa02.ams.example.com both",
            ],
            ca_known: true,
            notes: &["IMP020", "IMP026"],
            ..none
        },
    ] {
        check(&root, &truth);
    }
}

const IPA_SHAPE_SERVERS: &[&str] = &[
    "ipa01.dc1.idm.example.test: @dc1 m=enabled ca=enabled kra=enabled dns=enabled !adc",
    "ipa02.dc1.idm.example.test: @dc1 m=enabled !ca !kra dns=enabled !adc",
    "ipa03.dc1.idm.example.test: @dc1 m=hidden ca=hidden kra=hidden dns=hidden !adc",
    "ipa04.dc2.idm.example.test: @dc2 m=enabled ca=enabled !kra dns=enabled !adc",
    "ipa05.dc2.idm.example.test: @dc2 m=enabled !ca !kra !dns adc=enabled",
    "ipa06.dc2.idm.example.test: @dc2 m=enabled !ca !kra !dns !adc",
];

const IPA_SHAPE_DOMAIN: &[&str] = &[
    "ipa01.dc1.idm.example.test ipa02.dc1.idm.example.test both",
    "ipa01.dc1.idm.example.test ipa04.dc2.idm.example.test both",
    "ipa02.dc1.idm.example.test ipa03.dc1.idm.example.test both",
    "ipa02.dc1.idm.example.test ipa05.dc2.idm.example.test both",
    "ipa03.dc1.idm.example.test ipa01.dc1.idm.example.test both",
    "ipa04.dc2.idm.example.test ipa05.dc2.idm.example.test both",
    "ipa05.dc2.idm.example.test ipa06.dc2.idm.example.test both",
    "ipa06.dc2.idm.example.test ipa04.dc2.idm.example.test both",
];

const IPA_SHAPE_CA: &[&str] = &[
    "ipa01.dc1.idm.example.test ipa03.dc1.idm.example.test both",
    "ipa01.dc1.idm.example.test ipa04.dc2.idm.example.test both",
];

/// The same directory in every format.
const FOLDER: [&str; 8] = [
    "real389/ipa-shape-one-server/masters-default-format.ldif",
    "real389/ipa-shape-one-server/masters-LLL.ldif",
    "real389/ipa-shape-one-server/masters-LLL-operational.ldif",
    "real389/ipa-shape-one-server/topology-default-format.ldif",
    "real389/ipa-shape-one-server/topology-LLL-nowrap.ldif",
    "real389/ipa-shape-one-server/segments-only-selected-attrs.ldif",
    "real389/ipa-shape-one-server/cn-etc-whole-LL.ldif",
    "real389/ipa-shape-one-server/db2ldif-ipaRoot.ldif",
];

#[test]
fn written_by_a_directory_server() {
    let Some(root) = corpus_or_skip("written_by_a_directory_server") else {
        return;
    };
    let none = Truth::default();
    let star = Truth {
        servers: &["ipa01.ams.example.com: ca=enabled"],
        servers_known: true,
        ca: Some("integrated"),
        renewal: Some("ipa01.ams.example.com"),
        domain: &["ipa01.ams.example.com ipa02.long-datacentre-name.emea.corp.example.com both"],
        domain_known: true,
        ..none
    };
    for truth in [
        Truth {
            files: &["lab389/01-masters-topology-star-default-wrap.ldif"],
            notes: &["IMP026", "IMP032"],
            ..star
        },
        Truth {
            files: &["lab389/07-db2ldif-replication-export-userRoot.ldif"],
            notes: &["IMP024", "IMP026", "IMP057"],
            ..star
        },
        Truth { files: &["lab389/04-sizelimit-exceeded-stdout.ldif"], notes: &["IMP013"], ..none },
        // The same without a result line: only the missing proof is seen.
        Truth { files: &["lab389/05-sizelimit-exceeded-LLL.ldif"], notes: &["IMP032"], ..none },
        Truth {
            files: &["lab389/06-agreements-allowlist-nowrap.ldif"],
            notes: &["IMP024", "IMP032", "IMP057"],
            ..none
        },
    ] {
        check(&root, &truth);
    }
    let masters = Truth {
        servers: IPA_SHAPE_SERVERS,
        servers_known: true,
        ca: Some("integrated"),
        renewal: Some("ipa01.dc1.idm.example.test"),
        ..none
    };
    let whole = Truth {
        domain: IPA_SHAPE_DOMAIN,
        domain_known: true,
        ca_segments: IPA_SHAPE_CA,
        ca_known: true,
        ..masters
    };
    let topology = Truth { servers: &[], servers_known: false, renewal: None, ..whole };
    for truth in [
        Truth { files: &[FOLDER[0]], ..masters },
        Truth { files: &[FOLDER[1]], notes: &["IMP032"], ..masters },
        Truth { files: &[FOLDER[2]], notes: &["IMP032"], ..masters },
        Truth { files: &[FOLDER[3]], ..topology },
        Truth { files: &[FOLDER[4]], notes: &["IMP032"], ..topology },
        // All segments are there, but nothing in the file proves it.
        Truth {
            files: &[FOLDER[5]],
            domain_known: false,
            ca_known: false,
            notes: &["IMP032"],
            ..topology
        },
        Truth { files: &[FOLDER[6]], domain_level: Some(1), ..whole },
        Truth { files: &[FOLDER[7]], domain_level: Some(1), ..whole },
        // Every format of the same directory tells the same story.
        Truth { files: &FOLDER, domain_level: Some(1), notes: &["IMP032"], ..whole },
    ] {
        check(&root, &truth);
    }
    let level = read(&root, &["real389/ipa-shape-one-server/domainlevel.ldif"]);
    assert_eq!(level.deployment.domain_level.value(), Some(&1));
    let nothing =
        read(&root, &["real389/ipa-shape-one-server/whole-suffix-no-results-filter.ldif"]);
    assert_eq!(nothing.deployment.notes[0].code, NoteCode::NotRecognized);
}

/// Backups as their folders are listed, and a header: host, kind, times, and what is not known.
#[test]
fn backups_become_what_is_true_of_them() {
    let Some(root) = corpus_or_skip("backups_become_what_is_true_of_them") else {
        return;
    };
    let backups = |name: &str| {
        let bytes = fs::read(root.join(name)).unwrap();
        import(&[(name, &bytes)]).deployment
    };
    let text = |deployment: &audit_core::model::Deployment| -> Vec<String> {
        let of = |copy: &audit_core::model::Backup| {
            format!(
                "{} {} {:?} {:?} {:?}",
                copy.kind.value().unwrap(),
                copy.named.value().map_or(String::new(), ToString::to_string),
                copy.taken_at.value(),
                copy.encrypted.value(),
                copy.bytes.value()
            )
        };
        deployment.copies.backups.values().map(of).collect()
    };
    assert_eq!(
        text(&backups("real/backup/01-ll-listing-full-and-data.txt")),
        [
            "data 2021-01-29T12:14:23Z None Some(false) Some(1090388)",
            "full 2021-01-29T12:11:46Z None Some(false) Some(3121511)"
        ]
    );
    assert_eq!(
        text(&backups("real/backup/02-ls-gpg.txt")),
        ["full 2020-01-13T14:38:00Z None Some(true) None"]
    );
    assert_eq!(
        text(&backups("real/backup/04-ls-lth-bad-names.txt")),
        ["data 2026-02-26T03:00:00Z None None None", "full 2026-02-01T03:00:00Z None None None"]
    );
    let none = backups("real/backup/05-names-that-are-not-ipa-backup-names.txt");
    assert!(none.copies.backups.is_empty());
    assert_eq!(none.notes.len(), 6, "{:?}", none.notes);
    let header = backups("rendered/header");
    let (_, backup) = header.copies.backups.first_key_value().unwrap();
    assert_eq!(backup.host.value().unwrap().as_str(), "server.idm.example.com");
    assert_eq!(backup.version.value().unwrap(), "4.8.7");
    assert_eq!(backup.taken_at.value().unwrap().to_string(), "2021-01-29T12:11:46Z");
    assert_eq!(backup.has_service("CA"), Some(true));
    assert_eq!(backup.has_service("KRA"), Some(false));
}

/// File, identifier, time, whether the VM was off, whether every disk is in it.
type SnapshotTruth = (&'static str, &'static str, &'static str, Option<bool>, Option<bool>);

/// Snapshots as hypervisors show them: the VM, the time, whether it was off, whether every disk is
/// in it. None of the VMs is known to be a server.
#[test]
fn snapshots_become_what_is_true_of_them() {
    let Some(root) = corpus_or_skip("snapshots_become_what_is_true_of_them") else {
        return;
    };
    let (yes, no) = (Some(true), Some(false));
    let table: [SnapshotTruth; 7] = [
        (
            "01-libvirt-metadata-running-internal.xml",
            "QEMUGuest1/my snap name",
            "2010-05-03T20:13:51Z",
            no,
            None,
        ),
        (
            "02-libvirt-no-domain-element.xml",
            "02-libvirt-no-domain-element.xml/my snap name",
            "2010-05-03T20:13:51Z",
            no,
            None,
        ),
        (
            "04-libvirt-docs-output-ellipsis.xml",
            "fedora/1270477159",
            "2010-04-05T14:19:19Z",
            no,
            no,
        ),
        (
            "05-virsh-snapshot-list-shutoff-fr.txt",
            "lab-ubuntu/avant-maj",
            "2026-07-05T16:42:11Z",
            yes,
            None,
        ),
        ("07-virsh-snapshot-list-placeholder-ja.txt", "almalinux01/snap1", "", yes, None),
        (
            "08-virsh-snapshot-list-running.txt",
            "lab1/clean-install",
            "2026-10-02T10:31:07Z",
            no,
            None,
        ),
        (
            "13-aws-describe-snapshots.json",
            "vol-049df61146c4d7901/snap-01234567890abcdef",
            "2019-02-28T21:28:32Z",
            None,
            None,
        ),
    ];
    for (file, id, taken_at, off, full) in table {
        let bytes = fs::read(root.join("real/hypervisor").join(file)).unwrap();
        let deployment = import(&[(file, &bytes)]).deployment;
        let all: Vec<_> = deployment.copies.snapshots.iter().collect();
        let [(found, snapshot)] = all.as_slice() else { panic!("{file}: {all:?}") };
        assert_eq!(*found, id, "{file}");
        let time = snapshot.taken_at.value().map_or(String::new(), ToString::to_string);
        assert_eq!(time, taken_at, "{file}");
        assert_eq!(snapshot.powered_off.value().copied(), off, "{file}");
        assert_eq!(snapshot.full.value().copied(), full, "{file}");
        assert_eq!(snapshot.host.value(), None, "{file}");
    }
}

/// Texts of Proxmox name no VM and no zone: the snapshots are there, and everything else of them is
/// unknown. What is no snapshot, or no valid file, gives none, and says why.
#[test]
fn snapshots_that_say_little_are_not_guessed_at() {
    let Some(root) = corpus_or_skip("snapshots_that_say_little_are_not_guessed_at") else {
        return;
    };
    let table: [(&str, &[&str]); 5] = [
        (
            "10-proxmox-listsnapshot-two-vms-no-ids.txt",
            &[
                "10-proxmox-listsnapshot-two-vms-no-ids.txt (1)/clean-install",
                "10-proxmox-listsnapshot-two-vms-no-ids.txt (2)/pre-adcs-config",
            ],
        ),
        (
            "11-proxmox-listsnapshot-nested-fr.txt",
            &[
                "11-proxmox-listsnapshot-nested-fr.txt/avant-20261004-101531",
                "11-proxmox-listsnapshot-nested-fr.txt/avant-20261004-101559",
                "11-proxmox-listsnapshot-nested-fr.txt/avant-maj-20261004-101640",
            ],
        ),
        ("14-aws-describe-snapshots-query-broken.json", &[]),
        ("16-kubevirt-vmsnapshot-spec-only.yml", &[]),
        ("17-ovirt-snapshot.xml", &[]),
    ];
    for (file, ids) in table {
        let bytes = fs::read(root.join("real/hypervisor").join(file)).unwrap();
        let deployment = import(&[(file, &bytes)]).deployment;
        let found: Vec<&String> = deployment.copies.snapshots.keys().collect();
        assert_eq!(found, ids, "{file}");
        for snapshot in deployment.copies.snapshots.values() {
            assert_eq!(snapshot.taken_at.value(), None, "{file}");
            assert_eq!(snapshot.powered_off.value(), None, "{file}");
            assert_eq!(snapshot.host.value(), None, "{file}");
        }
        assert!(!deployment.notes.is_empty(), "{file} yields no note");
    }
    // Every file of the folder is in this table or in the one above.
    let seen = files_below(&root)
        .into_iter()
        .filter(|(name, _)| name.starts_with("real/hypervisor/") && !name.contains("source.txt"));
    assert_eq!(seen.count(), 7 + table.len());
}

/// The folder as it is, every file together: the two faults that were built into its model.
#[test]
fn the_rendered_deployment_as_a_whole() {
    let Some(root) = corpus_or_skip("the_rendered_deployment_as_a_whole") else { return };
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(root.join("rendered"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    let report = tests::audit_files(&files);
    let seen = |code: &str, suffix: Suffix, file: &str, line: u64| {
        report.findings.iter().any(|finding| {
            finding.status == Status::Fail
                && finding.meta.code == code
                && finding.suffix == Some(suffix)
                && finding.subjects == ["backup01.ams.example.com"]
                && finding.evidence.iter().any(|at| &*at.file == file && at.line == Some(line))
        })
    };
    assert!(seen("TOP001", Suffix::Domain, "topologysegment-find-domain.txt", 4));
    assert!(seen("CA004", Suffix::Ca, "server-role-find.txt", 46));
    assert!(seen("CA004", Suffix::Ca, "topologysegment-find-ca.txt", 2));
    assert_eq!(import(&files).deployment.servers.len(), 5);
}

/// Every other file of the corpus: no panic, no invented server, and a note that says it was not
/// used; a file that is read is in one of the tables above.
#[test]
fn everything_else_yields_a_note() {
    let Some(root) = corpus_or_skip("everything_else_yields_a_note") else {
        return;
    };
    let read_by_us = [
        "rendered/server-find-all-tty60-wrapped.txt",
        "rendered/server-find-all.txt",
        "rendered/server-find.txt",
        "rendered/server-role-find.txt",
        "rendered/topologysuffix-verify-disconnected.txt",
        "rendered/topologysuffix-verify-max-agmts.txt",
        "rendered/topologysegment-find-ca-all-raw.txt",
        "lab389/01-masters-topology-star-default-wrap.ldif",
        "lab389/07-db2ldif-replication-export-userRoot.ldif",
        "real/ipa-cli/01-hidden-replica-config-and-roles.txt",
        "real/ipa-cli/02-server-roles-design-legacy-labels.txt",
        "real/ipa-cli/04-lost-only-ca.txt",
        "real/ipa-cli/05-two-ca-renewal-master.txt",
        "real/ipa-cli/07-rhel10-role-find-output-truncated.txt",
        "real/ipa-cli/08-topologysuffix-find.txt",
        "real/ipa-cli/10-topologysegment-find-8-cut.txt",
        "real/ipa-cli/11-topologysegment-del-then-find-7.txt",
        "real/ipa-cli/13-server-find-no-all-two-replicas.txt",
        "real/ipa-cli/14-config-show-4.9-single-new-bool.txt",
        "real/ipa-cli/16-config-show-4.6-ntp-old-order.txt",
        "real/ipa-cli/17-config-show-4.5-empty-ntp.txt",
        "real/replica-manage/01-list-v-two-way-el7.txt",
        "real/replica-manage/02-csreplica-list-verbose-rhel10doc.txt",
        "real/backup/01-ll-listing-full-and-data.txt",
        "real/backup/02-ls-gpg.txt",
        "real/backup/04-ls-lth-bad-names.txt",
        "rendered/header",
        "real/hypervisor/01-libvirt-metadata-running-internal.xml",
        "real/hypervisor/02-libvirt-no-domain-element.xml",
        "real/hypervisor/04-libvirt-docs-output-ellipsis.xml",
        "real/hypervisor/05-virsh-snapshot-list-shutoff-fr.txt",
        "real/hypervisor/07-virsh-snapshot-list-placeholder-ja.txt",
        "real/hypervisor/08-virsh-snapshot-list-running.txt",
        "real/hypervisor/10-proxmox-listsnapshot-two-vms-no-ids.txt",
        "real/hypervisor/11-proxmox-listsnapshot-nested-fr.txt",
        "real/hypervisor/13-aws-describe-snapshots.json",
        "real/ldif/02-ca-service-entry-renewal.ldif",
        "real/ldif/04-masters-and-topology-two-servers.ldif",
        "real/ldif/05-dna-posix-ids-extended-comments.ldif",
        "real/ldif/08-master-entry-design-uppercase-dn.ldif",
    ];
    let mut count = 0;
    for (name, path) in files_below(&root) {
        let own = name == "INDEX.tsv" || name.contains("source.txt") || name.contains("README");
        let read_here = read_by_us.contains(&name.as_str())
            // States of the laboratory are read whole, in corpus_ldif.
            || name.starts_with("real389/")
            // Plans, in corpus_ansible.
            || name.starts_with("real/ansible/")
            || crate::corpus_json::states_facts(&name);
        if own || read_here {
            continue;
        }
        count += 1;
        let bytes = fs::read(&path).unwrap();
        let imported = import(&[(name.as_str(), &bytes)]);
        assert!(!imported.deployment.notes.is_empty(), "{name} yields no note");
        assert!(imported.deployment.servers.is_empty(), "{name} invents servers");
        for suffix in Suffix::ALL {
            let listed = &imported.deployment.topology(suffix).segments;
            assert!(listed.is_empty(), "{name} invents segments: {listed:?}");
        }
        let report = audit_core::audit(&imported, &options());
        assert!(
            report
                .rules
                .iter()
                .all(|(_, status)| matches!(status, Status::Unknown | Status::NotApplicable)),
            "{name} decides a rule: {:?}",
            report.rules.iter().map(|(meta, status)| (meta.code, *status)).collect::<Vec<_>>()
        );
    }
    assert!(count > 15, "only {count} files were looked at");
}
