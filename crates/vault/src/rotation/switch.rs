//! The switch: everything is hung from the new root, in one transaction.

use std::collections::{HashMap, HashSet};

use lethe_kernel::{KeyClass, Subject, SubjectKind};
use sqlx::{Executor, PgConnection, Row as _};

use super::{Rotation, Work};
use crate::crypto::Key;
use crate::wrap::{self, RootKey, SubjectPlace};
use crate::{Vault, VaultError};

/// A part of the keys that are wrapped anew, so that memory stays flat.
const FETCH: &str = "FETCH 256 FROM due";

impl Vault {
    /// Hangs everything from the new root, within a transaction that holds the append lock: buckets with a tombstone get
    /// another key, by which their keys are wrapped anew, and every bucket is wrapped by the new root.
    ///
    /// # Errors
    /// [`VaultError::BucketDamaged`], [`VaultError::KeyDamaged`], [`VaultError::Rotated`] when the rotation is no longer
    /// at this step, and errors of custodians and database.
    pub async fn switch(
        &self,
        connection: &mut PgConnection,
        rotation: &Rotation,
    ) -> Result<Work, VaultError> {
        let row = self.here(connection).await?;
        if row.epoch != rotation.old_epoch {
            return Err(VaultError::Rotated);
        }
        let old = self.root_of(row.epoch).await?;
        let new = RootKey::of(&self.new_root(rotation).await?)?;
        let mut work = Work { tombstones: due(connection).await?, ..Work::default() };
        let replaced = replace_buckets(connection, &old, &new).await?;
        work.buckets = i64::try_from(replaced.len()).unwrap_or(i64::MAX);
        work.keys = rewrap(connection, &replaced, new.epoch).await?;
        sqlx::query("UPDATE vault.root SET epoch = $1, commitment = $2")
            .bind(rotation.new_epoch)
            .bind(&rotation.commitment)
            .execute(&mut *connection)
            .await?;
        Ok(work)
    }
}

/// Wraps the keys of replaced buckets anew; answers how many there were. They are found by a pass over all keys.
async fn rewrap(
    connection: &mut PgConnection,
    replaced: &HashMap<i32, Replaced>,
    generation: i64,
) -> Result<i64, VaultError> {
    if replaced.is_empty() {
        return Ok(0);
    }
    // One pass to its end, however few keys PostgreSQL expects; then each key by its primary key.
    connection.execute("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL enable_nestloop = off").await?;
    sqlx::query(
        "DECLARE due NO SCROLL CURSOR FOR \
         SELECT k.key_id, k.subject_kind, k.subject_id, k.class, k.bucket, k.generation, k.wrapped \
         FROM vault.keys k JOIN vault.buckets b ON b.bucket = k.bucket WHERE b.generation = $1",
    )
    .bind(generation)
    .execute(&mut *connection)
    .await?;
    connection
        .execute(
            "SET LOCAL enable_nestloop = on; SET LOCAL enable_seqscan = off; \
             SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
        )
        .await?;
    let mut keys = 0;
    loop {
        let rows = sqlx::query(FETCH).persistent(false).fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(keys);
        }
        let mut fresh = Vec::with_capacity(rows.len());
        for row in &rows {
            let from = place_of(row)?;
            let bucket = replaced.get(&from.bucket).ok_or(VaultError::BucketDamaged(from.bucket))?;
            let secret = from
                .unwrap(&bucket.old, row.try_get("wrapped")?)?
                .ok_or(VaultError::KeyDamaged(from.subject))?;
            let place = SubjectPlace { generation, ..from };
            fresh.push((place, place.wrap(&bucket.new, &secret)?));
        }
        let rewrapped = sqlx::query(
            "UPDATE vault.keys k SET generation = $1, wrapped = n.wrapped \
             FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[]) AS n (subject, kind, class, wrapped) \
             WHERE k.subject_id = n.subject AND k.subject_kind = n.kind AND k.class = n.class",
        )
        .bind(generation)
        .bind(fresh.iter().map(|(place, _)| place.subject.id).collect::<Vec<_>>())
        .bind(fresh.iter().map(|(place, _)| place.subject.kind.name()).collect::<Vec<_>>())
        .bind(fresh.iter().map(|(place, _)| place.class.name()).collect::<Vec<_>>())
        .bind(fresh.iter().map(|(_, wrapped)| wrapped.as_slice()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
        keys += i64::try_from(rewrapped.rows_affected()).unwrap_or(i64::MAX);
    }
}

/// The two keys of a bucket that got another one.
struct Replaced {
    old: Key,
    new: Key,
}

/// Tombstones whose bucket still has the key that had wrapped them.
pub(super) const DUE: &str =
    "FROM vault.tombstones t JOIN vault.buckets b ON b.bucket = t.bucket AND b.generation = t.generation";

async fn due(connection: &mut PgConnection) -> Result<i64, VaultError> {
    Ok(sqlx::query_scalar(&format!("SELECT count(*) {DUE}")).fetch_one(connection).await?)
}

/// Wraps every bucket's key by the new root; those with a tombstone get another key.
async fn replace_buckets(
    connection: &mut PgConnection,
    old: &RootKey,
    new: &RootKey,
) -> Result<HashMap<i32, Replaced>, VaultError> {
    let due: Vec<i32> =
        sqlx::query_scalar(&format!("SELECT DISTINCT t.bucket {DUE}")).fetch_all(&mut *connection).await?;
    let due: HashSet<i32> = due.into_iter().collect();
    let rows = sqlx::query("SELECT bucket, generation, wrapped FROM vault.buckets")
        .fetch_all(&mut *connection)
        .await?;
    let mut replaced = HashMap::with_capacity(due.len());
    let (mut buckets, mut generations, mut wrapped) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let (bucket, generation) = (row.try_get("bucket")?, row.try_get("generation")?);
        let key = old.unwrap(bucket, generation, row.try_get("wrapped")?)?;
        let (generation, key) = if due.contains(&bucket) {
            let fresh = wrap::new_key()?;
            replaced.insert(bucket, Replaced { old: key, new: fresh.clone() });
            (new.epoch, fresh)
        } else {
            (generation, key)
        };
        buckets.push(bucket);
        generations.push(generation);
        wrapped.push(new.wrap(bucket, generation, &key)?);
    }
    sqlx::query(
        "UPDATE vault.buckets b SET generation = n.generation, wrapped = n.wrapped \
         FROM unnest($1::integer[], $2::bigint[], $3::bytea[]) AS n (bucket, generation, wrapped) \
         WHERE b.bucket = n.bucket",
    )
    .bind(buckets)
    .bind(generations)
    .bind(wrapped)
    .execute(connection)
    .await?;
    Ok(replaced)
}

pub(crate) fn place_of(row: &sqlx::postgres::PgRow) -> Result<SubjectPlace, VaultError> {
    let (kind, class): (&str, &str) = (row.try_get("subject_kind")?, row.try_get("class")?);
    let unknown = || VaultError::Encode(format!("a key is of the unknown kind {kind} or class {class}"));
    let kind = SubjectKind::from_name(kind).ok_or_else(unknown)?;
    Ok(SubjectPlace {
        id: row.try_get("key_id")?,
        subject: Subject::new(kind, row.try_get("subject_id")?),
        class: KeyClass::from_name(class).ok_or_else(unknown)?,
        bucket: row.try_get("bucket")?,
        generation: row.try_get("generation")?,
    })
}
