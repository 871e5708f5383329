//! All events, for those who replay history.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_kernel::{UnitId, UserError, UserId};
use lethe_ledger::{Cursor, Cutoff, EventFilter, Found};
use uuid::Uuid;

use super::Event;
use crate::app::parts;
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused, top_level};
use crate::id::{Kind, decode};
use crate::kind::STREAM_TYPES;
use crate::permission::allowed;
use crate::scalar::Position;

/// How many positions one statement looks through at most.
const WINDOW: i64 = 100_000;

/// Which events are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct EventFilterInput {
    /// Those of one of these types, for example `contact.registered`.
    types: Option<Vec<String>>,
    /// Those of an object: a contact, a note, a unit …
    object: Option<ID>,
    /// Those that a user caused.
    user: Option<ID>,
    /// Those caused in the name of a unit.
    unit: Option<ID>,
    /// Those recorded at or after.
    from: Option<DateTime<Utc>>,
    /// Those recorded before.
    until: Option<DateTime<Utc>>,
    /// Those at this position or behind it.
    from_position: Option<Position>,
    /// Those at this position or before it.
    until_position: Option<Position>,
}

/// Queries about events.
#[derive(Default)]
pub(crate) struct EventQuery;

#[Object]
impl EventQuery {
    /// Everything that happened, in order.
    #[doc = allowed!(events)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn events(
        &self,
        context: &Context<'_>,
        filter: Option<EventFilterInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        let slice = PageArguments { first, after, last, before };
        let page = slice.page()?;
        let filter = filter.unwrap_or_default();
        let (mut after, mut before) = filter.bounds(context).await?;
        if let Some(cursor) = &page.after {
            after = after.max(position(cursor)?);
        }
        if let Some(cursor) = &page.before {
            before = before.min(position(cursor)?);
        }
        let filter = filter.read().map_err(refused)?;
        let found =
            parts(context).search(&filter, (after, before), (page.limit, page.from_end), WINDOW).await;
        let found = found?.into_iter().map(|event| Found {
            parent: Uuid::nil(),
            cursor: Cursor { key: event.position.to_string(), id: Uuid::nil() },
            row: event,
        });
        slice.connection(found.collect(), Event)
    }
}

fn position(cursor: &Cursor) -> Result<i64> {
    let of_events = cursor.id.is_nil().then(|| cursor.key.parse().ok()).flatten();
    of_events.ok_or_else(|| {
        top_level("BAD_CURSOR", "The cursor does not belong to this list. Begin from the first page.")
    })
}

impl EventFilterInput {
    /// The positions between which the wanted events lie, both exclusive.
    async fn bounds(&self, context: &Context<'_>) -> Result<(i64, i64)> {
        let (mut after, mut before) = (0, i64::MAX);
        // A cutoff includes its time, which has whole microseconds.
        let until = |time: DateTime<Utc>| Cutoff::Time(time - chrono::Duration::microseconds(1));
        if let Some(time) = self.from {
            after = parts(context).position_at(until(time)).await?;
        }
        if let Some(time) = self.until {
            let last = parts(context).position_at(until(time)).await?;
            before = last.saturating_add(1);
        }
        if let Some(Position(position)) = self.from_position {
            after = after.max(position.saturating_sub(1));
        }
        if let Some(Position(position)) = self.until_position {
            before = before.min(position.saturating_add(1));
        }
        Ok((after, before))
    }

    fn read(self) -> Result<EventFilter, UserError> {
        let malformed = || UserError::not_found("object", "filter.object");
        let object = self.object.map(|id| decode(&id).ok_or_else(malformed)).transpose()?;
        let stream = object
            .map(|(kind, id)| {
                let types = STREAM_TYPES.iter().filter(|stream| stream.kind == kind);
                let types = types.map(|stream| stream.name.to_owned()).collect();
                Ok::<_, UserError>((types, id.parse().map_err(|_| malformed())?))
            })
            .transpose()?;
        Ok(EventFilter {
            types: self.types.unwrap_or_default(),
            stream,
            user: self.user.map(|id| Kind::User.read(&id, "filter.user").map(UserId)).transpose()?,
            unit: self.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose()?,
        })
    }
}
