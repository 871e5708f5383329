//! The HTTP side: one GraphQL endpoint, health, metrics, and GraphiQL.

mod accept;
mod answer;
mod caller;
mod console;
mod graphql;
mod health;
mod nesting;
mod observe;
mod origin;
mod parameters;
mod receive;
mod websocket;

use std::time::Duration;

use async_graphql::Executor;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

use crate::config::Config;
use crate::database::Running;
use crate::error::Error;
use crate::signal::Stop;
use answer::Refusal;
pub(crate) use health::view_states;
use nesting::Guarded;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest body without files.
    pub(crate) body_bytes: usize,
    /// The largest body with files.
    pub(crate) upload_bytes: usize,
    /// The longest time.
    pub(crate) time: Duration,
}

impl Limits {
    /// The limits in force.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            body_bytes: config.max_body_bytes.get(),
            upload_bytes: config.max_upload_bytes.get(),
            time: Duration::from_secs(config.request_timeout_seconds.get()),
        }
    }
}

/// What the GraphQL endpoint works with.
#[derive(Clone)]
struct Endpoint<E> {
    executor: Guarded<E>,
    limits: Limits,
    stop: Stop,
}

/// Everything the server answers.
///
/// # Errors
/// [`Error::Metrics`] when the process records metrics already.
pub(crate) fn router<E: Executor>(
    executor: E,
    running: Running,
    limits: Limits,
    stop: Stop,
) -> Result<Router, Error> {
    let health = Router::new()
        .route("/readyz", get(health::ready))
        .with_state(running)
        .route("/healthz", get(health::alive))
        .route("/metrics", get(health::metrics))
        .with_state(health::recorder()?);
    Ok(guarded(api(executor, limits, stop).merge(health), limits))
}

/// The GraphQL endpoint and its console.
fn api<E: Executor>(executor: E, limits: Limits, stop: Stop) -> Router {
    Router::new()
        .route("/graphql", get(graphql::get::<E>).post(graphql::post::<E>))
        .route("/graphql/ws", get(websocket::upgrade::<E>))
        .with_state(Endpoint { executor: Guarded(executor), limits, stop })
        .route("/", get(console::page))
}

/// What holds for every route, the outermost last.
fn guarded(routes: Router, limits: Limits) -> Router {
    routes
        .fallback(async || {
            Refusal::new(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "There is nothing here. The endpoint is /graphql.",
            )
        })
        .layer(from_fn(origin::check))
        .layer(from_fn_with_state(limits.time, observe::in_time))
        .layer(from_fn(observe::catch_panics))
        .layer(from_fn(observe::record))
}

#[cfg(test)]
mod tests;
