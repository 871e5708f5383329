//! The schema that is served. Everything that knows it by name is here.

use async_graphql::{Context, EmptyMutation, EmptySubscription, Object};
use lethe_kernel::{Caller, RequestId};
use lethe_ledger::ViewsBuilder;

use crate::config::Config;
use crate::database::Running;

/// The schema's type.
pub(crate) type Schema = async_graphql::Schema<Query, EmptyMutation, EmptySubscription>;

/// The root of all queries.
pub(crate) struct Query;

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Query {
    /// The version of the server.
    async fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// The request and the role of the caller.
    async fn viewer(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        let (caller, request) = context.data::<(Caller, RequestId)>()?;
        Ok(format!("{request} {}", caller.role.name()))
    }
}

/// What every request carries for its resolvers.
pub(crate) fn request(caller: Caller, id: RequestId) -> (Caller, RequestId) {
    (caller, id)
}

/// Every view.
pub(crate) fn views() -> ViewsBuilder {
    ViewsBuilder::default()
}

/// The schema on a running ledger.
pub(crate) fn schema(_running: &Running, config: &Config) -> Schema {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .limit_depth(config.graphql_depth.get())
        .limit_complexity(config.graphql_complexity.get())
        .finish()
}

/// The schema in GraphQL's definition language.
pub(crate) fn sdl() -> String {
    Schema::build(Query, EmptyMutation, EmptySubscription).finish().sdl()
}
