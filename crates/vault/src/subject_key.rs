//! The key of one subject and class, and how it is named when it is destroyed.

use aws_lc_rs::aead::LessSafeKey;
use lethe_kernel::{KeyClass, Subject};
use uuid::Uuid;

use crate::VaultError;
use crate::crypto::{self, Key};

/// Which stored key is meant. Keys are found by subject and class; the id tells one from another that stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredKey {
    /// The key's id.
    pub id: Uuid,
    /// Whose key it is.
    pub subject: Subject,
    /// What it seals.
    pub class: KeyClass,
}

/// One subject's key of one class, unwrapped.
pub struct SubjectKey {
    id: Uuid,
    subject: Subject,
    class: KeyClass,
    secret: Key,
    cipher: LessSafeKey,
}

impl SubjectKey {
    /// A key that is kept elsewhere than in the vault, as the one of a test is.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn new(id: Uuid, subject: Subject, class: KeyClass, secret: Key) -> Result<Self, VaultError> {
        let cipher = crypto::cipher(&crypto::derive(&secret, "lethe-seal/1")?)?;
        Ok(Self { id, subject, class, secret, cipher })
    }

    /// The id under which the wrapped key is stored.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whose key it is.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// What it seals.
    #[must_use]
    pub fn class(&self) -> KeyClass {
        self.class
    }

    /// How it is found among the stored keys.
    #[must_use]
    pub fn stored(&self) -> StoredKey {
        StoredKey { id: self.id, subject: self.subject, class: self.class }
    }

    pub(crate) fn cipher(&self) -> &LessSafeKey {
        &self.cipher
    }

    pub(crate) fn secret(&self) -> &Key {
        &self.secret
    }

    /// What binds the key to its id and subject; stored in the event that created it, checked at every unwrap.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn commitment(&self) -> Result<[u8; 32], VaultError> {
        let message = crypto::framed(&[
            b"lethe-commit/1",
            self.id.as_bytes(),
            self.subject.kind.name().as_bytes(),
            self.subject.id.as_bytes(),
            self.class.name().as_bytes(),
        ]);
        Ok(crypto::mac(&crypto::derive(&self.secret, "lethe-commit/1")?, &message))
    }
}

/// A key that is destroyed with a unit of work, as events and certificates name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestroyedKey {
    /// The key's id.
    pub id: Uuid,
    /// Whose key it was.
    pub subject: Subject,
    /// What it sealed.
    pub class: KeyClass,
    /// What bound the key to id and subject.
    pub commitment: [u8; 32],
}
