//! Questions that several rules ask of the model.

use crate::evidence::Sources;
use crate::model::{CaMode, Deployment, Fqdn, Need, Role, Suffix};
use crate::rule::{Judgement, State};
use crate::views::SuffixView;

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

/// The one judgement on a suffix that no server is known to carry.
pub(crate) fn no_carriers(deployment: &Deployment, view: &SuffixView) -> Vec<Judgement> {
    let suffix = view.suffix;
    let state = if suffix == Suffix::Ca
        && deployment.ca.certainly(|mode| *mode == CaMode::None)
    {
        State::NotApplicable("CA-less: there is no suffix ca")
    } else if suffix == Suffix::Ca
        && view.carrier_needs.is_empty()
        && deployment.ca.certainly(|mode| *mode == CaMode::Integrated)
    {
        State::NotApplicable("no server holds the CA")
    } else {
        let mut needs = view.needs(deployment);
        if suffix == Suffix::Ca && deployment.ca.value().is_none() {
            needs.push(Need::CaMode);
        }
        State::Unknown(needs)
    };
    vec![Judgement { subject: None, suffix: Some(suffix), state }]
}

/// Judgements on servers of which it is not known whether they carry a suffix.
pub(crate) fn uncertain_carriers(deployment: &Deployment, suffix: Suffix) -> Vec<Judgement> {
    deployment
        .uncertain_carriers(suffix)
        .into_iter()
        .map(|server| Judgement {
            subject: Some(server.to_string()),
            suffix: Some(suffix),
            state: State::Unknown(vec![Need::Role(server.clone(), Role::Ca)]),
        })
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
    pub(crate) fn of(deployment: &Deployment) -> Result<Self, State> {
        let needs = deployment.needs_for_carriers(Suffix::Ca);
        if deployment.ca.certainly(|mode| *mode == CaMode::None) {
            return Err(State::NotApplicable("CA-less"));
        }
        if deployment.ca.value() != Some(&CaMode::Integrated) {
            let mut needs = needs;
            needs.push(Need::CaMode);
            return Err(State::Unknown(needs));
        }
        let certain: Vec<Fqdn> = deployment.holders(Role::Ca).into_iter().cloned().collect();
        let possible = certain.len() + deployment.uncertain_carriers(Suffix::Ca).len();
        let possible_max = deployment.knows_all_servers().then_some(possible);
        Ok(Self { certain, possible_max, needs })
    }
}

/// Data centers with their servers, or what is missing to know them.
pub(crate) fn known_data_centers(
    deployment: &Deployment,
) -> Result<Vec<(&str, Vec<&Fqdn>)>, Vec<Need>> {
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
