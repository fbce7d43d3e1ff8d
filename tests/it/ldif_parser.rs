//! The LDIF parser: examples of every shape it reads, and laws against a reader that looks at every
//! line.

#![expect(clippy::needless_pass_by_value, reason = "quickcheck hands arguments over by value")]

use audit_core::parse::ldif::{
    Dn, Entry, Interest, LdifParser, LdifSummary, MAX_DN_BYTES, MAX_LINE_BYTES, MAX_PROBLEMS,
    MAX_VALUES, ProblemKind, parse,
};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

const ATTRIBUTES: [&str; 4] = ["cn", "nsds50ruv", "ipaConfigString", "Description"];

fn everything() -> Interest {
    Interest::new(&ATTRIBUTES)
}

fn below_etc() -> Interest {
    everything().with_rdn("cn=etc")
}

fn in_chunks<'a>(
    chunks: impl Iterator<Item = &'a [u8]>,
    interest: Interest,
) -> (Vec<Entry>, LdifSummary) {
    let mut entries = Vec::new();
    let mut parser = LdifParser::new(interest);
    for chunk in chunks {
        parser.feed(chunk, &mut |entry| entries.push(entry));
    }
    let summary = parser.finish(&mut |entry| entries.push(entry));
    (entries, summary)
}

/// Reads the text whole and byte by byte, which must be the same.
fn read(text: impl AsRef<[u8]>) -> (Vec<Entry>, LdifSummary) {
    let text = text.as_ref();
    let whole = parse(text, everything());
    assert_eq!(in_chunks(text.chunks(1), everything()), whole);
    whole
}

/// Line, column and kind of every problem.
fn problems(summary: &LdifSummary) -> Vec<(u64, Option<u64>, ProblemKind)> {
    summary.problems.iter().map(|problem| (problem.line, problem.column, problem.kind)).collect()
}

fn names(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.dn.to_string()).collect()
}

mod examples {
    use super::*;

    #[test]
    fn lines_fold_anywhere() {
        let (entries, summary) = read(
            "# a comment that is\n  folded: cn=not an entry\n\
             d\n n: cn=CA,cn=masters,c\n n=etc\n\
             ipaConfig\n String\n :\n  enabled\n Service\n\
             cn:\n : Q\n 0E=\n\
             description: LDAP \n error\n",
        );
        assert_eq!(names(&entries), ["cn=CA,cn=masters,cn=etc"]);
        assert_eq!(entries[0].line, 3);
        assert_eq!(entries[0].value("ipaconfigstring"), Some("enabledService"));
        assert_eq!(entries[0].value("cn"), Some("CA"));
        assert_eq!(entries[0].value("description"), Some("LDAP error"));
        let lines: Vec<u64> =
            entries[0].attributes.iter().map(|attribute| attribute.line).collect();
        assert_eq!(lines, [6, 11, 14]);
        assert_eq!(summary.lines, 15);
        assert_eq!(problems(&summary), []);
    }

    #[test]
    fn carriage_returns_belong_to_the_line_end() {
        let (entries, summary) =
            read("dn: cn=a,cn=\r\n etc\r\ncn: a\r\n  b\r\n\r\ndn: cn=b\r\ncn: b\r\n");
        assert_eq!(names(&entries), ["cn=a,cn=etc", "cn=b"]);
        assert_eq!(entries[0].value("cn"), Some("a b"));
        assert_eq!((summary.lines, problems(&summary)), (7, vec![]));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let (entries, summary) = read("\u{feff}dn: cn=a\ncn: a\n");
        assert_eq!(names(&entries), ["cn=a"]);
        assert_eq!(problems(&summary), []);
        // Half of one is.
        let (entries, _) = read(b"\xef\xbb\ndn: cn=a\n");
        assert_eq!(entries[0].line, 2);
    }

    /// Written by a real 389 Directory Server (lab389/01).
    #[test]
    fn base64_is_the_normal_case() {
        let (entries, summary) = read(
            "dn:: Y249c3RhbmRvcnQtbcO8bmNoZW4sY249dG9wb2xvZ3ksY249aXBhLGNuPWV0YyxkYz1leGFtc\n \
             GxlLGRjPWNvbQ==\n\
             objectClass: nsContainer\n\
             cn:: c3RhbmRvcnQtbcO8bmNoZW4=\n\
             description:: NDoxMC8wIA==\n\
             description::\n\
             description:\n",
        );
        assert_eq!(
            names(&entries),
            ["cn=standort-m\u{fc}nchen,cn=topology,cn=ipa,cn=etc,dc=example,dc=com"]
        );
        assert_eq!(entries[0].value("cn"), Some("standort-m\u{fc}nchen"));
        let values: Vec<&str> = entries[0].values("description").collect();
        assert_eq!(values, ["4:10/0 ", "", ""]);
        assert_eq!(problems(&summary), []);
    }

