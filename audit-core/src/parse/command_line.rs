//! Command lines as they stand in a pasted session.

use std::collections::VecDeque;

use super::console::Line;

/// A command line of IdM's tools found in the text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Command {
    /// Line it stands in.
    pub line: u64,
    /// The program: `ipa`, `ipa-replica-manage`, `ipactl` and the like.
    pub program: &'static str,
    /// What it was told to do, for example `topologysegment-find`; empty for `cipa`.
    pub name: String,
    /// Machine that it ran on, as prompt or `ssh` show it: often without the domain.
    pub host: Option<String>,
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

    /// True if this is the program told to do that.
    pub fn is(&self, program: &str, name: &str) -> bool {
        self.program == program && self.name == name
    }

    /// The command as a message shows it, without arguments.
    pub fn title(&self) -> String {
        format!("{} {}", self.program, self.name).trim_end().to_owned()
    }
}

/// How the words behind a program are read.
struct Program {
    name: &'static str,
    /// Whether the first argument says what to do.
    has_name: bool,
    /// Short options that are followed by a value. Passwords are among them: values are dropped.
    dropped: &'static str,
    /// Short options whose value is kept.
    kept: &'static str,
}

const PROGRAMS: [Program; 6] = [
    Program { name: "ipa", has_name: true, dropped: "", kept: "" },
    Program { name: "ipa-replica-manage", has_name: true, dropped: "pDw", kept: "H" },
    Program { name: "ipa-csreplica-manage", has_name: true, dropped: "p", kept: "H" },
    Program { name: "ipa-crlgen-manage", has_name: true, dropped: "", kept: "" },
    Program { name: "ipactl", has_name: true, dropped: "", kept: "" },
    Program { name: "cipa", has_name: false, dropped: "DW", kept: "Hd" },
];

/// The commands of a line: behind any prompt or at its start, joined by `;` or `&&`.
pub(super) fn parse_commands(line: &Line) -> VecDeque<Command> {
    if !line.text.contains("ipa") {
        return VecDeque::new();
    }
    let words = split_words(&line.text);
    let remote = words.iter().any(|word| word == "ssh");
    let words: Vec<String> = if remote {
        // What runs on the other machine is often quoted as a whole.
        words.iter().flat_map(|word| split_words(word)).collect()
    } else {
        words
    };
    words
        .split(|word| word == ";" || word == "&&")
        .filter_map(|words| parse_command(line.number, words))
        .collect()
}

/// True for a shell's prompt with a user and a machine in it, or for a bare `$`, whatever was typed
/// behind it.
pub(super) fn is_prompt(text: &str) -> bool {
    let mut before = text.split(['#', '$', '%', '>']);
    let Some(head) = before.next().filter(|head| head.len() < text.len()) else { return false };
    let behind = text.get(head.len() + 1..).unwrap_or_default();
    let words = head.split_whitespace().count();
    if words == 0 && text.trim_start().starts_with("$ ") {
        return true;
    }
    head.contains('@') && words <= 2 && (behind.is_empty() || behind.starts_with(' '))
}

fn parse_command(line: u64, words: &[String]) -> Option<Command> {
    let (at, program) = words.iter().enumerate().find_map(|(at, word)| {
        let base = word.rsplit('/').next().unwrap_or(word);
        Some((at, PROGRAMS.iter().find(|program| program.name == base)?))
    })?;
    let before = words.get(..at)?;
    let (before, machine) = match before.iter().position(|word| word == "ssh") {
        Some(ssh) => {
            let target = before.get(ssh + 1..)?.iter().find(|word| !word.starts_with('-'))?;
            (before.get(..ssh)?, Some(target.as_str()))
        }
        None => (before, before.iter().map(String::as_str).find(|word| word.contains('@'))),
    };
    if !is_behind_prompt(before) {
        return None;
    }
    let mut rest = words.get(at + 1..)?.iter().peekable();
    let mut command = Command {
        line,
        program: program.name,
        host: machine.and_then(machine_name),
        ..Command::default()
    };
    // Options of `ipa` itself stand before the name of what to do.
    if program.name == "ipa" {
        while rest.next_if(|word| word.starts_with('-')).is_some() {}
        let name = rest.next()?;
        let is_name =
            name.contains('-') && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        command.name = is_name.then(|| name.clone())?;
    }
    read_words(&mut command, program, rest);
    if program.has_name && command.name.is_empty() {
        return None;
    }
    Some(command)
}

/// Prompts are short; "see the manual of ipa user-add" is prose. `LC_ALL=C` and `sudo` may stand
/// between prompt and command.
fn is_behind_prompt(before: &[String]) -> bool {
    let mut before = before.iter().rev().skip_while(|word| {
        *word == "sudo" || word.split_once('=').is_some_and(|(name, _)| is_variable(name))
    });
    before.next().is_none_or(|word| word.ends_with(['$', '#', '%', '>']))
}

/// `ipa1` of `[root@ipa1`, `root@ipa1:~$` and `ipa1`.
fn machine_name(word: &str) -> Option<String> {
    let name = word.rsplit('@').next()?;
    let end = name.find(|c: char| !(c.is_alphanumeric() || ".-_".contains(c)));
    let name = name.get(..end.unwrap_or(name.len()))?;
    (!name.is_empty()).then(|| name.to_lowercase())
}

fn read_words<'a>(
    command: &mut Command,
    program: &Program,
    mut rest: impl Iterator<Item = &'a String>,
) {
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
        if let Some(option) = word.strip_prefix("--") {
            let (option, value) = match option.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None if takes_value(option) => (option, rest.next().cloned()),
                None => (option, None),
            };
            // A password is not kept, not even for a message.
            let value = value.filter(|_| !option.contains("pass") && !option.contains("pw"));
            command.options.push((option.to_owned(), value));
        } else if let Some(option) = word.strip_prefix('-') {
            let value = match option {
                "" => None,
                _ if program.kept.contains(option) => rest.next().cloned(),
                _ if program.dropped.contains(option) => {
                    rest.next();
                    None
                }
                _ => None,
            };
            command.options.push((option.to_owned(), value));
        } else if program.has_name && command.name.is_empty() {
            command.name.clone_from(word);
        } else {
            command.arguments.push(word.clone());
        }
    }
}

/// True for the name of an environment variable.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// Options that stand alone; every other one is followed by its value.
fn takes_value(option: &str) -> bool {
    const ALONE: [&str; 10] = [
        "all",
        "cleanup",
        "force",
        "help",
        "include-master",
        "no-lookup",
        "no-members",
        "pkey-only",
        "raw",
        "verbose",
    ];
    !ALONE.contains(&option)
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
