//! Who sees what happened in the streams of one type (R67). It is asked for those alone who see one unit.

use async_graphql::futures_util::future::{BoxFuture, ready};
use lethe_access::user::UserView;
use lethe_kernel::UnitId;
use lethe_ledger::{LedgerError, Parts, Projection, rows};
use uuid::Uuid;

use crate::loader::Identified;
use crate::visibility::Visibility;

/// The streams among these whose events a caller sees.
pub(crate) type Seen = for<'a> fn(Visibility, &'a Parts, &'a [Uuid]) -> Told<'a>;

type Told<'a> = BoxFuture<'a, Result<Vec<Uuid>, LedgerError>>;

/// Every unit sees them.
pub(super) fn all<'a>(_: Visibility, _: &'a Parts, streams: &'a [Uuid]) -> Told<'a> {
    Box::pin(ready(Ok(streams.to_vec())))
}

/// Only those see them who look after all units.
pub(super) fn none<'a>(_: Visibility, _: &'a Parts, _: &'a [Uuid]) -> Told<'a> {
    Box::pin(ready(Ok(Vec::new())))
}

/// A unit sees the one that has its own id.
pub(super) fn own<'a>(visibility: Visibility, _: &'a Parts, streams: &'a [Uuid]) -> Told<'a> {
    let own = streams.iter().copied().filter(|id| visibility.is_own(UnitId(*id)));
    Box::pin(ready(Ok(own.collect())))
}

/// Whoever sees the row of a view sees what happened to it.
pub(super) fn by_row<'a, P: Projection<Row: Identified>>(
    visibility: Visibility,
    parts: &'a Parts,
    streams: &'a [Uuid],
) -> Told<'a> {
    Box::pin(async move {
        let found = rows::<P>(&parts.pool, streams).await?;
        Ok(found.into_iter().filter(|row| row.is_seen(visibility)).map(|row| row.id()).collect())
    })
}

/// That there is a user is no secret; what happened to them is told to those who may know who it is.
pub(super) fn by_user<'a>(visibility: Visibility, parts: &'a Parts, streams: &'a [Uuid]) -> Told<'a> {
    Box::pin(async move {
        let found = rows::<UserView>(&parts.pool, streams).await?;
        Ok(found.into_iter().filter(|row| visibility.reads_user(row)).map(|row| row.id.0).collect())
    })
}
