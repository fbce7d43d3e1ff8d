//! `ipa server-find` and `ipa server-show`: which servers exist, with location and enabled roles.

use std::collections::BTreeSet;

use super::{Format, Named, Reads};
use crate::console_parts::{List, host, is_former_role, note_incomplete, source};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{CaMode, Fqdn, Role, RoleStatus};
use crate::note::{Note, NoteCode};
use crate::parse::console::{Entry, Field, Frame, Transcript};
use crate::parse::ldif::Dn;

/// Reads the text that `ipa server-find` and `ipa server-show` print, also with `--all` and
/// `--raw`.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Server name` / `cn` | the server exists |
/// | `Managed suffixes` / `iparepltopomanagedsuffix` | with `ca`: the CA is integrated |
/// | `Location` / `ipalocation` | its location, which is its data center |
/// | `Enabled server roles` | each role named is enabled there |
/// | `Min domain level`, `Max domain level` | nothing; they show whose entry it is |
///
/// The roles are printed with `--all` only, and only those that are enabled: a role that is not
/// named may be hidden, configured or absent, so it stays unknown. A hidden replica prints an
/// empty list.
///
/// The entries are all servers if nothing was filtered or cut. A single server without the command
/// line may be a search for that one, and proves nothing about others.
///
/// # Errors
///
/// None. Entries that cannot be read are left out with a note, and the list of servers is then not
/// known to be whole.
///
/// # Source
///
/// FreeIPA `ipaserver/plugins/server.py`, `ipalib/frontend.py`; labels since 4.2, where the suffix
/// was "Managed suffix", and of the design page "Server Roles".
pub(super) static FORMAT: Format = Format {
    name: "ipa server-find",
    command: "ipa server-find --all",
    reader: Reads::Console(read),
};

/// What leaves servers out.
const LIST: List = List {
    one: "server",
    several: "servers",
    arguments: 0,
    filters: &[
        "cn",
        "in-locations",
        "in-servroles",
        "maxlevel",
        "minlevel",
        "name",
        "no-topologysuffixes",
        "not-in-locations",
        "servrole",
        "servroles",
        "topologysuffixes",
    ],
};

const NAME: &[&str] = &["Server name", "cn"];
const LEVELS: &[&str] =
    &["Min domain level", "Max domain level", "ipamindomainlevel", "ipamaxdomainlevel"];
const SUFFIXES: &[&str] = &["Managed suffixes", "Managed suffix", "iparepltopomanagedsuffix"];
const LOCATION: &[&str] = &["Location", "ipalocation"];
const ROLES: &[&str] = &["Enabled server roles", "Enabled Roles"];

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for frame in &transcript.frames {
        if is_own(frame) {
            found = true;
            read_frame(named, frame, facts);
        }
    }
    found
}

fn is_own(frame: &Frame) -> bool {
    let is_list = frame
        .command
        .as_ref()
        .is_some_and(|command| command.is("ipa", "server-find") && frame.summary.is_some());
    is_list || frame.entries.iter().any(is_server)
}

/// True for a server's entry: a name, and what only servers have.
fn is_server(entry: &Entry) -> bool {
    let below_masters = entry.get(&["dn"]).is_some_and(|field| {
        let dn = Dn::parse(&field.value);
        let parent = dn.rdns().get(1).and_then(|rdn| rdn.value("cn"));
        parent.is_some_and(|name| name.eq_ignore_ascii_case("masters"))
    });
    let own = below_masters || [LEVELS, SUFFIXES, ROLES].iter().any(|l| entry.get(l).is_some());
    own && entry.get(NAME).is_some()
}

fn read_frame(named: &Named<'_>, frame: &Frame, facts: &mut Facts) {
    let mut servers = BTreeSet::new();
    let mut whole = true;
    for entry in &frame.entries {
        let Some(name) = entry.get(NAME) else {
            whole = false;
            note_incomplete(named, entry, "a server without its name", facts);
            continue;
        };
        let Some(server) = host(named.file, name, facts) else {
            whole = false;
            continue;
        };
        facts.server(&server, [source(named, name, format!("server {server}"))]);
        read_entry(named, &server, entry, facts);
        servers.insert(server);
    }
    // Commands that show or change one server print no list.
    let is_list = frame.command.as_ref().map_or(frame.summary.is_some(), |command| {
        command.name == "server-find" || !command.name.starts_with("server-")
    });
    if is_list
        && whole & LIST.is_complete(named, frame, facts)
        && !servers.is_empty()
        && !is_alone_without_command(named, frame, facts)
    {
        let summary = frame.summary.clone().unwrap_or_default();
        let source = named.source(frame.line, summary);
        facts.all_servers(servers, Sources::from([source]));
    }
}

fn read_entry(named: &Named<'_>, server: &Fqdn, entry: &Entry, facts: &mut Facts) {
    // `--raw` prints one line per value, so all lines of a label count.
    for field in entry.all(SUFFIXES) {
        let mut suffixes = field.value.split(',').map(str::trim);
        if suffixes.any(|suffix| ["ca", "o=ipaca"].iter().any(|ca| ca.eq_ignore_ascii_case(suffix)))
        {
            let observed = format!("{server} manages suffix ca");
            facts.ca(CaMode::Integrated, Sources::from([source(named, field, observed)]));
        }
    }
    if let Some(field) = entry.get(LOCATION) {
        let center = if field.value.contains('=') {
            Dn::parse(&field.value).first_value().to_owned()
        } else {
            field.value.clone()
        };
        if !center.is_empty() {
            let observed = format!("location {center}");
            facts.location(server, &center, Sources::from([source(named, field, observed)]));
        }
    }
    for field in entry.all(ROLES) {
        read_roles(named, server, field, facts);
    }
}

fn read_roles(named: &Named<'_>, server: &Fqdn, field: &Field, facts: &mut Facts) {
    for title in field.value.split(',').map(str::trim).filter(|title| !title.is_empty()) {
        let Some(role) = Role::from_title(title) else {
            if !is_former_role(title) {
                facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::UnknownWord,
                        format!("\"{title}\" is not a value of \"{}\"; left out", field.label),
                    )
                    .at(field.line)
                    .snippet(format!("  {}: {}", field.label, field.value)),
                );
            }
            continue;
        };
        let observed = format!("{server}: {role}: {}", RoleStatus::Enabled);
        facts.role(server, role, RoleStatus::Enabled, [source(named, field, observed)]);
    }
}

fn is_alone_without_command(named: &Named<'_>, frame: &Frame, facts: &mut Facts) -> bool {
    let alone = frame.entries.len() == 1 && frame.command.is_none();
    if alone {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::FilteredList,
                "a single server, and no command line that would show whether others were \
                 searched for; which servers exist beside it counts as unknown",
            )
            .at(frame.line)
            .help("ipa server-find --all --sizelimit=0; keep the command in the file."),
        );
    }
    alone
}
