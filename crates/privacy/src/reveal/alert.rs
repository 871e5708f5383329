use chrono::{DateTime, Utc};
use lethe_kernel::{AlertId, Role, UnitId, UserId};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{RevealEvent, RevealUnusual};

/// The warnings about unusual numbers of reveals.
pub struct AlertView;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    /// The warning's id.
    pub id: AlertId,
    /// Where in the ledger it stands.
    pub position: i64,
    /// When the ledger took it.
    pub at: DateTime<Utc>,
    /// Who revealed so much.
    pub user_id: UserId,
    /// The unit in whose name the last reveal was made.
    pub unit_id: UnitId,
    /// The role in which.
    pub role: Role,
    /// How many reveals the hour had.
    pub count: u32,
    /// How many are usual.
    pub usual: u32,
}

impl AlertRow {
    fn of(event: &Recorded) -> Result<Option<Self>, LedgerError> {
        let RevealEvent::Unusual(RevealUnusual { alert, unit, count, usual, .. }) = event.decode()? else {
            return Ok(None);
        };
        let metadata = event.metadata()?;
        Ok(Some(Self {
            id: alert,
            position: event.position,
            at: event.recorded_at,
            user_id: metadata.user,
            unit_id: unit,
            role: metadata.role,
            count,
            usual,
        }))
    }
}

impl Projection for AlertView {
    const NAME: &'static str = "reveal_alert";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("alert.sql");
    const SOURCES: &'static [&'static str] = &["reveals"];
    type Row = AlertRow;

    fn keys(event: &Recorded) -> Result<Vec<Uuid>, LedgerError> {
        Ok(AlertRow::of(event)?.map(|row| row.id.0).into_iter().collect())
    }

    fn fold(row: Option<AlertRow>, _: Uuid, event: &Recorded) -> Result<Option<AlertRow>, LedgerError> {
        Ok(AlertRow::of(event)?.or(row))
    }
}

/// A page of the warnings of one unit, or of all, the newest first.
///
/// # Errors
/// Errors of the database.
pub async fn alert_page(
    pool: &PgPool,
    scope: Option<UnitId>,
    wanted: &Page,
) -> Result<Vec<Found<AlertRow>>, LedgerError> {
    let newest = Order { by: "r.position", sql_type: "bigint", descending: true };
    let within = |sql: &mut sqlx::QueryBuilder<'_, sqlx::Postgres>| {
        if let Some(unit) = scope {
            sql.push(" AND r.unit_id = ").push_bind(unit.0);
        }
    };
    page::<AlertView>(pool, within, newest, wanted).await
}
