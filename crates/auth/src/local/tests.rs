use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn the_key_is_made_once_and_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.key");
    assert!(matches!(LocalKey::open(&path), Err(LocalKeyError::File { .. })));
    let first = LocalKey::open_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no unfinished file is left");
    let again = LocalKey::open_or_create(&path).unwrap();
    assert_eq!(first.public, again.public);
    let other = LocalKey::open_or_create(&folder.path().join("other.key")).unwrap();
    assert_ne!(first.public, other.public);
}

#[test]
fn of_several_that_make_it_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.key");
    let mine = LocalKey::open_or_create(&path).unwrap();
    // Somebody who saw no file a moment ago.
    file::create(&path, Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap().as_ref()).unwrap();
    assert_eq!(LocalKey::open(&path).unwrap().public, mine.public);
}

#[test]
fn a_key_that_others_may_read_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.key");
    LocalKey::open_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = LocalKey::open_or_create(&path).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_file_that_holds_something_else_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.key");
    LocalKey::open_or_create(&path).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    for damaged in ["", "marker", &good[..60], &good.replace("MC4C", "MC4D"), "-----BEGIN PRIVATE KEY-----"] {
        fs::write(&path, damaged).unwrap();
        let error = LocalKey::open_or_create(&path).unwrap_err();
        assert!(matches!(error, LocalKeyError::Damaged(_)), "{damaged:?}: {error}");
        assert!(!error.to_string().contains("marker"));
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
    fs::write(&path, b"\xff\xfe").unwrap();
    assert!(matches!(LocalKey::open(&path), Err(LocalKeyError::Damaged(_))));
}
