//! The graph that is served. Everything that knows it by name is here.

use std::time::Duration;

use lethe_api::{App, Background, Graph, Request};
use lethe_crm::expiry::Longest;
use lethe_kernel::{RequestId, Session};
use lethe_ledger::ViewsBuilder;

use crate::config::Config;
use crate::database::Running;

/// How long a mutation waits for the views it returns.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What every request carries for its resolvers.
pub(crate) fn request(session: Session, id: RequestId) -> Request {
    Request::new(session, id)
}

/// Every view.
pub(crate) fn views() -> ViewsBuilder {
    lethe_api::views()
}

/// The graph on a running ledger.
pub(crate) fn graph(running: &Running, config: &Config, background: Background) -> Graph {
    let Running { ledger, views, directory, notary } = running.clone();
    let longest = Longest::years(config.longest_expiry_years.get());
    let app = App { ledger, views, directory, notary, longest, patience: PATIENCE, background };
    Graph::new(app, config.graphql_depth.get(), config.graphql_complexity.get())
}

/// The schema in GraphQL's definition language.
pub(crate) fn sdl() -> String {
    Graph::sdl()
}
