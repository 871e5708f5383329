//! Reading an export: every line, and whether the whole is what was written.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

use super::MirrorError;
use super::line::{EXPORT, Header, LONGEST, Line, Trailer};

/// Lines of a file, none longer than ours are.
pub(crate) struct Lines {
    pub(crate) path: PathBuf,
    input: BufReader<File>,
    /// The number of the line that was read last, from 1.
    pub(crate) number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self, MirrorError> {
        let file = File::open(path).map_err(MirrorError::io(path))?;
        // What was written must come from the disk, not from memory. Where that cannot be had, it is read all the same.
        if let Err(error) = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed) {
            tracing::debug!(%error, "a file of a mirror may be read from memory");
        }
        let input = BufReader::with_capacity(1 << 16, file);
        Ok(Self { path: path.to_owned(), input, number: 0, buffer: Vec::new() })
    }

    /// The next line, with its line feed if it has one; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, MirrorError> {
        self.buffer.clear();
        let longest = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(longest).read_until(b'\n', &mut self.buffer);
        if read.map_err(MirrorError::io(&self.path))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(&self.buffer))
    }

    pub(crate) fn damaged(&self, reason: &'static str) -> MirrorError {
        MirrorError::Damaged { path: self.path.clone(), line: self.number, reason }
    }
}

/// An export that is being read.
pub(crate) struct Reader {
    lines: Lines,
    digest: Context,
    pub(crate) header: Header,
}

const TRAILER: &[u8] = b"{\"trailer\":";

impl Reader {
    /// Opens an export and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, MirrorError> {
        let mut lines = Lines::open(path)?;
        let mut digest = Context::new(&SHA256);
        let first = lines.next()?.unwrap_or_default();
        digest.update(first);
        let header = match serde_json::from_slice(first) {
            Ok(Line::Header(header)) if header.format == EXPORT => header,
            Ok(Line::Header(_)) => {
                return Err(lines.damaged("it is of a form that this version of Lethe does not know"));
            }
            _ => return Err(lines.damaged("it does not begin as an export does")),
        };
        Ok(Self { lines, digest, header })
    }

    /// The next line, parsed; none behind the trailer, which then was right.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, MirrorError> {
        let Some(raw) = self.raw()? else { return Ok(None) };
        let line = serde_json::from_slice(raw).ok();
        match line {
            Some(Line::Header(_) | Line::Trailer(_)) | None => {
                Err(self.lines.damaged("it is no line of an export"))
            }
            line => Ok(line),
        }
    }

    /// The next line as it stands.
    fn raw(&mut self) -> Result<Option<&[u8]>, MirrorError> {
        let Some(raw) = self.lines.next()? else {
            return Err(self.lines.damaged("the file ends before its last line, so it was cut"));
        };
        if !raw.starts_with(TRAILER) {
            self.digest.update(raw);
            return Ok(Some(&self.lines.buffer));
        }
        let trailer = raw.strip_suffix(b"\n").and_then(|raw| serde_json::from_slice(raw).ok());
        let Some(Line::Trailer(Trailer { count, sha256 })) = trailer else {
            return Err(self.lines.damaged("its last line is not whole"));
        };
        let is = self.digest.clone().finish();
        if is.as_ref() != sha256 || count + 2 != self.lines.number {
            return Err(self
                .lines
                .damaged("count or SHA-256 of the lines before are not those of the export"));
        }
        if self.lines.next()?.is_some() {
            return Err(self.lines.damaged("something stands behind the last line"));
        }
        Ok(None)
    }

    /// Reads the rest without looking into its lines; answers how many there were.
    pub(crate) fn verify(mut self) -> Result<u64, MirrorError> {
        while self.raw()?.is_some() {}
        Ok(self.lines.number.saturating_sub(2))
    }
}
