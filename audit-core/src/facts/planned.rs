//! What is planned beside what is: a plan never contradicts and never overrides the deployment.
//!
//! Where any input shows the deployment, everything planned is set aside, and notes say where plan
//! and deployment differ. Where none does, the model is that of the plan; then statements of people
//! go before it, and the segments of all its files add up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use super::{Facts, ListedSegment, Listing, ServerFacts, ends, merge_claims, note_at};
use crate::evidence::{Claims, Fact, Source, Sources};
use crate::model::{Deployment, Fqdn, Role, RoleStatus, SegmentKey, Suffix};
use crate::note::{Note, NoteCode};

/// Takes the planned places out of claims; a value that nothing else states goes with them.
fn take<T: Ord + Clone>(claims: &mut Claims<T>) -> Claims<T> {
    let mut taken = Claims::new();
    claims.retain(|value, sources| {
        let planned = take_sources(sources);
        let is_stated = planned.is_empty() || !sources.is_empty();
        if !planned.is_empty() {
            taken.insert(value.clone(), planned);
        }
        is_stated
    });
    taken
}

fn take_sources(sources: &mut Sources) -> Sources {
    let (planned, rest) = std::mem::take(sources).into_iter().partition(|source| source.planned);
    *sources = rest;
    planned
}

fn take_fact<T: Ord + Clone>(fact: &mut Fact<T>) -> Fact<T> {
    let mut claims = std::mem::take(fact).claims();
    let taken = take(&mut claims);
    *fact = Fact::from_claims(&claims);
    Fact::from_claims(&taken)
}

/// Takes the planned values out of claims that something else states otherwise, with a note on
/// each.
fn give_way<T: Ord + Clone + Display>(
    claims: &mut Claims<T>,
    what: impl Fn() -> String,
    notes: &mut BTreeSet<Note>,
) {
    let is_only_planned =
        |sources: &Sources| !sources.is_empty() && sources.iter().all(|source| source.planned);
    let Some(stated) = claims
        .iter()
        .find(|(_, sources)| !is_only_planned(sources))
        .map(|(value, _)| value.to_string())
    else {
        return;
    };
    claims.retain(|value, sources| {
        let gives_way = is_only_planned(sources);
        if let (true, Some(source)) = (gives_way, sources.first()) {
            notes.insert(differs(source, &format!("{} {value}", what()), &format!("is {stated}")));
        }
        !gives_way
    });
}

/// The note on a difference: what is planned, and what is instead.
fn differs(source: &Source, planned: &str, is: &str) -> Note {
    note_at(
        source,
        NoteCode::PlanDiffers,
        format!("planned: {planned}; but it {is}"),
        "Change the plan or the deployment, so that both say the same.",
    )
}

impl Facts {
    /// True if something else than a plan shows a server, a segment or what a server does.
    pub(super) fn shows_deployment(&self) -> bool {
        let observed = &self.observed;
        self.has_servers()
            || self.listings.iter().any(|listing| !listing.source.planned)
            || !self.agreements.is_empty()
            || !self.crl_generation.is_empty()
            || !self.ad_trust_agent_lists.is_empty()
            || !observed.agreements.is_empty()
            || !observed.ruvs.is_empty()
            || !observed.server_views.is_empty()
            || !observed.certificates.is_empty()
            || !observed.dna.is_empty()
    }

    /// Lets defaults decide where a plan says nothing, if all its variables are known.
    pub(super) fn apply_defaults(&mut self) {
        for facts in self.servers.values_mut() {
            for (role, claims) in std::mem::take(&mut facts.defaults) {
                if !self.plan_has_other_variables {
                    // As any role that is stated of a server.
                    facts.sources.extend(claims.values().flatten().cloned());
                    merge_claims(facts.roles.entry(role).or_default(), claims);
                }
            }
        }
    }

