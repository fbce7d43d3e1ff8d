//! Reads LDIF as a stream: bytes are pushed in, the wanted entries come out.
//!
//! Nothing that was not asked for is decoded, stored or shown: an entry outside the [`Interest`]
//! is passed over without being taken apart, an attribute outside the allow-list is
//! dropped before its value is looked at, and a [`Problem`] carries a position, never a value.
//! The parser never fails and never panics; what it cannot read becomes a [`Problem`].
//!
//! ```text
//! chunk ──► physical lines ──► logical lines ──► name wanted? ──► decoded value ──► Entry ──► sink
//!             (LF, CR LF)        (unfolded)           │ no                                    ▲
//!                                                     └──► dropped                            │
//! chunk ──► unwanted entry: only a blank line or "dn" at a line start is looked for ───────────┘
//! ```
//!
//! | input | becomes |
//! |---|---|
//! | `dn: cn=CA,cn=masters`, `DN:`, `dn:: Y249…` | the start of an [`Entry`], with or without a blank line before it |
//! | a line that starts with one blank | the rest of the line before it, cut anywhere, even inside a name, a DN or base64 |
//! | `name: value`, `name:: base64` | an [`Attribute`] if the name is on the allow-list |
//! | `name;left;vucsn-…: value` | the same, with [`Attribute::options`] |
//! | `version: 1`, `search: 2`, `result: 4 Size limit exceeded`, `# numEntries: 2` | [`LdifSummary`] |
//! | `Size limit exceeded (4)`, `ldap_bind: Invalid credentials (49)` (`ldapsearch` on stderr) | [`LdifSummary::result`] |
//! | other comments, SASL banners, a pasted command line | nothing |
//! | `changetype: modify` and the like | [`ProblemKind::ChangeRecord`], no entry |
//!
//! How the input is cut into chunks never changes an entry, a problem or a number.
//!
//! # Source
//!
//! RFC 2849 (syntax), RFC 4514 (names); `ldapsearch` of OpenLDAP, `clients/tools/ldapsearch.c`
//! (header, trailer, error lines); 389 Directory Server 2.3.1 `db2ldif -r` (attribute options).
//!
//! # Example
//!
//! ```
//! use audit_core::parse::ldif::{Interest, parse};
//!
//! let export = b"dn: uid=ann,cn=users,cn=accounts,dc=example,dc=test\n\
//!     userPassword:: c2VjcmV0\n\
//!     \n\
//!     dn: cn=CA,cn=ipa1.example.test,cn=masters,cn=ipa,c\n \
//!     n=etc,dc=example,dc=test\n\
//!     ipaConfigString: enabledService\n\
//!     IPACONFIGSTRING: caRenewalMaster\n";
//! let interest = Interest::new(&["ipaConfigString"]).with_rdn("cn=etc");
//! let (entries, summary) = parse(export, interest);
//!
//! assert_eq!(entries.len(), 1);
//! assert_eq!(entries[0].line, 4);
//! assert_eq!(entries[0].dn.first_value(), "CA");
//! assert_eq!(entries[0].values("ipaconfigstring").count(), 2);
//! assert_eq!((summary.entries_seen, summary.entries_kept, summary.lines), (2, 1, 7));
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::mem;

use memchr::{memchr, memchr2, memrchr};

use super::entry_ends::{EntryEnds, line_feeds, may_end_entry};

/// Bytes of a line in which its name has to end; also the longest comment, trailer or banner read.
const MAX_HEAD_BYTES: usize = 4 << 10;

/// Longest `dn` line in bytes, folds included. A longer one is [`ProblemKind::LineTooLong`] and its
/// entry is passed over.
pub const MAX_DN_BYTES: usize = 8 << 10;

/// Longest line of a wanted attribute in bytes, folds included. A longer one is
/// [`ProblemKind::LineTooLong`] and its value is dropped.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Most values one entry keeps; the rest is dropped with one [`ProblemKind::EntryTooLarge`].
pub const MAX_VALUES: usize = 10_000;

/// Most bytes the attributes of one entry occupy; the rest is dropped with one
/// [`ProblemKind::EntryTooLarge`].
pub const MAX_ENTRY_BYTES: usize = 4 << 20;

/// Most problems [`LdifSummary::problems`] keeps; the rest is counted.
pub const MAX_PROBLEMS: usize = 100;

/// Longest text of a [`SearchResult`] in bytes.
const MAX_RESULT_TEXT: usize = 80;

/// What [`Attribute`]s and their strings cost besides their characters, for [`MAX_ENTRY_BYTES`].
const ATTRIBUTE_OVERHEAD: usize = 96;
const OPTION_OVERHEAD: usize = 48;

/// What `ldapsearch` prints on stderr, with the code in parentheses, if it prints no result line.
const SEARCH_ERRORS: [&str; 9] = [
    "Administrative limit exceeded",
    "Can't contact LDAP server",
    "Insufficient access",
    "No such object",
    "Operations error",
    "Server is busy",
    "Server is unavailable",
    "Size limit exceeded",
    "Time limit exceeded",
];

/// How many parents of unwanted entries are remembered: an export has few large containers.
const REFUSED_PARENTS: usize = 4;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Which entries and attributes are wanted.
///
/// Without [`with_rdn`](Self::with_rdn) and [`matching`](Self::matching) every entry is wanted.
///
/// # Example
///
/// ```
/// use audit_core::parse::ldif::{Interest, parse};
///
/// let text = b"dn: cn=ipa1, CN=Masters,cn=etc\ncn: ipa1\nuserPassword: secret\n\n\
///     dn: cn=users\ncn: users\n";
/// let (entries, _) = parse(text, Interest::new(&["cn"]).with_rdn("cn=masters"));
/// assert_eq!(entries.len(), 1);
/// assert_eq!(entries[0].attributes.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Interest {
    /// Lower case, sorted.
    attributes: Vec<String>,
    rdns: Vec<WantedRdn>,
    predicate: fn(&Dn) -> bool,
}

/// One alternative of [`Interest::with_rdn`].
#[derive(Clone, Debug)]
struct WantedRdn {
    rdn: Rdn,
    /// Its first type and value in lower case if they can be compared with a DN as it is written.
    plain: Option<(String, String)>,
}

impl Interest {
    /// Every entry, with the attributes of this allow-list (names without options, any letter
    /// case). An empty list keeps the DNs alone.
    pub fn new(attributes: &[&str]) -> Self {
        let mut attributes: Vec<String> =
            attributes.iter().map(|name| name.to_ascii_lowercase()).collect();
        attributes.sort_unstable();
        attributes.dedup();
        Self { attributes, rdns: Vec::new(), predicate: |_| true }
    }

    /// Only entries whose DN holds this RDN at any level; called again, this one **or** the
    /// earlier ones. `cn=etc` matches the container itself and everything below it, on any
    /// suffix. Of a DN with several levels the first counts.
    ///
    /// This is the fast way to narrow: most names are refused without being taken apart.
    #[must_use]
    pub fn with_rdn(mut self, rdn: &str) -> Self {
        if let Some(rdn) = Dn::parse(rdn).rdns.into_iter().next() {
            let plain = rdn.avas.first().and_then(Ava::plain);
            self.rdns.push(WantedRdn { rdn, plain });
        }
        self
    }

