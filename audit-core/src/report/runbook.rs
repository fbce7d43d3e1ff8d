//! Runbooks as Markdown: for the emergency binder, and as a checklist to rehearse from.

use std::fmt::Write;

use super::markdown::{code, escape, prose};
use crate::cases::{self, CaseOutcome, Judge};
use crate::model::Deployment;
use crate::questions::RESULT;
use crate::recovery::{Case, Fault, OutcomeClass, Runbook, Step};
use crate::time::Timestamp;

/// What the pages are for. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// To recover by, when it happened.
    Emergency,
    /// To rehearse by: with boxes to tick, what is expected, and a result to audit later.
    Rehearsal,
}

/// One case with what brings it back.
#[derive(Clone, Debug)]
pub struct Page {
    /// How it ends.
    pub judged: CaseOutcome,
    /// The steps, if a procedure works.
    pub runbook: Option<Runbook>,
    /// Cases that end alike and differ in names only; their own pages are left out.
    pub alike: Vec<Case>,
}

impl Page {
    /// The page of a case; `None` if it names something that the deployment does not have.
    pub fn of(judge: &Judge<'_>, case: &Case) -> Option<Self> {
        let judged = judge.judge(case)?;
        let is_known = judged.procedure.is_some() || judged.outcome.class.is_some();
        let runbook = judge.runbook(case).filter(|_| is_known);
        Some(Self { judged, runbook, alike: Vec::new() })
    }
}

/// The pages of a binder: every case of every family, except losses of several servers that end no
/// worse than one of their members alone: for those, the page of each member tells what to do. Of
/// cases that differ in names only and end alike, one has a page, which names the others.
///
/// Names of families whose cases cannot be listed come second, with what is missing.
pub fn binder(deployment: &Deployment, as_of: Timestamp) -> (Vec<Page>, Vec<String>) {
    let judge = Judge::new(deployment).at(as_of);
    let mut pages: Vec<Page> = Vec::new();
    let mut missing = Vec::new();
    for family in cases::FAMILIES {
        match (family.cases)(deployment) {
            Ok(cases) => {
                let mut alone = std::collections::BTreeMap::new();
                let first = pages.len();
                for case in &cases {
                    let Some(page) = Page::of(&judge, case) else { continue };
                    let rank = page.judged.outcome.rank();
                    let of_family = pages.get_mut(first..).unwrap_or_default();
                    let twin = of_family
                        .iter_mut()
                        .find(|other| family.are_alike && other.judged.ends_like(&page.judged));
                    if let Some(twin) = twin {
                        twin.alike.push(case.clone());
                        continue;
                    }
                    match several(case) {
                        None => {
                            alone.extend(single(case).map(|name| (name.clone(), rank)));
                            pages.push(page);
                        }
                        Some(servers) => {
                            let known = servers.iter().filter_map(|name| alone.get(name)).max();
                            if known.is_none_or(|worst| rank > *worst) {
                                pages.push(page);
                            }
                        }
                    }
                }
            }
            Err(needs) if needs.is_empty() => {
                missing.push(format!("{}: too many servers to look at all", family.title));
            }
            Err(needs) => {
                let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
                missing.push(format!("{}: needs {}", family.title, needs.join(", ")));
            }
        }
    }
    (pages, missing)
}

/// The servers of a case that loses several at once and nothing else.
fn several(case: &Case) -> Option<&std::collections::BTreeSet<crate::model::Fqdn>> {
    let mut faults = case.faults().iter();
    match (faults.next(), faults.next()) {
        (Some(Fault::Lose(servers)), None) if servers.len() > 1 => Some(servers),
        _ => None,
    }
}

/// The server of a case that loses one and nothing else.
fn single(case: &Case) -> Option<&crate::model::Fqdn> {
    let mut faults = case.faults().iter();
    match (faults.next(), faults.next()) {
        (Some(Fault::Lose(servers)), None) if servers.len() == 1 => servers.first(),
        _ => None,
    }
}

/// The pages as Markdown, ending in a line feed. `missing` are families without cases.
pub fn render(pages: &[Page], missing: &[String], purpose: Purpose, as_of: Timestamp) -> String {
    let title = match purpose {
        Purpose::Emergency => "IdM runbooks",
        Purpose::Rehearsal => "IdM rehearsals",
    };
    let mut out = format!("# {title}, as of {as_of}\n\n");
    out.push_str(match purpose {
        Purpose::Emergency => EMERGENCY,
        Purpose::Rehearsal => REHEARSAL,
    });
    if pages.len() > 1 {
        out.push_str("\n| case | ends with | procedure | steps |\n|---|---|---|---|\n");
        for page in pages {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                escape(&page.judged.case.to_string()),
                words(page),
                page.judged.procedure.map_or("none", crate::recovery::Procedure::name),
                page.runbook.as_ref().map_or(0, |runbook| runbook.steps.len())
            );
        }
    }
    for line in missing {
        let _ = writeln!(out, "\nNot in here: {}.", escape(line));
    }
    for page in pages {
        self::page(page, purpose, &mut out);
    }
    if purpose == Purpose::Rehearsal {
        result(pages, as_of, &mut out);
    }
    out
}

