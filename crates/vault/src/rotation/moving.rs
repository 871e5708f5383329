//! Moving keys out of the nursery, and out of generations that are not the newest of their bucket.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use lethe_kernel::{KeyClass, Subject, SubjectKind};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::Rotation;
use super::generation::Newest;
use crate::crypto::Key;
use crate::guard::lock_appends;
use crate::wrap::{self, SubjectPlace};
use crate::{Vault, VaultError};

/// How many keys are moved in one transaction, while which nobody appends.
const AT_ONCE: usize = 256;

/// Keys up to a change that hang from the nursery, or from a generation of their bucket that has a newer one.
const LEFT: &str = "SELECT k.key_id, k.subject_kind, k.subject_id, k.class, k.bucket, k.generation, k.wrapped \
     FROM vault.keys k LEFT JOIN (SELECT bucket, max(generation) AS generation FROM vault.buckets GROUP BY bucket) n \
     ON n.bucket = k.bucket \
     WHERE k.change <= $1 AND (k.bucket < 0 OR k.generation IS DISTINCT FROM n.generation)";

/// The same of keys that were stored behind a change. They are in the nursery: nothing else is ever appended.
const LATER: &str = "SELECT key_id, subject_kind, subject_id, class, bucket, generation, wrapped, change \
     FROM vault.keys WHERE change > $1 AND bucket < 0 ORDER BY change LIMIT $2";

fn page() -> i64 {
    i64::try_from(AT_ONCE).unwrap_or(i64::MAX)
}

/// Everything that unwraps keys that are to be moved, and that wraps them where they go.
struct Keys {
    buckets: u32,
    newest: Newest,
    /// Those of other generations and of the nursery, as they are met.
    others: HashMap<(i32, i64), Key>,
}

impl Vault {
    /// Moves the keys that are there now until a pass over all of them finds none left; answers the change up to which that
    /// holds. What is appended meanwhile is left to [`Vault::move_later`], so that writers cannot keep this from ending.
    pub(super) async fn move_all(&self, rotation: &Rotation) -> Result<i64, VaultError> {
        let keys = self.keys(&mut *self.pool.acquire().await?, rotation).await?;
        // Under the lock: whatever has a change up to this one was committed, so every pass sees it.
        let mut transaction = self.pool.begin().await?;
        lock_appends(&mut transaction).await?;
        let change = sqlx::query_scalar("SELECT vault.last_change()").fetch_one(&mut *transaction).await?;
        transaction.rollback().await?;
        while self.pass(rotation, &keys, change).await? > 0 {}
        Ok(change)
    }

    /// One pass over all keys, without a lock; answers how many it found.
    async fn pass(&self, rotation: &Rotation, keys: &Keys, change: i64) -> Result<usize, VaultError> {
        let mut snapshot = self.pool.begin().await?;
        let mut rows = sqlx::query(LEFT).bind(change).persistent(false).fetch(&mut *snapshot);
        let (mut found, mut page) = (0, Vec::with_capacity(AT_ONCE));
        loop {
            let row = rows.try_next().await?;
            let end = row.is_none();
            page.extend(row);
            if !page.is_empty() && (end || page.len() == AT_ONCE) {
                found += page.len();
                self.move_page(rotation, keys, &page).await?;
                page.clear();
            }
            if end {
                break;
            }
        }
        drop(rows);
        snapshot.rollback().await?;
        Ok(found)
    }

    async fn move_page(&self, rotation: &Rotation, keys: &Keys, page: &[PgRow]) -> Result<(), VaultError> {
        let mut transaction = self.pool.begin().await?;
        lock_appends(&mut transaction).await?;
        rotation.must_be_prepared(&mut transaction).await?;
        let moved = keys.relocate(&mut transaction, page).await?;
        rotation.count(&mut transaction, 0, moved).await?;
        Ok(transaction.commit().await?)
    }

    /// Moves what was appended behind a change, until only few are left for the switch; answers the change up to which
    /// nothing is left. Changes are in the order of commits, so whoever has moved up to one has missed nothing.
    pub(super) async fn move_later(&self, rotation: &Rotation, change: i64) -> Result<i64, VaultError> {
        let keys = self.keys(&mut *self.pool.acquire().await?, rotation).await?;
        let mut done = change;
        loop {
            let rows = sqlx::query(LATER).bind(done).bind(page()).fetch_all(&self.pool).await?;
            if rows.len() < AT_ONCE {
                return Ok(done);
            }
            self.move_page(rotation, &keys, &rows).await?;
            done = rows.last().map_or(Ok(done), |row| row.try_get("change"))?;
        }
    }

