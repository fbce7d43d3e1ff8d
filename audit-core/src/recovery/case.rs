//! Disasters as text: the one grammar of `audit --case`, JSON and page.
//!
//! ```text
//! case  = fault *("+" fault) ["@noticed=" span]
//! fault = lose:FQDN[,FQDN..] | lose-dc:NAME | lose-store:ID | lose-key:ID | cut:SEGMENT
//!       | partition:A,B|C | delete:known@FQDN | delete:unknown@FQDN | rollback:FQDN=COPY
//!       | absent:FQDN=span | ghost:FQDN | clock:FQDN=+span | certs-expired | bad-upgrade:FQDN
//! span  = digits ("s" | "m" | "h" | "d")
//! ```
//!
//! Names other than host names write `%`, `+`, `@`, `,`, `|`, `=` and blanks as `%` and two hex
//! digits.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::model::Fqdn;

/// A length of time in whole seconds, at most about 136 years (2³² − 1 seconds).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Span(u32);

impl Span {
    /// A span of this many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

/// Units of a span, longest first, with their seconds.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl fmt::Display for Span {
    /// The longest unit that divides it: `36h`, `7d`, `90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, length) = UNITS
            .into_iter()
            .find(|(_, length)| self.0 != 0 && self.0.is_multiple_of(*length))
            .unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / length)
    }
}

impl FromStr for Span {
    type Err = CaseError;

    fn from_str(text: &str) -> Result<Self, CaseError> {
        let error = || CaseError::new(text, "a span such as 90s, 15m, 6h or 7d");
        let unit = text.chars().last().ok_or_else(error)?;
        let (_, length) =
            UNITS.into_iter().find(|(letter, _)| *letter == unit).ok_or_else(error)?;
        let digits = text.get(..text.len() - 1).unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        let count: u32 = digits.parse().map_err(|_| error())?;
        count.checked_mul(length).map(Self).ok_or_else(error)
    }
}

/// Text that is no case; says which part, and what was expected there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaseError {
    /// The part that could not be read.
    pub part: String,
    /// What was expected.
    pub expected: &'static str,
}

impl CaseError {
    fn new(part: &str, expected: &'static str) -> Self {
        Self { part: part.to_owned(), expected }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not {}", self.part, self.expected)
    }
}

impl std::error::Error for CaseError {}

/// One thing that goes wrong. Closed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// Servers are lost for good, with their disks.
    Lose(BTreeSet<Fqdn>),
    /// A data center is lost: its servers and the stores in it.
    LoseDataCenter(String),
    /// A store of copies is lost.
    LoseStore(String),
    /// A key that decrypts copies is lost, or its passphrase.
    LoseKey(String),
    /// A segment stops replicating.
    Cut(String),
    /// The network falls into groups that do not reach each other.
    Partition(BTreeSet<BTreeSet<Fqdn>>),
    /// Data is deleted by mistake on a server and the deletion replicates; it is known which.
    DeleteKnown(Fqdn),
    /// The same, but it is not known which data.
    DeleteUnknown(Fqdn),
    /// A server's VM is set back to a snapshot while the others run.
    Rollback {
        /// The server.
        server: Fqdn,
        /// The snapshot.
        copy: String,
    },
    /// A server is off for some time and comes back as it was.
    Absent {
        /// The server.
        server: Fqdn,
        /// How long.
        span: Span,
    },
    /// A server is destroyed without being removed from the deployment.
    Ghost(Fqdn),
    /// A server's clock jumps.
    Clock {
        /// The server.
        server: Fqdn,
        /// True if it jumps ahead.
        ahead: bool,
        /// How far.
        span: Span,
    },
    /// The shared system certificates expire while nothing renews them.
    CertificatesExpired,
    /// An upgrade damages the data of one server.
    BadUpgrade(Fqdn),
}

