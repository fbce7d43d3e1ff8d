//! Text that the `ipa` command prints, as people save and paste it.
//!
//! A file is one or more *frames* with anything around them:
//!
//! ```text
//! $ ipa topologysegment-find          command, if it was pasted too
//! Suffix name: domain                 prompt and its answer, at the frame's own column
//! -----------------
//! 1 segment matched                   summary with the declared count
//! -----------------
//!   Segment name: a-to-b              entry: fields at two blanks
//!   Left node: a.example.test
//!   Right node: b.example.test
//!   Connectivity: both
//! ----------------------------
//! Number of entries returned 1        trailer
//! ----------------------------
//! ```
//!
//! A command that prints one object (`config-show`) has neither summary nor trailer. Programs other
//! than `ipa` print lines of their own; they are found as [`Block`]s.
//!
//! Traps that are handled here: values wrapped at the terminal's width (also after a hyphen inside
//! a name), frames indented as a whole by a document they were pasted into, prompts that look like
//! data, output cut by an ellipsis, missing trailers, several frames in a file, warnings mixed in,
//! translated labels. Labels are kept as printed; which ones matter is the importer's business.
//!
//! Source: FreeIPA `ipalib/cli.py` (textui), `ipalib/frontend.py` (`output_for_cli`).

use std::collections::VecDeque;

pub use super::command_line::Command;
use super::command_line::{is_prompt, parse_commands};
use super::labels;

/// One line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Number, counted from 1.
    pub number: u64,
    /// Text without its end.
    pub text: String,
}

/// `Label: value` of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Text before the first colon followed by a blank.
    pub label: String,
    /// Text behind it, unwrapped; empty for an empty list.
    pub value: String,
    /// Line of the label.
    pub line: u64,
}

/// Fields without an empty line between them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// Its fields, as printed.
    pub fields: Vec<Field>,
}

impl Entry {
    /// Line of the first field.
    pub fn line(&self) -> u64 {
        self.fields.first().map_or(0, |field| field.line)
    }

    /// The first field with one of these English labels, printed in any language and letter case.
    pub fn get(&self, labels: &[&str]) -> Option<&Field> {
        self.fields.iter().find(|field| labels.iter().any(|label| labels::is(&field.label, label)))
    }

    /// Every field with one of these English labels; `--raw` prints one line per value.
    pub fn all(&self, labels: &[&str]) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(move |field| labels.iter().any(|label| labels::is(&field.label, label)))
    }
}

/// One list or object that a command printed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Frame {
    /// Line of the summary, or of the first entry where there is none.
    pub line: u64,
    /// The command, if the text shows it.
    pub command: Option<Command>,
    /// Prompts with their answers since the command, or since the last frame.
    pub prompts: Vec<Field>,
    /// The summary, for example `3 segments matched`.
    pub summary: Option<String>,
    /// Number of entries that the summary declares.
    pub declared: Option<u64>,
    /// Entries that were read.
    pub entries: Vec<Entry>,
    /// Number of entries that the trailer declares.
    pub returned: Option<u64>,
    /// Fields at the frame's own column right below the summary; `dnsconfig-show` prints them so
    /// where a document has taken their indentation.
    pub below: Vec<Field>,
    /// Line of an ellipsis or another sign that lines were cut out.
    pub cut_at: Option<u64>,
    /// Line of the client's warning that the server cut the list.
    pub limit_warning_at: Option<u64>,
}

/// A failure that the `ipa` command reported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Line of the message.
    pub line: u64,
    /// The command, if the text shows it.
    pub command: Option<Command>,
    /// Text behind `ipa: ERROR: `.
    pub message: String,
}

/// What follows a command line, up to the next one or to a prompt. For programs that print neither
/// frames nor entries.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Block<'a> {
    /// The commands of that line; empty before the first one, or if it is none of IdM's.
    pub commands: Vec<Command>,
    /// Its lines, without the command line.
    pub lines: &'a [Line],
}

impl Block<'_> {
    /// The command, if the line has only one: which output is whose is not known otherwise.
    pub fn command(&self) -> Option<&Command> {
        match self.commands.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Everything found in one console text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transcript<'a> {
    /// Frames in order.
    pub frames: Vec<Frame>,
    /// Failures in order.
    pub failures: Vec<Failure>,
    /// The whole text again, by command lines.
    pub blocks: Vec<Block<'a>>,
}

