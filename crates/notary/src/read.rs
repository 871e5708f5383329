//! The events of the ledger as entries of the log, hashed as they are read.

use std::ops::Range;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use lethe_tlog::Hash;
use lethe_tlog::bundle::Event;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use crate::store::{signed, unsigned};
use crate::{Fault, NotaryError};

/// What an entry is made of. Payload and metadata are the texts as they are stored, which `json` keeps byte for byte.
pub(crate) const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                                  recorded_at, event_id, payload::text AS payload, metadata::text AS metadata";

/// Hashes the events behind a position, in order, at most `limit`; answers how far it came. Positions must be dense.
pub(crate) async fn leaves(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
    mut each: impl FnMut(i64, Hash) -> Result<(), Fault>,
) -> Result<Result<i64, Fault>, NotaryError> {
    let sql = format!("SELECT {COLUMNS} FROM ledger.events WHERE position > $1 ORDER BY position LIMIT $2");
    let mut rows = sqlx::query(&sql).bind(after).bind(limit).fetch(connection);
    let mut last = after;
    while let Some(row) = rows.try_next().await? {
        let position: i64 = row.try_get("position")?;
        if position != last + 1 {
            return Ok(Err(Fault::missing(last + 1)));
        }
        let hashed = match event(&row)?.entry().leaf_hash() {
            Ok(leaf) => each(position, leaf),
            Err(_) => Err(Fault::unreadable(position)),
        };
        if let Err(fault) = hashed {
            return Ok(Err(fault));
        }
        last = position;
    }
    Ok(Ok(last))
}

/// The encoded entries of some leaves, all of which must be there.
pub(crate) async fn entries(
    connection: &mut PgConnection,
    leaves: Range<u64>,
) -> Result<Vec<Vec<u8>>, NotaryError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM ledger.events WHERE position > $1 AND position <= $2 ORDER BY position"
    );
    let rows =
        sqlx::query(&sql).bind(signed(leaves.start)).bind(signed(leaves.end)).fetch_all(connection).await?;
    let mut entries = Vec::new();
    for (row, leaf) in rows.iter().zip(leaves.clone()) {
        let entry = event(row)?.entry();
        let encoded = entry.encode().ok().filter(|_| entry.position == leaf + 1);
        entries.push(encoded.ok_or(NotaryError::NoEvent(signed(leaf + 1)))?);
    }
    match leaves.start + entries.len() as u64 {
        end if end == leaves.end => Ok(entries),
        end => Err(NotaryError::NoEvent(signed(end + 1))),
    }
}

/// The leaves of some events; one that cannot be an entry is left out.
pub(crate) async fn some(pool: &PgPool, positions: &[i64]) -> Result<Vec<(i64, Hash)>, NotaryError> {
    let sql = format!("SELECT {COLUMNS} FROM ledger.events WHERE position = ANY($1)");
    let mut leaves = Vec::new();
    for row in sqlx::query(&sql).bind(positions).fetch_all(pool).await? {
        let leaf = event(&row)?.entry().leaf_hash();
        leaves.extend(
            leaf.ok().map(|leaf| Ok::<_, sqlx::Error>((row.try_get("position")?, leaf))).transpose()?,
        );
    }
    Ok(leaves)
}

/// An event as it stands in the ledger.
pub(crate) fn event(row: &PgRow) -> Result<Event<'_>, NotaryError> {
    let recorded_at: DateTime<Utc> = row.try_get("recorded_at")?;
    Ok(Event {
        position: unsigned(row.try_get("position")?),
        stream_type: row.try_get("aggregate_type")?,
        stream_id: row.try_get("aggregate_id")?,
        sequence: unsigned(row.try_get("sequence")?),
        event_id: row.try_get("event_id")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        recorded_at: recorded_at.timestamp_micros(),
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
    })
}
