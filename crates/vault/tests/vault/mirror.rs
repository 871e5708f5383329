//! What is in a mirror, and when.

use std::fs;

use lethe_vault::mirror::Mirrors;

use crate::mirrored::Mirrored;

#[tokio::test]
async fn an_empty_mirror_gets_all_keys_and_then_what_changes() {
    let world = Mirrored::create().await;
    world.add(1).await;
    world.feed().await.unwrap();
    // The key that signs, and that of the contact.
    let export = world.lines("export");
    assert_eq!((export["bucket"].len(), export["key"].len()), (5, 2));
    assert_eq!(export["trailer"][0]["count"], 7);
    assert_eq!(world.files().len(), 1, "nothing unfinished is left: {:?}", world.files());

    world.add(2).await;
    world.destroy(1).await;
    assert_eq!(world.status().await.backlog, 2);
    world.feed().await.unwrap();
    assert_eq!(world.status().await.backlog, 0);
    let increments = world.lines("increments");
    assert_eq!((increments["key"].len(), increments["tombstone"].len()), (1, 1));
    assert_eq!(increments["tombstone"][0]["position"], 7);

    // Feeding again adds nothing, by this process and by one that knows nothing.
    let before = fs::read(world.file("increments")).unwrap();
    world.feed().await.unwrap();
    Mirrors::new(&[world.folder.path().to_owned()]).feed(&world.database.pool).await.unwrap();
    assert_eq!(fs::read(world.file("increments")).unwrap(), before);
    let status = world.seen_anew().await;
    assert_eq!((status.epoch, status.backlog, status.error), (Some(1), 0, None));
}

#[tokio::test]
async fn an_export_replaces_what_was_there_once_it_was_read_back() {
    let world = Mirrored::create().await;
    world.feed().await.unwrap();
    world.add(1).await;
    world.feed().await.unwrap();
    assert_eq!(world.files().len(), 2);
    world.export().await.unwrap();
    let files = world.files();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(world.lines("export")["key"].len(), 2);
    // Once more without any change.
    world.export().await.unwrap();
    assert_eq!(world.files(), files);
}

#[tokio::test]
async fn after_a_rotation_a_mirror_is_fed_with_a_full_export() {
    let world = Mirrored::create().await;
    world.add(1).await;
    world.feed().await.unwrap();
    world.database.run("UPDATE vault.root SET epoch = 2").await;
    assert_eq!(world.status().await.backlog, 2);
    world.feed().await.unwrap();
    let status = world.seen_anew().await;
    assert_eq!((status.epoch, status.backlog), (Some(2), 0));
    assert_eq!(world.files().len(), 1, "those of the earlier epoch are gone: {:?}", world.files());
}

#[tokio::test]
async fn more_changes_than_a_page_are_all_there_in_the_order_of_their_changes() {
    let world = Mirrored::create().await;
    let many = "INSERT INTO vault.keys SELECT gen_random_uuid(), 'contact', gen_random_uuid(), 'crm', 0, 1, '', '' \
                FROM generate_series(1, 5000)";
    world.database.run(many).await;
    world.feed().await.unwrap();
    world.database.run(many).await;
    world.feed().await.unwrap();
    for kind in ["export", "increments"] {
        let changes: Vec<i64> =
            world.lines(kind)["key"].iter().map(|key| key["change"].as_i64().unwrap()).collect();
        assert!(changes.len() >= 5000 && changes.is_sorted(), "{kind}");
    }
    assert_eq!(world.seen_anew().await.backlog, 0);
}
