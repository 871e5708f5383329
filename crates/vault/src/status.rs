//! How the vault stands.

use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::former::former;
use crate::mirror::{MirrorStatus, Mirrors};
use crate::open::{Row, place};
use crate::rotation::{Due, due};
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
    /// What asks for a rotation.
    pub due: Due,
    /// Whether the database is in another cluster than the one it knows.
    pub moved: bool,
    /// The step of a rotation that is under way, its two roots, and up to which position it makes erasures final.
    pub rotation: Option<(String, i64, i64, i64)>,
    /// Who keeps the root.
    pub custodians: Vec<CustodianStatus>,
    /// Who kept it once, is no longer in the settings and was not seen empty: until then nothing becomes final.
    pub former: Vec<String>,
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
        let rotation = sqlx::query_as("SELECT step, old_epoch, new_epoch, covers FROM vault.rotation")
            .fetch_optional(&mut *connection)
            .await?;
        drop(connection);
        let due = due(pool).await?;
        let keepers = custody.open(pool, row.installation)?;
        let former = former(pool, &keepers).await?.into_iter().map(|former| former.name).collect();
        let surveyed = keepers.survey().await;
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
            not_final: due.erased,
            due,
            moved,
            rotation,
            custodians: custodians.collect(),
            former,
            mirrors: mirrors.status(pool).await,
        })
    }
}
