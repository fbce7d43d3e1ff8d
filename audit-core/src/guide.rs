//! The guide, statement by statement, with the rules that check each: chapters 1 to 5 of "Preparing
//! for disaster recovery with Identity Management" (RHEL 8). In our own words.

use std::fmt::Write;

use crate::rule::Rule;
use crate::rules;

/// How a statement is covered. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Covered {
    /// By these rules, named by their identifiers in the rules catalog.
    Rules(&'static [&'static str]),
    /// By judging the disasters themselves: `audit --case`.
    Cases(&'static str),
    /// It is no statement about a deployment, or a remedy; with the reason.
    Without(&'static str),
}

/// One statement of the guide.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Statement {
    /// Section and letter, in reading order.
    pub id: &'static str,
    /// What it says.
    pub says: &'static str,
    /// What checks it.
    pub covered: Covered,
}

const fn rule(id: &'static str, says: &'static str, by: &'static [&'static str]) -> Statement {
    Statement { id, says, covered: Covered::Rules(by) }
}

const fn cases(id: &'static str, says: &'static str, how: &'static str) -> Statement {
    Statement { id, says, covered: Covered::Cases(how) }
}

const fn without(id: &'static str, says: &'static str, why: &'static str) -> Statement {
    Statement { id, says, covered: Covered::Without(why) }
}

/// What judges copies beside the rules of chapters 4 and 5.
const COPIES: &str = "caps K1 to K4 and the outcome of every case without survivors; the rules on \
                      copies stand with chapters 4 and 5";

