//! The nursery: the key that wraps every new key of an epoch, and is wrapped by that epoch's root alone. Whatever becomes
//! of the append that brings a key – rolled back, refused, logged, cut off –, no copy of it outlives the root. A rotation
//! moves the keys that are stored into their buckets.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::Row;

use crate::crypto::Key;
use crate::wrap;
use crate::{Vault, VaultError};

/// The number under which the nursery stands among the buckets. Its generation is the epoch.
pub(crate) const NURSERY: i32 = -1;

/// The nursery's key as it was used last, in memory.
#[derive(Default)]
pub(crate) struct Nursery(Mutex<Option<NurseryKey>>);

/// What wraps new keys.
#[derive(Clone)]
pub(crate) struct NurseryKey {
    pub(crate) epoch: i64,
    pub(crate) key: Key,
}

impl Nursery {
    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    fn get(&self) -> Option<NurseryKey> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<NurseryKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault {
    /// The nursery's key. If a rotation has come since it was read, the ledger refuses what it wraps, and it is read again.
    ///
    /// # Errors
    /// [`VaultError::NurseryDamaged`] when it is missing or does not unwrap, and errors of custodians and database.
    pub(crate) async fn nursery_key(&self) -> Result<NurseryKey, VaultError> {
        if let Some(known) = self.nursery.get() {
            return Ok(known);
        }
        let mut attempts = 0;
        let read = loop {
            match self.read_nursery().await {
                // A rotation came between the statement and the root.
                Err(VaultError::Rotated) if attempts < 3 => attempts += 1,
                read => break read?,
            }
        };
        *self.nursery.lock() = Some(read.clone());
        Ok(read)
    }

    async fn read_nursery(&self) -> Result<NurseryKey, VaultError> {
        let row = sqlx::query(
            "SELECT r.epoch, b.wrapped FROM vault.root r \
             LEFT JOIN vault.buckets b ON b.bucket = $1 AND b.generation = r.epoch",
        )
        .bind(NURSERY)
        .fetch_one(&self.pool)
        .await?;
        let epoch = row.try_get("epoch")?;
        let wrapped = row.try_get::<Option<&[u8]>, _>("wrapped")?.ok_or(VaultError::NurseryDamaged(epoch))?;
        Ok(NurseryKey { epoch, key: self.root_of(epoch).await?.unwrap(NURSERY, epoch, wrapped)? })
    }

    /// Puts a key into the nursery that the tables of an earlier version have left empty.
    pub(crate) async fn furnish_nursery(&self) -> Result<(), VaultError> {
        let root = self.root();
        let wrapped = root.wrap(NURSERY, root.epoch, &wrap::new_key()?)?;
        let sql = "UPDATE vault.buckets SET wrapped = $3 WHERE bucket = $1 AND generation = $2 AND wrapped = '' \
                   AND NOT EXISTS (SELECT FROM vault.keys WHERE bucket = $1)";
        let furnished =
            sqlx::query(sql).bind(NURSERY).bind(root.epoch).bind(wrapped).execute(&self.pool).await?;
        if furnished.rows_affected() > 0 {
            tracing::info!(
                "every key is made in a nursery from now on; the next rotation renews all buckets"
            );
        }
        Ok(())
    }
}
