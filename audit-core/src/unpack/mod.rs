//! Archives and compressed files, member by member: gzip, xz, tar and zip, also inside each other.
//!
//! Content decides what something is, never its name. Members are read as a stream; nothing is ever
//! written, so a name such as `../../etc/passwd` is only a name. What comes out has bounds
//! ([`limits`]), and damage ends an archive but not what was read of it.
//!
//! ```text
//! a.tar.gz ─ gzip ─ tar ─┬─ a.tar.gz!/ipa1/roles.txt
//!                        └─ a.tar.gz!/b.zip ─ zip ─── a.tar.gz!/b.zip!/segments.txt
//! ```

mod gzip;
mod meter;
mod walk;
mod zip;

use std::io::{Read, Seek};

pub use meter::Limit;
pub use walk::walk;

#[cfg(doc)]
use crate::limits;

/// What separates the name of an archive from that of its member.
pub const SEPARATOR: &str = "!/";

/// Containers that are read. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// One compressed file (RFC 1952).
    Gzip,
    /// Several files behind each other (POSIX ustar and pax, GNU, and the format of 1979).
    Tar,
    /// One compressed file, as `sos report` writes it.
    Xz,
    /// Several files, each compressed.
    Zip,
}

/// Bytes that [`Kind::recognize`] needs.
pub const HEAD_BYTES: usize = 512;

impl Kind {
    /// Recognizes a container by its first [`HEAD_BYTES`].
    ///
    /// ```
    /// use audit_core::unpack::Kind;
    ///
    /// assert_eq!(Kind::recognize(b"\x1f\x8b\x08"), Some(Kind::Gzip));
    /// assert_eq!(Kind::recognize(b"dn: cn=etc"), None);
    /// ```
    pub fn recognize(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\x1f\x8b") {
            Some(Self::Gzip)
        } else if head.starts_with(b"\xfd7zXZ\x00") {
            Some(Self::Xz)
        } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else {
            is_tar(head).then_some(Self::Tar)
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Tar => "tar",
            Self::Xz => "xz",
            Self::Zip => "zip",
        }
    }
}

/// True for the header of a tar member: it holds the sum of its own bytes.
fn is_tar(head: &[u8]) -> bool {
    let (Some(header), Some(sum)) = (head.get(..HEAD_BYTES), head.get(148..156)) else {
        return false;
    };
    let digits = sum.trim_ascii_start();
    let end = digits.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(digits.len());
    let stated = digits.get(..end).unwrap_or_default();
    let stated = stated.iter().fold(0, |value, digit| value * 8 + u32::from(digit - b'0'));
    // The sum's own place counts as blanks.
    let rest = header.iter().enumerate().filter(|(at, _)| !(148..156).contains(at));
    let sum = rest.map(|(_, byte)| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    end > 0 && stated == sum
}

/// A file that can be read from any place.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// Where an archive comes from.
pub enum Input<'a> {
    /// A file: it ends, and can be read from any place.
    File(&'a mut dyn ReadSeek),
    /// A stream: it is read once, from front to back.
    Stream(&'a mut dyn Read),
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File",
            Self::Stream(_) => "Stream",
        })
    }
}

/// Why an archive, or a member of it, was not read to its end. Closed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// It is damaged or ends early; what the reader said.
    Damaged(String),
    /// The member is encrypted.
    Encrypted,
    /// The member is compressed by a method that is not read.
    Method,
    /// A bound of this program; nothing behind it was read.
    Limit(Limit),
}

/// Takes what an archive holds.
pub trait Visit {
    /// A member that is no container. It need not be read to its end.
    ///
    /// # Errors
    ///
    /// The error that reading the content gave, if it did.
    fn member(&mut self, name: &str, content: &mut dyn Read) -> std::io::Result<()>;

    /// Something was not read. `name` is that of the archive, or of the member if it is known.
    fn trouble(&mut self, name: &str, trouble: Trouble);
}
