//! Who is measured: Lethe's ledger and stock `cqrs-es` with `postgres-es`, each in a database of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::CqrsFramework;
use cqrs_es::persist::{GenericQuery, PersistedEventStore};
use lethe_kernel::{Caller, Clock, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Idempotency, Ledger, Views, ViewsBuilder};
use lethe_vault::{Custody, Vault};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use crate::bank::{NAME, NamedView, Rename, Stock, StockView};

type StockCqrs = CqrsFramework<Stock, PersistedEventStore<PostgresEventRepository, Stock>>;

/// Who takes the commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Stock code without a view.
    Stock,
    /// Stock code with one view.
    StockView,
    /// Lethe: sealed values, idempotency keys, metadata, one view.
    Lethe,
    /// The same without sealing.
    LetheClear,
}

pub struct Contenders {
    ledger: Ledger,
    views: Views,
    stock: Arc<StockCqrs>,
    stock_view: Arc<StockCqrs>,
    pub pools: [PgPool; 2],
}

impl Contenders {
    pub async fn start(server: &PgConnectOptions, folder: &Path, name: &str) -> Self {
        let (ours, theirs) = (format!("ours_{name}"), format!("stock_{name}"));
        let pool = database(server, &ours).await;
        lethe_ledger::migrate(&pool).await.unwrap();
        let vault = Vault::open(pool.clone(), &Custody::in_data_dir(&folder.join(name))).await.unwrap();
        let ledger = Ledger::start(pool.clone(), vault, Clock::system()).await.unwrap();
        let views = ViewsBuilder::default().with::<NamedView>().start(ledger.parts().clone()).await.unwrap();
        let stock = database(server, &theirs).await;
        for table in ["events", "viewed"] {
            let sql = format!(
                "CREATE TABLE {table} (aggregate_type text, aggregate_id text, sequence bigint, event_type text \
                 NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL, \
                 PRIMARY KEY (aggregate_type, aggregate_id, sequence))"
            );
            stock.execute(sql.as_str()).await.unwrap();
        }
        stock
            .execute("CREATE TABLE named (view_id text PRIMARY KEY, version bigint NOT NULL, payload json NOT NULL)")
            .await
            .unwrap();
        let events = PersistedEventStore::new_event_store(PostgresEventRepository::new(stock.clone()));
        let viewed = PostgresEventRepository::new(stock.clone()).with_tables("viewed", "none");
        let view = PostgresViewRepository::<StockView, Stock>::new("named", stock.clone());
        Self {
            ledger,
            views,
            stock: Arc::new(CqrsFramework::new(events, vec![], ())),
            stock_view: Arc::new(CqrsFramework::new(
                PersistedEventStore::new_event_store(viewed),
                vec![Box::new(GenericQuery::new(Arc::new(view)))],
                (),
            )),
            pools: [pool, stock],
        }
    }

    /// Gives one command; without an id, to a new stream.
    pub async fn command(&self, who: Who, id: Option<Uuid>) {
        match who {
            Who::Lethe | Who::LetheClear => self.rename(id, 1, who == Who::Lethe).await,
            Who::Stock | Who::StockView => {
                let cqrs = if who == Who::Stock { &self.stock } else { &self.stock_view };
                let id = id.unwrap_or_else(|| lethe_kernel::IdSource.next());
                cqrs.execute(&id.to_string(), NAME.to_owned()).await.unwrap();
            }
        }
    }

    async fn rename(&self, id: Option<Uuid>, times: usize, sealed: bool) {
        let caller = Caller {
            user: UserId(Uuid::from_u128(1)),
            unit: UnitId(Uuid::from_u128(2)),
            role: Role::Consultant,
        };
        let mut context = Context::new(caller, RequestId(lethe_kernel::IdSource.next()));
        context.idempotency = Some(Idempotency {
            key: lethe_kernel::IdSource.next(),
            mutation: "rename",
            input: NAME.as_bytes().to_vec(),
        });
        self.ledger.execute(&context, &Rename { id, times, sealed }).await.unwrap();
    }

    /// Gives every stream some events.
    pub async fn lengthen(&self, who: Who, streams: &[Uuid], events: usize) {
        match who {
            Who::Lethe | Who::LetheClear => {
                for id in streams {
                    self.rename(Some(*id), events, who == Who::Lethe).await;
                }
            }
            Who::Stock | Who::StockView => {
                let table = if who == Who::Stock { "events" } else { "viewed" };
                let sql = format!(
                    "INSERT INTO {table} SELECT 'stock', id, n, 'named', '1', json_build_object('name', $3), '{{}}' \
                     FROM unnest($1) id, generate_series(1, $2) n"
                );
                let ids: Vec<String> = streams.iter().map(Uuid::to_string).collect();
                sqlx::query(&sql)
                    .bind(ids)
                    .bind(i64::try_from(events).unwrap())
                    .bind(NAME)
                    .execute(&self.pools[1])
                    .await
                    .unwrap();
            }
        }
    }

    /// Gives the connections back.
    pub async fn close(&self) {
        for pool in &self.pools {
            pool.close().await;
        }
    }

    /// Waits until the view shows everything.
    pub async fn caught_up(&self) {
        let head = self.ledger.parts().head().await.unwrap();
        assert!(self.views.reached(&["named"], head, Duration::from_mins(5)).await.unwrap());
    }
}

async fn database(server: &PgConnectOptions, name: &str) -> PgPool {
    let outside = PgPoolOptions::new().connect_with(server.clone().database("postgres")).await.unwrap();
    outside.execute(format!("CREATE DATABASE {name}").as_str()).await.unwrap();
    let options = server.clone().database(name);
    if name.starts_with("ours") {
        return lethe_ledger::connect(options, 40).await.unwrap();
    }
    PgPoolOptions::new().max_connections(40).connect_with(options).await.unwrap()
}
