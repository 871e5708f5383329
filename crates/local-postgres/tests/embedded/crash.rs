use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lethe_local_postgres::{Settings, start};
use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Scene, eventually, guards, is_gone, kill, pool, postmaster, text};

const OWNED_FOLDER: &str = "LETHE_TEST_OWNED_FOLDER";

/// Not a test of its own: what the child process of the tests below runs.
#[tokio::test]
async fn act_as_owner() {
    let Some(folder) = std::env::var_os(OWNED_FOLDER) else { return };
    let settings = Settings { offline: true, ..Settings::new(folder) };
    let _postgres = start(settings, std::sync::Arc::new(|_: &str| {})).await.unwrap();
    println!("owner is ready");
    std::future::pending::<()>().await;
}

/// Another process that owns the server of this folder.
fn owner(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::act_as_owner", "--nocapture"]).env(OWNED_FOLDER, folder);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("owner is ready")));
    child
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again_and_the_pool_recovers() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    let pool = pool(&postgres);
    sqlx::query("CREATE TABLE kept AS SELECT 'here' AS word").execute(&pool).await.unwrap();
    let before = postmaster(&scene.dir()).unwrap();
    kill(before);
    eventually("the server answers again", async || {
        let works = text(&pool, "SELECT word FROM kept").await.is_ok_and(|word| word == "here");
        works && postmaster(&scene.dir()) != Some(before)
    })
    .await;
    assert!(scene.heard("ended unexpectedly"));
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn a_restart_waits_for_the_backends_of_a_killed_postmaster() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    let pool = pool(&postgres);
    let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&pool).await.unwrap();
    let backend = Pid::from_raw(backend).unwrap();
    // A stopped process keeps its shared memory.
    kill_process(backend, Signal::STOP).unwrap();
    kill(postmaster(&scene.dir()).unwrap());
    let log = postgres.log_file();
    eventually("a start is refused", async || fs::read_to_string(&log).unwrap().contains("is still in use"))
        .await;
    kill_process(backend, Signal::CONT).unwrap();
    eventually("the server answers again", async || text(&pool, "SELECT 'works'").await.is_ok()).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_guard_is_replaced_and_the_pool_recovers() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    let pool = pool(&postgres);
    // The guard alone, then with the half of it that watches the pipe.
    for shells in [1, 2] {
        let before = postmaster(&scene.dir()).unwrap();
        for guard in guards(&scene.dir()).into_iter().take(shells) {
            kill(guard);
        }
        eventually("another server answers", async || {
            let works = text(&pool, "SELECT 'works'").await.is_ok();
            works && postmaster(&scene.dir()).is_some_and(|pid| pid != before)
        })
        .await;
        // What is left of the old guard ends once the old postmaster has been waited for by the system.
        eventually("one guard is left", async || guards(&scene.dir()).len() == 2).await;
    }
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn a_stop_during_a_restart_leaves_nothing_behind() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    kill(postmaster(&scene.dir()).unwrap());
    eventually("the restart has begun", async || scene.heard("ended unexpectedly")).await;
    postgres.stop().await.unwrap();
    eventually("the server is gone", async || guards(&scene.dir()).is_empty()).await;
    // The lock file may stay behind of a postmaster that was killed; it is no obstacle.
    let postgres = scene.start().await;
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn the_server_ends_cleanly_with_an_owner_that_is_killed() {
    let scene = Scene::new();
    let child = owner(&scene.dir());
    assert!(postmaster(&scene.dir()).is_some());
    end(child);
    eventually("the server is gone", async || is_gone(&scene.dir())).await;
    let log = fs::read_to_string(scene.dir().join("postgres.log")).unwrap();
    assert!(log.contains("received fast shutdown request"), "{log}");
    assert!(!log.contains("received immediate shutdown request"), "{log}");
}

#[tokio::test]
async fn a_start_right_after_the_owner_was_killed_waits_for_its_server_to_end() {
    let scene = Scene::new();
    end(owner(&scene.dir()));
    let postgres = scene.start().await;
    assert_eq!(text(&pool(&postgres), "SELECT 'works'").await.unwrap(), "works");
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn a_start_stops_an_orphan_that_lost_its_owner_and_its_guard() {
    let scene = Scene::new();
    let child = owner(&scene.dir());
    let orphan = postmaster(&scene.dir()).unwrap();
    // Stopped first, so that the owner cannot repair what is broken next.
    kill_process(Pid::from_child(&child), Signal::STOP).unwrap();
    for guard in guards(&scene.dir()) {
        kill(guard);
    }
    end(child);
    assert_eq!(postmaster(&scene.dir()), Some(orphan));
    let postgres = scene.start().await;
    assert!(scene.heard("An earlier PostgreSQL"));
    assert_ne!(postmaster(&scene.dir()), Some(orphan));
    assert_eq!(text(&pool(&postgres), "SELECT 'works'").await.unwrap(), "works");
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}

#[tokio::test]
async fn a_start_recovers_after_everything_was_killed() {
    let scene = Scene::new();
    let child = owner(&scene.dir());
    kill_process(Pid::from_child(&child), Signal::STOP).unwrap();
    for guard in guards(&scene.dir()) {
        kill(guard);
    }
    kill(postmaster(&scene.dir()).unwrap());
    end(child);
    let postgres = scene.start().await;
    assert_eq!(text(&pool(&postgres), "SELECT 'works'").await.unwrap(), "works");
    postgres.stop().await.unwrap();
    assert!(is_gone(&scene.dir()));
}
