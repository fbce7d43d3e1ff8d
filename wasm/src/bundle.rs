//! Several files and `as_of` as one run of bytes, for hosts that call the plain door.
//!
//! ```text
//! bundle = field(as_of)  { field(name) field(content) }
//! field  = length as u32, little endian, then so many bytes
//! ```

use std::fmt;

use crate::api::{Answer, Session};

/// Files and `as_of` as they came out of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bundle<'a> {
    /// When to judge, RFC 3339; not checked here.
    pub as_of: &'a str,
    /// Names and contents, in order.
    pub files: Vec<(&'a str, &'a [u8])>,
}

/// Why a run of bytes is no bundle. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BundleError {
    /// The bytes end where a length of four bytes should stand.
    NoLength {
        /// Bytes before the missing length.
        at: usize,
    },
    /// A length says more bytes than there are.
    TooShort {
        /// Bytes before the field's content.
        at: usize,
        /// The length as stated.
        stated: u32,
        /// Bytes that are left.
        left: usize,
    },
    /// `as_of` or a name is not UTF-8.
    NotUtf8 {
        /// Bytes before the field's content.
        at: usize,
    },
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLength { at } => {
                write!(f, "the bundle ends at byte {at}, where a length should stand")
            }
            Self::TooShort { at, stated, left } => {
                write!(f, "the field at byte {at} should have {stated} bytes; {left} are left")
            }
            Self::NotUtf8 { at } => {
                write!(f, "the field at byte {at} should be a name or a time in UTF-8")
            }
        }
    }
}

impl<'a> Bundle<'a> {
    /// Reads a bundle.
    ///
    /// ```
    /// use wasm::bundle::{Bundle, BundleError};
    ///
    /// let bytes = Bundle { as_of: "2026-11-22", files: vec![("a.txt", b"x")] }.to_bytes();
    /// assert_eq!(Bundle::parse(&bytes).unwrap().files, [("a.txt", b"x".as_slice())]);
    /// assert_eq!(Bundle::parse(&[]), Err(BundleError::NoLength { at: 0 }));
    /// ```
    ///
    /// # Errors
    ///
    /// The first field that is cut short, states more bytes than follow, or is not UTF-8 where
    /// text is due. A file's content may be anything.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let mut fields = Fields { bytes, at: 0 };
        let as_of = fields.text()?;
        let mut files = Vec::new();
        while fields.at < bytes.len() {
            files.push((fields.text()?, fields.next()?));
        }
        Ok(Self { as_of, files })
    }

    /// Writes a bundle. A content of 4 GiB or more is cut: no host of 32 bits can hold it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut field = |content: &[u8]| {
            let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
            bytes.extend(length.to_le_bytes());
            bytes.extend(content.iter().take(length as usize));
        };
        field(self.as_of.as_bytes());
        for (name, content) in &self.files {
            field(name.as_bytes());
            field(content);
        }
        bytes
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a [u8], BundleError> {
        let at = self.at;
        let rest = self.bytes.get(at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk().ok_or(BundleError::NoLength { at })?;
        let stated = u32::from_le_bytes(*length);
        let at = at + length.len();
        let content = usize::try_from(stated)
            .ok()
            .and_then(|length| rest.get(..length))
            .ok_or(BundleError::TooShort { at, stated, left: rest.len() })?;
        self.at = at + content.len();
        Ok(content)
    }

    fn text(&mut self) -> Result<&'a str, BundleError> {
        let at = self.at + 4;
        std::str::from_utf8(self.next()?).map_err(|_| BundleError::NotUtf8 { at })
    }
}

/// Audits a bundle. The answer to bytes that are none says which field is wrong.
pub fn audit(bytes: &[u8]) -> Answer {
    let bundle = match Bundle::parse(bytes) {
        Ok(bundle) => bundle,
        Err(error) => return Answer::refused(error.to_string()),
    };
    let mut session = Session::new();
    for (name, content) in bundle.files {
        session.open(name);
        session.push(content);
    }
    session.finish(bundle.as_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_refused_and_nothing_panics() {
        let files = vec![("a", b"12".as_slice()), ("b", b"")];
        let bytes = Bundle { as_of: "2026-11-22", files: files.clone() }.to_bytes();
        assert_eq!(Bundle::parse(&bytes), Ok(Bundle { as_of: "2026-11-22", files }));
        // A cut behind `as_of` or behind a whole file leaves a bundle; all others do not.
        let whole: Vec<usize> = (0..bytes.len())
            .filter(|&end| bytes.get(..end).is_some_and(|cut| Bundle::parse(cut).is_ok()))
            .collect();
        assert_eq!(whole, [14, 25]);
    }

    #[test]
    fn lying_lengths_are_refused() {
        let lie = [0xff, 0xff, 0xff, 0xff, b'x'];
        let error = BundleError::TooShort { at: 4, stated: u32::MAX, left: 1 };
        assert_eq!(Bundle::parse(&lie), Err(error));
        assert!(audit(&lie).error().is_some_and(|why| why.contains("4294967295 bytes; 1 are")));
    }

    #[test]
    fn names_must_be_utf8_and_contents_need_not() {
        let content = Bundle { as_of: "", files: vec![("a", &[0xff])] }.to_bytes();
        assert!(Bundle::parse(&content).is_ok());
        let mut name = content.clone();
        name[8] = 0xff;
        assert_eq!(Bundle::parse(&name), Err(BundleError::NotUtf8 { at: 8 }));
    }
}
