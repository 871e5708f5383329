//! The one way into the ledger: a call of the SQL function `ledger.append`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use lethe_kernel::{CommandId, EventId, Subject};
use lethe_vault::{DestroyedKey, NewKey};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

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
    pub(crate) live_keys: Vec<Uuid>,
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
    /// A key it brings is wrapped by a bucket's key that a rotation has replaced. Nothing of it was appended.
    WrappedByOld,
}

/// Appends a batch of independent units in one round trip and one commit; one answer per unit, in order.
pub(crate) async fn append(
    connection: &mut PgConnection,
    clock: DateTime<Utc>,
    units: &[&NewUnit],
) -> Result<Vec<Appended>, sqlx::Error> {
    let x = || units.iter().flat_map(|unit| &unit.expectations);
    let k = || units.iter().flat_map(|unit| &unit.new_keys);
    let e = || units.iter().flat_map(|unit| &unit.events);
    let row = sqlx::query(
        "SELECT results, lasts FROM ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)",
    )
    .bind(clock)
    .bind(units.iter().map(|unit| unit.command.0).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| unit.outcome).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| array_literal(&unit.objects)).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| unit.input.map(|(subject, _)| subject.kind.name())).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| unit.input.map(|(subject, _)| subject.id)).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| unit.input.map(|(_, mac)| mac.to_vec())).collect::<Vec<_>>())
    .bind(units.iter().map(|unit| number(unit.events.len())).collect::<Vec<_>>())
    .bind(owners(units, |unit| unit.expectations.len()))
    .bind(x().map(|x| x.aggregate).collect::<Vec<_>>())
    .bind(x().map(|x| x.stream.to_string()).collect::<Vec<_>>())
    .bind(x().map(|x| x.version).collect::<Vec<_>>())
    .bind(owners(units, |unit| unit.new_keys.len()))
    .bind(k().map(|k| k.id).collect::<Vec<_>>())
    .bind(k().map(|k| k.subject.kind.name()).collect::<Vec<_>>())
    .bind(k().map(|k| k.subject.id).collect::<Vec<_>>())
    .bind(k().map(|k| k.class.name()).collect::<Vec<_>>())
    .bind(k().map(|k| k.wrapped.as_slice()).collect::<Vec<_>>())
    .bind(k().map(|k| k.commitment.as_slice()).collect::<Vec<_>>())
    .bind(k().map(|k| k.bucket).collect::<Vec<_>>())
    .bind(k().map(|k| k.generation).collect::<Vec<_>>())
    .bind(first_keys(units))
    .bind(owners(units, |unit| unit.live_keys.len()))
    .bind(units.iter().flat_map(|unit| unit.live_keys.iter().copied()).collect::<Vec<_>>())
    .bind(owners(units, |unit| unit.destroyed.len()))
    .bind(units.iter().flat_map(|unit| unit.destroyed.iter().map(|key| key.id)).collect::<Vec<_>>())
    .bind(owners(units, |unit| unit.events.len()))
    .bind(units.iter().flat_map(|unit| (0..number(unit.events.len())).rev()).collect::<Vec<_>>())
    .bind(e().map(|e| e.id.0).collect::<Vec<_>>())
    .bind(e().map(|e| e.aggregate).collect::<Vec<_>>())
    .bind(e().map(|e| e.stream.to_string()).collect::<Vec<_>>())
    .bind(e().map(|e| e.sequence).collect::<Vec<_>>())
    .bind(e().map(|e| e.event_type.as_str()).collect::<Vec<_>>())
    .bind(e().map(|e| e.version.as_str()).collect::<Vec<_>>())
    .bind(e().map(|e| e.payload.as_str()).collect::<Vec<_>>())
    .bind(e().map(|e| e.metadata.as_str()).collect::<Vec<_>>())
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

/// For each item of all units, the number of its unit, from 1.
fn owners(units: &[&NewUnit], items: impl Fn(&NewUnit) -> usize) -> Vec<i32> {
    (1..).zip(units).flat_map(|(unit, of)| std::iter::repeat_n(unit, items(of))).collect()
}

/// For each new key, whether its subject is as new.
fn first_keys(units: &[&NewUnit]) -> Vec<bool> {
    let of = |unit: &&NewUnit| -> Vec<bool> {
        unit.new_keys.iter().map(|key| unit.new_ids.contains(&key.subject.id)).collect()
    };
    units.iter().flat_map(of).collect()
}

fn number(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn array_literal(ids: &[Uuid]) -> String {
    format!("{{{}}}", ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(","))
}
