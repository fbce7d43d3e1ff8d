//! What single servers show of themselves, and what people declare: agreements, RUVs, id ranges,
//! certificates, answers.
//!
//! The same structure collects facts and is part of the model: every cell only grows, by union, so
//! the order of inputs cannot change it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Fqdn, Suffix};
use crate::evidence::{Fact, Sources};
use crate::recovery::Span;
use crate::time::Timestamp;

/// Class of an agreement's last incremental update. Closed.
///
/// The classes of `nsds5replicaLastUpdateStatus` by error number (389-ds `repl5_agmt.c`, and the
/// errors seen on real servers). The color of the status JSON is not one of them: it is green for
/// a disabled agreement and amber for one that can never catch up.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AgreementState {
    /// Error (0): the last update succeeded.
    Ok,
    /// Error (1): the consumer was busy with another supplier; healthy rings show it.
    Busy,
    /// Error (18): the supplier no longer has a change that the consumer needs.
    Stuck,
    /// Error (19): the consumer's database is of another generation, so both refuse each other.
    OtherGeneration,
    /// Error (-1) or an LDAP error: the consumer could not be reached.
    Unreachable,
    /// Any other error.
    Failed,
    /// No update yet.
    Never,
}

impl AgreementState {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Busy,
        Self::Stuck,
        Self::OtherGeneration,
        Self::Unreachable,
        Self::Failed,
        Self::Never,
    ];

    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Busy => "busy",
            Self::Stuck => "stuck",
            Self::OtherGeneration => "other_generation",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
            Self::Never => "never",
        }
    }

    /// Reads the name in JSON.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }

    /// The class of an error number of `nsds5replicaLastUpdateStatus`. LDAP result codes below 0
    /// and 81 to 91 mean that there was no connection.
    pub fn of_error(code: i64) -> Self {
        match code {
            0 => Self::Ok,
            1 => Self::Busy,
            18 => Self::Stuck,
            19 => Self::OtherGeneration,
            i64::MIN..0 | 81 | 85 | 91 => Self::Unreachable,
            _ => Self::Failed,
        }
    }

    /// True if changes do not get through and will not by themselves.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Stuck | Self::OtherGeneration | Self::Unreachable | Self::Failed)
    }
}

impl fmt::Display for AgreementState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What identifies a replication agreement: one direction of one suffix, stored on its supplier.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AgreementKey {
    /// The supplier, on which the agreement is stored.
    pub on: Fqdn,
    /// The replicated suffix.
    pub suffix: Suffix,
    /// The consumer.
    pub peer: Fqdn,
}

/// A replication agreement as its supplier shows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Agreement {
    /// Where it was read.
    pub sources: Sources,
    /// `nsds5ReplicaEnabled`; absent there means on.
    pub enabled: Fact<bool>,
    /// Class of the last incremental update.
    pub state: Fact<AgreementState>,
    /// End of the last incremental update; the newest that any input shows.
    pub updated_at: Option<Timestamp>,
}

/// Whose view of which suffix a RUV is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RuvKey {
    /// The server that was asked; `None` if the input does not say.
    pub on: Option<Fqdn>,
    /// The replicated suffix.
    pub suffix: Suffix,
}

/// A replica update vector: how far a server is, for each replica it ever heard of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ruv {
    /// Where it was read.
    pub sources: Sources,
    /// The server's own replica id.
    pub own_id: Fact<u16>,
    /// Database generation: servers of different generations refuse each other.
    pub generation: Fact<String>,
    /// Its elements by replica id.
    pub replicas: BTreeMap<u16, RuvElement>,
}

/// One element of a [`Ruv`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuvElement {
    /// Where it was read.
    pub sources: Sources,
    /// Host of the replica, from the URL.
    pub host: Fact<Fqdn>,
    /// Newest change of that replica: its CSN, 20 hex digits; the largest that any input shows.
    pub max_csn: Option<String>,
}

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IdRange {
    /// Smallest id.
    pub first: u64,
    /// Largest id, not below the smallest.
    pub last: u64,
}

impl IdRange {
    /// A range, or `None` if `last` is below `first`.
    pub fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// How many ids it holds.
    pub fn size(self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// True if some id is in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// True if every id of `other` is in this.
    pub fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Ids that a server may hand out (389-ds plug-in "Distributed Numeric Assignment").
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Dna {
    /// Ids left in the active range; known to be `None` if the server holds no range.
    pub range: Fact<Option<IdRange>>,
    /// The range that follows; known to be `None` if there is none.
    pub next_range: Fact<Option<IdRange>>,
    /// Ids left according to the shared configuration; the fewest that any input shows. Never a
    /// conflict: ids are used up.
    pub remaining: Fact<u64>,
}

/// What an ID range of the deployment is for (`ipaRangeType`). Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum IdRangeKind {
    /// `ipa-local`: ids of IdM's own users and groups.
    Local,
    /// `ipa-ad-trust`, `ipa-ad-trust-posix`: ids of a trusted domain.
    Trust,
    /// Any other.
    Other,
}

impl IdRangeKind {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Trust => "trust",
            Self::Other => "other",
        }
    }

    /// Reads the name in JSON.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Local, Self::Trust, Self::Other].into_iter().find(|kind| kind.name() == text)
    }

    /// Reads `ipaRangeType`.
    pub fn of_type(text: &str) -> Self {
        match text.trim().to_ascii_lowercase().as_str() {
            "ipa-local" => Self::Local,
            "ipa-ad-trust" | "ipa-ad-trust-posix" | "ipa-ad-winsync" => Self::Trust,
            _ => Self::Other,
        }
    }
}

