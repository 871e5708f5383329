use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use lethe_local_postgres::{Error, Settings, start};

use crate::scene::{Scene, is_gone, pool, text};

#[tokio::test]
async fn a_socket_path_that_would_be_too_long_becomes_a_short_one() {
    let scene = Scene::new();
    let deep = scene.dir().join("a".repeat(60)).join("b".repeat(60));
    // Every folder above must let PostgreSQL's user through.
    fs::create_dir_all(&deep).unwrap();
    let settings = Settings { data_dir: deep.clone(), ..scene.settings() };
    let postgres = start(settings.clone(), scene.progress()).await.unwrap();
    let socket_dir = postgres.connection().socket_dir.clone();
    assert!(socket_dir.starts_with("/tmp"), "{}", socket_dir.display());
    assert_eq!(fs::metadata(&socket_dir).unwrap().mode() & 0o777, 0o700);
    assert_eq!(postgres.data_dir(), deep);
    assert_eq!(text(&pool(&postgres), "SELECT 'works'").await.unwrap(), "works");
    postgres.stop().await.unwrap();

    fs::set_permissions(&socket_dir, Permissions::from_mode(0o755)).unwrap();
    let refused = start(settings, scene.progress()).await;
    assert!(matches!(refused, Err(Error::SocketFolder { .. })), "{refused:?}");
    fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn a_folder_that_the_server_s_user_cannot_reach_moves_and_says_so() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scene = Scene::private();
    let postgres = scene.start().await;
    let moved = postgres.data_dir().to_path_buf();
    assert_eq!(moved.parent().unwrap(), "/var/lib/lethe");
    assert!(scene.heard(&moved.display().to_string()));
    sqlx::query("CREATE TABLE kept AS SELECT 'here' AS word").execute(&pool(&postgres)).await.unwrap();
    postgres.stop().await.unwrap();

    // Reachable or not, the cluster that exists is the one to use.
    fs::set_permissions(scene.dir(), Permissions::from_mode(0o711)).unwrap();
    let postgres = scene.start().await;
    assert_eq!(postgres.data_dir(), moved);
    assert_eq!(text(&pool(&postgres), "SELECT word FROM kept").await.unwrap(), "here");
    postgres.stop().await.unwrap();
    assert!(is_gone(&moved));
    fs::remove_dir_all(moved).unwrap();
}

#[tokio::test]
async fn a_cluster_that_can_no_longer_be_reached_is_not_replaced_by_an_empty_one() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let scene = Scene::new();
    scene.start().await.stop().await.unwrap();
    fs::set_permissions(scene.dir(), Permissions::from_mode(0o700)).unwrap();
    let refused = start(scene.settings(), scene.progress()).await;
    assert!(matches!(refused, Err(Error::Unreachable { .. })), "{refused:?}");
}
