//! SHA-256 hashes, and how they are written down.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 hash. Written as base64 (RFC 4648, section 4, padded).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("It is not the base64 of 32 bytes.")]
pub struct HashError;

impl Hash {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes in hexadecimal, lower case.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// The hashes that stand one after another in `bytes`; none if that is no multiple of 32 bytes.
    #[must_use]
    pub fn sequence(bytes: &[u8]) -> Option<Vec<Self>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| hashes.iter().map(|bytes| Self(*bytes)).collect())
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        // The decoder wants room for what 44 characters could give.
        let mut bytes = [0; 33];
        let length = BASE64_STANDARD.decode_slice(text, &mut bytes).map_err(|_| HashError)?;
        bytes.get(..length).ok_or(HashError)?.try_into()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads a hash from its text without keeping the text.
struct Text;

impl Visitor<'_> for Text {
    type Value = Hash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the base64 of 32 bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hash, E> {
        text.parse().map_err(E::custom)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    of(digest(&SHA256, bytes).as_ref())
}

/// The SHA-256 of several pieces of bytes, as if they were one.
pub(crate) fn sha256_of(pieces: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for piece in pieces {
        context.update(piece);
    }
    of(context.finish().as_ref())
}

fn of(digest: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    Hash(hash)
}
