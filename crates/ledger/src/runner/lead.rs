//! Who runs a view: the process that holds its lock. All locks of a process are held on one connection, which also
//! hears the hints of the others.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::Parts;

/// The channel of hints.
pub(crate) const HINTS: &str = "lethe_appended";
/// How often a process tries to take over what nobody runs.
const TRY: Duration = Duration::from_millis(500);

/// Holds every lock it can get, for as long as the process lives. A connection that is lost has lost its locks.
pub(crate) async fn lead(
    parts: Arc<Parts>,
    locks: Vec<String>,
    held: watch::Sender<Vec<bool>>,
    hint: Arc<Notify>,
) {
    loop {
        if let Err(error) = session(&parts, &locks, &held, &hint).await {
            tracing::warn!(%error, "the connection that holds the views' locks ended; taking a new one");
        }
        held.send_replace(vec![false; locks.len()]);
        tokio::time::sleep(TRY).await;
    }
}

async fn session(
    parts: &Parts,
    locks: &[String],
    held: &watch::Sender<Vec<bool>>,
    hint: &Notify,
) -> Result<(), sqlx::Error> {
    // A connection of its own: it is never given back, and must not take one from those who work.
    let options = parts.pool.connect_options().as_ref().clone();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_with(options)
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    // A new connection holds nothing, so nobody may connect again behind our back.
    listener.eager_reconnect(false);
    listener.listen(HINTS).await?;
    loop {
        take(&mut listener, locks, held).await?;
        let next = Instant::now() + TRY;
        while let Ok(hinted) = tokio::time::timeout_at(next, listener.try_recv()).await {
            if hinted?.is_none() {
                return Ok(());
            }
            hint.notify_one();
        }
    }
}

/// Takes the locks that are free; a statement is sent in any case, so that a dead connection is noticed.
async fn take(
    listener: &mut PgListener,
    locks: &[String],
    held: &watch::Sender<Vec<bool>>,
) -> Result<(), sqlx::Error> {
    let mut now = held.borrow().clone();
    let wanted: Vec<&str> =
        locks.iter().zip(&now).filter(|(_, held)| !**held).map(|(lock, _)| lock.as_str()).collect();
    let taken: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM unnest($1::text[]) AS name WHERE pg_try_advisory_lock(hashtextextended(name, 0))",
    )
    .bind(wanted)
    .fetch_all(listener)
    .await?;
    for (lock, held) in locks.iter().zip(&mut now) {
        *held |= taken.contains(lock);
    }
    held.send_if_modified(|before| std::mem::replace(before, now.clone()) != now);
    Ok(())
}
