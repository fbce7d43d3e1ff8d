//! The walk through an archive.

use std::io::{self, BufRead, BufReader, Cursor, Read, SeekFrom};

use lzma_rust2::XzReader;

use super::gzip::Members;
use super::meter::{Blocks, Expanding, Meter, read_up_to};
use super::zip;
use super::{HEAD_BYTES, Input, Kind, Limit, ReadSeek, SEPARATOR, Trouble, Visit};
use crate::limits;

/// Walks through the archive `name` of this kind, and through all archives in it.
///
/// Returns what it is, for example `tar.gz archive`.
pub fn walk(name: &str, kind: Kind, input: Input<'_>, visit: &mut dyn Visit) -> &'static str {
    let meter = Meter::default();
    let mut walker =
        Walker { visit, meter: &meter, layers: vec![kind], is_bound_said: false, troubles: 0 };
    match (kind, input) {
        (Kind::Zip, Input::File(file)) => {
            // How much of a file that is read from any place went in is its size.
            meter.consume(file.seek(SeekFrom::End(0)).map_or(0, |size| size as usize));
            walker.zip(name, file, 1);
        }
        (_, Input::File(file)) => {
            walker.archive(name, kind, &mut Blocks::new(&mut *file, &meter), 1);
        }
        (_, Input::Stream(stream)) => {
            walker.archive(name, kind, &mut Blocks::new(stream, &meter), 1);
        }
    }
    describe(&walker.layers)
}

/// What the outermost layers make up.
fn describe(layers: &[Kind]) -> &'static str {
    match layers {
        [Kind::Gzip, Kind::Tar, ..] => "tar.gz archive",
        [Kind::Xz, Kind::Tar, ..] => "tar.xz archive",
        [Kind::Gzip, ..] => "gzip file",
        [Kind::Xz, ..] => "xz file",
        [Kind::Zip, ..] => "zip archive",
        [Kind::Tar, ..] | [] => "tar archive",
    }
}

struct Walker<'w> {
    visit: &'w mut dyn Visit,
    meter: &'w Meter,
    /// Kinds from the outermost on, as long as each holds nothing but the next.
    layers: Vec<Kind>,
    is_bound_said: bool,
    /// How often something could not be read.
    troubles: usize,
}

