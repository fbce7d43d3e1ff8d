//! Words of 389 Directory Server that several exports print: suffixes, names and states of
//! replication agreements, host names of replicas.
//!
//! Source: 389-ds-base `repl5_agmt.c` (status texts), `lib389/lint.py` (`DSREPLLE0001` to `0006`);
//! FreeIPA `install/replication.py` (`meTo`, `caTo`) and the topology plug-in (`FROM-to-TO`).

use crate::evidence::Sources;
use crate::facts::Facts;
use crate::model::{AgreementKey, AgreementState, Fqdn, Suffix};
use crate::parse::ldif::{Dn, Rdn};
use crate::recovery::Span;

/// A replica id: a number from 1 to 65535, as JSON or text has it. `None` for anything else.
pub(crate) fn replica_id(value: &serde_json::Value) -> Option<u16> {
    let id = match value {
        serde_json::Value::String(text) => return replica_id_of_text(text),
        number => number.as_u64().and_then(|id| u16::try_from(id).ok()),
    };
    id.filter(|id| *id > 0)
}

/// The same of a text.
pub(crate) fn replica_id_of_text(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|id| *id > 0)
}

/// A change sequence number: 20 hex digits (389-ds `csn.c`), in lower case.
pub(crate) fn csn(text: &str) -> Option<String> {
    let is_csn = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_csn.then(|| text.to_ascii_lowercase())
}

/// The suffix with this root: `o=ipaca` is `ca`, a tree of `dc` is `domain`. `None` for any other,
/// which IdM does not have.
pub(crate) fn suffix_of_root(root: &str) -> Option<Suffix> {
    suffix_of_rdns(Dn::parse(root).rdns())
}

