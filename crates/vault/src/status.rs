//! How the vault stands.

use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::mirror::{MirrorStatus, Mirrors};
use crate::open::{Row, place};
use crate::{Custody, Vault, VaultError};

/// How the vault stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VaultStatus {
    /// Whose vault it is.
    pub installation: Uuid,
    /// The root from which everything hangs.
    pub epoch: i64,
    /// How many buckets there are.
    pub buckets: i32,
    /// How many keys.
    pub keys: i64,
    /// How many destroyed keys.
    pub tombstones: i64,
    /// How many of them a root still opens that exists.
    pub not_final: i64,
    /// Whether the database is in another cluster than the one it knows.
    pub moved: bool,
    /// The step of a rotation that is under way, and its two roots.
    pub rotation: Option<(String, i64, i64)>,
    /// Who keeps the root.
    pub custodians: Vec<CustodianStatus>,
    /// Who has a copy of the wrapped keys.
    pub mirrors: Vec<MirrorStatus>,
}

/// How a custodian stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustodianStatus {
    /// Which one.
    pub name: String,
    /// The roots that it holds.
    pub epochs: Vec<i64>,
    /// What is wrong.
    pub error: Option<String>,
}

/// Tombstones whose bucket was not re-keyed since, and those that a rotation has re-keyed that is not at its end.
const NOT_FINAL: &str = "SELECT count(*) FROM vault.tombstones t JOIN vault.buckets b ON b.bucket = t.bucket \
     WHERE b.generation = t.generation OR EXISTS ( \
         SELECT FROM vault.rotation r WHERE r.step <> 'prepared' AND t.position < r.position AND t.position > ( \
             SELECT coalesce(max((payload -> 'RootDestroyed' ->> 'switched_position')::bigint), 0) \
             FROM ledger.events WHERE aggregate_type = 'vault' AND event_type = 'vault.root_destroyed'))";

impl Vault {
    /// How the vault of a database stands, wherever that is and even if no custodian answers.
    ///
    /// # Errors
    /// [`VaultError::NoVault`], errors of the database.
    pub async fn status(
        pool: &PgPool,
        custody: &Custody,
        mirrors: &Mirrors,
    ) -> Result<VaultStatus, VaultError> {
        let mut connection = pool.acquire().await?;
        let row = Row::read(&mut connection).await?.ok_or(VaultError::NoVault)?;
        let moved = row.must_be_at(place(&mut connection).await?).is_err();
        let (keys, tombstones) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM vault.keys), (SELECT count(*) FROM vault.tombstones)",
        )
        .fetch_one(&mut *connection)
        .await?;
        let not_final = sqlx::query_scalar(NOT_FINAL).fetch_one(&mut *connection).await?;
        let rotation = sqlx::query_as("SELECT step, old_epoch, new_epoch FROM vault.rotation")
            .fetch_optional(&mut *connection)
            .await?;
        drop(connection);
        let surveyed = custody.open(pool, row.installation)?.survey().await;
        let custodians = surveyed.into_iter().map(|(name, held)| CustodianStatus {
            name,
            epochs: held.iter().flatten().map(|held| held.epoch).collect(),
            error: held.err().map(|error| error.to_string()),
        });
        Ok(VaultStatus {
            installation: row.installation,
            epoch: row.epoch,
            buckets: row.buckets,
            keys,
            tombstones,
            not_final,
            moved,
            rotation,
            custodians: custodians.collect(),
            mirrors: mirrors.status(pool).await,
        })
    }
}
