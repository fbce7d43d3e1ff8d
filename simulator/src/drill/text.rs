//! A drill as a timeline that a person can follow.

use std::fmt::Write as _;

use audit_core::model::Fqdn;

use super::clients::ClientLoad;
use super::outcome::{Drilled, Moment, MomentKind};
use crate::kernel::time::{Span, Time};

/// The timeline, what came of it and what it rests on, ending in a line feed.
pub fn render(drilled: &Drilled) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "Drill of {}, as of {}, seed {}\n",
        drilled.case, drilled.as_of, drilled.seed
    );
    for copy in &drilled.copies {
        let host = copy.host.as_ref().map_or("an unknown server", |host| host.as_str());
        let _ = match copy.taken_at {
            Some(at) => writeln!(
                out,
                "  {:>14}  copy      {} of {host}",
                format!("-{}", rough(drilled.struck.since(at))),
                copy.id
            ),
            None => writeln!(out, "  {:>14}  copy      {} cannot be used", "", copy.id),
        };
    }
    for moment in &drilled.moments {
        let _ = writeln!(out, "  {:>14}  {}", clock(drilled, moment.at), line(moment));
    }
    let _ = writeln!(out);
    let predicted = drilled.predicted.map_or("unknown", |class| class.words());
    let _ = writeln!(
        out,
        "Ends with {}; at worst, the audit says: {predicted}.",
        drilled.class.words()
    );
    if drilled.is_worse_than_predicted() {
        let _ = writeln!(
            out,
            "This is worse than the audit says: please report it with the exports or `import \
             --format json`."
        );
    }
    if let (Some(procedure), Some(scenario)) = (drilled.procedure, drilled.scenario) {
        let _ = writeln!(out, "Procedure {} ({scenario}).", procedure.name());
    }
    for finding in &drilled.findings {
        let _ = writeln!(out, "  - {}", finding.words);
    }
    for reason in &drilled.impossible {
        let _ = writeln!(out, "  - {reason}");
    }
    writes(drilled, &mut out);
    services(drilled, &mut out);
    if drilled.islands.len() > 1 {
        let _ = writeln!(out, "\nServers replicate in groups that do not reach each other:");
        for island in &drilled.islands {
            let names: Vec<&str> = island.iter().map(Fqdn::as_str).collect();
            let _ = writeln!(out, "  - {}", names.join(", "));
        }
    }
    let _ = writeln!(out, "\nAssumed (--assume FILE replaces these):");
    for line in &drilled.assumptions {
        let _ = writeln!(out, "  - {line}");
    }
    let _ = writeln!(out, "\nFingerprint {}", drilled.fingerprint());
    out
}

fn writes(drilled: &Drilled, out: &mut String) {
    let _ = writeln!(out, "\nAcknowledged writes:");
    for (suffix, account) in &drilled.lost {
        if account.acknowledged == 0 {
            continue;
        }
        let oldest = account
            .oldest_age
            .map(|age| format!(", the oldest made {} before the disaster", rough(age)));
        let _ = writeln!(
            out,
            "  {suffix}: {} of {} gone{}",
            account.missing(),
            account.acknowledged,
            oldest.unwrap_or_default()
        );
        for (name, count) in drilled.groups(*suffix) {
            if count > 0 {
                let _ = writeln!(out, "    {count} {}", name.replace('_', " "));
            }
        }
        if account.superseded > 0 {
            let _ = writeln!(out, "    {} replaced by later writes", account.superseded);
        }
    }
}

