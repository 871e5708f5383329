//! Arguments as GraphQL gives them.

use async_graphql::{Context, InputObject, MaybeUndefined, OneofObject};
use chrono::{DateTime, Utc};
use lethe_kernel::Patch;
use lethe_ledger::Cutoff;

use crate::app::{app, parts};
use crate::error::{ApiError, Result, top_level};
use crate::kind::ShownView;
use crate::mutate::reached;
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
        let last = parts.head().await?;
        let (cutoff, is_to_come) = match self {
            Self::Position(position) => (Cutoff::Position(position.0), position.0 > last),
            Self::Time(time) => {
                let is_ahead = *time > parts.clock.now();
                // Another process, whose clock is ahead, may have recorded what is asked for.
                let newest = if is_ahead { parts.event(last).await } else { Ok(None) };
                let newest = newest?;
                (Cutoff::Time(*time), is_ahead && newest.is_none_or(|event| event.recorded_at < *time))
            }
        };
        if is_to_come {
            return Err(not_yet(last));
        }
        Ok(parts.position_at(cutoff).await?)
    }
}

fn not_yet(last: i64) -> ApiError {
    let message =
        format!("This moment is still to come: the ledger ends at position {last}. Ask for an earlier one.");
    top_level("NOT_YET", message).with("lastPosition", last.to_string())
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

/// A number that counts something. A negative one is as far from what any rule allows as can be, so that the rule refuses
/// it by its field; an argument that cannot be negative would fail while other fields are executed.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Waits until the views show everything up to a position that the caller has seen.
pub(crate) async fn wait_for(
    context: &Context<'_>,
    views: &[ShownView],
    position: Option<Position>,
) -> Result<()> {
    let Some(Position(position)) = position else { return Ok(()) };
    let views: Vec<_> = views.iter().map(|view| view.name).collect();
    if reached(app(context), &views, position).await? {
        return Ok(());
    }
    Err(top_level(
        "VIEW_PENDING",
        format!("The view has not reached position {position} yet. Ask again in a moment."),
    ))
}
