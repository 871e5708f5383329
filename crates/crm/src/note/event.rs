use chrono::NaiveDate;
use lethe_kernel::{CompanyId, ContactId, NoteId, Patch, Personal, UnitId, personal_text};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change;
use crate::expiry::{Effect, Expiry, ExpirySource};
use crate::note_kind::Nature;

personal_text! {
    /// A note's text.
    NoteText = "note.text",
}

/// What happened to a note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoteEvent {
    /// It was written.
    Written(Written),
    /// Text, declarations or links changed.
    Amended(Amended),
    /// Its expiry changed.
    ExpirySet(ExpirySet),
    /// It was removed by hand.
    Removed(Removed),
    /// Its date came.
    Expired(Expired),
    /// A contact it named was erased, and its text with it.
    Erased(Erased),
    /// A contact it named was deleted; its text, free of personal content, stays.
    ContactUnlinked(ContactUnlinked),
}

/// A note was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Whose note it is.
    pub unit: UnitId,
    /// What its unit calls it: a code such as `FIRST_TALK`.
    pub kind: String,
    /// What it is by nature.
    pub nature: Nature,
    /// The contacts it concerns.
    pub contacts: Vec<ContactId>,
    /// The company it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// The text, sealed for the note itself.
    pub text: Personal<NoteText>,
    /// Whether it is declared to contain personal data (R25).
    pub contains_personal: bool,
    /// Whether it is declared to contain sensitive data (R26).
    pub contains_sensitive: bool,
    /// The day of writing, Europe/Copenhagen.
    pub created: NaiveDate,
    /// When it expires; none only if it contains neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// Where that comes from.
    pub source: ExpirySource,
}

/// Text, declarations or links of a note changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amended {
    /// What its unit calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it is by nature, if it is called something else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature: Option<Nature>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Personal<NoteText>>,
    /// The contacts it concerns from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<Vec<ContactId>>,
    /// The company it concerns.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub company: Patch<CompanyId>,
    /// Whether it is declared to contain personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains_personal: Option<bool>,
    /// Whether it is declared to contain sensitive data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains_sensitive: Option<bool>,
}

/// A note's expiry changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpirySet {
    /// When it expires now; none if never.
    pub expiry: Option<Expiry>,
    /// Where that comes from.
    pub source: ExpirySource,
    /// Whose note it is.
    pub unit: UnitId,
}

/// A note was removed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What happened to it: as on expiry.
    pub effect: Effect,
}

/// A note's date came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// What happened to it.
    pub effect: Effect,
    /// The date that came.
    pub due: NaiveDate,
}

/// A contact was erased that a personal note named: the text dies for all (R28). Kind, dates, unit, company and the other
/// contacts stay until the note's own date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The contact.
    pub contact: ContactId,
    /// Whether it named nobody else, so that it has ended.
    pub ended: bool,
}

/// A contact was deleted that a note free of personal content named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactUnlinked {
    /// The contact.
    pub contact: ContactId,
}

domain_event!(NoteEvent {
    Written = "note.written" v "1",
    Amended = "note.amended" v "1",
    ExpirySet = "note.expiry_set" v "1",
    Removed = "note.removed" v "1",
    Expired = "note.expired" v "1",
    Erased = "note.erased" v "1",
    ContactUnlinked = "note.contact_unlinked" v "1",
});

impl Described for NoteEvent {
    fn changes(&self, stream: Uuid) -> Vec<Change> {
        change::of(self, NoteId(stream))
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Written(_)
            | Self::Amended(_)
            | Self::ExpirySet(_)
            | Self::Removed(_)
            | Self::Expired(_)
            | Self::Erased(_)
            | Self::ContactUnlinked(_) => Audience::Everybody,
        }
    }
}
