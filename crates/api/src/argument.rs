//! Arguments as GraphQL gives them.

use async_graphql::{Context, ErrorExtensions, InputObject, MaybeUndefined, OneofObject, Result};
use chrono::{DateTime, Utc};
use lethe_kernel::Patch;
use lethe_ledger::Cutoff;

use crate::app::{app, parts};
use crate::error::{fault, top_level};
use crate::scalar::Position;

/// A moment of the past: by position in the ledger, or by the time of recording. One that is still to come is answered
/// `NOT_YET`, with the `lastPosition` there is.
#[derive(OneofObject)]
pub(crate) enum AsOf {
    /// Up to and including this position.
    Position(Position),
    /// Up to and including this time of recording.
    Time(DateTime<Utc>),
}

impl AsOf {
    /// The position it means.
    ///
    /// # Errors
    /// `NOT_YET`, with the ledger's last position, for a moment that is still to come: how it is now is not how it will be.
    pub(crate) async fn position(&self, context: &Context<'_>) -> Result<i64> {
        let parts = parts(context);
        let last = parts.head().await.map_err(|error| fault(&error))?;
        let (cutoff, is_to_come) = match self {
            Self::Position(position) => (Cutoff::Position(position.0), position.0 > last),
            Self::Time(time) => (Cutoff::Time(*time), *time > parts.clock.now()),
        };
        let meant = parts.position_at(cutoff).await.map_err(|error| fault(&error))?;
        // Another process, whose clock is ahead, may have recorded what is asked for.
        let is_recorded = async |time: DateTime<Utc>| {
            let event = parts.event(last).await.map_err(|error| fault(&error))?;
            Ok::<_, async_graphql::Error>(event.is_some_and(|event| time <= event.recorded_at))
        };
        match self {
            _ if !is_to_come => Ok(meant),
            Self::Time(time) if is_recorded(*time).await? => Ok(meant),
            _ => Err(not_yet(last)),
        }
    }
}

fn not_yet(last: i64) -> async_graphql::Error {
    let message =
        format!("This moment is still to come: the ledger ends at position {last}. Ask for an earlier one.");
    top_level("NOT_YET", message)
        .extend_with(|_, extensions| extensions.set("lastPosition", last.to_string()))
}

/// A span of time; both ends may be left out.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct TimeRange {
    /// At or after.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Before.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// What a field of an input does: absent, `null`, or a value.
pub(crate) fn patch<T>(field: MaybeUndefined<T>) -> Patch<T> {
    match field {
        MaybeUndefined::Undefined => Patch::Keep,
        MaybeUndefined::Null => Patch::Clear,
        MaybeUndefined::Value(value) => Patch::Set(value),
    }
}

/// Waits until the views show everything up to a position that the caller has seen.
pub(crate) async fn wait_for(
    context: &Context<'_>,
    views: &[&str],
    position: Option<Position>,
) -> Result<()> {
    let Some(Position(position)) = position else { return Ok(()) };
    let app = app(context);
    if app.views.reached(views, position, app.patience).await {
        return Ok(());
    }
    Err(top_level(
        "VIEW_PENDING",
        format!("The view has not reached position {position} yet. Ask again in a moment."),
    ))
}
