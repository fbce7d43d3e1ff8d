//! CA013 `copy-older-than-certificate`.

use std::collections::BTreeMap;

use crate::certificate_parts::{RENEWAL_DAYS, after_days, by_server, day};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Certificate, Deployment, Fqdn, Need, Role};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, on, unless_integrated_ca};
use crate::time::Timestamp;
use crate::views::Views;

declare_rule! {
    /// Flags a CA replica whose newest backup or VM snapshot is older than its certificates.
    ///
    /// # Why this matters
    ///
    /// A copy brings back the certificates of its day. If they have ended, the CA does not start on
    /// the restored server, and the recovery stops where it was to begin: it needs `ipa-cert-fix`,
    /// or a clock that is turned back. A copy that everybody counts on becomes one of little use
    /// without any change to it.
    ///
    /// # What it reads
    ///
    /// Backups and VM snapshots with their times, and the certificates of their servers with begin
    /// and end of validity (`getcert list` of current versions shows both).
    ///
    /// # Verdicts
    ///
    /// For each server of which a full backup or a VM snapshot may bring back a CA, its newest
    /// copy:
    ///
    /// * pass: every certificate of the server was issued before the copy was taken, and has not
    ///   ended;
    /// * fail: one was issued later: medium in the first 28 days, in which the old one may still be
    ///   valid, then high; or one that the copy holds has ended (high);
    /// * not applicable: the deployment is CA-less, or there is no copy that may bring back a CA:
    ///   data-only backups and copies of servers without the CA do not;
    /// * unknown: which copies exist, when one was taken, of which server, or the certificates of
    ///   that server with their begin are not known.
    ///
    /// # Fix
    ///
    /// Take a new copy after each renewal: `ipa-backup` on that server, or a new snapshot of its
    /// VM. Keep `ipa-cert-fix` in the plan for copies that are older.
    ///
    /// # Source
    ///
    /// Field reports on Dogtag with expired certificates (Fraser Tweedale, `ipa-cert-fix`), and
    /// this project's conclusion from them. That certmonger renews 28 days before the end: Managing
    /// certificates in IdM (RHEL 10), section 32.3.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated", "backups": [],
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}}],
    ///   "snapshots": [{"id": "s1", "host": "a.example.test", "vm": "a",
    ///     "taken_at": "2026-02-01T00:00:00Z"}],
    ///   "certificates": [{"on": "a.example.test", "name": "ocspSigningCert cert-pki-ca",
    ///     "issued": "2026-03-01T00:00:00Z", "expires": "2028-02-19T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("CA013", model), Some(Status::Fail));
    /// ```
    CopyOlderThanCertificate {
        code: "CA013",
        name: "copy-older-than-certificate",
        rule: "ca-copy-older-than-cert",
        fails: "The newest copy of a CA replica holds certificates that were replaced since",
        holds: "The newest copies of CA replicas hold the certificates of today",
        severity: High,
        category: CaAndKra,
        citation: "field reports (dogtag-cert-fix); conclusion",
        origin: Derived,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    if let Some(state) = unless_integrated_ca(deployment) {
        return as_a_whole(state);
    }
    let certificates = by_server(deployment);
    let mut judgements = Vec::new();
    if !deployment.copies.are_known() {
        judgements.push(on(None, State::Unknown(vec![Need::Copies])));
    }
    let snapshots = deployment.copies.snapshots.iter();
    for (id, _) in snapshots.filter(|(_, copy)| copy.host.value().is_none()) {
        let need = Need::CopyHost(id.clone());
        judgements.push(on(Some(id.clone()), State::Unknown(vec![need])));
    }
    for (server, copies) in copies(deployment) {
        let of = certificates.get(server).map(Vec::as_slice).unwrap_or_default();
        let newest = copies.iter().max_by_key(|copy| copy.taken_at);
        let undated = copies.iter().find(|copy| copy.taken_at.is_none());
        let state = match (newest, undated) {
            (Some(copy), undated) => match (state(copy, server, of, views.as_of), undated) {
                // The copy without a date may be a newer one.
                (State::Fail(_) | State::Unknown(_), Some(undated)) => {
                    State::Unknown(vec![Need::CopyTime(undated.id.to_owned())])
                }
                (state, _) => state,
            },
            (None, _) => continue,
        };
        judgements.push(on(Some(server.to_string()), state));
    }
    if judgements.is_empty() {
        return as_a_whole(State::NotApplicable("no copy of a CA replica"));
    }
    judgements
}

