//! The root and its file: what happens when they are not those that belong to the database.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use lethe_vault::custodian::{CustodianError, CustodiansError, FetchFault, FileCustodian, Root};
use lethe_vault::{Custody, Vault, VaultError, root_file};
use uuid::Uuid;

use crate::postgres::Database;

/// A database whose vault was opened once, and its root file.
struct Opened {
    database: Database,
    custody: Custody,
    path: PathBuf,
}

fn custody(database: &Database) -> Custody {
    Custody::in_data_dir(database.folder.path()).with_buckets(4)
}

impl Opened {
    async fn new() -> Self {
        let database = Database::create().await;
        let (custody, path) = (custody(&database), root_file(database.folder.path()));
        Vault::open(database.pool.clone(), &custody).await.unwrap();
        Self { database, custody, path }
    }

    async fn again(&self) -> Result<Vault, VaultError> {
        Vault::open(self.database.pool.clone(), &self.custody).await
    }

    async fn fault(&self) -> VaultError {
        self.again().await.err().unwrap()
    }
}

fn custodian_error(error: &VaultError) -> Option<&CustodianError> {
    let VaultError::Custodians(CustodiansError::NotFetched { reasons, .. }) = error else { return None };
    reasons.iter().find_map(|(_, fault)| match fault {
        FetchFault::Failed(error) => Some(error),
        _ => None,
    })
}

