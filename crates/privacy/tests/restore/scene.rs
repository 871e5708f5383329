//! A database with a mirror, its backups, and what becomes of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_kernel::{Caller, Clock, ContactId, RequestId};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Work};
use lethe_nordic::Country;
use lethe_privacy::restore::{Done, Mode, NotRestored, restore};
use lethe_privacy::rotation::{Rotated, RotationError, rotate};
use lethe_vault::custodian::CustodianSpec;
use lethe_vault::mirror::Mirrors;
use lethe_vault::restore::{Source, check};
use lethe_vault::{Custody, Vault, VaultError, guard};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

use crate::postgres::Database;
use crate::world::{context, name_of, register, root_files};

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) mirror: TempDir,
    pub(crate) ledger: Ledger,
}

/// Destroys a contact's keys, with an event that says so.
struct Erase(ContactId);

impl Work for Erase {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(self.0, |_| true).await?;
        let registered =
            Registered { name: "Syd".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        RegisterUnit { id: None, unit: registered, dpm: None }.run(unit).await
    }
}

pub(crate) fn system() -> Context {
    Context::new(Caller::system(context().caller.unit), RequestId(uuid::Uuid::from_u128(1)))
}

fn custody(database: &Database) -> Custody {
    Custody { custodians: root_files(database).map(CustodianSpec::File).to_vec(), buckets: 4 }
}

/// Starts as a server does.
pub(crate) async fn start(
    database: &Database,
    options: &PgConnectOptions,
    mirrors: &[PathBuf],
) -> Result<Ledger, VaultError> {
    let pool = lethe_ledger::connect(options.clone(), 8).await.unwrap();
    let mirrors = Mirrors::new(mirrors);
    guard(&pool, &mirrors).await?;
    let vault = Vault::open(pool.clone(), &custody(database)).await?.with_mirrors(mirrors);
    Ok(Ledger::start(pool, vault, Clock::system()).await.unwrap())
}

impl Scene {
    pub(crate) async fn create() -> Self {
        let (database, mirror) = (Database::create().await, tempfile::tempdir().unwrap());
        let ledger = start(&database, &database.options, &[mirror.path().to_owned()]).await.unwrap();
        let scene = Self { database, mirror, ledger };
        let nord = Registered { name: "Nord".into(), country: Country::Denmark, kind: UnitKind::BusinessHub };
        let caller = context().caller;
        let dpm = RegisterUser::person(caller.user, "Dana", "dana@example.org");
        scene.act(dpm).await;
        let unit = RegisterUnit { id: Some(caller.unit), unit: nord, dpm: Some(caller.user) };
        scene.act(unit).await;
        scene
    }

    pub(crate) async fn register(&self, name: &str) -> ContactId {
        let contact = register(&self.ledger, name).await;
        self.feed().await;
        contact
    }

    /// Has the system do something that must not be refused.
    pub(crate) async fn act(&self, work: impl Work) {
        self.ledger.execute(&system(), &work).await.unwrap();
    }

    pub(crate) async fn erase(&self, contact: ContactId) {
        self.act(Erase(contact)).await;
        self.feed().await;
    }

    pub(crate) async fn feed(&self) {
        self.ledger.parts().vault.mirrors().feed(&self.database.pool).await.unwrap();
    }

    pub(crate) async fn rotate(&self) -> Result<Rotated, RotationError> {
        rotate(&self.ledger, &|_| {}).await
    }

    /// A copy of the mirror as it is now.
    pub(crate) fn copy_of_mirror(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(self.mirror.path()).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }

    /// A backup of the database as it is now.
    pub(crate) fn dump(&self, name: &str) -> PathBuf {
        let file = self.database.folder.path().join(name);
        program("pg_dump", &self.database.options, &["-Fc", "-f", file.to_str().unwrap()]);
        file
    }

    /// Another database, restored from a backup.
    pub(crate) async fn restored(&self, dump: &Path) -> PgConnectOptions {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("restored_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.database.run(&format!("CREATE DATABASE {name}")).await;
        let options = self.database.options.clone().database(&name);
        program("pg_restore", &options, &["--exit-on-error", dump.to_str().unwrap()]);
        options
    }

    /// The same, with the tables of the vault from another backup.
    pub(crate) async fn restored_with_vault(&self, dump: &Path, vault: &Path) -> PgConnectOptions {
        let options = self.restored(dump).await;
        let pool = PgPool::connect_with(options.clone()).await.unwrap();
        sqlx::raw_sql("DROP SCHEMA vault CASCADE; CREATE SCHEMA vault").execute(&pool).await.unwrap();
        pool.close().await;
        program("pg_restore", &options, &["--exit-on-error", "-n", "vault", vault.to_str().unwrap()]);
        options
    }

    /// Starts on a database with the mirror.
    pub(crate) async fn start(&self, options: &PgConnectOptions) -> Result<Ledger, VaultError> {
        start(&self.database, options, &[self.mirror.path().to_owned()]).await
    }

    /// Restores the vault of a database from a mirror, as `lethe restore` does.
    pub(crate) async fn restore(&self, options: &PgConnectOptions, from: &Path) -> Result<Done, NotRestored> {
        let pool = lethe_ledger::connect(options.clone(), 4).await.unwrap();
        let source = Source::read(from).await.map_err(lethe_vault::restore::RestoreError::from)?;
        check(&pool, &custody(&self.database), &Mirrors::default(), &source).await?;
        let tried = restore(&pool, &Clock::system(), &source, Mode::Try).await?;
        let done = restore(&pool, &Clock::system(), &source, Mode::Keep).await?;
        assert_eq!(tried.replaced, done.replaced);
        pool.close().await;
        Ok(done)
    }

    /// What became of a contact, as a server on a database shows it.
    pub(crate) async fn name_of(
        &self,
        options: &PgConnectOptions,
        contact: ContactId,
    ) -> Result<String, VaultError> {
        let ledger = start(&self.database, options, &[]).await?;
        name_of(&ledger, contact).await
    }
}

pub(crate) async fn count(options: &PgConnectOptions, sql: &str) -> i64 {
    let pool = PgPool::connect_with(options.clone()).await.unwrap();
    let count = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    pool.close().await;
    count
}

/// Runs one of PostgreSQL's programs on a database.
fn program(name: &str, options: &PgConnectOptions, arguments: &[&str]) {
    let found = lethe_local_postgres::find_binaries(None).unwrap();
    let program = found.dir.join(name);
    let socket = options.get_socket().unwrap();
    let output = Command::new(program)
        .args(["-h", socket.to_str().unwrap(), "-p", &options.get_port().to_string()])
        .args(["-U", options.get_username(), "-d", options.get_database().unwrap()])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}
