//! The vault as one moment shows it, page by page.

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, Row, Transaction};

use super::MirrorError;
use super::line::{BucketLine, Header, KeyLine, Line, TombstoneLine, TransitRootLine};

/// How many rows are in memory at once.
const PAGE: i64 = 4096;

const HEADER: &str = "SELECT 'lethe-vault-export/2' AS format, r.installation, r.epoch, r.commitment, r.buckets, \
     r.system_identifier, r.timeline, \
     greatest((SELECT coalesce(max(change), 0) FROM vault.keys), \
              (SELECT coalesce(max(change), 0) FROM vault.tombstones)) AS change, \
     (SELECT coalesce(max(position), 0) FROM ledger.events) AS position, now() AS written_at, r.generations FROM vault.root r";

/// Keys and tombstones in the order of their changes. Each half has a limit of its own, so that its index is used.
const CHANGES: &str = "(SELECT key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment, \
         NULL::bigint AS position, NULL::timestamptz AS destroyed_at, change \
      FROM vault.keys WHERE change > $1 ORDER BY change LIMIT $2) \
     UNION ALL \
     (SELECT key_id, subject_kind, subject_id, class, bucket, generation, NULL, commitment, \
         position, destroyed_at, change \
      FROM vault.tombstones WHERE change > $1 ORDER BY change LIMIT $2) \
     ORDER BY change LIMIT $2";

/// One moment of the database.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Postgres>,
    /// What an export of this moment begins with.
    pub(crate) header: Header,
}

impl Snapshot {
    /// Of now; none if there is no vault yet.
    pub(crate) async fn take(pool: &PgPool) -> Result<Option<Self>, MirrorError> {
        let mut transaction = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let header = sqlx::query_as(HEADER).fetch_optional(&mut *transaction).await?;
        Ok(header.map(|header| Self { transaction, header }))
    }

    /// The nursery and the buckets, each in its generations, behind one of them: a page.
    pub(crate) async fn buckets(&mut self, after: (i32, i64)) -> Result<Vec<BucketLine>, MirrorError> {
        let sql = "SELECT bucket, generation, wrapped FROM vault.buckets WHERE (bucket, generation) > ($1, $2) \
                   ORDER BY bucket, generation LIMIT $3";
        let page = sqlx::query_as(sql).bind(after.0).bind(after.1).bind(PAGE);
        Ok(page.fetch_all(&mut *self.transaction).await?)
    }

    /// What custodians keep in the database; a few rows.
    pub(crate) async fn transit_roots(&mut self) -> Result<Vec<TransitRootLine>, MirrorError> {
        let sql = "SELECT custodian, epoch, ciphertext FROM vault.transit_roots ORDER BY custodian, epoch";
        Ok(sqlx::query_as(sql).fetch_all(&mut *self.transaction).await?)
    }

    /// The keys and tombstones behind a change, in that order: a page.
    pub(crate) async fn changes(&mut self, after: i64) -> Result<Vec<Line>, MirrorError> {
        let rows = sqlx::query(CHANGES).bind(after).bind(PAGE).fetch_all(&mut *self.transaction).await?;
        Ok(rows.iter().map(line).collect::<Result<_, _>>()?)
    }

    /// How many changes there are behind one.
    pub(crate) async fn backlog(&mut self, after: i64) -> Result<i64, MirrorError> {
        let sql = "SELECT (SELECT count(*) FROM vault.keys WHERE change > $1) \
                        + (SELECT count(*) FROM vault.tombstones WHERE change > $1)";
        Ok(sqlx::query_scalar(sql).bind(after).fetch_one(&mut *self.transaction).await?)
    }
}

fn line(row: &PgRow) -> Result<Line, sqlx::Error> {
    let (key_id, subject_kind) = (row.try_get("key_id")?, row.try_get("subject_kind")?);
    let (subject_id, class) = (row.try_get("subject_id")?, row.try_get("class")?);
    let (bucket, generation) = (row.try_get("bucket")?, row.try_get("generation")?);
    let (commitment, change) = (row.try_get("commitment")?, row.try_get("change")?);
    Ok(match row.try_get("wrapped")? {
        Some(wrapped) => Line::Key(KeyLine {
            key_id,
            subject_kind,
            subject_id,
            class,
            bucket,
            generation,
            wrapped,
            commitment,
            change,
        }),
        None => Line::Tombstone(TombstoneLine {
            key_id,
            subject_kind,
            subject_id,
            class,
            bucket,
            generation,
            commitment,
            position: row.try_get("position")?,
            destroyed_at: row.try_get("destroyed_at")?,
            change,
        }),
    })
}
