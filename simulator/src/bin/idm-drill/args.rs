//! What the command line accepts.

use std::path::PathBuf;

use audit_core::model::Fqdn;
use audit_core::recovery::Case;
use audit_core::time::Timestamp;
use clap::{Parser, Subcommand, ValueEnum};

/// Tells before a disaster whether a FreeIPA / IdM deployment could recover, what it would lose,
/// and what to change first. Reads exports only; nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(name = "idm-drill", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Time for which the result holds, for example 2026-11-22T12:00:00Z; default: now.
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_time)]
    pub(crate) as_of: Option<Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read exports and print the model of the deployment.
    Import(ImportArgs),
    /// Judge a deployment: what would be lost, what to fix first.
    ///
    /// Exit codes: 0 passes even if everything unknown is bad; 1 fails even if everything unknown
    /// is good; 3 between (evidence insufficient); 2 usage error or unusable input.
    Audit(AuditArgs),
    /// Print the open questions of a deployment as a commented template of answers.toml.
    Answers {
        /// Exports: files, folders, or - for standard input; without any, the bundled example.
        paths: Vec<PathBuf>,
    },
    /// Print the steps that bring a disaster back, as Markdown for the emergency binder.
    ///
    /// Exit codes: 0 every case has a procedure; 1 for some case none works; 3 some case cannot be
    /// told; 2 usage error or unusable input.
    Runbook(RunbookArgs),
    /// Let a disaster happen in a simulation and recover from it step by step.
    ///
    /// Exit codes: 0 the deployment was recovered; 1 everything is lost, or the drill ended worse
    /// than the audit says; 3 too little is known, with --all also of some kind of disaster; 2
    /// usage error or unusable input.
    Drill(DrillArgs),
    /// Play recordings of real servers in the model and print what it predicts.
    ///
    /// With --compare, exit code 1 if a deterministic drill was observed to end otherwise; 2 if a
    /// drill cannot be played.
    Replay(ReplayArgs),
    /// Print the export script: run it as root on every server, then audit the files it writes.
    ///
    /// For example: idm-drill collect > collect.sh, then for each server
    /// ssh root@ipa1 'bash -s -' < collect.sh > ipa1.txt
    Collect {
        /// List what each section of the export is for instead.
        #[arg(long)]
        explain: bool,
    },
    /// Explain a rule or note by its code or name; without one, list the rules.
    Explain {
        /// Code or name, for example CA004 or IMP012.
        #[arg(conflicts_with = "coverage")]
        word: Option<String>,
        /// List every statement of the guide with what checks it.
        #[arg(long)]
        coverage: bool,
    },
    /// Print the JSON Schema of a document.
    Schema {
        /// Which document.
        name: SchemaName,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// Exports: files, folders, archives, - for standard input; without any, the bundled example.
    pub(crate) paths: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ModelFormat::Text)]
    pub(crate) format: ModelFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    /// Exports: files, folders, archives, - for standard input; without any, the bundled example.
    pub(crate) paths: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub(crate) format: AuditFormat,
    /// Lowest grade (A to D) or score (0 to 100) that passes; default: no cap K1 to K4.
    #[arg(long, value_name = "GRADE", value_parser = parse_fail_under)]
    pub(crate) fail_under: Option<FailUnder>,
    /// Exit with 0 whatever the verdict.
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Judge one disaster and print the steps that bring it back, for example
    /// lose:ipa1.example.test or lose-dc:fra.
    #[arg(long, value_name = "CASE", value_parser = parse_case)]
    pub(crate) case: Option<Case>,
    /// Print all evidence, all cases and all notes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunbookArgs {
    /// Exports: files, folders, archives, - for standard input; without any, the bundled example.
    pub(crate) paths: Vec<PathBuf>,
    /// The disaster, for example lose:ipa1.example.test or lose-dc:fra.
    #[arg(long, value_name = "CASE", value_parser = parse_case, required_unless_present = "all")]
    pub(crate) case: Option<Case>,
    /// Every disaster that the audit lists, except losses of several servers that end no worse than
    /// that of one of them.
    #[arg(long, conflicts_with = "case")]
    pub(crate) all: bool,
    /// A checklist to rehearse by, with the result to fill in.
    #[arg(long)]
    pub(crate) rehearsal: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DrillArgs {
    /// Exports: files, folders, archives, - for standard input; without any, the bundled example.
    pub(crate) paths: Vec<PathBuf>,
    /// The disaster, for example lose:ipa1.example.test or delete:unknown@ipa1.example.test.
    #[arg(long, value_name = "CASE", value_parser = parse_case,
        required_unless_present_any = ["all", "assumptions"])]
    pub(crate) case: Option<Case>,
    /// Every disaster of the emergency binder, as a table beside what the audit says.
    #[arg(long, conflicts_with = "case")]
    pub(crate) all: bool,
    /// The seed of everything that chance decides: equal seeds give equal drills.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The worst moment: right behind a write on every server that is lost, and before the next
    /// scheduled copy.
    #[arg(long)]
    pub(crate) worst_timing: bool,
    /// An operator who overlooks this server: steps that stop it or replace its data are left out.
    #[arg(long, value_name = "HOST", value_parser = parse_host)]
    pub(crate) forget: Option<Fqdn>,
    /// Replace assumptions by those of this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) assume: Option<PathBuf>,
    /// Print the assumptions, each with its source, as a file for --assume.
    #[arg(long)]
    pub(crate) assumptions: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = DrillFormat::Text, conflicts_with = "all")]
    pub(crate) format: DrillFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DrillFormat {
    /// A timeline.
    Text,
    /// idm-drill/outcome/1.
    Json,
    /// Servers as lanes.
    Svg,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Recordings: a JSON list of drills, or - for standard input.
    pub(crate) file: PathBuf,
    /// Print where prediction and recording differ.
    #[arg(long)]
    pub(crate) compare: bool,
    /// Number of seeds for drills that are not deterministic.
    #[arg(long, value_name = "N", default_value_t = 20,
        value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) seeds: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModelFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AuditFormat {
    Text,
    Json,
    Markdown,
    Svg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaName {
    Deployment,
    Report,
    Case,
    Outcome,
}

/// Points that the score must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailUnder(pub(crate) u64);

fn parse_time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text)
        .ok_or_else(|| "expected a time such as 2026-11-22T12:00:00Z".to_owned())
}

fn parse_fail_under(text: &str) -> Result<FailUnder, String> {
    let points = match text.to_ascii_uppercase().as_str() {
        "A" => 80,
        "B" => 65,
        "C" => 50,
        "D" => 35,
        number => number
            .parse()
            .ok()
            .filter(|points| *points <= 100)
            .ok_or("expected A, B, C, D or a number from 0 to 100")?,
    };
    Ok(FailUnder(points))
}

fn parse_host(text: &str) -> Result<Fqdn, String> {
    Fqdn::parse(text).ok_or_else(|| "expected a host name".to_owned())
}

fn parse_case(text: &str) -> Result<Case, String> {
    text.parse().map_err(|error: audit_core::recovery::CaseError| error.to_string())
}
