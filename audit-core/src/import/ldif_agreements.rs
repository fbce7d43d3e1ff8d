//! LDIF of `cn=mapping tree,cn=config`: replication agreements and replica ids of one server.

use super::{Format, LdifFile, Named, Reads};
use crate::directory::agreements::{has_agreements, state_agreements};
use crate::directory::config::{Place, stories};
use crate::directory::{note_cut, note_unproven};
use crate::facts::Facts;
use crate::parse::ldif::Dn;

/// Reads LDIF of `cn=mapping tree,cn=config` from `ldapsearch`.
///
/// # Shape
///
/// | entry | becomes |
/// |---|---|
/// | `cn=replica,cn=SUFFIX,cn=mapping tree,cn=config` | `nsDS5ReplicaId` is the server's replica id in the suffix (65535, which servers without changes of their own share, is none); with its agreements, it shows where all of them are listed |
/// | its `nsds5ReplicaPurgeDelay` | how long deleted entries are kept; absent means 7 days, 0 without end |
/// | `cn=NAME` below it | an agreement to `nsDS5ReplicaHost`; `nsds5ReplicaEnabled`, absent means on |
/// | its `nsds5replicaLastUpdateStatus` | the class of the last update, by the error number; if it is absent, `nsds5replicaLastUpdateStatusJSON`, whose message counts even where the document is invalid |
/// | its `nsds5replicaLastUpdateEnd` | end of the last update; 1970 and `0` mean never |
/// | `cn=config` | `nsslapd-localhost` is the server |
///
/// The suffix is `ca` for `o=ipaca`, else `domain`. Agreements with Active Directory
/// (`nsDSWindowsReplicationAgreement`) are passed over. That `nsds5ReplicaEnabled` is absent is
/// only believed of an entry that shows its object classes: of others it may not have been asked
/// for.
///
/// The entries have the same names on every server. The server is the one that the head of an
/// export bundle names; else the one that the entries prove: by `nsslapd-localhost`, by their own
/// replica id in a RUV beside them, or by agreements named `SUPPLIER-to-CONSUMER`, as the topology
/// plug-in names them (`meToCONSUMER` names the consumer only); else the one in a file name such as
/// `agreements-HOST.ldif`, with a note. A name that comes again begins the entries of another
/// server.
///
/// # Errors
///
/// None: agreements whose server or consumer is unknown are left out with a note. `localhost` names
/// no server. All agreements are only known where the replica entry is there with at least one of
/// them or with `numSubordinates`, and nothing says that the search was cut.
///
/// # Source
///
/// 389-ds `ldap/servers/plugins/replication/repl5_agmt.c` (status texts, defaults), FreeIPA
/// `daemons/ipa-slapi-plugins/topology/topology_agmt.c` (names).
pub(super) static FORMAT: Format = Format {
    name: "LDIF agreements",
    command: "ldapsearch -b \"cn=mapping tree,cn=config\" (LDIF)",
    reader: Reads::Ldif {
        rdns: &["cn=config"],
        wants,
        attributes: &[
            "nsds50ruv",
            "nsds5replicaenabled",
            "nsds5replicahost",
            "nsds5replicaid",
            "nsds5replicalastupdateend",
            "nsds5replicalastupdatestatus",
            "nsds5replicalastupdatestatusjson",
            "nsds5replicapurgedelay",
            "nsslapd-localhost",
            "numsubordinates",
            "objectclass",
        ],
        read,
    },
};

fn wants(dn: &Dn) -> bool {
    matches!(Place::of(dn), Some(Place::Root | Place::Replica(_) | Place::Agreement(_)))
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let stories = stories(named, file, facts);
    let live = || stories.iter().filter(|story| !story.is_dse && has_agreements(story));
    if live().next().is_none() {
        return false;
    }
    // What a cut search still shows is true; only no list is whole.
    let is_cut = note_cut(named, file, facts);
    if !is_cut {
        note_unproven(named, file, facts);
    }
    for story in live() {
        state_agreements(named, story, is_cut, facts);
    }
    true
}