    /// Takes out what is planned; what remains is as if no plan had been given.
    pub(super) fn take_planned(&mut self) -> Self {
        let mut plan = Self::default();
        self.servers.retain(|name, facts| {
            let planned = facts.take_planned();
            let is_stated = planned.sources.is_empty() || !facts.sources.is_empty();
            if !planned.sources.is_empty() {
                plan.servers.insert(name.clone(), planned);
            }
            is_stated
        });
        self.server_lists.retain(|list, sources| {
            let planned = take_sources(sources);
            let is_stated = planned.is_empty() || !sources.is_empty();
            if !planned.is_empty() {
                plan.server_lists.insert(list.clone(), planned);
            }
            is_stated
        });
        let listings = std::mem::take(&mut self.listings);
        (plan.listings, self.listings) = listings.into_iter().partition(|l| l.source.planned);
        plan.ca = take(&mut self.ca);
        plan.ca_renewal_server = take(&mut self.ca_renewal_server);
        plan.dnssec_key_master = take(&mut self.dnssec_key_master);
        plan.domain_level = take(&mut self.domain_level);
        plan.observed.ca_signing = take_fact(&mut self.observed.ca_signing);
        plan
    }

    /// Lets what people state go before what is planned.
    pub(super) fn let_plans_give_way(&mut self) {
        let mut notes = BTreeSet::new();
        for (name, facts) in &mut self.servers {
            let what = || format!("{name} is in data center");
            give_way(&mut facts.data_center, what, &mut notes);
            for (role, claims) in &mut facts.roles {
                give_way(claims, || format!("{role} on {name} is"), &mut notes);
            }
        }
        give_way(&mut self.ca, || "the CA is".to_owned(), &mut notes);
        let mut signing = std::mem::take(&mut self.observed.ca_signing).claims();
        give_way(&mut signing, || "the CA's certificate is".to_owned(), &mut notes);
        self.observed.ca_signing = Fact::from_claims(&signing);
        self.notes.extend(notes);
    }

    /// Makes one list per suffix of all planned ones: files of a plan add up, they do not
    /// contradict each other. It is whole if each of them is.
    pub(super) fn join_planned_listings(&mut self) {
        let listings = std::mem::take(&mut self.listings);
        let (planned, rest): (BTreeSet<Listing>, BTreeSet<Listing>) =
            listings.into_iter().partition(|listing| listing.source.planned);
        self.listings = rest;
        for suffix in Suffix::ALL {
            let of: Vec<&Listing> =
                planned.iter().filter(|listing| listing.suffix == Some(suffix)).collect();
            let mut all: BTreeMap<(SegmentKey, Option<String>), ListedSegment> = BTreeMap::new();
            for segment in of.iter().flat_map(|listing| &listing.segments) {
                let key = (ends(&segment.key), segment.key.name.clone());
                let entry = all.entry(key).or_insert_with(|| segment.clone());
                entry.key = entry.key.clone().min(segment.key.clone());
                // Switched off anywhere is switched off.
                entry.enabled = match (entry.enabled, segment.enabled) {
                    (Some(one), Some(other)) => Some(one && other),
                    (one, other) => one.or(other),
                };
                entry.disputed |= segment.disputed;
                entry.sources.extend(segment.sources.iter().cloned());
            }
            let complete = of.iter().all(|listing| listing.complete);
            let segments: Vec<ListedSegment> = all.into_values().collect();
            for listing in of {
                self.listing(Listing { complete, segments: segments.clone(), ..listing.clone() });
            }
        }
    }

