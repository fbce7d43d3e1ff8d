//! Questions that rules ask about certificates.

use std::collections::BTreeMap;

use crate::advise::{Edit, Repair};
use crate::evidence::Sources;
use crate::model::{Certificate, Deployment, Fqdn, Need};
use crate::recovery;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, on, repair_once};
use crate::service_edits::{Renewal, ServiceEdit};
use crate::time::Timestamp;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// [`recovery::RENEWAL_DAYS`], for sums of seconds.
pub(crate) const RENEWAL_DAYS: i64 = recovery::RENEWAL_DAYS as i64;

/// Days before the end at which `ipa-cert-fix` takes a certificate for one that must be fixed
/// (manual page of `ipa-cert-fix`).
const FIX_DAYS: i64 = 14;

/// [`recovery::CA_VALID_DAYS`], only used to foresee what a renewal brings.
const VALIDITY_DAYS: i64 = recovery::CA_VALID_DAYS as i64;

/// Certificates of each server, by name.
pub(crate) fn by_server(deployment: &Deployment) -> BTreeMap<&Fqdn, Vec<(&str, &Certificate)>> {
    let mut all: BTreeMap<&Fqdn, Vec<(&str, &Certificate)>> = BTreeMap::new();
    for (key, certificate) in &deployment.observed.certificates {
        all.entry(&key.on).or_default().push((&key.name, certificate));
    }
    all
}

/// The time `days` after another; the last possible one if there is none.
pub(crate) fn after_days(time: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_unix_seconds(time.unix_seconds() + days * DAY).unwrap_or(time)
}

/// The day of a time, `YYYY-MM-DD`.
pub(crate) fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

/// Judges the ends of the certificates of every server; `how` says how they are replaced.
pub(crate) fn expiring(deployment: &Deployment, as_of: Timestamp, how: Renewal) -> Vec<Judgement> {
    if deployment.servers.is_empty() {
        return vec![on(None, State::Unknown(vec![Need::ServerList]))];
    }
    let all = by_server(deployment);
    let mut renewals = Vec::new();
    let mut judgements: Vec<Judgement> = deployment
        .servers
        .keys()
        .map(|name| {
            let certificates = all.get(name).map(Vec::as_slice).unwrap_or_default();
            let state = state(name, certificates, as_of, how, &mut renewals);
            on(Some(name.to_string()), state)
        })
        .collect();
    repair_once(&mut judgements, Repair::Edits(renewals));
    judgements
}

fn state(
    server: &Fqdn,
    certificates: &[(&str, &Certificate)],
    as_of: Timestamp,
    how: Renewal,
    renewals: &mut Vec<Edit>,
) -> State {
    let limit = after_days(as_of, RENEWAL_DAYS);
    let ends_soon = |certificate: &Certificate| certificate.expires.certainly(|end| *end < limit);
    let soon: Vec<(&str, &Certificate)> =
        certificates.iter().filter(|(_, certificate)| ends_soon(certificate)).copied().collect();
    if !soon.is_empty() {
        return fail(server, &soon, as_of, how, renewals);
    }
    let known = |certificate: &Certificate| certificate.expires.certainly(|end| *end >= limit);
    if !certificates.is_empty() && certificates.iter().all(|(_, certificate)| known(certificate)) {
        State::Pass
    } else {
        State::Unknown(vec![Need::Certificates(server.clone())])
    }
}

fn fail(
    server: &Fqdn,
    soon: &[(&str, &Certificate)],
    as_of: Timestamp,
    how: Renewal,
    renewals: &mut Vec<Edit>,
) -> State {
    let mut severity = Severity::Medium;
    let mut words = Vec::new();
    let mut evidence = Sources::new();
    for (name, certificate) in soon {
        evidence.extend(certificate.expires.sources());
        let ended = certificate.expires.certainly(|end| *end <= as_of);
        let soon = certificate.expires.certainly(|end| *end < after_days(as_of, FIX_DAYS));
        severity = severity.max(match (ended, soon) {
            (true, _) => Severity::Critical,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        });
        let end = certificate.expires.value().map_or("soon".to_owned(), |end| day(*end));
        let verb = if ended { "ended on" } else { "ends on" };
        let tracked = certificate.tracked.certainly(|tracked| !tracked);
        let tracked = if tracked { ", and certmonger does not track it" } else { "" };
        words.push(format!("{name} {verb} {end}{tracked}"));
    }
    let how = match (how, severity) {
        (Renewal::Resubmit, Severity::Critical) => Renewal::Fix,
        (how, _) => how,
    };
    let renew = ServiceEdit::RenewCertificates {
        server: server.clone(),
        names: soon.iter().map(|(name, _)| (*name).to_owned()).collect(),
        how,
        until: after_days(as_of, VALIDITY_DAYS),
    };
    renewals.push(Edit::Service(renew));
    let why = format!("On {server}: {}.", words.join("; "));
    failure(severity, vec![server.to_string()], why, evidence)
}
