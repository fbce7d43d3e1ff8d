//! Report JSON, `idm-drill/report/1`.

use serde_json::{Value, json};

use super::deployment_json::{note, source_json};
use super::{Finding, Report, Scenario};
use crate::cases::CaseOutcome;
use crate::model::{Need, Waiver};
use crate::recovery::Runbook;
use crate::score::{End, Grade};

/// Schema name of the document.
pub const SCHEMA: &str = "idm-drill/report/1";

/// The report as a JSON text, two blanks per level, ending in a line feed.
pub fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&document(report)).unwrap_or_default();
    text.push('\n');
    text
}

/// Points with two decimals out of basis points; exact, because both are integers.
fn points(basis_points: u64) -> Value {
    if basis_points.is_multiple_of(100) {
        json!(basis_points / 100)
    } else {
        json!(basis_points as f64 / 100.0)
    }
}

fn signed_points(basis_points: i64) -> Value {
    if basis_points % 100 == 0 {
        json!(basis_points / 100)
    } else {
        json!(basis_points as f64 / 100.0)
    }
}

fn needs(needs: &[Need]) -> Value {
    Value::Array(
        needs
            .iter()
            .map(|need| json!({ "fact": need.to_string(), "command": need.command() }))
            .collect(),
    )
}

/// The report as a JSON value.
pub fn document(report: &Report) -> Value {
    let inputs: Vec<Value> = report
        .inputs
        .iter()
        .map(
            |input| json!({ "file": &*input.file, "format": input.format, "sha256": input.sha256 }),
        )
        .collect();
    let tolerance: Vec<Value> = report
        .tolerance
        .iter()
        .map(|tolerance| {
            json!({
                "capability": tolerance.capability,
                "tolerates_service": tolerance.service,
                "service_losses": tolerance.service_losses,
                "tolerates_recovery": tolerance.recovery,
                "recovery_losses": tolerance.recovery_losses,
                "needs": needs(&tolerance.needs),
            })
        })
        .collect();
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|(meta, status)| {
            json!({ "code": meta.code, "rule": meta.rule, "status": status.name() })
        })
        .collect();
    let mut document = json!({
        "schema": SCHEMA,
        "as_of": report.as_of.to_string(),
        "verdict": super::text::verdict(report),
        "inputs": inputs,
        "coverage": { "percent": report.coverage_percent, "needs": needs(&report.needs) },
        "tolerance": tolerance,
        "grade": grade(&report.grade),
        "statements": report.statements.map(|points| json!({ "points": signed_points(points) })),
        "scenarios": report.scenarios.iter().map(scenario).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "rules": rules,
        "notes": report.notes.iter().map(note).collect::<Vec<_>>(),
    });
    if let (Some(map), true) = (document.as_object_mut(), report.planned) {
        map.insert("planned".to_owned(), json!(true));
    }
    document
}

fn grade(grade: &Grade) -> Value {
    let caps: Vec<Value> = grade
        .caps
        .iter()
        .map(|cap| {
            json!({
                "id": cap.id,
                "ceiling": cap.ceiling,
                "certain": cap.certain,
                "because": cap.because,
            })
        })
        .collect();
    json!({
        "letter": grade.letter(),
        "score": points(grade.low.capped),
        "raw": points(grade.low.raw),
        "low": points(grade.low.capped),
        "high": points(grade.high.capped),
        "raw_high": points(grade.high.raw),
        "caps": caps,
        "ledger": ledger(&grade.low),
        "ledger_high": ledger(&grade.high),
    })
}

fn ledger(end: &End) -> Vec<Value> {
    end.ledger
        .iter()
        .map(|line| {
            let deductions: Vec<Value> = line
                .deductions
                .iter()
                .map(|(code, weight, extent)| {
                    json!({
                        "code": code,
                        "weight_basis_points": weight,
                        "extent_basis_points": extent,
                    })
                })
                .collect();
            json!({
                "category": line.category.title(),
                "weight": line.category.weight(),
                "share_percent": line.weight_percent,
                "score": points(line.score),
                "deductions": deductions,
            })
        })
        .collect()
}

fn scenario(scenario: &Scenario) -> Value {
    json!({
        "id": scenario.family.id,
        "title": scenario.family.title,
        "citation": scenario.family.citation,
        "worst": scenario.worst.name(),
        "needs": needs(&scenario.worst.needs),
        "cases": scenario.cases.iter().map(case).collect::<Vec<_>>(),
    })
}

/// One judged case.
pub fn case(case: &CaseOutcome) -> Value {
    let needs: Vec<String> = case.outcome.needs.iter().map(ToString::to_string).collect();
    json!({
        "case": case.case.to_string(),
        "scenario": case.scenario,
        "also": case.also,
        "outcome": case.outcome.name(),
        "loss_window_seconds": case.outcome.loss_window_seconds,
        "lost": case.outcome.lost,
        "procedure": case.procedure.map(crate::recovery::Procedure::name),
        "impossible": case.impossible,
        "needs": needs,
    })
}

/// One judged case with the steps that bring it back, as a JSON text.
pub fn render_case(judged: &CaseOutcome, runbook: Option<&Runbook>) -> String {
    let mut document = json!({ "schema": "idm-drill/case/1" });
    if let (Some(map), Value::Object(fields)) = (document.as_object_mut(), case(judged)) {
        map.extend(fields);
        let steps = runbook.map(|runbook| {
            runbook
                .steps
                .iter()
                .map(|step| {
                    json!({
                        "commands": step.commands,
                        "on": step.on.as_ref().map(crate::model::Fqdn::as_str),
                        "because": step.because,
                        "check": step.check,
                        "irreversible": step.action.is_irreversible(),
                        "citation": step.action.citation(),
                    })
                })
                .collect::<Vec<_>>()
        });
        map.insert("steps".to_owned(), json!(steps));
        let citation = runbook.map(|runbook| runbook.citation);
        map.insert("citation".to_owned(), json!(citation));
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn waiver(waiver: &Waiver) -> Value {
    json!({
        "reason": waiver.reason,
        "owner": waiver.owner,
        "expires": waiver.expires.map(|time| time.to_string()),
        "evidence": waiver.sources.iter().map(source_json).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let meta = finding.meta;
    json!({
        "code": meta.code,
        "rule": meta.rule,
        "name": meta.name,
        "title": meta.fails,
        "severity": finding.severity.name(),
        "status": finding.status.name(),
        "waiver": finding.waiver.as_ref().map(waiver),
        "subjects": finding.subjects,
        "suffix": finding.suffix.map(crate::model::Suffix::name),
        "why": finding.why,
        "evidence": finding.evidence.iter().map(source_json).collect::<Vec<_>>(),
        "needs": needs(&finding.needs),
        "remedy": {
            "commands": finding.remedy.commands,
            "where": finding.remedy.place,
            "risk": finding.remedy.risk,
            "verify": finding.remedy.verify,
        },
        "citation": meta.citation,
        "origin": meta.origin.name(),
        "supersedes": finding.supersedes,
        "superseded_by": finding.superseded_by,
        "delta_if_fixed": signed_points(finding.delta),
        "delta_raw_if_fixed": signed_points(finding.delta_raw),
    })
}
