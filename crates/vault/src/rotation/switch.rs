//! The switch: everything is hung from the new root, in one transaction.

use sqlx::{Executor, PgConnection};

use super::generation::Newest;
use super::{Rotation, Work};
use crate::nursery::NURSERY;
use crate::wrap::{self, RootKey};
use crate::{Vault, VaultError};

impl Vault {
    /// Prepares the switch, while others append: buckets with a destroyed key get a further generation, and keys move there
    /// and out of the nursery. Answers the change up to which all keys are where they belong.
    ///
    /// # Errors
    /// [`VaultError::BucketDamaged`], [`VaultError::NurseryDamaged`], [`VaultError::KeyDamaged`],
    /// [`VaultError::Rotated`] when the rotation is no longer at this step, and errors of custodians and database.
    pub async fn rekey(&self, rotation: &Rotation) -> Result<i64, VaultError> {
        self.renew_buckets(rotation).await?;
        let change = self.move_all(rotation).await?;
        self.move_later(rotation, change).await
    }

    /// Hangs everything from the new root, within a transaction that holds the append lock: moves the keys behind a change
    /// as [`Vault::rekey`] did those before, wraps the newest generations by the new root, and drops the others and the
    /// nursery. Answers what the rotation came to.
    ///
    /// # Errors
    /// As [`Vault::rekey`]; the transaction must then be rolled back.
    pub async fn switch(
        &self,
        connection: &mut PgConnection,
        rotation: &Rotation,
        change: i64,
    ) -> Result<Work, VaultError> {
        let row = self.here(connection).await?;
        if row.epoch != rotation.old_epoch {
            return Err(VaultError::Rotated);
        }
        rotation.must_be_prepared(connection).await?;
        let new = RootKey::of(&self.new_root(rotation).await?)?;
        let (newest, moved) = self.move_last(connection, rotation, change).await?;
        if i32::try_from(newest.len()) != Ok(row.buckets) {
            let missing = (0..row.buckets).find(|bucket| !newest.contains_key(bucket));
            return Err(VaultError::BucketDamaged(missing.unwrap_or_default()));
        }
        hang(connection, &newest, &new).await?;
        sqlx::query("UPDATE vault.root SET epoch = $1, commitment = $2")
            .bind(rotation.new_epoch)
            .bind(&rotation.commitment)
            .execute(&mut *connection)
            .await?;
        rotation.count(connection, 0, moved).await?;
        Ok(sqlx::query_as("SELECT tombstones, buckets, keys FROM vault.rotation")
            .fetch_one(connection)
            .await?)
    }
}

/// Wraps the newest generations by a root, and makes a nursery for it. Whatever else was there is gone.
async fn hang(connection: &mut PgConnection, newest: &Newest, root: &RootKey) -> Result<(), VaultError> {
    let nursery = (NURSERY, (root.epoch, wrap::new_key()?));
    let (mut buckets, mut generations, mut wrapped) = (Vec::new(), Vec::new(), Vec::new());
    for (bucket, (generation, key)) in newest.iter().chain([(&nursery.0, &nursery.1)]) {
        buckets.push(*bucket);
        generations.push(*generation);
        wrapped.push(root.wrap(*bucket, *generation, key)?);
    }
    connection.execute("DELETE FROM vault.buckets").await?;
    sqlx::query(
        "INSERT INTO vault.buckets (bucket, generation, wrapped) \
         SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])",
    )
    .bind(buckets)
    .bind(generations)
    .bind(wrapped)
    .execute(connection)
    .await?;
    Ok(())
}
