//! What a row of a file asks for.

use std::sync::atomic::{AtomicBool, Ordering};

use lethe_kernel::{CompanyId, ContactId, Detail, ErrorCode, ImportId, Patch, UnitId};
use lethe_ledger::{Answer, Failure, LedgerError, Parts, Unit, Work};
use lethe_nordic::Country;
use lethe_tabular::{Mapping, Row, RowErrorKind};
use uuid::Uuid;

use super::company_row::company;
use super::contact_row::contact;
use super::{ImportKind, Outcome};
use crate::company::{Company, CompanyCommand, FoundByImport, RegisterOnce};
use crate::contact::{Contact, ContactCommand, RegisterContact};

/// The command of a row: it registers a record, or finds the one that is there.
pub(super) struct RowWork {
    wanted: Wanted,
    import: ImportId,
    /// Whether the last attempt found the record.
    found: AtomicBool,
}

enum Wanted {
    Contact(Box<RegisterContact>),
    Company(Box<RegisterOnce>),
}

impl Work for RowWork {
    async fn run(&self, unit: &mut Unit<'_>) -> Result<Answer, Failure> {
        let registered = match &self.wanted {
            Wanted::Contact(work) => work.run(unit).await,
            Wanted::Company(work) => work.run(unit).await,
        };
        let found = registered.as_ref().err().and_then(existing);
        self.found.store(found.is_some(), Ordering::Relaxed);
        let Some(record) = found else { return registered };
        // In the row's own unit of work, so that an erasure of the contact or the sole proprietor knows of the file.
        match self.wanted {
            Wanted::Contact(_) => {
                unit.handle::<Contact>(ContactId(record), ContactCommand::FindByImport(self.import)).await?;
            }
            Wanted::Company(_) => {
                let found = FoundByImport { import: self.import, unit: unit.caller().unit };
                unit.handle::<Company>(CompanyId(record), CompanyCommand::FindByImport(found)).await?;
            }
        }
        Ok(Answer::of(record))
    }
}

/// The record that is there already, if that is why a row registers nothing.
fn existing(failure: &Failure) -> Option<Uuid> {
    let Failure::Refused(errors) = failure else { return None };
    match errors.first().map(|error| (error.code, &error.detail)) {
        Some((ErrorCode::AlreadyExists, Detail::Existing(_, record))) => Some(*record),
        _ => None,
    }
}

/// Why a row is refused before it is a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) column: Option<&'static str>,
}

impl Refusal {
    pub(super) fn at(code: ErrorCode, column: &'static str) -> Self {
        Self { code: code.name(), column: Some(column) }
    }
}

impl RowWork {
    /// The command of a row.
    pub(super) fn of(
        kind: ImportKind,
        row: &Row,
        mapping: &Mapping,
        import: ImportId,
    ) -> Result<Self, Refusal> {
        let cells = Cells { row, mapping };
        let wanted = match kind {
            ImportKind::Contacts => Wanted::Contact(Box::new(contact(&cells, import)?)),
            ImportKind::Companies => Wanted::Company(Box::new(company(&cells, import)?.into())),
        };
        Ok(Self { wanted, import, found: AtomicBool::default() })
    }

    /// What became of its row, once it was executed or rehearsed.
    pub(super) fn outcome(&self) -> Outcome {
        if self.found.load(Ordering::Relaxed) { Outcome::Existing } else { Outcome::Created }
    }

    /// The command of a row that is not only rehearsed: it knows which sole traders the unit has.
    pub(super) async fn knowing(self, parts: &Parts, unit: UnitId) -> Result<Self, LedgerError> {
        let wanted = match self.wanted {
            Wanted::Company(work) => Wanted::Company(Box::new(work.knowing(parts, unit).await?)),
            contact @ Wanted::Contact(_) => contact,
        };
        Ok(Self { wanted, ..self })
    }

    /// What its record is known by besides the row itself: of two rows that share one of these, only the first can be
    /// registered. Nothing for a row that will be refused for its reference or number.
    pub(super) fn keys(&self, unit: UnitId) -> Vec<Uuid> {
        match &self.wanted {
            Wanted::Contact(work) => super::contact_row::keys(work, unit),
            Wanted::Company(work) => super::company_row::keys(work.registration(), unit),
        }
    }
}

