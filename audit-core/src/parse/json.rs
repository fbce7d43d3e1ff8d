//! JSON documents: one or several in a file, or between the lines of console text.
//!
//! `ipa -vv` prints request and response of every call as JSON within its other output, and people
//! paste `dsconf --json` together with its command line. Whatever stands around a document stays
//! console text. Dictionaries of Python, which `dsconf` prints one per line, count as documents.

use serde_json::{Value, json};

use super::console::Line;
use super::python;
use crate::limits;

/// One JSON document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Line on which it begins; `None` if it is the whole file, where a pointer says everything.
    pub line: Option<u64>,
    /// Its content.
    pub value: Value,
    /// The JSON-RPC request that it answers, where the text shows it.
    pub request: Option<Value>,
    /// The nearest command line before it that names a tool of 389 Directory Server.
    pub command: Option<String>,
    /// True if every element of its `items` is on a line of its own, the first on [`Self::line`].
    pub is_item_per_line: bool,
}

impl Document {
    /// The line of what a pointer names, as far as it is known.
    pub fn line_of(&self, pointer: &str) -> Option<u64> {
        let item = pointer.strip_prefix("/items/").filter(|_| self.is_item_per_line);
        let item = item.and_then(|rest| rest.split('/').next()?.parse::<u64>().ok());
        Some(self.line? + item.unwrap_or(0))
    }
}

/// Where a document is invalid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Line, counted from 1.
    pub line: u64,
    /// Column in bytes, counted from 1.
    pub column: u64,
    /// What was expected.
    pub message: String,
    /// True if the text ends too early.
    pub is_eof: bool,
}

impl Fault {
    /// The parser's error in a text; `lines_before` are the lines before the text.
    pub fn of(error: &serde_json::Error, text: &[u8], lines_before: u64) -> Self {
        let message = error.to_string();
        let mut message = message.split(" at line ").next().unwrap_or_default().to_owned();
        let (mut line, mut column) = (error.line(), error.column());
        let mut is_eof = error.is_eof();
        if column == 0 && line > 1 {
            // The fault is the end of the line before: a text that was cut there.
            line -= 1;
            let cut = text.split(|&byte| byte == b'\n').nth(line - 1).unwrap_or_default();
            column = cut.len() + 1;
            if error.is_syntax() && message.starts_with("control character") {
                "a text that does not end in its line".clone_into(&mut message);
                is_eof = true;
            }
        }
        Self {
            line: lines_before + (line as u64).max(1),
            column: (column as u64).max(1),
            message,
            is_eof,
        }
    }
}

/// Reads a file that consists of documents only: one, or several one after another ("JSON lines").
///
/// # Errors
///
/// The documents before the first fault, and the fault.
pub fn documents(bytes: &[u8], lines_before: u64) -> Result<Vec<Document>, (Vec<Document>, Fault)> {
    let whole = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => {
            let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace());
            let lines = blank.filter(|&&byte| byte == b'\n').count() as u64;
            let line = (lines_before > 0).then_some(lines_before + 1 + lines);
            return Ok(vec![Document { line, value, ..Document::default() }]);
        }
        Err(error) => Fault::of(&error, bytes, lines_before),
    };
    let mut documents = Vec::new();
    let mut counter = LineCounter { bytes, offset: 0, line: lines_before + 1 };
    let mut stream = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    loop {
        let from = stream.byte_offset();
        match stream.next() {
            None => return Ok(documents),
            Some(Ok(value)) if value.is_object() || value.is_array() => {
                let blank = bytes.get(from..).unwrap_or_default();
                let blank = blank.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let line = Some(counter.line_at(from + blank));
                documents.push(Document { line, value, ..Document::default() });
            }
            Some(Ok(_)) => return Err((documents, whole)),
            Some(Err(error)) => return Err((documents, Fault::of(&error, bytes, lines_before))),
        }
    }
}

/// Line numbers of growing offsets.
struct LineCounter<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    fn line_at(&mut self, offset: usize) -> u64 {
        let passed = self.bytes.get(self.offset..offset).unwrap_or_default();
        self.line += (passed.split(|&byte| byte == b'\n').count() - 1) as u64;
        self.offset = offset;
        self.line
    }
}

/// What [`extract`] finds in a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extracted {
    /// The documents, without requests.
    pub documents: Vec<Document>,
    /// Places that look like the start of a document and are none, or are cut.
    pub faults: Vec<Fault>,
}

/// Words before the documents that `ipa -vv` logs (FreeIPA `ipalib/rpc.py`).
const LOGGED: [(&str, bool); 2] = [("INFO: Request: ", true), ("INFO: Response: ", false)];

/// A place where a document may begin.
struct Candidate {
    /// Byte of the text.
    at: usize,
    is_request: bool,
    /// True if the text says that a document follows.
    is_announced: bool,
}

