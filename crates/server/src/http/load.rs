//! What keeps load and the end of the server from becoming a queue: requests beyond the limit are refused at once, and
//! readiness goes first.

use axum::BoxError;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::Gauge;
use metrics_process::Collector;
use serde_json::json;

use super::answer::Refusal;
use crate::signal::Stop;

/// Answers a request that there is no room for.
pub(super) async fn shed(_overloaded: BoxError) -> Refusal {
    busy("request")
}

/// The refusal of a request or a web socket that there is no room for.
pub(super) fn busy(what: &'static str) -> Refusal {
    metrics::counter!("lethe_http_shed_total", "what" => what).increment(1);
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "UNAVAILABLE",
        "The server does as much as it can at once, so nothing was done. Send it again in a moment.",
    )
}

/// Counts what is there while it lives.
pub(super) struct Present(Gauge);

impl Present {
    pub(super) fn new(gauge: Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Counts the GraphQL requests in flight.
pub(super) async fn in_flight(request: Request, next: Next) -> Response {
    let _present = Present::new(metrics::gauge!("lethe_http_requests_in_flight"));
    next.run(request).await
}

/// Is not ready from the first signal on, whatever else holds.
pub(super) async fn ready_until_stopped(State(stop): State<Stop>, request: Request, next: Next) -> Response {
    if stop.is_requested() {
        let body = Json(json!({ "status": "stopping" }));
        return (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    }
    next.run(request).await
}

/// Reads memory, processor time and open files of the process before metrics are shown.
pub(super) async fn with_process(State(process): State<Collector>, request: Request, next: Next) -> Response {
    process.collect();
    next.run(request).await
}
