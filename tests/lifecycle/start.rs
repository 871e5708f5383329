use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::observe::{assert_healthy, assert_stopped, event_counts, eventually, folder};
use crate::requests::{contacts, head};
use crate::server::{Server, free_port, lethe};

/// What the demo data consists of, as events. Two of the sixty rows of contacts are refused for their phone numbers.
const DEMO: [(&str, usize); 4] = [
    ("unit.registered", 4),
    ("company.registered", 20),
    ("contact.registered", CONTACTS),
    ("note.written", 30),
];
const CONTACTS: usize = 58;

fn assert_demo_data_is_there_once(folder: &Path) {
    let counts = event_counts(folder);
    for (event, expected) in DEMO {
        assert_eq!(counts.get(event), Some(&expected), "{event}: {counts:?}");
    }
    assert!(!folder.join("data/demo.loading").exists());
}

#[tokio::test]
async fn the_first_start_creates_everything_and_the_second_loads_nothing_twice() {
    let mut server = Server::start().await;
    // Who sees every unit's.
    server.as_role("AUDITOR");
    assert!(server.log().contains("Loading the demo data."), "{}", server.log());
    assert_eq!(contacts(&server, None).await.len(), CONTACTS);
    for path in ["VERSION", "vault/root.key", "postgres/PG_VERSION", "postgres.log"] {
        assert!(server.data_dir().join(path).exists(), "{path}");
    }
    let root = std::fs::read(server.data_dir().join("vault/root.key")).unwrap();
    let folder = server.stop();
    assert_demo_data_is_there_once(folder.path());
    let events = event_counts(folder.path());

    std::fs::remove_file(folder.path().join("server.log")).unwrap();
    let mut server = Server::start_in(folder).await;
    server.as_role("AUDITOR");
    assert!(!server.log().contains("Loading the demo data."), "{}", server.log());
    assert!(!server.log().contains("Creating the database"), "{}", server.log());
    assert_eq!(std::fs::read(server.data_dir().join("vault/root.key")).unwrap(), root);
    assert_eq!(contacts(&server, None).await.len(), CONTACTS);
    let folder = server.stop();
    assert_eq!(event_counts(folder.path()), events);
}

/// How many events the ledger of a running server holds; none as long as there is no ledger.
async fn events(folder: &Path) -> i64 {
    let options = PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
    let Ok(mut connection) = options.database("postgres").disable_statement_logging().connect().await else {
        return 0;
    };
    let events = sqlx::query_scalar("SELECT count(*) FROM ledger.events").fetch_one(&mut connection).await;
    drop(connection.close().await);
    events.unwrap_or(0)
}

#[tokio::test]
async fn a_demo_load_that_was_killed_goes_on_and_doubles_nothing() {
    let folder = folder();
    // In the middle of the people, of the companies, of the contacts, and of the notes.
    for killed_at in [10, 64, 134, 244] {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = lethe(folder.path());
        command.args(["serve", "--listen", &address]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "Loading the demo data."));
        eventually("the load is in the middle", async || events(folder.path()).await >= killed_at).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(folder.path().join("data/demo.loading").exists(), "the load was over at {killed_at} events");
    }
    let mut server = Server::start_in(folder).await;
    server.as_role("AUDITOR");
    assert_eq!(contacts(&server, None).await.len(), CONTACTS);
    let query = "query($at: Position) { notes(first: 100, minPosition: $at) { nodes { id } } }";
    let notes = server.data(query, json!({"at": head(&server).await})).await;
    assert_eq!(notes["notes"]["nodes"].as_array().unwrap().len(), 30);
    let folder = server.stop();
    assert_demo_data_is_there_once(folder.path());
    assert_healthy(folder.path());
    assert_stopped(folder.path());
}
