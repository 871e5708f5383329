//! A running system, asked as the server asks it.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::futures_util::stream::BoxStream;
use lethe_access::Directory;
use lethe_access::unit::{RegisterUnit, Registered, UnitKind};
use lethe_access::user::RegisterUser;
use lethe_api::{App, Background, Graph, Request};
use lethe_kernel::{Caller, Clock, RequestId, Role, Session, UnitId, UserId};
use lethe_ledger::{Context, Ledger, Work};
use lethe_local_postgres::{LocalPostgres, Settings, start};
use lethe_nordic::Country;
use lethe_notary::{Notary, Places};
use lethe_vault::{Custody, Vault};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) graph: Graph,
    views: lethe_ledger::Views,
    postgres: LocalPostgres,
    _folder: TempDir,
}

/// A user who acts in a role of a unit, with a second factor.
pub(crate) fn session(role: Role, unit: UnitId) -> Session {
    let caller = Caller { user: UserId(Uuid::from_u128(2)), unit, role };
    Session { caller, device: None, second_factor: true }
}

impl World {
    pub(crate) async fn start() -> Self {
        // Root runs PostgreSQL as another user, who must be able to pass through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let mut settings = Settings::new(folder.path().join("data"));
        settings.offline = true;
        let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
        let at = postgres.connection();
        let options = PgConnectOptions::new().socket(&at.socket_dir).port(at.port).username(&at.user);
        let pool = lethe_ledger::connect(options.database("postgres"), 8).await.unwrap();
        lethe_ledger::migrate(&pool).await.unwrap();
        let custody = Custody::in_data_dir(postgres.data_dir()).with_buckets(16);
        let vault = Vault::open(pool.clone(), &custody).await.unwrap();
        let ledger = Ledger::start(pool, vault, Clock::system()).await.unwrap();
        let views = lethe_api::views().start(ledger.parts().clone()).await.unwrap();
        let app = App {
            ledger: ledger.clone(),
            views: views.clone(),
            directory: Directory::start(ledger.parts().clone()).await.unwrap(),
            notary: Notary::open(ledger.parts().clone(), Places::default()).await.unwrap(),
            longest: lethe_crm::expiry::Longest::default(),
            patience: Duration::from_secs(5),
            background: Background::default(),
        };
        let graph = Graph::new(app, 15, 100_000);
        Self { ledger, graph, views, postgres, _folder: folder }
    }

    /// A business hub of that number, with a DPM.
    pub(crate) async fn unit(&self, number: u128) -> UnitId {
        let unit = UnitId(Uuid::from_u128(number));
        let name = format!("Unit {number}");
        let registered = Registered { name, country: Country::Denmark, kind: UnitKind::BusinessHub };
        let dpm = UserId(Uuid::from_u128(1000 + number));
        self.act(Caller::system(unit), RegisterUser::person(dpm, "Dana", "dana@example.org")).await;
        let register = RegisterUnit { id: Some(unit), unit: registered, dpm: Some(dpm) };
        self.act(Caller::system(unit), register).await;
        unit
    }

    /// Executes a command that must not be refused; answers its object.
    pub(crate) async fn act(&self, caller: Caller, work: impl Work) -> Uuid {
        let context = Context::new(caller, RequestId(Uuid::from_u128(1)));
        self.ledger.execute(&context, &work).await.unwrap().objects.remove(0)
    }

    /// Waits until the views show everything.
    pub(crate) async fn settled(&self) {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(self.views.reached(&self.views.names(), head, Duration::from_mins(1)).await.unwrap());
    }

    /// What a session is answered.
    pub(crate) async fn ask(&self, session: Session, query: &str, variables: Value) -> Value {
        let variables = async_graphql::Variables::from_json(variables);
        let request = async_graphql::Request::new(query).variables(variables);
        let request = request.data(Request::new(session, RequestId(Uuid::from_u128(3))));
        serde_json::to_value(self.graph.execute(request).await).unwrap()
    }

    /// What a session is told by a subscription.
    pub(crate) fn follow(
        &self,
        session: Session,
        query: &str,
    ) -> BoxStream<'static, async_graphql::Response> {
        let request = async_graphql::Request::new(query);
        let request = request.data(Request::new(session, RequestId(Uuid::from_u128(3))));
        self.graph.execute_stream(request)
    }

    /// What a session is answered, which must not be an error.
    pub(crate) async fn data(&self, session: Session, query: &str) -> Value {
        let mut answer = self.ask(session, query, json!({})).await;
        assert_eq!(answer.get("errors"), None, "{query}: {answer:#}");
        answer["data"].take()
    }

    pub(crate) async fn stop(self) {
        self.postgres.stop().await.unwrap();
    }
}