/// Reads a console text. Never fails: what has no shape is passed over.
///
/// ```
/// use audit_core::parse::console::{Line, transcript};
///
/// let text = "  Server name: a.example.test\n  Role name: CA server\n  Role status: enabled";
/// let lines: Vec<Line> =
///     (1..).zip(text.lines()).map(|(number, text)| Line { number, text: text.into() }).collect();
/// let frames = transcript(&lines).frames;
/// assert_eq!(frames[0].entries[0].fields[1].value, "CA server");
/// assert_eq!(frames[0].declared, None);
/// ```
pub fn transcript(lines: &[Line]) -> Transcript<'_> {
    Reader {
        lines,
        at: 0,
        commands: VecDeque::new(),
        command_column: None,
        prompts: Vec::new(),
        cut_at: None,
        limit_warning_at: None,
    }
    .read()
}

struct Reader<'a> {
    lines: &'a [Line],
    at: usize,
    /// Commands of the last command line whose output was not seen yet, in order.
    commands: VecDeque<Command>,
    /// Where that command line begins.
    command_column: Option<usize>,
    prompts: Vec<Field>,
    /// Line of an ellipsis since the command line.
    cut_at: Option<u64>,
    limit_warning_at: Option<u64>,
}

/// How a triple of ruled lines reads.
struct Ruled {
    line: u64,
    text: String,
    indent: usize,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Transcript<'a> {
        let mut found = Transcript::default();
        let mut commands_of_block = Vec::new();
        let mut block_from = 0;
        while let Some(line) = self.lines.get(self.at) {
            let commands = parse_commands(line);
            if !commands.is_empty() || is_prompt(&line.text) {
                let of_block = std::mem::take(&mut commands_of_block);
                found.blocks.push(self.block(of_block, block_from));
                self.at += 1;
                block_from = self.at;
                commands_of_block.extend(commands.iter().cloned());
                self.command(line, commands);
            } else if let Some(failure) = self.message(line) {
                found.failures.push(failure);
                self.commands.pop_front();
                self.at += 1;
            } else if let Some(header) = self.ruled(self.at) {
                self.at += 3;
                let frame = self.frame(Some(&header), header.indent, header.line);
                found.frames.push(frame);
            } else if let Some(base) = self.loose_entry() {
                let frame = self.frame(None, base, line.number);
                found.frames.push(frame);
            } else {
                if is_ellipsis(&line.text) {
                    self.cut_at.get_or_insert(line.number);
                } else if let Some(prompt) = parse_field(line) {
                    self.prompts.push(prompt);
                }
                self.at += 1;
            }
        }
        found.blocks.push(self.block(commands_of_block, block_from));
        found
    }

    fn block(&self, commands: Vec<Command>, from: usize) -> Block<'a> {
        Block { commands, lines: self.lines.get(from..self.at).unwrap_or_default() }
    }

    fn command(&mut self, line: &Line, commands: VecDeque<Command>) {
        self.command_column = (!commands.is_empty()).then(|| indent(&line.text));
        self.commands = commands;
        self.prompts.clear();
        self.cut_at = None;
        self.limit_warning_at = None;
    }

    /// A failure, or `None`; remembers a warning about a cut list.
    fn message(&mut self, line: &Line) -> Option<Failure> {
        if is_limit_warning(&line.text) {
            self.limit_warning_at = Some(line.number);
        }
        let (_, message) = line.text.split_once("ipa: ERROR: ")?;
        Some(Failure {
            line: line.number,
            command: self.commands.front().cloned(),
            message: message.trim().to_owned(),
        })
    }

    /// The three lines from `at`: a rule, a text, a rule.
    fn ruled(&self, at: usize) -> Option<Ruled> {
        let [top, text, bottom] = self.lines.get(at..at + 3)? else { return None };
        (is_rule(&top.text) && is_rule(&bottom.text) && !is_rule(&text.text)).then(|| Ruled {
            line: text.number,
            text: text.text.trim().to_owned(),
            indent: indent(&top.text),
        })
    }

    /// Column of a frame that has no head, as of `config-show`, or whose head was not copied: two
    /// fields in a row deeper than prompts, or one that is deeper than the command line.
    fn loose_entry(&self) -> Option<usize> {
        let first = self.lines.get(self.at)?;
        let column = indent(&first.text);
        parse_field(first)?;
        let below_command = self.command_column.is_some_and(|command| column >= command + 2);
        let pair = self
            .lines
            .get(self.at + 1)
            .is_some_and(|second| indent(&second.text) == column && parse_field(second).is_some());
        column.checked_sub(2).filter(|_| pair || below_command)
    }

    fn frame(&mut self, header: Option<&Ruled>, base: usize, line: u64) -> Frame {
        let mut frame = Frame {
            line,
            command: self.commands.front().cloned(),
            prompts: std::mem::take(&mut self.prompts),
            summary: header.map(|header| header.text.clone()),
            declared: header.and_then(|header| first_number(&header.text)),
            cut_at: self.cut_at.take().filter(|_| header.is_none()),
            limit_warning_at: self.limit_warning_at,
            ..Frame::default()
        };
        let mut entry = Entry::default();
        let mut right_below = header.is_some();
        while let Some(line) = self.lines.get(self.at) {
            if !parse_commands(line).is_empty() || is_prompt(&line.text) {
                break;
            }
            if let Some(trailer) = self.ruled(self.at) {
                let nothing_read = frame.entries.is_empty() && entry.fields.is_empty();
                if !is_trailer(&trailer.text) && (nothing_read || self.is_next_header()) {
                    break;
                }
                frame.returned = first_number(&trailer.text);
                self.at += 3;
                break;
            }
            self.at += 1;
            let text = &line.text;
            if text.trim().is_empty() {
                end_entry(&mut frame, &mut entry);
                right_below = false;
            } else if is_ellipsis(text) {
                end_entry(&mut frame, &mut entry);
                frame.cut_at.get_or_insert(line.number);
            } else if is_limit_warning(text) {
                frame.limit_warning_at = Some(line.number);
            } else if indent(text) >= base + 2 && !is_rule(text) {
                add_line(&mut entry, line, base);
                right_below = false;
            } else if let (true, Some(field)) = (right_below, parse_field(line)) {
                frame.below.push(field);
            } else {
                // Something else begins at the frame's own column: the frame has no end.
                end_entry(&mut frame, &mut entry);
                if header.is_none() {
                    self.at -= 1;
                    break;
                }
            }
        }
        end_entry(&mut frame, &mut entry);
        if header.is_some() || self.commands.len() > 1 {
            // A list is all that a command prints; another one has another command.
            self.commands.pop_front();
        }
        // A warning on standard error lands before or behind the frame it is about.
        if self.lines.get(self.at).is_some_and(|next| is_limit_warning(&next.text)) {
            frame.limit_warning_at = self.lines.get(self.at).map(|next| next.number);
        }
        self.limit_warning_at = None;
        // Without entries, the fields below may be prompts of what comes next.
        if frame.entries.is_empty() {
            self.prompts.extend(frame.below.iter().cloned());
        }
        frame
    }

    /// True if the ruled text at the reader is the head of another frame: an entry or an end
    /// follows it directly. The frame before it has lost its end, or never has one.
    fn is_next_header(&self) -> bool {
        let ends = self.ruled(self.at + 3).is_some_and(|next| is_trailer(&next.text));
        ends || self.lines.get(self.at + 3).is_some_and(|line| {
            indent(&line.text) >= indent(&self.lines[self.at].text) + 2
                && parse_field(line).is_some()
        })
    }
}

