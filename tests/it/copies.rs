//! Backups as they lie in a store: generated archives, good and bad, and what each is worth.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

use audit_core::audit;
use audit_core::cases::Judge;
use audit_core::import::{Import, Imported};
use audit_core::model::{Backup, Role, Suffix};
use audit_core::note::NoteCode;
use audit_core::recovery::{Procedure, RestorePoint, Usability};
use flate2::Compression;
use flate2::write::GzEncoder;
use tests::{deployments, exports, options};

type Files = Vec<(String, Vec<u8>)>;

/// A tar archive of members.
fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const SUFFIX: &str = "dc=example,dc=test";
const MASTERS: &str = "cn=masters,cn=ipa,cn=etc,dc=example,dc=test";

/// A secret that no database may give away.
const CANARY: &str = "geheimnis-im-kaefig";

/// The database of the backend `userRoot` of two servers, with attribute state as `db2ldif -r`
/// writes it.
fn user_root() -> Vec<u8> {
    let mut ldif = format!(
        "version: 1\n\n# entry-id: 1\ndn: {SUFFIX}\nobjectClass: domain\ndc: example\n\n\
         # entry-id: 2\ndn: nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff,{SUFFIX}\n\
         objectClass: nsTombstone\nnsds50ruv: {{replicageneration}} 60000000000000040000\n\
         nsds50ruv: {{replica 4 ldap://ipa1.example.test:389}} 60000000000000040000 6a1fc64000\n \
         0000040000\nnsds50ruv: {{replica 3 ldap://ipa2.example.test:389}} 60000000000000030000 \
         6a1fc641000000030000\n\n"
    );
    let mut entry = |dn: &str, lines: &[&str]| {
        let _ = write!(ldif, "dn: {dn}\n{}\n\n", lines.join("\n"));
    };
    for server in ["ipa1.example.test", "ipa2.example.test"] {
        let dn = format!("cn={server},{MASTERS}");
        let suffix = format!("ipaReplTopoManagedSuffix;vucsn-60000000000000040000: {SUFFIX}");
        entry(&dn, &["objectClass: ipaReplTopoManagedServer", &format!("cn: {server}"), &suffix]);
        for service in ["KDC", "KPASSWD", "HTTP", "KEYS", "CA"] {
            let dn = format!("cn={service},{dn}");
            entry(
                &dn,
                &[
                    "objectClass: nsContainer",
                    &format!("cn: {service}"),
                    "ipaConfigString: enabledService",
                ],
            );
        }
    }
    let user = format!("uid=ann,cn=users,cn=accounts,{SUFFIX}");
    entry(
        &user,
        &["uid: ann", &format!("userPassword: {CANARY}"), &format!("krbPrincipalKey: {CANARY}")],
    );
    ldif.into_bytes()
}

fn ipaca(kra: bool) -> Vec<u8> {
    let kra = if kra { "dn: o=kra,o=ipaca\nobjectClass: organization\no: kra\n\n" } else { "" };
    format!("version: 1\n\ndn: o=ipaca\nobjectClass: organization\no: ipaca\n\n{kra}").into_bytes()
}

fn files(host: &str) -> Vec<u8> {
    let conf = format!("[global]\nhost = {host}\nbasedn = {SUFFIX}\nmode = production\n");
    gzip(&tar(&[
        ("etc/ipa/default.conf", conf.into_bytes()),
        ("etc/krb5.keytab", CANARY.into()),
        ("root/cacert.p12", CANARY.into()),
    ]))
}

fn full(host: &str, ca: bool, kra: bool) -> Vec<u8> {
    let mut members = vec![
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./EXAMPLE-TEST/userRoot/id2entry.db", vec![0; 5000]),
        ("./files.tar", files(host)),
    ];
    if ca {
        members.push(("./EXAMPLE-TEST-ipaca.ldif", ipaca(kra)));
    }
    gzip(&tar(&members))
}

fn header(kind: &str, host: &str, time: &str, services: &str) -> Vec<u8> {
    format!(
        "[ipa]\ntype = {kind}\ntime = {time}\nhost = {host}\nipa_version = 4.12.2\nversion = 1\n\
         services = {services}\n\n"
    )
    .into_bytes()
}

