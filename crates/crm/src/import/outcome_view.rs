use lethe_kernel::ImportId;
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::event::number;
use super::{ImportEvent, Outcome};

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_6f75_7463_6f6d_6500_0001);

/// The outcomes of imports, row by row. A view of its own, so that a million rows are not written again with each
/// event; a file that is imported again replaces them one by one.
pub struct OperationOutcomeView;

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationOutcomeRow {
    /// Follows from import and row.
    pub id: Uuid,
    /// The import.
    pub operation_id: ImportId,
    /// The row's number in the file, the header being 1.
    pub row_number: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The contact or company.
    pub object_id: Option<Uuid>,
    /// Why it was refused.
    pub code: Option<String>,
    /// The column at fault.
    pub column_name: Option<String>,
}

impl Projection for OperationOutcomeView {
    const NAME: &'static str = "operation_outcome";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("outcome_view.sql");
    const SOURCES: &'static [&'static str] = &["import"];
    type Row = OperationOutcomeRow;

    fn keys(event: &Recorded) -> Result<Vec<Uuid>, LedgerError> {
        Ok(match event.decode()? {
            ImportEvent::Progressed(progressed) => {
                progressed.outcomes.iter().map(|outcome| key(event.stream, outcome.row)).collect()
            }
            ImportEvent::Started(_) | ImportEvent::Finished(_) | ImportEvent::Forgotten(_) => Vec::new(),
        })
    }

    fn fold(
        _: Option<OperationOutcomeRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<OperationOutcomeRow>, LedgerError> {
        let ImportEvent::Progressed(progressed) = event.decode()? else { return Ok(None) };
        let (_, row) = id.as_u64_pair();
        let found = progressed.outcomes.into_iter().find(|outcome| outcome.row == row);
        Ok(found.map(|outcome| OperationOutcomeRow {
            id,
            operation_id: ImportId(event.stream),
            row_number: number(outcome.row),
            outcome: outcome.outcome,
            object_id: outcome.object,
            code: outcome.code,
            column_name: outcome.column,
        }))
    }
}

/// Half import, half row: a fold then finds the row among many without hashing each of them.
fn key(import: Uuid, row: u64) -> Uuid {
    Uuid::from_u64_pair(Uuid::new_v5(&NAMESPACE, import.as_bytes()).as_u64_pair().0, row)
}

/// The order of the rows in their file.
pub const OUTCOME_ORDER: Order = Order { by: "r.row_number", sql_type: "bigint", descending: false };

/// A page of the outcomes of an import, in the order of the rows; of one kind only, if that is asked for.
///
/// # Errors
/// Errors of the database.
pub async fn outcome_page(
    pool: &PgPool,
    import: ImportId,
    outcome: Option<Outcome>,
    wanted: &Page,
) -> Result<Vec<Found<OperationOutcomeRow>>, LedgerError> {
    page::<OperationOutcomeView>(
        pool,
        |sql| {
            sql.push(" AND r.operation_id = ").push_bind(import.0);
            if let Some(outcome) = outcome {
                sql.push(" AND r.outcome = ").push_bind(outcome.name());
            }
        },
        OUTCOME_ORDER,
        wanted,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_import_has_a_key_of_its_own() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(key(one, 7), key(one, 7));
        assert_ne!(key(one, 7), key(one, 8));
        assert_ne!(key(one, 7), key(two, 7));
        assert_eq!(key(one, 7).as_u64_pair().1, 7);
    }
}
