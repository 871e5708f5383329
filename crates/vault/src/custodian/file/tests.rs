use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const SLOT: usize = 4096;

fn root(epoch: i64) -> Root {
    Root::generate(Uuid::from_u128(7), epoch).unwrap()
}

/// A file with these bytes, and its custodian.
fn file_of(bytes: &[u8]) -> (TempDir, FileCustodian) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    std::fs::write(&path, bytes).unwrap();
    (folder, FileCustodian::new(path))
}

fn page(root: &Root) -> Vec<u8> {
    let mut page = root.record().to_vec();
    page.resize(SLOT, 0);
    page
}

/// What a write leaves that was cut off after some bytes.
fn torn(old: &[u8], new: &[u8], after: usize) -> Vec<u8> {
    [&new[..after], &old[after..]].concat()
}

fn epochs(custodian: &FileCustodian) -> Vec<i64> {
    custodian.held().unwrap().iter().map(|held| held.epoch).collect()
}

#[test]
fn a_root_cut_off_while_it_is_stored_leaves_the_other_and_is_stored_again() {
    let (old, new) = (root(1), root(2));
    for after in (1..102).chain([512, 1024, 4095]) {
        let (_folder, custodian) = file_of(&[page(&old), torn(&[0; SLOT], &page(&new), after)].concat());
        let whole = after > new.record().iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(epochs(&custodian), if whole { vec![1, 2] } else { vec![1] }, "after {after}");
        assert_eq!(custodian.slots().unwrap()[1] == Slot::Damaged, !whole, "after {after}");
        let warned = custodian.warnings().unwrap();
        let damaged =
            |warning: &CustodianError| matches!(warning, CustodianError::DamagedSlot { slot: 1, .. });
        assert_eq!(warned.iter().any(damaged), !whole);
        custodian.store(&new).unwrap();
        assert!(custodian.fetch(2).unwrap().unwrap().same(&new));
        assert!(custodian.fetch(1).unwrap().unwrap().same(&old));
    }
}

#[test]
fn a_root_cut_off_while_it_is_destroyed_is_destroyed_again_to_the_last_byte() {
    let (old, new) = (root(1), root(2));
    for after in (1..102).chain([512, 4095]) {
        let (_folder, custodian) = file_of(&[torn(&page(&old), &[0; SLOT], after), page(&new)].concat());
        assert_eq!(epochs(&custodian), [2], "after {after}");
        custodian.destroy(1).unwrap();
        assert_eq!(std::fs::read(custodian.path()).unwrap(), [vec![0; SLOT], page(&new)].concat());
    }
}

#[test]
fn a_root_is_not_destroyed_beside_what_may_be_left_of_the_one_that_follows() {
    let (old, new) = (root(1), root(2));
    let (_folder, custodian) = file_of(&[page(&old), torn(&[0; SLOT], &page(&new), 60)].concat());
    assert!(matches!(custodian.destroy(1), Err(CustodianError::Damaged(_))));
    assert!(custodian.fetch(1).unwrap().unwrap().same(&old));
    custodian.store(&new).unwrap();
    custodian.destroy(1).unwrap();
    assert_eq!(epochs(&custodian), [2]);
}

#[test]
fn the_prepared_root_of_a_rotation_that_is_given_up_is_destroyed_also_when_it_is_damaged() {
    let (old, new) = (root(1), root(2));
    let (_folder, custodian) = file_of(&[page(&old), torn(&[0; SLOT], &page(&new), 60)].concat());
    custodian.destroy(2).unwrap();
    assert_eq!(std::fs::read(custodian.path()).unwrap(), [page(&old), vec![0; SLOT]].concat());
}

#[test]
fn a_whole_record_with_something_behind_it_is_damaged() {
    let mut page = page(&root(1));
    page[SLOT - 1] = 1;
    let (_folder, custodian) = file_of(&[page, vec![0; SLOT]].concat());
    assert!(matches!(custodian.held(), Err(CustodianError::Damaged(_))));
}

