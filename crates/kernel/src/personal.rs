//! Personal values: readable in memory, sealed before they are written anywhere.
//!
//! A [`Personal`] knows whose it is. Writing a clear one is possible only inside [`sealing`], which hands every
//! clear value to a [`Seal`] wherever serde finds it – in an `Option`, a `Vec`, a nested struct – and writes what
//! the seal returns. Outside, serialising a clear value is an error, so a value that nobody sealed is never stored.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{KeyClass, Subject};

/// A type of personal value. Its label is part of every seal, so a value cannot pass for one of another type.
pub trait PersonalValue: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    /// The fixed name that every event and view uses for this value, for example `contact.email`.
    const LABEL: &'static str;
    /// The subject's key that seals it.
    const CLASS: KeyClass = KeyClass::Crm;
}

/// A sealed value as it is stored: text, safe to copy, log and show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedText(pub String);

/// A personal value: clear in memory, or sealed.
#[derive(Clone, PartialEq)]
pub enum Personal<T> {
    /// The value, and whose it is.
    Clear {
        /// Whose value it is.
        subject: Subject,
        /// The value.
        value: T,
    },
    /// The value as it is stored.
    Sealed(SealedText),
}

impl<T> Personal<T> {
    /// A value that belongs to a subject.
    pub fn of(subject: impl Into<Subject>, value: T) -> Self {
        Self::Clear { subject: subject.into(), value }
    }

    /// The value, if it is clear.
    pub fn clear(&self) -> Option<&T> {
        match self {
            Self::Clear { value, .. } => Some(value),
            Self::Sealed(_) => None,
        }
    }

    /// The stored form, if it is sealed.
    pub fn sealed(&self) -> Option<&SealedText> {
        match self {
            Self::Clear { .. } => None,
            Self::Sealed(text) => Some(text),
        }
    }
}

/// Shows that there is a value, never the value.
impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear { .. } => "Personal(clear)",
            Self::Sealed(_) => "Personal(sealed)",
        })
    }
}

/// Turns clear values into sealed ones while an event is written.
pub trait Seal {
    /// Seals `plaintext`, the JSON of a value.
    ///
    /// # Errors
    /// A sentence that says why the value cannot be sealed; it never contains the value.
    fn seal(
        &self,
        subject: Subject,
        class: KeyClass,
        label: &str,
        plaintext: &[u8],
    ) -> Result<SealedText, String>;
}

thread_local! {
    static SEAL: RefCell<Option<Arc<dyn Seal>>> = const { RefCell::new(None) };
}

/// Runs `write` with `seal` in force: every clear [`Personal`] that is serialised inside is sealed by it.
pub fn sealing<R>(seal: Arc<dyn Seal>, write: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<dyn Seal>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SEAL.set(self.0.take());
        }
    }
    let _restore = Restore(SEAL.replace(Some(seal)));
    write()
}

impl<T: PersonalValue> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sealed(text) => text.serialize(serializer),
            Self::Clear { subject, value } => {
                let seal = SEAL.with_borrow(Clone::clone);
                let seal = seal.ok_or_else(|| {
                    S::Error::custom(format!("{} of {subject} was about to be written unsealed", T::LABEL))
                })?;
                let plaintext = serde_json::to_vec(value)
                    .map_err(|_| S::Error::custom(format!("{} of {subject} cannot be encoded", T::LABEL)))?;
                seal.seal(*subject, T::CLASS, T::LABEL, &plaintext)
                    .map_err(S::Error::custom)?
                    .serialize(serializer)
            }
        }
    }
}

impl<'de, T: PersonalValue> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SealedText::deserialize(deserializer).map(Self::Sealed)
    }
}

/// Declares personal text values: a newtype over `String` with its label, whose `Debug` shows no value.
#[macro_export]
macro_rules! personal_text {
    ($($(#[$doc:meta])* $name:ident = $label:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $crate::PersonalValue for $name {
            const LABEL: &'static str = $label;
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

#[cfg(test)]
mod tests;
