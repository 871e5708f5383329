//! What an event changed, field by field, for people who read history.

use chrono::{DateTime, NaiveDate, Utc};
use lethe_kernel::{Patch, Personal, PersonalValue, SealedText, Subject};
use uuid::Uuid;

/// One field of one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The field's name as the API spells it.
    pub field: &'static str,
    /// What the field became; `None` when it was emptied.
    pub value: Option<Value>,
}

/// The new value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text that is not personal: a code, a number of a register, a name of a legal person.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Time(DateTime<Utc>),
    /// Another object: its API type and id.
    Object(&'static str, Uuid),
    /// A personal text, sealed.
    Personal {
        /// Whose it is.
        subject: Subject,
        /// Its label.
        label: &'static str,
        /// The value as stored.
        sealed: SealedText,
    },
    /// A value nobody may read here: it can only be revealed (R7, R8). The key of this subject seals it.
    Masked(Subject),
}

/// Who is shown what an event says, of those who see the object whose stream it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who sees the object.
    Everybody,
    /// The unit in whose name it happened, and those who look after all units: it tells of that unit's own affairs,
    /// although other units see the object too.
    ItsUnit,
}

/// Events that can say what they changed, and to whom.
pub trait Described {
    /// The fields that the event set or emptied, in the order a reader expects; `stream` is the event's stream.
    fn changes(&self, stream: Uuid) -> Vec<Change>;

    /// Who is shown them. Name every variant, so that a new one does not compile until somebody has decided.
    fn audience(&self) -> Audience;
}

impl Change {
    /// A field that got a value.
    #[must_use]
    pub fn set(field: &'static str, value: impl Into<Value>) -> Self {
        Self { field, value: Some(value.into()) }
    }

    /// A field that got a value, if there is one.
    pub fn some<T: Into<Value>>(field: &'static str, value: Option<T>) -> Option<Self> {
        value.map(|value| Self::set(field, value))
    }

    /// A field that refers to another object.
    #[must_use]
    pub fn object(field: &'static str, kind: &'static str, id: impl Into<Uuid>) -> Self {
        Self { field, value: Some(Value::Object(kind, id.into())) }
    }

    /// A personal field that got a value; nothing if the value is not sealed, which a stored one always is.
    pub fn personal<T: PersonalValue>(
        field: &'static str,
        value: &Personal<T>,
        subject: impl Into<Subject>,
    ) -> Option<Self> {
        let sealed = value.sealed()?.clone();
        let value = Value::Personal { subject: subject.into(), label: T::LABEL, sealed };
        Some(Self { field, value: Some(value) })
    }

    /// A field that got a value which nobody may read here, sealed for `subject`.
    #[must_use]
    pub fn masked(field: &'static str, subject: impl Into<Subject>) -> Self {
        Self { field, value: Some(Value::Masked(subject.into())) }
    }

    /// A personal field that a patch set or emptied.
    pub fn patched<T: PersonalValue>(
        field: &'static str,
        patch: &Patch<Personal<T>>,
        subject: impl Into<Subject>,
    ) -> Option<Self> {
        match patch {
            Patch::Keep => None,
            Patch::Clear => Some(Self { field, value: None }),
            Patch::Set(value) => Self::personal(field, value, subject),
        }
    }

    /// A field that is not personal and that a patch set or emptied.
    pub fn plain<T: Into<Value> + Clone>(field: &'static str, patch: &Patch<T>) -> Option<Self> {
        match patch {
            Patch::Keep => None,
            Patch::Clear => Some(Self { field, value: None }),
            Patch::Set(value) => Some(Self::set(field, value.clone())),
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<NaiveDate> for Value {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}