    #[test]
    fn names_have_any_letter_case_and_options() {
        let (entries, _) = read(
            "DN: cn=ipa1,cn=masters,cn=ipa,cn=etc, $SUFFIX\n\
             CN;LEFT: ipa1 \n\
             cn;vucsn-6b025b3b000100040000;deleted: ipa0\n\
             cn : ipa2\n",
        );
        assert_eq!(names(&entries), ["cn=ipa1,cn=masters,cn=ipa,cn=etc,$SUFFIX"]);
        assert_eq!(entries[0].attributes[0].name, "cn");
        assert_eq!(entries[0].attributes[0].options, ["left"]);
        assert_eq!(entries[0].attributes[1].options, ["vucsn-6b025b3b000100040000", "deleted"]);
        assert!(entries[0].attributes[1].is_deleted());
        let values: Vec<&str> = entries[0].values("CN").collect();
        assert_eq!(values, ["ipa1", "ipa2"]);
    }

    #[test]
    fn a_dn_line_starts_an_entry_without_a_blank_line() {
        let (entries, summary) = read("dn: cn=a\ncn: a\ndn: cn=a\ncn: b\nDn: cn=c\n");
        assert_eq!(names(&entries), ["cn=a", "cn=a", "cn=c"]);
        assert_eq!(entries[1].value("cn"), Some("b"));
        assert_eq!(summary.entries_seen, 3);
    }

    #[test]
    fn an_input_that_ends_inside_an_entry_without_line_end_may_be_cut() {
        let (entries, summary) = read("dn: cn=a\ncn: a\n\ndn: cn=b\ncn: b1\ncn: b");
        assert!(entries[0].complete && !entries[1].complete);
        // Half a value looks like another one: `b` may have been `b2`.
        assert_eq!(entries[1].values("cn").collect::<Vec<_>>(), ["b1"]);
        assert_eq!(problems(&summary), [(6, None, ProblemKind::TruncatedEntry)]);
        assert_eq!(summary.lines, 6);
        // So does half a name.
        let (entries, summary) = read("dn: cn=a\ncn: a\n\ndn: cn=b");
        assert_eq!(names(&entries), ["cn=a"]);
        assert_eq!(problems(&summary), [(4, None, ProblemKind::TruncatedEntry)]);
        for whole in ["dn: cn=a\ncn: a\n", "dn: cn=a\n\n# end", "", "\n"] {
            assert_eq!(problems(&read(whole).1), [], "{whole:?}");
        }
        // Also in an entry that is not wanted: the wanted ones may have followed.
        let (_, summary) = parse(b"dn: uid=a\nuid: a", below_etc());
        assert_eq!(problems(&summary), [(2, None, ProblemKind::TruncatedEntry)]);
    }

    /// In the form of a paste from a terminal: command line, banner, comments, trailer.
    #[test]
    fn what_ldapsearch_prints_around_entries_is_known() {
        let (entries, summary) = read(
            "[root@ipa1 ~]# ldapsearch -Y EXTERNAL -H ldapi://%2Frun%2Fslapd.socket -b cn=dna\n\
             SASL/EXTERNAL authentication started\n\
             SASL username: gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth\n\
             SASL SSF: 0\n\
             # extended LDIF\n\
             #\n\
             # base <cn=dna> with scope subtree\n\
             \n\
             # ipa1.example.test + 389, posix-ids\n\
             dn: dnaHostname=ipa1.example.test+dnaPortNum=389,cn=posix-\n ids,cn=dna,cn=etc\n\
             cn: 0 <-- no UIDs left\n\
             \n\
             # search result\n\
             search: 2\n\
             result: 4 Size limit exceeded\n\
             matchedDN: cn=etc\n\
             \n\
             # numResponses: 2\n\
             # numEntries: 1\n",
        );
        assert_eq!(entries.len(), 1);
        let own: Vec<_> = entries[0].dn.rdns()[0].pairs().collect();
        assert_eq!(own, [("dnahostname", "ipa1.example.test"), ("dnaportnum", "389")]);
        let result = summary.result.clone().expect("a result line");
        assert_eq!((result.code, result.text.as_str()), (4, "Size limit exceeded"));
        assert_eq!(result.line, 16);
        assert_eq!((summary.num_responses, summary.num_entries), (Some(2), Some(1)));
        assert_eq!((summary.searches, problems(&summary)), (1, vec![]));
    }

