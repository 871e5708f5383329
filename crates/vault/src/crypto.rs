//! The primitives: AES-256-GCM-SIV (RFC 8452), HKDF-SHA-256 (RFC 5869), HMAC-SHA-256.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use zeroize::Zeroizing;

use crate::VaultError;

pub(crate) const KEY_LEN: usize = 32;
pub(crate) const NONCE_BYTES: usize = NONCE_LEN;

/// 32 secret bytes, wiped when dropped.
pub(crate) type Key = Zeroizing<[u8; KEY_LEN]>;

/// Fills an array with randomness of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| VaultError::Crypto)?;
    Ok(bytes)
}

/// Joins parts, each behind its length (32 bit, big endian), so that no two lists of parts give the same bytes.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Derives the key for one use from a key.
pub(crate) fn derive(key: &Key, purpose: &str) -> Result<Key, VaultError> {
    struct Len;
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            KEY_LEN
        }
    }
    let mut out = Zeroizing::new([0; KEY_LEN]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"lethe")
        .extract(key.as_slice())
        .expand(&[purpose.as_bytes()], Len)
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .map_err(|_| VaultError::Crypto)?;
    Ok(out)
}

pub(crate) fn mac(key: &Key, message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), message);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

pub(crate) fn mac_is(key: &Key, message: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), message, tag).is_ok()
}

/// An AEAD key, prepared once.
pub(crate) fn cipher(key: &Key) -> Result<LessSafeKey, VaultError> {
    UnboundKey::new(&AES_256_GCM_SIV, key.as_slice()).map(LessSafeKey::new).map_err(|_| VaultError::Crypto)
}

/// Encrypts; the answer is ciphertext and tag.
pub(crate) fn encrypt(
    cipher: &LessSafeKey,
    nonce: [u8; NONCE_BYTES],
    aad: &[u8],
    mut plaintext: Vec<u8>,
) -> Result<Vec<u8>, VaultError> {
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut plaintext)
        .map_err(|_| VaultError::Crypto)?;
    Ok(plaintext)
}

/// Decrypts; `None` when key, nonce, associated data or ciphertext are not those of the encryption.
pub(crate) fn decrypt(
    cipher: &LessSafeKey,
    nonce: [u8; NONCE_BYTES],
    aad: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let len = cipher
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), buffer.as_mut_slice())
        .ok()?
        .len();
    buffer.truncate(len);
    Some(buffer)
}
