//! The steps of a rotation of the root: what each does to custodians and tables. Their order, and the events, are the
//! business of who rotates; see `docs/sealing.md`.
//!
//! `begun → prepared → switched → exported → destroyed`: every step is durable before the next one begins, and doing one
//! again does no harm, so that a rotation that was cut off is taken up where it stands. What it makes final is stored
//! first and never changes.

mod due;
mod generation;
mod moving;
mod switch;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::custodian::{CustodiansError, Root};
use crate::guard::lock_appends;
use crate::mirror::Takeover;
use crate::open::{Row, place};
use crate::{Vault, VaultError, former};

pub use due::{Due, due, waiting_since};
pub(crate) use moving::place_of;

/// How long replicas may take to replay the switch, and how often they are asked.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// A rotation that is under way.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Rotation {
    /// The step that is done: `begun`, `prepared`, `switched`, `exported` or `destroyed`.
    pub step: String,
    /// The root that goes.
    pub old_epoch: i64,
    /// The root that comes.
    pub new_epoch: i64,
    /// What was destroyed up to this position becomes final.
    pub covers: i64,
    /// The same as a change of keys.
    pub covers_change: i64,
    /// The position of the event that says that keys were switched, from that step on.
    pub position: Option<i64>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    commitment: Vec<u8>,
    /// How often it was taken up. Whoever took it up before does nothing any more.
    attempt: i64,
    /// What it came to so far.
    #[sqlx(flatten)]
    pub work: Work,
}

/// What a rotation would do, or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Work {
    /// The erased keys that it makes final.
    pub tombstones: i64,
    /// The buckets that get another key.
    pub buckets: i64,
    /// The keys that are wrapped anew: those that were made since the last rotation, and those of the buckets.
    pub keys: i64,
}

impl std::ops::Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            tombstones: self.tombstones + other.tombstones,
            buckets: self.buckets + other.buckets,
            keys: self.keys + other.keys,
        }
    }
}

/// The columns of a [`Rotation`].
macro_rules! columns {
    () => {
        "step, old_epoch, new_epoch, covers, covers_change, position, started_at, commitment, attempt, tombstones, \
         buckets, keys"
    };
}