fn import(files: &Files) -> Imported {
    let mut import = Import::new();
    for (name, bytes) in files {
        import.add(name, bytes);
    }
    import.finish()
}

fn only(imported: &Imported) -> (&String, &Backup) {
    let backups = &imported.deployment.copies.backups;
    assert_eq!(backups.len(), 1, "{:?}", backups.keys());
    backups.first_key_value().unwrap()
}

const FOLDER: &str = "ipa-full-2026-11-20-03-00-31";

#[test]
fn an_archive_alone_is_a_full_export_of_its_time() {
    let imported = import(&vec![("ipa-full.tar".into(), full("ipa1.example.test", true, true))]);
    let deployment = &imported.deployment;
    assert_eq!(deployment.servers.len(), 2);
    assert!(deployment.servers.values().all(|server| server.holds(Role::Ca)));
    let (_, backup) = only(&imported);
    assert_eq!(backup.host.value().map(audit_core::model::Fqdn::as_str), Some("ipa1.example.test"));
    assert_eq!(backup.complete.value(), Some(&true));
    assert_eq!(backup.holds_ca_data.value(), Some(&true));
    assert_eq!(backup.holds_kra_data.value(), Some(&true));
    let ruv = &backup.ruvs[&Suffix::Domain];
    assert_eq!(ruv.generation.value().map(String::as_str), Some("60000000000000040000"));
    assert_eq!(ruv.replicas[&4].max_csn.as_deref(), Some("6a1fc640000000040000"));
    assert_eq!(ruv.replicas[&3].max_csn.as_deref(), Some("6a1fc641000000030000"));
    assert!(deployment.notes.iter().any(|note| note.code == NoteCode::ReadFromBackup));
    let json = audit_core::report::deployment_json::render(deployment);
    assert!(!json.contains(CANARY));
}

#[test]
fn an_archive_beside_exports_of_today_changes_no_server() {
    for name in ["copies-kept-well", "star"] {
        let before = tests::import(&exports(name)).deployment;
        let mut files = exports(name);
        files
            .push((format!("store/{FOLDER}/ipa-full.tar"), full("ipa9.example.test", true, false)));
        let after = import(&files).deployment;
        assert_eq!(after.servers, before.servers, "{name}");
        assert_eq!(after.topology, before.topology, "{name}");
        assert_eq!(after.copies.backups.len(), before.copies.backups.len() + 1, "{name}");
    }
}