/// Every statement of chapters 1 to 5.
pub const STATEMENTS: &[Statement] = &[
    rule(
        "1-a",
        "Combine several tools to be back soon with little loss.",
        &["strategy-three-tools", "backup-frequency", "snap-periodic"],
    ),
    rule(
        "1-b",
        "Replication copies the database; a lost server is replaced by a new replica of a \
         remaining one.",
        &["topo-replica-exists"],
    ),
    cases("1-c", "A VM snapshot holds system and software on any or all disks.", COPIES),
    cases("1-d", "A snapshot returns a VM and its IdM data to an earlier state.", COPIES),
    cases("1-e", "ipa-backup copies configuration and data for a later restore.", COPIES),
    cases("2-a", "There are two main kinds of disasters.", "the families of disasters"),
    cases("2-b", "Server loss takes one or several servers.", "lose:HOST and lose-dc:NAME"),
    cases(
        "2-c",
        "Data loss changes data on one server and replication carries it to all others.",
        COPIES,
    ),
    rule(
        "3-a",
        "Prepare the topology to be able to answer the loss of a server.",
        &["topo-no-cut-server", "topo-no-cut-link"],
    ),
    rule("3.1-a", "Join each replica to at least two others.", &["topo-min-two-agreements"]),
    rule(
        "3.1-b",
        "Changes must not only travel between the first server and each replica.",
        &["topo-no-cut-server"],
    ),
    rule(
        "3.1-c",
        "Join a replica to four others at most; this is no hard rule.",
        &["topo-max-four-agreements"],
    ),
    without(
        "3.1-d",
        "Many agreements add little: one supplier at a time updates a consumer, others wait.",
        "the reason for 3.1-c; the replication simulator models it",
    ),
    rule(
        "3.1-e",
        "Both limits hold for certificate and for identity agreements.",
        &["topo-min-two-agreements", "topo-max-four-agreements"],
    ),
    without(
        "3.1-f",
        "More than four are right as failover paths, or as direct links in larger deployments.",
        "the reasons that a waiver of topo-max-four-agreements accepts",
    ),
    rule(
        "3.1-g",
        "Many agreements slow all down: incoming and outgoing updates contend for the changelog.",
        &["topo-over-four-healthy"],
    ),
    rule(
        "3.1-h",
        "With more than four, make sure that there are no replication problems or delays.",
        &["topo-over-four-healthy"],
    ),
    rule(
        "3.1-i",
        "Long distances and many servers in between add delay.",
        &["topo-hop-count", "topo-long-distance"],
    ),
    rule("3.1-j", "Join the replicas of a data center with each other.", &["dc-intra-connected"]),
    rule("3.1-k", "Join each data center to at least two others.", &["dc-two-peers"]),
    rule(
        "3.1-l",
        "Join two data centers by at least a pair of agreements, between different servers.",
        &["dc-link-pair"],
    ),
    without(
        "3.2",
        "Two example topologies.",
        "both are fixtures of this project; they break 3.1-k and 3.1-c themselves",
    ),
    rule(
        "3.3-a",
        "Have several CA replicas, so that further ones can be installed from them.",
        &["ca-single", "ca-min-three"],
    ),
    rule("3.3-b", "Have three or more CA replicas.", &["ca-min-three"]),
    without("3.3-c", "ipa-replica-install --setup-ca installs one.", "a remedy of ca-single"),
    without("3.3-d", "ipa-ca-install adds the CA to a replica.", "a remedy of ca-min-three"),
    rule(
        "3.3-e",
        "Set up certificate agreements between CA replicas.",
        &["ca-replication-connected"],
    ),
    rule(
        "3.3-f",
        "With a single CA server, damage to it loses the entire environment.",
        &["ca-single"],
    ),
    rule(
        "3.3-g",
        "Three or more CA replicas with agreements between them are strongly recommended.",
        &["ca-min-three", "ca-replication-connected"],
    ),
    without("3.4", "Further reading.", "names documents only"),
    rule(
        "4-a",
        "VM snapshots belong to every plan: they hold a server with system, software and data.",
        &["strategy-three-tools", "snap-cold-full"],
    ),
    rule(
        "4-b",
        "From the snapshot of a CA replica the entire deployment can be rebuilt.",
        &["snap-exists-ca", "backup-has-ca"],
    ),
    rule(
        "4-c",
        "A snapshot of a replica without the CA is not enough: certificate data is not in it.",
        &["snap-exists-ca"],
    ),
    rule(
        "4-d",
        "With a KRA, take snapshots of a KRA replica, or the storage key may be lost.",
        &["snap-all-roles"],
    ),
    rule("4-e", "Take snapshots of a replica with all roles in use.", &["snap-all-roles"]),
    rule("4-f", "A hypervisor that can host such VMs is needed.", &["ca-replica-in-vm"]),
    rule("4-g", "Have at least one CA replica in a VM.", &["ca-replica-in-vm"]),
    rule("4-h", "Consider the KRA and DNS on it, too.", &["snap-all-roles"]),
    rule("4-i", "It may be a hidden replica.", &["hidden-exists", "hidden-all-roles"]),
    rule(
        "4-j",
        "Periodically shut it down, take a full snapshot, and start it to receive updates.",
        &["snap-periodic", "snap-cold-full", "snap-vm-back-online", "repl-changelog-age"],
    ),
    rule("4-k", "If it is hidden, no client notices.", &["hidden-exists"]),
    rule("5-a", "ipa-backup and ipa-restore exist.", &["backup-full-exists"]),
    rule(
        "5-b",
        "Take backups as often as necessary, on a hidden replica with all roles, the CA first.",
        &[
            "backup-frequency",
            "backup-on-hidden",
            "hidden-all-roles",
            "backup-all-roles",
            "backup-has-ca",
        ],
    ),
    rule(
        "5.1-a",
        "A full backup holds configuration and data; a server can be rebuilt from it.",
        &["backup-full-exists"],
    ),
    rule(
        "5.1-b",
        "A data-only backup returns data to an earlier state.",
        &["backup-data-exists", "backup-frequency"],
    ),
    rule(
        "5.2-a",
        "Backups lie in /var/lib/ipa/backup by default.",
        &["backup-separate-fs", "backup-off-host", "backup-off-site"],
    ),
    without(
        "5.2-b",
        "Names of folders have the time in GMT.",
        "they have local time; the header is GMT and is believed, the name only bounds it (IMP082)",
    ),
    rule("5.2-c", "Uninstalling a server keeps its backups.", &["backup-host-restorable"]),
    rule(
        "5.3-a",
        "By default ipa-backup stops all services and starts them again.",
        &["backup-offline-outage", "backup-on-hidden"],
    ),
    rule(
        "5.3-b",
        "A full backup is always offline; a data-only one may be taken online.",
        &["backup-offline-outage", "backup-data-exists"],
    ),
    rule(
        "5.3-c",
        "Keep backups on another file system, and on a fixed medium, regularly.",
        &["backup-separate-fs", "backup-archived-offline-media", "backup-frequency"],
    ),
    rule("5.3-d", "Take backups on hidden replicas.", &["backup-on-hidden", "hidden-exists"]),
    rule(
        "5.3-e",
        "Since RHEL 8.3 ipa-backup ends where the server lacks a role in use.",
        &["backup-all-roles"],
    ),
    rule(
        "5.3-f",
        "A backup of a server without the CA has no certificate data: verify all services.",
        &["backup-has-ca", "backup-all-roles"],
    ),
    rule("5.3-g", "Bypassing that check leaves an incomplete backup.", &["backup-all-roles"]),
    without("5.4-a", "ipa-backup needs root.", "it says so itself"),
    without("5.4-b", "ipa-backup takes a full backup.", "a remedy of backup-full-exists"),
    without("5.4-c", "--data takes a data-only one.", "a remedy of backup-data-exists"),
    without("5.4-d", "--logs adds log files.", "no recovery needs them"),
    without("5.4-e", "--data --online goes on serving.", "a remedy of backup-offline-outage"),
    rule("5.4-f", "Have room in /tmp, or set TMPDIR.", &["backup-tmp-space", "fs-space"]),
    rule("5.4-g", "Verify that the folder holds header and archive.", &["backup-archive-complete"]),
    rule("5.5-a", "Backups can be encrypted with GPG.", &["backup-encrypted"]),
    rule(
        "5.5.1-a",
        "Install pinentry, and prepare the keyring with mode 0700.",
        &["backup-gnupghome"],
    ),
    without(
        "5.5.1-b",
        "Make a key, for example RSA of 2048 bits.",
        "no export shows the length of a key, and current gpg makes none that is shorter",
    ),
    rule("5.5.1-c", "The example's key never ends.", &["backup-key-revoked-expired"]),
    rule("5.5.1-d", "Keep the keyring where only root can read.", &["backup-gnupghome"]),
    rule("5.5.1-e", "Give the key a passphrase.", &["backup-key-passphrase"]),
    rule(
        "5.5.1-f",
        "Verify by listing secret keys.",
        &["backup-key-known", "backup-key-elsewhere"],
    ),
    rule(
        "5.5.2",
        "ipa-backup --gpg writes an archive that ends in .gpg.",
        &["backup-encrypted", "backup-key-known"],
    ),
    without("5.6", "Further reading.", "names documents only"),
];

/// The statements with what checks them, as text.
pub fn coverage() -> String {
    let mut out = String::from(
        "Statements of \"Preparing for disaster recovery with Identity Management\", chapters 1 to \
         5,\nand what checks them\n",
    );
    for statement in STATEMENTS {
        let _ = write!(out, "\n{:<6} {}\n", statement.id, statement.says);
        match statement.covered {
            Covered::Rules(ids) => {
                for id in ids {
                    for meta in rules::by_code().into_iter().map(Rule::meta) {
                        if meta.rule == *id {
                            let _ = writeln!(out, "       {:<7} {}", meta.code, meta.fails);
                        }
                    }
                }
            }
            Covered::Cases(how) => {
                let _ = writeln!(out, "       judged: {how}");
            }
            Covered::Without(why) => {
                let _ = writeln!(out, "       no rule: {why}");
            }
        }
    }
    out
}
