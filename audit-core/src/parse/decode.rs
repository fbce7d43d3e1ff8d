//! Bytes to UTF-8: byte order marks and UTF-16, and what kind of content a file holds.

use super::sections;

/// Encoding of an input file. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// UTF-8 without a mark, or something that must be looked at line by line.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Marked,
    /// UTF-16, most significant byte first.
    Utf16BigEndian,
    /// UTF-16, least significant byte first, as Windows tools write it.
    Utf16LittleEndian,
}

impl Encoding {
    /// Recognizes a byte order mark, or UTF-16 without one by its NUL bytes in ASCII text.
    pub fn detect(head: &[u8]) -> Self {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return Self::Utf8Marked,
            [0xFF, 0xFE, ..] => return Self::Utf16LittleEndian,
            [0xFE, 0xFF, ..] => return Self::Utf16BigEndian,
            _ => {}
        }
        let sample = head.get(..head.len().min(512) & !1).unwrap_or_default();
        let (mut even, mut odd) = (0, 0);
        for pair in sample.chunks_exact(2) {
            even += usize::from(pair.first() == Some(&0));
            odd += usize::from(pair.last() == Some(&0));
        }
        let pairs = sample.len() / 2;
        // Text in a Latin script has a NUL in nearly every second byte; all NUL is a binary file.
        if pairs >= 2 && odd * 10 >= pairs * 8 && even * 10 <= pairs {
            Self::Utf16LittleEndian
        } else if pairs >= 2 && even * 10 >= pairs * 8 && odd * 10 <= pairs {
            Self::Utf16BigEndian
        } else {
            Self::Utf8
        }
    }

    /// Bytes of the mark at the start of the file.
    pub fn mark_length(self, head: &[u8]) -> usize {
        match self {
            Self::Utf8 => 0,
            Self::Utf8Marked => 3,
            Self::Utf16BigEndian => 2 * usize::from(head.starts_with(&[0xFE, 0xFF])),
            Self::Utf16LittleEndian => 2 * usize::from(head.starts_with(&[0xFF, 0xFE])),
        }
    }

    /// Name for notes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf8Marked => "UTF-8 with a byte order mark",
            Self::Utf16BigEndian => "UTF-16 (big endian)",
            Self::Utf16LittleEndian => "UTF-16 (little endian)",
        }
    }
}

/// Turns chunks of a file into chunks of UTF-8, whatever the chunk borders.
///
/// UTF-8 passes through unchanged and unchecked: the line readers report what is invalid, with its
/// place. Lone surrogates of UTF-16 become U+FFFD.
#[derive(Debug)]
pub struct Transcoder {
    encoding: Encoding,
    odd_byte: Option<u8>,
    high_surrogate: Option<u16>,
    out: Vec<u8>,
}

impl Transcoder {
    /// A transcoder for input from which the mark was removed.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, odd_byte: None, high_surrogate: None, out: Vec::new() }
    }

    /// The UTF-8 form of the next chunk.
    pub fn push<'a>(&'a mut self, bytes: &'a [u8]) -> &'a [u8] {
        if matches!(self.encoding, Encoding::Utf8 | Encoding::Utf8Marked) {
            return bytes;
        }
        self.out.clear();
        for &byte in bytes {
            let Some(first) = self.odd_byte.take() else {
                self.odd_byte = Some(byte);
                continue;
            };
            let unit = if self.encoding == Encoding::Utf16BigEndian {
                u16::from_be_bytes([first, byte])
            } else {
                u16::from_le_bytes([first, byte])
            };
            self.unit(unit);
        }
        &self.out
    }

    fn unit(&mut self, unit: u16) {
        if let Some(high) = self.high_surrogate.take() {
            if let Some(Ok(c)) = char::decode_utf16([high, unit]).next() {
                self.put(c);
                return;
            }
            self.put(char::REPLACEMENT_CHARACTER);
        }
        if (0xD800..0xDC00).contains(&unit) {
            self.high_surrogate = Some(unit);
        } else {
            self.put(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn put(&mut self, c: char) {
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// What a file's content looks like. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    /// Nothing but blanks.
    Empty,
    /// Not text; with the name of the format if its first bytes tell.
    Binary(Option<&'static str>),
    /// A JSON document.
    Json,
    /// A TOML document of this project's: a line gives it a schema, or should.
    Toml,
    /// LDIF or `ldapsearch` output.
    Ldif,
    /// Sections of an export bundle.
    Bundle,
    /// Any other text: output of commands.
    Console,
}

/// First bytes of formats that are often dropped by mistake.
const MAGIC: [(&[u8], &str); 9] = [
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
];

impl Content {
    /// Judges the decoded head of a file. Never looks at its name.
    pub fn recognize(head: &[u8]) -> Self {
        if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Self::Binary(Some(name));
        }
        if head.contains(&0) {
            return Self::Binary(None);
        }
        let text = head.trim_ascii_start();
        match text {
            [] => Self::Empty,
            _ if sections::has_head(text) => Self::Bundle,
            // Where JSON was not asked for, `dsconf` prints dictionaries of Python.
            [b'{', b'\'', ..] => Self::Console,
            [b'{', ..] => Self::Json,
            // A list of tables, and no line with a schema.
            [b'[', b'[', c, ..] if c.is_ascii_alphabetic() => Self::Toml,
            // A shell prompt such as "[root@ipa ~]#" is no JSON array.
            [b'[', rest @ ..]
                if matches!(
                    rest.trim_ascii_start().first(),
                    None | Some(b'{' | b'[' | b'"' | b']')
                ) =>
            {
                Self::Json
            }
            _ if head.split(|&byte| byte == b'\n').any(is_schema_line) => Self::Toml,
            _ if head.split(|&byte| byte == b'\n').any(is_ldif_line) => Self::Ldif,
            _ => Self::Console,
        }
    }
}

/// True for `schema = "idm-drill/…"`, whatever blanks are around.
fn is_schema_line(line: &[u8]) -> bool {
    let rest = line.trim_ascii_start().strip_prefix(b"schema").map(<[u8]>::trim_ascii_start);
    let value = rest.and_then(|rest| rest.strip_prefix(b"=")).map(<[u8]>::trim_ascii_start);
    value.is_some_and(|value| value.starts_with(b"\"idm-drill/"))
}

/// True for a line that only LDIF and `ldapsearch` have, at column 1.
fn is_ldif_line(line: &[u8]) -> bool {
    let starts = |prefix: &[u8]| {
        line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    (starts(b"dn:") && line.len() > 3)
        || line.trim_ascii_end() == b"# extended LDIF"
        || line.trim_ascii_end() == b"version: 1"
}
