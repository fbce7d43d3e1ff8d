//! Random deployments, and their exports in every format that is read.
//!
//! The texts are written here from FreeIPA's and `ldapsearch`'s formats, not by the product's own
//! writers, so that an importer and a writer cannot agree on a mistake.

use std::fmt::Write;

use quickcheck::{Arbitrary, Gen};

/// Role names in the order in which `ipa server-role-find` sorts them.
const ROLES: [&str; 6] = [
    "AD trust agent",
    "AD trust controller",
    "CA server",
    "DNS server",
    "IPA master",
    "KRA server",
];

/// A segment as stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedSegment {
    /// Index of the left server.
    pub left: usize,
    /// Index of the right server.
    pub right: usize,
    /// `both`, `left-right` or `right-left`.
    pub direction: &'static str,
}

/// A server as planned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedServer {
    /// Status of each of the roles in `ROLES`, by index.
    pub roles: [&'static str; 6],
    /// Data center.
    pub center: usize,
}

/// A small deployment of which everything is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Two to seven servers.
    pub servers: Vec<PlannedServer>,
    /// Segments of suffix `domain`; at least one.
    pub domain: Vec<PlannedSegment>,
    /// Segments of suffix `ca`.
    pub ca: Vec<PlannedSegment>,
}

fn pick<T: Copy>(g: &mut Gen, of: &[T]) -> T {
    let at = usize::arbitrary(g) % of.len();
    of[at]
}

fn segments(g: &mut Gen, among: &[usize], most: usize) -> Vec<PlannedSegment> {
    let mut found: Vec<PlannedSegment> = Vec::new();
    if among.len() < 2 {
        return found;
    }
    for _ in 0..=usize::arbitrary(g) % most.max(1) {
        let (left, right) = (pick(g, among), pick(g, among));
        let direction = pick(g, &["both", "both", "both", "both", "left-right", "right-left"]);
        let segment = PlannedSegment { left, right, direction };
        if left != right && !found.contains(&segment) {
            found.push(segment);
        }
    }
    found
}

impl Arbitrary for Plan {
    fn arbitrary(g: &mut Gen) -> Self {
        let count = 2 + usize::arbitrary(g) % 6;
        let with_ca = u8::arbitrary(g) % 8 != 0;
        let servers: Vec<PlannedServer> = (0..count)
            .map(|index| {
                let up = if u8::arbitrary(g) % 6 == 0 { "hidden" } else { "enabled" };
                let some = |g: &mut Gen| if bool::arbitrary(g) { up } else { "absent" };
                let ca = match (with_ca, index, u8::arbitrary(g) % 8) {
                    (true, 0, _) | (true, _, 0..=3) => up,
                    (true, _, 4) => "configured",
                    _ => "absent",
                };
                // The KRA is part of the CA: where there is none, it cannot be.
                let kra = if ca == "absent" { "absent" } else { some(g) };
                let roles = ["absent", some(g), ca, some(g), up, kra];
                PlannedServer { roles, center: usize::arbitrary(g) % 3 }
            })
            .collect();
        let all: Vec<usize> = (0..count).collect();
        let mut domain = segments(g, &all, count + 4);
        if domain.is_empty() {
            domain.push(PlannedSegment { left: 0, right: 1, direction: "both" });
        }
        let cas: Vec<usize> =
            all.iter().copied().filter(|&s| servers[s].roles[2] != "absent").collect();
        let mut ca = segments(g, &cas, cas.len() + 3);
        if ca.is_empty() && cas.len() > 1 {
            ca.push(PlannedSegment { left: cas[0], right: cas[1], direction: "both" });
        }
        Self { servers, domain, ca }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let plan = self.clone();
        let fewer_domain = (1..plan.domain.len()).map({
            let plan = plan.clone();
            move |index| {
                let mut smaller = plan.clone();
                smaller.domain.remove(index);
                smaller
            }
        });
        let fewer_ca = (1..plan.ca.len()).map(move |index| {
            let mut smaller = plan.clone();
            smaller.ca.remove(index);
            smaller
        });
        Box::new(fewer_domain.chain(fewer_ca))
    }
}

/// Named contents of files.
pub type Files = Vec<(String, Vec<u8>)>;