/// An ID range of the deployment (`cn=ranges,cn=etc`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DeploymentRange {
    /// What it is for.
    pub kind: IdRangeKind,
    /// Its ids.
    pub ids: IdRange,
}

impl fmt::Display for DeploymentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.ids, self.kind.name())
    }
}

/// What identifies a certificate on a server.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct CertificateKey {
    /// The server.
    pub on: Fqdn,
    /// Nickname or file, as certmonger or the check names it.
    pub name: String,
}

/// A certificate of a server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Certificate {
    /// Where it was read.
    pub sources: Sources,
    /// Begin of its validity.
    pub issued: Fact<Timestamp>,
    /// End of its validity.
    pub expires: Fact<Timestamp>,
    /// Whether certmonger tracks it.
    pub tracked: Fact<bool>,
}

/// Who signed the integrated CA's certificate. Closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CaSigning {
    /// The CA itself.
    SelfSigned,
    /// Another CA: nobody in IdM renews it.
    External,
}

impl CaSigning {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::SelfSigned => "self",
            Self::External => "external",
        }
    }

    /// Reads the name in JSON.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::SelfSigned, Self::External].into_iter().find(|signing| signing.name() == text)
    }
}

impl fmt::Display for CaSigning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SelfSigned => "self-signed",
            Self::External => "externally signed",
        })
    }
}

/// What identifies how a server keeps a suffix.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UpkeepKey {
    /// The server.
    pub on: Fqdn,
    /// The replicated suffix.
    pub suffix: Suffix,
}

/// How a server keeps the changes of a suffix, and what replication left in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Upkeep {
    /// `nsslapd-changelogmaxage`: how long changes are kept for others; 0 means that age removes
    /// none.
    pub changelog_max_age: Fact<Span>,
    /// `nsds5ReplicaPurgeDelay`: how long deleted entries and old values are kept; 0 means forever.
    pub purge_delay: Fact<Span>,
    /// How many entries replication could not merge and kept under another name.
    pub conflicts: Fact<u64>,
}

/// What somebody answered to an open question. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// A count.
    Number(u64),
    /// A word or a name.
    Text(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A finding that somebody decided to live with. Never changes the raw grade.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Waiver {
    /// Code or identifier of the rule.
    pub rule: String,
    /// The subject it is meant for; `None` for all.
    pub subject: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it ends; `None` for never.
    pub expires: Option<Timestamp>,
    /// Where it is declared.
    pub sources: Sources,
}

/// Everything that single servers show of themselves, and what people declare.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observed {
    /// Replication agreements.
    pub agreements: BTreeMap<AgreementKey, Agreement>,
    /// Where all agreements of a server for a suffix are listed.
    pub agreement_lists: BTreeMap<(Fqdn, Suffix), Sources>,
    /// RUVs.
    pub ruvs: BTreeMap<RuvKey, Ruv>,
    /// Ids that each server may hand out.
    pub dna: BTreeMap<Fqdn, Dna>,
    /// ID ranges of the deployment, by name.
    pub id_ranges: BTreeMap<String, Fact<DeploymentRange>>,
    /// Certificates.
    pub certificates: BTreeMap<CertificateKey, Certificate>,
    /// Who signed the CA's certificate.
    pub ca_signing: Fact<CaSigning>,
    /// IdM locations.
    pub locations: BTreeMap<String, Sources>,
    /// Where all locations are listed; empty if no input is known to list them all.
    pub location_list: Sources,
    /// The location of each server that has one.
    pub server_locations: BTreeMap<Fqdn, Fact<String>>,
    /// The list of servers that a server shows when it is asked.
    pub server_views: BTreeMap<Fqdn, Fact<BTreeSet<Fqdn>>>,
    /// How servers keep each suffix.
    pub upkeep: BTreeMap<UpkeepKey, Upkeep>,
    /// By how many seconds the clock of a server's directory is off at least: 0 if a check found
    /// it right.
    pub clock_skews: BTreeMap<Fqdn, Fact<u64>>,
    /// Whether a file system of a server has as much free space as its check asks for, by server
    /// and folder.
    pub filesystems: BTreeMap<(Fqdn, String), Fact<bool>>,
    /// Whether a service of a server runs, by server and name.
    pub services: BTreeMap<(Fqdn, String), Fact<bool>>,
    /// Answers to open questions, by the question's identifier.
    pub answers: BTreeMap<String, Fact<Answer>>,
    /// Waived findings.
    pub waivers: BTreeSet<Waiver>,
}

