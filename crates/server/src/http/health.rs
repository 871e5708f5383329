//! Is the process alive, can it do its work, and how much did it do.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::Serialize;
use serde_json::json;

use crate::database::Running;
use crate::error::Error;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
const UPKEEP: Duration = Duration::from_secs(5);
const SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
const UNITS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// One view, as `/readyz` and `lethe doctor` tell it.
#[derive(Debug, Serialize)]
pub(crate) struct ViewState {
    pub(crate) name: &'static str,
    pub(crate) position: i64,
    /// How many positions it is behind the ledger.
    pub(crate) lag: i64,
    /// `following`, `standby` (another process runs it), `rebuilding`, `retrying` or `halted`.
    pub(crate) state: &'static str,
    /// Why it does not go on, if it does not.
    pub(crate) reason: Option<String>,
}

/// Every view, compared with the end of the ledger.
pub(crate) fn view_states(running: &Running, head: i64) -> Vec<ViewState> {
    let state = |(name, state): (_, lethe_ledger::ProjectionState)| ViewState {
        name,
        position: state.position,
        lag: (head - state.position).max(0),
        state: state.activity.name(),
        reason: state.reason().map(str::to_owned),
    };
    running.views.states().into_iter().map(state).collect()
}

/// `/healthz`: the process answers.
pub(super) async fn alive() -> Response {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response()
}

/// `/readyz`: the database answers and no view is halted or rebuilt. One that tries again does not count: who is sent
/// elsewhere for a moment's trouble of the database finds the same there. A read-only database is told, but queries can
/// be routed here. Damage of the vault that was met is told until the process is started anew, and a
/// ledger that is not the one that was signed as long as it is not.
pub(super) async fn ready(State(running): State<Running>) -> Response {
    let asked = tokio::time::timeout(PATIENCE, database(&running)).await;
    let (head, read_only) = asked.ok().and_then(Result::ok).unzip();
    let views = view_states(&running, head.unwrap_or(0));
    let damage = running.ledger.parts().vault.damage();
    let log = running.notary.state();
    let ready = head.is_some()
        && damage.is_none()
        && log.fault.is_none()
        && views.iter().all(|view| view.state != "halted" && view.state != "rebuilding");
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if ready { "ready" } else { "not ready" },
        "database": match read_only {
            Some(false) => "up",
            Some(true) => "read-only",
            None => "down",
        },
        "vault": damage.as_deref().unwrap_or("sound"),
        "log": log.fault.as_ref().map_or("sound", |fault| fault.reason.as_str()),
        "logSize": log.size,
        "head": head,
        "views": views,
    });
    (status, Json(body)).into_response()
}

/// The ledger's end, and whether the database takes no changes.
async fn database(running: &Running) -> Result<(i64, bool), lethe_ledger::LedgerError> {
    let parts = running.ledger.parts();
    let query = sqlx::query_scalar("SELECT current_setting('transaction_read_only')::boolean");
    Ok((parts.head().await?, query.fetch_one(&parts.pool).await?))
}

/// `/metrics`, in the text form of Prometheus. Labels are names of routes, views and statuses.
pub(super) async fn metrics(State(handle): State<PrometheusHandle>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}

/// Starts to record metrics.
///
/// # Errors
/// [`Error::Metrics`].
pub(super) fn recorder() -> Result<PrometheusHandle, Error> {
    let failed = |error: metrics_exporter_prometheus::BuildError| Error::Metrics(error.to_string());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_units".to_owned()), &UNITS))
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(failed)?;
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}