/// Faults that happen together, and when they are noticed.
///
/// The canonical form lists the faults in order; `Display` writes it and `FromStr` reads any order.
///
/// ```
/// use audit_core::recovery::Case;
///
/// let case: Case = "lose-dc:fra+lose:ipa2.example.test,ipa1.example.test".parse().unwrap();
/// assert_eq!(case.to_string(), "lose:ipa1.example.test,ipa2.example.test+lose-dc:fra");
/// assert!("lose:".parse::<Case>().is_err());
/// ```
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Case {
    faults: BTreeSet<Fault>,
    noticed: Option<Span>,
}

impl Case {
    /// A case of one fault, noticed at once.
    pub fn of(fault: Fault) -> Self {
        Self { faults: BTreeSet::from([fault]), noticed: None }
    }

    /// A case of several faults at once, noticed at once.
    pub fn together(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self { faults: faults.into_iter().collect(), noticed: None }
    }

    /// The faults, in canonical order.
    pub fn faults(&self) -> &BTreeSet<Fault> {
        &self.faults
    }

    /// The faults in the order in which they take effect: first what keeps servers apart, then
    /// deletions, which spread before anybody notices, then everything else.
    pub fn in_time(&self) -> Vec<&Fault> {
        let mut faults: Vec<&Fault> = self.faults.iter().collect();
        faults.sort_by_key(|fault| match fault {
            Fault::Partition(_) | Fault::Cut(_) | Fault::Clock { .. } => 0,
            Fault::DeleteKnown(_) | Fault::DeleteUnknown(_) => 1,
            Fault::Lose(_)
            | Fault::LoseDataCenter(_)
            | Fault::LoseStore(_)
            | Fault::LoseKey(_)
            | Fault::Rollback { .. }
            | Fault::Absent { .. }
            | Fault::Ghost(_)
            | Fault::CertificatesExpired
            | Fault::BadUpgrade(_) => 2,
        });
        faults
    }

    /// How long after the faults somebody notices; `None` = at once.
    pub fn noticed(&self) -> Option<Span> {
        self.noticed
    }
}

const RESERVED: &str = "%+@,|= \t\n";

fn escape(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if RESERVED.contains(c) {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{:02X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

fn unescape(text: &str) -> Result<String, CaseError> {
    let error = || CaseError::new(text, "a name");
    let mut name = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, behind) = rest.split_at(at);
        name.push_str(before);
        let code = behind
            .get(1..3)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(error)?;
        let code = u8::from_str_radix(code, 16).map_err(|_| error())?;
        name.push(char::from(code));
        rest = behind.get(3..).unwrap_or_default();
    }
    name.push_str(rest);
    if name.is_empty() { Err(error()) } else { Ok(name) }
}

fn host(text: &str) -> Result<Fqdn, CaseError> {
    Fqdn::parse(text).ok_or_else(|| CaseError::new(text, "a host name"))
}

fn hosts(text: &str) -> Result<BTreeSet<Fqdn>, CaseError> {
    text.split(',').map(host).collect()
}

fn list(names: &BTreeSet<Fqdn>) -> String {
    names.iter().map(Fqdn::as_str).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lose(servers) => write!(f, "lose:{}", list(servers)),
            Self::LoseDataCenter(name) => write!(f, "lose-dc:{}", escape(name)),
            Self::LoseStore(id) => write!(f, "lose-store:{}", escape(id)),
            Self::LoseKey(id) => write!(f, "lose-key:{}", escape(id)),
            Self::Cut(segment) => write!(f, "cut:{}", escape(segment)),
            Self::Partition(groups) => {
                let groups: Vec<String> = groups.iter().map(list).collect();
                write!(f, "partition:{}", groups.join("|"))
            }
            Self::DeleteKnown(server) => write!(f, "delete:known@{server}"),
            Self::DeleteUnknown(server) => write!(f, "delete:unknown@{server}"),
            Self::Rollback { server, copy } => write!(f, "rollback:{server}={}", escape(copy)),
            Self::Absent { server, span } => write!(f, "absent:{server}={span}"),
            Self::Ghost(server) => write!(f, "ghost:{server}"),
            Self::Clock { server, ahead, span } => {
                write!(f, "clock:{server}={}{span}", if *ahead { '+' } else { '-' })
            }
            Self::CertificatesExpired => f.write_str("certs-expired"),
            Self::BadUpgrade(server) => write!(f, "bad-upgrade:{server}"),
        }
    }
}

