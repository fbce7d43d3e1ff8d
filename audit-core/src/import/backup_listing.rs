//! Lists of the folder of backups: `ls -l`, `ls`, `find`.

use std::collections::BTreeMap;

use super::{Format, Named, Reads};
use crate::backup_name::{BackupName, Naming, folder_of};
use crate::evidence::{Source, Sources};
use crate::facts::Facts;
use crate::model::BackupKind;
use crate::note::{Note, NoteCode};
use crate::parse::console::Line;
use crate::seen::Place;

/// Reads lists of stores of backups.
///
/// # Shape
///
/// | line | becomes |
/// |---|---|
/// | `$ ls -l /var/lib/ipa/backup/ipa-full-…`, `/var/lib/ipa/backup/ipa-full-…:` | the folder of the lines below |
/// | `-rw-r--r--. 1 root root 3121511 Jan 29 12:11 ipa-full.tar` | the archive of that folder, with its size |
/// | `header  ipa-full.tar.gpg` | the files of that folder |
/// | `drwx------. … ipa-data-2021-01-29-12-14-23`, `ipa-data-…/` | a backup in the folder that is listed |
/// | `f 158 1611922306.0 /var/lib/ipa/backup/ipa-full-…/header` (`find -printf '%y %s %T@ %p\n'`) | the same, by its path |
/// | `/var/lib/ipa/backup/ipa-full-…/ipa-full.tar` (`find`) | the same, without size |
///
/// The machine is that of the prompt or of the export bundle. A list gives no host with its domain,
/// no version and no services, and a name carries the host's local time. Where a folder is listed
/// without its archive, or without its header, the backup is incomplete.
///
/// # Errors
///
/// A name that begins like that of a backup and is none is noted: a date alone, dashes of a word
/// processor, a file where a folder belongs.
///
/// # Source
///
/// FreeIPA `ipaserver/install/ipa_backup.py` (`finalize_backup`); GNU coreutils and findutils;
/// guide 5.2, 5.4, 5.5.2.
pub(super) static FORMAT: Format = Format {
    name: "list of backups",
    command: "ls -lR /var/lib/ipa/backup",
    reader: Reads::Lines(read),
};

/// What a list shows of one folder.
#[derive(Default)]
struct Folder {
    machine: Option<String>,
    /// True if its files are listed.
    is_listed: bool,
    header: Option<Source>,
    archive: Option<(Source, Archive)>,
    sources: Sources,
}

/// An archive in a list.
#[derive(Clone, Copy)]
struct Archive {
    kind: BackupKind,
    encrypted: bool,
    bytes: Option<u64>,
}

/// Names of the files that a backup's folder holds.
fn archive(name: &str) -> Option<(BackupKind, bool)> {
    match name {
        "ipa-full.tar" => Some((BackupKind::Full, false)),
        "ipa-full.tar.gpg" => Some((BackupKind::Full, true)),
        "ipa-data.tar" => Some((BackupKind::Data, false)),
        "ipa-data.tar.gpg" => Some((BackupKind::Data, true)),
        _ => None,
    }
}

fn read(named: &Named<'_>, lines: &[Line], facts: &mut Facts) -> bool {
    // Every path of a backup's folder begins so, and so do its files.
    if !lines.iter().any(|line| line.text.contains("ipa-")) {
        return false;
    }
    let mut list = List {
        named,
        machine: named.observed_from.as_ref().map(ToString::to_string),
        folder: None,
        found: BTreeMap::new(),
        notes: Vec::new(),
    };
    for line in lines {
        list.line(line);
    }
    let List { found, notes, .. } = list;
    let is_own = !found.is_empty() || !notes.is_empty();
    for note in notes {
        facts.note(note);
    }
    for (path, folder) in found {
        state(&path, folder, facts);
    }
    is_own
}

struct List<'a> {
    named: &'a Named<'a>,
    machine: Option<String>,
    /// The folder whose content the next lines are.
    folder: Option<String>,
    found: BTreeMap<String, Folder>,
    notes: Vec<Note>,
}

