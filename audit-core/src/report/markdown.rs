//! The report as Markdown: for a ticket, a wiki page, a pull request.

use std::fmt::Write;

use super::{Finding, Report, Status, text};
use crate::evidence::Source;
use crate::rule::Severity;

/// Places printed per finding.
const EVIDENCE_MAX: usize = 6;

/// The report as Markdown, ending in a line feed.
pub fn render(report: &Report) -> String {
    let mut out = format!("# IdM disaster readiness, as of {}\n\n", report.as_of);
    let _ = writeln!(out, "{}\n", escape(&text::verdict(report)));
    summary(report, &mut out);
    findings(report, &mut out);
    unknown(report, &mut out);
    disasters(report, &mut out);
    out.push_str("\n## Files\n\n");
    for input in &report.inputs {
        let _ = writeln!(out, "- {}: {}", code(&input.file), escape(&input.format));
    }
    out
}

/// Text that means itself: no markup, no table cell, no link, no HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Text of this project's own, where words between backticks are code.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('`').peekable();
    let mut is_code = false;
    while let Some(part) = parts.next() {
        // A last tick without its partner is a character.
        let closed = is_code && parts.peek().is_some();
        match (closed, is_code) {
            (true, _) => out.push_str(&code(part)),
            (false, true) => out.push_str(&escape(&format!("`{part}"))),
            (false, false) => out.push_str(&escape(part)),
        }
        is_code = !is_code;
    }
    out
}

/// Text as code; backticks in it are no end.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{ticks}{blank}{text}{blank}{ticks}")
}

fn points(basis_points: u64) -> String {
    format!("{}.{:02}", basis_points / 100, basis_points % 100)
}

fn summary(report: &Report, out: &mut String) {
    let grade = &report.grade;
    let _ = writeln!(out, "| | |\n|---|---|");
    let _ = writeln!(
        out,
        "| Grade | **{}**, {} to {} of 100 |",
        escape(grade.letter()),
        points(grade.low.capped),
        points(grade.high.capped)
    );
    let _ = writeln!(out, "| Decided | {} % of the checks |", report.coverage_percent);
    if let Some(points_by_statements) = report.statements {
        let sign = if points_by_statements < 0 { "-" } else { "+" };
        let rest = points(points_by_statements.unsigned_abs());
        let _ = writeln!(out, "| Statements | {sign}{rest} points rest on answers |");
    }
    if report.planned {
        out.push_str("| Planned | all points rest on a plan; nothing was observed |\n");
    }
    for cap in &grade.caps {
        let certain = if cap.certain { "caps at" } else { "may cap at" };
        let because = escape(&cap.because);
        let _ = writeln!(out, "| {} | {certain} {}: {because} |", cap.id, cap.ceiling);
    }
    let number = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    for tolerance in &report.tolerance {
        let _ = writeln!(
            out,
            "| {} | in service after losing {}, recoverable after losing {} |",
            escape(tolerance.capability),
            number(tolerance.service),
            number(tolerance.recovery)
        );
    }
}

fn findings(report: &Report, out: &mut String) {
    let of = |status| report.findings.iter().filter(move |finding| finding.status == status);
    let _ = writeln!(out, "\n## Findings ({})", of(Status::Fail).count());
    for finding in of(Status::Fail) {
        self::finding(finding, out);
    }
    if of(Status::Waived).count() > 0 {
        out.push_str("\n## Waived\n\nThey still weigh in the score.\n\n");
    }
    for finding in of(Status::Waived) {
        let Some(waiver) = &finding.waiver else { continue };
        let until = waiver.expires.map_or("for good".to_owned(), |end| format!("until {end}"));
        let _ = writeln!(
            out,
            "- {} {} {}: {} ({}, {until})",
            finding.meta.code,
            escape(finding.meta.fails),
            escape(&finding.subjects.join(", ")),
            escape(&waiver.reason),
            escape(&waiver.owner)
        );
    }
}

fn finding(finding: &Finding, out: &mut String) {
    let severity = match finding.severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    };
    let suffix = finding.suffix.map_or(String::new(), |suffix| format!(", suffix {suffix}"));
    let title = escape(finding.meta.fails);
    let _ = writeln!(out, "\n### {severity}: {} {title}{suffix}\n", finding.meta.code);
    let _ = writeln!(out, "{}\n", escape(&finding.why));
    if !finding.superseded_by.is_empty() {
        let _ = writeln!(out, "Follows from {}.\n", finding.superseded_by.join(", "));
    }
    for source in finding.evidence.iter().take(EVIDENCE_MAX) {
        let word = if source.planned { "planned" } else { "seen" };
        let place = code(&place(source));
        let _ = writeln!(out, "- {word} in {place}: {}", escape(&source.observed));
    }
    if finding.evidence.len() > EVIDENCE_MAX {
        let _ = writeln!(out, "- and in {} more places", finding.evidence.len() - EVIDENCE_MAX);
    }
    if !finding.remedy.commands.is_empty() {
        out.push_str("\n```sh\n");
        for command in &finding.remedy.commands {
            let _ = writeln!(out, "{}", command.replace("```", ""));
        }
        out.push_str("```\n");
        let _ = writeln!(out, "\nCheck: {}", escape(&finding.remedy.verify));
    }
    let _ = writeln!(out, "\nSource: {}", escape(finding.meta.citation));
}

fn place(source: &Source) -> String {
    match (source.line, &source.pointer) {
        (Some(line), _) => format!("{}:{line}", source.file),
        (None, Some(pointer)) => format!("{} {pointer}", source.file),
        (None, None) => source.file.to_string(),
    }
}

fn unknown(report: &Report, out: &mut String) {
    if report.needs.is_empty() {
        return;
    }
    out.push_str("\n## Not known\n\n");
    for (command, facts) in super::needs_by_command(&report.needs) {
        let _ = writeln!(out, "- {}: {}", escape(&facts.join("; ")), code(&command));
    }
}

fn disasters(report: &Report, out: &mut String) {
    out.push_str("\n## Disasters\n\n| family | cases | worst |\n|---|---|---|\n");
    for scenario in &report.scenarios {
        let worst = scenario.worst.class.map_or("unknown", crate::recovery::OutcomeClass::words);
        let title = escape(scenario.family.title);
        let _ = writeln!(out, "| {title} | {} | {worst} |", scenario.cases.len());
    }
}
