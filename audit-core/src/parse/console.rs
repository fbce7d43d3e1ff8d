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
//! Traps that are handled here: values wrapped at the terminal's width (also after a hyphen inside
//! a name), frames indented as a whole by a document they were pasted into, prompts that look like
//! data, output cut by an ellipsis, missing trailers, several frames in a file, warnings mixed in,
//! translated labels. Labels are kept as printed; which ones matter is the importer's business.
//!
//! Source: FreeIPA `ipalib/cli.py` (textui), `ipalib/frontend.py` (`output_for_cli`).

use std::collections::VecDeque;

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

    /// Value of the first field with one of these labels, compared without letter case.
    pub fn get(&self, labels: &[&str]) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| labels.iter().any(|label| label.eq_ignore_ascii_case(&field.label)))
    }
}

/// An `ipa` command line found in the text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Command {
    /// Line it stands in.
    pub line: u64,
    /// Its name, for example `topologysegment-find`.
    pub name: String,
    /// Arguments that are no options, unquoted.
    pub arguments: Vec<String>,
    /// Options with their values, for example `("server", Some("ipa1.example.test"))`.
    pub options: Vec<(String, Option<String>)>,
    /// True if its output went through a pipe or into another command.
    pub piped: bool,
}

impl Command {
    /// True if the option was given.
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    /// Value of an option.
    pub fn option(&self, option: &str) -> Option<&str> {
        self.options.iter().find(|(name, _)| name == option).and_then(|(_, value)| value.as_deref())
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

/// Everything found in one console text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transcript {
    /// Frames in order.
    pub frames: Vec<Frame>,
    /// Failures in order.
    pub failures: Vec<Failure>,
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
pub fn transcript(lines: &[Line]) -> Transcript {
    Reader { lines, at: 0, commands: VecDeque::new(), prompts: Vec::new(), limit_warning_at: None }
        .read()
}

struct Reader<'a> {
    lines: &'a [Line],
    at: usize,
    /// Commands of the last command line whose output was not seen yet, in order.
    commands: VecDeque<Command>,
    prompts: Vec<Field>,
    limit_warning_at: Option<u64>,
}

/// How a triple of ruled lines reads.
struct Ruled {
    line: u64,
    text: String,
    indent: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Transcript {
        let mut found = Transcript::default();
        while let Some(line) = self.lines.get(self.at) {
            let commands = parse_commands(line);
            if !commands.is_empty() {
                self.commands = commands;
                self.prompts.clear();
                self.limit_warning_at = None;
                self.at += 1;
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
                if let Some(prompt) = parse_field(line) {
                    self.prompts.push(prompt);
                }
                self.at += 1;
            }
        }
        found
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

    /// Column of a frame whose head was not copied: two fields in a row, deeper than the prompts.
    fn loose_entry(&self) -> Option<usize> {
        let first = self.lines.get(self.at)?;
        let second = self.lines.get(self.at + 1)?;
        let column = indent(&first.text);
        let pair = indent(&second.text) == column
            && parse_field(first).is_some()
            && parse_field(second).is_some();
        column.checked_sub(2).filter(|_| pair)
    }

    fn frame(&mut self, header: Option<&Ruled>, base: usize, line: u64) -> Frame {
        let mut frame = Frame {
            line,
            command: self.commands.front().cloned(),
            prompts: std::mem::take(&mut self.prompts),
            summary: header.map(|header| header.text.clone()),
            declared: header.and_then(|header| first_number(&header.text)),
            limit_warning_at: self.limit_warning_at,
            ..Frame::default()
        };
        let mut entry = Entry::default();
        while let Some(line) = self.lines.get(self.at) {
            if !parse_commands(line).is_empty() {
                break;
            }
            if let Some(trailer) = self.ruled(self.at) {
                if self.is_next_header() {
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
            } else if is_ellipsis(text) {
                end_entry(&mut frame, &mut entry);
                frame.cut_at.get_or_insert(line.number);
            } else if is_limit_warning(text) {
                frame.limit_warning_at = Some(line.number);
            } else if indent(text) >= base + 2 && !is_rule(text) {
                add_line(&mut entry, line, base);
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
        if header.is_some() {
            // A list is all that a command prints; another one has another command.
            self.commands.pop_front();
        }
        // A warning on standard error lands before or behind the frame it is about.
        if self.lines.get(self.at).is_some_and(|next| is_limit_warning(&next.text)) {
            frame.limit_warning_at = self.lines.get(self.at).map(|next| next.number);
        }
        self.limit_warning_at = None;
        frame
    }

    /// True if the ruled text at the reader is the head of another frame: an entry follows it
    /// directly. The frame before it has lost its end.
    fn is_next_header(&self) -> bool {
        self.lines.get(self.at + 3).is_some_and(|line| {
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

/// The `ipa` commands of a line: behind any prompt or at its start, joined by `;` or `&&`.
fn parse_commands(line: &Line) -> VecDeque<Command> {
    split_words(&line.text)
        .split(|word| word == ";" || word == "&&")
        .filter_map(|words| parse_command(line.number, words))
        .collect()
}

fn parse_command(line: u64, words: &[String]) -> Option<Command> {
    let at = words.iter().position(|word| word == "ipa" || word.ends_with("/ipa"))?;
    // Prompts are short; "see the manual of ipa user-add" is prose. `LC_ALL=C` and `sudo` may
    // stand between prompt and command.
    let mut before = words[..at].iter().rev().skip_while(|word| {
        *word == "sudo" || word.split_once('=').is_some_and(|(name, _)| is_variable(name))
    });
    let behind_prompt = before.next().is_none_or(|word| word.ends_with(['$', '#', '%', '>']));
    let mut rest = words.get(at + 1..)?.iter().skip_while(|word| word.starts_with('-')).peekable();
    let name = rest.next()?;
    let is_name = name.contains('-') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !behind_prompt || !is_name {
        return None;
    }
    let mut command = Command { line, name: name.clone(), ..Command::default() };
    while let Some(word) = rest.next() {
        if word == "|" {
            // `tee` passes everything on.
            command.piped = rest.next().is_none_or(|next| next != "tee");
            break;
        }
        if word.starts_with('>') || word.starts_with("2>") {
            // A redirection takes nothing away; its target is no argument.
            if matches!(word.as_str(), ">" | ">>" | "2>") {
                rest.next();
            }
            continue;
        }
        match word.strip_prefix("--") {
            Some(option) => {
                let (option, value) = match option.split_once('=') {
                    Some((option, value)) => (option, Some(value.to_owned())),
                    None if takes_value(option) => (option, rest.next().cloned()),
                    None => (option, None),
                };
                command.options.push((option.to_owned(), value));
            }
            None if word.starts_with('-') => command.options.push((word[1..].to_owned(), None)),
            None => command.arguments.push(word.clone()),
        }
    }
    Some(command)
}

/// True for the name of an environment variable.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Options of the `*-find` commands that stand alone; every other one is followed by its value.
fn takes_value(option: &str) -> bool {
    !matches!(option, "all" | "raw" | "include-master" | "pkey-only" | "no-members" | "help")
}

/// Words of a command line; quotes group and disappear, `|` and `;` are words of their own.
fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '|' | ';') => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                words.push(c.to_string());
            }
            (None, c) if c.is_whitespace() => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            (_, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}
