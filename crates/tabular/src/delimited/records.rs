//! Finds record after record in a stream, in bounded memory.

use std::io;

use super::record::{Record, Step};
use super::{Delimiter, RECORD_LIMIT, detect};
use crate::encoding::Decoding;
use crate::{Error, RowErrorKind};

/// How many bytes may be read again after broken quotes. Without it a hostile file of many short lines, each of which
/// opens a quote up to the limit, would take hours.
const REREAD_LIMIT: usize = 1024 * 1024 * 1024;

/// The records of a file.
pub(crate) struct Records {
    decoding: Decoding,
    /// Decoded text from somewhere before the current record on.
    buffer: Vec<u8>,
    /// Where the current record starts in the buffer.
    start: usize,
    record: Record,
    /// The last record ended with CR, so that an LF now belongs to it.
    after_cr: bool,
    may_reread: usize,
    ended: bool,
}

/// How a record ended, and its length in the buffer.
enum Extent {
    Whole(usize),
    Broken(RowErrorKind, usize),
    EndOfFile,
}

impl Records {
    /// Finds the delimiter and stands before the first record.
    pub(crate) fn open(mut decoding: Decoding) -> Result<(Records, Delimiter), Error> {
        let mut buffer = Vec::new();
        while buffer.len() < RECORD_LIMIT && decoding.read_into(&mut buffer)? {}
        let detect::Detected { delimiter, skip } = detect::detect(&buffer)?;
        let records = Records {
            decoding,
            buffer,
            start: skip,
            record: Record::new(delimiter.byte()),
            after_cr: false,
            may_reread: REREAD_LIMIT,
            ended: false,
        };
        Ok((records, delimiter))
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.decoding.read_into(&mut self.buffer)
    }

    fn scan(&mut self) -> io::Result<Extent> {
        self.record.clear();
        self.skip_line_feed()?;
        let mut length = 0;
        loop {
            for &byte in self.buffer.get(self.start + length..).unwrap_or_default() {
                length += 1;
                match self.record.push(byte) {
                    _ if length > RECORD_LIMIT => {
                        let kind = RowErrorKind::TooLong { limit: RECORD_LIMIT as u64 };
                        return Ok(Extent::Broken(kind, length));
                    }
                    Step::More => {}
                    Step::End => {
                        self.after_cr = byte == b'\r';
                        return Ok(Extent::Whole(length));
                    }
                    Step::Malformed => return Ok(Extent::Broken(RowErrorKind::Quoting, length)),
                }
            }
            if !self.fill()? {
                return Ok(self.last(length));
            }
        }
    }

    fn last(&mut self, length: usize) -> Extent {
        match (length, self.record.finish()) {
            (0, _) => Extent::EndOfFile,
            (_, true) => Extent::Whole(length),
            (_, false) => Extent::Broken(RowErrorKind::Quoting, length),
        }
    }

    fn skip_line_feed(&mut self) -> io::Result<()> {
        if self.after_cr && (self.start < self.buffer.len() || self.fill()?) {
            self.start += usize::from(self.buffer.get(self.start) == Some(&b'\n'));
        }
        self.after_cr = false;
        Ok(())
    }

    /// Goes behind the line in which the broken record starts; false when too much was read again already.
    fn resynchronise(&mut self, mut scanned: usize) -> io::Result<bool> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if let Some(index) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
                self.after_cr = rest.get(index) == Some(&b'\r');
                self.start += index + 1;
                let again = scanned.saturating_sub(index + 1);
                let allowed = self.may_reread.checked_sub(again);
                self.may_reread = allowed.unwrap_or_default();
                return Ok(allowed.is_some());
            }
            self.start = self.buffer.len();
            scanned = 0;
            if !self.fill()? {
                return Ok(true);
            }
        }
    }

    fn read(&mut self) -> io::Result<Option<Result<Vec<String>, RowErrorKind>>> {
        Ok(match self.scan()? {
            Extent::EndOfFile => None,
            Extent::Whole(length) => {
                self.start += length;
                Some(self.record.cells())
            }
            Extent::Broken(kind, length) if self.resynchronise(length)? => Some(Err(kind)),
            Extent::Broken(..) => Some(Err(RowErrorKind::GaveUp)),
        })
    }
}

impl Iterator for Records {
    type Item = Result<Vec<String>, RowErrorKind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().unwrap_or(Some(Err(RowErrorKind::Unreadable)));
        self.ended = match &next {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(kind)) => kind.ends_the_table(),
        };
        next
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Encoding;
    use crate::encoding::Mark;

    #[test]
    fn hostile_quotes_end_the_table_in_bounded_time() {
        // Each line leaves a quote open, so that each would be read up to the limit again.
        let text = format!("a\n{}", "\";a\";\"\n".repeat(2 * RECORD_LIMIT / 7));
        let mark = Mark { encoding: Encoding::Utf8, length: 0 };
        let decoding = Decoding::new(Box::new(Cursor::new(text)), mark).unwrap();
        let (mut records, _) = Records::open(decoding).unwrap();
        records.may_reread = 4 * RECORD_LIMIT;
        let too_long = RowErrorKind::TooLong { limit: RECORD_LIMIT as u64 };
        // Taken one by one with an end: without the bound this would not end.
        let results: Vec<_> = records.take(10).collect();
        assert_eq!(results.get(1), Some(&Err(too_long)));
        assert_eq!(results.last(), Some(&Err(RowErrorKind::GaveUp)));
        assert_eq!(results.len(), 1 + 4 + 1);
    }
}
