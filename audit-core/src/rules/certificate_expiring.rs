//! CA010 `certificate-expiring`.

use crate::certificate_parts::expiring;
use crate::declare_rule;
use crate::model::Deployment;
use crate::rule::Judgement;
use crate::rule_parts::{as_a_whole, unless_integrated_ca};
use crate::service_edits::Renewal;
use crate::views::Views;

declare_rule! {
    /// Flags servers with certificates that end soon although IdM should have renewed them.
    ///
    /// # Why this matters
    ///
    /// certmonger renews certificates 28 days before they end. One with fewer days left shows that
    /// renewal does not work. When the shared certificates of the CA end, the CA stops on every
    /// server at once and nothing can be issued any more, also not for a replacement of a lost
    /// server; when those of the directory and the web service end, `ipa` stops.
    ///
    /// # What it reads
    ///
    /// Certificates of every server with the ends of their validity (`getcert list`, healthcheck),
    /// compared with the time for which the audit holds (`--as-of`).
    ///
    /// # Verdicts
    ///
    /// * pass: every known certificate of the server is valid for 28 days or more;
    /// * fail: one has ended (critical), has less than 14 days left (high), or less than 28
    ///   (medium);
    /// * not applicable: the deployment is CA-less (CA012);
    /// * unknown: no certificate of the server is known, or the end of one is not.
    ///
    /// # Fix
    ///
    /// `getcert list` says why renewal fails; `getcert resubmit -i ID`, for shared certificates on
    /// the CA renewal server. What has ended: `ipa-cert-fix`, which does not renew certificates
    /// that an external CA signed.
    ///
    /// # Source
    ///
    /// Managing certificates in IdM (RHEL 10), section 32.3; freeipa-healthcheck
    /// `cert_expiration_days`; manual page of `ipa-cert-fix`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ca": "enabled"}}],
    ///   "certificates": [{"on": "a.example.test", "name": "ocspSigningCert cert-pki-ca",
    ///     "expires": "2026-12-01T00:00:00Z"}]}"#;
    /// assert_eq!(status_on_model("CA010", model), Some(Status::Fail));
    /// ```
    CertificateExpiring {
        code: "CA010",
        name: "certificate-expiring",
        rule: "ca-certs-expiring",
        fails: "Certificates end soon and were not renewed",
        holds: "Certificates are renewed in time",
        severity: High,
        category: CaAndKra,
        citation: "Managing certificates in IdM (RHEL 10) 32.3",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, views: &Views) -> Vec<Judgement> {
    match unless_integrated_ca(deployment) {
        Some(state) => as_a_whole(state),
        None => expiring(deployment, views.as_of, Renewal::Resubmit),
    }
}