impl Vault {
    /// The rotation that is under way.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn rotation(&self) -> Result<Option<Rotation>, VaultError> {
        let sql = concat!("SELECT ", columns!(), " FROM vault.rotation");
        Ok(sqlx::query_as(sql).fetch_optional(&self.pool).await?)
    }

    /// Takes up the rotation that is under way. Whoever took it up before finds every further step refused.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn take_up(&self) -> Result<Option<Rotation>, VaultError> {
        let sql = concat!("UPDATE vault.rotation SET attempt = attempt + 1 RETURNING ", columns!());
        Ok(sqlx::query_as(sql).fetch_optional(&self.pool).await?)
    }

    /// Begins a rotation: stores what it covers, before anything else is written anywhere.
    ///
    /// # Errors
    /// [`VaultError::Unready`] while a custodian cannot be reached or holds another root than it should,
    /// [`VaultError::Former`] while one that is no longer in the settings may hold one, [`VaultError::Moved`],
    /// [`VaultError::Rotated`] when another process was faster, and errors of custodians and database.
    pub async fn begin(&self) -> Result<Rotation, VaultError> {
        let epoch = self.root_of_now().await?;
        self.ready(&[epoch, epoch + 1]).await?;
        former::all_empty(&self.pool, &self.custodians).await?;
        let mut transaction = self.pool.begin().await?;
        lock_appends(&mut transaction).await?;
        self.here(&mut transaction).await?;
        let rotation = sqlx::query_as(concat!(
            "INSERT INTO vault.rotation \
             (step, old_epoch, new_epoch, commitment, covers, covers_change, started_at, tombstones) \
             SELECT 'begun', r.epoch, r.epoch + 1, '', (SELECT coalesce(max(position), 0) FROM ledger.events), \
                    vault.last_change(), now(), \
                    (SELECT count(*) FROM vault.tombstones t WHERE t.change > r.covered_change) \
             FROM vault.root r WHERE r.epoch = $1 ON CONFLICT DO NOTHING RETURNING ",
            columns!()
        ))
        .bind(epoch)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(VaultError::Rotated)?;
        transaction.commit().await?;
        Ok(rotation)
    }

    async fn root_of_now(&self) -> Result<i64, VaultError> {
        let mut connection = self.pool.acquire().await?;
        Ok(self.here(&mut connection).await?.epoch)
    }

    /// Makes a new root and has every custodian keep it. A root of that epoch that is there already was left by an earlier
    /// attempt, or by a history that was lost: here nothing hangs from it, but on some disk something may, so it goes.
    ///
    /// # Errors
    /// As [`Vault::begin`].
    pub async fn prepare(&self, rotation: &Rotation) -> Result<(), VaultError> {
        let row = self.here(&mut *self.pool.acquire().await?).await?;
        if row.epoch != rotation.old_epoch {
            return Err(VaultError::Rotated);
        }
        self.ready(&[rotation.old_epoch, rotation.new_epoch]).await?;
        // Those that are there now, and none that a successor may have stored by the time they are destroyed.
        let left = self.custodians.of_epoch(rotation.new_epoch).await?;
        let root = Root::generate(row.installation, rotation.new_epoch)?;
        let commitment = root.commitment();
        // From here on no other root can become that of the new epoch.
        let named = "UPDATE vault.rotation SET commitment = $2 WHERE step = 'begun' AND attempt = $1";
        let named = sqlx::query(named).bind(rotation.attempt).bind(commitment.as_slice());
        must_be_one(named.execute(&self.pool).await?.rows_affected())?;
        self.custodians.destroy_these(&left).await?;
        self.custodians.store_all(&root).await?;
        let prepared = "UPDATE vault.rotation SET step = 'prepared' WHERE step = 'begun' AND attempt = $1 AND commitment = $2";
        let prepared = sqlx::query(prepared).bind(rotation.attempt).bind(commitment.as_slice());
        must_be_one(prepared.execute(&self.pool).await?.rows_affected())
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
    /// [`VaultError::Rotated`] when the rotation is no longer at the step before, or somebody else has taken it up, and
    /// errors of the database.
    pub async fn mark(
        connection: &mut PgConnection,
        rotation: &Rotation,
        to: &str,
        position: Option<i64>,
    ) -> Result<(), VaultError> {
        let marked = sqlx::query(
            "UPDATE vault.rotation SET step = $3, position = coalesce($4, position) WHERE step = $1 AND attempt = $2",
        )
        .bind(&rotation.step)
        .bind(rotation.attempt)
        .bind(to)
        .bind(position)
        .execute(connection)
        .await?;
        must_be_one(marked.rows_affected())
    }

    /// Ends a rotation whose last event is in the ledger.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn end_rotation(&self) -> Result<(), VaultError> {
        sqlx::query(
            "WITH ended AS (DELETE FROM vault.rotation WHERE step = 'destroyed' RETURNING covers_change) \
             UPDATE vault.root SET covered_change = e.covers_change FROM ended e",
        )
        .execute(&self.pool)
        .await?;
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
    /// [`VaultError::Unready`], [`VaultError::Former`], [`VaultError::Behind`] while a replica would still need it,
    /// [`VaultError::Moved`], and errors of custodians and database. The old root may then still be there.
    pub async fn destroy_old(&self, rotation: &Rotation) -> Result<(), VaultError> {
        let mut connection = self.pool.acquire().await?;
        let row = self.here(&mut connection).await?;
        if row.epoch != rotation.new_epoch {
            return Err(VaultError::Rotated);
        }
        self.ready(&[rotation.new_epoch, rotation.old_epoch]).await?;
        // The new root must open what is there now, before the old one goes.
        self.new_root(rotation).await?;
        former::all_empty(&self.pool, &self.custodians).await?;
        replayed(&mut connection).await?;
        Ok(self.custodians.destroy_all(rotation.old_epoch).await?)
    }
}

impl Rotation {
    /// Makes sure, within a transaction that holds the append lock, that this attempt is the one that rotates, and that keys
    /// were not switched.
    async fn must_be_prepared(&self, connection: &mut PgConnection) -> Result<(), VaultError> {
        let sql = "SELECT count(*) FROM vault.rotation WHERE step = 'prepared' AND attempt = $1";
        let ours: i64 = sqlx::query_scalar(sql).bind(self.attempt).fetch_one(connection).await?;
        must_be_one(u64::try_from(ours).unwrap_or_default())
    }
}

fn must_be_one(rows: u64) -> Result<(), VaultError> {
    if rows == 1 { Ok(()) } else { Err(VaultError::Rotated) }
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
