//! Verifier keys: public keys with a name and a kind.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Signature, Verified};
use crate::hash::sha256_of;

/// What kind of signatures a key makes; each needs its own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519 over the text: the logs' signatures. Type `01`.
    Ed25519,
    /// Ed25519 over a time and the text: the cosignatures of witnesses (C2SP `tlog-cosignature`). Type `04`.
    Cosignature,
}

impl KeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A public key with a name. Written as `<name>+<id>+<key>`: the id are the first four bytes, in hexadecimal, of
/// SHA-256(name ‖ `0A` ‖ type ‖ public key); the key is the base64 of type ‖ public key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    public: [u8; 32],
}

/// Why a text is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// It has not the three parts.
    #[error("It is not of the form <name>+<hash>+<key>. Copy the whole line.")]
    Form,
    /// The name is empty or has white space in it.
    #[error("Its name is empty or holds white space, a control character or a plus sign.")]
    Name,
    /// The key is no base64 of 33 bytes.
    #[error("Its key is not the base64 of 33 bytes. It may have been cut; copy it anew.")]
    Key,
    /// The key is for another kind of signature.
    #[error(
        "It is for signatures of type {0:#04x}; only Ed25519 (0x01) and cosignatures by it (0x04) are known."
    )]
    Type(u8),
    /// Name, hash and key do not belong together.
    #[error("Its hash does not belong to its name and key. Something in it was altered; copy it anew.")]
    Hash,
}

/// Whether a key may have that name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl VerifierKey {
    /// A public key, 32 bytes as in RFC 8032, under a name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`].
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Result<Self, VerifierKeyError> {
        if is_name(name) {
            Ok(Self { name: name.to_owned(), kind, public })
        } else {
            Err(VerifierKeyError::Name)
        }
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key: 32 bytes as in RFC 8032.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// What tells keys of one name apart.
    #[must_use]
    pub fn id(&self) -> u32 {
        let hash = sha256_of(&[self.name.as_bytes(), b"\n", &[self.kind.byte()], &self.public]);
        hash.0.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
    }

    /// The line of a note for a signature that this key has made elsewhere.
    #[must_use]
    pub fn line(&self, signature: &[u8]) -> Signature {
        Signature { name: self.name.clone(), id: self.id(), bytes: signature.to_vec() }
    }

    /// Whether this is the owner's signature of these bytes, outside a note. A witness makes none.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.kind == KeyKind::Ed25519
            && UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }

    /// Whether a signature line says that this key has made it.
    pub(super) fn made(&self, signature: &Signature) -> bool {
        signature.name == self.name && signature.id == self.id()
    }

    /// None if it is not this key's signature of that text.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Verified<'_>> {
        let public = UnparsedPublicKey::new(&ED25519, &self.public);
        match self.kind {
            KeyKind::Ed25519 => {
                public.verify(text.as_bytes(), signature).ok().map(|()| Verified { key: self, time: None })
            }
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                // The specification allows no later time than a signed number can count.
                i64::try_from(time).ok()?;
                public.verify(cosigned(text, time).as_bytes(), signature).ok()?;
                Some(Verified { key: self, time: Some(time) })
            }
        }
    }
}

/// What a witness signs.
pub(super) fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.public.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id(), BASE64_STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        // Base64 may hold a plus sign; what stands before it may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Form);
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| VerifierKeyError::Key)?;
        let (kind, public) = key.split_first().ok_or(VerifierKeyError::Key)?;
        let kind = match kind {
            0x01 => KeyKind::Ed25519,
            0x04 => KeyKind::Cosignature,
            other => return Err(VerifierKeyError::Type(*other)),
        };
        let read = Self::new(name, kind, public.try_into().map_err(|_| VerifierKeyError::Key)?)?;
        // One key is written in one way only, so it can be compared as text.
        if id == format!("{:08x}", read.id()) { Ok(read) } else { Err(VerifierKeyError::Hash) }
    }
}
