//! One row of a table.

use std::fmt;

use crate::RowErrorKind;

/// One row that is not empty. It has exactly one cell per header.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// XLSX: the row's number as Excel shows it. CSV: the record's number, the header being 1; blank records count, a
    /// line break inside quotes does not.
    pub number: u64,
    /// The cells as text, as they stand in the file; empty cells are `""`.
    pub cells: Vec<String>,
}

impl fmt::Debug for Row {
    // Cells hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("number", &self.number).field("cells", &self.cells.len()).finish()
    }
}

/// Whether no cell has anything but blank space.
pub(crate) fn is_blank(cells: &[String]) -> bool {
    cells.iter().all(|cell| cell.trim().is_empty())
}

/// Brings `cells` to one per header: fills up missing ones, drops empty extra ones.
pub(crate) fn fit(mut cells: Vec<String>, headers: usize) -> Result<Vec<String>, RowErrorKind> {
    let found = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
    if found > headers {
        return Err(RowErrorKind::WrongNumberOfCells { expected: headers, found });
    }
    cells.resize(headers, String::new());
    Ok(cells)
}

/// Refuses characters that no keyboard writes: they come from damage, a wrong encoding or an attack.
pub(crate) fn refuse_control_characters(cells: &[String]) -> Result<(), RowErrorKind> {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    match cells.iter().position(|cell| cell.contains(bad)) {
        Some(column) => Err(RowErrorKind::ControlCharacters { column }),
        None => Ok(()),
    }
}
