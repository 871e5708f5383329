//! The keys of the buckets: between the root, which changes at every rotation, and the keys of subjects, of which only
//! those change that shared a bucket with a destroyed one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::Row;
use uuid::Uuid;

use crate::crypto::Key;
use crate::{Vault, VaultError, wrap};

/// The keys of the buckets that were used to wrap, in memory.
pub(crate) struct Buckets {
    count: u32,
    keys: Mutex<HashMap<i32, BucketKey>>,
    /// Held by the one who reads them, so that all who need one at the same moment do not read all of them.
    reading: tokio::sync::Mutex<()>,
}

/// What wraps the keys of a bucket.
#[derive(Clone)]
pub(crate) struct BucketKey {
    pub(crate) generation: i64,
    /// The epoch at which it was read.
    pub(crate) epoch: i64,
    pub(crate) key: Key,
}

impl Buckets {
    pub(crate) fn new(count: u32) -> Self {
        Self { count, keys: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// The bucket of a key.
    pub(crate) fn of(&self, key: Uuid) -> i32 {
        wrap::bucket_of(key, self.count)
    }

    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn get(&self, bucket: i32) -> Option<BucketKey> {
        self.lock().get(&bucket).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, BucketKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault {
    /// A bucket's key. If a rotation has replaced it since it was read, the ledger refuses what it
    /// wraps, and it is read again.
    pub(crate) async fn bucket_key(&self, bucket: i32) -> Result<BucketKey, VaultError> {
        if let Some(known) = self.buckets.get(bucket) {
            return Ok(known);
        }
        let _alone = self.buckets.reading.lock().await;
        if let Some(known) = self.buckets.get(bucket) {
            return Ok(known);
        }
        // All of them: a server that makes keys meets most of them soon.
        let rows = sqlx::query(
            "SELECT b.bucket, b.generation, b.wrapped, r.epoch FROM vault.buckets b CROSS JOIN vault.root r",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut keys = HashMap::with_capacity(rows.len());
        for row in rows {
            let (epoch, bucket, generation) =
                (row.try_get("epoch")?, row.try_get("bucket")?, row.try_get("generation")?);
            let key = self.root_of(epoch).await?.unwrap(bucket, generation, row.try_get("wrapped")?)?;
            keys.insert(bucket, BucketKey { generation, epoch, key });
        }
        let found = keys.get(&bucket).cloned().ok_or(VaultError::BucketDamaged(bucket));
        *self.buckets.lock() = keys;
        found
    }
}
