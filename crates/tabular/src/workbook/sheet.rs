//! Puts the streamed cells of a worksheet together to rows.

use std::io::BufReader;
use std::mem;

use calamine::{Cell, DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError};
use self_cell::{MutBorrow, self_cell};

use super::{archive, value};
use crate::delimited::RECORD_LIMIT;
use crate::source::Source;
use crate::{Error, RowErrorKind};

type Bytes = BufReader<Box<dyn Source>>;
type Workbook = MutBorrow<Xlsx<Bytes>>;
type Cells<'a> = XlsxCellReader<'a, Bytes>;

self_cell!(
    struct OpenSheet {
        owner: Workbook,
        #[not_covariant]
        dependent: Cells,
    }
);

/// The number of columns that a worksheet has.
const COLUMNS: u32 = 16_384;

type Row = (u64, Result<Vec<String>, RowErrorKind>);

/// The rows of the first visible worksheet, the header among them.
pub(crate) struct Sheet {
    name: String,
    open: OpenSheet,
    row: Assembled,
    ended: bool,
}

impl Sheet {
    pub(crate) fn open(mut source: Box<dyn Source>) -> Result<Sheet, Error> {
        archive::check(&mut source)?;
        let workbook = Xlsx::new(BufReader::new(source)).map_err(|error| refused(&error))?;
        let visible = |sheet: &&calamine::Sheet| {
            sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
        };
        let sheet = workbook.sheets_metadata().iter().find(visible);
        let name = sheet.map(|sheet| sheet.name.clone()).ok_or(Error::NoVisibleSheet)?;
        let open = OpenSheet::try_new(MutBorrow::new(workbook), |workbook| {
            workbook.borrow_mut().worksheet_cells_reader(&name).map_err(|_| Error::Corrupt)
        })?;
        Ok(Sheet { name, open, row: Assembled::default(), ended: false })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

fn refused(error: &XlsxError) -> Error {
    match error {
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound => {
            Error::NotATable { found: "an archive, but not a workbook" }
        }
        _ => Error::Corrupt,
    }
}

impl Iterator for Sheet {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let Sheet { open, row, ended, .. } = self;
        if *ended {
            return None;
        }
        let done = open.with_dependent_mut(|_, cells| {
            loop {
                match cells.next_cell() {
                    Ok(Some(cell)) => match row.push(&cell) {
                        None => {}
                        Some(done) => return Some(done),
                    },
                    Ok(None) => break,
                    Err(_) => {
                        // The row at hand may have been about to get more cells: it must not pass as whole.
                        row.error = Some(RowErrorKind::Unreadable);
                        break;
                    }
                }
            }
            *ended = true;
            None
        });
        done.or_else(|| row.take())
    }
}

/// One row while its cells come in.
#[derive(Default)]
struct Assembled {
    number: u64,
    cells: Vec<String>,
    length: usize,
    error: Option<RowErrorKind>,
}

impl Assembled {
    /// Adds a cell; gives the row before when the cell starts a new one.
    fn push(&mut self, cell: &Cell<DataRef<'_>>) -> Option<Row> {
        let (row, column) = cell.get_position();
        let number = u64::from(row) + 1;
        let done = if number == self.number { None } else { self.take() };
        self.number = number;
        if let Err(error) = self.add(column, cell.get_value()) {
            self.error.get_or_insert(error);
        }
        done
    }

    fn add(&mut self, column: u32, value: &DataRef<'_>) -> Result<(), RowErrorKind> {
        if *value == DataRef::Empty || self.error.is_some() {
            return Ok(());
        }
        if column >= COLUMNS {
            return Err(RowErrorKind::WrongNumberOfCells {
                expected: COLUMNS as usize,
                found: column as usize + 1,
            });
        }
        let column = column as usize;
        let text = value::text(value).ok_or(RowErrorKind::CellError { column })?;
        self.length += text.len();
        if self.length > RECORD_LIMIT {
            return Err(RowErrorKind::TooLong { limit: RECORD_LIMIT as u64 });
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = text;
        }
        Ok(())
    }

    /// The row, if it has anything.
    fn take(&mut self) -> Option<Row> {
        let Assembled { number, cells, error, .. } = mem::take(self);
        match error {
            Some(error) => Some((number, Err(error))),
            None if cells.is_empty() => None,
            None => Some((number, Ok(cells))),
        }
    }
}
