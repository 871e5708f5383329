//! What a rotation changes, and what it makes final.

use std::time::Duration;

use lethe_privacy::rotation::finalities;
use lethe_vault::VaultError;

use crate::world::{World, forget, register, steps};

#[tokio::test]
async fn a_rotation_leaves_one_new_root_everybody_opens_and_the_erased_stay_erased() {
    let world = World::create().await;
    let (erased, neighbour) = (register(&world.ledger, "Åse").await, register(&world.ledger, "Bo").await);
    forget(&world.ledger, erased).await;
    assert_eq!(world.vault().rotation_work().await.unwrap().tombstones, 1);
    assert!(lethe_vault::waiting_since(&world.database.pool).await.unwrap().is_some());
    let rotated = world.rotate().await.unwrap();
    assert_eq!(lethe_vault::waiting_since(&world.database.pool).await.unwrap(), None);
    assert_eq!((rotated.old_epoch, rotated.new_epoch), (1, 2));
    let work = rotated.work;
    assert_eq!((work.tombstones, work.buckets), (1, 1));
    assert_eq!(world.held(), [vec![2], vec![2]]);
    assert_eq!(steps(&world).await, Vec::<String>::new());
    assert_eq!(world.vault().rotation_work().await.unwrap().tombstones, 0);
    assert_eq!(world.name_of(neighbour).await.unwrap(), "Bo");
    assert!(matches!(world.name_of(erased).await, Err(VaultError::Erased(_))));
    // New people get keys under the new root, and the next rotation takes them along.
    let later = register(&world.ledger, "Ib").await;
    world.rotate().await.unwrap();
    assert_eq!(world.held(), [vec![3], vec![3]]);
    for (contact, name) in [(neighbour, "Bo"), (later, "Ib")] {
        assert_eq!(world.name_of(contact).await.unwrap(), name);
    }
}

#[tokio::test]
async fn only_the_buckets_with_a_destroyed_key_are_rekeyed() {
    let world = World::create().await;
    for _ in 0..40 {
        register(&world.ledger, "Bo").await;
    }
    let erased = register(&world.ledger, "Åse").await;
    forget(&world.ledger, erased).await;
    // All keys are in the nursery, which every rotation empties.
    let all = world.database.count("SELECT count(*) FROM vault.keys").await;
    assert_eq!(world.database.count("SELECT count(*) FROM vault.keys WHERE bucket = -1").await, all);
    let work = world.rotate().await.unwrap().work;
    assert_eq!((work.buckets, work.keys), (1, all));
    let other = register(&world.ledger, "Ib").await;
    world.rotate().await.unwrap();
    forget(&world.ledger, other).await;
    let before = world.database.count("SELECT count(*) FROM vault.keys").await;
    let work = world.rotate().await.unwrap().work;
    let renewed = "SELECT count(*) FROM vault.buckets WHERE bucket >= 0 AND generation > 1";
    assert!((1..=2).contains(&world.database.count(renewed).await));
    assert_eq!(world.database.count("SELECT count(*) FROM vault.buckets WHERE bucket >= 0").await, 4);
    assert_eq!(work.buckets, 1);
    assert!(work.keys < before, "{work:?} of {before}");
    // Without a destroyed key nothing is re-keyed, but the root changes.
    let idle = world.rotate().await.unwrap().work;
    assert_eq!((idle.tombstones, idle.buckets, idle.keys), (0, 0, 0));
    assert_eq!(world.held(), [vec![5], vec![5]]);
}

#[tokio::test]
async fn an_erasure_is_final_when_the_root_of_its_time_is_gone_and_not_before() {
    let world = World::create().await;
    let views = world.following().await;
    let caught_up = async || {
        let head = world.ledger.parts().head().await.unwrap();
        assert!(views.reached(&["rotation"], head, Duration::from_mins(1)).await.unwrap());
    };
    let pool = &world.ledger.parts().pool;
    let (one, other) = (register(&world.ledger, "Åse").await, register(&world.ledger, "Bo").await);
    forget(&world.ledger, one).await;
    let first = world.ledger.parts().head().await.unwrap();
    caught_up().await;
    assert!(finalities(pool, &[first]).await.unwrap().is_empty());
    world.rotate().await.unwrap();
    forget(&world.ledger, other).await;
    let second = world.ledger.parts().head().await.unwrap();
    caught_up().await;
    let found = finalities(pool, &[first, second]).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&first]);
    assert_eq!((found[&first].old_epoch, found[&first].new_epoch), (1, 2));
    assert_eq!(found[&first].custodians.len(), 2);
    world.rotate().await.unwrap();
    caught_up().await;
    let found = finalities(pool, &[first, second]).await.unwrap();
    assert_eq!(
        (found[&first].old_epoch, found[&second].old_epoch),
        (1, 2),
        "the first that made it so counts"
    );
    assert_eq!(views.differences().await.unwrap(), []);
}