/// The same of a DN, or of the end of one.
pub(crate) fn suffix_of_rdns(root: &[Rdn]) -> Option<Suffix> {
    match root.first()?.value("o") {
        Some(name) => (name.eq_ignore_ascii_case("ipaca") && root.len() == 1).then_some(Suffix::Ca),
        None => root.iter().all(|rdn| rdn.value("dc").is_some()).then_some(Suffix::Domain),
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

/// Supplier and consumer of an agreement, by its name and the host of its consumer.
///
/// Several directory servers on one machine, as in a laboratory, all are on `localhost`: there the
/// name alone tells them apart, `s1-to-s2`, and its words count as their names.
pub(crate) fn ends_of(name: &str, host: &str) -> (Option<Fqdn>, Option<Fqdn>) {
    let named = AgreementName::parse(name);
    match server_of(host) {
        Some(peer) => (named.on.filter(|_| named.peer.as_ref() == Some(&peer)), Some(peer)),
        None if is_local(host) && named.peer.is_none() => match lab_names(name) {
            Some((on, peer)) => (Some(on), Some(peer)),
            None => (None, None),
        },
        None => (named.on, named.peer),
    }
}

/// True for the host that every machine calls itself, with or without a port.
fn is_local(host: &str) -> bool {
    let name = host.trim().split(':').next().unwrap_or_default();
    name.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
}

/// The two words of `s1-to-s2`: names without a domain.
fn lab_names(name: &str) -> Option<(Fqdn, Fqdn)> {
    let (on, peer) = name.split_once("-to-").filter(|(_, peer)| !peer.contains("-to-"))?;
    let word = |text: &str| Fqdn::parse(text).filter(|name| !name.as_str().contains('.'));
    let (on, peer) = (word(on)?, word(peer)?);
    (on != peer && on.short() != "localhost" && peer.short() != "localhost").then_some((on, peer))
}

/// The class of a value of `nsds5replicaLastUpdateStatus`: `Error (N) …`, or `N …` before
/// 389-ds 1.3.7. `None` if there is no number, and for "agreement disabled", which says nothing of
/// an update.
pub(crate) fn state_of_text(text: &str) -> Option<AgreementState> {
    if says_disabled(text) {
        return None;
    }
    if says_never(text) {
        return Some(AgreementState::Never);
    }
    let text = text.to_ascii_lowercase();
    let number = match text.split_once("error (") {
        Some((_, rest)) => rest.split_once(')')?.0,
        None => text.split_ascii_whitespace().next()?,
    };
    let code = number.trim().parse().ok()?;
    Some(state_of_codes(if text.contains("ldap error") { (code, 0) } else { (0, code) }))
}

/// True for a status that says that the agreement is disabled, and so nothing of an update.
pub(crate) fn says_disabled(status: &str) -> bool {
    status.to_ascii_lowercase().contains("agreement disabled")
}

/// True for a status that says that there was no update since the server started.
fn says_never(status: &str) -> bool {
    status.to_ascii_lowercase().contains("no replication sessions started")
}

/// The class of a value of `nsds5replicaLastUpdateStatusJSON`. 389-ds writes its message without
/// escapes and cuts the document at 2048 bytes (`repl5_agmt.c`), so that it may be invalid JSON:
/// the number in its message still counts.
pub(crate) fn state_of_json(text: &str) -> Option<AgreementState> {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else {
        let has_number = text.to_ascii_lowercase().contains("error (");
        return has_number.then(|| state_of_text(text)).flatten();
    };
    let message = document["message"].as_str().unwrap_or_default();
    if says_disabled(message) {
        return None;
    }
    if says_never(message) {
        return Some(AgreementState::Never);
    }
    let number = |key: &str| match &document[key] {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    match (number("ldap_rc"), number("repl_rc")) {
        (None, None) => state_of_text(message),
        (ldap, replication) => Some(state_of_codes((ldap.unwrap_or(0), replication.unwrap_or(0)))),
    }
}

/// The class of an LDAP result code and a replication response code. The numbers overlap: LDAP's 1
/// is an operations error, replication's 1 a busy replica.
fn state_of_codes((ldap, replication): (i64, i64)) -> AgreementState {
    /// 389-ds `repl5.h`: no connection, or none in time.
    const CONNECTION: [i64; 2] = [16, 17];
    match (ldap, replication) {
        (0, code) if CONNECTION.contains(&code) => AgreementState::Unreachable,
        // -1 is the plug-in's own "update has failed and requires administrator action".
        (0, i64::MIN..0) => AgreementState::Failed,
        (0, code) => AgreementState::of_error(code),
        (code, _) => match AgreementState::of_error(code) {
            AgreementState::Unreachable => AgreementState::Unreachable,
            _ => AgreementState::Failed,
        },
    }
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

/// An age or delay as the directory server writes it: a number with `s`, `m`, `h`, `d` or `w`, or
/// of seconds without a unit (389-ds `slapi_parse_duration`). -1 and `0` mean without end: 0.
pub(crate) fn span_of_age(text: &str) -> Option<Span> {
    let text = text.trim();
    if text == "-1" {
        return Some(Span::from_seconds(0));
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let number: u32 = digits.trim().parse().ok()?;
    number.checked_mul(seconds).map(Span::from_seconds)
}

/// Suffix and number of conflict entries in `DSREPLLE0002`: "There were N conflict entries found
/// under the replication suffix "ROOT"".
fn conflicts_of_check(code: &str, detail: &str) -> Option<(Suffix, u64)> {
    let rest = detail.strip_prefix("There were ").filter(|_| code == "DSREPLLE0002")?;
    let (number, rest) = rest.split_once(' ')?;
    let (_, root) = rest.split_once('"')?;
    Some((suffix_of_root(root.split('"').next()?)?, number.parse().ok()?))
}

/// Seconds by which the clock of the change sequence numbers is off at least, by the code of the
/// check: 6, 12 and 24 hours (389-ds `lib389/dseldif.py`).
fn skew_of_check(code: &str) -> Option<u64> {
    match code {
        "DSSKEWLE0001" => Some(21_600),
        "DSSKEWLE0002" => Some(43_200),
        "DSSKEWLE0003" => Some(86_400),
        _ => None,
    }
}

/// The file system that `DSDSLE0001` calls more than 90 % full: "The disk partition used by the
/// server (PATH), either for …".
fn full_disk_of_check<'a>(code: &str, detail: &'a str) -> Option<&'a str> {
    let (_, rest) = detail.split_once("server (").filter(|_| code == "DSDSLE0001")?;
    rest.split_once(')').map(|(path, _)| path).filter(|path| path.starts_with('/'))
}

/// States what a check of the directory server `on` says of conflicts, clock and disks. False for
/// every other check. `sources` makes the evidence of what was read.
pub(crate) fn state_health(
    on: &Fqdn,
    code: &str,
    detail: &str,
    sources: &impl Fn(String) -> Sources,
    facts: &mut Facts,
) -> bool {
    if let Some((suffix, number)) = conflicts_of_check(code, detail) {
        let at = sources(format!("{code}: {number} conflict entries in {suffix}"));
        facts.observed.upkeep(on, suffix).conflicts.claim(number, at);
    } else if let Some(seconds) = skew_of_check(code) {
        let hours = seconds / 3600;
        let at = sources(format!("{code}: the clock is off by more than {hours} hours"));
        facts.observed.clock_skews.entry(on.clone()).or_default().claim(seconds, at);
    } else if let Some(path) = full_disk_of_check(code, detail) {
        let at = sources(format!("{code}: {path} is over 90 % full"));
        let place = (on.clone(), path.to_owned());
        facts.observed.filesystems.entry(place).or_default().claim(false, at);
    } else {
        return false;
    }
    true
}

/// The name of a service, as one word for every export: `ipactl` says Directory, healthcheck writes
/// an underscore where units have a hyphen.
pub(crate) fn service_name(word: &str) -> String {
    if word == "Directory" { "dirsrv".to_owned() } else { word.replace('_', "-") }
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
    fn ends_of_agreements() {
        let ends = |name: &str, host: &str| {
            let (on, peer) = ends_of(name, host);
            [on.map(|on| on.to_string()), peer.map(|peer| peer.to_string())]
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(ends("a.x.test-to-b.x.test", "B.x.test"), [some("a.x.test"), some("b.x.test")]);
        // A name that contradicts the host says nothing of the supplier.
        assert_eq!(ends("a.x.test-to-b.x.test", "c.x.test"), [None, some("c.x.test")]);
        assert_eq!(ends("meTob.x.test", "localhost"), [None, some("b.x.test")]);
        assert_eq!(ends("s1-to-s2", "localhost:13912"), [some("s1"), some("s2")]);
        assert_eq!(ends("s1-to-s2", "b.x.test"), [None, some("b.x.test")]);
        for name in ["s1-to-s1", "s1-to-s2-to-s3", "s1-to-localhost", "agreement", "-to-", ""] {
            assert_eq!(ends(name, "localhost"), [None, None], "{name}");
        }
        assert_eq!(ends("s1-to-s2", "192.0.2.7"), [None, None]);
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
    fn roots() {
        assert_eq!(suffix_of_root("O=ipaca"), Some(Suffix::Ca));
        assert_eq!(suffix_of_root("dc=example, dc=test"), Some(Suffix::Domain));
        for other in ["o=kra,o=ipaca", "cn=changelog", ""] {
            assert_eq!(suffix_of_root(other), None, "{other}");
        }
    }

    #[test]
    fn status_texts_old_and_new() {
        use AgreementState as State;
        for (text, state) in [
            ("Error (0) Replica acquired successfully: Incremental update succeeded", State::Ok),
            ("Error (0) Replica acquired successfully", State::Ok),
            ("0 Replica acquired successfully: Incremental update succeeded", State::Ok),
            ("Error (0) No replication sessions started since server startup", State::Never),
            ("Error (1) Can't acquire busy replica (Unable to acquire)", State::Busy),
            ("1 Can't acquire busy replica", State::Busy),
            (
                "Error (18) Can't acquire replica (Incremental update transient error.)",
                State::Stuck,
            ),
            ("Error (19) Replication error acquiring replica: (RUV error)", State::OtherGeneration),
            ("Error (17) Replication error acquiring replica: (timeout)", State::Unreachable),
            ("Error (-1) Problem connecting to replica - LDAP error: Can't", State::Unreachable),
            ("Error (-1) Incremental update has failed (no detail)", State::Failed),
            ("-2  - LDAP error: Local error", State::Unreachable),
            ("Error (49) Problem connecting - LDAP error: Invalid credentials", State::Failed),
            ("Error (1) Problem connecting - LDAP error: Operations error", State::Failed),
        ] {
            assert_eq!(state_of_text(text), Some(state), "{text}");
        }
        assert_eq!(state_of_text(""), None);
        assert_eq!(state_of_text("unavailable"), None);
        let disabled = "Error (0) Replica acquired successfully: agreement disabled";
        assert_eq!(state_of_text(disabled), None);
        assert_eq!(state_of_text("Replica acquired"), None);
        assert_eq!(state_of_text("Error (x) y"), None);
    }

    #[test]
    fn status_json_whole_and_broken() {
        use AgreementState as State;
        let json = |ldap: &str, repl: &str| {
            state_of_json(&format!(
                "{{\"state\": \"green\", \"ldap_rc\": \"{ldap}\", \"repl_rc\": \"{repl}\", \
                 \"message\": \"m\"}}"
            ))
        };
        assert_eq!(json("0", "0"), Some(State::Ok));
        assert_eq!(json("0", "19"), Some(State::OtherGeneration));
        assert_eq!(json("-1", "16"), Some(State::Unreachable));
        assert_eq!(json("49", "3"), Some(State::Failed));
        let disabled = "{\"state\": \"green\", \"ldap_rc\": \"0\", \"repl_rc\": \"0\", \
                        \"message\": \"agreement disabled\"}";
        assert_eq!(state_of_json(disabled), None);
        let raw = "{\"state\": \"red\", \"message\": \"Error (12) Incremental update aborted: \
                   Replication agreement for x\n can not be updated\"}";
        assert_eq!(state_of_json(raw), Some(State::Failed));
        assert_eq!(state_of_json("{\"state\": \"gre"), None);
        assert_eq!(state_of_json("[]"), None);
        assert_eq!(state_of_json("{}"), None);
    }

    #[test]
    fn details_of_checks() {
        let detail = "The replication agreement (meToa.x.test) under \"o=ipaca\" is not in \
                      synchronization,\nbecause";
        assert_eq!(agreement_of_detail(detail), Some(("meToa.x.test", "o=ipaca")));
        assert_eq!(agreement_of_detail("There were 2 conflict entries"), None);
    }

    #[test]
    fn ages_of_the_directory_server() {
        let seconds = |text: &str| span_of_age(text).map(Span::seconds);
        assert_eq!(seconds("30d"), Some(2_592_000));
        assert_eq!(seconds("1W"), Some(604_800));
        assert_eq!(seconds("604800"), Some(604_800));
        assert_eq!(seconds("-1"), Some(0));
        for none in ["", "d", "-7d", "7y", "7 days", "99999999w"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }

    #[test]
    fn what_checks_count() {
        let detail = "There were 3 conflict entries found under the replication suffix \
                      \"dc=example,dc=test\".";
        assert_eq!(conflicts_of_check("DSREPLLE0002", detail), Some((Suffix::Domain, 3)));
        assert_eq!(conflicts_of_check("DSREPLLE0001", detail), None);
        assert_eq!(conflicts_of_check("DSREPLLE0002", "There were many"), None);
        let detail = "The disk partition used by the server (/var), either for the database, the \
                      configuration files, or the logs is over 90% full.";
        assert_eq!(full_disk_of_check("DSDSLE0001", detail), Some("/var"));
        assert_eq!(full_disk_of_check("DSDSLE0001", "(/var)"), None);
        assert_eq!(skew_of_check("DSSKEWLE0003"), Some(86_400));
        assert_eq!(service_name("Directory"), "dirsrv");
        assert_eq!(service_name("pki_tomcatd"), "pki-tomcatd");
    }
}
