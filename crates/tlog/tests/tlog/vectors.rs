//! The test vectors in `tests/vectors/tlog` are what this crate gives. `just golden` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use lethe_tlog::Hash;
use lethe_tlog::bundle::{Expected, Selection, verify};
use lethe_tlog::note::{KeyKind, Note, Signer};
use lethe_tlog::proof::Proof;
use lethe_tlog::tile::{EntryTile, Tile, encode_bundle};
use lethe_tlog::tree::{Plan, empty_root, leaf_hash};
use serde_json::{Value, json};

use crate::log::{Log, ORIGIN, event, signer};

const SIZE: u64 = 260;
const WITNESS: &str = "witness.example/w";
const TIME: u64 = 1_700_000_000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/tlog")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}

fn witness() -> Signer {
    Signer::of_seed(WITNESS, KeyKind::Cosignature, &[9; 32]).unwrap()
}

fn cosigned(log: &Log) -> Note {
    let mut note = log.signed(SIZE, &signer(1));
    note.push(witness().sign(&note, TIME).unwrap());
    note
}

fn proof(log: &Log, position: u64) -> Proof {
    let row = &log.rows[usize::try_from(position - 1).unwrap()];
    Proof {
        extra: Some(event(position, row).entry().encode().unwrap()),
        index: position - 1,
        hashes: log.proof(&Plan::inclusion(position - 1, SIZE).unwrap()),
        checkpoint: cosigned(log),
    }
}

fn entry(log: &Log, position: u64) -> Value {
    let row = &log.rows[usize::try_from(position - 1).unwrap()];
    let event = event(position, row);
    let bytes = event.entry().encode().unwrap();
    json!({
        "position": position,
        "streamType": event.stream_type,
        "streamId": event.stream_id,
        "sequence": event.sequence,
        "eventId": event.event_id,
        "eventType": event.event_type,
        "eventVersion": event.event_version,
        "recordedAt": event.recorded_at,
        "payload": event.payload,
        "metadata": event.metadata,
        "entryHex": hex(&bytes),
        "leaf": leaf_hash(&bytes).to_string(),
    })
}

fn vectors(log: &Log) -> Value {
    let inclusion =
        [(0, 1), (0, 2), (4, 5), (4, 7), (6, 7), (255, 256), (256, 257), (100, SIZE), (259, SIZE)];
    let consistency = [(0, 5), (1, 2), (3, 7), (4, 7), (6, 7), (7, 7), (256, 257), (255, SIZE), (257, SIZE)];
    let tile = |tile: Tile| json!({ "path": tile.to_string(), "hex": hex(&log.tile(tile)) });
    let last: Vec<Vec<u8>> = EntryTile::at(1, SIZE)
        .unwrap()
        .leaves()
        .map(|leaf| event(leaf + 1, &log.rows[usize::try_from(leaf).unwrap()]).entry().encode().unwrap())
        .collect();
    let entries = [1, 2, 7, SIZE].map(|position| entry(log, position));
    let roots = [1, 2, 3, 4, 5, 6, 7, 8, 255, 256, 257, SIZE];
    let roots = roots.map(|size| json!({ "size": size, "root": log.root(size).to_string() }));
    let inclusion = inclusion.map(|(index, size)| {
        let proof = texts(&log.proof(&Plan::inclusion(index, size).unwrap()));
        json!({ "index": index, "size": size, "proof": proof })
    });
    let consistency = consistency.map(|(old, new)| {
        let proof = texts(&log.proof(&Plan::consistency(old, new).unwrap()));
        json!({ "old": old, "new": new, "proof": proof })
    });
    let tiles = [Tile::at(0, 1, SIZE), Tile::at(1, 0, SIZE)].map(|it| tile(it.unwrap()));
    json!({
        "origin": ORIGIN,
        "seedHex": hex(&[1; 32]),
        "key": signer(1).verifier().to_string(),
        "witnessSeedHex": hex(&[9; 32]),
        "witnessKey": witness().verifier().to_string(),
        "emptyRoot": empty_root().to_string(),
        "entries": entries,
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
        "tiles": tiles,
        "entryBundle": {
            "path": EntryTile::at(1, SIZE).unwrap().to_string(),
            "hex": hex(&encode_bundle(last.iter().map(Vec::as_slice)).unwrap()),
        },
        "checkpoint": cosigned(log).to_string(),
    })
}

/// Compares a file with what it should be, or writes it.
fn compare(file: &Path, bytes: &[u8]) {
    if std::env::var_os("LETHE_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let stored = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(stored == bytes, "{} is not what is written now", file.display());
}

#[test]
fn the_published_vectors_are_what_is_computed() {
    let log = Log::of(SIZE);
    let text = serde_json::to_string_pretty(&vectors(&log)).unwrap() + "\n";
    compare(&folder().join("vectors.json"), text.as_bytes());
    compare(&folder().join("event-100.tlog-proof"), proof(&log, 100).to_string().as_bytes());
}

#[test]
fn the_published_bundle_is_what_is_written_and_verifies() {
    let log = Log::of(SIZE);
    let written = tempfile::tempdir().unwrap();
    let mut header = log.header(Selection::Range { from: 254, until: 258 }, &signer(1));
    header.checkpoint = cosigned(&log);
    header.earlier = vec![log.earlier(200, &signer(1))];
    log.write(written.path(), header, 254..=258);
    for file in ["manifest.json", "events/000000.events"] {
        compare(&folder().join("bundle").join(file), &fs::read(written.path().join(file)).unwrap());
    }
    let key = signer(1).verifier().clone();
    let expected = Expected { key: Some(&key), ..Expected::default() };
    assert_eq!(verify(&folder().join("bundle"), &expected, &mut |_| {}).unwrap().events, 5);
}
