//! The database is disturbed under a light load. Requests are answered within seconds, what fails may be sent again,
//! nothing acknowledged is lost or there twice, and the service recovers by itself.

mod load;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::elsewhere::{Elsewhere, register_unit};
use crate::limits::Blocked;
use crate::observe::{assert_healthy, assert_stopped, eventually, folder, postmaster};
use crate::requests::REGISTER;
use crate::requests::contact;
use crate::server::{Server, signal};
use load::Load;

/// A server that tells a request that takes longer than 20 seconds so, which no test here accepts as an answer.
async fn server_in(folder: TempDir) -> Server {
    Server::start_with(folder, |command| {
        command.env("LETHE_REQUEST_TIMEOUT_SECONDS", "20");
    })
    .await
}

pub(crate) async fn connect(folder: &Path) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    options.database("postgres").disable_statement_logging().connect().await.unwrap()
}

pub(crate) async fn run(folder: &Path, statements: &[&str]) {
    let mut connection = connect(folder).await;
    for statement in statements {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// What readiness says of the database.
async fn database(server: &Server) -> Value {
    let mut state: Value = reqwest::get(server.url("/readyz")).await.unwrap().json().await.unwrap();
    state["database"].take()
}

async fn end(load: Load, server: Server) {
    load.end(&server).await;
    let folder = server.stop();
    assert_healthy(folder.path());
    assert_stopped(folder.path());
}

#[tokio::test]
async fn postgresql_that_is_stopped_comes_back_and_nothing_is_lost() {
    let server = server_in(folder()).await;
    let mut load = Load::on(&server, None);
    load.goes_on().await;
    // A fast shutdown, then an immediate one, which leaves a recovery to the next start.
    for name in ["-INT", "-QUIT"] {
        let before = postmaster(server.folder.path());
        signal(before.unwrap(), name);
        eventually("another postmaster", async || {
            postmaster(server.folder.path()).is_some_and(|pid| Some(pid) != before)
        })
        .await;
        load.goes_on().await;
    }
    end(load, server).await;
}

#[tokio::test]
async fn a_configured_database_that_is_away_for_a_while_is_waited_for() {
    let mut elsewhere = Elsewhere::start().await;
    let server = elsewhere.server(folder()).await;
    let unit = register_unit(&elsewhere).await;
    let mut load = Load::on(&server, Some(unit));
    load.goes_on().await;
    elsewhere.stop().await;
    load.writes_fail().await;
    load.reads_fail().await;
    load.readiness(503).await;
    elsewhere.start_again().await;
    load.goes_on().await;
    load.end(&server).await;
    server.stop();
}

#[tokio::test]
async fn connections_that_are_cut_again_and_again_are_made_anew() {
    const CUT: &str =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lethe'";
    let server = server_in(folder()).await;
    let mut load = Load::on(&server, None);
    for _ in 0..15 {
        run(server.folder.path(), &[CUT]).await;
        load.reads_go_on().await;
    }
    load.goes_on().await;
    end(load, server).await;
}

#[tokio::test]
async fn a_database_that_is_set_read_only_still_answers_queries() {
    let server = server_in(folder()).await;
    let mut load = Load::on(&server, None);
    load.goes_on().await;
    let reload = "SELECT pg_reload_conf()";
    run(server.folder.path(), &["ALTER SYSTEM SET default_transaction_read_only = on", reload]).await;
    load.writes_fail().await;
    load.reads_go_on().await;
    assert_eq!(database(&server).await, "read-only");
    let writable = [
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        reload,
    ];
    run(server.folder.path(), &writable).await;
    load.goes_on().await;
    assert_eq!(database(&server).await, "up");
    end(load, server).await;
}

#[tokio::test]
async fn the_lock_of_the_append_held_by_somebody_else_is_told_within_seconds() {
    let server = server_in(folder()).await;
    let mut load = Load::on(&server, None);
    load.goes_on().await;
    let blocked = Blocked::new(server.folder.path()).await;
    load.writes_fail().await;
    load.reads_go_on().await;
    blocked.release().await;
    load.goes_on().await;
    end(load, server).await;
}

#[tokio::test]
async fn changes_of_one_object_that_wait_for_the_lock_are_told_together() {
    const AMEND: &str =
        "mutation($input: ContactAmendInput!) { contactAmend(input: $input) { userErrors { code } } }";
    let server = server_in(folder()).await;
    let registered = server.done(REGISTER, contact("ONE-1")).await;
    let blocked = Blocked::new(server.folder.path()).await;
    let amend = |number| {
        let input = json!({"contactId": registered["contact"]["id"], "title": format!("Nummer {number}")});
        server.request(AMEND, json!({"input": input}))
    };
    // Each depends on the one before it, so that no two of them fit in one batch.
    for answer in futures_util::future::join_all((0..12).map(amend)).await {
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer:#}");
    }
    blocked.release().await;
    server.stop();
}

#[tokio::test]
async fn a_locked_table_of_events_is_told_within_seconds() {
    let server = server_in(folder()).await;
    let mut load = Load::on(&server, None);
    load.goes_on().await;
    let mut holder = connect(server.folder.path()).await;
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query("LOCK TABLE ledger.events IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await
        .unwrap();
    load.writes_fail().await;
    load.readiness(503).await;
    transaction.rollback().await.unwrap();
    load.goes_on().await;
    end(load, server).await;
}

/// A small file system in memory; taken away when dropped.
struct Small(PathBuf);

impl Small {
    /// None where nobody may mount.
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let options = format!("size={megabytes}m,mode=0711");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes what is left.
    fn fill(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 1 << 12] {
            while std::io::Write::write_all(&mut file, &vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_writes_until_there_is_room() {
    let folder = folder();
    let Some(small) = Small::mount(&folder.path().join("data"), 160) else {
        eprintln!("SKIPPED: no file system can be mounted here, so no disk was filled.");
        return;
    };
    let server = server_in(folder).await;
    let mut load = Load::on(&server, None);
    load.goes_on().await;
    for _ in 0..2 {
        small.fill();
        load.writes_fail().await;
        small.free();
        load.goes_on().await;
    }
    load.end(&server).await;
    let folder = server.stop();
    assert_healthy(folder.path());
    drop(small);
}
