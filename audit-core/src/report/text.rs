//! The human report: short enough to read at night, with a place for every claim.

use super::{Finding, Report, Status};
use crate::cases::CaseOutcome;
use crate::evidence::Source;
use crate::note::{Note, NoteSeverity};
use crate::recovery::Runbook;
use crate::rule::Severity;
use crate::score::Tolerance;

/// How the text is made up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Style {
    /// Whether to emit terminal colors.
    pub color: bool,
    /// Whether to list everything: all evidence, all cases, informational notes.
    pub verbose: bool,
}

/// Columns of a line.
const WIDTH: usize = 100;

/// Places printed per finding unless everything is asked for.
const EVIDENCE_MAX: usize = 6;

/// Cases printed per family unless everything is asked for.
const CASES_MAX: usize = 3;

/// The report as text, ending in a line feed.
pub fn render(report: &Report, style: Style) -> String {
    let mut out = Text { out: String::new(), style };
    out.line(&format!("idm-drill audit, as of {}", report.as_of));
    out.line("");
    out.wrapped("", &verdict(report));
    out.line("");
    out.grade(report);
    out.line("");
    out.tolerance(&report.tolerance);
    out.findings(report);
    out.unknown(report);
    out.scenarios(report);
    out.inputs(report);
    out.out
}

/// What a reader of the audit of a design must know first.
pub const DESIGN: &str = "This is a design, not a deployment: every server and segment is planned, \
                      nothing was observed.";

/// What the audit found, in one or two sentences.
pub fn verdict(report: &Report) -> String {
    let mut sentences = Vec::new();
    if report.planned {
        sentences.push(DESIGN.to_owned());
    }
    let of = |name: &str| report.tolerance.iter().find(|t| t.capability == name);
    let fails = |code: &str| {
        report.findings.iter().find(|f| f.meta.code == code && f.status == Status::Fail)
    };
    if report.tolerance.iter().all(|t| t.recovery.is_none()) {
        sentences
            .push("Nobody can tell from these files which losses would be survived.".to_owned());
    }
    if let Some(finding) = fails("TOP003") {
        sentences.push(format!(
            "Replication is split now: {} cannot exchange changes{} with the others.",
            finding.subjects.join(", "),
            finding.suffix.map_or(String::new(), |suffix| format!(" of suffix {suffix}"))
        ));
    }
    if let Some(tolerance) = of("issue_certificates") {
        match (tolerance.recovery, tolerance.recovery_losses.first().map(Vec::as_slice)) {
            (Some(0), Some([only])) => sentences.push(format!(
                "Losing {only} alone ends the CA: unless a copy of it can be restored, the entire \
                 environment is lost."
            )),
            (Some(count), Some(all)) => sentences.push(format!(
                "The CA can be brought back after losing any {count} of {} CA replicas.",
                all.len()
            )),
            (None, Some([])) => sentences.push(
                "No server holds the CA any more: no replica can be installed from the others."
                    .to_owned(),
            ),
            _ => {}
        }
    }
    if let Some(tolerance) = of("authenticate") {
        match (tolerance.service, tolerance.service_losses.first()) {
            (Some(0), Some(all)) => sentences.push(format!(
                "Losing {} alone stops logins.",
                all.first().map_or("the only visible server", String::as_str)
            )),
            (Some(count), Some(all)) => sentences.push(format!(
                "Logins survive the loss of any {count} of {} visible servers.",
                all.len()
            )),
            _ => {}
        }
    }
    let cuts: std::collections::BTreeSet<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.meta.code == "TOP004" && finding.status == Status::Fail)
        .flat_map(|finding| finding.subjects.iter().map(String::as_str))
        .collect();
    let cuts: Vec<&str> = cuts.into_iter().collect();
    match cuts.as_slice() {
        [] => {}
        [one] => sentences.push(format!("Losing {one} alone splits replication between others.")),
        many => sentences.push(format!(
            "Losing any one of {} servers ({}) splits replication between others.",
            many.len(),
            some(many)
        )),
    }
    if report.needs.contains(&crate::model::Need::Copies) {
        sentences.push(
            "Whether a backup or VM snapshot exists is unknown, so nothing is known about undoing \
             a replicated deletion."
                .to_owned(),
        );
    }
    sentences.join(" ")
}

