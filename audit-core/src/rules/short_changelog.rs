//! REP004 `short-changelog`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Fqdn, Need, Suffix};
use crate::recovery::Span;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{max_age, per_replica};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a server that keeps changes for others for less than 30 days, or without end.
    ///
    /// # Why this matters
    ///
    /// A server that merely was down gets what it missed: its peers keep that for it. One that was
    /// set back, by a VM snapshot, does not: the peers think that it has those changes, and drop
    /// them after this age. Beyond it the snapshot only comes back by a re-initialization.
    ///
    /// # What it reads
    ///
    /// `nsslapd-changelogmaxage` of each server and suffix (export of each server, or its
    /// `dse.ldif`), and how often VM snapshots are taken, if that is declared.
    ///
    /// # Verdicts
    ///
    /// * pass: changes are kept for 30 days or longer;
    /// * fail: for less: medium, high if VM snapshots are taken less often than that; or age
    ///   removes none, so that the changelog grows until the disk is full (medium);
    /// * not applicable: fewer than two servers carry the suffix;
    /// * unknown: the setting. No release's default is assumed: updates keep what was set.
    ///
    /// # Fix
    ///
    /// `dsconf INSTANCE replication set-changelog --suffix SUFFIX --max-age 30d` on the server.
    ///
    /// # Source
    ///
    /// Red Hat Directory Server 11, section 15.18: the age is to be set, and to match the purge
    /// delay. FreeIPA sets 30 days since 4.9 because with 7 "changes were trimmed too early";
    /// deployments that had 7 keep them (`update_changelog_maxage.py`). What is trimmed: 389-ds
    /// `cl5_api.c`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"}},
    ///     {"fqdn": "b.example.test", "roles": {"ipa_master": "enabled"}}],
    ///   "upkeep": [{"on": "a.example.test", "suffix": "domain", "changelog_max_age": "7d"}]}"#;
    /// assert_eq!(status_on_model("REP004", model), Some(Status::Fail));
    /// ```
    ShortChangelog {
        code: "REP004",
        name: "short-changelog",
        rule: "repl-changelog-age",
        fails: "Servers keep changes for others for a short time, or without end",
        holds: "Servers keep changes for others for 30 days or longer",
        severity: Medium,
        category: DataLoss,
        citation: "Red Hat Directory Server 11, 15.18; FreeIPA update_changelog_maxage.py",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

/// Days that FreeIPA sets (`update_changelog_maxage.py`).
const KEPT_DAYS: u32 = 30;

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    per_replica(deployment, views, |suffix, server| state(deployment, suffix, server))
}

fn state(deployment: &Deployment, suffix: Suffix, server: &Fqdn) -> State {
    let Some(Fact::Known { value: age, sources }) = max_age(deployment, server, suffix) else {
        return State::Unknown(vec![Need::Upkeep(server.clone(), suffix)]);
    };
    let wanted = Span::from_seconds(KEPT_DAYS * 86_400);
    if *age >= wanted {
        return State::Pass;
    }
    let (severity, what) = match (age.seconds(), snapshots_every(deployment)) {
        (0, _) => {
            let what = "without end: its changelog grows until the disk is full";
            (Severity::Medium, what.to_owned())
        }
        (_, Some(every)) if every > *age => (
            Severity::High,
            format!(
                "for {age} only, and VM snapshots are taken every {every}: one that is brought \
                 back cannot catch up"
            ),
        ),
        _ => (Severity::Medium, format!("for {age} only")),
    };
    let edit = ServiceEdit::SetChangelogAge { server: server.clone(), suffix, age: wanted };
    State::Fail(Box::new(Failure {
        severity,
        subjects: vec![server.to_string()],
        why: format!("{server} keeps changes of suffix {suffix} {what}."),
        evidence: sources.clone(),
        repair: Some(Repair::Edits(vec![Edit::Service(edit)])),
    }))
}

/// The longest declared time between two VM snapshots.
fn snapshots_every(deployment: &Deployment) -> Option<Span> {
    let schedules = deployment.copies.schedules.values();
    let of_snapshots = schedules
        .filter(|schedule| schedule.makes.value().is_some_and(|makes| makes == "snapshot"));
    of_snapshots.filter_map(|schedule| schedule.every.value().copied()).max()
}
