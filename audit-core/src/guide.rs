//! The guide, statement by statement, with the rules that check each: chapters 1 to 3 of "Preparing
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

/// Caps K3 and K4 and the outcome of cases speak of copies until their rules exist.
const COPIES: &str = "cap K4 and the outcome of every case without survivors; rules on copies \
                      belong to chapters 4 and 5";

/// Every statement of chapters 1 to 3.
pub const STATEMENTS: &[Statement] = &[
    cases("1-a", "Combine several tools to be back soon with little loss.", COPIES),
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
];

/// The statements with what checks them, as text.
pub fn coverage() -> String {
    let mut out = String::from(
        "Statements of \"Preparing for disaster recovery with Identity Management\", chapters 1 to \
         3,\nand what checks them\n",
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