#[test]
fn what_an_archive_lacks_makes_it_incomplete() {
    let good = full("ipa1.example.test", true, true);
    let mut wrong_sum = good.clone();
    let end = wrong_sum.len();
    wrong_sum[end - 6] ^= 0x55;
    let mut changed = good.clone();
    changed[good.len() / 2] ^= 0x55;
    let data = gzip(&tar(&[("./EXAMPLE-TEST-userRoot.ldif", user_root())]));
    let without_database = gzip(&tar(&[("./files.tar", files("ipa1.example.test"))]));
    let mut cut_database = user_root();
    cut_database.truncate(cut_database.len() - 9);
    let cut_database = gzip(&tar(&[
        ("./EXAMPLE-TEST-userRoot.ldif", cut_database),
        ("./files.tar", files("ipa1.example.test")),
    ]));
    let mut damaged_files = files("ipa1.example.test");
    damaged_files.truncate(damaged_files.len() - 12);
    let damaged_files = gzip(&tar(&[
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./files.tar", damaged_files),
    ]));
    let twice = gzip(&tar(&[
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./files.tar", files("ipa1.example.test")),
    ]));
    let mut lying = tar(&[("./files.tar", files("ipa1.example.test"))]);
    let mut head = tar::Header::new_gnu();
    head.set_path("EXAMPLE-TEST-userRoot.ldif").unwrap();
    head.set_size(1 << 40);
    head.set_cksum();
    lying.truncate(lying.len() - 1024);
    lying.extend_from_slice(head.as_bytes());
    lying.extend_from_slice(&user_root());
    // Tapes are written in whole blocks: zeros fill the last one.
    let on_tape = [good.as_slice(), &[0; 10_240]].concat();
    let garbage_behind = [good.as_slice(), b"not a member"].concat();
    // gzip members may stand behind each other (RFC 1952, 2.2): here the border is in a database.
    let plain = tar(&[
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./EXAMPLE-TEST-ipaca.ldif", ipaca(true)),
        ("./files.tar", files("ipa1.example.test")),
    ]);
    let (first, second) = plain.split_at(700);
    let two_members = [gzip(first), gzip(second)].concat();
    let second_cut = two_members[..two_members.len() - 3].to_vec();
    let mut tape_members = gzip(first);
    tape_members.extend([0; 512]);
    tape_members.extend(gzip(second));
    let uncompressed = plain.clone();
    let table: Vec<(&str, Vec<u8>, bool)> = vec![
        ("whole", good.clone(), true),
        ("zeros behind it", on_tape, true),
        ("something else behind it", garbage_behind, false),
        ("two gzip members", two_members, true),
        ("two gzip members, the second cut", second_cut, false),
        ("zeros between two gzip members", tape_members, true),
        ("not compressed", uncompressed, true),
        ("cut", good[..good.len() - 3].to_vec(), false),
        ("cut in the middle", good[..good.len() / 2].to_vec(), false),
        ("a wrong sum", wrong_sum, false),
        ("a changed byte", changed, false),
        ("data under the name of a full one", data, false),
        ("without a database", without_database, false),
        ("a database that ends early", cut_database, false),
        ("files.tar cut", damaged_files, false),
        ("a database twice", twice, false),
        ("a member of a terabyte that is not there", gzip(&lying), false),
        ("nothing", gzip(&tar(&[])), false),
    ];
    for (what, bytes, complete) in table {
        let imported = import(&vec![(format!("store/{FOLDER}/ipa-full.tar"), bytes)]);
        let (_, backup) = only(&imported);
        assert_eq!(backup.complete.value(), Some(&complete), "{what}");
        let notes = &imported.deployment.notes;
        let said = notes.iter().any(|note| note.code == NoteCode::ArchiveNotRestorable);
        assert_eq!(said, !complete, "{what}: {notes:?}");
    }
}

/// A header of tar with any name, as somebody who means harm writes it; the crate refuses to.
fn member(name: &str, kind: tar::EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_entry_type(kind);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// Names that lead out of the archive are names: nothing is unpacked, nothing is written, and no
/// member counts as another by them. Links and devices hold nothing.
#[test]
fn names_and_kinds_of_members_lead_nowhere() {
    use tar::EntryType as Kind;
    let database = user_root();
    let names = ["../../../../etc/cron.d/x", "/etc/passwd", "./a/../../EXAMPLE-TEST-ipaca.ldif"];
    let mut plain = Vec::new();
    for name in names {
        plain.extend(member(name, Kind::Regular, &database));
    }
    plain.extend(member("EXAMPLE-TEST-ipaca.ldif", Kind::Symlink, b""));
    plain.extend(member("EXAMPLE-TEST-ipaca.ldif", Kind::Char, b""));
    plain.extend(member("EXAMPLE-TEST-userRoot.ldif", Kind::Regular, &database));
    plain.extend(member("files.tar", Kind::Regular, &files("ipa1.example.test")));
    plain.extend([0; 1024]);
    let here: Vec<_> = std::fs::read_dir(".").unwrap().map(|e| e.unwrap().path()).collect();
    let imported = import(&vec![(format!("store/{FOLDER}/ipa-full.tar"), gzip(&plain))]);
    let (_, backup) = only(&imported);
    assert_eq!(backup.holds_ca_data.value(), Some(&false));
    assert_eq!(backup.complete.value(), Some(&true));
    assert_eq!(imported.deployment.servers.len(), 2);
    let after: Vec<_> = std::fs::read_dir(".").unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(after, here);
}

/// A bomb ends at a bound, and what cannot be read to its end is not whole. Memory does not grow
/// with what comes out: the members are streams.
#[test]
fn what_expands_without_end_is_bounded_and_not_whole() {
    // 300 MiB of zeros behind a good database: a thousand to one.
    let mut inner = tar::Builder::new(Vec::new());
    let mut append = |name: &str, size: u64, content: &mut dyn std::io::Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_cksum();
        inner.append_data(&mut header, name, content).unwrap();
    };
    let (database, files) = (user_root(), files("ipa1.example.test"));
    append("EXAMPLE-TEST-userRoot.ldif", database.len() as u64, &mut database.as_slice());
    append("files.tar", files.len() as u64, &mut files.as_slice());
    let huge = 300 << 20;
    append("EXAMPLE-TEST/userRoot/id2entry.db", huge, &mut std::io::repeat(0).take(huge));
    let plain = inner.into_inner().unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&plain).unwrap();
    let bomb = encoder.finish().unwrap();
    drop(plain);
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    let imported = import(&vec![(format!("store/{FOLDER}/ipa-full.tar"), bomb)]);
    let (_, backup) = only(&imported);
    assert_eq!(backup.complete.value(), Some(&false));
    // Only the bound speaks against it.
    let notes = &imported.deployment.notes;
    let said = notes.iter().find(|note| note.code == NoteCode::ArchiveNotRestorable).unwrap();
    assert!(said.message.contains("expands to more than 250 times its size"), "{said:?}");
}

