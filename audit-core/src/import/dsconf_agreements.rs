//! `dsconf --json`: the agreements of one server.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::dsconf_parts::{Asked, Row, items, note_left_out, note_unreadable};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::model::{Fqdn, Suffix};
use crate::parse::json::Document;

/// Reads the JSON of `dsconf SERVER replication status`, `repl-agmt status` and `repl-agmt list`.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `agmt-name`, `replica` / `cn`, `nsds5replicahost` | which agreement |
/// | `replica-enabled` / `nsds5replicaenabled` | whether it is enabled |
/// | `last-update-status` / `nsds5replicalastupdatestatus` | class of the last update |
/// | `last-update-end` / `nsds5replicalastupdateend` | when it ended |
///
/// The output does not say which server was asked. That comes from the command line before it
/// (`ldap://SERVER`), from the export bundle around it, or from the agreement's own name
/// (`FROM-to-TO`). The suffix is that of the entry, else of `--suffix`, else of the name (`meTo`,
/// `caTo`). `replication-status` and its colors are not read: they call healthy agreements "Not in
/// Synchronization" and disabled ones green.
///
/// The agreements are all of the server and suffix if the command line is one that lists them all.
///
/// # Errors
///
/// Agreements of which supplier, suffix or consumer stay open are left out with a note, as are
/// those with `localhost`. Attributes other than those above are not looked at: `repl-agmt list`
/// prints credentials.
///
/// # Source
///
/// 389-ds-base 2.3.1 and later, `lib389/agreement.py`, `lib389/cli_conf/replication.py`.
pub(super) static FORMAT: Format = Format {
    name: "dsconf replication status",
    command: "dsconf SERVER --json replication status --suffix SUFFIX",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let items = items(&document.value);
    let row = |(pointer, item): &(String, &Value)| {
        Row::of_status(pointer.clone(), item).or_else(|| Row::of_entry(pointer.clone(), item))
    };
    let rows: Vec<Row> = items.iter().filter_map(row).collect();
    if rows.is_empty() {
        return false;
    }
    let place = Place { named, document };
    let asked = Asked::of(&place);
    let mut open = Vec::new();
    let mut lists: BTreeSet<(Fqdn, Suffix)> = BTreeSet::new();
    for row in &rows {
        match row.key(&asked) {
            Some(key) => {
                lists.insert((key.on.clone(), key.suffix));
                row.state(key, place.source(&row.pointer, ""), facts);
            }
            None => open.push(row),
        }
    }
    let is_whole = open.is_empty() && items.len() == rows.len();
    if asked.lists_all && asked.suffix.is_some() && is_whole {
        for (on, suffix) in lists {
            let sources = place.sources("", format!("all agreements of {on} ({suffix})"));
            facts.observed.agreement_lists.entry((on, suffix)).or_default().extend(sources);
        }
    }
    note_left_out(&open, |code, text| place.note(code, "", text), facts);
    let items: Vec<&Value> = items.into_iter().map(|(_, item)| item).collect();
    note_unreadable(&place, "", &items, facts);
    true
}
