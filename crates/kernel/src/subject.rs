//! Whose data a sealed value is, and which of that subject's keys seals it.

use std::borrow::Cow;

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
    /// The installation itself; its key signs certificates.
    Installation,
}

impl SubjectKind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Contact, "contact"),
        (Self::User, "user"),
        (Self::SoleProprietor, "sole_proprietor"),
        (Self::Document, "document"),
        (Self::Installation, "installation"),
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
    /// Everything the CRM keeps about the subject, unless it is of another class.
    Crm,
    /// What bookkeeping law has kept for five years from the end of the financial year (R21).
    Accounting,
    /// The values of one custom field, so that a retired field can be destroyed (R12).
    Field(Uuid),
    /// What signs; of the installation alone.
    Signing,
}

impl KeyClass {
    /// The name under which keys are stored: `crm`, `accounting`, `signing`, or `field:` and the field's id.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Self::Crm => Cow::Borrowed("crm"),
            Self::Accounting => Cow::Borrowed("accounting"),
            Self::Signing => Cow::Borrowed("signing"),
            Self::Field(field) => Cow::Owned(format!("field:{field}")),
        }
    }

    /// The class of that stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "crm" => Some(Self::Crm),
            "accounting" => Some(Self::Accounting),
            "signing" => Some(Self::Signing),
            _ => name.strip_prefix("field:").and_then(|id| id.parse().ok()).map(Self::Field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_read_back_from_its_name() {
        for class in
            [KeyClass::Crm, KeyClass::Accounting, KeyClass::Signing, KeyClass::Field(Uuid::from_u128(7))]
        {
            assert_eq!(KeyClass::from_name(&class.name()), Some(class));
        }
        assert_eq!(KeyClass::from_name("field:x"), None);
        assert_eq!(KeyClass::from_name(""), None);
    }
}