#[test]
fn a_file_whose_making_was_cut_off_is_made_to_the_end() {
    for length in [0, 1, 101, 4096, 8191, 8192] {
        let (_folder, custodian) = file_of(&vec![0; length]);
        assert!(custodian.held().unwrap_err().is_vacant(), "{length}");
        custodian.destroy(1).unwrap();
        custodian.store(&root(1)).unwrap();
        assert_eq!(epochs(&custodian), [1]);
        assert_eq!(std::fs::metadata(custodian.path()).unwrap().len(), 8192);
    }
}

#[test]
fn a_file_without_slots_of_an_earlier_version_is_told_as_such_and_left() {
    let bytes = [b"lethe-root/1\n".as_slice(), &[7; 32]].concat();
    let (_folder, custodian) = file_of(&bytes);
    for error in [
        custodian.held().unwrap_err(),
        custodian.store(&root(1)).unwrap_err(),
        custodian.destroy(1).unwrap_err(),
    ] {
        assert!(matches!(error, CustodianError::OldForm(_)), "{error}");
    }
    assert_eq!(std::fs::read(custodian.path()).unwrap(), bytes);
}

#[test]
fn a_writer_that_does_not_finish_is_told_and_readers_do_not_disturb_each_other() {
    let (_folder, custodian) = file_of(&[page(&root(1)), vec![0; SLOT]].concat());
    let custodian = custodian.with_timeout(Duration::from_millis(20));
    let other = std::fs::File::open(custodian.path()).unwrap();
    other.lock_shared().unwrap();
    assert_eq!(epochs(&custodian), [1]);
    assert!(matches!(custodian.store(&root(2)), Err(CustodianError::Busy(_))));
    other.unlock().unwrap();
    other.lock().unwrap();
    for error in [
        custodian.held().unwrap_err(),
        custodian.store(&root(2)).unwrap_err(),
        custodian.destroy(1).unwrap_err(),
    ] {
        assert!(matches!(error, CustodianError::Busy(_)), "{error}");
    }
    other.unlock().unwrap();
    custodian.store(&root(2)).unwrap();
}

#[test]
fn what_the_disk_does_not_have_is_not_taken_for_written() {
    let (_folder, custodian) = file_of(&[page(&root(1)), vec![0; SLOT]].concat());
    let open = || SlotFile::open_to_write(custodian.path(), custodian.timeout).unwrap();
    let unverified = |error| matches!(error, Err(CustodianError::Unverified { .. }));
    let mut file = open();
    file.read().unwrap();
    file.write(1, &root(2).record()).unwrap();
    file.settle().unwrap();
    // Somebody who heeds no lock writes into it, or puts another file in its place.
    std::os::unix::fs::FileExt::write_all_at(
        &std::fs::File::options().write(true).open(custodian.path()).unwrap(),
        b"other",
        5000,
    )
    .unwrap();
    assert!(unverified(file.settle()));
    drop(file);
    let mut file = open();
    file.read().unwrap();
    std::fs::copy(custodian.path(), custodian.path().with_extension("copy")).unwrap();
    std::fs::rename(custodian.path().with_extension("copy"), custodian.path()).unwrap();
    assert!(unverified(file.settle()));
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_roots_or_as_an_error_and_a_refusal_changes_nothing(
        mut bytes in prop_oneof![0..8300usize, Just(8192)].prop_flat_map(|n| prop::collection::vec(any::<u8>(), n)),
        whole in any::<[bool; 2]>(),
    ) {
        for (slot, _) in whole.iter().enumerate().filter(|(_, whole)| **whole) {
            if let Some(place) = bytes.get_mut(slot * SLOT..(slot + 1) * SLOT) {
                place.copy_from_slice(&page(&root(1 + i64::try_from(slot).unwrap())));
            }
        }
        let (_folder, custodian) = file_of(&bytes);
        let held = custodian.held();
        prop_assert_eq!(held.is_ok(), bytes.len() == 2 * SLOT && whole.contains(&true));
        if let Err(error) = custodian.store(&root(1)) {
            prop_assert_eq!(std::fs::read(custodian.path()).unwrap(), bytes, "{}", error);
        }
    }
}
