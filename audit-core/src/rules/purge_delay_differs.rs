//! REP005 `purge-delay-differs`.

use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Fqdn, Need, Suffix};
use crate::recovery::Span;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, max_age, per_replica, purge_delay};
use crate::views::Views;

declare_rule! {
    /// Notes servers whose changelog keeps changes for another time than deleted entries are kept.
    ///
    /// # Why this matters
    ///
    /// The two bound the same thing from two sides: a server that comes back within one of them
    /// and beyond the other gets changes that refer to entries that are purged, or finds entries
    /// again that were deleted. It is no fault by itself: FreeIPA's own settings differ (30 and 7
    /// days).
    ///
    /// # What it reads
    ///
    /// `nsslapd-changelogmaxage` and `nsds5ReplicaPurgeDelay` of each server and suffix (export of
    /// each server, or its `dse.ldif`).
    ///
    /// # Verdicts
    ///
    /// * pass: they are equal;
    /// * fail: they differ (no weight);
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: one of them.
    ///
    /// # Fix
    ///
    /// Set the purge delay to the age of the changelog: `dsconf INSTANCE replication set --suffix
    /// SUFFIX --repl-purge-delay=2592000`.
    ///
    /// # Source
    ///
    /// Red Hat Directory Server 11, section 15.18: they should match. The contradiction with
    /// FreeIPA's defaults is why this weighs nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "upkeep": [{"on": "a.example.test", "suffix": "domain", "changelog_max_age": "30d",
    ///     "purge_delay": "7d"}]}"#;
    /// assert_eq!(status_on_model("REP005", model), Some(Status::Fail));
    /// ```
    PurgeDelayDiffers {
        code: "REP005",
        name: "purge-delay-differs",
        rule: "repl-purge-vs-changelog",
        fails: "Changelogs and deleted entries are kept for different times",
        holds: "Changelogs and deleted entries are kept for the same time",
        severity: Info,
        category: DataLoss,
        citation: "Red Hat Directory Server 11, 15.18",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_replica(deployment, views, |suffix, server| state(deployment, suffix, server))
}

fn state(deployment: &Deployment, suffix: Suffix, server: &Fqdn) -> State {
    let age = max_age(deployment, server, suffix);
    let delay = purge_delay(deployment, server, suffix);
    let (
        Some(Fact::Known { value: age, sources }),
        Some(Fact::Known { value: delay, sources: others }),
    ) = (age, delay)
    else {
        return State::Unknown(vec![Need::Upkeep(server.clone(), suffix)]);
    };
    if age == delay {
        return State::Pass;
    }
    let words = |span: &Span| match span.seconds() {
        0 => "without end".to_owned(),
        _ => format!("for {span}"),
    };
    let why = format!(
        "{server} keeps changes of suffix {suffix} {}, and deleted entries {}.",
        words(age),
        words(delay)
    );
    let evidence = sources.union(others).cloned().collect();
    failure(Severity::Info, vec![server.to_string()], why, evidence)
}