/// A copy that may bring back a CA replica.
struct Copy<'a> {
    id: &'a str,
    taken_at: Option<Timestamp>,
}

/// Copies that may bring back a CA, by their server.
fn copies(deployment: &Deployment) -> BTreeMap<&Fqdn, Vec<Copy<'_>>> {
    let holds_ca =
        |host: &Fqdn| deployment.servers.get(host).is_none_or(|server| server.may_hold(Role::Ca));
    let backups = deployment.copies.backups.iter().filter_map(|(id, copy)| {
        let host = copy.host.value()?;
        let may = copy.may_rebuild_ca() && (copy.rebuilds_ca().is_some() || holds_ca(host));
        may.then_some((host, Copy { id, taken_at: copy.taken_at.value().copied() }))
    });
    let snapshots = deployment.copies.snapshots.iter().filter_map(|(id, copy)| {
        let host = copy.host.value().filter(|host| holds_ca(host))?;
        Some((host, Copy { id, taken_at: copy.taken_at.value().copied() }))
    });
    let mut copies: BTreeMap<&Fqdn, Vec<Copy<'_>>> = BTreeMap::new();
    for (host, copy) in backups.chain(snapshots) {
        copies.entry(host).or_default().push(copy);
    }
    copies
}

fn state(
    copy: &Copy<'_>,
    server: &Fqdn,
    certificates: &[(&str, &Certificate)],
    as_of: Timestamp,
) -> State {
    let Some(taken_at) = copy.taken_at else {
        return State::Unknown(vec![Need::CopyTime(copy.id.to_owned())]);
    };
    let after = |certificate: &Certificate| certificate.issued.certainly(|at| *at > taken_at);
    let replaced: Vec<(&str, &Certificate)> =
        certificates.iter().filter(|(_, certificate)| after(certificate)).copied().collect();
    let ended = |certificate: &Certificate| certificate.expires.certainly(|end| *end <= as_of);
    let held: Vec<(&str, &Certificate)> = certificates
        .iter()
        .filter(|(_, c)| c.issued.certainly(|at| *at <= taken_at) && ended(c))
        .copied()
        .collect();
    let first = replaced.iter().filter_map(|(_, certificate)| certificate.issued.value()).min();
    let names = |of: &[(&str, &Certificate)]| {
        of.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    if !held.is_empty() {
        let why = format!(
            "{} of {server}, taken on {}, holds certificates that have ended: {}.",
            copy.id,
            day(taken_at),
            names(&held)
        );
        return fail(server, Severity::High, why, &held);
    }
    if let Some(first) = first {
        let last = after_days(*first, RENEWAL_DAYS);
        let (severity, ends) = if as_of >= last {
            (Severity::High, "ended by")
        } else {
            (Severity::Medium, "ends by")
        };
        let why = format!(
            "{} of {server} was taken on {}, before certificates of it were replaced ({}; the \
             first on {}). What it brings back {ends} {}, if certmonger renewed as usual.",
            copy.id,
            day(taken_at),
            names(&replaced),
            day(*first),
            day(last)
        );
        return fail(server, severity, why, &replaced);
    }
    let known = |c: &Certificate| {
        c.issued.certainly(|at| *at <= taken_at) && c.expires.certainly(|end| *end > as_of)
    };
    if !certificates.is_empty() && certificates.iter().all(|(_, certificate)| known(certificate)) {
        State::Pass
    } else {
        State::Unknown(vec![Need::Certificates(server.clone())])
    }
}

fn fail(server: &Fqdn, severity: Severity, why: String, of: &[(&str, &Certificate)]) -> State {
    let evidence: Sources = of
        .iter()
        .flat_map(|(_, c)| c.issued.sources().into_iter().chain(c.expires.sources()))
        .collect();
    failure(severity, vec![server.to_string()], why, evidence)
}
