//! TOP008 `two-server-cut`.

use crate::declare_rule;
use crate::model::{Deployment, Fqdn};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{evidence_of_server, per_suffix, some_names};
use crate::views::{SuffixView, Views};

declare_rule! {
    /// Notes how many servers can be lost at once, with the smallest loss that splits the others,
    /// where that is two servers or fewer.
    ///
    /// # Why this matters
    ///
    /// A second server is often lost while the first is still being replaced. While the others are
    /// split, no change passes between them, and neither does the removal of the lost servers.
    ///
    /// # What it reads
    ///
    /// Segments of the suffix with their directions, the list of servers, and for suffix `ca` the
    /// CA role of each.
    ///
    /// # Verdicts
    ///
    /// * pass: any two servers can be lost, and the others stay connected;
    /// * fail: one server or two can be lost so that others, which replicated to each other before,
    ///   no longer do, and the list of segments is complete;
    /// * not applicable: fewer than four servers carry the suffix, or it is split already, or it
    ///   has more than 500 servers and each replicates with three or more (looking at all pairs
    ///   takes too long; 60 servers are supported);
    /// * unknown: the segments, the servers, or (suffix `ca`) a CA role are not known.
    ///
    /// The guide asks for two agreements per server. A deployment that has no more is split by the
    /// loss of two partners of the same server; that is worth knowing, and not wrong.
    ///
    /// # Fix
    ///
    /// A third agreement for the servers between the named two.
    ///
    /// # Source
    ///
    /// Our conclusion from Preparing for disaster recovery with Identity Management (RHEL 8),
    /// chapter 3: what must survive the loss of servers.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "b.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "c.example.test", "roles": {"ca": "absent"}},
    ///     {"fqdn": "d.example.test", "roles": {"ca": "absent"}}],
    ///   "suffixes": {"domain": {"known": true, "segments": [
    ///     {"left": "a.example.test", "right": "b.example.test"},
    ///     {"left": "b.example.test", "right": "c.example.test"},
    ///     {"left": "c.example.test", "right": "d.example.test"},
    ///     {"left": "d.example.test", "right": "a.example.test"}]}}}"#;
    /// assert_eq!(status_on_model("TOP008", model), Some(Status::Fail));
    /// ```
    TwoServerCut {
        code: "TOP008",
        name: "two-server-cut",
        rule: "topo-survives-n",
        fails: "Losing two servers at once splits the others",
        holds: "Any two servers can be lost and the others stay connected",
        severity: Info,
        category: ServerLoss,
        citation: "derived from guide 3",
        origin: Derived,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Servers up to which every pair is looked at; the time is quadratic.
const PAIRS_SERVERS_MAX: usize = 500;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    let few = (4, "fewer than four servers carry the suffix");
    per_suffix(deployment, views, few, |view| state(deployment, view))
}

fn state(deployment: &Deployment, view: &SuffixView) -> State {
    if !view.carrier_needs.is_empty() {
        return State::Unknown(view.needs(deployment));
    }
    if view.segments_complete && !view.possible.is_connected() {
        return State::NotApplicable("the suffix is split already");
    }
    let large = view.certain.servers().len() > PAIRS_SERVERS_MAX;
    let cuts = view.possible.cut_servers();
    if let Some(server) = cuts.first().filter(|_| view.segments_complete) {
        let one_of = match cuts.len() {
            1 => String::new(),
            count => format!(" (one of {count} such servers)"),
        };
        let why = format!(
            "Suffix {} does not stay connected without any one server: losing {server} \
             alone{one_of} splits the others.",
            view.suffix
        );
        return fail(deployment, view, std::slice::from_ref(server), why);
    }
    let pair = if large { small_neighborhood(view) } else { first_pair(view) };
    let known = deployment.topology(view.suffix).is_known();
    if let Some((pair, count)) = pair.filter(|_| known) {
        let one_of =
            if count > 1 { format!(", one of {count} such pairs,") } else { String::new() };
        let why = format!(
            "Suffix {} stays connected without any one server, and not without any two: losing {} \
             at once{one_of} splits the others.",
            view.suffix,
            some_names(&pair)
        );
        return fail(deployment, view, &pair, why);
    }
    if large {
        return State::NotApplicable("more than 500 servers, each with three partners or more");
    }
    let certain = &view.certain;
    // More segments can only help what holds together already.
    if certain.is_connected()
        && certain.cut_servers().is_empty()
        && certain.two_server_cuts().is_empty()
    {
        return State::Pass;
    }
    State::Unknown(view.needs(deployment))
}

/// The first pair by name, and how many there are.
fn first_pair(view: &SuffixView) -> Option<(Vec<Fqdn>, usize)> {
    let pairs = view.possible.two_server_cuts();
    let count = pairs.len();
    pairs.into_iter().next().map(|(one, other)| (vec![one, other], count))
}

/// The only partners, at most two, of the first server that has no more.
fn small_neighborhood(view: &SuffixView) -> Option<(Vec<Fqdn>, usize)> {
    let partners = view.possible.servers().iter().map(|name| view.possible.partners(name));
    let sides = partners.flat_map(|partners| [partners.suppliers, partners.consumers]);
    sides.into_iter().find(|side| side.len() <= 2).map(|side| (side, 1))
}

fn fail(deployment: &Deployment, view: &SuffixView, lost: &[Fqdn], why: String) -> State {
    State::Fail(Box::new(Failure {
        severity: Severity::Info,
        subjects: lost.iter().map(ToString::to_string).collect(),
        why,
        evidence: lost
            .iter()
            .flat_map(|server| evidence_of_server(deployment, view.suffix, server))
            .collect(),
        repair: None,
    }))
}
