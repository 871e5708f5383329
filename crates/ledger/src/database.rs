//! The way to PostgreSQL.

use std::cmp::Ordering;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::LedgerError;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may have been idle and still count as alive.
const IDLE: Duration = Duration::from_secs(1);
/// The form of the events that this version writes and reads. A migration stores it in `ledger.format`. From the first release
/// on it stays, since a stored event never changes.
const FORMAT: i32 = 1;

/// How many statements a connection keeps prepared. Lists are put together from what was asked for, so there are hundreds;
/// one that was dropped is sent, parsed and planned anew.
const STATEMENTS: usize = 500;

/// Connects, and refuses a server that may lose what it acknowledged.
///
/// # Errors
/// Errors of the database, and [`LedgerError::Unsafe`].
pub async fn connect(options: PgConnectOptions, connections: u32) -> Result<PgPool, LedgerError> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // Asking costs as much as a small query; a connection that was used just now is not dead.
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.application_name("lethe").statement_cache_capacity(STATEMENTS).options([
            // ledger.append waits for a lock and must then see what was committed meanwhile.
            ("default_transaction_isolation", "read\\ committed"),
            // A lock that somebody else holds for long is told, not waited for.
            ("lock_timeout", "5s"),
            // Each statement reads a range of an index. One that is thought to read much is compiled for longer than it runs, and
            // other processes are started for it that the machine needs for other requests.
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
        ]))
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

/// The settings in force that have PostgreSQL write the parameters of statements into its log: sealed values, and wrapped keys
/// that may never be stored. Each as `name = value`. They hold for this connection, so what a role or a database sets counts.
///
/// # Errors
/// Errors of the database.
pub async fn logging_of_parameters(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    // Whatever logs a statement logs its parameters with it, up to log_parameter_max_length bytes of each.
    sqlx::query_scalar(
        "SELECT s.name || ' = ' || current_setting(s.name) FROM pg_settings s \
         JOIN pg_settings l ON l.name = 'log_parameter_max_length' \
         WHERE (s.name = 'log_parameter_max_length_on_error' AND s.setting <> '0') \
         OR (l.setting <> '0' AND ( \
             (s.name = 'log_statement' AND s.setting <> 'none') \
             OR (s.name IN ('log_min_duration_statement', 'log_min_duration_sample') AND s.setting <> '-1') \
             OR (s.name = 'log_transaction_sample_rate' AND s.setting::float8 > 0))) \
         OR (s.name = 'auto_explain.log_min_duration' AND s.setting <> '-1' \
             AND coalesce(current_setting('auto_explain.log_parameter_max_length', true), '-1') <> '0') \
         OR (s.name = 'pgaudit.log_parameter' AND s.setting = 'on') \
         ORDER BY s.name",
    )
    .fetch_all(pool)
    .await
}

/// How the writer connects: as the pool does, with plans that are made once and look things up by index, whatever
/// PostgreSQL believes about the size of tables it has never analysed.
pub(crate) fn writing(pool: &PgPool) -> PgConnectOptions {
    PgConnectOptions::clone(&pool.connect_options())
        .options([("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")])
}

/// Refuses a ledger with events in another form than this version reads. It looks and changes nothing.
///
/// # Errors
/// [`LedgerError::EarlierForm`], [`LedgerError::NewerVersion`], errors of the database.
pub async fn readable(pool: &PgPool) -> Result<(), LedgerError> {
    let (events, format): (bool, bool) = sqlx::query_as(
        "SELECT to_regclass('ledger.events') IS NOT NULL, to_regclass('ledger.format') IS NOT NULL",
    )
    .fetch_one(pool)
    .await?;
    if !events || !sqlx::query_scalar("SELECT EXISTS (SELECT FROM ledger.events)").fetch_one(pool).await? {
        return Ok(());
    }
    // Before there was a number, there were other events.
    let found: i32 = if format {
        sqlx::query_scalar("SELECT number FROM ledger.format").fetch_one(pool).await?
    } else {
        0
    };
    match found.cmp(&FORMAT) {
        Ordering::Less => Err(LedgerError::EarlierForm),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(LedgerError::NewerVersion),
    }
}

/// Brings the tables up to date, one process at a time.
///
/// # Errors
/// [`LedgerError::NewerVersion`] when the database has tables this version does not know, [`LedgerError::EarlierForm`] when
/// it has events in a form of before, and errors of the database.
pub async fn migrate(pool: &PgPool) -> Result<(), LedgerError> {
    readable(pool).await?;
    // Another process may be at it for as long as it takes.
    let patient = PgConnectOptions::clone(&pool.connect_options()).options([("lock_timeout", "0")]);
    let own = PgPoolOptions::new().max_connections(1).connect_with(patient).await?;
    let migrated = sqlx::migrate!("../../migrations").run(&own).await;
    own.close().await;
    match migrated {
        Err(sqlx::migrate::MigrateError::VersionMissing(_)) => Err(LedgerError::NewerVersion),
        result => Ok(result?),
    }
}
