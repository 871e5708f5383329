//! When a rotation does not go on: the old root is kept, nothing is final, and it completes when the cause is gone.

use std::fs;

use lethe_privacy::rotation::RotationError;
use lethe_vault::VaultError;
use lethe_vault::custodian::{FileCustodian, Root};

use crate::world::{World, forget, register, root_files, steps};

#[tokio::test]
async fn a_custodian_that_is_away_keeps_the_old_root_everywhere_until_it_is_back() {
    let world = World::create().await;
    let (erased, neighbour) = (register(&world.ledger, "Åse").await, register(&world.ledger, "Bo").await);
    forget(&world.ledger, erased).await;
    let [_, other] = root_files(&world.database);
    let away = other.with_extension("away");
    fs::rename(&other, &away).unwrap();
    let error = world.rotate().await.unwrap_err();
    assert!(matches!(error, RotationError::Vault(VaultError::Custodians(_))), "{error}");
    assert!(error.to_string().contains(&other.display().to_string()), "{error}");
    fs::rename(&away, &other).unwrap();
    assert_eq!(world.held(), [vec![1], vec![1]]);
    assert_eq!(
        world.database.count("SELECT count(*) FROM ledger.events WHERE aggregate_type = 'vault'").await,
        0
    );
    world.rotate().await.unwrap();
    assert_eq!(world.held(), [vec![2], vec![2]]);
    assert_eq!(world.name_of(neighbour).await.unwrap(), "Bo");
}

#[tokio::test]
async fn a_custodian_that_goes_away_before_the_old_root_is_destroyed_delays_the_end_and_nothing_else() {
    let world = World::create().await;
    let contact = register(&world.ledger, "Bo").await;
    let [_, other] = root_files(&world.database);
    let away = other.with_extension("away");
    let hide = |step| {
        if step == lethe_privacy::rotation::Step::Exported {
            fs::rename(&other, &away).unwrap();
        }
    };
    lethe_privacy::rotation::rotate(&world.ledger, &hide).await.unwrap_err();
    assert_eq!(steps(&world).await, ["exported"]);
    // Every bucket has another key, but the old root is there: that is not the end.
    assert!(lethe_vault::waiting_since(&world.database.pool).await.unwrap().is_some());
    assert_eq!(world.name_of(contact).await.unwrap(), "Bo");
    assert_eq!(
        world
            .database
            .count("SELECT count(*) FROM ledger.events WHERE event_type = 'vault.root_destroyed'")
            .await,
        0
    );
    fs::rename(&away, &other).unwrap();
    world.rotate().await.unwrap();
    assert_eq!(world.held(), [vec![2], vec![2]]);
    assert_eq!(world.name_of(contact).await.unwrap(), "Bo");
}

#[tokio::test]
async fn an_earlier_root_that_is_still_somewhere_stops_a_rotation_and_is_named() {
    let world = World::create().await;
    world.rotate().await.unwrap();
    world.rotate().await.unwrap();
    let [one, _] = root_files(&world.database);
    let current = FileCustodian::new(&one).fetch(3).unwrap().unwrap();
    fs::remove_file(&one).unwrap();
    let file = FileCustodian::new(&one);
    file.store(&Root::generate(world.vault().installation(), 2).unwrap()).unwrap();
    file.store(&current).unwrap();
    let error = world.rotate().await.unwrap_err();
    assert!(matches!(error, RotationError::Vault(VaultError::Unready { .. })), "{error}");
    assert_eq!(world.held(), [vec![2, 3], vec![3]]);
    assert_eq!(steps(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_that_has_moved_destroys_no_root() {
    let world = World::create().await;
    world.database.run("UPDATE vault.root SET timeline = timeline + 1").await;
    let error = world.rotate().await.unwrap_err();
    assert!(matches!(error, RotationError::Vault(VaultError::Moved { .. })), "{error}");
    assert_eq!(world.held(), [vec![1], vec![1]]);
}

#[tokio::test]
async fn a_second_rotation_at_the_same_time_is_refused() {
    let world = World::create().await;
    let mut other = world.database.pool.acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(hashtextextended('lethe.vault.rotate', 0))")
        .execute(&mut *other)
        .await
        .unwrap();
    assert!(matches!(world.rotate().await.unwrap_err(), RotationError::Busy));
    assert_eq!(world.held(), [vec![1], vec![1]]);
}
