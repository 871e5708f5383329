//! The HTTP side: one GraphQL endpoint, health, metrics, and GraphiQL.

mod accept;
mod answer;
mod caller;
mod connections;
mod console;
mod device;
mod form;
mod graphql;
mod head;
mod health;
mod limits;
mod load;
mod log;
mod nesting;
mod observe;
mod origin;
mod parameters;
mod receive;
mod websocket;

use async_graphql::Executor;
use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use metrics_process::Collector;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::database::Running;
use crate::error::Error;
use crate::signal::Stop;
use answer::Refusal;
pub(crate) use caller::{Gate, Members};
pub(crate) use connections::accept;
pub(crate) use console::Console;
pub(crate) use device::FirstUse;
pub(crate) use health::view_states;
pub(crate) use limits::Limits;
use nesting::Guarded;
pub(crate) use websocket::Sockets;

/// What the GraphQL endpoint works with.
#[derive(Clone)]
pub(crate) struct Endpoint<E> {
    /// What answers.
    pub(crate) executor: E,
    /// Who lets callers in.
    pub(crate) gate: Gate,
    /// What requests may cost.
    pub(crate) limits: Limits,
    /// Room for web sockets.
    pub(crate) sockets: Sockets,
    /// When it ends.
    pub(crate) stop: Stop,
}

/// Everything the server answers.
///
/// # Errors
/// [`Error::Metrics`] when the process records metrics already.
pub(crate) fn router<E: Executor>(
    endpoint: Endpoint<E>,
    running: Running,
    console: Console,
) -> Result<Router, Error> {
    let (limits, stop, local) = (endpoint.limits, endpoint.stop.clone(), endpoint.gate.is_local());
    let recorder = health::recorder()?;
    let process = Collector::default();
    process.describe();
    let health = Router::new()
        .route("/readyz", get(health::ready))
        .route_layer(from_fn_with_state(stop.clone(), load::ready_until_stopped))
        .with_state(running.clone())
        .merge(log::routes(running.notary.clone(), endpoint.gate.clone()))
        .merge(device::routes(running))
        .route("/healthz", get(health::alive))
        .merge(
            Router::new()
                .route("/metrics", get(health::metrics))
                .route_layer(from_fn_with_state(process, load::with_process))
                .with_state(recorder),
        );
    Ok(guarded(api(endpoint, console).merge(health), limits, local))
}

/// The GraphQL endpoint and its console.
fn api<E: Executor>(endpoint: Endpoint<E>, console: Console) -> Router {
    let Endpoint { executor, gate, limits, sockets, stop } = endpoint;
    let room = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(load::shed))
        .load_shed()
        .layer(GlobalConcurrencyLimitLayer::new(limits.requests))
        .layer(from_fn(load::in_flight));
    Router::new()
        .route("/graphql", get(graphql::get::<Guarded<E>>).post(graphql::post::<Guarded<E>>))
        .route_layer(room)
        .route("/graphql/ws", get(websocket::upgrade::<Guarded<E>>))
        .with_state(Endpoint { executor: Guarded(executor), gate, limits, sockets, stop })
        .merge(console::routes(console))
}

/// What holds for every route, the outermost last.
fn guarded(routes: Router, limits: Limits, local: bool) -> Router {
    routes
        .fallback(async || {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "There is nothing here. The endpoint is /graphql.",
            )
        })
        .method_not_allowed_fallback(head::other_method)
        .layer(from_fn_with_state(limits.header_bytes, head::not_too_large))
        .layer(from_fn_with_state(local, origin::check))
        .layer(from_fn_with_state(limits.time, observe::in_time))
        .layer(from_fn(observe::catch_panics))
        .layer(from_fn(observe::record))
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
