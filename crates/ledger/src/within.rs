//! An event that belongs to a change of other tables: both in one transaction.

use std::collections::HashSet;

use lethe_kernel::{Clock, CommandId, EventId, IdSource};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::append::{Appended, Expectation, NewEvent, NewUnit, append, lock};
use crate::{Context, LedgerError, Metadata, Parts, Stored, Versioned};

impl Parts {
    /// Takes the lock of all appends until the transaction ends. It comes before any other lock: who takes it behind
    /// another one may wait for a writer that waits for him.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn lock_appends(&self, transaction: &mut PgConnection) -> Result<(), LedgerError> {
        Ok(lock(transaction).await?)
    }

    /// Appends an event without personal values to the end of a stream, in the caller's transaction, which holds the
    /// lock of all appends; answers its position. When it is committed, tell [`Parts::appended`].
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn append_within<A: Stored>(
        &self,
        transaction: &mut PgConnection,
        context: &Context,
        stream: Uuid,
        event: &A::Event,
    ) -> Result<i64, LedgerError>
    where
        A::Event: Serialize,
    {
        append_within::<A>(transaction, (&self.clock, self.ids), context, stream, event).await
    }

    /// Takes note of what was appended in a transaction of the caller's, so that views follow at once.
    pub fn appended(&self, position: i64) {
        self.advance_head(position);
    }
}

/// As [`Parts::append_within`], where no ledger is started.
///
/// # Errors
/// Errors of the database.
pub async fn append_within<A: Stored>(
    transaction: &mut PgConnection,
    (clock, ids): (&Clock, IdSource),
    context: &Context,
    stream: Uuid,
    event: &A::Event,
) -> Result<i64, LedgerError>
where
    A::Event: Serialize,
{
    let version: i64 = sqlx::query_scalar(
        "SELECT coalesce((SELECT sequence FROM ledger.events WHERE aggregate_type = $1 AND aggregate_id = $2 \
         ORDER BY sequence DESC LIMIT 1), 0)",
    )
    .bind(A::TYPE)
    .bind(stream.to_string())
    .fetch_one(&mut *transaction)
    .await?;
    let command = context.command.unwrap_or_else(|| CommandId(ids.next()));
    let metadata = Metadata {
        user: context.caller.user,
        unit: context.caller.unit,
        role: context.caller.role,
        command,
        request: context.request,
        correlation: context.request.0,
        causation: context.causation,
        occurred: clock.now(),
        keys: None,
        destroyed: None,
    };
    let event = NewEvent {
        id: EventId(ids.next()),
        aggregate: A::TYPE,
        stream,
        sequence: version + 1,
        event_type: event.stored_type().to_owned(),
        version: cqrs_es::DomainEvent::event_version(event),
        payload: serde_json::to_string(event).map_err(|error| LedgerError::Encode(error.to_string()))?,
        metadata: metadata.to_json()?,
    };
    let unit = NewUnit {
        command,
        outcome: "applied",
        objects: vec![stream],
        input: None,
        expectations: vec![Expectation { aggregate: A::TYPE, stream, version }],
        new_ids: HashSet::new(),
        new_keys: Vec::new(),
        live_keys: Vec::new(),
        destroyed: Vec::new(),
        events: vec![event],
    };
    match append(transaction, clock.now(), &[&unit]).await?.first() {
        Some(Appended::At(position)) => Ok(*position),
        _ => Err(LedgerError::Encode("an event was refused under the lock of all appends".into())),
    }
}
