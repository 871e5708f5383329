//! Further generations for buckets that are due.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::Rotation;
use super::due::BUCKETS;
use crate::crypto::Key;
use crate::guard::lock_appends;
use crate::wrap;
use crate::{Vault, VaultError};

/// How many buckets get another key in one transaction, while which nobody appends.
const AT_ONCE: i64 = 2048;

/// The keys of the newest generations: by bucket.
pub(super) type Newest = HashMap<i32, (i64, Key)>;

impl Vault {
    /// Gives every bucket that is due a further generation, with a fresh key, wrapped by the root that goes. The one before
    /// stays for the keys that hang from it; answers how many buckets there were.
    pub(super) async fn renew_buckets(&self, rotation: &Rotation) -> Result<i64, VaultError> {
        let root = self.root_of(rotation.old_epoch).await?;
        let mut renewed = 0;
        loop {
            let mut transaction = self.pool.begin().await?;
            lock_appends(&mut transaction).await?;
            rotation.must_be_prepared(&mut transaction).await?;
            let due: Vec<(i32, i64)> =
                sqlx::query_as(&format!("SELECT bucket, generation FROM ({BUCKETS}) b WHERE due LIMIT $1"))
                    .bind(AT_ONCE)
                    .fetch_all(&mut *transaction)
                    .await?;
            if due.is_empty() {
                return Ok(renewed);
            }
            let wrapped: Result<Vec<_>, _> = due
                .iter()
                .map(|(bucket, generation)| root.wrap(*bucket, generation + 1, &wrap::new_key()?))
                .collect();
            sqlx::query(
                "INSERT INTO vault.buckets (bucket, generation, wrapped) \
                 SELECT bucket, generation + 1, wrapped \
                 FROM unnest($1::integer[], $2::bigint[], $3::bytea[]) AS n (bucket, generation, wrapped)",
            )
            .bind(due.iter().map(|(bucket, _)| *bucket).collect::<Vec<_>>())
            .bind(due.iter().map(|(_, generation)| *generation).collect::<Vec<_>>())
            .bind(wrapped?)
            .execute(&mut *transaction)
            .await?;
            // From here on mirrors need another export, before any key that hangs from these.
            let changed = "UPDATE vault.root SET generations = gen_random_uuid()";
            sqlx::query(changed).execute(&mut *transaction).await?;
            let number = i64::try_from(due.len()).unwrap_or(i64::MAX);
            rotation.count(&mut transaction, number, 0).await?;
            transaction.commit().await?;
            renewed += number;
        }
    }

    /// The keys of the newest generation of every bucket, as the root of an epoch wraps them.
    pub(super) async fn newest(
        &self,
        connection: &mut PgConnection,
        epoch: i64,
    ) -> Result<Newest, VaultError> {
        let root = self.root_of(epoch).await?;
        let rows: Vec<(i32, i64, Vec<u8>)> =
            sqlx::query_as(&format!("SELECT bucket, generation, wrapped FROM ({BUCKETS}) b"))
                .fetch_all(connection)
                .await?;
        let open = |(bucket, generation, wrapped): (i32, i64, Vec<u8>)| {
            Ok((bucket, (generation, root.unwrap(bucket, generation, &wrapped)?)))
        };
        rows.into_iter().map(open).collect()
    }
}

impl Rotation {
    /// Adds to what the rotation came to.
    pub(super) async fn count(
        &self,
        connection: &mut PgConnection,
        buckets: i64,
        keys: i64,
    ) -> Result<(), VaultError> {
        let sql = "UPDATE vault.rotation SET buckets = buckets + $2, keys = keys + $3 WHERE attempt = $1";
        let counted = sqlx::query(sql).bind(self.attempt).bind(buckets).bind(keys);
        super::must_be_one(counted.execute(connection).await?.rows_affected())
    }
}
