//! What can be wrong with a table, and with one row of it.

use std::io;

use serde::{Deserialize, Serialize};

/// Why a file cannot be read as a table, or its columns cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be opened or read.
    #[error("The file could not be read ({0}). Check that it exists and may be read, then try again.")]
    Io(io::ErrorKind),
    /// There is nothing in the file but blank space.
    #[error("The file is empty. It needs a header row and one row per record.")]
    Empty,
    /// The file is of another kind than CSV or XLSX.
    #[error(
        "The file is {found}, not a table. Open it in Excel, save it as CSV or XLSX and import that file."
    )]
    NotATable {
        /// What the file is, with its article.
        found: &'static str,
    },
    /// The workbook unpacks to more than is read.
    #[error("The workbook unpacks to more than {limit} bytes. Save it as CSV, or split it, and import that.")]
    TooLarge {
        /// The limit that is exceeded, in bytes.
        limit: u64,
    },
    /// The workbook is damaged.
    #[error("The workbook is damaged. Open it in Excel, save it again and import the new file.")]
    Corrupt,
    /// Every worksheet is hidden, or there is none.
    #[error(
        "The workbook has no visible worksheet. Show the sheet to import in Excel and save the workbook again."
    )]
    NoVisibleSheet,
    /// The first line is `sep=` with a character that is no delimiter here.
    #[error("The file's sep= line names an unknown delimiter. Use a semicolon, a comma or a tab.")]
    UnknownSeparator,
    /// The header row cannot be read.
    #[error("The header row cannot be read. {0}")]
    Header(RowErrorKind),
    /// No header is known, which most often means that there is no header row.
    #[error("The first row names no known column. Add a header row with these columns: {expected}.")]
    NoKnownColumn {
        /// The columns of the vocabulary with some of their aliases.
        expected: String,
    },
    /// Required columns are not there.
    #[error(
        "The table has {headers} columns, but none of them is one of the required columns: {expected}. Add them to the header row, or name the header that stands for each."
    )]
    MissingColumns {
        /// The missing columns with some of their aliases.
        expected: String,
        /// How many headers the table has.
        headers: usize,
    },
    /// Several headers mean the same column.
    #[error(
        "More than one header means the column {column}: {}. Rename all but one, or name the one to use.",
        headers.join(", ")
    )]
    AmbiguousColumn {
        /// The vocabulary's name of the column.
        column: String,
        /// The headers, by position and, where one is a known alias, by that alias.
        headers: Vec<String>,
    },
    /// An override names a header that the table has not got, or has more than once.
    #[error(
        "Override {number} names a header that is not, or not only once, in the table. Correct it or remove it."
    )]
    UnknownHeader {
        /// Which override, counted from 1.
        number: usize,
    },
    /// An override names a column that the vocabulary has not got.
    #[error("Override {number} names an unknown column. The columns are: {expected}.")]
    UnknownColumn {
        /// Which override, counted from 1.
        number: usize,
        /// The names of all columns.
        expected: String,
    },
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error.kind())
    }
}

/// What is wrong with one row, and which row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("Row {row}: {kind}")]
pub struct RowError {
    /// The row's number, as in [`crate::Row::number`].
    pub row: u64,
    /// What is wrong.
    pub kind: RowErrorKind,
}

/// What is wrong with one row. A `column` is an index into the headers, from 0; messages count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowErrorKind {
    /// Cells that are not empty follow the last header's column.
    #[error(
        "The row has {found} cells, but the header has {expected}. Remove the extra cells, or put quotes around a cell that contains the delimiter."
    )]
    WrongNumberOfCells {
        /// How many headers there are.
        expected: usize,
        /// The number of the last cell that is not empty.
        found: usize,
    },
    /// The row is longer than a record may be; most often a quote is opened and never closed.
    #[error("The row is longer than {limit} bytes. Check that each quote in it is closed.")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// A quote is never closed, or text follows a closing quote.
    #[error(
        "A quote in the row is not closed, or text follows a closing quote. Write a quote in a text as two."
    )]
    Quoting,
    /// The row has bytes that its encoding does not know.
    #[error("The row has characters that cannot be decoded. Save the file again as UTF-8.")]
    Undecodable,
    /// A cell has characters that are no text.
    #[error("The cell in column {} has control characters. Remove them.", .column + 1)]
    ControlCharacters {
        /// The cell's column.
        column: usize,
    },
    /// A cell of the workbook shows an error such as `#REF!`, or a date outside the calendar.
    #[error("The cell in column {} shows an error in Excel. Correct it or clear it.", .column + 1)]
    CellError {
        /// The cell's column.
        column: usize,
    },
    /// So many rows have broken quotes that reading stopped.
    #[error(
        "Too many rows have quotes that are not closed; the rest of the file was not read. Save it again as CSV."
    )]
    GaveUp,
    /// The rest of the file could not be read.
    #[error("The file could not be read from here on. Save it again and import the new file.")]
    Unreadable,
}

impl RowErrorKind {
    /// Whether nothing after this row was read.
    #[must_use]
    pub fn ends_the_table(&self) -> bool {
        matches!(self, RowErrorKind::GaveUp | RowErrorKind::Unreadable)
    }
}
