//! How many commands a second the ledger takes, beside stock `cqrs-es` with `postgres-es` on the same PostgreSQL.
//!
//! Lethe seals the value, checks versions, keys and the idempotency key, writes metadata and the command's answer, and
//! the time runs until the view shows everything. Stock writes the event in clear, once without and once with a view.
//! All of them alternate, so that a machine that slows down slows all. Tables are new and never analysed.
//! `cargo bench -p lethe-ledger --bench append -- [commands per round [tasks …]]`; results stand in benches/results.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]

mod bank;
mod contender;
#[path = "../quiet.rs"]
mod quiet;

use std::sync::Arc;
use std::time::{Duration, Instant};

use contender::{Contenders, Who};
use lethe_local_postgres::{Settings, start};
use sqlx::Executor;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

const ROUNDS: usize = 5;
const TASKS: [usize; 5] = [1, 2, 8, 32, 128];
const STREAMS: usize = 4_000;
const LONG: usize = 50;

/// What one round measured.
struct Round {
    rate: f64,
    latencies: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let commands = numbers.next().unwrap_or(4_000);
    let asked: Vec<usize> = numbers.collect();
    let tasks = if asked.is_empty() { TASKS.to_vec() } else { asked };
    quiet::check().await;
    let folder = tempfile::tempdir().unwrap();
    let postgres = start(Settings::new(folder.path().join("data")), Arc::new(|_: &str| {})).await.unwrap();
    let at = postgres.connection();
    let server =
        PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).username(&at.user).port(at.port);
    println!("{commands} commands a round, median of {ROUNDS} rounds; commands/s, latencies in ms\n");

    for (title, long) in [("Fresh streams", false), ("Streams of 50 events", true)] {
        let bench =
            Arc::new(Contenders::start(&server, folder.path(), if long { "long" } else { "fresh" }).await);
        println!("{title}\n");
        compare(&bench, commands, &tasks, long).await;
        bench.close().await;
    }
    println!("Fresh streams at 32 tasks while a snapshot is held open\n");
    let bench = Arc::new(Contenders::start(&server, folder.path(), "held").await);
    held(&bench, commands).await;
    drop(bench);
    postgres.stop().await.unwrap();
}

async fn compare(bench: &Arc<Contenders>, commands: usize, tasks: &[usize], long: bool) {
    let all = [Who::Stock, Who::StockView, Who::Lethe, Who::LetheClear];
    let mut streams = Vec::new();
    for who in all {
        let ids: Vec<Uuid> = (0..STREAMS).map(|_| lethe_kernel::IdSource.next()).collect();
        if long {
            bench.lengthen(who, &ids, LONG).await;
        }
        streams.push(Arc::new(if long { ids } else { Vec::new() }));
    }
    bench.caught_up().await;
    println!(
        "| tasks | stock | p50 | p99 | stock with a view | Lethe | p50 | p99 | Lethe / stock | Lethe / stock with a \
         view | sealing costs |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for tasks in tasks.iter().copied() {
        let mut rounds: [Vec<Round>; 4] = Default::default();
        for _ in 0..ROUNDS {
            for (place, who) in all.into_iter().enumerate() {
                rounds[place].push(round(bench, who, tasks, commands, &streams[place]).await);
            }
        }
        let [stock, viewed, ours, clear] = rounds.map(summary);
        println!(
            "| {tasks} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} % |",
            stock.0,
            stock.1,
            stock.2,
            viewed.0,
            ours.0,
            ours.1,
            ours.2,
            ours.0 / stock.0,
            ours.0 / viewed.0,
            (1.0 - ours.0 / clear.0) * 100.0
        );
    }
    println!();
}

/// Rounds one after another while another session holds a snapshot, as `pg_dump` does: nothing that was replaced can be
/// cleaned away.
async fn held(bench: &Arc<Contenders>, commands: usize) {
    let mut holder = bench.pools[0].acquire().await.unwrap();
    holder
        .execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ledger.events")
        .await
        .unwrap();
    let mut rates = Vec::new();
    for _ in 0..4 * ROUNDS {
        rates.push(round(bench, Who::Lethe, 32, commands, &Arc::default()).await.rate);
    }
    holder.execute("ROLLBACK").await.unwrap();
    let median = |rates: &[f64]| {
        let mut rates = rates.to_vec();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (first, last) = (median(&rates[..ROUNDS]), median(&rates[3 * ROUNDS..]));
    println!("| first {ROUNDS} rounds | last {ROUNDS} of {} | last / first |\n|---:|---:|---:|", 4 * ROUNDS);
    println!("| {first:.0} | {last:.0} | {:.2} |\n", last / first);
}

async fn round(
    bench: &Arc<Contenders>,
    who: Who,
    tasks: usize,
    commands: usize,
    streams: &Arc<Vec<Uuid>>,
) -> Round {
    let begun = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (bench, streams) = (bench.clone(), streams.clone());
            tokio::spawn(async move {
                // Each task has streams of its own: conflicts are not what is measured.
                let mut own = streams.iter().skip(task).step_by(tasks).copied().cycle();
                let mut latencies = Vec::new();
                for _ in 0..commands / tasks {
                    let begun = Instant::now();
                    bench.command(who, own.next()).await;
                    latencies.push(begun.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in running {
        latencies.extend(task.await.unwrap());
    }
    if matches!(who, Who::Lethe | Who::LetheClear) {
        bench.caught_up().await;
    }
    let rate = f64::from(u32::try_from(latencies.len()).unwrap()) / begun.elapsed().as_secs_f64();
    Round { rate, latencies }
}

/// The median rate, and the 50th and 99th percentile of all latencies, in ms.
fn summary(rounds: Vec<Round>) -> (f64, f64, f64) {
    let mut rates: Vec<f64> = rounds.iter().map(|round| round.rate).collect();
    rates.sort_by(f64::total_cmp);
    let mut latencies: Vec<Duration> = rounds.into_iter().flat_map(|round| round.latencies).collect();
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    (rates[rates.len() / 2], at(50), at(99))
}
