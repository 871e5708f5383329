//! The root file: what happens when it is not the one that belongs to the database.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lethe_vault::{RootFile, Vault, VaultError};

use crate::postgres::Database;

/// A database whose vault was opened once, and its root file.
async fn opened() -> (Database, RootFile) {
    let database = Database::create().await;
    let file = RootFile::in_data_dir(database.folder.path());
    Vault::open(database.pool.clone(), &file).await.unwrap();
    (database, file)
}

async fn fault(database: &Database, file: &RootFile) -> VaultError {
    Vault::open(database.pool.clone(), file).await.err().unwrap()
}

#[tokio::test]
async fn the_first_start_creates_a_root_that_only_its_owner_can_read_and_later_starts_take_it() {
    let (database, file) = opened().await;
    let bytes = fs::read(file.path()).unwrap();
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.path().parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    Vault::open(database.pool.clone(), &file).await.unwrap();
    assert_eq!(fs::read(file.path()).unwrap(), bytes);
}

#[tokio::test]
async fn a_missing_root_is_an_error_that_names_the_file_and_no_new_root_is_made() {
    let (database, file) = opened().await;
    fs::remove_file(file.path()).unwrap();
    let error = fault(&database, &file).await;
    assert!(matches!(&error, VaultError::RootMissing(path) if path == file.path()), "{error}");
    assert!(error.to_string().contains(&file.path().display().to_string()));
    assert!(!file.path().exists());
}

#[tokio::test]
async fn the_root_of_another_database_is_an_error() {
    let ((database, file), (_another, other)) = (opened().await, opened().await);
    fs::copy(other.path(), file.path()).unwrap();
    let error = fault(&database, &file).await;
    assert!(matches!(error, VaultError::RootOfAnother(_)), "{error}");
}

#[tokio::test]
async fn a_damaged_root_is_an_error_and_is_left_as_it_is() {
    let (database, file) = opened().await;
    let whole = fs::read(file.path()).unwrap();
    let zeroed = [whole.get(..13).unwrap(), &[0; 32]].concat();
    let mut longer = whole.clone();
    longer.push(0);
    for damaged in [Vec::new(), vec![0; whole.len()], zeroed, whole.get(1..).unwrap().to_vec(), longer] {
        fs::write(file.path(), &damaged).unwrap();
        let error = fault(&database, &file).await;
        assert!(matches!(error, VaultError::RootDamaged(_)), "{error}");
        assert_eq!(fs::read(file.path()).unwrap(), damaged);
    }
    fs::write(file.path(), whole).unwrap();
    Vault::open(database.pool.clone(), &file).await.unwrap();
}

#[tokio::test]
async fn a_changed_root_of_the_right_form_is_not_taken_for_the_root() {
    let (database, file) = opened().await;
    let mut bytes = fs::read(file.path()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file.path(), bytes).unwrap();
    let error = fault(&database, &file).await;
    assert!(matches!(error, VaultError::RootOfAnother(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_for_the_first_time_agree_on_one_root() {
    let database = Database::create().await;
    let file = RootFile::in_data_dir(database.folder.path());
    let starts: tokio::task::JoinSet<_> = (0..4)
        .map(|_| {
            let (pool, file) = (database.pool.clone(), file.clone());
            async move { Vault::open(pool, &file).await.map(drop) }
        })
        .collect();
    for start in starts.join_all().await {
        start.unwrap();
    }
}
