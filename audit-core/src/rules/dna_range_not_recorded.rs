//! DNA002 `dna-range-not-recorded`.

use crate::declare_rule;
use crate::dna_parts::{evidence, of_servers};
use crate::evidence::Fact;
use crate::model::{Deployment, Dna, Fqdn, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on};
use crate::views::Views;

declare_rule! {
    /// Flags servers that hand out ids from ranges that these exports do not record.
    ///
    /// # Why this matters
    ///
    /// A server's range is stored on that server only. When it is lost or removed, its unused ids
    /// are gone, unless somebody wrote down which they were: nothing hands them to another server.
    /// An export that holds the ranges of all servers is such a record; keep it outside IdM.
    ///
    /// # What it reads
    ///
    /// Range and next range of every server (`ipa-replica-manage dnarange-show` and
    /// `dnanextrange-show`, LDIF of the plug-in's entry on each server), and the numbers of
    /// remaining ids, which every server shows for all (`cn=dna,cn=ipa,cn=etc`).
    ///
    /// # Verdicts
    ///
    /// * pass: the server's range and next range are in the exports;
    /// * fail: the server is known to have ids left, and no export says which;
    /// * not applicable: the server has no range and no next range;
    /// * unknown: nothing is known of the server's ids, only one of its two ranges is, or exports
    ///   disagree.
    ///
    /// # Fix
    ///
    /// `ipa-replica-manage dnarange-show; ipa-replica-manage dnanextrange-show`, kept with the
    /// other exports, again after each change.
    ///
    /// # Source
    ///
    /// Adjusting ID ranges manually (RHEL 8), section 37.9: the range of a dead replica is not
    /// taken over. The manual page of `ipa-replica-manage` says that removal tries to save it; the
    /// code of `server-del`, which removes servers today, does not.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}],
    ///   "dna_ranges": [{"fqdn": "a.example.test", "remaining": 99500}]}"#;
    /// assert_eq!(status_on_model("DNA002", model), Some(Status::Fail));
    /// ```
    DnaRangeNotRecorded {
        code: "DNA002",
        name: "dna-range-not-recorded",
        rule: "dna-ranges-recorded",
        fails: "Servers hand out ids from ranges that are not recorded",
        holds: "The ranges of ids of all servers are recorded",
        severity: Medium,
        category: ServerLoss,
        citation: "Adjusting ID ranges manually (RHEL 8) 37.9",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    if deployment.servers.is_empty() {
        return as_a_whole(State::Unknown(vec![Need::ServerList]));
    }
    of_servers(deployment).map(|(name, dna)| on(Some(name.to_string()), state(name, dna))).collect()
}

fn state(name: &Fqdn, dna: Option<&Dna>) -> State {
    let unknown = State::Unknown(vec![Need::DnaRange(name.clone())]);
    let Some(dna) = dna else { return unknown };
    match (dna.range.value(), dna.next_range.value(), dna.remaining.value()) {
        (Some(None), Some(None), _) => State::NotApplicable("no range"),
        (Some(_), Some(_), _) => State::Pass,
        (None, _, Some(remaining)) if *remaining > 0 && dna.range == Fact::Unknown => failure(
            Severity::Medium,
            vec![name.to_string()],
            format!("{name} has {remaining} ids left, and no export says which."),
            evidence(dna),
        ),
        _ => unknown,
    }
}
