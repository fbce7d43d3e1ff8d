//! YAML as people write inventories and playbooks, with the place of every node.
//!
//! A subset: block and flow mappings and sequences, plain, quoted and block scalars, anchors,
//! aliases, merge keys, null bodies, comments, one document. What it does not read, it reports with
//! line and column, and then nothing of the text is used: a tab in an indentation, a key that is no
//! text, a second document, an unknown alias. Scalars become text; what `yes` means is the reader's
//! business.
//!
//! Secrets: the caller says below which keys scalars are read. All others are passed over, also
//! those behind a tag of Ansible (`!vault`), and behind an alias of one of them.
//!
//! Why no crate: `yaml_serde` keeps no place of a key and reads all values (toolchain notes); what
//! is needed of YAML is small. Nesting is bounded, so the stack is.
//!
//! Source: YAML 1.2.2; merge keys and `!vault` as Ansible reads them
//! (`lib/ansible/parsing/yaml`).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::console::Line;

/// Levels of nesting, aliases followed. Inventories have about ten.
const DEPTH_MAX: usize = 64;

/// Entries that merge keys may copy.
const MERGED_MAX: usize = 100_000;

/// A place where the text is not what can be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// Line, counted from 1.
    pub(crate) line: u64,
    /// Column in characters, counted from 1.
    pub(crate) column: u64,
    /// What was found, and what was expected.
    pub(crate) message: String,
}

/// A value with its place.
#[derive(Debug)]
pub(crate) struct Node {
    /// Line, counted from 1.
    pub(crate) line: u64,
    /// What it is.
    pub(crate) kind: Kind,
    /// Levels below it, itself included.
    height: usize,
}

/// What a value is. Closed.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `null`, `~`, or nothing.
    Null,
    /// A text.
    Text(String),
    /// A text that was not read.
    Unread,
    /// A list.
    Sequence(Vec<Rc<Node>>),
    /// Keys with their values, in the order of the text; merged ones last.
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Line of the key.
    pub(crate) line: u64,
    /// Column of the key.
    pub(crate) column: u64,
    /// The value.
    pub(crate) value: Rc<Node>,
}

impl Node {
    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Rc<Node>] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A text that was read.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its value.
    pub(crate) root: Rc<Node>,
    /// Places that are read in another way than their author may think.
    pub(crate) remarks: Vec<Fault>,
}

/// Reads a text. Scalars are kept below the keys that `keeps` says, and nowhere else.
///
/// # Errors
///
/// The first place that cannot be read.
pub(crate) fn parse(lines: &[Line], keeps: fn(&str) -> bool) -> Result<Document, Fault> {
    let mut parser = Parser {
        lines,
        at: 0,
        offset: 0,
        started: false,
        keeps,
        anchors: BTreeMap::new(),
        merged: 0,
        remarks: Vec::new(),
    };
    let root = parser.block(0, false, 0)?;
    if parser.skip_blank()? {
        return Err(parser.fault("this is less indented than what it belongs to"));
    }
    if parser.rest().starts_with("---") {
        return Err(parser.fault("a second document; a file may have one only"));
    }
    Ok(Document { root, remarks: parser.remarks })
}

/// A key at the place of the parser, and the bytes up to behind its colon.
struct KeyAhead {
    key: String,
    length: usize,
    is_merge: bool,
}

struct Parser<'a> {
    lines: &'a [Line],
    /// Index of the line.
    at: usize,
    /// Byte in the line.
    offset: usize,
    /// True behind the first `---` or the first content.
    started: bool,
    keeps: fn(&str) -> bool,
    anchors: BTreeMap<String, Rc<Node>>,
    merged: usize,
    remarks: Vec<Fault>,
}