/// The cells of a row, by column.
pub(super) struct Cells<'a> {
    pub(super) row: &'a Row,
    mapping: &'a Mapping,
}

impl Cells<'_> {
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.mapping.get(self.row, column)
    }

    pub(super) fn owned(&self, column: &str) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    pub(super) fn patch(&self, column: &str) -> Patch<String> {
        self.owned(column).map_or(Patch::Keep, Patch::Set)
    }
}

/// The country whose company numbers look like this: a CVR number has 8 digits, an organisationsnummer 10 or 12.
pub(super) fn country_of_number(number: &str) -> Option<Country> {
    let digits: String = number
        .trim()
        .trim_start_matches(['D', 'K', 'd', 'k'])
        .chars()
        .filter(|c| !" -.\u{a0}".contains(*c))
        .collect();
    match digits.len() {
        _ if !digits.chars().all(|c| c.is_ascii_digit()) => None,
        8 => Some(Country::Denmark),
        10 | 12 => Some(Country::Sweden),
        _ => None,
    }
}

/// The code of a row that cannot be read, and the index of its column.
pub(super) fn unreadable(kind: &RowErrorKind) -> (&'static str, Option<usize>) {
    match kind {
        RowErrorKind::WrongNumberOfCells { .. } => ("WRONG_NUMBER_OF_CELLS", None),
        RowErrorKind::TooLong { .. } => ("TOO_LONG", None),
        RowErrorKind::Quoting => ("QUOTING", None),
        RowErrorKind::Undecodable => ("UNDECODABLE", None),
        RowErrorKind::ControlCharacters { column } => ("CONTROL_CHARACTERS", Some(*column)),
        RowErrorKind::CellError { column } => ("CELL_ERROR", Some(*column)),
        RowErrorKind::GaveUp => ("GAVE_UP", None),
        // The enum may grow; what is unknown is a row that was not read.
        _ => ("UNREADABLE", None),
    }
}

/// The column of an input field, for example `first_name` of `firstName`.
pub(super) fn column_of(field: &str) -> String {
    match field {
        "companyIds" => "company_number".to_owned(),
        // The company that a row of a company file leads to.
        "companyId" => "number".to_owned(),
        _ => field.chars().fold(String::new(), |mut column, c| {
            if c.is_ascii_uppercase() {
                column.push('_');
            }
            column.push(c.to_ascii_lowercase());
            column
        }),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::import::vocabulary;

    /// The cells of a one-row file.
    pub(in crate::import) fn with_cells<R>(
        kind: ImportKind,
        row: &[(&str, &str)],
        read: impl FnOnce(&Cells<'_>) -> R,
    ) -> R {
        let headers: Vec<String> = row.iter().map(|(column, _)| (*column).to_owned()).collect();
        let columns: Vec<_> = vocabulary(kind)
            .columns
            .iter()
            .map(|column| lethe_tabular::Column { required: false, ..*column })
            .collect();
        let mapping = Mapping::guess(&headers, &columns, &[]).unwrap();
        let row = Row { number: 7, cells: row.iter().map(|(_, cell)| (*cell).to_owned()).collect() };
        read(&Cells { row: &row, mapping: &mapping })
    }

    #[test]
    fn numbers_tell_their_country() {
        for (number, country) in [
            ("DK 99 65 50 62", Some(Country::Denmark)),
            ("99655062", Some(Country::Denmark)),
            ("596296-2683", Some(Country::Sweden)),
            ("165962962683", Some(Country::Sweden)),
            ("NO 123", None),
            ("", None),
        ] {
            assert_eq!(country_of_number(number), country, "{number}");
        }
    }

    #[test]
    fn fields_are_named_by_their_columns() {
        for (field, column) in [
            ("firstName", "first_name"),
            ("cpr", "cpr"),
            ("companyIds", "company_number"),
            ("companyId", "number"),
        ] {
            assert_eq!(column_of(field), column);
        }
        for kind in [ImportKind::Contacts, ImportKind::Companies] {
            for column in vocabulary(kind).columns {
                assert_eq!(column_of(column.name), column.name);
            }
        }
    }
}