const EMERGENCY: &str = "\
Keep this on paper, or where it can be read while IdM is down. Beside it are needed: root on every
server, the password of `admin`, the password of the Directory Manager, and for encrypted backups
the secret key with its passphrase.

Steps are in order. Do not go on behind a step whose check fails: export again what still runs, and
ask for the runbook again. What is lost for good is said in front.
";

const REHEARSAL: &str = "\
Rehearse on copies of the servers, in a network that reaches neither production nor its clients: a
copy of a server replicates with every server that it knows. Steps that cannot be undone are marked.
Tick what was seen as expected; write down what was not, and when each step began and ended. The
result at the end becomes a file of its own, which the audit reads.
";

fn words(page: &Page) -> &'static str {
    page.judged.outcome.class.map_or("unknown", OutcomeClass::words)
}

fn page(page: &Page, purpose: Purpose, out: &mut String) {
    let Page { judged, runbook, alike } = page;
    let _ = writeln!(out, "\n## {}\n", escape(&judged.case.to_string()));
    let _ = writeln!(out, "Ends with **{}**.", escape(words(page)));
    list(out, "Lost, or out of service meanwhile:", &judged.outcome.lost);
    let needs: Vec<String> = judged.outcome.needs.iter().map(ToString::to_string).collect();
    list(out, "Cannot be told without:", &needs);
    list(out, "Why nothing brings it back, as far as is known:", &judged.impossible);
    let alike: Vec<String> = alike.iter().map(ToString::to_string).collect();
    list(out, "The same with other names (`idm-drill runbook --case CASE` prints it):", &alike);
    let Some(runbook) = runbook else { return };
    let Some(procedure) = judged.procedure else {
        out.push_str("\nNothing has to be brought back.\n");
        return;
    };
    let _ = writeln!(
        out,
        "\nProcedure {} ({}), {}.\n",
        procedure.name(),
        runbook.labels(),
        escape(runbook.citation)
    );
    for (number, step) in (1..).zip(&runbook.steps) {
        self::step(number, step, purpose, out);
    }
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}\n");
    for line in lines {
        let _ = writeln!(out, "- {}", escape(line));
    }
}

fn step(number: usize, step: &Step, purpose: Purpose, out: &mut String) {
    let place = format!("On {}", escape(&step.place()));
    let undone = if step.action.is_irreversible() { "**Cannot be undone.** " } else { "" };
    let (label, indent) = match purpose {
        Purpose::Emergency => {
            let label = format!("{number}. ");
            let indent = " ".repeat(label.len());
            (label, indent)
        }
        Purpose::Rehearsal => (format!("- [ ] {number}. "), "  ".to_owned()),
    };
    let _ = writeln!(out, "{label}{undone}{place}: {}.\n", prose(&step.because));
    for command in &step.commands {
        // Indented code cannot be broken out of, whatever the command holds.
        let _ = writeln!(out, "{indent}    {}", command.replace(['\n', '\r'], " "));
    }
    let check = prose(&step.check);
    match purpose {
        Purpose::Emergency => {
            let _ = writeln!(out, "\n{indent}Check: {check}\n");
            let _ = writeln!(out, "{indent}Source: {}\n", step.action.citation());
        }
        Purpose::Rehearsal => {
            let _ = writeln!(out, "\n{indent}Expected: {check}\n");
            let _ = writeln!(out, "{indent}Seen: ....................  began ..:..  ended ..:..\n");
        }
    }
}

/// What becomes of the rehearsal: a file that the audit reads.
fn result(pages: &[Page], as_of: Timestamp, out: &mut String) {
    out.push_str(
        "\n## Result\n\nFill in and save as rehearsals.toml, beside answers.toml:\n\n```toml\n",
    );
    let _ = writeln!(out, "schema = \"{RESULT}\"\n");
    let mut at = as_of;
    for page in pages {
        let Some(runbook) = &page.runbook else { continue };
        let case = page.judged.case.to_string().replace(['\n', '\r'], " ");
        let _ = writeln!(out, "[[rehearsals]]\n# {case}");
        let _ = writeln!(out, "at = {at}  # when it began; every rehearsal has its own time");
        let copy = runbook.steps.iter().find_map(|step| step.action.copy());
        if let Some(copy) = copy {
            let _ = writeln!(out, "copy = {}", toml_text(copy));
        }
        out.push_str("succeeded = false  # true once every box is ticked\n");
        at = Timestamp::from_unix_seconds(at.unix_seconds() + 60).unwrap_or(at);
        out.push_str("took = \"0h\"  # from the first step to the last check\n\n");
    }
    out.push_str("```\n");
    let _ = writeln!(
        out,
        "\nAudit it with the exports: {}.",
        code("idm-drill audit PATH.. answers.toml rehearsals.toml")
    );
}

/// A text as a basic string of TOML.
fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
