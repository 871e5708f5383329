//! A PostgreSQL that somebody else runs, and what is asked of servers on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lethe_local_postgres::{Connection, LocalPostgres, Settings};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::observe::folder;
use crate::server::{Server, lethe};

/// A PostgreSQL with an empty database.
pub(crate) struct Elsewhere {
    postgres: Option<LocalPostgres>,
    folder: TempDir,
}

impl Elsewhere {
    pub(crate) async fn start() -> Self {
        let folder = folder();
        let mut elsewhere = Self { postgres: None, folder };
        elsewhere.start_again().await;
        let mut connection = elsewhere.connect("postgres").await;
        sqlx::query("CREATE DATABASE crm").execute(&mut connection).await.unwrap();
        elsewhere
    }

    pub(crate) async fn start_again(&mut self) {
        let settings = Settings { offline: true, ..Settings::new(self.folder.path().join("elsewhere")) };
        let started = lethe_local_postgres::start(settings, Arc::new(|_: &str| {})).await;
        self.postgres = Some(started.unwrap());
    }

    pub(crate) async fn stop(&mut self) {
        self.postgres.take().unwrap().stop().await.unwrap();
    }

    /// Where PostgreSQL keeps its files.
    pub(crate) fn postgres_folder(&self) -> PathBuf {
        self.folder.path().join("elsewhere").join("postgres")
    }

    fn at(&self) -> &Connection {
        self.postgres.as_ref().unwrap().connection()
    }

    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        let at = self.at();
        let options = PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).username(&at.user);
        options.database(database).connect().await.unwrap()
    }

    pub(crate) fn url(&self) -> String {
        let at = self.at();
        format!("postgres://{}@localhost/crm?host={}&port={}", at.user, at.socket_dir.display(), at.port)
    }

    /// The settings of a server on it: the database, and one root key for all of them.
    pub(crate) fn settings(&self) -> [(&'static str, String); 2] {
        [("DATABASE_URL", self.url()), ("LETHE_CUSTODIANS", format!("file:{}", self.root_file().display()))]
    }

    /// The file that keeps the root.
    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.path().join("root").join("root.key")
    }

    pub(crate) async fn server(&self, folder: TempDir) -> Server {
        Server::start_with(folder, |command| {
            command.envs(self.settings());
        })
        .await
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        let mut connection = self.connect("crm").await;
        let count = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }
}

/// Registers a unit as a system administrator does; answers its own id.
pub(crate) async fn register_unit(server: &Server, elsewhere: &Elsewhere) -> String {
    let mutation = "mutation { unitRegister(input: { name: \"Prøvehus\", country: DK, kind: BUSINESS_HUB }) {
        userErrors { code } } }";
    let answer = ask(server, ("x-lethe-role", "SYSTEM_ADMINISTRATOR"), mutation, json!({})).await;
    assert_eq!(answer["data"]["unitRegister"]["userErrors"], json!([]), "{answer:#}");
    let mut connection = elsewhere.connect("crm").await;
    let query = "SELECT aggregate_id FROM ledger.events WHERE event_type = 'unit.registered'";
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

pub(crate) async fn ask(server: &Server, header: (&str, &str), query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let request = reqwest::Client::new().post(server.url("/graphql")).header(header.0, header.1).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

pub(crate) fn doctor(elsewhere: &Elsewhere, folder: &Path) -> String {
    let output = lethe(folder).arg("doctor").envs(elsewhere.settings()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
