//! Follows the ledger for one view: reads a batch, folds it, and writes rows and checkpoint in one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{LedgerError, Parts, Projection, Recorded, store};

const BATCH: i64 = 1000;
const RETRY: Duration = Duration::from_secs(1);

/// How far a view has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The position up to which it shows the ledger.
    pub position: i64,
    /// Why it does not go on, if it does not.
    pub halted: Option<String>,
}

/// Follows the ledger for `P` until the process ends.
pub(crate) async fn follow<P: Projection>(parts: Arc<Parts>, state: watch::Sender<State>) {
    let mut head = parts.head_watch();
    loop {
        let from = state.borrow().position;
        match step::<P>(&parts, from).await {
            Ok(position) => {
                let moved = from != position;
                state.send_replace(State { position, halted: None });
                metrics::gauge!("lethe_view_position", "view" => P::NAME).set(gauge(position));
                if !moved {
                    let waited = head.wait_for(|at| *at > position).await;
                    if waited.is_err() {
                        return;
                    }
                }
            }
            // The process ends.
            Err(LedgerError::Database(sqlx::Error::PoolClosed)) => return,
            Err(error) => {
                tracing::error!(view = P::NAME, %error, "the view does not go on");
                state.send_modify(|state| state.halted = Some(error.to_string()));
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; positions stay below 2^53")]
fn gauge(position: i64) -> f64 {
    position as f64
}

/// Takes the next batch; answers the new position.
async fn step<P: Projection>(parts: &Parts, position: i64) -> Result<i64, LedgerError> {
    let head = parts.head().await?;
    if head <= position {
        return Ok(position);
    }
    let (events, last) = batch::<P>(parts, position, head).await?;
    let mut transaction = parts.pool.begin().await?;
    // What is lost of a view in a crash is folded again; the ledger itself is always durable.
    sqlx::query("SET LOCAL synchronous_commit = off").execute(&mut *transaction).await?;
    if !advance::<P>(&mut transaction, position, last).await? {
        drop(transaction);
        return current::<P>(&mut *parts.pool.acquire().await?).await;
    }
    if !events.is_empty() {
        let mut keys = keys::<P>(&events)?;
        keys.sort_unstable();
        keys.dedup();
        let mut rows = store::load::<P>(&mut transaction, &keys).await?;
        fold_into::<P>(&mut rows, &events)?;
        let rows: Vec<&P::Row> = rows.values().collect();
        store::save::<P>(&mut transaction, &keys, &rows).await?;
    }
    transaction.commit().await?;
    Ok(last)
}

/// The next events that `P` follows, up to a position, and the position up to which there are no others.
async fn batch<P: Projection>(
    parts: &Parts,
    after: i64,
    until: i64,
) -> Result<(Vec<Recorded>, i64), LedgerError> {
    let events = parts.between((after, until), P::SOURCES, BATCH).await?;
    let full = i64::try_from(events.len()).is_ok_and(|read| read == BATCH);
    let last = events.last().map_or(until, |event| if full { event.position } else { until });
    Ok((events, last))
}

/// Moves the checkpoint, if it still is where this process left it.
async fn advance<P: Projection>(
    transaction: &mut Transaction<'_, Postgres>,
    from: i64,
    to: i64,
) -> Result<bool, LedgerError> {
    let moved = sqlx::query(
        "UPDATE ledger.projections SET position = $4 WHERE name = $1 AND version = $2 AND position = $3",
    )
    .bind(P::NAME)
    .bind(P::VERSION)
    .bind(from)
    .bind(to)
    .execute(&mut **transaction)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Where another process left the view.
async fn current<P: Projection>(connection: &mut PgConnection) -> Result<i64, LedgerError> {
    let position: Option<i64> =
        sqlx::query_scalar("SELECT position FROM ledger.projections WHERE name = $1 AND version = $2")
            .bind(P::NAME)
            .bind(P::VERSION)
            .fetch_optional(connection)
            .await?;
    position.ok_or(LedgerError::NewerVersion)
}

fn follows<P: Projection>(event: &Recorded) -> bool {
    P::SOURCES.contains(&event.aggregate_type.as_str())
}

fn keys<P: Projection>(events: &[Recorded]) -> Result<Vec<Uuid>, LedgerError> {
    let mut keys = Vec::new();
    for event in events {
        keys.extend(P::keys(event)?);
    }
    Ok(keys)
}

/// Folds events into rows; the same function for following, rebuilding and looking back.
pub(crate) fn fold_into<P: Projection>(
    rows: &mut HashMap<Uuid, P::Row>,
    events: &[Recorded],
) -> Result<(), LedgerError> {
    for event in events.iter().filter(|event| follows::<P>(event)) {
        for key in P::keys(event)? {
            if let Some(row) = P::fold(rows.remove(&key), key, event)? {
                rows.insert(key, row);
            }
        }
    }
    Ok(())
}

/// The keys whose stored row is not what a fold of the whole ledger up to the view's position gives.
pub(crate) async fn differences<P: Projection>(parts: Arc<Parts>) -> Result<Vec<Uuid>, LedgerError> {
    // Rows and position of one moment, however busy the view is.
    let mut snapshot = parts.pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *snapshot).await?;
    let until = current::<P>(&mut snapshot).await?;
    let stored = store::all::<P>(&mut snapshot).await?;
    snapshot.rollback().await?;
    let mut rebuilt = HashMap::new();
    let mut position = 0;
    while position < until {
        let (events, last) = batch::<P>(&parts, position, until).await?;
        position = last;
        fold_into::<P>(&mut rebuilt, &events)?;
    }
    let mut wrong: Vec<Uuid> =
        rebuilt.iter().filter(|(key, row)| stored.get(*key) != Some(row)).map(|(key, _)| *key).collect();
    wrong.extend(stored.keys().filter(|key| !rebuilt.contains_key(*key)));
    Ok(wrong)
}

/// The rows of some streams as they were at a position.
pub(crate) async fn rows_at<P: Projection>(
    parts: &Parts,
    ids: &[Uuid],
    until: i64,
) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
    let mut events = Vec::new();
    for source in P::SOURCES {
        events.extend(parts.stream_until(source, ids, Some(until)).await?);
    }
    events.sort_by_key(|event| event.position);
    let mut rows = HashMap::new();
    fold_into::<P>(&mut rows, &events)?;
    rows.retain(|key, _| ids.contains(key));
    Ok(rows)
}
