//! The key that signs certificates.

use lethe_vault::{Custody, Vault, VaultError};

use crate::postgres::Database;

async fn open(database: &Database) -> Vault {
    let custody = Custody::in_data_dir(database.folder.path()).with_buckets(4);
    Vault::open(database.pool.clone(), &custody).await.unwrap()
}

#[tokio::test]
async fn an_installation_signs_with_one_key_that_outlives_a_restart_and_no_other_has() {
    let (here, elsewhere) = (Database::create().await, Database::create().await);
    let first = open(&here).await.signer().await.unwrap();
    let (again, other) = (open(&here).await, open(&elsewhere).await);
    let name = format!("lethe/{}", again.installation());
    let again = again.signer().await.unwrap();
    assert_eq!(again.verifier(), first.verifier());
    assert_eq!(first.verifier().name(), name);
    let signature = first.sign(b"message").unwrap();
    assert_eq!(again.sign(b"message").unwrap(), signature);
    assert!(first.verifier().verifies(b"message", &signature));
    assert!(!other.signer().await.unwrap().verifier().verifies(b"message", &signature));
}

#[tokio::test]
async fn a_signing_key_that_is_gone_is_an_error_and_not_replaced() {
    let database = Database::create().await;
    let vault = open(&database).await;
    database.run("DELETE FROM vault.keys WHERE class = 'signing'").await;
    assert!(matches!(vault.signer().await.err().unwrap(), VaultError::KeyMissing { .. }));
    assert_eq!(database.count("SELECT count(*) FROM vault.keys").await, 0);
}
