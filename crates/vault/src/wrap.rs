//! How keys are wrapped: a subject's key by its bucket's or the nursery's, and those by the root. Both are
//! `nonce (12) ‖ ciphertext (32) ‖ tag (16)`, AES-256-GCM-SIV; see `docs/sealing.md`.

use lethe_kernel::{KeyClass, Subject};
use uuid::Uuid;

use crate::VaultError;
use crate::crypto::{self, KEY_LEN, Key, NONCE_BYTES};
use crate::custodian::Root;

/// The bucket of a key: the first bits of its random id, as many as it takes to count the buckets.
pub(crate) fn bucket_of(key: Uuid, buckets: u32) -> i32 {
    let [a, b, c, d, ..] = *key.as_bytes();
    let first = u64::from(u32::from_be_bytes([a, b, c, d]));
    i32::try_from((first * u64::from(buckets)) >> 32).unwrap_or_default()
}

/// A random key id.
pub(crate) fn key_id() -> Result<Uuid, VaultError> {
    Ok(uuid::Builder::from_random_bytes(crypto::random()?).into_uuid())
}

/// Which key is wrapped, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubjectPlace {
    pub(crate) id: Uuid,
    pub(crate) subject: Subject,
    pub(crate) class: KeyClass,
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
}

impl SubjectPlace {
    fn aad(&self) -> Vec<u8> {
        crypto::framed(&[
            b"lethe-wrap/1",
            self.id.as_bytes(),
            self.subject.kind.name().as_bytes(),
            self.subject.id.as_bytes(),
            self.class.name().as_bytes(),
            &self.bucket.to_be_bytes(),
            &self.generation.to_be_bytes(),
        ])
    }

    /// Wraps the secret of a subject's key by the key of its bucket or of the nursery.
    pub(crate) fn wrap(&self, bucket: &Key, secret: &Key) -> Result<Vec<u8>, VaultError> {
        wrap(bucket, &self.aad(), secret)
    }

    /// The secret; `None` if it was not wrapped here, for this subject, by this key.
    pub(crate) fn unwrap(&self, bucket: &Key, wrapped: &[u8]) -> Result<Option<Key>, VaultError> {
        unwrap(bucket, &self.aad(), wrapped)
    }
}

/// What wraps the keys of buckets: a key derived from the root of one epoch, which is all of the root that stays in
/// memory.
pub(crate) struct RootKey {
    pub(crate) installation: Uuid,
    pub(crate) epoch: i64,
    key: Key,
}

impl RootKey {
    pub(crate) fn of(root: &Root) -> Result<Self, VaultError> {
        let key = crypto::derive(root.secret(), "lethe-bucket/1")?;
        Ok(Self { installation: root.installation, epoch: root.epoch, key })
    }

    fn aad(&self, bucket: i32, generation: i64) -> Vec<u8> {
        crypto::framed(&[
            b"lethe-bucket/1",
            self.installation.as_bytes(),
            &self.epoch.to_be_bytes(),
            &bucket.to_be_bytes(),
            &generation.to_be_bytes(),
        ])
    }

    /// Wraps a bucket's key of a generation.
    pub(crate) fn wrap(&self, bucket: i32, generation: i64, secret: &Key) -> Result<Vec<u8>, VaultError> {
        wrap(&self.key, &self.aad(bucket, generation), secret)
    }

    /// The bucket's key.
    ///
    /// # Errors
    /// [`VaultError::BucketDamaged`] or [`VaultError::NurseryDamaged`] if this root did not wrap it there.
    pub(crate) fn unwrap(&self, bucket: i32, generation: i64, wrapped: &[u8]) -> Result<Key, VaultError> {
        let key = unwrap(&self.key, &self.aad(bucket, generation), wrapped)?;
        key.ok_or_else(|| VaultError::damaged(bucket, generation))
    }
}

/// A new key.
pub(crate) fn new_key() -> Result<Key, VaultError> {
    Ok(Key::new(crypto::random()?))
}

fn wrap(by: &Key, aad: &[u8], secret: &Key) -> Result<Vec<u8>, VaultError> {
    let nonce = crypto::random::<NONCE_BYTES>()?;
    // Room for the tag too: growing would leave a copy of the key behind in freed memory.
    let mut plaintext = Vec::with_capacity(KEY_LEN + 16);
    plaintext.extend_from_slice(secret.as_slice());
    let ciphertext = crypto::encrypt(&crypto::cipher(by)?, nonce, aad, plaintext)?;
    Ok([nonce.as_slice(), &ciphertext].concat())
}

fn unwrap(by: &Key, aad: &[u8], wrapped: &[u8]) -> Result<Option<Key>, VaultError> {
    let cipher = crypto::cipher(by)?;
    let opened = wrapped
        .split_first_chunk::<NONCE_BYTES>()
        .and_then(|(nonce, ciphertext)| crypto::decrypt(&cipher, *nonce, aad, ciphertext));
    Ok(opened.and_then(|secret| <[u8; KEY_LEN]>::try_from(secret.as_slice()).ok()).map(Key::new))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_bucket_of_a_key_is_the_first_bits_of_its_id(id in any::<u128>(), bits in 0_u32..=15) {
            let first = id.checked_shr(128 - bits).unwrap_or(0);
            prop_assert_eq!(bucket_of(Uuid::from_u128(id), 1 << bits), i32::try_from(first).unwrap());
        }
    }
}
