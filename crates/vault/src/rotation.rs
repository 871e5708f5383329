//! The steps of a rotation of the root: what each does to custodians and tables. Their order, and the events, are the
//! business of who rotates; see `docs/sealing.md`.
//!
//! `prepared → switched → exported → destroyed`: every step is durable before the next one begins, and doing one again
//! does no harm, so that a rotation that was cut off is taken up where it stands.

mod switch;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::custodian::{CustodiansError, Root};
use crate::mirror::Takeover;
use crate::open::{Row, place};
use crate::{Vault, VaultError};

use switch::DUE;
pub(crate) use switch::place_of;

/// How long replicas may take to replay the switch, and how often they are asked.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// A rotation that is under way.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Rotation {
    /// The step that is done: `prepared`, `switched`, `exported` or `destroyed`.
    pub step: String,
    /// The root that goes.
    pub old_epoch: i64,
    /// The root that comes.
    pub new_epoch: i64,
    commitment: Vec<u8>,
    /// The position of the event that says that keys were switched, from that step on.
    pub position: Option<i64>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// What a rotation would do, or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The erased keys that it makes final.
    pub tombstones: i64,
    /// The buckets that get another key.
    pub buckets: i64,
    /// The keys that are wrapped anew.
    pub keys: i64,
}

/// Since when something is not final: the first destroyed key that waits for a rotation, or the rotation that is under
/// way and has not come to its end. `None` if everything is final.
///
/// # Errors
/// Errors of the database.
pub async fn waiting_since(pool: &PgPool) -> Result<Option<DateTime<Utc>>, VaultError> {
    let sql =
        format!("SELECT least((SELECT min(t.destroyed_at) {DUE}), (SELECT started_at FROM vault.rotation))");
    Ok(sqlx::query_scalar(&sql).fetch_one(pool).await?)
}

impl Vault {
    /// The rotation that is under way.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn rotation(&self) -> Result<Option<Rotation>, VaultError> {
        Ok(sqlx::query_as(
            "SELECT step, old_epoch, new_epoch, commitment, position, started_at FROM vault.rotation",
        )
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What a rotation that begins now would do.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn rotation_work(&self) -> Result<Work, VaultError> {
        let (tombstones, buckets, keys) = sqlx::query_as(
            "WITH due AS (SELECT t.bucket, count(*) AS tombstones FROM vault.tombstones t \
                          JOIN vault.buckets b ON b.bucket = t.bucket AND b.generation = t.generation GROUP BY 1) \
             SELECT coalesce(sum(tombstones), 0)::bigint, count(*), \
                    (SELECT count(*) FROM vault.keys k WHERE k.bucket IN (SELECT bucket FROM due)) FROM due",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Work { tombstones, buckets, keys })
    }

    /// Makes a new root and has every custodian keep it. Nothing hangs from it yet.
    ///
    /// # Errors
    /// [`VaultError::Unready`] while a custodian cannot be reached or holds another root than it should,
    /// [`VaultError::Moved`], [`VaultError::Rotated`] when another process was faster, and errors of custodians and
    /// database.
    pub async fn prepare(&self) -> Result<Rotation, VaultError> {
        let mut connection = self.pool.acquire().await?;
        let row = self.here(&mut connection).await?;
        let (old_epoch, new_epoch) = (row.epoch, row.epoch + 1);
        self.ready(&[old_epoch, new_epoch]).await?;
        let root = match self.left(new_epoch).await? {
            Some(root) => root,
            None => Root::generate(row.installation, new_epoch)?,
        };
        self.custodians.store_all(&root).await?;
        sqlx::query_as(
            "INSERT INTO vault.rotation (step, old_epoch, new_epoch, commitment, started_at) \
             SELECT 'prepared', $1, $2, $3, now() FROM vault.root WHERE epoch = $1 ON CONFLICT DO NOTHING \
             RETURNING step, old_epoch, new_epoch, commitment, position, started_at",
        )
        .bind(old_epoch)
        .bind(new_epoch)
        .bind(root.commitment().as_slice())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or(VaultError::Rotated)
    }

    /// The root that an earlier attempt left that did not get as far as the database. It is taken up and not replaced:
    /// that attempt may still be under way, in a process that stands still or in a statement that outlives its process,
    /// and what is destroyed here could be what everything hangs from by then.
    async fn left(&self, epoch: i64) -> Result<Option<Root>, VaultError> {
        for custodian in &self.custodians {
            let failed = |error| CustodiansError::Failed(vec![(custodian.name(), error)]);
            if let Some(root) = custodian.fetch(epoch).await.map_err(failed)? {
                return Ok(Some(root));
            }
        }
        Ok(None)
    }

    /// Makes sure that every custodian can be reached, holds the present root, and none but these.
    async fn ready(&self, allowed: &[i64]) -> Result<(), VaultError> {
        for (name, found) in self.custodians.survey().await {
            let held = found.map_err(|error| CustodiansError::Failed(vec![(name.clone(), error)]))?;
            let epochs: Vec<i64> = held.iter().map(|held| held.epoch).collect();
            if !epochs.contains(allowed.first().unwrap_or(&0)) || epochs.iter().any(|e| !allowed.contains(e))
            {
                return Err(VaultError::Unready { custodian: name, epochs, expected: allowed.to_vec() });
            }
        }
        Ok(())
    }

    /// The row of the vault, if this still is the cluster that it knows.
    async fn here(&self, connection: &mut PgConnection) -> Result<Row, VaultError> {
        let row = Row::read(connection).await?.ok_or(VaultError::Rotated)?;
        row.must_be_at(place(connection).await?)?;
        Ok(row)
    }

    /// Notes that a step of the rotation is done, and where the event of the switch stands.
    ///
    /// # Errors
    /// [`VaultError::Rotated`] when the rotation is no longer at the step before, and errors of the database.
    pub async fn mark(
        connection: &mut PgConnection,
        (from, to): (&str, &str),
        position: Option<i64>,
    ) -> Result<(), VaultError> {
        let marked = sqlx::query(
            "UPDATE vault.rotation SET step = $2, position = coalesce($3, position) WHERE step = $1",
        )
        .bind(from)
        .bind(to)
        .bind(position)
        .execute(connection)
        .await?;
        if marked.rows_affected() == 1 { Ok(()) } else { Err(VaultError::Rotated) }
    }

    /// Ends a rotation whose last event is in the ledger.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn end_rotation(&self) -> Result<(), VaultError> {
        sqlx::query("DELETE FROM vault.rotation WHERE step = 'destroyed'").execute(&self.pool).await?;
        Ok(())
    }

