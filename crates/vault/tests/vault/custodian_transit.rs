//! The root under a transit key: what is kept, what is destroyed, and what a bad service is told as.

use std::fs;

use lethe_vault::custodian::{CustodianError, Root, TransitCustodian, TransitSpec};
use uuid::Uuid;

use crate::custodian_transit_server::{Mood, Server, TOKEN};
use crate::postgres::Database;

pub(crate) const OURS: Uuid = Uuid::from_u128(7);
/// As the migration has it.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS vault.transit_roots (custodian text, epoch bigint, ciphertext text \
                     NOT NULL, PRIMARY KEY (custodian, epoch))";

pub(crate) fn root(epoch: i64) -> Root {
    Root::generate(OURS, epoch).unwrap()
}

pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) server: Server,
    pub(crate) custodian: TransitCustodian,
}

impl World {
    pub(crate) async fn create() -> Self {
        let (database, server) = (Database::create().await, Server::start().await);
        database.run(TABLE).await;
        fs::write(database.folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        let world = Self { custodian: custodian(&database, &server.address, ""), database, server };
        assert_eq!(world.custodian.held().await.unwrap(), []);
        world
    }

    pub(crate) async fn rows(&self) -> i64 {
        self.database.count("SELECT count(*) FROM vault.transit_roots").await
    }
}

pub(crate) fn custodian(database: &Database, address: &str, more: &str) -> TransitCustodian {
    let token = database.folder.path().join("token").display().to_string();
    let spec: TransitSpec = format!("{address}?mount=transit&token_file={token}{more}").parse().unwrap();
    TransitCustodian::new(&spec, database.pool.clone(), OURS).unwrap()
}

fn key(epoch: i64) -> String {
    format!("lethe-{OURS}-{epoch}")
}

#[tokio::test]
async fn a_root_comes_back_as_it_was_stored_and_each_epoch_has_a_key() {
    let world = World::create().await;
    let (first, second) = (root(1), root(2));
    world.custodian.store(&second).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(
        world.custodian.store(&first).await,
        Err(CustodianError::Newer { epoch: 1, found: 2, .. })
    ));
    world.custodian.destroy(2).await.unwrap();
    world.custodian.store(&first).await.unwrap();
    world.custodian.store(&second).await.unwrap();
    assert_eq!(world.custodian.held().await.unwrap(), [first.held(), second.held()]);
    assert!(world.custodian.fetch(2).await.unwrap().unwrap().same(&second));
    assert!(world.custodian.fetch(3).await.unwrap().is_none());
    assert_eq!(world.server.keys(), [key(1), key(2)]);
}

#[tokio::test]
async fn storing_again_is_fine_and_another_root_of_the_epoch_or_of_another_installation_is_refused() {
    let world = World::create().await;
    let stored = root(1);
    world.custodian.store(&stored).await.unwrap();
    world.custodian.store(&stored).await.unwrap();
    let error = world.custodian.store(&root(1)).await.unwrap_err();
    assert!(matches!(error, CustodianError::Another { epoch: 1, .. }), "{error}");
    let error = world.custodian.store(&Root::generate(Uuid::nil(), 2).unwrap()).await.unwrap_err();
    assert!(matches!(error, CustodianError::OfAnother { .. }), "{error}");
    assert!(world.custodian.fetch(1).await.unwrap().unwrap().same(&stored));
    assert_eq!(world.rows().await, 1);
}

#[tokio::test]
async fn of_many_that_store_at_once_one_wins() {
    let world = World::create().await;
    let roots: Vec<Root> = (0..8).map(|_| root(1)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for root in roots {
        let custodian = world.custodian.clone();
        tasks.spawn(async move { (custodian.store(&root).await, root) });
    }
    let told = tasks.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = told.into_iter().partition(|(stored, _)| stored.is_ok());
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|(error, _)| matches!(error, Err(CustodianError::Another { .. }))));
    assert!(world.custodian.fetch(1).await.unwrap().unwrap().same(&won[0].1));
}

