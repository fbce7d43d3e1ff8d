//! `ipa server-role-find`: the status of every role on every server.

use std::collections::{BTreeMap, BTreeSet};

use super::{Format, Named, Reads};
use crate::console_parts::{List, host, is_former_role, note_incomplete};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, Role, RoleStatus};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Entry, Field, Frame, Transcript};

/// Reads the text that `ipa server-role-find` prints, also with `--include-master`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Server name` / `server_server` | the server exists |
/// | `Role name` / `role_servrole` | which role |
/// | `Role status` / `status` | its status on that server |
///
/// Role names and statuses are never translated, labels are: an entry in another language is
/// recognized by a role name followed by a status. Without `--include-master` the IPA master role
/// is not listed and a server's visibility stays unknown. Rows of the role `NTP server` (4.4 to
/// 4.6) are passed over.
///
/// The rows are servers times roles. They are all servers only if nothing was filtered or cut and
/// every server has the same five or six rows; a single server without the command line may be
/// `--server` and proves nothing about others.
///
/// # Errors
///
/// None. Rows that cannot be read are left out with a note, and the list of servers is then not
/// known to be whole.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/serverrole.py`, `ipaserver/servroles.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa server-role-find",
    command: "ipa server-role-find --include-master",
    reader: Reads::Console(read),
};

const COMMAND: &str = "server-role-find";

/// What leaves rows out.
const LIST: List = List {
    one: "role row",
    several: "role rows",
    arguments: 0,
    filters: &["server", "role", "servrole", "status"],
};

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in &transcript.frames {
        let by_command = frame
            .command
            .as_ref()
            .is_some_and(|command| command.name == COMMAND && frame.summary.is_some());
        if by_command || frame.entries.iter().any(|entry| parts(entry).is_some()) {
            found = true;
            read_frame(named, frame, facts);
        }
    }
    found
}

struct Parts<'a> {
    server: &'a Field,
    role: &'a Field,
    status: &'a Field,
}

/// A row by its labels, or by a role name with a status behind it.
fn parts(entry: &Entry) -> Option<Parts<'_>> {
    let server = entry.get(&["Server name", "server_server"]);
    let role = entry.get(&["Role name", "role_servrole"]);
    let status = entry.get(&["Role status", "status"]);
    if let (Some(server), Some(role), Some(status)) = (server, role, status) {
        return Some(Parts { server, role, status });
    }
    let is_role = |title: &str| Role::from_title(title).is_some() || is_former_role(title);
    let at = entry.fields.iter().position(|field| is_role(&field.value))?;
    let [server, role, status] = entry.fields.get(at.checked_sub(1)?..=at + 1)? else {
        return None;
    };
    let is_row = Fqdn::parse(&server.value).is_some() && RoleStatus::parse(&status.value).is_some();
    is_row.then_some(Parts { server, role, status })
}

fn read_frame(named: &Named<'_>, frame: &Frame, facts: &mut Facts) {
    let mut rows: BTreeMap<Fqdn, BTreeSet<Role>> = BTreeMap::new();
    let mut whole = true;
    for entry in &frame.entries {
        let Some(parts) = parts(entry) else {
            whole = false;
            let what = "a row without server name, role name and role status";
            note_incomplete(named, entry, what, facts);
            continue;
        };
        let Some(server) = host(named.file, parts.server, facts) else {
            whole = false;
            continue;
        };
        if is_former_role(&parts.role.value) {
            continue;
        }
        let role = word(named, parts.role, Role::from_title(&parts.role.value), facts);
        let status = word(named, parts.status, RoleStatus::parse(&parts.status.value), facts);
        let source = |field: &Field, what: String| named.source(field.line, what);
        if let (Some(role), Some(status)) = (role, status) {
            let observed = format!("{server}: {role}: {status}");
            facts.role(&server, role, status, [source(parts.status, observed)]);
            rows.entry(server).or_default().insert(role);
        } else {
            whole = false;
            facts.server(&server, [source(parts.server, format!("server {server}"))]);
        }
    }
    let complete = whole & LIST.is_complete(named, frame, facts);
    if complete && is_whole_matrix(named, frame, &rows, facts) {
        let summary = frame.summary.clone().unwrap_or_default();
        let source = named.source(frame.line, summary);
        facts.all_servers(rows.into_keys().collect(), Sources::from([source]));
    }
}

fn word<T>(named: &Named<'_>, field: &Field, parsed: Option<T>, facts: &mut Facts) -> Option<T> {
    if parsed.is_none() {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::UnknownWord,
                format!("\"{}\" is not a value of \"{}\"; left out", field.value, field.label),
            )
            .at(field.line)
            .snippet(format!("  {}: {}", field.label, field.value)),
        );
    }
    parsed
}

/// True if the rows are every server times every role, which no filter by role or status leaves.
fn is_whole_matrix(
    named: &Named<'_>,
    frame: &Frame,
    rows: &BTreeMap<Fqdn, BTreeSet<Role>>,
    facts: &mut Facts,
) -> bool {
    let Some(first) = rows.values().next() else { return false };
    let same = rows.values().all(|roles| roles == first);
    let without_master = Role::ALL.into_iter().filter(|role| *role != Role::IpaMaster);
    let all_roles = without_master.into_iter().all(|role| first.contains(&role));
    let alone_without_command = rows.len() == 1 && frame.command.is_none();
    let why = if !same || !all_roles {
        "some servers or roles have no row: the list was filtered"
    } else if alone_without_command {
        "a single server, and no command line that would show whether --server was used"
    } else {
        return true;
    };
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::FilteredList,
            format!("{why}; which servers exist beside these counts as unknown"),
        )
        .at(frame.line)
        .help("ipa server-role-find --include-master --sizelimit=0; keep the command in the file."),
    );
    false
}
