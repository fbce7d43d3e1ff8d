//! Facts as importers state them, and how they become a [`Deployment`].
//!
//! `Facts` only grows and only by union, so the order of files and of entries within them cannot
//! change the model. Everything that needs more than one file (whose suffix is this list, do two
//! servers tell different stories) is decided once, in [`Facts::assemble`].

mod planned;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use crate::evidence::{Claims, Fact, Source, Sources};
use crate::limits;
use crate::model::{
    AgreementKey, AgreementState, CaMode, Copies, Deployment, Direction, Fqdn, Observed, Role,
    RoleStatus, Segment, SegmentKey, Server, ServerAttribute, Suffix, Topology, Visibility,
};
use crate::note::{Note, NoteCode};
use crate::seen::Seen;

/// Statements about one server.
#[derive(Clone, Debug, Default)]
struct ServerFacts {
    sources: Sources,
    roles: BTreeMap<Role, Claims<RoleStatus>>,
    /// Lists of all enabled and hidden holders of a role that do not have this server.
    roles_not_listed: BTreeMap<Role, Sources>,
    /// What a plan gets by default, where it says nothing.
    defaults: BTreeMap<Role, Claims<RoleStatus>>,
    data_center: Claims<String>,
    version: Claims<String>,
    crl_publisher: Claims<bool>,
    attributes: BTreeMap<ServerAttribute, Claims<bool>>,
}

/// Statements of people about one host. They make no server of it.
#[derive(Clone, Debug, Default)]
struct Declared {
    data_center: Fact<String>,
    crl_publisher: Sources,
}

/// One segment of a [`Listing`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ListedSegment {
    /// Name, ends and direction as stored.
    pub key: SegmentKey,
    /// Whether its agreements are enabled, if the export says so.
    pub enabled: Option<bool>,
    /// True if the export itself says that other lists lack this segment (model JSON).
    pub disputed: bool,
    /// Where it was read.
    pub sources: Sources,
}

/// A list of segments as one export gives it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Listing {
    /// Where the list begins.
    pub source: Source,
    /// Suffix as DN, prompt or command in the file state it.
    pub suffix: Option<Suffix>,
    /// Suffix that the file's name suggests; believed only where other facts support it.
    pub suffix_of_file_name: Option<Suffix>,
    /// True if nothing speaks against this being all segments of the suffix.
    pub complete: bool,
    /// The segments.
    pub segments: Vec<ListedSegment>,
}

/// Everything that the inputs state.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    servers: BTreeMap<Fqdn, ServerFacts>,
    server_lists: BTreeMap<BTreeSet<Fqdn>, Sources>,
    server_list_disputed: bool,
    ad_trust_agent_lists: BTreeMap<BTreeSet<Fqdn>, Sources>,
    listings: BTreeSet<Listing>,
    ca: Claims<CaMode>,
    ca_renewal_server: Claims<Fqdn>,
    dnssec_key_master: Claims<Fqdn>,
    domain_level: Claims<u8>,
    /// CRL generation by a machine's name, often without its domain.
    crl_generation: BTreeMap<String, Claims<bool>>,
    /// True if variables of a plan were given that could not be read.
    plan_has_other_variables: bool,
    /// Agreements by the names of two machines, often without their domain.
    agreements: BTreeMap<(String, Suffix, String), Claims<AgreementState>>,
    /// Copies whose identifiers are settled, and what their use needs. Importers state it here.
    pub copies: Copies,
    /// Copies as single exports show them, by place.
    pub seen: Seen,
    /// What people declare of hosts.
    declared: BTreeMap<Fqdn, Declared>,
    /// What single servers show of themselves, and what people declare. Importers state it here.
    pub observed: Observed,
    notes: BTreeSet<Note>,
}

fn claim<T: Ord>(claims: &mut Claims<T>, value: T, sources: Sources) {
    claims.entry(value).or_default().extend(sources);
}

impl Facts {
    /// States that a server exists. False (with a note) past [`limits::SERVERS_MAX`].
    pub fn server(&mut self, name: &Fqdn, sources: impl IntoIterator<Item = Source>) -> bool {
        if !self.servers.contains_key(name) && self.servers.len() >= limits::SERVERS_MAX {
            if let Some(source) = sources.into_iter().next() {
                self.note(Note::on_file(
                    &source.file,
                    NoteCode::TooManyServers,
                    format!("more than {} servers; the rest is left out", limits::SERVERS_MAX),
                ));
            }
            return false;
        }
        self.servers.entry(name.clone()).or_default().sources.extend(sources);
        true
    }

