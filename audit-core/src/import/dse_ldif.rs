//! `dse.ldif`: the file in which a directory server keeps its configuration.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::agreements::{state_agreements, states_shown};
use crate::directory::config::{Place, stories};
use crate::directory::note_cut;
use crate::facts::Facts;
use crate::note::{Note, NoteCode};
use crate::parse::ldif::Dn;

/// Reads `/etc/dirsrv/slapd-INSTANCE/dse.ldif`, as sos reports hold it.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `cn=config` | `nsslapd-localhost` is the server |
/// | `cn=monitor` | tells the file from a search below `cn=config` |
/// | `cn=replica,cn=SUFFIX,cn=mapping tree,cn=config` | the server's replica id, and where all of its agreements are listed; `nsds5ReplicaPurgeDelay`, absent means 7 days |
/// | `cn=NAME` below it | an agreement to `nsDS5ReplicaHost`, and whether it is enabled |
///
/// The file holds settings as the server last wrote them. The state of replication lives in the
/// server's memory; status lines and RUVs that the file may show are of some earlier time and are
/// passed over. Ranges of ids and settings of changelogs in the file are read by the importers of
/// these.
///
/// The file also holds the hash of the directory manager's password and the credentials of
/// agreements, which can be decrypted. They are on no list and are dropped unseen.
///
/// # Errors
///
/// None. Without a usable `nsslapd-localhost` its agreements are left out with a note.
///
/// # Source
///
/// 389-ds `ldap/servers/slapd/dse.c`, `ldap/ldif/template-dse.ldif.in`; sos
/// `sos/report/plugins/ds.py`.
pub(super) static FORMAT: Format = Format {
    name: "dse.ldif",
    command: "/etc/dirsrv/slapd-INSTANCE/dse.ldif",
    reader: Reads::Ldif {
        rdns: &["cn=config", "cn=monitor"],
        wants,
        attributes: &[
            "nsds5replicaenabled",
            "nsds5replicahost",
            "nsds5replicaid",
            "nsds5replicalastupdatestatus",
            "nsds5replicapurgedelay",
            "nsslapd-localhost",
            "numsubordinates",
            "objectclass",
        ],
        read,
    },
};

fn wants(dn: &Dn) -> bool {
    use Place::{Agreement, Monitor, Replica, Root};
    matches!(Place::of(dn), Some(Root | Monitor | Replica(_) | Agreement(_)))
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let stories = stories(named, file, facts);
    let mut found = false;
    for story in stories.iter().filter(|story| story.is_dse) {
        found = true;
        let is_cut = note_cut(named, file, facts);
        state_agreements(named, story, is_cut, facts);
        let line = story.entries.first().map_or(1, |(_, entry)| entry.line);
        let passed_over = match states_shown(story) {
            0 => String::new(),
            count => format!("; status lines of {count} agreement(s) are stale and were not used"),
        };
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::PersistedState,
                format!(
                    "a dse.ldif shows settings as the server last wrote them, and nothing of the \
                     state of replication{passed_over}"
                ),
            )
            .at(line)
            .help(
                "For the state, ask the running server: ldapsearch -b \"cn=mapping \
                 tree,cn=config\".",
            ),
        );
    }
    found
}
