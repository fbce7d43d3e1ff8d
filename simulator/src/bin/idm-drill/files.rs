//! Files into the importer: the only file input of the project.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use audit_core::example;
use audit_core::import::{Import, Imported};
use audit_core::note::{Note, NoteCode};
use audit_core::unpack::Input;

use crate::progress::Progress;

/// Folders inside folders that are followed.
const DEPTH_MAX: usize = 16;

/// Reads every path; without any, the bundled example. What cannot be read becomes a note.
pub(crate) fn import(paths: &[PathBuf]) -> Imported {
    let mut import = Import::new();
    if paths.is_empty() {
        for (name, bytes) in example::FILES {
            import.add(name, bytes);
        }
    }
    let mut walker = Walker { import, seen: BTreeSet::new() };
    for path in paths {
        if path.as_os_str() == "-" {
            let name = "standard input";
            let mut input = Progress::new(io::stdin().lock(), name, None);
            walker.read(name, Input::Stream(&mut input));
        } else {
            walker.path(path, 0);
        }
    }
    walker.import.finish()
}

struct Walker {
    import: Import,
    seen: BTreeSet<PathBuf>,
}

impl Walker {
    fn path(&mut self, path: &Path, depth: usize) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(path, &error.to_string()),
        };
        if metadata.is_dir() {
            self.folder(path, depth);
        } else if depth > 0 && !metadata.is_file() {
            // A pipe in a folder would be waited for; named on the command line it is meant.
            self.unreadable(path, "not a regular file");
        } else {
            self.file(path);
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        // A link that leads back up would never end.
        let known = fs::canonicalize(path).is_ok_and(|real| !self.seen.insert(real));
        if known || depth > DEPTH_MAX {
            return;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(path, &error.to_string()),
        };
        let mut children: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        children.sort();
        for child in children {
            let hidden =
                child.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden {
                self.path(&child, depth + 1);
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the command line opens files")]
    fn file(&mut self, path: &Path) {
        match fs::File::open(path) {
            Ok(file) => {
                // A device or pipe may never end; a file is read on for its checksum, and an
                // archive from any place.
                let metadata = file.metadata().ok().filter(fs::Metadata::is_file);
                let name = path.display().to_string();
                let mut file = Progress::new(file, &name, metadata.as_ref().map(fs::Metadata::len));
                let input = match metadata {
                    Some(_) => Input::File(&mut file),
                    None => Input::Stream(&mut file),
                };
                self.read(&name, input);
            }
            Err(error) => self.unreadable(path, &error.to_string()),
        }
    }

    fn read(&mut self, name: &str, input: Input<'_>) {
        if let Err(error) = self.import.read(name, input) {
            self.unreadable(Path::new(name), &error.to_string());
        }
    }

    fn unreadable(&mut self, path: &Path, error: &str) {
        let file: Arc<str> = path.display().to_string().into();
        let note = Note::on_file(&file, NoteCode::Unreadable, format!("cannot be read: {error}"))
            .help("Check the name and the permissions; everything else was audited.");
        self.import.note(note);
    }
}
