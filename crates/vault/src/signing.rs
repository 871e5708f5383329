//! The installation's signature: Ed25519 (RFC 8032), by a key of its own in the vault.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use lethe_kernel::{KeyClass, Subject, SubjectKind};
use lethe_tlog::note::{KeyKind, VerifierKey};
use uuid::Uuid;

use crate::{Vault, VaultError};

/// Signs in the installation's name. It shows no secret, also not to `Debug`, which it does not have.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl Signer {
    /// A signer whose seed is kept elsewhere than in the vault, as the one of a test is. The name is that of its key,
    /// see [`VerifierKey`].
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn of_seed(name: &str, seed: &[u8; 32]) -> Result<Self, VaultError> {
        // There is no public key to check the seed against: it is derived from the seed here.
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| VaultError::Crypto)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| VaultError::Crypto)?;
        let verifier = VerifierKey::new(name, KeyKind::Ed25519, public).map_err(|_| VaultError::Crypto)?;
        Ok(Self { pair, verifier })
    }

    /// The key that others verify with: 32 bytes as in RFC 8032.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.verifier.public_key()
    }

    /// The same with its name, as it is published.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature of a message. The same message always gets the same one.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], VaultError> {
        let signature = self.pair.try_sign(message).map_err(|_| VaultError::Crypto)?;
        signature.as_ref().try_into().map_err(|_| VaultError::Crypto)
    }
}

/// The name of an installation's key.
#[must_use]
pub fn key_name(installation: Uuid) -> String {
    format!("lethe/{installation}")
}

/// Whether this is the signature of that message by the owner of that public key.
#[must_use]
pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

impl Vault {
    /// What signs in the installation's name. Its key was made when the vault was opened for the first time.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] or [`VaultError::Erased`] when the key is not there, and as [`Vault::load`].
    pub async fn signer(&self) -> Result<Signer, VaultError> {
        let subject = Subject::new(SubjectKind::Installation, self.installation());
        let keyring = self.keyring(&[subject]).await?;
        let keys = keyring.of(subject);
        let Some(key) = keys.iter().find(|key| key.class() == KeyClass::Signing) else {
            return Err(if keyring.is_destroyed(subject, KeyClass::Signing) {
                VaultError::Erased(subject)
            } else {
                VaultError::KeyMissing { subject, event: None }
            });
        };
        Signer::of_seed(&key_name(self.installation()), key.secret())
    }
}

#[cfg(test)]
mod tests;
