//! The report: everything that an audit found, and one file per output format.

pub mod answers;
pub mod deployment_json;
pub mod json;
pub mod markdown;
pub mod runbook;
pub mod schema;
pub mod svg;
pub mod text;

use crate::advise::{self, Edit, Repair};
use crate::cases::{CaseOutcome, FAMILIES, Family, Judge};
use crate::import::{Imported, InputFile};
use crate::model::{Deployment, Need, Suffix, Waiver};
use crate::note::Note;
use crate::recovery::{Outcome, OutcomeClass};
use crate::rule::{Meta, Severity};
pub use crate::score::Status;
use crate::score::{self, Grade, Group, Judged, Tolerance};
use crate::time::Timestamp;

/// What an audit is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time for which the verdicts hold.
    pub as_of: Timestamp,
}

/// How a failed rule can be repaired.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remedy {
    /// Commands with this deployment's names; empty if no single command does it.
    pub commands: Vec<String>,
    /// Where they run.
    pub place: String,
    /// What can go wrong.
    pub risk: String,
    /// How to see that it worked.
    pub verify: String,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What its rule declares.
    pub meta: &'static Meta,
    /// Severity here.
    pub severity: Severity,
    /// `Fail`, `Waived` or `Unknown`.
    pub status: Status,
    /// Why somebody decided to live with it, for status `Waived`.
    pub waiver: Option<Waiver>,
    /// Servers, data centers or hosts concerned.
    pub subjects: Vec<String>,
    /// Suffix; `None` if the rule has none or both suffixes are concerned.
    pub suffix: Option<Suffix>,
    /// What was found and what follows from it.
    pub why: String,
    /// Where it was read.
    pub evidence: Vec<crate::evidence::Source>,
    /// What is missing, for status `Unknown`.
    pub needs: Vec<Need>,
    /// How to repair it.
    pub remedy: Remedy,
    /// Codes of worse findings that imply this one.
    pub superseded_by: Vec<&'static str>,
    /// Codes of findings that follow from this one.
    pub supersedes: Vec<&'static str>,
    /// Change of the pessimistic score if it is repaired, in basis points, after caps.
    pub delta: i64,
    /// The same before caps.
    pub delta_raw: i64,
    /// Identifier in the rules catalog, as `meta.rule`.
    pub rule: &'static str,
}

/// One family of disasters, judged.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the family declares.
    pub family: &'static Family,
    /// The worst outcome; unknown ranks next to total loss.
    pub worst: Outcome,
    /// Every case.
    pub cases: Vec<CaseOutcome>,
}

