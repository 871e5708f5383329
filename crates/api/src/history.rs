//! The history of one object: the events of its stream.

use async_graphql::Context;
use async_graphql::connection::Connection;
use lethe_ledger::{Cursor, Found};
use uuid::Uuid;

use crate::app::parts;
use crate::connection::{Opaque, PageArguments};
use crate::error::{ApiError, Result, top_level};
use crate::event::Event;

/// A page of the events of a stream, up to one of them.
pub(crate) async fn history(
    context: &Context<'_>,
    stream_type: &str,
    stream: Uuid,
    until: Option<i64>,
    slice: &PageArguments,
) -> Result<Connection<Opaque, Event>> {
    let page = slice.page()?;
    let sequence = |cursor: &Option<Cursor>, none: i64| match cursor {
        None => Ok(none),
        Some(cursor) if cursor.id == stream => cursor.key.parse().map_err(|_| bad_cursor()),
        Some(_) => Err(bad_cursor()),
    };
    let end = until.map_or(i64::MAX, |last| last.saturating_add(1));
    let (after, before) = (sequence(&page.after, 0)?, sequence(&page.before, i64::MAX)?.min(end));
    let events =
        parts(context).stream_page(stream_type, stream, (after, before), (page.limit, page.from_end)).await?;
    let found = events.into_iter().map(|event| {
        let cursor = Cursor { key: event.sequence.to_string(), id: stream };
        Found { parent: stream, cursor, row: event }
    });
    slice.connection(found.collect(), Event)
}

fn bad_cursor() -> ApiError {
    top_level("BAD_CURSOR", "The cursor does not belong to this history. Begin from the first page.")
}
