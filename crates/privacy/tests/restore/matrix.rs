//! Old events, an old vault, both, neither: served, replayed, or refused.

use std::time::Duration;

use lethe_crm::contact::{ContactStatus, ContactView};
use lethe_kernel::ContactId;
use lethe_ledger::{ViewsBuilder, rows};
use lethe_privacy::erasure::{FinishErasures, TellOfErasures};
use lethe_privacy::restore::NotRestored;
use lethe_vault::VaultError;
use lethe_vault::mirror::{MirrorError, Mirrors, Takeover};
use lethe_vault::restore::RestoreError;
use sqlx::postgres::PgConnectOptions;

use crate::scene::{Scene, count};

const RECONCILED: &str = "SELECT count(*) FROM ledger.events WHERE event_type = 'vault.erasure_reconciled' AND position > \
     (SELECT since_position FROM ledger.origin)";

/// Åse is erased, Bo is not.
async fn assert_right(scene: &Scene, options: &PgConnectOptions, [erased, neighbour]: [ContactId; 2]) {
    assert_eq!(scene.name_of(options, neighbour).await.unwrap(), "Bo");
    let gone = scene.name_of(options, erased).await;
    assert!(matches!(gone, Err(VaultError::Erased(_))), "{gone:?}");
}

/// Two people, of whom a backup was taken, and one of whom was then erased. Answers backup and people.
async fn erased_behind_a_backup(scene: &Scene) -> (std::path::PathBuf, [ContactId; 2]) {
    let people = [scene.register("Åse").await, scene.register("Bo").await];
    let old = scene.dump("old");
    scene.erase(people[0]).await;
    (old, people)
}

#[tokio::test]
async fn a_backup_of_now_is_served_without_a_restore() {
    let scene = Scene::create().await;
    let (_, people) = erased_behind_a_backup(&scene).await;
    scene.rotate().await.unwrap();
    let options = scene.restored(&scene.dump("new")).await;
    scene.start(&options).await.unwrap();
    assert_right(&scene, &options, people).await;
}

#[tokio::test]
async fn old_events_are_refused_until_the_vault_is_restored_and_then_tell_of_the_erasure_again() {
    let scene = Scene::create().await;
    let (old, people) = erased_behind_a_backup(&scene).await;
    scene.rotate().await.unwrap();
    // Somebody whose events are lost with the old database.
    scene.register("Ib").await;
    let options = scene.restored(&old).await;
    let refused = scene.start(&options).await.err().unwrap();
    assert!(matches!(refused, VaultError::Mirror(MirrorError::Newer { .. })), "{refused}");
    assert!(refused.to_string().contains("lethe restore --from"), "{refused}");
    // Without a mirror in the settings, the custodians know it.
    let refused = scene.name_of(&options, people[0]).await.unwrap_err();
    assert!(matches!(refused, VaultError::Older { epoch: 1, held: 2 }), "{refused}");

    let origin =
        "SELECT ('x' || left(replace(origin::text, '-', ''), 15))::bit(60)::bigint FROM ledger.origin";
    let before = count(&options, origin).await;
    let size = count(&options, "SELECT max(position) FROM ledger.events").await;
    let done = scene.restore(&options, scene.mirror.path()).await.unwrap();
    assert_eq!(done.restored.old_size, size);
    assert_eq!(done.reconciled.len(), 1);
    // Ib's key: nothing in this history names it.
    assert_eq!(done.replaced.dropped, 1);
    assert_eq!(done.reconciled[0].subject_id, people[0].0);
    assert_eq!(count(&options, RECONCILED).await, 1);
    assert_ne!(count(&options, origin).await, before);
    assert_eq!(
        count(
            &options,
            "SELECT position FROM ledger.events WHERE event_type = 'vault.restored' ORDER BY position LIMIT 1"
        )
        .await,
        size + 1,
        "it is the first event of the new history"
    );
    assert_right(&scene, &options, people).await;
    scene.start(&options).await.unwrap();
    // What it restored is newer than the mirror that still has what was dropped.
    let refused = scene.restore(&options, scene.mirror.path()).await.unwrap_err();
    assert!(matches!(refused, NotRestored::Vault(RestoreError::VaultOlder { .. })), "{refused}");
    // Once more changes nothing of it.
    let pool = lethe_ledger::connect(options.clone(), 2).await.unwrap();
    Mirrors::new(&[scene.mirror.path().to_owned()]).export(&pool, Takeover::Allow).await.unwrap();
    pool.close().await;
    let again = scene.restore(&options, scene.mirror.path()).await.unwrap();
    assert!(again.reconciled.is_empty());
    assert_eq!(again.replaced.dropped, 0);
    assert_eq!(again.restored.old_origin, done.restored.new_origin);
}