/// The result of an audit.
#[derive(Clone, Debug)]
pub struct Report {
    /// The time for which the verdicts hold.
    pub as_of: Timestamp,
    /// The files it came from.
    pub inputs: Vec<InputFile>,
    /// True if this is a design, not a deployment: every fact of its servers and segments is
    /// planned, none was observed. The grade then rests on statements only.
    pub planned: bool,
    /// Decided share of all applicable pairs of rule and subject, in percent.
    pub coverage_percent: u64,
    /// What is missing, widest gap first.
    pub needs: Vec<Need>,
    /// How many servers each capability can lose.
    pub tolerance: Vec<Tolerance>,
    /// The grade.
    pub grade: Grade,
    /// How far the pessimistic score before caps rests on statements instead of measurements, in
    /// basis points; `None` if nothing was declared.
    pub statements: Option<i64>,
    /// The families of disasters.
    pub scenarios: Vec<Scenario>,
    /// Findings, worst first; what is implied by worse ones is last; undecided rules follow.
    pub findings: Vec<Finding>,
    /// Every rule with its state, by code.
    pub rules: Vec<(&'static Meta, Status)>,
    /// Remarks on the inputs.
    pub notes: Vec<Note>,
}

/// Audits a deployment.
pub fn audit(imported: &Imported, options: &Options) -> Report {
    let deployment = &imported.deployment;
    let mut judged = score::judge_all(deployment, options.as_of);
    let mut notes = deployment.notes.clone();
    notes.extend(score::waive(&mut judged, &deployment.observed.waivers, options.as_of));
    notes.sort();
    let grade = score::grade(deployment, &judged);
    let (coverage_percent, needs) = score::coverage(deployment, &judged);
    let mut findings: Vec<Finding> = score::groups(&judged)
        .into_iter()
        .map(|group| finding(deployment, options.as_of, &grade, group))
        .collect();
    let implied: Vec<(&'static str, &'static str)> =
        findings.iter().flat_map(|f| f.superseded_by.iter().map(|by| (*by, f.meta.code))).collect();
    for finding in &mut findings {
        let code = finding.meta.code;
        finding.supersedes =
            implied.iter().filter(|(by, _)| *by == code).map(|(_, other)| *other).collect();
        finding.supersedes.sort_unstable();
        finding.supersedes.dedup();
    }
    findings.extend(judged.iter().filter_map(undecided));
    Report {
        as_of: options.as_of,
        inputs: imported.inputs.clone(),
        planned: deployment.is_planned(),
        coverage_percent,
        needs,
        tolerance: score::tolerance(deployment),
        scenarios: scenarios(deployment, options.as_of),
        findings,
        rules: judged.iter().map(|rule| (rule.meta, rule.status_with_waivers())).collect(),
        statements: statements(imported, options.as_of, &grade),
        notes,
        grade,
    }
}

/// What the declared answers change.
fn statements(imported: &Imported, as_of: Timestamp, grade: &Grade) -> Option<i64> {
    let measured = imported.measured.as_ref()?;
    let before = score::grade(measured, &score::judge_all(measured, as_of)).low.raw;
    let points = |score: u64| i64::try_from(score).unwrap_or(0);
    Some(points(grade.low.raw) - points(before))
}

fn finding(deployment: &Deployment, as_of: Timestamp, grade: &Grade, group: Group) -> Finding {
    let edits = advise::edits(deployment, &group.repairs);
    let (delta, delta_raw) = if edits.is_empty() {
        (0, 0)
    } else {
        let changed = advise::apply(deployment, &edits);
        let after = score::grade(&changed, &score::judge_all(&changed, as_of));
        let change = |after: u64, before: u64| {
            i64::try_from(after).unwrap_or(0) - i64::try_from(before).unwrap_or(0)
        };
        (change(after.low.capped, grade.low.capped), change(after.low.raw, grade.low.raw))
    };
    Finding {
        meta: group.meta,
        rule: group.meta.rule,
        severity: group.severity,
        status: if group.waiver.is_some() { Status::Waived } else { Status::Fail },
        waiver: group.waiver,
        suffix: group.suffix,
        why: group.why.join(" "),
        evidence: group.evidence.into_iter().collect(),
        needs: Vec::new(),
        remedy: remedy(&edits, &group.repairs),
        superseded_by: group.superseded_by,
        supersedes: Vec::new(),
        subjects: group.subjects,
        delta,
        delta_raw,
    }
}

fn remedy(edits: &[Edit], repairs: &[Repair]) -> Remedy {
    let split = repairs
        .iter()
        .any(|repair| matches!(repair, Repair::Join { avoid, .. } if avoid.is_empty()));
    let place = if edits.is_empty() {
        ""
    } else if split {
        "one server of every group, as admin: a segment is itself replicated data"
    } else {
        "any server of the deployment, as admin; lines with [on HOST] there, as root"
    };
    let mut verify: Vec<String> = Vec::new();
    let mut risk: Vec<&str> = Vec::new();
    for edit in edits {
        if !verify.contains(&edit.verify()) {
            verify.push(edit.verify());
        }
        if !risk.contains(&edit.risk()) {
            risk.push(edit.risk());
        }
    }
    Remedy {
        commands: edits.iter().flat_map(Edit::commands).collect(),
        place: place.to_owned(),
        risk: risk.join("; "),
        verify: verify.join("; "),
    }
}

/// The finding of a rule that could not be decided for some subject, and fails for none.
fn undecided(rule: &Judged) -> Option<Finding> {
    if rule.status() != Status::Unknown {
        return None;
    }
    let mut needs: Vec<Need> = Vec::new();
    let mut subjects: Vec<String> = Vec::new();
    for judgement in &rule.judgements {
        if let crate::rule::State::Unknown(missing) = &judgement.state {
            needs.extend(missing.iter().cloned());
            subjects.extend(judgement.subject.iter().cloned());
        }
    }
    needs.sort();
    needs.dedup();
    subjects.sort();
    subjects.dedup();
    let missing: Vec<String> = needs.iter().take(3).map(ToString::to_string).collect();
    let more = match needs.len().saturating_sub(3) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let mut commands: Vec<String> = Vec::new();
    for need in needs.iter().filter(|need| need.is_command()) {
        if !commands.contains(&need.command()) {
            commands.push(need.command());
        }
    }
    Some(Finding {
        meta: rule.meta,
        rule: rule.meta.rule,
        severity: rule.meta.severity,
        status: Status::Unknown,
        waiver: None,
        subjects,
        suffix: None,
        why: format!("Cannot be decided without {}{more}.", missing.join(", ")),
        evidence: Vec::new(),
        needs,
        remedy: Remedy {
            commands,
            place: "any server of the deployment".to_owned(),
            risk: "SAFE: reads only".to_owned(),
            verify: "audit again with the new export beside the others".to_owned(),
        },
        superseded_by: Vec::new(),
        supersedes: Vec::new(),
        delta: 0,
        delta_raw: 0,
    })
}

/// What is missing, by the command that supplies it, in the order of the needs.
fn needs_by_command(needs: &[Need]) -> Vec<(String, Vec<String>)> {
    let mut by_command: Vec<(String, Vec<String>)> = Vec::new();
    for need in needs {
        let command = need.command();
        match by_command.iter_mut().find(|(known, _)| *known == command) {
            Some((_, facts)) => facts.push(need.to_string()),
            None => by_command.push((command, vec![need.to_string()])),
        }
    }
    by_command
}

fn scenarios(deployment: &Deployment, as_of: Timestamp) -> Vec<Scenario> {
    let judge = Judge::new(deployment).at(as_of);
    FAMILIES
        .iter()
        .map(|family| {
            let (cases, none) = match (family.cases)(deployment) {
                Ok(cases) => (cases, Outcome::of(OutcomeClass::None)),
                Err(needs) => (Vec::new(), Outcome::unknown(needs)),
            };
            let cases: Vec<CaseOutcome> =
                cases.iter().filter_map(|case| judge.judge(case)).collect();
            let worst = cases
                .iter()
                .map(|case| &case.outcome)
                .max_by_key(|outcome| outcome.rank())
                .cloned()
                .unwrap_or(none);
            Scenario { family, worst, cases }
        })
        .collect()
}
