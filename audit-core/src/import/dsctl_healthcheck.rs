//! `dsctl healthcheck` with JSON: what the directory server's own checks find.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::dsconf_parts::Asked;
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::replication_words::{fault_of_check, state_health};

/// Reads the list that `dsctl -j INSTANCE healthcheck` prints.
///
/// # Shape
///
/// | `dsle` | becomes |
/// |---|---|
/// | `DSREPLLE0005` | the agreement that `detail` names is unreachable |
/// | `DSREPLLE0001` | the agreement that `detail` names fails |
/// | `DSREPLLE0002` | the number of replication conflicts in a suffix |
/// | `DSSKEWLE0001` to `0003` | the clock is off by 6, 12 or 24 hours at least |
/// | `DSDSLE0001` | the file system that `detail` names has too little free space |
///
/// The output does not say which server was checked. That comes from the export bundle around it,
/// or from the agreement's own name (`FROM-to-TO`).
///
/// # Errors
///
/// Every other finding, and one of which it stays open on which server it was made, is counted by
/// its code in a note.
///
/// # Source
///
/// 389-ds-base 2.3.1 and later, `lib389/cli_ctl/health.py`, `lib389/lint.py`.
pub(super) static FORMAT: Format = Format {
    name: "dsctl healthcheck",
    command: "dsctl --json INSTANCE healthcheck",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let findings = document.value.as_array().into_iter().flatten().enumerate();
    let findings: Vec<(usize, &str, &str)> = findings
        .filter_map(|(at, finding)| {
            let text = |key: &str| finding.get(key).and_then(Value::as_str);
            Some((at, text("dsle")?, text("detail")?))
        })
        .collect();
    if findings.is_empty() {
        return false;
    }
    let place = Place { named, document };
    let on = Asked::of(&place).on;
    let mut not_used: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, code, detail) in findings {
        let sources = |observed: String| {
            let mut source = place.source(&format!("/{at}"), observed);
            source.observed_from = source.observed_from.or_else(|| on.clone());
            Sources::from([source])
        };
        if on.as_ref().is_some_and(|on| state_health(on, code, detail, &sources, facts)) {
            continue;
        }
        let Some((key, state)) = fault_of_check(code, detail, on.as_ref()) else {
            *not_used.entry(code).or_default() += 1;
            continue;
        };
        let observed = format!("{code}: agreement with {} ({}): {state}", key.peer, key.suffix);
        let mut source = place.source(&format!("/{at}"), observed);
        source.observed_from = Some(key.on.clone());
        let sources = Sources::from([source]);
        facts.observed.agreement(key, sources.clone()).state.claim(state, sources);
    }
    if !not_used.is_empty() {
        let codes: Vec<String> =
            not_used.iter().map(|(code, count)| format!("{code} ({count})")).collect();
        let message = format!(
            "dsctl healthcheck reports, and the model has no place for it: {}",
            codes.join(", ")
        );
        let note = place.note(NoteCode::ReportedFault, "", &message);
        facts.note(note.help(
            "Look at the findings in the file. To have those on agreements counted, run the export \
             script on the server.",
        ));
    }
    true
}
