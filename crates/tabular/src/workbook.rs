//! XLSX workbooks: the first visible worksheet, cell by cell.
//!
//! Before anything is parsed, the whole archive is unpacked once to nothing, which checks its checksums and the sizes
//! that it really has, whatever it declares. So a damaged file is refused before its first row, and a small file that
//! unpacks to terabytes is refused when it passes [`UNPACKED_LIMIT`].
//!
//! Cells become text as an import needs it: whole numbers without decimals and exponent, other numbers with a decimal
//! point and at most 15 significant digits (as many as Excel shows), dates as `YYYY-MM-DD`, with a time as
//! `YYYY-MM-DDTHH:MM:SS`, times as `HH:MM:SS`, booleans as `true` and `false`, formulas as their last result. Leading
//! zeros of a number are gone before the file is written: Excel drops them. Hidden rows and columns are read too.

mod archive;
mod sheet;
mod value;

pub(crate) use sheet::Sheet;

/// The most bytes that all parts of a workbook may unpack to.
pub const UNPACKED_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// The most bytes that the parts held in memory may unpack to: all but the worksheets, that is, in the main, the shared
/// strings.
pub const HELD_LIMIT: u64 = 512 * 1024 * 1024;
