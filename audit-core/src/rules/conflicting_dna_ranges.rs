//! DNA003 `conflicting-dna-ranges`.

use std::collections::BTreeSet;

use crate::declare_rule;
use crate::dna_parts::of_servers;
use crate::evidence::Sources;
use crate::model::{Deployment, Fqdn, IdRange, IdRangeKind, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags ranges of ids that two servers hand out from, or that lie outside the ranges meant for
    /// IdM's own users.
    ///
    /// # Why this matters
    ///
    /// Two servers with the same range give one id to two users, who then own each other's files. A
    /// range that reaches into that of a trusted domain does the same with a user of Active
    /// Directory. It happens when ranges are set by hand after a loss, or when a restored copy
    /// still has a range that was given away since; nothing reports it.
    ///
    /// # What it reads
    ///
    /// Range and next range of every server (`ipa-replica-manage dnarange-show` and
    /// `dnanextrange-show`, LDIF of the plug-in's entry), and the ID ranges of the deployment (`ipa
    /// idrange-find`, LDIF of `cn=ranges,cn=etc`).
    ///
    /// # Verdicts
    ///
    /// * pass: no id is in two of the ranges and next ranges of all servers; each lies in one local
    ///   ID range, and none touches an ID range of a trusted domain;
    /// * fail: an id is in two of them, or one of them lies outside every known local ID range or
    ///   reaches into a range of a trusted domain;
    /// * not applicable: no server has a range or next range;
    /// * unknown: none of this is seen, and a range of some server, the list of servers, or the
    ///   local ID ranges are not known.
    ///
    /// # Fix
    ///
    /// Export all servers again at one time first: a range that one server gave to another between
    /// two exports looks as if both had it. Then `ipa-replica-manage dnarange-set HOST A-B` or
    /// `dnanextrange-set HOST A-B` (`0-0` removes a next range) with ids that nobody has.
    ///
    /// # Source
    ///
    /// Manual page of `ipa-replica-manage`, "RANGES"; Adjusting ID ranges manually (RHEL 10).
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}, {"fqdn": "b.example.test"}],
    ///   "dna_ranges": [{"fqdn": "a.example.test", "range": {"first": 1000, "last": 1999}},
    ///     {"fqdn": "b.example.test", "range": {"first": 1500, "last": 2499}}]}"#;
    /// assert_eq!(status_on_model("DNA003", model), Some(Status::Fail));
    /// ```
    ConflictingDnaRanges {
        code: "DNA003",
        name: "conflicting-dna-ranges",
        rule: "dna-ranges-disjoint",
        fails: "Ids could be handed out twice, or outside the ranges meant for them",
        holds: "Every id can be handed out by one server only",
        severity: High,
        category: Continuity,
        citation: "man ipa-replica-manage, RANGES",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// A range of a server.
struct Held<'a> {
    ids: IdRange,
    server: &'a Fqdn,
    /// Which of its two.
    which: &'static str,
    sources: Sources,
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let mut needs = BTreeSet::new();
    if !deployment.knows_all_servers() {
        needs.insert(Need::ServerList);
    }
    let mut held = Vec::new();
    for (server, dna) in of_servers(deployment) {
        let Some(dna) = dna else {
            needs.insert(Need::DnaRange(server.clone()));
            continue;
        };
        for (which, range) in [("range", &dna.range), ("next range", &dna.next_range)] {
            match range.value() {
                Some(Some(ids)) => {
                    held.push(Held { ids: *ids, server, which, sources: range.sources() });
                }
                Some(None) => {}
                None => {
                    needs.insert(Need::DnaRange(server.clone()));
                }
            }
        }
    }
    if held.is_empty() && needs.is_empty() {
        return as_a_whole(State::NotApplicable("no server has a range"));
    }
    held.sort_by_key(|range| (range.ids, range.server, range.which));
    let mut judgements = overlaps(&held);
    judgements.extend(misplaced(deployment, &held, &mut needs));
    match (judgements.is_empty(), needs.is_empty()) {
        (false, _) => judgements,
        (true, true) => as_a_whole(State::Pass),
        (true, false) => as_a_whole(State::Unknown(needs.into_iter().collect())),
    }
}

/// Ranges that begin before an earlier one ends: each is compared with the one that reaches
/// farthest, so that sorted ranges need one look.
fn overlaps(held: &[Held<'_>]) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    let mut farthest: Option<&Held<'_>> = None;
    for range in held {
        if let Some(before) = farthest.filter(|before| before.ids.overlaps(range.ids)) {
            let why = format!(
                "The {} {} of {} and the {} {} of {} have ids in common: an id can be given twice.",
                before.which, before.ids, before.server, range.which, range.ids, range.server
            );
            judgements.push(fail(&[before, range], why, Sources::new()));
        }
        if farthest.is_none_or(|before| before.ids.last < range.ids.last) {
            farthest = Some(range);
        }
    }
    judgements
}

/// Ranges outside every local ID range, or in one of a trusted domain.
fn misplaced(
    deployment: &Deployment,
    held: &[Held<'_>],
    needs: &mut BTreeSet<Need>,
) -> Vec<Judgement> {
    let of = |kind: IdRangeKind| {
        let ranges = deployment.observed.id_ranges.iter();
        ranges.filter_map(move |(name, fact)| {
            let range = fact.value().filter(|range| range.kind == kind)?;
            Some((name, range.ids, fact.sources()))
        })
    };
    let local: Vec<_> = of(IdRangeKind::Local).collect();
    let trusts: Vec<_> = of(IdRangeKind::Trust).collect();
    let disputed = deployment.observed.id_ranges.values().any(|fact| fact.value().is_none());
    if local.is_empty() || disputed {
        needs.insert(Need::IdRanges);
    }
    let mut judgements = Vec::new();
    for range in held {
        let (which, ids, server) = (range.which, range.ids, range.server);
        if let Some((name, trust, sources)) = trusts.iter().find(|(_, t, _)| t.overlaps(ids)) {
            let why = format!(
                "The {which} {ids} of {server} reaches into ID range {name} ({trust}) of a trusted \
                 domain."
            );
            judgements.push(fail(&[range], why, sources.clone()));
        } else if !local.is_empty()
            && !disputed
            && !local.iter().any(|(_, local, _)| local.contains(ids))
        {
            let known: Vec<String> =
                local.iter().map(|(name, local, _)| format!("{name} {local}")).collect();
            let why = format!(
                "The {which} {ids} of {server} is not inside a local ID range ({}).",
                known.join(", ")
            );
            let sources = local.iter().flat_map(|(_, _, sources)| sources.clone()).collect();
            judgements.push(fail(&[range], why, sources));
        }
    }
    judgements
}

fn fail(ranges: &[&Held<'_>], why: String, mut evidence: Sources) -> Judgement {
    let subjects: BTreeSet<String> = ranges.iter().map(|range| range.server.to_string()).collect();
    let subjects: Vec<String> = subjects.into_iter().collect();
    evidence.extend(ranges.iter().flat_map(|range| range.sources.iter().cloned()));
    on(Some(subjects.join(", ")), failure(Severity::High, subjects, why, evidence))
}
