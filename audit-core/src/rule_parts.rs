//! Questions that several rules ask of the model.

use crate::advise::Repair;
use std::collections::BTreeSet;

use crate::evidence::{Fact, Sources};
use crate::model::{CaMode, Deployment, Fqdn, Need, Role, Suffix, Upkeep, UpkeepKey};
use crate::recovery::Span;
use crate::rule::{Failure, Judgement, Severity, State};
use crate::views::parts::Parts;
use crate::views::{NamedGraph, SuffixView, Views};

/// Places that state the segments of a server, or the complete list that has none for it.
pub(crate) fn evidence_of_server(
    deployment: &Deployment,
    suffix: Suffix,
    server: &Fqdn,
) -> Sources {
    let topology = deployment.topology(suffix);
    let mut evidence: Sources = topology
        .segments
        .iter()
        .filter(|segment| segment.touches(server))
        .flat_map(|segment| segment.sources.iter().cloned())
        .collect();
    if evidence.is_empty() {
        evidence.extend(topology.sources.iter().cloned());
    }
    evidence
}

/// Places that state the segments of a suffix with an end in a group of servers, or the complete
/// list that has none; one pass, however large the group is.
pub(crate) fn evidence_of_group<'a>(
    deployment: &Deployment,
    suffix: Suffix,
    servers: impl IntoIterator<Item = &'a Fqdn>,
) -> Sources {
    let servers: BTreeSet<&Fqdn> = servers.into_iter().collect();
    let topology = deployment.topology(suffix);
    let mut evidence: Sources = topology
        .segments
        .iter()
        .filter(|segment| {
            servers.contains(&segment.key.left) || servers.contains(&segment.key.right)
        })
        .flat_map(|segment| segment.sources.iter().cloned())
        .collect();
    if evidence.is_empty() {
        evidence.extend(topology.sources.iter().cloned());
    }
    evidence
}

/// Places that state a role of the servers that hold it; of all servers if none does.
pub(crate) fn evidence_of_role(deployment: &Deployment, role: Role) -> Sources {
    let of = |wanted: &dyn Fn(&crate::model::Server) -> bool| -> Sources {
        deployment
            .servers
            .values()
            .filter(|server| wanted(server))
            .flat_map(|server| server.role(role).sources())
            .collect()
    };
    let holders = of(&|server| server.holds(role));
    if !holders.is_empty() {
        return holders;
    }
    let mut all = of(&|_| true);
    if role == Role::Ca {
        // That there is a CA at all was read elsewhere.
        all.extend(deployment.ca.sources());
    }
    all
}

/// Judges every server that carries a suffix, in each of these suffixes.
///
/// `states` gets the carriers of a suffix and answers for each of them, in order. A suffix that no
/// server is known to carry gets one judgement as a whole; a server that may carry it is unknown.
pub(crate) fn per_carrier(
    deployment: &Deployment,
    views: &Views,
    suffixes: &[Suffix],
    states: impl Fn(&SuffixView, &[&Fqdn]) -> Vec<State>,
) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for &suffix in suffixes {
        let view = views.of(suffix);
        let carriers = deployment.carriers(suffix);
        let judge = |subject, state| Judgement { subject, suffix: Some(suffix), state };
        if carriers.is_empty() {
            judgements.push(judge(None, no_carriers(deployment, view)));
            continue;
        }
        let decided = carriers.iter().zip(states(view, &carriers));
        judgements.extend(decided.map(|(server, state)| judge(Some(server.to_string()), state)));
        judgements.extend(deployment.uncertain_carriers(suffix).into_iter().map(|server| {
            let need = Need::Role(server.clone(), Role::Ca);
            judge(Some(server.to_string()), State::Unknown(vec![need]))
        }));
    }
    judgements
}

/// Judges every server; unknown as a whole while none is known.
pub(crate) fn per_server(
    deployment: &Deployment,
    state: impl Fn(&Fqdn) -> State,
) -> Vec<Judgement> {
    if deployment.servers.is_empty() {
        return as_a_whole(State::Unknown(vec![Need::ServerList]));
    }
    deployment.servers.keys().map(|name| on(Some(name.to_string()), state(name))).collect()
}

/// How a server keeps a suffix, as far as any input says.
fn upkeep<'a>(deployment: &'a Deployment, on: &Fqdn, suffix: Suffix) -> Option<&'a Upkeep> {
    deployment.observed.upkeep.get(&UpkeepKey { on: on.clone(), suffix })
}

