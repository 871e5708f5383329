//! How fast pages are read and notes are written over HTTP, beside PostGraphile over the same rows in plain text in the same
//! PostgreSQL.
//!
//! An installation is filled by `lethe fixture --load` and grows from size to size. The server is the release binary in a
//! process of its own, and so is what asks it: this one. Both contenders alternate, so that a machine that slows down slows
//! both; figures are medians of the rounds. `just bench-pages`, or with other sizes `just bench-pages 10000 1000000`,
//! and `just bench-pages trial 600` to see that it works;
//! results stand in benches/results.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark that cannot go on stops, and prints its table"
)]
#![allow(clippy::doc_markdown, reason = "PostgreSQL and PostGraphile are names, not code")]

mod driver;
mod ours;
mod peer;
mod process;
#[path = "../quiet.rs"]
mod quiet;
mod table;

use std::time::{Duration, Instant};

use driver::{Load, Measured, drive};
use ours::Ours;
use peer::Peer;
use process::Usage;
use table::{Line, Table};

const SIZES: [u64; 2] = [10_000, 100_000];
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);

/// What one contender gave in all rounds, and what it cost.
struct Outcome {
    rounds: Vec<Measured>,
    usage: Usage,
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds flags of its own.
    let asked: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    // To see that it works: once, over one connection.
    let trial = std::env::args().any(|argument| argument == "trial");
    let (connections, rounds) = if trial { (&CONNECTIONS[..1], 1) } else { (&CONNECTIONS[..], ROUNDS) };
    let begun = Instant::now();
    quiet::check().await;
    let folder = process::folder();
    let mut peer = peer::installed().await;
    if let Err(why) = &peer {
        println!("PostGraphile is left out: {why}\n");
    }
    let mut table = Table::new();
    for contacts in sizes {
        println!("{}", ours::fill(folder.path(), contacts));
        let ours = Ours::start(folder.path()).await;
        let other = match &mut peer {
            Ok(installed) => Some(Peer::start(installed, folder.path(), contacts).await),
            Err(_) => None,
        };
        table.title(contacts);
        for scenario in &ours.scenarios().await {
            let others = other.as_ref().and_then(|peer| peer.load(scenario.name));
            for &connections in connections {
                let (mut first, mut second) = (Outcome::new(), Outcome::new());
                for _ in 0..rounds {
                    first.round(&scenario.load, connections, ours.server()).await;
                    if let (Some(load), Some(peer)) = (&others, &other) {
                        second.round(load, connections, peer.server()).await;
                    }
                }
                table.add(&Line { name: scenario.name, connections, ours: &first, peer: &second });
            }
        }
        table.memory(contacts, ours.server().resident(), other.as_ref().map(|peer| peer.server().resident()));
        // PostGraphile first: the server of ours owns PostgreSQL.
        drop(other);
        drop(ours);
    }
    if trial {
        println!("A trial is kept nowhere.");
    } else {
        table.write(begun.elapsed());
    }
}

impl Outcome {
    fn new() -> Self {
        Self { rounds: Vec::new(), usage: Usage::default() }
    }

    async fn round(&mut self, load: &Load, connections: usize, server: &process::Server) {
        let before = server.usage();
        let measured = drive(load, connections, ROUND).await;
        self.usage.add(&server.usage().since(&before), measured.requests);
        self.rounds.push(measured);
    }
}
