//! How many events a second a rebuild of the contact view folds, beside following the ledger.
//!
//! Both start from an empty view; the events of one contact lie far apart. Sealed values are constant, since a fold
//! opens none. `cargo bench -p lethe-crm --bench rebuild -- [events]`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

#[path = "quiet.rs"]
mod quiet;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lethe_crm::contact::ContactView;
use lethe_kernel::Clock;
use lethe_ledger::{Ledger, ViewsBuilder};
use lethe_local_postgres::{Settings, start};
use lethe_vault::{Custody, Vault};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor, PgPool};

/// How much of the ledger is followed for comparison.
const FOLLOWED: i64 = 20;
const PATIENCE: Duration = Duration::from_hours(1);
/// Four events per contact: registered, linked with a company, named by a note, amended.
const EVENTS: &str = r#"
INSERT INTO ledger.events
SELECT 'contact', '0198a6b2-5c1e-7000-8000-' || lpad(to_hex(c * 7919 % 2147483647), 12, '0'), s,
    (ARRAY['contact.registered', 'contact.company_linked', 'contact.bound', 'contact.amended'])[s], '1',
    (CASE s
        WHEN 1 THEN format('{"Registered":{"unit":%1$s,"details":{"first_name":%2$s,"last_name":%2$s,"email":%2$s,"mobile":%2$s}}}', unit, sealed)
        WHEN 2 THEN format('{"CompanyLinked":{"company":"0198a6b2-5c1e-7000-8000-%s","proprietor":false}}', lpad(to_hex(c % 5000), 12, '0'))
        WHEN 3 THEN format('{"Bound":{"kind":"NOTE","id":"0198a6b2-5c1f-7000-8000-%s","unit":%s,"personal":true,"created":"2026-01-01","expires":"2031-01-01","source":"CHOSEN"}}', lpad(to_hex(c), 12, '0'), unit)
        ELSE format('{"Amended":{"details":{"title":%s}}}', sealed)
    END)::json,
    format('{"user":%1$s,"unit":%1$s,"role":"CONSULTANT","command":%1$s,"request":%1$s,"correlation":%1$s,"occurred":"2026-01-01T00:00:00Z"}', unit)::json,
    p, gen_random_uuid(), '2026-01-01T00:00:00Z'::timestamptz + p * interval '1 millisecond'
FROM generate_series(1, $1) AS p,
    LATERAL (SELECT (p - 1) % ($1 / 4) AS c, (p - 1) / ($1 / 4) + 1 AS s) AS place,
    (VALUES ('"00000000-0000-0000-0000-000000000007"',
        '"c1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw"')) AS f (unit, sealed)
ORDER BY p"#;

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let events: i64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    quiet::check().await;
    let folder = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let postgres = start(Settings::new(folder.path().join("data")), Arc::new(|_: &str| {})).await.unwrap();
    let at = postgres.connection();
    let server =
        PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).port(at.port).username(&at.user);

    let part = events / FOLLOWED;
    let followed = follow(&ledger(&server, folder.path(), "followed").await, part).await;
    let full = ledger(&server, folder.path(), "rebuilt").await;
    fill(&full.parts().pool, events).await;
    let rebuilt = rebuild(&full, events).await;
    println!("| | events | events/s |\n|---|---:|---:|");
    println!("| following | {part} | {followed:.0} |");
    println!("| rebuild | {events} | {rebuilt:.0} |");
    println!("| rebuild / following | | {:.1} |", rebuilt / followed);
    postgres.stop().await.unwrap();
}

/// A ledger in a database of its own.
async fn ledger(server: &PgConnectOptions, folder: &std::path::Path, name: &str) -> Ledger {
    let outside = sqlx::PgPool::connect_with(server.clone().database("postgres")).await.unwrap();
    outside.execute(format!("CREATE DATABASE {name}").as_str()).await.unwrap();
    let pool = lethe_ledger::connect(server.clone().database(name), 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let root = folder.join(name);
    std::fs::create_dir(&root).unwrap();
    let vault = Vault::open(pool.clone(), &Custody::in_data_dir(&root)).await.unwrap();
    Ledger::start(pool, vault, Clock::system()).await.unwrap()
}

async fn fill(pool: &PgPool, events: i64) {
    sqlx::query(EVENTS).bind(events).execute(pool).await.unwrap();
    pool.execute("VACUUM ANALYZE ledger.events").await.unwrap();
}

fn views() -> ViewsBuilder {
    ViewsBuilder::default().with::<ContactView>()
}

/// The view begins on an empty ledger, since one that finds a long ledger is rebuilt.
async fn follow(ledger: &Ledger, events: i64) -> f64 {
    let views = views().start(ledger.parts().clone()).await.unwrap();
    assert!(views.reached(&["contact"], 0, PATIENCE).await.unwrap());
    fill(&ledger.parts().pool, events).await;
    let begun = Instant::now();
    assert!(views.reached(&["contact"], events, PATIENCE).await.unwrap());
    events as f64 / begun.elapsed().as_secs_f64()
}

async fn rebuild(ledger: &Ledger, events: i64) -> f64 {
    let begun = Instant::now();
    let views = views().start(ledger.parts().clone()).await.unwrap();
    assert!(views.reached(&["contact"], events, PATIENCE).await.unwrap());
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM view.contact")
        .fetch_one(&ledger.parts().pool)
        .await
        .unwrap();
    assert_eq!(rows, events / 4);
    rate
}
