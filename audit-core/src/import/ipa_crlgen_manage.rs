//! Whether a server generates the CRL: `ipa-crlgen-manage status`.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;

/// Reads what `ipa-crlgen-manage status` prints on one server.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `CRL generation: enabled` or `disabled` | whether the server generates the CRL; the server exists |
/// | `Last CRL update: …`, `Last CRL Number: …` | nothing |
///
/// The output does not name the server. It is known in an export bundle and in a sos report only.
///
/// # Errors
///
/// None. Without a server, or with another word than these two, nothing is stated and a note says
/// why.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipa_crlgen_manage.py`.
pub(super) static FORMAT: Format = Format {
    name: "ipa-crlgen-manage status",
    command: "ipa-crlgen-manage status (in the export bundle)",
    reader: Reads::Lines(read),
};

/// How the line begins.
const LABEL: &str = "CRL generation: ";

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let mut found = false;
    for line in lines {
        let Some(word) = line.text.trim_start().strip_prefix(LABEL) else { continue };
        found = true;
        let publishes = match word.trim() {
            "enabled" => true,
            "disabled" => false,
            _ => {
                let message = "CRL generation is neither enabled nor disabled; left out";
                facts.note(
                    Note::on_file(named.file, NoteCode::UnknownWord, message).at(line.number),
                );
                continue;
            }
        };
        state(named, line.number, publishes, facts);
    }
    found
}

/// States it of the server on which the file was made, or notes that nobody knows which that is.
pub(super) fn state(named: &Named<'_>, line: u64, publishes: bool, facts: &mut Facts) {
    let Some(host) = named.host(line, facts) else { return };
    let word = if publishes { "enabled" } else { "disabled" };
    let source = named.source(line, format!("{LABEL}{word}"));
    // The tool and the file come with an installed CA: the server exists.
    facts.server(&host, [source.clone()]);
    facts.crl_publisher(&host, publishes, Sources::from([source]));
}
