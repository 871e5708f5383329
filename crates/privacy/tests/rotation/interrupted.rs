//! A rotation that was cut off behind any of its steps is finished by the next one, and nobody loses anything.

use lethe_kernel::UnitId;
use lethe_ledger::Context;
use lethe_privacy::rotation::{KeyVault, KeysRotated, VaultEvent};
use lethe_vault::custodian::{FileCustodian, Root};
use lethe_vault::{Rotation, Vault, VaultError};
use uuid::Uuid;

use crate::world::{World, forget, register, root_files, steps};

/// Does what a rotation does up to a step, and stops there.
pub(crate) async fn until(world: &World, step: &str) {
    let vault = world.vault();
    let begun = vault.begin().await.unwrap();
    if step == "begun" {
        return;
    }
    if step == "prepared at one custodian" {
        let root = Root::generate(vault.installation(), begun.new_epoch).unwrap();
        return FileCustodian::new(&root_files(&world.database)[0]).store(&root).unwrap();
    }
    vault.prepare(&begun).await.unwrap();
    if step == "prepared" {
        return;
    }
    let parts = world.ledger.parts();
    let rotation = vault.rotation().await.unwrap().unwrap();
    let change = vault.rekey(&rotation).await.unwrap();
    if step == "moved" {
        return;
    }
    let mut transaction = parts.pool.begin().await.unwrap();
    parts.lock_appends(&mut transaction).await.unwrap();
    let work = vault.switch(&mut transaction, &rotation, change).await.unwrap();
    let event = VaultEvent::KeysRotated(KeysRotated {
        old_epoch: rotation.old_epoch,
        new_epoch: rotation.new_epoch,
        covers: Some(rotation.covers),
        tombstones: work.tombstones,
        buckets: work.buckets,
        keys: work.keys,
    });
    let context =
        Context::new(lethe_kernel::Caller::system(UnitId(Uuid::nil())), lethe_kernel::RequestId(Uuid::nil()));
    let stream = vault.installation();
    let position = parts.append_within::<KeyVault>(&mut transaction, &context, stream, &event).await.unwrap();
    Vault::mark(&mut transaction, &rotation, "switched", Some(position)).await.unwrap();
    if step == "in the switch" {
        return transaction.rollback().await.unwrap();
    }
    transaction.commit().await.unwrap();
    if step == "switched" {
        return;
    }
    let mut connection = parts.pool.acquire().await.unwrap();
    let rotation = vault.rotation().await.unwrap().unwrap();
    Vault::mark(&mut connection, &rotation, "exported", None).await.unwrap();
    if step == "exported" {
        return;
    }
    let rotation = vault.rotation().await.unwrap().unwrap();
    if step == "destroyed at one custodian" {
        return FileCustodian::new(&root_files(&world.database)[0]).destroy(rotation.old_epoch).unwrap();
    }
    vault.destroy_old(&rotation).await.unwrap();
    if step == "destroyed, not marked" {
        return;
    }
    Vault::mark(&mut connection, &rotation, "destroyed", None).await.unwrap();
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_anywhere_is_finished_and_nobody_else_loses_anything() {
    for step in [
        "begun",
        "prepared at one custodian",
        "prepared",
        "moved",
        "in the switch",
        "switched",
        "exported",
        "destroyed at one custodian",
        "destroyed, not marked",
        "destroyed",
    ] {
        let world = World::create().await;
        let (erased, neighbour) = (register(&world.ledger, "Åse").await, register(&world.ledger, "Bo").await);
        forget(&world.ledger, erased).await;
        until(&world, step).await;
        // Another process, which knows only what is on the disks.
        assert_eq!(world.name_of(neighbour).await.unwrap(), "Bo", "{step}");
        let other = world.process().await;
        let meanwhile = register(&other, "Ib").await;
        lethe_privacy::rotation::rotate(&other, &|_| {}).await.unwrap();
        assert_eq!(world.held(), [vec![2], vec![2]], "{step}");
        assert_eq!(steps(&world).await, Vec::<String>::new(), "{step}");
        assert_eq!(world.name_of(neighbour).await.unwrap(), "Bo", "{step}");
        assert_eq!(world.name_of(meanwhile).await.unwrap(), "Ib", "{step}");
        assert!(matches!(world.name_of(erased).await, Err(VaultError::Erased(_))), "{step}");
        let events = "SELECT count(*) FROM ledger.events WHERE event_type = ";
        for event in ["'vault.keys_rotated'", "'vault.root_destroyed'"] {
            assert_eq!(world.database.count(&format!("{events}{event}")).await, 1, "{step}");
        }
    }
}

#[tokio::test]
async fn a_new_root_that_the_database_knows_nothing_of_is_destroyed_and_another_is_taken() {
    let world = World::create().await;
    let contact = register(&world.ledger, "Bo").await;
    let root = Root::generate(world.vault().installation(), 2).unwrap();
    FileCustodian::new(&root_files(&world.database)[0]).store(&root).unwrap();
    assert_eq!(world.held(), [vec![1, 2], vec![1]]);
    world.rotate().await.unwrap();
    assert_eq!(world.held(), [vec![2], vec![2]]);
    for file in root_files(&world.database) {
        let kept = FileCustodian::new(file).fetch(2).unwrap().unwrap();
        assert_ne!(kept.commitment(), root.commitment());
    }
    assert_eq!(world.name_of(contact).await.unwrap(), "Bo");
}

#[tokio::test]
async fn a_process_that_comes_too_late_does_not_take_the_new_root_away() {
    let world = World::create().await;
    let contact = register(&world.ledger, "Bo").await;
    let vault = world.vault();
    // One stands still before each of its steps; another one has taken the rotation up.
    let begun = vault.begin().await.unwrap();
    let other = world.process().await;
    assert!(matches!(other.parts().vault.begin().await, Err(VaultError::Rotated)));
    let taken = other.parts().vault.take_up().await.unwrap().unwrap();
    other.parts().vault.prepare(&taken).await.unwrap();
    let kept = FileCustodian::new(&root_files(&world.database)[0]).fetch(2).unwrap().unwrap();
    let late = vault.prepare(&begun).await;
    assert!(matches!(late, Err(VaultError::Rotated)), "{late:?}");
    let mut prepared: Rotation = begun;
    prepared.step = "prepared".to_owned();
    let late = vault.rekey(&prepared).await;
    assert!(matches!(late, Err(VaultError::Rotated)), "{late:?}");
    let mut connection = world.database.pool.acquire().await.unwrap();
    let late = Vault::mark(&mut connection, &prepared, "switched", Some(1)).await;
    assert!(matches!(late, Err(VaultError::Rotated)), "{late:?}");
    drop(connection);
    // Nor does one that finds the place of what it wanted to destroy taken.
    let gone = Root::generate(vault.installation(), 2).unwrap().held();
    FileCustodian::new(&root_files(&world.database)[0]).destroy_exactly(&gone).unwrap();
    let still = FileCustodian::new(&root_files(&world.database)[0]).fetch(2).unwrap().unwrap();
    assert_eq!(kept.commitment(), still.commitment());
    world.rotate().await.unwrap();
    assert_eq!(world.held(), [vec![2], vec![2]]);
    assert_eq!(world.name_of(contact).await.unwrap(), "Bo");
}