#[tokio::test]
async fn a_person_whose_erasure_a_restored_ledger_forgot_is_erased_there_too_once_a_server_runs() {
    let scene = Scene::create().await;
    let (old, people) = erased_behind_a_backup(&scene).await;
    scene.rotate().await.unwrap();
    let options = scene.restored(&old).await;
    scene.restore(&options, scene.mirror.path()).await.unwrap();
    let ledger = scene.start(&options).await.unwrap();
    let views = ViewsBuilder::default()
        .with::<ContactView>()
        .reacting::<FinishErasures>(ledger.clone())
        .reacting::<TellOfErasures>(ledger.clone());
    let views = views.start(ledger.parts().clone()).await.unwrap();
    let mut head = ledger.parts().head_watch();
    let erased = "SELECT count(*) FROM ledger.events WHERE event_type = 'contact.erased' AND aggregate_id = ";
    let erased = format!("{erased}'{}'", people[0].0);
    while count(&options, &erased).await == 0 {
        head.changed().await.unwrap();
    }
    let end = ledger.parts().head().await.unwrap();
    assert!(views.reached(&["contact", "finish_erasures"], end, Duration::from_mins(1)).await.unwrap());
    let row = rows::<ContactView>(&ledger.parts().pool, &[people[0].0]).await.unwrap().remove(0);
    assert_eq!((row.status, row.first_name), (ContactStatus::Erased, None));
    assert_eq!(count(&options, &erased).await, 1);
    // Nobody ordered it, so the DPM of the only unit that has it is told too.
    assert!(views.reached(&["tell_of_erasures"], end, Duration::from_mins(1)).await.unwrap());
    let told = "SELECT count(*) FROM ledger.events m JOIN ledger.events e ON m.metadata ->> 'causation' = e.event_id::text \
                WHERE m.event_type = 'mail.queued' AND e.event_type = 'contact.erased'";
    assert_eq!(count(&options, told).await, 1);
}

#[tokio::test]
async fn old_events_of_the_same_epoch_are_known_by_the_mirror_alone_and_are_replayed() {
    let scene = Scene::create().await;
    let (old, people) = erased_behind_a_backup(&scene).await;
    let options = scene.restored(&old).await;
    let refused = scene.start(&options).await.err().unwrap();
    assert!(matches!(refused, VaultError::Mirror(MirrorError::Newer { .. })), "{refused}");
    let done = scene.restore(&options, scene.mirror.path()).await.unwrap();
    assert_eq!((done.reconciled.len(), done.replaced.replayed), (1, 1));
    assert_right(&scene, &options, people).await;
}

#[tokio::test]
async fn an_old_vault_beside_new_events_is_refused_and_the_newest_mirror_mends_it() {
    let scene = Scene::create().await;
    let (old, people) = erased_behind_a_backup(&scene).await;
    let old_mirror = scene.copy_of_mirror();
    scene.rotate().await.unwrap();
    let options = scene.restored_with_vault(&scene.dump("new"), &old).await;
    let refused = scene.name_of(&options, people[0]).await.unwrap_err();
    assert!(matches!(refused, VaultError::OlderThanLedger(_)), "{refused}");
    assert!(refused.to_string().contains("lethe restore"), "{refused}");
    // The old mirror does not help.
    let refused = scene.restore(&options, old_mirror.path()).await.unwrap_err();
    assert!(
        matches!(refused, NotRestored::Vault(RestoreError::Vault(VaultError::OlderThanLedger(_)))),
        "{refused}"
    );
    let done = scene.restore(&options, scene.mirror.path()).await.unwrap();
    assert!(done.reconciled.is_empty(), "the ledger knows of the erasure");
    assert_right(&scene, &options, people).await;
}

