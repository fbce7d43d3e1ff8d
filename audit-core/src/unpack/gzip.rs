//! Gzip files as they lie on tapes and in stores.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// Bytes of the compressed input that are held.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a gzip file holds: its members, one behind the other.
///
/// Zeros behind a member are passed over, as `gzip` does: tapes are written in whole blocks, and
/// the last one is filled with them. Anything else that is no member is an error.
#[derive(Debug)]
pub(super) struct Members<R> {
    member: Option<GzDecoder<BufReader<R>>>,
}

impl<R: Read> Members<R> {
    /// Reads a file from its begin.
    pub(super) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        Self { member: Some(GzDecoder::new(input)) }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            // An error of the input behind a member ends the file, so that nothing is read twice.
            let Some(mut rest) = self.member.take().map(GzDecoder::into_inner) else { break };
            if !passes_zeros(&mut rest)? {
                self.member = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Passes over zeros; true at the end of the input.
fn passes_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let held = input.fill_buf()?;
        if held.is_empty() {
            return Ok(true);
        }
        let zeros = held.iter().take_while(|byte| **byte == 0).count();
        let only_zeros = zeros == held.len();
        input.consume(zeros);
        if !only_zeros {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member without compression that holds three bytes.
    const MEMBER: &[u8] =
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x03\0\xfc\xffabc\xc2\x41\x24\x35\x03\0\0\0";

    fn read(parts: &[&[u8]]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Members::new(parts.concat().as_slice()).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn members_behind_each_other_and_zeros_at_the_end_are_one_file() {
        let zeros = vec![0; 100_000];
        assert_eq!(read(&[MEMBER]).ok().as_deref(), Some(&b"abc"[..]));
        assert_eq!(read(&[MEMBER, MEMBER]).ok().as_deref(), Some(&b"abcabc"[..]));
        assert_eq!(read(&[MEMBER, &zeros]).ok().as_deref(), Some(&b"abc"[..]));
        assert_eq!(read(&[MEMBER, &zeros, MEMBER]).ok().as_deref(), Some(&b"abcabc"[..]));
        assert!(read(&[MEMBER, b"x"]).is_err());
        assert!(read(&[MEMBER, &zeros, b"x"]).is_err());
        assert!(read(&[MEMBER.get(..20).unwrap_or_default()]).is_err());
    }
}
