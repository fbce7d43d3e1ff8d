//! Finds where unwanted LDIF entries may end, at the speed at which memory is read.
//!
//! A full export is mostly entries that nobody asked for. Passing over them decides how fast
//! [`ldif`](super::ldif) is, so this one loop is written for the vector registers of x86-64
//! (AVX2, found at run time); every other machine takes `memchr`'s way, with the same answers.

use memchr::memchr_iter;

/// Bytes of which one word of hits tells where an entry may end: a bit each.
const BLOCK: usize = 64;
/// Blocks looked at in one go: a bit of `flagged` each, and few enough for counters of one byte.
const BLOCKS: usize = 63;

/// Whether an unwanted entry may end at this line start: a blank line or what may become `dn`.
/// Too many are no harm, the line is then looked at.
pub(super) fn may_end_entry(line: &[u8]) -> bool {
    match line {
        [] => false,
        [first] => matches!(first, b'\n' | b'\r' | b'd' | b'D'),
        [first, second, ..] => may_end_with(*first, *second),
    }
}

/// [`may_end_entry`] for the first two bytes of a line.
fn may_end_with(first: u8, second: u8) -> bool {
    match first {
        b'\n' | b'\r' => true,
        b'd' | b'D' => matches!(second, b'n' | b'N' | b'\r' | b'\n'),
        _ => false,
    }
}

/// Line feeds in `bytes`.
pub(super) fn line_feeds(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// Finds where unwanted entries may end in one chunk, and counts its lines on the way.
///
/// Looks at some kilobytes in one go and remembers every place where an entry may end, so that the
/// search goes on from there without reading the bytes again.
pub(super) struct EntryEnds<'c> {
    chunk: &'c [u8],
    /// A place with the line feeds of the input before it, for places not looked at.
    known: (usize, u64),
    /// What was looked at: from here, so many bytes; line feeds of the input before it and in it.
    start: usize,
    length: usize,
    before: u64,
    within: u64,
    hits: Hits,
}

/// Line feeds behind which an entry may end.
struct Hits {
    /// Blocks that have one: a bit each.
    flagged: u64,
    /// Where in each block: a bit per byte.
    bits: [u64; BLOCKS],
}

impl<'c> EntryEnds<'c> {
    /// Nothing looked at yet.
    pub(super) fn new(chunk: &'c [u8]) -> Self {
        Self {
            chunk,
            known: (0, 0),
            start: 0,
            length: 0,
            before: 0,
            within: 0,
            hits: Hits { flagged: 0, bits: [0; BLOCKS] },
        }
    }

    /// The whole chunk.
    pub(super) fn chunk(&self) -> &'c [u8] {
        self.chunk
    }

    /// Says how many line feeds of the input come before `at`.
    pub(super) fn set_line(&mut self, at: usize, line: u64) {
        self.known = (at, line);
    }

    /// The first line start behind `at` where an entry may end, or the end of the chunk.
    pub(super) fn next(&mut self, mut at: usize) -> usize {
        if at - self.start >= self.length {
            self.look_at(at, self.line_at(at));
        }
        while self.length > 0 {
            if let Some(end) = self.next_hit(at) {
                return end;
            }
            at = self.start + self.length;
            self.look_at(at, self.before + self.within);
        }
        let mut starts = memchr_iter(b'\n', &self.chunk[at..]).map(|lf| at + lf + 1);
        starts.find(|&start| may_end_entry(&self.chunk[start..])).unwrap_or(self.chunk.len())
    }

    /// The first such line start in what was looked at.
    fn next_hit(&self, at: usize) -> Option<usize> {
        let from = at - self.start;
        let mut block = from / BLOCK;
        let mut bits = self.hits.bits[block] & (u64::MAX << (from % BLOCK));
        loop {
            while bits != 0 {
                let lf = self.start + block * BLOCK + bits.trailing_zeros() as usize;
                if may_end_with(self.chunk[lf + 1], self.chunk[lf + 2]) {
                    return Some(lf + 1);
                }
                bits &= bits - 1;
            }
            let later = self.hits.flagged & (u64::MAX << block << 1);
            if later == 0 {
                return None;
            }
            block = later.trailing_zeros() as usize;
            bits = self.hits.bits[block];
        }
    }

    /// Looks at the next blocks.
    fn look_at(&mut self, start: usize, before: u64) {
        self.start = start;
        self.before = before;
        let (blocks, lines) = look(&self.chunk[start..], &mut self.hits);
        self.length = blocks * BLOCK;
        self.within = lines;
    }

    /// The line feeds of the input before `at`, which is not before the known place.
    pub(super) fn line_at(&self, at: usize) -> u64 {
        let end = self.start + self.length;
        let (counted, line) = if at < end {
            (self.start, self.before)
        } else if self.known.0 < end {
            (end, self.before + self.within)
        } else {
            self.known
        };
        line + line_feeds(&self.chunk[counted..at])
    }
}