    /// States the status of a role; the server thereby exists.
    pub fn role(
        &mut self,
        name: &Fqdn,
        role: Role,
        status: RoleStatus,
        sources: impl IntoIterator<Item = Source>,
    ) {
        let sources: Sources = sources.into_iter().collect();
        if self.server(name, sources.clone()) {
            let server = self.servers.entry(name.clone()).or_default();
            claim(server.roles.entry(role).or_default(), status, sources);
        }
    }

    /// States the status of a role that a plan does not mention, so that a default decides; the
    /// server must exist. It holds unless variables of the plan were given that could not be read.
    pub fn role_by_default(&mut self, name: &Fqdn, role: Role, status: RoleStatus, source: Source) {
        if let Some(server) = self.servers.get_mut(name) {
            claim(server.defaults.entry(role).or_default(), status, Sources::from([source]));
        }
    }

    /// States that variables of a plan were given that could not be read: no default is certain.
    pub fn plan_has_other_variables(&mut self) {
        self.plan_has_other_variables = true;
    }

    /// States that a list of all enabled and hidden holders of a role does not have this server.
    /// The role is absent there, unless another export shows what such a list cannot: a configured
    /// role, or a hidden one that its reader may not see.
    pub fn role_not_listed(&mut self, name: &Fqdn, role: Role, sources: Sources) {
        if let Some(server) = self.servers.get_mut(name) {
            server.roles_not_listed.entry(role).or_default().extend(sources);
        }
    }

    /// Declares the data center of a server that exists; it goes before the server's location.
    pub fn data_center(&mut self, name: &Fqdn, center: String, sources: Sources) {
        if let Some(server) = self.servers.get_mut(name) {
            claim(&mut server.data_center, center, sources);
        }
    }

    /// States the IdM location of a server, which is its data center unless one is declared.
    pub fn location(&mut self, name: &Fqdn, location: &str, sources: Sources) {
        self.observed.locations.entry(location.to_owned()).or_default().extend(sources.clone());
        let fact = self.observed.server_locations.entry(name.clone()).or_default();
        fact.claim(location.to_owned(), sources);
    }

    /// Declares the data center of a host, which is a server only if another input shows it.
    pub fn declared_data_center(&mut self, name: &Fqdn, center: String, sources: Sources) {
        self.declared.entry(name.clone()).or_default().data_center.claim(center, sources);
    }

    /// Declares that a host generates the CRL, and no other host does.
    pub fn declared_crl_publisher(&mut self, name: &Fqdn, sources: Sources) {
        self.declared.entry(name.clone()).or_default().crl_publisher.extend(sources);
    }

    /// States the IPA version of a server; the server thereby exists: only servers have the
    /// package.
    pub fn version(&mut self, name: &Fqdn, version: String, sources: Sources) {
        if self.server(name, sources.clone()) {
            let server = self.servers.entry(name.clone()).or_default();
            claim(&mut server.version, version, sources);
        }
    }

    /// States whether a server that exists generates the CRL.
    pub fn crl_publisher(&mut self, name: &Fqdn, publishes: bool, sources: Sources) {
        if let Some(server) = self.servers.get_mut(name) {
            claim(&mut server.crl_publisher, publishes, sources);
        }
    }

    /// States whether a machine generates the CRL; it counts if its name, with or without domain,
    /// is that of one server.
    pub fn crl_generation(&mut self, machine: &str, generates: bool, sources: Sources) {
        claim(self.crl_generation.entry(machine.to_lowercase()).or_default(), generates, sources);
    }

    /// States the last update of the agreement of one machine to another; it counts if their names,
    /// with or without domain, are those of one server each.
    pub fn agreement(
        &mut self,
        (on, peer): (&str, &str),
        suffix: Suffix,
        state: AgreementState,
        sources: Sources,
    ) {
        let key = (on.to_lowercase(), suffix, peer.to_lowercase());
        claim(self.agreements.entry(key).or_default(), state, sources);
    }

    /// States whether the entries of a server that exists mark it with an attribute.
    pub fn attribute(
        &mut self,
        name: &Fqdn,
        attribute: ServerAttribute,
        marked: bool,
        sources: Sources,
    ) {
        if let Some(server) = self.servers.get_mut(name) {
            claim(server.attributes.entry(attribute).or_default(), marked, sources);
        }
    }

    /// States that these are all servers.
    pub fn all_servers(&mut self, servers: BTreeSet<Fqdn>, sources: Sources) {
        self.server_lists.entry(servers).or_default().extend(sources);
    }

    /// States that lists of servers contradict each other (model JSON).
    pub fn server_list_disputed(&mut self) {
        self.server_list_disputed = true;
    }

    /// States that these are all AD trust agents: every other server is none.
    pub fn all_ad_trust_agents(&mut self, agents: BTreeSet<Fqdn>, sources: Sources) {
        self.ad_trust_agent_lists.entry(agents).or_default().extend(sources);
    }