/// A header that lacks keys, has none, or lies about them: what is there is used, the rest is
/// unknown, and nothing counts as a proven time.
#[test]
fn a_header_without_keys_proves_nothing() {
    let full_header = "[ipa]\ntype = FULL\nhost = ipa1.example.test\n";
    let table: [(&str, Option<&str>, bool); 5] = [
        (full_header, Some("ipa1.example.test"), true),
        ("[ipa]\ntype = FULL\n", None, true),
        ("[ipa]\n", None, false),
        ("", None, false),
        ("[ipa]\ntype = SOMETHING\nhost = ///\ntime = yesterday\n", None, false),
    ];
    for (text, host, _) in table {
        let imported = import(&vec![(format!("store/{FOLDER}/header"), text.into())]);
        let backups = &imported.deployment.copies.backups;
        assert!(backups.len() <= 1, "{text:?}");
        for backup in backups.values() {
            assert_eq!(backup.taken_at.value(), None, "{text:?}");
            assert_eq!(backup.host.value().map(ToString::to_string).as_deref(), host, "{text:?}");
            assert_eq!(backup.roles.value(), None, "{text:?}");
            assert_eq!(backup.complete.value(), None, "{text:?}");
        }
        assert!(!imported.deployment.notes.is_empty(), "{text:?} yields no note");
    }
}

/// A sparse member, as `tar -S` writes database files, costs its holes no memory and is passed
/// over.
#[test]
fn sparse_members_are_passed_over() {
    let mut plain = tar(&[
        ("./EXAMPLE-TEST-userRoot.ldif", user_root()),
        ("./files.tar", files("ipa1.example.test")),
    ]);
    plain.truncate(plain.len() - 1024);
    let mut header = tar::Header::new_gnu();
    header.set_path("EXAMPLE-TEST/userRoot/id2entry.db").unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(512);
    {
        let gnu = header.as_gnu_mut().unwrap();
        // One piece of 512 bytes at the end of a hole of 64 GiB.
        gnu.sparse[0].offset.copy_from_slice(b"01000000000\0");
        gnu.sparse[0].numbytes.copy_from_slice(b"00000001000\0");
        gnu.realsize.copy_from_slice(b"01000001000\0");
    }
    header.set_cksum();
    plain.extend_from_slice(header.as_bytes());
    plain.extend([7; 512]);
    plain.extend([0; 1024]);
    let imported = import(&vec![(format!("store/{FOLDER}/ipa-full.tar"), gzip(&plain))]);
    let (_, backup) = only(&imported);
    assert_eq!(backup.complete.value(), Some(&true), "{:?}", imported.deployment.notes);
}

