//! A drill as JSON, `idm-drill/outcome/1`.

use audit_core::recovery::Procedure;
use serde_json::{Value, json};

use super::outcome::{Drilled, Moment};
use crate::kernel::time::Span;

/// The JSON Schema of the document, as `idm-drill schema outcome` prints it.
pub const OUTCOME_SCHEMA: &str = include_str!("../../schemas/outcome.json");

/// Name and version of the document.
pub(super) const SCHEMA: &str = "idm-drill/outcome/1";

/// The document, ending in a line feed.
pub fn render(drilled: &Drilled) -> String {
    let mut text = format!("{:#}", document(drilled));
    text.push('\n');
    text
}

fn document(drilled: &Drilled) -> Value {
    let lost: serde_json::Map<String, Value> = drilled
        .lost
        .iter()
        .map(|(suffix, account)| {
            let groups: serde_json::Map<String, Value> = drilled
                .groups(*suffix)
                .into_iter()
                .map(|(name, count)| (name.to_owned(), json!(count)))
                .collect();
            let row = json!({
                "acknowledged": account.acknowledged,
                "count": account.missing(),
                "groups": groups,
                "superseded": account.superseded,
                "oldest_age_ms": account.oldest_age.map(Span::millis),
            });
            (suffix.to_string(), row)
        })
        .collect();
    let service: serde_json::Map<String, Value> = drilled
        .outages
        .iter()
        .map(|row| {
            let cell = json!({ "is_back": row.is_back, "outage_ms": row.span.millis() });
            (row.capability.to_owned(), cell)
        })
        .collect();
    let load = &drilled.load;
    json!({
        "schema": SCHEMA,
        "as_of": drilled.as_of.to_string(),
        "assumptions": drilled.assumptions,
        "case": drilled.case.to_string(),
        "class": drilled.class.name(),
        "fingerprint": drilled.fingerprint().to_string(),
        "impossible": drilled.impossible,
        "islands": names(&drilled.islands),
        "lost": lost,
        "load": {
            "clients": load.clients,
            "most_per_server": load.most_per_server,
            "visible_servers": load.visible,
            "fewest_visible_servers": load.fewest_visible,
            "servers": load.servers.iter().map(|(name, before, peak)| json!({
                "server": name.as_str(),
                "before": before,
                "most": peak,
            })).collect::<Vec<_>>(),
            "overloaded_ms": load.overloaded.millis(),
            "unserved_clients": load.unserved,
            "unserved_ms": load.unserved_for.millis(),
        },
        "noticed_ms": drilled.since_disaster(drilled.noticed_at),
        "predicted_class": drilled.predicted.map_or("unknown", |class| class.name()),
        "procedure": drilled.procedure.map(Procedure::name),
        "protection": {
            "failed": drilled.protection.failed,
            "outage_ms": drilled.protection.outage.millis(),
            "runs": drilled.protection.runs,
        },
        "reasons": drilled.findings.iter().map(|finding| json!({
            "class": finding.class.name(),
            "words": finding.words,
        })).collect::<Vec<_>>(),
        "recovery_seconds": drilled.recovery().map(Span::whole_seconds),
        "scenario": drilled.scenario,
        "seed": drilled.seed,
        "serves_until_ms": drilled.serves_until.as_ref().map(|(_, at)| drilled.since_disaster(*at)),
        "service": service,
        "steps": drilled.moments.iter().map(|moment| step(drilled, moment)).collect::<Vec<_>>(),
    })
}

fn names(islands: &[Vec<audit_core::model::Fqdn>]) -> Value {
    let island = |island: &Vec<audit_core::model::Fqdn>| {
        island.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    json!(islands.iter().map(island).collect::<Vec<_>>())
}

fn step(drilled: &Drilled, moment: &Moment) -> Value {
    json!({
        "action": moment.kind.name(),
        "at_ms": drilled.since_disaster(moment.at),
        "on": moment.on.as_ref().map(ToString::to_string),
        "result": moment.words,
        "took_ms": moment.took.millis(),
    })
}
