//! The server on a PostgreSQL that somebody else runs.

use std::process::{Command, Stdio};
use std::sync::Arc;

use lethe_local_postgres::{LocalPostgres, Settings};
use lethe_vault::RootFile;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use crate::observe::{eventually, folder};
use crate::requests::{REGISTER, contact};
use crate::server::{LETHE, Server, free_port, lethe};

const LIST: &str = "query($at: Position) { contacts(first: 100, minPosition: $at) { nodes { externalReference } } }";

/// A PostgreSQL with an empty database.
struct Elsewhere {
    postgres: LocalPostgres,
    _folder: TempDir,
}

impl Elsewhere {
    async fn start() -> Self {
        let folder = folder();
        let settings = Settings { offline: true, ..Settings::new(folder.path().join("elsewhere")) };
        let postgres = lethe_local_postgres::start(settings, Arc::new(|_: &str| {})).await.unwrap();
        let elsewhere = Self { postgres, _folder: folder };
        let mut connection = elsewhere.connect("postgres").await;
        sqlx::query("CREATE DATABASE crm").execute(&mut connection).await.unwrap();
        elsewhere
    }

    async fn connect(&self, database: &str) -> PgConnection {
        let at = self.postgres.connection();
        let options = PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).username(&at.user);
        options.database(database).connect().await.unwrap()
    }

    fn url(&self) -> String {
        let at = self.postgres.connection();
        format!("postgres://{}@localhost/crm?host={}&port={}", at.user, at.socket_dir.display(), at.port)
    }

    async fn server(&self, folder: TempDir) -> Server {
        Server::start_with(folder, |command| {
            command.env("DATABASE_URL", self.url());
        })
        .await
    }

    async fn count(&self, query: &str) -> i64 {
        let mut connection = self.connect("crm").await;
        let count = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }
}

/// A folder that has a root key already, as a second machine of one installation does.
fn folder_with_root(root: &[u8]) -> TempDir {
    let folder = folder();
    std::fs::create_dir_all(folder.path().join("data/vault")).unwrap();
    std::fs::write(RootFile::in_data_dir(&folder.path().join("data")).path(), root).unwrap();
    folder
}

fn new_root() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = RootFile::in_data_dir(folder.path());
    file.create().unwrap();
    std::fs::read(file.path()).unwrap()
}

/// Registers a unit as a system administrator does; answers its id.
async fn unit(server: &Server) -> String {
    let mutation = "mutation { unitRegister(input: { name: \"Prøvehus\", country: DK, kind: BUSINESS_HUB }) {
        unit { history(first: 1) { nodes { stream { id } } } } userErrors { code } } }";
    let answer = ask(server, None, mutation, json!({})).await;
    assert_eq!(answer["data"]["unitRegister"]["userErrors"], json!([]), "{answer:#}");
    let mut events = server_events(server);
    let registered = events.find(|event| event["type"] == "unit.registered").unwrap();
    registered["stream"].as_str().unwrap().split_once(':').unwrap().1.to_owned()
}

fn server_events(server: &Server) -> impl Iterator<Item = Value> {
    let mut command = Command::new(LETHE);
    let url = std::fs::read_to_string(format!("/proc/{}/environ", server.pid())).unwrap_or_default();
    let url = url.split('\0').find_map(|pair| pair.strip_prefix("DATABASE_URL=").map(str::to_owned)).unwrap();
    command.env_clear().env("DATABASE_URL", url).arg("--data-dir").arg(server.data_dir()).arg("replay");
    let output = command.output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>().into_iter()
}

async fn ask(server: &Server, unit: Option<&str>, query: &str, variables: Value) -> Value {
    let client = reqwest::Client::new();
    let mut request = client.post(server.url("/graphql")).json(&json!({"query": query, "variables": variables}));
    request = match unit {
        Some(unit) => request.header("x-lethe-unit", unit),
        None => request.header("x-lethe-role", "SYSTEM_ADMINISTRATOR"),
    };
    request.send().await.unwrap().json().await.unwrap()
}