    /// Adds a list of segments.
    pub fn listing(&mut self, mut listing: Listing) {
        listing.segments.sort();
        self.listings.insert(listing);
    }

    /// States how certificates are issued.
    pub fn ca(&mut self, mode: CaMode, sources: Sources) {
        claim(&mut self.ca, mode, sources);
    }

    /// States which server renews the CA's certificates.
    pub fn ca_renewal_server(&mut self, name: Fqdn, sources: Sources) {
        claim(&mut self.ca_renewal_server, name, sources);
    }

    /// States which server is the DNSSEC key master.
    pub fn dnssec_key_master(&mut self, name: Fqdn, sources: Sources) {
        claim(&mut self.dnssec_key_master, name, sources);
    }

    /// States the domain level: 0 or 1, there are no others (FreeIPA
    /// `ipalib/constants.py`). Another one is said in a note.
    pub fn domain_level(&mut self, level: u8, sources: Sources) {
        if level <= 1 {
            claim(&mut self.domain_level, level, sources);
        } else if let Some(source) = sources.first() {
            self.notes.insert(note_at(
                source,
                NoteCode::UnknownWord,
                format!("domain level {level}: there are 0 and 1 only; it is unknown"),
                "Export the domain level again: ipa domainlevel-get",
            ));
        }
    }

    /// True if some input shows a server, other than one that is only planned.
    pub(crate) fn has_servers(&self) -> bool {
        self.servers.values().any(|facts| facts.sources.iter().any(|source| !source.planned))
    }

    /// Adds a note.
    pub fn note(&mut self, note: Note) {
        self.notes.insert(note);
    }

