//! The keys that one request or unit of work uses, in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use lethe_kernel::{EventId, KeyClass, Personal, PersonalValue, Seal, SealedText, Subject, personal};
use serde::Serialize;

use crate::VaultError;
use crate::crypto;
use crate::sealed::{self, Place};
use crate::subject_key::{DestroyedKey, StoredKey, SubjectKey};
use crate::wrap;

/// The keys of some subjects: those that were read, and those minted here and not stored yet.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: HashMap<(Subject, KeyClass), Arc<SubjectKey>>,
    destroyed: HashSet<(Subject, KeyClass)>,
    /// Keys that are stored and do not unwrap, and bucket and generation if those are at fault.
    damaged: HashMap<(Subject, KeyClass), Option<(i32, i64)>>,
    asked: HashSet<Subject>,
    minted: Vec<Arc<SubjectKey>>,
}

impl Keyring {
    pub(crate) fn missing(&self, subjects: &[Subject]) -> HashSet<Subject> {
        subjects.iter().filter(|subject| !self.asked.contains(subject)).copied().collect()
    }

    pub(crate) fn asked(&mut self, subjects: impl IntoIterator<Item = Subject>) {
        self.asked.extend(subjects);
    }

    /// Adds a key that is stored already.
    pub fn insert(&mut self, key: SubjectKey) {
        self.share(Arc::new(key));
    }

    pub(crate) fn share(&mut self, key: Arc<SubjectKey>) {
        self.keys.insert((key.subject(), key.class()), key);
    }

    /// Takes note that a key was destroyed.
    pub(crate) fn bury(&mut self, subject: Subject, class: KeyClass) {
        self.keys.remove(&(subject, class));
        self.damaged.remove(&(subject, class));
        self.destroyed.insert((subject, class));
    }

    /// Takes note that a key is stored and does not unwrap, and whether its bucket is at fault.
    pub(crate) fn distrust(&mut self, subject: Subject, class: KeyClass, bucket: Option<(i32, i64)>) {
        self.damaged.insert((subject, class), bucket);
    }

    /// Nothing if no key of a subject is damaged.
    pub(crate) fn sound(&self, subject: Subject) -> Result<(), VaultError> {
        let damaged = self.damaged.iter().find(|((owner, _), _)| *owner == subject);
        damaged.map_or(Ok(()), |(_, bucket)| Err(damage(subject, *bucket)))
    }

    /// The keys of a subject that are here.
    #[must_use]
    pub fn of(&self, subject: Subject) -> Vec<Arc<SubjectKey>> {
        self.keys.values().filter(|key| key.subject() == subject).cloned().collect()
    }

    /// The stored keys of a subject, as they are named when they are destroyed, in the order of their ids.
    ///
    /// # Errors
    /// [`VaultError::Crypto`]; a damaged key is not passed over but told.
    pub fn destroyable(&self, subject: Subject) -> Result<Vec<DestroyedKey>, VaultError> {
        self.sound(subject)?;
        let mut keys = self.of(subject);
        keys.retain(|key| !self.minted.iter().any(|minted| minted.id() == key.id()));
        keys.sort_by_key(|key| key.id());
        let named = |key: &Arc<SubjectKey>| {
            Ok(DestroyedKey { id: key.id(), subject, class: key.class(), commitment: key.commitment()? })
        };
        keys.iter().map(named).collect()
    }

    /// Whether the key of a subject and class was destroyed.
    #[must_use]
    pub fn is_destroyed(&self, subject: Subject, class: KeyClass) -> bool {
        self.destroyed.contains(&(subject, class))
    }

    /// Takes it that these subjects have no key yet, because their ids were made just now. If one has, the ledger
    /// refuses the key that is minted here.
    pub fn assume_none(&mut self, subjects: impl IntoIterator<Item = Subject>) {
        self.asked.extend(subjects);
    }

