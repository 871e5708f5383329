//! A PostgreSQL that somebody else runs, and what is asked of servers on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lethe_access::UnitKind;
use lethe_access::unit::{RegisterUnit, Registered};
use lethe_access::user::{Grant, GrantRole, RegisterUser};
use lethe_kernel::{Caller, Clock, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Answer, Context, Failure, Ledger, Work};
use lethe_local_postgres::{Connection, LocalPostgres, Settings};
use lethe_nordic::Country;
use lethe_vault::{Custody, Vault};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection};
use tempfile::TempDir;

use crate::door::user;
use crate::observe::{eventually, folder};
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

/// Registers a unit with its DPM and with somebody in every other role, under the ids that they have in the demo data;
/// waits until the servers know them, and answers the unit's own id.
pub(crate) async fn register_unit(servers: &[Server], elsewhere: &Elsewhere) -> String {
    let pool = lethe_ledger::connect(elsewhere.url().parse().unwrap(), 4).await.unwrap();
    let [_, (_, custodian)] = elsewhere.settings();
    let custody = Custody {
        custodians: vec![custodian.parse().unwrap()],
        ..Custody::in_data_dir(elsewhere.folder.path())
    };
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    let ledger = Ledger::start(pool.clone(), vault, Clock::system()).await.unwrap();
    let unit = UnitId(ledger.parts().ids.next());
    let execute = async |work: People| {
        let context = Context::new(Caller::system(unit), RequestId(ledger.parts().ids.next()));
        ledger.execute(&context, &work).await.unwrap();
    };
    execute(People(unit)).await;
    pool.close().await;
    for server in servers {
        eventually("the server knows who works here", async || {
            server.request("{ viewer { role } }", json!({})).await.get("errors").is_none()
        })
        .await;
    }
    unit.to_string()
}

/// A unit and those who work there.
struct People(UnitId);

impl Work for People {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self(id) = *self;
        let roles =
            ["DPM", "CONSULTANT", "UNIT_ADMINISTRATOR", "SYSTEM_ADMINISTRATOR", "AUDITOR", "INTEGRATION"];
        for name in roles {
            let user = UserId(user(name));
            let person = RegisterUser::person(user, name, "prove@example.org");
            RegisterUser { unit: Some(id), integration: name == "INTEGRATION", ..person }.run(unit).await?;
        }
        let registered = Registered {
            name: "Prøvehus".to_owned(),
            country: Country::Denmark,
            kind: UnitKind::BusinessHub,
        };
        let dpm = Some(UserId(user("DPM")));
        let answer = RegisterUnit { id: Some(id), unit: registered, dpm }.run(unit).await?;
        for name in &roles[1..] {
            let grant = Grant { unit: id, role: Role::claimed(name).unwrap() };
            GrantRole { user: UserId(user(name)), grant }.run(unit).await?;
        }
        Ok(answer)
    }
}

pub(crate) async fn ask(server: &Server, header: (&str, &str), query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let role = if header.0 == "x-lethe-role" { header.1 } else { "CONSULTANT" };
    let request = server.door().post(&reqwest::Client::new(), role).header(header.0, header.1).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

pub(crate) fn doctor(elsewhere: &Elsewhere, folder: &Path) -> String {
    let output = lethe(folder).arg("doctor").envs(elsewhere.settings()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn without_demo_data_the_page_and_the_import_say_what_they_need() {
    let elsewhere = Elsewhere::start().await;
    let server = elsewhere.server(folder()).await;
    let page = reqwest::get(server.url("/")).await.unwrap().text().await.unwrap();
    assert!(page.contains("This page has no token") && page.contains("lethe token --help"), "{page}");
    assert!(page.contains("\"authorization\":null"), "{page}");
    let file = server.folder.path().join("contacts.csv");
    std::fs::write(&file, "Fornavn\nBo\n").unwrap();
    let import = |unit: &[&str]| {
        let mut command = lethe(server.folder.path());
        command.args(["import", "contacts"]).arg(&file).args(unit).envs(elsewhere.settings());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = import(&[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("--unit") && said.contains("--user"), "{said}");
    assert_eq!(
        elsewhere.count("SELECT count(*) FROM ledger.events WHERE event_type LIKE 'contact%'").await,
        0
    );
    let unit = register_unit(std::slice::from_ref(&server), &elsewhere).await;
    let (code, said) = import(&["--unit", &unit]);
    assert_eq!(code, Some(0), "{said}");
    server.stop();
}