    #[test]
    fn a_failed_search_is_not_hidden_by_a_later_one() {
        let trailer = |result: &str| format!("# search result\nsearch: 2\nresult: {result}\n\n");
        let text = ["0 Success", "32 No such object", "0 Success", "4 Size limit exceeded"]
            .map(trailer)
            .concat();
        assert_eq!(read(text).1.result.map(|result| result.code), Some(32));
        for (line, code) in [
            ("Size limit exceeded (4)", 4),
            ("ldap_bind: Invalid credentials (49)", 49),
            ("ldap_sasl_interactive_bind: Can't contact LDAP server (-1)", -1),
        ] {
            let (_, summary) = read(format!("{line}\nadditional info: none\n"));
            assert_eq!(summary.result.map(|result| result.code), Some(code));
            assert_eq!(summary.problems, []);
        }
    }

    #[test]
    fn a_header_without_result_shows_a_cut_output() {
        let header = "# extended LDIF\n#\n\ndn: cn=a\n\n";
        let trailer = "# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 1\n";
        let whole = [header, trailer].concat();
        assert_eq!(problems(&read([whole.as_str(), &whole].concat()).1), []);
        let (_, summary) = read([header, &whole, header].concat());
        let unfinished = ProblemKind::SearchUnfinished;
        assert_eq!(problems(&summary), [(1, None, unfinished), (16, None, unfinished)]);
        assert_eq!((summary.searches, summary.num_entries), (3, Some(1)));
    }

    #[test]
    fn a_version_is_read() {
        let (entries, summary) = read("version: 1\n\n# entry-id: 1\ndn: cn=a\nversion: 2\n");
        assert_eq!((entries.len(), summary.version), (1, Some(1)));
        assert_eq!(problems(&summary), []);
    }

    #[test]
    fn attributes_without_dn_are_no_entry() {
        let (entries, summary) = read(
            "replace: nsds50ruv\n\
             nsds50ruv: {replica 4 ldap://ipa1.example.test:389} 4a5b5b97000000040000 4a844d\n \
             4f000300040000\n\
             -\n\
             replace: cn\n\
             \n\
             cn: again\n\
             dn: cn=a\n",
        );
        assert_eq!(names(&entries), ["cn=a"]);
        assert_eq!(
            problems(&summary),
            [(1, None, ProblemKind::NoDn), (7, None, ProblemKind::NoDn)]
        );
    }

    #[test]
    fn a_change_record_is_no_entry() {
        let (entries, summary) = read(
            "dn: cn=a\nchangetype: modify\nreplace: cn\ncn: b\n-\n\n\
             dn: cn=b\nchangetype: add\ncn: b\n",
        );
        assert_eq!(names(&entries), ["cn=b"]);
        assert_eq!((summary.entries_seen, summary.entries_kept), (2, 1));
        assert!(summary.has_changetype);
        assert_eq!(problems(&summary), [(1, None, ProblemKind::ChangeRecord)]);
    }

    #[test]
    fn a_line_that_is_lost_is_reported_where_it_loses_data() {
        let (entries, summary) = read("dn: cn=a\ncn: a\nenabledService\n-\n\n=== next rc=0 ===\n");
        assert!(!entries[0].complete);
        let lost = ProblemKind::NotAnAttribute;
        assert_eq!(problems(&summary), [(3, None, lost), (4, None, lost)]);
        let (entries, summary) = read("> dn: cn=a\n> cn: a\n>\n> dn: cn=b\n");
        assert_eq!((entries.len(), problems(&summary)), (0, vec![(1, None, lost)]));
    }

    #[test]
    fn a_continuation_of_nothing_is_reported() {
        let (_, summary) = read("   dn: cn=a\n   cn: a\n\n   \n\n cn: b\n");
        let kind = ProblemKind::ContinuationWithoutLine;
        assert_eq!(problems(&summary), [(1, None, kind), (6, None, kind)]);
    }

    #[test]
    fn what_cannot_be_decoded_is_dropped_and_its_place_shown() {
        let (entries, summary) = read(
            b"dn: cn=a\ncn:: QQ=\ncn:: Q\n  UE=\ncn:<file:///etc/shadow\n\
              cn: ab\n c\xffd\ncn:: /w==\ndescription: kept\n"
                .as_slice(),
        );
        assert_eq!(entries[0].attributes.len(), 1);
        assert!(!entries[0].complete);
        assert_eq!(
            problems(&summary),
            [
                (2, Some(9), ProblemKind::BadBase64),
                (4, Some(2), ProblemKind::BadBase64),
                (5, None, ProblemKind::UrlValue),
                (7, Some(3), ProblemKind::InvalidUtf8),
                (8, None, ProblemKind::InvalidUtf8),
            ]
        );
        assert!(summary.problems.iter().all(|problem| problem.attribute.as_deref() == Some("cn")));
    }

