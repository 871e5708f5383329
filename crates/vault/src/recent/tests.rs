use lethe_kernel::{ContactId, KeyClass};
use uuid::Uuid;

use super::*;
use crate::crypto::{self, Key};

fn subject() -> Subject {
    ContactId(Uuid::from_u128(1)).into()
}

fn read() -> impl Iterator<Item = (Subject, Vec<Arc<SubjectKey>>)> {
    let key = Key::new(crypto::random().unwrap());
    let key = SubjectKey::new(Uuid::from_u128(2), subject(), KeyClass::Crm, key).unwrap();
    [(subject(), vec![Arc::new(key)])].into_iter()
}

fn is_kept(recent: &Recent) -> bool {
    recent.copy(subject(), &mut Keyring::default())
}

#[test]
fn keys_are_kept_until_one_is_destroyed_anywhere() {
    let recent = Recent::new();
    recent.heed(7, Instant::now());
    recent.keep(read(), recent.destructions());
    recent.heed(7, Instant::now());
    assert!(is_kept(&recent));
    recent.heed(8, Instant::now());
    assert!(!is_kept(&recent));
}

#[test]
fn keys_that_were_read_before_a_destruction_was_noticed_are_not_kept_after_it() {
    let recent = Recent::new();
    recent.heed(7, Instant::now());
    let known = recent.destructions();
    recent.heed(8, Instant::now());
    recent.keep(read(), known);
    assert!(!is_kept(&recent));
}

#[test]
fn a_process_that_has_not_heard_of_destructions_for_a_second_forgets_its_keys() {
    let recent = Recent::new();
    recent.keep(read(), recent.destructions());
    assert!(!is_kept(&recent), "never heard");
    recent.heed(7, Instant::now());
    recent.keep(read(), recent.destructions());
    recent.heed(7, Instant::now().checked_sub(TRUST * 2).unwrap());
    assert!(!is_kept(&recent), "heard long ago");
    recent.heed(7, Instant::now());
    assert!(!is_kept(&recent), "forgotten, not hidden");
}