/// How long a server keeps changes of a suffix for others.
pub(crate) fn max_age<'a>(
    deployment: &'a Deployment,
    on: &Fqdn,
    suffix: Suffix,
) -> Option<&'a Fact<Span>> {
    upkeep(deployment, on, suffix).map(|upkeep| &upkeep.changelog_max_age)
}

/// How long a server keeps deleted entries of a suffix.
pub(crate) fn purge_delay<'a>(
    deployment: &'a Deployment,
    on: &Fqdn,
    suffix: Suffix,
) -> Option<&'a Fact<Span>> {
    upkeep(deployment, on, suffix).map(|upkeep| &upkeep.purge_delay)
}

/// Judges each suffix as a whole. Not applicable while fewer than `servers_min` carry it; `state`
/// gets the others.
pub(crate) fn per_suffix(
    deployment: &Deployment,
    views: &Views,
    (servers_min, too_few): (usize, &'static str),
    state: impl Fn(&SuffixView) -> State,
) -> Vec<Judgement> {
    let judge = |view: &SuffixView| {
        let carriers = view.certain.servers().len();
        if carriers == 0 {
            no_carriers(deployment, view)
        } else if view.carrier_needs.is_empty() && carriers < servers_min {
            State::NotApplicable(too_few)
        } else {
            state(view)
        }
    };
    Suffix::ALL
        .into_iter()
        .map(|suffix| Judgement {
            subject: None,
            suffix: Some(suffix),
            state: judge(views.of(suffix)),
        })
        .collect()
}

/// Judges data centers by what their servers are; unknown as a whole while the data center of a
/// server is not known.
pub(crate) fn per_data_center<'a>(
    deployment: &'a Deployment,
    states: impl Fn(&Centers<'a>) -> Vec<(Option<String>, State)>,
) -> Vec<Judgement> {
    let states = match known_data_centers(deployment) {
        Ok(centers) => states(&centers),
        Err(needs) => vec![(None, State::Unknown(needs))],
    };
    let judge = |(subject, state)| Judgement { subject, suffix: None, state };
    states.into_iter().map(judge).collect()
}

/// Judges every server that carries a suffix, in each suffix that at least two servers carry.
pub(crate) fn per_replica(
    deployment: &Deployment,
    views: &Views,
    state: impl Fn(Suffix, &Fqdn) -> State,
) -> Vec<Judgement> {
    per_carrier(deployment, views, &Suffix::ALL, |view, carriers| {
        let alone = view.carrier_needs.is_empty() && carriers.len() < 2;
        let of = |server: &&Fqdn| {
            if alone {
                State::NotApplicable("fewer than two servers carry the suffix")
            } else {
                state(view.suffix, server)
            }
        };
        carriers.iter().map(of).collect()
    })
}

/// The data centers of a graph of a suffix.
pub(crate) fn parts_of(deployment: &Deployment, view: &SuffixView, graph: &NamedGraph) -> Parts {
    Parts::new(graph, &deployment.topology(view.suffix).segments, |name| {
        deployment.servers.get(name)?.data_center.value().map(String::as_str)
    })
}

/// Names as a list in a sentence, up to six, then how many more.
pub(crate) fn some_names<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 6;
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// State of a suffix that no server is known to carry.
pub(crate) fn no_carriers(deployment: &Deployment, view: &SuffixView) -> State {
    let suffix = view.suffix;
    let is = |mode: CaMode| suffix == Suffix::Ca && deployment.ca.certainly(|ca| *ca == mode);
    if is(CaMode::None) {
        State::NotApplicable("CA-less: there is no suffix ca")
    } else if is(CaMode::Integrated) && view.carrier_needs.is_empty() {
        State::NotApplicable("no server holds the CA")
    } else {
        let mut needs = view.needs(deployment);
        if suffix == Suffix::Ca && deployment.ca.value().is_none() {
            needs.push(Need::CaMode);
        }
        State::Unknown(needs)
    }
}

/// Judges the number of CA replicas: CA-less and unknown deployments the same for every rule.
pub(crate) fn on_ca_count(
    deployment: &Deployment,
    state: impl Fn(CaCount) -> State,
) -> Vec<Judgement> {
    let state = match CaCount::of(deployment) {
        Ok(count) => state(count),
        Err(state) => state,
    };
    vec![Judgement { subject: None, suffix: None, state }]
}

/// Data centers with their servers, by name.
pub(crate) type Centers<'a> = Vec<(&'a str, Vec<&'a Fqdn>)>;

/// Judges data centers by the segments of suffix `domain`; unknown as a whole while the data center
/// of a server is not known.
pub(crate) fn on_data_centers<'a>(
    deployment: &'a Deployment,
    views: &Views,
    states: impl Fn(&SuffixView, &Centers<'a>) -> Vec<(Option<String>, State)>,
) -> Vec<Judgement> {
    let suffix = Suffix::Domain;
    let states = match known_data_centers(deployment) {
        Ok(centers) => states(views.of(suffix), &centers),
        Err(needs) => vec![(None, State::Unknown(needs))],
    };
    states
        .into_iter()
        .map(|(subject, state)| Judgement { subject, suffix: Some(suffix), state })
        .collect()
}

/// Servers that hold the integrated CA.
pub(crate) struct CaCount {
    /// Those known to hold it, in order.
    pub(crate) certain: Vec<Fqdn>,
    /// How many may hold it; `None` while there may be unknown servers.
    pub(crate) possible_max: Option<usize>,
    /// What is missing to know it exactly.
    pub(crate) needs: Vec<Need>,
}

impl CaCount {
    /// The count, or the state that every rule on it has: CA-less, or nothing known.
    fn of(deployment: &Deployment) -> Result<Self, State> {
        if let Some(state) = unless_integrated_ca(deployment) {
            return Err(state);
        }
        let needs = deployment.needs_for_carriers(Suffix::Ca);
        let certain: Vec<Fqdn> = deployment.holders(Role::Ca).into_iter().cloned().collect();
        let possible = certain.len() + deployment.uncertain_carriers(Suffix::Ca).len();
        let possible_max = deployment.knows_all_servers().then_some(possible);
        Ok(Self { certain, possible_max, needs })
    }
}

/// The state of rules on the integrated CA where there is none, or nobody knows.
pub(crate) fn unless_integrated_ca(deployment: &Deployment) -> Option<State> {
    if deployment.ca.certainly(|mode| *mode == CaMode::None) {
        return Some(State::NotApplicable("CA-less"));
    }
    (deployment.ca.value() != Some(&CaMode::Integrated)).then(|| {
        let mut needs = deployment.needs_for_carriers(Suffix::Ca);
        needs.push(Need::CaMode);
        State::Unknown(needs)
    })
}

/// One judgement on the deployment as a whole.
pub(crate) fn as_a_whole(state: State) -> Vec<Judgement> {
    vec![on(None, state)]
}

/// A judgement on a server, data center or copy, for rules that have no suffix.
pub(crate) fn on(subject: Option<String>, state: State) -> Judgement {
    Judgement { subject, suffix: None, state }
}

/// A failure without a repair.
pub(crate) fn failure(
    severity: Severity,
    subjects: Vec<String>,
    why: String,
    evidence: Sources,
) -> State {
    State::Fail(Box::new(Failure { severity, subjects, why, evidence, repair: None }))
}

/// Gives the first failure the repair of all: rules whose failures are one finding need no more.
pub(crate) fn repair_once(judgements: &mut [Judgement], repair: Repair) {
    let failure = judgements.iter_mut().find_map(|judgement| match &mut judgement.state {
        State::Fail(failure) => Some(failure),
        _ => None,
    });
    if let Some(failure) = failure {
        failure.repair = Some(repair);
    }
}

/// Names as words of a report.
pub(crate) fn names(servers: &[&Fqdn]) -> Vec<String> {
    servers.iter().map(ToString::to_string).collect()
}

/// Data centers with their servers, or what is missing to know them.
pub(crate) fn known_data_centers(deployment: &Deployment) -> Result<Centers<'_>, Vec<Need>> {
    let mut needs: Vec<Need> = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.data_center.value().is_none())
        .map(|(name, _)| Need::DataCenter(name.clone()))
        .collect();
    if !deployment.knows_all_servers() {
        needs.insert(0, Need::ServerList);
    }
    if needs.is_empty() { Ok(deployment.data_centers().into_iter().collect()) } else { Err(needs) }
}