#[tokio::test]
async fn an_old_vault_of_the_same_epoch_has_the_ledgers_erasures_replayed() {
    let scene = Scene::create().await;
    let people = [scene.register("Åse").await, scene.register("Bo").await];
    let (old, old_mirror) = (scene.dump("old"), scene.copy_of_mirror());
    scene.erase(people[0]).await;
    let options = scene.restored_with_vault(&scene.dump("new"), &old).await;
    let refused = scene.name_of(&options, people[0]).await.unwrap_err();
    assert!(matches!(refused, VaultError::OlderThanLedger(_)), "{refused}");
    let done = scene.restore(&options, old_mirror.path()).await.unwrap();
    assert_eq!((done.replaced.buried, done.replaced.replayed), (1, 1));
    assert_right(&scene, &options, people).await;

    // But not if keys are missing.
    let later = scene.register("Ib").await;
    let options = scene.restored_with_vault(&scene.dump("newer"), &old).await;
    let refused = scene.restore(&options, old_mirror.path()).await.unwrap_err();
    assert!(matches!(refused, NotRestored::Vault(RestoreError::KeysMissing { keys: 1, .. })), "{refused}");
    scene.restore(&options, scene.mirror.path()).await.unwrap();
    assert_eq!(scene.name_of(&options, later).await.unwrap(), "Ib");
}

#[tokio::test]
async fn old_events_and_an_old_mirror_open_nothing() {
    let scene = Scene::create().await;
    let (old, _) = erased_behind_a_backup(&scene).await;
    let old_mirror = scene.copy_of_mirror();
    scene.rotate().await.unwrap();
    let options = scene.restored(&old).await;
    let refused = scene.restore(&options, old_mirror.path()).await.unwrap_err();
    assert!(matches!(refused, NotRestored::Vault(RestoreError::NoRoot { epoch: 1, .. })), "{refused}");
    let keys = count(&options, "SELECT count(*) FROM vault.keys").await;
    assert_eq!(keys, 4, "nothing was changed");
}

#[tokio::test]
async fn the_newest_vault_is_not_replaced_by_an_older_mirror_nor_by_that_of_another_installation() {
    let scene = Scene::create().await;
    let (_, people) = erased_behind_a_backup(&scene).await;
    let old_mirror = scene.copy_of_mirror();
    scene.register("Ib").await;
    let options = scene.restored(&scene.dump("new")).await;
    let refused = scene.restore(&options, old_mirror.path()).await.unwrap_err();
    assert!(matches!(refused, NotRestored::Vault(RestoreError::VaultOlder { .. })), "{refused}");
    assert!(refused.to_string().contains("lethe keys adopt"), "{refused}");
    let other = Scene::create().await;
    other.feed().await;
    let refused = other.restore(&options, other.mirror.path()).await.unwrap_err();
    let of_another =
        matches!(refused, NotRestored::Vault(RestoreError::Mirror(MirrorError::OfAnother { .. })));
    assert!(of_another, "{refused}");
    assert_right(&scene, &options, people).await;
}

#[tokio::test]
async fn a_damaged_mirror_restores_nothing() {
    let scene = Scene::create().await;
    let (old, _) = erased_behind_a_backup(&scene).await;
    scene.rotate().await.unwrap();
    let options = scene.restored(&old).await;
    let damaged = scene.copy_of_mirror();
    let file = std::fs::read_dir(damaged.path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = scene.restore(&options, damaged.path()).await.unwrap_err();
    assert!(
        matches!(refused, NotRestored::Vault(RestoreError::Mirror(MirrorError::Damaged { .. }))),
        "{refused}"
    );
    let empty = tempfile::tempdir().unwrap();
    let refused = scene.restore(&options, empty.path()).await.unwrap_err();
    assert!(matches!(refused, NotRestored::Vault(RestoreError::Mirror(MirrorError::Vacant(_)))), "{refused}");
    assert_eq!(count(&options, "SELECT epoch FROM vault.root").await, 1);
}

#[tokio::test]
async fn a_key_that_is_back_beside_its_tombstone_is_destroyed_before_anything_opens() {
    let scene = Scene::create().await;
    let (_, people) = erased_behind_a_backup(&scene).await;
    scene
        .database
        .run(
            "INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment) \
             SELECT key_id, subject_kind, subject_id, class, bucket, generation, '', commitment FROM vault.tombstones",
        )
        .await;
    assert_right(&scene, &scene.database.options, people).await;
    let back = "SELECT count(*) FROM vault.keys JOIN vault.tombstones USING (key_id)";
    assert_eq!(scene.database.count(back).await, 0);
}