    /// Only entries whose DN satisfies this predicate too.
    #[must_use]
    pub fn matching(mut self, predicate: fn(&Dn) -> bool) -> Self {
        self.predicate = predicate;
        self
    }

    fn wants_attribute(&self, name: &[u8]) -> bool {
        self.attributes.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
    }

    /// The DN if its entry is wanted, and where its bytes are not UTF-8.
    fn wants_entry(&self, dn: &[u8]) -> Option<(Dn, Option<usize>)> {
        let invalid = std::str::from_utf8(dn).err().map(|error| error.valid_up_to());
        let dn = Dn::parse(&String::from_utf8_lossy(dn));
        let has = |wanted: &WantedRdn| dn.rdns.iter().any(|rdn| rdn.has(&wanted.rdn));
        let by_rdn = self.rdns.is_empty() || self.rdns.iter().any(has);
        (by_rdn && (self.predicate)(&dn)).then_some((dn, invalid))
    }

    /// False only if no RDN of `dn` can be wanted. Looks at names in plain spelling; escapes,
    /// quotes and non-ASCII letters are left to [`Dn::parse`].
    fn may_want(&self, dn: &[u8]) -> bool {
        let special = |&byte: &u8| matches!(byte, b'\\' | b'"' | 0x80..);
        self.rdns.is_empty()
            || dn.iter().any(special)
            || dn
                .split(|&byte| byte == b',' || byte == b'+')
                .any(|part| self.rdns.iter().any(|wanted| wanted.may_be(part)))
    }
}

impl WantedRdn {
    /// False only if [`may_be`](Self::may_be) is false. In less time, for most names.
    fn may_start(&self, part: &[u8]) -> bool {
        let (Some((attribute, _)), [first, ..]) = (&self.plain, part) else {
            return true;
        };
        !first.is_ascii_graphic()
            || attribute.as_bytes().first().is_none_or(|known| known.eq_ignore_ascii_case(first))
    }

    /// Whether `part`, in ASCII without escapes, may be a spelling of this.
    fn may_be(&self, part: &[u8]) -> bool {
        let Some((attribute, value)) = &self.plain else {
            return true;
        };
        let part = part.trim_ascii_start();
        let Some((start, rest)) = part.split_at_checked(attribute.len()) else {
            return false;
        };
        if !start.eq_ignore_ascii_case(attribute.as_bytes()) {
            return false;
        }
        let Some(part) = rest.trim_ascii_start().strip_prefix(b"=") else {
            return false;
        };
        let mut words = part.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        value.split_ascii_whitespace().all(|known| {
            words.next().is_some_and(|word| word.eq_ignore_ascii_case(known.as_bytes()))
        }) && words.next().is_none()
    }
}

/// A distinguished name, normalized.
///
/// Attribute types are lower case, blanks around `,`, `+` and `=` are gone, escapes
/// (`\2C`, `\,`, `"…"`) are decoded, and the values keep their letter case. Equality and order
/// ignore letter case, the number of blanks between words, and the order inside a multi-valued
/// RDN.
///
/// # Example
///
/// ```
/// use audit_core::parse::ldif::Dn;
///
/// let dn = Dn::parse(r"CN=replica, cn=dc\3Dexample\2Cdc\3Dtest,cn=Mapping Tree,cn=config");
/// assert_eq!(dn.to_string(), r"cn=replica,cn=dc=example\,dc=test,cn=Mapping Tree,cn=config");
/// assert_eq!(dn.rdns()[1].value("cn"), Some("dc=example,dc=test"));
/// assert!(dn.ends_with(&Dn::parse("cn=mapping tree,cn=config")));
///
/// let shared = Dn::parse("dnaHostname=ipa1.example.test+dnaPortNum=389,cn=posix-ids");
/// assert_eq!(shared, Dn::parse("dnaportnum=389 + dnahostname=IPA1.example.test, cn=posix-ids"));
/// ```
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

impl Dn {
    /// Takes a DN apart.
    ///
    /// # Errors
    ///
    /// None: the parser is total. A part without `=` (a placeholder such as `$SUFFIX`) becomes an
    /// RDN with an empty type; empty parts are left out.
    pub fn parse(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut rdns = Vec::new();
        let mut avas = Vec::new();
        let mut at = 0;
        while at <= bytes.len() {
            let (mut attribute, mut end, mut next) = token(bytes, at, true);
            let mut value = String::new();
            if end == Some(b'=') {
                (value, end, next) = token(bytes, next, false);
                attribute.make_ascii_lowercase();
            } else {
                mem::swap(&mut attribute, &mut value);
            }
            if !attribute.is_empty() || !value.is_empty() {
                avas.push(Ava::new(attribute, value));
            }
            if end != Some(b'+') && !avas.is_empty() {
                rdns.push(Rdn::new(mem::take(&mut avas)));
            }
            if end.is_none() {
                break;
            }
            at = next;
        }
        Self { rdns }
    }

    /// The parts, the entry's own first, the suffix last.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// The first value of the entry's own RDN: `ipa1.example.test` for
    /// `cn=ipa1.example.test,cn=masters`. Empty for the empty DN.
    pub fn first_value(&self) -> &str {
        self.rdns.first().map_or("", Rdn::first_value)
    }

    /// The DN without its first RDN; `None` for the empty DN.
    pub fn parent(&self) -> Option<Self> {
        self.rdns.split_first().map(|(_, rest)| Self { rdns: rest.to_vec() })
    }

    /// Whether this is `suffix` or lies below it. Every DN ends with the empty one.
    pub fn ends_with(&self, suffix: &Self) -> bool {
        self.rdns.ends_with(&suffix.rdns)
    }
}

/// Escapes as RFC 4514 asks; types in lower case, values in the letter case of the input.
impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{rdn}")?;
        }
        Ok(())
    }
}

/// One part of a [`Dn`]: usually one `type=value`, several in a multi-valued RDN.
#[derive(Clone, Debug)]
pub struct Rdn {
    avas: Vec<Ava>,
    /// The keys of the parts, sorted: what is compared.
    key: String,
}

impl Rdn {
    fn new(avas: Vec<Ava>) -> Self {
        let mut keys: Vec<&str> = avas.iter().map(|ava| ava.key.as_str()).collect();
        keys.sort_unstable();
        let key = keys.join("+");
        Self { avas, key }
    }

    /// Types (lower case; empty where the input had no `=`) and decoded values, as written.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.avas.iter().map(|ava| (ava.attribute.as_str(), ava.value.as_str()))
    }

    /// The value of this type, in any letter case.
    pub fn value(&self, attribute: &str) -> Option<&str> {
        self.pairs().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, value)| value)
    }

    /// The first value, as written.
    pub fn first_value(&self) -> &str {
        self.avas.first().map_or("", |ava| &ava.value)
    }

    /// Whether every part of `other` is here.
    fn has(&self, other: &Self) -> bool {
        other.avas.iter().all(|part| self.avas.iter().any(|ava| ava.key == part.key))
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, ava) in self.avas.iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            if !ava.attribute.is_empty() {
                write_escaped(f, &ava.attribute, true)?;
                f.write_str("=")?;
            }
            write_escaped(f, &ava.value, ava.attribute.is_empty())?;
        }
        Ok(())
    }
}