/// True for the `- ` of a list.
fn is_dash(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// True for a line that begins or ends a document.
fn is_marker(text: &str) -> bool {
    ["---", "..."].iter().any(|marker| {
        text.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// A text up to a comment.
fn without_comment(text: &str) -> &str {
    let comment = text.match_indices('#').find(|(at, _)| {
        *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with([' ', '\t']))
    });
    comment.map_or(text, |(at, _)| text.get(..at).unwrap_or(text)).trim_end()
}

/// The end of a quoted text within a line, behind its quote.
fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') {
                characters.next();
            } else {
                return Some(at + 1);
            }
        }
    }
    None
}

/// A quoted text within a line, without its quotes.
fn unquoted(text: &str) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    if text.starts_with('\'') {
        return inner.replace("''", "'");
    }
    let mut out = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        let escaped = if c == '\\' { characters.next() } else { None };
        match escaped {
            None => out.push(c),
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some(kind @ ('x' | 'u' | 'U')) => {
                let digits = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let code: String = characters.by_ref().take(digits).collect();
                let decoded = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                out.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
        }
    }
    out
}

impl<'a> Parser<'a> {
    fn line(&self) -> &'a str {
        self.lines.get(self.at).map_or("", |line| line.text.as_str())
    }

    fn rest(&self) -> &'a str {
        self.line().get(self.offset..).unwrap_or_default()
    }

    /// Number of the line; behind the end, that of the last one.
    fn number(&self) -> u64 {
        self.lines.get(self.at).or(self.lines.last()).map_or(1, |line| line.number)
    }

    fn column(&self) -> u64 {
        let before = self.line().get(..self.offset).unwrap_or_default();
        before.chars().count() as u64 + 1
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { line: self.number(), column: self.column(), message: message.into() }
    }

    fn next_line(&mut self) {
        self.at += 1;
        self.offset = 0;
    }

    /// Goes to the next content of the document. False if there is none.
    fn skip_blank(&mut self) -> Result<bool, Fault> {
        loop {
            if self.at >= self.lines.len() {
                return Ok(false);
            }
            let rest = self.rest();
            let content = rest.trim_start_matches(' ');
            let blanks = rest.len() - content.len();
            let behind = content.trim_start_matches(['\t', ' ']);
            let is_free = blanks > 0 || self.offset == 0 || behind.len() < content.len();
            if behind.is_empty() || (behind.starts_with('#') && is_free) {
                self.next_line();
                continue;
            }
            if self.offset == 0 {
                if behind.len() < content.len() {
                    self.offset = blanks;
                    return Err(self.fault("a tab in the indentation; YAML has blanks there only"));
                }
                if blanks == 0 && is_marker(content) {
                    if self.started || content.starts_with('.') {
                        return Ok(false);
                    }
                    self.started = true;
                    self.offset = 3;
                    continue;
                }
                if blanks == 0 && content.starts_with('%') && !self.started {
                    self.next_line();
                    continue;
                }
            }
            self.started = true;
            self.offset += rest.len() - behind.len();
            return Ok(true);
        }
    }

    fn node(&self, line: u64, kind: Kind) -> Result<Rc<Node>, Fault> {
        let below = match &kind {
            Kind::Sequence(items) => items.iter().map(|item| item.height).max(),
            Kind::Mapping(entries) => entries.iter().map(|entry| entry.value.height).max(),
            Kind::Null | Kind::Text(_) | Kind::Unread => None,
        };
        let height = below.unwrap_or(0) + 1;
        if height > DEPTH_MAX {
            return Err(self.fault(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Rc::new(Node { line, kind, height }))
    }

    fn scalar(&self, line: u64, text: String, keep: bool) -> Result<Rc<Node>, Fault> {
        self.node(line, if keep { Kind::Text(text) } else { Kind::Unread })
    }

    /// The key at this place, if there is one.
    fn key_ahead(&self) -> Result<Option<KeyAhead>, Fault> {
        let rest = self.rest();
        let ends_key = |behind: &str| behind.is_empty() || behind.starts_with([' ', '\t']);
        if rest.starts_with(['"', '\'']) {
            let Some(length) = quoted_length(rest) else { return Ok(None) };
            let behind = rest.get(length..).unwrap_or_default();
            let blanks = behind.len() - behind.trim_start().len();
            let Some(after) = behind.trim_start().strip_prefix(':') else { return Ok(None) };
            if !ends_key(after) {
                return Ok(None);
            }
            let key = unquoted(rest.get(..length).unwrap_or_default());
            return Ok(Some(KeyAhead { key, length: length + blanks + 1, is_merge: false }));
        }
        if rest == "?" || rest.starts_with("? ") {
            return Err(self.fault("a key of several lines; keys are texts here"));
        }
        if rest.starts_with(['{', '[', '|', '>']) {
            return Ok(None);
        }
        let text = without_comment(rest);
        let colon = text
            .match_indices(':')
            .find(|(at, _)| text.get(at + 1..).is_some_and(ends_key))
            .map(|(at, _)| at);
        let Some(colon) = colon else { return Ok(None) };
        if rest.starts_with(['&', '*', '!']) {
            return Err(self.fault("an anchor, alias or tag of a key; keys are texts here"));
        }
        let key = text.get(..colon).unwrap_or_default().trim_end().to_owned();
        let is_merge = key == "<<";
        Ok(Some(KeyAhead { key, length: colon + 1, is_merge }))
    }

    /// What begins at the next content, which is at least this much indented.
    fn block(&mut self, min: usize, keep: bool, depth: usize) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        if depth > DEPTH_MAX {
            return Err(self.fault(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        if !self.skip_blank()? || self.offset < min {
            return self.node(line, Kind::Null);
        }
        let indent = self.offset;
        if is_dash(self.rest()) {
            return self.sequence(indent, keep, depth);
        }
        if self.key_ahead()?.is_some() {
            return self.mapping(indent, depth);
        }
        self.value(min.checked_sub(1), false, keep, depth)
    }

    fn sequence(&mut self, indent: usize, keep: bool, depth: usize) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        let mut items = Vec::new();
        while self.skip_blank()? && self.offset >= indent {
            if self.offset > indent || !is_dash(self.rest()) {
                if self.offset > indent {
                    return Err(self.fault("this is deeper indented than its neighbors"));
                }
                break;
            }
            self.offset += 1;
            let content = self.rest().trim_start();
            self.offset = self.line().len() - content.len();
            let is_nested = is_dash(content) || self.key_ahead()?.is_some();
            items.push(if is_nested && !content.starts_with('#') {
                self.block(self.offset, keep, depth + 1)?
            } else {
                self.value(Some(indent), false, keep, depth + 1)?
            });
        }
        self.node(line, Kind::Sequence(items))
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        let mut entries = Entries::default();
        while self.skip_blank()? && self.offset >= indent {
            if self.offset > indent {
                return Err(self.fault("this is deeper indented than its neighbors"));
            }
            let Some(ahead) = self.key_ahead()? else {
                if is_dash(self.rest()) {
                    return Err(self.fault("an item of a list where a key is expected"));
                }
                return Err(self.fault("a key with a colon and a blank behind it is expected"));
            };
            let (line, column) = (self.number(), self.column());
            self.offset += ahead.length;
            let keep = (self.keeps)(&ahead.key);
            let value = self.value(Some(indent), true, keep, depth + 1)?;
            self.enter(&mut entries, ahead, (line, column), value)?;
        }
        self.finish_mapping(line, entries)
    }

    fn enter(
        &mut self,
        entries: &mut Entries,
        ahead: KeyAhead,
        (line, column): (u64, u64),
        value: Rc<Node>,
    ) -> Result<(), Fault> {
        if ahead.is_merge {
            let from = if value.items().is_empty() { vec![value] } else { value.items().to_vec() };
            for node in &from {
                if !matches!(node.kind, Kind::Mapping(_)) {
                    let message = "a merge key takes a mapping, or a list of mappings".to_owned();
                    return Err(Fault { line, column, message });
                }
                self.merged += node.entries().len();
                if self.merged > MERGED_MAX {
                    let message = format!("merge keys copy more than {MERGED_MAX} entries");
                    return Err(Fault { line, column, message });
                }
                entries.merged.extend(node.entries().iter().cloned());
            }
            return Ok(());
        }
        if entries.own(Entry { key: ahead.key, line, column, value }) {
            let message = "the same key again; the last one counts".to_owned();
            self.remarks.push(Fault { line, column, message });
        }
        Ok(())
    }

    fn finish_mapping(&self, line: u64, mut entries: Entries) -> Result<Rc<Node>, Fault> {
        for entry in std::mem::take(&mut entries.merged) {
            if !entries.index.contains_key(&entry.key) {
                entries.own(entry);
            }
        }
        self.node(line, Kind::Mapping(entries.list))
    }

    /// What follows a key or a dash, on this line or the next ones. `parent` is the indentation of
    /// the key or dash; `None` at the top.
    fn value(
        &mut self,
        parent: Option<usize>,
        is_of_key: bool,
        mut keep: bool,
        depth: usize,
    ) -> Result<Rc<Node>, Fault> {
        let mut anchor = None;
        loop {
            let content = self.rest().trim_start();
            let is_free = self.offset == 0 || content.len() < self.rest().len();
            self.offset = self.line().len() - content.len();
            if content.is_empty() || (content.starts_with('#') && is_free) {
                let value = self.value_below(parent, is_of_key, keep, depth)?;
                return Ok(self.anchored(anchor, value));
            }
            let word = content.split([' ', '\t']).next().unwrap_or_default();
            match content.chars().next() {
                Some('&') => anchor = Some(word.trim_start_matches('&').to_owned()),
                Some('!') => keep = keep && word.starts_with("!!"),
                _ => break,
            }
            self.offset += word.len();
        }
        let value = match self.rest().chars().next() {
            Some('|' | '>') => self.block_scalar(parent, keep)?,
            Some('{' | '[' | '"' | '\'' | '*') => {
                let value = self.flow(keep, depth)?;
                let behind = self.rest();
                let comment = behind.trim_start();
                let is_comment = comment.starts_with('#') && comment.len() < behind.len();
                if !comment.is_empty() && !is_comment {
                    return Err(self.fault("something behind the end of a value"));
                }
                self.next_line();
                value
            }
            Some('@' | '`' | '%') => {
                return Err(self.fault("a value that begins so must stand in quotes"));
            }
            _ if is_dash(self.rest()) && is_of_key => {
                return Err(self.fault("a list begins on a line of its own"));
            }
            _ => self.plain(parent, keep)?,
        };
        Ok(self.anchored(anchor, value))
    }

    fn anchored(&mut self, anchor: Option<String>, value: Rc<Node>) -> Rc<Node> {
        if let Some(name) = anchor {
            self.anchors.insert(name, Rc::clone(&value));
        }
        value
    }

    /// The value of a key or dash behind which the line ends.
    fn value_below(
        &mut self,
        parent: Option<usize>,
        is_of_key: bool,
        keep: bool,
        depth: usize,
    ) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        self.next_line();
        if !self.skip_blank()? {
            return self.node(line, Kind::Null);
        }
        let is_deeper = parent.is_none_or(|parent| self.offset > parent);
        if is_deeper {
            return self.block(self.offset, keep, depth);
        }
        if is_of_key && parent == Some(self.offset) && is_dash(self.rest()) {
            return self.sequence(self.offset, keep, depth);
        }
        self.node(line, Kind::Null)
    }

    fn plain(&mut self, parent: Option<usize>, keep: bool) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        if self.key_ahead()?.is_some() {
            return Err(self.fault("a colon with a blank inside a value; put the value in quotes"));
        }
        let rest = self.rest();
        let first = without_comment(rest);
        let mut text = first.to_owned();
        let is_commented = first.len() < rest.trim_end().len();
        self.next_line();
        // A comment ends a text.
        while !is_commented && self.at < self.lines.len() {
            let content = self.line().trim_start_matches(' ');
            let indent = self.line().len() - content.len();
            let is_deeper = parent.is_none_or(|parent| indent > parent);
            if content.is_empty() {
                self.next_line();
                continue;
            }
            if !is_deeper || content.starts_with('#') || (indent == 0 && is_marker(content)) {
                break;
            }
            self.offset = indent;
            if content.starts_with('\t') {
                return Err(self.fault("a tab in the indentation; YAML has blanks there only"));
            }
            if self.key_ahead()?.is_some() {
                return Err(self.fault("this is deeper indented than its neighbors"));
            }
            if keep {
                text.push(' ');
                text.push_str(without_comment(content));
            }
            self.next_line();
        }
        match text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => self.node(line, Kind::Null),
            _ => self.scalar(line, text, keep),
        }
    }

    /// `|` and `>`: all deeper indented lines.
    fn block_scalar(&mut self, parent: Option<usize>, keep: bool) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        let joint = if self.rest().starts_with('>') { ' ' } else { '\n' };
        self.next_line();
        let mut text = String::new();
        while self.at < self.lines.len() {
            let content = self.line().trim_start_matches(' ');
            let indent = self.line().len() - content.len();
            let is_deeper = parent.is_none_or(|parent| indent > parent);
            if !content.is_empty() && (!is_deeper || (indent == 0 && is_marker(content))) {
                break;
            }
            if keep {
                text.push_str(content);
                text.push(joint);
            }
            self.next_line();
        }
        let text = text.trim_end().to_owned();
        self.scalar(line, text, keep)
    }

    /// Blanks, comments and ends of lines inside a flow collection.
    fn flow_blank(&mut self) -> Result<char, Fault> {
        loop {
            let rest = self.rest();
            let content = rest.trim_start();
            let is_free = self.offset == 0 || content.len() < rest.len();
            self.offset = self.line().len() - content.len();
            if content.is_empty() || (content.starts_with('#') && is_free) {
                if self.at + 1 >= self.lines.len() {
                    return Err(self.fault("the text ends inside brackets"));
                }
                self.next_line();
            } else {
                return Ok(content.chars().next().unwrap_or(' '));
            }
        }
    }

    /// A value inside brackets, or one that begins with a bracket, a quote or a star.
    fn flow(&mut self, mut keep: bool, depth: usize) -> Result<Rc<Node>, Fault> {
        if depth > DEPTH_MAX {
            return Err(self.fault(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        let mut anchor = None;
        loop {
            let first = self.flow_blank()?;
            let rest = self.rest();
            let word = rest.split([' ', ',', ']', '}']).next().unwrap_or_default();
            match first {
                '&' => anchor = Some(word.trim_start_matches('&').to_owned()),
                '!' => keep = keep && word.starts_with("!!"),
                '*' => {
                    let found = self.anchors.get(word.trim_start_matches('*'));
                    let Some(found) = found.map(Rc::clone) else {
                        return Err(self.fault("an alias without its anchor before it"));
                    };
                    self.offset += word.len();
                    return Ok(found);
                }
                _ => break,
            }
            self.offset += word.len().max(1);
        }
        let line = self.number();
        let value = match self.flow_blank()? {
            '{' => self.flow_mapping(depth)?,
            '[' => {
                self.offset += 1;
                let mut items = Vec::new();
                while self.flow_blank()? != ']' {
                    items.push(self.flow(keep, depth + 1)?);
                    self.flow_comma(']')?;
                }
                self.offset += 1;
                self.node(line, Kind::Sequence(items))?
            }
            '"' | '\'' => {
                let text = self.quoted(keep)?;
                self.scalar(line, text, keep)?
            }
            _ => {
                let text = self.flow_plain()?;
                match text {
                    "~" | "null" | "Null" | "NULL" => self.node(line, Kind::Null)?,
                    _ => self.scalar(line, text.to_owned(), keep)?,
                }
            }
        };
        Ok(self.anchored(anchor, value))
    }

    /// A comma, or the bracket that ends the collection, which stays.
    fn flow_comma(&mut self, end: char) -> Result<(), Fault> {
        match self.flow_blank()? {
            ',' => self.offset += 1,
            c if c == end => {}
            _ => return Err(self.fault(format!("a comma or {end} is expected"))),
        }
        Ok(())
    }

    fn flow_mapping(&mut self, depth: usize) -> Result<Rc<Node>, Fault> {
        let line = self.number();
        self.offset += 1;
        let mut entries = Entries::default();
        loop {
            let first = self.flow_blank()?;
            if first == '}' {
                self.offset += 1;
                return self.finish_mapping(line, entries);
            }
            let place = (self.number(), self.column());
            let key = match first {
                '"' | '\'' => self.quoted(true)?,
                '{' => {
                    return Err(self.fault(
                        "a brace inside a brace; a value that begins with {{ must stand in quotes",
                    ));
                }
                '[' | '&' | '*' | '!' | '?' => {
                    return Err(self.fault("a key that is no text"));
                }
                _ => self.flow_plain()?.to_owned(),
            };
            let value = if self.flow_blank()? == ':' {
                self.offset += 1;
                if matches!(self.flow_blank()?, ',' | '}') {
                    self.node(self.number(), Kind::Null)?
                } else {
                    self.flow((self.keeps)(&key), depth + 1)?
                }
            } else {
                self.node(self.number(), Kind::Null)?
            };
            let is_merge = key == "<<";
            self.enter(&mut entries, KeyAhead { key, length: 0, is_merge }, place, value)?;
            self.flow_comma('}')?;
        }
    }

    /// A text without quotes inside brackets.
    fn flow_plain(&mut self) -> Result<&'a str, Fault> {
        let rest = without_comment(self.rest());
        let ends = |(at, c): &(usize, char)| match c {
            ',' | '[' | ']' | '{' | '}' => true,
            ':' => rest.get(at + 1..).is_some_and(|behind| {
                behind.is_empty() || behind.starts_with([' ', '\t', ',', ']', '}'])
            }),
            _ => false,
        };
        let length = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
        if length == 0 {
            return Err(self.fault("a value is expected"));
        }
        self.offset += length;
        Ok(rest.get(..length).unwrap_or_default().trim_end())
    }

    /// A text in quotes, also over several lines.
    fn quoted(&mut self, keep: bool) -> Result<String, Fault> {
        let start = self.fault("a text in quotes that does not end");
        let mut whole = self.rest().to_owned();
        loop {
            if let Some(length) = quoted_length(&whole) {
                let behind = whole.len() - length;
                self.offset = self.line().len() - behind;
                let text = whole.get(..length).unwrap_or_default();
                return Ok(if keep { unquoted(text) } else { String::new() });
            }
            // What is not kept need not be joined, but its quote must be found.
            self.next_line();
            if self.at >= self.lines.len() || whole.len() > QUOTED_MAX {
                return Err(start);
            }
            whole.push(' ');
            whole.push_str(self.line().trim_start());
        }
    }
}

/// Longest text in quotes that goes over several lines, in bytes.
const QUOTED_MAX: usize = 16 * 1024;

/// Entries of a mapping while it is read.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    index: BTreeMap<String, usize>,
    merged: Vec<Entry>,
}

impl Entries {
    /// Adds an entry; true if it takes the place of one with the same key.
    fn own(&mut self, entry: Entry) -> bool {
        if let Some(old) = self.index.get(&entry.key).and_then(|at| self.list.get_mut(*at)) {
            *old = entry;
            return true;
        }
        self.index.insert(entry.key.clone(), self.list.len());
        self.list.push(entry);
        false
    }
}