    /// Says that this plan was set aside, and where it differs from the deployment.
    pub(super) fn note_plan(&self, deployment: &Deployment, notes: &mut BTreeSet<Note>) {
        let mut files: BTreeMap<Arc<str>, BTreeSet<&Fqdn>> = BTreeMap::new();
        let server_sources =
            self.servers.iter().flat_map(|(name, f)| f.sources.iter().map(move |s| (s, name)));
        for (source, name) in server_sources {
            files.entry(Arc::clone(&source.file)).or_default().insert(name);
        }
        for listing in &self.listings {
            files.entry(Arc::clone(&listing.source.file)).or_default();
        }
        for (file, servers) in files {
            let is_strange = !servers.is_empty()
                && !deployment.servers.is_empty()
                && !servers.iter().any(|name| deployment.servers.contains_key(*name));
            let strange = if is_strange {
                "; none of its servers is one of the deployment: it may belong to another one"
            } else {
                ""
            };
            let message = format!(
                "a plan beside exports of the deployment: verdicts rest on the exports{strange}"
            );
            notes.insert(
                Note::on_file(&file, NoteCode::PlanSetAside, message)
                    .help("To audit the plan itself, give its files alone."),
            );
        }
        for (name, planned) in &self.servers {
            note_server(name, planned, deployment, notes);
        }
        if let (Some((mode, sources)), Some(is)) = (single(&self.ca), deployment.ca.value())
            && mode != is
            && let Some(source) = sources.first()
        {
            notes.insert(differs(source, &format!("the CA is {mode}"), &format!("is {is}")));
        }
        for listing in &self.listings {
            note_segments(listing, deployment, notes);
        }
    }
}

impl ServerFacts {
    fn take_planned(&mut self) -> Self {
        let roles = self.roles.iter_mut().map(|(role, claims)| (*role, take(claims))).collect();
        self.roles.retain(|_, claims| !claims.is_empty());
        Self {
            sources: take_sources(&mut self.sources),
            roles,
            roles_not_listed: BTreeMap::new(),
            defaults: BTreeMap::new(),
            data_center: take(&mut self.data_center),
            version: take(&mut self.version),
            crl_publisher: take(&mut self.crl_publisher),
            attributes: BTreeMap::new(),
        }
    }
}

/// Notes where a planned server differs from what is there.
fn note_server(
    name: &Fqdn,
    planned: &ServerFacts,
    deployment: &Deployment,
    notes: &mut BTreeSet<Note>,
) {
    let Some(source) = planned.sources.first() else { return };
    let Some(server) = deployment.servers.get(name) else {
        let is = if deployment.knows_all_servers() {
            "is not there"
        } else {
            "is in no export of the deployment"
        };
        notes.insert(differs(source, &format!("{name} is a server"), is));
        return;
    };
    for role in Role::ALL {
        let wished = planned.roles.get(&role).and_then(|claims| single(claims));
        let (Some((wished, sources)), Some(is)) = (wished, server.role(role).value()) else {
            continue;
        };
        let Some(source) = sources.first().filter(|_| wished != is) else { continue };
        let planned = match wished {
            RoleStatus::Absent => format!("no {role} on {name}"),
            status => format!("{role} on {name}, {status}"),
        };
        notes.insert(differs(source, &planned, &format!("is {is} there")));
    }
}

/// The value of claims that agree.
fn single<T>(claims: &Claims<T>) -> Option<(&T, &Sources)> {
    let mut values = claims.iter();
    values.next().filter(|_| values.next().is_none())
}

/// Notes planned segments that a whole list of the deployment does not have.
fn note_segments(listing: &Listing, deployment: &Deployment, notes: &mut BTreeSet<Note>) {
    let Some(suffix) = listing.suffix else { return };
    let topology = deployment.topology(suffix);
    if !topology.is_known() {
        return;
    }
    let pair = |key: &SegmentKey| {
        let (left, right) = (key.left.clone(), key.right.clone());
        if left <= right { (left, right) } else { (right, left) }
    };
    let there: BTreeSet<(Fqdn, Fqdn)> = topology.segments.iter().map(|s| pair(&s.key)).collect();
    for segment in &listing.segments {
        let key = &segment.key;
        if let (false, Some(source)) = (there.contains(&pair(key)), segment.sources.first()) {
            let planned = format!("a segment of {} and {} ({suffix})", key.left, key.right);
            notes.insert(differs(source, &planned, "is not there"));
        }
    }
}