    /// Takes over everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        for (name, facts) in other.servers {
            if !self.server(&name, facts.sources) {
                continue;
            }
            let server = self.servers.entry(name).or_default();
            for (role, claims) in facts.roles {
                merge_claims(server.roles.entry(role).or_default(), claims);
            }
            for (role, sources) in facts.roles_not_listed {
                server.roles_not_listed.entry(role).or_default().extend(sources);
            }
            for (role, claims) in facts.defaults {
                merge_claims(server.defaults.entry(role).or_default(), claims);
            }
            merge_claims(&mut server.data_center, facts.data_center);
            merge_claims(&mut server.version, facts.version);
            merge_claims(&mut server.crl_publisher, facts.crl_publisher);
            for (attribute, claims) in facts.attributes {
                merge_claims(server.attributes.entry(attribute).or_default(), claims);
            }
        }
        for (list, sources) in other.server_lists {
            self.server_lists.entry(list).or_default().extend(sources);
        }
        self.server_list_disputed |= other.server_list_disputed;
        self.plan_has_other_variables |= other.plan_has_other_variables;
        for (list, sources) in other.ad_trust_agent_lists {
            self.ad_trust_agent_lists.entry(list).or_default().extend(sources);
        }
        self.listings.extend(other.listings);
        merge_claims(&mut self.ca, other.ca);
        merge_claims(&mut self.ca_renewal_server, other.ca_renewal_server);
        merge_claims(&mut self.dnssec_key_master, other.dnssec_key_master);
        merge_claims(&mut self.domain_level, other.domain_level);
        for (machine, claims) in other.crl_generation {
            merge_claims(self.crl_generation.entry(machine).or_default(), claims);
        }
        for (ends, claims) in other.agreements {
            merge_claims(self.agreements.entry(ends).or_default(), claims);
        }
        self.copies.merge(other.copies);
        self.seen.merge(other.seen);
        for (name, from) in other.declared {
            let into = self.declared.entry(name).or_default();
            into.data_center.merge(from.data_center);
            into.crl_publisher.extend(from.crl_publisher);
        }
        self.observed.merge(other.observed);
        self.notes.extend(other.notes);
    }

    /// The deployment that all facts add up to.
    pub fn assemble(mut self) -> Deployment {
        self.apply_defaults();
        let plan = self.shows_deployment().then(|| self.take_planned());
        self.settle_unlisted_roles();
        self.settle_crl_generation();
        self.settle_agreements();
        self.apply_declared();
        self.let_plans_give_way();
        self.join_planned_listings();
        self.state_other_agents_absent();
        let servers: BTreeMap<Fqdn, Server> = self
            .servers
            .iter()
            .map(|(name, facts)| {
                let roles = facts
                    .roles
                    .iter()
                    .map(|(role, claims)| (*role, Fact::from_claims(claims)))
                    .collect();
                let server = Server {
                    sources: facts.sources.clone(),
                    roles,
                    data_center: self.resolve_data_center(name, facts),
                    version: Fact::from_claims(&facts.version),
                    crl_publisher: Fact::from_claims(&facts.crl_publisher),
                    attributes: facts
                        .attributes
                        .iter()
                        .map(|(attribute, claims)| (*attribute, Fact::from_claims(claims)))
                        .collect(),
                };
                (name.clone(), server)
            })
            .collect();
        let mut deployment = Deployment { servers, ..Deployment::default() };
        deployment.server_list = self.resolve_server_list();
        let listings = self.resolve_suffixes(&deployment);
        self.infer_ca(&listings);
        for suffix in Suffix::ALL {
            let listings: Vec<&Listing> =
                listings.iter().filter(|(of, _)| *of == suffix).map(|(_, l)| l).collect();
            if !listings.is_empty() {
                let topology = self.join_listings(suffix, &listings, &deployment);
                if topology != Topology::default() {
                    deployment.topology.insert(suffix, topology);
                }
            }
        }
        deployment.ca = Fact::from_claims(&self.ca);
        deployment.ca_renewal_server = Fact::from_claims(&self.ca_renewal_server);
        deployment.dnssec_key_master = Fact::from_claims(&self.dnssec_key_master);
        deployment.domain_level = Fact::from_claims(&self.domain_level);
        let seen = std::mem::take(&mut self.seen);
        seen.settle(&mut self.copies, deployment.servers.keys(), &mut self.notes);
        deployment.copies = std::mem::take(&mut self.copies);
        deployment.observed = std::mem::take(&mut self.observed);
        self.note_contradictions(&deployment);
        self.note_visibility(&deployment);
        if let Some(plan) = plan {
            plan.note_plan(&deployment, &mut self.notes);
        }
        deployment.notes = self.notes.into_iter().collect();
        deployment
    }

    /// Servers that a list of all AD trust agents does not have are none. The group knows nothing
    /// of servers, so this waits until all of them are here.
    fn state_other_agents_absent(&mut self) {
        for (agents, sources) in std::mem::take(&mut self.ad_trust_agent_lists) {
            for (_, server) in self.servers.iter_mut().filter(|(name, _)| !agents.contains(*name)) {
                let claims = server.roles.entry(Role::AdTrustAgent).or_default();
                claim(claims, RoleStatus::Absent, sources.clone());
                // As any role that is stated of a server.
                server.sources.extend(sources.clone());
            }
        }
    }

    /// A role that lists do not show is absent, where nothing shows it configured or hidden.
    fn settle_unlisted_roles(&mut self) {
        for facts in self.servers.values_mut() {
            for (role, sources) in std::mem::take(&mut facts.roles_not_listed) {
                let claims = facts.roles.entry(role).or_default();
                let unlisted = [RoleStatus::Configured, RoleStatus::Hidden];
                if !unlisted.iter().any(|status| claims.contains_key(status)) {
                    facts.sources.extend(sources.iter().cloned());
                    claim(claims, RoleStatus::Absent, sources);
                }
            }
        }
    }

    /// States what was declared of servers; what was declared of other hosts is said in a note.
    fn apply_declared(&mut self) {
        let mut crl = Vec::new();
        for (name, declared) in std::mem::take(&mut self.declared) {
            let places: Sources =
                declared.data_center.sources().union(&declared.crl_publisher).cloned().collect();
            let nothing_known = self.servers.is_empty();
            let Some(server) = self.servers.get_mut(&name) else {
                if let Some(source) = places.first().filter(|_| !nothing_known) {
                    self.notes.insert(note_at(
                        source,
                        NoteCode::UnknownHost,
                        format!("{name} is declared here, but no input shows such a server"),
                        "Correct the name, or leave the line out if the server is gone.",
                    ));
                }
                continue;
            };
            merge_claims(&mut server.data_center, declared.data_center.claims());
            if !declared.crl_publisher.is_empty() {
                crl.push((name, declared.crl_publisher));
            }
        }
        for (publisher, sources) in crl {
            for (name, server) in &mut self.servers {
                claim(&mut server.crl_publisher, *name == publisher, sources.clone());
            }
        }
    }

    /// The one server of a name with or without domain, or why there is none.
    fn server_called(&self, machine: &str) -> Result<Fqdn, String> {
        let mut named = self.servers.keys().filter(|name| {
            name.as_str() == machine || (!machine.contains('.') && name.short() == machine)
        });
        match (named.next(), named.next()) {
            (Some(one), None) => Ok(one.clone()),
            (None, _) => Err(format!("no input shows a server {machine}")),
            (Some(one), Some(other)) => Err(format!("{machine} may be {one} or {other}")),
        }
    }

    fn settle_crl_generation(&mut self) {
        let mut unplaced = Unplaced::new();
        for (machine, claims) in std::mem::take(&mut self.crl_generation) {
            match self.server_called(&machine) {
                Ok(name) => {
                    let server = self.servers.entry(name).or_default();
                    merge_claims(&mut server.crl_publisher, claims);
                }
                Err(why) => leave_out(&mut unplaced, &claims, &why),
            }
        }
        self.note_unplaced("CRL generation", unplaced);
    }

    fn settle_agreements(&mut self) {
        let mut unplaced = Unplaced::new();
        for ((on, suffix, peer), claims) in std::mem::take(&mut self.agreements) {
            match (self.server_called(&on), self.server_called(&peer)) {
                (Ok(on), Ok(peer)) => {
                    for (state, sources) in claims {
                        let key = AgreementKey { on: on.clone(), suffix, peer: peer.clone() };
                        self.observed.agreement(key, sources.clone()).state.claim(state, sources);
                    }
                }
                (Err(why), _) | (_, Err(why)) => leave_out(&mut unplaced, &claims, &why),
            }
        }
        self.note_unplaced("replication agreements", unplaced);
    }

    fn note_unplaced(&mut self, what: &str, unplaced: Unplaced) {
        for (line, reasons) in unplaced.into_values() {
            let reasons: Vec<String> = reasons.into_iter().collect();
            self.notes.insert(note_at(
                &line,
                NoteCode::IncompleteEntry,
                format!("{what} of machines, but {}; left out", join_some(&reasons, 5)),
                "Add an export that lists all servers: ipa server-role-find --include-master \
                 --sizelimit=0",
            ));
        }
    }

    /// The declared data center, else the location.
    fn resolve_data_center(&self, name: &Fqdn, facts: &ServerFacts) -> Fact<String> {
        match Fact::from_claims(&facts.data_center) {
            Fact::Unknown => self.observed.server_locations.get(name).cloned().unwrap_or_default(),
            declared => declared,
        }
    }

    /// Where all servers are listed, or nothing if lists disagree with each other or with a server
    /// that some other export shows.
    fn resolve_server_list(&mut self) -> Sources {
        let all: BTreeSet<Fqdn> = self.servers.keys().cloned().collect();
        let mut sources = Sources::new();
        let mut notes = Vec::new();
        let mut agree = !self.server_list_disputed;
        for (list, list_sources) in &self.server_lists {
            let missing: Vec<&str> = all.difference(list).map(Fqdn::as_str).collect();
            if !missing.is_empty() {
                agree = false;
                if let Some(source) = list_sources.first() {
                    notes.push(note_at(
                        source,
                        NoteCode::Contradiction,
                        format!(
                            "this list of all servers does not have {}, which another input shows; \
                             the list of servers counts as unknown",
                            missing.join(", ")
                        ),
                        "Export the list of servers again from a server that is up to date: ipa \
                         server-role-find --include-master --sizelimit=0",
                    ));
                }
            }
            sources.extend(list_sources.iter().cloned());
        }
        self.notes.extend(notes);
        if agree && !all.is_empty() { sources } else { Sources::new() }
    }

    /// Gives every listing its suffix; drops those (with a note) whose suffix nothing states.
    fn resolve_suffixes(&mut self, deployment: &Deployment) -> Vec<(Suffix, Listing)> {
        let mut resolved = Vec::new();
        for listing in std::mem::take(&mut self.listings) {
            let source = &listing.source;
            match (listing.suffix, listing.suffix_of_file_name) {
                (Some(suffix), name) => {
                    if name.is_some_and(|name| name != suffix) {
                        self.notes.insert(note_at(
                            source,
                            NoteCode::FileNameDisagrees,
                            format!(
                                "the file's name suggests another suffix, but its content says \
                                 {suffix}; the content was believed"
                            ),
                            "Rename or remove the file if it is not what it says it is.",
                        ));
                    }
                    resolved.push((suffix, listing));
                }
                (None, Some(suffix)) => match doubt_about_name(suffix, &listing, deployment) {
                    None => {
                        self.notes.insert(note_at(
                            source,
                            NoteCode::SuffixFromFileName,
                            format!(
                                "suffix {suffix} was taken from the file's name; the roles of its \
                                 servers agree with it"
                            ),
                            suffix_help(),
                        ));
                        resolved.push((suffix, listing));
                    }
                    Some(doubt) => {
                        self.notes.insert(note_at(
                            source,
                            NoteCode::SuffixNotStated,
                            format!(
                                "the file's name suggests suffix {suffix}, but {doubt}; the list \
                                 was not used"
                            ),
                            suffix_help(),
                        ));
                    }
                },
                (None, None) => {
                    self.notes.insert(note_at(
                        source,
                        NoteCode::SuffixNotStated,
                        "nothing in the file says which suffix these segments belong to; the list \
                         was not used"
                            .to_owned(),
                        suffix_help(),
                    ));
                }
            }
        }
        resolved
    }

    /// A CA role or service in any state, or the suffix `ca`, shows an integrated CA.
    fn infer_ca(&mut self, listings: &[(Suffix, Listing)]) {
        let mut sources = Sources::new();
        for facts in self.servers.values() {
            if let Some(claims) = facts.roles.get(&Role::Ca) {
                for (status, role_sources) in claims {
                    if status.holds_data() {
                        sources.extend(role_sources.iter().cloned());
                    }
                }
            }
        }
        for (suffix, listing) in listings {
            if *suffix == Suffix::Ca {
                let segments = listing.segments.iter();
                sources.extend(segments.flat_map(|segment| segment.sources.iter().cloned()));
            }
        }
        if !sources.is_empty() {
            claim(&mut self.ca, CaMode::Integrated, sources);
        }
    }

    /// One topology out of all lists of a suffix.
    fn join_listings(
        &mut self,
        suffix: Suffix,
        listings: &[&Listing],
        deployment: &Deployment,
    ) -> Topology {
        let mut groups: BTreeMap<SegmentKey, Vec<(&Listing, &ListedSegment)>> = BTreeMap::new();
        for listing in listings {
            for segment in &listing.segments {
                groups.entry(ends(&segment.key)).or_default().push((listing, segment));
            }
        }
        let complete: Vec<&&Listing> = listings.iter().filter(|listing| listing.complete).collect();
        let mut topology = Topology {
            segments: Vec::new(),
            complete: !complete.is_empty(),
            sources: complete.iter().map(|listing| listing.source.clone()).collect(),
        };
        for group in groups.values() {
            for mut segment in distinct_segments(group) {
                segment.disputed |= complete.iter().any(|listing| !lists(listing, &segment.key));
                topology.segments.push(segment);
            }
        }
        topology.segments.sort_by(|a, b| a.key.cmp(&b.key));
        self.note_disputed(suffix, &topology);
        let may_carry =
            deployment.servers.values().filter(|server| server.may_carry(suffix)).count();
        let nothing_to_join = may_carry <= 1 && deployment.knows_all_servers();
        if topology.segments.is_empty() && !nothing_to_join {
            for listing in listings {
                self.notes.insert(note_at(
                    &listing.source,
                    NoteCode::NoSegments,
                    format!(
                        "zero segments of suffix {suffix}, although several servers may carry it: \
                         the export lacks permission, or nothing replicates; counted as unknown"
                    ),
                    "Export again as admin, or as root over ldapi: ordinary users may not read \
                     segments.",
                ));
            }
            topology.complete = false;
            topology.sources.clear();
        }
        topology
    }

    fn note_disputed(&mut self, suffix: Suffix, topology: &Topology) {
        let disputed: Vec<String> =
            topology.segments.iter().filter(|s| s.disputed).map(Segment::title).collect();
        let first = topology.segments.iter().find(|s| s.disputed).and_then(|s| s.sources.first());
        if let Some(source) = first {
            self.notes.insert(note_at(
                source,
                NoteCode::Contradiction,
                format!(
                    "lists of suffix {suffix} disagree on {} segment(s): {}; what depends on them \
                     is unknown",
                    disputed.len(),
                    join_some(&disputed, 5)
                ),
                "One list is older, or was filtered. Keep only the newest complete list of each \
                 suffix.",
            ));
        }
    }

    fn note_contradictions(&mut self, deployment: &Deployment) {
        let mut notes = Vec::new();
        for (name, server) in &deployment.servers {
            for (role, fact) in &server.roles {
                notes.extend(contradiction(fact, &format!("status of role {role} on {name}")));
            }
            notes.extend(contradiction(&server.data_center, &format!("data center of {name}")));
            notes.extend(contradiction(&server.version, &format!("version of {name}")));
            notes
                .extend(contradiction(&server.crl_publisher, &format!("CRL generation on {name}")));
            for (attribute, fact) in &server.attributes {
                let what = format!("{} on {name}", attribute.config_string());
                notes.extend(contradiction(fact, &what));
            }
        }
        notes.extend(contradiction(&deployment.ca, "the integrated CA"));
        notes.extend(contradiction(&deployment.ca_renewal_server, "the CA renewal server"));
        notes.extend(contradiction(&deployment.dnssec_key_master, "the DNSSEC key master"));
        notes.extend(contradiction(&deployment.domain_level, "the domain level"));
        notes.extend(observed_contradictions(&deployment.observed));
        self.notes.extend(notes);
    }

    fn note_visibility(&mut self, deployment: &Deployment) {
        let mut by_file: BTreeMap<Arc<str>, Vec<&Fqdn>> = BTreeMap::new();
        for (name, server) in &deployment.servers {
            if server.visibility() == Visibility::Unknown
                && let Some(source) = server.sources.first()
            {
                by_file.entry(Arc::clone(&source.file)).or_default().push(name);
            }
        }
        for (file, servers) in by_file {
            self.notes.insert(
                Note::on_file(
                    &file,
                    NoteCode::VisibilityUnknown,
                    format!(
                        "whether {} hidden is unknown: no whole IPA master role was read",
                        match servers.as_slice() {
                            [one] => format!("{one} is"),
                            many => format!("{} are", join_some(many, 5)),
                        }
                    ),
                )
                .help("ipa server-role-find --include-master --sizelimit=0"),
            );
        }
    }
}

