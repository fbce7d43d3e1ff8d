//! DC008 `location-without-dns`.

use std::collections::{BTreeMap, BTreeSet};

use crate::declare_rule;
use crate::evidence::{Fact, Sources};
use crate::model::{Deployment, Fqdn, Need, Role, RoleStatus};
use crate::rule::{Failure, Judgement, Severity, State};
use crate::views::Views;

declare_rule! {
    /// Flags an IdM location without a visible server or without a DNS server that clients are sent
    /// to.
    ///
    /// # Why this matters
    ///
    /// IdM's DNS sends clients to the servers of their location first. A location whose servers are
    /// all hidden, or of which no server answers DNS, sends them nowhere near, and its owners
    /// believe that they are covered.
    ///
    /// # What it reads
    ///
    /// The IdM locations and the location of each server, the IPA master role (who is hidden), and
    /// the DNS role.
    ///
    /// # Verdicts
    ///
    /// * pass: a server of the location is visible, and one has DNS enabled;
    /// * fail: no server of the location can be one of these two, and the location of every server
    ///   is known;
    /// * not applicable: nobody runs IdM's DNS, or there is no location;
    /// * unknown: the locations, a server's location, or a role is not known.
    ///
    /// # Fix
    ///
    /// `ipa server-mod SERVER --location=NAME` for a visible DNS server, or `ipa location-del
    /// NAME`.
    ///
    /// # Source
    ///
    /// FreeIPA `doc/designs/hidden-replicas.md`; FreeIPA wiki, Deployment Recommendations.
    ///
    /// # Example
    ///
    /// ```
    /// use audit_core::{report::Status, rules::status_on_model};
    ///
    /// let model = r#"{"schema": "idm-drill/deployment/1", "ca": "none",
    ///   "servers": [{"fqdn": "a.example.test",
    ///     "roles": {"ipa_master": "hidden", "dns": "hidden"}}],
    ///   "locations": [{"name": "attic"}],
    ///   "server_locations": [{"fqdn": "a.example.test", "location": "attic"}]}"#;
    /// assert_eq!(status_on_model("DC008", model), Some(Status::Fail));
    /// ```
    LocationWithoutDns {
        code: "DC008",
        name: "location-without-dns",
        rule: "dns-locations-regular-replica",
        fails: "An IdM location has no visible server or no DNS server",
        holds: "Every IdM location has a visible server and a DNS server",
        severity: Medium,
        category: SiteLoss,
        citation: "FreeIPA doc/designs/hidden-replicas.md",
        origin: Companion,
        supersedes: [],
        grouping: PerSubject,
    }
    check
}

fn check(deployment: &Deployment, _views: &Views) -> Vec<Judgement> {
    let whole = |state| vec![Judgement { subject: None, suffix: None, state }];
    let observed = &deployment.observed;
    if deployment.knows_all_servers()
        && !deployment.servers.values().any(|server| server.may_hold(Role::Dns))
    {
        return whole(State::NotApplicable("nobody runs IdM's DNS"));
    }
    if observed.locations.is_empty() {
        return whole(if observed.location_list.is_empty() {
            State::Unknown(vec![Need::Locations])
        } else {
            State::NotApplicable("there is no location")
        });
    }
    let mut members: BTreeMap<&str, Vec<&Fqdn>> = BTreeMap::new();
    let mut open = Vec::new();
    for name in deployment.servers.keys() {
        match observed.server_locations.get(name) {
            Some(Fact::Known { value, .. }) => members.entry(value).or_default().push(name),
            // It may have none, or any.
            fact => open.push((name, fact)),
        }
    }
    observed
        .locations
        .iter()
        .map(|(location, sources)| {
            let here = members.get(location.as_str()).map_or(&[][..], Vec::as_slice);
            let open: Vec<&Fqdn> = open
                .iter()
                .filter(|(_, fact)| fact.is_none_or(|fact| fact.possibly(|of| of == location)))
                .map(|(name, _)| *name)
                .collect();
            let state = state(deployment, (location, sources), here, &open);
            Judgement { subject: Some(location.clone()), suffix: None, state }
        })
        .collect()
}

/// What a location must have.
const WANTED: [(&str, Role); 2] =
    [("visible server", Role::IpaMaster), ("DNS server that clients are sent to", Role::Dns)];

/// Judges a location by the servers in it and those that may be in it.
fn state(
    deployment: &Deployment,
    (location, sources): (&str, &Sources),
    here: &[&Fqdn],
    open: &[&Fqdn],
) -> State {
    let enabled = |status: &RoleStatus| *status == RoleStatus::Enabled;
    let mut needs: BTreeSet<Need> = BTreeSet::new();
    let mut lacks = Vec::new();
    for (words, role) in WANTED {
        let roles = || {
            let servers = here.iter().filter_map(|name| deployment.servers.get_key_value(*name));
            servers.map(|(name, server)| (name, server.role(role)))
        };
        if roles().any(|(_, status)| status.certainly(enabled)) {
            continue;
        }
        let mut missing: BTreeSet<Need> = roles()
            .filter(|(_, status)| status.possibly(enabled))
            .map(|(name, _)| Need::Role(name.clone(), role))
            .collect();
        missing.extend(open.iter().map(|name| Need::DataCenter((*name).clone())));
        if !deployment.knows_all_servers() {
            missing.insert(Need::ServerList);
        }
        if missing.is_empty() {
            lacks.push(words);
        }
        needs.extend(missing);
    }
    if !lacks.is_empty() {
        let located = &deployment.observed.server_locations;
        let mut evidence = sources.clone();
        for name in here {
            evidence.extend(located.get(*name).map(Fact::sources).unwrap_or_default());
        }
        return State::Fail(Box::new(Failure {
            severity: Severity::Medium,
            subjects: vec![location.to_owned()],
            why: format!(
                "IdM location {location} has no {}: its clients are sent elsewhere.",
                lacks.join(" and no ")
            ),
            evidence,
            repair: None,
        }));
    }
    if needs.is_empty() { State::Pass } else { State::Unknown(needs.into_iter().collect()) }
}
