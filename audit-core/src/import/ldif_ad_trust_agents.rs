//! LDIF of `cn=adtrust agents`: the group whose members are the AD trust agents.

use std::collections::BTreeSet;

use super::{Format, LdifFile, Named, Reads};
use crate::directory::{is_below, is_live, note_cut, source, value_line};
use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{Fqdn, Role, RoleStatus};
use crate::note::{Note, NoteCode};
use crate::parse::ldif::{Dn, Entry};
use crate::replication_words::server_of;

/// Reads LDIF of `cn=adtrust agents,cn=sysaccounts,cn=etc,SUFFIX` from `ldapsearch` and `db2ldif`.
///
/// # Shape
///
/// | value of `member` | becomes |
/// |---|---|
/// | `fqdn=HOST,cn=computers,cn=accounts,SUFFIX` | HOST is an AD trust agent: enabled, the role has no other state |
/// | any other, such as the principal of a CIFS service | nothing, as in FreeIPA |
///
/// That these are all agents, so that every other server is none, is believed where the result of
/// the search (in the file, or in the head of a bundle's section) says that it succeeded, and the
/// entry shows a member or comes from the export script: without permission the group looks empty.
///
/// # Errors
///
/// None: a member that names no host is left out with a note.
///
/// # Source
///
/// FreeIPA `ipaserver/servroles.py` (`ADtrustBasedRole`), `ipaserver/install/adtrustinstance.py`.
pub(super) static FORMAT: Format = Format {
    name: "LDIF AD trust agents",
    command: "ldapsearch -b \"cn=adtrust agents,cn=sysaccounts,cn=etc,SUFFIX\" (LDIF)",
    reader: Reads::Ldif { rdns: &["cn=etc"], wants, attributes: &["member", "objectclass"], read },
};

fn wants(dn: &Dn) -> bool {
    let name = dn.rdns().first().and_then(|rdn| rdn.value("cn"));
    name.is_some_and(|name| name.eq_ignore_ascii_case("adtrust agents"))
        && is_below(dn, &["sysaccounts", "etc"])
}

fn read(named: &Named<'_>, file: &LdifFile, facts: &mut Facts) -> bool {
    let mut found = false;
    for entry in file.entries.iter().filter(|entry| wants(&entry.dn)) {
        if !is_live(named, entry, facts) {
            continue;
        }
        found = true;
        let succeeded = file.summary.result.as_ref().is_some_and(|result| result.code == 0);
        let is_whole = !note_cut(named, file, facts) && succeeded && entry.complete;
        state_agents(named, entry, is_whole, facts);
    }
    found
}

fn state_agents(named: &Named<'_>, entry: &Entry, is_whole: bool, facts: &mut Facts) {
    let mut agents: BTreeSet<Fqdn> = BTreeSet::new();
    let mut lost = false;
    for member in entry.attributes.iter().filter(|a| a.name == "member" && !a.is_deleted()) {
        let dn = Dn::parse(&member.value);
        let Some(host) = dn.rdns().first().and_then(|rdn| rdn.value("fqdn")) else { continue };
        if let Some(host) = server_of(host) {
            let observed = format!("{host}: {}: enabled (member)", Role::AdTrustAgent);
            let at = source(named, entry, member.line, observed);
            facts.role(&host, Role::AdTrustAgent, RoleStatus::Enabled, [at]);
            agents.insert(host);
        } else {
            lost = true;
            facts.note(
                Note::on_file(
                    named.file,
                    NoteCode::InvalidHostName,
                    "a member that does not name a host; left out",
                )
                .at(member.line),
            );
        }
    }
    let is_readable = entry.value("member").is_some() || named.section.is_some();
    if is_whole && is_readable && !lost {
        let line = value_line(entry, "member", |_| true);
        let observed = format!("all {} AD trust agent(s)", agents.len());
        facts.all_ad_trust_agents(agents, Sources::from([source(named, entry, line, observed)]));
    } else {
        facts.note(
            Note::on_file(
                named.file,
                NoteCode::CompletenessNotProven,
                "nothing proves that these are all AD trust agents: of other servers the role is \
                 unknown",
            )
            .at(entry.line)
            .help("Export as root over ldapi without -LLL, so that the result is in the file."),
        );
    }
}
