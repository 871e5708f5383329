//! The bytes of a sealed value, version 1: `01 ‖ key id (16) ‖ event id (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`,
//! written as unpadded base64url (RFC 4648). The plaintext is the JSON of the value, then `80`, then zeros up to
//! 32, 64, 128, … bytes, so that the length tells little.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_kernel::{EventId, KeyClass, SealedText, Subject};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, NONCE_BYTES};
use crate::subject_key::SubjectKey;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 16 + 16 + NONCE_BYTES;
const SMALLEST: usize = 32;

/// Where a sealed value belongs: its subject, class and label.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) subject: Subject,
    pub(crate) class: KeyClass,
    pub(crate) label: &'a str,
}

impl Place<'_> {
    fn aad(&self, key: Uuid, event: Uuid) -> Vec<u8> {
        crypto::framed(&[
            b"lethe-seal/1",
            self.subject.kind.name().as_bytes(),
            self.subject.id.as_bytes(),
            self.class.name().as_bytes(),
            key.as_bytes(),
            event.as_bytes(),
            self.label.as_bytes(),
        ])
    }

    pub(crate) fn corrupt(&self, text: &SealedText) -> VaultError {
        VaultError::Corrupt { subject: self.subject, label: self.label.to_owned(), event: event_of(text) }
    }
}

pub(crate) fn seal(
    key: &SubjectKey,
    place: Place<'_>,
    event: EventId,
    plaintext: &[u8],
) -> Result<SealedText, VaultError> {
    let nonce = crypto::random::<NONCE_BYTES>()?;
    let ciphertext = crypto::encrypt(key.cipher(), nonce, &place.aad(key.id(), event.0), pad(plaintext))?;
    let mut bytes = Vec::with_capacity(HEADER + ciphertext.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(key.id().as_bytes());
    bytes.extend_from_slice(event.0.as_bytes());
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(&ciphertext);
    Ok(SealedText(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

pub(crate) fn open(
    key: &SubjectKey,
    place: Place<'_>,
    text: &SealedText,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    try_open(key, place, text).ok_or_else(|| place.corrupt(text))
}

/// The event that a value was sealed for.
pub(crate) fn event_of(text: &SealedText) -> Option<EventId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text.0).ok()?;
    let event = <[u8; 16]>::try_from(bytes.get(17..33)?).ok()?;
    Some(EventId(Uuid::from_bytes(event)))
}

fn try_open(key: &SubjectKey, place: Place<'_>, text: &SealedText) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text.0).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (key_id, rest) = rest.split_first_chunk::<16>()?;
    let (event, rest) = rest.split_first_chunk::<16>()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
    if *version != VERSION || *key_id != key.id().into_bytes() {
        return None;
    }
    let aad = place.aad(key.id(), Uuid::from_bytes(*event));
    unpad(crypto::decrypt(key.cipher(), *nonce, &aad, ciphertext)?)
}

fn pad(plaintext: &[u8]) -> Vec<u8> {
    let size = (plaintext.len() + 1).next_power_of_two().max(SMALLEST);
    // Room for the tag too: growing would leave a copy of the plaintext behind in freed memory.
    let mut padded = Vec::with_capacity(size + 16);
    padded.extend_from_slice(plaintext);
    padded.push(0x80);
    padded.resize(size, 0);
    padded
}

fn unpad(mut padded: Zeroizing<Vec<u8>>) -> Option<Zeroizing<Vec<u8>>> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    if padded.get(end) != Some(&0x80) {
        return None;
    }
    padded.truncate(end);
    Some(padded)
}
