use std::fs;

use lethe_local_postgres::{Error, Settings, find_binaries, start};

use crate::scene::{Scene, eventually, processes};

async fn refusal(settings: Settings, scene: &Scene) -> Error {
    start(settings, scene.progress()).await.unwrap_err()
}

#[tokio::test]
async fn a_folder_of_programs_that_has_none_is_named() {
    let scene = Scene::new();
    let empty = scene.dir().join("programs");
    fs::create_dir(&empty).unwrap();
    let error = refusal(Settings { bin_dir: Some(empty.clone()), ..scene.settings() }, &scene).await;
    assert!(matches!(error, Error::BinDir { .. }));
    let message = error.to_string();
    assert!(message.contains(&empty.display().to_string()) && message.contains("LETHE_PG_BIN"), "{message}");
    assert!(matches!(find_binaries(Some(&empty)), Err(Error::BinDir { .. })));
}

#[test]
fn the_programs_of_this_machine_are_found_and_can_be_named() {
    let found = find_binaries(None).unwrap();
    assert!(found.major >= 14);
    assert!(found.version.starts_with(&found.major.to_string()));
    assert_eq!(find_binaries(Some(&found.dir)).unwrap(), found);
}

#[tokio::test]
async fn a_failing_initdb_says_why_and_leaves_no_cluster() {
    let scene = Scene::new();
    let error = refusal(Settings { wal_segment_mb: Some(3), ..scene.settings() }, &scene).await;
    let Error::Initdb { output, .. } = &error else { panic!("{error}") };
    assert!(output.contains("wal-segsize") || output.contains("WAL segment size"), "{output}");
    assert!(!scene.dir().join("postgres").exists());
    scene.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn a_damaged_cluster_is_reported_with_the_end_of_the_log() {
    let scene = Scene::new();
    scene.start().await.stop().await.unwrap();
    fs::write(scene.dir().join("postgres/global/pg_control"), "").unwrap();
    let error = refusal(scene.settings(), &scene).await;
    let Error::DidNotStart { log, tail } = &error else { panic!("{error}") };
    assert_eq!(*log, scene.dir().join("postgres.log"));
    assert!(tail.contains("pg_control"), "{tail}");
    assert!(!tail.contains("database system is shut down"), "lines of an earlier start: {tail}");
    eventually("its processes are gone", async || processes(&scene.dir()).is_empty()).await;
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_not_touched() {
    let scene = Scene::new();
    scene.start().await.stop().await.unwrap();
    fs::write(scene.dir().join("postgres/PG_VERSION"), "99\n").unwrap();
    let error = refusal(scene.settings(), &scene).await;
    assert!(matches!(error, Error::OtherVersion { needed: 99, .. }), "{error}");
    assert!(error.to_string().contains("PostgreSQL 99"), "{error}");
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_is_reported() {
    let scene = Scene::new();
    let parameters = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let error = refusal(Settings { parameters, ..scene.settings() }, &scene).await;
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}
