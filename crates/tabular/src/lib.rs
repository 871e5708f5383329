//! Reads tables as Danish and Swedish Excel write them, row by row, for imports (R59).
//!
//! ```
//! use lethe_tabular::{Column, Mapping, Table};
//!
//! const COLUMNS: &[Column] = &[
//!     Column { name: "cvr", aliases: &["CVR-nr.", "CVR nummer"], required: true },
//!     Column { name: "name", aliases: &["Navn", "Firmanavn"], required: false },
//! ];
//! let table = Table::from_bytes("cvrnr;NAVN\r\n13748136;Testfirma A/S\r\n")?;
//! let mapping = Mapping::guess(table.headers(), COLUMNS, &[])?;
//! for row in table.rows() {
//!     let row = row?;
//!     assert_eq!(mapping.get(&row, "cvr"), Some("13748136"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * **Format** by content, never by file name: the ZIP signature is XLSX, known binary formats are refused with a
//!   sentence, everything else is CSV.
//! * **Encoding** of CSV: a byte order mark decides; without one a file that is UTF-8 throughout is UTF-8, any other is
//!   Windows-1252. Hence one wrong byte makes a whole file Windows-1252 unless it starts with a mark.
//! * **Memory** does not grow with the number of rows. A CSV file is read twice: once to find its encoding, once for its
//!   rows. A workbook is unpacked twice: once to check sizes and checksums, once for its rows. Its shared strings – the
//!   distinct texts of all cells – are the exception and are held in memory, as the format has them in no useful order;
//!   [`workbook::HELD_LIMIT`] bounds them.
//! * **A bad row is a [`RowError`]**, and reading goes on with the next row; see [`delimited`] for broken quotes. Only
//!   the kinds for which [`RowErrorKind::ends_the_table`] is true are followed by nothing.
//! * **No cell value** is ever in an error, a `Debug` or a `Display`: reports and logs may name rows and columns only.

pub mod delimited;
mod encoding;
mod error;
pub mod mapping;
mod row;
mod source;
mod table;
pub mod workbook;

pub use delimited::Delimiter;
pub use encoding::Encoding;
pub use error::{Error, RowError, RowErrorKind};
pub use mapping::{Column, Mapping, Vocabulary};
pub use row::Row;
pub use table::{Dialect, Rows, Table};
