//! `ipa-crlgen-manage status`: whether a server generates the CRL.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::{Line, Transcript};

/// Reads the text that `ipa-crlgen-manage status` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `CRL generation: enabled` or `disabled` | whether the server generates the CRL |
/// | `Last CRL update`, `Last CRL Number` | nothing |
///
/// No line says which server that is. An export bundle names it. In a pasted session it comes from
/// the prompt (`[root@ipa1 ~]#`) or from `ssh`, and counts if other inputs show one server of that
/// name.
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

const LABEL: &str = "CRL generation: ";

fn read(named: &Named<'_>, transcript: &Transcript<'_>, facts: &mut Facts) -> bool {
    let mut found = false;
    for block in &transcript.blocks {
        let mut machine = block.command().and_then(|command| command.host.as_deref());
        for line in block.lines {
            let Some(word) = line.text.trim().strip_prefix(LABEL) else { continue };
            found = true;
            // A second status is of a command that was not recognized.
            let machine = machine.take();
            match word {
                "enabled" | "disabled" => {
                    state(named, line, machine, word == "enabled", facts);
                }
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

/// States it of the server on which the file was made, else of the machine of the command line.
fn state(
    named: &Named<'_>,
    line: &Line,
    machine: Option<&str>,
    generates: bool,
    facts: &mut Facts,
) {
    let word = if generates { "enabled" } else { "disabled" };
    let observed = format!("{LABEL}{word}");
    match (&named.observed_from, machine) {
        (Some(server), _) => {
            let at = named.source(line.number, observed);
            // The program runs on servers only.
            facts.server(server, [at.clone()]);
            facts.crl_publisher(server, generates, Sources::from([at]));
        }
        (None, Some(machine)) => {
            let at = named.source(line.number, format!("{machine}: {observed}"));
            facts.crl_generation(machine, generates, Sources::from([at]));
        }
        (None, None) => facts.note(
            Note::on_file(
                named.file,
                NoteCode::HostNotStated,
                format!("CRL generation is {word}, but no line says on which server"),
            )
            .at(line.number)
            .help(
                "Put the command with the server into the file: `$ ssh SERVER ipa-crlgen-manage \
                 status`.",
            ),
        ),
    }
}
