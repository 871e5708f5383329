//! The witness over HTTP.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lethe_kernel::Clock;
use lethe_tlog::witness::{AddCheckpoint, Refusal};

use super::memory::{Memory, NotCosigned};

/// How long a request may be: the largest note, and a proof.
const MAX_BYTES: usize = lethe_tlog::note::MAX_BYTES + (8 << 10);

/// How long the body of a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Witness {
    memory: Arc<Mutex<Memory>>,
    clock: Clock,
}

pub(super) fn router(memory: Memory, clock: Clock) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/{origin}/checkpoint", get(latest))
        .with_state(Witness { memory: Arc::new(Mutex::new(memory)), clock })
}

async fn add(State(witness): State<Witness>, body: Body) -> Response {
    let request = match read(body).await {
        Ok(request) => request,
        // What of the body was not read stands in the way of a next request.
        Err((status, why)) => {
            return ([(CONNECTION, "close")], text(status, format!("{why}\n"))).into_response();
        }
    };
    // One after another: between the look at what was cosigned and the next one on the disk nobody else may come.
    let work = move || {
        let mut memory = witness.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.add(&request, witness.clock.now())
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(line)) => text(StatusCode::OK, line),
        Ok(Err(NotCosigned::Refused(Refusal::OtherSize(seen)))) => {
            let header = [(CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, header, format!("{}\n", seen.size)).into_response()
        }
        Ok(Err(NotCosigned::Refused(refusal))) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            text(status, format!("{refusal}\n"))
        }
        Ok(Err(failure)) => {
            tracing::error!(%failure, "a checkpoint could not be cosigned");
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("{failure}\n"))
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "The request broke off.\n".to_owned()),
    }
}

/// Reads a request, in bounded time and memory.
async fn read(body: Body) -> Result<AddCheckpoint, (StatusCode, &'static str)> {
    let bytes = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BYTES))
        .await
        .map_err(|_| (StatusCode::REQUEST_TIMEOUT, "The request did not come to its end in time."))?
        .map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "The request is too large, or broke off."))?;
    let request = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
    request.ok_or((StatusCode::BAD_REQUEST, "It is not a request as C2SP tlog-witness describes it."))
}

async fn latest(State(witness): State<Witness>, Path(origin): Path<String>) -> Response {
    let memory = witness.memory.lock().unwrap_or_else(PoisonError::into_inner);
    match memory.latest(&origin) {
        Some(note) => text(StatusCode::OK, note.to_owned()),
        None => text(StatusCode::NOT_FOUND, "No checkpoint of that log was cosigned here.\n".to_owned()),
    }
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
