//! SRV003 `stopped-service`.

use crate::advise::{Edit, Repair};
use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Need};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::rule_parts::{per_server, some_names};
use crate::service_edits::ServiceEdit;
use crate::views::Views;

declare_rule! {
    /// Flags a server of which a service does not run.
    ///
    /// # Why this matters
    ///
    /// A server that does not serve is none that survives: tolerance counts it, and the next loss
    /// shows that it was gone already. If its directory server is stopped it also misses changes,
    /// day by day.
    ///
    /// # What it reads
    ///
    /// The services of each server and whether they run (`ipactl status`, `ipa-healthcheck`).
    ///
    /// # Verdicts
    ///
    /// * pass: the directory server runs, and so does every other service that was looked at;
    /// * fail: one is stopped: high for the directory server and the KDC, else medium;
    /// * not applicable: never: every server has services;
    /// * unknown: nobody looked, or two exports say different things.
    ///
    /// # Fix
    ///
    /// `ipactl start`; where one does not stay up: `journalctl -u SERVICE`.
    ///
    /// # Source
    ///
    /// FreeIPA `ipaserver/install/ipactl.py`; freeipa-healthcheck `meta/services.py`.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}],
    ///   "services": [{"on": "a.example.test", "name": "named", "runs": false}]}"#;
    /// assert_eq!(status_on_model("SRV003", model), Some(Status::Fail));
    /// ```
    StoppedService {
        code: "SRV003",
        name: "stopped-service",
        rule: "services-run",
        fails: "A service of a server does not run",
        holds: "The services of the servers run",
        severity: High,
        category: Continuity,
        citation: "freeipa-healthcheck meta/services.py",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// The directory server, on which a pass rests, as every export is read.
const DIRECTORY: &str = "dirsrv";

/// Without these nobody logs in.
const VITAL: [&str; 2] = [DIRECTORY, "krb5kdc"];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_server(deployment, |server| {
        let all = deployment.observed.services.iter();
        let own: Vec<(&str, &Fact<bool>)> = all
            .filter(|((on, _), _)| on == server)
            .map(|((_, name), runs)| (name.as_str(), runs))
            .collect();
        let stopped: Vec<&(&str, &Fact<bool>)> =
            own.iter().filter(|(_, runs)| runs.certainly(|runs| !runs)).collect();
        if !stopped.is_empty() {
            let is_vital = stopped.iter().any(|(name, _)| VITAL.contains(name));
            let names = some_names(stopped.iter().map(|(name, _)| name));
            return State::Fail(Box::new(Failure {
                severity: if is_vital { Severity::High } else { Severity::Medium },
                subjects: vec![server.to_string()],
                why: format!("On {server} these services are stopped: {names}."),
                evidence: stopped.iter().flat_map(|(_, runs)| runs.sources()).collect(),
                repair: Some(Repair::Edits(vec![Edit::Service(ServiceEdit::StartServices {
                    server: server.clone(),
                })])),
            }));
        }
        let runs = |(_, runs): &(&str, &Fact<bool>)| runs.certainly(|runs| *runs);
        let of_directory = own.iter().any(|(name, _)| *name == DIRECTORY);
        if of_directory && own.iter().all(runs) {
            State::Pass
        } else {
            State::Unknown(vec![Need::Health(server.clone())])
        }
    })
}
