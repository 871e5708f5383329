//! The way to PostgreSQL.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::LedgerError;

/// Connects, and refuses a server that may lose what it acknowledged.
///
/// # Errors
/// Errors of the database, and [`LedgerError::Unsafe`].
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool, LedgerError> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(std::time::Duration::from_secs(10))
        // ledger.append waits for a lock and must then see what was committed meanwhile.
        .connect_with(
            options
                .application_name("lethe")
                .options([("default_transaction_isolation", "read\\ committed")]),
        )
        .await?;
    for setting in ["fsync", "full_page_writes"] {
        let value: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&pool).await?;
        if value == "off" {
            return Err(LedgerError::Unsafe(setting));
        }
    }
    Ok(pool)
}

/// Brings the tables up to date, one process at a time.
///
/// # Errors
/// [`LedgerError::NewerVersion`] when the database has tables this version does not know, and errors of the database.
pub async fn migrate(pool: &PgPool) -> Result<(), LedgerError> {
    match sqlx::migrate!("../../migrations").run(pool).await {
        Err(sqlx::migrate::MigrateError::VersionMissing(_)) => Err(LedgerError::NewerVersion),
        result => Ok(result?),
    }
}
