//! How the public key is written down: the verifier key of C2SP `signed-note`, so that a transparency log can take the
//! key over under the same name and hash.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use super::verify;

/// The signature type Ed25519 of C2SP `signed-note`.
const ED25519: u8 = 0x01;

/// A public key with a name. Written as `<name>+<hash>+<key>`: the hash are the first four bytes, in hexadecimal, of
/// SHA-256(name ‖ `0A` ‖ `01` ‖ public key); the key is base64 of `01` ‖ public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

/// Why a text is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// It has not the three parts.
    #[error("It is not of the form <name>+<hash>+<key>. Copy the whole line that `lethe keys status` shows.")]
    Form,
    /// The name is empty or has white space in it.
    #[error("Its name is empty or holds white space or a plus sign.")]
    Name,
    /// The key is no base64 of 33 bytes.
    #[error("Its key is not the base64 of 33 bytes. It may have been cut; copy it anew.")]
    Key,
    /// The key is for another kind of signature.
    #[error("It is for signatures of type {0:#04x}, and only Ed25519 (0x01) is known here.")]
    Type(u8),
    /// Name, hash and key do not belong together.
    #[error("Its hash does not belong to its name and key. Something in it was altered; copy it anew.")]
    Hash,
}

impl VerifierKey {
    /// A public key under a name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`].
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, VerifierKeyError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(VerifierKeyError::Name);
        }
        Ok(Self { name: name.to_owned(), public })
    }

    /// The name of an installation's key.
    #[must_use]
    pub fn name_of(installation: Uuid) -> String {
        format!("lethe/{installation}")
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key: 32 bytes as in RFC 8032.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// What tells keys of one name apart.
    #[must_use]
    pub fn hash(&self) -> [u8; 4] {
        let message = [self.name.as_bytes(), b"\n", &self.typed()].concat();
        let mut hash = [0; 4];
        hash.iter_mut().zip(digest(&SHA256, &message).as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }

    /// Whether this is the signature of that message by the owner of this key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        verify(&self.public, message, signature)
    }

    fn typed(&self) -> Vec<u8> {
        [&[ED25519], self.public.as_slice()].concat()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.hash());
        write!(f, "{}+{hash:08x}+{}", self.name, BASE64_STANDARD.encode(self.typed()))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        // Base64 may hold a plus sign; what stands before it may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Form);
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| VerifierKeyError::Key)?;
        let (kind, public) = key.split_first().ok_or(VerifierKeyError::Key)?;
        let public = public.try_into().map_err(|_| VerifierKeyError::Key)?;
        if *kind != ED25519 {
            return Err(VerifierKeyError::Type(*kind));
        }
        let read = Self::new(name, public)?;
        // One key is written in one way only, so it can be compared as text.
        if hash == format!("{:08x}", u32::from_be_bytes(read.hash())) {
            Ok(read)
        } else {
            Err(VerifierKeyError::Hash)
        }
    }
}
