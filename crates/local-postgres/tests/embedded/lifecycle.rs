use std::fs;
use std::os::unix::fs::MetadataExt;

use lethe_local_postgres::{Settings, start};
use rustix::process::getpgid;

use crate::scene::{Scene, eventually, guards, is_gone, pool, processes, text};

#[tokio::test]
async fn a_first_start_creates_the_database_and_a_second_finds_it_again() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    assert!(scene.heard("Creating the database"));
    assert!(postgres.is_owner());
    assert_eq!(postgres.data_dir(), scene.dir());
    sqlx::query("CREATE TABLE kept AS SELECT 'here' AS word").execute(&pool(&postgres)).await.unwrap();
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()), "{:?}", processes(&scene.dir()));

    let postgres = scene.start().await;
    assert_eq!(text(&pool(&postgres), "SELECT word FROM kept").await.unwrap(), "here");
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()), "{:?}", processes(&scene.dir()));
}

#[tokio::test]
async fn the_server_is_durable_private_and_unicode() {
    let scene = Scene::new();
    let parameters = vec![("work_mem".to_owned(), "7MB".to_owned())];
    let settings = Settings { wal_segment_mb: Some(1), parameters, ..scene.settings() };
    let postgres = start(settings, scene.progress()).await.unwrap();
    let pool = pool(&postgres);
    // Not even the superuser's ALTER SYSTEM changes what must hold.
    sqlx::query("ALTER SYSTEM SET fsync = off").execute(&pool).await.unwrap();
    sqlx::query("ALTER SYSTEM SET vacuum_cost_limit = 321").execute(&pool).await.unwrap();
    sqlx::query("SELECT pg_reload_conf()").execute(&pool).await.unwrap();
    let limit = async || text(&pool, "SHOW vacuum_cost_limit").await.unwrap();
    eventually("the settings are read again", async || limit().await == "321").await;
    for (name, expected) in [
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("wal_segment_size", "1MB"),
        ("work_mem", "7MB"),
    ] {
        assert_eq!(text(&pool, &format!("SHOW {name}")).await.unwrap(), expected, "{name}");
    }
    for private in [postgres.data_dir().join("postgres"), postgres.connection().socket_dir.clone()] {
        assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o700, "{}", private.display());
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_terminal_s_interrupt_does_not_reach_the_server() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    let ours = getpgid(None).unwrap();
    let server = processes(postgres.data_dir());
    assert!(server.len() >= 3, "{server:?}");
    for (pid, command) in server {
        assert_ne!(getpgid(Some(pid)).unwrap(), ours, "{command}");
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_the_value_stops_the_server() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    assert_eq!(guards(&scene.dir()).len(), 2);
    drop(postgres);
    eventually("the server is gone", async || is_gone(&scene.dir())).await;
}

#[tokio::test]
async fn what_an_interrupted_initdb_left_is_removed() {
    let scene = Scene::new();
    let unfinished = scene.dir().join("postgres.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let postgres = scene.start().await;
    assert!(!unfinished.exists());
    assert_eq!(text(&pool(&postgres), "SELECT 'works'").await.unwrap(), "works");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_lock_file_whose_process_id_now_belongs_to_another_program_is_no_obstacle() {
    let scene = Scene::new();
    scene.start().await.stop().await.unwrap();
    let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let cluster = scene.dir().join("postgres");
    let lock = format!("{}\n{}\n1\n5432\n", other.id(), cluster.display());
    fs::write(cluster.join("postmaster.pid"), lock).unwrap();
    let postgres = scene.start().await;
    assert_eq!(other.try_wait().unwrap(), None, "the other program was stopped");
    postgres.stop().await.unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}