    /// The keys that were read from the database, now or by an earlier command.
    pub fn stored(&self) -> impl Iterator<Item = StoredKey> {
        let minted = |key: &&Arc<SubjectKey>| self.minted.iter().any(|minted| minted.id() == key.id());
        self.keys.values().filter(move |key| !minted(key)).map(|key| key.stored())
    }

    /// The subjects whose keys were asked for.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.asked.iter().copied()
    }

    /// The key of a subject, minted now if it never had one. The subject's keys must have been loaded before, so that
    /// a second key is never minted beside a stored one or after a destroyed one.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] when the subject's keys were not loaded, [`VaultError::Erased`] when the key was
    /// destroyed, [`VaultError::Crypto`] without randomness; one that is damaged is not replaced but told.
    pub fn ensure(&mut self, subject: Subject, class: KeyClass) -> Result<Arc<SubjectKey>, VaultError> {
        self.sound(subject)?;
        if let Some(key) = self.keys.get(&(subject, class)) {
            return Ok(key.clone());
        }
        if !self.asked.contains(&subject) {
            return Err(VaultError::KeyMissing { subject, event: None });
        }
        if self.is_destroyed(subject, class) {
            return Err(VaultError::Erased(subject));
        }
        let key = Arc::new(SubjectKey::new(wrap::key_id()?, subject, class, wrap::new_key()?)?);
        self.keys.insert((subject, class), key.clone());
        self.minted.push(key.clone());
        Ok(key)
    }

    /// Makes sure that no key is lost of these subjects, for whom values are sealed already: each has one, or had one
    /// that was destroyed.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`]; one that is damaged is told.
    pub fn require(&self, subjects: &[Subject]) -> Result<(), VaultError> {
        subjects.iter().try_for_each(|subject| self.sound(*subject))?;
        let known = |subject: &&Subject| {
            let mut owners = self.keys.keys().chain(&self.destroyed).map(|(owner, _)| owner);
            owners.any(|owner| owner == *subject)
        };
        match subjects.iter().find(|subject| !known(subject)) {
            Some(subject) => Err(VaultError::KeyMissing { subject: *subject, event: None }),
            None => Ok(()),
        }
    }

    /// The keys minted here, to be stored with the events that use them.
    #[must_use]
    pub fn minted(&self) -> &[Arc<SubjectKey>] {
        &self.minted
    }

    fn key(
        &self,
        subject: Subject,
        class: KeyClass,
        event: Option<EventId>,
    ) -> Result<&SubjectKey, VaultError> {
        if let Some(bucket) = self.damaged.get(&(subject, class)) {
            return Err(damage(subject, *bucket));
        }
        match self.keys.get(&(subject, class)) {
            Some(key) => Ok(key),
            None if self.is_destroyed(subject, class) => Err(VaultError::Erased(subject)),
            None => Err(VaultError::KeyMissing { subject, event }),
        }
    }

    /// Opens a value of `subject`.
    ///
    /// # Errors
    /// [`VaultError::Erased`] when the key was destroyed, [`VaultError::KeyMissing`] when it is not there although it
    /// was not, [`VaultError::KeyDamaged`] or [`VaultError::BucketDamaged`] when it does not unwrap, or
    /// [`VaultError::Corrupt`] when the value was altered or belongs elsewhere.
    pub fn open<T: PersonalValue>(
        &self,
        value: &Personal<T>,
        subject: impl Into<Subject>,
    ) -> Result<T, VaultError> {
        let place = Place { subject: subject.into(), class: T::CLASS, label: T::LABEL };
        match value {
            Personal::Clear { value, .. } => Ok(value.clone()),
            Personal::Sealed(text) => {
                let json =
                    sealed::open(self.key(place.subject, place.class, sealed::event_of(text))?, place, text)?;
                serde_json::from_slice(&json).map_err(|_| place.corrupt(text))
            }
        }
    }

    /// Opens a text of an event, whose label is known only at run time, for showing history.
    ///
    /// # Errors
    /// As [`Keyring::open`], and [`VaultError::Corrupt`] for a value that was sealed for another event.
    pub fn open_text(
        &self,
        text: &SealedText,
        subject: Subject,
        label: &str,
        event: EventId,
    ) -> Result<String, VaultError> {
        let place = Place { subject, class: KeyClass::Crm, label };
        if sealed::event_of(text) != Some(event) {
            return Err(place.corrupt(text));
        }
        let json = sealed::open(self.key(subject, place.class, Some(event))?, place, text)?;
        serde_json::from_slice(&json).map_err(|_| place.corrupt(text))
    }

    /// Whether two values of `subject` are equal, whichever of them is sealed.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn same<T: PersonalValue>(
        &self,
        one: &Personal<T>,
        other: &Personal<T>,
        subject: impl Into<Subject>,
    ) -> Result<bool, VaultError> {
        let subject = subject.into();
        Ok(self.open(one, subject)? == self.open(other, subject)?)
    }

    /// The keyed digest of a command's input, under a key that dies with the subject (design: idempotency).
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] when the subject has no key.
    pub fn input_mac(&self, subject: Subject, input: &[u8]) -> Result<[u8; 32], VaultError> {
        let key = self.key(subject, KeyClass::Crm, None)?;
        Ok(crypto::mac(&crypto::derive(key.secret(), "lethe-input/1")?, input))
    }

    /// Whether `mac` is the keyed digest of that input; compared in constant time.
    ///
    /// # Errors
    /// As [`Keyring::input_mac`].
    pub fn input_is(&self, subject: Subject, input: &[u8], mac: &[u8]) -> Result<bool, VaultError> {
        let key = self.key(subject, KeyClass::Crm, None)?;
        Ok(crypto::mac_is(&crypto::derive(key.secret(), "lethe-input/1")?, input, mac))
    }
}

