//! The graph as other crates have it. Its schema is a type that names every resolver, and whoever polls its futures
//! compiles them all; here they are boxed, so that only this crate does.

use std::sync::Arc;

use async_graphql::{Data, Executor, Request, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::app::App;
use crate::schema::{Schema, build, schema};

/// What answers requests, over a running system.
#[derive(Clone)]
pub struct Graph(Schema);

impl Graph {
    /// The graph over a running system, with limits on how deep and how costly one query may be.
    #[must_use]
    pub fn new(app: App, depth: usize, complexity: usize) -> Self {
        Self(schema(app, depth, complexity))
    }

    /// The schema's text, as `schema.graphql` holds it.
    #[must_use]
    pub fn sdl() -> String {
        build().finish().sdl()
    }

    /// The answer to a query or a mutation.
    #[must_use]
    pub fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.0.execute(request))
    }

    /// The answers to any operation: one, or those of a subscription.
    #[must_use]
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, None)
    }
}

impl Executor for Graph {
    fn execute(&self, request: Request) -> impl Future<Output = Response> + Send {
        Self::execute(self, request)
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, session_data)
    }
}
