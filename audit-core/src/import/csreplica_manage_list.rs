//! `ipa-csreplica-manage list`: which servers have a CA, or the CA agreements of one.

use super::replica_manage_list::note_no_supplier;
use super::{Format, Named, Reads};
use crate::console_parts::{HostLine, host_lines};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{CaMode, Fqdn, Role, RoleStatus, Suffix};
use crate::parse::console::{Command, Transcript};

/// Reads the text that `ipa-csreplica-manage list` prints, for all servers or (`list -v SERVER`)
/// for the CA agreements of one.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `HOST: master` | the server exists, and the CA is integrated |
/// | `HOST: CA not configured` | the server exists; its CA role is absent |
/// | `HOST` alone | an agreement of suffix `ca`, from the server of the command line |
/// | `last update status: Error (0) …` | class of its last update |
/// | `last update ended: …` | when that was; 1970 means never |
///
/// `master` means a CA service in any state, so the status of the role stays unknown. The lists
/// have neither head nor end, so nothing proves that they are whole.
///
/// # Errors
///
/// None. The agreements of a server that no command line names are left out with a note.
///
/// # Source
///
/// FreeIPA `install/tools/ipa-csreplica-manage.in` (`list_replicas`).
pub(super) static FORMAT: Format = Format {
    name: "ipa-csreplica-manage list",
    command: "ipa-csreplica-manage list [-v SERVER]",
    reader: Reads::Console(read),
};

/// What the list says of a server without a CA.
pub(super) const WITHOUT_CA: &str = "CA not configured";

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let command = block.command();
        let own = command.is_some_and(|command| command.is("ipa-csreplica-manage", "list"));
        let all = host_lines(block.lines);
        let by_shape = command.is_none()
            && all.iter().any(|row| row.word == WITHOUT_CA || row.is_verbose_host());
        if !own && !by_shape {
            continue;
        }
        let rows = all.iter().filter(|row| {
            row.word == "master"
                || row.word == WITHOUT_CA
                || (own && row.word.is_empty())
                || row.is_verbose_host()
        });
        for row in rows {
            found = true;
            read_row(named, command, row, facts);
        }
    }
    found
}

fn read_row(named: &Named<'_>, command: Option<&Command>, row: &HostLine<'_>, facts: &mut Facts) {
    let host = &row.host;
    let on = command.and_then(|command| command.arguments.first()).and_then(|n| Fqdn::parse(n));
    match (row.word, on) {
        ("master", _) => {
            let at = Sources::from([named.source(row.line, format!("{host} has a CA"))]);
            facts.server(host, at.clone());
            facts.ca(CaMode::Integrated, at);
        }
        (WITHOUT_CA, _) => {
            let observed = format!("{host}: {}: {}", Role::Ca, RoleStatus::Absent);
            let at = named.source(row.line, observed);
            facts.role(host, Role::Ca, RoleStatus::Absent, [at]);
        }
        (_, Some(on)) => {
            if let Some(command) = command {
                let observed = format!("CA agreements of {on}");
                let at = Sources::from([named.source(command.line, observed)]);
                facts.server(&on, at.clone());
                facts.ca(CaMode::Integrated, at);
            }
            row.state_agreement(named, &on, Suffix::Ca, facts);
        }
        (_, None) => note_no_supplier(named, row, facts),
    }
}
