use std::fs;

use lethe_tlog::note::KeyKind;
use lethe_tlog::tree::{Plan, empty_root, leaf_hash, root_of};
use lethe_tlog::{Hash, witness::AddCheckpoint};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

const ORIGIN: &str = "log.example/one";

fn log_signer(seed: u8) -> Signer {
    Signer::of_seed(ORIGIN, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

fn open(folder: &TempDir) -> Result<Memory, Error> {
    let witness = Signer::of_seed("witness.example/w", KeyKind::Cosignature, &[9; 32]).unwrap();
    Memory::open(folder.path(), witness, &[log_signer(1).verifier().clone()])
}

fn leaves(size: u64, salt: u8) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&[&[salt], &index.to_be_bytes()[..]].concat())).collect()
}

/// A request of a log; logs with different salts have different histories.
fn request(old: u64, new: u64, salt: u8) -> AddCheckpoint {
    let leaves = leaves(new, salt);
    let read = |node: lethe_tlog::tree::Node| {
        let range = (node.index << node.level)..((node.index + 1) << node.level);
        let below: Vec<Hash> =
            range.filter_map(|at| leaves.get(usize::try_from(at).ok()?).copied()).collect();
        Ok::<_, ()>(root_of(&below))
    };
    let proof = Plan::consistency(old.min(new), new).unwrap().assemble(read).unwrap();
    let mut checkpoint = Checkpoint::new(ORIGIN, new, root_of(&leaves)).note().unwrap();
    checkpoint.push(log_signer(1).sign(&checkpoint, 0).unwrap());
    AddCheckpoint { old, proof, checkpoint }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn status(memory: &mut Memory, request: &AddCheckpoint) -> u16 {
    match memory.add(request, now()) {
        Ok(_) => 200,
        Err(NotCosigned::Refused(refusal)) => refusal.status(),
        Err(failure) => panic!("{failure}"),
    }
}

fn reasons(folder: &TempDir) -> Vec<String> {
    let text = fs::read_to_string(folder.path().join(REFUSED)).unwrap();
    let read =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["reason"].as_str().unwrap().to_owned();
    text.lines().map(read).collect()
}

#[test]
fn what_grows_is_cosigned_and_remembered_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = open(&folder).unwrap();
    let hash = sha256(ORIGIN.as_bytes()).hex();
    assert_eq!(memory.latest(&hash), None);
    let line = memory.add(&request(0, 5, 0), now()).unwrap();
    let keys = [memory.signer.verifier().clone()];
    let mut note = Note::new(request(0, 5, 0).checkpoint.text()).unwrap();
    note.push(line.parse().unwrap());
    assert_eq!(note.verify(&keys).unwrap()[0].time, Some(1_700_000_000));
    assert_eq!(status(&mut memory, &request(5, 300, 0)), 200);
    let before = memory.latest(&hash).unwrap().to_owned();
    drop(memory);
    let mut memory = open(&folder).unwrap();
    assert_eq!(memory.latest(&hash), Some(before.as_str()));
    assert_eq!(status(&mut memory, &request(5, 301, 0)), 409);
    assert_eq!(status(&mut memory, &request(300, 300, 0)), 200);
    assert_eq!(reasons(&folder), [""; 0]);
}

#[test]
fn a_fork_a_rewritten_and_a_shortened_log_are_refused_and_recorded_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = open(&folder).unwrap();
    assert_eq!(status(&mut memory, &request(0, 100, 0)), 200);
    for _ in 0..2 {
        assert_eq!(status(&mut memory, &request(100, 100, 1)), 422);
    }
    assert_eq!(status(&mut memory, &request(0, 100, 2)), 409);
    assert_eq!(status(&mut memory, &request(100, 120, 1)), 422);
    assert_eq!(status(&mut memory, &request(80, 80, 0)), 409);
    assert_eq!(reasons(&folder), ["FORK", "FORK", "INCONSISTENT", "BEHIND"]);
    // It still cosigns the history that it knows.
    assert_eq!(status(&mut memory, &request(100, 101, 0)), 200);
}

#[test]
fn strangers_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = open(&folder).unwrap();
    let mut unsigned = request(0, 5, 0);
    unsigned.checkpoint = Note::new(unsigned.checkpoint.text()).unwrap();
    unsigned.checkpoint.push(log_signer(2).sign(&unsigned.checkpoint, 0).unwrap());
    assert_eq!(status(&mut memory, &unsigned), 403);
    let mut other = request(0, 0, 0);
    other.checkpoint = Checkpoint::new("log.example/two", 0, empty_root()).note().unwrap();
    other.checkpoint.push(log_signer(1).sign(&other.checkpoint, 0).unwrap());
    assert_eq!(status(&mut memory, &other), 404);
    assert_eq!(reasons(&folder), [""; 0]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "only the lock and the empty evidence");
}

#[test]
fn a_damaged_memory_and_a_second_witness_on_it_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = open(&folder).unwrap();
    assert_eq!(status(&mut memory, &request(0, 5, 0)), 200);
    assert!(matches!(open(&folder), Err(Error::InUse { .. })));
    drop(memory);
    let path = file(folder.path(), ORIGIN);
    let text = fs::read_to_string(&path).unwrap();
    for damaged in [String::new(), text.replace("\n5\n", "\n4\n"), text[..text.len() - 9].to_owned()] {
        fs::write(&path, damaged).unwrap();
        assert!(matches!(open(&folder), Err(Error::Witness(WitnessError::Damaged { .. }))));
    }
}

#[test]
fn what_cannot_be_stored_is_not_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = open(&folder).unwrap();
    // A folder in the way of the file.
    fs::create_dir(file(folder.path(), ORIGIN)).unwrap();
    assert!(matches!(memory.add(&request(0, 5, 0), now()), Err(NotCosigned::Storage(_))));
    fs::remove_dir(file(folder.path(), ORIGIN)).unwrap();
    assert_eq!(status(&mut memory, &request(0, 6, 1)), 200);
}

#[test]
fn evidence_behind_a_line_that_was_cut_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(REFUSED), "{\"cut").unwrap();
    let mut memory = open(&folder).unwrap();
    assert_eq!(status(&mut memory, &request(0, 5, 0)), 200);
    assert_eq!(status(&mut memory, &request(5, 5, 1)), 422);
    let text = fs::read_to_string(folder.path().join(REFUSED)).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(serde_json::from_str::<Value>(text.lines().last().unwrap()).is_ok());
}
