//! DNA004 `few-ids-left`.

use crate::declare_rule;
use crate::dna_parts::{evidence, of_servers};
use crate::model::{Deployment, Dna, Fqdn, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags servers whose range of ids is nearly used up and that have no next one.
    ///
    /// # Why this matters
    ///
    /// A server with 500 ids left asks another server for more. One with fewer, and without a next
    /// range, shows that nobody could give it any: soon no user or group can be created on it.
    ///
    /// # What it reads
    ///
    /// Range, next range and remaining ids of every server (`ipa-replica-manage dnarange-show` and
    /// `dnanextrange-show`, LDIF of the plug-in's entry and of `cn=dna,cn=ipa,cn=etc`).
    ///
    /// # Verdicts
    ///
    /// * pass: the server has 500 ids left or more, or a next range;
    /// * fail: it has fewer, and no next range;
    /// * not applicable: it has no range and no next range;
    /// * unknown: its range, or for few ids its next range, is not known.
    ///
    /// # Fix
    ///
    /// `ipa idrange-add NAME --base-id=A --range-size=N` where all ids of the local range are given
    /// out, then `ipa-replica-manage dnanextrange-set HOST A-B`.
    ///
    /// # Source
    ///
    /// FreeIPA `install/share/dna.ldif` (`dnaThreshold: 500`); Linux Domain Identity,
    /// Authentication, and Policy Guide (RHEL 7), section 14.2, says 100.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}], "dna_ranges": [{"fqdn": "a.example.test",
    ///     "range": {"first": 1900, "last": 1999}, "next_range": "none"}]}"#;
    /// assert_eq!(status_on_model("DNA004", model), Some(Status::Fail));
    /// ```
    FewIdsLeft {
        code: "DNA004",
        name: "few-ids-left",
        rule: "dna-low",
        fails: "Servers have few ids left and no next range",
        holds: "Servers have ids left",
        severity: Low,
        category: Continuity,
        citation: "FreeIPA install/share/dna.ldif",
        origin: Code,
        supersedes: [],
        grouping: Together,
    }
    check
}

/// Ids below which a server asks for more (`dnaThreshold` as FreeIPA sets it).
const IDS_MIN: u64 = 500;

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    if deployment.servers.is_empty() {
        return as_a_whole(State::Unknown(vec![Need::ServerList]));
    }
    of_servers(deployment).map(|(name, dna)| on(Some(name.to_string()), state(name, dna))).collect()
}

fn state(name: &Fqdn, dna: Option<&Dna>) -> State {
    let unknown = State::Unknown(vec![Need::DnaRange(name.clone())]);
    let Some(dna) = dna else { return unknown };
    let next = dna.next_range.value();
    if let (Some(None), Some(None)) = (dna.range.value(), next) {
        return State::NotApplicable("no range");
    }
    let range = dna.range.value().map(|range| range.map_or(0, crate::model::IdRange::size));
    let left = match (range, dna.remaining.value().copied()) {
        (Some(range), Some(remaining)) => range.min(remaining),
        (Some(left), None) | (None, Some(left)) => left,
        (None, None) => return unknown,
    };
    match next {
        _ if left >= IDS_MIN => State::Pass,
        Some(Some(_)) => State::Pass,
        None => unknown,
        Some(None) => failure(
            Severity::Low,
            vec![name.to_string()],
            format!("{name} has {left} ids left and no next range."),
            evidence(dna),
        ),
    }
}
