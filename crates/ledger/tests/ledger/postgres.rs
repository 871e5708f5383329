//! One PostgreSQL for all tests of a test binary, and a database of its own for each test.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};

use lethe_local_postgres::{Settings, start};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;

const PREFIX: &str = "lethe-test-postgres-";
static SERVER: OnceLock<PgConnectOptions> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A database with the tables of Lethe, and the data folder that belongs to it.
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
    pub(crate) folder: TempDir,
    /// A look from outside, past the ledger.
    pub(crate) pool: PgPool,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let server = SERVER.get_or_init(serve);
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let outside = pool(server.clone());
        sqlx::query(&format!("CREATE DATABASE {name} TEMPLATE migrated")).execute(&outside).await.unwrap();
        let options = server.clone().database(&name);
        Self { pool: pool(options.clone()), options, folder: tempfile::tempdir().unwrap() }
    }

    /// The one value that a query answers.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn run(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
    }
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new().max_connections(4).connect_lazy_with(options)
}

/// Starts the server on a thread that lives as long as the process. The server ends with the process, because the
/// guard's pipe closes.
fn serve() -> PgConnectOptions {
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (folder, _alive) = folder();
            let mut settings = Settings::new(folder);
            settings.offline = true;
            let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
            let at = postgres.connection();
            let options = PgConnectOptions::new_without_pgpass()
                .socket(&at.socket_dir)
                .port(at.port)
                .username(&at.user)
                .database("postgres");
            prepare(&options).await;
            ready.send(options).unwrap();
            std::future::pending::<()>().await;
        });
    });
    started.recv().unwrap()
}

/// Creates the database that every test's database is a copy of.
async fn prepare(options: &PgConnectOptions) {
    let outside = pool(options.clone());
    sqlx::query("CREATE DATABASE migrated").execute(&outside).await.unwrap();
    let inside = pool(options.clone().database("migrated"));
    crate::migrate(&inside).await;
    inside.close().await;
    outside.close().await;
}

/// A folder that PostgreSQL's user can pass through, also when root runs the tests. Nobody can remove it after the
/// process has ended, so each run removes those of earlier ones.
fn folder() -> (std::path::PathBuf, File) {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let earlier = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if earlier && File::open(alive(&entry.path())).is_ok_and(|file| file.try_lock().is_ok()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
    let open = Permissions::from_mode(0o711);
    let folder = tempfile::Builder::new().prefix(PREFIX).permissions(open).tempdir().unwrap().keep();
    let file = File::create(alive(&folder)).unwrap();
    file.lock().unwrap();
    (folder, file)
}

fn alive(folder: &Path) -> std::path::PathBuf {
    folder.join("alive")
}
