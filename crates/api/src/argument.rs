//! Arguments as GraphQL gives them.

use async_graphql::{Context, InputObject, MaybeUndefined, OneofObject, Result};
use chrono::{DateTime, Utc};
use lethe_kernel::Patch;
use lethe_ledger::Cutoff;

use crate::app::{app, parts};
use crate::error::{fault, top_level};
use crate::scalar::Position;

/// A moment of the past: by position in the ledger, or by the time of recording.
#[derive(OneofObject)]
pub(crate) enum AsOf {
    /// Up to and including this position.
    Position(Position),
    /// Up to and including this time of recording.
    Time(DateTime<Utc>),
}

impl AsOf {
    /// The position it means.
    pub(crate) async fn position(&self, context: &Context<'_>) -> Result<i64> {
        let cutoff = match self {
            Self::Position(position) => Cutoff::Position(position.0),
            Self::Time(time) => Cutoff::Time(*time),
        };
        parts(context).position_at(cutoff).await.map_err(|error| fault(&error))
    }
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
