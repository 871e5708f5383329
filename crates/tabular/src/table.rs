//! A table, whatever its file's format is.

use std::fmt;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::delimited::Records;
use crate::encoding::Decoding;
use crate::row::{fit, is_blank, refuse_control_characters};
use crate::source::{Format, Source, recognise};
use crate::workbook::Sheet;
use crate::{Delimiter, Encoding, Error, Row, RowError, RowErrorKind};

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum Dialect {
    /// Text with delimiters.
    Csv {
        /// The encoding of the text.
        encoding: Encoding,
        /// What separates cells.
        delimiter: Delimiter,
    },
    /// An Excel workbook.
    Xlsx {
        /// The worksheet that is read: the first visible one.
        sheet: String,
    },
}

/// A table whose header row is read and whose rows are not yet.
pub struct Table {
    dialect: Dialect,
    headers: Vec<String>,
    input: Input,
}

enum Input {
    Csv(Box<Records>),
    Xlsx(Box<Sheet>),
}

impl Table {
    /// Opens a file; its rows are read from the disk as they are asked for.
    ///
    /// # Errors
    /// When the file cannot be read, is no table, or has no header row.
    pub fn open(path: &Path) -> Result<Table, Error> {
        Table::read(Box::new(File::open(path)?))
    }

    /// Opens an upload that is in memory.
    ///
    /// # Errors
    /// When the bytes are no table or have no header row.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Table, Error> {
        Table::read(Box::new(Cursor::new(bytes)))
    }

    fn read(mut source: Box<dyn Source>) -> Result<Table, Error> {
        match recognise(&mut *source)? {
            Format::Csv(mark) => {
                let (mut records, delimiter) = Records::open(Decoding::new(source, mark)?)?;
                let headers = headers(records.by_ref())?;
                let dialect = Dialect::Csv { encoding: mark.encoding, delimiter };
                Ok(Table { dialect, headers, input: Input::Csv(Box::new(records)) })
            }
            Format::Xlsx => {
                let mut sheet = Sheet::open(source)?;
                let headers = headers(sheet.by_ref().map(|(_, cells)| cells))?;
                let dialect = Dialect::Xlsx { sheet: sheet.name().to_owned() };
                Ok(Table { dialect, headers, input: Input::Xlsx(Box::new(sheet)) })
            }
        }
    }

    /// The first row that is not empty, without blank space around each header and without empty headers at the end.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// How the file is written.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The rows behind the header that are not empty, in the file's order.
    #[must_use]
    pub fn rows(self) -> Rows {
        Rows { width: self.headers.len(), record: 1, input: self.input }
    }
}

impl fmt::Debug for Table {
    // Without a header row in the file, the headers are a person's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.len();
        f.debug_struct("Table")
            .field("dialect", &self.dialect)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

fn headers(rows: impl Iterator<Item = Result<Vec<String>, RowErrorKind>>) -> Result<Vec<String>, Error> {
    for row in rows {
        let mut cells = row.map_err(Error::Header)?;
        if is_blank(&cells) {
            continue;
        }
        refuse_control_characters(&cells).map_err(Error::Header)?;
        let last = cells.iter().rposition(|cell| !cell.trim().is_empty());
        cells.truncate(last.map_or(0, |last| last + 1));
        return Ok(cells.iter().map(|cell| cell.trim().to_owned()).collect());
    }
    Err(Error::Empty)
}

/// The rows of a table, read one at a time.
pub struct Rows {
    input: Input,
    width: usize,
    /// The number of the last record of a CSV file.
    record: u64,
}

impl Rows {
    fn advance(&mut self) -> Option<(u64, Result<Vec<String>, RowErrorKind>)> {
        match &mut self.input {
            Input::Csv(records) => {
                self.record += 1;
                records.next().map(|cells| (self.record, cells))
            }
            Input::Xlsx(sheet) => sheet.next(),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (row, cells) = self.advance()?;
            if cells.as_ref().is_ok_and(|cells| is_blank(cells)) {
                continue;
            }
            let cells = cells.and_then(|cells| {
                refuse_control_characters(&cells)?;
                fit(cells, self.width)
            });
            return Some(match cells {
                Ok(cells) => Ok(Row { number: row, cells }),
                Err(kind) => Err(RowError { row, kind }),
            });
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("width", &self.width).finish_non_exhaustive()
    }
}
