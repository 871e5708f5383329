//! Who runs a view: the process that holds its lock. All locks of a process are held on one connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use crate::Parts;

/// How often a process tries to take over what nobody runs.
const TRY: Duration = Duration::from_millis(500);

/// Holds every lock it can get, for as long as the process lives. A connection that is lost has lost its locks.
pub(crate) async fn lead(parts: Arc<Parts>, locks: Vec<String>, held: watch::Sender<Vec<bool>>) {
    loop {
        let Err(error) = session(&parts, &locks, &held).await;
        tracing::warn!(%error, "the connection that holds the views' locks ended; taking a new one");
        held.send_replace(vec![false; locks.len()]);
        tokio::time::sleep(TRY).await;
    }
}

async fn session(
    parts: &Parts,
    locks: &[String],
    held: &watch::Sender<Vec<bool>>,
) -> Result<Infallible, sqlx::Error> {
    // A connection of its own: it is never given back, and must not take one from those who work.
    let mut connection = PgConnection::connect_with(&parts.pool.connect_options()).await?;
    loop {
        take(&mut connection, locks, held).await?;
        tokio::time::sleep(TRY).await;
    }
}

/// Takes the locks that are free; a statement is sent in any case, so that a dead connection is noticed.
async fn take(
    connection: &mut PgConnection,
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
    .fetch_all(connection)
    .await?;
    for (lock, held) in locks.iter().zip(&mut now) {
        *held |= taken.contains(lock);
    }
    held.send_if_modified(|before| std::mem::replace(before, now.clone()) != now);
    Ok(())
}
