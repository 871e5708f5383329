//! What is looked at before a vault is opened: whether it is an older copy, and whether destroyed keys are back.

use sqlx::{PgConnection, PgPool};

use crate::VaultError;
use crate::mirror::Mirrors;

/// Refuses a vault that is older than its mirrors or its ledger know, and destroys again what has a tombstone. It comes
/// before [`Vault::open`](crate::Vault::open).
///
/// # Errors
/// [`VaultError::Mirror`], [`VaultError::OlderThanLedger`], errors of the database.
pub async fn guard(pool: &PgPool, mirrors: &Mirrors) -> Result<(), VaultError> {
    mirrors.check_not_newer(pool).await?;
    let mut connection = pool.acquire().await?;
    check_ledger(&mut connection).await?;
    drop(connection);
    let mut transaction = pool.begin().await?;
    let back: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM vault.tombstones t JOIN vault.keys k USING (subject_id, subject_kind, class))",
    )
    .fetch_one(&mut *transaction)
    .await?;
    if back {
        lock_appends(&mut transaction).await?;
        let keys = replay(&mut transaction).await?;
        make_due(&mut transaction).await?;
        tracing::warn!(keys, "keys that have a tombstone were back, and were destroyed again");
    }
    Ok(transaction.commit().await?)
}

/// Takes the lock of all appends until the transaction ends.
pub(crate) async fn lock_appends(connection: &mut PgConnection) -> Result<(), VaultError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0))")
        .execute(connection)
        .await?;
    Ok(())
}

/// Destroys every key that has a tombstone; answers how many there were.
pub(crate) async fn replay(connection: &mut PgConnection) -> Result<u64, VaultError> {
    // By subject and class, not by id: no other key is ever made in the place of a destroyed one.
    let sql = "DELETE FROM vault.keys k USING vault.tombstones t WHERE t.subject_id = k.subject_id \
               AND t.subject_kind = k.subject_kind AND t.class = k.class";
    Ok(sqlx::query(sql).execute(connection).await?.rows_affected())
}

/// Has the next rotation give every bucket another key, because nobody knows which keys hang from the present ones somewhere.
pub(crate) async fn make_due(connection: &mut PgConnection) -> Result<(), VaultError> {
    sqlx::query("UPDATE vault.buckets SET due = true WHERE bucket >= 0").execute(connection).await?;
    Ok(())
}

/// Refuses a vault that does not know of a rotation or of a destroyed key of its ledger.
pub(crate) async fn check_ledger(connection: &mut PgConnection) -> Result<(), VaultError> {
    let Some(epoch): Option<i64> =
        sqlx::query_scalar("SELECT epoch FROM vault.root").fetch_optional(&mut *connection).await?
    else {
        return Ok(());
    };
    check_epoch(connection, epoch).await?;
    let unknown: Option<i64> = sqlx::query_scalar(
        "SELECT min(e.position) FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'destroyed', ' ')) d \
         WHERE e.metadata::text LIKE '{\"destroyed\"%' AND e.position > ( \
             SELECT coalesce(max(t.position), 0) FROM vault.tombstones t \
             WHERE t.position <= (SELECT max(position) FROM ledger.events)) \
         AND NOT EXISTS (SELECT FROM vault.tombstones t WHERE t.key_id = split_part(d, '/', 4)::uuid)",
    )
    .fetch_one(connection)
    .await?;
    match unknown {
        Some(position) => {
            Err(VaultError::OlderThanLedger(format!("at position {position} the ledger destroyed keys")))
        }
        None => Ok(()),
    }
}

/// Refuses an epoch that is before the last rotation of the ledger.
pub(crate) async fn check_epoch(connection: &mut PgConnection, epoch: i64) -> Result<(), VaultError> {
    let rotated: Option<(i64, i64)> = sqlx::query_as(
        "SELECT (payload -> 'KeysRotated' ->> 'new_epoch')::bigint, position FROM ledger.events \
         WHERE aggregate_type = 'vault' AND event_type = 'vault.keys_rotated' \
         ORDER BY aggregate_id, sequence DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    match rotated {
        Some((new, position)) if new > epoch => Err(VaultError::OlderThanLedger(format!(
            "at position {position} the ledger rotated to the root of epoch {new}, and the vault is at epoch {epoch}"
        ))),
        _ => Ok(()),
    }
}