    #[test]
    fn a_dn_that_cannot_be_decoded_is_an_entry_passed_over() {
        let (entries, summary) = read("dn:: Y249YQ=\ncn: a\n\ndn:<file:///dn\ncn: b\n\ndn: cn=c\n");
        assert_eq!((names(&entries), summary.entries_seen), (vec!["cn=c".to_owned()], 3));
        assert_eq!(
            problems(&summary),
            [(1, Some(13), ProblemKind::BadBase64), (4, None, ProblemKind::UrlValue)]
        );
        // Not UTF-8: kept with replacement characters if wanted, of no interest otherwise.
        let text = b"dn: cn=\xfc,cn=etc\ncn: a\n\ndn: uid=\xfc,cn=users\n\n";
        let (entries, summary) = parse(text, below_etc());
        assert_eq!(names(&entries), ["cn=\u{fffd},cn=etc"]);
        assert_eq!(problems(&summary), [(1, Some(8), ProblemKind::InvalidUtf8)]);
    }

    #[test]
    fn interest_is_in_the_decoded_dn() {
        for dn in [
            "dn: cn=CA,cn=etc,dc=x",
            "dn: cn=CA, CN = Etc ,dc=x",
            "dn:cn=CA,cn=etc",
            "dn: cn=etc",
            "dn: cn=e\\74c,dc=x",
            "dn: cn=\"etc\",dc=x",
            "dn: cn=CA+cn=etc,dc=x",
            "dn: cn=CA,cn=e\n tc,dc=x",
            "dn:: Y249ZXRj",
        ] {
            let text = format!("{dn}\ncn: a\n\ndn: uid=u\n\n{dn}\n");
            let (entries, summary) = parse(text.as_bytes(), below_etc());
            assert_eq!((entries.len(), summary.entries_seen), (2, 3), "{dn:?}");
        }
        for dn in ["cn=etc\\,cn", "cn=e tc", "ou=etc", "cn=etcetera", "description=cn\\=etc", "etc"]
        {
            let text = format!("dn: {dn}\ncn: etc\ndescription: dn: cn=etc,\n");
            assert_eq!(parse(text.as_bytes(), below_etc()).0, [], "{dn:?}");
        }
        let interest = everything().with_rdn("cn=mapping tree").with_rdn("cn=etc");
        let text = b"dn: cn=replica,cn=Mapping  Tree,cn=config\n\ndn: cn=etc\n\ndn: cn=config\n";
        assert_eq!(parse(text, interest).0.len(), 2);
        let interest = everything().matching(|dn| dn.rdns().len() == 1);
        assert_eq!(parse(text, interest).0.len(), 2);
    }
}

mod names {
    use super::*;

    #[test]
    fn compare_without_case_blanks_escapes_and_order_of_parts() {
        for (a, b) in [
            ("cn=a,dc=b", "CN = A , DC=B"),
            ("cn=mapping tree", "cn=Mapping   Tree"),
            ("cn=a\\,b", "cn=a\\2cb"),
            ("cn=\"a,b\"", "cn=a\\,b"),
            ("a=1+b=2,c=3", "B=2 + A=1,C=3"),
            ("cn=m\u{fc}nchen", "cn=M\\C3\\9CNCHEN"),
        ] {
            assert_eq!(Dn::parse(a), Dn::parse(b));
        }
        for (a, b) in [("cn=a,cn=b", "cn=a\\,cn\\=b"), ("cn=a+cn=b", "cn=a,cn=b"), ("cn=a", "a")] {
            assert_ne!(Dn::parse(a), Dn::parse(b));
        }
    }

    #[test]
    fn have_values_in_the_case_of_the_input() {
        let dn = Dn::parse("CN=Ipa1.Example.Test, cn=Masters,cn=etc");
        assert_eq!(dn.to_string(), "cn=Ipa1.Example.Test,cn=Masters,cn=etc");
        assert_eq!(dn.first_value(), "Ipa1.Example.Test");
        assert_eq!(dn.rdns()[0].value("CN"), Some("Ipa1.Example.Test"));
        assert_eq!(dn.parent(), Some(Dn::parse("cn=masters,cn=etc")));
        assert!(dn.ends_with(&Dn::parse("CN=ETC")) && dn.ends_with(&dn));
        assert!(!dn.ends_with(&Dn::parse("cn=tc")));
        assert_eq!(Dn::parse(" ").parent(), None);
    }

