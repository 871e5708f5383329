//! A file of a chunk, read from front to back.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};

use super::Fault;
use super::folder::Folder;
use crate::Hash;

/// How long a line may be, in bytes: more than 256 hashes, or an entry with its longest texts, escaped.
const MAX_LINE: u64 = 64 << 10;

/// What was read is kept in a buffer of that size.
const BUFFER: usize = 256 << 10;

/// The file, and the line that was read last.
pub(super) struct Source {
    pub(super) file: String,
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Source {
    pub(super) fn open(folder: &Folder, file: String) -> Result<Self, Fault> {
        let opened = folder.file(&file)?;
        Ok(Self { file, reader: BufReader::with_capacity(BUFFER, opened), line: Vec::new() })
    }

    /// Reads a line, without its line feed; false at the end of the file.
    pub(super) fn read_line(&mut self, position: u64) -> Result<bool, Fault> {
        self.line.clear();
        let mut limited = self.reader.by_ref().take(MAX_LINE);
        limited.read_until(b'\n', &mut self.line).map_err(Fault::file(&self.file))?;
        match self.line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) if self.line.len() as u64 + 1 == MAX_LINE => {
                Err(self.malformed(position, "A line is too long."))
            }
            Some(_) => Err(self.truncated(position)),
        }
    }

    /// The line that was read last.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Whether the file is at its end.
    pub(super) fn at_end(&mut self) -> Result<bool, Fault> {
        Ok(self.reader.fill_buf().map_err(Fault::file(&self.file))?.is_empty())
    }

    /// The SHA-256 of a text of that length, which is followed by a line feed.
    pub(super) fn hash_text(&mut self, bytes: u64, position: u64) -> Result<Hash, Fault> {
        let mut context = Context::new(&SHA256);
        let mut left = bytes;
        while left > 0 {
            let buffer = self.reader.fill_buf().map_err(Fault::file(&self.file))?;
            let wanted = usize::try_from(left).unwrap_or(usize::MAX);
            let piece = buffer.get(..wanted).unwrap_or(buffer);
            if piece.is_empty() {
                return Err(self.truncated(position));
            }
            context.update(piece);
            let taken = piece.len();
            self.reader.consume(taken);
            left -= taken as u64;
        }
        match self.reader.fill_buf().map_err(Fault::file(&self.file))?.first() {
            Some(b'\n') => self.reader.consume(1),
            Some(_) => return Err(self.malformed(position, "A text does not end where it should.")),
            None => return Err(self.truncated(position)),
        }
        Hash::try_from(context.finish().as_ref()).map_err(|error| self.malformed(position, error))
    }

    /// Whether a line that begins so comes later. For the reason of a fault only: it reads the file to its end, and takes
    /// texts for lines too.
    pub(super) fn comes(&mut self, begin: &[u8]) -> bool {
        let mut line = Vec::with_capacity(begin.len());
        loop {
            line.clear();
            let read = self.reader.by_ref().take(begin.len() as u64).read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) {
                return false;
            }
            if line == begin {
                return true;
            }
            // The rest of a line may be long; it is not kept.
            if !line.ends_with(b"\n") && self.reader.skip_until(b'\n').is_err() {
                return false;
            }
        }
    }

    pub(super) fn malformed(&self, position: u64, reason: impl std::fmt::Display) -> Fault {
        Fault::Malformed { file: self.file.clone(), position, reason: reason.to_string() }
    }

    pub(super) fn truncated(&self, position: u64) -> Fault {
        Fault::Truncated { file: self.file.clone(), position }
    }
}