fn damage(subject: Subject, bucket: Option<(i32, i64)>) -> VaultError {
    bucket.map_or(VaultError::KeyDamaged(subject), |(bucket, generation)| {
        VaultError::damaged(bucket, generation)
    })
}

/// Whose personal values occur in `value`, however deep; nothing is written.
///
/// # Errors
/// [`VaultError::Encode`] when serde fails.
pub fn subjects_in<T: Serialize>(value: &T) -> Result<Vec<(Subject, KeyClass)>, VaultError> {
    #[derive(Default)]
    struct Collect(Mutex<Vec<(Subject, KeyClass)>>);
    impl Seal for Collect {
        fn seal(&self, subject: Subject, class: KeyClass, _: &str, _: &[u8]) -> Result<SealedText, String> {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !seen.contains(&(subject, class)) {
                seen.push((subject, class));
            }
            Ok(SealedText(String::new()))
        }
    }
    let collect = Arc::new(Collect::default());
    personal::sealing(collect.clone(), || serde_json::to_writer(std::io::sink(), value))
        .map_err(|error| VaultError::Encode(error.to_string()))?;
    let mut seen = collect.0.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *seen))
}

/// The JSON of `value` with every personal value sealed for its own subject and bound to `event`.
///
/// # Errors
/// [`VaultError::Encode`], with a sentence that names a missing key.
pub fn sealed_json<T: Serialize>(
    value: &T,
    keyring: &Arc<Keyring>,
    event: EventId,
) -> Result<String, VaultError> {
    struct Sealer(Arc<Keyring>, EventId);
    impl Seal for Sealer {
        fn seal(
            &self,
            subject: Subject,
            class: KeyClass,
            label: &str,
            plain: &[u8],
        ) -> Result<SealedText, String> {
            let place = Place { subject, class, label };
            self.0
                .key(subject, class, None)
                .and_then(|key| sealed::seal(key, place, self.1, plain))
                .map_err(|error| error.to_string())
        }
    }
    personal::sealing(Arc::new(Sealer(keyring.clone(), event)), || serde_json::to_string(value))
        .map_err(|error| VaultError::Encode(error.to_string()))
}

#[cfg(test)]
mod tests;
