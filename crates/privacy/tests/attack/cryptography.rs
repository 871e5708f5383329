//! What an attacker needs of cryptography, written after `docs/sealing.md` and not after the code.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac::{HMAC_SHA256, Key as HmacKey, sign};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::dump::{BucketRow, KeyRow, RootRow};

/// 32 bytes that may be a key.
pub(crate) type Key = [u8; 32];

/// Each part behind its length.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| [&u32::try_from(part.len()).unwrap().to_be_bytes()[..], part].concat())
        .collect()
}

fn hmac(key: &[u8], message: &[u8]) -> Key {
    sign(&HmacKey::new(HMAC_SHA256, key), message).as_ref().try_into().unwrap()
}

/// The first half of HKDF-SHA-256 (RFC 5869), with the salt `lethe`.
pub(crate) struct Extract(HmacKey);

impl Extract {
    pub(crate) fn new() -> Self {
        Self(HmacKey::new(HMAC_SHA256, b"lethe"))
    }

    /// What is extracted from a key; everything is derived from that.
    pub(crate) fn from(&self, key: &Key) -> Key {
        sign(&self.0, key).as_ref().try_into().unwrap()
    }
}

/// The other half: one block of output.
pub(crate) fn expand(extracted: &Key, purpose: &str) -> Key {
    hmac(extracted, &[purpose.as_bytes(), &[1]].concat())
}

pub(crate) fn derive(key: &Key, purpose: &str) -> Key {
    expand(&Extract::new().from(key), purpose)
}

/// A thing that was encrypted, and all that is public about it.
#[derive(Clone)]
pub(crate) struct Locked {
    nonce: [u8; 12],
    ciphertext: Vec<u8>,
    associated: Vec<u8>,
}

impl Locked {
    fn new(bytes: &[u8], associated: Vec<u8>) -> Self {
        let (nonce, ciphertext) = bytes.split_at(12);
        Self { nonce: nonce.try_into().unwrap(), ciphertext: ciphertext.to_vec(), associated }
    }

    /// What is inside, if this is the key.
    pub(crate) fn open(&self, key: &LessSafeKey) -> Option<Vec<u8>> {
        let mut buffer = self.ciphertext.clone();
        let aad = Aad::from(&self.associated);
        let opened = key.open_in_place(Nonce::assume_unique_for_key(self.nonce), aad, &mut buffer).ok()?;
        Some(opened.to_vec())
    }

    /// The key that is inside.
    pub(crate) fn key(&self, key: &Key) -> Option<Key> {
        self.open(&cipher(key))?.try_into().ok()
    }
}

pub(crate) fn cipher(key: &Key) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).unwrap())
}

impl RootRow {
    /// What a root is recognised by, made of the key that is derived from it for that.
    pub(crate) fn is_of(&self, derived: &Key) -> bool {
        let parts = [&b"lethe-root/2"[..], self.installation.as_bytes(), &self.epoch.to_be_bytes()];
        self.commitment == hmac(derived, &framed(&parts))
    }
}

impl BucketRow {
    /// The bucket's key, as a root of an epoch wraps it.
    pub(crate) fn locked(&self, installation: Uuid, epoch: i64) -> Locked {
        let (epoch, bucket, generation) =
            (epoch.to_be_bytes(), self.bucket.to_be_bytes(), self.generation.to_be_bytes());
        let parts = [&b"lethe-bucket/1"[..], installation.as_bytes(), &epoch, &bucket, &generation];
        Locked::new(&self.wrapped, framed(&parts))
    }
}

impl KeyRow {
    /// The subject's secret, as the key of its bucket wraps it.
    pub(crate) fn locked(&self) -> Locked {
        let (bucket, generation) = (self.bucket.to_be_bytes(), self.generation.to_be_bytes());
        let parts = [
            &b"lethe-wrap/1"[..],
            self.id.as_bytes(),
            self.kind.as_bytes(),
            self.subject.as_bytes(),
            self.class.as_bytes(),
            &bucket,
            &generation,
        ];
        Locked::new(&self.wrapped, framed(&parts))
    }

    /// What a subject's key is recognised by, made of the key that is derived from it for that.
    pub(crate) fn is_of(&self, derived: &Key) -> bool {
        let parts = [
            &b"lethe-commit/1"[..],
            self.id.as_bytes(),
            self.kind.as_bytes(),
            self.subject.as_bytes(),
            self.class.as_bytes(),
        ];
        self.commitment == hmac(derived, &framed(&parts))
    }

    /// A value of the subject, as the key that is derived from its secret seals it.
    pub(crate) fn sealed(&self, text: &str, label: &str) -> Locked {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let (header, rest) = bytes.split_at(33);
        assert_eq!((header[0], &header[1..17]), (1, &self.id.as_bytes()[..]));
        let parts = [
            &b"lethe-seal/1"[..],
            self.kind.as_bytes(),
            self.subject.as_bytes(),
            self.class.as_bytes(),
            self.id.as_bytes(),
            &header[17..],
            label.as_bytes(),
        ];
        Locked::new(rest, framed(&parts))
    }
}

/// A value without its padding.
pub(crate) fn unpadded(plaintext: &[u8]) -> String {
    let end = plaintext.iter().rposition(|byte| *byte == 0x80).unwrap();
    serde_json::from_slice(&plaintext[..end]).unwrap()
}
