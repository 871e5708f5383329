//! What happens around every request: an id, a span, a line in the log, metrics, a time limit, and no word about
//! defects.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use lethe_kernel::{IdSource, RequestId};
use tracing::Instrument;
use tracing::field::{Empty, display};

use super::answer::{Code, Refusal, internal};
use super::graphql::Operation;
use super::{console, log};
use crate::trace;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, which the answer and every line of the log about it carry, and counts it.
pub(super) async fn record(mut request: Request, next: Next) -> Response {
    let id = RequestId(IdSource.next());
    request.extensions_mut().insert(id);
    let method = method_name(request.method());
    // The pattern of the route, never the path itself: that is the client's text.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", |path| route_name(path.as_str()));
    let begin = Instant::now();
    let (traced, trace) = trace::request(request.headers(), method, route, id);
    let span = tracing::info_span!("request", request_id = %id, trace_id = Empty);
    if let Some(trace) = trace {
        span.record("trace_id", display(trace));
    }
    let mut response = next.run(request).instrument(span.clone()).instrument(traced.clone()).await;
    let (status, seconds) = (response.status().as_u16(), begin.elapsed().as_secs_f64());
    let code = response.extensions().get::<Code>().map(|Code(code)| code.as_str());
    let operation = response.extensions().get::<Operation>().map(|Operation(name)| *name);
    trace::answered(&traced, status, operation, code);
    span.in_scope(|| tracing::info!(method, route, operation, status, code, seconds, "answered"));
    metrics::counter!("lethe_http_requests_total", "route" => route, "status" => status.to_string())
        .increment(1);
    metrics::histogram!("lethe_http_request_seconds", "route" => route).record(seconds);
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn route_name(pattern: &str) -> &'static str {
    [
        "/",
        "/graphql",
        "/graphql/ws",
        console::ROUTE,
        "/device/approve",
        "/device/approve.js",
        "/healthz",
        "/readyz",
        "/metrics",
        log::CHECKPOINT,
        log::TILE,
    ]
    .into_iter()
    .find(|name| *name == pattern)
    .unwrap_or("unknown")
}

/// A client may send any word as the method.
fn method_name(method: &Method) -> &'static str {
    ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|name| *name == method.as_str())
        .unwrap_or("other")
}

/// Answers a panic with 500 and nothing about it; its place is in the log.
pub(super) async fn catch_panics(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| internal().into_response())
}

/// Gives up on a request that takes too long.
pub(super) async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "TIMEOUT",
            "The request took too long. A change may still have been made: send it again with the same idempotency key.",
        )
        .into_response()
    })
}
