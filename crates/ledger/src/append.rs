//! The one way into the ledger: a call of the SQL function `ledger.append`.

mod items;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use lethe_kernel::{CommandId, EventId, Subject};
use lethe_vault::{DestroyedKey, NewKey, StoredKey};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use items::Items;

/// One unit of work, ready to append.
pub(crate) struct NewUnit {
    pub(crate) command: CommandId,
    pub(crate) outcome: &'static str,
    pub(crate) objects: Vec<Uuid>,
    pub(crate) input: Option<(Subject, [u8; 32])>,
    pub(crate) expectations: Vec<Expectation>,
    /// Ids made for this unit: nobody else has used them.
    pub(crate) new_ids: HashSet<Uuid>,
    pub(crate) new_keys: Vec<NewKey>,
    pub(crate) live_keys: Vec<StoredKey>,
    pub(crate) destroyed: Vec<DestroyedKey>,
    pub(crate) events: Vec<NewEvent>,
}

/// A stream and the number of events it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    pub(crate) aggregate: &'static str,
    pub(crate) stream: Uuid,
    pub(crate) version: i64,
}

/// An event, sealed and encoded.
pub(crate) struct NewEvent {
    pub(crate) id: EventId,
    pub(crate) aggregate: &'static str,
    pub(crate) stream: Uuid,
    pub(crate) sequence: i64,
    pub(crate) event_type: String,
    pub(crate) version: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
}

/// What became of one unit of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is durable; the last position it took, or the head if it has no event.
    At(i64),
    /// Somebody changed a stream it loaded, or a key it used, in the meantime. Nothing of it was appended.
    Conflict,
    /// A unit with the same command id is there already.
    Duplicate,
    /// A key it brings is wrapped in the nursery of an epoch that a rotation has ended. Nothing of it was appended.
    WrappedByOld,
}

/// Appends a batch of independent units in one round trip and one commit; one answer per unit, in order.
pub(crate) async fn append(
    connection: &mut PgConnection,
    clock: DateTime<Utc>,
    units: &[&NewUnit],
) -> Result<Vec<Appended>, sqlx::Error> {
    let items = Items::of(units);
    let row = sqlx::query("SELECT results, lasts FROM ledger.append($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(clock)
        .bind(items.units)
        .bind(items.expectations)
        .bind(items.keyless)
        .bind(items.used_keys)
        .bind(items.destroyed_keys)
        .bind(items.new_keys)
        .bind(items.events)
        .fetch_one(connection)
        .await?;
    let (results, lasts): (Vec<i16>, Vec<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let outcome = |(result, last)| match result {
        0 => Appended::At(last),
        2 => Appended::Duplicate,
        3 => Appended::WrappedByOld,
        _ => Appended::Conflict,
    };
    Ok(results.into_iter().zip(lasts).map(outcome).collect())
}

/// Takes the lock that every append holds until its transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0))")
        .execute(connection)
        .await
        .map(drop)
}