impl Observed {
    /// The agreement to state facts of.
    pub fn agreement(&mut self, key: AgreementKey, sources: Sources) -> &mut Agreement {
        let agreement = self.agreements.entry(key).or_default();
        agreement.sources.extend(sources);
        agreement
    }

    /// The RUV to state facts of.
    pub fn ruv(&mut self, key: RuvKey, sources: Sources) -> &mut Ruv {
        let ruv = self.ruvs.entry(key).or_default();
        ruv.sources.extend(sources);
        ruv
    }

    /// How a server keeps a suffix, to state facts of.
    pub fn upkeep(&mut self, on: &Fqdn, suffix: Suffix) -> &mut Upkeep {
        self.upkeep.entry(UpkeepKey { on: on.clone(), suffix }).or_default()
    }

    /// The certificate to state facts of.
    pub fn certificate(&mut self, key: CertificateKey, sources: Sources) -> &mut Certificate {
        let certificate = self.certificates.entry(key).or_default();
        certificate.sources.extend(sources);
        certificate
    }

    /// Takes over everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        for (key, from) in other.agreements {
            let into = self.agreement(key, from.sources);
            into.enabled.merge(from.enabled);
            into.state.merge(from.state);
            into.updated_at = into.updated_at.max(from.updated_at);
        }
        for (key, sources) in other.agreement_lists {
            self.agreement_lists.entry(key).or_default().extend(sources);
        }
        for (key, from) in other.ruvs {
            self.ruvs.entry(key).or_default().merge(from);
        }
        for (server, from) in other.dna {
            let into = self.dna.entry(server).or_default();
            into.range.merge(from.range);
            into.next_range.merge(from.next_range);
            for (remaining, sources) in from.remaining.claims() {
                into.state_remaining(remaining, sources);
            }
        }
        for (name, range) in other.id_ranges {
            self.id_ranges.entry(name).or_default().merge(range);
        }
        for (key, from) in other.certificates {
            let into = self.certificate(key, from.sources);
            into.issued.merge(from.issued);
            into.expires.merge(from.expires);
            into.tracked.merge(from.tracked);
        }
        self.ca_signing.merge(other.ca_signing);
        for (name, sources) in other.locations {
            self.locations.entry(name).or_default().extend(sources);
        }
        self.location_list.extend(other.location_list);
        for (server, location) in other.server_locations {
            self.server_locations.entry(server).or_default().merge(location);
        }
        for (server, view) in other.server_views {
            self.server_views.entry(server).or_default().merge(view);
        }
        for (key, from) in other.upkeep {
            let into = self.upkeep.entry(key).or_default();
            into.changelog_max_age.merge(from.changelog_max_age);
            into.purge_delay.merge(from.purge_delay);
            into.conflicts.merge(from.conflicts);
        }
        for (server, skew) in other.clock_skews {
            self.clock_skews.entry(server).or_default().merge(skew);
        }
        for (place, enough) in other.filesystems {
            self.filesystems.entry(place).or_default().merge(enough);
        }
        for (service, runs) in other.services {
            self.services.entry(service).or_default().merge(runs);
        }
        for (question, answer) in other.answers {
            self.answers.entry(question).or_default().merge(answer);
        }
        self.waivers.extend(other.waivers);
    }
}

impl Ruv {
    /// Takes over everything that `other` states.
    pub fn merge(&mut self, other: Self) {
        self.sources.extend(other.sources);
        self.own_id.merge(other.own_id);
        self.generation.merge(other.generation);
        for (id, from) in other.replicas {
            self.replica(id, from.sources.clone()).merge(from);
        }
    }

    /// The element to state facts of.
    pub fn replica(&mut self, id: u16, sources: Sources) -> &mut RuvElement {
        let element = self.replicas.entry(id).or_default();
        element.sources.extend(sources);
        element
    }
}

impl RuvElement {
    /// States a newest change; the largest is kept.
    pub fn state_max_csn(&mut self, csn: Option<String>) {
        self.max_csn = self.max_csn.take().max(csn);
    }

    fn merge(&mut self, other: Self) {
        self.host.merge(other.host);
        self.state_max_csn(other.max_csn);
    }
}

impl Dna {
    /// States how many ids are left; the fewest are kept.
    pub fn state_remaining(&mut self, remaining: u64, sources: Sources) {
        match self.remaining.value() {
            Some(fewest) if *fewest < remaining => {}
            Some(fewest) if *fewest == remaining => self.remaining.claim(remaining, sources),
            _ => self.remaining = Fact::Known { value: remaining, sources },
        }
    }
}
