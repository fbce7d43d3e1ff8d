//! Elements of a RUV as the directory server stores them.

use crate::replication_words::{csn, replica_id_of_text};

/// Name of the database entry that holds a suffix's RUV (389-ds `repl5.h`, `RUV_STORAGE_ENTRY`).
pub(crate) const RUV_ENTRY: &str = "ffffffff-ffffffff-ffffffff-ffffffff";

/// Replica id of servers that accept no changes (389-ds `repl5.h`, `READ_ONLY_REPLICA_ID`): many
/// share it, so it names none.
pub(crate) const READ_ONLY_ID: u16 = 65_535;

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
                let id = replica_id_of_text(head.next()?)?;
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
}
