//! How many events a second `lethe audit verify` checks, on one core.
//!
//! A bundle of invented events, of the size that sealed ones have, is written to a temporary folder and verified. Besides
//! the time that passed, the processor time is told: that is what a core does, also when others use the machine.
//! `cargo bench -p lethe-tlog --bench verify -- [events]`.

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

use std::path::Path;
use std::time::Instant;

use lethe_tlog::Hash;
use lethe_tlog::bundle::{Event, Expected, Header, Selection, Writer, verify};
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{KeyKind, Signer};
use lethe_tlog::tile::Tile;
use lethe_tlog::tree::Frontier;
use uuid::Uuid;

const STREAM: &str = "0198a6b2-5c1e-7000-8000-000000000001";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo bench` adds flags of its own.
    let size = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_u64);
    quiet::check().await;
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let bytes = write(folder.path(), size);
    println!(
        "{size} events, {:.0} bytes each in the bundle, written in {:.1} s",
        bytes,
        begun.elapsed().as_secs_f64()
    );
    println!("\n| round | events/s | events/s of processor time |\n|---:|---:|---:|");
    for round in 1..=3 {
        let (begun, used) = (Instant::now(), processor_seconds());
        verify(folder.path(), &Expected::default(), &mut |_| {}).unwrap();
        let (passed, used) = (begun.elapsed().as_secs_f64(), processor_seconds() - used);
        println!("| {round} | {:.0} | {:.0} |", size as f64 / passed, size as f64 / used);
    }
}

fn event<'a>(position: u64, payload: &'a str, metadata: &'a str) -> Event<'a> {
    Event {
        position,
        stream_type: "contact",
        stream_id: STREAM,
        sequence: position,
        event_id: Uuid::from_u128(u128::from(position)),
        event_type: "contact.registered",
        event_version: "1",
        recorded_at: 1_700_000_000_000_000,
        payload,
        metadata,
    }
}

/// Writes the bundle; answers the bytes per event.
fn write(folder: &Path, size: u64) -> f64 {
    // Three sealed values, and the metadata that every event has.
    let sealed = "A".repeat(88);
    let payload = |position: u64| {
        format!(
            r#"{{"Registered":{{"unit":"{STREAM}","details":{{"first_name":"{sealed}","last_name":"{sealed}","email":"{sealed}"}},"number":{position}}}}}"#
        )
    };
    let metadata = |position: u64| {
        let id = Uuid::from_u128(u128::from(position));
        format!(
            r#"{{"user":"{id}","unit":"{STREAM}","role":"CONSULTANT","command":"{id}","request":"{id}","correlation":"{id}","occurred":"2026-01-31T08:00:00.123456Z"}}"#
        )
    };
    let (mut frontier, mut levels) = (Frontier::default(), vec![Vec::<Hash>::new(); 64]);
    for position in 1..=size {
        let leaf = event(position, &payload(position), &metadata(position)).entry().leaf_hash().unwrap();
        frontier.push(leaf, |node, hash| levels[usize::from(node.level)].push(hash));
    }
    let tile = |tile: Tile| -> Vec<u8> {
        let (level, range) = tile.nodes();
        range.flat_map(|index| levels[usize::from(level)][usize::try_from(index).unwrap()].0).collect()
    };
    let signer = Signer::of_seed("log.example", KeyKind::Ed25519, &[1; 32]).unwrap();
    let mut checkpoint = Checkpoint::new("log.example", size, frontier.root()).note().unwrap();
    checkpoint.push(signer.sign(&checkpoint, 0).unwrap());
    let key = signer.verifier().clone();
    let header = Header { checkpoint, key, selection: Selection::All, earlier: Vec::new() };
    let mut writer = Writer::create(folder, header).unwrap();
    for position in 1..=size {
        for wanted in writer.wants(position) {
            writer.give(wanted, &tile(wanted)).unwrap();
        }
        writer.event(&event(position, &payload(position), &metadata(position))).unwrap();
    }
    for wanted in writer.wants_at_last() {
        writer.give(wanted, &tile(wanted)).unwrap();
    }
    writer.finish().unwrap();
    let files = std::fs::read_dir(folder.join("events")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>() as f64 / size as f64
}

/// The processor time of this process, in seconds: Linux counts it in hundredths.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
