//! The notary's tables: the tree in tiles, and what was signed last.

use lethe_tlog::Hash;
use sqlx::{PgConnection, PgPool, Postgres, Row};
use uuid::Uuid;

use crate::growth::{Growth, Tile, WIDTH, widths};
use crate::{Fault, NotaryError};

/// What was signed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    pub(crate) origin: Uuid,
    pub(crate) note: Option<String>,
    pub(crate) fault: Option<Fault>,
}

/// The last signed state, and the origin that the ledger has now.
pub(crate) async fn head(connection: &mut PgConnection) -> Result<(Head, Uuid), NotaryError> {
    let row = sqlx::query(
        "SELECT h.size, h.origin, h.note, h.fault, h.fault_position, o.origin AS now \
         FROM notary.head h, ledger.origin o",
    )
    .fetch_one(connection)
    .await?;
    let reason: Option<String> = row.try_get("fault")?;
    let position = row.try_get("fault_position")?;
    let head = Head {
        size: unsigned(row.try_get("size")?),
        origin: row.try_get("origin")?,
        note: row.try_get("note")?,
        fault: reason.map(|reason| Fault { position, reason }),
    };
    Ok((head, row.try_get("now")?))
}

/// The tree of a size, as its unfinished tiles say; `None` if they are not those of such a tree.
pub(crate) async fn growth(connection: &mut PgConnection, size: u64) -> Result<Option<Growth>, NotaryError> {
    let (mut levels, mut numbers, mut count) = (Vec::new(), Vec::new(), size);
    let widths = widths(size);
    for level in (0..=u8::MAX).take(widths.len()) {
        count /= WIDTH as u64;
        levels.push(i16::from(level));
        numbers.push(signed(count));
    }
    let rows: Vec<(i16, Vec<u8>)> = sqlx::query_as(
        "SELECT t.level, t.hashes FROM unnest($1::smallint[], $2::bigint[]) w (level, tile) \
         JOIN notary.tiles t ON t.level = w.level AND t.tile = w.tile",
    )
    .bind(levels)
    .bind(numbers)
    .fetch_all(connection)
    .await?;
    let mut edge = vec![Vec::new(); widths.len()];
    for (level, bytes) in rows {
        if let Some(tile) = usize::try_from(level).ok().and_then(|level| edge.get_mut(level)) {
            *tile = hashes(&bytes);
        }
    }
    Ok(Growth::resumed(size, edge))
}

/// Stores tiles, in the caller's transaction.
pub(crate) async fn put(connection: &mut PgConnection, tiles: &[Tile]) -> Result<(), NotaryError> {
    sqlx::query(
        "INSERT INTO notary.tiles SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) \
         ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes",
    )
    .bind(tiles.iter().map(|tile| i16::from(tile.level)).collect::<Vec<_>>())
    .bind(tiles.iter().map(|tile| signed(tile.number)).collect::<Vec<_>>())
    .bind(tiles.iter().map(Tile::bytes).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves the head from where it is believed to be; false if it is elsewhere, or something is wrong with the ledger.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    (from, origin): (u64, Uuid),
    (to, note): (u64, &str),
) -> Result<bool, NotaryError> {
    let moved = sqlx::query(
        "UPDATE notary.head SET size = $3, note = $4, signed_at = now() \
         WHERE one AND size = $1 AND origin = $2 AND fault IS NULL",
    )
    .bind(signed(from))
    .bind(origin)
    .bind(signed(to))
    .bind(note)
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Begins the tree anew, under the origin that the ledger has.
///
/// # Errors
/// Errors of the database.
pub async fn begin_anew(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    for sql in [
        "DELETE FROM notary.tiles",
        "DELETE FROM notary.cosigned",
        "UPDATE notary.witnesses SET size = 0, failure = NULL, reason = NULL, failing_since = NULL",
        "UPDATE notary.head SET size = 0, origin = (SELECT origin FROM ledger.origin), note = NULL, signed_at = NULL, \
         fault = NULL, fault_position = NULL",
    ] {
        sqlx::query(sql).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Stores why the ledger is not believed, or that it is believed again.
pub(crate) async fn set_fault(pool: &PgPool, fault: Option<&Fault>) -> Result<(), NotaryError> {
    sqlx::query("UPDATE notary.head SET fault = $1, fault_position = $2 WHERE fault IS DISTINCT FROM $1")
        .bind(fault.map(|fault| fault.reason.as_str()))
        .bind(fault.and_then(|fault| fault.position))
        .execute(pool)
        .await?;
    Ok(())
}

/// Some tiles – level, number, hashes –, each with what is there of it.
pub(crate) async fn tiles<'e>(
    executor: impl sqlx::Executor<'e, Database = Postgres>,
    wanted: &[(u8, u64)],
) -> Result<Vec<(u8, u64, Vec<u8>)>, NotaryError> {
    let rows: Vec<(i16, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT t.level, t.tile, t.hashes FROM unnest($1::smallint[], $2::bigint[]) w (level, tile) \
         JOIN notary.tiles t ON t.level = w.level AND t.tile = w.tile",
    )
    .bind(wanted.iter().map(|(level, _)| i16::from(*level)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, number)| signed(*number)).collect::<Vec<_>>())
    .fetch_all(executor)
    .await?;
    let tile = |(level, number, bytes)| (u8::try_from(level).unwrap_or(u8::MAX), unsigned(number), bytes);
    Ok(rows.into_iter().map(tile).collect())
}

/// Bytes that are not hashes count as missing.
fn hashes(bytes: &[u8]) -> Vec<Hash> {
    Hash::sequence(bytes).unwrap_or_default()
}

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
