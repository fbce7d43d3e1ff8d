//! `ipactl status`: which services run on a server.

use super::{Format, Named, Reads};
use crate::facts::Facts;
use crate::model::Fqdn;
use crate::note::{Note, NoteCode};
use crate::parse::console::{Block, Transcript};

/// Reads the text that `ipactl status` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `Directory Service: RUNNING`, `named Service: RUNNING` | nothing; a note |
/// | `named Service: STOPPED` | a note |
///
/// The model holds what is installed, not what runs at one moment: no verdict reads this.
///
/// # Errors
///
/// None.
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
    let machine = named.observed_from.as_ref().map(Fqdn::as_str).or(prompt);
    let on = machine.map_or(String::new(), |machine| format!(" on {machine}"));
    let stopped: Vec<&(&str, &str, u64)> =
        services.iter().filter(|(_, state, _)| *state == "STOPPED").collect();
    for (name, _, line) in &stopped {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::ReportedFault,
                format!("ipactl: service {name} was stopped{on}; no verdict uses that"),
            )
            .at(*line)
            .help("ipactl start; journalctl -u NAME"),
        );
    }
    facts.note(
        Note::on_file(
            named.file,
            NoteCode::CommandNotRead,
            format!(
                "ipactl: {} of {} services ran{on}; no verdict uses that",
                services.len() - stopped.len(),
                services.len()
            ),
        )
        .at(*first),
    );
    true
}
