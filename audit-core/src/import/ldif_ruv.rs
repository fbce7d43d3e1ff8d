//! LDIF with RUVs: replica update vectors of a server and of its consumers.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::agreements::current_consumers;
use crate::directory::config::{Place, note_unknown_server, stories};
use crate::directory::replication::RuvValue;
use crate::directory::{note_cut, source};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, RuvKey, Suffix};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Attribute, Dn, Entry};
use crate::replication_words::server_of;

/// Reads `nsds50ruv` in LDIF from `ldapsearch` and `db2ldif -r`.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `cn=replica,cn=SUFFIX,cn=mapping tree,cn=config` | the server's RUV in the suffix; a search for the RUV entry below the suffix answers under this name |
/// | `nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff,SUFFIX` | the same, in an export of the database |
/// | an agreement below the replica entry | the RUV of its consumer, if the agreement is on and its last update succeeded; else the supplier shows what it saw at some earlier time, and it is passed over |
///
/// | value of `nsds50ruv` | becomes |
/// |---|---|
/// | `{replicageneration} HEX` | the database generation |
/// | `{replica ID ldap://HOST:PORT} MINCSN MAXCSN` | a replica that the server knows, its host, its newest change; URL and numbers may be missing |
///
/// The server is found as for agreements. Where nothing proves it, the RUV is kept without one: a
/// dangling replica or a second generation shows all the same.
///
/// # Errors
///
/// None: values of another form are left out with a note, and hosts named `localhost`, which is no
/// server's name.
///
/// # Source
///
/// 389-ds `ldap/servers/plugins/replication/repl5_ruv.c`, `repl5_replica.c`, `repl5_agmt.c`.
pub(super) static FORMAT: Format = Format {
    name: "LDIF RUV",
    command: "ldapsearch … nsds50ruv (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=config", "nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff"],
        wants,
        attributes: &[
            "nsds50ruv",
            "nsds5agmtmaxcsn",
            "nsds5replicaenabled",
            "nsds5replicahost",
            "nsds5replicaid",
            "nsds5replicalastupdatestatus",
            "nsslapd-localhost",
            "objectclass",
        ],
        read,
    },
};

fn wants(dn: &Dn) -> bool {
    use Place::{Agreement, Replica, Root, RuvEntry};
    matches!(Place::of(dn), Some(Root | Replica(_) | Agreement(_) | RuvEntry(_)))
}

/// Values of a RUV in an entry.
fn values(entry: &Entry) -> impl Iterator<Item = &Attribute> {
    entry.attributes.iter().filter(|value| value.name == "nsds50ruv" && !value.is_deleted())
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let mut found = false;
    for story in &stories(named, file, facts) {
        for (place, entry) in &story.entries {
            let (Place::Replica(suffix) | Place::RuvEntry(suffix)) = place else {
                // What a dse.ldif holds of consumers is no export of RUVs.
                found |= !story.is_dse && values(entry).next().is_some();
                continue;
            };
            if values(entry).next().is_none() {
                continue;
            }
            found = true;
            if story.host.is_none() {
                let what = format!("the RUV of suffix {suffix} is kept without one");
                note_unknown_server(named, entry.line, &what, facts);
            }
            state_ruv(named, story.host.as_ref(), *suffix, entry, facts);
        }
        for (suffix, consumer, entry) in current_consumers(story) {
            state_ruv(named, Some(&consumer), suffix, entry, facts);
        }
    }
    // What a cut search still shows is true.
    found.then(|| note_cut(named, file, facts)).is_some()
}

/// States the RUV that an entry shows.
fn state_ruv(
    named: &Named<'_>,
    on: Option<&Fqdn>,
    suffix: Suffix,
    entry: &Entry,
    facts: &mut Facts,
) {
    let key = RuvKey { on: on.cloned(), suffix };
    let whose = on.map_or_else(|| "a server".to_owned(), ToString::to_string);
    let mut local = 0_usize;
    for value in values(entry) {
        let place = |observed: String| {
            let observed = format!("RUV of {whose} in {suffix}: {observed}");
            Sources::from([source(named, entry, value.line, observed)])
        };
        match RuvValue::parse(&value.value) {
            None => {
                facts.note(
                    Note::on_file(
                        named.file,
                        NoteCode::UnknownWord,
                        "a value of nsds50ruv in another form than \"{replica ID URL} CSN CSN\"; \
                         left out",
                    )
                    .at(value.line)
                    .help("Export the entry again."),
                );
            }
            Some(RuvValue::Generation(generation)) => {
                let at = place(format!("generation {generation}"));
                let ruv = facts.observed.ruv(key.clone(), at.clone());
                ruv.generation.claim(generation, at);
            }
            Some(RuvValue::Replica { id, host, max_csn }) => {
                let named_host = host.as_deref().and_then(server_of);
                local += usize::from(host.is_some() && named_host.is_none());
                let shown = named_host.as_ref().map_or("no host", |host| host.as_str());
                let at = place(format!("replica {id}, {shown}"));
                let ruv = facts.observed.ruv(key.clone(), at.clone());
                let element = ruv.replica(id, at.clone());
                element.state_max_csn(max_csn);
                if let Some(host) = named_host {
                    element.host.claim(host, at);
                }
            }
        }
    }
    if local > 0 {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::InvalidHostName,
                format!("{local} replica(s) of the RUV are on localhost, which names no server"),
            )
            .at(entry.line),
        );
    }
}
