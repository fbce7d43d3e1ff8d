//! Text in sections, as the export script writes it: a head line, then the output of one command.
//!
//! ```text
//! === ldif:ipa rc=0 ===               head: the section's name and the command's exit code
//! dn: cn=masters,cn=ipa,…             body, up to the next head
//! --- stderr ---                      from here on: what the command wrote to standard error
//! ```
//!
//! Bodies pass through in chunks, never as a whole. How the input is cut into chunks does not
//! change what comes out, except where a body's bytes are cut.

use std::mem;

/// Longest head line in bytes; a longer line is body.
const HEAD_BYTES_MAX: usize = 1024;

/// The line between a command's output and its messages.
const STDERR_LINE: &[u8] = b"--- stderr ---";

/// The head of a section.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// Its line, counted from 1.
    pub line: u64,
    /// Name, for example `ldif:ipa`.
    pub name: String,
    /// Exit code of the command.
    pub exit_code: i32,
}

/// What a [`Splitter`] finds, in order.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A section begins.
    Head(Head),
    /// The messages of the section's command begin behind this line.
    Messages {
        /// Its line, counted from 1.
        line: u64,
    },
    /// Bytes of the section, or of what stands before the first one.
    Body(&'a [u8]),
}

/// Reads `=== NAME rc=N ===`; a name is any text.
///
/// ```
/// use audit_core::parse::sections::parse_head;
///
/// assert_eq!(parse_head(b"=== ruv:o=ipaca rc=32 ===\r"), Some(("ruv:o=ipaca", 32)));
/// assert_eq!(parse_head(b"=================="), None);
/// ```
pub fn parse_head(line: &[u8]) -> Option<(&str, i32)> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let (name, code) = text.strip_prefix("=== ")?.strip_suffix(" ===")?.rsplit_once(" rc=")?;
    let name = name.trim();
    (!name.is_empty()).then_some((name, code.parse().ok()?))
}

/// True if a text holds the head of a section.
pub fn has_head(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| parse_head(line).is_some())
}

/// Push splitter of one text.
#[derive(Debug, Default)]
pub struct Splitter {
    /// Line ends so far.
    line: u64,
    /// The line being read, while it may be a head or the line before messages.
    held: Vec<u8>,
    /// True if the line being read cannot be either any more.
    is_body: bool,
}

impl Splitter {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let ends = line.last() == Some(&b'\n');
            if self.is_body {
                sink(Piece::Body(line));
            } else {
                self.held.extend_from_slice(line);
                if ends {
                    self.end_line(sink);
                } else if !may_be_special(&self.held) {
                    self.is_body = true;
                    sink(Piece::Body(&mem::take(&mut self.held)));
                }
            }
            if ends {
                self.line += 1;
                self.is_body = false;
            }
        }
    }

    /// Ends the text; its last line may lack its end.
    pub fn finish(mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        if !self.held.is_empty() {
            self.end_line(sink);
        }
    }

    fn end_line(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        let held = mem::take(&mut self.held);
        let line = self.line + 1;
        if held.len() > HEAD_BYTES_MAX {
            // As if it had come in small chunks.
            sink(Piece::Body(&held));
        } else if let Some((name, exit_code)) = parse_head(&held) {
            sink(Piece::Head(Head { line, name: name.to_owned(), exit_code }));
        } else if held.trim_ascii_end() == STDERR_LINE {
            sink(Piece::Messages { line });
        } else {
            sink(Piece::Body(&held));
        }
    }
}

/// True if a line that begins so may still become a head or the line before messages.
fn may_be_special(start: &[u8]) -> bool {
    let begins = |prefix: &[u8]| start.iter().zip(prefix).all(|(a, b)| a == b);
    start.len() <= HEAD_BYTES_MAX && (begins(b"=== ") || begins(STDERR_LINE))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// All pieces as one text, bodies joined.
    fn pieces(text: &[u8], size: usize) -> String {
        let mut out = String::new();
        let mut sink = |piece: Piece<'_>| match piece {
            Piece::Head(head) => {
                write!(out, "<{}:{}:{}>", head.line, head.name, head.exit_code).unwrap();
            }
            Piece::Messages { line } => write!(out, "<{line}:stderr>").unwrap(),
            Piece::Body(bytes) => out.push_str(std::str::from_utf8(bytes).unwrap()),
        };
        let mut splitter = Splitter::default();
        for chunk in text.chunks(size) {
            splitter.push(chunk, &mut sink);
        }
        splitter.finish(&mut sink);
        out
    }

    #[test]
    fn heads_and_messages_are_found_in_any_chunks() {
        let text = b"a\n=== x y rc=-1 ===\r\nbody\n=== no head\n--- stderr ---\nm\n=== z rc=0 ===";
        let whole = "a\n<2:x y:-1>body\n=== no head\n<5:stderr>m\n<7:z:0>";
        for size in 1..=text.len() {
            assert_eq!(pieces(text, size), whole, "chunks of {size}");
        }
    }

    #[test]
    fn a_long_line_is_body_even_if_it_begins_like_a_head() {
        let text = format!("=== {} rc=0 ===\n", "x".repeat(2 * HEAD_BYTES_MAX));
        for size in [1, 100, 5000] {
            let found = pieces(text.as_bytes(), size);
            assert_eq!(found, text, "chunks of {size}");
        }
    }
}
