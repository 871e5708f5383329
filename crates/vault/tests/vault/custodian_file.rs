//! The root file: what is kept, what is destroyed, and what it says of bad ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use lethe_vault::custodian::{CustodianError, FileCustodian, Root, Slot};
use tempfile::TempDir;
use uuid::Uuid;

const OURS: Uuid = Uuid::from_u128(7);
const KEY: std::ops::Range<usize> = 37..69;

fn root(epoch: i64) -> Root {
    Root::generate(OURS, epoch).unwrap()
}

fn custodian() -> (TempDir, FileCustodian) {
    let folder = tempfile::tempdir().unwrap();
    let custodian = FileCustodian::in_data_dir(folder.path());
    (folder, custodian)
}

fn epochs(custodian: &FileCustodian) -> Vec<i64> {
    custodian.held().unwrap().iter().map(|held| held.epoch).collect()
}

/// Asserts that every operation fails like this, and that the file is left as it is.
#[track_caller]
fn refused(custodian: &FileCustodian, like: fn(&CustodianError) -> bool) {
    let before = fs::read(custodian.path()).ok();
    for error in [
        custodian.held().unwrap_err(),
        custodian.fetch(1).unwrap_err(),
        custodian.store(&root(9)).unwrap_err(),
        custodian.destroy(1).unwrap_err(),
    ] {
        assert!(like(&error), "{error}");
        assert!(error.to_string().contains(&custodian.path().display().to_string()));
    }
    assert_eq!(fs::read(custodian.path()).ok(), before);
}

#[test]
fn a_root_comes_back_as_it_was_stored_and_only_its_owner_can_read_the_file() {
    let (_folder, custodian) = custodian();
    let stored = root(1);
    custodian.store(&stored).unwrap();
    assert!(custodian.fetch(1).unwrap().unwrap().same(&stored));
    assert_eq!(custodian.held().unwrap(), [stored.held()]);
    assert!(custodian.fetch(2).unwrap().is_none());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(custodian.path()), 0o600);
    assert_eq!(mode(custodian.path().parent().unwrap()), 0o700);
    assert!(custodian.warnings().unwrap().is_empty());
}

#[test]
fn the_file_is_as_documented() {
    let (_folder, custodian) = custodian();
    let stored = root(3);
    custodian.store(&stored).unwrap();
    let bytes = fs::read(custodian.path()).unwrap();
    assert_eq!(bytes.len(), 8192);
    assert_eq!(&bytes[..13], b"lethe-root/2\n");
    assert_eq!(&bytes[13..29], OURS.as_bytes());
    assert_eq!(&bytes[29..37], &3_i64.to_be_bytes());
    let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes[..69]);
    assert_eq!(&bytes[69..101], checksum.as_ref());
    assert!(bytes[101..].iter().all(|byte| *byte == 0));
}

#[test]
fn storing_again_is_fine_and_another_root_or_an_older_epoch_is_refused() {
    let (_folder, custodian) = custodian();
    let stored = root(4);
    custodian.store(&stored).unwrap();
    let before = fs::read(custodian.path()).unwrap();
    custodian.store(&stored).unwrap();
    assert!(matches!(custodian.store(&root(4)), Err(CustodianError::Another { epoch: 4, .. })));
    assert!(matches!(custodian.store(&root(3)), Err(CustodianError::Newer { epoch: 3, found: 4, .. })));
    assert_eq!(fs::read(custodian.path()).unwrap(), before);
}

#[test]
fn a_third_root_finds_no_slot_until_one_is_destroyed() {
    let (_folder, custodian) = custodian();
    let roots = [root(1), root(2), root(3)];
    custodian.store(&roots[0]).unwrap();
    custodian.store(&roots[1]).unwrap();
    let error = custodian.store(&roots[2]).unwrap_err();
    assert!(matches!(error, CustodianError::NoFreeSlot { first: 1, second: 2, .. }), "{error}");
    custodian.destroy(1).unwrap();
    custodian.store(&roots[2]).unwrap();
    assert_eq!(epochs(&custodian), [2, 3]);
    assert!(custodian.fetch(2).unwrap().unwrap().same(&roots[1]));
}

#[test]
fn a_destroyed_root_is_zeros_and_destroying_it_again_is_fine() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    custodian.store(&root(2)).unwrap();
    let before = fs::read(custodian.path()).unwrap();
    for _ in 0..2 {
        custodian.destroy(1).unwrap();
        let bytes = fs::read(custodian.path()).unwrap();
        assert!(bytes[..4096].iter().all(|byte| *byte == 0));
        assert_eq!(bytes[4096..], before[4096..]);
    }
    custodian.destroy(7).unwrap();
    assert_eq!(epochs(&custodian), [2]);
}

#[test]
fn a_missing_file_is_not_an_empty_one() {
    let (_folder, custodian) = custodian();
    for error in [
        custodian.held().unwrap_err(),
        custodian.fetch(1).unwrap_err(),
        // The disk with the root may only not be mounted.
        custodian.destroy(1).unwrap_err(),
    ] {
        assert!(matches!(&error, CustodianError::Missing(path) if path == custodian.path()), "{error}");
        assert!(error.is_vacant());
    }
    assert!(!custodian.path().exists());
}

