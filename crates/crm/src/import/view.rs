use chrono::{DateTime, Utc};
use lethe_kernel::{ImportId, UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::event::number;
use super::{ImportEvent, ImportKind, Started, Tally};

/// The operations: work that takes long, such as imports.
pub struct OperationView;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationRow {
    /// The operation's id; that of the import.
    pub id: ImportId,
    /// The number of its events.
    pub version: i64,
    /// What is imported.
    pub kind: ImportKind,
    /// The unit that imports it.
    pub unit_id: UnitId,
    /// Whether it has come to its end.
    pub status: OperationStatus,
    /// How many rows were dealt with.
    pub done: i64,
    /// How many rows there are.
    pub total: Option<i64>,
    /// How many were registered.
    pub created: i64,
    /// How many were there already.
    pub existing: i64,
    /// How many were refused.
    pub refused: i64,
    /// When it was started, for the last time if more than once.
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// When its file ceased to be recognised; none as long as it is.
    pub forgotten_at: Option<DateTime<Utc>>,
}

codes! {
    /// Whether an operation has come to its end.
    pub enum OperationStatus {
        /// It has not. If the server stopped meanwhile, send the same file again and it goes on.
        Running = "RUNNING",
        /// It has.
        Finished = "FINISHED",
    }
}

impl Projection for OperationView {
    const NAME: &'static str = "operation";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["import"];
    type Row = OperationRow;

    fn fold(
        row: Option<OperationRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<OperationRow>, LedgerError> {
        let mut row = match (row, event.decode()?) {
            (_, ImportEvent::Started(started)) => {
                OperationRow::new(ImportId(id), &started, event.recorded_at)
            }
            (None, _) => return Ok(None),
            (Some(mut row), ImportEvent::Progressed(event)) => {
                row.count(event.tally);
                row
            }
            (Some(mut row), ImportEvent::Finished(event)) => {
                row.count(event.tally);
                row.total = Some(number(event.rows));
                row.status = OperationStatus::Finished;
                row
            }
            (Some(mut row), ImportEvent::Forgotten(_)) => {
                row.forgotten_at = Some(event.recorded_at);
                row
            }
        };
        row.version = event.sequence;
        row.changed_at = event.recorded_at;
        Ok(Some(row))
    }
}

impl OperationRow {
    fn new(id: ImportId, started: &Started, at: DateTime<Utc>) -> Self {
        Self {
            id,
            version: 0,
            kind: started.kind,
            unit_id: started.unit,
            status: OperationStatus::Running,
            done: 0,
            total: Some(number(started.rows)),
            created: 0,
            existing: 0,
            refused: 0,
            started_at: at,
            changed_at: at,
            forgotten_at: None,
        }
    }

    fn count(&mut self, tally: Tally) {
        self.done = number(tally.rows());
        self.created = number(tally.created);
        self.existing = number(tally.existing);
        self.refused = number(tally.refused);
    }
}

/// Which operations are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct OperationFilter {
    /// Those of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those of a kind.
    pub kind: Option<ImportKind>,
    /// Those that have, or have not, come to their end.
    pub status: Option<OperationStatus>,
}

/// What operations are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationOrder {
    /// When they were started.
    #[default]
    Started,
    /// When they last changed.
    Changed,
}

impl OperationOrder {
    /// The order in SQL.
    #[must_use]
    pub fn sql(self, descending: bool) -> Order {
        let by = match self {
            Self::Started => "r.started_at",
            Self::Changed => "r.changed_at",
        };
        Order { by, sql_type: "timestamptz", descending }
    }
}

/// A page of operations.
///
/// # Errors
/// Errors of the database.
pub async fn operation_page(
    pool: &PgPool,
    filter: &OperationFilter,
    order: Order,
    wanted: &Page,
) -> Result<Vec<Found<OperationRow>>, LedgerError> {
    page::<OperationView>(
        pool,
        |sql| {
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            if let Some(kind) = filter.kind {
                sql.push(" AND r.kind = ").push_bind(kind.name());
            }
            if let Some(status) = filter.status {
                sql.push(" AND r.status = ").push_bind(status.name());
            }
        },
        order,
        wanted,
    )
    .await
}
