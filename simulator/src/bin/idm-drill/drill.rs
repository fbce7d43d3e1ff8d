//! `drill`: a disaster and its recovery, simulated.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use audit_core::recovery::{Case, OutcomeClass};
use audit_core::report::runbook;
use audit_core::time::Timestamp;
use simulator::drill::{self, Assumptions, DEFAULTS, Drill, Drilled, Unfit};

use crate::args::{DrillArgs, DrillFormat};
use crate::{UNUSABLE, diagnostics, files, is_unusable, print};

/// Exit code for a deployment of which too little is known.
const INSUFFICIENT: u8 = 3;

pub(crate) fn run(args: &DrillArgs, as_of: Timestamp) -> io::Result<ExitCode> {
    if args.assumptions {
        print(DEFAULTS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let assumptions = match &args.assume {
        None => Assumptions::default(),
        Some(path) => {
            #[expect(clippy::disallowed_methods, reason = "the command line opens files")]
            let text = match std::fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) => {
                    let place = path.display();
                    writeln!(io::stderr(), "idm-drill: {place}: cannot be read: {error}")?;
                    return Ok(ExitCode::from(UNUSABLE));
                }
            };
            match Assumptions::default().with_file(&text) {
                Ok(assumptions) => assumptions,
                Err(invalid) => {
                    writeln!(io::stderr(), "idm-drill: {}:{invalid}", path.display())?;
                    return Ok(ExitCode::from(UNUSABLE));
                }
            }
        }
    };
    let imported = files::import(&args.paths);
    diagnostics::print(&imported.deployment.notes)?;
    if is_unusable(&imported) {
        writeln!(io::stderr(), "idm-drill: nothing that was given could be used")?;
        return Ok(ExitCode::from(UNUSABLE));
    }
    let one = |case: &Case| {
        let drill = Drill::new(&imported.deployment, case, as_of)
            .seed(args.seed)
            .worst_timing(args.worst_timing)
            .assume(assumptions.clone());
        match &args.forget {
            Some(server) => drill.forget(server.clone()).run(),
            None => drill.run(),
        }
    };
    if let Some(case) = &args.case {
        return match one(case) {
            Ok(drilled) => {
                print(&rendered(&drilled, args.format))?;
                Ok(verdict(&[drilled]))
            }
            Err(unfit) => explain(&unfit),
        };
    }
    let (pages, missing) = runbook::binder(&imported.deployment, as_of);
    let mut all = Vec::new();
    for page in &pages {
        match one(&page.judged.case) {
            Ok(drilled) => all.push(drilled),
            Err(unfit) => return explain(&unfit),
        }
    }
    let mut table = drill::table();
    for drilled in &all {
        table.push_str(&drill::table_row(drilled));
    }
    for line in &missing {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "Not drilled: {line}");
    }
    let worse = all.iter().filter(|drilled| drilled.is_worse_than_predicted()).count();
    let _ = writeln!(
        table,
        "\n{} drills, seed {}; {worse} end worse than the audit says",
        all.len(),
        args.seed
    );
    print(&table)?;
    // What was not drilled is not proven.
    let is_short = all.is_empty() || !missing.is_empty();
    Ok(match verdict(&all) {
        ExitCode::SUCCESS if is_short => ExitCode::from(INSUFFICIENT),
        code => code,
    })
}

fn rendered(drilled: &Drilled, format: DrillFormat) -> String {
    match format {
        DrillFormat::Text => drill::text(drilled),
        DrillFormat::Json => drill::json(drilled),
        DrillFormat::Svg => drill::svg(drilled),
    }
}

/// 1 if a drill lost everything, or ended worse than the audit says.
fn verdict(all: &[Drilled]) -> ExitCode {
    let is_bad = |drilled: &Drilled| {
        drilled.class == OutcomeClass::TotalLoss || drilled.is_worse_than_predicted()
    };
    ExitCode::from(u8::from(all.iter().any(is_bad)))
}

fn explain(unfit: &Unfit) -> io::Result<ExitCode> {
    let mut err = io::stderr().lock();
    match unfit {
        Unfit::Case(objection) => {
            writeln!(err, "idm-drill: {objection}")?;
            Ok(ExitCode::from(UNUSABLE))
        }
        Unfit::Needs(needs) => {
            writeln!(err, "idm-drill: too little is known of this deployment to simulate it:")?;
            for need in needs {
                writeln!(err, "  - {need}")?;
            }
            Ok(ExitCode::from(INSUFFICIENT))
        }
    }
}