/// Statements about machines that are no known server: by file, the first place and the reasons.
type Unplaced = BTreeMap<Arc<str>, (Source, BTreeSet<String>)>;

fn leave_out<T>(unplaced: &mut Unplaced, claims: &Claims<T>, why: &str) {
    for source in claims.values().filter_map(|sources| sources.first()) {
        let (first, reasons) = unplaced
            .entry(Arc::clone(&source.file))
            .or_insert_with(|| (source.clone(), BTreeSet::new()));
        if source < first {
            *first = source.clone();
        }
        reasons.insert(why.to_owned());
    }
}

fn merge_claims<T: Ord>(into: &mut Claims<T>, from: Claims<T>) {
    for (value, sources) in from {
        claim(into, value, sources);
    }
}

fn note_at(source: &Source, code: NoteCode, message: String, help: impl Into<String>) -> Note {
    let mut note = Note::on_file(&source.file, code, message).help(help);
    note.line = source.line;
    note
}

fn suffix_help() -> &'static str {
    "Put the command into the file, as its first line: `$ ipa topologysegment-find domain` (or \
     `ca`); `--all` prints a DN that says it too."
}

/// Up to `count` names, then how many more.
fn join_some<T: Display>(names: &[T], count: usize) -> String {
    let mut text: Vec<String> = names.iter().take(count).map(ToString::to_string).collect();
    if names.len() > count {
        text.push(format!("{} more", names.len() - count));
    }
    text.join(", ")
}

