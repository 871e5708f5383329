//! Two servers on one database, and a root that rotates all the time: whatever is killed, an erasure is whole or not
//! there at all, and nobody else loses anything.

mod client;
mod known;
mod legal;
mod rotator;
mod scene;
mod shown;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::chance::Chance;
use client::Client;
use rotator::Rotator;
use scene::Scene;

const CLIENTS: u32 = 6;

/// What is killed; processes that rotate are killed besides, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Victim {
    Server,
    Postmaster,
    BothServers,
    /// Servers, PostgreSQL, and the process that rotates.
    Everything,
    /// None but those that rotate.
    Rotation,
}

const VICTIMS: [Victim; 5] =
    [Victim::Server, Victim::Postmaster, Victim::BothServers, Victim::Everything, Victim::Rotation];

async fn millis(least: u64, more: u64, chance: &mut Chance) {
    tokio::time::sleep(Duration::from_micros(least * 1000 + chance.below(more * 1000))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_is_whole_or_not_there_whatever_is_killed_while_roots_rotate() {
    let (rounds, seed) = crate::rounds_and_seed();
    let mut chance = Chance::new(seed);
    let mut scene = Scene::start().await;
    let mut rotator = Rotator::new(scene.settings(), chance.fork());
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(Client::new(number, chance.fork(), &scene));
    }
    for round in 0..rounds {
        let begun = Instant::now();
        // Each in turn, then as it comes.
        let next = if round < 5 { round } else { chance.below(5) };
        let victim = VICTIMS[usize::try_from(next).unwrap()];
        let enough = Arc::new(AtomicBool::new(false));
        let rotating = tokio::task::spawn_blocking({
            let enough = enough.clone();
            move || rotator.run(&enough)
        });
        let mut working = JoinSet::new();
        for client in clients.drain(..) {
            working.spawn(client.run(enough.clone()));
        }
        millis(500, 1500, &mut chance).await;
        scene.kill(victim, &mut chance).await;
        millis(300, 500, &mut chance).await;
        enough.store(true, Ordering::Relaxed);
        rotator = rotating.await.unwrap();
        clients = working.join_all().await;
        clients.sort_by_key(|client| client.number);
        scene.rotate_to_the_end(rotator.folder.path());
        legal::everything(&scene, &mut clients).await;
        eprintln!(
            "round {round}: {victim:?}; {}; rotations cut off by step: {:?}; {:.1} s",
            known::told(&clients),
            rotator.cut,
            begun.elapsed().as_secs_f32()
        );
    }
    assert!(
        rounds < 20 || rotator.cut.iter().all(|times| *times > 0),
        "a step was never cut off: {:?}",
        rotator.cut
    );
    scene.end().await;
}
