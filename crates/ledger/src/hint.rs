//! How processes on one database notice each other's appends – a hint, outside of the append and at most one in
//! [`PAUSE`], and a look at the database now and then, since a hint may get lost – and destroyed keys.

use std::sync::Weak;
use std::time::Duration;

use lethe_vault::VaultError;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::{LedgerError, Parts};

const CHANNEL: &str = "lethe_head";
const PAUSE: Duration = Duration::from_millis(50);
const HEED: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(500);

/// Tells the other processes what this one appended, until its writer has ended.
pub(crate) async fn tell(pool: PgPool, mut appended: watch::Receiver<i64>) {
    while appended.changed().await.is_ok() {
        let head = *appended.borrow_and_update();
        let told =
            sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(head.to_string()).execute(&pool).await;
        if let Err(error) = told {
            tracing::debug!(%error, "other processes were not told about an append");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Notices what other processes append, until the ledger is dropped.
pub(crate) async fn follow(parts: Weak<Parts>, pool: PgPool) {
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        let told = if let Some(listener) = &mut listener {
            tokio::time::timeout(POLL, listener.recv()).await.ok()
        } else {
            tokio::time::sleep(POLL).await;
            None
        };
        let Some(parts) = parts.upgrade() else { return };
        let head = match told {
            Some(Ok(hint)) => hint.payload().parse().ok(),
            Some(Err(_)) => {
                listener = None;
                None
            }
            None => None,
        };
        let head = match head {
            Some(position) => Ok(position),
            None => parts.head().await,
        };
        match head {
            Ok(position) => parts.advance_head(position),
            Err(LedgerError::Database(sqlx::Error::PoolClosed)) => return,
            Err(error) => tracing::warn!(%error, "the ledger's head could not be read"),
        }
    }
}

/// Has the vault forget keys that were destroyed, until the ledger is dropped.
pub(crate) async fn heed_destructions(parts: Weak<Parts>) {
    loop {
        let Some(parts) = parts.upgrade() else { return };
        match parts.vault.heed_destructions().await {
            Ok(()) => {}
            Err(VaultError::Database(sqlx::Error::PoolClosed)) => return,
            Err(error) => tracing::warn!(%error, "whether a key was destroyed could not be asked"),
        }
        drop(parts);
        tokio::time::sleep(HEED).await;
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}
