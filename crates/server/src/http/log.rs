//! The log for those who do not trust the server: C2SP `tlog-tiles` under `/log`. Checkpoints and hashes are public; the
//! entries behind them are for auditors.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lethe_kernel::Role;
use lethe_notary::{Notary, NotaryError};
use lethe_tlog::tile::{EntryTile, Tile};

use super::answer::{Refusal, internal};
use super::caller::{Asked, Gate};

/// The patterns of the routes.
pub(super) const CHECKPOINT: &str = "/log/checkpoint";
pub(super) const TILE: &str = "/log/tile/{*tile}";

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A checkpoint is the newest for about a second.
const BRIEF: &str = "public, max-age=1";
/// A tile never changes.
const EVER: &str = "public, max-age=31536000, immutable";
const EVER_PRIVATE: &str = "private, max-age=31536000, immutable";
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The routes of the log; `gate` lets auditors in.
pub(super) fn routes(notary: Notary, gate: Gate) -> Router {
    let tiles = Router::new().route(TILE, get(tile)).with_state((notary.clone(), gate));
    Router::new().route(CHECKPOINT, get(checkpoint)).with_state(notary).merge(tiles)
}

/// The newest signed checkpoint, with the signatures of witnesses.
async fn checkpoint(State(notary): State<Notary>) -> Response {
    let found = in_time(notary.checkpoint()).await.map(|found| found.map(|checkpoint| checkpoint.note));
    answer(found, [TEXT, BRIEF])
}

/// A tile of hashes, or of entries.
async fn tile(
    State((notary, gate)): State<(Notary, Gate)>,
    Path(tile): Path<String>,
    headers: HeaderMap,
) -> Response {
    let path = format!("tile/{tile}");
    if let Ok(tile) = path.parse::<EntryTile>() {
        return match may_read_entries(&gate, &headers).await {
            Ok(()) => answer(in_time(notary.entries(tile)).await, [BYTES, EVER_PRIVATE]),
            Err(refusal) => refusal.into_response(),
        };
    }
    match path.parse::<Tile>() {
        Ok(tile) => answer(in_time(notary.tile(tile)).await, [BYTES, EVER]),
        Err(_) => unknown().into_response(),
    }
}

/// What an entry tells – which objects there are, who they belong to, when what was done – is not for everybody.
async fn may_read_entries(gate: &Gate, headers: &HeaderMap) -> Result<(), Refusal> {
    match gate.enter(Asked::from_headers(headers)?).await?.session.caller.role {
        Role::Auditor | Role::SystemAdministrator => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "Entries of the log are for auditors and system administrators. Checkpoints and hashes are public.",
        )),
    }
}

async fn in_time<T>(found: impl Future<Output = Result<T, NotaryError>>) -> Result<T, Refusal> {
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(NotaryError::Ledger(error))) => {
            tracing::error!(%error, "the log cannot be read");
            Err(unavailable())
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the log cannot answer");
            Err(internal())
        }
        Err(_) => Err(unavailable()),
    }
}

fn answer(found: Result<Option<impl IntoResponse>, Refusal>, [kind, caching]: [&'static str; 2]) -> Response {
    match found {
        Ok(Some(body)) => {
            let mut response = body.into_response();
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
            response
        }
        Ok(None) => unknown().into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn unknown() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "The log has no such checkpoint or tile. Its size is in /log/checkpoint; paths are those of C2SP tlog-tiles.",
    )
}

fn unavailable() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "UNAVAILABLE",
        "The database cannot be reached at the moment. Ask again.",
    )
}
