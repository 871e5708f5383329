//! Whose data a sealed value is, and which of that subject's keys seals it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{CompanyId, ContactId, NoteId, UserId};

/// What kind of thing a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// A contact.
    Contact,
    /// A user of the CRM.
    User,
    /// A company that is one person.
    SoleProprietor,
    /// A note, a file or an import: it has a key of its own so that it can expire alone (R28).
    Document,
}

impl SubjectKind {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Contact, "contact"),
        (Self::User, "user"),
        (Self::SoleProprietor, "sole_proprietor"),
        (Self::Document, "document"),
    ];

    /// The name under which keys are stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind of that stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(kind, _)| *kind)
    }
}

/// A subject: someone or something whose keys can be destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// What kind of subject.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Uuid,
}

impl Subject {
    /// A subject of that kind.
    #[must_use]
    pub const fn new(kind: SubjectKind, id: Uuid) -> Self {
        Self { kind, id }
    }

    /// A company that is one person.
    #[must_use]
    pub const fn sole_proprietor(id: CompanyId) -> Self {
        Self::new(SubjectKind::SoleProprietor, id.0)
    }

    /// A document: a note, a file or an import.
    #[must_use]
    pub const fn document(id: Uuid) -> Self {
        Self::new(SubjectKind::Document, id)
    }
}

impl From<ContactId> for Subject {
    fn from(id: ContactId) -> Self {
        Self::new(SubjectKind::Contact, id.0)
    }
}

impl From<UserId> for Subject {
    fn from(id: UserId) -> Self {
        Self::new(SubjectKind::User, id.0)
    }
}

impl From<NoteId> for Subject {
    fn from(id: NoteId) -> Self {
        Self::document(id.0)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)
    }
}

/// Separates, within one subject, what must be destroyed at different times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyClass {
    /// Everything the CRM keeps about the subject.
    Crm,
}

impl KeyClass {
    /// The name under which keys are stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crm => "crm",
        }
    }

    /// The class of that stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name == Self::Crm.name()).then_some(Self::Crm)
    }
}
