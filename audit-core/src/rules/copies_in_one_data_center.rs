//! COP004 `copies-in-one-data-center`.

use crate::copy_parts::{center_of, center_of_host, evidence_of};
use crate::declare_rule;
use crate::evidence::Sources;
use crate::model::{Deployment, Need};
use crate::recovery::RestorePoint;
use crate::rule::{Judgement, Severity, State};
use crate::rule_parts::{as_a_whole, failure};
use crate::views::Views;

declare_rule! {
    /// Flags a deployment whose copies are all in the data center of the server that they bring
    /// back.
    ///
    /// # Why this matters
    ///
    /// Fire, water and power take a data center as a whole. The copies in it go with the
    /// servers in it.
    ///
    /// # What it reads
    ///
    /// Data centers of stores (answers.toml), of servers, and of the hosts that copies lie on.
    ///
    /// # Verdicts
    ///
    /// * pass: a copy is in another data center than its server;
    /// * fail: each is in that of its server;
    /// * not applicable: there is no copy of a server that exists;
    /// * unknown: the data center of a server or store, where a copy is, or which there are.
    ///
    /// # Fix
    ///
    /// Keep one copy of each backup in another data center, and say where in answers.toml:
    /// `idm-drill answers`.
    ///
    /// # Source
    ///
    /// Performing disaster recovery with IdM (RHEL 10), chapter 1.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// // Examples are judged on 2026-11-22.
    /// let model = r#"{"schema": "idm-drill/deployment/1",
    ///   "servers": [{"fqdn": "a.example.test", "roles": {"ipa_master": "enabled"},
    ///   "data_center": "north"}], "backups": [{"id": "b1", "host": "a.example.test", "kind":
    ///   "full", "roles": ["CA"], "version": "4.12.2", "encrypted": false, "complete": true,
    ///   "taken_at": "2026-11-21T00:00:00Z", "store": "s"}], "snapshots": [], "stores": [{"id":
    ///   "s", "data_center": "north"}]}"#;
    /// assert_eq!(status_on_model("COP004", model), Some(Status::Fail));
    /// ```
    CopiesInOneDataCenter {
        code: "COP004",
        name: "copies-in-one-data-center",
        rule: "backup-off-site",
        fails: "All copies are in one data center",
        holds: "Copies are in several data centers, or in another one",
        severity: High,
        category: SiteLoss,
        citation: "Performing disaster recovery with IdM (RHEL 10) 1",
        origin: Companion,
        supersedes: [],
        grouping: Together,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    as_a_whole(state(deployment))
}

fn state(deployment: &Deployment) -> State {
    let points = RestorePoint::all(deployment);
    let mut needs = Vec::new();
    let mut evidence = Sources::new();
    let mut centers = Vec::new();
    for point in &points {
        let Some(host) = &point.host else {
            needs.push(Need::CopyHost(point.id.clone()));
            continue;
        };
        if deployment.knows_all_servers() && !deployment.servers.contains_key(host) {
            // A removed server is nowhere.
            continue;
        }
        match (center_of_host(deployment, host), center_of(deployment, point)) {
            (Ok(own), Ok(center)) if own != center => return State::Pass,
            (Ok(own), Ok(_)) => centers.push(own),
            (Err(need), _) | (_, Err(need)) => needs.push(need),
        }
        evidence.extend(evidence_of(deployment, &point.id));
    }
    if !deployment.copies.are_known() {
        needs.push(Need::Copies);
    }
    needs.sort();
    needs.dedup();
    if !needs.is_empty() {
        return State::Unknown(needs);
    }
    if centers.is_empty() {
        return State::NotApplicable("there is no copy of a server");
    }
    centers.sort();
    centers.dedup();
    let why = format!(
        "Every copy is in the data center of the server that it brings back ({}): both are lost \
         together.",
        centers.join(", ")
    );
    failure(Severity::High, centers, why, evidence)
}