    #[test]
    fn of_mapping_tree_entries_hold_a_suffix() {
        for written in [
            "cn=replica,cn=dc\\3Dexample\\2Cdc\\3Dtest,cn=mapping tree,cn=config",
            "cn=replica,cn=\"dc=example,dc=test\",cn=mapping tree,cn=config",
            "cn=replica,cn=dc\\=example\\,dc\\=test,cn=mapping tree,cn=config",
        ] {
            let dn = Dn::parse(written);
            let suffix = dn.rdns()[1].value("cn").map(Dn::parse);
            assert_eq!(suffix, Some(Dn::parse("dc=example,dc=test")));
        }
    }

    #[test]
    fn are_read_back_from_what_is_shown() {
        fn law(text: String) -> bool {
            let dn = Dn::parse(&text);
            let shown = Dn::parse(&dn.to_string());
            shown == dn && shown.to_string() == dn.to_string()
        }
        check(2000, law as fn(String) -> bool);
        for text in
            ["=a", "a=", "\\", "cn=\\", "a=\\20 b\\20", "a=#b", "a\\=b", "+,=,+", "\"", "a=\"b"]
        {
            assert!(law(text.to_owned()), "{text:?}");
        }
    }
}

mod limits {
    use super::*;

    #[test]
    fn unwanted_lines_of_any_length_are_silent() {
        let long = "x".repeat(10 << 20);
        let text = format!("dn: cn=a\nuserPassword: {long}\ncn: a\n#{long}\n{long}: 1\n");
        let (entries, summary) = in_chunks(text.as_bytes().chunks(65_536), everything());
        assert_eq!(entries[0].value("cn"), Some("a"));
        // A name of that length is none.
        assert_eq!(problems(&summary), [(5, None, ProblemKind::NotAnAttribute)]);
        assert_eq!(parse(text.as_bytes(), everything()), (entries, summary));
    }

    #[test]
    fn lines_are_counted_inside_what_is_dropped() {
        let photo = "photo:: AAAA\n".to_owned() + &" AAAA\r\n".repeat(3000);
        let text = format!("dn: cn=a\n{photo}cn: a\n\n{photo}{photo}\n#{photo}\ndn: cn=b\n");
        let whole = parse(text.as_bytes(), everything());
        assert_eq!(whole.0[0].attributes[0].line, 3003);
        assert_eq!(problems(&whole.1), [(3005, None, ProblemKind::NoDn)]);
        assert_eq!(whole.0[1].line, 12_010);
        for size in [1, 10, 1000, 4099, 5000] {
            assert_eq!(in_chunks(text.as_bytes().chunks(size), everything()), whole);
        }
    }

    #[test]
    fn wanted_values_have_a_limit() {
        for (over, size) in [(false, MAX_LINE_BYTES), (true, MAX_LINE_BYTES + 1)] {
            for end in ["\n", "\r\n"] {
                let value = "x".repeat(size - "cn: ".len());
                let text = format!("dn: cn=a{end}cn: {value}{end}cn: b{end}");
                let whole = parse(text.as_bytes(), everything());
                let values: Vec<&str> = whole.0[0].values("cn").collect();
                assert_eq!(values.len(), if over { 1 } else { 2 });
                let expected =
                    if over { vec![(2, None, ProblemKind::LineTooLong)] } else { vec![] };
                assert_eq!(problems(&whole.1), expected);
                for size in [1000, MAX_LINE_BYTES + 12, MAX_LINE_BYTES + 15] {
                    let split = in_chunks(text.as_bytes().chunks(size), everything());
                    assert_eq!(split, whole);
                }
            }
        }
    }

    #[test]
    fn names_of_entries_have_a_limit() {
        for (over, size) in [(false, MAX_DN_BYTES), (true, MAX_DN_BYTES + 1)] {
            let dn = format!("dn: cn={}\n", "x".repeat(size - "dn: cn=".len()));
            let text = format!("{dn}cn: a\n\n{dn}cn: b\n");
            let whole = parse(text.as_bytes(), everything());
            assert_eq!(whole.0.len(), if over { 0 } else { 2 });
            assert_eq!(whole.1.problems.len(), if over { 2 } else { 0 });
            for size in [1, 7, 4096, 5000, MAX_DN_BYTES + 1, MAX_DN_BYTES + 2] {
                assert_eq!(in_chunks(text.as_bytes().chunks(size), everything()), whole);
            }
        }
    }

