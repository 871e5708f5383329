//! What a row of a file asks for.

use std::sync::atomic::{AtomicBool, Ordering};

use lethe_kernel::{CompanyId, ContactId, Detail, ErrorCode, ImportId, UnitId};
use lethe_ledger::{Answer, Failure, LedgerError, Parts, UnitOfWork, Work};
use lethe_tabular::{Mapping, Row, RowErrorKind};
use uuid::Uuid;

use super::cells::{Cells, Refusal};
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
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
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

impl RowWork {
    /// The command of a row.
    pub(super) fn of(
        kind: ImportKind,
        row: &Row,
        mapping: &Mapping,
        import: ImportId,
    ) -> Result<Self, Refusal> {
        let cells = Cells::new(row, mapping);
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
mod tests {
    use super::*;
    use crate::import::vocabulary;

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
