//! Whether a server generates the CRL: the configuration of its CA.

use super::{Format, Named, Reads};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;

/// Reads `CS.cfg` of the CA, as a sos report holds it.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `ca.crl.MasterCRL.enableCRLCache=true` and `ca.crl.MasterCRL.enableCRLUpdates=true` | the server generates the CRL; not if both are `false` |
///
/// All other lines are passed over unseen. The file does not name the server. It is known in a sos
/// report only.
///
/// # Errors
///
/// None. Two lines that differ, or one alone, state nothing, and a note says so, as
/// `ipa-crlgen-manage status` does.
///
/// # Source
///
/// FreeIPA `ipaserver/install/cainstance.py` (`is_crlgen_enabled`).
pub(super) static FORMAT: Format = Format {
    name: "CS.cfg",
    command: "CS.cfg of the CA (in a sos report)",
    reader: Reads::Lines(read),
};

const CACHE: &str = "ca.crl.MasterCRL.enableCRLCache";
const UPDATES: &str = "ca.crl.MasterCRL.enableCRLUpdates";

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    let value = |key: &str| {
        lines.iter().find_map(|line| {
            let value = line.text.strip_prefix(key)?.strip_prefix('=')?;
            Some((line.number, value.trim().eq_ignore_ascii_case("true")))
        })
    };
    match (value(CACHE), value(UPDATES)) {
        (None, None) => return false,
        (Some((_, cache)), Some((line, updates))) if cache == updates => {
            state(named, line, updates, facts);
        }
        (Some((line, _)), _) | (None, Some((line, _))) => facts.note(
            Note::on_file(
                named.file,
                NoteCode::IncompleteEntry,
                "the two settings of CRL generation differ or one is missing; left out",
            )
            .at(line)
            .help("Run ipa-crlgen-manage enable or disable on this server."),
        ),
    }
    true
}

/// States it of the server on which the file was made, or notes that nobody knows which that is.
fn state(named: &Named<'_>, line: u64, publishes: bool, facts: &mut Facts) {
    let Some(host) = named.host(line, facts) else { return };
    let word = if publishes { "enabled" } else { "disabled" };
    let source = named.source(line, format!("CRL generation: {word}"));
    // The file comes with an installed CA: the server exists.
    facts.server(&host, [source.clone()]);
    facts.crl_publisher(&host, publishes, Sources::from([source]));
}