fn contradiction<T: Ord + Display>(fact: &Fact<T>, what: &str) -> Option<Note> {
    let Fact::Conflict(claims) = fact else { return None };
    let first = claims.values().flatten().min()?;
    let stories: Vec<String> = claims
        .iter()
        .map(|(value, sources)| {
            let places: Vec<String> = sources
                .iter()
                .map(|source| match source.line {
                    Some(line) => format!("{}:{line}", source.file),
                    None => source.file.to_string(),
                })
                .collect();
            format!("{value} ({})", join_some(&places, 3))
        })
        .collect();
    Some(note_at(
        first,
        NoteCode::Contradiction,
        format!("{what}: {}; it counts as unknown", stories.join(", ")),
        "Export again from a server that is up to date, and leave out older files.",
    ))
}

/// Contradictions between inputs about single servers. Lists of servers are not among them: that
/// servers show different ones is a finding.
fn observed_contradictions(observed: &Observed) -> Vec<Note> {
    let mut notes = Vec::new();
    for (key, agreement) in &observed.agreements {
        let what = format!("agreement of {} to {} ({})", key.on, key.peer, key.suffix);
        notes.extend(contradiction(&agreement.enabled, &format!("{what}, enabled")));
        notes.extend(contradiction(&agreement.state, &format!("{what}, last update")));
    }
    for (key, ruv) in &observed.ruvs {
        let on = key.on.as_ref().map_or("an unnamed server", Fqdn::as_str);
        notes.extend(contradiction(&ruv.own_id, &format!("replica id of {on} ({})", key.suffix)));
        let what = format!("database generation of {on} ({})", key.suffix);
        notes.extend(contradiction(&ruv.generation, &what));
    }
    for (name, range) in &observed.id_ranges {
        notes.extend(contradiction(range, &format!("ID range {name}")));
    }
    for (key, certificate) in &observed.certificates {
        let what = format!("certificate {} on {}", key.name, key.on);
        notes.extend(contradiction(&certificate.issued, &format!("{what}, begin of validity")));
        notes.extend(contradiction(&certificate.expires, &format!("{what}, end of validity")));
        notes.extend(contradiction(&certificate.tracked, &format!("{what}, tracking")));
    }
    for (key, upkeep) in &observed.upkeep {
        let what = format!("{} ({})", key.on, key.suffix);
        let age = format!("age of the changelog of {what}");
        notes.extend(contradiction(&upkeep.changelog_max_age, &age));
        notes.extend(contradiction(&upkeep.purge_delay, &format!("purge delay of {what}")));
        let conflicts = format!("replication conflicts on {what}");
        notes.extend(contradiction(&upkeep.conflicts, &conflicts));
    }
    for (server, skew) in &observed.clock_skews {
        notes.extend(contradiction(skew, &format!("clock of {server}")));
    }
    for ((server, path), enough) in &observed.filesystems {
        notes.extend(contradiction(enough, &format!("free space of {path} on {server}")));
    }
    for ((server, name), runs) in &observed.services {
        notes.extend(contradiction(runs, &format!("whether {name} runs on {server}")));
    }
    notes.extend(contradiction(&observed.ca_signing, "who signed the CA's certificate"));
    for (question, answer) in &observed.answers {
        notes.extend(contradiction(answer, &format!("answer to {question}")));
    }
    notes
}