#[test]
fn header_list_and_archive_of_one_folder_are_one_backup() {
    let host = "ipa1.example.test";
    let head = header("FULL", host, "2026-11-20T02:00:04", "KDC,CA,KRA");
    let list = format!(
        "[root@ipa1 ~]# ls -l /var/lib/ipa/backup/{FOLDER}\ntotal 9\n\
         -rw-r--r--. 1 root root 158 Nov 20 03:00 header\n\
         -rw-r--r--. 1 root root 999 Nov 20 03:00 ipa-full.tar\n"
    );
    let files = vec![
        (format!("store/{FOLDER}/header"), head.clone()),
        (format!("store/{FOLDER}/ipa-full.tar"), full(host, true, true)),
        ("list.txt".into(), list.clone().into_bytes()),
    ];
    let imported = import(&files);
    let (id, backup) = only(&imported);
    assert_eq!(*id, format!("{host}/{FOLDER}"));
    assert_eq!(backup.taken_at.value().unwrap().to_string(), "2026-11-20T02:00:04Z");
    assert_eq!(backup.bytes.value(), Some(&999));
    assert_eq!(backup.complete.value(), Some(&true));
    // The same backup in a declared store is another copy.
    let mut two = files;
    two.push((format!("vault/{host}_{FOLDER}/header"), head));
    two.push((
        "answers.toml".into(),
        b"schema = \"idm-drill/answers/1\"\n[[stores]]\nid = \"vault\"\npaths = [\"vault\"]\n"
            .into(),
    ));
    let both = import(&two);
    assert_eq!(both.deployment.copies.backups.len(), 2);
    two.reverse();
    assert_eq!(import(&two).deployment, both.deployment);
}

/// Times near midnight and around the change to summer time: the name is local, the header GMT.
#[test]
fn the_header_goes_before_the_name() {
    let table = [
        ("ipa-full-2026-03-29-01-59-59", "2026-03-29T00:59:50", true),
        ("ipa-full-2026-03-29-03-00-10", "2026-03-29T00:59:50", true),
        ("ipa-full-2026-01-01-00-00-05", "2025-12-31T23:00:00", true),
        ("ipa-full-2025-12-31-12-00-05", "2026-01-01T00:00:00", true),
        ("ipa-full-2026-01-01-14-00-05", "2026-01-01T00:00:00", true),
        ("ipa-full-2026-01-05-00-00-05", "2026-01-01T00:00:00", false),
        ("ipa-full-2025-12-30-00-00-05", "2026-01-01T00:00:00", false),
    ];
    for (folder, time, fits) in table {
        let head = header("FULL", "ipa1.example.test", time, "CA");
        let imported = import(&vec![(format!("store/{folder}/header"), head)]);
        let (_, backup) = only(&imported);
        assert_eq!(backup.taken_at.value().unwrap().to_string(), format!("{time}Z"));
        let noted = imported.deployment.notes.iter().any(|n| n.code == NoteCode::BackupTime);
        assert_eq!(noted, !fits, "{folder} {time}");
    }
}

#[test]
fn an_encrypted_archive_shows_its_key_and_nothing_else() {
    let mut bytes =
        vec![0x84, 12, 3, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0, 0, 0xd2, 0xea];
    bytes.extend([0x99; 4000]);
    let files = vec![
        (format!("store/{FOLDER}/ipa-full.tar.gpg"), bytes),
        (
            format!("store/{FOLDER}/header"),
            header("FULL", "ipa1.example.test", "2026-11-20T02:00:04", "KDC,CA"),
        ),
    ];
    let imported = import(&files);
    let (_, backup) = only(&imported);
    assert_eq!(backup.encrypted.value(), Some(&true));
    assert_eq!(backup.key.value().map(String::as_str), Some("0123456789abcdef"));
    assert_eq!(backup.complete.value(), None);
}

