use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lethe_ledger::{LedgerError, Projection, Recorded};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::VaultEvent;

/// The rotations of the root.
pub struct RotationView;

/// One rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationRow {
    /// Follows from the epoch.
    pub id: Uuid,
    /// The root that goes.
    pub old_epoch: i64,
    /// The root that comes.
    pub new_epoch: i64,
    /// What was erased up to this position becomes final.
    pub covers: Option<i64>,
    /// Where the switch stands.
    pub switched_position: i64,
    /// When it was.
    pub switched_at: DateTime<Utc>,
    /// Where the end of the old root stands.
    pub destroyed_position: Option<i64>,
    /// When that was recorded.
    pub destroyed_at: Option<DateTime<Utc>>,
    /// The custodians that have acknowledged it.
    pub custodians: Vec<String>,
}

/// The rotation that made an erasure final.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Finality {
    /// The root that is gone.
    pub old_epoch: i64,
    /// The root that came after it.
    pub new_epoch: i64,
    /// What was erased up to this position is final.
    pub covers: i64,
    /// Where the switch stands.
    pub switched_position: i64,
    /// Where the end of the old root stands.
    pub destroyed_position: i64,
    /// When that was recorded: since then the erasure is final.
    pub destroyed_at: DateTime<Utc>,
    /// The custodians that have acknowledged it.
    pub custodians: Vec<String>,
}

fn id(old_epoch: i64) -> Uuid {
    Uuid::from_u128(u128::from(old_epoch.unsigned_abs()))
}

impl Projection for RotationView {
    const NAME: &'static str = "rotation";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["vault"];
    type Row = RotationRow;

    fn keys(event: &Recorded) -> Result<Vec<Uuid>, LedgerError> {
        Ok(vec![match event.decode()? {
            VaultEvent::KeysRotated(event) => id(event.old_epoch),
            VaultEvent::RootDestroyed(event) => id(event.epoch),
            VaultEvent::Restored(_) | VaultEvent::ErasureReconciled(_) => return Ok(Vec::new()),
        }])
    }

    fn fold(
        row: Option<RotationRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<RotationRow>, LedgerError> {
        Ok(match (row, event.decode()?) {
            (_, VaultEvent::KeysRotated(rotated)) => Some(RotationRow {
                id,
                old_epoch: rotated.old_epoch,
                new_epoch: rotated.new_epoch,
                covers: rotated.covers,
                switched_position: event.position,
                switched_at: event.recorded_at,
                destroyed_position: None,
                destroyed_at: None,
                custodians: Vec::new(),
            }),
            (Some(row), VaultEvent::RootDestroyed(destroyed)) => Some(RotationRow {
                destroyed_position: Some(event.position),
                destroyed_at: Some(event.recorded_at),
                custodians: destroyed.custodians,
                ..row
            }),
            (None, VaultEvent::RootDestroyed(_)) => None,
            (row, VaultEvent::Restored(_) | VaultEvent::ErasureReconciled(_)) => row,
        })
    }
}

/// For erasures at these positions, what made them final: the first rotation that covers it and whose old root is gone. An erasure that is not final is not in the answer.
///
/// # Errors
/// Errors of the database.
pub async fn finalities(pool: &PgPool, positions: &[i64]) -> Result<HashMap<i64, Finality>, LedgerError> {
    #[derive(sqlx::FromRow)]
    struct Found {
        erased: i64,
        #[sqlx(flatten)]
        finality: Finality,
    }
    if positions.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<Found> = sqlx::query_as(
        "SELECT p.erased, r.* FROM unnest($1::bigint[]) AS p (erased) CROSS JOIN LATERAL ( \
             SELECT old_epoch, new_epoch, covers, switched_position, destroyed_position, destroyed_at, custodians \
             FROM view.rotation WHERE covers >= p.erased AND destroyed_at IS NOT NULL \
             ORDER BY covers LIMIT 1) r",
    )
    .bind(positions)
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().map(|found| (found.erased, found.finality)).collect())
}