/// Takes the documents out of a text: the lines that they occupy are removed.
pub fn extract(lines: &mut Vec<Line>) -> Extracted {
    let mut extracted = Extracted::default();
    let begins = |text: &str| candidate(text).is_some() || python::begins_dictionary(text);
    let Some(first) = lines.iter().position(|line| begins(&line.text)) else {
        return extracted;
    };
    let mut text = String::new();
    let mut starts = Vec::new();
    for line in lines.get(first..).unwrap_or_default() {
        starts.push(text.len());
        text.push_str(&line.text);
        text.push('\n');
    }
    let mut used = vec![false; lines.len()];
    let mut command = lines.get(..first).unwrap_or_default().iter().rev().find_map(tool);
    let mut request = None;
    let mut end = 0;
    let mut attempts = 0;
    // What is indented deeper than a document that cannot be read is a part of it.
    let mut outer = usize::MAX;
    for (index, line) in lines.iter().enumerate().skip(first) {
        let start = starts.get(index - first).copied().unwrap_or_default();
        if start < end {
            continue;
        }
        if python::begins_dictionary(&line.text) {
            let run = lines.get(index..).unwrap_or_default();
            let run = run.iter().take_while(|line| python::begins_dictionary(&line.text));
            // One that cannot be read keeps its place: the list is then not whole.
            let mut rows = Vec::new();
            for line in run {
                let row = python::dictionary(&line.text);
                if row.is_none() && extracted.faults.len() < limits::JSON_FAULTS_IN_TEXT_MAX {
                    extracted.faults.push(Fault {
                        line: line.number,
                        column: 1,
                        message: "a dictionary that does not end in its line".to_owned(),
                        is_eof: true,
                    });
                }
                rows.push(row.unwrap_or_default());
            }
            let after = index + rows.len();
            used.get_mut(index..after).unwrap_or_default().fill(true);
            end = starts.get(after - first).copied().unwrap_or(usize::MAX);
            let (line, command) = (Some(line.number), command.clone());
            let value = json!({ "items": rows });
            let is_item_per_line = true;
            let document = Document { line, value, request: None, command, is_item_per_line };
            extracted.documents.push(document);
            continue;
        }
        let Some(candidate) = candidate(&line.text) else {
            command = tool(line).or(command);
            continue;
        };
        if candidate.at > outer && !candidate.is_announced {
            continue;
        }
        let at = start + candidate.at;
        let body = text.get(at..).unwrap_or_default();
        let body = body.get(..limits::JSON_BYTES_MAX).unwrap_or(body);
        let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                end = at + stream.byte_offset();
                outer = usize::MAX;
                let last = starts.partition_point(|start| *start < end);
                used.get_mut(index..first + last).unwrap_or_default().fill(true);
                if candidate.is_request {
                    request = Some(value);
                } else {
                    let request = request.take().filter(|_| candidate.is_announced);
                    let command = command.clone();
                    let line = Some(line.number);
                    let document =
                        Document { line, value, request, command, ..Document::default() };
                    extracted.documents.push(document);
                }
            }
            Some(Err(error)) if attempts < limits::JSON_FAULTS_IN_TEXT_MAX => {
                outer = if candidate.is_announced { 0 } else { candidate.at };
                let mut fault = Fault::of(&error, body.as_bytes(), line.number - 1);
                if error.line() == 1 {
                    fault.column += candidate.at as u64;
                }
                let has_key = body.lines().take(error.line()).any(|line| line.contains("\":"));
                if candidate.is_announced || has_key {
                    extracted.faults.push(fault);
                }
                attempts += 1;
            }
            Some(Err(_)) | None => break,
        }
    }
    let mut used = used.into_iter();
    lines.retain(|_| !used.next().unwrap_or_default());
    extracted
}

/// The start of a document in a line: behind the words of the log, or as its first character with
/// what only JSON has behind it.
fn candidate(text: &str) -> Option<Candidate> {
    for (words, is_request) in LOGGED {
        if let Some((before, rest)) = text.split_once(words)
            && rest.starts_with(['{', '['])
        {
            let at = before.len() + words.len();
            return Some(Candidate { at, is_request, is_announced: true });
        }
    }
    let body = text.trim_start();
    let mut characters = body.chars();
    let opening = characters.next()?;
    let next = characters.find(|c| !c.is_whitespace());
    let fits = match opening {
        '{' => matches!(next, None | Some('"' | '}')),
        // A shell prompt such as "[root@ipa ~]#" is no document.
        '[' => matches!(next, None | Some('{' | '[' | '"' | ']')),
        _ => false,
    };
    let at = text.len() - body.len();
    fits.then_some(Candidate { at, is_request: false, is_announced: false })
}

/// A line that calls a tool of 389 Directory Server.
fn tool(line: &Line) -> Option<String> {
    let is_call = ["dsconf ", "dsctl "].iter().any(|tool| line.text.contains(tool));
    is_call.then(|| line.text.clone())
}