/// Escapes a type or value as RFC 4514 asks, and `=` where it would be taken for the separator.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str, escape_equals: bool) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (place, letter) in text.chars().enumerate() {
        match letter {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{letter}")?,
            '=' if escape_equals => f.write_str("\\=")?,
            '#' if place == 0 => f.write_str("\\#")?,
            ' ' if place == 0 || place == last => f.write_str("\\ ")?,
            '\0'..='\x1f' | '\x7f' => write!(f, "\\{:02X}", u32::from(letter))?,
            _ => write!(f, "{letter}")?,
        }
    }
    Ok(())
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Rdn {}

impl PartialOrd for Rdn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rdn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// One `type=value`.
#[derive(Clone, Debug)]
struct Ava {
    attribute: String,
    value: String,
    /// Lower case, single blanks, `,` `+` `=` `\` escaped.
    key: String,
}

impl Ava {
    fn new(attribute: String, value: String) -> Self {
        let mut key = String::with_capacity(attribute.len() + 1 + value.len());
        push_key(&mut key, &attribute);
        key.push('=');
        push_key(&mut key, &value);
        Self { attribute, value, key }
    }

    /// Type and value in lower case, if both are plain words.
    fn plain(&self) -> Option<(String, String)> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/@:".contains(&byte);
        let is_plain = !self.attribute.is_empty()
            && self.attribute.bytes().all(plain)
            && self.value.bytes().all(|byte| plain(byte) || byte == b' ');
        is_plain.then(|| (self.attribute.clone(), self.value.to_ascii_lowercase()))
    }
}

/// Appends the form of a type or value that is compared.
fn push_key(key: &mut String, text: &str) {
    for (index, word) in text.split_ascii_whitespace().enumerate() {
        if index > 0 {
            key.push(' ');
        }
        for letter in word.chars().flat_map(char::to_lowercase) {
            match letter {
                ',' => key.push_str("\\2c"),
                '+' => key.push_str("\\2b"),
                '=' => key.push_str("\\3d"),
                '\\' => key.push_str("\\5c"),
                _ => key.push(letter),
            }
        }
    }
}

/// Reads a type or value from `at`: the decoded text without unescaped blanks at both ends, the
/// separator that ended it, and where the next token starts.
fn token(bytes: &[u8], mut at: usize, is_type: bool) -> (String, Option<u8>, usize) {
    let mut text = Vec::new();
    // Length up to the last character that is not a trailing blank.
    let mut kept = 0;
    let mut quoted = false;
    let mut end = None;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let pair = bytes.get(at).zip(bytes.get(at + 1));
                if let Some(code) = pair.and_then(|(&high, &low)| hex(high, low)) {
                    text.push(code);
                    at += 2;
                } else if let Some(&escaped) = bytes.get(at) {
                    text.push(escaped);
                    at += 1;
                }
                kept = text.len();
            }
            b'"' if quoted || (text.is_empty() && !is_type) => {
                quoted = !quoted;
                kept = text.len();
            }
            b',' | b'+' if !quoted => {
                end = Some(byte);
                break;
            }
            b'=' if is_type => {
                end = Some(byte);
                break;
            }
            _ if byte.is_ascii_whitespace() && !quoted => {
                if !text.is_empty() {
                    text.push(byte);
                }
            }
            _ => {
                text.push(byte);
                kept = text.len();
            }
        }
    }
    text.truncate(kept);
    let text = String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    (text, end, at)
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// One wanted entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its name. The same DN can come twice: replica entries of two servers have one name.
    pub dn: Dn,
    /// Line of the input on which its `dn` starts, from 1.
    pub line: u64,
    /// The attributes of the allow-list, in the order of the input, repeated ones repeated.
    pub attributes: Vec<Attribute>,
    /// False if something wanted in this entry could not be read, or the input ends in the middle
    /// of a line of it, which is dropped: then a missing attribute is not known to be missing. The
    /// [`LdifSummary::problems`] say where.
    pub complete: bool,
}

impl Entry {
    /// Values of this attribute (any letter case) in the order of the input, without those a
    /// replication export marks as deleted.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.attributes
            .iter()
            .filter(move |attribute| {
                attribute.name.eq_ignore_ascii_case(name) && !attribute.is_deleted()
            })
            .map(|attribute| attribute.value.as_str())
    }

    /// The first of [`values`](Self::values).
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name) && !attribute.is_deleted())
            .map(|attribute| attribute.value.as_str())
    }
}

/// One value of an [`Entry`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// Name in lower case, without options.
    pub name: String,
    /// Options in lower case and in the order of the input: `left`, `vucsn-6b025b3b000100040000`.
    pub options: Vec<String>,
    /// The value. Blanks around a plain value are removed, a base64 value is exact. Can be empty.
    pub value: String,
    /// Line of the input on which the attribute starts, from 1.
    pub line: u64,
}

impl Attribute {
    /// Whether `db2ldif -r` kept the value only as replication state (`;deleted`,
    /// `;deletedattribute`): the server no longer holds it.
    pub fn is_deleted(&self) -> bool {
        self.options.iter().any(|option| option == "deleted" || option == "deletedattribute")
    }
}

/// What can be wrong with an LDIF. Closed: the list is complete.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ProblemKind {
    /// Attributes outside any entry, as in the body of a modification. Said once for the block.
    NoDn,
    /// A line of a wanted entry that is not `name: value`; or, outside entries, a line that looks
    /// like one but has no possible name (a mail quote: `> dn: …`), said once for the block.
    NotAnAttribute,
    /// A line that starts with a blank but continues nothing. Said once for the block.
    ContinuationWithoutLine,
    /// A DN or a wanted value with broken base64, often the end of a cut input.
    BadBase64,
    /// A wanted value, or the DN of a wanted entry, that is not UTF-8. The value is dropped; in a
    /// DN the bytes are replaced by U+FFFD.
    InvalidUtf8,
    /// `name:< url` for a wanted attribute or a DN. URLs are not followed.
    UrlValue,
    /// A DN longer than [`MAX_DN_BYTES`] or a wanted value longer than [`MAX_LINE_BYTES`].
    LineTooLong,
    /// More than [`MAX_VALUES`] wanted values or [`MAX_ENTRY_BYTES`] in one entry. Said once.
    EntryTooLarge,
    /// A wanted record that changes, renames or deletes an entry instead of showing it.
    ChangeRecord,
    /// The input ends inside an entry without a line end: it may have been cut there, so the line
    /// is dropped.
    TruncatedEntry,
    /// `ldapsearch` wrote its header but not the result at its end: the input was cut.
    SearchUnfinished,
    /// The caller could not read the input to its end. Never found by the parser itself.
    InputCut,
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDn => "attributes without a dn line",
            Self::NotAnAttribute => "line is not an attribute",
            Self::ContinuationWithoutLine => "continuation of nothing",
            Self::BadBase64 => "broken base64",
            Self::InvalidUtf8 => "not UTF-8",
            Self::UrlValue => "value is a URL, which is not followed",
            Self::LineTooLong => "line is too long",
            Self::EntryTooLarge => "entry has too many values",
            Self::ChangeRecord => "change record, not an entry",
            Self::TruncatedEntry => "input ends in the middle of an entry without a line end",
            Self::SearchUnfinished => "ldapsearch output without its result line",
            Self::InputCut => "input could not be read to its end",
        })
    }
}

