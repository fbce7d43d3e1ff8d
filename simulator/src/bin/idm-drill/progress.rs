//! How far a long file is, on a terminal.

#![expect(clippy::disallowed_types, reason = "how long a person waits; no result depends on it")]

use std::io::{self, IsTerminal as _, Read, Seek, SeekFrom, Write as _};
use std::time::{Duration, Instant};

/// How long a file may take before anything is shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a shown line stays.
const PERIOD: Duration = Duration::from_millis(200);

/// Takes the cursor to the begin of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// A file that shows how far it is read: on standard error, only if that is a terminal, and only
/// once it takes more than a second.
#[derive(Debug)]
pub(crate) struct Progress<R> {
    inner: R,
    name: String,
    size: Option<u64>,
    at: u64,
    /// When to show the next line; `None` where nothing is ever shown.
    next: Option<Instant>,
    shown: bool,
}

impl<R> Progress<R> {
    /// The file `name` of this size; `None` if it has no end that is known.
    pub(crate) fn new(inner: R, name: &str, size: Option<u64>) -> Self {
        let next = io::stderr().is_terminal().then(|| now() + PATIENCE);
        Self { inner, name: name.to_owned(), size, at: 0, next, shown: false }
    }

    fn moved(&mut self, at: u64) {
        self.at = at;
        let Some(next) = self.next else { return };
        let now = now();
        if now >= next {
            self.next = Some(now + PERIOD);
            self.shown = true;
            // What a terminal does not take is no reason to stop.
            let _ = write!(io::stderr(), "{CLEAR}{}", line(&self.name, self.at, self.size));
        }
    }
}

impl<R> Drop for Progress<R> {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "{CLEAR}");
        }
    }
}

impl<R: Read> Read for Progress<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.moved(self.at + count as u64);
        Ok(count)
    }
}

impl<R: Seek> Seek for Progress<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(to)?;
        self.at = at;
        Ok(at)
    }
}

fn now() -> Instant {
    Instant::now()
}

/// What is shown: whole MB of 1,000,000 bytes, and the share of what there is.
fn line(name: &str, at: u64, size: Option<u64>) -> String {
    let mega = |bytes: u64| bytes / 1_000_000;
    // A name may hold anything, and this goes to a terminal.
    let name: String = name.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    match size.filter(|size| *size > 0) {
        Some(size) => {
            let percent = u128::from(at.min(size)) * 100 / u128::from(size);
            format!("reading {name}: {percent} % of {} MB", mega(size))
        }
        None => format!("reading {name}: {} MB", mega(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_says_how_far_a_file_is() {
        let big = Some(2_000_000_000);
        assert_eq!(line("big.tar", 500_000_000, big), "reading big.tar: 25 % of 2000 MB");
        assert_eq!(line("a\x1b[2Jb", 3_000_000, None), "reading a?[2Jb: 3 MB");
        assert_eq!(line("x", 5, Some(0)), "reading x: 0 MB");
        assert_eq!(
            line("x", u64::MAX, Some(u64::MAX)),
            format!("reading x: 100 % of {} MB", u64::MAX / 1_000_000)
        );
    }
}
