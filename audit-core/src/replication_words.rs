//! Words of 389 Directory Server that several exports print: suffixes, names and states of
//! replication agreements, host names of replicas.
//!
//! Source: 389-ds-base `repl5_agmt.c` (status texts), `lib389/lint.py` (`DSREPLLE0001` to `0006`);
//! FreeIPA `install/replication.py` (`meTo`, `caTo`) and the topology plug-in (`FROM-to-TO`).

use crate::model::{AgreementKey, AgreementState, Fqdn, Suffix};
use crate::parse::ldif::Dn;

/// The suffix with this root: `o=ipaca` is `ca`, a tree of `dc` is `domain`. `None` for any other,
/// which IdM does not have.
pub(crate) fn suffix_of_root(root: &str) -> Option<Suffix> {
    let dn = Dn::parse(root);
    let [first, ..] = dn.rdns() else { return None };
    match first.value("o") {
        Some(name) => {
            (name.eq_ignore_ascii_case("ipaca") && dn.rdns().len() == 1).then_some(Suffix::Ca)
        }
        None => dn.rdns().iter().all(|rdn| rdn.value("dc").is_some()).then_some(Suffix::Domain),
    }
}

/// The server with this name, with or without a port. `None` for what names no server to others:
/// `localhost`, addresses, names without a domain.
pub(crate) fn server_of(host: &str) -> Option<Fqdn> {
    let host = host.trim();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let server = Fqdn::parse(name)?;
    let (_, domain) = server.as_str().split_once('.')?;
    let top = domain.rsplit('.').next().unwrap_or(domain);
    let is_address = top.bytes().all(|byte| byte.is_ascii_digit());
    let is_local = server.short() == "localhost" || top == "localdomain";
    (!is_address && !is_local).then_some(server)
}

/// The server in the URL of a replica or of a client, `ldap://HOST:389`.
pub(crate) fn server_of_url(url: &str) -> Option<Fqdn> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let host = rest.split('/').next()?;
    scheme.get(..4)?.eq_ignore_ascii_case("ldap").then(|| server_of(host)).flatten()
}

/// What the name of an agreement says. The names are FreeIPA's; one that an administrator chose
/// says nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct AgreementName {
    /// The supplier.
    pub(crate) on: Option<Fqdn>,
    /// The consumer.
    pub(crate) peer: Option<Fqdn>,
    /// The suffix.
    pub(crate) suffix: Option<Suffix>,
}

impl AgreementName {
    /// Reads `meToHOST` (domain), `caToHOST` (ca) and `FROM-to-TO` (either).
    pub(crate) fn parse(name: &str) -> Self {
        for (prefix, suffix) in [("meto", Suffix::Domain), ("cato", Suffix::Ca)] {
            let rest = name.get(prefix.len()..);
            if name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
                && let Some(peer) = rest.and_then(server_of)
            {
                return Self { on: None, peer: Some(peer), suffix: Some(suffix) };
            }
        }
        let mut ends = name.match_indices("-to-").filter_map(|(at, middle)| {
            let from = server_of(name.get(..at)?)?;
            Some((from, server_of(name.get(at + middle.len()..)?)?))
        });
        match (ends.next(), ends.next()) {
            (Some((on, peer)), None) => Self { on: Some(on), peer: Some(peer), suffix: None },
            _ => Self::default(),
        }
    }
}

/// Class of a `nsds5replicaLastUpdateStatus`: `Error (19) …`, or `19 …` before 389-ds 1.3.7. `None`
/// for a text without a number, and for "agreement disabled", which says nothing of an update.
pub(crate) fn state_of_status(status: &str) -> Option<AgreementState> {
    let status = status.trim();
    let lower = status.to_ascii_lowercase();
    if lower.contains("agreement disabled") {
        return None;
    }
    if lower.contains("no replication sessions started") {
        return Some(AgreementState::Never);
    }
    let number = match lower.strip_prefix("error (") {
        Some(rest) => rest.split(')').next()?,
        None => lower.split_whitespace().next()?,
    };
    number.parse().ok().map(AgreementState::of_error)
}

