//! REP007 `server-offline-too-long`.

use crate::copy_parts::days_between;
use crate::declare_rule;
use crate::evidence::{Fact, Sources};
use crate::model::{Agreement, AgreementState, Deployment, Fqdn, Need, Suffix};
use crate::recovery::Span;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, max_age, per_replica, purge_delay};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a server that nobody could bring up to date for longer than deleted entries are kept.
    ///
    /// # Why this matters
    ///
    /// Its peers keep the changes that it misses as long as they have an agreement with it. What
    /// they do not keep is the trace of deleted entries: after 7 days those are purged, and a
    /// server that comes back later still has the entries, and may bring them back. Beyond the age
    /// of the changelog only a re-initialization is sure.
    ///
    /// # What it reads
    ///
    /// State and last success of the agreements that lead to each server, and how long its
    /// suppliers keep deleted entries and changes (export of each server).
    ///
    /// # Verdicts
    ///
    /// * pass: an agreement that leads to it works, or did within the purge delay;
    /// * fail: all that are known fail, and the last success is longer ago than the purge delay (7
    ///   days where it is not known): medium; high beyond the age of the changelog (30 days where
    ///   it is not known), too;
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: no agreement that leads to it is known, or its state or last success.
    ///
    /// # Fix
    ///
    /// Start the server, or remove it. If it was off longer than the purge delay, re-initialize
    /// it: `ipa-replica-manage re-initialize --from=SUPPLIER` on it.
    ///
    /// # Source
    ///
    /// 389-ds `cl5_api.c` (`_cl5GetRUV2Purge2`), `repl5_replica.c`
    /// (`_replica_get_purge_csn_nolock`, purge delay 604800 s): purging does not wait for
    /// consumers.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "agreements": [{"on": "a.example.test", "suffix": "domain", "peer": "b.example.test",
    ///     "state": "unreachable", "updated_at": "2026-11-01T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("REP007", model), Some(Status::Fail));
    /// ```
    ServerOfflineTooLong {
        code: "REP007",
        name: "server-offline-too-long",
        rule: "repl-offline-too-long",
        fails: "A server was out of reach for longer than deleted entries are kept",
        holds: "No server was out of reach for long",
        severity: High,
        category: Proof,
        citation: "389-ds repl5_replica.c, cl5_api.c",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Purge delay where it is not known, in seconds: 389-ds' own (`repl5_replica.c`).
const PURGE_SECONDS: i64 = 604_800;

/// Age of changelogs where it is not known, in seconds: what FreeIPA sets.
const CHANGELOG_SECONDS: i64 = 2_592_000;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_replica(deployment, views, |suffix, server| state(deployment, suffix, server, views.as_of))
}

fn state(deployment: &Deployment, suffix: Suffix, server: &Fqdn, as_of: Timestamp) -> State {
    let leading = || {
        let all = deployment.observed.agreements.iter();
        all.filter(|(key, _)| key.suffix == suffix && key.peer == *server)
    };
    let works = |agreement: &Agreement| {
        let fine =
            |state: &AgreementState| matches!(state, AgreementState::Ok | AgreementState::Busy);
        agreement.state.certainly(fine) && agreement.enabled.possibly(|enabled| *enabled)
    };
    if leading().any(|(_, agreement)| works(agreement)) {
        return State::Pass;
    }
    let mut needs = Vec::new();
    let mut newest: Option<Timestamp> = None;
    let mut evidence = Sources::new();
    let (mut purge, mut changelog) = (None, None);
    for (key, agreement) in leading() {
        let fails = agreement.state.certainly(|state| state.is_fault())
            || agreement.enabled.certainly(|enabled| !enabled);
        match agreement.updated_at.filter(|_| fails) {
            Some(at) => newest = newest.max(Some(at)),
            None => needs.push(Need::Agreements(key.on.clone(), suffix)),
        }
        // 0 is without end.
        let seconds = |fact: Option<&Fact<Span>>| {
            let span = fact.and_then(Fact::value).map(|span| i64::from(span.seconds()));
            span.map(|seconds| if seconds == 0 { i64::MAX } else { seconds })
        };
        purge = purge.max(seconds(purge_delay(deployment, &key.on, suffix)));
        changelog = changelog.max(seconds(max_age(deployment, &key.on, suffix)));
        evidence.extend(agreement.sources.iter().cloned());
        evidence.extend(agreement.state.sources());
    }
    let Some(since) = newest.filter(|_| needs.is_empty()) else {
        if needs.is_empty() {
            needs.push(Need::Agreements(server.clone(), suffix));
        }
        return State::Unknown(needs);
    };
    let seconds = as_of.unix_seconds() - since.unix_seconds();
    if seconds <= purge.unwrap_or(PURGE_SECONDS) {
        return State::Pass;
    }
    let changelog = changelog.unwrap_or(CHANGELOG_SECONDS);
    let severity = if seconds > changelog { Severity::High } else { Severity::Medium };
    let days = days_between(since, as_of);
    let why = format!(
        "Nobody brought {server} up to date in suffix {suffix} for {days} days: entries that were \
         deleted since may come back with it. Re-initialize it, or remove it."
    );
    failure(severity, vec![server.to_string()], why, evidence)
}
