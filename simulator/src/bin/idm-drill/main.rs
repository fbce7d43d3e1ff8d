//! `idm-drill`: the command line. The only place that opens files, reads the clock and prints.

mod args;
mod diagnostics;
mod drill;
mod files;
mod model_text;
mod progress;
mod replay;

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use audit_core::bundle::collect;
use audit_core::import::Imported;
use audit_core::note::NoteCode;
use audit_core::recovery::{Case, OutcomeClass};
use audit_core::report::runbook::{self, Page, Purpose};
use audit_core::report::{self, json, markdown, svg, text};
use audit_core::time::Timestamp;
use audit_core::{Options, Report, audit, cases, guide, rules};
use clap::Parser;

use args::{
    Args, AuditArgs, AuditFormat, Command, FailUnder, ImportArgs, ModelFormat, RunbookArgs,
    SchemaName,
};

/// Exit code for usage errors and for input of which nothing can be used.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(code) => code,
        // A reader such as `head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "idm-drill: {error}");
            ExitCode::from(UNUSABLE)
        }
    }
}

fn run(args: &Args) -> io::Result<ExitCode> {
    match &args.command {
        Command::Import(args) => import(args),
        Command::Audit(audit) => run_audit(audit, args.as_of.unwrap_or_else(now)),
        Command::Answers { paths } => answers(paths, args.as_of.unwrap_or_else(now)),
        Command::Explain { coverage: true, .. } => {
            print(&guide::coverage())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Explain { word, .. } => explain(word.as_deref()),
        Command::Runbook(runbook) => runbooks(runbook, args.as_of.unwrap_or_else(now)),
        Command::Drill(drill) => drill::run(drill, args.as_of.unwrap_or_else(now)),
        Command::Replay(args) => replay::run(args),
        Command::Collect { explain } => {
            let explanation = explain.then(collect::explain);
            print(explanation.as_deref().unwrap_or(collect::SCRIPT))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Schema { name } => {
            let text = match name {
                SchemaName::Deployment => audit_core::report::schema::DEPLOYMENT,
                SchemaName::Case => audit_core::report::schema::CASE,
                SchemaName::Report => audit_core::report::schema::REPORT,
                SchemaName::Outcome => simulator::drill::OUTCOME_SCHEMA,
            };
            print(text)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// True if nothing that was given could be read as an export.
fn is_unusable(imported: &Imported) -> bool {
    let useless = [
        NoteCode::EmptyFile,
        NoteCode::BinaryFile,
        NoteCode::NotRecognized,
        NoteCode::InvalidJson,
        NoteCode::InvalidYaml,
        NoteCode::UnknownSchema,
        NoteCode::FileTooLarge,
        NoteCode::Unreadable,
    ];
    let deployment = &imported.deployment;
    deployment.servers.is_empty()
        && deployment.topology.values().all(|topology| topology.segments.is_empty())
        && deployment.ca.sources().is_empty()
        && (imported.inputs.is_empty()
            || imported.inputs.iter().all(|input| {
                deployment
                    .notes
                    .iter()
                    .any(|note| note.file == input.file && useless.contains(&note.code))
            }))
}

fn import(args: &ImportArgs) -> io::Result<ExitCode> {
    let imported = files::import(&args.paths);
    diagnostics::print(&imported.deployment.notes)?;
    match args.format {
        ModelFormat::Json => print(&report::deployment_json::render(&imported.deployment))?,
        ModelFormat::Text => print(&model_text::render(&imported))?,
    }
    Ok(if is_unusable(&imported) { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS })
}

fn answers(paths: &[std::path::PathBuf], as_of: Timestamp) -> io::Result<ExitCode> {
    let imported = files::import(paths);
    diagnostics::print(&imported.deployment.notes)?;
    print(&report::answers::render(&imported.deployment, as_of))?;
    Ok(if is_unusable(&imported) { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS })
}

fn run_audit(args: &AuditArgs, as_of: Timestamp) -> io::Result<ExitCode> {
    let imported = files::import(&args.paths);
    diagnostics::print(&imported.deployment.notes)?;
    let report = audit(&imported, &Options { as_of });
    match &args.case {
        Some(case) => return judge_case(&imported, case, as_of, args.format),
        None => print(&rendered(&imported, &report, args))?,
    }
    if is_unusable(&imported) {
        let _ = writeln!(io::stderr(), "idm-drill: nothing that was given could be used");
        return Ok(ExitCode::from(UNUSABLE));
    }
    Ok(if args.exit_zero { ExitCode::SUCCESS } else { verdict(&report, args.fail_under) })
}

fn rendered(imported: &Imported, report: &Report, args: &AuditArgs) -> String {
    match args.format {
        AuditFormat::Json => json::render(report),
        AuditFormat::Markdown => markdown::render(report),
        AuditFormat::Svg => svg::render(&imported.deployment, report, svg::Styling::Standalone),
        AuditFormat::Text => {
            let color = io::stdout().is_terminal() && no_color_is_unset();
            text::render(report, text::Style { color, verbose: args.verbose })
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line reads the environment")]
fn no_color_is_unset() -> bool {
    std::env::var("NO_COLOR").map_or(true, |value| value.is_empty())
}

/// The time at which the command runs.
#[expect(clippy::disallowed_types, reason = "the one place that reads the clock")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
    Timestamp::from_unix_seconds(seconds).unwrap_or(Timestamp::EPOCH)
}

/// 0 if the pessimistic end passes, 1 if even the optimistic one fails, 3 between.
fn verdict(report: &Report, fail_under: Option<FailUnder>) -> ExitCode {
    let (low, high) = if let Some(FailUnder(points)) = fail_under {
        (report.grade.low.capped >= points * 100, report.grade.high.capped >= points * 100)
    } else {
        let fatal = |certain_only: bool| {
            report.grade.caps.iter().any(|cap| {
                ["K1", "K2", "K3", "K4"].contains(&cap.id) && (cap.certain || !certain_only)
            })
        };
        (!fatal(false), !fatal(true))
    };
    ExitCode::from(match (low, high) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 3,
    })
}

fn judge_case(
    imported: &Imported,
    case: &Case,
    as_of: Timestamp,
    format: AuditFormat,
) -> io::Result<ExitCode> {
    let judge = cases::Judge::new(&imported.deployment).at(as_of);
    if let Some(problem) = judge.objection(case) {
        let _ = writeln!(io::stderr(), "idm-drill: {problem}");
        return Ok(ExitCode::from(UNUSABLE));
    }
    let Some(judged) = judge.judge(case) else { return not_judged(case) };
    if imported.deployment.is_planned() {
        let _ = writeln!(io::stderr(), "idm-drill: {}", text::DESIGN);
    }
    let runbook = judge.runbook(case);
    match format {
        AuditFormat::Json => print(&json::render_case(&judged, runbook.as_ref()))?,
        AuditFormat::Text | AuditFormat::Markdown | AuditFormat::Svg => {
            print(&text::render_case(&judged, runbook.as_ref()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runbooks(args: &RunbookArgs, as_of: Timestamp) -> io::Result<ExitCode> {
    let imported = files::import(&args.paths);
    diagnostics::print(&imported.deployment.notes)?;
    let (pages, missing) = match &args.case {
        None => runbook::binder(&imported.deployment, as_of),
        Some(case) => {
            let judge = cases::Judge::new(&imported.deployment).at(as_of);
            if let Some(problem) = judge.objection(case) {
                let _ = writeln!(io::stderr(), "idm-drill: {problem}");
                return Ok(ExitCode::from(UNUSABLE));
            }
            let Some(page) = Page::of(&judge, case) else { return not_judged(case) };
            (vec![page], Vec::new())
        }
    };
    let purpose = if args.rehearsal { Purpose::Rehearsal } else { Purpose::Emergency };
    // Nobody should recover by the runbook of servers that were never built.
    let is_planned = imported.deployment.is_planned();
    let head = if is_planned { format!("> {}\n\n", text::DESIGN) } else { String::new() };
    print(&(head + &runbook::render(&pages, &missing, purpose, as_of)))?;
    let impossible = |page: &Page| page.judged.outcome.class == Some(OutcomeClass::TotalLoss);
    Ok(if is_unusable(&imported) {
        ExitCode::from(UNUSABLE)
    } else if pages.iter().any(impossible) {
        ExitCode::from(1)
    } else if !missing.is_empty() || pages.iter().any(|page| page.runbook.is_none()) {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    })
}

fn not_judged(case: &Case) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "idm-drill: {case} names something that this deployment does not have")?;
    Ok(ExitCode::from(UNUSABLE))
}

fn explain(word: Option<&str>) -> io::Result<ExitCode> {
    let Some(word) = word else {
        let mut list = String::new();
        for rule in rules::by_code() {
            let meta = rule.meta();
            let severity = meta.severity.name();
            // Writing to a string cannot fail.
            let _ = writeln!(list, "{:<7} {severity:<8} {}", meta.code, meta.fails);
        }
        list.push_str(
            "\nidm-drill explain CODE tells more; codes IMPnnn of notes are known too.\n",
        );
        print(&list)?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(rule) = rules::find(word) {
        let meta = rule.meta();
        let head = format!(
            "{} {} ({}; {}; {})\n\n",
            meta.code,
            meta.name,
            meta.severity.name(),
            meta.rule,
            meta.citation
        );
        print(&(head + &audit_core::rule::plain_text(meta.doc)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let note = NoteCode::ALL.iter().find(|(code, _)| code.code().eq_ignore_ascii_case(word));
    if let Some((code, doc)) = note {
        let severity = code.severity().name();
        print(&format!("{code} ({severity})\n\n{}", audit_core::rule::plain_text(doc)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let _ = writeln!(
        io::stderr(),
        "idm-drill: no rule or note is called \"{word}\"; `idm-drill explain` lists the rules"
    );
    Ok(ExitCode::from(UNUSABLE))
}