/// Something the parser could not use, and where. Never holds a value of the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Line of the input, from 1.
    pub line: u64,
    /// Byte in that line, from 1, where a byte is to blame. `None` in decoded base64.
    pub column: Option<u64>,
    /// What is wrong.
    pub kind: ProblemKind,
    /// The attribute, if it is on the allow-list.
    pub attribute: Option<String>,
}

/// How a search ended, as `ldapsearch` printed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SearchResult {
    /// LDAP result code: 0 success, 3 time limit, 4 size limit, 11 administrative limit, 32 no
    /// such object, 50 no access; negative in the client itself (-1: cannot contact the server).
    pub code: i32,
    /// The text after the code: printable ASCII, at most 80 bytes.
    pub text: String,
    /// Line of the input, from 1.
    pub line: u64,
}

/// What is known about the whole input after its last byte.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LdifSummary {
    /// Physical lines, a last one without line end included.
    pub lines: u64,
    /// `dn` lines.
    pub entries_seen: u64,
    /// Entries handed to the sink.
    pub entries_kept: u64,
    /// The last `version:` line.
    pub version: Option<u32>,
    /// Whether a wanted record has a `changetype` line.
    pub has_changetype: bool,
    /// `# extended LDIF` headers: searches whose output carries a result (no `-L` option).
    pub searches: u64,
    /// The first failed search; if all succeeded, the last one. `None` says nothing: with `-LLL`
    /// a search that hit a limit looks like one that did not.
    pub result: Option<SearchResult>,
    /// Sum of the `# numResponses:` lines.
    pub num_responses: Option<u64>,
    /// Sum of the `# numEntries:` lines; more than [`entries_seen`](Self::entries_seen) says that
    /// entries were lost on the way. `ldapsearch` leaves the line out when it found none.
    pub num_entries: Option<u64>,
    /// The first [`MAX_PROBLEMS`] problems, in the order in which they became certain.
    pub problems: Vec<Problem>,
    /// How many more problems there were.
    pub problems_suppressed: u64,
}

/// Where in the input the parser is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Context {
    /// Before the first entry or after a blank line.
    Between,
    /// After `search:` or `result:`, up to the next blank line.
    Trailer,
    /// In an unwanted entry (`true`), or in a block that is none (`false`).
    Skipped(bool),
    /// In a wanted entry.
    Wanted,
}

/// What the next bytes are read as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// The first bytes, which may be a byte order mark.
    Start,
    /// Logical lines, each one looked at.
    Lines,
    /// The rest of a logical line that is not needed; the flag says whether a line feed came last.
    Discard(bool),
    /// An unwanted entry; the flag says whether a line feed came last.
    Skip(bool),
}

/// What the text before the first `:` of a line says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Head {
    Dn,
    Wanted,
    Other,
    NotAName,
}

/// A push parser: [`feed`](Self::feed) it chunks of any size, then [`finish`](Self::finish).
///
/// # Errors
///
/// None. Every text is accepted; what cannot be used is a [`Problem`], with these limits: a `dn`
/// line over [`MAX_DN_BYTES`], a line of a wanted attribute over [`MAX_LINE_BYTES`], an entry over
/// [`MAX_VALUES`] or [`MAX_ENTRY_BYTES`].
///
/// # Complexity
///
/// Time is linear in the input. Memory does not grow with the input: a few kilobytes plus the
/// longest wanted line (three times, while it is decoded) and the largest wanted entry, so about
/// 10 MB for the worst input the limits allow. Unwanted lines and entries are never buffered.
///
/// # Example
///
/// ```
/// use audit_core::parse::ldif::{Interest, LdifParser, ProblemKind};
///
/// let mut parser = LdifParser::new(Interest::new(&["cn", "nsds50ruv"]));
/// let mut names = Vec::new();
/// // Accepted: a line may be cut anywhere.
/// for chunk in [&b"dn: cn=re"[..], b"plica,cn=con\n f", b"ig\r\ncn:: cmVwbGljYQ==\r\n\r\n"] {
///     parser.feed(chunk, &mut |entry| names.push(entry.dn.to_string()));
/// }
/// assert_eq!(names, ["cn=replica,cn=config"]);
/// // Refused: the body of a modification names no entry.
/// let change = b"replace: nsds50ruv\nnsds50ruv: {replicageneration} 4a5b47dc000000040000\n";
/// parser.feed(change, &mut |_| ());
/// let summary = parser.finish(&mut |_| unreachable!());
/// assert_eq!(summary.problems[0].kind, ProblemKind::NoDn);
/// assert_eq!(summary.problems[0].line, 5);
/// ```
#[derive(Clone, Debug)]
pub struct LdifParser {
    interest: Interest,
    summary: LdifSummary,
    context: Context,
    mode: Mode,
    /// Line feeds before the logical line or the skipped bytes being read.
    line: u64,
    /// The logical line being read, as far as it came in earlier chunks; with its folds.
    pending: Vec<u8>,
    /// The wanted entry being read.
    entry: Option<Entry>,
    entry_bytes: usize,
    entry_full: bool,
    /// The wanted record changes its entry instead of showing it.
    is_change: bool,
    /// Line of the `# extended LDIF` header whose result is still to come.
    open_search: Option<u64>,
    last_byte: Option<u8>,
    /// True if the line being read is the input's last one and lacks its end.
    is_cut: bool,
    /// The parents of the last DNs refused by their spelling: most entries have one of a few. The
    /// empty one is no harm: it holds no RDN.
    refused_parents: [Vec<u8>; REFUSED_PARENTS],
    /// Buffers kept for their capacity: the name of a line, its unfolded and its decoded value.
    name: Vec<u8>,
    text: Vec<u8>,
    decoded: Vec<u8>,
}

impl LdifParser {
    /// A parser for one input.
    pub fn new(interest: Interest) -> Self {
        Self {
            interest,
            summary: LdifSummary::default(),
            context: Context::Between,
            mode: Mode::Start,
            line: 0,
            pending: Vec::new(),
            entry: None,
            entry_bytes: 0,
            entry_full: false,
            is_change: false,
            open_search: None,
            last_byte: None,
            is_cut: false,
            refused_parents: Default::default(),
            name: Vec::new(),
            text: Vec::new(),
            decoded: Vec::new(),
        }
    }

    /// The same parser for an input that stands behind so many lines of a file: they count in every
    /// line number.
    #[must_use]
    pub fn behind(mut self, lines: u64) -> Self {
        self.line = lines;
        self
    }