/// Why the suffix that a file's name suggests cannot be believed; `None` if other facts support it.
fn doubt_about_name(suffix: Suffix, listing: &Listing, deployment: &Deployment) -> Option<String> {
    if listing.segments.is_empty() {
        return Some("the list is empty".to_owned());
    }
    if !deployment.knows_all_servers() {
        return Some("no other input lists all servers, so nothing supports it".to_owned());
    }
    let hosts: BTreeSet<&Fqdn> =
        listing.segments.iter().flat_map(|s| [&s.key.left, &s.key.right]).collect();
    match suffix {
        Suffix::Domain => deployment
            .servers
            .keys()
            .find(|name| !hosts.contains(name))
            .map(|name| format!("{name} is in none of its segments")),
        Suffix::Ca => hosts
            .into_iter()
            .find(|name| !deployment.servers.get(name).is_some_and(|s| s.holds(Role::Ca)))
            .map(|name| format!("no input shows that {name} holds the CA role")),
    }
}

/// The key without its name and with the smaller host on the left, so that both ways of storing a
/// segment are one.
fn ends(key: &SegmentKey) -> SegmentKey {
    let (left, right, direction) = if key.left <= key.right {
        (&key.left, &key.right, key.direction)
    } else {
        let turned = match key.direction {
            Direction::Both => Direction::Both,
            Direction::LeftRight => Direction::RightLeft,
            Direction::RightLeft => Direction::LeftRight,
        };
        (&key.right, &key.left, turned)
    };
    SegmentKey { left: left.clone(), right: right.clone(), direction, name: None }
}