impl List<'_> {
    /// The folder of a backup. Never the line itself: it may hold anything.
    fn folder(&mut self, path: &str, line: &Line) -> &mut Folder {
        let name = path.rsplit('/').next().unwrap_or_default();
        let source = self.named.source(line.number, format!("listed: {name}"));
        let machine = self.machine.clone();
        let folder = self.found.entry(path.to_owned()).or_default();
        folder.machine = folder.machine.take().or(machine);
        folder.sources.insert(source);
        folder
    }

    fn line(&mut self, line: &Line) {
        let text = line.text.trim();
        let text = text.strip_prefix("# ").unwrap_or(text);
        if let Some((machine, words)) = command(text) {
            self.command(machine, &words, line);
            return;
        }
        if let Some(path) = text.strip_suffix(':').filter(|path| !path.contains(' ')) {
            // A heading of `ls -R`, or of `ls` with several folders.
            self.open(path, line);
            return;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        if let [kind, size, _, path] = words.as_slice()
            && ["f", "d"].contains(kind)
            && path.starts_with('/')
        {
            self.path(path, size.parse().ok(), line);
        } else if let [path] = words.as_slice()
            && path.starts_with('/')
        {
            self.path(path, None, line);
        } else if is_mode(words.first().copied().unwrap_or_default()) && words.len() > 8 {
            let name = words.get(8..).unwrap_or_default().join(" ");
            let size = words.get(4).and_then(|size| size.parse().ok());
            self.entry(&name, size, line);
        } else if self.folder.is_some() && !text.is_empty() && !text.starts_with("total ") {
            for word in words.iter().take_while(|word| word.is_ascii()) {
                self.entry(word, None, line);
            }
        }
    }

    /// A command line: what it lists, or what it wants to restore.
    fn command(&mut self, machine: Option<String>, words: &[String], line: &Line) {
        self.machine =
            machine.or_else(|| self.named.observed_from.as_ref().map(ToString::to_string));
        self.folder = None;
        let lists = ["ls", "ll", "find", "tree", "dir"];
        let Some(at) =
            words.iter().position(|word| lists.contains(&word.as_str()) || word == "ipa-restore")
        else {
            return;
        };
        let is_restore = words.get(at).is_some_and(|word| word == "ipa-restore");
        let paths = words.get(at + 1..).unwrap_or_default().iter();
        for path in paths.filter(|word| !word.starts_with('-') && word.contains('/')) {
            if is_restore {
                self.check_name(path, line);
            } else {
                self.open(path, line);
            }
        }
    }

    /// Notes a name that `ipa-restore` would refuse.
    fn check_name(&mut self, path: &str, line: &Line) {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if let Naming::Alike(why) = BackupName::read(name) {
            self.note(name, why, line);
        }
    }

    fn note(&mut self, name: &str, why: &str, line: &Line) {
        let message = format!("\"{name}\" is not the name of a backup: {why}");
        self.notes.push(
            Note::on_file(self.named.file, NoteCode::NotABackupName, message)
                .at(line.number)
                .help("ipa-backup writes folders ipa-full-YYYY-MM-DD-HH-MM-SS or ipa-data-…"),
        );
    }

    /// The folder that is listed next.
    fn open(&mut self, path: &str, line: &Line) {
        let path = path.trim_end_matches('/');
        self.folder = Some(path.to_owned());
        if let Some((folder, _)) = folder_of(path).filter(|(folder, _)| *folder == path) {
            let folder = folder.to_owned();
            self.folder(&folder, line).is_listed = true;
        }
    }

    /// A name in the folder that is listed.
    fn entry(&mut self, name: &str, bytes: Option<u64>, line: &Line) {
        let name = name.trim_end_matches('/');
        let Some(folder) = self.folder.clone() else {
            // A list without the command above it.
            self.alone(name, line);
            return;
        };
        let is_of_backup = folder_of(&folder).is_some_and(|(path, _)| path == folder);
        if is_of_backup {
            self.file(&folder, name, bytes, line);
        } else {
            match BackupName::read(name) {
                Naming::Backup(_) => {
                    self.folder(&format!("{folder}/{name}"), line);
                }
                Naming::Alike(why) => self.note(name, why, line),
                Naming::Other => {}
            }
        }
    }

    fn alone(&mut self, name: &str, line: &Line) {
        match BackupName::read(name) {
            Naming::Backup(_) => {
                self.folder(name, line);
            }
            Naming::Alike(why) => self.note(name, why, line),
            Naming::Other => {}
        }
    }

    fn path(&mut self, path: &str, bytes: Option<u64>, line: &Line) {
        let path = path.trim_end_matches('/');
        let Some((folder, _)) = folder_of(path) else {
            self.check_name(path, line);
            return;
        };
        let folder = folder.to_owned();
        match path.get(folder.len() + 1..) {
            None => {
                self.folder(&folder, line);
            }
            Some(name) => self.file(&folder, name, bytes, line),
        }
    }

    /// A file of a backup's folder.
    fn file(&mut self, folder: &str, name: &str, bytes: Option<u64>, line: &Line) {
        let size = bytes.map_or(String::new(), |bytes| format!(", {bytes} bytes"));
        let source = self.named.source(line.number, format!("listed: {name}{size}"));
        let folder = self.folder(folder, line);
        if name == "header" {
            folder.is_listed = true;
            folder.header = Some(source);
        } else if let Some((kind, encrypted)) = archive(name) {
            folder.is_listed = true;
            folder.archive = Some((source, Archive { kind, encrypted, bytes }));
        }
    }
}

/// The machine and the words of a command line that lists or restores.
fn command(text: &str) -> Option<(Option<String>, Vec<String>)> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let at = words.iter().position(|word| {
        ["ls", "ll", "find", "tree", "dir", "ipa-restore"].contains(&word.as_str())
    })?;
    let before = words.get(..at)?;
    let is_prompt = before
        .iter()
        .rev()
        .find(|word| *word != "sudo")
        .is_none_or(|word| word.ends_with(['$', '#', '%', '>']));
    let machine = before.iter().find_map(|word| {
        let name = word.rsplit_once('@')?.1;
        let end = name.find(|c: char| !(c.is_alphanumeric() || ".-_".contains(c)));
        let name = name.get(..end.unwrap_or(name.len()))?;
        (!name.is_empty()).then(|| name.to_lowercase())
    });
    is_prompt.then_some((machine, words))
}

/// The mode at the start of a line of `ls -l`.
fn is_mode(word: &str) -> bool {
    word.len() >= 10
        && word.starts_with(['-', 'd', 'l'])
        && word.get(1..10).is_some_and(|mode| mode.chars().all(|c| "rwxsStT-".contains(c)))
}

fn state(path: &str, folder: Folder, facts: &mut Facts) {
    let place = Place::of(path, folder.machine.as_deref());
    let all = folder.sources.clone();
    let backup = facts.seen.backup(place, folder.sources);
    if let Some((source, archive)) = &folder.archive {
        let sources = Sources::from([source.clone()]);
        backup.kind.claim(archive.kind, sources.clone());
        backup.encrypted.claim(archive.encrypted, sources.clone());
        if let Some(bytes) = archive.bytes {
            backup.bytes.claim(bytes, sources.clone());
            if bytes == 0 {
                backup.complete.claim(false, sources);
            }
        }
    }
    // That header and archive are there does not prove that the archive is whole.
    if folder.is_listed && (folder.header.is_none() || folder.archive.is_none()) {
        backup.complete.claim(false, all);
    }
}
