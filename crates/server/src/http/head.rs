//! What is wrong with the head of a request, told in a body: the layer below would answer without one.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ALLOW;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;

/// Most headers of a request.
const HEADERS: usize = 100;
/// How many times the limits the layer below reads. What is beyond that ends without a body.
const ROOM: usize = 4;

/// The limits of the layer below: how many headers, and how large all of them.
pub(super) fn below(limit: usize) -> (usize, usize) {
    (HEADERS * ROOM, limit.saturating_mul(ROOM))
}

/// Refuses a head that is larger than the limit.
pub(super) async fn not_too_large(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    // As they stand on the wire, with what separates them.
    let lines = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let line = request.method().as_str().len() + request.uri().to_string().len() + 12;
    if headers.len() <= HEADERS && lines.sum::<usize>() + line <= limit {
        return next.run(request).await;
    }
    let told = format!(
        "The head of the request has more than {limit} bytes or {HEADERS} headers. Send shorter headers, and long queries \
         in the body of a POST."
    );
    Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE", told).into_response()
}

/// Answers a method that an address does not take; the router adds those that it does.
pub(super) async fn other_method() -> Response {
    let told = "This address does not take that method. The header Allow names those that it takes.";
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", told);
    let mut response = refusal.into_response();
    response.headers_mut().remove(ALLOW);
    response
}