    #[test]
    fn entries_have_a_limit() {
        let values = "cn: a\n".repeat(MAX_VALUES + 50);
        let (entries, summary) = parse(format!("dn: cn=a\n{values}").as_bytes(), everything());
        assert_eq!((entries[0].attributes.len(), entries[0].complete), (MAX_VALUES, false));
        let line = MAX_VALUES as u64 + 2;
        assert_eq!(problems(&summary), [(line, None, ProblemKind::EntryTooLarge)]);
        let large = format!("cn: {}\n", "x".repeat(MAX_LINE_BYTES - 10)).repeat(6);
        let (entries, summary) = parse(format!("dn: cn=a\n{large}").as_bytes(), everything());
        assert_eq!((entries[0].attributes.len(), summary.problems.len()), (3, 1));
    }

    #[test]
    fn problems_have_a_limit() {
        let (_, summary) = read("cn: a\n\n".repeat(MAX_PROBLEMS + 7));
        assert_eq!((summary.problems.len(), summary.problems_suppressed), (MAX_PROBLEMS, 7));
    }

    #[test]
    fn input_of_one_endless_line_is_read_to_its_end() {
        let zeros = vec![0; 1 << 20];
        for start in [&b""[..], b"dn: cn=a\n", b"dn: cn=a\ncn: ", b"dn: uid=a\nx: ", b"#", b" "] {
            let chunks = [start].into_iter().chain((0..20).map(|_| zeros.as_slice()));
            let (entries, summary) = in_chunks(chunks, below_etc());
            assert!(entries.is_empty() && summary.problems.len() <= 2, "{start:?}");
        }
    }
}

/// Checks a law on `count` cases, the same ones in every run.
fn check<T: Testable>(count: u64, law: T) {
    QuickCheck::new().rng(Gen::from_size_and_seed(60, 2849)).tests(count).quickcheck(law);
}

/// Pieces from which a random text is put together: lines, parts of lines, and what lies between.
const PIECES: [&[u8]; 72] = [
    b"\n",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\n ",
    b"\r\n ",
    b":",
    b"d",
    b"D",
    b"n",
    b"dn",
    b"\nd",
    b"\ndn: ",
    b"cn=etc,",
    b"cn=e\n tc,",
    b"#",
    b"-\n",
    b"\xff",
    b"\0",
    b"=",
    b";",
    b"dn: cn=a,cn=etc,dc=x\n",
    b"dn: cn=b,cn=masters,cn=etc,dc=x\n",
    b"DN: CN=c, cn = ETC , dc=x\n",
    b"dn: cn=d,c\n n=etc\n",
    b"d\n n: cn=e,cn=etc\n",
    b"dn:: Y249w7wsY249ZXRj\n",
    b"dn:: !\n",
    b"dn:< cn=etc\n",
    b"dn: cn=e\\74c\n",
    b"dn: cn=\"etc\"\n",
    b"dn: cn=a+cn=etc\n",
    b"dn: cn=\xfc,cn=etc\n",
    b"\ndn: cn=g,cn=etc\r\ncn: x\r\n\r\n",
    b"dn: cn=h,cn=etc",
    b"dn: uid=u1,cn=users,dc=x\n",
    b"dn: uid=u2,cn=users,dc=x\n",
    b"dn: uid=u3,cn=us\n ers\n",
    b"\n# entry-id: 7\ndn: uid=u4,cn=users,dc=x\n",
    b"dn: uid=\\2c,cn=users\n",
    b"dn: cn=i\n",
    b"cn: x\n",
    b"CN;left;vucsn-1: y \n",
    b"cn:: w7w=\n",
    b"cn:: w7w\n",
    b"cn:: /w==\n",
    b"cn:<file\n",
    b"c\n n: z\n",
    b"cn: a\xffb\n",
    b"ipaConfigString: enabledService\n",
    b"userPassword: Secret123\n",
    b"userPassword:: U2VjcmV0MTIz\n",
    b"Secret123\n",
    b"displayName: dn: cn=etc\n",
    b"dnaHostname: h\n",
    b"description: d\n  e\n",
    b" continued\n",
    b"# comment\n",
    b"# search result\n",
    b"# extended LDIF\n",
    b"search: 2\n",
    b"result: 0 Success\n",
    b"result: 4 Size limit exceeded\n",
    b"# numEntries: 3\n",
    b"version: 1\n",
    b"changetype: modify\n",
    b"SASL SSF: 0\n",
    b"Size limit exceeded (4)\n",
    b"> dn: cn=etc\n",
];

