//! The vectors of `docs/sealing.md`, which another implementation made from that page alone.

use lethe_kernel::{ContactId, EventId, KeyClass, SealedText, Subject};
use serde::Deserialize;
use uuid::Uuid;

use crate::crypto::Key;
use crate::custodian::Root;
use crate::keyring::Keyring;
use crate::subject_key::SubjectKey;
use crate::wrap::{self, RootKey, SubjectPlace};

#[derive(Deserialize)]
struct Vectors {
    root: String,
    installation: Uuid,
    epoch: i64,
    root_commitment: String,
    buckets: u32,
    bucket: i32,
    generation: i64,
    bucket_key: String,
    wrapped_bucket_key: String,
    subject_id: Uuid,
    key_id: Uuid,
    subject_key: String,
    wrapped_subject_key: String,
    commitment: String,
    event_id: Uuid,
    label: String,
    value: String,
    sealed: String,
    input: String,
    input_digest: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key(hex: &str) -> Key {
    Key::new(bytes(hex).try_into().unwrap())
}

#[test]
fn a_root_of_another_implementation_is_recognised_and_unwraps_a_bucket() {
    let given = vectors();
    let root = Root::new(given.installation, given.epoch, key(&given.root)).unwrap();
    assert_eq!(root.commitment().to_vec(), bytes(&given.root_commitment));
    let wrapped = bytes(&given.wrapped_bucket_key);
    let root = RootKey::of(&root).unwrap();
    let opened = root.unwrap(given.bucket, given.generation, &wrapped).unwrap();
    assert_eq!(*opened, *key(&given.bucket_key));
    assert!(root.unwrap(given.bucket + 1, given.generation, &wrapped).is_err());
    assert!(root.unwrap(given.bucket, given.generation + 1, &wrapped).is_err());
}

#[test]
fn a_bucket_of_another_implementation_unwraps_a_subject_whose_key_opens_its_value() {
    let given = vectors();
    let subject: Subject = ContactId(given.subject_id).into();
    assert_eq!(wrap::bucket_of(given.key_id, given.buckets), given.bucket);
    let place = SubjectPlace {
        id: given.key_id,
        subject,
        class: KeyClass::Crm,
        bucket: given.bucket,
        generation: given.generation,
    };
    let wrapped = bytes(&given.wrapped_subject_key);
    let secret = place.unwrap(&key(&given.bucket_key), &wrapped).unwrap().unwrap();
    assert_eq!(*secret, *key(&given.subject_key));
    let key = SubjectKey::new(given.key_id, subject, KeyClass::Crm, secret).unwrap();
    assert_eq!(key.commitment().unwrap().to_vec(), bytes(&given.commitment));
    let mut keyring = Keyring::default();
    keyring.insert(key);
    let sealed = SealedText(given.sealed);
    let opened = keyring.open_text(&sealed, subject, &given.label, EventId(given.event_id)).unwrap();
    assert_eq!(opened, given.value);
    let digest = keyring.input_mac(subject, given.input.as_bytes()).unwrap();
    assert_eq!(digest.to_vec(), bytes(&given.input_digest));
}
