//! `ipactl status`: which services run on a server.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::{Block, Transcript};
use crate::replication_words::{server_of, service_name};

/// Reads the text that `ipactl status` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Directory Service: RUNNING`, `named Service: RUNNING` | the service runs |
/// | `named Service: STOPPED` | it does not |
///
/// # Errors
///
/// Where neither an export bundle nor the prompt before the command says which server it is, the
/// lines are left out with a note.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipactl.py` (`ipa_status`).
pub(super) static FORMAT: Format =
    Format { name: "ipactl status", command: "ipactl status", reader: Reads::Console(read) };

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    transcript.blocks.iter().filter(|block| read_block(named, block, facts)).count() > 0
}

fn read_block(named: &Named<'_>, block: &Block<'_>, facts: &mut Facts) -> bool {
    let services: Vec<(&str, &str, u64)> = block
        .lines
        .iter()
        .filter_map(|line| {
            let (name, state) = line.text.trim().split_once(" Service: ")?;
            let known = ["RUNNING", "STOPPED"].contains(&state) && !name.contains(' ');
            known.then_some((name, state, line.number))
        })
        .collect();
    let Some((_, _, first)) = services.first() else { return false };
    let prompt = block.command().and_then(|command| command.host.as_deref());
    let Some(on) = named.observed_from.clone().or_else(|| prompt.and_then(server_of)) else {
        let message = format!("ipactl: the server is not stated: {} services", services.len());
        let help = "Use the export bundle of `idm-drill collect`, which names its server.";
        let note = Note::on_file(named.file, NoteCode::HostNotStated, message);
        facts.note(note.at(*first).help(help));
        return true;
    };
    for (name, state, line) in services {
        let name = service_name(name);
        let observed = format!("{on}: {name} {}", state.to_ascii_lowercase());
        let mut source = named.source(line, observed);
        source.observed_from = Some(on.clone());
        let cell = facts.observed.services.entry((on.clone(), name)).or_default();
        cell.claim(state == "RUNNING", Sources::from([source]));
    }
    true
}
