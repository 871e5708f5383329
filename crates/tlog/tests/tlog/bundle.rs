//! What is written verifies.

use lethe_tlog::bundle::{Expected, Progress, Report, Selection, WriteError, Writer, verify};
use lethe_tlog::note::{KeyKind, Signer};
use uuid::Uuid;

use crate::log::{Log, ORIGIN, event, signer};

fn check(folder: &std::path::Path) -> Report {
    let key = signer(1).verifier().clone();
    let expected = Expected { key: Some(&key), origin: Some(ORIGIN), witnesses: &[] };
    verify(folder, &expected, &mut |_| {}).unwrap()
}

#[test]
fn a_bundle_of_all_events_verifies_at_every_size_around_blocks() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 600] {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::of(size);
        log.write_all(folder.path());
        let report = check(folder.path());
        assert_eq!((report.events, report.checkpoint.size, report.selection), (size, size, Selection::All));
    }
}

#[test]
fn a_bundle_of_several_chunks_verifies_whole_in_part_and_with_holes() {
    let log = Log::of(65_536 + 300);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    log.write_all(&at("all"));
    assert_eq!(check(&at("all")).events, 65_836);
    let range = Selection::Range { from: 65_500, until: 65_600 };
    log.write(&at("range"), log.header(range, &signer(1)), 65_500..=65_600);
    assert_eq!(check(&at("range")).events, 101);
    let unit = Selection::Unit { id: Uuid::nil() };
    log.write(&at("unit"), log.header(unit, &signer(1)), [3, 4, 700, 65_536, 65_537, 65_836]);
    assert_eq!(check(&at("unit")).events, 6);
    let contact = Selection::Contact { id: Uuid::nil() };
    log.write(&at("none"), log.header(contact, &signer(1)), []);
    assert_eq!(check(&at("none")).events, 0);
    let early = Selection::Range { from: 1, until: 10 };
    log.write(&at("early"), log.header(early, &signer(1)), 1..=10);
    assert_eq!(check(&at("early")).events, 10);
}

#[test]
fn earlier_checkpoints_are_proven_to_be_its_beginning() {
    let log = Log::of(600);
    let folder = tempfile::tempdir().unwrap();
    let mut header = log.header(Selection::All, &signer(1));
    header.earlier = [0, 1, 77, 512, 600].map(|size| log.earlier(size, &signer(1))).to_vec();
    log.write(folder.path(), header, 1..=600);
    assert_eq!(check(folder.path()).earlier, [0, 1, 77, 512, 600]);
}

#[test]
fn witnesses_that_are_asked_for_are_named_with_their_time() {
    let log = Log::of(3);
    let folder = tempfile::tempdir().unwrap();
    let witness = Signer::of_seed("witness.example/w", KeyKind::Cosignature, &[9; 32]).unwrap();
    let mut header = log.header(Selection::All, &signer(1));
    header.checkpoint.push(witness.sign(&header.checkpoint, 1_700_000_000).unwrap());
    log.write(folder.path(), header, 1..=3);
    let witnesses = [witness.verifier().clone()];
    let expected = Expected { witnesses: &witnesses, ..Expected::default() };
    let report = verify(folder.path(), &expected, &mut |_| {}).unwrap();
    assert_eq!(report.witnesses, [("witness.example/w".to_owned(), 1_700_000_000)]);
}

#[test]
fn progress_is_told_to_the_last_event() {
    let folder = tempfile::tempdir().unwrap();
    Log::of(600).write_all(folder.path());
    let mut told = Vec::new();
    verify(folder.path(), &Expected::default(), &mut |progress| told.push(progress)).unwrap();
    assert!(told.is_sorted_by_key(|progress| progress.checked) && told.len() >= 3);
    assert_eq!(told.last(), Some(&Progress { checked: 600, events: 600 }));
}

#[test]
fn what_cannot_be_a_bundle_is_not_written() {
    let log = Log::of(3);
    let folder = tempfile::tempdir().unwrap();
    let header = || log.header(Selection::All, &signer(1));
    let mut writer = Writer::create(&folder.path().join("a"), header()).unwrap();
    let third = event(3, &log.rows[2]);
    assert!(matches!(writer.event(&third), Err(WriteError::Tile(_))));
    let first = event(1, &log.rows[0]);
    assert!(matches!(writer.event(&first), Err(WriteError::Position(1))));
    assert!(matches!(writer.event(&event(4, &log.rows[0])), Err(WriteError::Position(4))));
    assert!(matches!(Writer::create(folder.path(), header()), Err(WriteError::NotEmpty(_))));
    let mut unsigned = header();
    unsigned.key = signer(2).verifier().clone();
    assert!(matches!(Writer::create(&folder.path().join("b"), unsigned), Err(WriteError::Checkpoint(_))));
}

#[test]
fn tiles_of_another_tree_are_not_written_under_a_checkpoint() {
    let (log, mut other) = (Log::of(3), Log::of(2));
    other.rows[0].payload.push(' ');
    let other = {
        let mut changed = Log::of(0);
        for row in other.rows.into_iter().chain([log.rows[2].clone()]) {
            changed.push(row);
        }
        changed
    };
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), log.header(Selection::All, &signer(1))).unwrap();
    for tile in writer.wants_at_last() {
        writer.give(tile, &other.tile(tile)).unwrap();
    }
    assert!(matches!(writer.finish(), Err(WriteError::OtherRoot)));
}