/// The deployment of `copies-kept-well` with a store of one backup of every kind; only those whose
/// number is in `numbers`.
fn store(numbers: &[u8]) -> Imported {
    let model =
        exports("copies-kept-well").into_iter().find(|(name, _)| name.ends_with("model.json"));
    let mut files: Files = vec![model.unwrap()];
    let services = "KDC,KPASSWD,HTTP,KEYS,CA,OTPD,KRA,DNS,DNSKeySync";
    let mut add = |folder: &str, head: Vec<u8>, archive: &str, bytes: Vec<u8>| {
        let number = folder.rsplit('-').next().and_then(|digits| digits.parse().ok());
        if !number.is_some_and(|number: u8| numbers.contains(&number)) {
            return;
        }
        files.push((format!("vault/{folder}/header"), head));
        files.push((format!("vault/{folder}/{archive}"), bytes));
    };
    let day = "2026-11-20T02:00:04";
    let at = |host: &str, n: u8| format!("{host}_ipa-full-2026-11-20-03-00-{n:02}");
    let (bak, two) = ("bak.example.test", "ipa2.example.test");
    add(&at(bak, 1), header("FULL", bak, day, services), "ipa-full.tar", full(bak, true, true));
    add(
        &at(two, 2),
        header("FULL", two, day, "KDC,HTTP,DNS"),
        "ipa-full.tar",
        full(two, false, false),
    );
    let data = gzip(&tar(&[("./EXAMPLE-TEST-userRoot.ldif", user_root())]));
    let folder = format!("{bak}_ipa-data-2026-11-20-03-00-03");
    add(&folder, header("DATA", bak, day, services), "ipa-data.tar", data);
    let message =
        [&[0x84, 12, 3, 9, 9, 9, 9, 9, 9, 9, 9, 1, 0, 0, 0xd2, 0xea][..], &[7; 99]].concat();
    add(&at(bak, 4), header("FULL", bak, day, services), "ipa-full.tar.gpg", message);
    let cut = full(bak, true, true);
    add(&at(bak, 5), header("FULL", bak, day, services), "ipa-full.tar", cut[..900].to_vec());
    let gone = "gone.example.test";
    add(&at(gone, 6), header("FULL", gone, day, services), "ipa-full.tar", full(gone, true, true));
    // Taken with --disable-role-check on a host that lacks the KRA and DNS: no trace but the list.
    let few = "KDC,KPASSWD,HTTP,KEYS,CA,OTPD";
    add(&at(bak, 7), header("FULL", bak, day, few), "ipa-full.tar", full(bak, true, false));
    files.push((
        "answers.toml".into(),
        b"schema = \"idm-drill/answers/1\"\nbackups_known = true\nsnapshots = []\nkeys = []\n\
          [[stores]]\nid = \"vault\"\ndata_center = \"south\"\nmedium = \"network\"\n\
          paths = [\"vault\"]\n"
            .into(),
    ));
    import(&files)
}

/// A store with every kind of backup, each judged as the guide says.
#[test]
fn each_backup_of_a_store_is_judged() {
    let (bak, two, gone) = ("bak.example.test", "ipa2.example.test", "gone.example.test");
    let deployment = store(&[1, 2, 3, 4, 5, 6, 7]).deployment;
    let judged: Vec<(String, String)> = RestorePoint::all(&deployment)
        .iter()
        .map(|point| {
            let verdict = match point.usability() {
                Usability::Usable if point.holds(Role::Ca) == Some(true) => "usable".to_owned(),
                Usability::Usable => "usable, without CA".to_owned(),
                Usability::Doubtful(needs) => format!("doubtful: {}", needs[0]),
                Usability::Unusable(why) => format!("unusable: {why}"),
            };
            (point.id.clone(), verdict)
        })
        .collect();
    let of = |id: String| {
        let found = judged.iter().find(|(name, _)| *name == id);
        found.unwrap_or_else(|| panic!("{id}: {judged:?}")).1.clone()
    };
    let id = |host: &str, n: u8| format!("{host}/ipa-full-2026-11-20-03-00-{n:02}");
    assert_eq!(judged.len(), 7);
    assert_eq!(of(id(bak, 1)), "usable");
    assert_eq!(of(id(two, 2)), "usable, without CA");
    assert_eq!(
        of(format!("{bak}/ipa-data-2026-11-20-03-00-03")),
        "unusable: data-only, cannot rebuild a server"
    );
    assert_eq!(of(id(bak, 4)), "unusable: encrypted with key 0909090909090909, which nobody has");
    assert_eq!(of(id(bak, 5)), "unusable: incomplete");
    assert!(of(id(gone, 6)).starts_with("doubtful: whether copy gone"));
    // It brings the CA back, and the rule on roles names it.
    assert_eq!(of(id(bak, 7)), "usable");
    let report = audit(&store(&[7]), &options());
    let named = report.findings.iter().any(|finding| {
        finding.meta.code == "BAK002" && finding.subjects.iter().any(|name| name.ends_with("-07"))
    });
    assert!(named, "{:?}", report.findings.iter().map(|f| f.meta.code).collect::<Vec<_>>());
}

