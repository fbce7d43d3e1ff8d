//! CA011 `externally-signed-ca`.

use crate::certificate_parts::day;
use crate::declare_rule;
use crate::model::{CaSigning, Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure, unless_integrated_ca};
use crate::views::Views;

declare_rule! {
    /// Flags an integrated CA whose certificate another CA signed, so that nobody in IdM renews it.
    ///
    /// # Why this matters
    ///
    /// certmonger cannot renew the CA's certificate: somebody must carry a request to the other CA
    /// and bring the answer back, in time. When it ends, every certificate of the deployment ends
    /// with it, and `ipa-cert-fix` does not help.
    ///
    /// The finding stays as long as the CA is externally signed. Where somebody watches the date,
    /// say so with a waiver that names them and ends before the certificate does.
    ///
    /// # What it reads
    ///
    /// Who signed the CA's certificate, and when it ends (`getcert list` on a CA replica).
    ///
    /// # Verdicts
    ///
    /// * pass: the CA signed its own certificate;
    /// * fail: another CA did;
    /// * not applicable: the deployment is CA-less (CA012);
    /// * unknown: no export says who signed it, or exports disagree.
    ///
    /// # Fix
    ///
    /// A date in a calendar, months before the end: `ipa-cacert-manage renew --external-ca`, then
    /// `ipa-cacert-manage renew --external-cert-file=...` with the signed certificate. Or let the
    /// CA sign itself: `ipa-cacert-manage renew --self-signed`.
    ///
    /// # Source
    ///
    /// Planning Identity Management (RHEL 10), section 5.1; manual page of `ipa-cacert-manage`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "integrated",
    ///   "servers": [], "ca_signing": "external"}"#;
    /// assert_eq!(status_on_model("CA011", model), Some(Status::Fail));
    /// ```
    ExternallySignedCa {
        code: "CA011",
        name: "externally-signed-ca",
        rule: "ca-mode-external",
        fails: "Nobody in IdM renews the CA's certificate: another CA signed it",
        holds: "IdM renews the CA's certificate by itself",
        severity: Medium,
        category: CaAndKra,
        citation: "Planning Identity Management (RHEL 10) 5.1",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(unless_integrated_ca(deployment).unwrap_or_else(|| state(deployment)))
}

/// Nickname of the CA's own certificate (FreeIPA `ipaserver/install/cainstance.py`).
const CA_NICKNAME: &str = "caSigningCert cert-pki-ca";

fn state(deployment: &Deployment) -> State {
    let signing = &deployment.observed.ca_signing;
    match signing.value() {
        Some(CaSigning::SelfSigned) => State::Pass,
        None => State::Unknown(vec![Need::CaSigning]),
        Some(CaSigning::External) => {
            let own = |name: &str| name.eq_ignore_ascii_case(CA_NICKNAME);
            let certificates = deployment.observed.certificates.iter();
            let certificate = certificates
                .filter(|(key, certificate)| {
                    own(&key.name) && certificate.expires.value().is_some()
                })
                .map(|(_, certificate)| certificate)
                .min_by_key(|certificate| certificate.expires.value());
            let mut evidence = signing.sources();
            let end = certificate.and_then(|certificate| {
                evidence.extend(certificate.expires.sources());
                certificate.expires.value()
            });
            let end = end.map_or("on a day that no export shows".to_owned(), |end| {
                format!("on {}", day(*end))
            });
            failure(
                Severity::Medium,
                Vec::new(),
                format!(
                    "The CA's certificate is externally signed and ends {end}; only people can \
                     renew it."
                ),
                evidence,
            )
        }
    }
}
