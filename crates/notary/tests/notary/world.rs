//! A ledger with events of nobody, and the notaries that follow it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lethe_kernel::Clock;
use lethe_ledger::Ledger;
use lethe_notary::{Fault, Notary, Places};
use lethe_vault::{Custody, Vault};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::task::JoinHandle;

use crate::postgres::Database;

pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Events as they come into the table, all in one statement, by the function that everything goes through.
const APPEND: &str = "SELECT (ledger.append(now(), \
    ARRAY[ROW(gen_random_uuid(), 'applied', '{}', NULL, NULL, NULL, $1::integer)]::ledger.new_unit[], '{}', '{}', '{}', '{}', '{}', \
    array_agg(ROW(1, $1 - n, 'test', gen_random_uuid(), 1, 'test.happened', '1', '{\"Happened\": {\"number\": 1e' || n % 9 || '}}', \
        '{ \"user\" : \"' || n || '\" }', gen_random_uuid())::ledger.new_event))).results[1]::bigint FROM generate_series(1, $1) n";

/// Appends events as everybody does.
pub(crate) async fn append(pool: &PgPool, events: i32) -> Result<(), sqlx::Error> {
    let result: i64 = sqlx::query_scalar(APPEND).bind(events).fetch_one(pool).await?;
    assert_eq!(result, 0);
    Ok(())
}

/// A database, and one process on it.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
}

impl World {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let ledger = ledger(&database, database.options.clone()).await;
        Self { database, ledger }
    }

    /// Appends events as everybody does.
    pub(crate) async fn append(&self, events: i32) -> Result<(), sqlx::Error> {
        append(&self.database.pool, events).await
    }

    /// Where the last checkpoint is kept outside the database.
    pub(crate) fn place(&self) -> PathBuf {
        self.database.folder.path().to_owned()
    }

    /// A notary that does not sign.
    pub(crate) async fn notary(&self) -> Notary {
        Notary::open(self.ledger.parts().clone(), Places::new([self.place()])).await.unwrap()
    }

    /// Has everything signed that is there, and stops.
    pub(crate) async fn sign(&self) -> Notary {
        let notary = self.notary().await;
        let running = run(&notary);
        let end = self.database.count("SELECT coalesce(max(position), 0) FROM ledger.events").await;
        notary.reach(end, PATIENCE).await.unwrap();
        let kept = self.place().join(lethe_notary::FILE);
        eventually("the checkpoint is kept outside", async || {
            std::fs::read_to_string(&kept).is_ok_and(|note| note.lines().nth(1) == Some(&end.to_string()))
        })
        .await;
        stop(running).await;
        notary
    }

    /// Changes tables as the superuser can, past every trigger.
    pub(crate) async fn tamper(&self, sql: &str) {
        self.database
            .run(&format!("BEGIN; SET LOCAL session_replication_role = replica; {sql}; COMMIT"))
            .await;
    }
}

/// A ledger on a database.
pub(crate) async fn ledger(database: &Database, options: PgConnectOptions) -> Ledger {
    let pool = lethe_ledger::connect(options, 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let custody = Custody::in_data_dir(database.folder.path()).with_buckets(16);
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

/// Has a notary sign.
pub(crate) fn run(notary: &Notary) -> JoinHandle<()> {
    tokio::spawn(notary.clone().run(Vec::new()))
}

/// Kills it where it is.
pub(crate) async fn stop(running: JoinHandle<()>) {
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
}

/// Why the ledger is not believed, once a notary has looked at it.
pub(crate) async fn fault(notary: &Notary) -> Fault {
    notary.state().fault.unwrap()
}

/// Waits for a condition; fails only when it never comes true.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !condition().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
