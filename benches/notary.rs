//! What the notary costs: for an append, to catch up with a ledger, to compare all of it, and for a proof in a log of ten
//! million events.
//!
//! `cargo bench -p lethe-notary --bench notary -- [leaves]` (10000000 unless named). Appends go one after another, each a
//! transaction of its own. The large tree is stored as the notary stores it; its leaves are invented.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

#[path = "quiet.rs"]
mod quiet;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lethe_kernel::Clock;
use lethe_ledger::Ledger;
use lethe_local_postgres::{Settings, start};
use lethe_notary::{Notary, Places};
use lethe_tlog::tree::root_of;
use lethe_tlog::{Hash, sha256};
use lethe_vault::{Custody, Vault};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

const APPENDS: usize = 2000;
const ROUNDS: usize = 3;
const EVENTS: i64 = 300_000;
const PROOFS: u64 = 2000;
const PATIENCE: Duration = Duration::from_mins(10);

/// One event, as everybody appends it.
const APPEND: &str = "SELECT (ledger.append(now(), \
    ARRAY[ROW(gen_random_uuid(), 'applied', '{}', NULL, NULL, NULL, 1)]::ledger.new_unit[], '{}', '{}', '{}', '{}', '{}', \
    ARRAY[ROW(1, 0, 'bench', gen_random_uuid(), 1, 'bench.happened', '1', $1, $2, gen_random_uuid())]::ledger.new_event[] \
    )).lasts[1]";
/// Many, past the function.
const FILL: &str = "INSERT INTO ledger.events SELECT 'bench', gen_random_uuid()::text, 1, 'bench.happened', '1', $1::json, \
    $2::json, n + (SELECT coalesce(max(position), 0) FROM ledger.events), gen_random_uuid(), now() \
    FROM generate_series(1, $3::bigint) n";
const METADATA: &str = r#"{"user":"0198a6b2-5c1e-7000-8000-000000000001","unit":"0198a6b2-5c1e-7000-8000-000000000002","role":"CONSULTANT","command":"0198a6b2-5c1e-7000-8000-000000000003","request":"0198a6b2-5c1e-7000-8000-000000000004","correlation":"0198a6b2-5c1e-7000-8000-000000000004","occurred":"2026-03-02T10:15:30.120001Z"}"#;

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let leaves = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000_u64);
    quiet::check().await;
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    let folder = tempfile::Builder::new().permissions(open).tempdir().unwrap();
    let postgres = start(Settings::new(folder.path().join("data")), Arc::new(|_: &str| {})).await.unwrap();
    let at = postgres.connection();
    let options =
        PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).port(at.port).username(&at.user);
    let pool = lethe_ledger::connect(options.database("postgres"), 8).await.unwrap();
    lethe_ledger::migrate(&pool).await.unwrap();
    let custody = Custody::in_data_dir(postgres.data_dir()).with_buckets(16);
    let vault = Vault::open(pool.clone(), &custody).await.unwrap();
    let ledger = Ledger::start(pool.clone(), vault, Clock::system()).await.unwrap();
    let places = Places::new([folder.path().to_owned()]);
    let notary = Notary::open(ledger.parts().clone(), places).await.unwrap();
    appends(&pool, &notary).await;
    all(&pool, &notary).await;
    proofs(&pool, &notary, leaves).await;
    pool.close().await;
    postgres.stop().await.unwrap();
}

/// What one append takes without a notary and with one.
async fn appends(pool: &PgPool, notary: &Notary) {
    let mut medians = Vec::new();
    for signing in [false, true] {
        let running = signing.then(|| tokio::spawn(notary.clone().run(Vec::new())));
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            for _ in 0..APPENDS {
                sqlx::query(APPEND).bind("{\"Happened\":{}}").bind(METADATA).execute(pool).await.unwrap();
            }
            rounds.push(begun.elapsed().as_secs_f64() * 1e6 / APPENDS as f64);
        }
        rounds.sort_by(f64::total_cmp);
        medians.push(rounds[ROUNDS / 2]);
        if let Some(running) = running {
            running.abort();
        }
    }
    println!("| one append, one after another | µs |\n|---|---:|");
    println!("| without a running notary | {:.0} |", medians[0]);
    println!("| with a running notary | {:.0} |\n", medians[1]);
}

/// How fast it catches up, and compares everything.
async fn all(pool: &PgPool, notary: &Notary) {
    let payload = format!("{{\"Happened\":{{\"text\":\"{}\"}}}}", "x".repeat(300));
    sqlx::query(FILL).bind(payload).bind(METADATA).bind(EVENTS).execute(pool).await.unwrap();
    let end: i64 =
        sqlx::query_scalar("SELECT max(position) FROM ledger.events").fetch_one(pool).await.unwrap();
    let rate = |begun: Instant, events: i64| events as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    notary.catch_up(end, PATIENCE).await.unwrap();
    println!("| of all events | events/s |\n|---|---:|");
    println!("| signed while it catches up, a checkpoint every 10,000 | {:.0} |", rate(begun, EVENTS));
    let begun = Instant::now();
    assert_eq!(notary.check(&|_, _| {}).await.unwrap().fault, None);
    println!("| compared with what was signed | {:.0} |\n", rate(begun, end));
}

/// What a proof takes in a large tree.
async fn proofs(pool: &PgPool, notary: &Notary, leaves: u64) {
    sqlx::query("TRUNCATE notary.tiles").execute(pool).await.unwrap();
    let mut hashes: Vec<Hash> = (0..leaves).map(|leaf| sha256(&leaf.to_be_bytes())).collect();
    let mut level = 0_i16;
    while !hashes.is_empty() {
        for (batch, tiles) in (0_i64..).zip(hashes.chunks(256 * 500)) {
            let numbers: Vec<i64> =
                (0_i64..).map(|tile| batch * 500 + tile).take(tiles.chunks(256).len()).collect();
            let bytes: Vec<Vec<u8>> =
                tiles.chunks(256).map(|tile| tile.iter().flat_map(|hash| hash.0).collect()).collect();
            sqlx::query("INSERT INTO notary.tiles SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])")
                .bind(level)
                .bind(numbers)
                .bind(bytes)
                .execute(pool)
                .await
                .unwrap();
        }
        hashes = hashes.chunks_exact(256).map(root_of).collect();
        level += 1;
    }
    let size = i64::try_from(leaves).unwrap();
    sqlx::query("UPDATE notary.head SET size = $1").bind(size).execute(pool).await.unwrap();
    println!("| in a log of {leaves} | median, ms | 99th percentile, ms |\n|---|---:|---:|");
    let mut times = [Vec::new(), Vec::new()];
    for proof in 0..PROOFS {
        // Spread over the whole log.
        let position = proof.wrapping_mul(0x9e37_79b9_7f4a_7c15) % leaves + 1;
        let begun = Instant::now();
        notary.inclusion(i64::try_from(position).unwrap(), leaves).await.unwrap();
        times[0].push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        notary.consistency(position, leaves).await.unwrap();
        times[1].push(begun.elapsed().as_secs_f64() * 1e3);
    }
    for (name, mut times) in ["inclusion proof", "consistency proof"].into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("| {name} | {:.2} | {:.2} |", times[times.len() / 2], times[times.len() * 99 / 100]);
    }
}