    /// Reads the next bytes of the input and hands every wanted entry that is complete to `sink`.
    pub fn feed(&mut self, chunk: &[u8], sink: &mut dyn FnMut(Entry)) {
        let mut ends = EntryEnds::new(chunk);
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match self.mode {
                Mode::Start => self.skip_byte_order_mark(rest),
                Mode::Lines => self.read_line(rest, sink),
                Mode::Discard(after_lf) => self.discard(rest, after_lf),
                Mode::Skip(after_lf) => {
                    let at = chunk.len() - rest.len();
                    &chunk[self.skip(&mut ends, at, after_lf)..]
                }
            };
        }
        self.last_byte = chunk.last().copied().or(self.last_byte);
    }

    /// Ends the input: hands over the last entry and says what the whole input was.
    pub fn finish(mut self, sink: &mut dyn FnMut(Entry)) -> LdifSummary {
        let mut pending = mem::take(&mut self.pending);
        self.is_cut = self.last_byte.is_some_and(|byte| byte != b'\n');
        if !pending.is_empty() {
            if pending.last() == Some(&b'\n') {
                pending.pop();
            }
            self.logical_line(&pending, sink);
            self.line += line_feeds(&pending) + u64::from(self.last_byte == Some(b'\n'));
        }
        if self.is_cut {
            self.summary.lines = 1;
            if matches!(self.context, Context::Wanted | Context::Skipped(true)) {
                self.problem_in_entry(self.line + 1, None, ProblemKind::TruncatedEntry, None);
            }
        }
        self.summary.lines += self.line;
        self.end_entry(Context::Between, sink);
        self.close_search();
        self.summary
    }

    /// Passes over a byte order mark at the start; bytes that only look like one are kept.
    fn skip_byte_order_mark<'c>(&mut self, data: &'c [u8]) -> &'c [u8] {
        let missing = &BYTE_ORDER_MARK[self.pending.len()..];
        if let Some(rest) = data.strip_prefix(missing) {
            self.mode = Mode::Lines;
            self.pending.clear();
            rest
        } else if missing.starts_with(data) {
            self.pending.extend_from_slice(data);
            &[]
        } else {
            self.mode = Mode::Lines;
            data
        }
    }

    /// Passes over unwanted entries from `at` on, up to a line that has to be looked at.
    fn skip(&mut self, ends: &mut EntryEnds, mut at: usize, mut after_lf: bool) -> usize {
        let chunk = ends.chunk();
        ends.set_line(at, self.line);
        loop {
            let end = if after_lf && may_end_entry(&chunk[at..]) { at } else { ends.next(at) };
            // A blank line, then usually a comment and another unwanted entry.
            if chunk.get(end) == Some(&b'\n')
                && let Some(next) = self.skip_usual_start(chunk, end + 1)
            {
                self.context = Context::Skipped(true);
                at = next;
                after_lf = true;
                continue;
            }
            self.line = ends.line_at(end);
            self.mode = if end < chunk.len() {
                Mode::Lines
            } else {
                Mode::Skip(chunk.last() == Some(&b'\n'))
            };
            return end;
        }
    }

    /// Passes over the first lines of an unwanted entry, behind a blank line, if they have the
    /// usual form: at most one comment, then `dn: `. Does what
    /// [`logical_line`](Self::logical_line) does for them, in less time; `None` leaves them to it.
    fn skip_usual_start(&mut self, chunk: &[u8], mut at: usize) -> Option<usize> {
        if self.interest.rdns.is_empty() {
            return None;
        }
        if chunk.get(at) == Some(&b'#') {
            let length = memchr(b'\n', &chunk[at..])?;
            if is_trailer_comment(&chunk[at..at + length]) {
                return None;
            }
            at += length + 1;
        }
        // A comment that is continued does not get here: its next line starts with a blank.
        let value = chunk.get(at..)?.strip_prefix(b"dn: ")?;
        let own = memchr2(b',', b'\n', value)?;
        let is_known = |parent: &Vec<u8>| {
            value.get(own + parent.len()) == Some(&b'\n') && value[own..].starts_with(parent)
        };
        let known = self.refused_parents.iter().find(|&parent| is_known(parent));
        let mut length = match known {
            Some(parent) => own + parent.len(),
            None => own + memchr(b'\n', &value[own..])?,
        };
        let is_known = known.is_some();
        let is_refused = if *value.get(length + 1)? == b' ' {
            while *value.get(length + 1)? == b' ' {
                length += 1 + memchr(b'\n', &value[length + 1..])?;
            }
            if length + 4 > MAX_DN_BYTES {
                return None;
            }
            let mut text = mem::take(&mut self.text);
            text.clear();
            unfold(&value[..length], &mut text);
            let own = memchr(b',', &text).unwrap_or(text.len());
            let is_refused = !text.starts_with(b" ") && !text.starts_with(b"\t");
            let is_refused = is_refused && self.is_refused(&text, own);
            self.text = text;
            is_refused
        } else {
            let value = &value[..length];
            length + 4 <= MAX_DN_BYTES
                && !matches!(value, [b' ' | b'\t', ..])
                && (is_known || self.is_refused_parent(&value[own..]))
                && self.is_refused_name(value, own)
        };
        if !is_refused {
            return None;
        }
        self.summary.entries_seen += 1;
        Some(at + 4 + length + 1)
    }

    /// Passes over the rest of a logical line.
    fn discard<'c>(&mut self, data: &'c [u8], mut after_lf: bool) -> &'c [u8] {
        let mut at = 0;
        loop {
            if after_lf {
                match data.get(at) {
                    Some(b' ') => {}
                    Some(_) => {
                        self.mode = self.next_mode();
                        return &data[at..];
                    }
                    None => break,
                }
            }
            let Some(found) = memchr(b'\n', &data[at..]) else {
                after_lf = false;
                break;
            };
            self.line += 1;
            at += found + 1;
            after_lf = true;
        }
        self.mode = Mode::Discard(after_lf);
        &[]
    }

    /// Reads up to the end of one logical line, which is known only from the byte after it.
    fn read_line<'c>(&mut self, data: &'c [u8], sink: &mut dyn FnMut(Entry)) -> &'c [u8] {
        if self.pending.last() == Some(&b'\n') && data.first() != Some(&b' ') {
            self.pending.pop();
            self.end_pending(sink);
            return data;
        }
        let mut from = 0;
        let mut folds = 0;
        while let Some(found) = memchr(b'\n', &data[from..]) {
            let end = from + found;
            // A blank line ends at once: what follows does not continue it.
            let blank = match self.pending.as_slice() {
                [] => matches!(&data[..end], [] | [b'\r']),
                [b'\r'] => end == 0,
                _ => false,
            };
            match data.get(end + 1) {
                Some(b' ') if !blank => {
                    from = end + 1;
                    folds += 1;
                }
                None if !blank => break,
                _ => {
                    if self.pending.is_empty() {
                        self.end_line(&data[..end], folds, sink);
                    } else {
                        self.pending.extend_from_slice(&data[..end]);
                        self.end_pending(sink);
                    }
                    return &data[end + 1..];
                }
            }
        }
        self.keep(data, sink);
        &[]
    }

    /// Takes over a logical line whose last bytes are in `pending`.
    fn end_pending(&mut self, sink: &mut dyn FnMut(Entry)) {
        let mut pending = mem::take(&mut self.pending);
        self.end_line(&pending, line_feeds(&pending), sink);
        pending.clear();
        self.pending = pending;
    }

    fn end_line(&mut self, raw: &[u8], folds: u64, sink: &mut dyn FnMut(Entry)) {
        self.logical_line(raw, sink);
        self.line += folds + 1;
        self.mode = self.next_mode();
    }

    fn next_mode(&self) -> Mode {
        match self.context {
            Context::Skipped(_) => Mode::Skip(true),
            _ => Mode::Lines,
        }
    }

    /// Keeps the beginning of a logical line for the next chunk, as much of it as can matter.
    fn keep(&mut self, data: &[u8], sink: &mut dyn FnMut(Entry)) {
        // Two more bytes than a limit: the CR and LF that may turn out to end the line.
        let length = self.pending.len() + data.len();
        let folds = line_feeds(data);
        let mut limit = MAX_HEAD_BYTES;
        let mut taken = 0;
        if length > limit + 2 {
            taken = (limit + 3).saturating_sub(self.pending.len());
            self.pending.extend_from_slice(&data[..taken]);
            let pending = mem::take(&mut self.pending);
            limit = self.limit(&pending);
            self.pending = pending;
        }
        let wanted = (limit + 3).saturating_sub(self.pending.len()).min(data.len() - taken);
        if length <= limit + 2 {
            self.pending.extend_from_slice(&data[taken..taken + wanted]);
            return;
        }
        // Too long already. Lines over their limit are treated the same wherever they are cut.
        let mut pending = mem::take(&mut self.pending);
        let earlier = line_feeds(&pending[..length - data.len()]);
        pending.extend_from_slice(&data[taken..taken + wanted]);
        self.logical_line(&pending, sink);
        self.line += earlier + folds;
        self.mode = Mode::Discard(data.last() == Some(&b'\n'));
    }

    /// Bytes up to which the content of this line can matter.
    fn limit(&mut self, raw: &[u8]) -> usize {
        match raw.first() {
            Some(b'#' | b' ') => MAX_HEAD_BYTES,
            _ => match self.head(raw).0 {
                Head::Dn => MAX_DN_BYTES,
                Head::Wanted => MAX_LINE_BYTES,
                Head::Other | Head::NotAName => MAX_HEAD_BYTES,
            },
        }
    }

    /// Classifies a line by the text before its first `:`, which it leaves in `self.name` in lower
    /// case, options included, unless it is `dn`. Also returns the place of the `:`.
    fn head(&mut self, raw: &[u8]) -> (Head, usize) {
        if let [b'd' | b'D', b'n' | b'N', b':', ..] = raw {
            return (Head::Dn, 2);
        }
        self.name.clear();
        let raw = &raw[..raw.len().min(MAX_HEAD_BYTES)];
        let Some(colon) = memchr(b':', raw) else {
            return (Head::NotAName, raw.len());
        };
        unfold(&raw[..colon], &mut self.name);
        while matches!(self.name.last(), Some(b' ' | b'\t')) {
            self.name.pop();
        }
        self.name.make_ascii_lowercase();
        let name = self.name.as_slice();
        let base = &name[..memchr(b';', name).unwrap_or(name.len())];
        let head = if name == b"dn" {
            Head::Dn
        } else if self.context == Context::Wanted && self.interest.wants_attribute(base) {
            Head::Wanted
        } else if base.first().is_some_and(u8::is_ascii_alphanumeric)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._;".contains(byte))
        {
            Head::Other
        } else {
            Head::NotAName
        };
        (head, colon)
    }

    /// Acts on one logical line, `raw` with its folds and without its line end.
    ///
    /// `raw` may be the beginning of a line that is over its limit, but then at least one byte
    /// over it: nothing after the limit is looked at.
    fn logical_line(&mut self, raw: &[u8], sink: &mut dyn FnMut(Entry)) {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        match raw.first() {
            None => self.end_entry(Context::Between, sink),
            Some(b'#') => self.comment(raw, sink),
            Some(b' ') => {
                let head = &raw[..raw.len().min(MAX_HEAD_BYTES)];
                if !head.trim_ascii().is_empty() {
                    self.problem(self.line + 1, None, ProblemKind::ContinuationWithoutLine, None);
                }
            }
            Some(_) => self.attribute_line(raw, sink),
        }
    }

    fn attribute_line(&mut self, raw: &[u8], sink: &mut dyn FnMut(Entry)) {
        let (head, colon) = self.head(raw);
        match (head, self.context) {
            (Head::Dn, _) => self.start_entry(raw, colon, sink),
            (_, Context::Skipped(_)) => {}
            (_, Context::Wanted) if self.name == b"changetype" => self.change_type(raw, colon),
            // Half a value looks like another value.
            (Head::Wanted, _) if self.is_cut => {}
            (Head::Wanted, _) => self.wanted_value(raw, colon),
            (Head::NotAName, Context::Wanted) => {
                if !(self.is_change && raw == b"-") {
                    self.problem_in_entry(self.line + 1, None, ProblemKind::NotAnAttribute, None);
                }
            }
            (_, Context::Wanted) => {}
            (_, Context::Trailer) => {
                self.trailer_line(raw, colon);
            }
            (_, Context::Between) => {
                if self.trailer_line(raw, colon) {
                    self.context = Context::Trailer;
                } else if head == Head::Other {
                    if !self.version_line(raw, colon) {
                        self.problem(self.line + 1, None, ProblemKind::NoDn, None);
                        self.context = Context::Skipped(false);
                    }
                } else if looks_like_data(raw, colon) {
                    self.problem(self.line + 1, None, ProblemKind::NotAnAttribute, None);
                    self.context = Context::Skipped(false);
                }
            }
        }
    }

    fn start_entry(&mut self, raw: &[u8], colon: usize, sink: &mut dyn FnMut(Entry)) {
        self.end_entry(Context::Skipped(true), sink);
        self.summary.entries_seen += 1;
        if self.is_cut {
            // Half a name looks like another name.
            return;
        }
        let line = self.line + 1;
        if raw.len() > MAX_DN_BYTES {
            self.problem(line, None, ProblemKind::LineTooLong, None);
            return;
        }
        let mut text = mem::take(&mut self.text);
        let mut decoded = mem::take(&mut self.decoded);
        match Value::read(raw, colon, &mut text, &mut decoded) {
            Ok(value) => {
                let own = memchr(b',', value.bytes).unwrap_or(value.bytes.len());
                if self.is_refused(value.bytes, own) {
                    // Most entries of a large export end here.
                } else if let Some((dn, invalid)) = self.interest.wants_entry(value.bytes) {
                    self.context = Context::Wanted;
                    self.entry = Some(Entry { dn, line, attributes: Vec::new(), complete: true });
                    if let Some(offset) = invalid {
                        let (line, column) = self.locate(raw, value.place(offset));
                        self.problem_in_entry(line, column, ProblemKind::InvalidUtf8, None);
                    }
                }
            }
            Err((kind, place)) => {
                let (line, column) = self.locate(raw, place);
                self.problem(line, column, kind, None);
            }
        }
        self.text = text;
        self.decoded = decoded;
    }

    /// Whether the spelling of this DN alone shows that its entry is not wanted.
    /// `own` is the length of its first RDN.
    fn is_refused(&mut self, dn: &[u8], own: usize) -> bool {
        if self.interest.rdns.is_empty() {
            return false;
        }
        // They can be judged apart: neither holds an escape if it is refused.
        self.is_refused_parent(&dn[own..]) && self.is_refused_name(dn, own)
    }

    /// Whether what follows the first RDN shows that no RDN in it is wanted.
    fn is_refused_parent(&mut self, parent: &[u8]) -> bool {
        if self.refused_parents.iter().any(|known| known == parent) {
            return true;
        }
        if self.interest.may_want(parent) {
            return false;
        }
        self.refused_parents.rotate_right(1);
        self.refused_parents[0].clear();
        self.refused_parents[0].extend_from_slice(parent);
        true
    }

    /// Whether the first RDN of this DN, of this length, shows that it is not wanted.
    fn is_refused_name(&self, dn: &[u8], own: usize) -> bool {
        let name = &dn[..own];
        match dn.first_chunk() {
            Some(head) if own <= head.len() && is_plain(head) => {
                let may_be = |wanted: &WantedRdn| wanted.may_start(name) && wanted.may_be(name);
                !self.interest.rdns.iter().any(may_be)
            }
            _ => !self.interest.may_want(name),
        }
    }

    fn wanted_value(&mut self, raw: &[u8], colon: usize) {
        if self.entry_full {
            return;
        }
        let mut parts = self.name.split(|&byte| byte == b';').map(to_text);
        let name = parts.next().unwrap_or_default();
        let options: Vec<String> = parts.filter(|option| !option.is_empty()).collect();
        let line = self.line + 1;
        if raw.len() > MAX_LINE_BYTES {
            self.problem_in_entry(line, None, ProblemKind::LineTooLong, Some(name));
            return;
        }
        let mut text = mem::take(&mut self.text);
        let mut decoded = mem::take(&mut self.decoded);
        let value = Value::read(raw, colon, &mut text, &mut decoded).and_then(|value| {
            std::str::from_utf8(value.bytes)
                .map_err(|error| (ProblemKind::InvalidUtf8, value.place(error.valid_up_to())))
        });
        match (value, &mut self.entry) {
            (Ok(value), Some(entry)) => {
                self.entry_bytes += ATTRIBUTE_OVERHEAD + name.len() + value.len();
                self.entry_bytes +=
                    options.iter().map(|option| OPTION_OVERHEAD + option.len()).sum::<usize>();
                if entry.attributes.len() >= MAX_VALUES || self.entry_bytes > MAX_ENTRY_BYTES {
                    self.entry_full = true;
                    self.problem_in_entry(line, None, ProblemKind::EntryTooLarge, Some(name));
                } else {
                    let value = value.to_owned();
                    entry.attributes.push(Attribute { name, options, value, line });
                }
            }
            (Ok(_), None) => {}
            (Err((kind, place)), _) => {
                let (line, column) = self.locate(raw, place);
                self.problem_in_entry(line, column, kind, Some(name));
            }
        }
        self.text = text;
        self.decoded = decoded;
    }

    fn change_type(&mut self, raw: &[u8], colon: usize) {
        self.summary.has_changetype = true;
        if raw.len() > MAX_HEAD_BYTES || !self.plain_text(raw, colon).eq_ignore_ascii_case("add") {
            self.is_change = true;
        }
    }

    /// Reads what `ldapsearch` and the LDAP library print around entries. False if it is not that.
    fn trailer_line(&mut self, raw: &[u8], colon: usize) -> bool {
        if raw.len() > MAX_HEAD_BYTES {
            return false;
        }
        match self.name.as_slice() {
            b"search" | b"ref" => true,
            b"result" => {
                let text = self.plain_text(raw, colon);
                let (code, text) = text.split_once(' ').unwrap_or((&text, ""));
                let code = code.parse();
                if let Ok(code) = code {
                    self.open_search = None;
                    self.set_result(code, text);
                }
                code.is_ok()
            }
            _ => {
                let is_call = raw.starts_with(b"ldap_");
                let text = to_text(raw);
                let parts = text.strip_suffix(')').and_then(|text| text.rsplit_once(" ("));
                let Some((text, Ok(code))) = parts.map(|(text, code)| (text, code.parse())) else {
                    return is_call;
                };
                let is_error = is_call || SEARCH_ERRORS.contains(&text);
                if is_error {
                    self.set_result(code, text);
                }
                is_error
            }
        }
    }

    fn version_line(&mut self, raw: &[u8], colon: usize) -> bool {
        if self.name != b"version" || raw.len() > MAX_HEAD_BYTES {
            return false;
        }
        let version = self.plain_text(raw, colon).parse().ok();
        self.summary.version = version.or(self.summary.version);
        version.is_some()
    }

    fn comment(&mut self, raw: &[u8], sink: &mut dyn FnMut(Entry)) {
        if raw.len() > MAX_HEAD_BYTES || !is_trailer_comment(raw) {
            return;
        }
        let mut text = Vec::new();
        unfold(&raw[1..], &mut text);
        let text = to_text(text.trim_ascii());
        let count = |name: &str| text.strip_prefix(name)?.trim().parse::<u64>().ok();
        if text == "extended LDIF" {
            self.end_entry(Context::Between, sink);
            self.close_search();
            self.open_search = Some(self.line + 1);
            self.summary.searches += 1;
        } else if text == "search result" {
            self.end_entry(Context::Between, sink);
        } else if matches!(self.context, Context::Between | Context::Trailer) {
            let summary = &mut self.summary;
            for (sum, counted) in [
                (&mut summary.num_responses, count("numResponses:")),
                (&mut summary.num_entries, count("numEntries:")),
            ] {
                if let Some(counted) = counted {
                    *sum = Some(sum.unwrap_or(0).saturating_add(counted));
                }
            }
        }
    }

    fn set_result(&mut self, code: i32, text: &str) {
        if self.summary.result.as_ref().is_none_or(|known| known.code == 0) {
            let printable = |letter: &char| (' '..='~').contains(letter);
            let text = text.chars().filter(printable).take(MAX_RESULT_TEXT).collect();
            self.summary.result = Some(SearchResult { code, text, line: self.line + 1 });
        }
    }

    fn close_search(&mut self) {
        if let Some(line) = self.open_search.take() {
            self.problem(line, None, ProblemKind::SearchUnfinished, None);
        }
    }

    /// The unfolded text after the `:`; lossy, for the few lines whose value is a known word.
    fn plain_text(&mut self, raw: &[u8], colon: usize) -> String {
        self.text.clear();
        unfold(&raw[colon + 1..], &mut self.text);
        to_text(self.text.trim_ascii())
    }

    fn end_entry(&mut self, next: Context, sink: &mut dyn FnMut(Entry)) {
        self.context = next;
        let is_change = mem::take(&mut self.is_change);
        self.entry_bytes = 0;
        self.entry_full = false;
        match self.entry.take() {
            Some(entry) if is_change => {
                self.problem(entry.line, None, ProblemKind::ChangeRecord, None);
            }
            Some(entry) => {
                self.summary.entries_kept += 1;
                sink(entry);
            }
            None => {}
        }
    }

    /// Physical line and column of a byte of the logical line being read.
    fn locate(&self, raw: &[u8], place: Option<usize>) -> (u64, Option<u64>) {
        let Some(place) = place else {
            return (self.line + 1, None);
        };
        let before = &raw[..place.min(raw.len())];
        let column = before.len() - memrchr(b'\n', before).map_or(0, |lf| lf + 1) + 1;
        (self.line + 1 + line_feeds(before), Some(column as u64))
    }

    fn problem_in_entry(
        &mut self,
        line: u64,
        column: Option<u64>,
        kind: ProblemKind,
        attribute: Option<String>,
    ) {
        if let Some(entry) = &mut self.entry {
            entry.complete = false;
        }
        self.problem(line, column, kind, attribute);
    }

    fn problem(
        &mut self,
        line: u64,
        column: Option<u64>,
        kind: ProblemKind,
        attribute: Option<String>,
    ) {
        if self.summary.problems.len() < MAX_PROBLEMS {
            self.summary.problems.push(Problem { line, column, kind, attribute });
        } else {
            self.summary.problems_suppressed += 1;
        }
    }
}