fn end_entry(frame: &mut Frame, entry: &mut Entry) {
    if !entry.fields.is_empty() {
        frame.entries.push(std::mem::take(entry));
    }
}

/// Adds a line inside a frame: a field, or the continuation of a wrapped value.
fn add_line(entry: &mut Entry, line: &Line, base: usize) {
    let column = indent(&line.text);
    let field = parse_field(line);
    if let Some(last) = entry.fields.last_mut() {
        // `textui` indents the rest of a wrapped value to the value's own column.
        let value_column = base + 2 + last.label.chars().count() + 2;
        if column == value_column || (column >= base + 4 && field.is_none()) {
            if !last.value.ends_with('-') && !last.value.is_empty() {
                last.value.push(' ');
            }
            last.value.push_str(line.text.trim());
            return;
        }
    }
    if let Some(field) = field {
        entry.fields.push(field);
    }
}

fn indent(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b' ').count()
}

fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 3 && (text.bytes().all(|b| b == b'-') || text.bytes().all(|b| b == b'='))
}

fn is_ellipsis(text: &str) -> bool {
    let text = text.trim();
    let inner = text.trim_matches(|c: char| "[](){}<> ".contains(c));
    inner.starts_with("...")
        || inner.starts_with('…')
        || (text.starts_with('[') && text.to_ascii_lowercase().contains("truncated"))
}

/// True for the end of a list. Languages that do not translate it print it in English.
fn is_trailer(text: &str) -> bool {
    labels::value(text, "Number of entries returned {}").is_some()
}

fn is_limit_warning(text: &str) -> bool {
    text.contains("ipa: WARNING:") && text.to_ascii_lowercase().contains("truncated")
}

fn first_number(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(digits..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// `Label: value`, or a label with an empty value. A label may hold a colon without a blank.
fn parse_field(line: &Line) -> Option<Field> {
    let text = line.text.trim();
    let (label, value) = match text.split_once(": ") {
        Some((label, value)) => (label, value.trim()),
        None => (text.strip_suffix(':')?, ""),
    };
    let is_label = !label.is_empty() && !label.starts_with(['-', '#', '=', '[', '$']);
    is_label.then(|| Field { label: label.to_owned(), value: value.to_owned(), line: line.number })
}
