//! Whatever is killed, at whatever moment: what was acknowledged is there once, and nothing is there by half.
//!
//! `LETHE_CRASH_ROUNDS` says how often something is killed, `LETHE_CRASH_SEED` repeats the choices of an earlier run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]
#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

mod chance;
mod check;
#[path = "../e2e/door.rs"]
#[allow(dead_code, reason = "this target needs less than the one that owns the file")]
mod door;
#[path = "../lifecycle/elsewhere.rs"]
#[expect(dead_code, reason = "this target asks less than the one that owns the file")]
mod elsewhere;
mod erasure;
#[path = "../e2e/graph.rs"]
#[expect(dead_code, reason = "this target asks less than the one that owns the file")]
mod graph;
#[path = "../lifecycle/observe.rs"]
#[expect(dead_code, reason = "this target looks at less than the one that owns the file")]
mod observe;
mod reveal;
#[path = "../e2e/server.rs"]
#[expect(dead_code, reason = "this target asks less than the one that owns the file")]
mod server;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::observe::{eventually, postmaster};
use crate::server::{Server, signal};
use crate::writer::{Settled, Shared, Writer};

const WRITERS: u32 = 8;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Server,
    /// Its backends die with it or are told to.
    Postmaster,
    Both,
    /// One process that serves one connection; PostgreSQL then ends all others and recovers.
    Backend,
}

/// Kills, and sees to it that a server runs again on the same folder.
async fn kill(server: Server, victim: Victim, chance: &mut Chance) -> Server {
    let folder = server.folder.path().to_owned();
    let before = postmaster(&folder);
    match victim {
        Victim::Backend => {
            let backends = observe::processes(&folder).len();
            let mut pids = check::backends(&folder).await;
            assert!(!pids.is_empty(), "{backends} processes, but no backend");
            let chosen = usize::try_from(chance.below(u64::try_from(pids.len()).unwrap())).unwrap();
            // It may have ended by itself since.
            drop(
                std::process::Command::new("kill")
                    .args(["-KILL", &pids.swap_remove(chosen).to_string()])
                    .status(),
            );
            return server;
        }
        Victim::Server => return Server::start_in(server.kill()).await,
        Victim::Postmaster | Victim::Both => signal(before.unwrap(), "-KILL"),
    }
    if matches!(victim, Victim::Both) {
        return Server::start_in(server.kill()).await;
    }
    eventually("another postmaster", async || postmaster(&folder).is_some_and(|pid| Some(pid) != before))
        .await;
    server
}

/// Waits for that many acknowledgements; a writer ends before it is told to only when it has found a fault.
async fn acknowledged(shared: &Shared, until: u64, writers: &mut JoinSet<Settled>) {
    eventually("writes are acknowledged", async || {
        if let Some(ended) = writers.try_join_next() {
            drop(ended.unwrap());
            panic!("a writer ended");
        }
        shared.acknowledged() >= until
    })
    .await;
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn rounds_and_seed() -> (u64, u64) {
    let rounds = number("LETHE_CRASH_ROUNDS").unwrap_or(5);
    let seed = number("LETHE_CRASH_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("LETHE_CRASH_ROUNDS={rounds} LETHE_CRASH_SEED={seed}");
    (rounds, seed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_whatever_is_killed() {
    let (rounds, seed) = rounds_and_seed();
    let mut chance = Chance::new(seed);

    let mut server = Server::start().await;
    let shared = Arc::new(Shared::prepare(&server).await);
    let calm = check::head(server.folder.path()).await;
    let (door, reached) = watch::channel(server.door());
    let enough = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let writer = Writer::new(number, chance.fork(), shared.clone(), reached.clone());
        writers.spawn(writer.run(enough.clone()));
    }
    for round in 0..rounds {
        let until = shared.acknowledged() + 10 + chance.below(100);
        acknowledged(&shared, until, &mut writers).await;
        // Not only right behind an acknowledgement.
        tokio::time::sleep(Duration::from_micros(chance.below(20_000))).await;
        let victims = [Victim::Server, Victim::Postmaster, Victim::Both, Victim::Backend];
        // Each in turn, then as it comes.
        let next = if round < 4 { round } else { chance.below(4) };
        let victim = victims[usize::try_from(next).unwrap()];
        eprintln!("round {round}: {victim:?} at {} acknowledgements", shared.acknowledged());
        server = kill(server, victim, &mut chance).await;
        door.send_replace(server.door());
    }
    let until = shared.acknowledged() + 20;
    acknowledged(&shared, until, &mut writers).await;
    enough.store(true, Ordering::Relaxed);
    let settled = Settled::of(writers.join_all().await);
    eprintln!("{} acknowledged, {} never", settled.done.len(), settled.abandoned.len());
    check::everything(server, settled, calm).await;
}