/// A random text and the lengths of the chunks it comes in.
#[derive(Clone, Debug)]
struct Text {
    pieces: Vec<Vec<u8>>,
    chunks: Vec<usize>,
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

impl Arbitrary for Text {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = usize::arbitrary(g) % g.size();
        let pieces = (0..count)
            .map(|_| {
                if u8::arbitrary(g) % 20 == 0 {
                    // Long enough to be passed over in blocks and pages.
                    let lines = usize::arbitrary(g) % if bool::arbitrary(g) { 400 } else { 20 };
                    let line = g.choose(&["x: y\n", "photo:: AAAA\n AAAA\n", "data: value\r\n"]);
                    line.copied().unwrap_or_default().repeat(lines).into_bytes()
                } else {
                    g.choose(&PIECES).copied().unwrap_or_default().to_vec()
                }
            })
            .collect();
        let longest = *g.choose(&[1, 3, 20, 200, 3000, 20_000]).unwrap_or(&1);
        let chunks = (0..20).map(|_| 1 + usize::arbitrary(g) % longest).collect();
        Self { pieces, chunks }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let chunks = self.chunks.clone();
        let fewer = self.pieces.shrink().map(move |pieces| Self { pieces, chunks: chunks.clone() });
        let pieces = self.pieces.clone();
        let smaller =
            self.chunks.shrink().filter(|chunks| !chunks.is_empty() && !chunks.contains(&0));
        Box::new(fewer.chain(smaller.map(move |chunks| Self { pieces: pieces.clone(), chunks })))
    }
}

/// The text in chunks of these lengths, over and over.
fn cut<'a>(mut rest: &'a [u8], lengths: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let length = rest.len().min(*lengths.next()?);
        let (chunk, behind) = rest.split_at(length);
        rest = behind;
        (length > 0).then_some(chunk)
    })
}

mod laws {
    use super::*;

    #[test]
    fn the_cut_into_chunks_changes_nothing() {
        fn law(text: Text) -> bool {
            let bytes = text.bytes();
            [below_etc(), everything()].into_iter().all(|interest| {
                let whole = parse(&bytes, interest.clone());
                in_chunks(cut(&bytes, &text.chunks), interest) == whole
            })
        }
        check(4000, law as fn(Text) -> bool);
    }

    #[test]
    fn passing_over_entries_reads_what_reading_every_line_reads() {
        fn law(text: Text) -> bool {
            let bytes = text.bytes();
            let (entries, seen) = line_by_line(&bytes);
            let is_below_etc = |entry: &&Plain| {
                let has = |pair: (&str, &str)| {
                    pair.0 == "cn" && pair.1.trim_ascii().eq_ignore_ascii_case("etc")
                };
                entry.dn.rdns().iter().any(|rdn| rdn.pairs().any(has))
            };
            let wanted: Vec<Plain> = entries.iter().filter(is_below_etc).cloned().collect();
            [(everything(), entries), (below_etc(), wanted)].into_iter().all(
                |(interest, expected)| {
                    let (found, summary) = parse(&bytes, interest);
                    let found: Vec<Plain> = found.into_iter().map(Plain::from).collect();
                    assert_eq!(found, expected, "{}", String::from_utf8_lossy(&bytes));
                    summary.entries_seen == seen && summary.lines == bytes_lines(&bytes)
                },
            )
        }
        check(4000, law as fn(Text) -> bool);
    }

    #[test]
    fn any_bytes_are_read() {
        fn law(bytes: Vec<u8>, lengths: Vec<u8>) -> bool {
            let lengths: Vec<usize> =
                lengths.iter().map(|&length| usize::from(length) + 1).collect();
            let whole = parse(&bytes, everything());
            lengths.is_empty() || in_chunks(cut(&bytes, &lengths), everything()) == whole
        }
        check(2000, law as fn(Vec<u8>, Vec<u8>) -> bool);
    }

    #[test]
    fn nothing_unwanted_is_shown() {
        fn law(text: Text) -> bool {
            let (entries, summary) = parse(&text.bytes(), everything());
            let mut attributes = entries.iter().flat_map(|entry| &entry.attributes);
            !format!("{:?}", summary.problems).contains("Secret")
                && attributes.all(|attribute| attribute.name != "userpassword")
        }
        check(1000, law as fn(Text) -> bool);
    }