impl FromStr for Fault {
    type Err = CaseError;

    fn from_str(text: &str) -> Result<Self, CaseError> {
        if text == "certs-expired" {
            return Ok(Self::CertificatesExpired);
        }
        let expected = "a fault such as lose:HOST, lose-dc:NAME or partition:HOST|HOST";
        let error = || CaseError::new(text, expected);
        let (kind, rest) = text.split_once(':').ok_or_else(error)?;
        let pair = || rest.split_once('=').ok_or_else(error);
        Ok(match kind {
            "lose" => Self::Lose(hosts(rest)?),
            "lose-dc" => Self::LoseDataCenter(unescape(rest)?),
            "lose-store" => Self::LoseStore(unescape(rest)?),
            "lose-key" => Self::LoseKey(unescape(rest)?),
            "cut" => Self::Cut(unescape(rest)?),
            "partition" => {
                let groups: BTreeSet<_> =
                    rest.split('|').map(hosts).collect::<Result<_, CaseError>>()?;
                let members: usize = groups.iter().map(BTreeSet::len).sum();
                let distinct: BTreeSet<&Fqdn> = groups.iter().flatten().collect();
                if groups.len() < 2 || distinct.len() != members {
                    return Err(CaseError::new(rest, "two or more groups without a common server"));
                }
                Self::Partition(groups)
            }
            "delete" => match rest.split_once('@').ok_or_else(error)? {
                ("known", server) => Self::DeleteKnown(host(server)?),
                ("unknown", server) => Self::DeleteUnknown(host(server)?),
                _ => return Err(error()),
            },
            "rollback" => {
                let (server, copy) = pair()?;
                Self::Rollback { server: host(server)?, copy: unescape(copy)? }
            }
            "absent" => {
                let (server, span) = pair()?;
                Self::Absent { server: host(server)?, span: span.parse()? }
            }
            "ghost" => Self::Ghost(host(rest)?),
            "clock" => {
                let (server, skew) = pair()?;
                let (ahead, span) = match (skew.strip_prefix('+'), skew.strip_prefix('-')) {
                    (Some(span), _) => (true, span),
                    (_, Some(span)) => (false, span),
                    _ => return Err(CaseError::new(skew, "+span or -span")),
                };
                Self::Clock { server: host(server)?, ahead, span: span.parse()? }
            }
            "bad-upgrade" => Self::BadUpgrade(host(rest)?),
            _ => return Err(error()),
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&faults.join("+"))?;
        match self.noticed {
            Some(span) => write!(f, "@noticed={span}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Case {
    type Err = CaseError;

    fn from_str(text: &str) -> Result<Self, CaseError> {
        let (faults, noticed) = match text.rsplit_once("@noticed=") {
            Some((faults, span)) => (faults, Some(span.parse()?)),
            None => (text, None),
        };
        // A "+" behind "=" is the sign of a clock's skew.
        let mut parts = Vec::new();
        let mut start = 0;
        for (at, _) in faults.match_indices('+') {
            if !faults.get(..at).is_some_and(|before| before.ends_with('=')) {
                parts.push(faults.get(start..at).unwrap_or_default());
                start = at + 1;
            }
        }
        parts.push(faults.get(start..).unwrap_or_default());
        let faults = parts.into_iter().map(str::parse).collect::<Result<_, CaseError>>()?;
        Ok(Self { faults, noticed })
    }
}