/// Reads a whole text at once: its wanted entries and its summary. For input that is in memory
/// and small; the entries are collected.
///
/// # Errors
///
/// None; see [`LdifParser`].
///
/// # Example
///
/// ```
/// use audit_core::parse::ldif::{Interest, ProblemKind, parse};
///
/// let text = b"dn: cn=a\ncn: a\ndn: cn=b\ncn:: Yg==\n";
/// let (entries, summary) = parse(text, Interest::new(&["cn"]));
/// assert_eq!(entries[1].value("CN"), Some("b"));
/// assert!(summary.problems.is_empty());
///
/// let (entries, summary) = parse(b"dn: cn=b\ncn:: Yg=\n", Interest::new(&["cn"]));
/// assert!(entries[0].attributes.is_empty() && !entries[0].complete);
/// assert_eq!(summary.problems[0].kind, ProblemKind::BadBase64);
/// ```
pub fn parse(text: &[u8], interest: Interest) -> (Vec<Entry>, LdifSummary) {
    let mut entries = Vec::new();
    let mut parser = LdifParser::new(interest);
    parser.feed(text, &mut |entry| entries.push(entry));
    let summary = parser.finish(&mut |entry| entries.push(entry));
    (entries, summary)
}

/// A value after decoding, and where its bytes come from.
struct Value<'a> {
    bytes: &'a [u8],
    /// The line after its `:`, with folds; where it starts; and the unfolded offset of `bytes`.
    source: Option<(&'a [u8], usize, usize)>,
}