impl Plan {
    /// Index of a role in [`PlannedServer::roles`].
    pub fn status(&self, server: usize, role: &str) -> &'static str {
        let at = ROLES.iter().position(|known| *known == role);
        at.map_or("absent", |at| self.servers[server].roles[at])
    }

    /// True if some server holds the CA.
    pub fn has_ca(&self) -> bool {
        (0..self.servers.len()).any(|server| self.status(server, "CA server") != "absent")
    }

    /// `ipa server-role-find --include-master`, as pasted with its command.
    pub fn roles_text(&self) -> String {
        let mut rows = Vec::new();
        for (at, role) in ROLES.iter().enumerate() {
            for (index, server) in self.servers.iter().enumerate() {
                rows.push(format!(
                    "  Server name: {}\n  Role name: {role}\n  Role status: {}\n",
                    server_name(index),
                    server.roles[at]
                ));
            }
        }
        let summary = format!("{} server roles matched", rows.len());
        frame("ipa server-role-find --include-master --sizelimit=0", &summary, &rows)
    }

    /// `ipa topologysegment-find SUFFIX`, as pasted with its command.
    pub fn segments_text(&self, suffix: &str) -> String {
        let list = if suffix == "ca" { &self.ca } else { &self.domain };
        let rows: Vec<String> = list
            .iter()
            .enumerate()
            .map(|(index, segment)| {
                format!(
                    "  Segment name: {}\n  Left node: {}\n  Right node: {}\n  Connectivity: {}\n",
                    segment_name(suffix, index),
                    server_name(segment.left),
                    server_name(segment.right),
                    segment.direction
                )
            })
            .collect();
        let summary = match rows.len() {
            1 => "1 segment matched".to_owned(),
            count => format!("{count} segments matched"),
        };
        frame(&format!("ipa topologysegment-find {suffix} --sizelimit=0"), &summary, &rows)
    }

    /// `cn=masters` as `ldapsearch` prints it, wrapped at 78 columns.
    pub fn masters_ldif(&self) -> String {
        let base = "cn=masters,cn=ipa,cn=etc,dc=example,dc=test";
        let mut text = String::from("# extended LDIF\n#\n# LDAPv3\n#\n\n");
        entry(&mut text, base, &[("objectClass", "nsContainer"), ("cn", "masters")]);
        for (index, server) in self.servers.iter().enumerate() {
            let host = server_name(index);
            let dn = format!("cn={host},{base}");
            let location =
                format!("idnsname=dc{},cn=locations,cn=etc,dc=example,dc=test", server.center);
            entry(&mut text, &dn, &[("cn", &host), ("ipaLocation", &location)]);
            for (role, services) in [
                ("IPA master", &["KDC", "KPASSWD", "HTTP"][..]),
                ("CA server", &["CA"]),
                ("KRA server", &["KRA"]),
                ("DNS server", &["DNS", "DNSKeySync"]),
                ("AD trust controller", &["ADTRUST"]),
            ] {
                let state = match self.status(index, role) {
                    "absent" => continue,
                    status => format!("{status}Service"),
                };
                for service in services {
                    let mut values = vec![("cn", *service), ("ipaConfigString", state.as_str())];
                    if index == 0 && *service == "CA" && state == "enabledService" {
                        values.push(("ipaConfigString", "caRenewalMaster"));
                    }
                    entry(&mut text, &format!("cn={service},{dn}"), &values);
                }
            }
        }
        let entries = text.matches("dn: ").count();
        write!(
            text,
            "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: {}\n# numEntries: \
             {entries}\n",
            entries + 1
        )
        .expect("writing to a string");
        text
    }

    /// `cn=topology` as `ldapsearch -LLL` prints it.
    pub fn topology_ldif(&self) -> String {
        let base = "cn=topology,cn=ipa,cn=etc,dc=example,dc=test";
        let mut text = String::new();
        entry(&mut text, base, &[("objectClass", "nsContainer"), ("cn", "topology")]);
        for (suffix, list) in [("domain", &self.domain), ("ca", &self.ca)] {
            if suffix == "ca" && !self.has_ca() {
                continue;
            }
            let parent = format!("cn={suffix},{base}");
            entry(&mut text, &parent, &[("objectClass", "iparepltopoconf"), ("cn", suffix)]);
            for (index, segment) in list.iter().enumerate() {
                let name = segment_name(suffix, index);
                let (left, right) = (server_name(segment.left), server_name(segment.right));
                entry(
                    &mut text,
                    &format!("cn={name},{parent}"),
                    &[
                        ("objectClass", "iparepltoposegment"),
                        ("ipaReplTopoSegmentDirection", segment.direction),
                        ("ipaReplTopoSegmentLeftNode", &left),
                        ("ipaReplTopoSegmentRightNode", &right),
                    ],
                );
            }
        }
        text
    }

    /// Everything as console text; data centers, which text cannot say, as LDIF.
    pub fn as_text(&self) -> Files {
        let mut files = vec![
            ("roles.txt".to_owned(), self.roles_text().into_bytes()),
            ("domain.txt".to_owned(), self.segments_text("domain").into_bytes()),
        ];
        let ca = if self.has_ca() {
            self.segments_text("ca")
        } else {
            "$ ipa topologysegment-find ca\nipa: ERROR: ca: suffix not found\n".to_owned()
        };
        files.push(("ca.txt".to_owned(), ca.into_bytes()));
        files
    }

    /// Everything as LDIF.
    pub fn as_ldif(&self) -> Files {
        vec![
            ("masters.ldif".to_owned(), self.masters_ldif().into_bytes()),
            ("topology.ldif".to_owned(), self.topology_ldif().into_bytes()),
        ]
    }

    /// Both.
    pub fn as_everything(&self) -> Files {
        [self.as_text(), self.as_ldif()].concat()
    }
}

fn server_name(index: usize) -> String {
    format!("ipa{index}.example.test")
}

fn segment_name(suffix: &str, index: usize) -> String {
    format!("{suffix}-segment-{index}")
}

fn frame(command: &str, summary: &str, rows: &[String]) -> String {
    let rule = "-".repeat(summary.len());
    let trailer = format!("Number of entries returned {}", rows.len());
    let end = "-".repeat(trailer.len());
    format!("$ {command}\n{rule}\n{summary}\n{rule}\n{}{end}\n{trailer}\n{end}\n", rows.join("\n"))
}

/// An entry with its lines folded as `ldapsearch` folds them.
fn entry(text: &mut String, dn: &str, values: &[(&str, &str)]) {
    let mut line = |name: &str, value: &str| {
        let whole = format!("{name}: {value}");
        let mut rest = whole.as_str();
        let mut room = 78;
        while rest.len() > room {
            let (head, tail) = rest.split_at(room);
            text.push_str(head);
            text.push_str("\n ");
            rest = tail;
            room = 77;
        }
        text.push_str(rest);
        text.push('\n');
    };
    line("dn", dn);
    for (name, value) in values {
        line(name, value);
    }
    text.push('\n');
}