/// Name and root of the suffix in "The replication agreement (NAME) under "ROOT" is …".
fn agreement_of_detail(detail: &str) -> Option<(&str, &str)> {
    let (_, rest) = detail.split_once("agreement (")?;
    let (name, rest) = rest.split_once(')')?;
    let (_, rest) = rest.split_once("under \"")?;
    let (root, _) = rest.split_once('"')?;
    Some((name, root))
}

/// The agreement that a check of the directory server finds faulty, with the class of the fault:
/// `DSREPLLE0005` (the consumer is not reachable) and `DSREPLLE0001` (not in synchronization, and
/// it will not be by itself). `on` is the server that was checked; the agreement's name may say it,
/// too. `None` for every other check, and if it stays open which agreement it is.
pub(crate) fn fault_of_check(
    code: &str,
    detail: &str,
    on: Option<&Fqdn>,
) -> Option<(AgreementKey, AgreementState)> {
    let state = match code {
        "DSREPLLE0001" => AgreementState::Failed,
        "DSREPLLE0005" => AgreementState::Unreachable,
        _ => return None,
    };
    let (name, root) = agreement_of_detail(detail)?;
    let name = AgreementName::parse(name);
    let on = match (on, name.on) {
        (Some(on), Some(named)) => (*on == named).then_some(named)?,
        (on, named) => on.cloned().or(named)?,
    };
    let key = AgreementKey { on, suffix: suffix_of_root(root)?, peer: name.peer? };
    (key.on != key.peer).then_some((key, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> [Option<String>; 3] {
        let AgreementName { on, peer, suffix } = AgreementName::parse(text);
        [on.map(|on| on.to_string()), peer.map(|p| p.to_string()), suffix.map(|s| s.to_string())]
    }

    #[test]
    fn names_of_agreements() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            name("meToIPA2.example.test"),
            [None, some("ipa2.example.test"), some("domain")]
        );
        assert_eq!(name("caToipa2.example.test"), [None, some("ipa2.example.test"), some("ca")]);
        assert_eq!(name("a.x.test-to-b.x.test"), [some("a.x.test"), some("b.x.test"), None]);
        for unclear in ["s1-to-s2", "meTolocalhost", "a.x-to-b.x-to-c.x", "agreement", ""] {
            assert_eq!(name(unclear), [None, None, None], "{unclear}");
        }
    }

    #[test]
    fn hosts_that_name_a_server() {
        let server = |text: &str| server_of(text).map(|server| server.to_string());
        assert_eq!(server("IPA1.example.test:389").as_deref(), Some("ipa1.example.test"));
        for none in ["localhost:389", "localhost.localdomain", "ipa1", "192.0.2.7:389", "::1", ""] {
            assert_eq!(server(none), None, "{none}");
        }
        assert!(server_of_url("ldap://ipa1.example.test:389").is_some());
        assert!(server_of_url("https://ipa1.example.test").is_none());
    }

    #[test]
    fn roots_and_states() {
        assert_eq!(suffix_of_root("O=ipaca"), Some(Suffix::Ca));
        assert_eq!(suffix_of_root("dc=example, dc=test"), Some(Suffix::Domain));
        for other in ["o=kra,o=ipaca", "cn=changelog", ""] {
            assert_eq!(suffix_of_root(other), None, "{other}");
        }
        for (text, state) in [
            ("Error (0) Replica acquired successfully: agreement disabled", None),
            ("Error (0) Replica acquired successfully", Some(AgreementState::Ok)),
            ("0 Replica acquired successfully", Some(AgreementState::Ok)),
            ("Error (19) Replication error", Some(AgreementState::OtherGeneration)),
            ("-1 - LDAP error: Can't contact LDAP server", Some(AgreementState::Unreachable)),
            ("Error (0) No replication sessions started", Some(AgreementState::Never)),
            ("unavailable", None),
            ("", None),
        ] {
            assert_eq!(state_of_status(text), state, "{text}");
        }
    }

    #[test]
    fn details_of_checks() {
        let detail = "The replication agreement (meToa.x.test) under \"o=ipaca\" is not in \
                      synchronization,\nbecause";
        assert_eq!(agreement_of_detail(detail), Some(("meToa.x.test", "o=ipaca")));
        assert_eq!(agreement_of_detail("There were 2 conflict entries"), None);
    }
}
