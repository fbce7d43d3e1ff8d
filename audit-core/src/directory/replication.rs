//! Values that describe replication state: elements of a RUV, and the status of an agreement.

use crate::model::{AgreementState, Fqdn, Suffix};
use crate::parse::ldif::Dn;

/// Name of the database entry that holds a suffix's RUV (389-ds `repl5.h`, `RUV_STORAGE_ENTRY`).
pub(crate) const RUV_ENTRY: &str = "ffffffff-ffffffff-ffffffff-ffffffff";

/// Replica id of servers that accept no changes (389-ds `repl5.h`, `READ_ONLY_REPLICA_ID`): many
/// share it, so it names none.
pub(crate) const READ_ONLY_ID: u16 = 65_535;

/// The suffix of a replicated tree: `o=ipaca` is `ca`, everything else is `domain`.
pub(crate) fn suffix_of_root(root: &Dn) -> Option<Suffix> {
    match root.rdns() {
        [] => None,
        [only] if only.value("o").is_some_and(|name| name.eq_ignore_ascii_case("ipaca")) => {
            Some(Suffix::Ca)
        }
        _ => Some(Suffix::Domain),
    }
}

/// A host name that other servers can use: `localhost` names no server.
pub(crate) fn server_name(text: &str) -> Option<Fqdn> {
    Fqdn::parse(text).filter(|name| name.short() != "localhost")
}

/// One value of `nsds50ruv`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RuvValue {
    /// `{replicageneration} HEX`
    Generation(String),
    /// `{replica ID[ ldap://HOST:PORT]}[ MINCSN MAXCSN]`
    Replica {
        /// Replica id.
        id: u16,
        /// Host of the URL, as written.
        host: Option<String>,
        /// Newest change, in lower case.
        max_csn: Option<String>,
    },
}

impl RuvValue {
    /// Reads a value (389-ds `repl5_ruv.c`); `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.trim().strip_prefix('{')?.split_once('}')?;
        let mut rest = rest.split_ascii_whitespace();
        let mut head = head.split_ascii_whitespace();
        match head.next()?.to_ascii_lowercase().as_str() {
            "replicageneration" => csn(rest.next()?).map(Self::Generation),
            "replica" => {
                let id = head.next()?.parse().ok().filter(|id| *id > 0)?;
                let host = head.next().map(|url| {
                    let host = url.split_once("://").map_or(url, |(_, host)| host);
                    host.split_once([':', '/']).map_or(host, |(host, _)| host).to_owned()
                });
                let max_csn = match (rest.next(), rest.next()) {
                    (None, _) => None,
                    (Some(_), newest) => Some(csn(newest?)?),
                };
                Some(Self::Replica { id, host, max_csn })
            }
            _ => None,
        }
    }
}

/// A change sequence number: 20 hex digits (389-ds `csn.c`).
fn csn(text: &str) -> Option<String> {
    (text.len() == 20 && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| text.to_ascii_lowercase())
}

/// The class of a value of `nsds5replicaLastUpdateStatus`: `Error (N) …`, or `N …` before
/// 389-ds 1.3.7. `None` if there is no number.
pub(crate) fn state_of_text(text: &str) -> Option<AgreementState> {
    if text.contains("No replication sessions started") {
        return Some(AgreementState::Never);
    }
    let after = text.find("Error (").and_then(|at| text.get(at + "Error (".len()..));
    let number = match after {
        Some(rest) => rest.split_once(')'),
        None => text.trim_start().split_once(' '),
    };
    let code = number?.0.trim().parse().ok()?;
    Some(state_of_codes(if text.contains("LDAP error") { (code, 0) } else { (0, code) }))
}

/// The class of a value of `nsds5replicaLastUpdateStatusJSON`. 389-ds writes its message without
/// escapes and cuts the document at 2048 bytes (`repl5_agmt.c`), so that it may be invalid JSON:
/// the number in its message still counts.
pub(crate) fn state_of_json(text: &str) -> Option<AgreementState> {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.contains("Error (").then(|| state_of_text(text)).flatten();
    };
    let message = document["message"].as_str().unwrap_or_default();
    let number = |key: &str| match &document[key] {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    };
    match (number("ldap_rc"), number("repl_rc")) {
        _ if message.contains("No replication sessions started") => Some(AgreementState::Never),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_ruv() {
        let replica = |id, host: Option<&str>, csn: Option<&str>| {
            let (host, max_csn) = (host.map(str::to_owned), csn.map(str::to_owned));
            Some(RuvValue::Replica { id, host, max_csn })
        };
        let parse = RuvValue::parse;
        assert_eq!(
            parse("{replicageneration} 6B025B39000000040000"),
            Some(RuvValue::Generation("6b025b39000000040000".to_owned()))
        );
        assert_eq!(
            parse("{replica 4 ldap://a.test:389} 6b025b3b000000040000 6b025b3b000900040000"),
            replica(4, Some("a.test"), Some("6b025b3b000900040000"))
        );
        assert_eq!(parse("{replica 4 ldaps://a.test}"), replica(4, Some("a.test"), None));
        assert_eq!(parse("{replica 4}"), replica(4, None, None));
        for wrong in [
            "",
            "{replica}",
            "{replica x ldap://a.test:389}",
            "{replica 70000}",
            "{replica 0}",
            "{replica 4} 6b025b3b000000040000",
            "{replica 4} 6b025b3b000000040000 6b025b",
            "{replicageneration}",
            "{replicageneration} secret",
            "{other 1}",
            "replica 4",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn status_texts_old_and_new() {
        use AgreementState as State;
        for (text, state) in [
            ("Error (0) Replica acquired successfully: Incremental update succeeded", State::Ok),
            ("Error (0) Replica acquired successfully: agreement disabled", State::Ok),
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
        let raw = "{\"state\": \"red\", \"message\": \"Error (12) Incremental update aborted: \
                   Replication agreement for x\n can not be updated\"}";
        assert_eq!(state_of_json(raw), Some(State::Failed));
        assert_eq!(state_of_json("{\"state\": \"gre"), None);
        assert_eq!(state_of_json("[]"), None);
        assert_eq!(state_of_json("{}"), None);
    }
}
