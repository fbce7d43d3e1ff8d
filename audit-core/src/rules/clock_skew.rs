//! SRV001 `clock-skew`.

use crate::declare_rule;
use crate::evidence::Fact;
use crate::model::{Deployment, Need};
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{failure, per_server};
use crate::views::Views;

declare_rule! {
    /// Flags a server whose clock is off by hours.
    ///
    /// # Why this matters
    ///
    /// Every change carries its time, and the later one wins. With a clock that is off by a day
    /// replication stops; before that, changes of that server win or lose against all others for
    /// hours, and tickets and certificates are refused. After a recovery such a clock is worse: it
    /// decides which of two versions survives.
    ///
    /// # What it reads
    ///
    /// By how much the times of changes are off on each server (`ipa-healthcheck`, `DSECheck`).
    ///
    /// # Verdicts
    ///
    /// * pass: the check found no skew of 6 hours or more;
    /// * fail: 6 hours (low), 12 hours (medium), 24 hours (high) or more;
    /// * not applicable: never: every server has a clock;
    /// * unknown: nobody looked.
    ///
    /// # Fix
    ///
    /// `systemctl enable --now chronyd; chronyc makestep`. Do not change the time of a server by
    /// hand while it serves.
    ///
    /// # Source
    ///
    /// 389-ds `lib389/dseldif.py` (DSSKEWLE0001 to 0003) and `csngen.c`: it adjusts by a day at
    /// most.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test"}],
    ///   "clock_skews": [{"on": "a.example.test", "seconds": 43200}]}"#;
    /// assert_eq!(status_on_model("SRV001", model), Some(Status::Fail));
    /// ```
    ClockSkew {
        code: "SRV001",
        name: "clock-skew",
        rule: "time-skew",
        fails: "The clock of a server is off by hours",
        holds: "The clocks of the servers are right",
        severity: High,
        category: Proof,
        citation: "389-ds lib389/dseldif.py, csngen.c",
        origin: Code,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

/// Hours of the three thresholds of 389-ds (`lib389/dseldif.py`), with the severity beyond each.
const THRESHOLDS: [(u64, Severity); 3] =
    [(24, Severity::High), (12, Severity::Medium), (6, Severity::Low)];

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    per_server(deployment, |server| {
        let unknown = State::Unknown(vec![Need::Health(server.clone())]);
        let Some(Fact::Known { value: seconds, sources }) =
            deployment.observed.clock_skews.get(server)
        else {
            return unknown;
        };
        let beyond = THRESHOLDS.iter().find(|(hours, _)| *seconds >= hours * 3600);
        let Some((hours, severity)) = beyond else { return State::Pass };
        let why = format!(
            "The clock of {server} is off by {hours} hours or more: at 24 hours it stops \
             replicating, and before that its changes win or lose against all others."
        );
        failure(*severity, vec![server.to_string()], why, sources.clone())
    })
}
