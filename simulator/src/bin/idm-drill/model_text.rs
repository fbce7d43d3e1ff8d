//! The model as text: what was understood, in the order an administrator checks it.

use audit_core::evidence::Fact;
use audit_core::import::Imported;
use audit_core::model::{Role, RoleStatus, Suffix};

/// The model as text, ending in a line feed.
pub(crate) fn render(imported: &Imported) -> String {
    let deployment = &imported.deployment;
    let mut lines = Vec::new();
    for input in &imported.inputs {
        lines.push(format!("read {}: {}", input.file, input.format));
    }
    lines.push(String::new());
    let all = if deployment.knows_all_servers() { "all" } else { "there may be more" };
    lines.push(format!("{} servers ({all})", deployment.servers.len()));
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
        lines.push(format!("suffix {suffix}: {} segments ({known})", topology.segments.len()));
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
    lines.push(String::new());
    lines.join("\n")
}

fn word<T>(fact: &Fact<T>, name: impl Fn(&T) -> String) -> String {
    match fact {
        Fact::Unknown => "unknown".to_owned(),
        Fact::Known { value, .. } => name(value),
        Fact::Conflict(claims) => claims.keys().map(name).collect::<Vec<_>>().join(" or "),
    }
}