    #[test]
    fn a_value_of_many_folds_is_read_in_one_piece() {
        fn law(value: Vec<u8>, width: u8) -> bool {
            let text: String = value.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
            let width = usize::from(width % 80) + 1;
            let pieces: Vec<&str> = (0..text.len())
                .step_by(width)
                .map(|start| &text[start..text.len().min(start + width)])
                .collect();
            let (entries, _) = read(format!("dn: cn=a\ncn: {}\n", pieces.join("\n ")));
            entries[0].value("cn") == Some(text.as_str())
        }
        check(300, law as fn(Vec<u8>, u8) -> bool);
    }
}

/// An entry as the plain reader below sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Plain {
    dn: Dn,
    line: u64,
    attributes: Vec<(String, Vec<String>, String, u64)>,
}

impl From<Entry> for Plain {
    fn from(entry: Entry) -> Self {
        let attributes = entry.attributes.into_iter();
        Self {
            dn: entry.dn,
            line: entry.line,
            attributes: attributes
                .map(|attribute| {
                    (attribute.name, attribute.options, attribute.value, attribute.line)
                })
                .collect(),
        }
    }
}

fn bytes_lines(bytes: &[u8]) -> u64 {
    let ends = bytes.split(|&byte| byte == b'\n').count() as u64 - 1;
    ends + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))
}

/// Reads every line of a text in memory: what the parser has to agree with. All entries with the
/// attributes of the allow-list, and how many `dn` lines there are. A last line without its end may
/// be half a name or value, and is neither.
fn line_by_line(bytes: &[u8]) -> (Vec<Plain>, u64) {
    let mut logical: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut continues = false;
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    for (number, line) in (1..).zip(lines) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.strip_prefix(b" "), logical.last_mut()) {
            (Some(rest), Some((_, text))) if continues => text.extend_from_slice(rest),
            _ => logical.push((number, line.to_vec())),
        }
        continues = !line.is_empty() || (continues && line.starts_with(b" "));
    }
    let mut entries = Vec::new();
    let mut seen = 0;
    let mut entry: Option<Plain> = None;
    let mut is_change = false;
    let last = logical.last().filter(|_| !bytes.ends_with(b"\n")).map(|(line, _)| *line);
    for (line, text) in logical {
        let is_cut = last == Some(line);
        let is_end = text.is_empty()
            || matches!(text.trim_ascii_end(), b"# search result" | b"# extended LDIF");
        let colon = text.iter().position(|&byte| byte == b':');
        let name = colon.map(|at| String::from_utf8_lossy(&text[..at]).to_ascii_lowercase());
        let name = name.map(|name| name.trim_end_matches([' ', '\t']).to_owned());
        let name = name.filter(|_| !text.starts_with(b"#") && !text.starts_with(b" "));
        let is_dn = name.as_deref() == Some("dn");
        if is_end || is_dn {
            entries.extend(entry.take().filter(|_| !is_change));
            is_change = false;
        }
        let (Some(name), Some(colon)) = (name, colon) else {
            continue;
        };
        let value = decoded(&text[colon + 1..]);
        if is_dn {
            seen += 1;
            entry = value.filter(|_| !is_cut).map(|value| {
                let dn = Dn::parse(&String::from_utf8_lossy(&value));
                Plain { dn, line, attributes: Vec::new() }
            });
        } else if let Some(entry) = &mut entry {
            let mut parts = name.split(';').map(str::to_owned);
            let base = parts.next().unwrap_or_default();
            if name == "changetype" {
                is_change |= value != Some(b"add".to_vec());
            } else if !is_cut
                && ATTRIBUTES.iter().any(|wanted| wanted.eq_ignore_ascii_case(&base))
                && let Some(value) = value.and_then(|value| String::from_utf8(value).ok())
            {
                let options = parts.filter(|part| !part.is_empty()).collect();
                entry.attributes.push((base, options, value, line));
            }
        }
    }
    entries.extend(entry.filter(|_| !is_change));
    (entries, seen)
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let trimmed = |text: &[u8]| {
        let text =
            text.iter().skip_while(|byte| b" \t".contains(byte)).copied().collect::<Vec<_>>();
        let blanks = text.iter().rev().take_while(|byte| b" \t".contains(byte)).count();
        text[..text.len() - blanks].to_vec()
    };
    match text.first() {
        Some(b'<') => None,
        Some(b':') => {
            let encoded = String::from_utf8(trimmed(&text[1..])).ok()?;
            let digits = encoded.trim_end_matches('=');
            let bits: Vec<usize> = digits
                .chars()
                .map(|digit| DIGITS.find(digit))
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1))
                .collect();
            let is_whole = encoded.len() % 4 == 0 && encoded.len() - digits.len() <= 2;
            let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8);
            is_whole.then(|| bits.chunks_exact(8).map(byte).collect())
        }
        _ => Some(trimmed(text)),
    }
}
