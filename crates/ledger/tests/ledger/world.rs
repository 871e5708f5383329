//! A database and the processes that work on it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lethe_kernel::{Caller, Clock, ErrorCode, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Committed, Context, Failure, Idempotency, Ledger, Views, ViewsBuilder, Work};
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use crate::postgres::Database;

/// The advisory lock that every append holds.
pub(crate) const LOCK: &str = "hashtextextended('lethe.ledger.append', 0)";

/// An id that is the same in every run.
pub(crate) const fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn caller(user: u128) -> Caller {
    Caller { user: UserId(id(user)), unit: UnitId(id(7)), role: Role::Consultant }
}

pub(crate) fn context() -> Context {
    Context::new(caller(2), RequestId(id(3)))
}

/// A context with an idempotency key.
pub(crate) fn keyed(key: u128, input: &[u8]) -> Context {
    let idempotency = Idempotency { key: id(key), mutation: "accountAdd", input: input.to_vec() };
    Context { idempotency: Some(idempotency), ..context() }
}

/// A ledger on a database, as one process has it; two of them share nothing but the database and the root file.
pub(crate) async fn ledger(database: &Database) -> Ledger {
    ledger_with(database, database.options.clone(), Clock::system()).await
}

pub(crate) async fn ledger_with(database: &Database, options: PgConnectOptions, clock: Clock) -> Ledger {
    let pool = lethe_ledger::connect(options, 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let vault = Vault::open(pool.clone(), &Custody::in_data_dir(database.folder.path()).with_buckets(16))
        .await
        .unwrap();
    Ledger::start(pool, vault, clock).await.unwrap()
}

/// A process with views that can be killed: everything it does happens on a runtime of its own.
pub(crate) struct Process {
    runtime: Option<tokio::runtime::Runtime>,
    _ledger: Ledger,
    pub(crate) views: Views,
}

impl Process {
    pub(crate) async fn start(database: &Arc<Database>, views: ViewsBuilder) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let database = database.clone();
        let started = runtime.spawn(async move {
            let ledger = ledger(&database).await;
            let views = views.start(ledger.parts().clone()).await.unwrap();
            (ledger, views)
        });
        let (ledger, views) = started.await.unwrap();
        Self { runtime: Some(runtime), _ledger: ledger, views }
    }

    /// Stops every task where it is; open transactions end with their connections.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Executes until it is no longer refused with `CONFLICT`, as a client does that is told to send again.
pub(crate) async fn insist(ledger: &Ledger, work: &impl Work) -> Result<Committed, Failure> {
    loop {
        match ledger.execute(&context(), work).await {
            Err(failure) if code(&failure) == Some(ErrorCode::Conflict) => {}
            result => return result,
        }
    }
}

/// The code of a refusal.
pub(crate) fn code(failure: &Failure) -> Option<ErrorCode> {
    match failure {
        Failure::Refused(errors) => errors.first().map(|error| error.code),
        Failure::Failed(_) => None,
    }
}

/// Waits for a condition; fails only when it never comes true.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !condition().await {
        assert!(begin.elapsed() < Duration::from_mins(1), "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// Waits until so many appends wait for the lock that somebody else holds.
pub(crate) async fn appends_waiting(database: &Database, number: i64) {
    eventually("an append waits for the lock", async || {
        database
            .count(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .await
            >= number
    })
    .await;
}

/// Numbers of rows of everything that an append writes; the key that the installation signs with does not count.
pub(crate) async fn rows(database: &Database) -> [i64; 3] {
    [
        database.count("SELECT count(*) FROM ledger.events").await,
        database.count("SELECT count(*) FROM ledger.commands").await,
        database.count("SELECT count(*) FROM vault.keys WHERE subject_kind <> 'installation'").await,
    ]
}

/// All rows of all tables, as text.
pub(crate) async fn dump(database: &Database) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables \
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let sql = format!("SELECT '{table} ' || t::text FROM {table} t");
        all.extend(sqlx::query_scalar::<_, String>(&sql).fetch_all(&database.pool).await.unwrap());
    }
    all.join("\n")
}
