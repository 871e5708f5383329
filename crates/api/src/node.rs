//! Any object by its global id.

use async_graphql::{Context, ID, Object};

use crate::app::parts;
use crate::connection::LARGEST;
use crate::error::{Result, top_level};
use crate::event::Event;
use crate::id::{self, Kind};
use crate::kind::{Node, by_kind};
use crate::permission::allowed;
use crate::visibility::Visibility;

/// Queries by global id.
#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object with this id; null if there is none.
    #[doc = allowed!(node)]
    async fn node(&self, context: &Context<'_>, id: ID) -> Result<Option<Node>> {
        find(context, &id).await
    }

    /// The objects with these ids, at most 100, in the same order; null where there is none.
    #[doc = allowed!(nodes)]
    #[graphql(complexity = "crate::connection::cost(ids.len(), child_complexity)")]
    async fn nodes(&self, context: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > usize::try_from(LARGEST).unwrap_or(0) {
            return Err(top_level(
                "INVALID_VALUE",
                format!("At most {LARGEST} ids may be asked for at once."),
            ));
        }
        let mut nodes = Vec::new();
        for node in
            async_graphql::futures_util::future::join_all(ids.iter().map(|id| find(context, id))).await
        {
            nodes.push(node?);
        }
        Ok(nodes)
    }
}

/// An object by its global id.
pub(crate) async fn find(context: &Context<'_>, global: &ID) -> Result<Option<Node>> {
    let malformed =
        || top_level("INVALID_VALUE", "This is no id of this API. Use an id that the API gave you.");
    let (kind, inner) = id::decode(global).ok_or_else(malformed)?;
    if kind == Kind::Event {
        let position = inner.parse().map_err(|_| malformed())?;
        let event = parts(context).event(position).await?;
        let seen = Visibility::of(context).seen(parts(context), event.into_iter().collect()).await;
        return Ok(seen?.pop().map(Event).map(Node::Event));
    }
    by_kind(context, kind, inner.parse().map_err(|_| malformed())?).await
}