impl<'a> Value<'a> {
    /// Decodes what follows the `:`. On failure, what is wrong and the place in `raw`.
    fn read(
        raw: &'a [u8],
        colon: usize,
        text: &'a mut Vec<u8>,
        decoded: &'a mut Vec<u8>,
    ) -> Result<Self, (ProblemKind, Option<usize>)> {
        let folded = &raw[colon + 1..];
        let text = if memchr(b'\n', folded).is_some() {
            text.clear();
            unfold(folded, text);
            text.as_slice()
        } else {
            folded
        };
        match text.first() {
            Some(b':') => {
                let (start, encoded) = trim_blanks(text, 1);
                decoded.clear();
                match decode_base64(encoded, decoded) {
                    Ok(()) => Ok(Self { bytes: decoded, source: None }),
                    Err(at) => {
                        let place = colon + 1 + fold_offset(folded, start + at);
                        Err((ProblemKind::BadBase64, Some(place)))
                    }
                }
            }
            Some(b'<') => Err((ProblemKind::UrlValue, None)),
            _ => {
                let (start, bytes) = trim_blanks(text, 0);
                Ok(Self { bytes, source: Some((folded, colon + 1, start)) })
            }
        }
    }

    /// The place in the raw line of a byte of the value; `None` in decoded base64.
    fn place(&self, at: usize) -> Option<usize> {
        self.source.map(|(folded, start, offset)| start + fold_offset(folded, offset + at))
    }
}