#[tokio::test]
async fn a_destroyed_root_is_opened_by_nothing_also_not_by_a_backup_of_the_table() {
    let world = World::create().await;
    world.custodian.store(&root(1)).await.unwrap();
    world.custodian.store(&root(2)).await.unwrap();
    world.database.run("CREATE TABLE backup AS SELECT * FROM vault.transit_roots").await;
    for _ in 0..2 {
        world.custodian.destroy(1).await.unwrap();
        assert_eq!((world.server.keys(), world.rows().await), (vec![key(2)], 1));
    }
    world.database.run("DELETE FROM vault.transit_roots").await;
    world.database.run("INSERT INTO vault.transit_roots SELECT * FROM backup").await;
    assert!(world.custodian.fetch(1).await.unwrap().is_none());
    let held = world.custodian.held().await.unwrap();
    assert_eq!(held.iter().map(|held| held.epoch).collect::<Vec<_>>(), [2]);
    // A key made anew under the same name does not open it either.
    world.server.make_key(&key(1), false);
    assert!(matches!(world.custodian.fetch(1).await, Err(CustodianError::Unopened { epoch: 1, .. })));
    assert_eq!(world.custodian.held().await.unwrap(), held);
    assert_eq!(world.custodian.warnings().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_still_there_is_not_destroyed_whatever_the_service_says() {
    let world = World::create().await;
    let stored = root(1);
    world.custodian.store(&stored).await.unwrap();
    world.server.becomes(Mood::KeepsKeys);
    let error = world.custodian.destroy(1).await.unwrap_err();
    assert!(matches!(error, CustodianError::Unverified { .. }), "{error}");
    assert!(world.custodian.fetch(1).await.unwrap().unwrap().same(&stored));
    world.server.becomes(Mood::Well);
    world.custodian.destroy(1).await.unwrap();
    assert_eq!((world.server.keys().len(), world.rows().await), (0, 0));
}

#[tokio::test]
async fn a_store_that_was_cut_off_is_done_again_and_a_destruction_too() {
    let world = World::create().await;
    // A key without a ciphertext.
    world.server.make_key(&key(1), false);
    world.custodian.store(&root(1)).await.unwrap();
    // A ciphertext without a key: destroyed, but not forgotten.
    world.server.lose_key(&key(1));
    assert!(world.custodian.fetch(1).await.unwrap().is_none());
    let again = root(1);
    world.custodian.store(&again).await.unwrap();
    assert!(world.custodian.fetch(1).await.unwrap().unwrap().same(&again));
    world.server.lose_key(&key(1));
    world.custodian.destroy(1).await.unwrap();
    assert_eq!(world.rows().await, 0);
    world.server.make_key(&key(1), false);
    world.custodian.destroy(1).await.unwrap();
    assert!(world.server.keys().is_empty());
}

#[tokio::test]
async fn a_key_that_can_be_exported_keeps_no_root() {
    let world = World::create().await;
    world.server.make_key(&key(1), true);
    let error = world.custodian.store(&root(1)).await.unwrap_err();
    assert!(matches!(&error, CustodianError::WeakKey { key: named, .. } if *named == key(1)), "{error}");
    assert_eq!(world.rows().await, 0);
}

#[tokio::test]
async fn an_altered_ciphertext_is_told_and_not_taken_for_destroyed() {
    let world = World::create().await;
    for (epoch, altered) in [
        (1, "overlay(ciphertext placing 'AAAA' from 40)"),
        (2, "left(ciphertext, 30)"),
        (3, "''"),
        (4, "'vault:v1:'"),
        (5, "(SELECT ciphertext FROM vault.transit_roots WHERE epoch = 4)"),
    ] {
        world.custodian.store(&root(epoch)).await.unwrap();
        world
            .database
            .run(&format!("UPDATE vault.transit_roots SET ciphertext = {altered} WHERE epoch = {epoch}"))
            .await;
        let error = world.custodian.fetch(epoch).await.unwrap_err();
        assert!(matches!(error, CustodianError::Unopened { .. }), "{altered}: {error}");
        assert!(matches!(world.custodian.held().await, Err(CustodianError::Unopened { .. })));
    }
    world.custodian.destroy(1).await.unwrap();
    assert!(!world.server.keys().contains(&key(1)));
}