#[test]
fn a_file_of_zeros_holds_no_root() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    fs::write(custodian.path(), [0; 8192]).unwrap();
    let error = custodian.held().unwrap_err();
    assert!(matches!(error, CustodianError::Empty(_)), "{error}");
    assert!(error.is_vacant());
    assert_eq!(custodian.slots().unwrap(), [Slot::Free, Slot::Free]);
}

#[test]
fn a_truncated_file_is_refused_and_left_as_it_is() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    let whole = fs::read(custodian.path()).unwrap();
    for length in [1, 36, 68, 101, 4096, 8191] {
        fs::write(custodian.path(), &whole[..length]).unwrap();
        refused(&custodian, |error| matches!(error, CustodianError::Truncated { .. }));
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_and_left_as_it_is() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    let mut bytes = fs::read(custodian.path()).unwrap();
    for more in [1, 4096] {
        bytes.resize(8192 + more, 0);
        fs::write(custodian.path(), &bytes).unwrap();
        refused(&custodian, |error| matches!(error, CustodianError::TooLong { .. }));
    }
}

#[test]
fn a_root_of_the_wrong_length_is_damage() {
    let (_folder, custodian) = custodian();
    for length in [16, 31, 33, 64] {
        let mut slot = [b"lethe-root/2\n", OURS.as_bytes().as_slice(), &1_i64.to_be_bytes()].concat();
        slot.extend(vec![7; length]);
        let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &slot);
        slot.extend_from_slice(checksum.as_ref());
        slot.resize(8192, 0);
        fs::create_dir_all(custodian.path().parent().unwrap()).unwrap();
        fs::write(custodian.path(), &slot).unwrap();
        assert!(matches!(custodian.held(), Err(CustodianError::Damaged(_))), "{length}");
        assert!(matches!(custodian.fetch(1), Err(CustodianError::Damaged(_))), "{length}");
    }
}

#[test]
fn the_root_of_another_installation_is_seen_as_such_and_never_changed() {
    let (_folder, custodian) = custodian();
    let theirs = Root::generate(Uuid::from_u128(8), 1).unwrap();
    custodian.store(&theirs).unwrap();
    let before = fs::read(custodian.path()).unwrap();
    assert_eq!(custodian.held().unwrap()[0].installation, Uuid::from_u128(8));
    let custodian = custodian.of(OURS);
    for error in [custodian.store(&root(2)).unwrap_err(), custodian.destroy(1).unwrap_err()] {
        let foreign = Uuid::from_u128(8);
        assert!(
            matches!(error, CustodianError::OfAnother { installation, .. } if installation == foreign),
            "{error}"
        );
    }
    assert_eq!(fs::read(custodian.path()).unwrap(), before);
}

#[test]
fn a_folder_or_a_pipe_in_place_of_the_file_is_told() {
    let (_folder, custodian) = custodian();
    fs::create_dir_all(custodian.path()).unwrap();
    refused(&custodian, |error| matches!(error, CustodianError::NotAFile(_)));
    fs::remove_dir(custodian.path()).unwrap();
    let made = Command::new("mkfifo").arg(custodian.path()).status().unwrap();
    assert!(made.success());
    assert!(matches!(custodian.held(), Err(CustodianError::NotAFile(_))));
    assert!(matches!(custodian.store(&root(1)), Err(CustodianError::NotAFile(_))));
}

#[test]
fn modes_that_let_others_in_are_warned_of_with_what_to_run() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    let folder = custodian.path().parent().unwrap();
    fs::set_permissions(custodian.path(), Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    let warnings: Vec<String> = custodian.warnings().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains(&format!("chmod 0600 {}", custodian.path().display())), "{warnings:?}");
    assert!(warnings[1].contains(&format!("chmod 0700 {}", folder.display())), "{warnings:?}");
}

#[test]
fn no_message_shows_a_key() {
    let (_folder, custodian) = custodian();
    custodian.store(&root(1)).unwrap();
    custodian.store(&root(2)).unwrap();
    let bytes = fs::read(custodian.path()).unwrap();
    let said = [
        format!("{:?}", custodian.fetch(1).unwrap()),
        format!("{:?} {0}", custodian.store(&root(3)).unwrap_err()),
        format!("{:?} {0}", custodian.store(&root(2)).unwrap_err()),
        format!("{custodian:?} {:?}", custodian.slots().unwrap()),
    ]
    .concat();
    let key = &bytes[KEY];
    let hex = format!("{:032x}", u128::from_be_bytes(key[..16].try_into().unwrap()));
    for shown in [format!("{:?}", &key[..4]), hex[..8].to_owned(), hex[..8].to_uppercase()] {
        assert!(!said.contains(shown.trim_matches(['[', ']'])), "{said}");
    }
}
