//! Custodians that were taken out of the settings.

use std::fs;
use std::path::PathBuf;

use lethe_vault::custodian::{CustodianSpec, FileCustodian};
use lethe_vault::mirror::Mirrors;
use lethe_vault::{Custody, Retired, Vault, VaultError, retire, root_file};

use crate::postgres::Database;

/// A vault that two custodians kept, of which one is no longer in the settings.
struct World {
    database: Database,
    vault: Vault,
    custody: Custody,
    former: PathBuf,
}

fn custody(files: &[&PathBuf]) -> Custody {
    let custodians = files.iter().map(|file| CustodianSpec::File((*file).clone())).collect();
    Custody { custodians, buckets: 4 }
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let folder = database.folder.path();
        let (one, former) = (root_file(folder), folder.join("former").join("root.key"));
        Vault::open(database.pool.clone(), &custody(&[&one, &former])).await.unwrap();
        let custody = custody(&[&one]);
        let vault = Vault::open(database.pool.clone(), &custody).await.unwrap();
        Self { database, vault, custody, former }
    }

    fn name(&self) -> String {
        format!("file:{}", self.former.display())
    }

    async fn counted(&self) -> Vec<String> {
        Vault::status(&self.database.pool, &self.custody, &Mirrors::default()).await.unwrap().former
    }

    async fn refused(&self) -> String {
        let error = self.vault.begin().await.unwrap_err();
        assert!(matches!(error, VaultError::Former { .. }), "{error}");
        assert_eq!(self.database.count("SELECT count(*) FROM vault.rotation").await, 0);
        error.to_string()
    }
}

#[tokio::test]
async fn nothing_becomes_final_until_a_custodian_that_was_taken_out_was_emptied() {
    let world = World::create().await;
    assert_eq!(world.counted().await, [world.name()]);
    let said = world.refused().await;
    assert!(said.contains("root of epoch 1") && said.contains("lethe keys retire"), "{said}");
    // One that is in the settings is not emptied, nor one that nobody knows.
    let present = format!("file:{}", root_file(world.database.folder.path()).display());
    for name in [present.as_str(), "file:/nowhere"] {
        let error = retire(&world.database.pool, &world.custody, name, true).await.unwrap_err();
        assert!(matches!(error, VaultError::Custodian(..)), "{error}");
    }
    let retired = retire(&world.database.pool, &world.custody, &world.name(), false).await.unwrap();
    assert_eq!(retired, Retired::Emptied(vec![1]));
    assert_eq!(fs::read(&world.former).unwrap(), [0; 8192]);
    assert_eq!(world.counted().await, Vec::<String>::new());
    world.vault.begin().await.unwrap();
}

#[tokio::test]
async fn one_that_somebody_emptied_is_seen_to_be_empty() {
    let world = World::create().await;
    FileCustodian::new(&world.former).destroy(1).unwrap();
    world.vault.begin().await.unwrap();
    assert_eq!(world.counted().await, Vec::<String>::new());
}

#[tokio::test]
async fn one_that_is_not_there_is_not_taken_for_empty_unless_somebody_says_that_it_is_gone() {
    let world = World::create().await;
    fs::remove_file(&world.former).unwrap();
    assert!(world.refused().await.contains("--gone"));
    let error = retire(&world.database.pool, &world.custody, &world.name(), false).await.unwrap_err();
    assert!(matches!(error, VaultError::Custodians(_)), "{error}");
    let retired = retire(&world.database.pool, &world.custody, &world.name(), true).await.unwrap();
    assert_eq!(retired, Retired::Gone);
    assert_eq!(world.database.count("SELECT count(*) FROM vault.custodians WHERE gone").await, 1);
    world.vault.begin().await.unwrap();
}

#[tokio::test]
async fn a_root_file_that_was_renamed_with_its_folder_is_the_same_custodian() {
    let world = World::create().await;
    FileCustodian::new(&world.former).destroy(1).unwrap();
    let folder = world.database.folder.path().join("vault");
    let moved = folder.with_file_name("moved");
    fs::rename(&folder, &moved).unwrap();
    let custody = custody(&[&moved.join("root.key")]);
    let vault = Vault::open(world.database.pool.clone(), &custody).await.unwrap();
    vault.begin().await.unwrap();
}

#[tokio::test]
async fn one_that_comes_back_into_the_settings_counts_again() {
    let world = World::create().await;
    retire(&world.database.pool, &world.custody, &world.name(), false).await.unwrap();
    let both = custody(&[&root_file(world.database.folder.path()), &world.former]);
    Vault::adopt(&world.database.pool, &both, &Mirrors::default(), false).await.unwrap();
    Vault::open(world.database.pool.clone(), &both).await.unwrap();
    assert_eq!(world.counted().await, [world.name()]);
    world.refused().await;
}
