//! CSV, as RFC 4180 and Excel have it.
//!
//! A cell may be quoted; a quote in a quoted cell is doubled, and delimiters and line breaks in it are text. A quote
//! elsewhere than at a cell's start is text too. Records end with CRLF, LF or CR.
//!
//! **Broken quotes.** A record whose quote is followed by text, is never closed, or that exceeds [`RECORD_LIMIT`] is one
//! row error, and reading starts again at the line behind the record's *first* line. So a forgotten quote costs one row,
//! not all the rows that it seems to enclose; in return, the inner lines of a genuine cell beyond the limit are read as
//! rows of their own. A line that itself exceeds the limit is skipped to its end. Reading lines again is bounded by
//! `REREAD_LIMIT` per file, after which the table ends with [`crate::RowErrorKind::GaveUp`].

mod detect;
mod record;
mod records;

use serde::{Deserialize, Serialize};

pub(crate) use records::Records;

/// The most bytes (decoded to UTF-8, with delimiters and quotes) that one record may have. The same limit holds for the
/// text of one row of a workbook.
pub const RECORD_LIMIT: usize = 1024 * 1024;

/// What separates the cells of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `;`, as Excel writes where the comma is the decimal sign.
    Semicolon,
    /// `,`.
    Comma,
    /// The tab of Excel's "Unicode text".
    Tab,
}

impl Delimiter {
    const ALL: [Delimiter; 3] = [Delimiter::Semicolon, Delimiter::Tab, Delimiter::Comma];

    fn byte(self) -> u8 {
        match self {
            Delimiter::Semicolon => b';',
            Delimiter::Comma => b',',
            Delimiter::Tab => b'\t',
        }
    }

    fn of(byte: u8) -> Option<Delimiter> {
        Delimiter::ALL.into_iter().find(|delimiter| delimiter.byte() == byte)
    }
}