/// Looks at the first blocks of `bytes`: how many they are, and their line feeds. No block means
/// that this machine has no fast way.
#[cfg(target_arch = "x86_64")]
fn look(bytes: &[u8], hits: &mut Hits) -> (usize, u64) {
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "code for a feature found at run time")]
        // SAFETY: the function asks for AVX2 and nothing else, and the processor has it.
        unsafe {
            avx2::look(bytes, hits)
        }
    } else {
        (0, 0)
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn look(_: &[u8], _: &mut Hits) -> (usize, u64) {
    (0, 0)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_extract_epi64, _mm256_min_epu8,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_sad_epu8, _mm256_set_epi64x,
        _mm256_set1_epi8, _mm256_setzero_si256, _mm256_sub_epi8,
    };

    use super::{BLOCK, BLOCKS, Hits};

    /// A block and the two bytes behind it that its last byte is compared with.
    const WINDOW: usize = BLOCK + 2;

    /// Bytes of a register.
    const LANES: usize = 32;
    /// A counter of one byte takes one line feed per register of its lane.
    const _: () = assert!(BLOCKS * BLOCK / LANES <= 255);

    #[target_feature(enable = "avx2")]
    pub(super) fn look(mut bytes: &[u8], hits: &mut Hits) -> (usize, u64) {
        let mut counts = _mm256_setzero_si256();
        let mut blocks = 0;
        hits.flagged = 0;
        while blocks < BLOCKS
            && let Some(window) = bytes.first_chunk::<WINDOW>()
        {
            let mut bits = 0;
            for start in (0..BLOCK).step_by(LANES) {
                let line_feeds = _mm256_cmpeq_epi8(load(window, start), _mm256_set1_epi8(0x0a));
                let next = load(window, start + 1);
                // Up to CR, or `d` in either case: wider than `may_end_with`, which decides.
                let low = _mm256_cmpeq_epi8(_mm256_min_epu8(next, _mm256_set1_epi8(0x0d)), next);
                let lower = _mm256_or_si256(next, _mm256_set1_epi8(0x20));
                let d = _mm256_cmpeq_epi8(lower, _mm256_set1_epi8(0x64));
                let ends = _mm256_and_si256(line_feeds, _mm256_or_si256(low, d));
                counts = _mm256_sub_epi8(counts, line_feeds);
                bits |= u64::from(_mm256_movemask_epi8(ends).cast_unsigned()) << start;
            }
            hits.bits[blocks] = bits;
            hits.flagged |= u64::from(bits != 0) << blocks;
            blocks += 1;
            bytes = &bytes[BLOCK..];
        }
        let sums = _mm256_sad_epu8(counts, _mm256_setzero_si256());
        let lines = _mm256_extract_epi64::<0>(sums)
            + _mm256_extract_epi64::<1>(sums)
            + _mm256_extract_epi64::<2>(sums)
            + _mm256_extract_epi64::<3>(sums);
        (blocks, lines.cast_unsigned())
    }

    /// A register from `start` on. Compiles to one load.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(window: &[u8; WINDOW], start: usize) -> __m256i {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(window[start..start + LANES].chunks_exact(8)) {
            *word = bytes.try_into().map_or(0, i64::from_le_bytes);
        }
        _mm256_set_epi64x(words[3], words[2], words[1], words[0])
    }
}