/// One judged case with the steps that bring it back.
pub fn render_case(judged: &CaseOutcome, runbook: Option<&Runbook>) -> String {
    let mut text = Text { out: String::new(), style: Style::default() };
    let class = judged.outcome.class.map_or("unknown", crate::recovery::OutcomeClass::words);
    text.line(&format!("{}: {class}", judged.case));
    for lost in &judged.outcome.lost {
        text.wrapped("  lost   ", lost);
    }
    for need in &judged.outcome.needs {
        text.line(&format!("  needs  {need}"));
    }
    for reason in &judged.impossible {
        text.line(&format!("  no     {reason}"));
    }
    if let (Some(procedure), Some(runbook)) = (judged.procedure, runbook) {
        text.line("");
        text.line(&format!("Procedure {} ({})", procedure.name(), runbook.labels()));
        text.line(&format!("  source {}", runbook.citation));
        for (number, step) in (1..).zip(&runbook.steps) {
            let place = step.place();
            text.line("");
            let mut label = format!("{number:>3}. ");
            for command in &step.commands {
                text.line(&format!("{label}{command}"));
                label = " ".repeat(5);
            }
            text.line(&format!("     on     {place}"));
            text.wrapped("     why    ", &step.because);
            text.line(&format!("     check  {}", step.check));
            if step.action.is_irreversible() {
                text.line("     CANNOT BE UNDONE");
            }
        }
    }
    text.out
}

/// A case with the first two of many servers that a part of it names; JSON has it whole.
fn shortened(case: &str) -> String {
    const NAMES_MAX: usize = 6;
    let group = |names: &str| {
        let all: Vec<&str> = names.split(',').collect();
        match all.as_slice() {
            [first, second, ..] if all.len() > NAMES_MAX => {
                format!("{first},{second},.. ({} servers)", all.len())
            }
            _ => names.to_owned(),
        }
    };
    let part = |part: &str| part.split('|').map(group).collect::<Vec<_>>().join("|");
    case.split('+').map(part).collect::<Vec<_>>().join("+")
}

fn some(names: &[&str]) -> String {
    let mut text = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 3 {
        text.push_str(", ..");
    }
    text
}

struct Text {
    out: String,
    style: Style,
}

