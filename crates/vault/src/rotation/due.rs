//! Whether a rotation is due, and what it would come to.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

use super::Work;
use crate::{Vault, VaultError};

/// The newest generation of each bucket, and whether it asks for a further one: because a key was destroyed since it was
/// made, or since what was lost with a database may have left keys under it that nobody knows of.
pub(super) const BUCKETS: &str = "SELECT b.bucket, b.generation, b.wrapped, b.due AS lost, b.due OR EXISTS ( \
         SELECT FROM vault.tombstones t WHERE t.bucket = b.bucket AND t.generation = b.generation) AS due \
     FROM vault.buckets b WHERE b.bucket >= 0 AND b.generation = ( \
         SELECT max(n.generation) FROM vault.buckets n WHERE n.bucket = b.bucket)";

/// What asks for a rotation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// Keys that were destroyed and are not final.
    pub erased: i64,
    /// Since when the first of them waits.
    pub erased_since: Option<DateTime<Utc>>,
    /// Buckets that get another key, because of a destroyed one.
    pub buckets: i64,
    /// Buckets that get another key because the vault was restored, moved or brought up from an earlier version.
    pub lost: i64,
    /// Whether keys were on their way into the vault since the last rotation began, stored or not.
    pub minted: bool,
}

impl Due {
    /// Whether there is anything to rotate for.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.erased > 0 || self.buckets > 0 || self.lost > 0 || self.minted
    }
}

/// What asks for a rotation now.
///
/// # Errors
/// Errors of the database.
pub async fn due(pool: &PgPool) -> Result<Due, VaultError> {
    Ok(sqlx::query_as(&format!(
        "WITH bucket AS ({BUCKETS}), \
         waiting AS (SELECT t.destroyed_at FROM vault.tombstones t CROSS JOIN vault.root r \
                     WHERE t.change > r.covered_change) \
         SELECT (SELECT count(*) FROM waiting) AS erased, (SELECT min(destroyed_at) FROM waiting) AS erased_since, \
                (SELECT count(*) FROM bucket WHERE due AND NOT lost) AS buckets, \
                (SELECT count(*) FROM bucket WHERE lost) AS lost, \
                vault.last_change() > coalesce((SELECT covered_change FROM vault.root), 0) AS minted"
    ))
    .fetch_one(pool)
    .await?)
}

/// Since when something is not final: the first destroyed key that waits for a rotation, or the rotation that is under
/// way and has not come to its end. `None` if everything is final.
///
/// # Errors
/// Errors of the database.
pub async fn waiting_since(pool: &PgPool) -> Result<Option<DateTime<Utc>>, VaultError> {
    let sql = "SELECT least((SELECT min(t.destroyed_at) FROM vault.tombstones t CROSS JOIN vault.root r \
                             WHERE t.change > r.covered_change), (SELECT started_at FROM vault.rotation))";
    Ok(sqlx::query_scalar(sql).fetch_one(pool).await?)
}

impl Vault {
    /// What a rotation that begins now would do.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn rotation_work(&self) -> Result<Work, VaultError> {
        Ok(sqlx::query_as(&format!(
            "WITH due AS (SELECT bucket FROM ({BUCKETS}) b WHERE due) \
             SELECT (SELECT count(*) FROM vault.tombstones t WHERE t.change > r.covered_change) AS tombstones, \
                    (SELECT count(*) FROM due) AS buckets, \
                    (SELECT count(*) FROM vault.keys k WHERE k.bucket < 0 OR k.bucket IN (SELECT bucket FROM due)) AS keys \
             FROM vault.root r"
        ))
        .fetch_one(&self.pool)
        .await?)
    }
}
