//! A database that has moved, and custodians that are new.

use std::fs;

use lethe_vault::custodian::{CustodianSpec, FileCustodian, Root};
use lethe_vault::mirror::{MirrorError, Mirrors};
use lethe_vault::{Custody, Vault, VaultError, root_file};

use crate::mirrored::{Mirrored, custody};

fn none() -> Mirrors {
    Mirrors::default()
}

#[tokio::test]
async fn a_database_that_moved_opens_once_it_was_adopted() {
    let world = Mirrored::create().await;
    world.database.run("UPDATE vault.root SET timeline = timeline + 1, system_identifier = 7").await;
    let (pool, custody) = (&world.database.pool, custody(&world.database));
    assert!(matches!(Vault::open(pool.clone(), &custody).await, Err(VaultError::Moved { .. })));
    assert!(Vault::status(pool, &custody, &none()).await.unwrap().moved);
    let tried = Vault::adopt(pool, &custody, &none(), true).await.unwrap();
    assert_eq!(tried.from.0, 7);
    assert!(matches!(Vault::open(pool.clone(), &custody).await, Err(VaultError::Moved { .. })));
    assert_eq!(Vault::adopt(pool, &custody, &none(), false).await.unwrap(), tried);
    Vault::open(pool.clone(), &custody).await.unwrap();
    let status = Vault::status(pool, &custody, &none()).await.unwrap();
    assert_eq!(
        (status.moved, status.epoch, status.buckets, status.keys, status.not_final),
        (false, 1, 4, 1, 0)
    );
    assert_eq!(status.custodians[0].epochs, [1]);
}

#[tokio::test]
async fn a_root_that_was_prepared_before_the_move_is_destroyed_and_every_bucket_is_due() {
    for known in [true, false] {
        let world = Mirrored::create().await;
        let (pool, custody) = (&world.database.pool, custody(&world.database));
        let rotation = world.vault.begin().await.unwrap();
        world.vault.prepare(&rotation).await.unwrap();
        world.database.run("UPDATE vault.root SET timeline = timeline + 1").await;
        if !known {
            // The row was lost with the other timeline.
            world.database.run("DELETE FROM vault.rotation").await;
        }
        let file = FileCustodian::new(root_file(world.database.folder.path()));
        assert_eq!(file.held().unwrap().len(), 2);
        Vault::adopt(pool, &custody, &none(), false).await.unwrap();
        assert_eq!(file.held().unwrap().iter().map(|held| held.epoch).collect::<Vec<_>>(), [1]);
        assert_eq!(world.database.count("SELECT count(*) FROM vault.rotation").await, 0);
        assert_eq!(lethe_vault::due(pool).await.unwrap().lost, 4);
        Vault::open(pool.clone(), &custody).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_custodian_gets_the_root_and_one_that_is_away_stops_it() {
    let world = Mirrored::create().await;
    let pool = &world.database.pool;
    let one = root_file(world.database.folder.path());
    let other = world.folder.path().join("custodian").join("root.key");
    let both = Custody {
        custodians: vec![CustodianSpec::File(one.clone()), CustodianSpec::File(other.clone())],
        buckets: 4,
    };
    let tried = Vault::adopt(pool, &both, &none(), true).await.unwrap();
    assert_eq!(tried.vacant.len(), 1);
    assert!(!other.exists());
    Vault::adopt(pool, &both, &none(), false).await.unwrap();
    let root = FileCustodian::new(&other).fetch(1).unwrap().unwrap();
    assert!(root.same(&FileCustodian::new(&one).fetch(1).unwrap().unwrap()));

    fs::write(&other, [1; 8192]).unwrap();
    let error = Vault::adopt(pool, &both, &none(), false).await.unwrap_err();
    assert!(matches!(error, VaultError::Custodians(_)), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn an_older_copy_is_not_adopted_and_left_as_it_is() {
    let world = Mirrored::create().await;
    let (pool, custody) = (&world.database.pool, custody(&world.database));
    world.database.run("UPDATE vault.root SET timeline = timeline + 1").await;
    let place = "SELECT timeline FROM vault.root";
    let before = world.database.count(place).await;

    // A mirror is newer, or is away.
    world.add(1).await;
    world.feed().await.unwrap();
    world.database.run("DELETE FROM vault.keys WHERE subject_kind = 'contact'").await;
    let mirrors = Mirrors::new(&[world.folder.path().to_owned()]);
    let error = Vault::adopt(pool, &custody, &mirrors, false).await.unwrap_err();
    assert!(matches!(error, VaultError::Mirror(MirrorError::Newer { .. })), "{error}");
    let away = Mirrors::new(&[world.folder.path().join("away")]);
    let error = Vault::adopt(pool, &custody, &away, false).await.unwrap_err();
    assert!(matches!(error, VaultError::Mirror(MirrorError::Missing(_))), "{error}");

    // A bucket does not open.
    world.database.run("UPDATE vault.buckets SET wrapped = '' WHERE bucket = 3").await;
    let error = Vault::adopt(pool, &custody, &none(), false).await.unwrap_err();
    assert!(matches!(error, VaultError::BucketDamaged(3)), "{error}");

    // A custodian is newer than the next root.
    let installation = world.vault.installation();
    let file = FileCustodian::new(root_file(world.database.folder.path()));
    file.store(&Root::generate(installation, 3).unwrap()).unwrap();
    let error = Vault::adopt(pool, &custody, &none(), false).await.unwrap_err();
    assert!(matches!(error, VaultError::Older { epoch: 1, held: 3 }), "{error}");
    assert_eq!(world.database.count(place).await, before);
}