impl Walker<'_> {
    /// A container that is read from front to back. `depth` counts it and those around it.
    fn archive(&mut self, name: &str, kind: Kind, input: &mut dyn Read, depth: usize) {
        if depth > limits::ARCHIVE_DEPTH_MAX {
            // Others of its members may be fine: not a bound of the whole walk.
            self.trouble(name, Trouble::Limit(Limit::Depth));
            return;
        }
        let meter = self.meter;
        match kind {
            Kind::Gzip => {
                let inner = Members::new(input);
                self.compressed(name, &mut Expanding { inner, meter }, depth);
            }
            Kind::Xz => {
                let inner = XzReader::new_mem_limit(input, true, limits::XZ_MEMORY_KIB);
                self.compressed(name, &mut Expanding { inner, meter }, depth);
            }
            Kind::Tar => self.tar(name, input, depth),
            Kind::Zip => self.held_zip(name, input, depth),
        }
    }

    /// What one compressed file holds: an archive under the same name, or one member.
    fn compressed(&mut self, name: &str, input: &mut dyn Read, depth: usize) {
        let head = match read_up_to(input, HEAD_BYTES) {
            Ok(head) => head,
            Err(error) => return self.damaged(name, &error),
        };
        let kind = Kind::recognize(&head);
        let mut whole = Cursor::new(head).chain(input);
        if let Some(kind) = kind {
            if depth == self.layers.len() {
                self.layers.push(kind);
            }
            let before = self.troubles;
            self.archive(name, kind, &mut whole, depth + 1);
            // The sum of all that was packed stands behind the last member.
            if before == self.troubles
                && self.meter.exceeded().is_none()
                && let Err(error) = io::copy(&mut whole, &mut io::sink())
            {
                self.damaged(name, &error);
            }
        } else if self.counts(name) {
            let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
            let stem = base.strip_suffix(".gz").or_else(|| base.strip_suffix(".xz"));
            let stem = stem.filter(|stem| !stem.is_empty()).unwrap_or("content");
            let member = format!("{name}{SEPARATOR}{stem}");
            if let Err(error) = self.visit.member(&member, &mut whole) {
                self.damaged(&member, &error);
            }
        }
    }

    fn tar(&mut self, name: &str, input: &mut dyn Read, depth: usize) {
        let mut archive = tar::Archive::new(input);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return self.damaged(name, &error),
        };
        for entry in entries {
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.damaged(name, &error),
            };
            let kind = entry.header().entry_type();
            if !kind.is_file() && !kind.is_contiguous() && !kind.is_gnu_sparse() {
                continue;
            }
            let member = member_name(name, &String::from_utf8_lossy(&entry.path_bytes()));
            if !self.counts(name) {
                return;
            }
            let size = entry.size();
            // The reader of the crate takes the end of the input for the end of the member.
            let mut content = Exact { inner: &mut entry, left: size };
            if let Err(error) = self.member(&member, &mut content, depth) {
                return self.damaged(&member, &error);
            }
        }
    }

    /// A zip archive that must be held, because its list of members stands at its end.
    fn held_zip(&mut self, name: &str, input: &mut dyn Read, depth: usize) {
        let mut bytes = Vec::new();
        let most = limits::ARCHIVE_BYTES_MAX;
        let read = input.take(most as u64 + 1).read_to_end(&mut bytes);
        if bytes.len() > most {
            self.trouble(name, Trouble::Limit(Limit::HeldBytes));
            return;
        }
        if let Err(error) = read {
            self.damaged(name, &error);
        }
        self.zip(name, &mut Cursor::new(bytes), depth);
    }

    fn zip(&mut self, name: &str, file: &mut dyn ReadSeek, depth: usize) {
        if depth > limits::ARCHIVE_DEPTH_MAX {
            self.trouble(name, Trouble::Limit(Limit::Depth));
            return;
        }
        if let Err(what) = self.listed_zip(name, file, depth) {
            self.trouble(name, Trouble::Damaged(what));
            if let Err(error) = file.seek(SeekFrom::Start(0)) {
                return self.damaged(name, &error);
            }
            self.unlisted_zip(name, &mut BufReader::new(file), depth);
        }
    }

    /// The members by the list at the archive's end; what is wrong if there is none.
    fn listed_zip(
        &mut self,
        name: &str,
        file: &mut dyn ReadSeek,
        depth: usize,
    ) -> Result<(), String> {
        let archive = zip::Archive::open(file)?;
        let (list, damage) = archive.members();
        for entry in list {
            if !self.counts(name) {
                return Ok(());
            }
            let member = member_name(name, &entry.name);
            let meter = self.meter;
            match archive.content(&entry) {
                _ if entry.is_encrypted => self.trouble(&member, Trouble::Encrypted),
                Ok(None) => self.trouble(&member, Trouble::Method),
                Ok(Some(inner)) => {
                    let read = self.member(&member, &mut Expanding { inner, meter }, depth);
                    if let Err(error) = read {
                        self.damaged(&member, &error);
                    }
                }
                Err(error) => self.damaged(&member, &error),
            }
        }
        if let Some(what) = damage {
            self.trouble(name, Trouble::Damaged(what));
        }
        Ok(())
    }

    /// The members of a zip archive whose list is missing, as far as they can be read: it was cut.
    fn unlisted_zip(&mut self, name: &str, input: &mut dyn BufRead, depth: usize) {
        while let Ok(Some(header)) = zip::LocalHeader::read(input) {
            if !self.counts(name) {
                return;
            }
            let member = member_name(name, &header.name);
            let meter = self.meter;
            let read = match header.open(input) {
                Some(inner) => self.member(&member, &mut Expanding { inner, meter }, depth),
                None => return self.trouble(&member, Trouble::Method),
            };
            if let Err(error) = read.and_then(|()| header.skip_end(input)) {
                return self.damaged(&member, &error);
            }
        }
    }

    /// A member: another archive, or content for the visitor.
    fn member(&mut self, name: &str, content: &mut dyn Read, depth: usize) -> io::Result<()> {
        let head = read_up_to(content, HEAD_BYTES)?;
        let kind = Kind::recognize(&head);
        let mut whole = Cursor::new(head).chain(content);
        match kind {
            Some(kind) => {
                self.archive(name, kind, &mut whole, depth + 1);
                Ok(())
            }
            None => self.visit.member(name, &mut whole),
        }
    }

    fn trouble(&mut self, name: &str, trouble: Trouble) {
        self.troubles += 1;
        self.visit.trouble(name, trouble);
    }

    /// Counts a member. False at a bound, of this or of anything before.
    fn counts(&mut self, archive: &str) -> bool {
        if self.meter.exceeded().is_none() && !self.meter.member() {
            self.bound(archive);
        }
        self.meter.exceeded().is_none()
    }

    /// Something ended before its end: by damage, or by a bound.
    fn damaged(&mut self, name: &str, error: &io::Error) {
        if self.meter.exceeded().is_some() {
            self.bound(name);
        } else {
            self.trouble(name, Trouble::Damaged(said(error)));
        }
    }

    /// Says which bound ended the walk, once: everything around ends, too.
    fn bound(&mut self, name: &str) {
        if let Some(limit) = self.meter.exceeded()
            && !std::mem::replace(&mut self.is_bound_said, true)
        {
            self.trouble(name, Trouble::Limit(limit));
        }
    }
}

/// `ARCHIVE!/member/path`.
fn member_name(archive: &str, member: &str) -> String {
    let mut member = member;
    while let Some(rest) = member.strip_prefix("./") {
        member = rest;
    }
    format!("{archive}{SEPARATOR}{member}")
}

/// Content of a known size: an early end is an error.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends here"));
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

/// What a reader says of damage. Behind a colon it may quote the archive's bytes, which may hold
/// anything.
fn said(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(':').next().unwrap_or_default().to_owned()
}
