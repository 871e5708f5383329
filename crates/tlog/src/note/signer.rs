//! Private keys of those who sign outside an installation's vault: witnesses, and tests.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::key::cosigned;
use super::{KeyKind, Note, Signature, VerifierKey, VerifierKeyError};

/// Signs notes. It shows no secret, also not to `Debug`, which it does not have.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The name cannot be one of a key.
    #[error(transparent)]
    Name(#[from] VerifierKeyError),
    /// The cryptographic library refused.
    #[error("The cryptographic library refused to sign.")]
    Crypto,
    /// A time beyond what a cosignature can say.
    #[error("The time of a cosignature must be between 1 and 2^63 - 1 seconds.")]
    Time,
}

impl Signer {
    /// A signer from the 32 bytes of an Ed25519 seed (RFC 8032).
    ///
    /// # Errors
    /// [`SignError::Name`], [`SignError::Crypto`].
    pub fn of_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, SignError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SignError::Crypto)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| SignError::Crypto)?;
        Ok(Self { pair, key: VerifierKey::new(name, kind, public)? })
    }

    /// The key that others verify with.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// The line that signs the text of a note. A cosignature needs the `time`, in seconds since 1970-01-01T00:00:00Z; for
    /// other kinds it is not looked at.
    ///
    /// # Errors
    /// [`SignError::Time`], [`SignError::Crypto`].
    pub fn sign(&self, note: &Note, time: u64) -> Result<Signature, SignError> {
        let sign = |message: &str| self.pair.try_sign(message.as_bytes()).map_err(|_| SignError::Crypto);
        match self.key.kind() {
            KeyKind::Ed25519 => Ok(self.key.line(sign(note.text())?.as_ref())),
            KeyKind::Cosignature => {
                if time == 0 || i64::try_from(time).is_err() {
                    return Err(SignError::Time);
                }
                let signature = sign(&cosigned(note.text(), time))?;
                Ok(self.key.line(&[&time.to_be_bytes(), signature.as_ref()].concat()))
            }
        }
    }
}