fn services(drilled: &Drilled, out: &mut String) {
    let rows: Vec<String> = drilled
        .outages
        .iter()
        .filter(|row| row.span > Span::ZERO)
        .map(|row| {
            let end = if row.is_back { "" } else { ", and still is" };
            let name = row.capability.replace('_', " ");
            format!("  {name} was not possible for {}{end}", rough(row.span))
        })
        .collect();
    let _ = writeln!(out, "\nService:");
    if rows.is_empty() {
        let _ = writeln!(out, "  nothing was interrupted as a whole");
    }
    for row in rows {
        let _ = writeln!(out, "{row}");
    }
    clients(&drilled.load, out);
    if let Some((server, at)) = &drilled.serves_until {
        let _ = writeln!(
            out,
            "  without a CA nobody renews certificates: those of {server} end first, {} after the \
             disaster",
            rough(at.since(drilled.struck))
        );
    }
    if let Some(span) = drilled.recovery() {
        let _ = writeln!(out, "  the last step was done {} after the disaster", rough(span));
    }
    let protection = &drilled.protection;
    if protection.runs > 0 {
        let _ = writeln!(
            out,
            "  scheduled copies before the disaster: {} runs, {} failed, servers out of service \
             for {}",
            protection.runs,
            protection.failed,
            rough(protection.outage)
        );
    }
}

/// What clients had of it.
fn clients(load: &ClientLoad, out: &mut String) {
    if load.fewest_visible < load.visible {
        let _ = writeln!(
            out,
            "  {} of {} visible servers were left for clients",
            load.fewest_visible, load.visible
        );
    }
    let busiest = load
        .servers
        .iter()
        .filter(|(_, before, most)| most > before)
        .max_by_key(|(name, _, most)| (*most, std::cmp::Reverse(name)));
    if let Some((server, before, most)) = busiest {
        let _ = writeln!(
            out,
            "  {server} served {most} of {} clients, {before} before; one server is good for {}",
            load.clients, load.most_per_server
        );
    }
    if load.overloaded > Span::ZERO {
        let words = "servers had more clients than they are good for";
        let _ = writeln!(out, "  {words} for {}", rough(load.overloaded));
    }
    if load.unserved > 0 {
        let _ = writeln!(
            out,
            "  {} clients reached no server, for {}",
            load.unserved,
            rough(load.unserved_for)
        );
    }
}

fn clock(drilled: &Drilled, at: Time) -> String {
    if at < drilled.struck {
        return format!("-{}", rough(drilled.struck.since(at)));
    }
    let seconds = at.since(drilled.struck).whole_seconds();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
    if days > 0 { format!("+{days}d {clock}") } else { format!("+{clock}") }
}

fn line(moment: &Moment) -> String {
    let took = match moment.kind {
        MomentKind::Step | MomentKind::Refused => format!(" (took {})", rough(moment.took)),
        _ => String::new(),
    };
    let on = match (&moment.on, moment.kind) {
        (Some(on), MomentKind::Step | MomentKind::Refused | MomentKind::Mistake)
            if !moment.words.contains(on.as_str()) =>
        {
            format!("on {on}: ")
        }
        _ => String::new(),
    };
    format!("{:<8}  {on}{}{took}", moment.kind.name(), moment.words)
}

/// A span in its two largest units: nobody reads milliseconds of a day.
fn rough(span: Span) -> String {
    let seconds = span.whole_seconds();
    if seconds == 0 {
        return span.to_string();
    }
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut parts = Vec::new();
    let mut rest = seconds;
    for (length, unit) in units {
        if rest >= length {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    parts.truncate(2);
    parts.join(" ")
}

/// The head of the table that `drill --all` prints.
pub fn table() -> String {
    format!("{:<44} {:<18} {:<18} {:>10} {:>12}\n", "case", "audit", "drill", "lost", "recovery")
}

/// One row of it.
pub fn table_row(drilled: &Drilled) -> String {
    let lost: u64 = drilled.lost.iter().map(|(_, account)| account.missing()).sum();
    let predicted = drilled.predicted.map_or("unknown", |class| class.words());
    let mark = if drilled.is_worse_than_predicted() { "  DISAGREES" } else { "" };
    format!(
        "{:<44} {predicted:<18} {:<18} {lost:>10} {:>12}{mark}\n",
        drilled.case.to_string(),
        drilled.class.words(),
        drilled.recovery().map_or_else(|| "none".to_owned(), rough)
    )
}