impl Text {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// Text broken at blanks; the first line behind `head`, the others as deep.
    fn wrapped(&mut self, head: &str, text: &str) {
        let indent = " ".repeat(head.chars().count());
        let mut line = head.to_owned();
        let mut used = 0;
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if used > 0 && indent.len() + used + 1 + length > WIDTH {
                self.line(&line);
                line.clone_from(&indent);
                used = 0;
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
        self.line(&line);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        let text = self.paint("1", text);
        self.line(&text);
    }

    fn grade(&mut self, report: &Report) {
        let grade = &report.grade;
        let score = |basis_points: u64| format!("{}.{:02}", basis_points / 100, basis_points % 100);
        let range = if grade.low.capped == grade.high.capped {
            format!("{} of 100", score(grade.low.capped))
        } else {
            format!(
                "{} of 100 if what is unknown is bad, {} if it is good",
                score(grade.low.capped),
                score(grade.high.capped)
            )
        };
        let letter = self.paint("1", grade.letter());
        self.line(&format!("Grade      {letter}   {range}"));
        let copies = if report.needs.contains(&crate::model::Need::Copies) {
            "; backups and VM snapshots are not known"
        } else {
            ""
        };
        self.line(&format!(
            "Evidence   {} % of the checks could be decided{copies}",
            report.coverage_percent
        ));
        if let Some(points) = report.statements {
            let sign = if points < 0 { "-" } else { "+" };
            self.line(&format!(
                "Statements {sign}{} points (before caps) rest on answers that nobody measured",
                score(points.unsigned_abs())
            ));
        }
        if report.planned {
            self.line(
                "Planned    all points rest on a plan; audit the deployment once it is built",
            );
        }
        for cap in &grade.caps {
            let certain = if cap.certain { "caps at" } else { "may cap at" };
            self.line(&format!("{:<10} {certain} {}: {}", cap.id, cap.ceiling, cap.because));
        }
    }

    fn tolerance(&mut self, all: &[Tolerance]) {
        let number = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        self.line(&format!(
            "{:<20} {:>12} {:>14}",
            "Losses tolerated", "in service", "recoverable"
        ));
        for tolerance in all {
            self.line(&format!(
                "  {:<18} {:>12} {:>14}",
                tolerance.capability,
                number(tolerance.service),
                number(tolerance.recovery)
            ));
        }
    }

    fn findings(&mut self, report: &Report) {
        let failed: Vec<&Finding> =
            report.findings.iter().filter(|f| f.status == Status::Fail).collect();
        self.heading(&format!("FINDINGS ({})", failed.len()));
        if failed.is_empty() {
            self.line("  none of the rules that could be decided fails");
        }
        let (short, long): (Vec<&Finding>, Vec<&Finding>) = failed
            .into_iter()
            .partition(|finding| !self.style.verbose && finding.severity <= Severity::Low);
        for finding in long {
            self.finding(finding);
        }
        if !short.is_empty() {
            self.line("");
        }
        for finding in short {
            let severity = finding.severity.name().to_uppercase();
            let code = finding.meta.code;
            self.wrapped(&format!("{severity} {code} "), &finding.why);
        }
        self.waived(report);
    }

    fn waived(&mut self, report: &Report) {
        let accepted = report.findings.iter().filter(|finding| finding.status == Status::Waived);
        for (index, finding) in accepted.enumerate() {
            if index == 0 {
                self.heading("WAIVED (they still weigh in the score)");
            }
            let Some(waiver) = &finding.waiver else { continue };
            let until = waiver.expires.map_or("for good".to_owned(), |end| format!("until {end}"));
            self.wrapped(
                &format!("  {} ", finding.meta.code),
                &format!(
                    "{} {} ({}, {until}): {}",
                    finding.meta.fails,
                    finding.subjects.join(", "),
                    waiver.owner,
                    waiver.reason
                ),
            );
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let severity = finding.severity.name().to_uppercase();
        let color = match finding.severity {
            Severity::Critical => "1;31",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low | Severity::Info => "36",
        };
        let severity = self.paint(color, &severity);
        let suffix = finding.suffix.map_or(String::new(), |suffix| format!(" [suffix {suffix}]"));
        self.line("");
        self.line(&format!("{severity} {} {}{suffix}", finding.meta.code, finding.meta.fails));
        self.wrapped("  ", &finding.why);
        if !finding.superseded_by.is_empty() {
            self.line(&format!(
                "  weighs nothing: follows from {}",
                finding.superseded_by.join(", ")
            ));
        }
        let shown = if self.style.verbose { usize::MAX } else { EVIDENCE_MAX };
        for source in finding.evidence.iter().take(shown) {
            let word = if source.planned { "planned" } else { "seen  " };
            self.line(&format!("  {word} {}", place(source)));
        }
        if finding.evidence.len() > shown {
            self.line(&format!("  seen   and in {} more place(s)", finding.evidence.len() - shown));
        }
        for command in &finding.remedy.commands {
            self.line(&format!("  fix    {command}"));
        }
        if !finding.remedy.commands.is_empty() {
            self.line(&format!("  check  {}", finding.remedy.verify));
        }
        let delta = finding.delta_raw;
        // Less than nothing: checks that it settled become unknown, which this end counts as bad.
        if delta > 0 {
            self.line(&format!("  worth  +{}.{:02} points before caps", delta / 100, delta % 100));
        }
        self.line(&format!("  source {}", finding.meta.citation));
    }

    fn unknown(&mut self, report: &Report) {
        if report.needs.is_empty() {
            return;
        }
        let rules: Vec<&str> = report
            .findings
            .iter()
            .filter(|finding| finding.status == Status::Unknown)
            .map(|finding| finding.meta.code)
            .collect();
        self.heading("NOT KNOWN");
        if !rules.is_empty() {
            self.wrapped("  ", &format!("Undecided rules: {}.", rules.join(", ")));
        }
        for (command, facts) in super::needs_by_command(&report.needs) {
            let more = match facts.len().saturating_sub(2) {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            let facts = facts.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
            self.wrapped("  ", &format!("{facts}{more}"));
            self.line(&format!("    ask  {command}"));
        }
    }

    fn scenarios(&mut self, report: &Report) {
        self.heading("DISASTERS");
        for scenario in &report.scenarios {
            let worst =
                scenario.worst.class.map_or("unknown", crate::recovery::OutcomeClass::words);
            self.line(&format!(
                "  {:<35}  {} case{}, worst: {worst}",
                scenario.family.title,
                scenario.cases.len(),
                if scenario.cases.len() == 1 { "" } else { "s" }
            ));
            let mut cases: Vec<_> = scenario.cases.iter().collect();
            cases.sort_by_key(|case| std::cmp::Reverse(case.outcome.rank()));
            let shown = match (self.style.verbose, scenario.family.are_alike) {
                (true, _) => usize::MAX,
                (false, true) => 1,
                (false, false) => CASES_MAX,
            };
            for case in cases.iter().take(shown) {
                let class =
                    case.outcome.class.map_or("unknown", crate::recovery::OutcomeClass::words);
                let how = match (case.outcome.needs.first(), case.procedure) {
                    (Some(need), _) => format!("needs {need}"),
                    (None, Some(procedure)) => {
                        format!("{} ({})", procedure.name(), case.scenario.unwrap_or_default())
                    }
                    (None, None) => String::new(),
                };
                self.line(&format!("    {}  {class}  {how}", shortened(&case.case.to_string())));
            }
            if cases.len() > shown {
                self.line(&format!("    and {} more, none worse", cases.len() - shown));
            }
        }
    }

    fn inputs(&mut self, report: &Report) {
        self.heading("FILES");
        for input in &report.inputs {
            self.line(&format!("  {}: {}", input.file, input.format));
        }
        if self.style.verbose {
            for note in &report.notes {
                self.note(note);
            }
        } else if !report.notes.is_empty() {
            let count = |severity| {
                report.notes.iter().filter(|note| note.code.severity() == severity).count()
            };
            self.line(&format!(
                "  notes on these files: {} error(s), {} warning(s), {} information; --verbose \
                 lists them",
                count(NoteSeverity::Error),
                count(NoteSeverity::Warning),
                count(NoteSeverity::Info)
            ));
        }
    }

    fn note(&mut self, note: &Note) {
        let at = match (note.line, note.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", note.file),
            (Some(line), None) => format!("{}:{line}", note.file),
            _ => note.file.to_string(),
        };
        let severity = note.code.severity().name();
        self.wrapped("  ", &format!("{severity} {} {at}: {}", note.code, note.message));
        if let Some(help) = &note.help {
            self.wrapped("    ", help);
        }
    }
}

/// `file:line: what was read there`.
fn place(source: &Source) -> String {
    let line = source.line.map_or(String::new(), |line| format!(":{line}"));
    let pointer = match (&source.line, &source.pointer) {
        (None, Some(pointer)) => format!(" {pointer}"),
        _ => String::new(),
    };
    format!("{}{line}{pointer}: {}", source.file, source.observed)
}