#[tokio::test]
async fn the_first_start_creates_a_root_that_only_its_owner_can_read_and_later_starts_take_it() {
    let opened = Opened::new().await;
    let bytes = fs::read(&opened.path).unwrap();
    assert_eq!(fs::metadata(&opened.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(opened.path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    opened.again().await.unwrap();
    assert_eq!(fs::read(&opened.path).unwrap(), bytes);
}

#[tokio::test]
async fn a_missing_root_is_an_error_that_names_the_file_and_no_new_root_is_made() {
    let opened = Opened::new().await;
    fs::remove_file(&opened.path).unwrap();
    let error = opened.fault().await;
    assert!(
        matches!(custodian_error(&error), Some(CustodianError::Missing(path)) if *path == opened.path),
        "{error}"
    );
    assert!(error.to_string().contains(&opened.path.display().to_string()));
    assert!(!opened.path.exists());
}

#[tokio::test]
async fn the_root_of_another_database_is_an_error() {
    let (opened, other) = (Opened::new().await, Opened::new().await);
    fs::copy(&other.path, &opened.path).unwrap();
    let error = opened.fault().await;
    assert!(matches!(error, VaultError::Custodians(CustodiansError::NotFetched { .. })), "{error}");
    assert!(error.to_string().contains("another"), "{error}");
}

#[tokio::test]
async fn a_database_without_a_vault_refuses_a_root_that_is_there_already_and_stores_nothing() {
    let (opened, fresh) = (Opened::new().await, Database::create().await);
    let error = Vault::open(fresh.pool.clone(), &opened.custody).await.err().unwrap();
    assert!(matches!(error, VaultError::RootOfAnother(_)), "{error}");
    assert_eq!(fresh.count("SELECT count(*) FROM vault.root").await, 0);
    opened.again().await.unwrap();
}

#[tokio::test]
async fn a_first_start_that_was_killed_before_the_root_was_kept_begins_anew() {
    let opened = Opened::new().await;
    fs::remove_file(&opened.path).unwrap();
    opened.database.run("DELETE FROM vault.keys").await;
    opened.again().await.unwrap();
    opened.again().await.unwrap();
    assert_eq!(opened.database.count("SELECT count(*) FROM vault.buckets WHERE bucket >= 0").await, 4);
}

#[tokio::test]
async fn a_damaged_root_is_an_error_and_is_left_as_it_is() {
    let opened = Opened::new().await;
    let whole = fs::read(&opened.path).unwrap();
    let mut longer = whole.clone();
    longer.push(0);
    let mut changed = whole.clone();
    changed[40] ^= 1;
    for damaged in [Vec::new(), vec![0; whole.len()], whole[1..].to_vec(), longer, changed] {
        fs::write(&opened.path, &damaged).unwrap();
        let error = opened.fault().await;
        assert!(custodian_error(&error).is_some(), "{error}");
        assert_eq!(fs::read(&opened.path).unwrap(), damaged);
    }
    fs::write(&opened.path, whole).unwrap();
    opened.again().await.unwrap();
}

#[tokio::test]
async fn a_whole_root_with_another_key_is_not_taken_for_the_root() {
    let opened = Opened::new().await;
    let installation = installation(&opened).await;
    fs::remove_file(&opened.path).unwrap();
    FileCustodian::new(&opened.path).store(&Root::generate(installation, 1).unwrap()).unwrap();
    let error = opened.fault().await;
    assert!(matches!(error, VaultError::Custodians(CustodiansError::NotFetched { .. })), "{error}");
}

#[tokio::test]
async fn a_database_whose_root_was_destroyed_is_an_older_copy_and_is_refused() {
    let opened = Opened::new().await;
    let installation = installation(&opened).await;
    let file = FileCustodian::new(&opened.path);
    file.store(&Root::generate(installation, 2).unwrap()).unwrap();
    opened.again().await.unwrap();
    file.destroy(1).unwrap();
    let error = opened.fault().await;
    assert!(matches!(error, VaultError::Older { epoch: 1, held: 2 }), "{error}");
}

#[tokio::test]
async fn a_database_on_another_cluster_or_timeline_is_refused() {
    for change in ["system_identifier = system_identifier + 1", "timeline = timeline + 1"] {
        let opened = Opened::new().await;
        opened.database.run(&format!("UPDATE vault.root SET {change}")).await;
        let error = opened.fault().await;
        assert!(matches!(error, VaultError::Moved { .. }), "{error}");
        assert!(error.to_string().contains("lethe keys adopt"));
    }
}

#[tokio::test]
async fn a_root_file_that_was_copied_to_another_machine_does_not_open_until_it_is_adopted() {
    let opened = Opened::new().await;
    let note = opened.path.with_extension("machine");
    if !note.exists() {
        return println!("SKIPPED: this machine has no id to compare");
    }
    fs::write(&note, "another").unwrap();
    let error = opened.fault().await;
    assert!(matches!(&error, VaultError::OnAnotherMachine(path) if *path == opened.path), "{error}");
    assert!(error.to_string().contains("lethe keys adopt"), "{error}");
    let mirrors = lethe_vault::mirror::Mirrors::new(&[]);
    Vault::adopt(&opened.database.pool, &opened.custody, &mirrors, true).await.unwrap();
    assert!(opened.again().await.is_err(), "it was only tried");
    Vault::adopt(&opened.database.pool, &opened.custody, &mirrors, false).await.unwrap();
    opened.again().await.unwrap();
    // What belongs to none yet belongs to this one.
    fs::remove_file(&note).unwrap();
    opened.again().await.unwrap();
    assert!(note.exists());
}

#[tokio::test]
async fn a_signing_key_that_was_lost_is_not_replaced() {
    let opened = Opened::new().await;
    opened.database.run("DELETE FROM vault.keys WHERE class = 'signing'").await;
    // Something hangs from the root, so that this is no first start.
    opened.database.run("UPDATE vault.root SET epoch = epoch").await;
    let vault = opened.again().await.unwrap();
    assert!(matches!(vault.signer().await.err().unwrap(), VaultError::KeyMissing { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_for_the_first_time_agree_on_one_root() {
    let database = Database::create().await;
    let starts: tokio::task::JoinSet<_> = (0..3)
        .map(|_| {
            let (options, custody) = (database.options.clone(), custody(&database));
            async move {
                let pool = sqlx::PgPool::connect_with(options).await.unwrap();
                Vault::open(pool, &custody).await.map(drop)
            }
        })
        .collect();
    for start in starts.join_all().await {
        start.unwrap();
    }
    assert_eq!(database.count("SELECT count(*) FROM vault.keys").await, 1);
}

async fn installation(opened: &Opened) -> Uuid {
    let sql = "SELECT installation FROM vault.root";
    sqlx::query_scalar(sql).fetch_one(&opened.database.pool).await.unwrap()
}
