//! The root key of one epoch, and the record in which a custodian keeps it.
//!
//! | Offset | Length | What |
//! |---|---|---|
//! | 0 | 13 | `lethe-root/2` and a line feed |
//! | 13 | 16 | installation id |
//! | 29 | 8 | epoch, signed, big endian, from 1 |
//! | 37 | 32 | the root key |
//! | 69 | 32 | SHA-256 of bytes 0 to 68 |

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, KEY_LEN, Key};

const MAGIC: &[u8] = b"lethe-root/2\n";
const BODY_LEN: usize = MAGIC.len() + 16 + 8 + KEY_LEN;

/// How long a record is.
pub(super) const RECORD_LEN: usize = BODY_LEN + 32;

/// A root in the form in which custodians keep it; wiped when dropped.
pub(super) type Record = Zeroizing<Vec<u8>>;

/// The root key of one epoch: everything in the vault hangs from it. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Root {
    /// The installation whose root it is.
    pub installation: Uuid,
    /// The root's number: 1 for the first, one more with each rotation.
    pub epoch: i64,
    secret: Key,
    commitment: [u8; 32],
}

/// A root that a custodian has, without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The installation whose root it is.
    pub installation: Uuid,
    /// The root's number.
    pub epoch: i64,
    /// What recognises the root; it tells nothing about the key.
    pub commitment: [u8; 32],
}

impl Root {
    /// A new root, from the system's randomness.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn generate(installation: Uuid, epoch: i64) -> Result<Self, VaultError> {
        Self::new(installation, epoch, Key::new(crypto::random()?))
    }

    pub(crate) fn new(installation: Uuid, epoch: i64, secret: Key) -> Result<Self, VaultError> {
        let bound = crypto::framed(&[b"lethe-root/2", installation.as_bytes(), &epoch.to_be_bytes()]);
        let commitment = crypto::mac(&crypto::derive(&secret, "lethe-root/2")?, &bound);
        Ok(Self { installation, epoch, secret, commitment })
    }

    /// What recognises this root: HMAC-SHA-256 under a key derived from it over installation and epoch. It tells
    /// nothing about the key.
    #[must_use]
    pub fn commitment(&self) -> [u8; 32] {
        self.commitment
    }

    /// The key itself, to derive from.
    #[expect(dead_code, reason = "the store wraps bucket keys with it")]
    pub(crate) fn secret(&self) -> &Key {
        &self.secret
    }

    /// This root without its key.
    #[must_use]
    pub fn held(&self) -> Held {
        Held { installation: self.installation, epoch: self.epoch, commitment: self.commitment }
    }

    /// Whether both are the same key of the same installation and epoch.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.installation == other.installation
            && self.epoch == other.epoch
            && constant_time::verify_slices_are_equal(self.secret.as_slice(), other.secret.as_slice()).is_ok()
    }

    pub(super) fn record(&self) -> Record {
        let mut record = Record::new(Vec::with_capacity(RECORD_LEN));
        record.extend_from_slice(MAGIC);
        record.extend_from_slice(self.installation.as_bytes());
        record.extend_from_slice(&self.epoch.to_be_bytes());
        record.extend_from_slice(self.secret.as_slice());
        let checksum = digest::digest(&digest::SHA256, &record);
        record.extend_from_slice(checksum.as_ref());
        record
    }

    /// Reads a record; `None` unless it is exactly one.
    pub(super) fn from_record(record: &[u8]) -> Option<Self> {
        let (body, checksum) = record.split_at_checked(BODY_LEN)?;
        if digest::digest(&digest::SHA256, body).as_ref() != checksum {
            return None;
        }
        let (installation, rest) = body.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (epoch, secret) = rest.split_first_chunk()?;
        let secret = Key::new(secret.try_into().ok()?);
        let epoch = i64::from_be_bytes(*epoch);
        let empty = secret.iter().all(|byte| *byte == 0);
        if epoch < 1 || empty {
            return None;
        }
        Self::new(Uuid::from_bytes(*installation), epoch, secret).ok()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("installation", &self.installation)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