/// What each of them alone is worth in every kind of disaster.
#[test]
fn the_effect_of_each_backup_on_every_disaster() {
    let kinds = [
        (0, "no backup at all"),
        (1, "a good full one"),
        (2, "of a server without CA"),
        (3, "data only"),
        (4, "encrypted, key unknown"),
        (5, "cut short"),
        (6, "of an uninstalled server"),
        (7, "role check bypassed"),
    ];
    let all = "bak.example.test,ipa1.example.test,ipa2.example.test,ipa3.example.test,\
               ipa4.example.test";
    let cas = "bak.example.test,ipa1.example.test,ipa3.example.test";
    let cases = [
        format!("lose:{all}"),
        format!("lose:{cas}"),
        "lose:ipa2.example.test".to_owned(),
        "lose-dc:north".to_owned(),
        "delete:known@ipa1.example.test".to_owned(),
        "delete:unknown@ipa1.example.test".to_owned(),
        format!("lose:{all}+lose-store:vault"),
        "ghost:ipa2.example.test".to_owned(),
        "certs-expired".to_owned(),
        "bad-upgrade:ipa1.example.test".to_owned(),
    ];
    let mut table = String::new();
    for case in &cases {
        writeln!(table, "{case}").unwrap();
        for (number, what) in kinds {
            let imported = store(&[number]);
            let judge = Judge::new(&imported.deployment).at(options().as_of);
            let case = case.parse().expect("a case");
            let judged = judge.judge(&case).expect("a case of this deployment");
            let procedure = judged.procedure.map_or("-", Procedure::name);
            let class = judged.outcome.name();
            writeln!(table, "  {what:<26} {class:<14} {procedure}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// A VM is a server where its identifier says so: in the export bundle and at the hypervisor.
#[test]
fn a_snapshot_finds_its_server_by_the_identifier_of_the_vm() {
    let sample = |importer: &str, name: &str| -> Vec<u8> {
        let mut samples = tests::samples(importer).into_iter();
        samples.find(|(found, _)| found == name).unwrap().1
    };
    let bundle = sample("dmi_product_uuid", "ok-in-a-bundle.txt");
    for (importer, name) in [
        ("virsh_snapshot_dumpxml", "ok-cold.xml"),
        ("ovirt_snapshots", "ok-regular-and-active.json"),
    ] {
        let files =
            vec![("bundle.txt".into(), bundle.clone()), (name.into(), sample(importer, name))];
        let deployment = import(&files).deployment;
        let (id, snapshot) = deployment.copies.snapshots.first_key_value().unwrap();
        let host = snapshot.host.value().map(audit_core::model::Fqdn::as_str);
        assert_eq!(host, Some("bak.example.test"), "{id}");
        assert!(!deployment.notes.iter().any(|note| note.code == NoteCode::UnknownVm), "{id}");
    }
}

/// Whatever the chunks and the order, one archive is one model.
#[test]
fn chunks_do_not_change_what_an_archive_is() {
    let bytes = full("ipa1.example.test", true, true);
    let whole = import(&vec![("ipa-full.tar".into(), bytes.clone())]).deployment;
    for size in [1, 7, 500, 4096] {
        let mut import = Import::new();
        let mut reader = import.open("ipa-full.tar");
        for chunk in bytes.chunks(size) {
            reader.push(chunk);
        }
        import.close(reader);
        assert_eq!(import.finish().deployment, whole, "chunks of {size}");
    }
    assert!(deployments().iter().any(|name| name == "copies-kept-well"));
}