    /// The same to the end, within the transaction of the switch; answers what wraps the keys now, and how many there were.
    pub(super) async fn move_last(
        &self,
        connection: &mut PgConnection,
        rotation: &Rotation,
        change: i64,
    ) -> Result<(Newest, i64), VaultError> {
        let keys = self.keys(connection, rotation).await?;
        let mut moved = 0;
        loop {
            let rows = sqlx::query(LATER).bind(change).bind(page()).fetch_all(&mut *connection).await?;
            if rows.is_empty() {
                return Ok((keys.newest, moved));
            }
            moved += keys.relocate(connection, &rows).await?;
        }
    }

    async fn keys(&self, connection: &mut PgConnection, rotation: &Rotation) -> Result<Keys, VaultError> {
        let newest = self.newest(connection, rotation.old_epoch).await?;
        let buckets: i32 =
            sqlx::query_scalar("SELECT buckets FROM vault.root").fetch_one(&mut *connection).await?;
        let sql = "SELECT bucket, generation, wrapped FROM vault.buckets b WHERE bucket < 0 OR generation < ( \
                   SELECT max(n.generation) FROM vault.buckets n WHERE n.bucket = b.bucket)";
        let root = self.root_of(rotation.old_epoch).await?;
        let rows: Vec<(i32, i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(connection).await?;
        let open = |(bucket, generation, wrapped): (i32, i64, Vec<u8>)| {
            Ok(((bucket, generation), root.unwrap(bucket, generation, &wrapped)?))
        };
        let others = rows.into_iter().map(open).collect::<Result<_, VaultError>>()?;
        Ok(Keys { buckets: u32::try_from(buckets).unwrap_or(1), newest, others })
    }
}

impl Keys {
    /// Moves keys to the newest generation of their buckets, under the append lock, each if it still is where it was;
    /// answers how many were.
    async fn relocate(&self, connection: &mut PgConnection, rows: &[PgRow]) -> Result<i64, VaultError> {
        let mut moves = Vec::with_capacity(rows.len());
        for row in rows {
            let from = place_of(row)?;
            let damaged = || VaultError::damaged(from.bucket, from.generation);
            let wrapping = self.others.get(&(from.bucket, from.generation)).ok_or_else(damaged)?;
            let secret = from
                .unwrap(wrapping, row.try_get("wrapped")?)?
                .ok_or(VaultError::KeyDamaged(from.subject))?;
            let bucket = wrap::bucket_of(from.id, self.buckets);
            let (generation, key) = self.newest.get(&bucket).ok_or(VaultError::BucketDamaged(bucket))?;
            let to = SubjectPlace { bucket, generation: *generation, ..from };
            moves.push((from, to, to.wrap(key, &secret)?));
        }
        let written = sqlx::query(
            "UPDATE vault.keys k SET bucket = n.bucket, generation = n.generation, wrapped = n.wrapped \
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::integer[], $6::bigint[], $7::integer[], \
                         $8::bigint[], $9::bytea[]) \
                  AS n (subject, kind, class, id, old_bucket, old_generation, bucket, generation, wrapped) \
             WHERE k.subject_id = n.subject AND k.subject_kind = n.kind AND k.class = n.class \
             AND k.key_id = n.id AND k.bucket = n.old_bucket AND k.generation = n.old_generation",
        )
        .bind(column(&moves, |(from, ..)| from.subject.id))
        .bind(column(&moves, |(from, ..)| from.subject.kind.name()))
        .bind(column(&moves, |(from, ..)| from.class.name()))
        .bind(column(&moves, |(from, ..)| from.id))
        .bind(column(&moves, |(from, ..)| from.bucket))
        .bind(column(&moves, |(from, ..)| from.generation))
        .bind(column(&moves, |(_, to, _)| to.bucket))
        .bind(column(&moves, |(_, to, _)| to.generation))
        .bind(column(&moves, |(.., wrapped)| wrapped.as_slice()))
        .execute(connection)
        .await?;
        Ok(i64::try_from(written.rows_affected()).unwrap_or(i64::MAX))
    }
}

type Move = (SubjectPlace, SubjectPlace, Vec<u8>);

fn column<'m, C>(moves: &'m [Move], of: impl Fn(&'m Move) -> C) -> Vec<C> {
    moves.iter().map(of).collect()
}

pub(crate) fn place_of(row: &PgRow) -> Result<SubjectPlace, VaultError> {
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
