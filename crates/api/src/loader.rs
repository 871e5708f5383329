//! Objects by id, where a list's look-ahead cannot see them: what one level of a query asks for is read at once.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Lookahead};
use lethe_ledger::{LedgerError, Parts, Projection, Reads, rows_with};
use uuid::Uuid;

use crate::error::Result;
use crate::visibility::Visibility;

/// Those of these lists that a query asks for of the objects of a connection: the field of the graph has the name of the
/// row's.
pub(crate) fn asked(connection: &Lookahead<'_>, lists: &[&'static str]) -> Reads {
    let nodes = [connection.field("edges").field("node"), connection.field("nodes")];
    let is_asked = |list: &&str| nodes.iter().any(|node| node.field(list).exists());
    Reads::lists(&lists.iter().copied().filter(is_asked).collect::<Vec<_>>())
}

/// Reads rows of a view by id.
pub(crate) struct ById<P>(Arc<Parts>, PhantomData<P>);

impl<P: Projection> ById<P>
where
    P::Row: Identified,
{
    pub(crate) fn new(parts: Arc<Parts>) -> DataLoader<Self> {
        DataLoader::new(Self(parts, PhantomData), tokio::spawn).delay(Duration::ZERO)
    }
}

/// A row that knows its id, and who sees it.
pub(crate) trait Identified {
    fn id(&self) -> Uuid;

    /// The lists of the row that the graph shows of one object; no others are read.
    fn shown() -> Reads {
        Reads::all()
    }

    /// Whether a caller sees the object; otherwise it is as if there were none (R67). No list may matter to it.
    fn is_seen(&self, by: Visibility) -> bool;
}

impl<P: Projection> Loader<Uuid> for ById<P>
where
    P::Row: Identified,
{
    type Value = P::Row;
    type Error = Arc<LedgerError>;

    async fn load(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, P::Row>, Arc<LedgerError>> {
        let found = rows_with::<P>(&self.0.pool, ids, &P::Row::shown()).await.map_err(Arc::new)?;
        Ok(found.into_iter().map(|row| (row.id(), row)).collect())
    }
}

/// A row by id, as the view shows it now, if the caller sees it.
pub(crate) async fn by_id<P: Projection>(context: &Context<'_>, id: Uuid) -> Result<Option<P::Row>>
where
    P::Row: Identified,
{
    let found = context.data_unchecked::<DataLoader<ById<P>>>().load_one(id).await?;
    Ok(found.filter(|row| row.is_seen(Visibility::of(context))))
}

/// Rows by id, in the order of the ids; those that the caller sees.
pub(crate) async fn by_ids<P: Projection>(context: &Context<'_>, ids: &[Uuid]) -> Result<Vec<P::Row>>
where
    P::Row: Identified,
{
    let loader = context.data_unchecked::<DataLoader<ById<P>>>();
    let mut found = loader.load_many(ids.iter().copied()).await?;
    let visibility = Visibility::of(context);
    let found = ids.iter().filter_map(|id| found.remove(id));
    Ok(found.filter(|row| row.is_seen(visibility)).collect())
}
