//! The template of `answers.toml`: the open questions of one deployment, each with what its answer
//! can change. Nothing is answered for anybody: every line that states something is a comment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::{CopyTable, Deployment, Fqdn, Need};
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
    let (_, needs) = score::coverage(deployment, &judged);
    copy_lists(&needs, &judged, &mut out);
    data_centers(deployment, &judged, &mut out);
    answers(deployment, &judged, &mut out);
    facts(deployment, &judged, &mut out);
    copies(&needs, &judged, &mut out);
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

/// A heading, and the points that hang on it.
fn ask(heading: &str, judged: &[Judged], is_this: impl Fn(&Need) -> bool, out: &mut String) {
    let _ = writeln!(out, "\n# {heading}");
    if let Some(effect) = effect(judged, is_this) {
        let _ = writeln!(out, "# {effect}");
    }
}

/// Which copies there are, and that there are no others. These keys stand before every table.
fn copy_lists(needs: &[Need], judged: &[Judged], out: &mut String) {
    if needs.contains(&Need::Copies) {
        let heading = "Which backups and VM snapshots exist. The stores themselves, or listings of \
                       them, say it better.";
        ask(heading, judged, |need| *need == Need::Copies, out);
        out.push_str(
            "# backups = []          # there are none\n\
             # snapshots = []        # there are none\n\
             # backups_known = true  # those in the inputs, and [[backups]] below, are all\n\
             # snapshots_known = true\n",
        );
    }
    for table in CopyTable::ALL {
        let is_this = |need: &Need| *need == Need::Declared(table);
        if needs.iter().any(is_this) {
            let key = table.key();
            ask(
                &format!("There are no {key}; else fill in [[{key}]] below."),
                judged,
                is_this,
                out,
            );
            let _ = writeln!(out, "# {key} = []");
        }
    }
}

/// Copies that somebody declares.
const COPIES: &str = "
# Copies that no input shows; one [[backups]] or [[snapshots]] for each.
# [[backups]]
# id = \"HOST/ipa-full-2026-01-31-02-00-00\"
# host = \"HOST\"
# kind = \"full\"  # or \"data\"
# taken_at = 2026-01-31T02:00:00Z
# roles = [\"CA\", \"KRA\", \"DNS\"]  # the line services of its header
# version = \"4.12.2\"
# encrypted = true or false
# complete = true or false
# store = \"NAME\"
# key = \"IDENTIFIER\"
# [[snapshots]]
# id = \"NAME\"
# host = \"HOST\"
# taken_at = 2026-01-31T02:00:00Z
# powered_off = true or false
# full = true or false  # all disks
# store = \"NAME\"
";

/// What no copy says of itself: where it is, who has its key, whether it was ever restored.
fn copies(needs: &[Need], judged: &[Judged], out: &mut String) {
    let is_open = needs.contains(&Need::Copies);
    if is_open {
        out.push_str(COPIES);
    }
    let known: Vec<String> = needs.iter().filter_map(store_of).collect();
    let is_place = |need: &Need| matches!(need, Need::CopyPlace(_) | Need::StorePlace(_));
    let is_list = |table| move |need: &Need| *need == Need::Declared(table);
    let is_store = |need: &Need| is_place(need) || is_list(CopyTable::Stores)(need);
    if is_open || needs.iter().any(is_store) {
        ask("Where copies are kept; one [[stores]] for each place.", judged, is_store, out);
        for copy in needs.iter().filter_map(|need| match need {
            Need::CopyPlace(copy) => Some(copy),
            _ => None,
        }) {
            let _ = writeln!(out, "# open: {}", comment(copy));
        }
        let known = if known.is_empty() { vec!["NAME".to_owned()] } else { known };
        for id in known {
            let _ = write!(
                out,
                "# [[stores]]\n# id = {}\n# host = \"HOST\"  # if it is on the disk of one\n\
                 # data_center = \"WHERE\"\n\
                 # medium = \"disk\"  # or \"network\", \"object\", \"tape\", \"optical\"\n\
                 # paths = [\"FOLDER\"]  # by which listings name it\n\
                 # separate_filesystem = true or false\n# readable = true or false\n",
                text(&id)
            );
        }
    }
    let is_key = |need: &Need| {
        matches!(need, Need::CopyKey(_) | Need::KeyPlace(_)) || is_list(CopyTable::Keys)(need)
    };
    if needs.iter().any(is_key) {
        ask("Keys that decrypt copies.", judged, is_key, out);
        let mut keys: Vec<&str> = needs
            .iter()
            .filter_map(|need| match need {
                Need::KeyPlace(key) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        if keys.is_empty() {
            keys.push("IDENTIFIER");
        }
        for key in keys {
            let _ = write!(
                out,
                "# [[keys]]\n# id = {}\n# locations = [\"safe\", \"HOST\"]\n\
                 # escrowed = true or false  # a second person has its passphrase\n\
                 # expires = 2030-01-01\n",
                text(key)
            );
        }
    }
    let is_use = |need: &Need| matches!(need, Need::CopyUse(_));
    let is_rehearsal = |need: &Need| is_use(need) || is_list(CopyTable::Rehearsals)(need);
    if needs.iter().any(is_rehearsal) {
        ask("Restores that were rehearsed, in a network apart.", judged, is_rehearsal, out);
        let copy = needs.iter().find_map(|need| match need {
            Need::CopyUse(copy) => Some(copy.as_str()),
            _ => None,
        });
        let _ = write!(
            out,
            "# [[rehearsals]]\n# at = 2026-01-31\n# copy = {}\n# succeeded = true or false\n\
             # took = \"2h\"\n",
            text(copy.unwrap_or("COPY"))
        );
    }
    let is_schedule = is_list(CopyTable::Schedules);
    if needs.iter().any(is_schedule) {
        ask("How often copies are made.", judged, is_schedule, out);
        out.push_str(
            "# [[schedules]]\n# id = \"nightly\"\n# host = \"HOST\"\n# makes = \"full\"\n\
             # every = \"1d\"\n# keeps = 14\n",
        );
    }
    if needs.contains(&Need::Targets) {
        ask("What the operators are held to.", judged, |need| *need == Need::Targets, out);
        out.push_str("# [targets]\n# rpo = \"24h\"\n# rto = \"8h\"\n# noticed_within = \"7d\"\n");
    }
    let is_vm = |need: &Need| matches!(need, Need::CopyHost(_));
    if needs.iter().any(is_vm) {
        ask("Which server each VM is.", judged, is_vm, out);
        out.push_str("# [vms]\n# \"VM\" = \"HOST\"\n");
    }
}

fn store_of(need: &Need) -> Option<String> {
    match need {
        Need::StorePlace(store) => Some(store.clone()),
        _ => None,
    }
}

/// A TOML text.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// A name in a comment: on one line.
fn comment(name: &str) -> String {
    name.replace(['\n', '\r'], " ")
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
