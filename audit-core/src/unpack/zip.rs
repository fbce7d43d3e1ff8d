//! Members of a zip archive: by its list, which stands at the end, or one after the other where the
//! list is missing.
//!
//! Source: APPNOTE.TXT 6.3.10 (PKWARE), 4.3.7 (local header), 4.3.9 (data descriptor), 4.4.5
//! (methods).

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, SeekFrom};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ReaderAt, ZipArchiveEntryWayfinder, ZipLocator};

use super::ReadSeek;
use crate::limits;

/// A file that is read at places.
struct At<'f>(RefCell<&'f mut dyn ReadSeek>);

impl ReaderAt for At<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = self.0.try_borrow_mut().map_err(io::Error::other)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read(buffer)
    }
}

/// A member by the archive's list.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_encrypted: bool,
    method: CompressionMethod,
    place: ZipArchiveEntryWayfinder,
}

/// An archive with its list.
pub(super) struct Archive<'f>(rawzip::ZipArchive<At<'f>>);

impl<'f> Archive<'f> {
    /// Finds the list; what is wrong if there is none.
    pub(super) fn open(file: &'f mut dyn ReadSeek) -> Result<Self, String> {
        let size = file.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        ZipLocator::new()
            .locate_in_reader(At(RefCell::new(file)), &mut buffer, size)
            .map(Self)
            .map_err(|(_, error)| error.to_string())
    }

    /// The list without folders, and what is wrong with it if it is damaged behind them.
    pub(super) fn members(&self) -> (Vec<Entry>, Option<String>) {
        let mut list = Vec::new();
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let mut entries = self.0.entries(&mut buffer);
        // One more than the bound, so that the walk sees it exceeded.
        while list.len() as u64 <= limits::ARCHIVE_MEMBERS_MAX {
            match entries.next_entry() {
                Ok(None) => break,
                Err(error) => return (list, Some(error.to_string())),
                Ok(Some(entry)) if entry.is_dir() => {}
                Ok(Some(entry)) => list.push(Entry {
                    name: String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned(),
                    is_encrypted: entry.flags().is_encrypted(),
                    method: entry.compression_method(),
                    place: entry.wayfinder(),
                }),
            }
        }
        (list, None)
    }

    /// The content of a member; `None` if its method is not read. Its end is an error if size or
    /// checksum differ from the list.
    pub(super) fn content(&self, member: &Entry) -> io::Result<Option<Box<dyn Read + '_>>> {
        let entry = self.0.get_entry(member.place).map_err(io::Error::other)?;
        let raw = BufReader::new(entry.reader());
        Ok(match member.method {
            CompressionMethod::STORE => Some(Box::new(entry.verifying_reader(raw))),
            CompressionMethod::DEFLATE => {
                Some(Box::new(entry.verifying_reader(DeflateDecoder::new(raw))))
            }
            _ => None,
        })
    }
}

/// The header in front of a member.
pub(super) struct LocalHeader {
    pub(super) name: String,
    is_encrypted: bool,
    has_size_behind: bool,
    method: u16,
    compressed: u64,
}

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const DATA_DESCRIPTOR: &[u8] = b"PK\x07\x08";
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

impl LocalHeader {
    /// The next header; `None` where something else stands.
    pub(super) fn read(input: &mut dyn BufRead) -> io::Result<Option<Self>> {
        let mut bytes = [0; 30];
        input.read_exact(&mut bytes)?;
        if !bytes.starts_with(LOCAL_HEADER) {
            return Ok(None);
        }
        let short = |at: usize| match bytes.get(at..at + 2) {
            Some([low, high]) => u16::from_le_bytes([*low, *high]),
            _ => 0,
        };
        let flags = short(6);
        let mut name = vec![0; usize::from(short(26))];
        input.read_exact(&mut name)?;
        let mut extra = vec![0; usize::from(short(28))];
        input.read_exact(&mut extra)?;
        Ok(Some(Self {
            name: String::from_utf8_lossy(&name).into_owned(),
            is_encrypted: flags & 1 != 0,
            has_size_behind: flags & 8 != 0,
            method: short(8),
            compressed: u64::from(short(18)) | u64::from(short(20)) << 16,
        }))
    }

    /// The content behind the header; `None` if it cannot be read without the archive's list.
    pub(super) fn open<'i>(&self, input: &'i mut dyn BufRead) -> Option<Box<dyn Read + 'i>> {
        match self.method {
            _ if self.is_encrypted || self.compressed == u64::from(u32::MAX) => None,
            STORED if !self.has_size_behind => Some(Box::new(input.take(self.compressed))),
            // The compressed data say themselves where they end.
            DEFLATED => Some(Box::new(DeflateDecoder::new(input))),
            _ => None,
        }
    }

    /// Passes over what may stand behind the content.
    pub(super) fn skip_end(&self, input: &mut dyn BufRead) -> io::Result<()> {
        if self.has_size_behind && input.fill_buf()?.starts_with(DATA_DESCRIPTOR) {
            input.read_exact(&mut [0; 16])?;
        }
        Ok(())
    }
}