/// True if the list has the segment: the same ends, and the same name where both give one.
fn lists(listing: &Listing, key: &SegmentKey) -> bool {
    let wanted = ends(key);
    listing.segments.iter().any(|segment| {
        ends(&segment.key) == wanted
            && match (&segment.key.name, &key.name) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    })
}

/// The different segments among entries with the same ends. Names tell parallel segments apart;
/// entries without a name are the named ones seen by a format that has no names.
fn distinct_segments(group: &[(&Listing, &ListedSegment)]) -> Vec<Segment> {
    let mut named: BTreeMap<&str, Vec<&ListedSegment>> = BTreeMap::new();
    let mut nameless: BTreeMap<&Source, Vec<&ListedSegment>> = BTreeMap::new();
    for (listing, segment) in group {
        match &segment.key.name {
            Some(name) => named.entry(name).or_default().push(segment),
            None => nameless.entry(&listing.source).or_default().push(segment),
        }
    }
    let mut parts: Vec<Vec<&ListedSegment>> = named.into_values().collect();
    for list in nameless.into_values() {
        for (index, segment) in list.into_iter().enumerate() {
            match parts.get_mut(index) {
                Some(part) => part.push(segment),
                None => parts.push(vec![segment]),
            }
        }
    }
    parts.iter().filter_map(|part| one_segment(part)).collect()
}

fn one_segment(entries: &[&ListedSegment]) -> Option<Segment> {
    // An entry with a name sorts first, so that the name is kept.
    let key =
        entries.iter().map(|entry| &entry.key).min_by_key(|key| (key.name.is_none(), *key))?;
    let mut enabled = entries.iter().filter_map(|entry| entry.enabled);
    let first = enabled.next();
    let agree = enabled.all(|other| Some(other) == first);
    Some(Segment {
        key: key.clone(),
        enabled: first.filter(|_| agree),
        disputed: !agree || entries.iter().any(|entry| entry.disputed),
        sources: entries.iter().flat_map(|entry| entry.sources.iter().cloned()).collect(),
    })
}
