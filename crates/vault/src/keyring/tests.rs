#![allow(unreachable_pub, reason = "personal_text! declares public types")]

use lethe_kernel::ContactId;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

lethe_kernel::personal_text! {
    /// A name.
    Name = "test.name",
    /// Another kind of value.
    Other = "test.other",
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Event {
    name: Personal<Name>,
}

fn subject(n: u128) -> Subject {
    ContactId(Uuid::from_u128(n)).into()
}

fn ring(subjects: &[Subject]) -> Arc<Keyring> {
    let mut ring = Keyring::default();
    ring.asked(subjects.iter().copied());
    for subject in subjects {
        ring.ensure(*subject, KeyClass::Crm).unwrap();
    }
    Arc::new(ring)
}

fn sealed(ring: &Arc<Keyring>, subject: Subject, text: &str) -> Personal<Name> {
    let event = Event { name: Personal::of(subject, Name(text.into())) };
    let json = sealed_json(&event, ring, EventId(Uuid::from_u128(7))).unwrap();
    serde_json::from_str::<Event>(&json).unwrap().name
}

#[test]
fn a_sealed_value_opens_only_for_its_subject_and_label() {
    let ring = ring(&[subject(1), subject(2)]);
    let name = sealed(&ring, subject(1), "Åse");
    assert_eq!(ring.open(&name, subject(1)).unwrap(), Name("Åse".into()));
    assert!(matches!(ring.open(&name, subject(2)), Err(VaultError::Corrupt { .. })));
    let pasted: Personal<Other> = Personal::Sealed(name.sealed().unwrap().clone());
    assert!(matches!(ring.open(&pasted, subject(1)), Err(VaultError::Corrupt { .. })));
    assert!(matches!(ring.open(&name, subject(3)), Err(VaultError::KeyMissing { .. })));
}

#[test]
fn a_value_sealed_for_another_event_does_not_open_in_history() {
    let ring = ring(&[subject(1)]);
    let name = sealed(&ring, subject(1), "Åse");
    let open = |event| {
        ring.open_text(name.sealed().unwrap(), subject(1), "test.name", EventId(Uuid::from_u128(event)))
    };
    assert_eq!(open(7).unwrap(), "Åse");
    assert!(matches!(open(8), Err(VaultError::Corrupt { .. })));
}

#[test]
fn two_seals_of_one_value_differ_and_are_the_same_value() {
    let ring = ring(&[subject(1)]);
    let (one, other) = (sealed(&ring, subject(1), "Bo"), sealed(&ring, subject(1), "Bo"));
    assert_ne!(one, other);
    assert!(ring.same(&one, &other, subject(1)).unwrap());
    assert!(!ring.same(&one, &Personal::of(subject(1), Name("Ib".into())), subject(1)).unwrap());
}

#[test]
fn lengths_up_to_29_characters_look_alike() {
    let ring = ring(&[subject(1)]);
    let length = |text: &str| sealed(&ring, subject(1), text).sealed().unwrap().0.len();
    assert_eq!(length(""), length(&"x".repeat(29)));
    assert!(length(&"x".repeat(30)) > length(""));
}

#[test]
fn a_key_is_never_minted_before_the_stored_ones_were_read() {
    let mut ring = Keyring::default();
    assert!(matches!(ring.ensure(subject(1), KeyClass::Crm), Err(VaultError::KeyMissing { .. })));
}

#[test]
fn a_destroyed_key_opens_nothing_is_told_apart_from_a_missing_one_and_is_never_minted_anew() {
    let whole = ring(&[subject(1), subject(2)]);
    let (name, neighbour) = (sealed(&whole, subject(1), "Åse"), sealed(&whole, subject(2), "Bo"));
    let mut ring = (*whole).clone();
    ring.bury(subject(1), KeyClass::Crm);
    assert!(matches!(ring.open(&name, subject(1)), Err(VaultError::Erased(owner)) if owner == subject(1)));
    assert!(matches!(ring.ensure(subject(1), KeyClass::Crm), Err(VaultError::Erased(_))));
    assert!(ring.require(&[subject(1)]).is_ok(), "it is not lost");
    assert!(matches!(ring.input_is(subject(1), b"input", &[]), Err(VaultError::Erased(_))));
    assert!(ring.ensure(subject(1), KeyClass::Accounting).is_ok());
    assert_eq!(ring.open(&neighbour, subject(2)).unwrap(), Name("Bo".into()));
}

#[test]
fn of_two_people_in_one_event_the_one_who_stays_opens_from_the_same_bytes() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Both {
        one: Personal<Name>,
        other: Personal<Name>,
    }
    let ring = ring(&[subject(1), subject(2)]);
    let both = Both {
        one: Personal::of(subject(1), Name("Åse".into())),
        other: Personal::of(subject(2), Name("Bo".into())),
    };
    let stored = sealed_json(&both, &ring, EventId(Uuid::from_u128(7))).unwrap();
    let mut later = (*ring).clone();
    later.bury(subject(1), KeyClass::Crm);
    let read: Both = serde_json::from_str(&stored).unwrap();
    assert!(matches!(later.open(&read.one, subject(1)), Err(VaultError::Erased(_))));
    assert_eq!(later.open(&read.other, subject(2)).unwrap(), Name("Bo".into()));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored, "no byte of the event changes");
}

#[test]
fn a_value_without_a_key_names_its_event() {
    let name = sealed(&ring(&[subject(1)]), subject(1), "Åse");
    let error = Keyring::default().open(&name, subject(1)).unwrap_err();
    assert!(
        matches!(error, VaultError::KeyMissing { event: Some(EventId(event)), .. } if event.as_u128() == 7)
    );
    assert!(error.is_damage() && error.to_string().contains("00000000-0000-0000-0000-000000000007"));
}

#[test]
fn the_subjects_of_an_event_are_found_without_a_key() {
    let event = Event { name: Personal::of(subject(5), Name("x".into())) };
    assert_eq!(subjects_in(&event).unwrap(), vec![(subject(5), KeyClass::Crm)]);
}

#[test]
fn an_input_is_recognised_by_its_keyed_digest_alone() {
    let ring = ring(&[subject(1), subject(2)]);
    let mac = ring.input_mac(subject(1), b"input").unwrap();
    assert!(ring.input_is(subject(1), b"input", &mac).unwrap());
    assert!(!ring.input_is(subject(1), b"inputs", &mac).unwrap());
    assert!(!ring.input_is(subject(2), b"input", &mac).unwrap());
}

proptest! {
    #[test]
    fn any_text_comes_back(text in any::<String>()) {
        let ring = ring(&[subject(1)]);
        let name = sealed(&ring, subject(1), &text);
        prop_assert_eq!(ring.open(&name, subject(1)).unwrap().0, text);
    }

    #[test]
    fn any_changed_character_is_corrupt(text in ".{0,40}", at in any::<prop::sample::Index>(), by in 1_u8..64) {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let ring = ring(&[subject(1)]);
        let mut sealed = sealed(&ring, subject(1), &text).sealed().unwrap().0.clone().into_bytes();
        let at = at.index(sealed.len());
        let old = ALPHABET.iter().position(|c| *c == sealed[at]).unwrap();
        sealed[at] = ALPHABET[(old + usize::from(by)) % 64];
        let changed: Personal<Name> = Personal::Sealed(SealedText(String::from_utf8(sealed).unwrap()));
        let corrupt = matches!(ring.open(&changed, subject(1)), Err(VaultError::Corrupt { .. }));
        prop_assert!(corrupt);
    }
}
