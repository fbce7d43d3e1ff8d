//! `dsconf replication get-ruv --json`: the RUV of one server.

use serde_json::Value;

use super::{Format, Named, Reads};
use crate::dsconf_parts::{Asked, items};
use crate::facts::Facts;
use crate::json_parts::Place;
use crate::model::RuvKey;
use crate::note::NoteCode;
use crate::parse::json::Document;
use crate::replication_words::{csn, replica_id, server_of_url};

/// Reads the JSON of `dsconf SERVER replication get-ruv`.
///
/// # Shape
///
/// | key | becomes |
/// |---|---|
/// | `rid` | an element of the RUV |
/// | `url` | its host |
/// | `raw_maxcsn` | its newest change |
///
/// The output says neither server nor suffix. Both come from the command line before it
/// (`dsconf ldap://SERVER … --suffix SUFFIX`), the server also from the export bundle around it.
///
/// # Errors
///
/// Without a suffix nothing is used, with a note. An element whose URL names `localhost` or no
/// whole host name keeps its id, but not its host.
///
/// # Source
///
/// 389-ds-base 2.3.1 and later, `lib389/replica.py` (`RUV.format_ruv`).
pub(super) static FORMAT: Format = Format {
    name: "dsconf replication get-ruv",
    command: "dsconf SERVER --json replication get-ruv --suffix SUFFIX",
    reader: Reads::Json(read),
};

fn read(named: &Named<'_>, document: &Document, facts: &mut Facts) -> bool {
    let rows: Vec<(String, &Value)> = items(&document.value)
        .into_iter()
        .filter(|(_, item)| item.get("raw_ruv").is_some() && item.get("rid").is_some())
        .collect();
    if rows.is_empty() {
        return false;
    }
    let place = Place { named, document };
    let asked = Asked::of(&place);
    let Some(suffix) = asked.suffix else {
        facts.note(
            place
                .note(
                    NoteCode::SuffixNotStated,
                    "",
                    "nothing in the file says which suffix this RUV is of; it was not used",
                )
                .help(
                    "Keep the command line in the file: `$ dsconf ldap://SERVER --json \
                     replication get-ruv --suffix SUFFIX`.",
                ),
        );
        return true;
    };
    for (pointer, row) in rows {
        let text = |key: &str| row.get(key).and_then(Value::as_str);
        let Some(id) = row.get("rid").and_then(replica_id) else {
            let message = "an element of the RUV without a usable id; left out";
            facts.note(place.note(NoteCode::IncompleteEntry, &pointer, message));
            continue;
        };
        let host = text("url").and_then(server_of_url);
        let shown = host.as_ref().map_or("an unnamed host", |host| host.as_str());
        let sources = place.sources(&pointer, format!("replica {id} is {shown} in {suffix}"));
        let key = RuvKey { on: asked.on.clone(), suffix };
        let element = facts.observed.ruv(key, sources.clone()).replica(id, sources.clone());
        if let Some(host) = host {
            element.host.claim(host, sources);
        }
        element.state_max_csn(text("raw_maxcsn").and_then(csn));
    }
    true
}
