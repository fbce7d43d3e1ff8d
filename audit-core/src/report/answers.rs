//! The template of `answers.toml`: the open questions of one deployment, each with what its answer
//! can change. Nothing is answered for anybody: every line that states something is a comment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::{Deployment, Fqdn, Need};
use crate::questions::{self, Passes, Question, SCHEMA};
use crate::rule::State;
use crate::score::{self, Judged};
use crate::time::Timestamp;

/// The template at a time, ending in a line feed.
pub fn render(deployment: &Deployment, as_of: Timestamp) -> String {
    let judged = score::judge_all(deployment, as_of);
    let mut out = format!(
        "# What no export of this deployment says. Fill in what you know, delete the # in front,\n\
         # and audit this file together with the exports. Leave out what you do not know: an\n\
         # unanswered question counts as unknown, never as good.\n\
         #\n\
         # \"up to +N\" is how many points the answer can add at most to the score before caps.\n\n\
         schema = \"{SCHEMA}\"\n"
    );
    data_centers(deployment, &judged, &mut out);
    answers(deployment, &judged, &mut out);
    facts(deployment, &judged, &mut out);
    waivers(&judged, &mut out);
    out
}

/// Codes of rules that wait for one of these facts, and the points that hang on them.
fn effect(judged: &[Judged], is_settled: impl Fn(&Need) -> bool) -> Option<String> {
    let waits = |rule: &&Judged| {
        rule.judgements.iter().any(|judgement| match &judgement.state {
            State::Unknown(needs) => needs.iter().any(&is_settled),
            _ => false,
        })
    };
    let codes: Vec<&str> = judged.iter().filter(waits).map(|rule| rule.meta.code).collect();
    if codes.is_empty() {
        return None;
    }
    let worth = score::worth(judged, &is_settled);
    Some(format!("decides {}: up to +{}.{:02}", codes.join(", "), worth / 100, worth % 100))
}

fn data_centers(deployment: &Deployment, judged: &[Judged], out: &mut String) {
    let open: BTreeSet<&Fqdn> = deployment
        .servers
        .iter()
        .filter(|(_, server)| server.data_center.value().is_none())
        .map(|(name, _)| name)
        .collect();
    if open.is_empty() {
        return;
    }
    out.push_str(
        "\n[data_centers]\n# Which servers fail together: a building, a site, a cloud region.\n",
    );
    if let Some(effect) = effect(judged, |need| matches!(need, Need::DataCenter(_))) {
        let _ = writeln!(out, "# {effect}");
    }
    for (center, servers) in deployment.data_centers() {
        let _ = writeln!(out, "# known: {center} = {}", list(servers.iter().copied()));
    }
    let guesses = guess(&open);
    let placed: BTreeSet<&Fqdn> = guesses.values().flatten().copied().collect();
    if !guesses.is_empty() {
        out.push_str("# A guess from the host names, nothing more:\n");
    }
    for (center, servers) in guesses {
        let _ = writeln!(out, "# {center} = {}", list(servers.into_iter()));
    }
    let rest: Vec<&Fqdn> = open.difference(&placed).copied().collect();
    if !rest.is_empty() {
        let _ = writeln!(out, "# NAME = {}", list(rest.into_iter()));
    }
}

fn list<'a>(servers: impl Iterator<Item = &'a Fqdn>) -> String {
    let names: Vec<String> = servers.map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", names.join(", "))
}

