//! What an archive may cost.

use std::cell::Cell;
use std::io::{self, Read};

use crate::limits;

/// Bounds of an archive. Closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// [`limits::ARCHIVE_MEMBERS_MAX`].
    Members,
    /// [`limits::ARCHIVE_DEPTH_MAX`].
    Depth,
    /// [`limits::EXPANSION_MAX`] or [`limits::EXPANDED_BYTES_MAX`].
    Expansion,
    /// [`limits::ARCHIVE_BYTES_MAX`], of a zip archive that cannot be read from any place.
    HeldBytes,
}

/// Counts of one archive and everything in it.
#[derive(Debug, Default)]
pub(super) struct Meter {
    members: Cell<u64>,
    consumed: Cell<u64>,
    expanded: Cell<u64>,
    exceeded: Cell<Option<Limit>>,
}

impl Meter {
    /// The bound that was exceeded.
    pub(super) fn exceeded(&self) -> Option<Limit> {
        self.exceeded.get()
    }

    /// Remembers a bound that was exceeded.
    pub(super) fn exceed(&self, limit: Limit) {
        self.exceeded.set(Some(limit));
    }

    /// Counts a member; false if there are too many.
    pub(super) fn member(&self) -> bool {
        self.members.set(self.members.get() + 1);
        let fits = self.members.get() <= limits::ARCHIVE_MEMBERS_MAX;
        if !fits {
            self.exceed(Limit::Members);
        }
        fits
    }

    /// Counts bytes that went in.
    pub(super) fn consume(&self, bytes: usize) {
        self.consumed.set(self.consumed.get() + bytes as u64);
    }

    fn expand(&self, bytes: usize) -> io::Result<()> {
        let expanded = self.expanded.get() + bytes as u64;
        self.expanded.set(expanded);
        let allowed = self
            .consumed
            .get()
            .saturating_mul(limits::EXPANSION_MAX)
            .clamp(limits::EXPANDED_BYTES_FREE, limits::EXPANDED_BYTES_MAX);
        if expanded <= allowed {
            return Ok(());
        }
        self.exceed(Limit::Expansion);
        Err(io::Error::other("the archive expands to more than is read"))
    }
}

/// Counts what comes out of a decompressor.
pub(super) struct Expanding<'m, R> {
    pub(super) inner: R,
    pub(super) meter: &'m Meter,
}

impl<R: Read> Read for Expanding<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.expand(count)?;
        Ok(count)
    }
}

/// Reads whole blocks of the outermost input, so that counts do not depend on how much the system
/// hands out at a time.
pub(super) struct Blocks<'m, 'r> {
    input: &'r mut dyn Read,
    meter: &'m Meter,
    block: Vec<u8>,
    at: usize,
}

/// Bytes of a block.
const BLOCK_BYTES: usize = 64 * 1024;

impl<'m, 'r> Blocks<'m, 'r> {
    pub(super) fn new(input: &'r mut dyn Read, meter: &'m Meter) -> Self {
        Self { input, meter, block: Vec::new(), at: 0 }
    }
}

impl Read for Blocks<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.block.len() {
            self.at = 0;
            self.block = read_up_to(self.input, BLOCK_BYTES)?;
            self.meter.consume(self.block.len());
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += count;
        Ok(count)
    }
}

/// So many bytes, or fewer where the input ends.
pub(super) fn read_up_to(input: &mut dyn Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count.min(BLOCK_BYTES));
    input.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that come out of an endless decompressor before a bound ends it.
    fn allowed(consumed: usize) -> u64 {
        let meter = Meter::default();
        meter.consume(consumed);
        let mut buffer = vec![0; 1 << 20];
        let mut expanding = Expanding { inner: io::repeat(0), meter: &meter };
        let mut count = 0;
        while expanding.read_exact(&mut buffer).is_ok() {
            count += buffer.len() as u64;
        }
        assert_eq!(meter.exceeded(), Some(Limit::Expansion));
        count
    }

    #[test]
    fn what_comes_out_is_bounded_by_what_went_in() {
        assert_eq!(allowed(1000), limits::EXPANDED_BYTES_FREE);
        let large = 2 << 20;
        assert_eq!(allowed(large), large as u64 * limits::EXPANSION_MAX);
    }

    #[test]
    fn members_are_counted() {
        let meter = Meter::default();
        let fits = (0..=limits::ARCHIVE_MEMBERS_MAX).take_while(|_| meter.member()).count();
        assert_eq!(fits as u64, limits::ARCHIVE_MEMBERS_MAX);
        assert_eq!(meter.exceeded(), Some(Limit::Members));
    }

    #[test]
    fn blocks_count_the_same_however_the_input_comes() {
        let bytes = vec![7; 3 * BLOCK_BYTES + 5];
        for step in [1000, BLOCK_BYTES, BLOCK_BYTES * 4] {
            let meter = Meter::default();
            let mut pieces =
                bytes.chunks(step).fold(Box::new(io::empty()) as Box<dyn Read>, |before, piece| {
                    Box::new(before.chain(piece))
                });
            let mut blocks = Blocks::new(&mut *pieces, &meter);
            blocks.read_exact(&mut [0; 10]).unwrap();
            assert_eq!(meter.consumed.get(), BLOCK_BYTES as u64, "pieces of {step}");
        }
    }
}
