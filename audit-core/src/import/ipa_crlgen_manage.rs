//! `ipa-crlgen-manage status`: whether a server generates the CRL.

use super::{Format, Named, Reads};
use crate::console_parts::source_at;
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Transcript;

/// Reads the text that `ipa-crlgen-manage status` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `CRL generation: enabled` or `disabled` | whether the server generates the CRL |
/// | `Last CRL update`, `Last CRL Number` | nothing |
///
/// No line says which server that is. It comes from the prompt (`[root@ipa1 ~]#`) or from `ssh`,
/// and counts if other inputs show one server of that name.
///
/// # Errors
///
/// None. Without a server's name the status is left out with a note.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipa_crlgen_manage.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa-crlgen-manage status",
    command: "ssh SERVER ipa-crlgen-manage status",
    reader: Reads::Console(read),
};

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let mut machine = block.command().and_then(|command| command.host.as_deref());
        for line in block.lines {
            let Some(word) = line.text.trim().strip_prefix("CRL generation: ") else { continue };
            found = true;
            // A second status is of a command that was not recognized.
            match (machine.take(), word) {
                (Some(machine), "enabled" | "disabled") => {
                    let observed = format!("{machine}: CRL generation {word}");
                    let at = Sources::from([source_at(named, line.number, observed)]);
                    facts.crl_generation(machine, word == "enabled", at);
                }
                (None, "enabled" | "disabled") => facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::IncompleteEntry,
                        format!("CRL generation is {word}, but no line says on which server"),
                    )
                    .at(line.number)
                    .help(
                        "Put the command with the server into the file: `$ ssh SERVER \
                         ipa-crlgen-manage status`.",
                    ),
                ),
                _ => facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::UnknownWord,
                        "CRL generation is neither enabled nor disabled; left out",
                    )
                    .at(line.number)
                    .snippet(line.text.as_str()),
                ),
            }
        }
    }
    found
}
