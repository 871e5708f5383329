//! Putting the content of a mirror in the place of the tables.

use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use super::{RestoreError, Source};
use crate::VaultError;
use crate::guard::make_due;
use crate::mirror::{BucketLine, KeyLine, Line, TombstoneLine};
use crate::open::place;

/// Replaces buckets and keys, adds tombstones, and says that this is the vault of this cluster.
pub(super) async fn load(connection: &mut PgConnection, source: &Source) -> Result<(), RestoreError> {
    connection
        .execute("DELETE FROM vault.rotation; DELETE FROM vault.keys; DELETE FROM vault.buckets")
        .await?;
    let mut pages = source.pages();
    while let Some(page) = pages.recv().await {
        let (mut buckets, mut keys, mut tombstones) = (Vec::new(), Vec::new(), Vec::new());
        for line in page? {
            match line {
                Line::Bucket(bucket) => buckets.push(bucket),
                Line::Key(key) => keys.push(key),
                Line::Tombstone(tombstone) => tombstones.push(tombstone),
                _ => {}
            }
        }
        insert_buckets(connection, &buckets).await?;
        insert_keys(connection, &keys).await?;
        insert_tombstones(connection, &tombstones).await?;
    }
    set_root(connection, source).await?;
    make_due(connection).await?;
    // What changes from now on comes behind what the mirror has.
    sqlx::query("SELECT setval('vault.changes', greatest($1, (SELECT last_value FROM vault.changes)))")
        .bind(source.change.max(1))
        .execute(connection)
        .await?;
    Ok(())
}

async fn set_root(connection: &mut PgConnection, source: &Source) -> Result<(), VaultError> {
    let (system_identifier, timeline) = place(connection).await?;
    let header = &source.header;
    sqlx::query(
        "INSERT INTO vault.root (installation, epoch, commitment, buckets, system_identifier, timeline) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (one) DO UPDATE SET \
         (installation, epoch, commitment, buckets, system_identifier, timeline, covered_change, generations) = \
         ROW ($1, $2, $3, $4, $5, $6, 0, gen_random_uuid())",
    )
    .bind(header.installation)
    .bind(header.epoch)
    .bind(&header.commitment)
    .bind(header.buckets)
    .bind(system_identifier)
    .bind(timeline)
    .execute(connection)
    .await?;
    Ok(())
}

/// A column of rows.
fn column<T, C>(rows: &[T], of: impl Fn(&T) -> C) -> Vec<C> {
    rows.iter().map(of).collect()
}

async fn insert_buckets(connection: &mut PgConnection, rows: &[BucketLine]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO vault.buckets (bucket, generation, wrapped) \
         SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])",
    )
    .bind(column(rows, |row| row.bucket))
    .bind(column(rows, |row| row.generation))
    .bind(column(rows, |row| row.wrapped.clone()))
    .execute(connection)
    .await?;
    Ok(())
}

/// One that is there already stays: after a restore a mirror may have the key that signs twice.
async fn insert_keys(connection: &mut PgConnection, rows: &[KeyLine]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO vault.keys \
         (key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment, change) \
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::integer[], $6::bigint[], \
                              $7::bytea[], $8::bytea[], $9::bigint[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(column::<_, Uuid>(rows, |row| row.key_id))
    .bind(column(rows, |row| row.subject_kind.clone()))
    .bind(column::<_, Uuid>(rows, |row| row.subject_id))
    .bind(column(rows, |row| row.class.clone()))
    .bind(column(rows, |row| row.bucket))
    .bind(column(rows, |row| row.generation))
    .bind(column(rows, |row| row.wrapped.clone()))
    .bind(column(rows, |row| row.commitment.clone()))
    .bind(column(rows, |row| row.change))
    .execute(connection)
    .await?;
    Ok(())
}

/// One that is there already stays as it is: tombstones stand for good.
async fn insert_tombstones(connection: &mut PgConnection, rows: &[TombstoneLine]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO vault.tombstones \
         (key_id, subject_kind, subject_id, class, bucket, generation, commitment, position, destroyed_at, change) \
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::integer[], $6::bigint[], \
                              $7::bytea[], $8::bigint[], $9::timestamptz[], $10::bigint[]) \
         ON CONFLICT DO NOTHING",
    )
    .bind(column::<_, Uuid>(rows, |row| row.key_id))
    .bind(column(rows, |row| row.subject_kind.clone()))
    .bind(column::<_, Uuid>(rows, |row| row.subject_id))
    .bind(column(rows, |row| row.class.clone()))
    .bind(column(rows, |row| row.bucket))
    .bind(column(rows, |row| row.generation))
    .bind(column(rows, |row| row.commitment.clone()))
    .bind(column(rows, |row| row.position))
    .bind(column(rows, |row| row.destroyed_at))
    .bind(column(rows, |row| row.change))
    .execute(connection)
    .await?;
    Ok(())
}
