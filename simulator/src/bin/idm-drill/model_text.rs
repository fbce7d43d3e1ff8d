//! The model as text: what was understood, in the order an administrator checks it.

use audit_core::evidence::Fact;
use audit_core::import::Imported;
use audit_core::model::{IdRange, Observed, Role, RoleStatus, Suffix};
use audit_core::recovery::Span;
use audit_core::views::agreements::Condition;

/// The model as text, ending in a line feed.
pub(crate) fn render(imported: &Imported) -> String {
    let deployment = &imported.deployment;
    let mut lines = Vec::new();
    for input in &imported.inputs {
        lines.push(format!("read {}: {}", input.file, input.format));
    }
    lines.push(String::new());
    if deployment.is_planned() {
        lines.push("a design, not a deployment: all of it is planned".to_owned());
    }
    let all = if deployment.knows_all_servers() { "all" } else { "there may be more" };
    lines.push(format!("{} ({all})", count(deployment.servers.len(), "server")));
    let width = deployment.servers.keys().map(|name| name.as_str().len()).max().unwrap_or(0);
    for (name, server) in &deployment.servers {
        let roles: Vec<String> = Role::ALL
            .into_iter()
            .filter(|role| server.role(*role).value() != Some(&RoleStatus::Absent))
            .map(|role| {
                format!("{}={}", role.key(), word(server.role(role), |s| s.name().to_owned()))
            })
            .collect();
        let center = word(&server.data_center, Clone::clone);
        let visibility = server.visibility().name();
        lines.push(format!(
            "  {:<width$}  {visibility:<8} data center {center}; {}",
            name.as_str(),
            roles.join(" ")
        ));
    }
    let ca = word(&deployment.ca, |mode| mode.name().to_owned());
    let renewal = word(&deployment.ca_renewal_server, ToString::to_string);
    lines.push(String::new());
    lines.push(format!("CA {ca}; CA renewal server {renewal}"));
    for suffix in Suffix::ALL {
        let topology = deployment.topology(suffix);
        let known = match (topology.is_known(), topology.complete) {
            (true, _) => "all",
            (false, true) => "lists disagree",
            (false, false) => "there may be more",
        };
        lines.push(String::new());
        lines.push(format!(
            "suffix {suffix}: {} ({known})",
            count(topology.segments.len(), "segment")
        ));
        for segment in &topology.segments {
            let arrow = match segment.key.direction {
                audit_core::model::Direction::Both => "<->",
                audit_core::model::Direction::LeftRight => "-->",
                audit_core::model::Direction::RightLeft => "<--",
            };
            let off = if segment.enabled == Some(false) { "  disabled" } else { "" };
            let disputed = if segment.disputed { "  not in every list" } else { "" };
            lines.push(format!(
                "  {} {arrow} {}{off}{disputed}",
                segment.key.left, segment.key.right
            ));
        }
    }
    let shown = observed(&deployment.observed);
    if !shown.is_empty() {
        lines.push(String::new());
        lines.extend(shown);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What single servers show of themselves, one line per kind; nothing of what no input shows.
fn observed(observed: &Observed) -> Vec<String> {
    let mut lines = Vec::new();
    for suffix in Suffix::ALL {
        let agreements = || observed.agreements.iter().filter(|(key, _)| key.suffix == suffix);
        if agreements().next().is_some() {
            let lists = observed.agreement_lists.keys().filter(|(_, of)| *of == suffix).count();
            let all = count(lists, "server");
            let total = count(agreements().count(), "agreement");
            lines.push(format!("suffix {suffix}: {total} (all of {all})"));
        }
        for (key, agreement) in agreements() {
            let text = match Condition::of(observed, key) {
                Condition::Works => continue,
                Condition::Unknown => {
                    let enabled =
                        word(&agreement.enabled, |on| if *on { "on" } else { "off" }.to_owned());
                    let state = word(&agreement.state, ToString::to_string);
                    format!("enabled {enabled}, last update {state}")
                }
                condition => condition.to_string(),
            };
            lines.push(format!("  {} to {}: {text}", key.on, key.peer));
        }
    }
    for (key, ruv) in &observed.ruvs {
        let on = key.on.as_ref().map_or("a server", |on| on.as_str());
        let own = word(&ruv.own_id, ToString::to_string);
        let generation = word(&ruv.generation, Clone::clone);
        let ids: Vec<String> = ruv.replicas.keys().map(ToString::to_string).collect();
        let ids = if ids.is_empty() { "unknown".to_owned() } else { ids.join(", ") };
        lines.push(format!(
            "RUV of {on}, suffix {}: ids {ids}; own id {own}; generation {generation}",
            key.suffix
        ));
    }
    for (server, dna) in &observed.dna {
        let range = |fact: &Fact<Option<IdRange>>| {
            word(fact, |range| range.map_or("none".to_owned(), |range| range.to_string()))
        };
        let (own, next) = (range(&dna.range), range(&dna.next_range));
        let left = word(&dna.remaining, ToString::to_string);
        lines.push(format!("ids of {server}: range {own}, next range {next}, left {left}"));
    }
    for (key, upkeep) in &observed.upkeep {
        let span = |fact: &Fact<Span>| word(fact, ToString::to_string);
        let (age, delay) = (span(&upkeep.changelog_max_age), span(&upkeep.purge_delay));
        let conflicts = word(&upkeep.conflicts, ToString::to_string);
        lines.push(format!(
            "{}, suffix {}: changelog {age}, purge delay {delay}, conflicts {conflicts}",
            key.on, key.suffix
        ));
    }
    for (server, skew) in &observed.clock_skews {
        let off = word(skew, |seconds| match seconds / 3600 {
            0 => "right".to_owned(),
            hours => format!("off by {hours} hours or more"),
        });
        lines.push(format!("clock of {server}: {off}"));
    }
    for ((server, path), enough) in &observed.filesystems {
        let room = word(enough, |e| if *e { "enough" } else { "too little" }.to_owned());
        lines.push(format!("free space of {path} on {server}: {room}"));
    }
    for ((server, name), runs) in &observed.services {
        let state = word(runs, |runs| if *runs { "runs" } else { "is stopped" }.to_owned());
        lines.push(format!("{name} on {server} {state}"));
    }
    if let Some(first) = observed.certificates.values().filter_map(|c| c.expires.value()).min() {
        let number = count(observed.certificates.len(), "certificate");
        lines.push(format!("{number}, the first ends {first}"));
    }
    lines
}

/// `1 server`, `2 servers`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn word<T>(fact: &Fact<T>, name: impl Fn(&T) -> String) -> String {
    match fact {
        Fact::Unknown => "unknown".to_owned(),
        Fact::Known { value, .. } => name(value),
        Fact::Conflict(claims) => claims.keys().map(name).collect::<Vec<_>>().join(" or "),
    }
}