    async fn new_root(&self, rotation: &Rotation) -> Result<Root, VaultError> {
        let commitment = rotation.commitment.as_slice().try_into().map_err(|_| VaultError::Rotated)?;
        Ok(self.custodians.fetch(rotation.new_epoch, &commitment).await?)
    }

    /// Writes an export under the present root to every mirror, and reads it back.
    ///
    /// # Errors
    /// [`VaultError::Mirrors`], with every mirror that has it not.
    pub async fn export(&self) -> Result<(), VaultError> {
        // Not over the mirror of another cluster: this may be the copy, and its next step destroys a root.
        Ok(self.mirrors.export(&self.pool, Takeover::Refuse).await?)
    }

    /// Destroys the old root at every custodian, once nothing needs it.
    ///
    /// # Errors
    /// [`VaultError::Unready`], [`VaultError::Behind`] while a replica would still need it, [`VaultError::Moved`], and
    /// errors of custodians and database. The old root may then still be there.
    pub async fn destroy_old(&self, rotation: &Rotation) -> Result<(), VaultError> {
        let mut connection = self.pool.acquire().await?;
        let row = self.here(&mut connection).await?;
        if row.epoch != rotation.new_epoch {
            return Err(VaultError::Rotated);
        }
        self.ready(&[rotation.new_epoch, rotation.old_epoch]).await?;
        // The new root must open what is there now, before the old one goes.
        self.new_root(rotation).await?;
        replayed(&mut connection).await?;
        Ok(self.custodians.destroy_all(rotation.old_epoch).await?)
    }
}

/// Waits a while until every replica has replayed what is durable here now.
async fn replayed(connection: &mut PgConnection) -> Result<(), VaultError> {
    let target: String =
        sqlx::query_scalar("SELECT pg_current_wal_flush_lsn()::text").fetch_one(&mut *connection).await?;
    let begun = Instant::now();
    loop {
        let behind: Option<String> = sqlx::query_scalar(
            "SELECT coalesce(nullif(application_name, ''), pid::text) FROM pg_stat_replication \
             WHERE replay_lsn IS NULL OR replay_lsn < $1::pg_lsn UNION ALL \
             SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT active LIMIT 1",
        )
        .bind(&target)
        .fetch_optional(&mut *connection)
        .await?;
        match behind {
            None => return Ok(()),
            Some(replica) if begun.elapsed() > PATIENCE => return Err(VaultError::Behind(replica)),
            Some(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
