use lethe_local_postgres::{Error, attach_or_start, start};

use crate::scene::{Scene, is_gone, pool, postmaster, text};

#[tokio::test]
async fn a_server_attached_to_is_left_running() {
    let scene = Scene::new();
    let owned = scene.start().await;
    let before = postmaster(&scene.dir());
    let attached = attach_or_start(scene.settings(), scene.progress()).await.unwrap();
    assert!(!attached.is_owner());
    assert_eq!(attached.connection(), owned.connection());
    attached.stop().await.unwrap();
    drop(attach_or_start(scene.settings(), scene.progress()).await.unwrap());
    assert_eq!(text(&pool(&owned), "SELECT 'works'").await.unwrap(), "works");
    assert_eq!(postmaster(&scene.dir()), before);
    owned.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn without_a_server_attaching_starts_one_for_the_duration() {
    let scene = Scene::new();
    let postgres = attach_or_start(scene.settings(), scene.progress()).await.unwrap();
    assert!(postgres.is_owner());
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn of_two_starts_at_once_one_owns_the_server_and_the_other_is_refused() {
    let scene = Scene::new();
    let (first, second) =
        tokio::join!(start(scene.settings(), scene.progress()), start(scene.settings(), scene.progress()));
    let (owner, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    let owner = owner.unwrap();
    assert_eq!(text(&pool(&owner), "SELECT 'works'").await.unwrap(), "works");
    owner.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_attaching_to_a_new_folder_at_once_one_owns_and_both_work() {
    let scene = Scene::new();
    let (first, second) = tokio::join!(
        attach_or_start(scene.settings(), scene.progress()),
        attach_or_start(scene.settings(), scene.progress())
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.is_owner(), second.is_owner());
    for postgres in [&first, &second] {
        assert_eq!(text(&pool(postgres), "SELECT 'works'").await.unwrap(), "works");
    }
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}