/// The text from `start` on without blanks at both ends, and where it starts.
fn trim_blanks(text: &[u8], start: usize) -> (usize, &[u8]) {
    let is_text = |&byte: &u8| byte != b' ' && byte != b'\t';
    let text = &text[..text.iter().rposition(is_text).map_or(start, |last| (last + 1).max(start))];
    let start = text[start..].iter().position(is_text).map_or(text.len(), |first| start + first);
    (start, &text[start..])
}

/// Whether the beginning of a DN has no escape, quote, `+` or non-ASCII letter. Of fixed length to
/// be compared at once.
fn is_plain(head: &[u8; 32]) -> bool {
    // Without branches, in the width of one byte: compiles to vector instructions.
    let special = head.iter().fold(0, |found, &byte| {
        let reserved = u8::from(byte == b'\\') | u8::from(byte == b'"') | u8::from(byte == b'+');
        found | reserved | byte >> 7
    });
    special == 0
}

fn to_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Appends a logical line without its folds: line end and one blank.
fn unfold(raw: &[u8], text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(lf) = memchr(b'\n', rest) {
        let piece = &rest[..lf];
        text.extend_from_slice(piece.strip_suffix(b"\r").unwrap_or(piece));
        rest = rest.get(lf + 2..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
}

/// The place in the folded text of a byte of the unfolded text.
fn fold_offset(folded: &[u8], mut unfolded: usize) -> usize {
    let mut start = 0;
    while let Some(lf) = memchr(b'\n', &folded[start..]) {
        let piece = &folded[start..start + lf];
        let length = piece.strip_suffix(b"\r").unwrap_or(piece).len();
        if unfolded < length {
            break;
        }
        unfolded -= length;
        start = (start + lf + 2).min(folded.len());
    }
    start + unfolded
}

/// Whether this may be a comment that `ldapsearch` writes around a search; most comments are not.
fn is_trailer_comment(raw: &[u8]) -> bool {
    [&b"# extended"[..], b"# search", b"# num"].iter().any(|start| raw.starts_with(start))
}

/// Whether a line outside entries, not a possible attribute, still looks as if it held data: its
/// first `:` is followed by a blank, as in `> cn: value`. Lines known to be harmless do not.
fn looks_like_data(raw: &[u8], colon: usize) -> bool {
    let known = [&b"SASL"[..], b"Enter LDAP Password:"];
    matches!(raw.get(colon + 1), Some(b' ' | b':' | b'<' | b'\n'))
        && !known.iter().any(|start| raw.starts_with(start))
}

/// Decodes standard base64 with padding. On failure the place of the first byte that is wrong;
/// the length if the text ends too early.
pub(super) fn decode_base64(encoded: &[u8], decoded: &mut Vec<u8>) -> Result<(), usize> {
    let padding = encoded.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let digits = &encoded[..encoded.len() - padding];
    let mut group = 0_u32;
    for (index, &byte) in digits.iter().enumerate() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(index),
        };
        group = group << 6 | u32::from(digit);
        if index % 4 == 3 {
            decoded.extend_from_slice(&group.to_be_bytes()[1..]);
            group = 0;
        }
    }
    match (digits.len() % 4, padding) {
        (0, 0) => {}
        (2, 2) => decoded.push((group >> 4) as u8),
        (3, 1) => decoded.extend_from_slice(&((group >> 2) as u16).to_be_bytes()),
        _ => return Err(encoded.len()),
    }
    Ok(())
}
