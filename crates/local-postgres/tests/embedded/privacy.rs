use std::fs;

use rustix::process::Pid;

use crate::scene::{Scene, eventually, kill, pool, text};

/// Stands for a personal value.
const VALUE: &str = "Zyx Qwerty";

#[tokio::test]
async fn the_log_holds_neither_statements_nor_values() {
    let scene = Scene::new();
    let postgres = scene.start().await;
    let pool = pool(&postgres);
    sqlx::query("CREATE TABLE t (name text UNIQUE, n int)").execute(&pool).await.unwrap();
    for statement in [
        format!("INSERT INTO t VALUES ('{VALUE}', 1), ('{VALUE}', 2)"),
        format!("INSERT INTO t (n) VALUES ('{VALUE}'::int)"),
        format!("SELECT 'syntax error: {VALUE}' FROM FROM"),
        format!("DO $$ BEGIN RAISE EXCEPTION '{VALUE}'; END $$"),
    ] {
        assert!(sqlx::raw_sql(&statement).execute(&pool).await.is_err(), "{statement}");
    }
    sqlx::raw_sql(&format!("DO $$ BEGIN RAISE WARNING '{VALUE}'; END $$")).execute(&pool).await.unwrap();
    let bound = sqlx::query("SELECT $1::text::int").bind(VALUE).execute(&pool).await;
    assert!(bound.is_err());

    // A process that crashes while it executes a statement.
    let crashing = tokio::spawn({
        let pool = pool.clone();
        async move { text(&pool, &format!("SELECT pg_sleep(600)::text || '{VALUE}'")).await }
    });
    let find = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    let mut pid: Option<i32> = None;
    eventually("the statement runs", async || {
        pid = sqlx::query_scalar(find).fetch_optional(&pool).await.unwrap();
        pid.is_some()
    })
    .await;
    kill(Pid::from_raw(pid.unwrap()).unwrap());
    assert!(crashing.await.unwrap().is_err());
    let log = || fs::read_to_string(postgres.log_file()).unwrap();
    eventually("the crash is logged", async || log().contains("was terminated by signal 9")).await;
    eventually("the server answers again", async || text(&pool, "SELECT 'works'").await.is_ok()).await;
    let log = log();
    for trace in [VALUE, "pg_sleep", "INSERT", "syntax"] {
        assert!(!log.contains(trace), "{trace} is in the log:\n{log}");
    }
    postgres.stop().await.unwrap();
}