/// Groups of servers by the part of their names that tells them apart as places: the second label
/// (`ipa1.berlin.example.test`), else the first label without its number (`berlin-ipa1`). Only
/// groups of two or more, and only if there are two or more groups.
fn guess<'a>(servers: &BTreeSet<&'a Fqdn>) -> BTreeMap<String, Vec<&'a Fqdn>> {
    let by_label = |label: fn(&Fqdn) -> Option<String>| {
        let mut groups: BTreeMap<String, Vec<&'a Fqdn>> = BTreeMap::new();
        for name in servers {
            if let Some(label) = label(name) {
                groups.entry(label).or_default().push(name);
            }
        }
        let grouped: usize = groups.values().map(Vec::len).sum();
        let is_plausible = groups.len() >= 2
            && grouped == servers.len()
            && groups.values().all(|group| group.len() >= 2);
        if is_plausible { groups } else { BTreeMap::new() }
    };
    let second = by_label(|name| {
        let mut labels = name.as_str().split('.');
        let second = labels.nth(1)?;
        // The last two labels are the domain's.
        (labels.count() >= 2).then(|| second.to_owned())
    });
    if !second.is_empty() {
        return second;
    }
    let last_word = by_label(|name| {
        let word = name.short().rsplit(['-', '_']).next()?;
        (word.len() < name.short().len() && word.chars().all(char::is_alphabetic))
            .then(|| word.to_owned())
    });
    if !last_word.is_empty() {
        return last_word;
    }
    by_label(|name| {
        let word = name.short().split(['-', '_']).next()?;
        (word.len() < name.short().len()).then(|| word.to_owned())
    })
}

fn answers(deployment: &Deployment, judged: &[Judged], out: &mut String) {
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for judgement in judged.iter().flat_map(|rule| &rule.judgements) {
        if let State::Unknown(needs) = &judgement.state {
            for need in needs {
                if let Need::Answer(key, asks) = need {
                    open.insert(key.clone(), asks.clone());
                }
            }
        }
    }
    open.retain(|key, _| {
        deployment.observed.answers.get(key).is_none_or(|answer| answer.value().is_none())
    });
    if open.is_empty() {
        return;
    }
    out.push_str("\n[answers]\n");
    for (key, asks) in open {
        let _ = writeln!(out, "# {asks}");
        let is_this = |need: &Need| matches!(need, Need::Answer(other, _) if *other == key);
        if let Some(effect) = effect(judged, is_this) {
            let _ = writeln!(out, "# {effect}");
        }
        let example = match questions::find(&key).map(Question::passes) {
            Some(Passes::Bool(_)) => "true or false",
            Some(Passes::AtMost(_)) | None => "0",
        };
        let _ = writeln!(out, "# {key} = {example}\n");
    }
}

fn facts(deployment: &Deployment, judged: &[Judged], out: &mut String) {
    let mut lines = String::new();
    let mut ask = |key: &str, values: &str, says: &str, is_this: &dyn Fn(&Need) -> bool| {
        if let Some(effect) = effect(judged, is_this) {
            let _ = writeln!(lines, "# {says}; an export says it better\n# {effect}");
            let _ = writeln!(lines, "# {key} = {values}\n");
        }
    };
    let host = "\"HOST\"";
    ask("crl_publisher", host, "The only server that generates the CRL", &|need| {
        matches!(need, Need::CrlPublisher(_))
    });
    if deployment.ca_renewal_server.value().is_none() {
        ask("ca_renewal_server", host, "The CA renewal server", &|need| {
            *need == Need::CaRenewalServer
        });
    }
    if deployment.dnssec_key_master.value().is_none() {
        ask("dnssec_key_master", host, "The DNSSEC key master", &|need| {
            *need == Need::DnssecKeyMaster
        });
    }
    if deployment.ca.value().is_none() {
        ask("ca", "\"integrated\" or \"none\"", "How certificates are issued", &|need| {
            *need == Need::CaMode
        });
    }
    if !lines.is_empty() {
        let _ = write!(out, "\n[facts]\n{lines}");
    }
}

fn waivers(judged: &[Judged], out: &mut String) {
    let failed = judged.iter().find_map(|rule| {
        let failure = rule.judgements.iter().find_map(|judgement| match &judgement.state {
            State::Fail(failure) => Some(failure),
            _ => None,
        })?;
        Some((rule.meta.code, failure.subjects.first().cloned()))
    });
    let Some((code, subject)) = failed else { return };
    let subject = subject.map_or(String::new(), |name| format!("# subject = \"{name}\"\n"));
    let _ = write!(
        out,
        "\n# A finding that you decided to live with. It still weighs in the score, and is shown\n\
         # as waived. For TOP002 the reason must be \"failover\" or \"direct-link\".\n\
         # [[waivers]]\n# rule = \"{code}\"\n{subject}# reason = \"WHY\"\n# owner = \"WHO\"\n\
         # expires = 2027-12-31\n"
    );
}
