//! Events and tombstones tell of the same destroyed keys, or are made to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{VaultError, wrap};

/// Every key that an event says was destroyed: `d` is `kind/subject/class/key/commitment`.
const DESTROYED: &str = "SELECT d, e.position, e.recorded_at \
     FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'destroyed', ' ')) d \
     WHERE e.metadata::text LIKE '{\"destroyed\"%'";

/// A tombstone, as an event tells of it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Tombstone {
    /// Which key.
    pub key_id: Uuid,
    /// Whose it was: the kind of the subject.
    pub subject_kind: String,
    /// And its id.
    pub subject_id: Uuid,
    /// What it sealed.
    pub class: String,
    /// What bound the key to id and subject.
    pub commitment: Vec<u8>,
    /// When it was destroyed.
    pub destroyed_at: DateTime<Utc>,
}

/// Writes a tombstone for every key that the ledger destroyed and the vault does not know of; answers how many.
pub(super) async fn bury(connection: &mut PgConnection) -> Result<u64, VaultError> {
    let unknown: Vec<(String, i64, DateTime<Utc>)> = sqlx::query_as(&format!(
        "SELECT * FROM ({DESTROYED}) n WHERE NOT EXISTS \
         (SELECT FROM vault.tombstones t WHERE t.key_id = split_part(n.d, '/', 4)::uuid)"
    ))
    .fetch_all(&mut *connection)
    .await?;
    let buckets: i32 =
        sqlx::query_scalar("SELECT buckets FROM vault.root").fetch_one(&mut *connection).await?;
    for (named, position, at) in &unknown {
        let damaged = || {
            VaultError::Encode(format!("the event at position {position} names a key that cannot be read"))
        };
        let parts: Vec<&str> = named.split('/').collect();
        let [kind, subject, class, key, commitment] = parts[..] else { return Err(damaged()) };
        let key: Uuid = key.parse().map_err(|_| damaged())?;
        let subject: Uuid = subject.parse().map_err(|_| damaged())?;
        let commitment = URL_SAFE_NO_PAD.decode(commitment).map_err(|_| damaged())?;
        sqlx::query(
            "INSERT INTO vault.tombstones \
             (key_id, subject_kind, subject_id, class, bucket, generation, commitment, position, destroyed_at) \
             SELECT $1, $2, $3, $4, bucket, max(generation), $6, $7, $8 FROM vault.buckets WHERE bucket = $5 \
             GROUP BY bucket ON CONFLICT DO NOTHING",
        )
        .bind(key)
        .bind(kind)
        .bind(subject)
        .bind(class)
        .bind(wrap::bucket_of(key, u32::try_from(buckets).unwrap_or(1)))
        .bind(commitment)
        .bind(position)
        .bind(at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(u64::try_from(unknown.len()).unwrap_or_default())
}

/// The tombstones that no event names: what was destroyed behind the end of a ledger that was restored. Each needs an
/// event `vault.erasure_reconciled`.
///
/// # Errors
/// Errors of the database.
pub async fn unnamed(connection: &mut PgConnection) -> Result<Vec<Tombstone>, VaultError> {
    Ok(sqlx::query_as(&format!(
        "WITH named AS MATERIALIZED ( \
             SELECT split_part(n.d, '/', 4)::uuid AS key_id FROM ({DESTROYED}) n UNION ALL \
             SELECT (payload -> 'ErasureReconciled' ->> 'key_id')::uuid FROM ledger.events \
             WHERE aggregate_type = 'vault' AND event_type = 'vault.erasure_reconciled') \
         SELECT t.key_id, t.subject_kind, t.subject_id, t.class, t.commitment, t.destroyed_at \
         FROM vault.tombstones t WHERE NOT EXISTS (SELECT FROM named n WHERE n.key_id = t.key_id) ORDER BY t.change"
    ))
    .fetch_all(connection)
    .await?)
}

/// Removes every key that neither an event nor a command names, and answers how many: what was made in a part of the history
/// that was lost. They get no tombstones: a reference may give the same id again, and its key is then made anew. Copies of
/// them hang from buckets that are due.
pub(super) async fn drop_strangers(connection: &mut PgConnection) -> Result<u64, VaultError> {
    let dropped = sqlx::query(
        "WITH named AS MATERIALIZED ( \
             SELECT split_part(c, '/', 4)::uuid AS key_id \
             FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'keys', ' ')) c) \
         DELETE FROM vault.keys k WHERE k.subject_kind <> 'installation' \
         AND NOT EXISTS (SELECT FROM named n WHERE n.key_id = k.key_id) \
         AND NOT EXISTS (SELECT FROM ledger.commands c \
                         WHERE c.subject_id = k.subject_id AND c.subject_kind = k.subject_kind)",
    )
    .execute(&mut *connection)
    .await?;
    // Of the changes of this history the last one is later than any that a mirror has.
    sqlx::query(
        "UPDATE vault.keys SET change = nextval('vault.changes') WHERE subject_kind = 'installation'",
    )
    .execute(connection)
    .await?;
    Ok(dropped.rows_affected())
}

/// How many keys the ledger created that are neither there nor destroyed, and where the first one was created.
pub(crate) async fn missing(connection: &mut PgConnection) -> Result<Option<(i64, i64)>, VaultError> {
    let (keys, position): (i64, Option<i64>) = sqlx::query_as(
        "WITH named AS MATERIALIZED ( \
             SELECT split_part(c, '/', 4)::uuid AS key_id, e.position \
             FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'keys', ' ')) c) \
         SELECT count(*), min(position) FROM named n \
         WHERE NOT EXISTS (SELECT FROM vault.keys k WHERE k.key_id = n.key_id) \
         AND NOT EXISTS (SELECT FROM vault.tombstones t WHERE t.key_id = n.key_id)",
    )
    .fetch_one(connection)
    .await?;
    Ok(position.map(|position| (keys, position)))
}
