//! CA012 `ca-less-certificate-expiring`.

use crate::certificate_parts::expiring;
use crate::declare_rule;
use crate::model::{CaMode, Deployment, Need};
use crate::rule::{Judgement, State};
use crate::rule_parts::as_a_whole;
use crate::service_edits::Renewal;
use crate::views::Views;

declare_rule! {
    /// Flags servers of a CA-less deployment with certificates that end soon.
    ///
    /// # Why this matters
    ///
    /// Without an integrated CA nobody in IdM renews the certificates of the directory, the web
    /// service and the KDC: people order them elsewhere. When one ends, its server serves nobody
    /// until a new one is installed, and as all were often ordered on one day, all may end on one.
    ///
    /// # What it reads
    ///
    /// Whether there is an integrated CA, and the certificates of every server with the ends of
    /// their validity (`getcert list`, healthcheck), compared with the time for which the audit
    /// holds (`--as-of`).
    ///
    /// # Verdicts
    ///
    /// * pass: every known certificate of the server is valid for 28 days or more;
    /// * fail: one has ended (critical), has less than 14 days left (high), or less than 28
    ///   (medium);
    /// * not applicable: there is an integrated CA (CA010, CA011);
    /// * unknown: whether there is one is not known, or no certificate of the server is, or the end
    ///   of one is not.
    ///
    /// # Fix
    ///
    /// Order new certificates and install them on each server: `ipa-server-certinstall --http
    /// --dirsrv CERTIFICATE.pem KEY.pem`, then `ipactl restart`. Keep the dates in a calendar.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 5.1; freeipa-healthcheck
    /// `cert_expiration_days` for the number of days.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test"}],
    ///   "certificates": [{"on": "a.example.test", "name": "/var/lib/ipa/certs/httpd.crt",
    ///     "expires": "2027-11-01T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("CA012", model), Some(Status::Pass));
    /// ```
    CaLessCertificateExpiring {
        code: "CA012",
        name: "ca-less-certificate-expiring",
        rule: "ca-less-certs-expiring",
        fails: "Certificates that nobody in IdM renews end soon",
        holds: "Certificates from elsewhere are valid for weeks",
        severity: High,
        category: Continuity,
        citation: "Planning Identity Management (RHEL 10) 5.1",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    match deployment.ca.value() {
        None => as_a_whole(State::Unknown(vec![Need::CaMode])),
        Some(CaMode::Integrated) => as_a_whole(State::NotApplicable("an integrated CA")),
        Some(CaMode::None) => expiring(deployment, views.as_of, Renewal::Install),
    }
}
