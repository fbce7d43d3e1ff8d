//! `replay`: recordings of real servers, played in the model.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};
use simulator::replay::{self, Drill, ReplayError};

use crate::args::ReplayArgs;

/// Plays a file. Without `--compare` it prints what the model observes, in the recording's shape;
/// with it, where the two differ: exit code 1 if a deterministic drill does. Exit code 2 if a
/// drill cannot be played; the others are played.
pub(crate) fn run(args: &ReplayArgs) -> io::Result<ExitCode> {
    let text = match read(args) {
        Ok(text) => text,
        Err(error) => return refuse(&format!("{}: cannot be read: {error}", args.file.display())),
    };
    let drills = match replay::read_each(&text) {
        Ok(drills) => drills,
        Err(error) => return refuse(&format!("{}: {error}", args.file.display())),
    };
    let mut played: Vec<(Vec<Value>, Drill)> = Vec::new();
    let mut is_whole = true;
    for drill in drills {
        match drill.and_then(|drill| Ok((predict(&drill, args.seeds)?, drill))) {
            Ok(pair) => played.push(pair),
            // The others are played all the same.
            Err(error) => {
                refuse(&format!("{}: {error}", args.file.display()))?;
                is_whole = false;
            }
        }
    }
    for pointer in played.iter().flat_map(|(_, drill)| replay::unknown_fields(drill)) {
        writeln!(io::stderr(), "idm-drill: {pointer}: not known, so it is not compared")?;
    }
    if args.compare {
        let (text, differs) = comparison(&played);
        super::print(&text)?;
        let code = if is_whole { u8::from(differs) } else { super::UNUSABLE };
        return Ok(ExitCode::from(code));
    }
    let predictions: Vec<Value> = played
        .iter()
        .map(|(observed, drill)| {
            json!({
                "name": drill.name,
                "deterministic": drill.is_deterministic,
                "observed": observed,
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&predictions).map_err(io::Error::other)?;
    super::print(&(text + "\n"))?;
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(super::UNUSABLE) })
}

#[expect(clippy::disallowed_methods, reason = "the command line opens files")]
fn read(args: &ReplayArgs) -> io::Result<String> {
    if args.file.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(&args.file)
}

fn refuse(message: &str) -> io::Result<ExitCode> {
    writeln!(io::stderr(), "idm-drill: {message}")?;
    Ok(ExitCode::from(super::UNUSABLE))
}

/// One prediction for a deterministic drill; one for every seed otherwise.
fn predict(drill: &Drill, seeds: u64) -> Result<Vec<Value>, ReplayError> {
    let seeds = if drill.is_deterministic { 1 } else { seeds };
    (0..seeds).map(|seed| replay::play(drill, seed)).collect()
}

/// The comparison as text, and whether a deterministic drill differs.
fn comparison(played: &[(Vec<Value>, Drill)]) -> (String, bool) {
    let mut text = String::new();
    let mut differing = 0;
    let mut deterministic = 0;
    for (predicted, drill) in played {
        // Writing to a string cannot fail.
        if drill.observed.is_empty() {
            let _ = writeln!(text, "{}: nothing was observed", drill.name);
        } else if drill.is_deterministic {
            deterministic += 1;
            let differences = replay::compare(drill, predicted);
            let word = if differences.is_empty() { "equal" } else { "DIFFERENT" };
            let _ = writeln!(text, "{}: {word}", drill.name);
            for difference in &differences {
                let _ = writeln!(text, "  {difference}");
            }
            differing += usize::from(!differences.is_empty());
        } else {
            let count = predicted.len();
            let _ = writeln!(text, "{}: not deterministic; {count} seeds", drill.name);
            for (pointer, predicted, observed) in replay::ranges(drill, predicted) {
                let predicted = list(&predicted);
                let observed = list(&observed);
                let _ = writeln!(text, "  {pointer}: predicted {predicted}; observed {observed}");
            }
        }
    }
    let equal = deterministic - differing;
    let _ = writeln!(text, "\n{equal} of {deterministic} deterministic drills are equal");
    (text, differing > 0)
}

/// Values as one text: a range for numbers, all of them otherwise.
fn list(values: &[Value]) -> String {
    let numbers: Option<Vec<i64>> = values.iter().map(Value::as_i64).collect();
    match numbers.as_deref() {
        Some([]) => "nothing".to_owned(),
        Some(numbers) => {
            let low = numbers.iter().min().copied().unwrap_or_default();
            let high = numbers.iter().max().copied().unwrap_or_default();
            if low == high { low.to_string() } else { format!("{low} to {high}") }
        }
        None => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or "),
    }
}
