//! Names: host names and suffixes.

use std::fmt;
use std::sync::Arc;

/// A fully qualified host name, in lower case and without the final dot.
///
/// Host names compare without letter case, so `IPA01.Example.test.` and `ipa01.example.test` are
/// one server.
///
/// ```
/// use audit_core::model::Fqdn;
///
/// assert_eq!(Fqdn::parse("IPA01.Example.test.").unwrap().as_str(), "ipa01.example.test");
/// assert!(Fqdn::parse("ipa01, ipa02").is_none());
/// ```
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fqdn(Arc<str>);

impl Fqdn {
    /// Longest host name in bytes (RFC 1035, 2.3.4).
    pub const LENGTH_MAX: usize = 253;

    /// Reads a host name: 1 to 253 letters, digits, `-`, `_` and dots, no empty label.
    /// Blanks around it are ignored. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len());
        let label_ok = |label: &str| {
            !label.is_empty()
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
                && !label.starts_with('-')
        };
        (fits && text.split('.').all(label_ok)).then(|| Self(text.to_lowercase().into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot.
    pub fn short(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A replicated tree, by its topology name. Closed: KRA data lives in `o=kra,o=ipaca` and rides on
/// `ca`; there is no third suffix (FreeIPA, `topologysuffix-find`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Suffix {
    /// Identity data: users, hosts, policies, DNS zones.
    Domain,
    /// Certificate data of the integrated CA (`o=ipaca`).
    Ca,
}

impl Suffix {
    /// Both suffixes, in the order in which they are printed.
    pub const ALL: [Self; 2] = [Self::Domain, Self::Ca];

    /// The name that `ipa` commands use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Ca => "ca",
        }
    }

    /// Reads `domain` or `ca` in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suffix| suffix.name().eq_ignore_ascii_case(text.trim()))
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
