//! Notes on standard error: file, line, column, and the marked line where it can be shown.

use std::io::{self, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use audit_core::note::{Note, NoteSeverity};

/// Prints every warning and error.
pub(crate) fn print(notes: &[Note]) -> io::Result<()> {
    let renderer = if io::stderr().is_terminal() { Renderer::styled() } else { Renderer::plain() };
    let mut out = anstream::stderr().lock();
    for note in notes {
        let level = match note.code.severity() {
            NoteSeverity::Error => Level::ERROR,
            NoteSeverity::Warning => Level::WARNING,
            NoteSeverity::Info => continue,
        };
        let message = printable(&note.message);
        let help = note.help.as_deref().map(printable);
        let snippet = note.snippet.as_deref().map(printable);
        let file = printable(&note.file);
        let line = usize::try_from(note.line.unwrap_or(1)).unwrap_or(1);
        let title = level.primary_title(message.as_str()).id(note.code.code());
        let mut group: Group<'_> = if let Some(text) = &snippet {
            title.element(marked(text, note.column, line, &file))
        } else {
            let mut origin = Origin::path(file.as_str());
            if note.line.is_some() {
                origin = origin.line(line);
            }
            if let Some(column) = note.column {
                origin = origin.char_column(usize::try_from(column).unwrap_or(1));
            }
            title.element(origin)
        };
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        writeln!(out, "{}\n", renderer.render(&[group]))?;
    }
    out.flush()
}

/// A line of a file, marked at a column or as a whole.
fn marked<'a>(
    text: &'a str,
    column: Option<u64>,
    line: usize,
    file: &'a str,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let span = match column.and_then(|column| usize::try_from(column).ok()) {
        Some(column) => {
            let start =
                text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
            let length = text.get(start..).and_then(|rest| rest.chars().next());
            start..start + length.map_or(0, char::len_utf8)
        }
        None => text.len() - text.trim_start().len()..text.len(),
    };
    Snippet::source(text).line_start(line).path(file).annotation(AnnotationKind::Primary.span(span))
}

/// Text of an input without control characters: a file must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}
