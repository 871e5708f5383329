//! How many commands a second the ledger takes, beside stock `cqrs-es` with `postgres-es` on the same PostgreSQL.
//!
//! Every command opens a new stream with one event that holds a name. Ours seals it under a new key, checks versions
//! and keys, and writes metadata and the command's answer; stock writes the event in clear. The two alternate, so
//! that a machine that slows down slows both. `cargo bench -p lethe-ledger --bench append -- [commands per round]`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

use std::sync::Arc;
use std::time::Instant;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{Aggregate, CqrsFramework, DomainEvent};
use lethe_kernel::{
    Caller, Clock, ContactId, ErrorCode, Personal, RequestId, Role, Rule, UnitId, UserId, personal_text,
};
use lethe_ledger::{Answer, Context, EventType, Failure, Ledger, Secrets, Stored, Unit, Versioned, Work};
use lethe_local_postgres::{Settings, start};
use lethe_vault::{RootFile, Vault};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

const ROUNDS: usize = 5;
const TASKS: [usize; 3] = [1, 8, 32];
const NAME: &str = "Åse Sjö-Bækgaard, Bagermester";

personal_text! {
    /// A name.
    Name = "bench.name",
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Rule for Never {
    fn code(&self) -> ErrorCode {
        ErrorCode::RuleViolated
    }
}

macro_rules! aggregate {
    ($aggregate:ident, $event:ident, $name:ty, $services:ty) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct $event {
            name: $name,
        }

        impl DomainEvent for $event {
            fn event_type(&self) -> String {
                "named".to_owned()
            }

            fn event_version(&self) -> String {
                "1".to_owned()
            }
        }

        #[derive(Default, Serialize, Deserialize)]
        struct $aggregate(Option<$name>);

        impl Aggregate for $aggregate {
            const TYPE: &'static str = "named";
            type Command = $name;
            type Event = $event;
            type Error = Never;
            type Services = $services;

            async fn handle(
                &mut self,
                name: $name,
                _: &$services,
                sink: &EventSink<Self>,
            ) -> Result<(), Never> {
                sink.write($event { name }, self).await;
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                self.0 = Some(event.name);
            }
        }
    };
}

aggregate!(Ours, OurEvent, Personal<Name>, Secrets);
aggregate!(Stock, StockEvent, String, ());

impl Versioned for OurEvent {
    const TYPES: &'static [EventType] = &[EventType { name: "named", version: "1", upcasters: &[] }];

    fn stored_type(&self) -> &'static str {
        "named"
    }
}

impl Stored for Ours {}

struct Open(Uuid);

impl Work for Open {
    async fn run(&self, unit: &mut Unit<'_>) -> Result<Answer, Failure> {
        let name = Personal::of(ContactId(self.0), Name(NAME.to_owned()));
        unit.handle::<Ours>(self.0, name).await?;
        Ok(Answer::of(self.0))
    }
}

type StockCqrs = CqrsFramework<Stock, PersistedEventStore<PostgresEventRepository, Stock>>;

struct Bench {
    ledger: Ledger,
    stock: Arc<StockCqrs>,
}

impl Bench {
    async fn ours(&self, id: Uuid) {
        let caller = Caller { user: UserId(id), unit: UnitId(id), role: Role::Consultant };
        let done = self.ledger.execute(&Context::new(caller, RequestId(id)), &Open(id)).await;
        assert_eq!(done.unwrap().object(), id);
    }

    async fn stock(&self, id: Uuid) {
        self.stock.execute(&id.to_string(), NAME.to_owned()).await.unwrap();
    }
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let commands = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(2_000);
    let folder = tempfile::tempdir().unwrap();
    let postgres = start(Settings::new(folder.path().join("data")), Arc::new(|_: &str| {})).await.unwrap();
    let connection = postgres.connection();
    let server =
        PgConnectOptions::new_without_pgpass().socket(&connection.socket_dir).username(&connection.user);
    let server = server.port(connection.port);
    let bench = Arc::new(Bench {
        ledger: ledger(&server, folder.path()).await,
        stock: Arc::new(CqrsFramework::new(
            PersistedEventStore::new_event_store(stock(&server).await),
            vec![],
            (),
        )),
    });
    println!("{commands} commands a round, median of {ROUNDS} rounds; commands/s\n");
    println!("| tasks | stock | ours | ours / stock |\n|---:|---:|---:|---:|");
    for tasks in TASKS {
        let (mut stock, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            stock.push(round(&bench, tasks, commands, false).await);
            ours.push(round(&bench, tasks, commands, true).await);
        }
        let (stock, ours) = (median(stock), median(ours));
        println!("| {tasks} | {stock:.0} | {ours:.0} | {:.2} |", ours / stock);
    }
    drop(bench);
    postgres.stop().await.unwrap();
}

async fn round(bench: &Arc<Bench>, tasks: usize, commands: usize, ours: bool) -> f64 {
    let ids = lethe_kernel::IdSource;
    let begun = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let bench = bench.clone();
            tokio::spawn(async move {
                for _ in 0..commands / tasks {
                    if ours {
                        bench.ours(ids.next()).await;
                    } else {
                        bench.stock(ids.next()).await;
                    }
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    f64::from(u32::try_from(commands / tasks * tasks).unwrap()) / begun.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn database(server: &PgConnectOptions, name: &str) -> PgPool {
    let outside = PgPoolOptions::new().connect_with(server.clone().database("postgres")).await.unwrap();
    sqlx::query(&format!("CREATE DATABASE {name}")).execute(&outside).await.unwrap();
    PgPoolOptions::new().max_connections(40).connect_with(server.clone().database(name)).await.unwrap()
}

async fn ledger(server: &PgConnectOptions, folder: &std::path::Path) -> Ledger {
    let pool = database(server, "ours").await;
    lethe_ledger::migrate(&pool).await.unwrap();
    let vault = Vault::open(pool.clone(), &RootFile::in_data_dir(folder)).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

async fn stock(server: &PgConnectOptions) -> PostgresEventRepository {
    let pool = database(server, "stock").await;
    sqlx::query(
        "CREATE TABLE events (aggregate_type text, aggregate_id text, sequence bigint, event_type text NOT NULL, \
         event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL, \
         PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&pool)
    .await
    .unwrap();
    PostgresEventRepository::new(pool)
}
